/**
 * Whether a provisioning domain has a way to an address.
 *
 * @module
 */

import { parsePrefix, prefixContains } from "../ip/address.ts";
import type { PvdInfo } from "./pvd.ts";

/** The length of the most specific route of a PvD that covers the address, -1 where none does. */
export function longestRoute({ routes }: PvdInfo, family: 4 | 6, address: Uint8Array): number {
  let longest = -1;
  for (const { destination } of routes) {
    const prefix = parsePrefix(destination)!;
    if (prefix.family !== family || prefix.prefixLength <= longest) continue;
    if (prefixContains(prefix.bytes, prefix.prefixLength, address)) longest = prefix.prefixLength;
  }
  return longest;
}
