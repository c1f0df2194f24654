/**
 * The one clock that all processes of a machine share, that nobody sets, and that goes on while the machine sleeps.
 *
 * @module
 */

import { native } from "../ffi/library.ts";

const bytes = new Uint8Array(8);
const view = new DataView(bytes.buffer);

/** CLOCK_BOOTTIME (clock_gettime(2)) in milliseconds, with fractions. */
export function bootMs(): number {
  native().mif_boot_time(bytes, bytes.length);
  // Nanoseconds, in two halves: what a double cannot hold of them is less than one.
  return (view.getUint32(4, true) * 0x1_0000_0000 + view.getUint32(0, true)) / 1e6;
}
