/**
 * The signals by which a user ends what goes on until then.
 *
 * @module
 */

import process from "node:process";

/** Aborts at the first SIGINT or SIGTERM. */
export function untilSignalled(): AbortSignal {
  const controller = new AbortController();
  const end = () => controller.abort();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, end);
  return controller.signal;
}
