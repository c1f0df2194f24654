/**
 * Remembers what routers announced, by link, router, PvD and content, for as long as they said. Pure.
 *
 * Options come one by one (as the kernel passes them on) or in whole Router Advertisements; both tell of the same
 * thing, and the later word counts. Only a whole one says of which PvD it is: what the kernel passes on is that of the
 * PvD that a whole one gave the same to, else the router's implicit one, as for a host that knows no PvDs.
 *
 * @module
 */

import { NEVER } from "../../ffi/layout.gen.ts";
import { formatAddress, formatPrefix } from "../ip/address.ts";
import type { RouterAdvertisementHeader } from "../ndp/advertisement_header.ts";
import type { NdOption, PrefixInformation } from "../ndp/options.ts";
import type { PvdName } from "../ndp/pvd_option.ts";
import type { RouterAdvertisement } from "../ndp/router_advertisement.ts";
import { associate } from "./associate.ts";
import type { PvdAdvertisement } from "./pvd.ts";

/** Who heard it: this process, or the `mif` daemon in its place. */
export type HeardBy = "router-advertisement" | "mif-daemon";

/** One option of one PvD of one router on one link, while its lifetime runs. */
export interface Advertised {
  /** Index of the link. */
  interface: number;
  /** The router's link-local address. */
  router: string;
  by: HeardBy;
  /** The ID of the explicit PvD; null is the router's implicit one. */
  pvd: string | null;
  option: NdOption;
  /** Whether it stood inside a PvD option, where the kernel does not look. */
  isNested: boolean;
  /** When it was said last, on the clock given to {@linkcode AdvertisementMemory}. */
  heardMs: number;
  /** On the same clock; Infinity where it has no end. */
  expiresMs: number;
}

/** A PvD of a router, of which a whole advertisement was heard. */
export interface AdvertisedPvd {
  /** Index of the link. */
  interface: number;
  /** The router's link-local address. */
  router: string;
  by: HeardBy;
  /** What names it; null where it is the router's implicit one. */
  pvd: PvdName | null;
  /** Whether its header stood inside a PvD option, where the kernel does not look. */
  isHeaderNested: boolean;
  /** What the router says of it, with what is left of each lifetime. */
  advertisement: PvdAdvertisement;
}

/** What a memory holds, for another one to {@linkcode AdvertisementMemory.learn}. */
export interface HeardWords {
  headers: readonly HeardHeader[];
  options: readonly HeardOption[];
}

/** What a router said last in front of all options. */
export interface HeardHeader {
  interface: number;
  router: string;
  by: HeardBy;
  pvd: PvdName | null;
  header: RouterAdvertisementHeader;
  isHeaderNested: boolean;
  heardMs: number;
}

/** What a router said last in one option. */
export interface HeardOption extends Advertised {
  /** Whether a whole advertisement said it; else only the kernel did, which knows no PvD. */
  isWhole: boolean;
}

const HEARD: HeardBy = "router-advertisement";
/** A hostile link may announce without end; what came last is kept, and what other links said. */
const OPTIONS_MAX = 4096;
const PVDS_MAX = 1024;
/** Some options carry no lifetime of their own; the next advertisement repeats them. */
const UNTIMED_LIFETIME_SECONDS = 1800;
const LAST_MOMENT_MS = 500;
/** A router cannot take an address away sooner (RFC 4862 5.5.3 e), so long it is one of the router's prefix. */
const ADDRESS_LIFETIME_MIN_SECONDS = 7200;

/** Keeps the latest of each option by link, router, PvD and content, until its lifetime ends. */
export class AdvertisementMemory {
  /** By link, router and content; of one prefix there is one entry, for an address is in one PvD. */
  readonly #options = new Map<string, HeardOption[]>();
  /** How many of each link. */
  readonly #optionCounts = new Map<number, number>();
  #optionCount = 0;
  readonly #headers = new Map<string, HeardHeader>();
  #changes = 0;

  /**
   * Another number whenever something is said that was not said before. That seconds begin anew is nothing of that kind,
   * unless they were about to end.
   */
  get changes(): number {
    return this.#changes;
  }

  /** Takes in one option that the kernel passed on. A lifetime of zero withdraws what it names. */
  hear(interfaceIndex: number, router: string, option: NdOption, nowMs: number): void {
    for (const one of separate(option)) {
      const known = this.#options.get(keyOf(interfaceIndex, router, one)) ?? [];
      const whole = known.filter(({ isWhole, isNested }) => isWhole && !isNested);
      const from = { interface: interfaceIndex, router, by: HEARD, isNested: false };
      for (const { pvd } of whole) this.#hearOne({ ...from, pvd, isWhole: true }, one, nowMs);
      if (whole.length === 0) this.#hearOne({ ...from, pvd: null, isWhole: false }, one, nowMs);
    }
  }

  /** Takes in a whole advertisement: what it does not repeat holds on (RFC 4861 6.3.4). */
  hearAdvertisement(
    interfaceIndex: number,
    router: string,
    advertisement: RouterAdvertisement,
    nowMs: number,
  ): void {
    const { pvd, header, isHeaderNested, options, nested } = associate(advertisement);
    const whose = { interface: interfaceIndex, router, by: HEARD };
    this.#hearHeader({ ...whose, pvd, header, isHeaderNested, heardMs: nowMs });
    const from = { ...whose, pvd: pvd?.id ?? null, isWhole: true };
    for (const [list, isNested] of [[options, false], [nested, true]] as const) {
      for (const one of list.flatMap(separate)) this.#hearOne({ ...from, isNested }, one, nowMs);
    }
  }

  /** All that still holds, the earliest first. `whole`: without what only the kernel passed on. */
  words(nowMs: number, { whole = false } = {}): HeardWords {
    return {
      headers: [...this.#headers.values()].sort(byTime),
      options: this.#living(nowMs).filter(({ isWhole }) => isWhole || !whole).sort(byTime),
    };
  }

  /** Takes in what another memory, on the same clock, held. Of the same thing the later word counts. */
  learn({ headers, options }: HeardWords): void {
    for (const header of headers) {
      const known = this.#headers.get(headerKey(header));
      if (!known || known.heardMs <= header.heardMs) this.#hearHeader(header);
    }
    for (const { option, heardMs, expiresMs: _, ...from } of options) {
      const isPrefix = option.name === "prefix-information";
      const known = this.#options.get(keyOf(from.interface, from.router, option)) ?? [];
      const isOld = known.some((one) =>
        (isPrefix || one.pvd === from.pvd) && one.heardMs > heardMs
      );
      if (!isOld) this.#hearOne(from, option, heardMs);
    }
  }

  /**
   * The link has lost its other end, and may come back at another network: what whole advertisements said there holds no
   * more. Implicit PvDs keep their prefixes, which tell whose the addresses are that the host still has.
   */
  detach(interfaceIndex: number): void {
    for (const [key, header] of this.#headers) {
      if (header.interface !== interfaceIndex) continue;
      this.#headers.delete(key);
      this.#changes++;
    }
    this.#changes += this.#keep((one) => one.interface !== interfaceIndex || one.pvd === null);
  }

  /** The links of which something is remembered. */
  interfaces(): Set<number> {
    const indices = new Set([...this.#headers.values()].map((header) => header.interface));
    for (const [first] of this.#options.values()) indices.add(first!.interface);
    return indices;
  }

  #hearHeader(heard: HeardHeader): void {
    const key = headerKey(heard);
    const known = this.#headers.get(key);
    const isNew = !known || !isSameButTime([known.pvd, known.header], [heard.pvd, heard.header]) ||
      isEnding([headerEnd(known)], heard.heardMs);
    if (isNew) this.#changes++;
    this.#headers.delete(key);
    if (this.#headers.size >= PVDS_MAX) this.#forgetOldestHeader();
    this.#headers.set(key, heard);
  }

  #hearOne(
    from: Omit<HeardOption, "option" | "heardMs" | "expiresMs">,
    option: NdOption,
    nowMs: number,
  ): void {
    const key = keyOf(from.interface, from.router, option);
    const isPrefix = option.name === "prefix-information";
    const known = this.#options.get(key) ?? [];
    const others = known.filter(({ pvd, isWhole }) =>
      // RFC 8801 3.4: an address is the PvD's whose advertisement gave its prefix last.
      !isPrefix && pvd !== from.pvd &&
      // What only the kernel passed on was of this PvD.
      (isWhole || !from.isWhole || from.isNested)
    );
    this.#options.delete(key);
    this.#count(from.interface, others.length - known.length);
    if (!isNothingNew(known, others, from, option, nowMs)) this.#changes++;
    const lifetimeSeconds = lifetimeOf(option);
    if (lifetimeSeconds > 0) {
      const expiresMs = endOf(nowMs, lifetimeSeconds);
      others.push({ ...from, option, heardMs: nowMs, expiresMs });
      this.#count(from.interface, 1);
    }
    // Behind all others: it is the latest.
    if (others.length > 0) this.#options.set(key, others);
    while (this.#optionCount > OPTIONS_MAX) this.#forgetOldest();
  }

  #count(interfaceIndex: number, more: number): void {
    this.#optionCount += more;
    this.#optionCounts.set(interfaceIndex, (this.#optionCounts.get(interfaceIndex) ?? 0) + more);
  }

  /** Of the link that says most: one that is hostile does not have the others forgotten. */
  #forgetOldest(): void {
    const most = largest(this.#optionCounts);
    for (const [key, oldest] of this.#options) {
      if (oldest[0]!.interface !== most) continue;
      this.#options.delete(key);
      this.#count(most, -oldest.length);
      return;
    }
  }

  #forgetOldestHeader(): void {
    const counts = new Map<number, number>();
    for (const { interface: index } of this.#headers.values()) {
      counts.set(index, (counts.get(index) ?? 0) + 1);
    }
    const most = largest(counts);
    for (const [key, { interface: index }] of this.#headers) {
      if (index === most) return void this.#headers.delete(key);
    }
  }

  /**
   * All that still holds, the latest last. A prefix whose valid lifetime is over stays its router's, whose address
   * the host may still have, but not beside another that gives the prefix now: then it has moved there. Of those that
   * give it the last one's PvD has it, be it of several routers; that of routers without PvD option have all of them.
   */
  current(nowMs: number): Advertised[] {
    const kept = this.#living(nowMs);
    /** The PvDs of prefixes that are given, of the last who gave it. */
    const given = new Map<string, string | null>();
    for (const one of kept.filter((one) => isGiven(one, nowMs)).sort(byTime)) {
      given.set(placeOf(one), one.pvd);
    }
    return kept.filter((one) => {
      if (one.option.name !== "prefix-information") return true;
      const pvd = given.get(placeOf(one));
      return pvd === undefined || (isGiven(one, nowMs) && one.pvd === pvd);
    });
  }

  /** The PvDs of which a whole advertisement was heard, and of which something still holds. */
  pvds(nowMs: number): AdvertisedPvd[] {
    const byPvd = new Map<string, Advertised[]>();
    for (const one of this.#living(nowMs)) {
      const key = `${one.interface} ${one.router} ${one.pvd ?? ""}`;
      const options = byPvd.get(key);
      if (options) options.push(one);
      else byPvd.set(key, [one]);
    }
    const pvds: AdvertisedPvd[] = [];
    for (const [key, { header, heardMs, ...known }] of this.#headers) {
      const options = byPvd.get(key) ?? [];
      const routerLifetimeSeconds = secondsLeft(heardMs, header.routerLifetimeSeconds, nowMs)!;
      if (routerLifetimeSeconds === 0 && options.length === 0) this.#headers.delete(key);
      else {
        const advertisement = describe({ ...header, routerLifetimeSeconds }, options, nowMs);
        pvds.push({ ...known, advertisement });
      }
    }
    return pvds;
  }

  /** When the next lifetime ends, which changes what this says; Infinity where none does. */
  endMs(nowMs: number): number {
    const ends = [...this.#options.values()].flat().flatMap(endsOf);
    for (const header of this.#headers.values()) ends.push(headerEnd(header));
    return ends.reduce((next, ms) => ms > nowMs && ms < next ? ms : next, Infinity);
  }

  #living(nowMs: number): HeardOption[] {
    this.#keep(({ expiresMs }) => expiresMs > nowMs);
    return [...this.#options.values()].flat();
  }

  /** Returns how many are gone. */
  #keep(isKept: (option: HeardOption) => boolean): number {
    const before = this.#optionCount;
    for (const [key, known] of this.#options) {
      const kept = known.filter(isKept);
      this.#count(known[0]!.interface, kept.length - known.length);
      if (kept.length === 0) this.#options.delete(key);
      else if (kept.length < known.length) this.#options.set(key, kept);
    }
    return before - this.#optionCount;
  }
}

function byTime(a: { heardMs: number }, b: { heardMs: number }): number {
  return a.heardMs - b.heardMs;
}

function headerKey({ interface: index, router, pvd }: HeardHeader): string {
  return `${index} ${router} ${pvd?.id ?? ""}`;
}

/** Whether all that a word replaces is one that said the same. */
function isNothingNew(
  known: readonly HeardOption[],
  others: readonly HeardOption[],
  from: Pick<HeardOption, "pvd" | "isWhole" | "isNested">,
  option: NdOption,
  nowMs: number,
): boolean {
  if (lifetimeOf(option) === 0) return known.length === others.length;
  const [replaced, ...more] = known.filter((one) => !others.includes(one));
  return replaced !== undefined && more.length === 0 && replaced.pvd === from.pvd &&
    replaced.isWhole === from.isWhole && replaced.isNested === from.isNested &&
    isSameButTime(replaced.option, option) && !isEnding(endsOf(replaced), nowMs);
}

/** When something of a word ends by its lifetimes. */
function endsOf({ option, heardMs, expiresMs }: Advertised): number[] {
  return option.name !== "prefix-information" ? [expiresMs] : [
    expiresMs,
    endOf(heardMs, option.validLifetimeSeconds),
    endOf(heardMs, option.preferredLifetimeSeconds),
  ];
}

function headerEnd({ header, heardMs }: HeardHeader): number {
  return endOf(heardMs, header.routerLifetimeSeconds);
}

/** Whether a lifetime would be over in a moment: who was told of it may think it is. */
function isEnding(ends: readonly number[], nowMs: number): boolean {
  return ends.some((ms) => ms > nowMs && ms < nowMs + LAST_MOMENT_MS);
}

/** Whether nothing is otherwise but lifetimes, none of which has ended or become endless. */
function isSameButTime(a: unknown, b: unknown): boolean {
  const text = (value: unknown) =>
    JSON.stringify(
      value,
      (name, part) => !name.endsWith("Seconds") || part === 0 || part === NEVER ? part : 1,
    );
  return text(a) === text(b);
}

function keyOf(interfaceIndex: number, router: string, option: NdOption): string {
  return `${interfaceIndex} ${router} ${contentOf(option)}`;
}

/** Who has the largest number. */
function largest(counts: ReadonlyMap<number, number>): number {
  let most: [number, number] = [-1, 0];
  for (const entry of counts) if (entry[1] > most[1]) most = entry;
  return most[0];
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
      return `prefix ${formatPrefix(option.prefix, option.prefixLength)}`;
    case "route-information":
      return `route ${formatPrefix(option.prefix, option.prefixLength)}`;
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
    case "home-agent-information":
      return option.lifetimeSeconds;
    default:
      return UNTIMED_LIFETIME_SECONDS;
  }
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
          destination: formatPrefix(option.prefix, option.prefixLength),
          preference: option.preference,
          lifetimeSeconds: left(option.lifetimeSeconds),
        });
        break;
      case "home-agent-information":
        advertisement.homeAgentInformation = {
          preference: option.preference,
          lifetimeSeconds: left(option.lifetimeSeconds)!,
        };
        break;
      case "advertisement-interval":
        advertisement.advertisementIntervalMs = option.intervalMs;
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
    prefix: formatPrefix(option.prefix, option.prefixLength),
    ...(option.routerAddress ? { routerAddress: formatAddress(option.prefix) } : {}),
    onLink: option.onLink,
    autonomous: option.autonomous,
    validSeconds: left(option.validLifetimeSeconds),
    preferredSeconds: left(option.preferredLifetimeSeconds),
  };
}
