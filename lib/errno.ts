/**
 * What a native function returned: a value, or minus an errno(3) made into an error.
 *
 * @module
 */

import { ERRNO_NAMES } from "../ffi/layout.gen.ts";
import { MifError } from "./error.ts";

/** The name of an errno, "E" and its number where Linux has none. */
export function errnoName(errno: number): string {
  return ERRNO_NAMES[errno] ?? `E${errno}`;
}

/**
 * The result of a native function when it is zero or more, else an error.
 *
 * @param result What the function returned.
 * @param syscall What it tried, for the error.
 * @param message What was tried and what to do, without the errno's name.
 */
export function checked(result: number, syscall: string, message: string): number {
  if (result >= 0) return result;
  const code = errnoName(-result);
  throw new MifError(`${message} (${code})`, { code, errno: -result, syscall });
}
