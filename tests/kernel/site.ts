/**
 * Two networks at a host with captures at both routers: what tests of sockets on a PvD stand on, and the assertion of all of
 * them.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  AF_INET,
  AF_INET6,
  IPPROTO_ICMPV6,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
} from "../../lib/socket/options.ts";
import {
  type Capture,
  type Host,
  type LabRouter,
  type Network,
  NETWORK_1,
  NETWORK_2,
  SERVICE_IPV4,
  SERVICE_IPV6,
  type twoLinks,
  type World,
} from "../lab/mod.ts";
import { ECHO_PORT, echoServer, type ProbeSocket, SocketProbe } from "./socket_probe.ts";

export const service6 = { address: SERVICE_IPV6, port: ECHO_PORT };
export const service4 = { address: SERVICE_IPV4, port: ECHO_PORT };

/** What a network's host sends from, and where to. */
export const families = (network: Network) => [
  { source: network.hostAddress, to: service6 },
  { source: network.hostIpv4, to: service4 },
];

export interface Site {
  host: Host;
  r1: LabRouter;
  r2: LabRouter;
  captures: Capture[];
}

/** Two networks with servers at both routers, and a capture at each. */
export async function site(world: World, topology: typeof twoLinks): Promise<Site> {
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

/** A prefix that a network's router may announce later. */
export const RENUMBERED = {
  prefix: "2001:db8:3::/64",
  hostAddress: "2001:db8:3::ff:fe00:a0a",
};

/**
 * The network's router gives its old prefix up and announces {@linkcode RENUMBERED}; ends when the host has the new
 * address, and the old one too.
 */
export async function renumber(host: Host, { advertiser, host: router, network }: LabRouter) {
  await advertiser!.update({
    prefixes: [
      { prefix: network.prefix, preferredSeconds: 0, validSeconds: 7200 },
      { prefix: RENUMBERED.prefix },
    ],
  });
  router.ip("-6", "route", "add", RENUMBERED.prefix, "dev", "lan0");
  await host.waitForAddresses([RENUMBERED.hostAddress]);
}

/**
 * The assertion: no frame with one network's source was sent to another network's router.
 *
 * @param renumbered The router that was, if any.
 */
export async function assertNoLeak(
  { captures, r1, r2 }: Site,
  renumbered: LabRouter = r2,
): Promise<void> {
  const frames = await Promise.all(captures.map((capture) => capture.stop()));
  [r1, r2].forEach((router, at) => {
    const foreign = [r1, r2][1 - at]!.network;
    const leaks = frames[at]!.filter(({ direction, dstMac, src }) =>
      direction === "in" && dstMac === router.network.routerMac &&
      (ownedBy(foreign, src) || (src === RENUMBERED.hostAddress && router !== renumbered))
    );
    assert.deepEqual(leaks, [], `at the router of ${router.network.prefix}`);
  });
}

/** How many frames a network's router got from its own host's address. */
export function arrivals({ captures }: Site, at: 0 | 1, source: string): number {
  const mac = [NETWORK_1, NETWORK_2][at]!.routerMac;
  return captures[at]!.frames.filter((f) => f.src === source && f.dstMac === mac).length;
}

export const LINKS = { twoLinks: ["h0", "h1"], twoRouters: ["h0", "h0"] } as const;

/** How packets are routed by their source; "installed": by `mif route install`. */
export type Routing = "none" | "by table" | "by rule" | "installed";

/** Makes it so that each source has its router. */
export async function arrange(
  host: Host,
  topology: "twoLinks" | "twoRouters",
  routing: Routing,
): Promise<void> {
  if (routing === "installed") await new SocketProbe(host).ask({ call: "install routes" });
  else routeBySource(host, LINKS[topology], routing);
}

/**
 * A table for each router, found by the source. "by table": a backstop in the table, and main for what is on a link.
 * "by rule": the table has all that the source may reach, and a rule is the backstop, as `mif route install` makes it.
 */
export function routeBySource(
  host: Host,
  links: readonly [string, string],
  routing: Routing,
): void {
  if (routing === "none") return;
  for (const family of [4, 6]) {
    const commands = [NETWORK_1, NETWORK_2].flatMap((network, at) => {
      const prefix = family === 6 ? network.prefix : network.ipv4Prefix;
      const gateway = family === 6 ? network.routerLinkLocal : network.routerIpv4;
      const table = 101 + at;
      const link = links[at];
      const own = [
        `route add default via ${gateway} dev ${link} table ${table}`,
        `rule add from ${prefix} lookup ${table} pref ${1010 + at}`,
      ];
      if (routing === "by rule") {
        const linkLocal = family === 6 ? [`route add fe80::/64 dev ${link} table ${table}`] : [];
        const onLink = `route add ${prefix} dev ${link} table ${table}`;
        const stop = `rule add from ${prefix} iif lo unreachable pref 1020`;
        return [...linkLocal, onLink, ...own.map(localOnly), stop];
      }
      return [
        ...own,
        `route add unreachable default metric 4278198272 table ${table}`,
        `rule add from ${prefix} lookup main suppress_prefixlength 0 pref ${1000 + at}`,
      ];
    });
    host.shell(`ip -${family} -batch - <<'.'\n${commands.join("\n")}\n.`);
  }
}

/** What the host forwards for others may have the same source. */
function localOnly(command: string): string {
  return command.replace(/^(rule .*) lookup/, "$1 iif lo lookup");
}

/** A socket on the PvD that has this address, with no other of its addresses as source. */
export async function openFrom(
  probe: SocketProbe,
  source: string,
  type: number,
): Promise<ProbeSocket> {
  const opened = await probe.open(source.includes(":") ? AF_INET6 : AF_INET, type);
  await opened.do({ call: "bind", to: { address: source } });
  await opened.do({ call: "select", address: source });
  return opened;
}

/**
 * Opens a connected socket of each kind from one source and has the far server tell the source it saw.
 *
 * @param open How the sockets are opened: openOn() or openFrom().
 */
export async function exercise(
  probe: SocketProbe,
  { source, to }: { source: string; to: { address: string; port: number } },
  open: typeof openFrom = (probe, source, type) => probe.openOn(source, type),
): Promise<void> {
  for (const type of [SOCK_STREAM, SOCK_DGRAM]) {
    const connected = await open(probe, source, type);
    await connected.do({ call: "connect", to });
    assert.equal(await connected.echo(), source);
    assert.ok((await connected.do<string[]>({ call: "pvd" })).includes(source));
    await connected.close();
  }
  const unconnected = await open(probe, source, SOCK_DGRAM);
  assert.equal(await unconnected.echo(to), source);
  const control = source.includes(":")
    ? [{ name: "IPV6_PKTINFO" as const, address: source }]
    : [{ name: "IP_PKTINFO" as const, source }];
  await unconnected.do({ call: "send", text: "who", to, control });
  assert.equal(await unconnected.do({ call: "recv" }), source);
  await unconnected.close();
}

/** An echo request by raw ICMPv6; the kernel fills in the checksum. */
export function ping(raw: ProbeSocket): Promise<unknown> {
  const bytes = [128, 0, 0, 0, 0, 1, 0, 1];
  return raw.do({ call: "send", text: "", bytes, to: { address: SERVICE_IPV6 } });
}

/** A raw ICMPv6 socket on the PvD of this address. */
export function openRaw(probe: SocketProbe, source: string): Promise<ProbeSocket> {
  return probe.openOn(source, SOCK_RAW, IPPROTO_ICMPV6);
}
