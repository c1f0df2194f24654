/**
 * What `mif doctor` prints, without a process of its own.
 *
 * @module
 */

import process from "node:process";
import { doctor } from "../../cli/doctor.ts";

/** All of it. */
export function doctorText(): string {
  let printed = "";
  const { write } = process.stdout;
  process.stdout.write = (text: string | Uint8Array) => {
    printed += text;
    return true;
  };
  try {
    doctor([]);
  } finally {
    process.stdout.write = write;
  }
  return printed;
}
