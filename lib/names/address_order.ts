/**
 * The order of addresses of RFC 6724: which source a destination has (5), and which destination is tried first (6).
 *
 * @module
 */

import { isLinkLocal, isLoopback, isMulticast, prefixContains } from "../ip/address.ts";
import { type AddressPolicy, mapped, unmapped } from "./address_policy.ts";

/** An address that packets can carry as their source. */
export interface SourceAddress {
  /** 4 or 16 bytes. */
  bytes: Uint8Array;
  prefixLength: number;
  /** RFC 4862 5.5.4. */
  deprecated: boolean;
  /** RFC 8981. */
  temporary: boolean;
}

/**
 * The source that packets to a destination (4 or 16 bytes, and the interface's index of a link-local one) would carry,
 * null where nothing leads there.
 */
export type SourceOf = (destination: Uint8Array, scopeId: number) => SourceAddress | null;

/**
 * The best of some sources for a destination, by the rules of RFC 6724 5. Home addresses (rule 4) are not told from
 * others; the interface and the next hop (rules 5 and 5.5) are the PvD's for all of them; a temporary address comes
 * after a stable one, as our sockets choose.
 */
export function chooseSource(
  destination: Uint8Array,
  candidates: readonly SourceAddress[],
  policy: AddressPolicy,
): SourceAddress | null {
  const wanted = scopeOf(destination, policy);
  const label = policy.label(mapped(destination));
  const equal = (source: SourceAddress) => sameBytes(source.bytes, destination);
  const rank = (source: SourceAddress) => scopeOf(source.bytes, policy);
  let best: SourceAddress | null = null;
  for (const candidate of candidates) {
    if (candidate.bytes.length !== destination.length) continue;
    if (best === null || better(candidate, best)) best = candidate;
  }
  return best;

  function better(a: SourceAddress, b: SourceAddress): boolean {
    if (equal(a) !== equal(b)) return equal(a);
    const [scopeA, scopeB] = [rank(a), rank(b)];
    // The smallest scope that reaches as far as the destination's, else the largest there is.
    if (scopeA !== scopeB) return scopeA < scopeB ? scopeA >= wanted : scopeB < wanted;
    if (a.deprecated !== b.deprecated) return b.deprecated;
    const [labelA, labelB] = [a, b].map(({ bytes }) => policy.label(mapped(bytes)) === label);
    if (labelA !== labelB) return labelA!;
    if (a.temporary !== b.temporary) return b.temporary;
    return commonPrefix(a, destination) > commonPrefix(b, destination);
  }
}

/**
 * Destinations in the order of RFC 6724 6, of 4 or 16 bytes each, IPv4-mapped ones taken for what they stand for. Equal
 * ones keep their order. Rule 4 (home addresses) and rule 7 (native transport) tell nothing within a PvD.
 */
export function orderDestinations<D extends { bytes: Uint8Array; scopeId: number }>(
  destinations: readonly D[],
  sourceOf: SourceOf,
  policy: AddressPolicy,
): D[] {
  const facts = destinations.map((destination) => {
    const bytes = unmapped(destination.bytes);
    const source = sourceOf(bytes, destination.scopeId);
    const scope = scopeOf(bytes, policy);
    return {
      destination,
      usable: source !== null,
      scopeMatches: source !== null && scope === scopeOf(source.bytes, policy),
      deprecated: source?.deprecated ?? false,
      labelMatches: source !== null &&
        policy.label(mapped(bytes)) === policy.label(mapped(source.bytes)),
      precedence: policy.precedence(mapped(bytes)),
      scope,
      family: bytes.length,
      common: source === null ? 0 : commonPrefix(source, bytes),
    };
  });
  type Facts = (typeof facts)[number];
  /** Rules 1 to 9; what comes out negative puts `a` first. The sort is stable: rule 10. */
  const compare = (a: Facts, b: Facts): number =>
    Number(b.usable) - Number(a.usable) ||
    Number(b.scopeMatches) - Number(a.scopeMatches) ||
    Number(a.deprecated) - Number(b.deprecated) ||
    Number(b.labelMatches) - Number(a.labelMatches) ||
    b.precedence - a.precedence ||
    a.scope - b.scope ||
    (a.family === b.family ? b.common - a.common : 0);
  return facts.sort(compare).map(({ destination }) => destination);
}

/**
 * RFC 6724 2.2: as far as the source's prefix goes. Of IPv4 only an address on the source's own network is nearer than
 * another: servers that share the load by the order of their answers count on that.
 */
function commonPrefix({ bytes, prefixLength }: SourceAddress, destination: Uint8Array): number {
  if (bytes.length !== destination.length) return 0;
  if (bytes.length === 4) {
    return prefixContains(bytes, prefixLength, destination) ? prefixLength : 0;
  }
  let common = 0;
  while (common < prefixLength && prefixContains(bytes, common + 1, destination)) common++;
  return common;
}

/** RFC 4291 2.7 and RFC 6724 3.1: 2 is the link, 5 the site, 14 the world. */
function scopeOf(bytes: Uint8Array, policy: AddressPolicy): number {
  if (bytes.length === 4) return policy.ipv4Scope(mapped(bytes));
  if (isMulticast(bytes)) return bytes[1]! & 0x0f;
  if (isLinkLocal(bytes) || isLoopback(bytes)) return 2;
  return bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0xc0 ? 5 : 14;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
