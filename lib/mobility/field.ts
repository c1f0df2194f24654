/**
 * Values of header fields: checked on the way in, copied on the way out.
 *
 * @module
 */

import { MifError } from "../error.ts";
import { knownAddress } from "../socket/memory.ts";

/** An IPv6 address as text without zone, or its 16 bytes. */
export type Ipv6AddressInit = string | Uint8Array;

/** The 16 bytes of an IPv6 address, which nobody may change; bytes are given back as they are. */
export function ipv6Bytes(name: string, address: Ipv6AddressInit): Uint8Array {
  if (address instanceof Uint8Array) {
    if (address.length === 16) return address;
    throw new TypeError(`${name} must be 16 bytes, not ${address.length}`);
  }
  const parsed = typeof address === "string" ? knownAddress(address) : null;
  if (parsed?.family !== 6 || parsed.zone !== null) {
    throw new TypeError(`${name} must be an IPv6 address without zone, not ${String(address)}`);
  }
  return parsed.bytes;
}

/**
 * The bytes as a plain Uint8Array: what a Buffer gives would be Buffers too, and its slice() is no copy.
 *
 * @throws {TypeError} They are none.
 */
export function plainBytes(name: string, bytes: Uint8Array): Uint8Array {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`${name} must be a Uint8Array`);
  if (Object.getPrototypeOf(bytes) === Uint8Array.prototype) return bytes;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Bytes of one length, or of any up to `max`. */
export function checkedBytes(name: string, bytes: Uint8Array, min: number, max = min): Uint8Array {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`${name} must be a Uint8Array`);
  if (bytes.length < min || bytes.length > max) {
    const wanted = min === max ? `${min}` : `${min} to ${max}`;
    throw new RangeError(`${name} must be ${wanted} bytes, not ${bytes.length}`);
  }
  return bytes;
}

/** A lifetime or interval on the wire: units of four seconds in 16 bits (RFC 6275 6.1.7). */
export function fourSecondUnits(name: string, seconds: number): number {
  if (typeof seconds !== "number") {
    throw new TypeError(`${name} must be a number, not ${typeof seconds}`);
  }
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > 0xffff * 4 || seconds % 4 !== 0) {
    throw new RangeError(`${name} must be a multiple of 4 from 0 to ${0xffff * 4}, not ${seconds}`);
  }
  return seconds / 4;
}

/** Two bytes, the high one first. */
export function uint16(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 8 | bytes[at + 1]!;
}

/** Four bytes, the high one first. */
export function uint32(bytes: Uint8Array, at: number): number {
  return (uint16(bytes, at) << 16 | uint16(bytes, at + 2)) >>> 0;
}

/** Writes two bytes, the high one first. */
export function setUint16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value;
}

/** Bytes that are not what they are to be read as. */
export function malformed(reader: string, why: string): MifError {
  return new MifError(`Cannot read this as ${why}`, {
    code: "EBADMSG",
    errno: 74,
    syscall: reader,
  });
}
