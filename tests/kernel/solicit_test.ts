// Asking the routers: what `solicit` adds to what the kernel tells, and what it does not believe.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { PvdAdvertisement, PvdInfo } from "../../mod.ts";
import {
  advertisementOf,
  type Host,
  labSkip,
  type Network,
  NETWORK_1,
  NETWORK_2,
  oneLink,
  PacketSocket,
  type RouterAdvertisementInit,
  samePrefixTwoRouters,
  twoRouters,
  waitFor,
  World,
} from "../lab/mod.ts";
import { assertStates, readIp } from "./ip_oracle.ts";
import { ALL_CALLERS, type Caller, CALLERS, mif } from "./mif.ts";
import { outline, pvdOf } from "./outline.ts";
import { Probe } from "./probe.ts";
import { knownRouter, ROUTER_1, ROUTER_2 } from "./routers.ts";

const lab = { skip: labSkip(), timeout: 60_000 };
const privileged: Caller[] = ALL_CALLERS.filter(({ unprivileged }) => !unprivileged);

const HEARD = {
  [ROUTER_1]: knownRouter(NETWORK_1, "router-advertisement"),
  [ROUTER_2]: knownRouter(NETWORK_2, "router-advertisement"),
};

/** What is left of lifetimes after at most five seconds, as it was at first. */
function asAnnounced(advertisement: PvdAdvertisement | undefined): PvdAdvertisement {
  assert.ok(advertisement);
  const text = JSON.stringify(
    advertisement,
    (_, value) => typeof value === "number" && value > 100 ? Math.ceil(value / 5) * 5 : value,
  );
  return JSON.parse(text);
}

/** What the lab's routers announce where a test says nothing else. */
function usualAdvertisement(network: Network): PvdAdvertisement {
  return {
    routerLifetimeSeconds: 1800,
    preference: "medium",
    hopLimit: 64,
    managed: false,
    other: false,
    homeAgent: false,
    prefixes: [{
      prefix: network.prefix,
      onLink: true,
      autonomous: true,
      validSeconds: 1800,
      preferredSeconds: 900,
    }],
    routes: [],
    dnsServers: [{ address: network.routerAddress, lifetimeSeconds: 1800 }],
    searchDomains: [{ domain: network.domain, lifetimeSeconds: 1800 }],
  };
}

/** `mif list --solicit --json`, held against ip(8), and how long it took. */
async function solicited(
  host: Host,
  caller: Caller,
): Promise<{ pvds: PvdInfo[]; elapsedMs: number }> {
  const startMs = performance.now();
  const { status, stdout, stderr } = await mif(host, caller, "list", "--solicit", "--json");
  const elapsedMs = performance.now() - startMs;
  assert.deepEqual([status, stderr], [0, ""]);
  const pvds: PvdInfo[] = JSON.parse(stdout);
  assertStates(pvds, readIp(host));
  return { pvds, elapsedMs };
}

for (const by of ["advertiser", "radvd"] as const) {
  test(`two routers on one link: all is the right router's, by ${by}`, lab, async () => {
    await using world = new World();
    const { host } = await twoRouters(world, { by, ipv4: false });
    const lists: PvdInfo[][] = [];
    for (const caller of privileged) {
      const { pvds, elapsedMs } = await solicited(host, caller);
      assert.ok(elapsedMs < 20_000, String(elapsedMs));
      assert.deepEqual(outline(pvds), HEARD);
      for (const network of [NETWORK_1, NETWORK_2]) {
        const pvd = pvdOf(pvds, `${network.routerLinkLocal}%h0`);
        assert.deepEqual(pvd.dnsServers, [
          { address: network.routerAddress, port: 53, source: "router-advertisement" },
        ]);
        assert.deepEqual(pvd.searchDomains, [network.domain]);
        assert.deepEqual(asAnnounced(pvd.advertisement), usualAdvertisement(network));
      }
      lists.push(pvds);
    }
    const plain = (pvds: PvdInfo[]) =>
      pvds.map((pvd) => ({
        ...pvd,
        addresses: pvd.addresses.map((address) => ({ ...address, validSeconds: 0 })),
        advertisement: asAnnounced(pvd.advertisement),
      }));
    assert.deepEqual(plain(lists[0]!), plain(lists[1]!));
  });
}

test("the text names what each router announces", lab, async () => {
  await using world = new World();
  const { host } = await oneLink(world, {
    ipv4: false,
    advertise1: {
      managed: true,
      preference: "high",
      routes: [{ prefix: "2001:db8:70::/48", preference: "low", lifetimeSeconds: Infinity }],
    },
  });
  const { stdout } = await mif(host, privileged[0]!, "list", "--solicit");
  assert.match(
    stdout,
    /announced +default router, high preference, for 1\d{3} s, addresses by DHCPv6\n/,
  );
  assert.match(stdout, /\n +2001:db8:1::\/64 valid 1\d{3} s, preferred \d{3} s\n/);
  assert.match(stdout, /\n +route 2001:db8:70::\/48 low preference, for ever\n/);
  assert.match(stdout, /\n +DNS 2001:db8:1::1 for 1\d{3} s\n/);
  assert.match(stdout, /\n +search one\.example for 1\d{3} s\n/);
});

test("without CAP_NET_RAW there is an error that names it, and no list", lab, async () => {
  await using world = new World();
  const { host } = await oneLink(world, { ipv4: false });
  for (const caller of CALLERS.filter(({ unprivileged }) => unprivileged)) {
    for (const json of [[], ["--json"]]) {
      const { status, stdout, stderr } = await mif(host, caller, "list", "--solicit", ...json);
      assert.deepEqual([status, stdout], [1, ""]);
      assert.match(stderr, /^mif list: .*CAP_NET_RAW.*setcap/);
    }
  }
  const probe = new Probe(host, { unprivileged: true });
  await assert.rejects(probe.getpvdinfo("localhost", null, { solicit: true }), { code: "EPERM" });
  assert.equal((await probe.getpvdinfo("localhost", null)).length, 1);
});

/** A link whose far end says nothing, and everything of ICMPv6 type 133 that comes there. */
async function silentLink(world: World): Promise<{ host: Host; solicitations: Uint8Array[] }> {
  const [host] = world.hosts("host");
  const [far] = world.routers("far");
  // Only what the library sends.
  host.sysctl({ "ipv6/conf/default/router_solicitations": 0 });
  world.links([[
    { host, interface: "h0", mac: "02:00:00:00:0a:0a" },
    { host: far, interface: "far0" },
  ]]);
  await host.waitForLinkLocal("h0");
  const solicitations: Uint8Array[] = [];
  await PacketSocket.open(far, {
    interface: "far0",
    icmpv6Type: 133,
    onFrame: (frame) => solicitations.push(frame),
  });
  return { host, solicitations };
}

test("no router: asked twice, and an end after four seconds", lab, async () => {
  await using world = new World();
  const { host, solicitations } = await silentLink(world);
  for (const caller of privileged) {
    const { pvds, elapsedMs } = await solicited(host, caller);
    assert.deepEqual(pvds, []);
    assert.ok(elapsedMs > 3999 && elapsedMs < 20_000, String(elapsedMs));
  }
  assert.equal(solicitations.length, 4);
  for (const frame of solicitations) {
    const hex = [...frame].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    assert.match(hex.slice(0, 28), /^33330000000202000000 ?0a0a86dd$/);
    // Payload of 16 bytes, ICMPv6, hop limit 255; fe80::ff:fe00:a0a to ff02::2.
    assert.equal(hex.slice(36, 44), "00103aff");
    assert.equal(hex.slice(44, 76), "fe80000000000000000000fffe000a0a");
    assert.equal(hex.slice(76, 108), "ff020000000000000000000000000002");
    assert.equal(hex.slice(108, 112), "8500");
    assert.equal(hex.slice(116), "000000000101020000000a0a");
    assert.equal(onesComplementSum(frame), 0xffff, "checksum");
  }
});

/** The sum of pseudo header and message (RFC 4443 2.3): all ones where the checksum is right. */
function onesComplementSum(frame: Uint8Array): number {
  let sum = frame.length - 54 + 58;
  for (let at = 22; at < frame.length; at += 2) sum += frame[at]! << 8 | frame[at + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

test("links that no router can be heard on are not asked", lab, async () => {
  await using world = new World();
  const { host, solicitations } = await silentLink(world);
  host.batch([
    // A bridge with a port and its far end, a link that is down, one without carrier, one without multicast.
    "link add br0 address 02:00:00:00:0b:0b type bridge",
    "link add port0 type veth peer name inner0",
    "link set port0 master br0",
    "link add down0 type veth peer name down1",
    "link add lone0 type veth peer name lone1",
    "link add dull0 type veth peer name dull1",
    ...["br0", "port0", "inner0", "lone0", "lone1", "dull0", "dull1"].map((name) =>
      `link set ${name} up`
    ),
  ]);
  for (const name of ["br0", "port0", "inner0", "dull0", "dull1"]) {
    await host.waitForLinkLocal(name);
  }
  host.batch([
    "link set dull0 multicast off",
    "link set dull1 multicast off",
    "link set lone1 down",
    "link set down0 up",
    "link set down0 down",
  ]);
  const capture = await host.capture();
  await solicited(host, privileged[0]!);
  const frames = await capture.stop();
  const sources = frames
    .filter(({ icmpType, direction }) => icmpType === 133 && direction === "out")
    .map(({ src }) => src);
  const linkLocal = (name: string) =>
    host.addresses(name).find(({ scope }) => scope === "link")!.local;
  assert.deepEqual(new Set(sources), new Set(["h0", "br0", "inner0"].map(linkLocal)));
  assert.equal(solicitations.length, 2);
});

test("a router that answers late is waited for", lab, async () => {
  await using world = new World();
  const { host, r1, r2 } = await twoRouters(world, { ipv4: false });
  await r2.advertiser!.stop();
  const late = await r2.host.advertise("lan0", advertisementOf(NETWORK_2), { answer: "none" });
  const heardFirst = late.solicitations;
  const probe = new Probe(host);
  await probe.listPvds();
  const startMs = performance.now();
  const pvds = probe.getpvdinfo("localhost", null, { solicit: true });
  await waitFor("the solicitation", () => late.solicitations > heardFirst);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await late.send();
  assert.deepEqual(outline(await pvds), HEARD);
  const elapsedMs = performance.now() - startMs;
  assert.ok(elapsedMs > 2000 && elapsedMs < 3500, String(elapsedMs));
  assert.equal(r1.advertiser!.solicitations > 0, true);
});

test(
  "a router of the kernel's that has died costs the bound, and the rest is told",
  lab,
  async () => {
    await using world = new World();
    const { host, r2 } = await twoRouters(world, { ipv4: false });
    await r2.advertiser!.stop();
    const { pvds, elapsedMs } = await solicited(host, privileged[0]!);
    assert.ok(elapsedMs > 3999 && elapsedMs < 20_000, String(elapsedMs));
    assert.deepEqual(outline(pvds), {
      [ROUTER_1]: HEARD[ROUTER_1],
      h0: {
        attribution: "unknown",
        addresses: [NETWORK_2.hostAddress],
        gateways: [],
        routes: [NETWORK_2.prefix],
        best: null,
      },
      [ROUTER_2]: {
        attribution: "unknown",
        addresses: [],
        gateways: [NETWORK_2.routerLinkLocal],
        routes: [`::/0 via ${NETWORK_2.routerLinkLocal}`],
        best: null,
      },
    });
  },
);

test("what a router would not send is not believed", lab, async () => {
  await using world = new World();
  // The kernel checks nothing for a raw socket: all of these reach it.
  const { host, r1 } = await oneLink(world, { ipv4: false });
  await r1.advertiser!.stop();
  const router = await r1.host.advertise("lan0", advertisementOf(NETWORK_1), { answer: "none" });
  const probe = new Probe(host);
  await probe.listPvds();
  const heardFirst = router.solicitations;
  const answer = probe.getpvdinfo("localhost", null, { solicit: true });
  await waitFor("the solicitation", () => router.solicitations > heardFirst);
  const lie: RouterAdvertisementInit = {
    prefixes: [{ prefix: "2001:db8:bad::/64" }],
    rdnss: [{ servers: ["2001:db8:bad::53"] }],
  };
  await router.send(lie, { hopLimit: 64 });
  await router.send(lie, { hopLimit: 254 });
  await router.send(lie, { from: "2001:db8:1::1" });
  await router.send({ ...lie, options: [new Uint8Array(8)] });
  await router.send({ ...lie, options: [Uint8Array.of(5, 2, 0, 0, 0, 0, 5, 0)] });
  await router.send(Uint8Array.of(134, 0, 0, 0, 64, 0, 7, 8));
  await router.send(Uint8Array.of(134, 0, 0, 0));
  await router.send();
  const pvds = await answer;
  assert.deepEqual(outline(pvds), { [ROUTER_1]: HEARD[ROUTER_1] });
  assert.ok(!JSON.stringify(pvds).includes("2001:db8:bad:"));
});

test("a flood of routers ends in time", lab, async () => {
  await using world = new World();
  const { host, r1 } = await oneLink(world, { ipv4: false });
  // Not more sources than the neighbour table holds, which all namespaces share.
  let on = true;
  const flood = (async () => {
    for (let i = 1; on; i++) {
      await r1.advertiser!.send({ lifetimeSeconds: 0 }, {
        from: `fe80::bad:${(i % 200).toString(16)}`,
      });
    }
  })();
  try {
    const startMs = performance.now();
    const { status, stdout } = await mif(host, privileged[0]!, "list", "--solicit", "--json");
    assert.equal(status, 0);
    assert.ok(performance.now() - startMs < 6500);
    assert.equal(pvdOf(JSON.parse(stdout), ROUTER_1).attribution, "router-advertisement");
  } finally {
    on = false;
    await flood;
  }
});

test("where the kernel takes no advertisements, they are heard all the same", lab, async () => {
  await using world = new World();
  const { host, r1, r2 } = await twoRouters(world, { ipv4: false });
  // As networkd and NetworkManager have it: they read advertisements and set addresses and routes.
  host.sysctl({ "ipv6/conf/all/accept_ra": 0, "ipv6/conf/h0/accept_ra": 0 });
  await r1.advertiser!.update({ ...advertisementOf(NETWORK_1), preference: "low" });
  await r2.advertiser!.update({
    ...advertisementOf(NETWORK_2),
    prefixes: [{ prefix: NETWORK_2.prefix }, { prefix: "2001:db8:5::/64" }],
    captivePortal: "https://two.example/",
    pref64: { prefix: "64:ff9b::/96" },
  });
  for (const caller of privileged) {
    const { pvds } = await solicited(host, caller);
    assert.deepEqual(outline(pvds), HEARD);
    const [one, two] = [pvdOf(pvds, ROUTER_1), pvdOf(pvds, ROUTER_2)];
    assert.equal(one.advertisement?.preference, "low");
    assert.deepEqual(two.advertisement?.prefixes.map(({ prefix }) => prefix), [
      NETWORK_2.prefix,
      "2001:db8:5::/64",
    ]);
    assert.deepEqual([two.captivePortal, two.pref64], ["https://two.example/", "64:ff9b::/96"]);
  }
  // Of this ip(8) knows nothing.
  await r1.advertiser!.update({ ...advertisementOf(NETWORK_1), mtu: 1400 });
  await r2.advertiser!.update({ ...advertisementOf(NETWORK_2), mtu: 1279 });
  const { stdout } = await mif(host, privileged[0]!, "list", "--solicit", "--json");
  const mtus = [ROUTER_1, ROUTER_2].map((id) => pvdOf(JSON.parse(stdout), id).mtu);
  assert.deepEqual(mtus, [1400, 1500]);
});

test("a router that nobody has taken anything of is shown with what it offers", lab, async () => {
  await using world = new World();
  const [host] = world.hosts("host");
  host.sysctl({ "ipv6/conf/default/accept_ra": 0 });
  const [router] = world.routers("router");
  world.links([[
    { host, interface: "h0" },
    { host: router, interface: "lan0", mac: NETWORK_1.routerMac },
  ]]);
  await router.advertise("lan0", advertisementOf(NETWORK_1));
  await host.waitForLinkLocal("h0");
  const { pvds } = await solicited(host, privileged[0]!);
  assert.deepEqual(outline(pvds), {
    [ROUTER_1]: {
      ...knownRouter(NETWORK_1, "router-advertisement"),
      addresses: [],
      gateways: [],
      routes: [],
      best: null,
    },
  });
  assert.deepEqual(asAnnounced(pvds[0]!.advertisement), usualAdvertisement(NETWORK_1));
  assert.equal(pvds[0]!.dns_addr?.address, NETWORK_1.routerAddress);
});

test("a router hears the others, and not itself", lab, async () => {
  await using world = new World();
  const { r1, r2 } = await twoRouters(world, { by: "radvd", ipv4: false });
  const { status, stdout } = await mif(r2.host, privileged[0]!, "list", "--solicit", "--json");
  assert.equal(status, 0);
  const routers = (JSON.parse(stdout) as PvdInfo[]).flatMap(({ router }) => router ?? []);
  assert.deepEqual(routers, [r1.network.routerLinkLocal]);
});

test(
  "one prefix from two routers is both routers', and moves when one takes it back",
  lab,
  async () => {
    await using world = new World();
    const { host, r1, r2 } = await samePrefixTwoRouters(world);
    const probe = new Probe(host);
    const holders = async () => {
      const pvds = await probe.getpvdinfo("localhost", null, { solicit: true });
      return pvds.filter(({ addresses }) =>
        addresses.some(({ address }) => address === NETWORK_1.hostAddress)
      ).map(({ id }) => id).sort();
    };
    assert.deepEqual(await holders(), [ROUTER_1, ROUTER_2]);
    await r1.advertiser!.update({
      prefixes: [{ prefix: NETWORK_1.prefix, validSeconds: 0, preferredSeconds: 0 }],
    });
    await r2.advertiser!.send();
    assert.deepEqual(await holders(), [ROUTER_2]);
    await r1.advertiser!.update({ prefixes: [{ prefix: NETWORK_1.prefix }] });
    await r2.advertiser!.update({
      prefixes: [{ prefix: NETWORK_1.prefix, validSeconds: 0, preferredSeconds: 0 }],
    });
    await r1.advertiser!.send();
    assert.deepEqual(await holders(), [ROUTER_1]);
  },
);

test("what the kernel passes on later changes what was solicited", lab, async () => {
  await using world = new World();
  const { host, r1 } = await oneLink(world, { ipv4: false });
  const probe = new Probe(host);
  const [first] = await probe.getpvdinfo("localhost", null, { solicit: true });
  assert.deepEqual(first!.advertisement?.dnsServers.map(({ address }) => address), [
    NETWORK_1.routerAddress,
  ]);
  await r1.advertiser!.send({
    rdnss: [{ servers: [NETWORK_1.routerAddress], lifetimeSeconds: 0 }, {
      servers: ["2001:db8:1::54"],
    }],
  });
  const later = await waitFor("the other server", async () => {
    const pvd = pvdOf(await probe.listPvds(), ROUTER_1);
    return pvd.dnsServers[0]?.address === "2001:db8:1::54" && pvd;
  });
  assert.equal(later.dnsServers.length, 1);
  assert.deepEqual(later.advertisement?.dnsServers.map(({ address }) => address), [
    "2001:db8:1::54",
  ]);
});

test("wrong words are refused before anything is sent", lab, async () => {
  await using world = new World();
  const { host, solicitations } = await silentLink(world);
  const probe = new Probe(host);
  const options = { solicit: true };
  await assert.rejects(probe.getpvdinfo(null, null, options), { code: "EAI_NONAME" });
  await assert.rejects(probe.getpvdinfo("localhost", "no-such-service", options), {
    code: "EAI_SERVICE",
  });
  assert.deepEqual(solicitations, []);
});
