/**
 * Domain names as they stand on the wire (RFC 1035 3.1), and their text (RFC 1035 5.1, RFC 4343 2.1).
 *
 * Names are compared by their bytes, without regard to the case of ASCII letters (RFC 4343 3), never by their text: a dot inside
 * a label is not a dot between two.
 *
 * @module
 */

import { MifError } from "../error.ts";
import { shown } from "../shown.ts";
import { MalformedDnsError, type WireReader } from "./wire.ts";

/** Bytes of a name with the lengths of its labels and the root's (RFC 1035 2.3.4). */
export const NAME_SIZE_MAX = 255;
const LABEL_SIZE_MAX = 63;
/** No name has more labels than this, so no honest one has more pointers. */
const POINTERS_MAX = 127;
const DOT = 0x2e;
const BACKSLASH = 0x5c;

/** An absolute domain name. It does not change. */
export class DnsName {
  /** Its labels, each behind its length, and the root's 0 at the end; not compressed. */
  readonly wire: Uint8Array;
  #text: string | null;
  #key: string | null = null;

  /**
   * Takes over bytes that are a whole name: {@linkcode nameFromText} and {@linkcode readName} make them.
   *
   * @param text What {@linkcode nameToText} makes of it, where that is known.
   */
  constructor(wire: Uint8Array, text: string | null = null) {
    this.wire = wire;
    this.#text = text;
  }

  /** A string that is the same for equal names and for no others: for maps, not for eyes. */
  get key(): string {
    return this.#key ??= this.toString().toLowerCase();
  }

  /** As {@linkcode nameToText}. */
  toString(): string {
    return this.#text ??= textOf(this.wire);
  }
}

/** The root, ".". */
export const ROOT: DnsName = new DnsName(new Uint8Array(1));

/**
 * The name that a text means, always taken as absolute; a dot at its end changes nothing. "\." is a dot inside a label and
 * "\DDD" any byte.
 *
 * @throws {MifError} EAI_NONAME: a label is empty or longer than 63 bytes, the name is longer than 255, a character is
 *   not ASCII (such names come in their "xn--" form), or an escape is none.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { nameFromText, nameToText } from "./name.ts";
 *
 * const name = nameFromText("Laser\\.Printer._ipp._tcp.example.");
 * assert.equal(name.wire.length, 33);
 * assert.equal(nameToText(name), "Laser\\.Printer._ipp._tcp.example");
 * ```
 */
export function nameFromText(text: string): DnsName {
  if (text === ".") return ROOT;
  // Each byte takes four characters at most.
  if (text === "" || text.length > NAME_SIZE_MAX * 4) throw notAName(text, "its length");
  const wire = scratch;
  let labelAt = 0;
  let at = 1;
  let isPlain = true;
  for (let i = 0; i < text.length; i++) {
    let byte = text.charCodeAt(i);
    if (byte === DOT) {
      if (at === labelAt + 1) throw notAName(text, "an empty label");
      wire[labelAt] = at - labelAt - 1;
      labelAt = at++;
    } else {
      if (byte === BACKSLASH) {
        const escape = ESCAPE.exec(text.slice(i + 1, i + 4))?.[0];
        if (escape === undefined) throw notAName(text, "an escape that is none");
        byte = escape.length === 3 ? Number(escape) : escape.charCodeAt(0);
        i += escape.length;
        isPlain = false;
      }
      if (byte > 0x7f && text.charCodeAt(i) > 0x7f) throw notAName(text, "no ASCII");
      if (at - labelAt > LABEL_SIZE_MAX) throw notAName(text, "a label of more than 63 bytes");
      if (at >= NAME_SIZE_MAX) throw notAName(text, "more than 255 bytes");
      if (TEXTS[byte]!.length > 1) isPlain = false;
      wire[at++] = byte;
    }
  }
  // What a dot at the end began is the root's label.
  const isRootBegun = at === labelAt + 1;
  const length = isRootBegun ? at : at + 1;
  if (length > NAME_SIZE_MAX) throw notAName(text, "more than 255 bytes");
  wire[labelAt] = at - labelAt - 1;
  wire[length - 1] = 0;
  const own = isRootBegun ? text.slice(0, -1) : text;
  return new DnsName(wire.slice(0, length), isPlain ? own : null);
}

/** Where names are put together; a place more than they have. */
const scratch = new Uint8Array(NAME_SIZE_MAX + 1);

/** What may stand behind a backslash: three digits of a byte, or a character that is no digit. */
const ESCAPE = /^(?:[01]\d\d|2[0-4]\d|25[0-5]|[^0-9\u0080-\uffff])/;

/** The text of a name without a dot at its end, "." for the root: printable ASCII, the rest escaped. */
export function nameToText(name: DnsName): string {
  return name.toString();
}

function textOf(wire: Uint8Array): string {
  if (wire.length === 1) return ".";
  let text = "";
  for (let at = 0; wire[at] !== 0;) {
    const end = at + 1 + wire[at]!;
    if (at > 0) text += ".";
    for (at++; at < end; at++) text += TEXTS[wire[at]!];
  }
  return text;
}

/** How each byte is written. */
const TEXTS: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  if (byte <= 0x20 || byte >= 0x7f) return `\\${String(byte).padStart(3, "0")}`;
  // These mean something in a zone file.
  return '."$();@\\'.includes(character) ? `\\${character}` : character;
});

/** Whether DNS takes two names for the same. */
export function equalNames({ wire: one }: DnsName, { wire: other }: DnsName): boolean {
  if (one === other) return true;
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) {
    if (one[i] !== other[i] && foldCase(one[i]!) !== foldCase(other[i]!)) return false;
  }
  return true;
}

/** Whether a name is another one or below it. */
export function isWithin(name: DnsName, ancestor: DnsName): boolean {
  const above = name.wire.length - ancestor.wire.length;
  let at = 0;
  while (at < above) at += 1 + name.wire[at]!;
  return at === above && equalNames(new DnsName(name.wire.subarray(at)), ancestor);
}

/**
 * The name with its end `suffix` replaced (RFC 6672 2.2), or null where it does not end so or is that name itself.
 * A result that is too long for a name is "too long".
 */
export function replaceSuffix(
  name: DnsName,
  suffix: DnsName,
  replacement: DnsName,
): DnsName | null | "too long" {
  const length = name.wire.length - suffix.wire.length;
  if (length === 0 || !isWithin(name, suffix)) return null;
  if (length + replacement.wire.length > NAME_SIZE_MAX) return "too long";
  const wire = new Uint8Array(length + replacement.wire.length);
  wire.set(name.wire.subarray(0, length));
  wire.set(replacement.wire, length);
  return new DnsName(wire);
}

/**
 * Reads a name, compressed or not (RFC 1035 4.1.4).
 *
 * A pointer leads to an earlier place than the part of the name it ends, so there are no loops; their number is bounded.
 */
export function readName(reader: WireReader): DnsName {
  const { bytes, end } = reader;
  let length = 0;
  let partAt = reader.at;
  let at = partAt;
  let pointers = 0;
  while (true) {
    // Behind a pointer the whole message counts; before it, what the reader may read.
    const limit = pointers === 0 ? end : bytes.length;
    if (at >= limit) throw new MalformedDnsError("a name has no end");
    const size = bytes[at]!;
    if (size >= 0xc0) {
      if (at + 2 > limit) throw new MalformedDnsError("a name has no end");
      const target = (size & 0x3f) << 8 | bytes[at + 1]!;
      if (target >= partAt) throw new MalformedDnsError("a name points forward");
      if (pointers++ === 0) reader.at = at + 2;
      if (pointers > POINTERS_MAX) throw new MalformedDnsError("a name has too many pointers");
      partAt = at = target;
      continue;
    }
    if (size > LABEL_SIZE_MAX) throw new MalformedDnsError("a label of an unknown kind");
    const next = at + 1 + size;
    if (next > limit) throw new MalformedDnsError("a name has no end");
    if (length + 1 + size > NAME_SIZE_MAX) throw new MalformedDnsError("a name is too long");
    for (; at < next; at++) scratch[length++] = bytes[at]!;
    if (size === 0) break;
  }
  if (pointers === 0) reader.at = at;
  return new DnsName(scratch.slice(0, length));
}

/** Passes over a name; where its pointer leads is not looked at. */
export function skipName(reader: WireReader): void {
  while (true) {
    const size = reader.uint8();
    if (size === 0) return;
    if (size <= LABEL_SIZE_MAX) reader.advance(size);
    else if (size < 0xc0) throw new MalformedDnsError("a label of an unknown kind");
    else return void reader.advance(1);
  }
}

/** ASCII letters in lower case; lengths of labels are below 64 and stay. */
export function foldCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

function notAName(text: string, why: string): MifError {
  return new MifError(`Not a domain name: ${shown(text)}: ${why}`, {
    code: "EAI_NONAME",
    syscall: "getaddrinfo",
  });
}
