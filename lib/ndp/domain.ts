/**
 * Domain names in options (RFC 1035 3.1, not compressed): RFC 8106 5.2 and RFC 8801 3.1. Pure.
 *
 * @module
 */

import { shown } from "../shown.ts";

/**
 * The name that begins at `at`, lower case, without trailing dot, and where it ends; "" is the root. Null where it runs
 * past the end, is compressed or longer than 255 bytes, or where a label holds a dot, a blank or what is not ASCII.
 */
export function readDomain(bytes: Uint8Array, at: number): { domain: string; end: number } | null {
  let domain = "";
  let length: number | undefined;
  while ((length = bytes[at]) !== 0) {
    // No compression here, so the two high bits must be zero (RFC 8106 5.2).
    if (length === undefined || length > 63 || at + 1 + length > bytes.length) return null;
    const label = printableText(bytes.subarray(at + 1, at + 1 + length));
    // A label that holds a dot would read as two.
    if (label === null || label.includes(".")) return null;
    domain += (domain === "" ? "" : ".") + label.toLowerCase();
    if (domain.length > 253) return null;
    at += 1 + length;
  }
  return { domain, end: at + 1 };
}

/** The name's bytes. @throws {TypeError} It is no name that {@linkcode readDomain} reads. */
export function buildDomain(domain: string): Uint8Array {
  const bytes = new Uint8Array(domain.length + 2);
  let at = 0;
  for (const label of domain.split(".")) {
    bytes[at++] = label.length;
    for (let i = 0; i < label.length; i++) bytes[at++] = label.charCodeAt(i);
  }
  const read = readDomain(bytes, 0);
  if (read?.domain !== domain.toLowerCase() || read.domain === "") {
    throw new TypeError(`Not a domain name: ${shown(domain)}`);
  }
  return bytes;
}

/** Printable ASCII without blanks as text, or null where the bytes are something else. */
export function printableText(bytes: Uint8Array): string | null {
  let text = "";
  for (const byte of bytes) {
    if (byte <= 0x20 || byte >= 0x7f) return null;
    text += String.fromCharCode(byte);
  }
  return text;
}
