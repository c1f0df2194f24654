// Sockets that stay on their PvD, on real links: captures at every router say which frames came to it, and no frame with
// one PvD's source may come to another PvD's router.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
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
  type Capture,
  type Host,
  type LabRouter,
  labSkip,
  type Network,
  NETWORK_1,
  NETWORK_2,
  SERVICE_IPV4,
  SERVICE_IPV6,
  twoLinks,
  twoRouters,
  waitFor,
  World,
} from "../lab/mod.ts";
import { ECHO_PORT, echoServer, type ProbeSocket, refuses, SocketProbe } from "./socket_probe.ts";

const lab = { skip: labSkip(), timeout: 60_000 };
const PRIVILEGES = [{ unprivileged: false }, { unprivileged: true }];
const service6 = { address: SERVICE_IPV6, port: ECHO_PORT };
const service4 = { address: SERVICE_IPV4, port: ECHO_PORT };

/** What a network's host sends from, and where to. */
const families = (network: Network) => [
  { source: network.hostAddress, to: service6 },
  { source: network.hostIpv4, to: service4 },
];

interface Site {
  host: Host;
  r1: LabRouter;
  r2: LabRouter;
  captures: Capture[];
}

/** Two networks with servers at both routers, and a capture at each. */
async function site(world: World, topology: typeof twoLinks): Promise<Site> {
  const { host, r1, r2 } = await topology(world);
  const routers = [r1, r2];
  await Promise.all(routers.map(({ host: router, network }) =>
    echoServer(router, [
      SERVICE_IPV6,
      SERVICE_IPV4,
      network.routerAddress,
      network.routerIpv4,
    ])
  ));
  const captures = await Promise.all(routers.map((router) => router.host.capture("lan0")));
  return { host, r1, r2, captures };
}

function ownedBy({ hostAddress, prefix, hostIpv4 }: Network, source: string | null): boolean {
  return source !== null &&
    (source === hostAddress || source === hostIpv4 ||
      source.startsWith(prefix.split("::")[0]! + ":"));
}

/** The assertion: no frame with one network's source was sent to another network's router. */
async function assertNoLeak({ captures, r1, r2 }: Site): Promise<void> {
  const frames = await Promise.all(captures.map((capture) => capture.stop()));
  [r1, r2].forEach((router, at) => {
    const foreign = [r1, r2][1 - at]!.network;
    const leaks = frames[at]!.filter(({ direction, dstMac, src }) =>
      direction === "in" && dstMac === router.network.routerMac && ownedBy(foreign, src)
    );
    assert.deepEqual(leaks, [], `at the router of ${router.network.prefix}`);
  });
}

/** How many frames a network's router got from its own host's address. */
function arrivals({ captures }: Site, at: 0 | 1, source: string): number {
  const mac = [NETWORK_1, NETWORK_2][at]!.routerMac;
  return captures[at]!.frames.filter((f) => f.src === source && f.dstMac === mac).length;
}

const LINKS = { twoLinks: ["h0", "h1"], twoRouters: ["h0", "h0"] } as const;

/** A table for each router, with a backstop, found by the source: what `mif route install` makes. */
function routeBySource(host: Host, links: readonly [string, string]): void {
  for (const family of [4, 6]) {
    const commands = [NETWORK_1, NETWORK_2].flatMap((network, at) => {
      const prefix = family === 6 ? network.prefix : network.ipv4Prefix;
      const gateway = family === 6 ? network.routerLinkLocal : network.routerIpv4;
      const table = 101 + at;
      return [
        `route add default via ${gateway} dev ${links[at]} table ${table}`,
        `route add unreachable default metric 4278198272 table ${table}`,
        `rule add from ${prefix} lookup main suppress_prefixlength 0 pref ${1000 + at}`,
        `rule add from ${prefix} lookup ${table} pref ${1010 + at}`,
      ];
    });
    host.shell(`ip -${family} -batch - <<'.'\n${commands.join("\n")}\n.`);
  }
}

/** Opens a connected socket of each kind from one source and has the far server tell the source it saw. */
async function exercise(
  probe: SocketProbe,
  { source, to }: { source: string; to: { address: string; port: number } },
): Promise<void> {
  for (const type of [SOCK_STREAM, SOCK_DGRAM]) {
    const connected = await probe.openOn(source, type);
    await connected.do({ call: "connect", to });
    assert.equal(await connected.echo(), source);
    assert.ok((await connected.do<string[]>({ call: "pvd" })).includes(source));
    await connected.close();
  }
  const unconnected = await probe.openOn(source, SOCK_DGRAM);
  assert.equal(await unconnected.echo(to), source);
  const control = source.includes(":")
    ? [{ name: "IPV6_PKTINFO" as const, address: source }]
    : [{ name: "IP_PKTINFO" as const, source }];
  await unconnected.do({ call: "send", text: "who", to, control });
  assert.equal(await unconnected.do({ call: "recv" }), source);
  await unconnected.close();
}

/** An echo request by raw ICMPv6; the kernel fills in the checksum. */
async function ping(probe: SocketProbe, source: string): Promise<void> {
  const raw = await probe.openOn(source, SOCK_RAW, IPPROTO_ICMPV6);
  const bytes = [128, 0, 0, 0, 0, 1, 0, 1];
  await raw.do({ call: "send", text: "", bytes, to: { address: SERVICE_IPV6 } });
  await raw.close();
}

for (const [name, topology] of [["twoLinks", twoLinks], ["twoRouters", twoRouters]] as const) {
  for (const routed of [false, true]) {
    if (name === "twoRouters" && !routed) continue;
    test(
      `${name}${routed ? ", routed by source" : ""}: every packet goes by its router`,
      lab,
      async () => {
        await using world = new World();
        const it = await site(world, topology);
        if (routed) routeBySource(it.host, LINKS[name]);
        for (const privileges of PRIVILEGES) {
          const probe = new SocketProbe(it.host, privileges);
          for (const [at, network] of [NETWORK_1, NETWORK_2].entries()) {
            for (const way of families(network)) {
              // IPv4 has one PvD for an interface: its first address is the one that is taken.
              if (name === "twoRouters" && at === 1 && way.to === service4) continue;
              await exercise(probe, way);
              await waitFor(
                `frames from ${way.source}`,
                () => arrivals(it, at as 0 | 1, way.source) > 0,
              );
            }
            if (!privileges.unprivileged) await ping(probe, network.hostAddress);
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

/** What happens to the second network, or the first, while connections of it live; and what becomes of them. */
interface Event {
  name: string;
  happen(it: Site): Promise<void> | void;
  /** What the next operation says; null where the connections go on. */
  outcome: RegExp | null;
}

/** As a daemon that follows the routers would. */
const emptyTable = ({ host, r2 }: Site) => {
  host.shell(
    `ip -6 route del default via ${r2.network.routerLinkLocal} table 102; ` +
      `ip -4 route del default via ${r2.network.routerIpv4} table 102`,
  );
};

const routedEvents: Event[] = [
  {
    name: "router withdrawn",
    happen: async (it) => {
      await it.r2.advertiser!.update({
        ...advertisementOf(it.r2.network),
        lifetimeSeconds: 0,
      });
      emptyTable(it);
    },
    outcome: /ENETUNREACH/,
  },
  {
    name: "router silently dead",
    happen: ({ r2 }) => void r2.host.ip("link", "set", "lan0", "down"),
    outcome: /ETIMEDOUT/,
  },
  {
    name: "address deprecated",
    happen: ({ host }) =>
      void host.ip(
        ..."-6 addr change 2001:db8:2::ff:fe00:a0a/64 dev h0 preferred_lft 0 valid_lft 1000"
          .split(" "),
      ),
    outcome: null,
  },
  {
    name: "address removed",
    happen: ({ host }) =>
      void host.shell(
        "ip addr del 2001:db8:2::ff:fe00:a0a/64 dev h0; ip addr del 203.0.113.10/24 dev h0",
      ),
    outcome: /ENETUNREACH/,
  },
  {
    name: "link down",
    happen: ({ host }) => void host.ip("link", "set", "h0", "down"),
    outcome: /ENETUNREACH/,
  },
  {
    name: "rules removed by somebody",
    happen: ({ host }) =>
      void host.shell(
        "for p in 1001 1011; do ip -6 rule del pref $p; ip -4 rule del pref $p; done",
      ),
    outcome: /ENETUNREACH/,
  },
  {
    name: "backstop removed by somebody",
    happen: ({ host }) =>
      void host.shell("for f in 4 6; do ip -$f route del unreachable default table 102; done"),
    outcome: /ENETUNREACH/,
  },
  {
    name: "a specific route by the other router",
    happen: ({ host, r1 }) =>
      void host.shell(
        `ip -6 route add 2001:db8:ffff::/48 via ${r1.network.routerLinkLocal} dev h0; ` +
          `ip route add 192.0.2.0/24 via ${r1.network.routerIpv4} dev h0`,
      ),
    outcome: /ENETUNREACH/,
  },
  {
    name: "a rule for the port",
    happen: ({ host }) =>
      void host.shell(
        "for f in 4 6; do for d in dport sport; do " +
          `ip -$f rule add pref 10 ipproto tcp $d ${ECHO_PORT} lookup 101; done; done`,
      ),
    outcome: /ENETUNREACH/,
  },
];

/** Sockets of the second network that are in use when something happens to it. */
async function connectedSockets(probe: SocketProbe): Promise<ProbeSocket[]> {
  const sockets: ProbeSocket[] = [];
  for (const { source, to } of families(NETWORK_2)) {
    for (const type of [SOCK_STREAM, SOCK_DGRAM]) {
      const opened = await probe.open(source.includes(":") ? AF_INET6 : AF_INET, type);
      await opened.do({ call: "bind", to: { address: source } });
      await opened.do({ call: "select", address: source });
      await opened.do({ call: "connect", to });
      assert.equal(await opened.echo(), source);
      sockets.push(opened);
    }
  }
  return sockets;
}

async function survives(
  it: Site,
  { happen, outcome }: Event,
  unprivileged: boolean,
): Promise<void> {
  const probe = new SocketProbe(it.host, { unprivileged });
  const sockets = await connectedSockets(probe);
  const pending = sockets.map((each) =>
    each.do({ call: "recv", timeoutMs: 2000 }).then(() => "data", ({ code }) => code as string)
  );
  await happen(it);
  if (outcome === null) {
    for (const each of sockets) await each.do({ call: "send", text: "still" });
    assert.deepEqual(await Promise.all(pending), pending.map(() => "data"));
  } else {
    for (const code of await Promise.all(pending)) assert.match(code, outcome);
    // Sent twice, and closed: the kernel is to have something to send by itself.
    const attempts = [...sockets, ...sockets].map((each) =>
      each.do({ call: "send", text: "more" }).then(() => "sent", ({ code }) => code as string)
    );
    const codes = await Promise.all(attempts);
    if (outcome.test("ETIMEDOUT")) assert.ok(codes.every((code) => code === "sent"), `${codes}`);
    else for (const code of codes) assert.match(code, outcome);
  }
  await Promise.all(sockets.map((each) => each.close()));
  await new Promise((resolve) => setTimeout(resolve, 500));
  await assertNoLeak(it);
}

describe("connections while their network changes, two routers on one link", () => {
  for (const event of routedEvents) {
    test(event.name, lab, async () => {
      await using world = new World();
      const it = await site(world, twoRouters);
      routeBySource(it.host, LINKS.twoRouters);
      await survives(it, event, true);
    });
  }
});

const linkEvents: Event[] = [
  {
    name: "router withdrawn",
    happen: async ({ host, r2 }) => {
      await r2.advertiser!.update({ ...advertisementOf(r2.network), lifetimeSeconds: 0 });
      host.ip("route", "del", "default", "dev", "h1");
    },
    outcome: /ENETUNREACH/,
  },
  { ...routedEvents[1]! },
  {
    name: "address removed",
    happen: ({ host }) =>
      void host.shell(
        "ip addr del 2001:db8:2::ff:fe00:a0a/64 dev h1; ip addr del 203.0.113.10/24 dev h1",
      ),
    outcome: /ENETUNREACH/,
  },
  {
    name: "link down",
    happen: ({ host }) => void host.ip("link", "set", "h1", "down"),
    outcome: /ENETUNREACH/,
  },
  {
    name: "link taken away",
    happen: ({ host }) => void host.ip("link", "del", "h1"),
    outcome: /ENETUNREACH/,
  },
  {
    name: "another router on the link",
    happen: ({ host }) =>
      void host.shell(
        "ip -6 route add default via fe80::bad dev h1 metric 2000; " +
          "ip route add default via 203.0.113.66 dev h1 metric 2000",
      ),
    outcome: /ENETUNREACH/,
  },
];

describe("connections while their network changes, two links, no routing rules", () => {
  for (const event of linkEvents) {
    test(event.name, lab, async () => {
      await using world = new World();
      const it = await site(world, twoLinks);
      await survives(it, event, true);
    });
  }
});
