/**
 * Numbers of a caller, checked before a native call: Deno throws on one that is out of range, and Bun wraps it.
 *
 * @module
 */

/** The value, where it is a whole number from 0 to `max`. @throws {TypeError} or {RangeError} It is none. */
export function checkedNumber(name: string, value: number, max: number): number {
  if (typeof value !== "number") {
    throw new TypeError(`${name} must be a number, not ${typeof value}`);
  }
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new RangeError(`${name} must be a whole number from 0 to ${max}, not ${value}`);
  }
  return value;
}
