/**
 * Changes one route, one rule or one address of the kernel (rtnetlink(7)).
 *
 * @module
 */

import { native } from "../../ffi/library.ts";

/**
 * rtm_protocol, FRA_PROTOCOL and IFA_PROTO of all that this package makes. No number below 256 is registered with anybody;
 * 88 is in neither linux/rtnetlink.h nor iproute2's rt_protos.
 */
export const OWN_PROTOCOL = 88;

/** "add" is refused where there is one already; "replace" is for routes, and gives an address other lifetimes. */
export type ChangeOperation = "add" | "replace" | "remove";

const OPERATIONS: Record<ChangeOperation, number> = { add: 1, replace: 2, remove: 3 };

/**
 * Asks for one change and waits for the kernel's word.
 *
 * @param record The bytes of a RouteRecord, RuleRecord or AddressRecord.
 * @returns 0 when it is done, else the errno of the refusal: EPERM without CAP_NET_ADMIN, EEXIST, ESRCH and so on.
 */
export function changeKernel(operation: ChangeOperation, record: Uint8Array): number {
  return Math.abs(native().mif_netlink_change(OPERATIONS[operation], record, record.length));
}
