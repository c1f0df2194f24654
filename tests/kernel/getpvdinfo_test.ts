// getpvdinfo() in real networks: which PvDs it selects for a node, in which order, and with which address and port.

import assert from "node:assert/strict";
import { hostname } from "node:os";
import { test } from "node:test";
import type { PvdInfo } from "../../mod.ts";
import {
  type Host,
  labSkip,
  NETWORK_1,
  NETWORK_2,
  SERVICE_IPV4,
  SERVICE_IPV6,
  twoLinks,
  twoRouters,
  World,
} from "../lab/mod.ts";
import { plainLinks } from "./plain_links.ts";
import { Probe } from "./probe.ts";

/** Bun ends a test after five seconds where nothing else is said. */
const lab = { skip: labSkip(), timeout: 60_000 };
const ROUTER_1 = `${NETWORK_1.routerLinkLocal}%h0`;
const ROUTER_2 = `${NETWORK_2.routerLinkLocal}%h1`;
const HOST_LINK_LOCAL = "fe80::ff:fe00:a0a";

const ids = (pvds: PvdInfo[]) => pvds.map(({ id }) => id);

function indexOf(host: Host, name: string): number {
  return host.ipJson<{ ifindex: number }>("link", "show", "dev", name)[0]!.ifindex;
}

test("this host by any name is every PvD, with the service's port", lab, async () => {
  await using world = new World();
  const { host } = await twoLinks(world);
  const probe = new Probe(host, { unprivileged: true });
  const all = await probe.listPvds();
  assert.equal(all.length, 4);
  for (
    const nodename of [
      null,
      "localhost",
      "LocalHost.",
      "a.localhost",
      "127.0.0.1",
      "127.1.2.3",
      "::1",
      "0.0.0.0",
      "::",
      hostname(),
    ]
  ) {
    const pvds = await probe.getpvdinfo(nodename, "53");
    assert.deepEqual(ids(pvds), ids(all), `${nodename}`);
    assert.deepEqual(
      pvds.map(({ ai_addr }) => ai_addr),
      all.map(({ ai_addr }) => ({ ...ai_addr, port: 53 })),
    );
    assert.ok(pvds.every(({ gateway_addr }) => gateway_addr?.port === 0));
  }
  const ports = { https: 443, domain: 53, ssh: 22, "0": 0, "65535": 65535 };
  for (const [servname, port] of Object.entries(ports)) {
    for (const { ai_addr } of await probe.getpvdinfo(null, servname)) {
      assert.equal(ai_addr?.port, port, servname);
    }
  }
  assert.ok((await probe.getpvdinfo("localhost", null)).every((pvd) => pvd.ai_addr?.port === 0));
});

test("services are those of /etc/services", lab, async () => {
  await using world = new World();
  const { host } = await twoLinks(world);
  host.writeFile("/etc/services", "moon 1234/udp lunar # a comment\nbig 70000/tcp\n");
  const probe = new Probe(host);
  for (const servname of ["moon", "lunar"]) {
    assert.equal((await probe.getpvdinfo(null, servname))[0]?.ai_addr?.port, 1234);
  }
  for (const servname of ["big", "comment", "65536", "-1", "0x50", "", "a b", "Moon"]) {
    await assert.rejects(probe.getpvdinfo(null, servname), { code: "EAI_SERVICE" }, servname);
  }
});

test("a node that is one of this host's addresses: the PvDs that hold it", lab, async () => {
  await using world = new World();
  const { host } = await twoLinks(world);
  const probe = new Probe(host, { unprivileged: true });
  const selected = async (nodename: string) => ids(await probe.getpvdinfo(nodename, "80"));
  assert.deepEqual(await selected(NETWORK_2.hostAddress), [ROUTER_2]);
  assert.deepEqual(await selected("2001:DB8:2:0::FF:FE00:A0A"), [ROUTER_2]);
  assert.deepEqual(await selected(NETWORK_2.hostIpv4), ["h1"]);
  assert.deepEqual(await selected(NETWORK_1.hostIpv4), ["h0"]);
  assert.deepEqual(await selected(HOST_LINK_LOCAL), ids(await probe.listPvds()));
  assert.deepEqual((await selected(`${HOST_LINK_LOCAL}%h1`)).sort(), [ROUTER_2, "h1"].sort());
});

test("a remote node: the PvDs that have a route to it, the most specific first", lab, async () => {
  await using world = new World();
  const { host } = await twoLinks(world);
  const probe = new Probe(host, { unprivileged: true });
  const selected = async (nodename: string) => ids(await probe.getpvdinfo(nodename, "80"));
  assert.deepEqual(await selected(SERVICE_IPV6), [ROUTER_1, ROUTER_2]);
  assert.deepEqual(await selected(SERVICE_IPV4), ["h0", "h1"]);
  assert.deepEqual(await selected("2001:db8:2::99"), [ROUTER_2, ROUTER_1]);
  assert.deepEqual(await selected("203.0.113.99"), ["h1", "h0"]);
  host.batch([
    `route add 2001:db8:ffff::/48 via ${NETWORK_2.routerLinkLocal} dev h1`,
    `route add ${SERVICE_IPV4}/32 via ${NETWORK_2.routerIpv4} dev h1`,
  ]);
  assert.deepEqual(await selected(SERVICE_IPV6), [ROUTER_2, ROUTER_1]);
  assert.deepEqual(await selected(SERVICE_IPV4), ["h1", "h0"]);
});

test("a node that no PvD reaches: none", lab, async () => {
  await using world = new World();
  const { host } = await twoLinks(world, { ipv4: false });
  const probe = new Probe(host, { unprivileged: true });
  assert.deepEqual(await probe.getpvdinfo(SERVICE_IPV4, "80"), []);
  assert.deepEqual(await probe.getpvdinfo("fe80::1%nosuch", "80"), []);
  assert.deepEqual(await probe.getpvdinfo("fe80::1%4294967296", "80"), []);
  const [lonely] = world.hosts("lonely");
  assert.deepEqual(await new Probe(lonely).getpvdinfo(null, "80"), []);
  assert.deepEqual(await new Probe(lonely).getpvdinfo(SERVICE_IPV6, null), []);
});

test("a link-local node: the PvDs of its link, its own router's first", lab, async () => {
  await using world = new World();
  const { host } = await twoLinks(world);
  const probe = new Probe(host, { unprivileged: true });
  for (const zone of ["h1", indexOf(host, "h1")]) {
    const router = ids(await probe.getpvdinfo(`${NETWORK_2.routerLinkLocal}%${zone}`, "80"));
    assert.deepEqual(router, [ROUTER_2, "h1"]);
    const other = ids(await probe.getpvdinfo(`fe80::9%${zone}`, "80"));
    assert.deepEqual(other.sort(), [ROUTER_2, "h1"].sort());
    const multicast = ids(await probe.getpvdinfo(`ff02::fb%${zone}`, "80"));
    assert.deepEqual(multicast.sort(), [ROUTER_2, "h1"].sort());
  }
  assert.equal((await probe.getpvdinfo("fe80::9", "80")).length, 4);
});

test("ai_addr and gateway_addr are of the node's family", lab, async () => {
  await using world = new World();
  const { host } = plainLinks(world, 1);
  host.batch([
    "addr add 192.0.2.2/24 dev h0",
    "addr add 2001:db8:5::2/64 dev h0",
    "route add default via 192.0.2.1",
    "route add default via fe80::1 dev h0",
  ]);
  const probe = new Probe(host);
  const [ipv4] = await probe.getpvdinfo("198.51.100.1", "80");
  assert.deepEqual(ipv4?.ai_addr, { family: 4, address: "192.0.2.2", port: 80, scopeId: 0 });
  assert.equal(ipv4?.gateway_addr?.address, "192.0.2.1");
  const index = indexOf(host, "h0");
  const [ipv6] = await probe.getpvdinfo("2001:db8:9::9", "80");
  assert.deepEqual(ipv6?.ai_addr, { family: 6, address: "2001:db8:5::2", port: 80, scopeId: 0 });
  const gateway = { family: 6, address: "fe80::1", port: 0, scopeId: index };
  assert.deepEqual(ipv6?.gateway_addr, gateway);
  // No address of the family beyond the link: none is named, and never one of the other family.
  host.batch(["addr del 2001:db8:5::2/64 dev h0"]);
  const [without] = await probe.getpvdinfo("2001:db8:9::9", "80");
  assert.deepEqual([without?.ai_addr, without?.gateway_addr], [null, gateway]);
});

test("an address of an unknown router is not named for any node", lab, async () => {
  await using world = new World();
  const { host } = await twoRouters(world);
  const probe = new Probe(host);
  for (const nodename of [SERVICE_IPV6, "2001:db8:1::99", NETWORK_1.hostAddress]) {
    for (const { id, ai_addr } of await probe.getpvdinfo(nodename, "80")) {
      assert.equal(ai_addr, null, `${nodename} ${id}`);
    }
  }
  const [ipv4] = await probe.getpvdinfo(SERVICE_IPV4, "80");
  assert.equal(ipv4?.ai_addr?.address, NETWORK_1.hostIpv4);
});

/** What resolv.conf(5) says where each of the four PvDs of two links has a server: its own router. */
const ALL_SERVERS = [NETWORK_1, NETWORK_2]
  .flatMap(({ routerAddress, routerIpv4 }) => [routerAddress, routerIpv4])
  .map((address) => `nameserver ${address}\n`).join("");

test("a name: the PvDs whose servers have it and that reach it", lab, async () => {
  await using world = new World();
  const { host, r1, r2 } = await twoLinks(world);
  const views: Record<string, string[]>[] = [
    { "split.example": ["2001:db8:1::80"], "one.example": [SERVICE_IPV6] },
    { "split.example": ["2001:db8:2::80"], "four.example": [SERVICE_IPV4] },
  ];
  const shared = {
    "near.example": ["203.0.113.80"],
    "both.example": ["2001:db8:2::80", "198.51.100.80"],
    "self.example": [NETWORK_2.hostAddress],
  };
  for (const [i, { host: router }] of [r1, r2].entries()) {
    await router.dnsmasq({ domains: ["example"], records: { ...shared, ...views[i] } });
  }
  host.writeFile("/etc/resolv.conf", ALL_SERVERS + "search example\n");
  host.writeFile("/etc/hosts", "203.0.113.81 file.test\n");
  const probe = new Probe(host, { unprivileged: true });
  const selected = async (nodename: string) => ids(await probe.getpvdinfo(nodename, "80"));
  // An IPv4 address is reached by those with IPv4, and the one on whose link it is comes first.
  assert.deepEqual(await selected("near.example"), ["h1", "h0"]);
  assert.deepEqual(await selected("near"), ["h1", "h0"]);
  assert.deepEqual(await selected("file.test"), ["h1", "h0"]);
  assert.deepEqual(await selected("self.example"), [ROUTER_2]);
  // Only the first network knows it, and only its IPv6 leads there.
  assert.deepEqual(await selected("one.example"), [ROUTER_1]);
  assert.deepEqual(await selected("four.example"), ["h1"]);
  // Each network means another host by it, on its own link.
  assert.deepEqual((await selected("split.example")).sort(), [ROUTER_1, ROUTER_2].sort());
  const both = await probe.getpvdinfo("both.example", "80");
  assert.deepEqual(ids(both).sort(), [ROUTER_1, ROUTER_2, "h0", "h1"].sort());
  assert.deepEqual(ids(both).slice(0, 2).sort(), [ROUTER_2, "h0"].sort());
  for (const { router, ai_addr } of both) {
    assert.deepEqual([ai_addr?.family, ai_addr?.port], [router ? 6 : 4, 80]);
  }
  await assert.rejects(probe.getpvdinfo("none.example", "80"), { code: "EAI_NONAME" });
});

test("a server that is not there takes no PvD from the others", lab, async () => {
  await using world = new World();
  const { host, r1 } = await twoLinks(world);
  // The second router says at once that nobody serves names there.
  await r1.host.dnsmasq({ domains: ["example"], records: { "www.example": [SERVICE_IPV6] } });
  host.writeFile("/etc/resolv.conf", ALL_SERVERS);
  const probe = new Probe(host);
  assert.deepEqual(ids(await probe.getpvdinfo("www.example", "80")), [ROUTER_1]);
  // What it might have said nobody knows.
  await assert.rejects(probe.getpvdinfo("none.example", "80"), { code: "EAI_AGAIN" });
});

test("a name where no PvD has a server", lab, async () => {
  await using world = new World();
  const { host } = await twoLinks(world);
  host.writeFile("/etc/hosts", `${SERVICE_IPV6} file.test\n`);
  const probe = new Probe(host);
  await assert.rejects(probe.getpvdinfo("www.example", "80"), { code: "EAI_AGAIN" });
  assert.deepEqual(ids(await probe.getpvdinfo("file.test", "80")), [ROUTER_1, ROUTER_2]);
});

test("an abort ends a call that waits for a server", lab, async () => {
  await using world = new World();
  const { host } = await twoLinks(world);
  // Nobody has this address, and it is asked for seconds.
  host.writeFile("/etc/resolv.conf", "nameserver 198.51.100.77\n");
  const probe = new Probe(host);
  await probe.listPvds();
  const before = performance.now();
  await assert.rejects(probe.getpvdinfo("www.example", "80", { timeoutMs: 100 }), {
    name: "TimeoutError",
  });
  assert.ok(performance.now() - before < 2000);
});
