/**
 * What all ICMPv6 messages have (RFC 4443 2.3): a checksum over the addresses they travel between. Pure.
 *
 * @module
 */

const IPPROTO_ICMPV6 = 58;

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
  // The pseudo-header of RFC 8200 8.1, and the message without its own checksum.
  let sum = IPPROTO_ICMPV6 + (message.length & 0xffff) + (message.length >>> 16);
  sum += words(source) + words(destination) + words(message);
  sum -= message[2]! << 8 | message[3]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
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
export function joinMessage(parts: readonly Uint8Array[]): Uint8Array {
  const message = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    message.set(part, at);
    at += part.length;
  }
  return message;
}

/** The sum of the 16-bit words, an odd byte at the end taken as a high one. Exact for any message of IPv6. */
function words(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i + 1 < bytes.length; i += 2) sum += bytes[i]! << 8 | bytes[i + 1]!;
  return bytes.length % 2 === 0 ? sum : sum + (bytes[bytes.length - 1]! << 8);
}
