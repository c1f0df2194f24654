/**
 * The mobility message in an IPv6 packet as it is on the wire: behind which extension headers it stands, and which
 * addresses they hold. Pure, and bounded whatever the bytes are.
 *
 * @module
 */

import {
  IPPROTO_AH,
  IPPROTO_DSTOPTS,
  IPPROTO_FRAGMENT,
  IPPROTO_HOPOPTS,
  IPPROTO_IPV6,
  IPPROTO_MH,
  IPPROTO_ROUTING,
} from "../socket/options.ts";
import { draft2003 } from "./layout.gen.ts";

/** "IANA-TBD" then; today it is CFTP's. */
const IPPROTO_MH_DRAFT = draft2003.IPPROTO_MH;
const HOME_ADDRESS_OPTION = 0xc9;
const IPV6_HEADER_SIZE = 40;
/** IPv6 in IPv6, as a home agent tunnels; more is no tunnel but an attack. */
const TUNNELS_MAX = 4;

/** A mobility message where it was found; the offsets are into `bytes`, and -1 where there is no such thing. */
export interface MobilityPacket {
  readonly bytes: Uint8Array;
  /** IPPROTO_MH, or the draft's number. */
  protocol: number;
  /** The IPv6 header: the innermost one. */
  header: number;
  /** Where the outermost IPv6 header is: another one where the packet came through a tunnel. */
  outerHeader: number;
  /** The home address in the home address option: 16 bytes. */
  homeAddress: number;
  /** The first routing header. */
  routing: number;
  /** The address that the routing header says the packet is for in the end; the checksum is over it. 16 bytes. */
  finalDestination: number;
  /** The message. */
  start: number;
  /** Its end: of the packet, or of what was captured. */
  end: number;
  /** Whether all of it is here: neither cut by the capture nor fragmented. */
  complete: boolean;
}

/**
 * Finds the mobility message in an IPv6 packet, also in a tunnel of IPv6 in IPv6. Null where it carries none, and where
 * the rest of a fragmented one is.
 *
 * @param bytes The memory in which the packet lies between `start` and `end`.
 * @param draft Whether protocol 62 is taken for one too.
 */
export function findMobility(
  bytes: Uint8Array,
  start: number,
  end: number,
  draft = false,
): MobilityPacket | null {
  let header = start;
  for (let tunnels = 0; tunnels <= TUNNELS_MAX; tunnels++) {
    if (end - header < IPV6_HEADER_SIZE || bytes[header]! >> 4 !== 6) return null;
    const payload = bytes[header + 4]! << 8 | bytes[header + 5]!;
    const packetEnd = header + IPV6_HEADER_SIZE + payload;
    const found = walk(bytes, header, payload === 0 ? end : Math.min(end, packetEnd), draft);
    if (found === null) return null;
    if (typeof found !== "number") {
      found.outerHeader = start;
      // Nothing in the header says how long a jumbogram is.
      if (payload !== 0 && packetEnd > end) found.complete = false;
      return found;
    }
    header = found;
  }
  return null;
}

/** Follows the chain of one IPv6 header: to a message, to the next IPv6 header, or to nothing. */
function walk(
  bytes: Uint8Array,
  header: number,
  end: number,
  draft: boolean,
): MobilityPacket | number | null {
  let next = bytes[header + 6]!;
  let at = header + IPV6_HEADER_SIZE;
  let homeAddress = -1;
  let routing = -1;
  let complete = true;
  while (true) {
    switch (next) {
      case IPPROTO_MH:
        break;
      case IPPROTO_MH_DRAFT:
        if (!draft) return null;
        break;
      case IPPROTO_IPV6:
        return complete ? at : null;
      case IPPROTO_HOPOPTS:
      case IPPROTO_ROUTING:
      case IPPROTO_DSTOPTS: {
        if (end - at < 8) return null;
        const size = (bytes[at + 1]! + 1) * 8;
        if (next === IPPROTO_ROUTING) routing = routing < 0 ? at : routing;
        else if (next === IPPROTO_DSTOPTS && homeAddress < 0) {
          homeAddress = homeAddressIn(bytes, at + 2, Math.min(at + size, end));
        }
        next = bytes[at]!;
        at += size;
        continue;
      }
      case IPPROTO_FRAGMENT: {
        if (end - at < 8) return null;
        const place = bytes[at + 2]! << 8 | bytes[at + 3]!;
        if (place >> 3 !== 0) return null;
        if ((place & 1) === 1) complete = false;
        next = bytes[at]!;
        at += 8;
        continue;
      }
      case IPPROTO_AH: {
        if (end - at < 8) return null;
        const size = (bytes[at + 1]! + 2) * 4;
        next = bytes[at]!;
        at += size;
        continue;
      }
      default:
        return null;
    }
    // Headers that claim more than there is.
    if (at > end) return null;
    return {
      bytes,
      protocol: next,
      header,
      outerHeader: header,
      homeAddress,
      routing,
      finalDestination: routing < 0 ? -1 : finalDestinationIn(bytes, routing, end),
      start: at,
      end,
      complete,
    };
  }
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

/**
 * The last address to be visited of types 0 and 2 (RFC 6275 6.4) and 4 (RFC 8754), while there are segments left: then
 * the IPv6 header does not have it yet.
 */
function finalDestinationIn(bytes: Uint8Array, routing: number, end: number): number {
  const count = bytes[routing + 1]! >> 1;
  const type = bytes[routing + 2]!;
  const segmentsLeft = bytes[routing + 3]!;
  if (segmentsLeft === 0 || segmentsLeft > count) return -1;
  const at = type === 4
    ? routing + 8
    : type === 0 || type === 2
    ? routing + 8 + 16 * (count - 1)
    : -1;
  return at >= 0 && at + 16 <= end ? at : -1;
}
