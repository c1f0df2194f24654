/**
 * JSON of systemd, taken apart without trust: whatever has another shape than expected counts as not
 * there.
 *
 * @module
 */

import { formatAddress } from "../ip/address.ts";
import type { JsonObject, JsonValue } from "../json/i_json.ts";
import { warn } from "./resolver_values.ts";

/** The object a text is, or null with a warning. */
export function parseJson(text: string, warnings: string[]): JsonObject | null {
  try {
    const json = object(JSON.parse(text));
    if (json) return json;
    warn(warnings, "the JSON is no object; nothing used");
  } catch {
    warn(warnings, "not valid JSON; nothing used");
  }
  return null;
}

/** The value if it is an object. */
export function object(value: JsonValue | undefined): JsonObject | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
}

/** The elements of an array; none for anything else. */
export function array(value: JsonValue | undefined): JsonValue[] {
  return Array.isArray(value) ? value : [];
}

/** The elements of an array that are objects. */
export function objects(value: JsonValue | undefined): JsonObject[] {
  return array(value).filter((element) => object(element) !== null) as JsonObject[];
}

/** Whether the value is an integer from 0 to `greatest`. */
export function isUnsigned(value: JsonValue | undefined, greatest: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= greatest;
}

/** systemd writes addresses as arrays of 4 or 16 bytes. */
export function addressBytes(value: JsonValue | undefined): Uint8Array | null {
  const bytes = array(value);
  if (bytes.length !== 4 && bytes.length !== 16) return null;
  return bytes.every((byte) => isUnsigned(byte, 255)) ? Uint8Array.from(bytes as number[]) : null;
}

/** An address as text; what is none stays as it is, for the warning. */
export function addressText(value: JsonValue | undefined): string {
  const bytes = addressBytes(value);
  return bytes ? formatAddress(bytes) : stringOf(value);
}

/**
 * A string as it is; anything else in a form that is neither address nor name, for the warning.
 * Nested values are not written out: they may be deep enough to end the stack.
 */
export function stringOf(value: JsonValue | undefined): string {
  if (typeof value === "string") return value;
  return typeof value === "object" ? "{…}" : `<${value}>`;
}
