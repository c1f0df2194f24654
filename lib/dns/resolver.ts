/**
 * Names asked of the servers of one provisioning domain, from its addresses and through its routers.
 *
 * There is one resolver for each PvD, with its own memory. It is forgotten, answers and all, when the PvD loses an address or a
 * router, or gets other servers: what one network said is not believed in another.
 *
 * @module
 */

import { formatAddress } from "../ip/address.ts";
import { currentSnapshot } from "../netlink/current.ts";
import { recordAddress } from "../netlink/records.ts";
import type { KernelSnapshot } from "../netlink/snapshot.ts";
import { pvdInForce } from "../pvd/process_pvd.ts";
import type { PvdInfo } from "../pvd/pvd.ts";
import type { ResolvConf } from "../sources/resolv_conf.ts";
import { oncePerSnapshot } from "../socket/memory.ts";
import type { DnsName } from "./name.ts";
import { type AskOptions, type NameAnswer, PvdResolver } from "./pvd_resolver.ts";
import { systemResolvConf, systemServers } from "./system.ts";
import { TcpTransport } from "./tcp.ts";
import type { ServerAddress, Transports } from "./transport.ts";
import { UdpTransport } from "./udp.ts";

export type { AskOptions, NameAnswer, ResourceRecord } from "./pvd_resolver.ts";

/** How a PvD's servers are asked: each for a second at first, then for two and four. */
const PVD_TIMEOUT_MS = 1000;
const PVD_ATTEMPTS = 3;
const PVD_TOTAL_MS = 10_000;
const SYSTEM_TOTAL_MS = 60_000;
/** For so long the kernel's tables are taken to be as they were. */
const MOMENT_MS = 1;
/** PvDs that are remembered at the same time. */
const RESOLVERS_MAX = 64;

/** A PvD's resolver, and what it was made for. */
interface Known {
  resolver: PvdResolver;
  pvd: PvdInfo | null;
  /** Servers, addresses and routers: where they differ it is another network. */
  identity: string;
}

/** By the PvD's handle; null is the system. The least recently used first. */
const known = new Map<number | null, Known>();
/** The kernel's tables by which all of {@linkcode known} was found to be there. */
let foundBy: KernelSnapshot | null = null;

/**
 * Asks for the records of a name: nothing but the name itself, no search list, no file.
 *
 * @param name Absolute.
 * @param type As in {@linkcode RecordType}, or any other number of a type.
 * @param pvd Whose servers are asked; null is the process' default PvD, else the system's in the system's way.
 * @throws {MifError} EAI_AGAIN: no server answered, or it could not find out (SERVFAIL); EAI_FAIL: no server can be used
 *   for this; ENONET, EPVDROUTE, ENETUNREACH, EADDRNOTAVAIL: the PvD has no way to its servers; EACCES: which they are
 *   may not be read here.
 * @throws The signal's reason.
 */
export function resolveName(
  name: DnsName,
  type: number,
  pvd: PvdInfo | null,
  options: AskOptions = {},
): Promise<NameAnswer> {
  try {
    return resolverOf(pvdInForce(pvd)).resolve(name, type, options);
  } catch (error) {
    return Promise.reject(error);
  }
}

function resolverOf(pvd: PvdInfo | null): PvdResolver {
  const kernel = recentSnapshot();
  if (kernel !== foundBy) {
    for (const [handle, each] of known) {
      if (identityOf(each.pvd, kernel) !== each.identity) known.delete(handle);
    }
    foundBy = kernel;
  }
  const handle = pvd?.handle ?? null;
  const identity = identityOf(pvd, kernel);
  let found = known.get(handle);
  if (found?.identity !== identity) found = { resolver: open(pvd), pvd, identity };
  known.delete(handle);
  known.set(handle, found);
  if (known.size > RESOLVERS_MAX) known.delete(known.keys().next().value!);
  return found.resolver;
}

/** The kernel's tables as they were a moment ago at most: before a packet leaves, its socket looks again. */
function recentSnapshot(): KernelSnapshot {
  const nowMs = performance.now();
  if (recent === null || nowMs - recent.readMs > MOMENT_MS) {
    recent = { kernel: currentSnapshot(), readMs: nowMs };
  }
  return recent.kernel;
}

let recent: { kernel: KernelSnapshot; readMs: number } | null = null;

function open(pvd: PvdInfo | null): PvdResolver {
  const common = {
    transports: (server: ServerAddress) => transportsTo(pvd, server),
    nowMs: () => performance.now(),
  };
  // One that its file may not be read for has no servers either, and that can be helped.
  if (pvd && pvd.dnsServers.length === 0) systemResolvConf();
  if (pvd) {
    return new PvdResolver({
      ...common,
      servers: pvd.dnsServers.map(({ address, port }) => ({ address, port })),
      timeoutMs: PVD_TIMEOUT_MS,
      backoff: true,
      attempts: PVD_ATTEMPTS,
      totalMs: PVD_TOTAL_MS,
      rotate: false,
      owner: `PvD ${pvd.id}`,
    });
  }
  const conf = systemResolvConf();
  const { timeoutSeconds, attempts, rotate } = conf.options;
  return new PvdResolver({
    ...common,
    servers: systemServers(conf),
    timeoutMs: timeoutSeconds * 1000,
    backoff: false,
    attempts,
    totalMs: SYSTEM_TOTAL_MS,
    rotate,
    owner: "the system's DNS servers",
  });
}

function transportsTo(pvd: PvdInfo | null, server: ServerAddress): Transports {
  return {
    datagram: new UdpTransport(pvd, server),
    stream: new TcpTransport(pvd, server),
  };
}

/** Of one PvdInfo object and one reading of the kernel's tables it is always the same. */
const identities = new WeakMap<PvdInfo, { kernel: KernelSnapshot; identity: string }>();

function identityOf(pvd: PvdInfo | null, kernel: KernelSnapshot): string {
  if (pvd === null) return systemIdentity(kernel);
  let last = identities.get(pvd);
  if (last?.kernel !== kernel) {
    identities.set(pvd, last = { kernel, identity: pvdIdentity(pvd, kernel) });
  }
  return last.identity;
}

/** What of a PvD is there. */
function pvdIdentity(
  { interface: { index, name }, dnsServers, ...pvd }: PvdInfo,
  kernel: KernelSnapshot,
): string {
  const { addresses, routers } = networkOf(kernel);
  return JSON.stringify([
    name,
    dnsServers.map(({ address, port }) => `${address} ${port}`),
    pvd.addresses.map(({ address }) => `${index} ${address}`).filter((each) => addresses.has(each)),
    pvd.gateways.map(({ address }) => `${index} ${address}`).filter((each) => routers.has(each)),
  ]);
}

/** All of the host: the system's servers may be reached by any of it. */
function systemIdentity(kernel: KernelSnapshot): string {
  const conf = systemResolvConf();
  if (system?.kernel !== kernel || system.conf !== conf) {
    const { addresses, routers } = networkOf(kernel);
    system = { kernel, conf, identity: JSON.stringify([conf, [...addresses], [...routers]]) };
  }
  return system.identity;
}

let system: { kernel: KernelSnapshot; conf: ResolvConf; identity: string } | null = null;

/** The addresses and default routers of all interfaces, each behind its interface's index. */
function networkOf(kernel: KernelSnapshot): { addresses: Set<string>; routers: Set<string> } {
  return oncePerSnapshot(kernel, "network", () => ({
    addresses: new Set(
      kernel.addresses.map((record) =>
        `${record.interface} ${formatAddress(recordAddress(record.address, record.family))}`
      ),
    ),
    routers: new Set(
      kernel.routes.filter(({ gatewayFamily, destinationLength }) =>
        gatewayFamily !== 0 && destinationLength === 0
      ).map((route) =>
        `${route.interface} ${formatAddress(recordAddress(route.gateway, route.gatewayFamily))}`
      ),
    ),
  }));
}
