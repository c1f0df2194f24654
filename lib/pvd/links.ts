/**
 * The kernel's records by interface: links with their addresses and route legs.
 *
 * @module
 */

import { linux, type NexthopRecord, type RouteRecord } from "../../ffi/layout.gen.ts";
import { formatAddress } from "../ip/address.ts";
import { recordAddress, type Records } from "../netlink/records.ts";
import { Link } from "./draft.ts";

const NOT_USABLE = linux.IFA_F_TENTATIVE | linux.IFA_F_DADFAILED;
const HOP_DOWN = linux.RTNH_F_DEAD | linux.RTNH_F_LINKDOWN;

/**
 * The links that are up, loopback left out, by index. Records of a link that is not there (it came or went
 * between two dumps) are dropped; so are addresses that may not be used yet or ever, and legs that are dead.
 */
export function buildLinks(records: Records): Map<number, Link> {
  const links = new Map<number, Link>();
  for (const record of records.links) {
    const { flags } = record;
    if ((flags & linux.IFF_UP) === 0 || (flags & linux.IFF_LOOPBACK) !== 0) continue;
    links.set(record.index, new Link(record));
  }
  for (const record of records.addresses) {
    const optimistic = (record.flags & linux.IFA_F_OPTIMISTIC) !== 0;
    if ((record.flags & NOT_USABLE) !== 0 && !optimistic) continue;
    links.get(record.interface)?.addresses.push(record);
  }
  for (const leg of legs(records)) {
    // The kernel takes no route after its end, and yet lists it until it tidies up, half a minute at the most.
    if (leg.record.type !== linux.RTN_UNICAST || leg.record.expiresSeconds === 0) continue;
    const link = links.get(leg.interface);
    if (!link) continue;
    const { record, gateway } = leg;
    // Also where the link has no carrier just now: its addresses stay the router's.
    if (record.protocol === linux.RTPROT_RA && record.family === 6 && gateway?.length === 16) {
      link.routerDraft(formatAddress(gateway));
    }
    if ((leg.flags & HOP_DOWN) === 0) link.legs.push({ record, gateway });
  }
  for (const link of links.values()) {
    link.staticGateway6 = link.legs.some(({ record, gateway }) =>
      record.family === 6 && record.destinationLength === 0 &&
      !(gateway && link.routers.has(formatAddress(gateway)))
    );
  }
  return links;
}

interface ResolvedLeg {
  record: RouteRecord;
  interface: number;
  flags: number;
  gateway: Uint8Array | null;
}

/** Every route's legs; one that only names a next hop object (net.ipv4.nexthop_compat_mode=0) becomes that object's. */
function* legs(records: Records): Generator<ResolvedLeg> {
  const nexthops = new Map(records.nexthops.map((nexthop) => [nexthop.id, nexthop]));
  const groups = new Map<number, number[]>();
  for (const { group, id } of records.nexthopMembers) {
    const members = groups.get(group);
    if (members) members.push(id);
    else groups.set(group, [id]);
  }
  for (const record of records.routes) {
    if (record.interface !== 0 || record.nexthopId === 0) {
      yield {
        record,
        interface: record.interface,
        flags: record.flags,
        gateway: gatewayOf(record),
      };
      continue;
    }
    for (const id of groups.get(record.nexthopId) ?? [record.nexthopId]) {
      const nexthop = nexthops.get(id);
      if (!nexthop || nexthop.blackhole !== 0) continue;
      yield {
        record,
        interface: nexthop.interface,
        flags: nexthop.flags,
        gateway: gatewayOf(nexthop),
      };
    }
  }
}

function gatewayOf(record: RouteRecord | NexthopRecord): Uint8Array | null {
  return record.gatewayFamily === 0 ? null : recordAddress(record.gateway, record.gatewayFamily);
}
