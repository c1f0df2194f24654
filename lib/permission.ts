/**
 * What a runtime with permissions refuses, as an error that names the flag. Only Deno has them.
 *
 * @module
 */

import { MifError } from "./error.ts";

/** Deno's refusal, by its name: the class does not exist in other runtimes. */
export function isRefusal(failure: unknown): boolean {
  return failure instanceof Error &&
    (failure.name === "NotCapable" || failure.name === "PermissionDenied");
}

/** EACCES: what was not permitted, and the flags of `deno run` that permit it. */
export function notPermitted(
  what: string,
  flags: string,
  { syscall, cause }: { syscall: string; cause?: unknown },
): MifError {
  const message = `Not permitted to ${what}: run with ${flags}`;
  return new MifError(message, { code: "EACCES", errno: 13, syscall, cause });
}
