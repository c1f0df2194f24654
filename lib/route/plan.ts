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

import { parsePrefix, prefixContains } from "../ip/address.ts";
import type { PvdInfo } from "../pvd/pvd.ts";
import { autoconfigure, type OwnAddress } from "./autoconfigure.ts";
import { difference } from "./difference.ts";
import {
  type PolicyChange,
  type PolicyRoute,
  type PolicyRule,
  sourceRules,
  stopRule,
} from "./policy.ts";
import {
  explain,
  findSources,
  type Held,
  isUnattributed,
  selectPrefixes,
  withoutConflicts,
} from "./sources.ts";
import { findRoutes } from "./table_routes.ts";
import { assignTables } from "./tables.ts";

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
