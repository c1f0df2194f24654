/**
 * What this host has of ours, and the PvDs as they are without it.
 *
 * Our own tables and rules say what was decided before, so they are no evidence for deciding again: the PvDs here are
 * those of a host on which nothing was installed.
 *
 * @module
 */

import { linux, type RouteRecord } from "../../ffi/layout.gen.ts";
import { formatAddress } from "../ip/address.ts";
import { OWN_PROTOCOL } from "../netlink/change.ts";
import { interfaceName, recordAddress, refuses } from "../netlink/records.ts";
import { type KernelSnapshot, readRoutes } from "../netlink/snapshot.ts";
import { groupPvds } from "../pvd/group.ts";
import { readHost } from "../pvd/host.ts";
import type { PvdInfo } from "../pvd/pvd.ts";
import type { RouteState } from "./plan.ts";
import { identifierMaker } from "./own_identifier.ts";
import { readPolicyAddress, readPolicyRoute, readPolicyRule } from "./policy.ts";

/** One reading of the host. */
export interface HostRoutes {
  pvds: PvdInfo[];
  state: RouteState;
}

/** Reads the host; throws as `readSnapshot` does. */
export function readHostRoutes(): HostRoutes {
  const host = readHost();
  const { kernel } = host;
  const state = readState(kernel);
  const foreign: KernelSnapshot = {
    ...kernel,
    rules: kernel.rules.filter((rule) => !readPolicyRule(rule)),
    routes: kernel.routes.filter((route) => !readPolicyRoute(route, String)),
  };
  return { pvds: groupPvds({ ...host, kernel: foreign }).map(({ pvd }) => pvd), state };
}

function readState(kernel: KernelSnapshot): RouteState {
  const names = new Map(kernel.links.map(({ index, name }) => [index, interfaceName(name)]));
  const nameOf = (index: number) => names.get(index) ?? `if${index}`;
  const vrfs = new Set(
    kernel.links.filter(({ vrfTable }) => vrfTable !== 0).map(({ index }) => index),
  );
  const named = new Set<number>();
  const state: RouteState = {
    // Also those in tables that no rule names any more, or not yet.
    routes: readRoutes({ protocol: OWN_PROTOCOL })
      .flatMap((record) => readPolicyRoute(record, nameOf) ?? []),
    rules: [],
    addresses: kernel.addresses.map((record) => ({
      interface: record.interface,
      bytes: recordAddress(record.address, record.family),
    })),
    ownAddresses: kernel.addresses.flatMap((record) => {
      const target = readPolicyAddress(record, nameOf);
      return target ? [{ target, isDuplicate: (record.flags & linux.IFA_F_DADFAILED) !== 0 }] : [];
    }),
    // Every host has one of the kernel's own: ::1.
    marksAddresses: kernel.addresses.some(({ protocol }) => protocol !== 0),
    interfaceIdentifier: identifierMaker(kernel.links),
    vrfInterfaces: new Set(
      kernel.links.filter(({ master }) => vrfs.has(master)).map(({ index }) => index),
    ),
    refused: kernel.routes.flatMap(refusedDestination),
    isForeign: memoized((table) =>
      named.has(table) || readRoutes({ table }).some((route) => !readPolicyRoute(route, nameOf))
    ),
  };
  for (const record of kernel.rules) {
    const rule = readPolicyRule(record);
    if (rule) state.rules.push(rule);
    else named.add(record.table);
  }
  for (const { vrfTable } of kernel.links) named.add(vrfTable);
  return state;
}

/** What a route of main refuses, but for all that has no other route. */
function refusedDestination(route: RouteRecord): string[] {
  const { family, table, destinationLength } = route;
  if (table !== linux.RT_TABLE_MAIN || !refuses(route) || destinationLength === 0) return [];
  return [`${formatAddress(recordAddress(route.destination, family))}/${destinationLength}`];
}

function memoized(ask: (table: number) => boolean): (table: number) => boolean {
  const answers = new Map<number, boolean>();
  return (table) => {
    const known = answers.get(table) ?? ask(table);
    answers.set(table, known);
    return known;
  };
}
