/**
 * The routes and rules this package makes: what they are, how the kernel holds them, how ip(8) names them.
 *
 * All carry one protocol number, stand in tables of one range and have priorities of one range. Only what has all
 * three is ours: nothing else is ever changed.
 *
 * @module
 */

import { Kind, linux, NEVER, RouteRecord, RuleRecord } from "../../ffi/layout.gen.ts";
import { formatAddress, parseAddress, parsePrefix } from "../ip/address.ts";
import type { ChangeOperation } from "../netlink/change.ts";
import { recordAddress } from "../netlink/records.ts";

/**
 * rtm_protocol and FRA_PROTOCOL of all that is ours. No number below 256 is registered with anybody; 88 is in neither
 * linux/rtnetlink.h nor iproute2's rt_protos.
 */
export const ROUTE_PROTOCOL = 88;

/** Our tables: ten digits, the first of them 1. */
export const TABLE_FIRST = 1_000_000_000;
export const TABLE_COUNT = 1_000_000_000;

/** Of the default route in a table of ours. */
const GATEWAY_METRIC = 1024;
/** Of the backstop: behind every other route. */
const BACKSTOP_METRIC = 4278198272;

/** A rule "from PREFIX lookup TABLE". */
export const PRIORITY_TABLE = 28803;
/** A rule "from PREFIX lookup main suppress_prefixlength 0": what is on a link, or routed specifically. */
export const PRIORITY_SPECIFIC = 28802;
/** Pairs of rules for destinations that main routes through somebody else's router; the longest prefixes first. */
const PRIORITY_DETOUR_FIRST = 28500;
const PRIORITY_DETOUR_LAST = PRIORITY_DETOUR_FIRST + 2 * 128 + 1;

/** Where packets go next: a router on a link, or the link itself where it needs none. */
export interface Nexthop {
  interface: { index: number; name: string };
  /** RFC 5952 text. An IPv4 route may go through an IPv6 router. */
  gateway: string | null;
}

/** A default route of ours. */
export interface PolicyRoute {
  kind: "route";
  family: 4 | 6;
  table: number;
  /** Null is the backstop: nothing leaves. */
  nexthop: Nexthop | null;
}

/** A rule of ours. */
export interface PolicyRule {
  kind: "rule";
  family: 4 | 6;
  priority: number;
  /** "address/length" of the source. */
  from: string;
  /** "address/length" of the destination, null for any. */
  to: string | null;
  table: number;
  /** Routes of this prefix length or less are not taken; -1 for none. */
  suppress: number;
}

/** One step of a plan. */
export interface PolicyChange {
  operation: ChangeOperation;
  target: PolicyRoute | PolicyRule;
}

/** Whether a table's number is in our range. */
export function isOurTable(table: number): boolean {
  return table >= TABLE_FIRST && table < TABLE_FIRST + TABLE_COUNT;
}

/** The rules by which packets from a prefix look into a table, after what main knows specifically. */
export function sourceRules(family: 4 | 6, from: string, table: number): PolicyRule[] {
  const rule = { kind: "rule", family, from, to: null } as const;
  return [
    { ...rule, priority: PRIORITY_TABLE, table, suppress: -1 },
    { ...rule, priority: PRIORITY_SPECIFIC, table: linux.RT_TABLE_MAIN, suppress: 0 },
  ];
}

/** The rules by which packets from a prefix ignore main's route to a destination, but not its longer ones. */
export function detourRules(family: 4 | 6, from: string, to: string, table: number): PolicyRule[] {
  const { prefixLength } = parsePrefix(to)!;
  const priority = PRIORITY_DETOUR_FIRST + 2 * (128 - prefixLength);
  const rule = { kind: "rule", family, from, to } as const;
  return [
    { ...rule, priority: priority + 1, table, suppress: -1 },
    { ...rule, priority, table: linux.RT_TABLE_MAIN, suppress: prefixLength },
  ];
}

/** The route that a record holds where it is ours, else null. */
export function readPolicyRoute(
  record: RouteRecord,
  interfaceName: (index: number) => string,
): PolicyRoute | null {
  const { family, table, type, priority } = record;
  if (record.protocol !== ROUTE_PROTOCOL || !isOurTable(table)) return null;
  if ((family !== 4 && family !== 6) || record.nexthopId !== 0) return null;
  if (record.destinationLength !== 0 || record.sourceLength !== 0) return null;
  if (type === linux.RTN_UNREACHABLE && priority === BACKSTOP_METRIC) {
    return { kind: "route", family, table, nexthop: null };
  }
  if (type !== linux.RTN_UNICAST || priority !== GATEWAY_METRIC) return null;
  const gateway = record.gatewayFamily === 0
    ? null
    : formatAddress(recordAddress(record.gateway, record.gatewayFamily));
  const link = { index: record.interface, name: interfaceName(record.interface) };
  return { kind: "route", family, table, nexthop: { interface: link, gateway } };
}

/** The rule that a record holds where it is ours, else null. */
export function readPolicyRule(record: RuleRecord): PolicyRule | null {
  const { family, table, priority } = record;
  if (record.protocol !== ROUTE_PROTOCOL || (family !== 4 && family !== 6)) return null;
  if (record.action !== linux.FR_ACT_TO_TBL || record.flags !== 0) return null;
  if ((record.mark | record.mask | record.tos | record.l3mdev | record.narrowed) !== 0) return null;
  if (record.inputInterface[0] !== 0 || record.outputInterface[0] !== 0) return null;
  const isDetour = priority >= PRIORITY_DETOUR_FIRST && priority <= PRIORITY_DETOUR_LAST;
  if (!isDetour && priority !== PRIORITY_SPECIFIC && priority !== PRIORITY_TABLE) return null;
  if (isDetour !== (record.destinationLength > 0) || record.sourceLength === 0) return null;
  if (table !== linux.RT_TABLE_MAIN && !isOurTable(table)) return null;
  const text = (bytes: Uint8Array, length: number) =>
    `${formatAddress(recordAddress(bytes, family))}/${length}`;
  return {
    kind: "rule",
    family,
    priority,
    from: text(record.source, record.sourceLength),
    to: isDetour ? text(record.destination, record.destinationLength) : null,
    table,
    suppress: record.suppressPrefixLength,
  };
}

/** The record by which the kernel is told. */
export function writePolicy(target: PolicyRoute | PolicyRule): Uint8Array {
  return target.kind === "route" ? writeRoute(target) : writeRule(target);
}

function writeRoute({ family, table, nexthop }: PolicyRoute): Uint8Array {
  const bytes = new Uint8Array(RouteRecord.SIZE);
  const record = new RouteRecord(new DataView(bytes.buffer), 0);
  record.kind = Kind.route;
  record.size = RouteRecord.SIZE;
  record.family = family;
  record.table = table;
  record.protocol = ROUTE_PROTOCOL;
  record.expiresSeconds = NEVER;
  record.type = nexthop ? linux.RTN_UNICAST : linux.RTN_UNREACHABLE;
  record.priority = nexthop ? GATEWAY_METRIC : BACKSTOP_METRIC;
  if (!nexthop) return bytes;
  record.interface = nexthop.interface.index;
  if (nexthop.gateway === null) {
    if (family === 4) record.scope = linux.RT_SCOPE_LINK;
    return bytes;
  }
  const gateway = parseAddress(nexthop.gateway)!;
  record.gatewayFamily = gateway.family;
  record.gateway.set(gateway.bytes);
  // A router is on its link, whatever the addresses there say.
  record.flags = linux.RTNH_F_ONLINK;
  return bytes;
}

function writeRule({ family, priority, from, to, table, suppress }: PolicyRule): Uint8Array {
  const bytes = new Uint8Array(RuleRecord.SIZE);
  const record = new RuleRecord(new DataView(bytes.buffer), 0);
  record.kind = Kind.rule;
  record.size = RuleRecord.SIZE;
  record.family = family;
  record.priority = priority;
  record.table = table;
  record.protocol = ROUTE_PROTOCOL;
  record.action = linux.FR_ACT_TO_TBL;
  record.suppressPrefixLength = suppress;
  const source = parsePrefix(from)!;
  record.source.set(source.bytes);
  record.sourceLength = source.prefixLength;
  if (to !== null) {
    const destination = parsePrefix(to)!;
    record.destination.set(destination.bytes);
    record.destinationLength = destination.prefixLength;
  }
  return bytes;
}

const VERBS: Record<ChangeOperation, string> = { add: "add", replace: "replace", remove: "del" };

/** The change as a command of ip(8) that does the same. */
export function describeChange({ operation, target }: PolicyChange): string {
  const verb = VERBS[operation];
  const tag = `protocol ${ROUTE_PROTOCOL}`;
  if (target.kind === "rule") {
    const { family, priority, from, to, table, suppress } = target;
    const words = [
      `ip -${family} rule ${verb} from ${from}`,
      to === null ? "" : `to ${to}`,
      `lookup ${table === linux.RT_TABLE_MAIN ? "main" : table}`,
      suppress < 0 ? "" : `suppress_prefixlength ${suppress}`,
      `priority ${priority} ${tag}`,
    ];
    return words.filter((word) => word !== "").join(" ");
  }
  const { family, table, nexthop } = target;
  if (!nexthop) {
    return `ip -${family} route ${verb} unreachable default table ${table} metric ${BACKSTOP_METRIC} ${tag}`;
  }
  const inet6 = family === 4 && nexthop.gateway?.includes(":") ? "inet6 " : "";
  const words = [
    `ip -${family} route ${verb} default`,
    nexthop.gateway === null ? "" : `via ${inet6}${nexthop.gateway}`,
    `dev ${nexthop.interface.name}`,
    nexthop.gateway === null ? "" : "onlink",
    `table ${table} metric ${GATEWAY_METRIC} ${tag}`,
  ];
  return words.filter((word) => word !== "").join(" ");
}
