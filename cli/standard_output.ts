/**
 * Standard output, no faster than it is read.
 *
 * @module
 */

import { once } from "node:events";
import process from "node:process";

const encoder = new TextEncoder();

/** Writes, and waits where the reader is slow. */
export async function writeOut(data: string | Uint8Array): Promise<void> {
  // Bytes are written faster than text.
  const bytes = typeof data === "string" ? encoder.encode(data) : data;
  if (!process.stdout.write(bytes)) await once(process.stdout, "drain");
}
