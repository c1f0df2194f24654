/**
 * The ICMPv6 messages of Mobile IPv6 (RFC 6275 6.5 to 6.8): home agents and prefixes, asked for and told.
 *
 * @module
 */

import { formatIpv6 } from "../ip/address.ts";
import { buildOption } from "../ndp/build_option.ts";
import { icmpv6Checksum, joinMessage } from "../ndp/icmpv6.ts";
import {
  type NdOption,
  parseAnyOption,
  splitOptions,
  type UnknownOption as UnknownNdOption,
} from "../ndp/options.ts";
import { checkedNumber } from "../checked_number.ts";
import {
  checkedBytes,
  type Ipv6AddressInit,
  ipv6Bytes,
  malformed,
  plainBytes,
  setUint16,
  uint16,
} from "./field.ts";

/** What all four have in front. */
export interface MobilityIcmpHeader {
  /** 0. */
  code: number;
  /** As it stands in the message, right or not. */
  checksum: number;
  /** What an answer repeats. */
  identifier: number;
  /** What stands behind the message and is no part of it, where something does. */
  trailing?: Uint8Array;
}

/** Home Agent Address Discovery Request, RFC 6275 6.5. */
export interface HomeAgentAddressDiscoveryRequest extends MobilityIcmpHeader {
  /** How the message is called. */
  type: "HAADRequest";
  /** 144. */
  icmpType: number;
  /** All 16 bits; 0, or 0x8000 where a mobile router asks (RFC 3963 7.1). */
  reserved: number;
}

/** Home Agent Address Discovery Reply, RFC 6275 6.6. */
export interface HomeAgentAddressDiscoveryReply extends MobilityIcmpHeader {
  /** How the message is called. */
  type: "HAADReply";
  /** 145. */
  icmpType: number;
  /** All 16 bits; 0, or 0x8000 where the agents take mobile routers (RFC 3963 7.2). */
  reserved: number;
  /** RFC 5952 text, the most preferred first. */
  homeAgents: string[];
}

/** Mobile Prefix Solicitation, RFC 6275 6.7. */
export interface MobilePrefixSolicitation extends MobilityIcmpHeader {
  /** How the message is called. */
  type: "MPS";
  /** 146. */
  icmpType: number;
  /** All 16 bits; 0, and ignored if not. */
  reserved: number;
}

/** Mobile Prefix Advertisement, RFC 6275 6.8. */
export interface MobilePrefixAdvertisement extends MobilityIcmpHeader {
  /** How the message is called. */
  type: "MPA";
  /** 147. */
  icmpType: number;
  /** The flags by name. */
  flags: MobilePrefixFlags;
  /** All 16 bits, the first is 0x8000. */
  rawFlags: number;
  /** Those of Neighbor Discovery, Prefix Information among them; a malformed one is kept as one that is unknown. */
  options: (NdOption | UnknownNdOption)[];
}

/** The flags of a Mobile Prefix Advertisement. */
export interface MobilePrefixFlags {
  /** M: addresses by DHCPv6. */
  managed: boolean;
  /** O: other configuration by DHCPv6. */
  other: boolean;
}

/** An ICMPv6 message of Mobile IPv6. */
export type MobilityIcmpMessage =
  | HomeAgentAddressDiscoveryRequest
  | HomeAgentAddressDiscoveryReply
  | MobilePrefixSolicitation
  | MobilePrefixAdvertisement;

/** What all four may have to build, and what they are without it. */
export interface MobilityIcmpHeaderInit {
  /** What follows from the type. */
  icmpType?: number;
  /** 0. */
  code?: number;
  /** Not used: what is built has 0 there. */
  checksum?: number;
  /** What an answer repeats. */
  identifier: number;
  /** Nothing. */
  trailing?: Uint8Array;
}

/** What {@linkcode buildMobilityIcmp} takes: a message as it is read, or what is its own of it. */
export type MobilityIcmpMessageInit =
  | (MobilityIcmpHeaderInit & { type: "HAADRequest"; reserved?: number })
  | (MobilityIcmpHeaderInit & {
    type: "HAADReply";
    reserved?: number;
    homeAgents: readonly Ipv6AddressInit[];
  })
  | (MobilityIcmpHeaderInit & { type: "MPS"; reserved?: number })
  | (MobilityIcmpHeaderInit & {
    type: "MPA";
    /** What is left out is as `rawFlags` has it. */
    flags?: Partial<MobilePrefixFlags>;
    rawFlags?: number;
    options?: readonly (NdOption | UnknownNdOption)[];
  });

const TYPES = ["HAADRequest", "HAADReply", "MPS", "MPA"] as const;
const FIRST_TYPE = 144;
/** What {@linkcode draft2003} has. */
const FIRST_TYPE_2003 = 150;
const HEADER = 8;

/**
 * Reads an ICMPv6 message of types 144 to 147.
 *
 * @param how.draft2003 Take 150 to 153 for them, as captures of 2003 do; today those are other messages.
 * @throws {MifError} EBADMSG: it is of another type, or shorter than 8 bytes.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseMobilityIcmp } from "./mobility_icmp.ts";
 *
 * const message = parseMobilityIcmp(Uint8Array.of(146, 0, 0x12, 0x42, 0, 7, 0, 0));
 * assert.deepEqual([message.type, message.identifier], ["MPS", 7]);
 * ```
 */
export function parseMobilityIcmp(
  from: Uint8Array,
  how: { draft2003?: boolean } = {},
): MobilityIcmpMessage {
  const bytes = plainBytes("an ICMPv6 message", from);
  if (bytes.length < HEADER) {
    throw malformed("parseMobilityIcmp", `an ICMPv6 message: ${bytes.length} bytes are too few`);
  }
  const icmpType = bytes[0]!;
  const type = TYPES[icmpType - FIRST_TYPE] ??
    (how.draft2003 ? TYPES[icmpType - FIRST_TYPE_2003] : undefined);
  if (type === undefined) {
    throw malformed(
      "parseMobilityIcmp",
      `a message of Mobile IPv6: its ICMPv6 type is ${icmpType}`,
    );
  }
  const header = { code: bytes[1]!, checksum: uint16(bytes, 2), identifier: uint16(bytes, 4) };
  const last = uint16(bytes, 6);
  const rest = bytes.subarray(HEADER);
  let message: MobilityIcmpMessage;
  let taken = 0;
  if (type === "HAADReply") {
    const homeAgents = addressesOf(rest);
    taken = homeAgents.length * 16;
    message = { type, icmpType, ...header, reserved: last, homeAgents };
  } else if (type === "MPA") {
    const options: (NdOption | UnknownNdOption)[] = [];
    for (const option of splitOptions(rest)) {
      taken += option.length;
      options.push(parseAnyOption(option) ?? asItCame(option));
    }
    const flags = { managed: (last & 0x8000) !== 0, other: (last & 0x4000) !== 0 };
    message = { type, icmpType, ...header, flags, rawFlags: last, options };
  } else {
    message = { type, icmpType, ...header, reserved: last };
  }
  if (taken < rest.length) message.trailing = new Uint8Array(rest.subarray(taken));
  return message;
}

/**
 * The bytes of an ICMPv6 message of types 144 to 147, checksum 0: the kernel makes it for a raw ICMPv6 socket, else
 * {@linkcode sealMobilityIcmp} does.
 *
 * @throws {TypeError} Something is missing or of the wrong kind.
 * @throws {RangeError} A number or length is out of range.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildMobilityIcmp } from "./mobility_icmp.ts";
 *
 * assert.equal(buildMobilityIcmp({ type: "MPS", identifier: 7 }).toHex(), "9200000000070000");
 * ```
 */
export function buildMobilityIcmp(message: MobilityIcmpMessageInit): Uint8Array {
  const type = TYPES.indexOf(message.type);
  if (type < 0) throw new TypeError(`no ICMPv6 message is of type ${String(message.type)}`);
  const header = new Uint8Array(HEADER);
  header[0] = checkedNumber("icmpType", message.icmpType ?? FIRST_TYPE + type, 0xff);
  header[1] = checkedNumber("code", message.code ?? 0, 0xff);
  setUint16(header, 4, checkedNumber("identifier", message.identifier, 0xffff));
  const parts: Uint8Array[] = [header];
  if (message.type === "MPA") {
    const { managed, other } = message.flags ?? {};
    let flags = checkedNumber("rawFlags", message.rawFlags ?? 0, 0xffff);
    if (managed !== undefined) flags = managed ? flags | 0x8000 : flags & ~0x8000;
    if (other !== undefined) flags = other ? flags | 0x4000 : flags & ~0x4000;
    setUint16(header, 6, flags);
    for (const option of message.options ?? []) parts.push(buildOption(option));
  } else {
    setUint16(header, 6, checkedNumber("reserved", message.reserved ?? 0, 0xffff));
  }
  if (message.type === "HAADReply") {
    for (const agent of message.homeAgents) parts.push(ipv6Bytes("a home agent", agent));
  }
  if (message.trailing) parts.push(checkedBytes("trailing", message.trailing, 0, 0xffff));
  return joinMessage(parts);
}

/**
 * Whether the checksum in an ICMPv6 message is right: over the addresses of its packet (RFC 4443 2.3).
 *
 * @throws {TypeError} An address is no IPv6 address.
 * @throws {RangeError} The message has no checksum field.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { verifyMobilityIcmp } from "./mobility_icmp.ts";
 *
 * const message = Uint8Array.of(146, 0, 0x12, 0x42, 0, 7, 0, 0);
 * assert.ok(verifyMobilityIcmp("2001:db8:7777::1", "2001:db8:8888::1", message));
 * ```
 */
export function verifyMobilityIcmp(
  source: Ipv6AddressInit,
  destination: Ipv6AddressInit,
  bytes: Uint8Array,
): boolean {
  return checksumOf(source, destination, bytes) === uint16(bytes, 2);
}

/**
 * Writes the checksum into an ICMPv6 message and returns the same bytes.
 *
 * @throws {TypeError} An address is no IPv6 address.
 * @throws {RangeError} The message has no checksum field.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildMobilityIcmp, sealMobilityIcmp } from "./mobility_icmp.ts";
 *
 * const message = buildMobilityIcmp({ type: "MPS", identifier: 7 });
 * sealMobilityIcmp("2001:db8:7777::1", "2001:db8:8888::1", message);
 * assert.deepEqual(message.slice(2, 4), Uint8Array.of(0x12, 0x42));
 * ```
 */
export function sealMobilityIcmp(
  source: Ipv6AddressInit,
  destination: Ipv6AddressInit,
  bytes: Uint8Array,
): Uint8Array {
  setUint16(bytes, 2, checksumOf(source, destination, bytes));
  return bytes;
}

function checksumOf(
  source: Ipv6AddressInit,
  destination: Ipv6AddressInit,
  bytes: Uint8Array,
): number {
  return icmpv6Checksum(
    checkedBytes("an ICMPv6 message", bytes, 4, Infinity),
    ipv6Bytes("source", source),
    ipv6Bytes("destination", destination),
  );
}

function addressesOf(bytes: Uint8Array): string[] {
  const addresses: string[] = [];
  for (let at = 0; at + 16 <= bytes.length; at += 16) {
    addresses.push(formatIpv6(bytes, at));
  }
  return addresses;
}

function asItCame(bytes: Uint8Array): UnknownNdOption {
  return { name: "unknown", type: bytes[0]!, bytes: bytes.slice() };
}
