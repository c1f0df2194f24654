/**
 * What routers announced while this process listened, and what the `mif` daemon heard before and beside it.
 *
 * Without privilege: the kernel passes some options of each Router Advertisement to everyone who joined a netlink
 * group (RTM_NEWNDUSEROPT): prefixes (since Linux 6.6), DNS servers, search lists, captive portal, PREF64, each with
 * the router's address. It keeps none of them, so what came before the first call of {@linkcode advertised} is not
 * known, and on hosts whose network manager reads advertisements itself (accept_ra=0) nothing comes at all.
 * With CAP_NET_RAW: whole advertisements, which {@linkcode hearAdvertisement} takes in. Both are one memory.
 *
 * All times are CLOCK_BOOTTIME in milliseconds.
 *
 * @module
 */

import { native } from "../../ffi/library.ts";
import { linux } from "../../ffi/layout.gen.ts";
import { bootMs } from "../boot_clock.ts";
import { ENOBUFS } from "../errno.ts";
import { formatAddress } from "../ip/address.ts";
import { ROUTER_ADVERTISEMENT } from "../ndp/advertisement_header.ts";
import { parseOption } from "../ndp/options.ts";
import type { RouterAdvertisement } from "../ndp/router_advertisement.ts";
import { joinGroups } from "../netlink/join.ts";
import { readRecords } from "../netlink/records.ts";
import {
  type Advertised,
  type AdvertisedPvd,
  AdvertisementMemory,
  type HeardWords,
} from "./advertisement_memory.ts";

const memory = new AdvertisementMemory();
let listener: number | null = null;
const datagram = new Uint8Array(32 * 1024);
const records = new Uint8Array(64 * 1024);
/** netdevice(7): up, and with the other end. */
const ATTACHED = linux.IFF_UP | linux.IFF_LOWER_UP;
/** At the most so many datagrams a call: a flood must not hold the caller. */
const DATAGRAMS_MAX = 4096;

/** Called when something was said that was not said before. */
const listeners = new Set<() => void>();
/** Called when a link has lost its other end. */
const losers = new Set<(interfaceIndex: number) => void>();

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
 *
 * @param daemon What the daemon heard, where there is one.
 * @returns With when the next lifetime ends, Infinity where none does.
 */
export function advertised(
  daemon: HeardWords | null = null,
  nowMs: number = bootMs(),
): Announcements & { endMs: number } {
  takeAnnouncements(nowMs);
  const all = daemon === null ? memory : withDaemon(daemon, nowMs);
  return { options: all.current(nowMs), pvds: all.pvds(nowMs), endMs: all.endMs(nowMs) };
}

/** The daemon hears all that the kernel passes on, and in its context; beside it only whole advertisements count. */
function withDaemon(daemon: HeardWords, nowMs: number): AdvertisementMemory {
  const own = memory.words(nowMs, { whole: true });
  const all = new AdvertisementMemory();
  const byTime = (a: { heardMs: number }, b: { heardMs: number }) => a.heardMs - b.heardMs;
  all.learn({
    headers: [...daemon.headers, ...own.headers].sort(byTime),
    options: [...daemon.options, ...own.options].sort(byTime),
  });
  return all;
}

/** What this process itself heard in whole advertisements. */
export function heardWords(nowMs: number = bootMs()): HeardWords {
  return memory.words(nowMs, { whole: true });
}

/** When the next lifetime of what this process heard ends; Infinity where none does. */
export function heardEndMs(nowMs: number = bootMs()): number {
  return memory.endMs(nowMs);
}

/** Takes in what another process heard. */
export function learnWords(words: HeardWords): void {
  noting(() => memory.learn(words));
}

/** Takes in a whole advertisement that came just now and is valid (RFC 4861 6.1.2). */
export function hearAdvertisement(
  interfaceIndex: number,
  router: string,
  advertisement: RouterAdvertisement,
): void {
  const nowMs = bootMs();
  // What the kernel passed on before must not come after it.
  takeAnnouncements(nowMs);
  noting(() => memory.hearAdvertisement(interfaceIndex, router, advertisement, nowMs));
}

/** Forgets what was heard on links that are not attached: they may come back in another network. */
export function keepLinks(isAttached: (interfaceIndex: number) => boolean): void {
  noting(() => {
    for (const index of memory.interfaces()) if (!isAttached(index)) memory.detach(index);
  });
}

/** Whether a link is up, and with the other end (netdevice(7)). */
export function isAttached({ flags }: { flags: number }): boolean {
  return (flags & ATTACHED) === ATTACHED;
}

/**
 * Has a function called, before anything else happens, whenever something was announced that was not before, or was taken
 * back; not when a lifetime ends.
 *
 * @returns What ends it.
 */
export function whenAnnounced(call: () => void): () => void {
  listeners.add(call);
  return () => void listeners.delete(call);
}

/**
 * Has a function called whenever a link was not attached, however soon it came back.
 *
 * @returns What ends it.
 */
export function whenDetached(call: (interfaceIndex: number) => void): () => void {
  losers.add(call);
  return () => void losers.delete(call);
}

function noting(change: () => void): void {
  const before = memory.changes;
  change();
  if (memory.changes !== before) { for (const call of listeners) call(); }
}

/**
 * The netlink socket that hears what the kernel passes on, to wait for: it stays ours. Minus an errno where a sandbox
 * refuses it: then nothing is heard, as `mif doctor` says. Links that lose their other end are heard of by the same
 * socket, so it is known what was announced before that, and what after.
 */
export function announcementListener(): number {
  return listener ??= joinGroups([linux.RTNLGRP_ND_USEROPT, linux.RTNLGRP_LINK]);
}

/** Takes in what came, without waiting; true where there may be more. */
export function takeAnnouncements(nowMs: number = bootMs()): boolean {
  const fd = announcementListener();
  let more = fd >= 0;
  noting(() => {
    for (let i = 0; fd >= 0 && i < DATAGRAMS_MAX; i++) {
      const size = native().mif_netlink_receive(fd, datagram, datagram.length);
      // Some were lost: the routers repeat them.
      if (size === -ENOBUFS) continue;
      if (size < 0) {
        more = false;
        return;
      }
      takeDatagram(size, nowMs);
    }
  });
  return more;
}

function takeDatagram(size: number, nowMs: number): void {
  const length = native().mif_netlink_decode(datagram, size, records, records.length);
  if (length < 0 || length > records.length) return;
  const { links, userOptions } = readRecords(records.slice(0, length));
  for (const link of links) {
    if (link.removed === 0 && isAttached(link)) continue;
    memory.detach(link.index);
    for (const call of losers) call(link.index);
  }
  for (const { record, option } of userOptions) {
    if (record.icmpType !== ROUTER_ADVERTISEMENT) continue;
    const parsed = parseOption(option);
    if (parsed) memory.hear(record.interface, formatAddress(record.router), parsed, nowMs);
  }
}

/** Whether the listening socket could be opened: null before the first call. */
export function listening(): boolean | null {
  return listener === null ? null : listener >= 0;
}
