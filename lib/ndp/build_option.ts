/**
 * Options of Neighbor Discovery messages: objects to bytes, the way back of `options.ts`. Pure.
 *
 * @module
 */

import { parseAddress } from "../ip/address.ts";
import { preferenceBits } from "./advertisement_header.ts";
import { buildDomain } from "./domain.ts";
import { type NdOption, type Pref64, PREF64_LENGTHS, type UnknownOption } from "./options.ts";

/**
 * The option's bytes, padded with zeros to a multiple of 8. What `parseOption` gave is read back the same.
 *
 * @throws {RangeError} A number does not fit its field, or the option is longer than 2040 bytes.
 * @throws {TypeError} An address or a name is none.
 */
export function buildOption(option: NdOption | UnknownOption): Uint8Array {
  switch (option.name) {
    case "source-link-layer-address":
      return optionOf(1, option.address);
    case "prefix-information":
      return optionOf(
        3,
        Uint8Array.of(
          lengthOf(option.prefixLength),
          (option.onLink ? 0x80 : 0) | (option.autonomous ? 0x40 : 0) |
            (option.routerAddress ? 0x20 : 0),
        ),
        uint(4, option.validLifetimeSeconds),
        uint(4, option.preferredLifetimeSeconds),
        new Uint8Array(4),
        option.prefix,
      );
    case "mtu":
      return optionOf(5, new Uint8Array(2), uint(4, option.mtu));
    case "advertisement-interval":
      return optionOf(7, new Uint8Array(2), uint(4, option.intervalMs));
    case "home-agent-information":
      return optionOf(
        8,
        new Uint8Array(2),
        uint(2, option.preference),
        uint(2, option.lifetimeSeconds),
      );
    case "route-information":
      return optionOf(
        24,
        Uint8Array.of(lengthOf(option.prefixLength), preferenceBits(option.preference)),
        uint(4, option.lifetimeSeconds),
        option.prefix.subarray(0, prefixSize(option.prefix, option.prefixLength)),
      );
    case "rdnss":
      return optionOf(
        25,
        new Uint8Array(2),
        uint(4, option.lifetimeSeconds),
        ...option.addresses.map(ipv6),
      );
    case "dnssl":
      return optionOf(
        31,
        new Uint8Array(2),
        uint(4, option.lifetimeSeconds),
        ...option.domains.map(buildDomain),
      );
    case "captive-portal":
      return optionOf(37, new TextEncoder().encode(option.uri));
    case "pref64":
      return optionOf(38, uint(2, scaled(option)), ipv6(option.prefix).subarray(0, 12));
    case "unknown":
      return optionOf(option.type, option.bytes.subarray(2));
  }
}

/** An option of any type: its length is filled in, its end is padded. @throws {RangeError} It is longer than 2040 bytes. */
export function optionOf(type: number, ...parts: Uint8Array[]): Uint8Array {
  const units = Math.ceil(parts.reduce((size, part) => size + part.length, 2) / 8);
  if (units > 255) throw new RangeError(`Option ${type} is longer than 2040 bytes`);
  const bytes = new Uint8Array(units * 8);
  bytes.set([type, units]);
  let at = 2;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** 0, 8 or 16: as many bytes as the prefix takes (RFC 4191 2.3), and no fewer than the sender wrote something in. */
function prefixSize(prefix: Uint8Array, prefixLength: number): number {
  const used = prefix.findLastIndex((byte) => byte !== 0) + 1;
  return Math.ceil(Math.max(used, Math.ceil(prefixLength / 8)) / 8) * 8;
}

/** RFC 8781 4: 13 bits of lifetime in units of 8 s, rounded up, and 3 that stand for the prefix length. */
function scaled({ prefix, prefixLength, lifetimeSeconds }: Pref64): number {
  const code = PREF64_LENGTHS.indexOf(prefixLength);
  if (code < 0) throw new RangeError(`Not a NAT64 prefix: ${prefix}/${prefixLength}`);
  const lifetime = Math.ceil(lifetimeSeconds / 8) * 8;
  if (!(lifetime >= 0 && lifetime <= 0xfff8)) {
    throw new RangeError(`Not a lifetime of 13 bits: ${lifetimeSeconds}`);
  }
  return lifetime | code;
}

function lengthOf(prefixLength: number): number {
  if (!(prefixLength >= 0 && prefixLength <= 128)) {
    throw new RangeError(`Not a prefix length: ${prefixLength}`);
  }
  return prefixLength;
}

function ipv6(text: string): Uint8Array {
  const address = parseAddress(text);
  if (address?.family !== 6) throw new TypeError(`Not an IPv6 address: ${JSON.stringify(text)}`);
  return address.bytes;
}

function uint(size: 2 | 4, value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** (size * 8)) {
    throw new RangeError(`Not a number of ${size} bytes: ${value}`);
  }
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes.subarray(4 - size);
}
