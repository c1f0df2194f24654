/**
 * The process' own PvD: what holds for sockets that name none.
 *
 * It is kept by the native library, so that it is one for all threads of the process: a worker has a JavaScript heap of
 * its own, and another view of what routers announced.
 *
 * @module
 */

import { native } from "../../ffi/library.ts";
import { checked } from "../errno.ts";
import { MifError } from "../error.ts";
import { isLoopback, isMapped, parseAddress } from "../ip/address.ts";
import { recentPvds } from "./list.ts";
import { type Attribution, checkPvd, type PvdInfo } from "./pvd.ts";

/**
 * Sets the process' default PvD: everything that names no PvD of its own then uses it. That is each socket() from its
 * first use on, connect(), listen(), serve() and the agents; null and leaving it out both mean that none is named.
 *
 * - A PvD: as if each had named it. It is followed through renumbering; when it goes away, what names none fails with
 *   ENONET or ENETUNREACH and its name, and does not go the system's way.
 * - `"none"`, the null PvD: what names none fails at once with ENETUNREACH.
 * - `null`: back to the system's way, as it is before the first call.
 *
 * It holds for all threads of the process, for what is opened from then on: sockets and agents that are there keep
 * what was in force when they were made. No single call steps outside it but by naming a PvD. Loopback is no network
 * and is always free; so are sockets made of a descriptor of one's own (`new Socket(fd, …)`), and Router Solicitations
 * and netlink of this package. It does not reach the runtime's own sockets, and no child process. Copies of this package
 * in one process have one default where they have one native library, as all of one version do; another version's, or
 * one given to `load()`, keeps its own.
 *
 * @throws {TypeError} It is no PvD.
 * @throws {MifError} EFBIG: a PvD of more than 1 MiB.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { connect, getprocpvd, setprocpvd } from "@mif/sockets";
 *
 * setprocpvd("none");
 * await assert.rejects(connect({ hostname: "192.0.2.1", port: 80 }), { code: "ENETUNREACH" });
 * setprocpvd(null);
 * assert.equal(getprocpvd(), null);
 * ```
 */
export function setprocpvd(pvd: PvdInfo | "none" | null): void {
  if (pvd !== null && pvd !== "none") checkPvd(pvd);
  const bytes = new TextEncoder().encode(JSON.stringify(pvd));
  checked(
    native().mif_process_state_set(bytes, bytes.length),
    "setprocpvd",
    "Cannot keep the process' PvD: it is too large",
  );
}

/**
 * The process' default PvD as it is now, whichever thread set it: `"none"` for the null PvD, null where there is no
 * default. A PvD that is gone is given as it was set.
 *
 * @throws {MifError} What `load()` throws.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { getprocpvd } from "@mif/sockets";
 *
 * assert.equal(getprocpvd(), null);
 * ```
 */
export function getprocpvd(): PvdInfo | "none" | null {
  return structuredClone(processPvd());
}

/** What {@linkcode setprocpvd} was given, the PvD as it is now; nobody may change it. */
export function processPvd(): PvdInfo | "none" | null {
  const version = native().mif_process_state_version();
  if (version === 0) return null;
  if (known?.version !== version) known = { version, pvd: readProcessPvd() };
  const { pvd } = known;
  return pvd === null || pvd === "none" ? pvd : asItIsNow(pvd);
}

/**
 * The PvD that a call is to use: the one it names, else the process' default; null is the system's way.
 *
 * @param given What the caller named, if anything.
 * @param kept The default to go by, where it was kept from earlier: what it was, renumbered if it was since.
 * @throws {MifError} ENETUNREACH: the default is the null PvD.
 */
export function pvdInForce(
  given: PvdInfo | null | undefined,
  kept?: PvdInfo | "none" | null,
): PvdInfo | null {
  if (given !== null && given !== undefined) return given;
  const pvd = kept === undefined ? processPvd() : kept && renewed(kept);
  if (pvd !== "none") return pvd;
  throw new MifError(
    'Nothing may be sent: the process is on the null PvD, setprocpvd("none"), and no PvD was named',
    { code: "ENETUNREACH", errno: 101, syscall: "setprocpvd" },
  );
}

/** As {@linkcode pvdInForce}, for traffic with a numeric address or name: loopback takes no default. */
export function pvdTo(
  hostname: string,
  given: PvdInfo | null | undefined,
  kept?: PvdInfo | "none" | null,
): PvdInfo | null {
  if (typeof hostname !== "string") throw new TypeError("hostname must be a string");
  return given || !isLoopbackHost(hostname) ? pvdInForce(given, kept) : null;
}

/** Whether a numeric address or name is this host itself, for which no PvD is needed: loopback, localhost (RFC 6761 6.3). */
export function isLoopbackHost(hostname: string): boolean {
  const bytes = parseAddress(hostname)?.bytes;
  if (!bytes) return /^(.*\.)?localhost\.?$/i.test(hostname);
  return isLoopback(isMapped(bytes) ? bytes.subarray(12) : bytes);
}

/** What was set, for one version of the state. */
let known: { version: number; pvd: PvdInfo | "none" | null } | null = null;

function readProcessPvd(): PvdInfo | "none" | null {
  let bytes = new Uint8Array(16 * 1024);
  while (true) {
    const size = native().mif_process_state_get(bytes, bytes.length);
    if (size <= bytes.length) return JSON.parse(new TextDecoder().decode(bytes.subarray(0, size)));
    bytes = new Uint8Array(size);
  }
}

/** How well it is known that the addresses are the PvD's. */
const SURENESS: Record<Attribution, number> = {
  unknown: 0,
  interface: 1,
  "sole-router": 1,
  rule: 2,
  "systemd-networkd": 2,
  "router-advertisement": 2,
  "mif-daemon": 2,
};

/** A default of earlier, as it is now where it still is the default. */
function renewed(kept: PvdInfo | "none"): PvdInfo | "none" {
  const now = kept === "none" ? null : processPvd();
  return now !== null && now !== "none" && isSamePvd(now, kept as PvdInfo) ? now : kept;
}

/** Whether two are one instance, at whatever time they were read. */
export function isSamePvd(a: PvdInfo, b: PvdInfo): boolean {
  return a.handle === b.handle && a.id === b.id;
}

/** The same PvD renumbered; as it was where it is gone, or where this thread knows less of it than who set it. */
function asItIsNow(set: PvdInfo): PvdInfo {
  const now = recentPvds().find((pvd) => isSamePvd(pvd, set));
  return now && SURENESS[now.attribution] >= SURENESS[set.attribution] ? now : set;
}
