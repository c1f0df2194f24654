/**
 * The routing tables of the PvDs' routers: which number is whose. Pure.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { parseAddress } from "../ip/address.ts";
import type { PvdInfo } from "../pvd/pvd.ts";
import type { RouteState } from "./plan.ts";
import { DEFAULTS, type Nexthop, TABLE_COUNT, TABLE_FIRST } from "./policy.ts";
import { ruleOf, rulesBefore } from "./source_rules.ts";

/** A next hop that has a table. */
export interface Way extends Nexthop {
  /** The ID of the PvD whose specific routes it leads to; null where it is a default router. */
  only: string | null;
}

/** The next hops of now, by the table that is each one's. */
export type Tables = Map<number, Way>;

/** Gives every next hop a table: the one that holds it, else a number made of its name that nobody else has. */
export function assignTables(pvds: PvdInfo[], state: RouteState): Tables {
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

/** The table that a next hop was given. */
export function tableOf(tables: Tables, way: Way): number {
  for (const [table, own] of tables) if (nameOf(own) === nameOf(way)) return table;
  throw new Error(`No table for ${nameOf(way)}`);
}

/** The default routes of a PvD, the preferred first; where it has none, but routes through its router, that one. */
export function nexthopsOf(pvd: PvdInfo, family: 4 | 6): Way[] {
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
