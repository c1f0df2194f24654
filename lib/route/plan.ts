/**
 * What is to change in the kernel so that every source address leaves by its own PvD's router, or not at all. Pure.
 *
 * Each router of a PvD has one table with all that its sources may reach: the prefixes on its link, its specific
 * routes, and the default route through it. Two rules hold a source prefix to its table: the first looks into it, the
 * second makes what is not there unreachable. Nothing else of the main table counts, for its routes to the links and
 * routers of other PvDs would lead packets of this source there; only what main refuses is refused here too.
 *
 * A router that is no default router, and gives specific routes, which its lifetime of zero does not end (RFC 4861 4.2), has a
 * table of these for each of its PvDs, and what they do not cover is unreachable.
 *
 * The second rule is not a route in the table, because a socket bound to a device (SO_BINDTODEVICE) passes over
 * `unreachable` routes: they are on no device.
 *
 * What says little does not undo what was told: a prefix that has a table stays with it, closed where its router is
 * gone, until something names another router (an advertisement, a network manager, a gateway of the same subnet).
 *
 * @module
 */

import { createHash } from "node:crypto";
import {
  formatAddress,
  formatPrefix,
  isLinkLocal,
  isLoopback,
  networkOf,
  parseAddress,
  parsePrefix,
  prefixContains,
} from "../ip/address.ts";
import type { PvdAddress, PvdInfo } from "../pvd/pvd.ts";
import { autoconfigure, type OwnAddress } from "./autoconfigure.ts";
import {
  DEFAULTS,
  type Nexthop,
  type PolicyChange,
  type PolicyRoute,
  type PolicyRule,
  type PolicyTarget,
  sourceRules,
  stopRule,
  TABLE_COUNT,
  TABLE_FIRST,
  tableOfSource,
} from "./policy.ts";

/** What there is before. */
export interface RouteState {
  /** Ours only. */
  routes: PolicyRoute[];
  /** Ours only. */
  rules: PolicyRule[];
  /** All addresses of the host, 4 or 16 bytes. */
  addresses: { interface: number; bytes: Uint8Array }[];
  /** Those of them that we have made. */
  ownAddresses: OwnAddress[];
  /** Whether this kernel keeps whose an address is: without that, nothing of ours could be taken away again. */
  marksAddresses: boolean;
  /**
   * The second half of an address to make in a prefix, of which the first half is given, for a PvD; null where none can be
   * made.
   */
  interfaceIdentifier(prefix: Uint8Array, pvd: PvdInfo): Uint8Array | null;
  /**
   * Interfaces in a VRF. Their table is found by the device, and only sockets that are bound to it may have their
   * addresses: they need nothing of ours.
   */
  vrfInterfaces: ReadonlySet<number>;
  /** Destinations, "address/length", that the main table makes unreachable or swallows. */
  refused: string[];
  /** Whether somebody else has routes in a table, or a rule that names it. */
  isForeign(table: number): boolean;
}

/** What is to be done, in order, and what cannot be. */
export interface RoutePlan {
  changes: PolicyChange[];
  /** Sentences for people: which addresses have no table, and why. */
  notices: string[];
  /** Prefixes, "address/length", of which nothing says which router gave them. */
  unattributed: string[];
}

/** The changes that lead from the state to what the PvDs need; none where all is as it should be. */
export function planRoutes(known: PvdInfo[], state: RouteState): RoutePlan {
  const { pvds, addresses, notices: unaddressed } = autoconfigure(known, state);
  const tables = assignTables(pvds, state);
  const sources = withoutConflicts(findSources(pvds, state, tables), state);
  const notices = [...unaddressed, ...explain(sources, tables)];
  const held = selectPrefixes(sources);
  const routes = findRoutes(pvds, sources, held, tables, state.refused);
  const rules = [
    ...held.flatMap(({ family, prefix, table }) => sourceRules(family, prefix.text, table)),
    ...findGone(state, held),
  ];
  return {
    changes: difference(state, [...routes, ...rules, ...addresses]),
    notices,
    unattributed: [
      ...new Set(sources.filter((s) => isUnattributed(s)).map((s) => s.prefix.text)),
    ],
  };
}

/** The changes that take away all that is ours. */
export function planRemoval(state: RouteState): PolicyChange[] {
  return difference(state, []);
}

// ── Tables ──

/** A next hop that has a table. */
interface Way extends Nexthop {
  /** The ID of the PvD whose specific routes it leads to; null where it is a default router. */
  only: string | null;
}

/** The next hops of now, by the table that is each one's. */
type Tables = Map<number, Way>;

/** Gives every next hop a table: the one that holds it, else a number made of its name that nobody else has. */
function assignTables(pvds: PvdInfo[], state: RouteState): Tables {
  const tables: Tables = new Map();
  const waiting = new Map<string, Way>();
  for (const pvd of pvds) {
    for (const family of [6, 4] as const) {
      for (const nexthop of nexthopsOf(pvd, family)) waiting.set(nameOf(nexthop), nexthop);
    }
  }
  for (const { table, family, destination, nexthop } of state.routes) {
    if (!nexthop || destination !== DEFAULTS[family]) continue;
    if (tables.has(table) || state.isForeign(table)) continue;
    const name = nameOf({ ...nexthop, only: null });
    const current = waiting.get(name);
    if (!current || current.interface.index !== nexthop.interface.index) continue;
    tables.set(table, current);
    waiting.delete(name);
  }
  for (const { way, table } of specificBefore(pvds, state)) {
    if (tables.has(table) || !waiting.delete(nameOf(way))) continue;
    tables.set(table, way);
  }
  for (const name of [...waiting.keys()].sort()) {
    const first = createHash("sha256").update(name).digest().readUInt32BE() % TABLE_COUNT;
    for (let i = 0;; i++) {
      const table = TABLE_FIRST + (first + i) % TABLE_COUNT;
      if (tables.has(table) || state.isForeign(table)) continue;
      tables.set(table, waiting.get(name)!);
      break;
    }
  }
  return tables;
}

/** Of the PvDs with specific routes only the tables that their addresses look into now. */
function specificBefore(pvds: PvdInfo[], state: RouteState): { way: Way; table: number }[] {
  const before = rulesBefore(state);
  return pvds.flatMap((pvd) => {
    const way = nexthopsOf(pvd, 6).find(({ only }) => only !== null);
    if (!way) return [];
    const led = pvd.addresses.map(({ address }) => ruleOf(before, parseAddress(address)!.bytes));
    return led.flatMap((rule) => {
      const routes = state.routes.filter(({ family, table }) =>
        family === 6 && table === rule?.table
      );
      const isIts = routes.some(({ nexthop }) =>
        nexthop?.gateway === way.gateway && nexthop.interface.index === way.interface.index
      ) && routes.every(({ destination, nexthop }) =>
        !nexthop || destination !== DEFAULTS[6]
      );
      return rule && isIts && !state.isForeign(rule.table) ? [{ way, table: rule.table }] : [];
    });
  });
}

function nameOf({ interface: { name }, gateway, only }: Way): string {
  return `${gateway ?? ""}%${name}${only === null ? "" : ` ${only}`}`;
}

function tableOf(tables: Tables, way: Way): number {
  for (const [table, own] of tables) if (nameOf(own) === nameOf(way)) return table;
  throw new Error(`No table for ${nameOf(way)}`);
}

/** The default routes of a PvD, the preferred first; where it has none, but routes through its router, that one. */
function nexthopsOf(pvd: PvdInfo, family: 4 | 6): Way[] {
  const defaults = pvd.routes.filter(({ destination }) => destination === DEFAULTS[family]);
  const has = (gateway: string | null) => defaults.some((route) => route.gateway === gateway);
  const gateways: (string | null)[] = pvd.gateways.map(({ address }) => address).filter(has);
  if (has(null)) gateways.push(null);
  const { interface: link, router, id } = pvd;
  const leads = family === 6 && router !== null && gateways.length === 0 &&
    pvd.routes.some(({ gateway }) => gateway === router);
  if (leads) return [{ interface: link, gateway: router, only: id }];
  return gateways.map((gateway) => ({ interface: link, gateway, only: null }));
}

// ── Source addresses ──

/** A parsed "address/length", for it is held against many addresses. */
interface Prefix {
  text: string;
  bytes: Uint8Array;
  prefixLength: number;
}

function prefixOf(bytes: Uint8Array, prefixLength: number): Prefix {
  const network = networkOf(bytes, prefixLength);
  return { text: formatPrefix(bytes, prefixLength), bytes: network, prefixLength };
}

function holds({ bytes, prefixLength }: Prefix, address: Uint8Array): boolean {
  return prefixContains(bytes, prefixLength, address);
}

/** One address of the host and the table its packets are to look into. */
interface Source {
  family: 4 | 6;
  bytes: Uint8Array;
  /** By which a rule is to select it, alone or with its neighbours. */
  prefix: Prefix;
  /** That has it; null where none does. */
  pvd: PvdInfo | null;
  /** By the length it has on its link; null where it is on none. */
  subnet: Prefix | null;
  table: number | null;
  /** Why there is no table, or not the one that the PvD would have it in. */
  why:
    | "unattributed"
    | "no gateway"
    | "which gateway"
    | "several PvDs"
    | "kept"
    | "on no link"
    | null;
}

function isUnattributed({ table, why }: Source): boolean {
  return table === null && why === "unattributed";
}

function findSources(pvds: PvdInfo[], state: RouteState, tables: Tables): Source[] {
  const before = rulesBefore(state);
  const links = linksOf(state, tables);
  const sources: Source[] = [];
  const placed = new Set<string>();
  for (const pvd of pvds) {
    if (state.vrfInterfaces.has(pvd.interface.index)) continue;
    for (const address of pvd.addresses) {
      const { bytes } = parseAddress(address.address)!;
      if (isLinkLocal(bytes) || isLoopback(bytes)) continue;
      placed.add(formatAddress(bytes));
      sources.push(findSource(pvd, address, bytes, ruleOf(before, bytes), tables, links));
    }
  }
  // An address whose link is down, or that is in no PvD for some other reason, stays where it was.
  for (const { interface: index, bytes } of state.addresses) {
    const rule = ruleOf(before, bytes);
    if (!rule || placed.has(formatAddress(bytes)) || state.vrfInterfaces.has(index)) continue;
    const family = bytes.length === 4 ? 4 : 6;
    sources.push({ family, bytes, ...rule, pvd: null, subnet: null, why: "on no link" });
  }
  return sources;
}

/** The link that each table is of, also those that have no next hop any more. */
function linksOf({ routes }: RouteState, tables: Tables): Map<number, number> {
  const links = new Map<number, number>();
  for (const { table, nexthop } of routes) {
    if (nexthop && !links.has(table)) links.set(table, nexthop.interface.index);
  }
  for (const [table, nexthop] of tables) links.set(table, nexthop.interface.index);
  return links;
}

function findSource(
  pvd: PvdInfo,
  address: PvdAddress,
  bytes: Uint8Array,
  before: PrefixTable | undefined,
  tables: Tables,
  links: Map<number, number>,
): Source {
  const { nexthop, sure, why } = chooseNexthop(pvd, address, bytes);
  const table = nexthop ? tableOf(tables, nexthop) : null;
  // A prefix of no length is no subnet.
  const subnet = prefixOf(bytes, address.prefixLength || bytes.length * 8);
  const source = { family: address.family, bytes, pvd, subnet };
  if (before && before.table === table) return { ...source, ...before, why };
  if (before && !sure) {
    // The prefix of a rule may cover an address that came later, on another link.
    const link = links.get(before.table) ?? pvd.interface.index;
    links.set(before.table, link);
    if (link === pvd.interface.index) return { ...source, ...before, why: why ?? "kept" };
  }
  return { ...source, prefix: subnet, table, why };
}

/** The prefix and table of a rule. */
interface PrefixTable {
  prefix: Prefix;
  table: number;
}

/** The rules of ours by which prefixes look into tables now, the longest prefixes first. */
function rulesBefore({ rules }: RouteState): PrefixTable[] {
  return rules.flatMap((rule) => {
    const table = tableOfSource(rule);
    if (table === null) return [];
    const { bytes, prefixLength } = parsePrefix(rule.from)!;
    return [{ prefix: prefixOf(bytes, prefixLength), table }];
  }).sort((a, b) => b.prefix.prefixLength - a.prefix.prefixLength);
}

function ruleOf(before: PrefixTable[], bytes: Uint8Array): PrefixTable | undefined {
  return before.find(({ prefix }) => holds(prefix, bytes));
}

interface Choice {
  nexthop: Way | null;
  /** Whether something says that this address is this router's, beside there being no other. */
  sure: boolean;
  why: Source["why"];
}

/** The next hop that an address goes with: the router whose subnet it is in, else the PvD's only one. */
function chooseNexthop(pvd: PvdInfo, address: PvdAddress, bytes: Uint8Array): Choice {
  const none = (why: Source["why"]): Choice => ({ nexthop: null, sure: false, why });
  if (address.family === 6 && pvd.attribution === "unknown") return none("unattributed");
  const nexthops = nexthopsOf(pvd, address.family);
  if (nexthops.length === 0) return none("no gateway");
  const subnets = pvd.addresses.filter(({ family }) => family === address.family)
    .map(({ address, prefixLength }) => ({ network: parseAddress(address)!.bytes, prefixLength }));
  const near = nexthops.find(({ gateway }) => {
    const router = gateway === null ? null : parseAddress(gateway)!.bytes;
    // An address of full length may be a second one in the subnet of another.
    return router !== null && !isLinkLocal(router) &&
      subnets.some(({ network, prefixLength }) =>
        prefixContains(network, prefixLength, router) &&
        prefixContains(network, prefixLength, bytes)
      );
  });
  if (near) return { nexthop: near, sure: true, why: null };
  const [only, second] = nexthops;
  if (second) return none("which gateway");
  const router = only!.gateway === null ? null : parseAddress(only!.gateway)!.bytes;
  const isOthers = router !== null && !isLinkLocal(router) &&
    subnets.some(({ network, prefixLength }) => prefixContains(network, prefixLength, router));
  if (isOthers) return none("no gateway");
  return { nexthop: only!, sure: TELLING.has(pvd.attribution), why: null };
}

/** Attributions that name the router, and not only the lack of another. */
const TELLING: ReadonlySet<string> = new Set([
  "router-advertisement",
  "mif-daemon",
  "systemd-networkd",
  "rule",
]);

// ── Selectors ──

/** A source prefix and its table. */
interface Held {
  family: 4 | 6;
  prefix: Prefix;
  table: number;
}

/**
 * A source cannot tell PvDs apart that hold the same address: it gets no table. But where several routers announce one
 * explicit PvD any of them will do: the one it goes by already, else the first.
 */
function withoutConflicts(sources: Source[], state: RouteState): Source[] {
  const before = rulesBefore(state);
  const holders = new Map<string, Source[]>();
  for (const source of sources) {
    const text = formatAddress(source.bytes);
    const known = holders.get(text);
    if (known) known.push(source);
    else holders.set(text, [source]);
  }
  return [...holders.values()].flatMap((same): Source[] => {
    if (new Set(same.map(({ table }) => table)).size === 1) return same;
    if (!isOnePvd(same)) {
      return same.map((source) => ({ ...source, table: null, why: "several PvDs" as const }));
    }
    const now = ruleOf(before, same[0]!.bytes)?.table;
    return [
      same.find(({ table }) => table !== null && table === now) ??
        same.find(({ table }) => table !== null)!,
    ];
  });
}

function isOnePvd([first, ...others]: Source[]): boolean {
  return first!.pvd?.kind === "explicit" && others.every(({ pvd }) => pvd?.id === first!.pvd!.id);
}

/**
 * The prefixes of all addresses that have a table, none of which selects an address of another one or of none: where
 * one would, its own addresses are selected one by one.
 */
function selectPrefixes(sources: Source[]): Held[] {
  const selectors = new Map<string, Held>();
  for (const { family, bytes, prefix: wide, table } of sources) {
    if (table === null) continue;
    const selectsOthers = sources.some((other) =>
      other.table !== table && holds(wide, other.bytes)
    );
    const prefix = selectsOthers ? prefixOf(bytes, bytes.length * 8) : wide;
    selectors.set(prefix.text, { family, prefix, table });
  }
  const all = [...selectors.values()];
  // A prefix within another of the same table selects nothing more.
  return all.filter(({ prefix, table }) =>
    !all.some((other) =>
      other.table === table && other.prefix.prefixLength < prefix.prefixLength &&
      holds(other.prefix, prefix.bytes)
    )
  );
}

function explain(sources: Source[], tables: Tables): string[] {
  const notices = new Set<string>();
  for (const { bytes, prefix: { text }, pvd, table, why } of sources) {
    const link = pvd?.interface.name;
    if (table !== null) {
      if (tables.has(table)) continue;
      const now = why === "kept"
        ? ". Another router serves the link now; mif route remove, then install, gives it the prefix"
        : "";
      notices.add(`${text} is closed: nothing leaves from it, for its router is gone${now}`);
    } else if (why === "unattributed") {
      notices.add(
        `${text} has no table: ${link} has several routers, and nothing says which of them gave it; ` +
          "solicit their advertisements (CAP_NET_RAW)",
      );
    } else if (why === "no gateway" && pvd?.router) {
      notices.add(
        `${text} has no table: its router ${pvd.router} is no default router and gives no routes`,
      );
    } else if (why === "several PvDs") {
      notices.add(
        `${prefixOf(bytes, bytes.length * 8).text} has no table: several PvDs hold the address, ` +
          "and a source cannot tell them apart",
      );
    } else if (why === "which gateway") {
      notices.add(
        `${text} has no table: ${link} has several gateways, none of them in its subnet`,
      );
    }
  }
  return [...notices];
}

// ── Routes and rules ──

/** More rules would be walked by every packet of the host. */
const GONE_MAX = 64;

/**
 * Prefixes that were held and of which the host has no address any more stay stopped: IPv6 sockets go on sending from
 * an address that is gone, and would do it by anybody's router. The oldest are let go.
 */
function findGone({ rules, addresses }: RouteState, held: Held[]): PolicyRule[] {
  const gone = new Set(
    rules.filter(({ family, from, to }) => {
      if (family !== 6 || to !== null || held.some(({ prefix }) => prefix.text === from)) {
        return false;
      }
      const { bytes, prefixLength } = parsePrefix(from)!;
      return !addresses.some((address) => prefixContains(bytes, prefixLength, address.bytes));
    }).map(({ from }) => from),
  );
  // The kernel lists rules of one priority in the order in which they came.
  return [...gone].slice(-GONE_MAX).map((from) => stopRule(6, from));
}

/** What the tables that rules lead to are to hold. */
function findRoutes(
  pvds: PvdInfo[],
  sources: Source[],
  held: Held[],
  tables: Tables,
  refused: string[],
): PolicyRoute[] {
  const routes = new Map<string, PolicyRoute>();
  const add = (
    family: 4 | 6,
    table: number,
    destination: string,
    nexthop: Nexthop | null,
  ) => {
    const route: PolicyRoute = { kind: "route", family, table, destination, nexthop };
    // Of several ways to one destination the first is taken: the tables know no preference.
    const key = keyOf(route);
    if (!routes.has(key)) routes.set(key, route);
  };
  for (const family of [6, 4] as const) {
    const inUse = new Set(held.filter((one) => one.family === family).map(({ table }) => table));
    const refusals = refused.filter((destination) => parsePrefix(destination)!.family === family);
    for (const table of inUse) {
      for (const destination of refusals) add(family, table, destination, null);
      const way = tables.get(table);
      if (way?.only !== null) continue;
      add(family, table, DEFAULTS[family], { interface: way.interface, gateway: way.gateway });
    }
    for (const pvd of pvds) {
      const own = sources.filter((source) => source.pvd === pvd && source.family === family);
      for (const { destination, gateway, into } of placeRoutes(pvd, family, own, tables)) {
        const nexthop = { interface: pvd.interface, gateway };
        for (const table of into) {
          if (table !== null && inUse.has(table)) add(family, table, destination, nexthop);
        }
      }
    }
  }
  return [...routes.values()];
}

/** A route of a PvD, and the tables it belongs into. */
interface PlacedRoute {
  destination: string;
  gateway: string | null;
  into: (number | null)[];
}

/**
 * The specific routes of a PvD in the tables of its routers. An interface's own PvD may hold several subnets, each
 * with its router: then what lies in a subnet, or goes through it, is that one's only.
 *
 * @param own The PvD's sources of this family.
 */
function placeRoutes(
  pvd: PvdInfo,
  family: 4 | 6,
  own: Source[],
  tables: Tables,
): PlacedRoute[] {
  const nexthops = nexthopsOf(pvd, family).map((way) => ({
    gateway: way.gateway,
    bytes: way.gateway === null ? null : parseAddress(way.gateway)!.bytes,
    table: tableOf(tables, way),
  }));
  const open = nexthops.map(({ table }) => table);
  const onLink = (prefix: Prefix): (number | null)[] => {
    const inside = own.filter(({ bytes }) => holds(prefix, bytes));
    if (inside.length > 0) return inside.map(({ table }) => table);
    const routers = nexthops.filter(({ bytes }) => bytes !== null && holds(prefix, bytes));
    return routers.length > 0 ? routers.map(({ table }) => table) : open;
  };
  // A table whose router is gone gets no routes through another one.
  const through = (gateway: string): number[] => {
    const direct = nexthops.find((nexthop) => nexthop.gateway === gateway);
    if (direct) return [direct.table];
    const { bytes } = parseAddress(gateway)!;
    const near = own.filter(({ subnet }) => subnet !== null && holds(subnet, bytes));
    if (near.length === 0) return open.length === 1 ? open : [];
    return open.filter((table) => near.some((source) => source.table === table));
  };
  const placed: PlacedRoute[] = [];
  if (family === 6 && pvd.addresses.some(isOfLink)) {
    const into = own.map(({ table }) => table);
    placed.push({ destination: LINK_LOCAL, gateway: null, into });
  }
  for (const { destination, gateway } of pvd.routes) {
    const to = parsePrefix(destination);
    if (to?.family !== family || to.prefixLength === 0) continue;
    const prefix = prefixOf(to.bytes, to.prefixLength);
    const into = gateway === null ? onLink(prefix) : through(gateway);
    placed.push({ destination, gateway, into });
  }
  return placed;
}

/** Whether an address is of IPv6 and link-local. */
function isOfLink({ family, address }: PvdAddress): boolean {
  return family === 6 && isLinkLocal(parseAddress(address)!.bytes);
}

const LINK_LOCAL = "fe80::/64";

/**
 * From what is there to what is wanted, in an order in which no packet of a source that has a table goes by another:
 * tables are filled before a rule leads to them, a source has its new rules before it loses its old ones, and it is
 * stopped after it was led and longer. An address of ours comes after its rules, and goes while it is stopped.
 */
function difference(state: RouteState, wanted: PolicyTarget[]): PolicyChange[] {
  const own = state.ownAddresses.map(({ target }) => target);
  const before = new Map(
    [...state.routes, ...state.rules, ...own].map((target) => [keyOf(target), target]),
  );
  const after = new Map(wanted.map((target) => [keyOf(target), target]));
  const changes: PolicyChange[] = [];
  for (const [key, target] of after) {
    const old = before.get(key);
    if (old && detailOf(old) === detailOf(target)) continue;
    changes.push({ operation: old ? "replace" : "add", target });
  }
  for (const [key, target] of before) {
    if (!after.has(key)) changes.push({ operation: "remove", target });
  }
  return changes.map((change) => ({ change, rank: rankOf(change) }))
    .sort((a, b) => a.rank - b.rank).map(({ change }) => change);
}

/** What the kernel knows one by. */
function keyOf(target: PolicyTarget): string {
  if (target.kind === "address") return `${target.interface.index} ${target.address}`;
  if (target.kind === "route") {
    const { family, table, destination, nexthop } = target;
    return [family, table, destination, nexthop ? "way" : "refusal"].join(" ");
  }
  const { family, priority, from, to, local, table, suppress } = target;
  return [family, priority, from, to, local, table, suppress].join(" ");
}

/** What may differ under one key. */
function detailOf(target: PolicyTarget): string {
  if (target.kind === "address") return String(target.validSeconds);
  if (target.kind === "rule" || !target.nexthop) return "";
  return `${target.nexthop.gateway} ${target.nexthop.interface.index}`;
}

function rankOf({ operation, target }: PolicyChange): number {
  if (target.kind === "address") return operation === "remove" ? 5 : 3;
  if (target.kind === "route") {
    // Without its default route a table is closed: that does not wait.
    const closes = target.nexthop !== null && target.destination === DEFAULTS[target.family];
    return operation !== "remove" ? 0 : closes ? 7 : 8;
  }
  const leads = target.table !== null;
  if (operation === "remove") return leads ? 4 : 6;
  return leads ? 1 : 2;
}
