/**
 * A prefix that is held against many addresses.
 *
 * @module
 */

import { formatPrefix, networkOf, prefixContains } from "../ip/address.ts";

/** A parsed "address/length". */
export interface Prefix {
  text: string;
  bytes: Uint8Array;
  prefixLength: number;
}

/** The prefix of an address. */
export function prefixOf(bytes: Uint8Array, prefixLength: number): Prefix {
  const network = networkOf(bytes, prefixLength);
  return { text: formatPrefix(bytes, prefixLength), bytes: network, prefixLength };
}

/** Whether an address is in it. */
export function holds({ bytes, prefixLength }: Prefix, address: Uint8Array): boolean {
  return prefixContains(bytes, prefixLength, address);
}
