/**
 * The header of a Router Advertisement (RFC 4861 4.2), on the message or inside a PvD option (RFC 8801 3.1). Pure.
 *
 * @module
 */

import { parsePreference, type Preference } from "./options.ts";

/** What a router says of itself, in front of all options. */
export interface RouterAdvertisementHeader {
  /** Cur Hop Limit: for outgoing packets; 0 says nothing. */
  hopLimit: number;
  /** M: addresses by DHCPv6. */
  managed: boolean;
  /** O: other configuration by DHCPv6. */
  other: boolean;
  /** H: a Mobile IPv6 home agent (RFC 6275 7.1). */
  homeAgent: boolean;
  /** RFC 4191 2.2; medium where the bits are reserved or the router is no default router. */
  preference: Preference;
  /** How long it is a default router; 0 is not, or no longer. */
  routerLifetimeSeconds: number;
  /** Reachable Time; 0 says nothing. */
  reachableMs: number;
  /** Retrans Timer; 0 says nothing. */
  retransMs: number;
}

/** Bytes of it, with the ICMPv6 type, code and checksum. */
export const HEADER_SIZE = 16;
/** The ICMPv6 type. */
export const ROUTER_ADVERTISEMENT = 134;

/** Reads the first 16 bytes; type, code and checksum are not looked at. */
export function parseHeader(bytes: Uint8Array): RouterAdvertisementHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = bytes[5]!;
  const routerLifetimeSeconds = view.getUint16(6);
  return {
    hopLimit: bytes[4]!,
    managed: (flags & 0x80) !== 0,
    other: (flags & 0x40) !== 0,
    homeAgent: (flags & 0x20) !== 0,
    preference: routerLifetimeSeconds === 0 ? "medium" : parsePreference(flags) ?? "medium",
    routerLifetimeSeconds,
    reachableMs: view.getUint32(8),
    retransMs: view.getUint32(12),
  };
}

/** The 16 bytes, checksum 0. */
export function buildHeader(header: RouterAdvertisementHeader): Uint8Array {
  const bytes = new Uint8Array(HEADER_SIZE);
  const view = new DataView(bytes.buffer);
  bytes[0] = ROUTER_ADVERTISEMENT;
  bytes[4] = header.hopLimit;
  bytes[5] = (header.managed ? 0x80 : 0) | (header.other ? 0x40 : 0) |
    (header.homeAgent ? 0x20 : 0) | preferenceBits(header.preference);
  view.setUint16(6, header.routerLifetimeSeconds);
  view.setUint32(8, header.reachableMs);
  view.setUint32(12, header.retransMs);
  return bytes;
}

/** The preference as bits 3 and 4 of a byte (RFC 4191 2.1). */
export function preferenceBits(preference: Preference): number {
  return { high: 0x08, medium: 0, low: 0x18 }[preference];
}
