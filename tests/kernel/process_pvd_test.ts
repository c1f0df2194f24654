// The process' default PvD on real links: what names no PvD goes by its router or nowhere, in all threads.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AF_INET,
  AF_INET6,
  IPPROTO_ICMPV6,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
} from "../../lib/socket/options.ts";
import {
  advertisementOf,
  labSkip,
  NETWORK_1,
  NETWORK_2,
  twoLinks,
  twoRouters,
  waitFor,
  World,
} from "../lab/mod.ts";
import { arrivals, assertNoLeak, families, service6, site } from "./site.ts";
import { refuses, SocketProbe } from "./socket_probe.ts";

const lab = { skip: labSkip(), timeout: 60_000 };

/** Opens a socket of each kind without naming a PvD, and has the far server tell the source it saw. */
async function unnamed(
  probe: SocketProbe,
  { source, to }: ReturnType<typeof families>[number],
): Promise<void> {
  const family = source.includes(":") ? AF_INET6 : AF_INET;
  for (const type of [SOCK_STREAM, SOCK_DGRAM]) {
    const connected = await probe.open(family, type);
    assert.equal(await connected.do({ call: "pvd" }), null);
    await connected.do({ call: "connect", to });
    assert.equal(await connected.echo(), source);
    assert.ok((await connected.do<string[]>({ call: "pvd" })).includes(source));
    await connected.close();
  }
  const unconnected = await probe.open(family, SOCK_DGRAM);
  await unconnected.do({ call: "send", text: "who", to });
  assert.equal(await unconnected.do({ call: "recv" }), source);
  await unconnected.close();
  assert.equal(await probe.ask({ call: "visit", to }), source);
  assert.equal(await probe.ask({ call: "visit in worker", to }), source);
}

/** Time for frames to come to the captures. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 200));

/** Everything of a probe that names no PvD fails so. */
async function allRefused(code: string | RegExp, probe: SocketProbe): Promise<void> {
  for (const { source, to } of families(NETWORK_2)) {
    const family = source.includes(":") ? AF_INET6 : AF_INET;
    for (const type of [SOCK_STREAM, SOCK_DGRAM]) {
      const opened = await probe.open(family, type);
      await refuses(code, opened.do({ call: "connect", to }));
    }
    const unconnected = await probe.open(family, SOCK_DGRAM);
    await refuses(code, unconnected.do({ call: "send", text: "x", to }));
    await refuses(code, probe.ask({ call: "visit", to }));
    await refuses(code, probe.ask({ call: "visit in worker", to }));
  }
}

test("two links: the second network by default, the null PvD, and back", lab, async () => {
  await using world = new World();
  const it = await site(world, twoLinks);
  const probe = new SocketProbe(it.host, { unprivileged: true });
  await probe.ask({ call: "setprocpvd", address: NETWORK_2.hostAddress });
  const [ipv6, ipv4] = families(NETWORK_2);
  await unnamed(probe, ipv6!);
  // IPv4 is another PvD: the interface's own.
  await refuses("EADDRNOTAVAIL", probe.ask({ call: "visit", to: ipv4!.to }));
  await probe.ask({ call: "setprocpvd", address: NETWORK_2.hostIpv4 });
  await unnamed(probe, ipv4!);
  // What names one comes first.
  const named = await probe.openOn(NETWORK_1.hostAddress, SOCK_DGRAM);
  assert.equal(await named.echo(service6), NETWORK_1.hostAddress);
  await probe.ask({ call: "setprocpvd", address: "none" });
  assert.equal(await named.echo(service6), NETWORK_1.hostAddress);
  await settled();
  const before = it.captures.map(({ frames }) => frames.length);
  await allRefused("ENETUNREACH", probe);
  await settled();
  const sent = it.captures.flatMap(({ frames }, at) => frames.slice(before[at]))
    .filter(({ direction, protocol }) => direction === "in" && (protocol === 6 || protocol === 17));
  assert.deepEqual(sent, []);
  // Routers are heard all the same: that is how a PvD is found.
  const root = new SocketProbe(it.host);
  await root.ask({ call: "setprocpvd", address: "none" });
  await root.ask({ call: "remember", solicit: true });
  const raw = await root.open(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
  await refuses("ENETUNREACH", raw.do({ call: "recv" }));
  await probe.ask({ call: "setprocpvd", address: null });
  assert.match(await probe.ask({ call: "visit", to: service6 }), /^2001:db8:/);
});

test("the default PvD is renumbered, then gone: never the system's way", lab, async () => {
  await using world = new World();
  const it = await site(world, twoLinks);
  const { host, r2 } = it;
  const probe = new SocketProbe(host, { unprivileged: true });
  await probe.ask({ call: "setprocpvd", address: NETWORK_2.hostAddress });
  assert.equal(await probe.ask({ call: "visit", to: service6 }), NETWORK_2.hostAddress);
  const renumbered = "2001:db8:3::ff:fe00:a0a";
  await r2.advertiser!.update({
    prefixes: [
      { prefix: NETWORK_2.prefix, preferredSeconds: 0, validSeconds: 7200 },
      { prefix: "2001:db8:3::/64" },
    ],
  });
  r2.host.ip("-6", "route", "add", "2001:db8:3::/64", "dev", "lan0");
  await host.waitForAddresses([renumbered]);
  await host.shell("ip -6 addr del 2001:db8:2::ff:fe00:a0a/64 dev h1");
  const to = service6;
  assert.equal(await probe.ask({ call: "visit", to }), renumbered);
  assert.equal(await probe.ask({ call: "visit in worker", to }), renumbered);
  assert.ok((await probe.ask<string[]>({ call: "getprocpvd" })).includes(renumbered));
  assert.ok(arrivals(it, 1, renumbered) > 0);
  const visited = arrivals(it, 0, NETWORK_1.hostAddress);
  host.ip("link", "set", "h1", "down");
  await allRefused(/^(ENONET|ENETUNREACH)$/, probe);
  host.ip("link", "del", "h1");
  await allRefused("ENONET", probe);
  assert.ok((await probe.ask<string[]>({ call: "getprocpvd" })).length > 0);
  assert.equal(arrivals(it, 0, NETWORK_1.hostAddress), visited);
  await assertNoLeak(it);
});

for (const [stays, goes] of [[0, 1], [1, 0]] as const) {
  const name = `two routers on one link, r${goes + 1} goes: what one thread heard holds in all`;
  test(name, lab, async () => {
    await using world = new World();
    const it = await site(world, twoRouters);
    const { host } = it;
    const [own, other] = [stays, goes].map((at) => [it.r1, it.r2][at]!);
    const probe = new SocketProbe(host);
    await probe.ask({ call: "remember", solicit: true });
    const address = own!.network.hostAddress;
    await probe.ask({ call: "setprocpvd", address, remembered: true });
    await refuses("EPVDROUTE", probe.ask({ call: "visit", to: service6 }));
    // A worker that starts after this takes all addresses of the link for the router's that is left.
    await other!.advertiser!.update({ ...advertisementOf(other!.network), lifetimeSeconds: 0 });
    await waitFor("its route to go", () => host.routes(6, "default").length === 1);
    await unnamed(probe, families(own!.network)[0]!);
    await assertNoLeak(it);
  });
}
