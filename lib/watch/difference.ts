/**
 * What is different between two looks at a host's PvDs, as events. Pure.
 *
 * @module
 */

import type { PvdInfo } from "../pvd/pvd.ts";

/**
 * One thing that is now, or is now otherwise.
 *
 * - `"added"`: a PvD that was not there before.
 * - `"changed"`: something of it is otherwise: addresses, gateways, servers, routes and so on. Seconds that count down, or
 *   that a router has set anew, are no change; that they have run out, or have no end any more, is one.
 * - `"removed"`: it is gone; `pvd` is what it was last.
 * - `"default"`: another PvD than before is the one that the system takes for what names none, or, with null, none is.
 *   It comes once behind the PvDs that were there at first, also where it is null: what is before it is the current set.
 */
export type PvdEvent =
  | { type: "added" | "changed" | "removed"; pvd: PvdInfo }
  | { type: "default"; pvd: PvdInfo | null };

/** The PvDs of one moment. */
export interface KnownPvds {
  /** By instance: interface, router and ID. */
  readonly instances: ReadonlyMap<string, KnownPvd>;
  /** The key of the system's default; null where there is none. */
  readonly defaultKey: string | null;
}

interface KnownPvd {
  readonly pvd: PvdInfo;
  /** The same text as long as nothing but seconds is otherwise. */
  readonly state: string;
}

/** Makes a list, the best first, comparable. */
export function knownPvds(pvds: readonly PvdInfo[]): KnownPvds {
  const instances = new Map<string, KnownPvd>();
  let defaultKey: string | null = null;
  for (const pvd of pvds) {
    const key = keyOf(pvd);
    instances.set(key, { pvd, state: stateOf(pvd) });
    if (defaultKey === null && hasDefaultRoute(pvd)) defaultKey = key;
  }
  return { instances, defaultKey };
}

/**
 * The events that lead from one set to another: those that are gone, then those that came or changed, the best first, then
 * the default. From null: the whole set, and always the default.
 */
export function differences(before: KnownPvds | null, after: KnownPvds): PvdEvent[] {
  const events: PvdEvent[] = [];
  for (const [key, { pvd }] of before?.instances ?? []) {
    if (!after.instances.has(key)) events.push({ type: "removed", pvd });
  }
  for (const [key, { pvd, state }] of after.instances) {
    const known = before?.instances.get(key);
    if (!known) events.push({ type: "added", pvd });
    else if (known.state !== state) events.push({ type: "changed", pvd });
  }
  if (before === null || before.defaultKey !== after.defaultKey) {
    const pvd = after.defaultKey === null ? null : after.instances.get(after.defaultKey)!.pvd;
    events.push({ type: "default", pvd });
  }
  return events;
}

function keyOf({ interface: link, router, kind, id }: PvdInfo): string {
  return `${link.index} ${router} ${kind} ${id}`;
}

function hasDefaultRoute({ routes }: PvdInfo): boolean {
  return routes.some(({ destination }) => destination === "::/0" || destination === "0.0.0.0/0");
}

function stateOf(pvd: PvdInfo): string {
  // The kernel takes an address away by itself when its time is over.
  const addresses = pvd.addresses.map((address) => ({
    ...address,
    validSeconds: address.validSeconds === null ? null : 1,
  }));
  return JSON.stringify({ ...pvd, addresses }, comparable);
}

function comparable(name: string, value: unknown): unknown {
  // What a router announces ends by its lifetime: that it still runs is all that counts.
  if (name.endsWith("Seconds")) return typeof value === "number" && value > 0 ? 1 : value;
  // Who of us heard it first is a matter of chance.
  const tellsWho = name === "source" || name === "attribution";
  return tellsWho && value === "mif-daemon" ? "router-advertisement" : value;
}
