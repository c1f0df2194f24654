/**
 * How fetch fails (Fetch 5.6): a TypeError for whatever the network or the server did.
 *
 * @module
 */

import { MifError } from "../error.ts";

/** A network error; its `cause` says what happened. */
export function networkError(cause: unknown): TypeError {
  return new TypeError("fetch failed", { cause });
}

/** A network error for what no system call and no server said. */
export function refused(why: string): TypeError {
  return networkError(
    new MifError(`Cannot fetch: ${why}`, { code: "EPROTO", errno: 71, syscall: "fetch" }),
  );
}
