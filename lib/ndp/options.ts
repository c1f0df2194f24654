/**
 * Options of Neighbor Discovery messages: bytes to objects. Pure.
 *
 * Only the options a host configures itself with; the rest is passed over by {@linkcode parseOption}.
 * A malformed option is null, never an exception: RFC 4861 6.3.4 has a host ignore what it cannot read.
 *
 * @module
 */

import { formatAddress, isMulticast, isUnspecified } from "../ip/address.ts";

/** Source Link-layer Address, RFC 4861 4.6.1 (type 1). */
export interface SourceLinkLayerAddress {
  name: "source-link-layer-address";
  /** All behind the option's two first bytes: 6 of Ethernet; others may end in padding (RFC 4944 8). */
  address: Uint8Array;
}

/** Prefix Information, RFC 4861 4.6.2 (type 3). */
export interface PrefixInformation {
  name: "prefix-information";
  prefixLength: number;
  onLink: boolean;
  autonomous: boolean;
  /** 0xffffffff is without end. */
  validLifetimeSeconds: number;
  preferredLifetimeSeconds: number;
  /** 16 bytes; bits behind the prefix length are the sender's and count for nothing. */
  prefix: Uint8Array;
}

/** MTU, RFC 4861 4.6.4 (type 5). */
export interface Mtu {
  name: "mtu";
  /** Bytes, as the router says; a host ignores less than 1280 and more than its link takes (RFC 4861 6.3.4). */
  mtu: number;
}

/** How much a router, or a route of it, is preferred (RFC 4191 2.1). */
export type Preference = "low" | "medium" | "high";

/** Route Information, RFC 4191 2.3 (type 24). */
export interface RouteInformation {
  name: "route-information";
  prefixLength: number;
  preference: Preference;
  /** 0xffffffff is without end. */
  lifetimeSeconds: number;
  /** 16 bytes; bits behind the prefix length are the sender's and count for nothing. */
  prefix: Uint8Array;
}

/** Recursive DNS Server, RFC 8106 5.1 (type 25). */
export interface RecursiveDnsServer {
  name: "rdnss";
  lifetimeSeconds: number;
  addresses: string[];
}

/** DNS Search List, RFC 8106 5.2 (type 31). */
export interface DnsSearchList {
  name: "dnssl";
  lifetimeSeconds: number;
  domains: string[];
}

/** Captive-Portal, RFC 8910 2.3 (type 37). */
export interface CaptivePortal {
  name: "captive-portal";
  uri: string;
}

/** PREF64, RFC 8781 4 (type 38). */
export interface Pref64 {
  name: "pref64";
  lifetimeSeconds: number;
  prefixLength: number;
  prefix: string;
}

/** An option this module reads. */
export type NdOption =
  | SourceLinkLayerAddress
  | PrefixInformation
  | Mtu
  | RouteInformation
  | RecursiveDnsServer
  | DnsSearchList
  | CaptivePortal
  | Pref64;

/** The options in `bytes`, each as its own bytes; stops at one of zero length or past the end (RFC 4861 4.6). */
export function* splitOptions(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at + 8 <= bytes.length;) {
    const length = bytes[at + 1]! * 8;
    if (length === 0 || at + length > bytes.length) return;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

/** One option from all of its bytes; null where it is malformed or not of a type named here. */
export function parseOption(bytes: Uint8Array): NdOption | null {
  if (bytes.length < 8 || bytes[1]! * 8 !== bytes.length) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return PARSERS.get(bytes[0]!)?.(bytes, view) ?? null;
}

/** Whether {@linkcode parseOption} reads options of this type. */
export function isReadType(type: number): boolean {
  return PARSERS.has(type);
}

/** The preference in bits 3 and 4 of a byte; null is the reserved value, which each field treats in its own way. */
export function parsePreference(byte: number): Preference | null {
  return PREFERENCES[byte >> 3 & 3] ?? null;
}

/** By the two bits' value (RFC 4191 2.1). */
const PREFERENCES: readonly (Preference | null)[] = ["medium", "high", null, "low"];

const PARSERS: ReadonlyMap<number, (bytes: Uint8Array, view: DataView) => NdOption | null> =
  new Map<number, (bytes: Uint8Array, view: DataView) => NdOption | null>([
    [1, (bytes) => ({ name: "source-link-layer-address", address: bytes.slice(2) })],
    [3, parsePrefixInformation],
    [5, (bytes, view) => bytes.length === 8 ? { name: "mtu", mtu: view.getUint32(4) } : null],
    [24, parseRouteInformation],
    [25, parseRdnss],
    [31, parseDnssl],
    [37, parseCaptivePortal],
    [38, parsePref64],
  ]);

function parsePrefixInformation(bytes: Uint8Array, view: DataView): PrefixInformation | null {
  if (bytes.length !== 32 || bytes[2]! > 128) return null;
  return {
    name: "prefix-information",
    prefixLength: bytes[2]!,
    onLink: (bytes[3]! & 0x80) !== 0,
    autonomous: (bytes[3]! & 0x40) !== 0,
    validLifetimeSeconds: view.getUint32(4),
    preferredLifetimeSeconds: view.getUint32(8),
    prefix: bytes.slice(16, 32),
  };
}

function parseRouteInformation(bytes: Uint8Array, view: DataView): RouteInformation | null {
  const prefixLength = bytes[2]!;
  const preference = parsePreference(bytes[3]!);
  // The prefix stands in 0, 8 or 16 bytes; what is not there is zero. A reserved preference voids the option.
  if (prefixLength > 128 || bytes.length > 24 || preference === null) return null;
  if (bytes.length < 8 + Math.ceil(prefixLength / 64) * 8) return null;
  const prefix = new Uint8Array(16);
  prefix.set(bytes.subarray(8));
  return {
    name: "route-information",
    prefixLength,
    preference,
    lifetimeSeconds: view.getUint32(4),
    prefix,
  };
}

function parseRdnss(bytes: Uint8Array, view: DataView): RecursiveDnsServer | null {
  // An odd number of units: the header and two for each address.
  if (bytes.length < 24 || bytes.length % 16 !== 8) return null;
  const addresses: string[] = [];
  for (let at = 8; at < bytes.length; at += 16) {
    const address = bytes.subarray(at, at + 16);
    // RFC 8106 5.3.1: one that is not unicast voids the option.
    if (isMulticast(address) || isUnspecified(address)) return null;
    addresses.push(formatAddress(address));
  }
  return { name: "rdnss", lifetimeSeconds: view.getUint32(4), addresses };
}

function parseDnssl(bytes: Uint8Array, view: DataView): DnsSearchList | null {
  const domains: string[] = [];
  for (let at = 8; at < bytes.length && bytes[at] !== 0;) {
    const labels: string[] = [];
    let length: number;
    while ((length = bytes[at] ?? 0) !== 0) {
      // No compression here, so the two high bits must be zero (RFC 8106 5.2).
      if (length > 63 || at + 1 + length > bytes.length) return null;
      const label = ascii(bytes.subarray(at + 1, at + 1 + length));
      // A label that holds a dot would read as two.
      if (label === null || label.includes(".")) return null;
      labels.push(label.toLowerCase());
      at += 1 + length;
    }
    if (at >= bytes.length) return null;
    const domain = labels.join(".");
    if (domain.length > 253) return null;
    domains.push(domain);
    at += 1;
  }
  return domains.length === 0
    ? null
    : { name: "dnssl", lifetimeSeconds: view.getUint32(4), domains };
}

function parseCaptivePortal(bytes: Uint8Array): CaptivePortal | null {
  const end = bytes.indexOf(0, 2);
  const uri = ascii(bytes.subarray(2, end < 0 ? bytes.length : end));
  return uri ? { name: "captive-portal", uri } : null;
}

/** Prefix Length Codes of RFC 8781 4.1. */
const PREF64_LENGTHS = [96, 64, 56, 48, 40, 32];

function parsePref64(bytes: Uint8Array, view: DataView): Pref64 | null {
  if (bytes.length !== 16) return null;
  const scaled = view.getUint16(2);
  const prefixLength = PREF64_LENGTHS[scaled & 7];
  if (prefixLength === undefined) return null;
  const prefix = new Uint8Array(16);
  prefix.set(bytes.subarray(4, 4 + prefixLength / 8));
  return {
    name: "pref64",
    lifetimeSeconds: scaled & 0xfff8,
    prefixLength,
    prefix: formatAddress(prefix),
  };
}

/** Printable ASCII without blanks, or null. */
function ascii(bytes: Uint8Array): string | null {
  if (bytes.some((byte) => byte <= 0x20 || byte >= 0x7f)) return null;
  return String.fromCharCode(...bytes);
}
