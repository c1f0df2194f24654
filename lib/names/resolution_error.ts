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
