/**
 * The failures of getaddrinfo(3) and getnameinfo(3).
 *
 * @module
 */

import { MifError } from "../error.ts";

/** EAI_*: getaddrinfo(3) says what each means. */
export type ResolutionCode =
  | "EAI_ADDRFAMILY"
  | "EAI_AGAIN"
  | "EAI_BADFLAGS"
  | "EAI_FAMILY"
  | "EAI_NODATA"
  | "EAI_NONAME"
  | "EAI_SERVICE"
  | "EAI_SOCKTYPE";

/** An error of a call that turns names into addresses or back. */
export function resolutionError(
  code: ResolutionCode,
  message: string,
  syscall: "getaddrinfo" | "getnameinfo" = "getaddrinfo",
): MifError {
  return new MifError(message, { code, syscall });
}

/** A name for a message: escaped, and cut where it is long. */
export function shown(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}
