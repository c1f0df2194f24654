/**
 * The source addresses of a host: which table each one's packets are to look into, by which prefixes rules select them,
 * and what is to be said of those that have none. Pure.
 *
 * @module
 */

import {
  formatAddress,
  isLinkLocal,
  isLoopback,
  parseAddress,
  prefixContains,
} from "../ip/address.ts";
import type { PvdAddress, PvdInfo } from "../pvd/pvd.ts";
import type { RouteState } from "./plan.ts";
import { holds, type Prefix, prefixOf } from "./prefix.ts";
import { type PrefixTable, ruleOf, rulesBefore } from "./source_rules.ts";
import { nexthopsOf, tableOf, type Tables, type Way } from "./tables.ts";

/** One address of the host and the table its packets are to look into. */
export interface Source {
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

/** Whether nothing says which router gave it. */
export function isUnattributed({ table, why }: Source): boolean {
  return table === null && why === "unattributed";
}

/** The addresses of the PvDs, and those in none that have a table all the same. */
export function findSources(pvds: PvdInfo[], state: RouteState, tables: Tables): Source[] {
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

/** A source prefix and its table. */
export interface Held {
  family: 4 | 6;
  prefix: Prefix;
  table: number;
}

/**
 * A source cannot tell PvDs apart that hold the same address: it gets no table. But where several routers announce one
 * explicit PvD any of them will do: the one it goes by already, else the first.
 */
export function withoutConflicts(sources: Source[], state: RouteState): Source[] {
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
export function selectPrefixes(sources: Source[]): Held[] {
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

/** Sentences for people: which addresses have no table or a closed one, and why. */
export function explain(sources: Source[], tables: Tables): string[] {
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
