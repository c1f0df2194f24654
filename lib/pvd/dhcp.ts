/**
 * Which PvDs the configuration of DHCP belongs to (RFC 8801 3.4.1, 3.4.2). Pure.
 *
 * Neither the kernel nor most network managers say by which protocol something came. What has a lifetime and is IPv4 is
 * taken for DHCPv4's, what has one, is IPv6 and an address of full length for DHCPv6's, and a server that no router was
 * heard to announce for that of a PvD whose advertisement sends hosts to DHCPv6.
 *
 * @module
 */

import { type AddressRecord, linux, type RouteRecord } from "../../ffi/layout.gen.ts";
import { prefixContains } from "../ip/address.ts";
import { recordAddress } from "../netlink/records.ts";
import { isDynamic, type Link, type PvdDraft, type RouteLeg } from "./draft.ts";
import type { Evidence } from "./evidence.ts";

/**
 * The PvDs that have what DHCPv4 gave on a link: the one with the L flag. Of several none, and where there is none, the
 * interface's own. An ID that several routers announce is one PvD here.
 */
export function dhcp4Owners(link: Link): PvdDraft[] {
  const legacy = link.drafts().filter(({ name }) => name?.legacy);
  return new Set(legacy.map(({ id }) => id)).size === 1 ? legacy : [link.own];
}

/** Whether DHCPv4 gave the address. */
export function isLease4(address: AddressRecord): boolean {
  return address.family === 4 && isDynamic(address);
}

/** Whether a route came with a lease of DHCPv4, or leads where only its address belongs. */
export function isOfLease4(link: Link, { record, gateway }: RouteLeg): boolean {
  if (record.family !== 4) return false;
  const leases = link.addresses.filter(isLease4);
  if (record.protocol === linux.RTPROT_DHCP) return leases.length > 0;
  const near = gateway?.length === 4 ? gateway : destinationOf(record);
  return near !== null &&
    leases.some(({ address, prefixLength }) =>
      prefixContains(recordAddress(address, 4), prefixLength, near)
    );
}

function destinationOf({ destination, destinationLength }: RouteRecord): Uint8Array | null {
  return destinationLength === 0 ? null : recordAddress(destination, 4);
}

/** Whether DHCPv6 gave the address. */
export function isLease6(address: AddressRecord): boolean {
  return address.family === 6 && address.prefixLength === 128 && isDynamic(address) &&
    address.protocol !== linux.IFAPROT_KERNEL_RA;
}

/**
 * Of the statements that cover an address of DHCPv6 those that may have it: of a PvD with the M flag. What is known to
 * be without is none, unless it is the router's implicit PvD, which may have what nobody else has.
 */
export function managedEvidence(covering: Evidence[]): Evidence[] {
  const managed = covering.filter(({ draft }) => draft.advertisement?.managed);
  return managed.length > 0 ? managed : covering.filter(({ draft }) => draft.id === null);
}

/** The PvDs of a link that have what stateless DHCPv6 gave: all whose advertisement has the O flag, or M, which implies it. */
export function dhcp6Users(link: Link): PvdDraft[] {
  return link.drafts().filter(({ advertisement }) =>
    advertisement?.other || advertisement?.managed
  );
}
