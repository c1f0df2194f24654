/**
 * Hears of each change of the kernel's tables, while the process does something else.
 *
 * @module
 */

import { changeListener, changeNumber, whenChanged } from "../netlink/current.ts";
import { EPOLLIN, reactor } from "./reactor.ts";

let hearing = false;

/**
 * Has a function called soon after each change of links, addresses, routes and rules. It keeps no process alive.
 *
 * @returns What ends it; null where the kernel's news cannot be heard.
 */
export function hearChanges(call: () => void): (() => void) | null {
  const fd = changeListener();
  if (fd < 0) return null;
  // The listener stays open, and so does the watch of it.
  if (!hearing) reactor().add(fd, EPOLLIN, () => changeNumber());
  hearing = true;
  return whenChanged(call);
}
