/**
 * The kernel's tables as they are now, without reading them again while nothing changed.
 *
 * A socket hears the kernel's notifications from before the first reading on; as long as none came, the last
 * reading stands. Lifetimes in it run on and are not to be used.
 *
 * @module
 */

import { linux } from "../../ffi/layout.gen.ts";
import { native } from "../../ffi/library.ts";
import { EAGAIN, ENOBUFS } from "../errno.ts";
import { joinGroups } from "./join.ts";
import { interfaceName } from "./records.ts";
import { type KernelSnapshot, readSnapshot } from "./snapshot.ts";

/** rtnetlink(7): links, addresses, routes and rules of both families. */
const GROUPS: readonly number[] = [
  linux.RTNLGRP_LINK,
  linux.RTNLGRP_IPV4_IFADDR,
  linux.RTNLGRP_IPV4_ROUTE,
  linux.RTNLGRP_IPV4_RULE,
  linux.RTNLGRP_IPV6_IFADDR,
  linux.RTNLGRP_IPV6_ROUTE,
  linux.RTNLGRP_IPV6_RULE,
];
/** Next hop objects, where the kernel has them. */
const NEXTHOP_GROUPS: readonly number[] = [linux.RTNLGRP_NEXTHOP];
/** Batches of news after which it is news anyway. */
const DRAIN_MAX = 100_000;

let listener: number | null = null;
let last: KernelSnapshot | null = null;
let number = 0;
const changed = new Set<() => void>();
const datagram = new Uint8Array(32 * 1024);

/** The same object as before while the kernel has changed nothing and that one had held still. */
export function currentSnapshot(): KernelSnapshot {
  const before = number;
  if (changeNumber() !== before || last === null || last.unsettled.length > 0) {
    last = readSnapshot();
  }
  return last;
}

/** The index of an interface's name (if_nametoindex(3)), null where there is none of that name. */
export function interfaceIndex(name: string): number | null {
  return currentSnapshot().links.find((link) => interfaceName(link.name) === name)?.index ?? null;
}

/** The name of an interface's index (if_indextoname(3)), null where there is none. */
export function interfaceNameOf(index: number): string | null {
  const link = currentSnapshot().links.find((link) => link.index === index);
  return link ? interfaceName(link.name) : null;
}

/** The {@linkcode changeNumber} of the last reading, without asking for news. */
export function readingNumber(): number {
  return number;
}

/** A number that is another one after each change of the kernel's tables; always another where we cannot hear. */
export function changeNumber(): number {
  const fd = changeListener();
  if (fd < 0 || hasNews(fd)) {
    number++;
    last = null;
    if (fd >= 0) { for (const call of changed) queueMicrotask(call); }
  }
  return number;
}

/**
 * Has a function called soon after each change that is heard, whoever heard it by {@linkcode changeNumber}.
 *
 * @returns What ends it, and tells whether it had not ended before.
 */
export function whenChanged(call: () => void): () => boolean {
  changed.add(call);
  return () => changed.delete(call);
}

/** The netlink socket that hears of changes, to wait for: it stays ours. Minus an errno where we cannot hear. */
export function changeListener(): number {
  return (listener ??= joinGroups(GROUPS, NEXTHOP_GROUPS));
}

/** Takes what was announced; true where anything was, or where we cannot tell. */
function hasNews(fd: number): boolean {
  for (let i = 0; i < DRAIN_MAX; i++) {
    const result = native().mif_netlink_receive(fd, datagram, datagram.length);
    if (result === -EAGAIN) return i > 0;
    // News that were lost are news; there may be more behind them.
    if (result < 0 && result !== -ENOBUFS) return true;
  }
  return true;
}
