/**
 * The extension headers of an IPv6 packet (RFC 8200 4), followed to the message behind them, with the addresses that
 * Mobile IPv6 hides in them. Pure, and bounded whatever the bytes are.
 *
 * @module
 */

import {
  IPPROTO_AH,
  IPPROTO_DSTOPTS,
  IPPROTO_FRAGMENT,
  IPPROTO_HOPOPTS,
  IPPROTO_ROUTING,
} from "../socket/options.ts";

/** The protocol numbers of the headers that are followed. */
export const EXTENSION_HEADERS: readonly number[] = [
  IPPROTO_HOPOPTS,
  IPPROTO_ROUTING,
  IPPROTO_FRAGMENT,
  IPPROTO_AH,
  IPPROTO_DSTOPTS,
];

/** The IPv6 header (RFC 8200 3). */
export const IPV6_HEADER_SIZE = 40;
/** The option's type, RFC 6275 6.3. */
export const HOME_ADDRESS_OPTION = 201;

/** Where the headers of a packet lead. Offsets are into the packet's memory, and -1 where there is no such thing. */
export interface HeaderChain {
  /** The protocol number of the first thing that is no header to be followed: the message. */
  protocol: number;
  /** Where it begins. */
  start: number;
  /** The address in the first home address option that is whole: 16 bytes. */
  homeAddress: number;
  /** The routing header that counts: the last one with segments left, else the last one. */
  routing: number;
  /** The address that it says the packet is for in the end; the checksum is over it. 16 bytes. */
  finalDestination: number;
  /** Whether the message is only the first fragment of one. */
  fragmented: boolean;
  /** Whether the last header, of options, is not all there; what it says is next begins at the end. */
  cut: boolean;
}

/** One before anything was found. */
export function emptyChain(): HeaderChain {
  const nothing = { homeAddress: -1, routing: -1, finalDestination: -1 };
  return { protocol: 0, start: 0, ...nothing, fragmented: false, cut: false };
}

/** A header on the way: its protocol number, where it begins, and where what is there of it ends. */
export type VisitHeader = (protocol: number, at: number, end: number) => void;

/**
 * Follows the headers behind the IPv6 header at `header`, in a packet that ends at `end`. A header that is not all there
 * counts as the message, but for one of options, of which there may be some; so does a fragment that is not the first.
 *
 * @param chain Is given what was found: an object for each packet would take longer than the walk.
 */
export function followHeaders(
  chain: HeaderChain,
  bytes: Uint8Array,
  header: number,
  end: number,
  visit?: VisitHeader,
): void {
  let next = bytes[header + 6]!;
  let at = header + IPV6_HEADER_SIZE;
  chain.homeAddress = chain.routing = chain.finalDestination = -1;
  chain.fragmented = chain.cut = false;
  while (!chain.cut) {
    const size = headerSize(next, bytes, at, end);
    if (size === 0) break;
    const behind = at + size;
    switch (next) {
      case IPPROTO_ROUTING:
        takeRoutingHeader(chain, bytes, at);
        break;
      case IPPROTO_DSTOPTS:
        if (chain.homeAddress < 0) {
          chain.homeAddress = homeAddressIn(bytes, at + 2, Math.min(behind, end));
        }
        break;
      case IPPROTO_FRAGMENT:
        chain.fragmented ||= (bytes[at + 3]! & 1) === 1;
    }
    chain.cut = behind > end;
    visit?.(next, at, chain.cut ? end : behind);
    next = bytes[at]!;
    at = chain.cut ? end : behind;
  }
  chain.protocol = next;
  chain.start = at;
}

/** The size of the header of this kind at `at`; 0 where it is none to be followed. */
function headerSize(protocol: number, bytes: Uint8Array, at: number, end: number): number {
  if (end - at < 8) return 0;
  let size: number;
  switch (protocol) {
    case IPPROTO_HOPOPTS:
    case IPPROTO_DSTOPTS:
      return bytes[at + 1]! * 8 + 8;
    case IPPROTO_ROUTING:
      size = bytes[at + 1]! * 8 + 8;
      break;
    case IPPROTO_FRAGMENT:
      return (bytes[at + 2]! << 8 | bytes[at + 3]!) >> 3 === 0 ? 8 : 0;
    case IPPROTO_AH:
      // In units of 4, and 12 bytes are always there (RFC 4302 2.2).
      if (bytes[at + 1] === 0) return 0;
      size = bytes[at + 1]! * 4 + 8;
      break;
    default:
      return 0;
  }
  return end - at < size ? 0 : size;
}

/** The address of the home address option (RFC 6275 6.3) among options; -1 where there is none that is whole. */
function homeAddressIn(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end;) {
    const type = bytes[at]!;
    if (type === 0) {
      at++;
      continue;
    }
    const dataAt = at + 2;
    if (dataAt > end) return -1;
    const length = bytes[at + 1]!;
    if (type === HOME_ADDRESS_OPTION && length === 16 && dataAt + 16 <= end) return dataAt;
    at = dataAt + length;
  }
  return -1;
}

function takeRoutingHeader(chain: HeaderChain, bytes: Uint8Array, at: number): void {
  const final = finalDestinationIn(bytes, at);
  if (final < 0 && chain.finalDestination >= 0) return;
  chain.routing = at;
  chain.finalDestination = final;
}

/**
 * The last address to be visited of a routing header of type 0 or 2 (RFC 6275 6.4) or 4 (RFC 8754), while there are
 * segments left: then the IPv6 header does not have it yet.
 */
function finalDestinationIn(bytes: Uint8Array, routing: number): number {
  const length = bytes[routing + 1]!;
  const count = length >> 1;
  const segmentsLeft = bytes[routing + 3]!;
  if (segmentsLeft === 0 || segmentsLeft > count) return -1;
  switch (bytes[routing + 2]) {
    case 0:
      return length % 2 === 0 ? routing + 8 + 16 * (count - 1) : -1;
    case 2:
      return length === 2 ? routing + 8 : -1;
    case 4:
      return routing + 8;
    default:
      return -1;
  }
}
