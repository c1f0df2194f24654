/**
 * Numeric hosts, as getaddrinfo(3) takes them: nobody is asked for them.
 *
 * IPv4 in every form of inet_aton(3) ("127.1", "0x7f.1", "017700000001"), as RFC 3493 6.1 wants it and URLs have it
 * too. IPv6 as inet_pton(3) reads it, with a zone behind "%" (RFC 4007 11).
 *
 * @module
 */

import { isOfLinkScope, parseAddress } from "../ip/address.ts";

/** A numeric host. */
export interface NumericHost {
  family: 4 | 6;
  /** 4 or 16 bytes. */
  bytes: Uint8Array;
  /** The index the zone names, 0 without zone; null where it names none. */
  scopeId: number | null;
}

/**
 * Reads a numeric host, null where the text is a name.
 *
 * @param interfaceIndex The index of an interface's name, null where there is none.
 */
export function parseNumericHost(
  text: string,
  interfaceIndex: (name: string) => number | null,
): NumericHost | null {
  const ipv4 = parseDottedParts(text);
  if (ipv4) return { family: 4, bytes: ipv4, scopeId: 0 };
  const percent = text.indexOf("%");
  const parsed = parseAddress(percent < 0 ? text : text.slice(0, percent));
  if (parsed?.family !== 6) return null;
  const { bytes } = parsed;
  if (percent < 0) return { family: 6, bytes, scopeId: 0 };
  return { family: 6, bytes, scopeId: scopeOf(text.slice(percent + 1), bytes, interfaceIndex) };
}

/** Only on a link has an interface's name a meaning; a number is taken as it is. */
function scopeOf(
  zone: string,
  bytes: Uint8Array,
  interfaceIndex: (name: string) => number | null,
): number | null {
  const named = isOfLinkScope(bytes) ? interfaceIndex(zone) : null;
  if (named !== null) return named;
  return /^\d{1,10}$/.test(zone) && Number(zone) <= 0xffff_ffff ? Number(zone) : null;
}

/** One to four parts, decimal, octal or hexadecimal; the last fills what is left of the four bytes. */
function parseDottedParts(text: string): Uint8Array | null {
  const parts = text.length <= 64 ? text.split(".") : [];
  if (parts.length < 1 || parts.length > 4) return null;
  const values = parts.map(partValue);
  const last = values.pop()!;
  const room = 4 - values.length;
  if (!(last < 256 ** room) || values.some((value) => !(value <= 255))) return null;
  const rest = Array.from(
    { length: room },
    (_, i) => Math.floor(last / 256 ** (room - 1 - i)) % 256,
  );
  return Uint8Array.from([...values, ...rest]);
}

/** NaN for what is no number. */
function partValue(part: string): number {
  if (/^(0|[1-9]\d{0,9})$/.test(part)) return Number(part);
  if (/^0[xX][0-9a-fA-F]{1,60}$/.test(part)) return Number(part);
  return /^0[0-7]{1,60}$/.test(part) ? parseInt(part, 8) : NaN;
}
