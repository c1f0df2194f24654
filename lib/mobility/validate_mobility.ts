/**
 * Whether a received mobility message may be used, and what its sender is told if not: RFC 6275 9.2 and 6.2.
 *
 * @module
 */

import type { Ipv6AddressInit } from "./field.ts";
import { FIXED_SIZE, HEADER_LENGTH_MIN } from "./message.ts";
import { type OptionFault, optionFault } from "./mobility_option.ts";
import { verifyMobility } from "./mobility_checksum.ts";

/** How a message came. */
export interface MobilityContext {
  /** The packet's source as it was on the wire. */
  source: Ipv6AddressInit;
  /** The packet's last destination: the home address of its type 2 routing header, else its destination. */
  destination: Ipv6AddressInit;
  /** The address in its home address option, where it had one. The checksum is over it then. */
  homeAddress?: Ipv6AddressInit | null;
  /** true: somebody has verified the checksum already, as the kernel does where IPV6_CHECKSUM is on. */
  checksumVerified?: boolean;
  /** MH Types beyond those of RFC 6275 that the receiver knows; nothing but their beginning is checked here. */
  knownTypes?: readonly number[];
  /** Where the message begins in its packet; what `pointer` counts from. 0 where left out. */
  offset?: number;
  /** false: only what RFC 6275 9.2 has every receiver check, nothing about options. */
  strict?: boolean;
}

/** Why a message may not be used. */
export type MobilityFault =
  | "too-short"
  | "checksum"
  | "unknown-type"
  | "payload-proto"
  | "header-length"
  | "home-address-option"
  | OptionFault
  | "option-not-allowed"
  | "nonce-indices-without-authorization"
  | "nonce-indices-to-home-agent";

/** What to do with a message. */
export type MobilityVerdict =
  | { ok: true }
  | {
    ok: false;
    /**
     * "drop": nobody is told. "parameter-problem": an ICMPv6 Parameter Problem (RFC 4443 3.4) with `code` and
     * `pointer`. "binding-error": a Binding Error with `code` as its status.
     */
    action: "drop" | "parameter-problem" | "binding-error";
    /** Null for "drop". */
    code: number | null;
    /** For "parameter-problem" alone: where the fault is. */
    pointer: number | null;
    /** What is wrong. */
    fault: MobilityFault;
  };

const UNRECOGNIZED_MH_TYPE = 2;
const ERRONEOUS_FIELD = 0;
const NO_NEXT_HEADER = 59;

/** The messages that have an option, by the option's type: MH Types (RFC 6275 6.2.4 to 6.2.7). */
const CARRIERS: ReadonlyMap<number, readonly number[]> = new Map([
  [2, [6]],
  [3, [5]],
  [4, [5]],
  [5, [5, 6]],
]);

/**
 * Checks a message as its receiver does, in RFC 6275 9.2's order: the checksum, the type, Payload Proto, the length;
 * then, unless `strict` is false, its options. What a Binding Update asks for is not looked at, nor who may ask it.
 *
 * @throws {TypeError} An address is no IPv6 address.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { validateMobility } from "./validate_mobility.ts";
 *
 * const brr = Uint8Array.of(59, 0, 0, 0, 0x68, 0xfb, 0, 0);
 * const addresses = { source: "2001:db8::1", destination: "2001:db8::2" };
 * assert.deepEqual(validateMobility(brr, addresses), { ok: true });
 * ```
 */
export function validateMobility(bytes: Uint8Array, context: MobilityContext): MobilityVerdict {
  const offset = context.offset ?? 0;
  const end = bytes.length < 8 ? 8 : bytes[1]! * 8 + 8;
  if (end > bytes.length) return drop("too-short");
  const source = context.homeAddress ?? context.source;
  if (!context.checksumVerified && !verifyMobility(source, context.destination, bytes)) {
    return drop("checksum");
  }
  const mhType = bytes[2]!;
  const defined = mhType < FIXED_SIZE.length;
  if (!defined && !context.knownTypes?.includes(mhType)) {
    return {
      ok: false,
      action: "binding-error",
      code: UNRECOGNIZED_MH_TYPE,
      pointer: null,
      fault: "unknown-type",
    };
  }
  if (bytes[0] !== NO_NEXT_HEADER) return problem("payload-proto", offset);
  if (!defined) return { ok: true };
  if (bytes[1]! < HEADER_LENGTH_MIN[mhType]!) return problem("header-length", offset + 1);
  // RFC 6275 9.4.1, 9.4.2: such a message is ignored.
  if ((mhType === 1 || mhType === 2) && context.homeAddress) return drop("home-address-option");
  const fault = context.strict === false ? null : messageFault(bytes, mhType, end);
  return fault ? drop(fault) : { ok: true };
}

/** The first fault of a message's options, as they lie and as the message may have them. */
function messageFault(bytes: Uint8Array, mhType: number, end: number): MobilityFault | null {
  const start = FIXED_SIZE[mhType]!;
  const layout = optionFault(bytes, start, end);
  if (layout) return layout;
  let nonces = false;
  let authorized = false;
  for (let at = start; at < end; at += bytes[at] === 0 ? 1 : 2 + bytes[at + 1]!) {
    const type = bytes[at]!;
    const carriers = CARRIERS.get(type);
    if (carriers && !carriers.includes(mhType)) return "option-not-allowed";
    nonces ||= type === 4;
    authorized ||= type === 5;
  }
  if (!nonces) return null;
  // Only a Binding Update gets here.
  if ((bytes[8]! & 0x40) !== 0) return "nonce-indices-to-home-agent";
  return authorized ? null : "nonce-indices-without-authorization";
}

function drop(fault: MobilityFault): MobilityVerdict {
  return { ok: false, action: "drop", code: null, pointer: null, fault };
}

function problem(fault: MobilityFault, pointer: number): MobilityVerdict {
  return { ok: false, action: "parameter-problem", code: ERRONEOUS_FIELD, pointer, fault };
}
