/**
 * The provisioning domains of this host, now.
 *
 * @module
 */

import { changeNumber } from "../netlink/current.ts";
import { groupPvds } from "./group.ts";
import { readHost } from "./host.ts";
import type { PvdInfo } from "./pvd.ts";

/**
 * Lists the PvDs of the network namespace this thread is in, best first: one synchronous snapshot, no traffic,
 * no privilege. Empty where there is only loopback.
 *
 * @returns Each PvD as it is now; the objects are the caller's and do not change.
 * @throws {MifError} The native library cannot be loaded, or the kernel refuses netlink sockets; the message says
 *   what to do. Files that are missing, half-written or hostile are never an error: `mif doctor` names them.
 *
 * @example
 * ```ts
 * import { listPvds } from "@mif/sockets";
 *
 * for (const pvd of listPvds()) {
 *   console.log(pvd.id, pvd.addresses[0]?.address, pvd.dnsServers[0]?.address);
 * }
 * ```
 */
export function listPvds(): PvdInfo[] {
  return groupPvds(readHost()).map(({ pvd }) => pvd);
}

/** How old the answer of {@linkcode recentPvds} may be: files change without the kernel's knowing. */
const AGE_MAX_MS = 1000;
let recent: { pvds: readonly PvdInfo[]; changes: number; readMs: number } | null = null;

/**
 * What listPvds() says, for who asks often: not read again for a second while the kernel's tables stay as they are.
 * Everybody's, so not to be changed.
 */
export function recentPvds(): readonly PvdInfo[] {
  const nowMs = performance.now();
  const changes = changeNumber();
  if (recent?.changes !== changes || nowMs - recent.readMs >= AGE_MAX_MS) {
    recent = { pvds: listPvds(), changes, readMs: nowMs };
  }
  return recent.pvds;
}
