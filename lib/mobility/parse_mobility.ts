/**
 * Reading mobility messages: bytes to objects.
 *
 * @module
 */

import { formatAddress } from "../ip/address.ts";
import { copyOf, malformed, uint16 } from "./field.ts";
import { bindingAckStatusName, bindingErrorStatusName, mobilityTypeName } from "./iana.ts";
import { FIXED_SIZE, HEADER_LENGTH_MIN, MOBILITY_TYPES, type MobilityMessage } from "./message.ts";
import {
  isLaidOutOtherwise,
  type MobilityOption,
  optionFault,
  readMobilityOptions,
} from "./mobility_option.ts";

/** How {@linkcode parseMobility} reads. */
export interface ParseMobilityOptions {
  /**
   * Throw where the options break RFC 6275 6.2 (their length, their alignment, authorization data that is not last) or
   * Payload Proto is not 59. Without it they are read as far as they can be.
   */
  strict?: boolean;
  /** false: options are not looked at, and the list stays empty. */
  options?: boolean;
}

/**
 * Reads one mobility message, from Payload Proto on.
 *
 * Nothing is lost: what is unknown or malformed is kept as it came, and buildMobility() gives the same bytes again,
 * but for the checksum. Types that RFC 6275 does not define are kept whole. The message has copies of its own.
 *
 * @throws {MifError} EBADMSG: shorter than its header says or than its type's fixed part, or what `strict` refuses.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseMobility } from "./parse_mobility.ts";
 *
 * const message = parseMobility(Uint8Array.fromHex("3b010500036400250000000301020000"));
 * assert.equal(message.type, "BU");
 * ```
 */
export function parseMobility(
  bytes: Uint8Array,
  how: ParseMobilityOptions = {},
): MobilityMessage {
  const end = lengthOf(bytes);
  const mhType = bytes[2]!;
  if (how.strict && bytes[0] !== 59) {
    throw malformed("parseMobility", `a mobility message: Payload Proto is ${bytes[0]}, not 59`);
  }
  const message = mhType < FIXED_SIZE.length
    ? read(bytes, mhType, end, how)
    : readUnknown(bytes, mhType, end);
  if (end < bytes.length) message.trailing = bytes.slice(end);
  return message;
}

/** The header's own length, of which every byte is there. */
function lengthOf(bytes: Uint8Array): number {
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError("a mobility message must be a Uint8Array");
  }
  const { length } = bytes;
  if (length < 8) {
    throw malformed("parseMobility", `a mobility message: ${length} bytes are too few`);
  }
  const end = bytes[1]! * 8 + 8;
  if (end <= length) return end;
  throw malformed("parseMobility", `a mobility message: of its ${end} bytes ${length} are there`);
}

function readUnknown(bytes: Uint8Array, mhType: number, end: number): MobilityMessage {
  return {
    type: "unknown",
    mhType,
    mhTypeName: mobilityTypeName(mhType),
    payloadProto: bytes[0]!,
    reserved: bytes[3]!,
    checksum: uint16(bytes, 4),
    data: bytes.slice(6, end),
  };
}

function read(
  bytes: Uint8Array,
  mhType: number,
  end: number,
  how: ParseMobilityOptions,
): MobilityMessage {
  if (bytes[1]! < HEADER_LENGTH_MIN[mhType]!) {
    const name = MOBILITY_TYPES[mhType];
    throw malformed("parseMobility", `a ${name}: its Header Len is ${bytes[1]}, too little for it`);
  }
  const at = FIXED_SIZE[mhType]!;
  let options: MobilityOption[] = [];
  let asGiven = false;
  if (at < end && how.options !== false) {
    if (how.strict) {
      const fault = optionFault(bytes, at, end);
      if (fault) throw malformed("parseMobility", `a ${MOBILITY_TYPES[mhType]}: ${fault}`);
    }
    options = readMobilityOptions(bytes, at, end);
    asGiven = isLaidOutOtherwise(bytes, at, end);
  }
  const message = readFixed(bytes, mhType, options);
  if (asGiven) message.padding = "given";
  return message;
}

function readFixed(
  bytes: Uint8Array,
  mhType: number,
  options: MobilityOption[],
): Exclude<MobilityMessage, { type: "unknown" }> {
  const payloadProto = bytes[0]!;
  const reserved = bytes[3]!;
  const checksum = uint16(bytes, 4);
  switch (mhType) {
    case 0:
      return {
        type: "BRR",
        mhType,
        payloadProto,
        reserved,
        checksum,
        reserved2: uint16(bytes, 6),
        options,
      };
    case 1:
      return {
        type: "HoTI",
        mhType,
        payloadProto,
        reserved,
        checksum,
        reserved2: uint16(bytes, 6),
        cookie: copyOf(bytes, 8, 8),
        options,
      };
    case 2:
      return {
        type: "CoTI",
        mhType,
        payloadProto,
        reserved,
        checksum,
        reserved2: uint16(bytes, 6),
        cookie: copyOf(bytes, 8, 8),
        options,
      };
    case 3:
      return {
        type: "HoT",
        mhType,
        payloadProto,
        reserved,
        checksum,
        nonceIndex: uint16(bytes, 6),
        cookie: copyOf(bytes, 8, 8),
        keygenToken: copyOf(bytes, 16, 8),
        options,
      };
    case 4:
      return {
        type: "CoT",
        mhType,
        payloadProto,
        reserved,
        checksum,
        nonceIndex: uint16(bytes, 6),
        cookie: copyOf(bytes, 8, 8),
        keygenToken: copyOf(bytes, 16, 8),
        options,
      };
    case 5: {
      const rawFlags = uint16(bytes, 8);
      return {
        type: "BU",
        mhType,
        payloadProto,
        reserved,
        checksum,
        sequence: uint16(bytes, 6),
        flags: {
          acknowledge: (rawFlags & 0x8000) !== 0,
          homeRegistration: (rawFlags & 0x4000) !== 0,
          linkLocal: (rawFlags & 0x2000) !== 0,
          keyManagement: (rawFlags & 0x1000) !== 0,
        },
        rawFlags,
        lifetimeSeconds: uint16(bytes, 10) * 4,
        options,
      };
    }
    case 6:
      return {
        type: "BA",
        mhType,
        payloadProto,
        reserved,
        checksum,
        status: bytes[6]!,
        statusName: bindingAckStatusName(bytes[6]!),
        flags: { keyManagement: (bytes[7]! & 0x80) !== 0 },
        rawFlags: bytes[7]!,
        sequence: uint16(bytes, 8),
        lifetimeSeconds: uint16(bytes, 10) * 4,
        options,
      };
    default:
      return {
        type: "BE",
        mhType: 7,
        payloadProto,
        reserved,
        checksum,
        status: bytes[6]!,
        statusName: bindingErrorStatusName(bytes[6]!),
        reserved2: bytes[7]!,
        homeAddress: formatAddress(bytes.subarray(8, 24)),
        options,
      };
  }
}
