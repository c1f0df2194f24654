// `mif route install` with explicit PvDs: addresses in prefixes that the kernel does not see, and sockets on all of them.
// ip(8) judges what is there, captures at the routers whose packets came to them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { SOCK_DGRAM, SOCK_STREAM } from "../../lib/socket/options.ts";
import type { RouteTable } from "../../mod.ts";
import {
  type Capture,
  type Host,
  labSkip,
  NETWORK_1,
  NETWORK_2,
  pvdOption,
  waitFor,
  World,
} from "../lab/mod.ts";
import {
  addressIn,
  BAR,
  CORP,
  type ExplicitNetwork,
  type ExplicitSite,
  explicitSite,
  FOO,
  hostAddressIn,
  IOT,
  nested,
  silentSite,
} from "./explicit_site.ts";
import { mifArgv, ROOT } from "./mif.ts";
import { isNeighbourhood, ROOTS, route, watch } from "./mif_route.ts";
import { exercise, openFrom, service6 } from "./site.ts";
import { refuses, SocketProbe } from "./socket_probe.ts";

const lab = { skip: labSkip(), timeout: 120_000 };

interface OwnAddress {
  local: string;
  prefixlen: number;
  valid_life_time: number;
  preferred_life_time: number;
  noprefixroute?: boolean;
  deprecated?: boolean;
  dadfailed?: boolean;
  tentative?: boolean;
}

/** What ip(8) says of the addresses in a prefix. */
function addressesIn(host: Host, { prefix }: { prefix: string }): OwnAddress[] {
  const start = prefix.split("::/")[0]! + ":";
  return host.ipJson<{ addr_info: OwnAddress[] }>("-6", "addr", "show", "dev", "h0")
    .flatMap(({ addr_info }) => addr_info).filter(({ local }) => local.startsWith(start));
}

/** All addresses, rules and routes, without their lifetimes. */
function everything(host: Host): unknown {
  return [
    ...host.ipJson("-6", "addr"),
    ...host.ipJson("-N", "-6", "rule"),
    ...host.ipJson("-N", "-6", "route", "show", "table", "all"),
  ].map((entry) =>
    JSON.stringify(entry, (key, value) => /life_time|expires/.test(key) ? undefined : value)
  ).sort();
}

/** A stable identifier (RFC 7217), which says nothing of the hardware address. */
function assertStable(address: string): void {
  assert.doesNotMatch(address, /ff:fe/, "not of the hardware address");
  assert.match(address, /^2001:db8:\d+:0:|^2001:db8:\d+::/);
}

/** Frames that came to a router with a source that is none of its networks'. */
function strangers(capture: Capture, own: readonly string[], mac: string): unknown[] {
  return capture.frames.filter((frame) =>
    frame.direction === "in" && frame.dstMac === mac && !isNeighbourhood(frame) &&
    frame.src?.startsWith("2001:db8:") &&
    !own.some((prefix) => frame.src!.startsWith(prefix.replace("::/64", ":")))
  );
}

/** The networks with the host's address in each, those inside PvD options as they were made. */
async function withAddresses(
  { host }: ExplicitSite,
): Promise<{ network: ExplicitNetwork; source: string }[]> {
  return [
    { network: FOO, source: hostAddressIn(FOO) },
    { network: BAR, source: await addressIn(host, BAR.prefix) },
    { network: CORP, source: NETWORK_2.hostAddress },
    { network: IOT, source: await addressIn(host, IOT.prefix) },
  ];
}

for (const caller of ROOTS) {
  test(
    `${caller.runtime}: prefixes inside PvD options get addresses and ways, and lose them again`,
    lab,
    async () => {
      await using world = new World();
      const it = await explicitSite(world);
      const { host } = it;
      const before = everything(host);
      const dry = await route(host, caller, "install", "--solicit", "--dry-run");
      assert.deepEqual(everything(host), before);
      const { changes, notices } = await route(host, caller, "install", "--solicit");
      assert.deepEqual(notices, []);
      const made = changes.filter(({ command }) => command.startsWith("ip -6 address add"));
      assert.deepEqual(
        made.map(({ command }) => command.replace(/valid_lft 1\d\d\d/, "valid_lft 1xxx")),
        dry.changes.filter(({ command }) => command.includes("address"))
          .map(({ command }) => command.replace(/valid_lft 1\d\d\d/, "valid_lft 1xxx")),
        "the same again: addresses are stable",
      );
      for (const network of [BAR, IOT]) {
        const [own, ...rest] = addressesIn(host, network);
        assert.deepEqual(rest, []);
        assertStable(own!.local);
        const { prefixlen, noprefixroute, deprecated, valid_life_time, preferred_life_time } = own!;
        assert.deepEqual([prefixlen, noprefixroute, deprecated, preferred_life_time], [
          64,
          true,
          true,
          0,
        ]);
        assert.ok(valid_life_time > 1700 && valid_life_time <= 1800, String(valid_life_time));
        const command = made.find(({ command }) => command.includes(own!.local))!.command;
        assert.match(command, / dev h0 valid_lft \d+ preferred_lft 0 noprefixroute proto 88$/);
        // The rule was there before the address.
        const rule = changes.findIndex(({ command }) =>
          command.includes(`from ${network.prefix} iif lo unreachable`)
        );
        assert.ok(rule >= 0 && rule < changes.findIndex((change) => change.command === command));
      }
      // Programs that know no PvDs do not come to use them, and main does not know their prefixes.
      const [way] = host.ipJson<{ prefsrc: string }>("-6", "route", "get", "2001:db8:12::99");
      assert.ok(![BAR, IOT].some((one) => way!.prefsrc.startsWith(one.prefix.split("::/")[0]!)));
      assert.ok(host.routes(6).every(({ dst }) => dst !== BAR.prefix && dst !== IOT.prefix));
      for (const { network, source } of await withAddresses(it)) {
        const [found] = host.ipJson<{ gateway: string }>(
          ...["-6", "route", "get", service6.address, "from", source],
        );
        assert.equal(found!.gateway, network.router, network.id);
        const onLink = host.ipJson<{ gateway?: string }>(
          ...["-6", "route", "get", network.routerAddress, "from", source],
        );
        assert.equal(onLink[0]!.gateway, undefined, network.id);
      }
      assert.deepEqual((await route(host, caller, "install", "--solicit")).changes, []);
      const tables = await route<RouteTable[]>(host, caller, "show");
      assert.deepEqual(
        tables.map(({ gateway, addresses }) => [gateway, addresses]).sort(),
        [
          [NETWORK_1.routerLinkLocal, [addressesIn(host, BAR)[0]!.local]],
          [NETWORK_2.routerLinkLocal, [addressesIn(host, IOT)[0]!.local]],
        ],
      );
      const removed = await route(host, caller, "remove");
      assert.deepEqual(
        removed.changes.filter(({ command }) => command.startsWith("ip -6 address del")).length,
        2,
      );
      assert.deepEqual(everything(host), before);
    },
  );
}

test(
  "every socket on an explicit PvD sends from its prefix by its router, and no other",
  lab,
  async () => {
    await using world = new World();
    const it = await explicitSite(world);
    const { host, r1, r2 } = it;
    const probe = new SocketProbe(host);
    await probe.ask({ call: "remember", solicit: true });
    // Without rules two routers on one link cannot be told apart by the kernel.
    await refuses("EPVDROUTE", probe.openOn(hostAddressIn(FOO), SOCK_STREAM));
    await probe.ask({ call: "install routes" });
    const captures = await Promise.all([r1, r2].map((router) => router.host.capture("lan0")));
    const sources = await withAddresses(it);
    for (const { source } of sources) await exercise(probe, { source, to: service6 });
    await exercise(probe, { source: NETWORK_1.hostAddress, to: service6 });
    for (const { network, source } of sources) {
      const capture = captures[network.router === NETWORK_1.routerLinkLocal ? 0 : 1]!;
      await capture.waitFor(
        `frames from ${source}`,
        ({ src, dstMac }) => src === source && dstMac === network.routerMac,
      );
    }
    for (const capture of captures) await capture.stop();
    const own = [[NETWORK_1, FOO, BAR], [NETWORK_2, IOT]].map((all) =>
      all.map(({ prefix }) => prefix)
    );
    assert.deepEqual(strangers(captures[0]!, own[0]!, NETWORK_1.routerMac), []);
    assert.deepEqual(strangers(captures[1]!, own[1]!, NETWORK_2.routerMac), []);
  },
);

test("two PvDs of one router differ by their sources only", lab, async () => {
  await using world = new World();
  const it = await explicitSite(world);
  const probe = new SocketProbe(it.host);
  await probe.ask({ call: "install routes" });
  const [foo, bar] = await withAddresses(it);
  const opened = await probe.openOn(foo!.source, SOCK_DGRAM);
  await opened.do({ call: "connect", to: service6 });
  assert.equal(await opened.echo(), foo!.source);
  assert.deepEqual(
    await opened.do<string[]>({ call: "pvd" }).then((all) => all.includes(bar!.source)),
    false,
  );
  // No address of the other PvD may be its source, though the router is the same.
  const second = await probe.openOn(foo!.source, SOCK_DGRAM);
  await refuses("EADDRNOTAVAIL", second.do({ call: "bind", to: { address: bar!.source } }));
  const third = await openFrom(probe, bar!.source, SOCK_DGRAM);
  assert.equal(await third.echo(service6), bar!.source);
});

test(
  "a PvD of specific routes only reaches those by its router, and nothing else",
  lab,
  async () => {
    await using world = new World();
    const { host, routers: [r1, r2] } = await silentSite(world);
    r1.batch([`addr add ${BAR.routerAddress}/64 dev lan0`]);
    // By the other router everything could be reached.
    await r2.advertise("lan0", { prefixes: [{ prefix: NETWORK_2.prefix }] });
    const header = { lifetimeSeconds: 0 };
    const voice = await r1.advertise("lan0", {
      ...header,
      options: [pvdOption({
        id: BAR.id,
        routerAdvertisement: header,
        nested: {
          prefixes: [{ prefix: BAR.prefix }],
          routes: [{ prefix: "2001:db8:ffff::/64" }],
        },
      })],
    });
    await waitFor("a default route", () => host.routes(6, "default").length === 1);
    assert.deepEqual((await route(host, ROOT, "install", "--solicit")).notices, []);
    const source = await addressIn(host, BAR.prefix);
    const way = (to: string) =>
      host.ipJson<{ gateway?: string }>("-6", "route", "get", to, "from", source)[0]!.gateway;
    assert.equal(way(service6.address), voice.address);
    assert.equal(way(BAR.routerAddress), undefined);
    assert.throws(() => way("2001:db8:eeee::1"), /unreachable|No route to host/);
    const shown = (await route<RouteTable[]>(host, ROOT, "show"))
      .find(({ addresses }) => addresses.includes(source))!;
    assert.deepEqual([shown.gateway, shown.open, shown.specific], [voice.address, true, true]);
    const probe = new SocketProbe(host);
    await probe.ask({ call: "remember", solicit: true });
    const capture = await r2.capture("lan0");
    for (const type of [SOCK_DGRAM, SOCK_STREAM]) {
      const opened = await probe.openOn(source, type);
      await opened.do({ call: "connect", to: service6 });
      assert.equal(await opened.echo(), source);
      const other = await probe.openOn(source, type);
      const to = { address: "2001:db8:eeee::1", port: 7 };
      await refuses("ENETUNREACH", other.do({ call: "connect", to }));
    }
    await capture.stop();
    assert.ok(capture.frames.every((frame) => frame.src !== source || isNeighbourhood(frame)));
    // Nothing heard is no reason to change what is there.
    const deaf = await host.run([
      ...["setpriv", "--bounding-set", "-net_raw"],
      ...mifArgv(ROOT, "route", "install", "--json"),
    ]);
    assert.deepEqual([deaf.status, JSON.parse(deaf.stdout).changes], [0, []]);
    await route(host, ROOT, "remove");
    assert.deepEqual(addressesIn(host, BAR), []);
  },
);

test("an address that another host has is not taken: the next one is", lab, async () => {
  await using world = new World();
  const it = await explicitSite(world);
  const { host, r2 } = it;
  const [wanted] = (await route(host, ROOT, "install", "--solicit", "--dry-run")).changes
    .flatMap(({ command }) => /address add (2001:db8:12:\S+)\/64/.exec(command)?.slice(1) ?? []);
  host.sysctl({ "ipv6/conf/h0/accept_dad": 1, "ipv6/conf/h0/dad_transmits": 1 });
  r2.host.batch([`addr add ${wanted}/64 dev lan0 nodad`]);
  const { changes, notices } = await route(host, ROOT, "install", "--solicit");
  assert.deepEqual(notices, []);
  const added = changes.flatMap(({ command }) =>
    /address add (2001:db8:12:\S+)\/64/.exec(command)?.slice(1) ?? []
  );
  assert.equal(added.length, 2);
  assert.equal(added[0], wanted);
  const [own, ...rest] = addressesIn(host, BAR);
  assert.deepEqual(rest, []);
  assert.deepEqual([own!.local, own!.tentative, own!.dadfailed], [added[1], undefined, undefined]);
});

test("who may not ask the routers leaves what was installed as it is", lab, async () => {
  await using world = new World();
  const it = await explicitSite(world);
  const { host, r1 } = it;
  // Only the PvD option names a default router, and nothing else is the first router's.
  await r1.advertiser!.update({ ...nested(BAR, { routerAdvertisement: {} }), lifetimeSeconds: 0 });
  await waitFor("one default route", () => host.routes(6, "default").length === 1);
  for (
    const [address, { prefix }] of [[NETWORK_1.hostAddress, NETWORK_1], [
      hostAddressIn(FOO),
      FOO,
    ]] as const
  ) {
    host.ip("addr", "del", `${address}/64`, "dev", "h0");
    host.ip("-6", "route", "del", prefix, "dev", "h0");
  }
  await route(host, ROOT, "install", "--solicit");
  const source = await addressIn(host, BAR.prefix);
  const before = everything(host);
  const way = () =>
    host.ipJson<{ gateway: string }>("-6", "route", "get", service6.address, "from", source)[0];
  assert.equal(way()!.gateway, NETWORK_1.routerLinkLocal);
  // Another process, which has heard nothing: it asks, for these addresses must be somebody's.
  assert.deepEqual((await route(host, ROOT, "install")).changes, []);
  const deaf = await host.run([
    ...["setpriv", "--bounding-set", "-net_raw"],
    ...mifArgv(ROOT, "route", "install", "--json"),
  ]);
  assert.deepEqual([deaf.status, deaf.stderr], [0, ""]);
  assert.deepEqual(JSON.parse(deaf.stdout).changes, []);
  assert.deepEqual(everything(host), before);
  // Who may ask and hears nothing knows that the router is gone: then nothing leaves from its source.
  await r1.advertiser!.stop();
  const closed = await route(host, ROOT, "install", "--solicit");
  assert.ok(
    closed.notices.some((notice) => /2001:db8:12::\/64 is closed/.test(notice)),
    closed.notices.join(),
  );
  assert.throws(way, /unreachable|No route to host/);
});

test(
  "while it watches: a PvD that comes, is renewed, loses its link, comes back and ends",
  lab,
  async () => {
    await using world = new World();
    const { host, routers: [r1] } = await silentSite(world);
    r1.batch([`addr add ${BAR.routerAddress}/64 dev lan0`]);
    const voice = await r1.advertise("lan0", { lifetimeSeconds: 0 });
    const { watcher, reports } = watch(host, "--solicit");
    await waitFor("the first report", () => reports.length > 0);
    assert.deepEqual(reports[0]!.changes, []);
    // It comes.
    const says = (validSeconds: number) => ({
      lifetimeSeconds: 0,
      options: [pvdOption({
        id: BAR.id,
        routerAdvertisement: { lifetimeSeconds: 60 },
        nested: {
          prefixes: [{ prefix: BAR.prefix, validSeconds, preferredSeconds: validSeconds }],
        },
      })],
    });
    await voice.update(says(8));
    const source = await addressIn(host, BAR.prefix);
    const way = () =>
      host.ipJson<{ gateway: string }>("-6", "route", "get", service6.address, "from", source)[0]!
        .gateway;
    assert.equal(way(), voice.address);
    // It is renewed for longer than it was given first.
    for (let i = 0; i < 12; i++) {
      await sleep(1000);
      await voice.send();
      assert.equal(addressesIn(host, BAR)[0]?.local, source, `after ${i + 1} seconds`);
    }
    // Its link goes, and with it the address; then both are back.
    host.ip("link", "set", "h0", "down");
    await waitFor("no address", () => addressesIn(host, BAR).length === 0);
    await voice.update(says(1800));
    host.ip("link", "set", "h0", "up");
    assert.equal(await addressIn(host, BAR.prefix), source, "the same as before");
    await waitFor("its way", () => way() === voice.address);
    assert.ok(addressesIn(host, BAR)[0]!.valid_life_time > 1000);
    // Its router takes itself back: nothing leaves from its source any more.
    await voice.update({
      options: [pvdOption({ id: BAR.id, routerAdvertisement: { lifetimeSeconds: 0 } })],
    });
    await waitFor("no way", () => {
      try {
        way();
        return false;
      } catch {
        return true;
      }
    });
    await watcher.stop();
  },
);
