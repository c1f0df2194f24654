/**
 * The measuring script of `watch`: a program that watches, and tells when it was told.
 *
 * A line for each event: CLOCK_BOOTTIME in nanoseconds.
 *
 * @module
 */

import process from "node:process";
import { bootMs } from "../../lib/boot_clock.ts";
import { watchPvds } from "../../mod.ts";

for await (const { type } of watchPvds()) {
  process.stdout.write(`${Math.round(bootMs() * 1e6)} ${type}\n`);
}
