/**
 * The kernel's tables as they are now, without reading them again while nothing changed.
 *
 * A socket hears the kernel's notifications from before the first reading on; as long as none came, the last
 * reading stands. Lifetimes in it run on and are not to be used.
 *
 * @module
 */

import { native } from "../../ffi/library.ts";
import { linux } from "../../ffi/layout.gen.ts";
import { type KernelSnapshot, readSnapshot } from "./snapshot.ts";

/** rtnetlink(7) groups: links, addresses, routes and rules of both families, next hop objects. */
const GROUPS = [1, 5, 7, 8, 9, 11, 19, 32];
const EAGAIN = 11;

let listener: number | null = null;
let last: KernelSnapshot | null = null;
const datagram = new Uint8Array(32 * 1024);

/** The same object as before while the kernel has changed nothing. */
export function currentSnapshot(): KernelSnapshot {
  listener ??= listen();
  const changed = drain(listener);
  if (last === null || changed) last = readSnapshot();
  return last;
}

function listen(): number {
  const fd = native().mif_netlink_join(GROUPS[0]!);
  if (fd < 0) return fd;
  for (const group of GROUPS.slice(1)) {
    const value = new Uint8Array(4);
    new DataView(value.buffer).setUint32(0, group, true);
    native().mif_setsockopt(fd, linux.SOL_NETLINK, linux.NETLINK_ADD_MEMBERSHIP, value, 4);
  }
  return fd;
}

/** Takes what was announced; true where anything was, or where we cannot hear. */
function drain(fd: number): boolean {
  if (fd < 0) return true;
  let changed = false;
  for (let i = 0; i < 100_000; i++) {
    // Anything else than "nothing there" means news, also that some were lost (ENOBUFS).
    if (native().mif_netlink_receive(fd, datagram, datagram.length) === -EAGAIN) return changed;
    changed = true;
  }
  return true;
}
