/**
 * The functions of RFC 3542 7 for routing headers, as C programs call them: types 0 and 2 (RFC 4584 5.1).
 *
 * What is a pointer in C is a Uint8Array here, and NULL is null. Whatever the bytes say, nothing outside of them is read
 * or written. parseRoutingHeader() and buildRoutingHeader() do the same with objects.
 *
 * @module
 */

import { type Ipv6AddressInit, ipv6Bytes } from "./field.ts";

const TYPE_0 = 0;
const TYPE_2 = 2;
const HEADER = 8;
const ADDRESS = 16;

/**
 * The bytes of a routing header with so many segments; 0 where the type is not known or cannot have so many. Never throws.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { inet6_rth_space } from "./inet6_rth.ts";
 *
 * assert.equal(inet6_rth_space(2, 1), 24);
 * assert.equal(inet6_rth_space(2, 2), 0);
 * ```
 */
export function inet6_rth_space(type: number, segments: number): number {
  const known = type === TYPE_0
    ? Number.isInteger(segments) && segments >= 0 && segments <= 127
    : type === TYPE_2 && segments === 1;
  return known ? HEADER + ADDRESS * segments : 0;
}

/**
 * Begins a routing header: all zero but its length and type. Next Header is left to the kernel. Never throws.
 *
 * @param bp Where it is to be.
 * @param bp_len How much of `bp` may be used, inet6_rth_space() or more.
 * @returns `bp`, or null where the type is not known or there is not enough room.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { inet6_rth_init } from "./inet6_rth.ts";
 *
 * const header = new Uint8Array(24);
 * assert.equal(inet6_rth_init(header, 24, 2, 1), header);
 * assert.equal(inet6_rth_init(header, 23, 2, 1), null);
 * ```
 */
export function inet6_rth_init(
  bp: Uint8Array,
  bp_len: number,
  type: number,
  segments: number,
): Uint8Array | null {
  const space = inet6_rth_space(type, segments);
  if (space === 0 || !(bp_len >= space) || bp.length < space) return null;
  bp.fill(0, 0, space);
  bp[1] = (space - HEADER) / 8;
  bp[2] = type;
  return bp;
}

/**
 * Adds an address to the end of a routing header. -1 where it is full or no header of a known type.
 *
 * @throws {TypeError} The address is no IPv6 address.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { inet6_rth_add, inet6_rth_init } from "./inet6_rth.ts";
 *
 * const header = new Uint8Array(24);
 * inet6_rth_init(header, 24, 2, 1);
 * assert.equal(inet6_rth_add(header, "2001:db8::1"), 0);
 * assert.equal(inet6_rth_add(header, "2001:db8::2"), -1);
 * ```
 */
export function inet6_rth_add(bp: Uint8Array, addr: Ipv6AddressInit): 0 | -1 {
  const bytes = ipv6Bytes("addr", addr);
  const segments = inet6_rth_segments(bp);
  if (segments < 0 || bp[3]! >= segments) return -1;
  bp.set(bytes, HEADER + ADDRESS * bp[3]!);
  bp[3]!++;
  return 0;
}

/**
 * Writes the header that leads back, with all segments left. Never throws.
 *
 * @param out May be the same bytes.
 * @returns -1 where this is no type 0 header or `out` too short, and then `out` is as it was: a type 2 header leads to one
 * node and not back.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { inet6_rth_reverse } from "./inet6_rth.ts";
 *
 * const empty = new Uint8Array(8);
 * assert.equal(inet6_rth_reverse(empty, empty), 0);
 * assert.equal(inet6_rth_reverse(Uint8Array.of(0, 2, 2, 1), empty), -1);
 * ```
 */
export function inet6_rth_reverse(from: Uint8Array, out: Uint8Array): 0 | -1 {
  const segments = inet6_rth_segments(from);
  const end = HEADER + ADDRESS * segments;
  if (segments < 0 || from[2] !== TYPE_0 || out.length < end) return -1;
  const header = new Uint8Array(from.subarray(0, end));
  for (let i = 0; i < segments; i++) {
    const at = HEADER + ADDRESS * i;
    out.set(header.subarray(at, at + ADDRESS), end - ADDRESS * (i + 1));
  }
  out.set(header.subarray(0, HEADER));
  out[3] = segments;
  return 0;
}

/**
 * How many addresses a routing header has, visited or not; -1 where it is none of a known type or is malformed. A type 2
 * header that came in by a socket has no segments left: that is no fault. Never throws.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { inet6_rth_segments } from "./inet6_rth.ts";
 *
 * assert.equal(inet6_rth_segments(new Uint8Array(8)), 0);
 * assert.equal(inet6_rth_segments(new Uint8Array(7)), -1);
 * ```
 */
export function inet6_rth_segments(bp: Uint8Array): number {
  if (bp.length < HEADER) return -1;
  const length = bp[1]!;
  const segments = length / 2;
  if (length % 2 !== 0 || bp[3]! > segments || bp.length < HEADER + 8 * length) return -1;
  // Type 0 has a length of one byte, so it cannot have more than inet6_rth_space() allows.
  return inet6_rth_space(bp[2]!, segments) === 0 ? -1 : segments;
}

/**
 * A view of the address at `index`, from 0; null where there is none. Never throws.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { inet6_rth_getaddr } from "./inet6_rth.ts";
 *
 * const header = new Uint8Array(24);
 * header.set([59, 2, 2, 1]);
 * assert.equal(inet6_rth_getaddr(header, 0)?.length, 16);
 * assert.equal(inet6_rth_getaddr(header, 1), null);
 * ```
 */
export function inet6_rth_getaddr(bp: Uint8Array, index: number): Uint8Array | null {
  if (!Number.isInteger(index) || index < 0 || index >= inet6_rth_segments(bp)) return null;
  const at = HEADER + ADDRESS * index;
  return bp.subarray(at, at + ADDRESS);
}
