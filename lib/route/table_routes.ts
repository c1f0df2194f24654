/**
 * What the routing tables of the PvDs' routers hold: all that their sources may reach. Pure.
 *
 * @module
 */

import { isLinkLocal, parseAddress, parsePrefix } from "../ip/address.ts";
import type { PvdAddress, PvdInfo } from "../pvd/pvd.ts";
import { keyOf } from "./difference.ts";
import { DEFAULTS, type Nexthop, type PolicyRoute } from "./policy.ts";
import { holds, type Prefix, prefixOf } from "./prefix.ts";
import type { Held, Source } from "./sources.ts";
import { nexthopsOf, tableOf, type Tables } from "./tables.ts";

/** What the tables that rules lead to are to hold. */
export function findRoutes(
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
