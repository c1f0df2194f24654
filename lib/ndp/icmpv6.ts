/**
 * What all ICMPv6 messages have (RFC 4443 2.3): a checksum over the addresses they travel between. Pure.
 *
 * @module
 */

import { upperLayerChecksum } from "../ip/checksum.ts";

const IPPROTO_ICMPV6 = 58;
const CHECKSUM_AT = 2;

/**
 * The checksum that belongs into bytes 2 and 3 of the message, whatever stands there now.
 *
 * @param source 16 bytes.
 * @param destination 16 bytes.
 */
export function icmpv6Checksum(
  message: Uint8Array,
  source: Uint8Array,
  destination: Uint8Array,
): number {
  return upperLayerChecksum(source, destination, IPPROTO_ICMPV6, message, CHECKSUM_AT);
}

/** Writes the checksum into the message, for where the kernel does not (a packet socket, a file). */
export function setChecksum(
  message: Uint8Array,
  source: Uint8Array,
  destination: Uint8Array,
): void {
  const checksum = icmpv6Checksum(message, source, destination);
  message.set([checksum >> 8, checksum & 0xff], 2);
}

/** Parts to one message. */
export function joinMessage(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    message.set(part, at);
    at += part.length;
  }
  return message;
}
