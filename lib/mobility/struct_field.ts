/**
 * Fields of the structs in layout.gen.ts, in bytes as they are on the wire.
 *
 * @module
 */

import { checkedNumber } from "../checked_number.ts";
import { checkedBytes } from "./field.ts";

/** Where a field of a struct lies. */
export interface StructField {
  /** From the struct's beginning. */
  readonly offset: number;
  /** In bytes. */
  readonly size: number;
  /** "big-endian" for a number of two or four bytes; null for one byte, and for what is no number. */
  readonly byteOrder: "big-endian" | null;
}

/** How a struct lies. */
export interface StructLayout {
  /** In bytes, without what follows the struct. */
  readonly size: number;
  /** By their names in C. */
  readonly fields: Readonly<Record<string, StructField>>;
}

/**
 * A field's number, or a copy of its bytes where it is no number.
 *
 * @param at Where the struct begins.
 * @throws {RangeError} The field is not all in these bytes.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { ip6mh_binding_update } from "./layout.gen.ts";
 * import { readField } from "./struct_field.ts";
 *
 * const bytes = Uint8Array.of(59, 1, 5, 0, 0, 0, 0, 37, 0xd0, 0, 0, 3, 1, 2, 0, 0);
 * assert.equal(readField(bytes, ip6mh_binding_update.fields.ip6mhbu_seqno), 37);
 * ```
 */
export function readField(bytes: Uint8Array, field: StructField, at = 0): number | Uint8Array {
  const start = checkedStart(bytes, field, at);
  if (!isNumber(field)) return new Uint8Array(bytes.subarray(start, start + field.size));
  let value = 0;
  for (let i = 0; i < field.size; i++) value = value * 256 + bytes[start + i]!;
  return value;
}

/**
 * Writes a field's number, or its bytes where it is no number.
 *
 * @param at Where the struct begins.
 * @throws {TypeError} The value is not of the field's kind.
 * @throws {RangeError} The field is not all in these bytes, or the value does not fit it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { ip6mh_binding_update } from "./layout.gen.ts";
 * import { writeField } from "./struct_field.ts";
 *
 * const bytes = new Uint8Array(ip6mh_binding_update.size);
 * writeField(bytes, ip6mh_binding_update.fields.ip6mhbu_seqno, 0x1234);
 * assert.deepEqual(bytes.slice(6, 8), Uint8Array.of(0x12, 0x34));
 * ```
 */
export function writeField(
  bytes: Uint8Array,
  field: StructField,
  value: number | Uint8Array,
  at = 0,
): void {
  const start = checkedStart(bytes, field, at);
  if (!isNumber(field)) {
    bytes.set(checkedBytes("the field", value as Uint8Array, field.size), start);
    return;
  }
  let rest = checkedNumber("the field", value as number, 256 ** field.size - 1);
  for (let i = field.size - 1; i >= 0; i--) {
    bytes[start + i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

function isNumber(field: StructField): boolean {
  return field.byteOrder !== null || field.size === 1;
}

function checkedStart(bytes: Uint8Array, field: StructField, at: number): number {
  const start = checkedNumber("the struct's place", at, Number.MAX_SAFE_INTEGER) + field.offset;
  if (start + field.size <= bytes.length) return start;
  throw new RangeError(`the field ends at byte ${start + field.size} of ${bytes.length}`);
}
