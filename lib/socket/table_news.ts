/**
 * Hears of each change of the kernel's tables, while the process does something else.
 *
 * @module
 */

import { changeListener, changeNumber, whenChanged } from "../netlink/current.ts";
import { EPOLLIN, reactor } from "./reactor.ts";

let listeners = 0;

/**
 * Has a function called soon after each change of links, addresses, routes and rules. It keeps no process alive.
 *
 * @returns What ends it; null where the kernel's news cannot be heard.
 */
export function hearChanges(call: () => void): (() => void) | null {
  const fd = changeListener();
  if (fd < 0) return null;
  // The listener stays open; it wakes nobody once nobody is left to hear.
  if (listeners++ === 0) reactor().add(fd, EPOLLIN, () => changeNumber());
  const stop = whenChanged(call);
  return () => {
    if (!stop()) return;
    if (--listeners === 0) reactor().remove(fd);
  };
}
