/**
 * The steps from what is there to what is wanted, in a safe order. Pure.
 *
 * @module
 */

import type { RouteState } from "./plan.ts";
import { DEFAULTS, type PolicyChange, type PolicyTarget } from "./policy.ts";

/**
 * From what is there to what is wanted, in an order in which no packet of a source that has a table goes by another:
 * tables are filled before a rule leads to them, a source has its new rules before it loses its old ones, and it is
 * stopped after it was led and longer. An address of ours comes after its rules, and goes while it is stopped.
 */
export function difference(state: RouteState, wanted: PolicyTarget[]): PolicyChange[] {
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
export function keyOf(target: PolicyTarget): string {
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
