/**
 * The routing tables of the PvDs' routers: which number is whose. Pure.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { PvdInfo } from "../pvd/pvd.ts";
import type { RouteState } from "./plan.ts";
import { DEFAULTS, type Nexthop, TABLE_COUNT, TABLE_FIRST } from "./policy.ts";

/** The next hops of now, by the table that is each one's. */
export type Tables = Map<number, Nexthop>;

/** Gives every next hop a table: the one that holds it, else a number made of its name that nobody else has. */
export function assignTables(pvds: PvdInfo[], state: RouteState): Tables {
  const tables: Tables = new Map();
  const waiting = new Map<string, Nexthop>();
  for (const pvd of pvds) {
    for (const family of [6, 4] as const) {
      for (const nexthop of nexthopsOf(pvd, family)) waiting.set(nameOf(nexthop), nexthop);
    }
  }
  for (const { table, family, destination, nexthop } of state.routes) {
    if (!nexthop || destination !== DEFAULTS[family]) continue;
    if (tables.has(table) || state.isForeign(table)) continue;
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

/** The table that a next hop was given. */
export function tableOf(tables: Tables, nexthop: Nexthop): number {
  for (const [table, own] of tables) if (nameOf(own) === nameOf(nexthop)) return table;
  throw new Error(`No table for ${nameOf(nexthop)}`);
}

/** The default routes of a PvD, the preferred first. */
export function nexthopsOf(pvd: PvdInfo, family: 4 | 6): Nexthop[] {
  const defaults = pvd.routes.filter(({ destination }) => destination === DEFAULTS[family]);
  const has = (gateway: string | null) => defaults.some((route) => route.gateway === gateway);
  const gateways: (string | null)[] = pvd.gateways.map(({ address }) => address).filter(has);
  if (has(null)) gateways.push(null);
  return gateways.map((gateway) => ({ interface: pvd.interface, gateway }));
}
