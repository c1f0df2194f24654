/**
 * Packets with mobility messages for the tests, put together by hand: no builder of ours has a part in them.
 *
 * @module
 */

import { upperLayerChecksum } from "../../lib/ip/checksum.ts";
import { ipv6Bytes } from "../lab/frame.ts";
import { hex } from "./vectors.ts";

/** An extension header: its protocol number, and its bytes with a Next Header that is filled in. */
export type WireHeader = [protocol: number, bytes: Uint8Array];

/** What is around a message. */
export interface WirePacket {
  source: string;
  destination: string;
  headers?: readonly WireHeader[];
  /** What the checksum is over, where it is not the header's. */
  checksumSource?: string;
  checksumDestination?: string;
  /** Written as it is. */
  checksum?: number;
  protocol?: number;
  hopLimit?: number;
}

/** An IPv6 packet with a message whose checksum is right, unless told otherwise. */
export function wirePacket(message: Uint8Array, packet: WirePacket): Uint8Array {
  const { source, destination, headers = [], protocol = 135, hopLimit = 64 } = packet;
  const body = message.slice();
  if (body.length >= 6) {
    const checksum = packet.checksum ?? upperLayerChecksum(
      ipv6Bytes(packet.checksumSource ?? source),
      ipv6Bytes(packet.checksumDestination ?? destination),
      135,
      body,
      4,
    );
    body.set([checksum >> 8, checksum & 0xff], 4);
  }
  const protocols = [...headers.map(([number]) => number), protocol];
  const parts = headers.map(([, bytes], i) => {
    const header = bytes.slice();
    header[0] = protocols[i + 1]!;
    return header;
  });
  const payload = Buffer.concat([...parts, body]);
  return new Uint8Array(Buffer.concat([
    Uint8Array.of(0x60, 0, 0, 0, payload.length >> 8, payload.length, protocols[0]!, hopLimit),
    ipv6Bytes(source),
    ipv6Bytes(destination),
    payload,
  ]));
}

/** A destination options header with a home address option (RFC 6275 6.3). */
export function homeAddressHeader(address: string): WireHeader {
  return [60, new Uint8Array(Buffer.concat([hex("0002 01020000 c910"), ipv6Bytes(address)]))];
}

/** A type 2 routing header (RFC 6275 6.4). */
export function type2Header(address: string, segmentsLeft = 1): WireHeader {
  const head = Uint8Array.of(0, 2, 2, segmentsLeft, 0, 0, 0, 0);
  return [43, new Uint8Array(Buffer.concat([head, ipv6Bytes(address)]))];
}
