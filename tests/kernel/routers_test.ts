// Which router gave what: links with several routers, and everything that tells them apart.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { PvdInfo } from "../../mod.ts";
import {
  advertisementOf,
  type Advertiser,
  type Host,
  type LabRouter,
  labSkip,
  type Network,
  NETWORK_1,
  NETWORK_2,
  oneLink,
  type RouterAdvertisementInit,
  samePrefixTwoRouters,
  twoRouters,
  waitFor,
  World,
} from "../lab/mod.ts";
import { assertStates, readIp } from "./ip_oracle.ts";
import { stated } from "./mif.ts";
import { type Outline, outline, pvdOf } from "./outline.ts";
import { Probe } from "./probe.ts";
import { knownRouter, ROUTER_1, ROUTER_2 } from "./routers.ts";

/** Bun ends a test after five seconds where nothing else is said. */
const lab = { skip: labSkip(), timeout: 60_000 };
const defaultVia = ({ routerLinkLocal }: Network) => `::/0 via ${routerLinkLocal}`;

/** A router of which nothing is known but that it is a default router. */
function bareRouter(network: Network): Outline {
  return {
    attribution: "unknown",
    addresses: [],
    gateways: [network.routerLinkLocal],
    routes: [defaultVia(network)],
    best: null,
  };
}

const UNATTRIBUTED = {
  attribution: "unknown",
  addresses: [NETWORK_1.hostAddress, NETWORK_2.hostAddress],
  gateways: [],
  routes: [NETWORK_1.prefix, NETWORK_2.prefix],
  best: null,
};

/** Until one of `ids` is there with this attribution; each answer is held against ip(8) too. */
async function listUntil(
  probe: Probe,
  host: Host,
  what: string,
  accept: (pvds: PvdInfo[]) => boolean,
): Promise<PvdInfo[]> {
  return await waitFor(what, async () => {
    const facts = readIp(host);
    const pvds = await probe.listPvds();
    if (!accept(pvds)) return false;
    assertStates(pvds, facts);
    return pvds;
  });
}

const heard = (...ids: string[]) => (pvds: PvdInfo[]) =>
  ids.every((id) =>
    pvds.some((pvd) => pvd.id === id && pvd.attribution === "router-advertisement")
  );

for (const by of ["advertiser", "radvd"] as const) {
  test(`two routers on one link: no router claims a prefix, by ${by}`, lab, async () => {
    await using world = new World();
    const { host } = await twoRouters(world, { by, ipv4: false });
    assert.deepEqual(outline(await stated(host)), {
      h0: UNATTRIBUTED,
      [ROUTER_1]: bareRouter(NETWORK_1),
      [ROUTER_2]: bareRouter(NETWORK_2),
    });
  });
}

test("what is not in doubt stays sure beside prefixes of unknown routers", lab, async () => {
  await using world = new World();
  const { host } = await twoRouters(world);
  const ipv4 = outline(await stated(host)).h0!;
  assert.equal(ipv4.attribution, "unknown");
  assert.equal(ipv4.best, NETWORK_1.hostIpv4);
  assert.deepEqual(ipv4.gateways, [NETWORK_1.routerIpv4, NETWORK_2.routerIpv4]);
  host.batch(["addr add 2001:db8:5::5/64 dev h0"]);
  assert.equal(outline(await stated(host)).h0!.best, "2001:db8:5::5");
});

test("a prefix without end is no more sure than another", lab, async () => {
  await using world = new World();
  const endless = (network: Network) => ({
    prefixes: [{ prefix: network.prefix, validSeconds: Infinity, preferredSeconds: Infinity }],
  });
  const { host } = await twoRouters(world, {
    ipv4: false,
    advertise1: endless(NETWORK_1),
    advertise2: endless(NETWORK_2),
  });
  const pvds = await stated(host);
  assert.deepEqual(outline(pvds).h0, UNATTRIBUTED);
  assert.ok(pvdOf(pvds, "h0").addresses.every(({ validSeconds }) => validSeconds === null));
});

test(
  "a process that heard the advertisements knows each router's prefix, DNS and the rest",
  lab,
  async () => {
    const more = (network: Network, number: number): RouterAdvertisementInit => ({
      ...advertisementOf(network),
      captivePortal: `https://portal.${network.domain}/api`,
      pref64: { prefix: `2001:db8:64:${number}::/96` },
    });
    await using world = new World();
    const { host, r1, r2 } = await twoRouters(world, {
      ipv4: false,
      advertise1: more(NETWORK_1, 1),
      advertise2: more(NETWORK_2, 2),
    });
    for (const unprivileged of [true, false]) {
      const probe = new Probe(host, { unprivileged });
      assert.deepEqual(outline(await probe.listPvds()).h0, UNATTRIBUTED);
      await r1.advertiser!.send();
      const partly = await listUntil(probe, host, "the first router", heard(ROUTER_1));
      assert.deepEqual(outline(partly), {
        h0: { ...UNATTRIBUTED, addresses: [NETWORK_2.hostAddress], routes: [NETWORK_2.prefix] },
        [ROUTER_1]: knownRouter(NETWORK_1, "router-advertisement"),
        [ROUTER_2]: bareRouter(NETWORK_2),
      });
      await r2.advertiser!.send();
      const pvds = await listUntil(probe, host, "both routers", heard(ROUTER_1, ROUTER_2));
      assert.deepEqual(outline(pvds), {
        [ROUTER_1]: knownRouter(NETWORK_1, "router-advertisement"),
        [ROUTER_2]: knownRouter(NETWORK_2, "router-advertisement"),
      });
      for (const [number, { network }] of [[1, r1], [2, r2]] as [number, LabRouter][]) {
        const pvd = pvdOf(pvds, `${network.routerLinkLocal}%h0`);
        assert.deepEqual(pvd.dnsServers, [
          { address: network.routerAddress, port: 53, source: "router-advertisement" },
        ]);
        assert.equal(pvd.dns_addr?.address, network.routerAddress);
        assert.deepEqual(pvd.searchDomains, [network.domain]);
        assert.equal(pvd.captivePortal, `https://portal.${network.domain}/api`);
        assert.equal(pvd.pref64, `2001:db8:64:${number}::/96`);
        assert.equal(pvd.router, network.routerLinkLocal);
      }
    }
  },
);

test("radvd's advertisements are heard as well", lab, async () => {
  await using world = new World();
  const { host, r1, r2 } = await twoRouters(world, { by: "radvd", ipv4: false });
  const probe = new Probe(host, { unprivileged: true });
  await probe.listPvds();
  // On this signal radvd reads its configuration again and advertises at once.
  for (const { radvd } of [r1, r2]) host.shell(`kill -HUP ${radvd!.pid}`);
  const pvds = await listUntil(probe, host, "both routers", heard(ROUTER_1, ROUTER_2));
  assert.deepEqual(outline(pvds), {
    [ROUTER_1]: knownRouter(NETWORK_1, "router-advertisement"),
    [ROUTER_2]: knownRouter(NETWORK_2, "router-advertisement"),
  });
  const { dnsServers, searchDomains } = pvdOf(pvds, ROUTER_2);
  assert.deepEqual(dnsServers.map(({ address }) => address), [NETWORK_2.routerAddress]);
  assert.deepEqual(searchDomains, [NETWORK_2.domain]);
});

test("what a router withdraws is gone, what it changes is changed", lab, async () => {
  await using world = new World();
  const { host, r1 } = await oneLink(world, { ipv4: false });
  const probe = new Probe(host);
  await probe.listPvds();
  const say = async (init: RouterAdvertisementInit, accept: (pvd: PvdInfo) => boolean) => {
    await r1.advertiser!.update(init);
    const pvds = await listUntil(
      probe,
      host,
      JSON.stringify(init),
      (pvds) => accept(pvdOf(pvds, ROUTER_1)),
    );
    return pvdOf(pvds, ROUTER_1);
  };
  await say({
    ...advertisementOf(NETWORK_1),
    rdnss: [{ servers: ["2001:db8:1::53", "2001:db8:1::54"] }, { servers: ["2001:db8:1::55"] }],
    captivePortal: "https://one.example/",
    pref64: { prefix: "64:ff9b::/96" },
  }, ({ dnsServers, pref64 }) => dnsServers.length === 3 && pref64 === "64:ff9b::/96");
  const less = await say({
    ...advertisementOf(NETWORK_1),
    rdnss: [{ servers: ["2001:db8:1::53"], lifetimeSeconds: 0 }],
    dnssl: [{ domains: [NETWORK_1.domain], lifetimeSeconds: 0 }, { domains: ["new.example"] }],
    captivePortal: "https://other.example/",
    pref64: { prefix: "64:ff9b::/96", lifetimeSeconds: 0 },
  }, ({ searchDomains }) => searchDomains.join() === "new.example");
  // RFC 8106 5.1: a lifetime of zero takes away the servers it names, and those only.
  assert.deepEqual(less.dnsServers.map(({ address }) => address).sort(), [
    "2001:db8:1::54",
    "2001:db8:1::55",
  ]);
  assert.equal(less.captivePortal, "https://other.example/");
  assert.equal(less.pref64, undefined);
});

test(
  "a prefix that its router takes back stays its router's while the address lives",
  lab,
  async () => {
    await using world = new World();
    const { host, r1, r2 } = await twoRouters(world, { ipv4: false });
    const probe = new Probe(host);
    await probe.listPvds();
    for (const { advertiser } of [r1, r2]) await advertiser!.send();
    await listUntil(probe, host, "both routers", heard(ROUTER_1, ROUTER_2));
    await r1.advertiser!.send({
      prefixes: [{ prefix: NETWORK_1.prefix, validSeconds: 0, preferredSeconds: 0 }],
    });
    await waitFor("deprecation", () => host.addresses("h0").some(({ deprecated }) => deprecated));
    const [address] = pvdOf(await listUntil(probe, host, "it", () => true), ROUTER_1).addresses;
    assert.deepEqual([address?.address, address?.deprecated], [NETWORK_1.hostAddress, true]);
  },
);

test("what a router said of DNS lasts as long as it said", lab, async () => {
  await using world = new World();
  const { host, r1 } = await oneLink(world, { ipv4: false });
  const probe = new Probe(host);
  await probe.listPvds();
  await r1.advertiser!.send({
    prefixes: [{ prefix: NETWORK_1.prefix }],
    rdnss: [{ servers: ["2001:db8:1::53"], lifetimeSeconds: 2 }],
  });
  const servers = (pvds: PvdInfo[]) => pvdOf(pvds, ROUTER_1).dnsServers.length;
  await listUntil(probe, host, "the server", (pvds) => servers(pvds) === 1);
  const before = performance.now();
  await listUntil(probe, host, "the end of the server", (pvds) => servers(pvds) === 0);
  assert.ok(performance.now() - before > 1500);
});

test("a rule from a prefix to a table names the prefix' router", lab, async () => {
  await using world = new World();
  const { host } = await twoRouters(world, { ipv4: false });
  host.ip("-6", "rule", "add", "from", NETWORK_2.prefix, "lookup", "102");
  host.batch([
    `route add default via ${NETWORK_2.routerLinkLocal} dev h0 table 102`,
  ]);
  assert.deepEqual(outline(await stated(host)), {
    h0: { ...UNATTRIBUTED, addresses: [NETWORK_1.hostAddress], routes: [NETWORK_1.prefix] },
    [ROUTER_1]: bareRouter(NETWORK_1),
    [ROUTER_2]: knownRouter(NETWORK_2, "rule"),
  });
  // Above 255 a table's number no longer fits the header of a route.
  host.ip("-6", "rule", "add", "from", NETWORK_1.prefix, "lookup", "4000000001");
  host.batch([
    `route add default via ${NETWORK_1.routerLinkLocal} dev h0 table 4000000001`,
  ]);
  assert.deepEqual(outline(await stated(host)), {
    [ROUTER_1]: knownRouter(NETWORK_1, "rule"),
    [ROUTER_2]: knownRouter(NETWORK_2, "rule"),
  });
});

test("a source-specific default route names the prefix' router", lab, async () => {
  await using world = new World();
  const { host } = await twoRouters(world, { ipv4: false });
  host.batch(
    [NETWORK_1, NETWORK_2].map(({ prefix, routerLinkLocal }) =>
      `route add default from ${prefix} via ${routerLinkLocal} dev h0`
    ),
  );
  assert.deepEqual(outline(await stated(host)), {
    [ROUTER_1]: knownRouter(NETWORK_1, "rule"),
    [ROUTER_2]: knownRouter(NETWORK_2, "rule"),
  });
});

test("rules that name no router prove nothing", lab, async () => {
  await using world = new World();
  const { host } = await twoRouters(world, { ipv4: false });
  const before = outline(await stated(host));
  for (
    const rule of [
      ["from", NETWORK_2.prefix, "lookup", "main"],
      ["from", NETWORK_2.prefix, "lookup", "102"],
      ["from", NETWORK_1.prefix, "blackhole", "priority", "40000"],
      ["to", "2001:db8:9::/64", "lookup", "103"],
    ]
  ) host.ip("-6", "rule", "add", ...rule);
  host.batch([
    `route add default via ${NETWORK_1.routerLinkLocal} dev h0 table 103`,
    `route add 2001:db8:9::/64 via ${NETWORK_1.routerLinkLocal} dev h0 table 102`,
  ]);
  const after = outline(await stated(host));
  assert.deepEqual(after.h0, before.h0);
  assert.deepEqual(after[ROUTER_2], before[ROUTER_2]);
  assert.equal(after[ROUTER_1]?.attribution, "unknown");
});

test(
  "one prefix from two routers: nobody's until heard, then both routers'",
  lab,
  async () => {
    await using world = new World();
    const { host, r1, r2 } = await samePrefixTwoRouters(world);
    assert.deepEqual(outline(await stated(host)).h0, {
      attribution: "unknown",
      addresses: [NETWORK_1.hostAddress],
      gateways: [],
      routes: [NETWORK_1.prefix],
      best: null,
    });
    const probe = new Probe(host, { unprivileged: true });
    await probe.listPvds();
    for (const { advertiser } of [r1, r2]) await advertiser!.send();
    const pvds = await listUntil(probe, host, "both routers", heard(ROUTER_1, ROUTER_2));
    assert.deepEqual(outline(pvds), {
      [ROUTER_1]: knownRouter(NETWORK_1, "router-advertisement"),
      [ROUTER_2]: {
        ...knownRouter(NETWORK_1, "router-advertisement"),
        gateways: [NETWORK_2.routerLinkLocal],
        routes: [NETWORK_1.prefix, defaultVia(NETWORK_2)],
      },
    });
  },
);

test(
  "a static default route beside an advertising router is the interface's own",
  lab,
  async () => {
    await using world = new World();
    const { host } = await oneLink(world, { ipv4: false });
    host.batch([
      "addr add 2001:db8:5::5/64 dev h0",
      "route add default via 2001:db8:5::1 dev h0 metric 2048",
    ]);
    assert.deepEqual(outline(await stated(host)), {
      h0: {
        attribution: "interface",
        addresses: ["2001:db8:5::5"],
        gateways: ["2001:db8:5::1"],
        routes: ["2001:db8:5::/64", "::/0 via 2001:db8:5::1"],
        best: "2001:db8:5::5",
      },
      [ROUTER_1]: knownRouter(NETWORK_1, "sole-router"),
    });
  },
);

test("a router that ends being a default router leaves its address behind", lab, async () => {
  await using world = new World();
  const { host, r1 } = await oneLink(world, { ipv4: false });
  const probe = new Probe(host);
  await probe.listPvds();
  await r1.advertiser!.send();
  await listUntil(probe, host, "the router", heard(ROUTER_1));
  await r1.advertiser!.update({ ...advertisementOf(NETWORK_1), lifetimeSeconds: 0 });
  await waitFor("the default route to go", () => host.routes(6, "default").length === 0);
  // Who did not hear it finds an address and no router.
  assert.deepEqual(outline(await stated(host)), {
    h0: {
      attribution: "interface",
      addresses: [NETWORK_1.hostAddress],
      gateways: [],
      routes: [NETWORK_1.prefix],
      best: NETWORK_1.hostAddress,
    },
  });
  const pvds = await listUntil(probe, host, "the same", () => true);
  assert.deepEqual(outline(pvds), {
    [ROUTER_1]: {
      ...knownRouter(NETWORK_1, "router-advertisement"),
      gateways: [],
      routes: [NETWORK_1.prefix],
    },
  });
});

test(
  "who heard two routers does not give a withdrawn one's address to the other",
  lab,
  async () => {
    await using world = new World();
    const { host, r1, r2 } = await twoRouters(world, { ipv4: false });
    const probe = new Probe(host, { unprivileged: true });
    await probe.listPvds();
    for (const { advertiser } of [r1, r2]) await advertiser!.send();
    await listUntil(probe, host, "both routers", heard(ROUTER_1, ROUTER_2));
    await r1.advertiser!.update({ ...advertisementOf(NETWORK_1), lifetimeSeconds: 0 });
    await waitFor("one default route", () => host.routes(6, "default").length === 1);
    assert.deepEqual(outline(await listUntil(probe, host, "the rest", () => true)), {
      [ROUTER_1]: {
        ...knownRouter(NETWORK_1, "router-advertisement"),
        gateways: [],
        routes: [NETWORK_1.prefix],
      },
      [ROUTER_2]: knownRouter(NETWORK_2, "router-advertisement"),
    });
  },
);

test(
  "a router that fell silent stays as long as the kernel takes its route",
  lab,
  async () => {
    await using world = new World();
    const { host, r1 } = await oneLink(world, {
      ipv4: false,
      advertise1: {
        lifetimeSeconds: 5,
        prefixes: [{ prefix: NETWORK_1.prefix, validSeconds: 5, preferredSeconds: 5 }],
      },
    });
    await r1.advertiser!.stop();
    assert.deepEqual(outline(await stated(host)), {
      [ROUTER_1]: knownRouter(NETWORK_1, "sole-router"),
    });
    await waitFor("the address to go", () => host.addresses("h0").every((a) => a.scope === "link"));
    await waitFor("the end of the route", () => host.routes(6, "default")[0]!.expires! < 0);
    assert.deepEqual(await stated(host), []);
  },
);

test(
  "a prefix that is not on the link, one without address, routes and MTU of a router",
  lab,
  async () => {
    await using world = new World();
    const { host, r1 } = await oneLink(world, { ipv4: false });
    host.sysctl({ "ipv6/conf/h0/accept_ra_rt_info_max_plen": 64 });
    await r1.advertiser!.update({
      mtu: 1400,
      prefixes: [
        { prefix: NETWORK_1.prefix },
        { prefix: "2001:db8:a::/64", onLink: false },
        { prefix: "2001:db8:b::/64", autonomous: false },
      ],
      routes: [{ prefix: "2001:db8:70::/48", preference: "high" }],
    });
    const outside = NETWORK_1.hostAddress.replace("2001:db8:1:", "2001:db8:a:");
    await host.waitForAddresses([outside]);
    const pvds = await stated(host);
    assert.deepEqual(outline(pvds), {
      [ROUTER_1]: {
        attribution: "sole-router",
        addresses: [NETWORK_1.hostAddress, outside],
        gateways: [NETWORK_1.routerLinkLocal],
        routes: [
          NETWORK_1.prefix,
          `2001:db8:70::/48 via ${NETWORK_1.routerLinkLocal}`,
          "2001:db8:b::/64",
          defaultVia(NETWORK_1),
        ].sort(),
        // Both are as good; the kernel lists the newer first.
        best: outside,
      },
    });
    assert.equal(pvdOf(pvds, ROUTER_1).mtu, 1400);
  },
);

test("a router that gives routes only, and is no default router, has a PvD", lab, async () => {
  await using world = new World();
  const { host, r2 } = await twoRouters(world, { ipv4: false });
  host.sysctl({ "ipv6/conf/h0/accept_ra_rt_info_max_plen": 64 });
  await r2.advertiser!.update({
    lifetimeSeconds: 0,
    prefixes: [{ prefix: NETWORK_2.prefix }],
    routes: [{ prefix: "2001:db8:70::/48" }],
  });
  await waitFor(
    "its route",
    () => host.routes(6, "2001:db8:70::/48").length === 1 && host.routes(6, "default").length === 1,
  );
  assert.deepEqual(outline(await stated(host)), {
    h0: UNATTRIBUTED,
    [ROUTER_1]: bareRouter(NETWORK_1),
    [ROUTER_2]: {
      ...bareRouter(NETWORK_2),
      gateways: [],
      routes: [`2001:db8:70::/48 via ${NETWORK_2.routerLinkLocal}`],
    },
  });
});

test("the preferred router comes first", lab, async () => {
  await using world = new World();
  const { host } = await twoRouters(world, {
    ipv4: false,
    advertise1: { preference: "low" },
    advertise2: { preference: "high" },
  });
  const order = (pvds: PvdInfo[]) => pvds.flatMap(({ router }) => router ?? []);
  assert.deepEqual(order(await stated(host)), [
    NETWORK_2.routerLinkLocal,
    NETWORK_1.routerLinkLocal,
  ]);
});

test("advertisements that the kernel does not take are not taken either", lab, async () => {
  await using world = new World();
  const { host, r1 } = await oneLink(world, { ipv4: false });
  const probe = new Probe(host);
  await probe.listPvds();
  const false1: RouterAdvertisementInit = {
    prefixes: [{ prefix: "2001:db8:bad::/64" }],
    rdnss: [{ servers: ["2001:db8:bad::53"] }],
  };
  const advertiser: Advertiser = r1.advertiser!;
  await advertiser.send(false1, { hopLimit: 64 });
  await advertiser.send(false1, { from: "2001:db8:1::1" });
  await advertiser.send(new Uint8Array([134, 0, 0, 0, 64, 0]));
  await advertiser.send();
  const pvds = await listUntil(probe, host, "the true one", heard(ROUTER_1));
  assert.deepEqual(pvds.map(({ id }) => id), [ROUTER_1]);
  assert.ok(!JSON.stringify(pvds).includes("2001:db8:bad:"));
});
