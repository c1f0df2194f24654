/**
 * Opens the library under Bun. The only file that says `bun:ffi`.
 *
 * @module
 */

import { createRequire } from "node:module";
import { type Native, SYMBOLS } from "./symbols.ts";

/** Opens the library at `path`. */
export function openInBun(path: string): Native {
  // Not a static import: other runtimes load this module too and do not know the name.
  const { dlopen } = createRequire(import.meta.url)("bun:ffi") as typeof import("bun:ffi");
  const symbols = Object.fromEntries(
    Object.entries(SYMBOLS).map((
      [name, parameters],
    ) => [name, { args: [...parameters], returns: "i32" as const }]),
  );
  return dlopen(path, symbols).symbols as unknown as Native;
}
