/**
 * How many descriptors this process has open.
 *
 * @module
 */

import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** The open descriptors, one of which reads the directory. */
export function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

/** Waits until no more than so many are open, and returns how many are: runtimes close a little later than they say. */
export async function descriptorsDownTo(count: number, timeoutMs = 5000): Promise<number> {
  const endMs = performance.now() + timeoutMs;
  while (openDescriptors() > count && performance.now() < endMs) await sleep(10);
  return openDescriptors();
}
