/**
 * Router Advertisements (RFC 4861 4.2): a message as a raw ICMPv6 socket gives it, to an object. Pure.
 *
 * The kernel passes to such a socket every message of the type, also those its own Neighbor Discovery throws away.
 * So the checks of RFC 4861 6.1.2 are made here, but for one: the checksum, which the kernel verifies before it
 * gives a message to a raw ICMPv6 socket (RFC 3542 3.1).
 *
 * @module
 */

import { isLinkLocal } from "../ip/address.ts";
import {
  isReadType,
  type NdOption,
  parseOption,
  parsePreference,
  type Preference,
  splitOptions,
} from "./options.ts";

/** An option of a type that is not read here (RFC 8801's PvD among them), as it came. */
export interface UnknownOption {
  name: "unknown";
  type: number;
  /** All of the option, type and length included. A copy. */
  bytes: Uint8Array;
}

/** What a router says of itself, in front of all options. */
export interface RouterAdvertisementHeader {
  /** Cur Hop Limit: for outgoing packets; 0 says nothing. */
  hopLimit: number;
  /** M: addresses by DHCPv6. */
  managed: boolean;
  /** O: other configuration by DHCPv6. */
  other: boolean;
  /** H: a Mobile IPv6 home agent (RFC 6275 7.1). */
  homeAgent: boolean;
  /** RFC 4191 2.2; medium where the bits are reserved or the router is no default router. */
  preference: Preference;
  /** How long it is a default router; 0 is not, or no longer. */
  routerLifetimeSeconds: number;
  /** Reachable Time; 0 says nothing. */
  reachableMs: number;
  /** Retrans Timer; 0 says nothing. */
  retransMs: number;
}

/** What a router says of itself and its network. */
export interface RouterAdvertisement extends RouterAdvertisementHeader {
  /** In the message's order. Those that are malformed in themselves are left out. */
  options: (NdOption | UnknownOption)[];
}

/** How a message came, as recvmsg(2) tells it. */
export interface Arrival {
  /** IPV6_HOPLIMIT; null where the kernel gave none. */
  hopLimit: number | null;
  /** The IPv6 source, 16 bytes. */
  source: Uint8Array;
}

const ROUTER_ADVERTISEMENT = 134;
const HEADER_SIZE = 16;

/**
 * One whole message, or null where RFC 4861 6.1.2 has a host discard it: the source is not link-local, the hop limit
 * is not 255 (a router has forwarded it), the code is not 0, it is shorter than 16 bytes, or an option has zero
 * length or does not fit. An option that fits but is malformed in itself voids only itself.
 */
export function parseRouterAdvertisement(
  message: Uint8Array,
  arrival: Arrival,
): RouterAdvertisement | null {
  if (arrival.hopLimit !== 255) return null;
  if (arrival.source.length !== 16 || !isLinkLocal(arrival.source)) return null;
  if (message.length < HEADER_SIZE) return null;
  if (message[0] !== ROUTER_ADVERTISEMENT || message[1] !== 0) return null;
  const options: (NdOption | UnknownOption)[] = [];
  let end = HEADER_SIZE;
  for (const bytes of splitOptions(message.subarray(HEADER_SIZE))) {
    end += bytes.length;
    const type = bytes[0]!;
    const option = isReadType(type)
      ? parseOption(bytes)
      : { name: "unknown" as const, type, bytes: bytes.slice() };
    if (option) options.push(option);
  }
  return end === message.length ? { ...parseHeader(message), options } : null;
}

function parseHeader(message: Uint8Array): RouterAdvertisementHeader {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const flags = message[5]!;
  const routerLifetimeSeconds = view.getUint16(6);
  return {
    hopLimit: message[4]!,
    managed: (flags & 0x80) !== 0,
    other: (flags & 0x40) !== 0,
    homeAgent: (flags & 0x20) !== 0,
    preference: routerLifetimeSeconds === 0 ? "medium" : parsePreference(flags) ?? "medium",
    routerLifetimeSeconds,
    reachableMs: view.getUint32(8),
    retransMs: view.getUint32(12),
  };
}
