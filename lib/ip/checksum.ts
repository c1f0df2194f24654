/**
 * The checksum of what IPv6 carries: RFC 8200 8.1 with the one's complement sum of RFC 1071. Pure.
 *
 * @module
 */

/**
 * The checksum that belongs into a message of TCP (6), UDP (17), ICMPv6 (58) or the Mobility Header (135).
 *
 * @param source 16 bytes: the packet's source, or what stands for it (the home address of an option).
 * @param destination 16 bytes: the packet's last destination.
 * @param protocol What the pseudo-header names the message.
 * @param message All of the message.
 * @param field Where its checksum stands, an even offset; the two bytes there count as zero.
 * @returns 0 to 0xffff as it comes out: only UDP sends 0xffff for 0.
 */
export function upperLayerChecksum(
  source: Uint8Array,
  destination: Uint8Array,
  protocol: number,
  message: Uint8Array,
  field: number,
): number {
  const length = message.length;
  let sum = protocol + (length >>> 16) + (length & 0xffff);
  for (let i = 0; i < 16; i += 2) {
    sum += (source[i]! << 8 | source[i + 1]!) + (destination[i]! << 8 | destination[i + 1]!);
  }
  const even = length & ~1;
  for (let i = 0; i < even; i += 2) sum += message[i]! << 8 | message[i + 1]!;
  if (even < length) sum += message[even]! << 8;
  sum -= (message[field] ?? 0) << 8 | (message[field + 1] ?? 0);
  // Doubles are exact far beyond what fits a packet, so carries are folded once.
  while (sum > 0xffff) sum = sum % 0x10000 + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}
