/**
 * The PvD option of Router Advertisements (RFC 8801 3.1, type 21): it names a provisioning domain, and may hold a header
 * and options of its own. Pure.
 *
 * @module
 */

import { shown } from "../shown.ts";
import {
  buildHeader,
  HEADER_SIZE,
  parseHeader,
  type RouterAdvertisementHeader,
} from "./advertisement_header.ts";
import { buildOption, optionOf } from "./build_option.ts";
import { buildDomain, readDomain } from "./domain.ts";
import { type NdOption, parseAnyOption, splitOptions, type UnknownOption } from "./options.ts";

/** What names a PvD, and how it is to be taken. */
export interface PvdName {
  /** The PvD ID: a domain name, lower case, without trailing dot. RFC 8801 3.4 has IDs compared without regard to case. */
  id: string;
  /** H: there is additional information by HTTPS (RFC 8801 4). */
  httpInfo: boolean;
  /** L: what DHCPv4 gives on this link is this PvD's. */
  legacy: boolean;
  /**
   * Delay, 0 to 15: additional information is asked for again after a random time of up to 2^(10 + delay) ms. Of no
   * meaning without `httpInfo`.
   */
  delay: number;
  /** 0 to 65535: another one where the additional information has changed. Of no meaning without `httpInfo`. */
  sequence: number;
}

/** A PvD option. */
export interface PvdOption extends PvdName {
  name: "pvd";
  /** R: a header that counts for this PvD instead of the message's; else null. */
  header: RouterAdvertisementHeader | null;
  /** Options inside it. Those that are malformed in themselves are left out, and so are PvD options. */
  options: (NdOption | UnknownOption)[];
}

/** The option's type. */
export const PVD = 21;

const [HTTP, LEGACY, HEADER, DELAY] = [0x8000, 0x4000, 0x2000, 0x000f];
/** Type, length, flags and sequence number: what stands before the ID. */
const FIXED_SIZE = 6;

/**
 * One option from all of its bytes; null where it is malformed: it ends in its ID, in its header or in an option, or the
 * ID is no name of letters, digits, hyphens and underscores. Reserved flags and what stands in the padding count for
 * nothing.
 */
export function parsePvdOption(bytes: Uint8Array): PvdOption | null {
  if (bytes.length < 8 || bytes[0] !== PVD || bytes[1]! * 8 !== bytes.length) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint16(2);
  const id = readDomain(bytes, FIXED_SIZE);
  if (id === null || !isPvdId(id.domain)) return null;
  let at = Math.ceil(id.end / 8) * 8;
  let header: RouterAdvertisementHeader | null = null;
  if ((flags & HEADER) !== 0) {
    if (at + HEADER_SIZE > bytes.length) return null;
    header = parseHeader(bytes.subarray(at));
    at += HEADER_SIZE;
  }
  const options: (NdOption | UnknownOption)[] = [];
  for (const inner of splitOptions(bytes.subarray(at))) {
    at += inner.length;
    // None is to stand in another (RFC 8801 3.2), and no rule says what it would mean.
    const option = inner[0] === PVD ? null : parseAnyOption(inner);
    if (option) options.push(option);
  }
  if (at !== bytes.length) return null;
  return {
    name: "pvd",
    id: id.domain,
    httpInfo: (flags & HTTP) !== 0,
    legacy: (flags & LEGACY) !== 0,
    delay: flags & DELAY,
    sequence: view.getUint16(4),
    header,
    options,
  };
}

/**
 * The name is also a host's, where the additional information is (RFC 8801 4.1). And no network may have itself shown
 * as another one's "fe80::1%eth0".
 */
const HOST_NAME = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;

/** Whether a text is a PvD ID as {@linkcode parsePvdOption} gives it. */
export function isPvdId(text: string): boolean {
  return text.length <= 253 && HOST_NAME.test(text);
}

/**
 * The option's bytes.
 *
 * @throws {RangeError} A number or the whole option does not fit.
 * @throws {TypeError} The ID is no domain name.
 */
export function buildPvdOption(option: PvdOption): Uint8Array {
  const { id, delay, sequence, header } = option;
  if (!HOST_NAME.test(id.toLowerCase())) {
    throw new TypeError(`Not a PvD ID: ${shown(id)}`);
  }
  if (!(delay >= 0 && delay <= DELAY) || !(sequence >= 0 && sequence <= 0xffff)) {
    throw new RangeError(`Not a delay and a sequence number: ${delay}, ${sequence}`);
  }
  const flags = (option.httpInfo ? HTTP : 0) | (option.legacy ? LEGACY : 0) |
    (header ? HEADER : 0) | delay;
  const name = buildDomain(id);
  const padding = (8 - (FIXED_SIZE + name.length) % 8) % 8;
  return optionOf(
    PVD,
    Uint8Array.of(flags >> 8, flags & 0xff, sequence >> 8, sequence & 0xff),
    name,
    new Uint8Array(padding),
    header ? buildHeader(header) : new Uint8Array(0),
    ...option.options.map(buildOption),
  );
}
