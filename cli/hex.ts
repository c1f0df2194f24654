/**
 * Bytes as hexadecimal digits, on the way out and on the way in.
 *
 * @module
 */

import { UsageError } from "./usage.ts";

const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Two digits for each byte. */
export function hex(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i++) text += DIGITS[bytes[i]!];
  return text;
}

/**
 * The bytes of a word of the command line; blanks, colons and a leading "0x" are passed over.
 *
 * @throws {UsageError} It is not hexadecimal, or not of so many bytes.
 */
export function bytesOf(name: string, digits: string, size?: number): Uint8Array {
  const plain = digits.replace(/^\s*0x/, "").replace(/[\s:]/g, "");
  if (!/^([0-9a-fA-F]{2})*$/.test(plain)) throw new UsageError(`${name} is not hexadecimal`);
  const bytes = Uint8Array.from(plain.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  if (size !== undefined && bytes.length !== size) {
    throw new UsageError(`${name} must be ${size} bytes, not ${bytes.length}`);
  }
  return bytes;
}
