/**
 * Opens the library under Deno, and watches a descriptor. The only file that says `Deno.dlopen`.
 *
 * @module
 */

import { Socket } from "node:net";
import process from "node:process";
import type { WakeWatch } from "./backend.ts";
import { type Native, SYMBOLS } from "./symbols.ts";

/** Opens the library at `path`; needs `--allow-ffi` for it. */
export function openInDeno(path: string): Native {
  const symbols = Object.fromEntries(
    Object.entries(SYMBOLS).map(([name, parameters]) => [name, { parameters, result: "i32" }]),
  ) as Record<string, Deno.ForeignFunction>;
  return Deno.dlopen(path, symbols).symbols as unknown as Native;
}

/** Calls `wake` whenever bytes come on a stream descriptor. */
export function watchWakesInDeno(fd: number, wake: () => void): WakeWatch {
  // Without a buffer of ours each wake would take 64 KiB of memory.
  const onread = { buffer: new Uint8Array(16), callback: () => (wake(), true) };
  const socket = new Socket({ fd, readable: true, writable: true, onread });
  socket.on("error", () => {});
  // With --watch the process goes on, and would keep it.
  process.once("exit", () => socket.destroy());
  return socket.resume();
}
