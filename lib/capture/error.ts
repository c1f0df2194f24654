/**
 * What is wrong with a capture.
 *
 * @module
 */

import { MifError } from "../error.ts";

/** The file contradicts itself, or is none that we know. */
export function malformed(why: string): MifError {
  return new MifError(`Cannot read the capture: ${why}`, {
    code: "EBADMSG",
    errno: 74,
    syscall: "read",
  });
}
