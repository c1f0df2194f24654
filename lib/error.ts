/**
 * The one error class of the package.
 *
 * `code` is the field's own name: an errno name ("ENETUNREACH"), an EAI name of getaddrinfo(3)
 * ("EAI_NONAME"), or one of ours ("EPVDROUTE"). `errno` is the positive number behind an errno name
 * and 0 for the others. `syscall` is what was tried. The message says what was tried and what to do.
 *
 * @module
 */

/** What an error carries beside its message. */
export interface MifErrorInit {
  /** errno name, EAI name, or a name of this package. */
  code: string;
  /** The positive errno(3) number; left out where no system call failed. */
  errno?: number;
  /** The system call or function that failed, as its manual page names it. */
  syscall: string;
  /** What led here. */
  cause?: unknown;
}

/**
 * Every failure this package reports itself.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { MifError } from "@mif/sockets";
 *
 * const error = new MifError("Cannot reach 2001:db8::1: no route", {
 *   code: "ENETUNREACH",
 *   errno: 101,
 *   syscall: "connect",
 * });
 * assert.equal(error.code, "ENETUNREACH");
 * ```
 */
export class MifError extends Error {
  /** The name of the class, for those who print it. */
  override readonly name = "MifError";
  /** errno name, EAI name, or a name of this package. */
  readonly code: string;
  /** The positive errno(3) number, 0 where no system call failed. */
  readonly errno: number;
  /** The system call or function that failed. */
  readonly syscall: string;

  /** Makes an error from its message and what it carries. */
  constructor(message: string, init: MifErrorInit) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = init.code;
    this.errno = init.errno ?? 0;
    this.syscall = init.syscall;
  }
}
