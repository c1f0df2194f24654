/**
 * The routes, rules and addresses this package makes: what they are, how the kernel holds them, how ip(8) names them.
 *
 * All carry one protocol number; routes stand in tables of one range and rules have priorities of one range. Only what
 * has all of that is ours: nothing else is ever changed.
 *
 * @module
 */

import {
  AddressRecord,
  Kind,
  linux,
  NEVER,
  RouteRecord,
  RuleRecord,
} from "../../ffi/layout.gen.ts";
import { formatAddress, parseAddress, parsePrefix } from "../ip/address.ts";
import { type ChangeOperation, OWN_PROTOCOL } from "../netlink/change.ts";
import { interfaceName, recordAddress } from "../netlink/records.ts";

/** Our tables: ten digits, the first of them 1. */
export const TABLE_FIRST = 1_000_000_000;
export const TABLE_COUNT = 1_000_000_000;

/** Of every route that leads somewhere. */
const WAY_METRIC = 1024;
/** Of every route that leads nowhere: behind those that do. */
const REFUSAL_METRIC = 4278198272;

/**
 * A rule "from PREFIX iif lo lookup TABLE". "iif lo" is what this host itself sends (ip-rule(8)): what it forwards for
 * its neighbours may carry the same source prefix and is none of ours.
 */
const PRIORITY_TABLE = 28400;
/** A rule "from PREFIX iif lo unreachable": what the table does not know goes nowhere. */
const PRIORITY_REFUSAL = 28401;
/** The layout before this one had its rules behind these, up to here. They are ours still, to take away. */
const PRIORITY_LAST = 28803;

const LOOPBACK = "lo";

/** Where packets go next: a router on a link, or the link itself where it needs none. */
export interface Nexthop {
  interface: { index: number; name: string };
  /** RFC 5952 text. An IPv4 route may go through an IPv6 router. */
  gateway: string | null;
}

/** A route of ours. */
export interface PolicyRoute {
  kind: "route";
  family: 4 | 6;
  table: number;
  /** "address/length". */
  destination: string;
  /** Null: nothing leaves. */
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
  /** Whether it is only for what this host itself sends. */
  local: boolean;
  /** Null: nothing leaves. */
  table: number | null;
  /** Routes of this prefix length or less are not taken; -1 for none. */
  suppress: number;
}

/** An address of ours, in a prefix that the kernel cannot see. */
export interface PolicyAddress {
  kind: "address";
  family: 6;
  interface: { index: number; name: string };
  /** RFC 5952 text. */
  address: string;
  prefixLength: number;
  /** Null without end. */
  validSeconds: number | null;
}

/** Anything of ours. */
export type PolicyTarget = PolicyRoute | PolicyRule | PolicyAddress;

/** One step of a plan. */
export interface PolicyChange {
  operation: ChangeOperation;
  target: PolicyTarget;
}

/** Whether a table's number is in our range. */
export function isOurTable(table: number): boolean {
  return table >= TABLE_FIRST && table < TABLE_FIRST + TABLE_COUNT;
}

/** Destination of the default route. */
export const DEFAULTS = { 4: "0.0.0.0/0", 6: "::/0" } as const;

/** The rules that hold packets from a prefix to a table: what is not in there does not leave. */
export function sourceRules(family: 4 | 6, from: string, table: number): PolicyRule[] {
  const stop = stopRule(family, from);
  return [{ ...stop, priority: PRIORITY_TABLE, table }, stop];
}

/** The rule that stops packets from a prefix. */
export function stopRule(family: 4 | 6, from: string): PolicyRule {
  const selector = { family, priority: PRIORITY_REFUSAL, from, to: null, local: true };
  return { kind: "rule", ...selector, table: null, suppress: -1 };
}

/** The table of ours that a rule leads all packets of its source prefix to, else null. */
export function tableOfSource({ to, table }: PolicyRule): number | null {
  return to === null && table !== null && isOurTable(table) ? table : null;
}

/** Whether a step takes a source away from where it was led to. */
export function closes({ operation, target }: PolicyChange): boolean {
  return operation === "remove" && target.kind === "rule" && target.table !== null;
}

/** The route that a record holds where it is ours, else null. */
export function readPolicyRoute(
  record: RouteRecord,
  nameOf: (index: number) => string,
): PolicyRoute | null {
  const { family, table, type, priority } = record;
  if (record.protocol !== OWN_PROTOCOL || !isOurTable(table)) return null;
  if ((family !== 4 && family !== 6) || record.nexthopId !== 0) return null;
  if (record.sourceLength !== 0) return null;
  const destination = prefixText(record.destination, family, record.destinationLength);
  const route = { kind: "route", family, table, destination } as const;
  if (type === linux.RTN_UNREACHABLE && priority === REFUSAL_METRIC) {
    return { ...route, nexthop: null };
  }
  if (type !== linux.RTN_UNICAST || priority !== WAY_METRIC) return null;
  const gateway = record.gatewayFamily === 0
    ? null
    : formatAddress(recordAddress(record.gateway, record.gatewayFamily));
  const link = { index: record.interface, name: nameOf(record.interface) };
  return { ...route, nexthop: { interface: link, gateway } };
}

/** The rule that a record holds where it is ours, else null. */
export function readPolicyRule(record: RuleRecord): PolicyRule | null {
  const { family, table, priority, action } = record;
  if (record.protocol !== OWN_PROTOCOL || (family !== 4 && family !== 6)) return null;
  if (priority < PRIORITY_TABLE || priority > PRIORITY_LAST || record.flags !== 0) return null;
  if ((record.mark | record.mask | record.tos | record.l3mdev | record.narrowed) !== 0) return null;
  if (record.outputInterface[0] !== 0 || record.sourceLength === 0) return null;
  const input = interfaceName(record.inputInterface);
  if (input !== "" && input !== LOOPBACK) return null;
  const refuses = action === linux.FR_ACT_UNREACHABLE;
  if (!refuses && action !== linux.FR_ACT_TO_TBL) return null;
  if (!refuses && table !== linux.RT_TABLE_MAIN && !isOurTable(table)) return null;
  const { destinationLength } = record;
  return {
    kind: "rule",
    family,
    priority,
    from: prefixText(record.source, family, record.sourceLength),
    to: destinationLength === 0 ? null : prefixText(record.destination, family, destinationLength),
    local: input === LOOPBACK,
    table: refuses ? null : table,
    suppress: record.suppressPrefixLength,
  };
}

function prefixText(bytes: Uint8Array, family: 4 | 6, length: number): string {
  return `${formatAddress(recordAddress(bytes, family))}/${length}`;
}

/** The address that a record holds where it is ours, else null. Before Linux 5.18 none says whose it is. */
export function readPolicyAddress(
  record: AddressRecord,
  nameOf: (index: number) => string,
): PolicyAddress | null {
  if (record.protocol !== OWN_PROTOCOL || record.family !== 6) return null;
  return {
    kind: "address",
    family: 6,
    interface: { index: record.interface, name: nameOf(record.interface) },
    address: formatAddress(record.address),
    prefixLength: record.prefixLength,
    validSeconds: record.validSeconds === NEVER ? null : record.validSeconds,
  };
}

/** The record by which the kernel is told. */
export function writePolicy(target: PolicyTarget): Uint8Array {
  switch (target.kind) {
    case "route":
      return writeRoute(target);
    case "rule":
      return writeRule(target);
    case "address":
      return writeAddress(target);
  }
}

function writeAddress(target: PolicyAddress): Uint8Array {
  const bytes = new Uint8Array(AddressRecord.SIZE);
  const record = new AddressRecord(new DataView(bytes.buffer), 0);
  record.kind = Kind.address;
  record.size = AddressRecord.SIZE;
  record.family = target.family;
  record.interface = target.interface.index;
  record.prefixLength = target.prefixLength;
  record.protocol = OWN_PROTOCOL;
  // Its prefix is on the link in the PvD's table only.
  record.flags = linux.IFA_F_NOPREFIXROUTE;
  record.validSeconds = target.validSeconds ?? NEVER;
  // Deprecated: the system does not choose it for programs that know no PvDs.
  record.preferredSeconds = 0;
  const address = parseAddress(target.address)!.bytes;
  record.address.set(address);
  record.peer.set(address);
  return bytes;
}

function writeRoute({ family, table, destination, nexthop }: PolicyRoute): Uint8Array {
  const bytes = new Uint8Array(RouteRecord.SIZE);
  const record = new RouteRecord(new DataView(bytes.buffer), 0);
  record.kind = Kind.route;
  record.size = RouteRecord.SIZE;
  record.family = family;
  record.table = table;
  record.protocol = OWN_PROTOCOL;
  record.expiresSeconds = NEVER;
  const to = parsePrefix(destination)!;
  record.destination.set(to.bytes);
  record.destinationLength = to.prefixLength;
  record.type = nexthop ? linux.RTN_UNICAST : linux.RTN_UNREACHABLE;
  record.priority = nexthop ? WAY_METRIC : REFUSAL_METRIC;
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

function writeRule(
  { family, priority, from, to, local, table, suppress }: PolicyRule,
): Uint8Array {
  const bytes = new Uint8Array(RuleRecord.SIZE);
  const record = new RuleRecord(new DataView(bytes.buffer), 0);
  record.kind = Kind.rule;
  record.size = RuleRecord.SIZE;
  record.family = family;
  record.priority = priority;
  record.protocol = OWN_PROTOCOL;
  record.table = table ?? 0;
  record.action = table === null ? linux.FR_ACT_UNREACHABLE : linux.FR_ACT_TO_TBL;
  record.suppressPrefixLength = suppress;
  const source = parsePrefix(from)!;
  record.source.set(source.bytes);
  record.sourceLength = source.prefixLength;
  if (to !== null) {
    const destination = parsePrefix(to)!;
    record.destination.set(destination.bytes);
    record.destinationLength = destination.prefixLength;
  }
  if (local) record.inputInterface.set(new TextEncoder().encode(LOOPBACK));
  return bytes;
}

const VERBS: Record<ChangeOperation, string> = { add: "add", replace: "replace", remove: "del" };

/** The change as a command of ip(8) that does the same. */
export function describeChange({ operation, target }: PolicyChange): string {
  const verb = VERBS[operation];
  const words = wordsOf(target);
  return [
    `ip -${target.family} ${target.kind} ${verb}`,
    ...words.filter((word) => word !== ""),
    target.kind === "address" ? `proto ${OWN_PROTOCOL}` : `protocol ${OWN_PROTOCOL}`,
  ].join(" ");
}

function wordsOf(target: PolicyTarget): string[] {
  switch (target.kind) {
    case "rule":
      return ruleWords(target);
    case "route":
      return routeWords(target);
    case "address":
      return addressWords(target);
  }
}

function addressWords(
  { address, prefixLength, interface: link, validSeconds }: PolicyAddress,
): string[] {
  return [
    `${address}/${prefixLength} dev ${link.name}`,
    `valid_lft ${validSeconds ?? "forever"} preferred_lft 0 noprefixroute`,
  ];
}

function ruleWords({ priority, from, to, local, table, suppress }: PolicyRule): string[] {
  return [
    `from ${from}`,
    to === null ? "" : `to ${to}`,
    local ? `iif ${LOOPBACK}` : "",
    table === null ? "unreachable" : `lookup ${table === linux.RT_TABLE_MAIN ? "main" : table}`,
    suppress < 0 ? "" : `suppress_prefixlength ${suppress}`,
    `priority ${priority}`,
  ];
}

function routeWords({ family, table, destination, nexthop }: PolicyRoute): string[] {
  const to = destination === DEFAULTS[family] ? "default" : destination;
  if (!nexthop) return [`unreachable ${to} table ${table} metric ${REFUSAL_METRIC}`];
  const inet6 = family === 4 && nexthop.gateway?.includes(":") ? "inet6 " : "";
  return [
    to,
    nexthop.gateway === null ? "" : `via ${inet6}${nexthop.gateway}`,
    `dev ${nexthop.interface.name}`,
    nexthop.gateway === null ? "" : "onlink",
    `table ${table} metric ${WAY_METRIC}`,
  ];
}
