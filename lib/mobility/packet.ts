/**
 * The mobility message in an IPv6 packet as it is on the wire: behind which extension headers it stands, and which
 * addresses they hold. Pure, and bounded whatever the bytes are.
 *
 * @module
 */

import { IPPROTO_IPV6, IPPROTO_MH } from "../socket/options.ts";
import { emptyChain, followHeaders, type HeaderChain, IPV6_HEADER_SIZE } from "./header_chain.ts";
import { draft2003 } from "./layout.gen.ts";

/** "IANA-TBD" then; today it is CFTP's. */
const IPPROTO_MH_DRAFT = draft2003.IPPROTO_MH;
/** IPv6 in IPv6, as a home agent tunnels; more is no tunnel but an attack. */
const TUNNELS_MAX = 4;

/** A mobility message where it was found; the offsets are into `bytes`, and -1 where there is no such thing. */
export interface MobilityPacket
  extends Pick<HeaderChain, "protocol" | "start" | "homeAddress" | "routing" | "finalDestination"> {
  readonly bytes: Uint8Array;
  /** The IPv6 header: the innermost one. */
  header: number;
  /** Where the outermost IPv6 header is: another one where the packet came through a tunnel. */
  outerHeader: number;
  /** Its end: of the packet, or of what was captured. */
  end: number;
  /** Whether all of it is here: neither cut by the capture nor fragmented. */
  complete: boolean;
}

/** Memory for one walk after the other. */
const chain = emptyChain();

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
    // Nothing in the header says how long a jumbogram is.
    const walkEnd = payload === 0 ? end : Math.min(end, packetEnd);
    followHeaders(chain, bytes, header, walkEnd);
    if (chain.cut) return null;
    const { protocol } = chain;
    if (protocol === IPPROTO_IPV6) {
      if (chain.fragmented) return null;
      header = chain.start;
      continue;
    }
    if (protocol !== IPPROTO_MH && !(draft && protocol === IPPROTO_MH_DRAFT)) return null;
    return {
      bytes,
      protocol,
      header,
      outerHeader: start,
      homeAddress: chain.homeAddress,
      routing: chain.routing,
      finalDestination: chain.finalDestination,
      start: chain.start,
      end: walkEnd,
      complete: !chain.fragmented && (payload === 0 || packetEnd <= end),
    };
  }
  return null;
}
