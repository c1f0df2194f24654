/**
 * Opens the library under Deno. The only file that says `Deno.dlopen`.
 *
 * @module
 */

import { type Native, SYMBOLS } from "./symbols.ts";

/** Opens the library at `path`; needs `--allow-ffi` for it. */
export function openInDeno(path: string): Native {
  const symbols = Object.fromEntries(
    Object.entries(SYMBOLS).map(([name, parameters]) => [name, { parameters, result: "i32" }]),
  ) as Record<string, Deno.ForeignFunction>;
  return Deno.dlopen(path, symbols).symbols as unknown as Native;
}
