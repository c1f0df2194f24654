/**
 * When the picture may be another one.
 *
 * @module
 */

import { clearInterval, setInterval } from "node:timers";
import { hearChanges } from "../../lib/socket/table_news.ts";

/** The files of network managers, and what routers announce, change without the kernel's tables. */
const LOOK_MS = 1000;

/**
 * Has a function called after each change that the kernel tells of, and once a second for what it does not tell.
 *
 * @returns What ends it.
 */
export function whenHostChanges(call: () => void): () => void {
  const stop = hearChanges(call);
  const timer = setInterval(call, LOOK_MS);
  return () => {
    clearInterval(timer);
    stop?.();
  };
}
