/**
 * The checksum of a mobility message, RFC 6275 6.1.1.
 *
 * @module
 */

import { upperLayerChecksum } from "../ip/checksum.ts";
import { checkedBytes, type Ipv6AddressInit, ipv6Bytes, setUint16, uint16 } from "./field.ts";

/** What the pseudo-header says, also where the packet came as another protocol. */
const IPPROTO_MH = 135;
const CHECKSUM_AT = 4;

/**
 * The checksum that belongs into a message. What stands behind the header as its length says is not covered.
 *
 * @param source The packet's source, or the home address of its home address option.
 * @param destination The packet's destination, or the home address of its type 2 routing header.
 * @param bytes The message, from Payload Proto on; what its checksum field holds does not count.
 * @throws {TypeError} An address is no IPv6 address.
 * @throws {RangeError} The message has no checksum field: it is shorter than 6 bytes.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { mobilityChecksum } from "./mobility_checksum.ts";
 *
 * const brr = Uint8Array.of(59, 0, 0, 0, 0, 0, 0, 0);
 * assert.equal(mobilityChecksum("2001:db8::1", "2001:db8::2", brr), 0x68fb);
 * ```
 */
export function mobilityChecksum(
  source: Ipv6AddressInit,
  destination: Ipv6AddressInit,
  bytes: Uint8Array,
): number {
  const end = checkedBytes("a mobility message", bytes, 6, 0xffff)[1]! * 8 + 8;
  return upperLayerChecksum(
    ipv6Bytes("source", source),
    ipv6Bytes("destination", destination),
    IPPROTO_MH,
    end < bytes.length ? bytes.subarray(0, end) : bytes,
    CHECKSUM_AT,
  );
}

/**
 * Whether the checksum in a message is right; see {@linkcode mobilityChecksum} for the addresses.
 *
 * @throws {TypeError} An address is no IPv6 address.
 * @throws {RangeError} The message has no checksum field.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { verifyMobility } from "./mobility_checksum.ts";
 *
 * const brr = Uint8Array.of(59, 0, 0, 0, 0x68, 0xfb, 0, 0);
 * assert.ok(verifyMobility("2001:db8::1", "2001:db8::2", brr));
 * ```
 */
export function verifyMobility(
  source: Ipv6AddressInit,
  destination: Ipv6AddressInit,
  bytes: Uint8Array,
): boolean {
  const checksum = mobilityChecksum(source, destination, bytes);
  const found = uint16(bytes, CHECKSUM_AT);
  // Zero has two forms in one's complement, and a sum over the whole, which receivers make, takes either.
  return found === checksum || (checksum === 0 && found === 0xffff);
}

/**
 * Writes the checksum into a message and returns the same bytes; see {@linkcode mobilityChecksum} for the addresses.
 *
 * @throws {TypeError} An address is no IPv6 address.
 * @throws {RangeError} The message has no checksum field.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { sealMobility } from "./mobility_checksum.ts";
 *
 * const brr = sealMobility("2001:db8::1", "2001:db8::2", Uint8Array.of(59, 0, 0, 0, 0, 0, 0, 0));
 * assert.deepEqual(brr.slice(4, 6), Uint8Array.of(0x68, 0xfb));
 * ```
 */
export function sealMobility(
  source: Ipv6AddressInit,
  destination: Ipv6AddressInit,
  bytes: Uint8Array,
): Uint8Array {
  setUint16(bytes, CHECKSUM_AT, mobilityChecksum(source, destination, bytes));
  return bytes;
}
