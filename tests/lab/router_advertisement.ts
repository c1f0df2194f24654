/**
 * Router Advertisements (RFC 4861 4.2) made byte by byte, with every option that this package reads.
 *
 * @module
 */

import { parsePrefix } from "../../lib/ip/address.ts";
import { ipv6Bytes, macBytes } from "./frame.ts";

/** Router preference (RFC 4191 2.1). */
export type Preference = "low" | "medium" | "high";

/** One Prefix Information option (RFC 4861 4.6.2). */
export interface PrefixInformation {
  /** "2001:db8:1::/64" */
  prefix: string;
  /** L flag; true where left out. */
  onLink?: boolean;
  /** A flag; true where left out. */
  autonomous?: boolean;
  /** R flag (RFC 6275 7.2): the prefix is written as the router's whole address. */
  routerAddress?: boolean;
  /** 1800 where left out; Infinity is 0xffffffff. */
  validSeconds?: number;
  /** 900 where left out; Infinity is 0xffffffff. */
  preferredSeconds?: number;
}

/** What a Router Advertisement says. Everything may be left out. */
export interface RouterAdvertisementInit {
  /** Cur Hop Limit; 64 where left out. */
  hopLimit?: number;
  /** M flag: addresses by DHCPv6. */
  managed?: boolean;
  /** O flag: other configuration by DHCPv6. */
  other?: boolean;
  /** H flag: a Mobile IPv6 home agent (RFC 6275 7.1). */
  homeAgent?: boolean;
  /** "medium" where left out. */
  preference?: Preference;
  /** Router lifetime; 1800 where left out, 0 is no default router. */
  lifetimeSeconds?: number;
  /** Reachable Time; 0, which says nothing, where left out. */
  reachableMs?: number;
  /** Retrans Timer; 0, which says nothing, where left out. */
  retransMs?: number;
  /** Source link-layer address option. */
  sourceMac?: string;
  /** MTU option, in bytes. */
  mtu?: number;
  /** Prefix Information options (RFC 4861 4.6.2). */
  prefixes?: PrefixInformation[];
  /** Recursive DNS servers (RFC 8106 5.1); 1800 s where no lifetime is given. */
  rdnss?: { servers: string[]; lifetimeSeconds?: number }[];
  /** DNS search list (RFC 8106 5.2); 1800 s where no lifetime is given. */
  dnssl?: { domains: string[]; lifetimeSeconds?: number }[];
  /** Route information (RFC 4191 2.3); 1800 s where no lifetime is given. */
  routes?: { prefix: string; preference?: Preference; lifetimeSeconds?: number }[];
  /** URI of the captive portal API (RFC 8910 2.3). */
  captivePortal?: string;
  /** NAT64 prefix (RFC 8781); 1800 s where no lifetime is given. */
  pref64?: { prefix: string; lifetimeSeconds?: number };
  /** RFC 6275 7.3: the most that passes between two advertisements. */
  intervalMs?: number;
  /** RFC 6275 7.4. */
  homeAgentInformation?: { preference: number; lifetimeSeconds: number };
  /** Options as they are, behind all others: PvD (`pvdOption`), unknown and malformed ones. */
  options?: Uint8Array[];
}

/** What a PvD option says (RFC 8801 3.1). */
export interface PvdOptionInit {
  /** PvD ID: a domain name without trailing dot. */
  id: string;
  /** H flag: additional information by HTTPS. */
  http?: boolean;
  /** L flag: the PvD takes DHCPv4 configuration in. */
  legacy?: boolean;
  /** Delay exponent, 0 to 15. */
  delay?: number;
  /** Sequence number, 0 to 65535. */
  sequence?: number;
  /** R flag: the header of this message is in the option. Its options are not. */
  routerAdvertisement?: RouterAdvertisementInit;
  /** What stands in the option: the options of this message. Its header does not. */
  nested?: RouterAdvertisementInit;
  /** Options as they are, behind those. */
  options?: Uint8Array[];
}

/**
 * The ICMPv6 message of a Router Advertisement (RFC 4861 4.2), checksum 0: `Host.advertise()` sends it.
 *
 * @throws {TypeError} An address, a prefix or a name is none.
 * @throws {RangeError} A number does not fit its field, or an option is longer than 2040 bytes.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { routerAdvertisement } from "@mif/sockets/lab";
 *
 * const message = routerAdvertisement({ lifetimeSeconds: 600, mtu: 1400 });
 * assert.equal(message.toHex(), "86000000" + "40000258" + "00000000" + "00000000" + "0501000000000578");
 * ```
 */
export function routerAdvertisement(init: RouterAdvertisementInit = {}): Uint8Array {
  return concat([routerAdvertisementHeader(init), ...routerAdvertisementOptions(init)]);
}

/**
 * The options of the message (RFC 4861 4.6 and later), each for itself.
 *
 * @throws {TypeError} or {RangeError} As {@linkcode routerAdvertisement} does.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { routerAdvertisementOptions } from "@mif/sockets/lab";
 *
 * const options = routerAdvertisementOptions({
 *   mtu: 1400,
 *   rdnss: [{ servers: ["2001:db8::53"], lifetimeSeconds: 600 }],
 * });
 * assert.deepEqual(options.map(([type, length]) => [type, length! * 8]), [[5, 8], [25, 24]]);
 * ```
 */
export function routerAdvertisementOptions(init: RouterAdvertisementInit): Uint8Array[] {
  const options: Uint8Array[] = [];
  if (init.sourceMac !== undefined) options.push(option(1, macBytes(init.sourceMac)));
  if (init.mtu !== undefined) options.push(option(5, uint(2, 0), uint(4, init.mtu)));
  for (const prefix of init.prefixes ?? []) options.push(prefixInformation(prefix));
  for (const route of init.routes ?? []) options.push(routeInformation(route));
  for (const { servers, lifetimeSeconds = 1800 } of init.rdnss ?? []) {
    options.push(option(25, uint(2, 0), seconds(lifetimeSeconds), ...servers.map(ipv6Bytes)));
  }
  for (const { domains, lifetimeSeconds = 1800 } of init.dnssl ?? []) {
    options.push(option(31, uint(2, 0), seconds(lifetimeSeconds), ...domains.map(domainName)));
  }
  if (init.captivePortal !== undefined) {
    options.push(option(37, new TextEncoder().encode(init.captivePortal)));
  }
  if (init.pref64 !== undefined) options.push(pref64(init.pref64));
  if (init.intervalMs !== undefined) options.push(option(7, uint(2, 0), uint(4, init.intervalMs)));
  if (init.homeAgentInformation !== undefined) {
    const { preference, lifetimeSeconds } = init.homeAgentInformation;
    options.push(option(8, uint(2, 0), uint(2, preference), uint(2, lifetimeSeconds)));
  }
  return [...options, ...(init.options ?? [])];
}

/**
 * A PvD option, type 21 (RFC 8801 3.1), for `options` of {@linkcode RouterAdvertisementInit}.
 *
 * @throws {TypeError} The ID is no domain name.
 * @throws {RangeError} The option is longer than 2040 bytes, or a number does not fit its field.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { pvdOption } from "@mif/sockets/lab";
 *
 * const option = pvdOption({ id: "a.example", http: true, sequence: 7 });
 * assert.equal(option.toHex(), "1503" + "8000" + "0007" + "0161076578616d706c6500" + "00".repeat(7));
 * ```
 */
export function pvdOption(init: PvdOptionInit): Uint8Array {
  const flags = (init.http ? 0x8000 : 0) | (init.legacy ? 0x4000 : 0) |
    (init.routerAdvertisement ? 0x2000 : 0) | (init.delay ?? 0);
  const id = domainName(init.id);
  // The ID ends on a multiple of 8 bytes from the start of the option (RFC 8801 3.1).
  const padding = new Uint8Array((8 - (6 + id.length) % 8) % 8);
  const header = init.routerAdvertisement
    ? routerAdvertisementHeader(init.routerAdvertisement)
    : new Uint8Array(0);
  return option(
    21,
    uint(2, flags),
    uint(2, init.sequence ?? 0),
    id,
    padding,
    header,
    ...routerAdvertisementOptions(init.nested ?? {}),
    ...(init.options ?? []),
  );
}

/**
 * An option of any type (RFC 4861 4.6): its length is filled in, its end is padded with zeros to 8 bytes.
 *
 * @param parts What stands behind type and length.
 * @throws {RangeError} It is longer than 2040 bytes.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { option } from "@mif/sockets/lab";
 *
 * assert.equal(option(253, Uint8Array.of(1, 2, 3)).toHex(), "fd01010203000000");
 * ```
 */
export function option(type: number, ...parts: Uint8Array[]): Uint8Array {
  const body = concat(parts);
  const length = Math.ceil((2 + body.length) / 8);
  if (length > 255) throw new RangeError(`Option ${type} is longer than 2040 bytes`);
  const bytes = new Uint8Array(length * 8);
  bytes.set([type, length]);
  bytes.set(body, 2);
  return bytes;
}

function routerAdvertisementHeader(init: RouterAdvertisementInit): Uint8Array {
  const flags = (init.managed ? 0x80 : 0) | (init.other ? 0x40 : 0) |
    (init.homeAgent ? 0x20 : 0) | preferenceBits(init.preference);
  return concat([
    Uint8Array.of(134, 0, 0, 0, init.hopLimit ?? 64, flags),
    uint(2, init.lifetimeSeconds ?? 1800),
    uint(4, init.reachableMs ?? 0),
    uint(4, init.retransMs ?? 0),
  ]);
}

function prefixInformation(init: PrefixInformation): Uint8Array {
  const { bytes, prefixLength } = ipv6Prefix(init.prefix);
  const flags = (init.onLink ?? true ? 0x80 : 0) | (init.autonomous ?? true ? 0x40 : 0) |
    (init.routerAddress ? 0x20 : 0);
  const whole = init.routerAddress ? ipv6Bytes(init.prefix.split("/")[0]!) : bytes;
  return option(
    3,
    Uint8Array.of(prefixLength, flags),
    seconds(init.validSeconds ?? 1800),
    seconds(init.preferredSeconds ?? 900),
    uint(4, 0),
    whole,
  );
}

function routeInformation(
  init: { prefix: string; preference?: Preference; lifetimeSeconds?: number },
): Uint8Array {
  const { bytes, prefixLength } = ipv6Prefix(init.prefix);
  return option(
    24,
    Uint8Array.of(prefixLength, preferenceBits(init.preference)),
    seconds(init.lifetimeSeconds ?? 1800),
    bytes.subarray(0, Math.ceil(prefixLength / 64) * 8),
  );
}

/** RFC 8781 4: 13 bits of lifetime in units of 8 s, 3 bits that stand for the prefix length, 96 bits. */
function pref64(init: { prefix: string; lifetimeSeconds?: number }): Uint8Array {
  const { bytes, prefixLength } = ipv6Prefix(init.prefix);
  const code = [96, 64, 56, 48, 40, 32].indexOf(prefixLength);
  if (code < 0) throw new RangeError(`No NAT64 prefix length: "${init.prefix}"`);
  const scaled = Math.ceil((init.lifetimeSeconds ?? 1800) / 8);
  return option(38, uint(2, (scaled << 3) | code), bytes.subarray(0, 12));
}

function preferenceBits(preference: Preference = "medium"): number {
  return { low: 0x18, medium: 0, high: 0x08 }[preference];
}

/** A domain name on the wire (RFC 1035 3.1), not compressed. */
function domainName(name: string): Uint8Array {
  const labels = name.split(".").map((label) => new TextEncoder().encode(label));
  if (labels.some((label) => label.length === 0 || label.length > 63)) {
    throw new TypeError(`Not a domain name: "${name}"`);
  }
  return concat([
    ...labels.flatMap((label) => [Uint8Array.of(label.length), label]),
    new Uint8Array(1),
  ]);
}

function ipv6Prefix(text: string): { bytes: Uint8Array; prefixLength: number } {
  const prefix = parsePrefix(text);
  if (prefix?.family !== 6) throw new TypeError(`Not an IPv6 prefix: "${text}"`);
  return prefix;
}

function seconds(value: number): Uint8Array {
  return uint(4, value === Infinity ? 0xffffffff : value);
}

function uint(length: 2 | 4, value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** (length * 8)) {
    throw new RangeError(`Not a number of ${length} bytes: ${value}`);
  }
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (value / 2 ** (8 * (length - 1 - i))) & 0xff;
  return bytes;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
