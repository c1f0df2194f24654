/**
 * Remembers what routers announced, by link, router and content, for as long as they said. Pure.
 *
 * Options come one by one (as the kernel passes them on) or in whole Router Advertisements; both tell of the same
 * thing, and the later word counts.
 *
 * @module
 */

import { NEVER } from "../../ffi/layout.gen.ts";
import { formatAddress, networkOf } from "../ip/address.ts";
import type { NdOption, PrefixInformation } from "../ndp/options.ts";
import type {
  RouterAdvertisement,
  RouterAdvertisementHeader,
} from "../ndp/router_advertisement.ts";
import type { PvdAdvertisement } from "./pvd.ts";

/** One option of one router on one link, while its lifetime runs. */
export interface Advertised {
  /** Index of the link. */
  interface: number;
  /** The router's link-local address. */
  router: string;
  option: NdOption;
  /** When it was said last, on the clock given to {@linkcode AdvertisementMemory}. */
  heardMs: number;
  /** On the same clock; Infinity where it has no end. */
  expiresMs: number;
}

/** A router of which a whole advertisement was heard. */
export interface AdvertisedRouter {
  /** Index of the link. */
  interface: number;
  /** The router's link-local address. */
  router: string;
  /** What it says, with what is left of each lifetime. */
  advertisement: PvdAdvertisement;
}

interface HeardHeader {
  interface: number;
  router: string;
  header: RouterAdvertisementHeader;
  heardMs: number;
}

/** A hostile link may announce without end; what came last is kept. */
const OPTIONS_MAX = 4096;
const ROUTERS_MAX = 1024;
/** Some options carry no lifetime of their own; the next advertisement repeats them. */
const UNTIMED_LIFETIME_SECONDS = 1800;
/** A router cannot take an address away sooner (RFC 4862 5.5.3 e), so long it is one of the router's prefix. */
const ADDRESS_LIFETIME_MIN_SECONDS = 7200;

/** Keeps the latest of each option by link, router and content, until its lifetime ends. */
export class AdvertisementMemory {
  readonly #options = new Map<string, Advertised>();
  readonly #headers = new Map<string, HeardHeader>();

  /** Takes in one option. A lifetime of zero withdraws what it names. */
  hear(interfaceIndex: number, router: string, option: NdOption, nowMs: number): void {
    for (const one of separate(option)) this.#hearOne(interfaceIndex, router, one, nowMs);
  }

  /** Takes in a whole advertisement: what it does not repeat holds on (RFC 4861 6.3.4). */
  hearAdvertisement(
    interfaceIndex: number,
    router: string,
    { options, ...header }: RouterAdvertisement,
    nowMs: number,
  ): void {
    remember(this.#headers, ROUTERS_MAX, `${interfaceIndex} ${router}`, {
      interface: interfaceIndex,
      router,
      header,
      heardMs: nowMs,
    });
    for (const option of options) {
      if (option.name !== "unknown") this.hear(interfaceIndex, router, option, nowMs);
    }
  }

  #hearOne(interfaceIndex: number, router: string, option: NdOption, nowMs: number): void {
    const key = `${interfaceIndex} ${router} ${contentOf(option)}`;
    const lifetimeSeconds = lifetimeOf(option);
    if (lifetimeSeconds === 0) {
      this.#options.delete(key);
      return;
    }
    remember(this.#options, OPTIONS_MAX, key, {
      interface: interfaceIndex,
      router,
      option,
      heardMs: nowMs,
      expiresMs: endOf(nowMs, lifetimeSeconds),
    });
  }

  /**
   * All that still holds, the latest last. A prefix whose valid lifetime is over stays its router's, whose address
   * the host may still have, but not beside another router that gives the prefix now: then it has moved there.
   */
  current(nowMs: number): Advertised[] {
    const kept = this.#living(nowMs);
    const given = new Set(kept.filter((one) => isGiven(one, nowMs)).map(placeOf));
    return kept.filter((one) =>
      one.option.name !== "prefix-information" || isGiven(one, nowMs) || !given.has(placeOf(one))
    );
  }

  /** The routers of which a whole advertisement was heard, and of which something still holds. */
  routers(nowMs: number): AdvertisedRouter[] {
    const byRouter = new Map<string, Advertised[]>();
    for (const one of this.#living(nowMs)) {
      const key = `${one.interface} ${one.router}`;
      const options = byRouter.get(key);
      if (options) options.push(one);
      else byRouter.set(key, [one]);
    }
    const routers: AdvertisedRouter[] = [];
    for (const [key, { interface: index, router, header, heardMs }] of this.#headers) {
      const options = byRouter.get(key) ?? [];
      const routerLifetimeSeconds = secondsLeft(heardMs, header.routerLifetimeSeconds, nowMs)!;
      if (routerLifetimeSeconds === 0 && options.length === 0) this.#headers.delete(key);
      else {
        const advertisement = describe({ ...header, routerLifetimeSeconds }, options, nowMs);
        routers.push({ interface: index, router, advertisement });
      }
    }
    return routers;
  }

  /** When the next lifetime ends, which changes what this says; Infinity where none does. */
  endMs(nowMs: number): number {
    let nextMs = Infinity;
    const note = (ms: number) => {
      if (ms > nowMs && ms < nextMs) nextMs = ms;
    };
    for (const { option, heardMs, expiresMs } of this.#options.values()) {
      note(expiresMs);
      if (option.name !== "prefix-information") continue;
      note(endOf(heardMs, option.validLifetimeSeconds));
      note(endOf(heardMs, option.preferredLifetimeSeconds));
    }
    for (const { header, heardMs } of this.#headers.values()) {
      note(endOf(heardMs, header.routerLifetimeSeconds));
    }
    return nextMs;
  }

  #living(nowMs: number): Advertised[] {
    for (const [key, { expiresMs }] of this.#options) {
      if (expiresMs <= nowMs) this.#options.delete(key);
    }
    return [...this.#options.values()];
  }
}

/** Puts an entry last, and drops the oldest where there is no room. */
function remember<T>(entries: Map<string, T>, max: number, key: string, entry: T): void {
  entries.delete(key);
  if (entries.size >= max) entries.delete(entries.keys().next().value!);
  entries.set(key, entry);
}

/** One option for each server and domain: the next advertisement may list others beside it (RFC 8106 5.1, 5.2). */
function separate(option: NdOption): NdOption[] {
  switch (option.name) {
    case "rdnss":
      return option.addresses.map((address) => ({ ...option, addresses: [address] }));
    case "dnssl":
      return option.domains.map((domain) => ({ ...option, domains: [domain] }));
    case "source-link-layer-address":
      // It says how to reach the router, and configures nothing.
      return [];
    default:
      return [option];
  }
}

/** What makes two options the same statement. */
function contentOf(option: NdOption): string {
  switch (option.name) {
    case "prefix-information":
      return `prefix ${prefixText(option)}`;
    case "route-information":
      return `route ${prefixText(option)}`;
    case "rdnss":
      return `rdnss ${option.addresses.join(" ")}`;
    case "dnssl":
      return `dnssl ${option.domains.join(" ")}`;
    case "pref64":
      return `pref64 ${option.prefix}/${option.prefixLength}`;
    default:
      return option.name;
  }
}

function lifetimeOf(option: NdOption): number {
  switch (option.name) {
    case "prefix-information":
      return Math.max(option.validLifetimeSeconds, ADDRESS_LIFETIME_MIN_SECONDS);
    case "rdnss":
    case "dnssl":
    case "pref64":
    case "route-information":
      return option.lifetimeSeconds;
    default:
      return UNTIMED_LIFETIME_SECONDS;
  }
}

function prefixText(
  { prefix, prefixLength }: { prefix: Uint8Array; prefixLength: number },
): string {
  return `${formatAddress(networkOf(prefix, prefixLength))}/${prefixLength}`;
}

/** The prefix on its link, whoever gives it. */
function placeOf({ interface: index, option }: Advertised): string {
  return `${index} ${contentOf(option)}`;
}

/** Whether this is a prefix within its valid lifetime. */
function isGiven({ option, heardMs }: Advertised, nowMs: number): boolean {
  return option.name === "prefix-information" &&
    endOf(heardMs, option.validLifetimeSeconds) > nowMs;
}

function endOf(heardMs: number, lifetimeSeconds: number): number {
  return lifetimeSeconds === NEVER ? Infinity : heardMs + lifetimeSeconds * 1000;
}

/** Whole seconds, the last one begun: 0 is over. Null where it has no end. */
function secondsLeft(heardMs: number, lifetimeSeconds: number, nowMs: number): number | null {
  const endMs = endOf(heardMs, lifetimeSeconds);
  return endMs === Infinity ? null : Math.max(0, Math.ceil((endMs - nowMs) / 1000));
}

function describe(
  header: RouterAdvertisementHeader,
  options: Advertised[],
  nowMs: number,
): PvdAdvertisement {
  const advertisement: PvdAdvertisement = {
    routerLifetimeSeconds: header.routerLifetimeSeconds,
    preference: header.preference,
    hopLimit: header.hopLimit,
    managed: header.managed,
    other: header.other,
    homeAgent: header.homeAgent,
    prefixes: [],
    routes: [],
    dnsServers: [],
    searchDomains: [],
  };
  for (const { option, heardMs } of options) {
    const left = (lifetimeSeconds: number) => secondsLeft(heardMs, lifetimeSeconds, nowMs);
    switch (option.name) {
      case "prefix-information":
        advertisement.prefixes.push(describePrefix(option, left));
        break;
      case "route-information":
        advertisement.routes.push({
          destination: prefixText(option),
          preference: option.preference,
          lifetimeSeconds: left(option.lifetimeSeconds),
        });
        break;
      case "rdnss":
        for (const address of option.addresses) {
          const lifetimeSeconds = left(option.lifetimeSeconds);
          advertisement.dnsServers.push({ address, lifetimeSeconds });
        }
        break;
      case "dnssl":
        for (const domain of option.domains) {
          const lifetimeSeconds = left(option.lifetimeSeconds);
          advertisement.searchDomains.push({ domain, lifetimeSeconds });
        }
        break;
    }
  }
  return advertisement;
}

function describePrefix(
  option: PrefixInformation,
  left: (lifetimeSeconds: number) => number | null,
): PvdAdvertisement["prefixes"][number] {
  return {
    prefix: prefixText(option),
    onLink: option.onLink,
    autonomous: option.autonomous,
    validSeconds: left(option.validLifetimeSeconds),
    preferredSeconds: left(option.preferredLifetimeSeconds),
  };
}
