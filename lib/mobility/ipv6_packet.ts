/**
 * An IPv6 packet with its extension headers (RFC 8200), as a capture has it: what Mobile IPv6 hides the addresses in.
 *
 * @module
 */

import { formatIpv6 } from "../ip/address.ts";
import {
  IPPROTO_AH,
  IPPROTO_FRAGMENT,
  IPPROTO_HOPOPTS,
  IPPROTO_ROUTING,
} from "../socket/options.ts";
import { type DestinationOptions, readDestinationOptions } from "./destination_options.ts";
import { malformed, plainBytes, uint16, uint32 } from "./field.ts";
import { emptyChain, followHeaders, IPV6_HEADER_SIZE } from "./header_chain.ts";
import { parseRoutingHeader, type RoutingHeader } from "./routing_header.ts";

/** An extension header of a packet. */
export type PacketHeader =
  | {
    /** What this header is. */
    name: "hop-by-hop-options" | "destination-options";
    /** Where it begins in the packet. */
    offset: number;
    /** What it says. */
    header: DestinationOptions;
  }
  | {
    /** What this header is. */
    name: "routing";
    /** Where it begins in the packet. */
    offset: number;
    /** What it says. */
    header: RoutingHeader;
  }
  | {
    /** What this header is: a whole packet's, or the first fragment's. */
    name: "fragment";
    /** Where it begins in the packet. */
    offset: number;
    /** What it says. */
    header: FragmentHeader;
  }
  | {
    /** What this header is. */
    name: "authentication";
    /** Where it begins in the packet. */
    offset: number;
    /** What it says. */
    header: AuthenticationHeader;
  };

/** A Fragment header (RFC 8200 4.5) with Fragment Offset 0. */
export interface FragmentHeader {
  /** The protocol number of what follows. */
  nextHeader: number;
  /** Whether the rest is in other packets. */
  moreFragments: boolean;
  /** What the fragments of a packet have in common. */
  identification: number;
}

/** An Authentication Header (RFC 4302), as one protects what a mobile node says to its home agent. */
export interface AuthenticationHeader {
  /** The protocol number of what follows. */
  nextHeader: number;
  /** Security Parameters Index. */
  spi: number;
  /** Sequence Number. */
  sequence: number;
  /** Integrity Check Value; nobody looked whether it is right. */
  icv: Uint8Array;
}

/** A packet up to the message it carries. */
export interface Ipv6Packet {
  /** As the IPv6 header has it. RFC 5952 text, as all addresses here. */
  source: string;
  /** As the IPv6 header has it. */
  destination: string;
  /** Hop Limit. */
  hopLimit: number;
  /** In the packet's order. */
  headers: PacketHeader[];
  /** What the home address option says, null where there is none. */
  homeAddress: string | null;
  /** What a checksum in the message is over: the home address option's, else `source`. */
  checksumSource: string;
  /** What a checksum in the message is over: the last address of a routing header with segments left, else `destination`. */
  checksumDestination: string;
  /**
   * The protocol number of the message: the first that is no header of those in `headers`, or one of them that is not all
   * there; Fragment's own, 44, where this is a later fragment.
   */
  protocol: number;
  /** Where the message begins in the packet. */
  offset: number;
  /** The message: a view of the packet's bytes, not longer than the packet says it is. */
  payload: Uint8Array;
  /** Whether bytes that the packet or one of its headers says it has are not there; so it is with a first fragment. */
  truncated: boolean;
}

/**
 * Reads an IPv6 packet, from its version on. Of an options header that the packet or the capture cuts off, the options
 * that are there are read; any other header that is not all there counts as the message.
 *
 * @throws {MifError} EBADMSG: this is no IPv6 packet, or shorter than its 40 bytes of header.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseIpv6Packet } from "./ipv6_packet.ts";
 *
 * const packet = new Uint8Array(48);
 * packet.set([0x60, 0, 0, 0, 0, 8, 135, 64]);
 * packet[40] = 59;
 * const { protocol, offset, payload } = parseIpv6Packet(packet);
 * assert.deepEqual([protocol, offset, payload.length], [135, 40, 8]);
 * ```
 */
export function parseIpv6Packet(from: Uint8Array): Ipv6Packet {
  const bytes = plainBytes("a packet", from);
  if (bytes.length < IPV6_HEADER_SIZE || bytes[0]! >> 4 !== 6) {
    throw malformed("parseIpv6Packet", "an IPv6 packet: its header is not there");
  }
  const said = IPV6_HEADER_SIZE + uint16(bytes, 4);
  const all = bytes.subarray(0, said);
  const headers: PacketHeader[] = [];
  const chain = emptyChain();
  followHeaders(chain, all, 0, all.length, (protocol, offset, end) => {
    headers.push(readHeader(protocol, all, offset, end));
  });
  const { protocol, start, homeAddress, finalDestination, fragmented, cut } = chain;
  const source = formatIpv6(bytes, 8);
  const destination = formatIpv6(bytes, 24);
  const home = homeAddress < 0 ? null : formatIpv6(all, homeAddress);
  return {
    source,
    destination,
    hopLimit: bytes[7]!,
    headers,
    homeAddress: home,
    checksumSource: home ?? source,
    checksumDestination: finalDestination < 0 ? destination : formatIpv6(all, finalDestination),
    protocol,
    offset: start,
    payload: all.subarray(start),
    truncated: said > bytes.length || fragmented || cut,
  };
}

/** A header of which the bytes up to `end` are there: 8 or more, and all but of options. */
function readHeader(
  protocol: number,
  packet: Uint8Array,
  offset: number,
  end: number,
): PacketHeader {
  const bytes = packet.subarray(offset, end);
  switch (protocol) {
    case IPPROTO_ROUTING:
      return { name: "routing", offset, header: parseRoutingHeader(bytes) };
    case IPPROTO_FRAGMENT:
      return { name: "fragment", offset, header: readFragmentHeader(bytes) };
    case IPPROTO_AH:
      return { name: "authentication", offset, header: readAuthenticationHeader(bytes) };
    default: {
      const header = readDestinationOptions(bytes, bytes.length);
      const name = protocol === IPPROTO_HOPOPTS ? "hop-by-hop-options" : "destination-options";
      return { name, offset, header };
    }
  }
}

function readFragmentHeader(bytes: Uint8Array): FragmentHeader {
  return {
    nextHeader: bytes[0]!,
    moreFragments: (bytes[3]! & 1) === 1,
    identification: uint32(bytes, 4),
  };
}

function readAuthenticationHeader(bytes: Uint8Array): AuthenticationHeader {
  return {
    nextHeader: bytes[0]!,
    spi: uint32(bytes, 4),
    sequence: uint32(bytes, 8),
    icv: new Uint8Array(bytes.subarray(12)),
  };
}
