/**
 * Reading mobility messages: bytes to objects.
 *
 * @module
 */

import { formatIpv6 } from "../ip/address.ts";
import { malformed, plainBytes, uint16 } from "./field.ts";
import { bindingAckStatusName, bindingErrorStatusName, mobilityTypeName } from "./iana.ts";
import { FIXED_SIZE, HEADER_LENGTH_MIN, MOBILITY_TYPES, type MobilityMessage } from "./message.ts";
import {
  AUTHORIZATION_DATA,
  MOBILITY_OPTION_RULES,
  type MobilityOption,
  optionFault,
  readMobilityOptions,
} from "./mobility_option.ts";
import { isLaidOutOtherwise } from "./tlv.ts";

/** How {@linkcode parseMobility} reads. */
export interface ParseMobilityOptions {
  /**
   * Throw where the options break RFC 6275 6.2 (their length, their alignment, authorization data that is not last) or
   * Payload Proto is not 59. Without it they are read as far as they can be.
   */
  strict?: boolean;
  /** false: options are not looked at, and the list stays empty. */
  options?: boolean;
  /** true: what are bytes in the message are its own, and no views of what was read. It costs a third of the speed or more. */
  copy?: boolean;
}

/**
 * Reads one mobility message, from Payload Proto on.
 *
 * Nothing is lost: what is unknown or malformed is kept as it came, and buildMobility() gives the same bytes again,
 * but for the checksum. Types that RFC 6275 does not define are kept whole. What are bytes in it are views of what was
 * read, unless `copy` is true.
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
  from: Uint8Array,
  how: ParseMobilityOptions = {},
): MobilityMessage {
  const bytes = plainBytes("a mobility message", from);
  const end = lengthOf(bytes);
  const mhType = bytes[2]!;
  if (how.strict && bytes[0] !== 59) {
    throw malformed("parseMobility", `a mobility message: Payload Proto is ${bytes[0]}, not 59`);
  }
  const message = mhType < FIXED_SIZE.length
    ? read(bytes, mhType, end, how)
    : readUnknown(bytes, mhType, end, how);
  if (end < bytes.length) {
    message.trailing = how.copy ? new Uint8Array(bytes.subarray(end)) : bytes.subarray(end);
  }
  return message;
}

/** The header's own length, of which every byte is there. */
function lengthOf(bytes: Uint8Array): number {
  const { length } = bytes;
  if (length < 8) {
    throw malformed("parseMobility", `a mobility message: ${length} bytes are too few`);
  }
  const end = bytes[1]! * 8 + 8;
  if (end <= length) return end;
  throw malformed("parseMobility", `a mobility message: of its ${end} bytes ${length} are there`);
}

function readUnknown(
  bytes: Uint8Array,
  mhType: number,
  end: number,
  how: ParseMobilityOptions,
): MobilityMessage {
  return {
    type: "unknown",
    mhType,
    mhTypeName: mobilityTypeName(mhType),
    payloadProto: bytes[0]!,
    reserved: bytes[3]!,
    checksum: uint16(bytes, 4),
    data: how.copy ? new Uint8Array(bytes.subarray(6, end)) : bytes.subarray(6, end),
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
  const hasOptions = at < end && how.options !== false;
  if (hasOptions && how.strict) {
    const fault = optionFault(bytes, at, end);
    if (fault) throw malformed("parseMobility", `a ${MOBILITY_TYPES[mhType]}: ${fault}`);
  }
  // One copy for all of it: in Deno a new buffer costs ten times a view. Not slice(): a Buffer gives a view by it.
  const own = how.copy ? new Uint8Array(bytes.subarray(0, end)) : bytes;
  const options = hasOptions ? readMobilityOptions(own, at, end) : [];
  const asGiven = hasOptions &&
    isLaidOutOtherwise(own, at, end, MOBILITY_OPTION_RULES, AUTHORIZATION_DATA);
  const message = readFixed(own, mhType, options);
  if (asGiven) message.padding = "given";
  return message;
}

function readFixed(
  own: Uint8Array,
  mhType: number,
  options: MobilityOption[],
): Exclude<MobilityMessage, { type: "unknown" }> {
  const payloadProto = own[0]!;
  const reserved = own[3]!;
  const checksum = uint16(own, 4);
  switch (mhType) {
    case 0:
      return {
        type: "BRR",
        mhType,
        payloadProto,
        reserved,
        checksum,
        reserved2: uint16(own, 6),
        options,
      };
    case 1:
      return {
        type: "HoTI",
        mhType,
        payloadProto,
        reserved,
        checksum,
        reserved2: uint16(own, 6),
        cookie: own.subarray(8, 16),
        options,
      };
    case 2:
      return {
        type: "CoTI",
        mhType,
        payloadProto,
        reserved,
        checksum,
        reserved2: uint16(own, 6),
        cookie: own.subarray(8, 16),
        options,
      };
    case 3:
      return {
        type: "HoT",
        mhType,
        payloadProto,
        reserved,
        checksum,
        nonceIndex: uint16(own, 6),
        cookie: own.subarray(8, 16),
        keygenToken: own.subarray(16, 24),
        options,
      };
    case 4:
      return {
        type: "CoT",
        mhType,
        payloadProto,
        reserved,
        checksum,
        nonceIndex: uint16(own, 6),
        cookie: own.subarray(8, 16),
        keygenToken: own.subarray(16, 24),
        options,
      };
    case 5: {
      const rawFlags = uint16(own, 8);
      return {
        type: "BU",
        mhType,
        payloadProto,
        reserved,
        checksum,
        sequence: uint16(own, 6),
        flags: {
          acknowledge: (rawFlags & 0x8000) !== 0,
          homeRegistration: (rawFlags & 0x4000) !== 0,
          linkLocal: (rawFlags & 0x2000) !== 0,
          keyManagement: (rawFlags & 0x1000) !== 0,
        },
        rawFlags,
        lifetimeSeconds: uint16(own, 10) * 4,
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
        status: own[6]!,
        statusName: bindingAckStatusName(own[6]!),
        flags: { keyManagement: (own[7]! & 0x80) !== 0 },
        rawFlags: own[7]!,
        sequence: uint16(own, 8),
        lifetimeSeconds: uint16(own, 10) * 4,
        options,
      };
    default:
      return {
        type: "BE",
        mhType: 7,
        payloadProto,
        reserved,
        checksum,
        status: own[6]!,
        statusName: bindingErrorStatusName(own[6]!),
        reserved2: own[7]!,
        homeAddress: formatIpv6(own, 8),
        options,
      };
  }
}
