/**
 * Options of Neighbor Discovery messages: bytes to objects. Pure.
 *
 * Those a host configures itself with, and what Mobile IPv6 adds; the PvD option, which holds others, is read in
 * `pvd_option.ts`. A malformed option is null, never an exception: RFC 4861 6.3.4 has a host ignore what it cannot read.
 * `build_option.ts` is the way back.
 *
 * @module
 */

import { formatAddress, isMulticast, isUnspecified } from "../ip/address.ts";
import { printableText, readDomain } from "./domain.ts";

/** Source Link-layer Address, RFC 4861 4.6.1 (type 1). */
export interface SourceLinkLayerAddress {
  /** What this option is. */
  name: "source-link-layer-address";
  /** All behind the option's two first bytes: 6 of Ethernet; others may end in padding (RFC 4944 8). */
  address: Uint8Array;
}

/** Prefix Information, RFC 4861 4.6.2 (type 3). */
export interface PrefixInformation {
  /** What this option is. */
  name: "prefix-information";
  /** Bits. */
  prefixLength: number;
  /** L: what has the prefix is on the link. */
  onLink: boolean;
  /** A: for stateless address autoconfiguration. */
  autonomous: boolean;
  /** R (RFC 6275 7.2): `prefix` is the whole address of the router. */
  routerAddress: boolean;
  /** 0xffffffff is without end. */
  validLifetimeSeconds: number;
  /** 0xffffffff is without end. */
  preferredLifetimeSeconds: number;
  /** 16 bytes; bits behind the prefix length are the sender's and count for nothing, but with `routerAddress`. */
  prefix: Uint8Array;
}

/** MTU, RFC 4861 4.6.4 (type 5). */
export interface Mtu {
  /** What this option is. */
  name: "mtu";
  /** Bytes, as the router says; a host ignores less than 1280 and more than its link takes (RFC 4861 6.3.4). */
  mtu: number;
}

/** Advertisement Interval, RFC 6275 7.3 (type 7). */
export interface AdvertisementInterval {
  /** What this option is. */
  name: "advertisement-interval";
  /** The most that passes between two unsolicited advertisements. */
  intervalMs: number;
}

/** Home Agent Information, RFC 6275 7.4 (type 8). */
export interface HomeAgentInformation {
  /** What this option is. */
  name: "home-agent-information";
  /** 0 to 65535; more is preferred. */
  preference: number;
  /** For how long it is a home agent; never 0. */
  lifetimeSeconds: number;
}

/** How much a router, or a route of it, is preferred (RFC 4191 2.1). */
export type Preference = "low" | "medium" | "high";

/** Route Information, RFC 4191 2.3 (type 24). */
export interface RouteInformation {
  /** What this option is. */
  name: "route-information";
  /** Bits. */
  prefixLength: number;
  /** Prf. */
  preference: Preference;
  /** 0xffffffff is without end. */
  lifetimeSeconds: number;
  /** 16 bytes; bits behind the prefix length are the sender's and count for nothing. */
  prefix: Uint8Array;
}

/** Recursive DNS Server, RFC 8106 5.1 (type 25). */
export interface RecursiveDnsServer {
  /** What this option is. */
  name: "rdnss";
  /** For how long what stands here may be used. */
  lifetimeSeconds: number;
  /** RFC 5952 text. */
  addresses: string[];
}

/** DNS Search List, RFC 8106 5.2 (type 31). */
export interface DnsSearchList {
  /** What this option is. */
  name: "dnssl";
  /** For how long what stands here may be used. */
  lifetimeSeconds: number;
  /** Without the root's dot. */
  domains: string[];
}

/** Captive-Portal, RFC 8910 2.3 (type 37). */
export interface CaptivePortal {
  /** What this option is. */
  name: "captive-portal";
  /** Of the API (RFC 8908). */
  uri: string;
}

/** PREF64, RFC 8781 4 (type 38). */
export interface Pref64 {
  /** What this option is. */
  name: "pref64";
  /** For how long what stands here may be used. */
  lifetimeSeconds: number;
  /** Bits. */
  prefixLength: number;
  /** RFC 5952 text. */
  prefix: string;
}

/** An option this module reads. */
export type NdOption =
  | SourceLinkLayerAddress
  | PrefixInformation
  | Mtu
  | AdvertisementInterval
  | HomeAgentInformation
  | RouteInformation
  | RecursiveDnsServer
  | DnsSearchList
  | CaptivePortal
  | Pref64;

/** An option of a type that is not read here, as it came. */
export interface UnknownOption {
  /** What this option is. */
  name: "unknown";
  /** Option Type. */
  type: number;
  /** All of the option, type and length included. A copy. */
  bytes: Uint8Array;
}

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

/** As {@linkcode parseOption}, and an option of another type as it came; null only for a malformed one. */
export function parseAnyOption(bytes: Uint8Array): NdOption | UnknownOption | null {
  const type = bytes[0]!;
  return PARSERS.has(type)
    ? parseOption(bytes)
    : { name: "unknown" as const, type, bytes: bytes.slice() };
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
    [7, parseAdvertisementInterval],
    [8, parseHomeAgentInformation],
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
    routerAddress: (bytes[3]! & 0x20) !== 0,
    validLifetimeSeconds: view.getUint32(4),
    preferredLifetimeSeconds: view.getUint32(8),
    prefix: bytes.slice(16, 32),
  };
}

function parseAdvertisementInterval(
  bytes: Uint8Array,
  view: DataView,
): AdvertisementInterval | null {
  if (bytes.length !== 8) return null;
  return { name: "advertisement-interval", intervalMs: view.getUint32(4) };
}

function parseHomeAgentInformation(
  bytes: Uint8Array,
  view: DataView,
): HomeAgentInformation | null {
  // RFC 6275 7.4: a lifetime of 0 must not be used.
  const lifetimeSeconds = view.getUint16(6);
  if (bytes.length !== 8 || lifetimeSeconds === 0) return null;
  return { name: "home-agent-information", preference: view.getUint16(4), lifetimeSeconds };
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
    const read = readDomain(bytes, at);
    if (!read) return null;
    domains.push(read.domain);
    at = read.end;
  }
  return domains.length === 0
    ? null
    : { name: "dnssl", lifetimeSeconds: view.getUint32(4), domains };
}

function parseCaptivePortal(bytes: Uint8Array): CaptivePortal | null {
  const end = bytes.indexOf(0, 2);
  const uri = printableText(bytes.subarray(2, end < 0 ? bytes.length : end));
  return uri ? { name: "captive-portal", uri } : null;
}

/** Prefix Length Codes of RFC 8781 4.1. */
export const PREF64_LENGTHS = [96, 64, 56, 48, 40, 32];

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
