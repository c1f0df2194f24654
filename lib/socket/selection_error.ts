/**
 * The errors of a socket that cannot be held, or be held any longer, to its provisioning domain.
 *
 * @module
 */

import { MifError } from "../error.ts";
import type { PvdInfo } from "../pvd/pvd.ts";

/** What a user can do where routing leads elsewhere. */
export const ROUTING_REPAIR =
  "mif route install (once, with CAP_NET_ADMIN) gives each PvD its own routing table";

/** EPVDROUTE: the kernel would send, or could come to send, elsewhere; `gateways` are the ways that would be right. */
export function routeError(pvd: PvdInfo, what: string, gateways: (string | null)[] = []): MifError {
  const wanted = gateways.length === 0 ? "" : ` instead of ${gateways.join(" or ")}`;
  return new MifError(
    `Cannot stay on PvD ${pvd.id}: ${what}${wanted}; ${ROUTING_REPAIR}`,
    { code: "EPVDROUTE", syscall: "setsockopt" },
  );
}

/** ENETUNREACH: nothing leaves. */
export function unreachable(pvd: PvdInfo, address: string, cause?: unknown): MifError {
  return new MifError(`Cannot reach ${address} by PvD ${pvd.id}: the kernel has no way there`, {
    code: "ENETUNREACH",
    errno: 101,
    syscall: "RTM_GETROUTE",
    cause,
  });
}

/** ENETUNREACH: the PvD was there, and a socket on it is over. */
export function lost(pvd: PvdInfo, cause: unknown): MifError {
  return new MifError(`PvD ${pvd.id} is lost: ${(cause as Error).message}`, {
    code: "ENETUNREACH",
    errno: 101,
    syscall: "route",
    cause,
  });
}

/** ENONET: the PvD is not as it was listed. */
export function gone(pvd: PvdInfo, why: string): MifError {
  return new MifError(`PvD ${pvd.id} is gone: ${why}; list the PvDs again`, {
    code: "ENONET",
    errno: 64,
    syscall: "setsockopt",
  });
}
