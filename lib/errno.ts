/**
 * What a native function returned: a value, or minus an errno(3), by its number, its name, or as an error.
 *
 * @module
 */

import { ERRNO_NAMES } from "../ffi/layout.gen.ts";
import { MifError } from "./error.ts";

// Those that callers of native functions tell apart: errno(3).

/** The privilege is lacking. */
export const EPERM = 1;
/** No descriptor of ours. */
export const EBADF = 9;
/** Nothing there now: later. */
export const EAGAIN = 11;
/** An argument makes no sense. */
export const EINVAL = 22;
/** A datagram that is too long. */
export const EMSGSIZE = 90;
/** An address of another family. */
export const EAFNOSUPPORT = 97;
/** No way there. */
export const ENETUNREACH = 101;
/** The kernel had no room, and let some go. */
export const ENOBUFS = 105;
/** It took too long. */
export const ETIMEDOUT = 110;
/** Nobody listens there. */
export const ECONNREFUSED = 111;
/** It goes on. */
export const EINPROGRESS = 115;

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
