/**
 * The functions of RFC 3542 10 for Hop-by-Hop and Destination Options headers, as C programs call them.
 *
 * What is a pointer in C is a Uint8Array here, NULL is null, and where C writes through a pointer there is an
 * {@linkcode Out}. Whatever the bytes say, nothing outside of them is read or written. -1 is all that these functions
 * say of what is wrong; {@linkcode nextExtensionOption} and {@linkcode extensionOptions} say more, and
 * parseDestinationOptions() and buildDestinationOptions() do the same with objects.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { inet6_opt_append, inet6_opt_finish, inet6_opt_init, inet6_opt_set_val } from "./inet6_opt.ts";
 *
 * const header = new Uint8Array(24);
 * const data = { value: header };
 * let offset = inet6_opt_init(header, header.length);
 * offset = inet6_opt_append(header, header.length, offset, 0xc9, 16, 8, data);
 * inet6_opt_set_val(data.value, 0, Uint8Array.fromHex("20010db8000000000000000000000001"), 16);
 * assert.equal(inet6_opt_finish(header, header.length, offset), 24);
 * assert.equal(header.toHex(), "000201020000c91020010db8000000000000000000000001");
 * ```
 *
 * @module
 */

import { malformed } from "./field.ts";

/** Where a function puts what C has it write through a pointer. */
export interface Out<T> {
  /** What was put here last. */
  value: T;
}

const FIRST = 2;
const HEADER_SIZE_MAX = 2048;
const PAD1 = 0;
const PADN = 1;

/**
 * Begins an options header: writes its length. Never throws.
 *
 * @param extbuf Where it is to be; null counts what is needed and writes nothing.
 * @param extlen Its length, a multiple of 8 from 8 to 2048.
 * @returns Where the first option goes, or -1.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { inet6_opt_init } from "./inet6_opt.ts";
 *
 * const header = new Uint8Array(16);
 * assert.equal(inet6_opt_init(header, 16), 2);
 * assert.equal(header[1], 1);
 * ```
 */
export function inet6_opt_init(extbuf: Uint8Array | null, extlen: number): number {
  if (!extbuf) return FIRST;
  if (!(extlen > 0 && extlen <= HEADER_SIZE_MAX && extlen % 8 === 0)) return -1;
  if (extlen > extbuf.length) return -1;
  extbuf[1] = extlen / 8 - 1;
  return FIRST;
}

/**
 * Adds an option behind what is there, with the padding in front of it that puts its end at a multiple of `align`
 * (RFC 3542 22: "xn" is said of the end of the data). glibc 2.36 puts the data's beginning there, which is the same only
 * where `len` is a multiple of `align`. Never throws.
 *
 * @param extbuf null counts what is needed and writes nothing.
 * @param offset What the function before returned.
 * @param type 2 to 255.
 * @param len Bytes of data, 1 to 255: `align` must not exceed it.
 * @param align 1, 2, 4 or 8.
 * @param databufp Is given the data, to be filled by inet6_opt_set_val().
 * @returns The offset behind the option, or -1.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { inet6_opt_append } from "./inet6_opt.ts";
 *
 * // RFC 8200 A: 12 bytes whose end is at 8n, behind the header's first two.
 * assert.equal(inet6_opt_append(null, 0, 2, 0x2a, 12, 8), 16);
 * ```
 */
export function inet6_opt_append(
  extbuf: Uint8Array | null,
  extlen: number,
  offset: number,
  type: number,
  len: number,
  align: number,
  databufp?: Out<Uint8Array> | null,
): number {
  if (!Number.isInteger(offset) || offset < FIRST) return -1;
  if (!Number.isInteger(type) || type <= PADN || type > 0xff) return -1;
  if (!Number.isInteger(len) || len < 0 || len > 0xff) return -1;
  if (![1, 2, 4, 8].includes(align) || align > len) return -1;
  const padding = (align - (offset + 2 + len) % align) % align;
  const end = offset + padding + 2 + len;
  if (!extbuf) return end;
  if (!(end <= extlen) || end > extbuf.length) return -1;
  pad(extbuf, offset, padding);
  extbuf[offset + padding] = type;
  extbuf[offset + padding + 1] = len;
  if (databufp) databufp.value = extbuf.subarray(end - len, end);
  return end;
}

/**
 * Ends an options header: pads it to a multiple of 8. Never throws.
 *
 * @param extbuf null counts what is needed and writes nothing.
 * @param offset What the function before returned.
 * @returns The header's length, or -1.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { inet6_opt_finish } from "./inet6_opt.ts";
 *
 * assert.equal(inet6_opt_finish(null, 0, 12), 16);
 * ```
 */
export function inet6_opt_finish(
  extbuf: Uint8Array | null,
  extlen: number,
  offset: number,
): number {
  if (!Number.isInteger(offset) || offset < FIRST) return -1;
  const end = Math.ceil(offset / 8) * 8;
  if (!extbuf) return end;
  if (!(end <= extlen) || end > extbuf.length) return -1;
  pad(extbuf, offset, end - offset);
  return end;
}

/**
 * Writes a value into an option's data. Never throws.
 *
 * @param databuf What inet6_opt_append() gave.
 * @param offset Where in it, from 0.
 * @returns The offset behind the value; -1 where it does not fit, which C does not notice.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { inet6_opt_set_val } from "./inet6_opt.ts";
 *
 * const data = new Uint8Array(4);
 * assert.equal(inet6_opt_set_val(data, 1, Uint8Array.of(7, 8), 2), 3);
 * assert.deepEqual(data, Uint8Array.of(0, 7, 8, 0));
 * ```
 */
export function inet6_opt_set_val(
  databuf: Uint8Array,
  offset: number,
  val: Uint8Array,
  vallen: number,
): number {
  if (!fits(databuf, offset, vallen) || !fits(val, 0, vallen)) return -1;
  databuf.set(val.subarray(0, vallen), offset);
  return offset + vallen;
}

/**
 * Finds the next option that is not padding. Never throws.
 *
 * @param extlen How much of `extbuf` there is; what lies behind the header's own length is not looked at.
 * @param offset 0 for the first, else what the function before returned.
 * @param typep Is given the option's type.
 * @param lenp Is given the length of its data.
 * @param databufp Is given a view of its data.
 * @returns The offset behind the option; -1 at the end of the header, and where it is malformed.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { inet6_opt_next } from "./inet6_opt.ts";
 *
 * const header = Uint8Array.of(59, 0, 5, 2, 0xaa, 0xbb, 1, 0);
 * const type = { value: 0 };
 * assert.equal(inet6_opt_next(header, 8, 0, type), 6);
 * assert.equal(type.value, 5);
 * ```
 */
export function inet6_opt_next(
  extbuf: Uint8Array,
  extlen: number,
  offset: number,
  typep?: Out<number> | null,
  lenp?: Out<number> | null,
  databufp?: Out<Uint8Array> | null,
): number {
  const step = nextExtensionOption(extbuf, offset, extlen);
  if (step.state !== "option") return -1;
  if (typep) typep.value = step.type;
  if (lenp) lenp.value = step.data.length;
  if (databufp) databufp.value = step.data;
  return step.next;
}

/**
 * Finds the next option of a type, as {@linkcode inet6_opt_next} does; padding is found by neither. Never throws.
 *
 * @param offset 0 for the first, else what the function before returned.
 * @returns The offset behind the option; -1 where there is none any more, and where the header is malformed.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { inet6_opt_find } from "./inet6_opt.ts";
 *
 * const header = Uint8Array.of(59, 0, 5, 2, 0xaa, 0xbb, 1, 0);
 * assert.equal(inet6_opt_find(header, 8, 0, 5), 6);
 * assert.equal(inet6_opt_find(header, 8, 6, 5), -1);
 * ```
 */
export function inet6_opt_find(
  extbuf: Uint8Array,
  extlen: number,
  offset: number,
  type: number,
  lenp?: Out<number> | null,
  databufp?: Out<Uint8Array> | null,
): number {
  const found: Out<number> = { value: -1 };
  do offset = inet6_opt_next(extbuf, extlen, offset, found, lenp, databufp); while (
    offset >= 0 && found.value !== type
  );
  return offset;
}

/**
 * Reads a value out of an option's data. Never throws.
 *
 * @param databuf What inet6_opt_next() or inet6_opt_find() gave.
 * @param offset Where in it, from 0.
 * @param val Where the value is to be.
 * @returns The offset behind the value; -1 where the data ends before it, which C does not notice.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { inet6_opt_get_val } from "./inet6_opt.ts";
 *
 * const value = new Uint8Array(2);
 * assert.equal(inet6_opt_get_val(Uint8Array.of(1, 2, 3), 1, value, 2), 3);
 * assert.deepEqual(value, Uint8Array.of(2, 3));
 * ```
 */
export function inet6_opt_get_val(
  databuf: Uint8Array,
  offset: number,
  val: Uint8Array,
  vallen: number,
): number {
  if (!fits(databuf, offset, vallen) || !fits(val, 0, vallen)) return -1;
  val.set(databuf.subarray(offset, offset + vallen));
  return offset + vallen;
}

/**
 * What the sockets API of Mobile IPv6 calls inet6_opt_get_val(). Never throws.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { inet6_opt_get_value } from "./inet6_opt.ts";
 *
 * assert.equal(inet6_opt_get_value(Uint8Array.of(1), 0, new Uint8Array(1), 1), 1);
 * ```
 *
 * @deprecated RFC 3542 10.6 has no such name: use inet6_opt_get_val.
 */
export const inet6_opt_get_value: typeof inet6_opt_get_val = inet6_opt_get_val;

/** An option of a header, or why there is none. */
export type ExtensionOptionStep =
  | {
    /** There is one. */
    state: "option";
    /** 2 to 255. */
    type: number;
    /** A view of what stands behind type and length. */
    data: Uint8Array;
    /** Where the option's type stands. */
    offset: number;
    /** Where to look for the next one. */
    next: number;
  }
  | {
    /** The header ends here. */
    state: "end";
  }
  | {
    /** The option at `offset` is longer than what is left, or there is no header. */
    state: "malformed";
    /** Where it begins. */
    offset: number;
  };

/**
 * The next option that is not padding, as {@linkcode inet6_opt_next} finds it, and what -1 would mean. Never throws.
 *
 * @param offset 0 for the first, else `next` of the one before.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { nextExtensionOption } from "./inet6_opt.ts";
 *
 * const header = Uint8Array.of(59, 0, 5, 2, 0xaa, 0xbb, 1, 0);
 * const step = nextExtensionOption(header);
 * assert.equal(step.state === "option" && step.type, 5);
 * assert.deepEqual(nextExtensionOption(header, 6), { state: "end" });
 * ```
 */
export function nextExtensionOption(
  extbuf: Uint8Array,
  offset = 0,
  extlen: number = extbuf.length,
): ExtensionOptionStep {
  let at = offset === 0 ? FIRST : offset;
  const given = Math.min(extlen, extbuf.length);
  if (!(given >= FIRST) || !Number.isInteger(at) || at < FIRST) {
    return { state: "malformed", offset };
  }
  const end = Math.min(given, extbuf[1]! * 8 + 8);
  while (at < end) {
    const type = extbuf[at]!;
    if (type === PAD1) {
      at++;
      continue;
    }
    const next = at + 2 > end ? Infinity : at + 2 + extbuf[at + 1]!;
    if (next > end) return { state: "malformed", offset: at };
    if (type !== PADN) {
      return { state: "option", type, data: extbuf.subarray(at + 2, next), offset: at, next };
    }
    at = next;
  }
  return { state: "end" };
}

/**
 * The options of a header that are not padding, in their order.
 *
 * @throws {MifError} EBADMSG: the header is malformed, after the options in front of the fault.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { extensionOptions } from "./inet6_opt.ts";
 *
 * const header = Uint8Array.of(59, 0, 5, 2, 0xaa, 0xbb, 1, 0);
 * assert.deepEqual([...extensionOptions(header)].map(({ type }) => type), [5]);
 * ```
 */
export function* extensionOptions(
  extbuf: Uint8Array,
): Generator<Extract<ExtensionOptionStep, { state: "option" }>> {
  for (let offset = 0;;) {
    const step = nextExtensionOption(extbuf, offset);
    if (step.state === "end") return;
    if (step.state === "malformed") {
      throw malformed("extensionOptions", `options: the one at byte ${step.offset} does not fit`);
    }
    yield step;
    offset = step.next;
  }
}

function pad(extbuf: Uint8Array, at: number, length: number): void {
  extbuf.fill(0, at, at + length);
  if (length < 2) return;
  extbuf[at] = PADN;
  extbuf[at + 1] = length - 2;
}

function fits(bytes: Uint8Array, at: number, length: number): boolean {
  return Number.isInteger(at) && Number.isInteger(length) && at >= 0 && length >= 0 &&
    at + length <= bytes.length;
}
