/**
 * IP addresses and prefixes between text and bytes.
 *
 * Text out is RFC 5952 (IPv4-mapped addresses end in a dotted quad, as inet_ntop(3) writes them).
 * Text in is inet_pton(3): four decimal parts for IPv4, RFC 4291 2.2 for IPv6; a zone
 * (RFC 4007 11) is split off and given apart. Nothing here throws.
 *
 * @module
 */

/** An address as {@linkcode parseAddress} reads it. */
export interface ParsedAddress {
  /** 4 or 6. */
  family: 4 | 6;
  /** 4 or 16 bytes in network order. */
  bytes: Uint8Array;
  /** What stood behind "%", or null. IPv4 has none. */
  zone: string | null;
}

/**
 * Reads one address, IPv4 or IPv6, with or without zone. Null where the text is no address.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseAddress } from "./address.ts";
 *
 * assert.equal(parseAddress("fe80::1%eth0")?.zone, "eth0");
 * assert.equal(parseAddress("127.1"), null);
 * ```
 */
export function parseAddress(text: string): ParsedAddress | null {
  if (text.length > 80) return null;
  if (!text.includes(":")) {
    const bytes = parseIpv4(text);
    return bytes && { family: 4, bytes, zone: null };
  }
  const percent = text.indexOf("%");
  const zone = percent < 0 ? null : text.slice(percent + 1);
  if (zone !== null && !/^[!-~]{1,31}$/.test(zone)) return null;
  const bytes = parseIpv6(percent < 0 ? text : text.slice(0, percent));
  return bytes && { family: 6, bytes, zone };
}

/** Writes 4 or 16 bytes as text, RFC 5952. */
export function formatAddress(bytes: Uint8Array): string {
  return bytes.length === 4 ? bytes.join(".") : formatIpv6(bytes);
}

/** Writes the 16 bytes from `at` as text, RFC 5952. */
export function formatIpv6(bytes: Uint8Array, at = 0): string {
  // RFC 5952 4.2: the longest run of two or more zero groups, the first of equals.
  let start = -1;
  let length = 1;
  let run = 0;
  for (let i = 0; i < 8; i++) {
    run = bytes[at + 2 * i] === 0 && bytes[at + 2 * i + 1] === 0 ? run + 1 : 0;
    if (run > length) {
      length = run;
      start = i + 1 - run;
    }
  }
  if (start < 0) return joinHextets(bytes, at, 0, 8);
  if (start === 0 && length === 5 && bytes[at + 10] === 0xff && bytes[at + 11] === 0xff) {
    return `::ffff:${bytes.subarray(at + 12, at + 16).join(".")}`;
  }
  const head = joinHextets(bytes, at, 0, start);
  return `${head}::${joinHextets(bytes, at, start + length, 8)}`;
}

/** The address in its one canonical spelling without zone, or null where the text is no address. */
export function canonicalAddress(text: string): string | null {
  const parsed = parseAddress(text);
  return parsed && formatAddress(parsed.bytes);
}

/** fe80::/10 (RFC 4291 2.5.6) or 169.254.0.0/16 (RFC 3927). */
export function isLinkLocal(bytes: Uint8Array): boolean {
  return bytes.length === 4
    ? bytes[0] === 169 && bytes[1] === 254
    : bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80;
}

/** An IPv6 address that means something on one link only: link-local, or a group of link-local scope (RFC 4291 2.7). */
export function isOfLinkScope(bytes: Uint8Array): boolean {
  return bytes.length === 16 &&
    (isLinkLocal(bytes) || (bytes[0] === 0xff && (bytes[1]! & 0x0f) === 2));
}

/** ::1 or 127.0.0.0/8. */
export function isLoopback(bytes: Uint8Array): boolean {
  return bytes.length === 4
    ? bytes[0] === 127
    : bytes[15] === 1 && bytes.subarray(0, 15).every((byte) => byte === 0);
}

/** ::ffff:0:0/96 (RFC 4291 2.5.5.2): what an IPv6 socket sends to it goes by IPv4. */
export function isMapped(bytes: Uint8Array): boolean {
  return bytes.length === 16 && bytes[10] === 0xff && bytes[11] === 0xff &&
    bytes.subarray(0, 10).every((byte) => byte === 0);
}

/** All bits zero: :: or 0.0.0.0. */
export function isUnspecified(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** ff00::/8 or 224.0.0.0/4. */
export function isMulticast(bytes: Uint8Array): boolean {
  return bytes.length === 4 ? (bytes[0]! & 0xf0) === 0xe0 : bytes[0] === 0xff;
}

/** The first `prefixLength` bits of an address, the rest zero; a copy. */
export function networkOf(bytes: Uint8Array, prefixLength: number): Uint8Array {
  const network = bytes.slice();
  const whole = prefixLength >> 3;
  if (whole < network.length) {
    network[whole]! &= 0xff00 >> (prefixLength & 7);
    network.fill(0, whole + 1);
  }
  return network;
}

/** "address/length" of a prefix, its bits behind the length zero. */
export function formatPrefix(bytes: Uint8Array, prefixLength: number): string {
  return `${formatAddress(networkOf(bytes, prefixLength))}/${prefixLength}`;
}

/** Whether the first `prefixLength` bits of two addresses of one family are equal. */
export function prefixContains(
  network: Uint8Array,
  prefixLength: number,
  address: Uint8Array,
): boolean {
  if (network.length !== address.length) return false;
  const whole = prefixLength >> 3;
  for (let i = 0; i < whole; i++) if (network[i] !== address[i]) return false;
  const rest = 0xff00 >> (prefixLength & 7) & 0xff;
  return rest === 0 || ((network[whole]! ^ address[whole]!) & rest) === 0;
}

/** Reads "address/length"; the address is cut to its network. Null where the text is no prefix. */
export function parsePrefix(
  text: string,
): { family: 4 | 6; bytes: Uint8Array; prefixLength: number } | null {
  const slash = text.indexOf("/");
  const length = text.slice(slash + 1);
  if (slash < 0 || !/^(0|[1-9]\d{0,2})$/.test(length)) return null;
  const parsed = parseAddress(text.slice(0, slash));
  const prefixLength = Number(length);
  if (!parsed || parsed.zone !== null || prefixLength > parsed.bytes.length * 8) return null;
  return { family: parsed.family, bytes: networkOf(parsed.bytes, prefixLength), prefixLength };
}

function parseIpv4(text: string): Uint8Array | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  const bytes = new Uint8Array(4);
  for (let i = 0; i < 4; i++) {
    // A leading zero is refused: inet_aton(3) would read it as octal.
    if (!/^(0|[1-9]\d{0,2})$/.test(parts[i]!) || Number(parts[i]) > 255) return null;
    bytes[i] = Number(parts[i]);
  }
  return bytes;
}

function parseIpv6(text: string): Uint8Array | null {
  const gap = text.indexOf("::");
  const head = hextets(gap < 0 ? text : text.slice(0, gap), gap < 0);
  const tail = gap < 0 ? [] : hextets(text.slice(gap + 2), true);
  if (!head || !tail) return null;
  const missing = 16 - head.length - tail.length;
  if (gap < 0 ? missing !== 0 : missing < 2) return null;
  return Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

/** The bytes of "a:b:c", or of "a:b:1.2.3.4" where a dotted quad may end it. */
function hextets(text: string, dottedQuadAllowed: boolean): number[] | null {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i]!;
    if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const value = parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
      continue;
    }
    const quad = dottedQuadAllowed && i === groups.length - 1 ? parseIpv4(group) : null;
    if (!quad) return null;
    bytes.push(...quad);
  }
  return bytes;
}

/** The hexadecimal digits of a byte, and the same with a leading zero. */
const DIGITS: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16));
const BOTH_DIGITS: readonly string[] = DIGITS.map((digits) => digits.padStart(2, "0"));

function hextet(bytes: Uint8Array, at: number): string {
  const high = bytes[at]!;
  const low = bytes[at + 1]!;
  return high === 0 ? DIGITS[low]! : DIGITS[high]! + BOTH_DIGITS[low]!;
}

/** As many hextets as there are from `start` to `end`. */
function joinHextets(bytes: Uint8Array, at: number, start: number, end: number): string {
  let text = "";
  for (let i = start; i < end; i++) {
    text += i === start ? hextet(bytes, at + 2 * i) : `:${hextet(bytes, at + 2 * i)}`;
  }
  return text;
}
