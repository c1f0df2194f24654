/**
 * `getnameinfo()`: RFC 3493 6.2 with a PvD.
 *
 * @module
 */

import { toUnicode } from "../dns/international.ts";
import { nameFromText } from "../dns/name.ts";
import { RecordType } from "../dns/record_type.ts";
import { resolveName } from "../dns/resolver.ts";
import { isLoopback, isMapped, isOfLinkScope, parseAddress } from "../ip/address.ts";
import { interfaceNameOf } from "../netlink/current.ts";
import { pvdTo } from "../pvd/process_pvd.ts";
import { checkPvd, type PvdInfo, type SocketAddress } from "../pvd/pvd.ts";
import { serviceName } from "../service.ts";
import { AF_INET, AF_INET6 } from "../socket/options.ts";
import { decodeSockaddr, encodeSockaddr, type SocketAddressInit } from "../socket/sockaddr.ts";
import { hostFiles } from "../sources/host_files.ts";
import {
  NI_DGRAM,
  NI_IDN,
  NI_NAMEREQD,
  NI_NOFQDN,
  NI_NUMERICHOST,
  NI_NUMERICSERV,
} from "./flags.ts";
import { parseHostName } from "./host_name.ts";
import { hostsFile } from "./hosts_file.ts";
import { ownDomain } from "./name_scope.ts";
import { resolutionError } from "./resolution_error.ts";

/** The names of an address and port. */
export interface NameInfo {
  /** The host's name, or its address as text, of a link-local one with "%" and the interface. */
  hostname: string;
  /** The service's name, or the port as a decimal number. */
  service: string;
}

/** What {@linkcode getnameinfo} takes beside the address. */
export interface GetNameInfoOptions {
  /** Ends the call with the signal's reason. */
  signal?: AbortSignal;
}

const NI_MASK = NI_NUMERICHOST | NI_NUMERICSERV | NI_NOFQDN | NI_NAMEREQD | NI_DGRAM | NI_IDN |
  // NI_IDN_ALLOW_UNASSIGNED and NI_IDN_USE_STD3_ASCII_RULES of getnameinfo(3), which mean nothing any more.
  0xc0;

const files = hostFiles();

/**
 * The names of a host and a service, by address and port: from /etc/hosts, else as the PvD's DNS servers have it (PTR).
 * Loopback is "localhost" where the file says nothing; no server is asked for it. An address without a name is given as
 * text.
 *
 * @param flags NI_*, or'ed; 0 where left out.
 * @param pvd Null or left out is the process' default (`setprocpvd()`), else the system.
 * @throws {TypeError} The address is no text of an IP address.
 * @throws {RangeError} The port or scope is out of range.
 * @throws {MifError} EAI_NONAME: NI_NAMEREQD, and it has no name. EAI_AGAIN, EAI_FAIL: the servers did not answer, or
 *   refused to. EAI_BADFLAGS. ENONET, EPVDROUTE and others where the PvD cannot be used. EACCES: the runtime does not
 *   permit to read /etc/hosts or /etc/resolv.conf; the message names the flag.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { getnameinfo, NI_NUMERICHOST } from "@mif/sockets";
 *
 * const names = await getnameinfo({ address: "::1", port: 443 }, null, NI_NUMERICHOST);
 * assert.deepEqual(names, { hostname: "::1", service: "https" });
 * ```
 */
export async function getnameinfo(
  address: SocketAddressInit,
  pvd: PvdInfo | null = null,
  flags = 0,
  options: GetNameInfoOptions = {},
): Promise<NameInfo> {
  const { signal } = options;
  signal?.throwIfAborted();
  const family = String(address?.address).includes(":") ? AF_INET6 : AF_INET;
  const peer = decodeSockaddr(encodeSockaddr(address, family))!;
  if (pvd !== null) checkPvd(pvd);
  if (!Number.isInteger(flags) || (flags & ~NI_MASK) !== 0 || flags > NI_MASK) {
    throw resolutionError("EAI_BADFLAGS", `There are no such flags: ${flags}`, "getnameinfo");
  }
  const hostname = (flags & NI_NUMERICHOST) === 0 ? await hostOf(peer, pvd, flags, signal) : null;
  if (hostname === null && (flags & NI_NAMEREQD) !== 0) {
    throw resolutionError("EAI_NONAME", `${peer.address} has no name`, "getnameinfo");
  }
  return { hostname: hostname ?? numericHost(peer), service: serviceOf(peer.port, flags) };
}

async function hostOf(
  { address }: SocketAddress,
  given: PvdInfo | null,
  flags: number,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  const whole = parseAddress(address)!.bytes;
  const bytes = isMapped(whole) ? whole.slice(12) : whole;
  const pvd = pvdTo(address, given);
  const name = hostsFile(files).byAddress(whole) ?? hostsFile(files).byAddress(bytes) ??
    (isLoopback(bytes) ? "localhost" : await askName(bytes, pvd, signal));
  if (name === null) return null;
  const local = (flags & NI_NOFQDN) === 0 ? name : withoutDomain(name, pvd);
  return (flags & NI_IDN) === 0 ? local : toUnicode(local);
}

/** What the PvD's servers have under in-addr.arpa (RFC 1035 3.5) or ip6.arpa (RFC 3596 2.5); null is none. */
async function askName(
  bytes: Uint8Array,
  pvd: PvdInfo | null,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  const reverse = nameFromText(reverseName(bytes));
  const { records } = await resolveName(reverse, RecordType.PTR, pvd, { signal });
  for (const { data } of records) {
    if (data.type !== "PTR") continue;
    // A name from the network may hold anything; what no host is called by is not passed on.
    const name = parseHostName(data.target);
    if (name) return name.text;
  }
  return null;
}

/** The name whose PTR record names an address. */
export function reverseName(bytes: Uint8Array): string {
  if (bytes.length === 4) return `${[...bytes].reverse().join(".")}.in-addr.arpa`;
  const nibbles = [...bytes].flatMap((byte) => [byte >> 4, byte & 0xf]).reverse();
  return `${nibbles.map((nibble) => nibble.toString(16)).join(".")}.ip6.arpa`;
}

/** NI_NOFQDN: local names without the domain they are local to, the PvD's or this host's. */
function withoutDomain(name: string, pvd: PvdInfo | null): string {
  const domains = pvd ? pvd.searchDomains : ownDomain();
  const domain = domains.find((domain) => name.toLowerCase().endsWith(`.${domain}`));
  return domain === undefined ? name : name.slice(0, -domain.length - 1);
}

function numericHost({ address, scopeId }: SocketAddress): string {
  if (scopeId === 0) return address;
  const onLink = isOfLinkScope(parseAddress(address)!.bytes);
  return `${address}%${(onLink ? interfaceNameOf(scopeId) : null) ?? scopeId}`;
}

function serviceOf(port: number, flags: number): string {
  const protocol = (flags & NI_DGRAM) === 0 ? "tcp" : "udp";
  const name = (flags & NI_NUMERICSERV) === 0 ? serviceName(port, protocol, files) : null;
  return name ?? String(port);
}
