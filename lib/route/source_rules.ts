/**
 * The rules of ours by which source prefixes look into tables, as they are before a change. Pure.
 *
 * @module
 */

import { parsePrefix } from "../ip/address.ts";
import type { RouteState } from "./plan.ts";
import { tableOfSource } from "./policy.ts";
import { holds, type Prefix, prefixOf } from "./prefix.ts";

/** The prefix and table of a rule. */
export interface PrefixTable {
  prefix: Prefix;
  table: number;
}

/** The rules of ours by which prefixes look into tables now, the longest prefixes first. */
export function rulesBefore({ rules }: RouteState): PrefixTable[] {
  return rules.flatMap((rule) => {
    const table = tableOfSource(rule);
    if (table === null) return [];
    const { bytes, prefixLength } = parsePrefix(rule.from)!;
    return [{ prefix: prefixOf(bytes, prefixLength), table }];
  }).sort((a, b) => b.prefix.prefixLength - a.prefix.prefixLength);
}

/** The one that an address is selected by. */
export function ruleOf(before: PrefixTable[], bytes: Uint8Array): PrefixTable | undefined {
  return before.find(({ prefix }) => holds(prefix, bytes));
}
