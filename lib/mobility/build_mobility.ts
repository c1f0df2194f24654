/**
 * Building mobility messages: objects to bytes.
 *
 * @module
 */

import { checkedNumber } from "../checked_number.ts";
import { checkedBytes, fourSecondUnits, ipv6Bytes, setUint16 } from "./field.ts";
import { FIXED_SIZE, MOBILITY_TYPES, type MobilityMessageInit } from "./message.ts";
import { MOBILITY_OPTION_RULES, type MobilityOptionInit } from "./mobility_option.ts";
import { HEADER_SIZE_MAX, writeOptions } from "./tlv.ts";

type KnownInit = Exclude<MobilityMessageInit, { type: "unknown" }>;

/** Where a message is put together before its length is known. */
const scratch = new Uint8Array(HEADER_SIZE_MAX);

/**
 * The bytes of a message, with its length, the options' padding and checksum 0.
 *
 * The checksum depends on the addresses: sealMobility() writes it, or the kernel does. Options are padded so that each
 * lies as RFC 6275 6.2 wants it; a message that parseMobility() read is built as it came.
 *
 * @throws {TypeError} Something is missing or of the wrong kind.
 * @throws {RangeError} A number or length is out of range, or authorization data is not the last option.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildMobility } from "./build_mobility.ts";
 *
 * const bytes = buildMobility({
 *   type: "BU",
 *   sequence: 37,
 *   flags: { acknowledge: true, homeRegistration: true },
 *   lifetimeSeconds: 12,
 * });
 * assert.equal(bytes.toHex(), "3b01050000000025c000000301020000");
 * ```
 */
export function buildMobility(message: MobilityMessageInit): Uint8Array {
  const out = scratch;
  out.fill(0, 0, 24);
  let end: number;
  if (message.type === "unknown") {
    out[2] = checkedNumber("mhType", message.mhType, 0xff);
    const data = checkedBytes("data", message.data, 2, HEADER_SIZE_MAX - 6);
    end = 6 + data.length;
    if (end % 8 !== 0) throw new RangeError(`data must be 8n+2 bytes, not ${data.length}`);
    out.set(data, 6);
  } else {
    const mhType = MOBILITY_TYPES.indexOf(message.type);
    if (mhType < 0) throw new TypeError(`no mobility message is of type ${String(message.type)}`);
    if ((message.mhType ?? mhType) !== mhType) {
      throw new TypeError(`the mhType of a ${message.type} is ${mhType}, not ${message.mhType}`);
    }
    out[2] = mhType;
    writeFixed(message, out);
    const { options = [], padding } = message;
    if (padding !== "given") checkOrder(options);
    end = writeOptions(
      options,
      out,
      FIXED_SIZE[mhType]!,
      MOBILITY_OPTION_RULES,
      padding === "given",
    );
  }
  out[0] = checkedNumber("payloadProto", message.payloadProto ?? 59, 0xff);
  out[1] = end / 8 - 1;
  out[3] = checkedNumber("reserved", message.reserved ?? 0, 0xff);
  const { trailing } = message;
  if (trailing === undefined) return out.slice(0, end);
  const bytes = new Uint8Array(end + checkedBytes("trailing", trailing, 0, 0xffff).length);
  bytes.set(out.subarray(0, end));
  bytes.set(trailing, end);
  return bytes;
}

/** RFC 6275 6.2.7: what is behind authorization data would not be covered by it. */
function checkOrder(options: readonly MobilityOptionInit[]): void {
  const at = options.findIndex(({ name }) => name === "binding-authorization-data");
  if (at < 0) return;
  const behind = options.slice(at + 1).find(({ name }) => name !== "pad1" && name !== "padn");
  if (behind) {
    throw new RangeError(
      `binding-authorization-data must be the last option, before ${behind.name}`,
    );
  }
}

/** All between the checksum and the options. */
function writeFixed(message: KnownInit, out: Uint8Array): void {
  switch (message.type) {
    case "BRR":
      setUint16(out, 6, checkedNumber("reserved2", message.reserved2 ?? 0, 0xffff));
      break;
    case "HoTI":
    case "CoTI":
      setUint16(out, 6, checkedNumber("reserved2", message.reserved2 ?? 0, 0xffff));
      out.set(checkedBytes("cookie", message.cookie, 8), 8);
      break;
    case "HoT":
    case "CoT":
      setUint16(out, 6, checkedNumber("nonceIndex", message.nonceIndex, 0xffff));
      out.set(checkedBytes("cookie", message.cookie, 8), 8);
      out.set(checkedBytes("keygenToken", message.keygenToken, 8), 16);
      break;
    case "BU": {
      const { acknowledge, homeRegistration, linkLocal, keyManagement } = message.flags ?? {};
      let flags = checkedNumber("rawFlags", message.rawFlags ?? 0, 0xffff);
      flags = withFlag(flags, 0x8000, acknowledge);
      flags = withFlag(flags, 0x4000, homeRegistration);
      flags = withFlag(flags, 0x2000, linkLocal);
      flags = withFlag(flags, 0x1000, keyManagement);
      setUint16(out, 6, checkedNumber("sequence", message.sequence, 0xffff));
      setUint16(out, 8, flags);
      setUint16(out, 10, fourSecondUnits("lifetimeSeconds", message.lifetimeSeconds));
      break;
    }
    case "BA": {
      const flags = checkedNumber("rawFlags", message.rawFlags ?? 0, 0xff);
      out[6] = checkedNumber("status", message.status, 0xff);
      out[7] = withFlag(flags, 0x80, message.flags?.keyManagement);
      setUint16(out, 8, checkedNumber("sequence", message.sequence, 0xffff));
      setUint16(out, 10, fourSecondUnits("lifetimeSeconds", message.lifetimeSeconds));
      break;
    }
    case "BE":
      out[6] = checkedNumber("status", message.status, 0xff);
      out[7] = checkedNumber("reserved2", message.reserved2 ?? 0, 0xff);
      out.set(ipv6Bytes("homeAddress", message.homeAddress), 8);
      break;
  }
}

/** Where a flag is given it counts, else the bits do. */
function withFlag(bits: number, bit: number, flag: boolean | undefined): number {
  if (flag === undefined) return bits;
  return flag ? bits | bit : bits & ~bit;
}
