/**
 * An IPv6 packet with its extension headers (RFC 8200), as a capture has it: what Mobile IPv6 hides the addresses in.
 *
 * @module
 */

import { formatIpv6 } from "../ip/address.ts";
import {
  type DestinationOptions,
  homeAddressOf,
  readDestinationOptions,
} from "./destination_options.ts";
import { malformed, plainBytes, uint16 } from "./field.ts";
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
  };

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
  /** The protocol number of the message: the first that is no Hop-by-Hop, Routing or Destination Options header. */
  protocol: number;
  /** Where the message begins in the packet. */
  offset: number;
  /** The message: a view of the packet's bytes, not longer than the packet says it is. */
  payload: Uint8Array;
  /** Whether bytes that the packet or one of its headers says it has are not there. */
  truncated: boolean;
}

const HOP_BY_HOP = 0;
const ROUTING = 43;
const DESTINATION_OPTIONS = 60;

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
  if (bytes.length < 40 || bytes[0]! >> 4 !== 6) {
    throw malformed("parseIpv6Packet", "an IPv6 packet: its header is not there");
  }
  const said = 40 + uint16(bytes, 4);
  const all = bytes.subarray(0, said);
  const source = formatIpv6(bytes, 8);
  const destination = formatIpv6(bytes, 24);
  const packet: Ipv6Packet = {
    source,
    destination,
    hopLimit: bytes[7]!,
    headers: [],
    homeAddress: null,
    checksumSource: source,
    checksumDestination: destination,
    protocol: bytes[6]!,
    offset: 40,
    payload: all,
    truncated: said > bytes.length,
  };
  while (takeHeader(packet, all)); // One a turn, and each is 8 bytes or more.
  packet.payload = all.subarray(packet.offset);
  return packet;
}

/** Takes the extension header that is next; false where what is next is the message. */
function takeHeader(packet: Ipv6Packet, bytes: Uint8Array): boolean {
  const { protocol, offset } = packet;
  if (protocol !== HOP_BY_HOP && protocol !== ROUTING && protocol !== DESTINATION_OPTIONS) {
    return false;
  }
  if (offset + 8 > bytes.length) return false;
  const rest = bytes.subarray(offset);
  const length = rest[1]! * 8 + 8;
  if (protocol === ROUTING) {
    if (length > rest.length) return false;
    takeRoutingHeader(packet, parseRoutingHeader(rest));
  } else {
    takeOptions(packet, readDestinationOptions(rest, Math.min(length, rest.length)));
    packet.truncated ||= length > rest.length;
  }
  packet.protocol = rest[0]!;
  packet.offset = Math.min(offset + length, bytes.length);
  return true;
}

function takeRoutingHeader(packet: Ipv6Packet, header: RoutingHeader): void {
  packet.headers.push({ name: "routing", offset: packet.offset, header });
  if (header.segmentsLeft === 0) return;
  if (header.name === "type-2") packet.checksumDestination = header.homeAddress;
  if (header.name === "type-0") packet.checksumDestination = header.addresses.at(-1)!;
}

function takeOptions(packet: Ipv6Packet, header: DestinationOptions): void {
  const { protocol, offset } = packet;
  if (protocol === HOP_BY_HOP) {
    packet.headers.push({ name: "hop-by-hop-options", offset, header });
    return;
  }
  packet.headers.push({ name: "destination-options", offset, header });
  packet.homeAddress ??= homeAddressOf(header);
  packet.checksumSource = packet.homeAddress ?? packet.source;
}
