/**
 * Whether the packets of one source could come to a default router that is not its own: now, or as soon as its own goes
 * away. Pure, over the kernel's rules and routes.
 *
 * The rules are walked as the kernel walks them (ip-rule(8)). A rule that may match some packets of the source only is taken to
 * match, and not relied on.
 *
 * What ends the walk depends on how the socket is bound, which differs from what the route oracle (RTM_GETROUTE) says:
 *
 * - Bound to the device, an IPv6 socket passes over an `unreachable` route, which is on no device, and goes on to the
 *   next rule; only an `unreachable` rule stops it. An IPv4 socket that finds no route, for whatever reason, takes the
 *   destination to be on the link and asks for it by ARP: whoever answers gets the packet.
 * - Bound to the source only, `unreachable` routes and rules both stop both families.
 *
 * @module
 */

import { linux, type RouteRecord, type RuleRecord } from "../../ffi/layout.gen.ts";
import { formatAddress, prefixContains } from "../ip/address.ts";
import { interfaceName, recordAddress, type Records, refuses } from "../netlink/records.ts";

/** The packets in question. */
export interface SourceQuestion {
  /** 4 or 16 bytes. */
  source: Uint8Array;
  /** Index of the interface the source is on. */
  interface: number;
  /** Whether the socket is bound to that interface (SO_BINDTODEVICE). */
  deviceBound: boolean;
  /** SO_MARK of the socket. */
  mark: number;
  /** Whether a default route's next hop on that interface is the source's own; null is a route without one. */
  isOwn(gateway: string | null): boolean;
}

/** One next hop of a route. */
interface Way {
  table: number;
  destinationLength: number;
  interface: number;
  /** Null where the route has none. */
  gateway: string | null;
  /** Only for packets of this source, where it is not empty. */
  source: Uint8Array;
  sourceLength: number;
  refuses: boolean;
}

const REFUSING_ACTIONS: readonly number[] = [
  linux.FR_ACT_UNREACHABLE,
  linux.FR_ACT_BLACKHOLE,
  linux.FR_ACT_PROHIBIT,
];

/** What the rules and routes do with the packets of a source. */
export interface Reach {
  /** Some way that is not the source's own and that its packets could take, in words; null where there is none. */
  foreign: string | null;
  /** Whether a rule or route stops the packets when the own way is gone; else there is only no other way so far. */
  stopped: boolean;
  /** Whether a rule leads them to any table at all before that. */
  led: boolean;
}

/** Which default routers the packets of a source can come to. */
export function reachOf(kernel: Records, question: SourceQuestion): Reach {
  const { source, deviceBound } = question;
  const family = source.length === 4 ? 4 : 6;
  const waysOf = (routes: RouteRecord[]) =>
    nextHops(routes, kernel, family).filter((way) =>
      (way.refuses || !deviceBound || way.interface === question.interface) &&
      prefixContains(way.source, way.sourceLength, source)
    );
  const ways = waysOf(kernel.routes.filter(({ destinationLength }) => destinationLength === 0));
  const isForeign = (way: Way) =>
    !way.refuses && (way.interface !== question.interface ||
      !(question.isOwn(way.gateway) || (way.gateway === null && way.destinationLength > 0)));
  if (deviceBound && family === 4) {
    const foreign = ways.find(isForeign);
    return foreign ? leads(describe(foreign)) : OPEN;
  }
  let led = false;
  for (const rule of kernel.rules) {
    if (rule.family !== family) continue;
    const matches = matchOf(rule, question, kernel);
    if (matches === "no" || rule.action === linux.FR_ACT_NOP) continue;
    if (REFUSING_ACTIONS.includes(rule.action)) {
      if (matches === "yes") return { foreign: null, stopped: true, led };
      continue;
    }
    if (rule.action !== linux.FR_ACT_TO_TBL) {
      return leads(`where rule ${rule.priority} goes to`);
    }
    const table = rule.l3mdev !== 0 ? vrfTable(question.interface, kernel) : rule.table;
    // What the route oracle cannot be asked: there the ways to some destinations count as well.
    const unseen = rule.tos !== 0 || rule.narrowed !== 0;
    const inTable = (unseen ? waysOf(kernel.routes.filter((route) => route.table === table)) : ways)
      .filter((way) => way.table === table && way.destinationLength > rule.suppressPrefixLength);
    const foreign = inTable.find(isForeign);
    if (foreign) return leads(describe(foreign));
    const stops = inTable.some((way) => way.refuses && way.destinationLength === 0);
    led ||= table !== linux.RT_TABLE_LOCAL;
    if (matches === "yes" && !deviceBound && stops) return { foreign: null, stopped: true, led };
  }
  return OPEN;
}

const OPEN: Reach = { foreign: null, stopped: false, led: true };

function leads(foreign: string): Reach {
  return { ...OPEN, foreign };
}

/** Whether a rule takes the packets: "maybe" where it looks at more than we know of them. */
function matchOf(
  rule: RuleRecord,
  { source, interface: index, deviceBound, mark }: SourceQuestion,
  kernel: Records,
): "yes" | "no" | "maybe" {
  const inverted = (rule.flags & linux.FIB_RULE_INVERT) !== 0;
  const input = interfaceName(rule.inputInterface);
  const output = interfaceName(rule.outputInterface);
  const link = kernel.links.find((record) => record.index === index);
  // The mark of what the kernel sends itself, after the socket is closed, is 0.
  const markMatters = rule.mask !== 0 || rule.mark !== 0;
  const misses = !prefixContains(rule.source, rule.sourceLength, padded(source)) ||
    (input !== "" && input !== "lo") ||
    (output !== "" && !(deviceBound && link && interfaceName(link.name) === output)) ||
    (markMatters && ((mark ^ rule.mark) & rule.mask) !== 0) ||
    (rule.l3mdev !== 0 && vrfTable(index, kernel) === 0);
  const narrower = rule.destinationLength !== 0 || rule.tos !== 0 || rule.narrowed !== 0 ||
    (markMatters && mark !== 0);
  if (misses) return inverted ? (markMatters ? "maybe" : "yes") : "no";
  if (narrower) return "maybe";
  return inverted ? "no" : "yes";
}

/** The table of the VRF that an interface is in, 0 where it is in none. */
function vrfTable(index: number, { links }: Records): number {
  const master = links.find((link) => link.index === index)?.master ?? 0;
  return master === 0 ? 0 : links.find((link) => link.index === master)?.vrfTable ?? 0;
}

function padded(source: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes.set(source);
  return bytes;
}

/** The routes' next hops, those of next hop objects too. */
function nextHops(
  routes: RouteRecord[],
  { nexthops, nexthopMembers }: Records,
  family: 4 | 6,
): Way[] {
  const ways: Way[] = [];
  for (const route of routes) {
    const refused = refuses(route);
    if (route.family !== family || !(refused || route.type === linux.RTN_UNICAST)) continue;
    if (refused || route.interface !== 0 || route.nexthopId === 0) {
      ways.push(way(route, family, refused, route.interface, gatewayText(route)));
      continue;
    }
    const members = nexthopMembers.filter(({ group }) => group === route.nexthopId);
    const ids = members.length > 0 ? members.map(({ id }) => id) : [route.nexthopId];
    for (const id of ids) {
      const nexthop = nexthops.find((record) => record.id === id);
      ways.push(
        way(
          route,
          family,
          nexthop?.blackhole === 1,
          nexthop?.interface ?? 0,
          nexthop ? gatewayText(nexthop) : null,
        ),
      );
    }
  }
  return ways;
}

function way(
  route: RouteRecord,
  family: 4 | 6,
  refused: boolean,
  index: number,
  gateway: string | null,
): Way {
  return {
    table: route.table,
    destinationLength: route.destinationLength,
    interface: index,
    gateway,
    source: recordAddress(route.source, family),
    sourceLength: route.sourceLength,
    refuses: refused,
  };
}

function gatewayText(record: { gateway: Uint8Array; gatewayFamily: number }): string | null {
  return record.gatewayFamily === 0
    ? null
    : formatAddress(recordAddress(record.gateway, record.gatewayFamily));
}

function describe({ gateway, interface: index, table }: Way): string {
  return gateway === null
    ? `interface ${index} without a router (table ${table})`
    : `router ${gateway} on interface ${index} (table ${table})`;
}
