// Sockets that stay on their PvD, on real links: captures at every router say which frames came to it, and no frame with
// one PvD's source may come to another PvD's router.

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
  labSkip,
  NETWORK_1,
  NETWORK_2,
  SERVICE_IPV4,
  SERVICE_IPV6,
  temporaryAndDeprecated,
  twoLinks,
  twoRouters,
  waitFor,
  World,
} from "../lab/mod.ts";
import { parseAddress } from "../../lib/ip/address.ts";
import { mif, ROOT } from "./mif.ts";
import {
  arrange,
  arrivals,
  assertNoLeak,
  exercise,
  families,
  LINKS,
  openFrom,
  openRaw,
  ping,
  renumber,
  RENUMBERED,
  routeBySource,
  type Routing,
  service4,
  service6,
  type Site,
  site,
} from "./site.ts";
import { ECHO_PORT, echoServer, ProbeSocket, refuses, SocketProbe } from "./socket_probe.ts";
import type { SocketRequest } from "./socket_script.ts";

const lab = { skip: labSkip(), timeout: 60_000 };
const TOPOLOGIES = { twoLinks, twoRouters };
const PRIVILEGES = [{ unprivileged: false }, { unprivileged: true }];

const GROUNDS = [
  ["twoLinks", "none"],
  ["twoLinks", "by rule"],
  ["twoLinks", "installed"],
  ["twoRouters", "by table"],
  ["twoRouters", "by rule"],
  ["twoRouters", "installed"],
] as const;

for (const [topology, routing] of GROUNDS) {
  test(
    `${topology}, routed by source ${routing}: every packet goes by its router`,
    lab,
    async () => {
      await using world = new World();
      const it = await site(world, TOPOLOGIES[topology]);
      await arrange(it.host, topology, routing);
      for (const privileges of PRIVILEGES) {
        const probe = new SocketProbe(it.host, privileges);
        for (const [at, network] of [NETWORK_1, NETWORK_2].entries()) {
          for (const way of families(network)) {
            // IPv4 has one PvD for an interface: its first address is the one that is taken.
            const isSecond = topology === "twoRouters" && at === 1 && way.to === service4;
            await exercise(probe, way, isSecond ? openFrom : undefined);
            await waitFor(
              `frames from ${way.source}`,
              () => arrivals(it, at as 0 | 1, way.source) > 0,
            );
          }
          if (privileges.unprivileged) continue;
          const raw = await openRaw(probe, network.hostAddress);
          await ping(raw);
          assert.ok((await raw.do<string[]>({ call: "pvd" })).includes(network.hostAddress));
        }
      }
      await waitFor(
        "the ICMPv6 messages",
        () => it.captures.every(({ frames }) => frames.some(({ icmpType }) => icmpType === 128)),
      );
      await assertNoLeak(it);
    },
  );
}

test(
  "two routers on one link without routing rules: every PvD is refused, and no frame leaves",
  lab,
  async () => {
    await using world = new World();
    const it = await site(world, twoRouters);
    const probe = new SocketProbe(it.host, { unprivileged: true });
    for (const type of [SOCK_STREAM, SOCK_DGRAM]) {
      await refuses("EADDRNOTAVAIL", probe.openOn(NETWORK_1.hostAddress, type));
      await refuses("EPVDROUTE", probe.openOn(NETWORK_1.hostIpv4, type));
      const bound = await probe.open(AF_INET, type);
      await bound.do({ call: "bind", to: { address: NETWORK_2.hostIpv4 } });
      await refuses("EPVDROUTE", bound.do({ call: "select", address: NETWORK_2.hostIpv4 }));
    }
    // Who heard the routers knows whose the addresses are, and still cannot hold packets to one of them.
    const root = new SocketProbe(it.host);
    await root.ask({ call: "remember", solicit: true });
    for (const { hostAddress } of [NETWORK_1, NETWORK_2]) {
      for (const [type, protocol] of [[SOCK_STREAM], [SOCK_DGRAM], [SOCK_RAW, IPPROTO_ICMPV6]]) {
        const opened = await root.open(AF_INET6, type!, protocol);
        await refuses(
          "EPVDROUTE",
          opened.do({ call: "select", address: hostAddress, remembered: true }),
        );
      }
    }
    for (const capture of it.captures) {
      const frames = capture.frames.filter(({ protocol, icmpType }) =>
        protocol === 6 || protocol === 17 || icmpType === 128
      );
      assert.deepEqual(frames, []);
    }
    await assertNoLeak(it);
  },
);

/** Two routers on one link with a table for each, and an unprivileged program. */
async function routedSite(
  world: World,
  routing: Routing = "by table",
): Promise<Site & { probe: SocketProbe }> {
  const it = await site(world, twoRouters);
  routeBySource(it.host, LINKS.twoRouters, routing);
  return { ...it, probe: new SocketProbe(it.host, { unprivileged: true }) };
}

test(
  "mif route install is found by sockets that are open, and missed when it is removed",
  lab,
  async () => {
    await using world = new World();
    const it = await site(world, twoRouters);
    const before = new SocketProbe(it.host, { unprivileged: true });
    await refuses("EADDRNOTAVAIL", before.openOn(NETWORK_2.hostAddress, SOCK_DGRAM));
    const installed = await mif(it.host, ROOT, "route", "install", "--solicit");
    assert.equal(installed.status, 0, installed.stderr);
    const live = await Promise.all(
      families(NETWORK_2).map(async ({ source, to }) => {
        const opened = await openFrom(before, source, SOCK_STREAM);
        await opened.do({ call: "connect", to });
        assert.equal(await opened.echo(), source);
        return opened;
      }),
    );
    assert.equal((await mif(it.host, ROOT, "route", "remove")).status, 0);
    for (const each of live) {
      await refuses("ENETUNREACH", each.do({ call: "send", text: "more" }));
      await each.close();
    }
    await assertNoLeak(it);
  },
);

test("what would lead a packet elsewhere is refused", lab, async () => {
  await using world = new World();
  const it = await routedSite(world);
  const { probe, r1, r2 } = it;
  const udp = await probe.openOn(NETWORK_1.hostAddress, SOCK_DGRAM);
  const udp4 = await probe.openOn(NETWORK_1.hostIpv4, SOCK_DGRAM);
  const send = (request: Partial<Extract<SocketRequest, { call: "send" }>>, by = udp) =>
    by.do({ call: "send", text: "x", to: by === udp ? service6 : service4, ...request });
  const foreign = [
    { name: "IPV6_PKTINFO" as const, address: r2.network.hostAddress },
    // The same in other words.
    { name: "IPV6_PKTINFO" as const, address: "2001:DB8:2:0::FF:FE00:A0A" },
    { name: "IPV6_PKTINFO" as const, interface: 1 },
    { name: "unknown" as const, level: 41, type: 50, data: in6Pktinfo(r2.network.hostAddress) },
    { name: "unknown" as const, level: 41, type: 2, data: in6Pktinfo(r2.network.hostAddress) },
    { name: "unknown" as const, level: 1, type: 36, data: [1, 0, 0, 0] },
    { name: "IPV6_RTHDR" as const, bytes: routingHeader(r2.network.routerAddress) },
    { name: "IPV6_RTHDR" as const, bytes: routingHeader("2001:db8:9::1", 3) },
  ];
  for (const message of foreign) {
    await refuses("EPVDROUTE", send({ control: [message as never] }));
  }
  await refuses(
    "EPVDROUTE",
    send({ control: [{ name: "IP_PKTINFO", source: r2.network.hostIpv4 }] }, udp4),
  );
  await refuses("EPVDROUTE", send({ flags: 4 }));
  const elsewhere = [
    r2.network.routerAddress,
    r2.network.routerLinkLocal,
    `${r2.network.routerLinkLocal}%1`,
    "fe80::9%1",
    "::ffff:192.0.2.1",
    "ff0e::1",
  ];
  for (const address of elsewhere) {
    await refuses("EPVDROUTE", send({ to: { address, port: ECHO_PORT } }));
  }
  for (const address of [r2.network.routerIpv4, "239.1.1.1"]) {
    await refuses("EPVDROUTE", send({ to: { address, port: ECHO_PORT } }, udp4));
  }
  const steering = [[1, 5], [1, 25], [1, 36], [1, 62], [41, 1], [41, 5], [41, 9], [41, 17], [
    41,
    50,
  ]];
  for (const [level, name] of [...steering, [41, 57], [41, 76], [41, 32], [0, 4], [0, 50]]) {
    await refuses("EPERM", udp.do({ call: "setsockopt", level: level!, name: name!, value: 1 }));
  }
  for (const address of [r2.network.hostAddress, "fe80::ff:fe00:a0a", "::ffff:203.0.113.10"]) {
    await refuses("EADDRNOTAVAIL", udp.do({ call: "bind", to: { address } }));
  }
  // And what does not.
  await udp.do({ call: "bind", to: { address: "0:0::0" } });
  assert.equal(await udp.echo(service6), r1.network.hostAddress);
  assert.equal(await udp.echo({ address: r1.network.routerAddress, port: ECHO_PORT }), udpSource);
  await send({ control: [{ name: "IPV6_HOPLIMIT", value: 9 }, { name: "IPV6_TCLASS", value: 4 }] });
  await send({ to: { address: r1.network.routerLinkLocal, port: ECHO_PORT } });
  assert.equal(await udp4.echo(service4), NETWORK_1.hostIpv4);
  assert.equal(
    await udp4.echo({ address: r1.network.routerIpv4, port: ECHO_PORT }),
    r1.network.hostIpv4,
  );
  await assertNoLeak(it);
});

const udpSource = NETWORK_1.hostAddress;

/** struct in6_pktinfo. */
function in6Pktinfo(address: string): number[] {
  return [...parseAddress(address)!.bytes, 0, 0, 0, 0];
}

/** A routing header of RFC 6275 6.4, or of another type. */
function routingHeader(address: string, type = 2): number[] {
  return [0, 2, type, type === 4 ? 0 : 1, 0, 0, 0, 0, ...parseAddress(address)!.bytes];
}

test("a socket that was led elsewhere before is not put on a PvD", lab, async () => {
  await using world = new World();
  const { host } = await twoLinks(world);
  const probe = new SocketProbe(host);
  const prepared: [number, number, number, number, number | number[]][] = [
    [AF_INET6, SOCK_DGRAM, 1, 5, 1],
    [AF_INET6, SOCK_DGRAM, 41, 76, [0, 0, 0, 1]],
    [AF_INET6, SOCK_DGRAM, 41, 57, routingHeader("2001:db8:9::1", 4)],
    [AF_INET, SOCK_DGRAM, 0, 4, [131, 7, 4, 203, 0, 113, 1, 0]],
    [AF_INET, SOCK_RAW, 0, 3, 1],
    [AF_INET6, SOCK_RAW, 41, 36, 1],
  ];
  for (const [family, type, level, name, value] of prepared) {
    const opened = await probe.open(family, type, type === SOCK_RAW ? 59 : 0);
    await opened.do({ call: "setsockopt", level, name, value });
    const address = family === AF_INET ? NETWORK_1.hostIpv4 : NETWORK_1.hostAddress;
    await refuses("EOPNOTSUPP", opened.do({ call: "select", address }));
  }
  const others = [[AF_INET6, SOCK_RAW, 255], [AF_INET6, SOCK_STREAM, 262]] as const;
  for (const [family, type, protocol] of others) {
    const opened = await probe.open(family, type, protocol);
    await refuses("EOPNOTSUPP", opened.do({ call: "select", address: NETWORK_1.hostAddress }));
  }
  // The sticky source cannot be read; it is taken away.
  const sticky = await probe.open(AF_INET6, SOCK_DGRAM);
  await sticky.do({
    call: "setsockopt",
    level: 41,
    name: 50,
    value: in6Pktinfo(NETWORK_2.hostAddress),
  });
  await sticky.do({ call: "select", address: NETWORK_1.hostAddress });
  await sticky.do({ call: "connect", to: service6 });
  assert.deepEqual(
    (await sticky.do<{ address: string }[]>({ call: "names" }))[0]!.address,
    udpSource,
  );
});

const hostileRules: [string, string][] = [
  ["an earlier rule by port", "rule add pref 10 dport 443 lookup 102"],
  ["an earlier rule by user", "rule add pref 10 uidrange 60000-60001 lookup 102"],
  ["an earlier rule by traffic class", "rule add pref 10 tos 0x10 lookup 102"],
  ["an earlier rule for some destinations", "rule add pref 10 to 2001:db8:77::/48 lookup 102"],
  ["an earlier rule for all but others", "rule add pref 10 not from 2001:db8:99::/64 lookup 102"],
  ["an earlier rule that leads on", "rule add pref 10 from all goto 32766"],
  ["a longer source prefix", "rule add pref 10 from 2001:db8:1:0::/60 lookup 102"],
];

test("rules before its own make a PvD unsure", lab, async () => {
  await using world = new World();
  const it = await routedSite(world);
  const { probe, host } = it;
  const live = await probe.openOn(NETWORK_1.hostAddress, SOCK_DGRAM);
  assert.equal(await live.echo(service6), NETWORK_1.hostAddress);
  for (const [what, rule] of hostileRules) {
    host.shell(`ip -6 ${rule}`);
    await refuses("EPVDROUTE", probe.openOn(NETWORK_1.hostAddress, SOCK_DGRAM));
    host.shell("ip -6 rule del pref 10");
    const again = await probe.openOn(NETWORK_1.hostAddress, SOCK_DGRAM);
    assert.equal(await again.echo(service6), NETWORK_1.hostAddress, what);
  }
  // What a rule leads to counts, not that it is there.
  host.shell(
    "ip -6 rule add pref 10 dport 443 lookup 101; ip -6 rule add pref 11 iif h0 lookup 102",
  );
  host.shell(
    "ip -6 rule add pref 12 fwmark 7 lookup 102; ip -6 rule add pref 13 oif lo lookup 102",
  );
  await probe.openOn(NETWORK_1.hostAddress, SOCK_DGRAM);
  await assertNoLeak(it);
});

test(
  "the getter reads the descriptor: a duplicate, an accepted connection, a plain socket",
  lab,
  async () => {
    await using world = new World();
    const it = await site(world, twoLinks);
    const probe = new SocketProbe(it.host, { unprivileged: true });
    for (const { source, to } of families(NETWORK_2)) {
      const family = source.includes(":") ? AF_INET6 : AF_INET;
      const plain = await probe.open(family, SOCK_STREAM);
      assert.equal(await plain.do({ call: "pvd" }), null);
      await plain.do({ call: "select", address: null });
      await plain.do({ call: "select", address: source });
      await refuses("EOPNOTSUPP", plain.do({ call: "select", address: null }));
      await plain.do({ call: "select", address: source });
      const other = [NETWORK_1.hostAddress, NETWORK_1.hostIpv4][family === AF_INET ? 1 : 0]!;
      await refuses("EINVAL", plain.do({ call: "select", address: other }));
      const duplicate = new ProbeSocket(probe, await plain.do<number>({ call: "dup" }));
      assert.ok((await duplicate.do<string[]>({ call: "pvd" })).includes(source));
      await plain.do({ call: "connect", to });
      await refuses("EISCONN", plain.do({ call: "select", address: source }));
      await refuses("EISCONN", duplicate.do({ call: "select", address: source }));
      const foreign = await probe.open(family, SOCK_DGRAM);
      await foreign.do({ call: "bind", to: { address: other } });
      await refuses("EINVAL", foreign.do({ call: "select", address: source }));
    }
    await assertNoLeak(it);
  },
);

for (const routing of ["none", "by table", "by rule"] as const) {
  const name = "a listening socket answers only on its PvD, and its connections stay there";
  test(`${name}, routed by source ${routing}`, lab, async () => {
    await using world = new World();
    const it = await site(world, twoLinks);
    routeBySource(it.host, LINKS.twoLinks, routing);
    const { host, r1, r2 } = it;
    const probe = new SocketProbe(host, { unprivileged: true });
    const ways = [
      [NETWORK_2.hostAddress, NETWORK_1.hostAddress, "inet6"],
      [NETWORK_2.hostIpv4, NETWORK_1.hostIpv4, "inet"],
    ] as const;
    for (const [own, through, family] of ways) {
      const listener = await probe.openOn(own, SOCK_STREAM);
      await listener.do({ call: "bind", to: { address: own, port: 7007 } });
      await listener.do({ call: "listen" });
      const accepting = listener.do<number>({ call: "accept" });
      const client = await new SocketProbe(r2.host).open(
        own.includes(":") ? AF_INET6 : AF_INET,
        SOCK_STREAM,
      );
      await client.do({ call: "connect", to: { address: own, port: 7007 } });
      const accepted = new ProbeSocket(probe, await accepting);
      assert.ok((await accepted.do<string[]>({ call: "pvd" })).includes(own));
      await accepted.do({ call: "send", text: "hello" });
      assert.equal(await client.do({ call: "recv" }), "hello");
      // By the other link the same address is not reached.
      r1.host.ip("-family", family, "route", "add", own, "via", through, "dev", "lan0");
      const stranger = await new SocketProbe(r1.host).open(
        own.includes(":") ? AF_INET6 : AF_INET,
        SOCK_STREAM,
      );
      await refuses(
        /ETIMEDOUT|ECONNREFUSED|EHOSTUNREACH/,
        stranger.do({ call: "connect", to: { address: own, port: 7007 }, timeoutMs: 600 }),
      );
      await accepted.close();
    }
    // The kernel itself tells the stranger that nobody listens there. No socket of ours does, so only rules can keep
    // that on its PvD, and only where they leave no way to other networks' links.
    if (routing === "by rule") await assertNoLeak(it);
  });
}

test("a PvD that is gone is ENONET", lab, async () => {
  await using world = new World();
  const { host } = await twoLinks(world);
  const probe = new SocketProbe(host, { unprivileged: true });
  await probe.ask({ call: "remember" });
  const select = async (address: string) => {
    const opened = await probe.open(address.includes(":") ? AF_INET6 : AF_INET, SOCK_STREAM);
    await opened.do({ call: "select", address, remembered: true });
  };
  await select(NETWORK_1.hostAddress);
  host.shell("ip -6 addr flush dev h0 scope global; ip addr flush dev h0; ip link set h1 down");
  for (const { hostAddress, hostIpv4 } of [NETWORK_1, NETWORK_2]) {
    await refuses("ENONET", select(hostAddress));
    await refuses("ENONET", select(hostIpv4));
  }
  host.shell(
    "ip link del h1; ip link set h0 down; ip link set h0 name other; ip link set other up",
  );
  await refuses("ENONET", select(NETWORK_1.hostAddress));
  await refuses("ENONET", select(NETWORK_2.hostAddress));
});

test("IPv4 without a route does not ask the link for far hosts", lab, async () => {
  await using world = new World();
  const it = await site(world, twoLinks);
  const { host, captures } = it;
  const probe = new SocketProbe(host, { unprivileged: true });
  const before = await probe.openOn(NETWORK_2.hostIpv4, SOCK_DGRAM);
  assert.equal(await before.echo(service4), NETWORK_2.hostIpv4);
  host.ip("route", "del", "default", "dev", "h1");
  await refuses(/ENETUNREACH|EPVDROUTE/, before.do({ call: "send", text: "x", to: service4 }));
  for (const type of [SOCK_STREAM, SOCK_DGRAM]) {
    const after = await probe.openOn(NETWORK_2.hostIpv4, type);
    await refuses(/ENETUNREACH|EPVDROUTE/, after.do({ call: "connect", to: service4 }));
    // The link itself is still reached.
    const near = { address: NETWORK_2.routerIpv4, port: ECHO_PORT };
    await after.do({ call: "connect", to: near });
    assert.equal(await after.echo(), NETWORK_2.hostIpv4);
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
  const asked = captures.flatMap(({ frames }) =>
    frames.filter(({ etherType, dst }) => etherType === 0x0806 && dst === SERVICE_IPV4)
  );
  assert.deepEqual(asked, []);
  await assertNoLeak(it);
});

test(
  "the temporary address is taken where RFC 5014's flag asks for it, a deprecated one never",
  lab,
  async () => {
    await using world = new World();
    const { host, r1 } = await temporaryAndDeprecated(world);
    await echoServer(r1.host, [SERVICE_IPV6]);
    const probe = new SocketProbe(host, { unprivileged: true });
    const temporary = host.addresses("h0").find((a) => a.temporary && !a.deprecated)!.local;
    for (const [flag, source] of [[1, temporary], [2, NETWORK_1.hostAddress]] as const) {
      for (const type of [SOCK_STREAM, SOCK_DGRAM]) {
        const opened = await probe.open(AF_INET6, type);
        await opened.do({ call: "setsockopt", level: 41, name: 72, value: flag });
        assert.equal(await opened.do({ call: "select", address: NETWORK_1.hostAddress }), source);
        await opened.do({ call: "connect", to: service6 });
        assert.equal(await opened.echo(), source);
      }
    }
  },
);

test("an error says what is wrong, what was wanted, and the repair", lab, async () => {
  await using world = new World();
  const { host } = await twoLinks(world);
  const probe = new SocketProbe(host, { unprivileged: true });
  const repair = "mif route install \\(once, with CAP_NET_ADMIN\\)";
  const pvd = `${NETWORK_2.routerLinkLocal}%h1`;
  const index = host.ipJson<{ ifindex: number }>("link", "show", "dev", "h1")[0]!.ifindex;
  const opened = await probe.openOn(NETWORK_2.hostAddress, SOCK_STREAM);
  host.ip("route", "add", "2001:db8:77::/48", "via", "fe80::99", "dev", "h1");
  const connecting = opened.do({ call: "connect", to: { address: "2001:db8:77::1", port: 9 } });
  await assert.rejects(connecting, {
    code: "EPVDROUTE",
    message: new RegExp(
      `^Cannot stay on PvD ${pvd}: to 2001:db8:77::1 the kernel would take ` +
        `router fe80::99 on interface ${index} instead of ${NETWORK_2.routerLinkLocal}; ${repair}`,
    ),
  });
  host.ip("route", "add", "default", "via", "fe80::99", "dev", "h1", "metric", "2000");
  await assert.rejects(probe.openOn(NETWORK_2.hostAddress, SOCK_STREAM), {
    code: "EPVDROUTE",
    message: new RegExp(
      `^Cannot stay on PvD \\S+: packets from ${NETWORK_2.hostAddress} could come to ` +
        `router \\S+ on interface \\d+ \\(table 254\\).*; ${repair}`,
    ),
  });
  // Of another family than the PvD's, and closed.
  const ipv4 = await probe.open(AF_INET, SOCK_DGRAM);
  const wrongFamily = ipv4.do({ call: "select", address: NETWORK_1.hostAddress });
  await assert.rejects(wrongFamily, {
    code: "EADDRNOTAVAIL",
    message: /^Cannot select PvD fe80::ff:fe00:101%h0: it has no IPv4 address/,
  });
  await ipv4.close();
  await refuses("EBADF", ipv4.do({ call: "select", address: NETWORK_1.hostIpv4 }));
});

test(
  "renumbering: the old address goes on while it is there, the new one needs a way of its own",
  lab,
  async () => {
    await using world = new World();
    const it = await routedSite(world);
    const { probe, r1, host } = it;
    const old = await probe.openOn(NETWORK_1.hostAddress, SOCK_STREAM);
    await old.do({ call: "connect", to: service6 });
    assert.equal(await old.echo(), NETWORK_1.hostAddress);
    await renumber(host, r1);
    const renumbered = RENUMBERED.hostAddress;
    assert.equal(await old.echo(), NETWORK_1.hostAddress);
    await refuses(/EPVDROUTE|EADDRNOTAVAIL/, probe.openOn(renumbered, SOCK_STREAM));
    host.shell(
      "ip -6 rule add from 2001:db8:3::/64 lookup main suppress_prefixlength 0 pref 1003; " +
        "ip -6 rule add from 2001:db8:3::/64 lookup 101 pref 1013",
    );
    const next = await probe.openOn(renumbered, SOCK_DGRAM);
    assert.equal(await next.echo(service6), renumbered);
    await assertNoLeak(it, r1);
  },
);
