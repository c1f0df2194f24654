/**
 * Waits for a stream that has enough.
 *
 * @module
 */

import type { Writable } from "node:stream";

/** Until more may be written, or never again. */
export function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off("drain", done);
      stream.off("close", done);
      resolve();
    };
    stream.on("drain", done);
    stream.on("close", done);
  });
}
