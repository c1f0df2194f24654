/**
 * What this process may do: its effective capabilities (capabilities(7)) that matter to networks, and its sandbox.
 *
 * @module
 */

import { readFileSync } from "node:fs";

/** How far the library may go here. */
export type Level = "unprivileged" | "CAP_NET_RAW" | "CAP_NET_ADMIN";

/** What proc(5) says of this process. */
export interface Privileges {
  level: Level;
  /** CAP_SYS_ADMIN: mount namespaces without a user namespace. */
  administrator: boolean;
  /** A seccomp filter decides about system calls, as in most containers; null where it cannot be known. */
  filtered: boolean | null;
}

const CAP_NET_ADMIN = 12n;
const CAP_NET_RAW = 13n;
const CAP_SYS_ADMIN = 21n;
/** SECCOMP_MODE_FILTER. */
const FILTER = "2";

/** Reads proc(5); what cannot be read is taken for unprivileged. */
export function readPrivileges(): Privileges {
  const status = textOf("/proc/self/status") ?? "";
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`);
  const has = (capability: bigint) => (effective >> capability & 1n) === 1n;
  const [, seccomp] = /^Seccomp:\s*(\d)/m.exec(status) ?? [];
  return {
    level: has(CAP_NET_ADMIN) ? "CAP_NET_ADMIN" : has(CAP_NET_RAW) ? "CAP_NET_RAW" : "unprivileged",
    administrator: has(CAP_SYS_ADMIN),
    filtered: seccomp === undefined ? null : seccomp === FILTER,
  };
}

/** Settings of the kernel under which nobody without privileges gets a user namespace. */
const NAMESPACE_SETTINGS: [path: string, off: string][] = [
  ["user/max_user_namespaces", "0"],
  ["kernel/unprivileged_userns_clone", "0"],
  ["kernel/apparmor_restrict_unprivileged_userns", "1"],
];

/** Why `mif exec` cannot work here, as far as settings tell; null where they allow it. */
export function whyNoPrograms({ administrator }: Privileges): string | null {
  const actions = textOf("/proc/sys/kernel/seccomp/actions_avail");
  if (actions !== null && !actions.split(/\s+/).includes("user_notif")) {
    return "the kernel asks nobody about system calls (seccomp_unotify(2), Linux 5.0)";
  }
  if (administrator) return null;
  const refusing = NAMESPACE_SETTINGS.find(([path, off]) =>
    textOf(`/proc/sys/${path}`)?.trim() === off
  );
  return refusing
    ? `no user namespaces without privileges: ${refusing[0].replace("/", ".")} is ${refusing[1]}`
    : null;
}

/** A file of proc(5); null where it is not there or may not be read. */
function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
