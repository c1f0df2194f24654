/**
 * `getaddrinfo()` of draft-liu-mif-socket-api-00 3.3: RFC 3493 6.1 with a PvD.
 *
 * @module
 */

import { toUnicode } from "../dns/international.ts";
import { formatAddress, isLinkLocal, isMapped } from "../ip/address.ts";
import { interfaceIndex } from "../netlink/current.ts";
import { processPvd, pvdTo } from "../pvd/process_pvd.ts";
import { checkPvd, type PvdInfo, type SocketAddress } from "../pvd/pvd.ts";
import { shown } from "../shown.ts";
import { AF_INET, AF_INET6, AF_UNSPEC } from "../socket/options.ts";
import type { SocketAddressInit } from "../socket/sockaddr.ts";
import { hostFiles } from "../sources/host_files.ts";
import { type Hints, readHints, type SocketKind, socketKinds } from "./address_hints.ts";
import { orderDestinations } from "./address_order.ts";
import { addressPolicy, mapped } from "./address_policy.ts";
import { addressQuery } from "./address_query.ts";
import {
  AI_ADDRCONFIG,
  AI_ALL,
  AI_CANONIDN,
  AI_CANONNAME,
  AI_NUMERICHOST,
  AI_PASSIVE,
  AI_V4MAPPED,
} from "./flags.ts";
import { lookupHost } from "./host_lookup.ts";
import { nameScope } from "./name_scope.ts";
import { type NumericHost, parseNumericHost } from "./numeric_host.ts";
import { ownAddresses, sourceOf } from "./pvd_sources.ts";
import { resolutionError } from "./resolution_error.ts";

/** One way to reach what was asked for: struct addrinfo of RFC 3493 6.1. */
export interface AddrInfo {
  /** The hints' flags. */
  ai_flags: number;
  /** AF_INET or AF_INET6: the family of `ai_addr`. */
  ai_family: number;
  /** SOCK_STREAM, SOCK_DGRAM, …: what to give to socket(). */
  ai_socktype: number;
  /** IPPROTO_TCP, IPPROTO_UDP, …: what to give to socket(). */
  ai_protocol: number;
  /** What to connect or bind to. */
  ai_addr: SocketAddress;
  /** The name that the aliases lead to: of the first result, where AI_CANONNAME asked for it. */
  ai_canonname: string | null;
}

/** What {@linkcode getaddrinfo} takes beside its names. */
export interface GetAddrInfoOptions {
  /** Ends the call with the signal's reason. */
  signal?: AbortSignal;
}

const files = hostFiles();

/**
 * The addresses of a host, each with the port of a service, in the order they are to be tried.
 *
 * It follows RFC 3493 6.1 and, where that is silent, glibc. What the PvD changes:
 *
 * - Names are asked of the PvD's DNS servers, from its sources and through its gateways, or not at all; names are
 *   completed by its search domains. The addresses are for use in this PvD only (RFC 7556 5.2.1).
 * - AI_ADDRCONFIG looks at the PvD's own addresses; IPv6 link-local ones do not count, for every interface has one.
 * - The order is RFC 6724's for the PvD's own sources, by the policy of /etc/gai.conf where there is one.
 * - A link-local address without zone is meant on the PvD's interface.
 *
 * Nobody is asked for numeric hosts and services, for localhost and what is below it, for names in /etc/hosts (whatever
 * the PvD: they are this host's administrator's word) and for this host's own name.
 *
 * @param hostname A name, which may be international, or a numeric address with or without zone. Null is this host's
 *   loopback, or with AI_PASSIVE the unspecified address, to listen on.
 * @param service A service name or decimal port; null is port 0. One of both must be given.
 * @param hints `ai_flags` (AI_*), `ai_family`, `ai_socktype` and `ai_protocol` of what is wanted; null is
 *   AI_V4MAPPED | AI_ADDRCONFIG, as in glibc.
 * @param pvd Null is the process' default (`setprocpvd()`), else the system: its servers of /etc/resolv.conf and its
 *   routes.
 * @throws {TypeError} An argument is of the wrong type.
 * @throws {MifError} EAI_NONAME: there is no such name, or both names are null. EAI_NODATA: the name has no address of
 *   the family. EAI_AGAIN, EAI_FAIL: the servers did not answer, or refused to. EAI_SERVICE, EAI_SOCKTYPE, EAI_FAMILY,
 *   EAI_ADDRFAMILY (a numeric address of the other family), EAI_BADFLAGS. ENONET, EPVDROUTE and others where the PvD
 *   cannot be used; ENETUNREACH: the process is on the null PvD. EACCES: the runtime does not permit to read /etc/hosts,
 *   /etc/services or /etc/resolv.conf; the message names the flag.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { AF_INET, getaddrinfo, SOCK_STREAM } from "@mif/sockets";
 *
 * const hints = { ai_family: AF_INET, ai_socktype: SOCK_STREAM };
 * const [info] = await getaddrinfo("localhost", "443", hints, null);
 * assert.deepEqual(info?.ai_addr, { family: 4, address: "127.0.0.1", port: 443, scopeId: 0 });
 * ```
 */
export async function getaddrinfo(
  hostname: string | null,
  service: string | null,
  hints: Partial<AddrInfo> | null,
  pvd: PvdInfo | null = null,
  options: GetAddrInfoOptions = {},
): Promise<AddrInfo[]> {
  const { signal } = options;
  signal?.throwIfAborted();
  const node = wildcardIsNone("hostname", hostname);
  const serv = wildcardIsNone("service", service);
  if (pvd !== null) checkPvd(pvd);
  if (node === null && serv === null) {
    throw resolutionError("EAI_NONAME", "hostname and service are both null; give one");
  }
  const asked = readHints(hints, node);
  const numeric = node === null ? null : parseNumericHost(node, interfaceIndex);
  const inForce = pvd ?? (node === null || numeric ? defaultPvd() : pvdTo(node, null));
  const wanted = configuredHints(asked, inForce);
  const kinds = socketKinds(serv, wanted, files);
  const host = node === null
    ? { canonicalName: null, destinations: localAddresses(wanted) }
    : numeric
    ? numericHost(node, numeric, wanted)
    : await namedHost(node, wanted, inForce, signal);
  return results(ordered(host.destinations, inForce), kinds, asked.ai_flags, host.canonicalName);
}

/**
 * Where to connect for a host, in the order to try: what getaddrinfo() says of the families that are configured.
 *
 * @param pvd Null is the system, whatever the process' default is.
 * @throws What {@linkcode getaddrinfo} throws.
 */
export async function addressesToTry(
  hostname: string,
  pvd: PvdInfo | null,
  signal: AbortSignal,
): Promise<SocketAddressInit[]> {
  const hints = configuredHints(readHints(null, hostname), pvd);
  const numeric = parseNumericHost(hostname, interfaceIndex);
  const { destinations } = numeric
    ? numericHost(hostname, numeric, hints)
    : await namedHost(hostname, hints, pvd, signal);
  return ordered(destinations, pvd).map(({ bytes, scopeId }) => ({
    address: formatAddress(bytes),
    scopeId,
  }));
}

/** An address to be reached. */
interface Destination {
  /** 4 or 16 bytes. */
  bytes: Uint8Array;
  scopeId: number;
}

interface FoundHost {
  canonicalName: string | null;
  destinations: Destination[];
}

/** "*" stands for null in glibc. */
function wildcardIsNone(name: string, value: string | null): string | null {
  if (value !== null && typeof value !== "string") {
    throw new TypeError(`${name} must be a string or null, not ${typeof value}`);
  }
  return value === "*" ? null : value;
}

/** AI_ADDRCONFIG: the hints for what is configured. */
function configuredHints(hints: Hints, pvd: PvdInfo | null): Hints {
  const { ai_flags, ai_family } = hints;
  if ((ai_flags & AI_ADDRCONFIG) === 0) return hints;
  const lengths = ownAddresses(pvd).map(({ bytes }) => bytes.length);
  const configured = [AF_INET, AF_INET6].filter((family) =>
    lengths.includes(family === AF_INET ? 4 : 16)
  );
  if (ai_family === AF_UNSPEC) {
    if (configured.length !== 1) return hints;
    // Mapped ones would be IPv4 again, and nobody asked for IPv6 alone.
    const flags = ai_flags & ~(AI_V4MAPPED | AI_ALL);
    return { ...hints, ai_flags: flags, ai_family: configured[0]! };
  }
  const known = ai_family === AF_INET || ai_family === AF_INET6;
  if (!known || configured.includes(ai_family)) return hints;
  const whose = pvd ? `PvD ${pvd.id}` : "this host";
  throw resolutionError(
    "EAI_NONAME",
    `AI_ADDRCONFIG, and ${whose} has no IPv${ai_family === AF_INET ? 4 : 6} address of its own`,
  );
}

/** Of what sends nothing: on the null PvD too there are numeric addresses. */
function defaultPvd(): PvdInfo | null {
  const pvd = processPvd();
  return pvd === "none" ? null : pvd;
}

function numericHost(hostname: string, numeric: NumericHost, hints: Hints): FoundHost {
  const bytes = inFamily(numeric.bytes, hostname, hints);
  const { scopeId } = numeric;
  if (scopeId === null) {
    throw resolutionError("EAI_NONAME", `${shown(hostname)}: its zone names no interface`);
  }
  const destination = { bytes, scopeId: bytes.length === 4 ? 0 : scopeId };
  return { canonicalName: hostname, destinations: [destination] };
}

async function namedHost(
  hostname: string,
  hints: Hints,
  pvd: PvdInfo | null,
  signal: AbortSignal | undefined,
): Promise<FoundHost> {
  if ((hints.ai_flags & AI_NUMERICHOST) !== 0) {
    throw resolutionError("EAI_NONAME", `AI_NUMERICHOST, and ${shown(hostname)} is no address`);
  }
  const scope = nameScope(pvd, addressQuery(pvd, signal));
  const { canonicalName, addresses } = await lookupHost(hostname, familiesOf(hints), scope);
  const destinations = withMapped(addresses, hints).map((bytes) => ({ bytes, scopeId: 0 }));
  return { canonicalName, destinations };
}

function localAddresses({ ai_flags, ai_family }: Hints): Destination[] {
  const passive = (ai_flags & AI_PASSIVE) !== 0;
  const ipv6 = new Uint8Array(16);
  if (!passive) ipv6[15] = 1;
  const ipv4 = passive ? new Uint8Array(4) : Uint8Array.of(127, 0, 0, 1);
  return [ipv6, ipv4]
    .filter(({ length }) => ai_family === AF_UNSPEC || (ai_family === AF_INET6) === (length === 16))
    .map((bytes) => ({ bytes, scopeId: 0 }));
}

/** A numeric address in the family that is asked for. */
function inFamily(bytes: Uint8Array, hostname: string, { ai_flags, ai_family }: Hints): Uint8Array {
  if (ai_family === AF_UNSPEC || (ai_family === AF_INET6) === (bytes.length === 16)) return bytes;
  if (bytes.length === 4 && (ai_flags & AI_V4MAPPED) !== 0) return mapped(bytes);
  if (isMapped(bytes)) return bytes.slice(12);
  throw resolutionError(
    "EAI_ADDRFAMILY",
    `${shown(hostname)} is an IPv${
      bytes.length === 4 ? 4 : 6
    } address, and the other family is wanted`,
  );
}

function familiesOf({ ai_flags, ai_family }: Hints): (4 | 6)[] {
  if (ai_family === AF_INET) return [4];
  const both = ai_family === AF_UNSPEC || (ai_flags & AI_V4MAPPED) !== 0;
  return both ? [6, 4] : [6];
}

/** For AF_INET6 IPv4 addresses as mapped ones: where there are no others, or with AI_ALL. */
function withMapped(addresses: Uint8Array[], { ai_flags, ai_family }: Hints): Uint8Array[] {
  if (ai_family !== AF_INET6) return addresses;
  const ipv6 = addresses.filter(({ length }) => length === 16);
  const all = ipv6.length === 0 || (ai_flags & AI_ALL) !== 0;
  return all ? addresses.map(mapped) : ipv6;
}

function ordered(destinations: Destination[], pvd: PvdInfo | null): Destination[] {
  const onLink = destinations.map(({ bytes, scopeId }) => ({
    bytes,
    scopeId: scopeId === 0 && bytes.length === 16 && isLinkLocal(bytes)
      ? pvd?.interface.index ?? 0
      : scopeId,
  }));
  if (onLink.length < 2) return onLink;
  const policy = addressPolicy(files);
  return orderDestinations(onLink, sourceOf(pvd, policy), policy);
}

function results(
  destinations: Destination[],
  kinds: SocketKind[],
  flags: number,
  canonicalName: string | null,
): AddrInfo[] {
  const infos = destinations.flatMap(({ bytes, scopeId }) =>
    kinds.map(({ ai_socktype, ai_protocol, port }): AddrInfo => ({
      ai_flags: flags,
      ai_family: bytes.length === 4 ? AF_INET : AF_INET6,
      ai_socktype,
      ai_protocol,
      ai_addr: {
        family: bytes.length === 4 ? 4 : 6,
        address: formatAddress(bytes),
        port,
        scopeId,
      },
      ai_canonname: null,
    }))
  );
  if ((flags & AI_CANONNAME) !== 0 && canonicalName !== null) {
    infos[0]!.ai_canonname = (flags & AI_CANONIDN) === 0 ? canonicalName : toUnicode(canonicalName);
  }
  return infos;
}
