/**
 * What is to change in the kernel so that every source address leaves by its own PvD's router. Pure.
 *
 * Each router of a PvD has one table: a default route through it, and behind that an unreachable one, so that nothing
 * leaves by another way when the router is gone. Two rules send the packets of a source prefix there: the first lets
 * main answer for what is on a link or routed specifically (suppress_prefixlength), the second looks into the table.
 * Where main routes a destination specifically through a router of somebody else, two more rules come before.
 *
 * What says little does not undo what was told: a prefix that has a table stays with it, closed where its router is
 * gone, until something names another router (an advertisement, a network manager, a gateway of the same subnet).
 *
 * @module
 */

import { createHash } from "node:crypto";
import { linux } from "../../ffi/layout.gen.ts";
import {
  formatAddress,
  isLinkLocal,
  isLoopback,
  networkOf,
  parseAddress,
  parsePrefix,
  prefixContains,
} from "../ip/address.ts";
import type { PvdAddress, PvdInfo } from "../pvd/pvd.ts";
import {
  detourRules,
  type Nexthop,
  type PolicyChange,
  type PolicyRoute,
  type PolicyRule,
  PRIORITY_TABLE,
  sourceRules,
  TABLE_COUNT,
  TABLE_FIRST,
} from "./policy.ts";

/** What there is before. */
export interface RouteState {
  /** Ours only. */
  routes: PolicyRoute[];
  /** Ours only. */
  rules: PolicyRule[];
  /** All addresses of the host, 4 or 16 bytes. */
  addresses: Uint8Array[];
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
export function planRoutes(pvds: PvdInfo[], state: RouteState): RoutePlan {
  const tables = assignTables(pvds, state);
  const sources = findSources(pvds, state, tables);
  const selectors = selectPrefixes(sources);
  const notices = [...explain(sources, tables), ...selectors.flatMap(({ notice }) => notice ?? [])];
  const held = selectors.filter((selector): selector is Held => selector.table !== null);
  const routes = [...new Set(held.map(({ family, table }) => `${family} ${table}`))]
    .flatMap((key) => {
      const [family, table] = key.split(" ").map(Number) as [4 | 6, number];
      return routesOf(family, table, tables.get(table) ?? null);
    });
  const detours = findDetours(pvds, held, tables);
  if (detours.left > 0) {
    notices.push(
      `${detours.left} specific routes through other routers are left as they are: more than ${DETOURS_MAX} would slow ` +
        "every packet down",
    );
  }
  const rules = [
    ...held.flatMap(({ family, prefix, table }) => sourceRules(family, prefix.text, table)),
    ...detours.rules,
  ];
  return {
    changes: difference(state, routes, rules),
    notices,
    unattributed: [
      ...new Set(sources.filter((s) => isUnattributed(s)).map((s) => s.prefix.text)),
    ],
  };
}

/** The changes that take away all that is ours. */
export function planRemoval(state: RouteState): PolicyChange[] {
  return difference(state, [], []);
}

// ── Tables ──

/** The next hops of now, by the table that is each one's. */
type Tables = Map<number, Nexthop>;

/** Gives every next hop a table: the one that holds it, else a number made of its name that nobody else has. */
function assignTables(pvds: PvdInfo[], state: RouteState): Tables {
  const tables: Tables = new Map();
  const waiting = new Map<string, Nexthop>();
  for (const pvd of pvds) {
    for (const family of [6, 4] as const) {
      for (const nexthop of nexthopsOf(pvd, family)) waiting.set(nameOf(nexthop), nexthop);
    }
  }
  for (const { table, nexthop } of state.routes) {
    if (!nexthop || tables.has(table) || state.isForeign(table)) continue;
    const current = waiting.get(nameOf(nexthop));
    if (!current || current.interface.index !== nexthop.interface.index) continue;
    tables.set(table, current);
    waiting.delete(nameOf(nexthop));
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

function nameOf({ interface: { name }, gateway }: Nexthop): string {
  return `${gateway ?? ""}%${name}`;
}

function tableOf(tables: Tables, nexthop: Nexthop): number {
  for (const [table, own] of tables) if (nameOf(own) === nameOf(nexthop)) return table;
  throw new Error(`No table for ${nameOf(nexthop)}`);
}

/** The default routes of a PvD, the preferred first. */
function nexthopsOf(pvd: PvdInfo, family: 4 | 6): Nexthop[] {
  const defaults = pvd.routes.filter(({ destination }) => destination === DEFAULTS[family]);
  const has = (gateway: string | null) => defaults.some((route) => route.gateway === gateway);
  const gateways: (string | null)[] = pvd.gateways.map(({ address }) => address).filter(has);
  if (has(null)) gateways.push(null);
  return gateways.map((gateway) => ({ interface: pvd.interface, gateway }));
}

const DEFAULTS = { 4: "0.0.0.0/0", 6: "::/0" } as const;

// ── Source addresses ──

/** A parsed "address/length", for it is held against many addresses. */
interface Prefix {
  text: string;
  bytes: Uint8Array;
  prefixLength: number;
}

function prefixOf(bytes: Uint8Array, prefixLength: number): Prefix {
  const network = networkOf(bytes, prefixLength);
  return { text: `${formatAddress(network)}/${prefixLength}`, bytes: network, prefixLength };
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
  interface: string;
  table: number | null;
  /** Why there is no table, or not the one that the PvD would have it in. */
  why: "unattributed" | "no gateway" | "which gateway" | "kept" | "on no link" | null;
}

function isUnattributed({ table, why }: Source): boolean {
  return table === null && why === "unattributed";
}

function findSources(pvds: PvdInfo[], state: RouteState, tables: Tables): Source[] {
  const before = rulesBefore(state);
  const sources: Source[] = [];
  const placed = new Set<string>();
  for (const pvd of pvds) {
    for (const address of pvd.addresses) {
      const { bytes } = parseAddress(address.address)!;
      if (isLinkLocal(bytes) || isLoopback(bytes)) continue;
      placed.add(formatAddress(bytes));
      sources.push(findSource(pvd, address, bytes, ruleOf(before, bytes), tables));
    }
  }
  // An address whose link is down, or that is in no PvD for some other reason, stays where it was.
  for (const bytes of state.addresses) {
    const rule = ruleOf(before, bytes);
    if (!rule || placed.has(formatAddress(bytes))) continue;
    const family = bytes.length === 4 ? 4 : 6;
    sources.push({ family, bytes, ...rule, interface: "", why: "on no link" });
  }
  return sources;
}

function findSource(
  pvd: PvdInfo,
  address: PvdAddress,
  bytes: Uint8Array,
  before: PrefixTable | undefined,
  tables: Tables,
): Source {
  const { nexthop, sure, why } = chooseNexthop(pvd, address, bytes);
  const table = nexthop ? tableOf(tables, nexthop) : null;
  const source = { family: address.family, bytes, interface: pvd.interface.name };
  if (before && before.table === table) return { ...source, ...before, why };
  if (before && !sure) return { ...source, ...before, why: why ?? "kept" };
  return { ...source, prefix: selectingPrefix(pvd, address, bytes), table, why };
}

/** The prefix and table of a rule. */
interface PrefixTable {
  prefix: Prefix;
  table: number;
}

/** The rules of ours by which prefixes look into tables now, the longest prefixes first. */
function rulesBefore({ rules }: RouteState): PrefixTable[] {
  return rules.filter(({ priority }) => priority === PRIORITY_TABLE).map(({ from, table }) => {
    const { bytes, prefixLength } = parsePrefix(from)!;
    return { prefix: prefixOf(bytes, prefixLength), table };
  }).sort((a, b) => b.prefix.prefixLength - a.prefix.prefixLength);
}

function ruleOf(before: PrefixTable[], bytes: Uint8Array): PrefixTable | undefined {
  return before.find(({ prefix }) => holds(prefix, bytes));
}

interface Choice {
  nexthop: Nexthop | null;
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
const TELLING: ReadonlySet<string> = new Set(["router-advertisement", "systemd-networkd", "rule"]);

/** The prefix of an address where all of it is on the link and so the PvD's, else the address alone. */
function selectingPrefix(pvd: PvdInfo, { prefixLength }: PvdAddress, bytes: Uint8Array): Prefix {
  const prefix = prefixOf(bytes, prefixLength);
  const onLink = pvd.routes.some(({ destination, gateway }) =>
    destination === prefix.text && gateway === null
  );
  return onLink && prefixLength > 0 ? prefix : prefixOf(bytes, bytes.length * 8);
}

// ── Selectors ──

/** A source prefix and its table. */
interface Selector {
  family: 4 | 6;
  prefix: Prefix;
  /** Null: no rule, for it is somebody's whose packets are to go as they do. */
  table: number | null;
  notice?: string;
}

interface Held extends Selector {
  table: number;
}

/**
 * The prefixes of all addresses, none of which selects an address of another table: where one would, its own
 * addresses are selected one by one.
 */
function selectPrefixes(sources: Source[]): Selector[] {
  const selectors = new Map<string, Selector>();
  for (const { family, bytes, prefix: wide, table } of sources) {
    const selectsOthers = sources.some((other) =>
      other.table !== table && holds(wide, other.bytes)
    );
    const prefix = selectsOthers ? prefixOf(bytes, bytes.length * 8) : wide;
    const same = selectors.get(prefix.text);
    if (!same) selectors.set(prefix.text, { family, prefix, table });
    if (!same || same.table === table) continue;
    same.table = null;
    same.notice =
      `${prefix.text} has no table: several PvDs hold the address, and a source cannot tell them apart`;
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
  for (const { prefix: { text }, interface: link, table, why } of sources) {
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
    } else if (why === "which gateway") {
      notices.add(
        `${text} has no table: ${link} has several gateways, none of them in its subnet`,
      );
    }
  }
  return [...notices];
}

// ── Routes and rules ──

function routesOf(family: 4 | 6, table: number, nexthop: Nexthop | null): PolicyRoute[] {
  const backstop: PolicyRoute = { kind: "route", family, table, nexthop: null };
  return nexthop ? [backstop, { ...backstop, nexthop }] : [backstop];
}

/** More rules would be walked by every packet of the host. */
const DETOURS_MAX = 64;

/**
 * Rules around main's specific routes through the routers of other PvDs. Other routers (of a VPN, of another subnet
 * behind the link) are the host's own business and stay.
 */
function findDetours(
  pvds: PvdInfo[],
  selectors: Held[],
  tables: Tables,
): { rules: PolicyRule[]; left: number } {
  const routers = new Set([...tables.values()].map(nameOf));
  for (const { router, interface: link } of pvds) {
    if (router !== null) routers.add(nameOf({ interface: link, gateway: router }));
  }
  const rules = new Map<string, PolicyRule[]>();
  for (const { routes, interface: link } of pvds) {
    for (const { destination, gateway } of routes) {
      const to = parsePrefix(destination);
      if (!to || to.prefixLength === 0 || gateway === null) continue;
      const name = nameOf({ interface: link, gateway });
      if (!routers.has(name)) continue;
      for (const { family, prefix, table } of selectors) {
        const own = tables.get(table);
        if (family !== to.family || (own && nameOf(own) === name)) continue;
        if (holds(prefix, parseAddress(gateway)!.bytes)) continue;
        rules.set(
          `${prefix.text} ${destination}`,
          detourRules(family, prefix.text, destination, table),
        );
      }
    }
  }
  const wanted = [...rules.keys()].sort();
  return {
    rules: wanted.slice(0, DETOURS_MAX).flatMap((key) => rules.get(key)!),
    left: Math.max(0, wanted.length - DETOURS_MAX),
  };
}

/**
 * From what is there to what is wanted, in an order in which no packet finds a table without its backstop: tables are
 * filled before a rule names them, and emptied after the last one has gone.
 */
function difference(
  state: RouteState,
  routes: PolicyRoute[],
  rules: PolicyRule[],
): PolicyChange[] {
  const before = new Map(
    [...state.routes, ...state.rules].map((target) => [keyOf(target), target]),
  );
  const after = new Map([...routes, ...rules].map((target) => [keyOf(target), target]));
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
function keyOf(target: PolicyRoute | PolicyRule): string {
  if (target.kind === "route") {
    return `${target.family} ${target.table} ${target.nexthop ? "gateway" : "backstop"}`;
  }
  const { family, priority, from, to, table, suppress } = target;
  return [family, priority, from, to, table, suppress].join(" ");
}

/** What may differ under one key. */
function detailOf(target: PolicyRoute | PolicyRule): string {
  if (target.kind === "rule" || !target.nexthop) return "";
  return `${target.nexthop.gateway} ${target.nexthop.interface.index}`;
}

function rankOf({ operation, target }: PolicyChange): number {
  if (target.kind === "route") {
    const isBackstop = target.nexthop === null;
    if (operation === "remove") return isBackstop ? 7 : 6;
    return isBackstop ? 0 : 1;
  }
  // Main must not be asked for specific routes where the table behind is not asked too.
  const isOfMain = target.table === linux.RT_TABLE_MAIN;
  if (operation === "remove") return isOfMain ? 5 : 4;
  return isOfMain ? 3 : 2;
}
