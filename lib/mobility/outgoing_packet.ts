/**
 * A whole IPv6 packet with a mobility message, for what a kernel without Mobile IPv6 does not send: RFC 6275 6.3 and 6.4
 * say in which order the headers stand.
 *
 * @module
 */

import { IPPROTO_DSTOPTS, IPPROTO_MH, IPPROTO_ROUTING } from "../socket/options.ts";
import { buildDestinationOptions } from "./destination_options.ts";
import { type Ipv6AddressInit, ipv6Bytes, setUint16 } from "./field.ts";
import { buildRoutingHeader } from "./routing_header.ts";

/** What {@linkcode mobilityPacket} puts around a message. */
export interface MobilityPacketInit {
  /** The IPv6 header's source: of a mobile node away from home its care-of address. */
  source: Ipv6AddressInit;
  /** To whom the message is. */
  destination: Ipv6AddressInit;
  /** Of the sender: a home address option says it. */
  homeAddress?: Ipv6AddressInit;
  /** Of the receiver: the packet goes there, and a type 2 routing header has `destination`. */
  careOfAddress?: Ipv6AddressInit;
  /** 64 where left out. */
  hopLimit?: number;
}

/** The bytes of the packet; the message is taken as it is, checksum included. */
export function mobilityPacket(message: Uint8Array, init: MobilityPacketInit): Uint8Array {
  const { homeAddress, careOfAddress, destination } = init;
  const headers: Uint8Array[] = [];
  let next = IPPROTO_MH;
  if (homeAddress !== undefined) {
    const options = [{ name: "home-address", homeAddress }] as const;
    headers.unshift(buildDestinationOptions({ nextHeader: next, options }));
    next = IPPROTO_DSTOPTS;
  }
  if (careOfAddress !== undefined) {
    const header = { name: "type-2", nextHeader: next, homeAddress: destination } as const;
    headers.unshift(buildRoutingHeader(header));
    next = IPPROTO_ROUTING;
  }
  const payload = headers.reduce((size, header) => size + header.length, message.length);
  const bytes = new Uint8Array(40 + payload);
  bytes[0] = 0x60;
  setUint16(bytes, 4, payload);
  bytes[6] = next;
  bytes[7] = init.hopLimit ?? 64;
  bytes.set(ipv6Bytes("source", init.source), 8);
  bytes.set(ipv6Bytes("destination", careOfAddress ?? destination), 24);
  let at = 40;
  for (const part of [...headers, message]) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
