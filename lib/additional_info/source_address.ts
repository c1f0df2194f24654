/**
 * Whether a provisioning domain has an address to ask from (RFC 8801 4.1: after duplicate address detection).
 *
 * @module
 */

import { linux } from "../../ffi/layout.gen.ts";
import { isLinkLocal, parseAddress } from "../ip/address.ts";
import { currentSnapshot } from "../netlink/current.ts";
import type { PvdInfo } from "../pvd/pvd.ts";

/** RFC 4862 5.1, 5.4.2: up to one second until the first probe, and one for the answer; twice that is enough. */
export const SETTLING_MS = 4000;

/** Whether it has an address beyond the link that may be used. */
export function hasSource({ addresses, attribution }: PvdInfo): boolean {
  return attribution !== "unknown" &&
    addresses.some(({ address }) => !isLinkLocal(parseAddress(address)!.bytes));
}

/** Whether addresses of its link are being looked for among the neighbours': a temporary one may be among them. */
export function isSettling({ interface: { index } }: PvdInfo): boolean {
  return currentSnapshot().addresses.some((record) =>
    record.interface === index && record.family === 6 && !isLinkLocal(record.address) &&
    (record.flags & (linux.IFA_F_TENTATIVE | linux.IFA_F_DADFAILED)) === linux.IFA_F_TENTATIVE
  );
}
