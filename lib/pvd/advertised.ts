/**
 * What routers announced while this process listened.
 *
 * Without privilege: the kernel passes some options of each Router Advertisement to everyone who joined a netlink
 * group (RTM_NEWNDUSEROPT): prefixes (since Linux 6.6), DNS servers, search lists, captive portal, PREF64, each with
 * the router's address. It keeps none of them, so what came before the first call of {@linkcode advertised} is not
 * known, and on hosts whose network manager reads advertisements itself (accept_ra=0) nothing comes at all.
 * With CAP_NET_RAW: whole advertisements, which {@linkcode hearAdvertisement} takes in. Both are one memory.
 *
 * @module
 */

import { native } from "../../ffi/library.ts";
import { linux } from "../../ffi/layout.gen.ts";
import { formatAddress } from "../ip/address.ts";
import { parseOption } from "../ndp/options.ts";
import type { RouterAdvertisement } from "../ndp/router_advertisement.ts";
import { readRecords } from "../netlink/records.ts";
import {
  type Advertised,
  type AdvertisedPvd,
  AdvertisementMemory,
} from "./advertisement_memory.ts";

const ICMPV6_ROUTER_ADVERTISEMENT = 134;
const ENOBUFS = 105;

const memory = new AdvertisementMemory();
let listener: number | null = null;
const datagram = new Uint8Array(32 * 1024);
const records = new Uint8Array(64 * 1024);
/** At the most so many datagrams a call: a flood must not hold the caller. */
const DATAGRAMS_MAX = 4096;

/** What was heard and still holds, as of one moment. */
export interface Announcements {
  /** The latest last. */
  options: Advertised[];
  /** Those of which a whole advertisement was heard. */
  pvds: AdvertisedPvd[];
}

/**
 * What routers announced since the first call and that still holds. Listens from then on; each call takes in
 * what came meanwhile, without waiting.
 */
export function advertised(nowMs: number = performance.now()): Announcements {
  takeAnnouncements(nowMs);
  return { options: memory.current(nowMs), pvds: memory.pvds(nowMs) };
}

/** Takes in a whole advertisement that came just now and is valid (RFC 4861 6.1.2). */
export function hearAdvertisement(
  interfaceIndex: number,
  router: string,
  advertisement: RouterAdvertisement,
): void {
  const nowMs = performance.now();
  // What the kernel passed on before must not come after it.
  takeAnnouncements(nowMs);
  memory.hearAdvertisement(interfaceIndex, router, advertisement, nowMs);
}

/** When the next lifetime of what was heard ends, on the clock of `performance.now()`; Infinity where none does. */
export function announcementsEndMs(nowMs: number = performance.now()): number {
  return memory.endMs(nowMs);
}

/**
 * The netlink socket that hears what the kernel passes on, to wait for: it stays ours. Minus an errno where a sandbox
 * refuses it: then nothing is heard, as `mif doctor` says.
 */
export function announcementListener(): number {
  return listener ??= native().mif_netlink_join(linux.RTNLGRP_ND_USEROPT);
}

/** Takes in what came, without waiting; true where there may be more. */
export function takeAnnouncements(nowMs: number = performance.now()): boolean {
  const fd = announcementListener();
  for (let i = 0; fd >= 0 && i < DATAGRAMS_MAX; i++) {
    const size = native().mif_netlink_receive(fd, datagram, datagram.length);
    // Some were lost: the routers repeat them.
    if (size === -ENOBUFS) continue;
    if (size < 0) return false;
    const length = native().mif_netlink_decode(datagram, size, records, records.length);
    if (length < 0 || length > records.length) continue;
    for (const { record, option } of readRecords(records.slice(0, length)).userOptions) {
      if (record.icmpType !== ICMPV6_ROUTER_ADVERTISEMENT) continue;
      const parsed = parseOption(option);
      if (parsed) memory.hear(record.interface, formatAddress(record.router), parsed, nowMs);
    }
  }
  return fd >= 0;
}

/** Whether the listening socket could be opened: null before the first call. */
export function listening(): boolean | null {
  return listener === null ? null : listener >= 0;
}
