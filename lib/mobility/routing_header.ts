/**
 * Routing headers (RFC 8200 4.4): type 2 of Mobile IPv6 (RFC 6275 6.4), and type 0, which RFC 5095 forbids and captures
 * still hold.
 *
 * @module
 */

import { formatIpv6 } from "../ip/address.ts";
import { checkedNumber } from "../checked_number.ts";
import { headerEnd } from "./destination_options.ts";
import {
  checkedBytes,
  type Ipv6AddressInit,
  ipv6Bytes,
  malformed,
  plainBytes,
  uint32,
} from "./field.ts";

/** A type 2 routing header: to a mobile node at its care-of address, RFC 6275 6.4. */
export interface Type2RoutingHeader {
  /** What this header is. */
  name: "type-2";
  /** The protocol number of what follows. */
  nextHeader: number;
  /** 2. */
  routingType: 2;
  /** 1 on the way, 0 when the mobile node has processed it. */
  segmentsLeft: number;
  /** 4 bytes as one number; 0, and ignored if not. */
  reserved: number;
  /** RFC 5952 text. Once processed, it is the destination that the packet had on the wire. */
  homeAddress: string;
}

/** A type 0 routing header: a list of routers, RFC 2460 4.4. */
export interface Type0RoutingHeader {
  /** What this header is. */
  name: "type-0";
  /** The protocol number of what follows. */
  nextHeader: number;
  /** 0. */
  routingType: 0;
  /** How many of the addresses are still to be visited. */
  segmentsLeft: number;
  /** 4 bytes as one number; 0, and ignored if not. */
  reserved: number;
  /** RFC 5952 text. */
  addresses: string[];
}

/** A routing header of a type that is not read here, as it came. */
export interface UnknownRoutingHeader {
  /** Nothing more is known of it. */
  name: "unknown";
  /** The protocol number of what follows. */
  nextHeader: number;
  /** Routing Type. */
  routingType: number;
  /** Segments Left. */
  segmentsLeft: number;
  /** What stands behind Segments Left: 4 bytes or more, 8n+4. */
  data: Uint8Array;
}

/** A routing header of type 0 or 2, but never with this length or so many segments left, as it came. */
export interface MalformedRoutingHeader {
  /** It is not what its type says. */
  name: "malformed";
  /** The protocol number of what follows. */
  nextHeader: number;
  /** Routing Type. */
  routingType: number;
  /** Segments Left. */
  segmentsLeft: number;
  /** What stands behind Segments Left: 4 bytes or more, 8n+4. */
  data: Uint8Array;
}

/** A routing header that is kept as it came. */
export type RawRoutingHeader = UnknownRoutingHeader | MalformedRoutingHeader;

/** A routing header. */
export type RoutingHeader = Type2RoutingHeader | Type0RoutingHeader | RawRoutingHeader;

/** What {@linkcode buildRoutingHeader} takes. */
export type RoutingHeaderInit =
  | {
    name: "type-2";
    /** 59, nothing, where left out; a kernel that sends the header writes it itself. */
    nextHeader?: number;
    routingType?: 2;
    /** 1 where left out. */
    segmentsLeft?: number;
    reserved?: number;
    homeAddress: Ipv6AddressInit;
  }
  | {
    name: "type-0";
    nextHeader?: number;
    routingType?: 0;
    /** All where left out. */
    segmentsLeft?: number;
    reserved?: number;
    addresses: readonly Ipv6AddressInit[];
  }
  | RawRoutingHeader;

/**
 * Reads a routing header, from Next Header on; what stands behind its end is not looked at.
 *
 * @throws {MifError} EBADMSG: shorter than it says; with `strict` also what would be "malformed".
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildRoutingHeader, parseRoutingHeader } from "./routing_header.ts";
 *
 * const bytes = buildRoutingHeader({ name: "type-2", homeAddress: "2001:db8::1" });
 * const header = parseRoutingHeader(bytes);
 * assert.equal(header.name === "type-2" && header.homeAddress, "2001:db8::1");
 * ```
 */
export function parseRoutingHeader(
  from: Uint8Array,
  how: { strict?: boolean } = {},
): RoutingHeader {
  const bytes = plainBytes("an extension header", from);
  const end = headerEnd(bytes, "parseRoutingHeader");
  const nextHeader = bytes[0]!;
  const length = bytes[1]!;
  const routingType = bytes[2]!;
  const segmentsLeft = bytes[3]!;
  const reserved = uint32(bytes, 4);
  if (routingType === 2 && length === 2 && segmentsLeft <= 1) {
    const homeAddress = formatIpv6(bytes, 8);
    return { name: "type-2", nextHeader, routingType, segmentsLeft, reserved, homeAddress };
  }
  if (routingType === 0 && length % 2 === 0 && segmentsLeft <= length / 2) {
    const addresses: string[] = [];
    for (let at = 8; at < end; at += 16) addresses.push(formatIpv6(bytes, at));
    return { name: "type-0", nextHeader, routingType, segmentsLeft, reserved, addresses };
  }
  const known = routingType === 0 || routingType === 2;
  if (known && how.strict) {
    const why = `${length} units and ${segmentsLeft} segments left are not its`;
    throw malformed("parseRoutingHeader", `a type ${routingType} routing header: ${why}`);
  }
  return {
    name: known ? "malformed" : "unknown",
    nextHeader,
    routingType,
    segmentsLeft,
    data: new Uint8Array(bytes.subarray(4, end)),
  };
}

/**
 * The bytes of a routing header.
 *
 * @throws {TypeError} Something is missing or of the wrong kind.
 * @throws {RangeError} A number or length is out of range.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildRoutingHeader } from "./routing_header.ts";
 *
 * const header = buildRoutingHeader({ name: "type-2", nextHeader: 135, homeAddress: "::1" });
 * assert.deepEqual(header.slice(0, 4), Uint8Array.of(135, 2, 2, 1));
 * ```
 */
export function buildRoutingHeader(header: RoutingHeaderInit): Uint8Array {
  const { nextHeader = 59 } = header;
  if ("data" in header) {
    const { length } = checkedBytes("data", header.data, 4, 2044);
    if (length % 8 !== 4) throw new RangeError(`data must be 8n+4 bytes, not ${length}`);
    const bytes = new Uint8Array(4 + length);
    writeHead(bytes, nextHeader, header.routingType, header.segmentsLeft);
    bytes.set(header.data, 4);
    return bytes;
  }
  const addresses = header.name === "type-2" ? [header.homeAddress] : header.addresses;
  if (addresses.length > 127) throw new RangeError("a routing header has at most 127 addresses");
  const bytes = new Uint8Array(8 + 16 * addresses.length);
  const routingType = header.name === "type-2" ? 2 : 0;
  writeHead(bytes, nextHeader, routingType, header.segmentsLeft ?? addresses.length);
  const reserved = checkedNumber("reserved", header.reserved ?? 0, 0xffffffff);
  new DataView(bytes.buffer).setUint32(4, reserved);
  addresses.forEach((address, i) => bytes.set(ipv6Bytes("address", address), 8 + 16 * i));
  return bytes;
}

function writeHead(
  bytes: Uint8Array,
  nextHeader: number,
  routingType: number,
  segmentsLeft: number,
): void {
  bytes[0] = checkedNumber("nextHeader", nextHeader, 0xff);
  bytes[1] = bytes.length / 8 - 1;
  bytes[2] = checkedNumber("routingType", routingType, 0xff);
  bytes[3] = checkedNumber("segmentsLeft", segmentsLeft, 0xff);
}
