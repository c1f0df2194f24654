/**
 * What routers announced while this process listened, without privilege.
 *
 * The kernel passes some options of each Router Advertisement to everyone who joined a netlink group
 * (RTM_NEWNDUSEROPT): prefixes (since Linux 6.6), DNS servers, search lists, captive portal, PREF64, each with the
 * router's address. It keeps none of them, so what came before the first call of {@linkcode advertised} is not
 * known, and on hosts whose network manager reads advertisements itself (accept_ra=0) nothing comes at all.
 *
 * @module
 */

import { native } from "../../ffi/library.ts";
import { linux, NEVER } from "../../ffi/layout.gen.ts";
import { formatAddress, networkOf } from "../ip/address.ts";
import { type NdOption, parseOption } from "../ndp/options.ts";
import { readRecords } from "../netlink/records.ts";

/** One option of one router on one link, while its lifetime runs. */
export interface Advertised {
  /** Index of the link. */
  interface: number;
  /** The router's link-local address. */
  router: string;
  option: NdOption;
  /** On the clock given to {@linkcode AdvertisementMemory}; Infinity where it has no end. */
  expiresMs: number;
}

const ICMPV6_ROUTER_ADVERTISEMENT = 134;
/** A hostile link may announce without end; what came last is kept. */
const OPTIONS_MAX = 4096;
const ENOBUFS = 105;
/** Captive portal options carry no lifetime of their own; the next advertisement repeats them. */
const UNTIMED_LIFETIME_SECONDS = 1800;
/** A router cannot take an address away sooner (RFC 4862 5.5.3 e), so long it is one of the router's prefix. */
const ADDRESS_LIFETIME_MIN_SECONDS = 7200;

/** Keeps the latest of each option by link, router and content, until its lifetime ends. */
export class AdvertisementMemory {
  readonly #kept = new Map<string, Advertised>();

  /** Takes in one option. A lifetime of zero withdraws what it names. */
  hear(interfaceIndex: number, router: string, option: NdOption, nowMs: number): void {
    for (const one of separate(option)) this.#hearOne(interfaceIndex, router, one, nowMs);
  }

  #hearOne(interfaceIndex: number, router: string, option: NdOption, nowMs: number): void {
    const key = `${interfaceIndex} ${router} ${contentOf(option)}`;
    this.#kept.delete(key);
    const lifetimeSeconds = lifetimeOf(option);
    if (lifetimeSeconds === 0) return;
    if (this.#kept.size >= OPTIONS_MAX) this.#kept.delete(this.#kept.keys().next().value!);
    const expiresMs = lifetimeSeconds === NEVER ? Infinity : nowMs + lifetimeSeconds * 1000;
    this.#kept.set(key, { interface: interfaceIndex, router, option, expiresMs });
  }

  /** All that still holds, the latest last. */
  current(nowMs: number): Advertised[] {
    for (const [key, { expiresMs }] of this.#kept) {
      if (expiresMs <= nowMs) this.#kept.delete(key);
    }
    return [...this.#kept.values()];
  }
}

/** One option for each server and domain: the next advertisement may list others beside it (RFC 8106 5.1, 5.2). */
function separate(option: NdOption): NdOption[] {
  switch (option.name) {
    case "rdnss":
      return option.addresses.map((address) => ({ ...option, addresses: [address] }));
    case "dnssl":
      return option.domains.map((domain) => ({ ...option, domains: [domain] }));
    default:
      return [option];
  }
}

/** What makes two options the same statement. */
function contentOf(option: NdOption): string {
  switch (option.name) {
    case "prefix-information":
      return `prefix ${
        formatAddress(networkOf(option.prefix, option.prefixLength))
      }/${option.prefixLength}`;
    case "rdnss":
      return `rdnss ${option.addresses.join(" ")}`;
    case "dnssl":
      return `dnssl ${option.domains.join(" ")}`;
    case "captive-portal":
      return "captive-portal";
    case "pref64":
      return `pref64 ${option.prefix}/${option.prefixLength}`;
  }
}

function lifetimeOf(option: NdOption): number {
  switch (option.name) {
    case "prefix-information":
      return Math.max(option.validLifetimeSeconds, ADDRESS_LIFETIME_MIN_SECONDS);
    case "captive-portal":
      return UNTIMED_LIFETIME_SECONDS;
    default:
      return option.lifetimeSeconds;
  }
}

const memory = new AdvertisementMemory();
let listener: number | null = null;
const datagram = new Uint8Array(32 * 1024);
const records = new Uint8Array(64 * 1024);
/** At the most so many datagrams a call: a flood must not hold the caller. */
const DATAGRAMS_MAX = 4096;

/**
 * The options that routers announced since the first call and that still hold. Listens from then on; each
 * call takes in what came meanwhile, without waiting.
 */
export function advertised(nowMs: number = performance.now()): Advertised[] {
  const library = native();
  listener ??= library.mif_netlink_join(linux.RTNLGRP_ND_USEROPT);
  // A sandbox may refuse the socket: then nothing is heard, as `mif doctor` says.
  for (let i = 0; listener >= 0 && i < DATAGRAMS_MAX; i++) {
    const size = library.mif_netlink_receive(listener, datagram, datagram.length);
    // Some were lost: the routers repeat them.
    if (size === -ENOBUFS) continue;
    if (size < 0) break;
    const length = library.mif_netlink_decode(datagram, size, records, records.length);
    if (length < 0 || length > records.length) continue;
    for (const { record, option } of readRecords(records.slice(0, length)).userOptions) {
      if (record.icmpType !== ICMPV6_ROUTER_ADVERTISEMENT) continue;
      const parsed = parseOption(option);
      if (parsed) memory.hear(record.interface, formatAddress(record.router), parsed, nowMs);
    }
  }
  return memory.current(nowMs);
}

/** Whether the listening socket could be opened: null before the first call. */
export function listening(): boolean | null {
  return listener === null ? null : listener >= 0;
}
