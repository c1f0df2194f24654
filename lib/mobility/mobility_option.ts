/**
 * Mobility options (RFC 6275 6.2): bytes to objects and back.
 *
 * @module
 */

import { formatIpv6 } from "../ip/address.ts";
import { checkedNumber } from "../checked_number.ts";
import {
  checkedBytes,
  fourSecondUnits,
  type Ipv6AddressInit,
  ipv6Bytes,
  setUint16,
  uint16,
} from "./field.ts";
import {
  type AnyOptionInit,
  type OptionRules,
  type Pad1,
  type PadN,
  type RawOption,
  readOptions,
  type TruncatedOption,
} from "./tlv.ts";

/** When the mobile node should bind again, RFC 6275 6.2.4. */
export interface BindingRefreshAdvice {
  /** 2. */
  type: 2;
  /** What this option is. */
  name: "binding-refresh-advice";
  /** A multiple of 4. */
  refreshIntervalSeconds: number;
}

/** A care-of address that is not the packet's source, RFC 6275 6.2.5. */
export interface AlternateCareOfAddress {
  /** 3. */
  type: 3;
  /** What this option is. */
  name: "alternate-care-of-address";
  /** RFC 5952 text. */
  careOfAddress: string;
}

/** Which nonces the correspondent made its tokens of, RFC 6275 6.2.6. */
export interface NonceIndices {
  /** 4. */
  type: 4;
  /** What this option is. */
  name: "nonce-indices";
  /** Of the Home Test. */
  homeNonceIndex: number;
  /** Of the Care-of Test. */
  careOfNonceIndex: number;
}

/** Proof that the message is the mobile node's, RFC 6275 6.2.7. */
export interface BindingAuthorizationData {
  /** 5. */
  type: 5;
  /** What this option is. */
  name: "binding-authorization-data";
  /** 12 bytes after return routability (RFC 6275 5.2.6). */
  authenticator: Uint8Array;
}

/** An option of a mobility message. */
export type MobilityOption =
  | Pad1
  | PadN
  | BindingRefreshAdvice
  | AlternateCareOfAddress
  | NonceIndices
  | BindingAuthorizationData
  | RawOption
  | TruncatedOption;

/** An option to build: as it is read; the type may be left out where the name says it. */
export type MobilityOptionInit = KnownMobilityOptionInit | AnyOptionInit;

/** An option of RFC 6275 to build. */
export type KnownMobilityOptionInit =
  | Untyped<BindingRefreshAdvice>
  | (Omit<Untyped<AlternateCareOfAddress>, "careOfAddress"> & { careOfAddress: Ipv6AddressInit })
  | Untyped<NonceIndices>
  | Untyped<BindingAuthorizationData>;

/** An option whose name says its type. */
export type Untyped<T extends { type: number }> = Partial<Pick<T, "type">> & Omit<T, "type">;

/** The options from `at` to `end`, in their order, padding included; what are bytes are views. */
export function readMobilityOptions(bytes: Uint8Array, at: number, end: number): MobilityOption[] {
  return readOptions(bytes, at, end, readOption);
}

function readOption(bytes: Uint8Array, at: number): MobilityOption {
  const type = bytes[at]!;
  const length = bytes[at + 1]!;
  switch (type) {
    case 2:
      if (length !== 2) break;
      return {
        type,
        name: "binding-refresh-advice",
        refreshIntervalSeconds: uint16(bytes, at + 2) * 4,
      };
    case 3:
      if (length !== 16) break;
      return {
        type,
        name: "alternate-care-of-address",
        careOfAddress: formatIpv6(bytes, at + 2),
      };
    case 4:
      if (length !== 4) break;
      return {
        type,
        name: "nonce-indices",
        homeNonceIndex: uint16(bytes, at + 2),
        careOfNonceIndex: uint16(bytes, at + 4),
      };
    case 5:
      if (length === 0) break;
      return {
        type,
        name: "binding-authorization-data",
        authenticator: bytes.subarray(at + 2, at + 2 + length),
      };
  }
  return {
    type,
    name: type <= 5 ? "malformed" : "unknown",
    data: bytes.subarray(at + 2, at + 2 + length),
  };
}

/** What is wrong with how options lie, in the order it matters. */
export type OptionFault =
  | "option-truncated"
  | "option-length"
  | "option-alignment"
  | "authorization-not-last";

/** The first fault of the options from `at` to `end` (RFC 6275 6.2), or null. */
export function optionFault(bytes: Uint8Array, at: number, end: number): OptionFault | null {
  let authorized = false;
  while (at < end) {
    if (authorized) return "authorization-not-last";
    const type = bytes[at]!;
    if (type === 0) {
      at++;
      continue;
    }
    const length = bytes[at + 1]!;
    if (at + 2 > end || at + 2 + length > end) return "option-truncated";
    if (!hasKnownLength(type, length)) return "option-length";
    if (MOBILITY_OPTION_RULES.padding(type, length, at) !== 0) return "option-alignment";
    authorized = type === AUTHORIZATION_DATA;
    at += 2 + length;
  }
  return null;
}

function hasKnownLength(type: number, length: number): boolean {
  switch (type) {
    case 2:
      return length === 2;
    case 3:
      return length === 16;
    case 4:
      return length === 4;
    case 5:
      return length > 0;
    default:
      return true;
  }
}

/** Behind it only padding may stand (RFC 6275 6.2.7). */
export const AUTHORIZATION_DATA = 5;

const TYPES: Readonly<Record<KnownMobilityOptionInit["name"], number>> = {
  "binding-refresh-advice": 2,
  "alternate-care-of-address": 3,
  "nonce-indices": 4,
  "binding-authorization-data": 5,
};

/** How mobility options lie, counted from the beginning of the Mobility Header. */
export const MOBILITY_OPTION_RULES: OptionRules<KnownMobilityOptionInit> = {
  padding(type, dataLength, at) {
    switch (type) {
      case 2:
      case 4:
        return at & 1; // 2n
      case 3:
        return 6 - at & 7; // 8n+6
      case 5:
        // It ends the message, so it ends at a multiple of 8: 8n+2 with 12 bytes (RFC 6275 6.2.7).
        return -(at + 2 + dataLength) & 7;
      case 6: // Mobile Network Prefix, RFC 3963 4.3
        return 4 - at & 7;
      case 9: // Mobility message authentication, RFC 4285 5
        return 1 - at & 3;
      case 10: // Mobility message replay protection, RFC 4285 6
        return 2 - at & 7;
      default:
        return 0;
    }
  },
  typeOf: (option) => TYPES[option.name],
  dataLength(option) {
    switch (option.name) {
      case "binding-refresh-advice":
        return 2;
      case "alternate-care-of-address":
        return 16;
      case "nonce-indices":
        return 4;
      case "binding-authorization-data":
        return checkedBytes("authenticator", option.authenticator, 1, 255).length;
    }
  },
  writeData(option, out, at) {
    switch (option.name) {
      case "binding-refresh-advice":
        setUint16(
          out,
          at,
          fourSecondUnits("refreshIntervalSeconds", option.refreshIntervalSeconds),
        );
        break;
      case "alternate-care-of-address":
        out.set(ipv6Bytes("careOfAddress", option.careOfAddress), at);
        break;
      case "nonce-indices":
        setUint16(out, at, checkedNumber("homeNonceIndex", option.homeNonceIndex, 0xffff));
        setUint16(out, at + 2, checkedNumber("careOfNonceIndex", option.careOfNonceIndex, 0xffff));
        break;
      case "binding-authorization-data":
        out.set(option.authenticator, at);
        break;
    }
  },
};
