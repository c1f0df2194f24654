// Explicit PvDs whose networks change: what a process that stays hears of it, and what becomes of sockets.

import assert from "node:assert/strict";
import { test } from "node:test";

import { SOCK_DGRAM, SOCK_STREAM } from "../../lib/socket/options.ts";
import type { PvdInfo } from "../../mod.ts";
import { icmpv6Frame } from "../lab/frame.ts";
import {
  labSkip,
  manyLinks,
  manyLinksNetwork,
  PacketSocket,
  pvdOption,
  routerAdvertisement,
  type RouterAdvertisementInit,
  waitFor,
  World,
} from "../lab/mod.ts";
import {
  addressIn,
  BAR,
  CORP,
  type ExplicitSite,
  explicitSite,
  FOO,
  hostAddressIn,
  IOT,
  nested,
  openly,
  says1,
  says2,
  silentSite,
} from "./explicit_site.ts";
import { Probe } from "./probe.ts";
import { service6 } from "./site.ts";
import { refuses, SocketProbe } from "./socket_probe.ts";

const lab = { skip: labSkip(), timeout: 120_000 };

/** A process that stays, and asks the routers each time. */
class Listener {
  readonly #probe: Probe;

  constructor({ host }: Pick<ExplicitSite, "host">) {
    this.#probe = new Probe(host);
  }

  /** What there is after asking. */
  solicited(): Promise<PvdInfo[]> {
    return this.#probe.getpvdinfo("localhost", null, { solicit: true });
  }

  /** What there is, of what was heard before. */
  listed(): Promise<PvdInfo[]> {
    return this.#probe.listPvds();
  }
}

const idsOf = (pvds: PvdInfo[]) => pvds.map(({ id }) => id).sort();

function pvdOf(pvds: PvdInfo[], { id, router }: { id: string; router?: string }): PvdInfo {
  const found = pvds.filter((pvd) => pvd.id === id && (router ?? pvd.router) === pvd.router);
  assert.equal(found.length, 1, `${id} in ${idsOf(pvds)}`);
  return found[0]!;
}

const globals = ({ addresses }: PvdInfo) =>
  addresses.map(({ address }) => address).filter((address) => !address.startsWith("fe80")).sort();
const serversOf = ({ dnsServers }: PvdInfo) => dnsServers.map(({ address }) => address);

test("a sequence number, flags and name servers that change are the new ones", lab, async () => {
  await using world = new World();
  const it = await explicitSite(world);
  const listener = new Listener(it);
  assert.equal(pvdOf(await listener.solicited(), FOO).sequence, 7);
  const [, , bar] = says1();
  await it.r1.advertiser!.update([
    says1()[0]!,
    {
      ...openly(FOO, { sequence: 8, legacy: true }),
      rdnss: [
        { servers: [FOO.routerAddress], lifetimeSeconds: 0 },
        { servers: ["2001:db8:11::5353"] },
      ],
    },
    bar!,
  ]);
  const foo = pvdOf(await listener.solicited(), FOO);
  assert.deepEqual([foo.sequence, foo.legacy, foo.httpInfo, foo.delay], [8, true, false, 0]);
  assert.deepEqual(serversOf(foo), ["2001:db8:11::5353"]);
});

test(
  "a PvD that is withdrawn keeps the address, which lives on, and nothing else",
  lab,
  async () => {
    await using world = new World();
    const it = await explicitSite(world);
    const listener = new Listener(it);
    const before = pvdOf(await listener.solicited(), FOO);
    const gone = { lifetimeSeconds: 0, validSeconds: 0, preferredSeconds: 0 };
    await it.r1.advertiser!.update([
      says1()[0]!,
      {
        prefixes: [{ prefix: FOO.prefix, ...gone }],
        rdnss: [{ servers: [FOO.routerAddress], ...gone }],
        dnssl: [{ domains: [FOO.domain], ...gone }],
        options: [pvdOption({ id: FOO.id, routerAdvertisement: { lifetimeSeconds: 0 } })],
      },
      {
        options: [pvdOption({
          id: BAR.id,
          routerAdvertisement: { lifetimeSeconds: 0 },
          nested: {
            prefixes: [{ prefix: BAR.prefix, ...gone }],
            rdnss: [{ servers: [BAR.routerAddress], ...gone }],
            dnssl: [{ domains: [BAR.domain], ...gone }],
          },
        })],
      },
    ]);
    const pvds = await listener.solicited();
    const foo = pvdOf(pvds, FOO);
    assert.deepEqual(globals(foo), [hostAddressIn(FOO)]);
    assert.deepEqual(foo.addresses.map(({ deprecated }) => deprecated).includes(true), true);
    assert.deepEqual([foo.gateways, serversOf(foo), foo.searchDomains], [[], [], []]);
    assert.equal(foo.handle, before.handle);
    assert.ok(!idsOf(pvds).includes(BAR.id), "of which this host has nothing");
  },
);

test(
  "renumbering: both prefixes are the PvD's, and a socket stays on the old one",
  lab,
  async () => {
    await using world = new World();
    const it = await explicitSite(world);
    const { host, r1 } = it;
    const probe = new SocketProbe(host);
    await probe.ask({ call: "install routes" });
    const old = await addressIn(host, BAR.prefix);
    const stream = await probe.openOn(old, SOCK_STREAM);
    await stream.do({ call: "connect", to: service6 });
    const renumbered = { ...BAR, prefix: "2001:db8:13::/64", routerAddress: "2001:db8:13::1" };
    r1.host.batch([`addr add ${renumbered.routerAddress}/64 dev lan0`]);
    const [implicit, foo] = says1();
    const nestedInit: RouterAdvertisementInit = {
      prefixes: [
        { prefix: BAR.prefix, validSeconds: 7200, preferredSeconds: 0 },
        { prefix: renumbered.prefix },
      ],
    };
    await r1.advertiser!.update([implicit!, foo!, nested(BAR, { nested: nestedInit })]);
    await probe.ask({ call: "install routes" });
    const now = await addressIn(host, renumbered.prefix);
    await probe.ask({ call: "remember", solicit: true });
    const bar = pvdOf(await new Listener(it).solicited(), BAR);
    assert.deepEqual(globals(bar), [old, now].sort());
    assert.deepEqual(
      bar.addresses.filter(({ deprecated }) => deprecated).map(({ address }) => address),
      [old],
      "by what the router says of it",
    );
    assert.equal(await stream.echo(), old);
    const fresh = await probe.openOn(now, SOCK_DGRAM);
    assert.equal(await fresh.echo(service6), now);
  },
);

test(
  "a router that comes back with another link-local address is another PvD; the old one ends",
  lab,
  async () => {
    await using world = new World();
    const { host, routers: [r1] } = await silentSite(world);
    const listener = new Listener({ host });
    const says = (lifetimeSeconds: number) => ({ ...openly(FOO), lifetimeSeconds });
    const first = await r1.advertise("lan0", says(4));
    const before = pvdOf(await listener.solicited(), { ...FOO, router: first.address });
    await first.stop();
    r1.batch(["addr add fe80::99/64 dev lan0 nodad"]);
    const second = await r1.advertise("lan0", says(1800), { from: "fe80::99" });
    const both = await listener.solicited();
    const after = pvdOf(both, { ...FOO, router: second.address });
    assert.notEqual(after.handle, before.handle);
    assert.deepEqual(after.gateways.map(({ address }) => address), ["fe80::99"]);
    assert.deepEqual(globals(after), [hostAddressIn(FOO)]);
    const rest = await waitFor("the end of the old one's time", async () => {
      const pvds = await listener.listed();
      return pvds.every(({ router, gateways }) => router === "fe80::99" || gateways.length === 0) &&
        pvds;
    });
    assert.equal(pvdOf(rest, { ...FOO, router: "fe80::99" }).handle, after.handle);
  },
);

test(
  "on a link that goes and comes back nothing is left of the network that was there",
  lab,
  async () => {
    await using world = new World();
    const it = await explicitSite(world);
    const { host, r1, r2 } = it;
    const listener = new Listener(it);
    const before = await listener.solicited();
    const flap = () => {
      host.ip("link", "set", "h0", "down");
      host.ip("link", "set", "h0", "up");
    };
    for (let i = 0; i < 5; i++) flap();
    // The host is at another network now: only the second router is there.
    await r1.advertiser!.update([{ lifetimeSeconds: 0 }]);
    await r1.advertiser!.stop();
    flap();
    await host.waitForLinkLocal("h0");
    assert.ok(
      (await listener.listed()).every(({ kind }) => kind === "implicit"),
      "nobody has spoken yet",
    );
    const now = await listener.solicited();
    assert.deepEqual(idsOf(now).filter((id) => id.includes("example")), [CORP.id, IOT.id]);
    // The same instance as long as the same router announces it there.
    assert.equal(pvdOf(now, IOT).handle, pvdOf(before, IOT).handle);
    await r2.advertiser!.update(says2());
  },
);

test(
  "a socket on a PvD whose only router leaves is told, and one of another PvD is not",
  lab,
  async () => {
    await using world = new World();
    const it = await explicitSite(world);
    const { host, r2 } = it;
    const probe = new SocketProbe(host);
    await probe.ask({ call: "install routes" });
    const iot = await addressIn(host, IOT.prefix);
    const [on, beside] = [
      await probe.openOn(iot, SOCK_STREAM),
      await probe.openOn(hostAddressIn(FOO), SOCK_STREAM),
    ];
    for (const socket of [on, beside]) await socket.do({ call: "connect", to: service6 });
    assert.equal(await on.echo(), iot);
    await r2.advertiser!.update([
      { lifetimeSeconds: 0, options: [pvdOption({ id: CORP.id })] },
      { lifetimeSeconds: 0, options: [pvdOption({ id: IOT.id })] },
    ]);
    await probe.ask({ call: "install routes" });
    await refuses("ENETUNREACH", on.echo());
    assert.equal(await beside.echo(), hostAddressIn(FOO));
  },
);

test("200 links, each with a PvD of its own", lab, async () => {
  await using world = new World();
  const count = 200;
  const { host, router } = await manyLinks(world, count);
  const mac = (index: number) => router.mac(`r${index}`);
  const macs = Array.from({ length: count }, (_, index) => mac(index));
  const socket = await PacketSocket.open(router, {
    icmpv6Type: 133,
    onFrame: (_bytes, name, direction) => {
      if (direction === "out") return;
      const index = Number(name.slice(1));
      const { prefix, routerLinkLocal } = manyLinksNetwork(index);
      const message = routerAdvertisement({
        options: [pvdOption({ id: `pvd${index}.example`, nested: { prefixes: [{ prefix }] } })],
      });
      socket.send(
        name,
        icmpv6Frame(message, {
          srcMac: macs[index]!,
          dstMac: "33:33:00:00:00:01",
          src: routerLinkLocal,
          dst: "ff02::1",
        }),
      ).catch(() => {});
    },
  });
  const listener = new Listener({ host });
  const startMs = performance.now();
  const pvds = await listener.solicited();
  const elapsedMs = performance.now() - startMs;
  assert.ok(elapsedMs < 30_000, String(elapsedMs));
  const explicit = pvds.filter(({ kind }) => kind === "explicit");
  assert.deepEqual(
    explicit.map(({ id, interface: { name } }) => `${id} ${name}`).sort(),
    Array.from({ length: count }, (_, index) => `pvd${index}.example h${index}`).sort(),
  );
  for (const { unconfigured } of explicit) assert.equal(unconfigured?.prefixes.length, 1);
  assert.equal(new Set(explicit.map(({ handle }) => handle)).size, count);
  await socket.close();
});
