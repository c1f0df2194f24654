// Which PvD a DNS server and a search domain belong to, by the files of a host and its real routes.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { PvdInfo } from "../../mod.ts";
import {
  type Host,
  labSkip,
  NETWORK_1,
  NETWORK_2,
  oneLink,
  twoLinks,
  twoRouters,
  waitFor,
  World,
} from "../lab/mod.ts";
import { CALLERS, mif, stated } from "./mif.ts";
import { pvdOf } from "./outline.ts";
import { Probe } from "./probe.ts";
import { ROUTER_1 } from "./routers.ts";

/** Bun ends a test after five seconds where nothing else is said. */
const lab = { skip: labSkip(), timeout: 60_000 };
const RESOLV_CONF = "/etc/resolv.conf";

/** The servers of each PvD that has any, by id. */
function servers(pvds: PvdInfo[]): Record<string, string[]> {
  const having = pvds.filter(({ dnsServers }) => dnsServers.length > 0);
  return Object.fromEntries(
    having.map(({ id, dnsServers }) => [
      id,
      dnsServers.map(({ address, port }) => port === 53 ? address : `${address} ${port}`),
    ]),
  );
}

/** The search domains of each PvD that has any, by id. */
function domains(pvds: PvdInfo[]): Record<string, string[]> {
  const having = pvds.filter(({ searchDomains }) => searchDomains.length > 0);
  return Object.fromEntries(having.map(({ id, searchDomains }) => [id, searchDomains]));
}

function sources(pvds: PvdInfo[]): string[] {
  const all = pvds.flatMap(({ dnsServers }) => dnsServers.map(({ source }) => source));
  return [...new Set(all)];
}

/** The number of an interface, as the network managers name their files. */
function indexOf(host: Host, name: string): number {
  return host.ipJson<{ ifindex: number }>("link", "show", "dev", name)[0]!.ifindex;
}

function fixture(path: string): string {
  return readFileSync(new URL(`../fixtures/${path}`, import.meta.url), "utf8");
}

test("a server in resolv.conf belongs to the PvD through which it is reached", lab, async () => {
  await using world = new World();
  const { host } = await twoLinks(world);
  host.writeFile(
    RESOLV_CONF,
    [
      `nameserver ${NETWORK_1.routerAddress}`,
      `nameserver ${NETWORK_2.routerAddress}`,
      `nameserver ${NETWORK_2.routerIpv4}`,
      // Not on any link: the kernel's default routes decide.
      "nameserver 2001:db8:ffff::53",
      "nameserver 10.1.2.3",
      `nameserver ${NETWORK_2.routerLinkLocal}%h1`,
      "nameserver fe80::53%h1",
      `nameserver fe80::54%${indexOf(host, "h0")}`,
      "nameserver fe80::55%nosuch",
      "nameserver fe80::56%999999",
      "search One.Example. two.example",
    ].join("\n"),
  );
  const pvds = await stated(host);
  const router2 = `${NETWORK_2.routerLinkLocal}%h1`;
  assert.deepEqual(servers(pvds), {
    h0: ["10.1.2.3"],
    h1: [NETWORK_2.routerIpv4],
    [ROUTER_1]: [NETWORK_1.routerAddress, "2001:db8:ffff::53", "fe80::54"],
    [router2]: [NETWORK_2.routerAddress, NETWORK_2.routerLinkLocal, "fe80::53"],
  });
  assert.deepEqual(sources(pvds), [RESOLV_CONF]);
  for (const pvd of pvds) assert.deepEqual(pvd.searchDomains, ["one.example", "two.example"]);
  assert.deepEqual(pvdOf(pvds, ROUTER_1).dns_addr, {
    family: 6,
    address: NETWORK_1.routerAddress,
    port: 53,
    scopeId: 0,
  });
});

test("where the system's route changes, the server goes to another PvD", lab, async () => {
  await using world = new World();
  const { host } = await twoLinks(world);
  host.writeFile(RESOLV_CONF, "nameserver 10.1.2.3\nsearch corp.example\n");
  const before = await stated(host);
  assert.deepEqual([servers(before), domains(before)], [
    { h0: ["10.1.2.3"] },
    { h0: ["corp.example"] },
  ]);
  host.batch([`route add 10.0.0.0/8 via ${NETWORK_2.routerIpv4}`]);
  const after = await stated(host);
  assert.deepEqual([servers(after), domains(after)], [
    { h1: ["10.1.2.3"] },
    { h1: ["corp.example"] },
  ]);
  host.batch([`route add unreachable 10.1.0.0/16`]);
  assert.deepEqual(servers(await stated(host)), {});
});

test("a server on this host is no network's", lab, async () => {
  await using world = new World();
  const { host } = await twoLinks(world);
  for (const stub of ["127.0.0.53", "127.0.0.1", "::1", "::ffff:127.0.0.53"]) {
    host.writeFile(RESOLV_CONF, `nameserver ${stub}\noptions edns0 trust-ad\nsearch one.example\n`);
    const pvds = await stated(host);
    assert.deepEqual([servers(pvds), domains(pvds)], [{}, {}], stub);
  }
  host.writeFile(
    `/run/systemd/netif/links/${indexOf(host, "h0")}`,
    "DNS=127.0.0.1 192.0.2.53 ::1\n",
  );
  assert.deepEqual(servers(await stated(host)), { h0: ["192.0.2.53"] });
});

test(
  "two routers on one link: a server beyond is the default router's, one on the link nobody's",
  lab,
  async () => {
    await using world = new World();
    const { host } = await twoRouters(world, { ipv4: false });
    host.writeFile(
      RESOLV_CONF,
      [
        `nameserver ${NETWORK_2.routerAddress}`,
        `nameserver ${NETWORK_2.routerLinkLocal}%h0`,
        "nameserver 2001:db8:ffff::53",
      ].join("\n"),
    );
    const pvds = await stated(host);
    const router2 = `${NETWORK_2.routerLinkLocal}%h0`;
    assert.deepEqual(servers(pvds), {
      h0: [NETWORK_2.routerAddress],
      [ROUTER_1]: ["2001:db8:ffff::53"],
      [router2]: [NETWORK_2.routerLinkLocal],
    });
    // Once a rule names the router of the prefix, the server in it is that router's.
    host.ip("-6", "rule", "add", "from", NETWORK_2.prefix, "lookup", "102");
    host.batch([`route add default via ${NETWORK_2.routerLinkLocal} dev h0 table 102`]);
    assert.deepEqual(servers(await stated(host))[router2], [
      NETWORK_2.routerAddress,
      NETWORK_2.routerLinkLocal,
    ]);
  },
);

test("what this process heard comes before what a file repeats", lab, async () => {
  await using world = new World();
  const { host, r1 } = await oneLink(world);
  host.writeFile(RESOLV_CONF, `nameserver 10.1.2.3\nnameserver ${NETWORK_1.routerAddress}\n`);
  const probe = new Probe(host, { unprivileged: true });
  const before = await probe.listPvds();
  assert.deepEqual(sources(before), [RESOLV_CONF]);
  await r1.advertiser!.send();
  const after = await waitFor("the advertisement", async () => {
    const pvds = await probe.listPvds();
    return sources(pvds).includes("router-advertisement") && pvds;
  });
  assert.deepEqual(pvdOf(after, ROUTER_1).dnsServers, [
    { address: NETWORK_1.routerAddress, port: 53, source: "router-advertisement" },
  ]);
  assert.deepEqual(pvdOf(after, "h0").dnsServers, [
    { address: "10.1.2.3", port: 53, source: RESOLV_CONF },
  ]);
});

test("networkd's files: the lease's servers are IPv4's, the others the router's", lab, async () => {
  await using world = new World();
  const { host } = await oneLink(world);
  const index = indexOf(host, "h0");
  host.writeFile(`/run/systemd/netif/links/${index}`, fixture("systemd_networkd_252/links/2"));
  host.writeFile(`/run/systemd/netif/leases/${index}`, fixture("systemd_networkd_252/leases/2"));
  host.writeFile(RESOLV_CONF, "nameserver 127.0.0.53\nsearch stub.example\n");
  const pvds = await stated(host);
  assert.deepEqual(servers(pvds), {
    h0: ["192.0.2.53", "192.0.2.54", "198.51.100.53"],
    [ROUTER_1]: ["2001:db8:a::547", "2001:db8:b::53", "2001:db8:a::53", "fe80::53"],
  });
  assert.deepEqual(sources(pvds), ["systemd-networkd"]);
  const others = ["v6.example", "b.example", "a.example"];
  assert.deepEqual(domains(pvds), {
    h0: ["v4.example", "search.example", "second.example", ...others],
    [ROUTER_1]: others,
  });
});

test("networkd's files: each link has its own, ports are kept", lab, async () => {
  await using world = new World();
  const { host } = await twoLinks(world, { ipv4: false });
  const state = fixture("systemd_networkd_252/links/3");
  host.writeFile(`/run/systemd/netif/links/${indexOf(host, "h1")}`, state);
  host.writeFile("/run/systemd/netif/links/999999", state);
  const pvds = await stated(host);
  assert.deepEqual(servers(pvds), {
    [`${NETWORK_2.routerLinkLocal}%h1`]: [
      "203.0.113.53",
      "203.0.113.54 5353",
      "2001:db8:c::53",
      "fe80::53",
    ],
  });
  assert.deepEqual(domains(pvds), { [`${NETWORK_2.routerLinkLocal}%h1`]: ["static.example"] });
});

test(
  "networkd's files on a link with two routers: nothing says whose the servers are",
  lab,
  async () => {
    await using world = new World();
    const { host } = await twoRouters(world, { ipv4: false });
    const index = indexOf(host, "h0");
    host.writeFile(
      `/run/systemd/netif/links/${index}`,
      `DNS=${NETWORK_1.routerAddress} ${NETWORK_2.routerAddress}\nDOMAINS=one.example\n`,
    );
    const pvds = await stated(host);
    assert.deepEqual([servers(pvds), domains(pvds)], [
      { h0: [NETWORK_1.routerAddress, NETWORK_2.routerAddress] },
      { h0: ["one.example"] },
    ]);
    // That a router is a server itself says whose server it is, but not whose the domains are.
    host.writeFile(
      `/run/systemd/netif/links/${index}`,
      `DNS=${NETWORK_1.routerAddress} ${NETWORK_2.routerLinkLocal}\nDOMAINS=one.example\n`,
    );
    const partly = await stated(host);
    assert.deepEqual([servers(partly), domains(partly)], [
      {
        h0: [NETWORK_1.routerAddress],
        [`${NETWORK_2.routerLinkLocal}%h0`]: [NETWORK_2.routerLinkLocal],
      },
      { h0: ["one.example"] },
    ]);
  },
);

for (
  const [name, directory, files] of [
    ["dhcpcd", "/run/dhcpcd/hook-state/resolv.conf", {
      "h0.dhcp": "dhcpcd_9.4.1/resolv.conf/h2.dhcp",
      "h0.ra": "dhcpcd_9.4.1/resolv.conf/h2.ra",
    }],
    ["openresolv", "/run/resolvconf/interfaces", {
      "h0.dhcp": "openresolv_3.12/interfaces/h0.dhcp",
      "h0.ra": "openresolv_3.12/interfaces/h0.ra",
    }],
  ] as const
) {
  test(`${name}'s files: DHCP's servers are IPv4's, the router's the router's`, lab, async () => {
    await using world = new World();
    const { host } = await oneLink(world);
    for (const [key, path] of Object.entries(files)) {
      // Recorded on an interface of another name.
      host.writeFile(`${directory}/${key}`, fixture(path).replaceAll(/\bh2\b/g, "h0"));
    }
    const pvds = await stated(host);
    assert.deepEqual(sources(pvds), [name]);
    const { h0, [ROUTER_1]: router } = servers(pvds);
    assert.deepEqual(h0, ["192.0.2.53", "192.0.2.54"]);
    assert.ok(router?.includes("2001:db8:a::53") && router.includes("fe80::53"), `${router}`);
    assert.ok(router?.every((address) => address.includes(":")));
  });
}

test("files that cannot be read take nothing away, and doctor names them", lab, async () => {
  await using world = new World();
  const { host } = await oneLink(world);
  const before = await stated(host);
  const index = indexOf(host, "h0");
  host.writeFile(
    `/run/systemd/netif/links/${index}`,
    "DNS=\0\xff not-an-address fe80:1%% [::\n".repeat(99),
  );
  host.writeFile("/run/resolvconf/interfaces/h0.dhcp/not-a-file", "nameserver 10.9.9.9\n");
  host.writeFile(RESOLV_CONF, new Uint8Array(4096).fill(0xfe));
  assert.deepEqual(servers(await stated(host)), {});
  assert.deepEqual((await stated(host)).map(({ id }) => id), before.map(({ id }) => id));
  for (const caller of CALLERS) {
    const { status, stdout } = await mif(host, caller, "doctor", "--json");
    assert.equal(status, 0);
    const { warnings }: { warnings: { path: string }[] } = JSON.parse(stdout);
    const paths = new Set(warnings.map(({ path }) => path));
    assert.ok(paths.has(`/run/systemd/netif/links/${index}`), [...paths].join());
    assert.ok([...paths].some((path) => path.startsWith("/run/resolvconf")), [...paths].join());
  }
});
