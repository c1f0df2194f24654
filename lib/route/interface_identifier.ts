/**
 * The half of an address that the host chooses (RFC 4291 2.5.1): stable, and different in each prefix (RFC 7217). Pure.
 *
 * @module
 */

import { createHmac } from "node:crypto";

/** What an identifier depends on (RFC 7217 5). */
export interface IdentifierInput {
  /** The first 8 bytes of the address. */
  prefix: Uint8Array;
  /** What is the same for one interface of one host: its hardware address, or its name. */
  interface: Uint8Array;
  /** The ID of the PvD. */
  network: string;
  /** How often one was a duplicate. */
  dadCounter: number;
  /** What nobody outside of the host knows. */
  secret: Uint8Array;
}

/** RFC 5453: of subnet-router anycast (all zero), of IANA's Ethernet block, and of reserved anycast addresses. */
const RESERVED: readonly [first: bigint, last: bigint][] = [
  [0n, 0n],
  [0x0200_5eff_fe00_0000n, 0x0200_5eff_feff_ffffn],
  [0xfdff_ffff_ffff_ff80n, 0xfdff_ffff_ffff_ffffn],
];

/** 8 bytes. The same for the same input, and nothing of the input can be found from them. */
export function stableIdentifier(input: IdentifierInput): Uint8Array {
  for (let counter = input.dadCounter;; counter++) {
    const digest = createHmac("sha256", input.secret)
      .update(input.prefix)
      .update(lengthOf(input.interface)).update(input.interface)
      .update(input.network).update("\0")
      .update(String(counter))
      .digest();
    const value = digest.readBigUInt64BE(digest.length - 8);
    if (RESERVED.some(([first, last]) => value >= first && value <= last)) continue;
    return new Uint8Array(digest.subarray(digest.length - 8));
  }
}

/** So that no two inputs are one text. */
function lengthOf({ length }: Uint8Array): Uint8Array {
  return Uint8Array.of(length);
}

/**
 * The identifier made of a hardware address of 6 bytes (RFC 2464 4), where there is no secret; null of another length, or
 * of a group's address.
 */
export function modifiedEui64(hardwareAddress: Uint8Array): Uint8Array | null {
  const [a, b, c, d, e, f] = hardwareAddress;
  if (hardwareAddress.length !== 6 || (a! & 1) !== 0) return null;
  return Uint8Array.of(a! ^ 2, b!, c!, 0xff, 0xfe, d!, e!, f!);
}
