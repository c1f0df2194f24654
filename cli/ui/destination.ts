/**
 * Where a destination would go from this host: by the system's choice, and from each PvD, with and without this library.
 *
 * @module
 */

import { linux } from "../../ffi/layout.gen.ts";
import {
  formatAddress,
  isLinkLocal,
  parseAddress,
  type ParsedAddress,
  parsePrefix,
  prefixContains,
} from "../../lib/ip/address.ts";
import { interfaceIndex, interfaceNameOf } from "../../lib/netlink/current.ts";
import { lookupRoute } from "../../lib/netlink/route_lookup.ts";
import {
  AF_INET,
  AF_INET6,
  getaddrinfo,
  listPvds,
  MifError,
  type PvdInfo,
  setsockopt,
  SOCK_DGRAM,
  socket,
} from "../../mod.ts";
import { type Refusal, refusalOf } from "./picture.ts";

/** What is asked. */
export interface DestinationQuestion {
  /** A numeric address, with or without zone, or a name. */
  to: string;
  /** Handle of the PvD whose servers a name is asked of; null for the system's. */
  pvd: number | null;
}

/** The answer to a {@linkcode DestinationQuestion}, as JSON can carry it. */
export interface DestinationAnswer {
  /** What was asked. */
  to: string;
  /** The address that the rest is about: the first that the name has. */
  address: string;
  /** All that the name has, or the address itself. */
  addresses: string[];
  /** What a program gets that chooses nothing. */
  system: Way | Refusal;
  pvds: PvdWays[];
}

/** What is sent to the destination from one PvD. */
export interface PvdWays {
  handle: number;
  /** By a program that binds its socket to the PvD's address and knows no more; null where it has none of the family. */
  plain: Way | Refusal | null;
  /** By a socket of this library on the PvD. */
  held: { source: string } | Refusal;
}

/** A way out of this host. */
export interface Way {
  source: string;
  interface: string;
  /** The router; null where the destination is on the link, or is this host. */
  gateway: string | null;
  /** Handle of the PvD that the source belongs to; null where it is nobody's. */
  pvd: number | null;
  /** Whether the PvD of the source is also that of the router, or of the link: else this leaks. */
  own: boolean;
}

/** DNS may take its time; a browser's user does not wait for longer. */
const NAME_TIMEOUT_MS = 8000;
/** The port of RFC 863: nothing is sent to it. */
const DISCARD = 9;

/**
 * Answers without sending a packet to the destination; only a name is asked for, of the servers of the PvD.
 *
 * @throws {MifError} What `getaddrinfo()` says of the name; ENONET: there is no such PvD.
 */
export async function answerDestination(
  { to, pvd }: DestinationQuestion,
): Promise<DestinationAnswer> {
  const pvds = listPvds();
  const addresses = parseAddress(to) ? [to] : await resolve(to, pvdOf(pvd, pvds));
  const address = addresses[0]!;
  const destination = parseAddress(address)!;
  return {
    to,
    address,
    addresses,
    system: await attempt(() => systemWay(address, destination, pvds)),
    pvds: await Promise.all(pvds.map(async (each) => ({
      handle: each.handle,
      plain: await plainWay(each, destination, pvds),
      held: await attempt(() => heldWay(each, address, destination)),
    }))),
  };
}

function pvdOf(handle: number | null, pvds: PvdInfo[]): PvdInfo | null {
  if (handle === null) return null;
  const pvd = pvds.find((each) => each.handle === handle);
  if (pvd) return pvd;
  throw new MifError("Cannot ask for the name: that PvD is gone", {
    code: "ENONET",
    errno: 64,
    syscall: "listPvds",
  });
}

async function resolve(name: string, pvd: PvdInfo | null): Promise<string[]> {
  const signal = AbortSignal.timeout(NAME_TIMEOUT_MS);
  let infos;
  try {
    infos = await getaddrinfo(name, null, { ai_socktype: SOCK_DGRAM }, pvd, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new MifError(`No name server has answered for ${NAME_TIMEOUT_MS / 1000} seconds`, {
      code: "EAI_AGAIN",
      syscall: "getaddrinfo",
    });
  }
  return [
    ...new Set(
      infos.map(({ ai_addr: { address, scopeId } }) =>
        scopeId === 0 ? address : `${address}%${scopeId}`
      ),
    ),
  ];
}

async function attempt<T>(act: () => T | Promise<T>): Promise<T | Refusal> {
  try {
    return await act();
  } catch (error) {
    return refusalOf(error);
  }
}

/** A datagram socket that is connected sends nothing, and has the source that the kernel chose. */
async function systemWay(
  address: string,
  destination: ParsedAddress,
  pvds: PvdInfo[],
): Promise<Way> {
  using s = socketFor(destination);
  await s.connect({ address: withoutZone(address), port: DISCARD, scopeId: scopeOf(destination) });
  return wayFrom(s.getsockname().address, destination, pvds, null);
}

async function plainWay(
  pvd: PvdInfo,
  destination: ParsedAddress,
  pvds: PvdInfo[],
): Promise<Way | Refusal | null> {
  const own = pvd.addresses.find(({ address, family }) =>
    family === destination.family && !isLinkLocal(parseAddress(address)!.bytes)
  );
  return own ? await attempt(() => wayFrom(own.address, destination, pvds, pvd)) : null;
}

/** What the kernel does with a packet of this source (RTM_GETROUTE). */
function wayFrom(
  source: string,
  destination: ParsedAddress,
  pvds: PvdInfo[],
  owner: PvdInfo | null,
): Way {
  const answer = lookupRoute({
    destination: destination.bytes,
    source: parseAddress(source)!.bytes,
    interface: scopeOf(destination),
  });
  const gateway = answer.gateway && formatAddress(answer.gateway);
  const holders = owner
    ? [owner]
    : pvds.filter(({ addresses }) => addresses.some(({ address }) => address === source));
  const isOwn = (pvd: PvdInfo) =>
    answer.type === linux.RTN_LOCAL ||
    pvd.interface.index === answer.interface && leadsBy(pvd, gateway, destination);
  const holder = holders.find(isOwn) ?? holders[0];
  return {
    source,
    interface: interfaceNameOf(answer.interface) ?? `if${answer.interface}`,
    gateway,
    pvd: holder?.handle ?? null,
    own: answer.type === linux.RTN_LOCAL || (holder !== undefined && isOwn(holder)),
  };
}

/** Whether a PvD has this router, or without one has the destination on its link. */
function leadsBy(
  { gateways, routes }: PvdInfo,
  gateway: string | null,
  { bytes }: ParsedAddress,
): boolean {
  if (gateway !== null) {
    return [
      ...gateways.map((it) => it.address),
      ...routes.map((it) => it.gateway),
    ].includes(gateway);
  }
  return isLinkLocal(bytes) || routes.some((route) => {
    const prefix = route.gateway === null ? parsePrefix(route.destination) : null;
    return prefix !== null && prefixContains(prefix.bytes, prefix.prefixLength, bytes);
  });
}

async function heldWay(
  pvd: PvdInfo,
  address: string,
  destination: ParsedAddress,
): Promise<{ source: string }> {
  using s = socketFor(destination);
  setsockopt(s, pvd);
  await s.connect({ address: withoutZone(address), port: DISCARD, scopeId: scopeOf(destination) });
  return { source: s.getsockname().address };
}

function socketFor({ family }: ParsedAddress) {
  return socket(family === 4 ? AF_INET : AF_INET6, SOCK_DGRAM);
}

/** The interface that the zone names (RFC 4007 11); 0 where there is none. */
function scopeOf({ zone }: ParsedAddress): number {
  if (zone === null) return 0;
  const index = interfaceIndex(zone) ?? (/^[1-9]\d{0,8}$/.test(zone) ? Number(zone) : null);
  if (index !== null) return index;
  throw new MifError(`There is no interface ${JSON.stringify(zone)}`, {
    code: "ENODEV",
    errno: 19,
    syscall: "if_nametoindex",
  });
}

function withoutZone(address: string): string {
  return address.split("%")[0]!;
}
