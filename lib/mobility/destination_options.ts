/**
 * The Destination Options header (RFC 8200 4.6) and the home address option in it (RFC 6275 6.3). The Hop-by-Hop
 * Options header has the same form.
 *
 * @module
 */

import { formatIpv6 } from "../ip/address.ts";
import { checkedNumber } from "../checked_number.ts";
import { type Ipv6AddressInit, ipv6Bytes, malformed, plainBytes } from "./field.ts";
import { HOME_ADDRESS_OPTION } from "./header_chain.ts";
import {
  type AnyOptionInit,
  HEADER_SIZE_MAX,
  isLaidOutOtherwise,
  type OptionRules,
  type Pad1,
  type PadN,
  type RawOption,
  readOptions,
  type TruncatedOption,
  writeOptions,
} from "./tlv.ts";

/** The mobile node's home address, RFC 6275 6.3. */
export interface HomeAddressOption {
  /** 201. */
  type: 201;
  /** What this option is. */
  name: "home-address";
  /** RFC 5952 text. */
  homeAddress: string;
}

/** An option of a Destination Options header. */
export type DestinationOption = Pad1 | PadN | HomeAddressOption | RawOption | TruncatedOption;

/** A Destination Options header. */
export interface DestinationOptions {
  /** The protocol number of what follows. */
  nextHeader: number;
  /** In the header's order, padding included. */
  options: DestinationOption[];
  /** Stands only where a home address option is not at 8n+6; the options are built again as they came. */
  padding?: "given";
}

/** An option to build: as it is read; the type may be left out where the name says it. */
export type DestinationOptionInit =
  | HomeAddressOptionInit
  | AnyOptionInit;

/** A home address option to build. */
export interface HomeAddressOptionInit {
  /** 201. */
  type?: 201;
  /** What this option is. */
  name: "home-address";
  /** As text or 16 bytes. */
  homeAddress: Ipv6AddressInit;
}

/** What {@linkcode buildDestinationOptions} takes. */
export interface DestinationOptionsInit {
  /** 59, nothing, where left out; a kernel that sends the header writes it itself. */
  nextHeader?: number;
  /** Those that need padding in front of them get it. */
  options: readonly DestinationOptionInit[];
  /** "given": the options lie as they are listed, and nothing is put between them. */
  padding?: "given";
}

/**
 * Reads a Destination Options header, from Next Header on; what stands behind its end is not looked at.
 *
 * @throws {MifError} EBADMSG: shorter than it says; with `strict` also an option that is truncated, a home address option
 * that is not 16 bytes at 8n+6, or more than one.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseDestinationOptions } from "./destination_options.ts";
 *
 * const header = parseDestinationOptions(Uint8Array.of(59, 0, 1, 4, 0, 0, 0, 0));
 * assert.deepEqual(header.options.map(({ name }) => name), ["padn"]);
 * ```
 */
export function parseDestinationOptions(
  from: Uint8Array,
  how: { strict?: boolean } = {},
): DestinationOptions {
  const bytes = plainBytes("an extension header", from);
  const header = readDestinationOptions(bytes, headerEnd(bytes, "parseDestinationOptions"));
  if (how.strict) refuseFaults(header);
  return header;
}

/** Reads a header of which the bytes up to `end` are there, 8 or more. */
export function readDestinationOptions(from: Uint8Array, end: number): DestinationOptions {
  // What the options have is the header's own: one copy for all of them.
  const bytes = new Uint8Array(from.subarray(0, end));
  const options = readOptions(bytes, 2, end, readOption);
  const header: DestinationOptions = { nextHeader: bytes[0]!, options };
  if (isLaidOutOtherwise(bytes, 2, end, RULES)) header.padding = "given";
  return header;
}

/**
 * The bytes of a Destination Options header, padding included.
 *
 * @throws {TypeError} Something is missing or of the wrong kind.
 * @throws {RangeError} A number or length is out of range.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildDestinationOptions } from "./destination_options.ts";
 *
 * const header = buildDestinationOptions({
 *   nextHeader: 135,
 *   options: [{ name: "home-address", homeAddress: "2001:db8::1" }],
 * });
 * assert.equal(header.toHex(), "870201020000c91020010db8000000000000000000000001");
 * ```
 */
export function buildDestinationOptions(header: DestinationOptionsInit): Uint8Array {
  const out = new Uint8Array(HEADER_SIZE_MAX);
  const { options, padding, nextHeader = 59 } = header;
  out[0] = checkedNumber("nextHeader", nextHeader, 0xff);
  const end = writeOptions(options, out, 2, RULES, padding === "given");
  out[1] = end / 8 - 1;
  return out.slice(0, end);
}

/**
 * The home address in a Destination Options header, null where it has none. Never throws.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { homeAddressOf } from "./destination_options.ts";
 *
 * const header = { nextHeader: 59, options: [] };
 * assert.equal(homeAddressOf(header), null);
 * ```
 */
export function homeAddressOf(header: DestinationOptions): string | null {
  for (const option of header.options) {
    if (option.name === "home-address") return option.homeAddress;
  }
  return null;
}

/** Where an extension header with a length in its second byte ends (RFC 8200 4), of which every byte is there. */
export function headerEnd(bytes: Uint8Array, reader: string): number {
  const end = bytes.length < 2 ? 8 : bytes[1]! * 8 + 8;
  if (end <= bytes.length) return end;
  throw malformed(reader, `an extension header: of its ${end} bytes ${bytes.length} are there`);
}

function readOption(bytes: Uint8Array, at: number): HomeAddressOption | RawOption {
  const type = bytes[at]!;
  const length = bytes[at + 1]!;
  if (type === HOME_ADDRESS_OPTION && length === 16) {
    const homeAddress = formatIpv6(bytes, at + 2);
    return { type, name: "home-address", homeAddress };
  }
  const name = type === HOME_ADDRESS_OPTION ? "malformed" : "unknown";
  return { type, name, data: bytes.subarray(at + 2, at + 2 + length) };
}

function refuseFaults({ options, padding }: DestinationOptions): void {
  let fault: string | undefined = options.find(({ name }) =>
    name === "truncated" || name === "malformed"
  )?.name;
  if (padding) fault ??= "misaligned";
  if (options.filter(({ name }) => name === "home-address").length > 1) fault ??= "repeated";
  if (fault === undefined) return;
  throw malformed("parseDestinationOptions", `destination options: an option is ${fault}`);
}

const RULES: OptionRules<HomeAddressOptionInit> = {
  padding: (type, _, at) => type === HOME_ADDRESS_OPTION ? 6 - at & 7 : 0,
  typeOf: ({ name }) => name === "home-address" ? HOME_ADDRESS_OPTION : undefined,
  dataLength: () => 16,
  writeData: ({ homeAddress }, out, at) => out.set(ipv6Bytes("homeAddress", homeAddress), at),
};
