/**
 * The part that differs between runtimes: opening a library. Picked by what the process runs in, on first use.
 *
 * @module
 */

import { MifError } from "../lib/error.ts";
import { openInBun } from "./bun.ts";
import { openInDeno } from "./deno.ts";
import type { Native } from "./symbols.ts";

/** How a runtime opens a shared library. */
export interface Backend {
  /** "Deno" or "Bun". */
  readonly runtime: string;
  /** Opens the library at an absolute path; throws what the runtime throws. */
  open(path: string): Native;
}

/** The backend of the runtime we are in; an error that names the runtimes where there is none. */
export function pickBackend(scope: object = globalThis): Backend {
  if ("Deno" in scope) return { runtime: "Deno", open: openInDeno };
  if ("Bun" in scope) return { runtime: "Bun", open: openInBun };
  throw new MifError(
    "Cannot open the native library: this runtime has no foreign functions we know; run under Deno or Bun",
    { code: "ENOSYS", errno: 38, syscall: "dlopen" },
  );
}
