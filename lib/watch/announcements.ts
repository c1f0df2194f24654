/**
 * Has what the kernel passes on of routers' announcements, and of links that lose their other end, taken in at once.
 *
 * @module
 */

import { announcementListener, takeAnnouncements } from "../pvd/advertised.ts";
import { EPOLLIN, reactor } from "../socket/reactor.ts";

let hearers = 0;

/** Begins, where a sandbox does not refuse it; does not keep the process alive. @returns What ends it. */
export function hearAnnouncements(): () => void {
  const fd = announcementListener();
  if (fd < 0) return () => {};
  // All of a thread have the one socket.
  if (hearers++ === 0) reactor().add(fd, EPOLLIN, take);
  return () => {
    if (--hearers === 0) reactor().remove(fd);
  };
}

function take(): void {
  // A flood must not hold the event loop; the rest is not told of again.
  if (takeAnnouncements()) setImmediate(take);
}
