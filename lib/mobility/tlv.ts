/**
 * Options of type, length and data, as the Mobility Header (RFC 6275 6.2.1) and the options headers of IPv6
 * (RFC 8200 4.2) have them: type 0 is one byte of padding, type 1 is padding with a length.
 *
 * @module
 */

import { checkedNumber } from "../checked_number.ts";
import { checkedBytes } from "./field.ts";

/** One byte of padding, RFC 6275 6.2.2, RFC 8200 4.2. */
export interface Pad1 {
  /** 0. */
  type: 0;
  /** What this option is. */
  name: "pad1";
}

/** Two bytes of padding or more, RFC 6275 6.2.3, RFC 8200 4.2. */
export interface PadN {
  /** 1. */
  type: 1;
  /** What this option is. */
  name: "padn";
  /** What stands behind type and length: zeros, and to be ignored if not. */
  data: Uint8Array;
}

/** An option of a type that is not read here, as it came. */
export interface UnknownOption {
  /** 2 to 255. */
  type: number;
  /** Nothing more is known of it. */
  name: "unknown";
  /** What stands behind type and length, at most 255 bytes. */
  data: Uint8Array;
}

/** An option of a type that is read here, but never with this length, as it came. */
export interface MalformedOption {
  /** 2 to 255. */
  type: number;
  /** It is not what its type says. */
  name: "malformed";
  /** What stands behind type and length, at most 255 bytes. */
  data: Uint8Array;
}

/** An option that is kept as it came. */
export type RawOption = UnknownOption | MalformedOption;

/** The end of a header that begins an option and does not finish it. */
export interface TruncatedOption {
  /** Option Type. */
  type: number;
  /** What is left of an option. */
  name: "truncated";
  /** All that is left, type and length included. */
  bytes: Uint8Array;
}

/** Padding to write; its type may be left out. */
export type PadNInit = Partial<Pick<PadN, "type">> & Omit<PadN, "type">;

/** An option to write that either header may have. */
export type AnyOptionInit =
  | (Partial<Pick<Pad1, "type">> & Omit<Pad1, "type">)
  | PadNInit
  | RawOption
  | TruncatedOption;

/** How the options of one header lie: what stands between them and how the rest is written. */
export interface OptionRules<T> {
  /** How many bytes of padding an option needs in front of it at this place. */
  padding(type: number, dataLength: number, at: number): number;
  /** The type of an option that only this header knows, by its name. */
  typeOf(option: T): number | undefined;
  /** Length of its data. */
  dataLength(option: T): number;
  /** Writes that data. */
  writeData(option: T, out: Uint8Array, at: number): void;
}

/** The longest header: a length byte of 255, in units of 8 beyond the first. */
export const HEADER_SIZE_MAX = 2048;

const TYPE_MAX = 0xff;
const DATA_MAX = 0xff;

/**
 * The options from `at` to `end`, in their order, padding included; what are bytes are views.
 *
 * @param read Reads an option of another type than 0 and 1, of which every byte is there.
 */
export function readOptions<T>(
  bytes: Uint8Array,
  at: number,
  end: number,
  read: (bytes: Uint8Array, at: number) => T,
): (T | Pad1 | PadN | TruncatedOption)[] {
  const options: (T | Pad1 | PadN | TruncatedOption)[] = [];
  while (at < end) {
    const type = bytes[at]!;
    if (type === 0) {
      options.push({ type, name: "pad1" });
      at++;
      continue;
    }
    const next = at + 2 + bytes[at + 1]!;
    if (!(next <= end)) {
      options.push({ type, name: "truncated", bytes: bytes.subarray(at, end) });
      break;
    }
    options.push(
      type === 1 ? { type, name: "padn", data: bytes.subarray(at + 2, next) } : read(bytes, at),
    );
    at = next;
  }
  return options;
}

/**
 * Whether writeOptions() would give other bytes if it were not told their padding.
 *
 * @param last The type of the option behind which only padding may stand, where there is one.
 */
export function isLaidOutOtherwise<T>(
  bytes: Uint8Array,
  at: number,
  end: number,
  { padding }: OptionRules<T>,
  last = -1,
): boolean {
  let hasLast = false;
  while (at < end) {
    const type = bytes[at]!;
    if (type === 0) {
      at++;
      continue;
    }
    const length = bytes[at + 1]!;
    const next = at + 2 + length;
    if (!(next <= end)) return hasLast;
    if (type !== 1) {
      if (hasLast || padding(type, length, at) !== 0) return true;
      hasLast = type === last;
    }
    at = next;
  }
  return false;
}

/**
 * Writes options from `at` and returns where they end, a multiple of 8.
 *
 * Padding in the list is written as given. Unless `asGiven`, what each option and the end need is put in front of it.
 *
 * @throws {TypeError} An option has a name nobody knows, or not that name's type.
 * @throws {RangeError} They are longer than a header can be or, `asGiven`, do not end at a multiple of 8.
 */
export function writeOptions<T extends { type?: number; name: string }>(
  options: readonly (T | AnyOptionInit)[],
  out: Uint8Array,
  at: number,
  rules: OptionRules<T>,
  asGiven: boolean,
): number {
  for (const option of options) {
    if (option.name === "pad1") {
      out[claim(at, 1)] = 0;
      at++;
    } else if (option.name === "truncated") {
      const { bytes } = option as TruncatedOption;
      const length = checkedBytes("bytes of a truncated option", bytes, 1, HEADER_SIZE_MAX).length;
      out.set(bytes, claim(at, length));
      at += length;
    } else if (isRaw(option)) {
      const type = rawType(option);
      const { length } = checkedBytes("data of an option", option.data, 0, DATA_MAX);
      if (!asGiven) at = pad(out, at, rules.padding(type, length, at));
      at = writeHead(out, at, type, length);
      out.set(option.data, at);
      at += length;
    } else {
      const own = option as T;
      const type = rules.typeOf(own);
      if (type === undefined || (own.type ?? type) !== type) {
        throw new TypeError(`there is no option named ${String(own.name)} of type ${own.type}`);
      }
      const length = rules.dataLength(own);
      if (!asGiven) at = pad(out, at, rules.padding(type, length, at));
      at = writeHead(out, at, type, length);
      rules.writeData(own, out, at);
      at += length;
    }
  }
  if (!asGiven) return pad(out, at, -at & 7);
  if ((at & 7) === 0) return at;
  throw new RangeError(
    `the options end at byte ${at}, which is no multiple of 8: give more padding, or leave it to us`,
  );
}

function isRaw(option: { name: string }): option is PadNInit | RawOption {
  return option.name === "padn" || option.name === "unknown" || option.name === "malformed";
}

function rawType(option: PadNInit | RawOption): number {
  if (option.name === "padn") return 1;
  const type = checkedNumber("type of an option", option.type, TYPE_MAX);
  if (type > 1) return type;
  throw new RangeError(`an option of type ${type} is padding: its name is pad1 or padn`);
}

/** Returns where the data begins. */
function writeHead(out: Uint8Array, at: number, type: number, length: number): number {
  claim(at, 2 + length);
  out[at] = type;
  out[at + 1] = length;
  return at + 2;
}

/** Writes so many bytes of padding: one option, or none (RFC 6275 6.2.3). */
function pad(out: Uint8Array, at: number, length: number): number {
  if (length === 0) return at;
  out.fill(0, claim(at, length), at + length);
  if (length > 1) writeHead(out, at, 1, length - 2);
  return at + length;
}

function claim(at: number, length: number): number {
  if (at + length <= HEADER_SIZE_MAX) return at;
  throw new RangeError(`a header has at most ${HEADER_SIZE_MAX} bytes: these options are too long`);
}
