/**
 * Netlink sockets that hear what the kernel tells everybody (netlink(7)).
 *
 * @module
 */

import { native } from "../../ffi/library.ts";
import { linux } from "../../ffi/layout.gen.ts";
import { checked } from "../errno.ts";

/**
 * Opens a socket in these groups of rtnetlink(7). Minus an errno where a sandbox refuses it.
 *
 * @param optional Groups that an older kernel may not have.
 */
export function joinGroups(groups: readonly number[], optional: readonly number[] = []): number {
  const fd = native().mif_netlink_join(groups[0]!);
  if (fd < 0) return fd;
  for (const group of [...groups.slice(1), ...optional]) {
    const value = new Uint8Array(4);
    new DataView(value.buffer).setUint32(0, group, true);
    const { SOL_NETLINK, NETLINK_ADD_MEMBERSHIP } = linux;
    const result = native().mif_setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, value, 4);
    if (optional.includes(group)) continue;
    checked(result, "setsockopt", `Cannot hear the kernel's group ${group}`);
  }
  return fd;
}
