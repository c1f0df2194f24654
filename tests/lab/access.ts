/**
 * Whether this machine lets us build networks, and by which way.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import process from "node:process";
import { commandPath } from "./command.ts";
import { enterArgv } from "./enter.ts";

/** What {@linkcode labAccess} found. */
export type LabAccess =
  | {
    ok: true;
    /** "root": as the real root. "userns": as root of a user namespace. */
    how: "root" | "userns";
    /** Whether this process can build a `World` at once, else it must be run by `enterArgv(how)`. */
    ready: boolean;
  }
  | { ok: false; reason: string };

let answer: LabAccess | undefined;

/**
 * Probes once per process whether networks can be built here: the commands that are needed, then whether the kernel makes a
 * namespace for us. It never throws on a machine where they cannot; Deno's own error is thrown without `--allow-run`,
 * `--allow-read` and `--allow-env`.
 *
 * @example
 * ```ts
 * import { labAccess } from "@mif/sockets/lab";
 *
 * const access = labAccess();
 * if (!access.ok) console.log(`No networks here: ${access.reason}`);
 * else console.log(`As ${access.how}${access.ready ? "" : ", inside mif lab -- …"}`);
 * ```
 */
export function labAccess(): LabAccess {
  answer ??= probe();
  return answer;
}

/**
 * Why a test that needs the lab cannot run in this process, or false when it can: the value for
 * `{ skip }` of node:test. A reason is also printed, because runners do not show it. It throws nothing but what
 * {@linkcode labAccess} throws.
 *
 * @example
 * ```ts ignore
 * import { test } from "node:test";
 * import { labSkip, oneLink, World } from "@mif/sockets/lab";
 *
 * test("a host has an address by its router", { skip: labSkip(), timeout: 60_000 }, async () => {
 *   await using world = new World();
 *   const { host, r1 } = await oneLink(world);
 *   await host.waitForAddresses([r1.network.hostAddress]);
 * });
 * ```
 */
export function labSkip(): string | false {
  const access = labAccess();
  if (access.ok && access.ready) return false;
  const reason = access.ok ? "not inside the lab: run the tests by mif lab -- …" : access.reason;
  console.log(`Skipped, it needs the network lab: ${reason}`);
  return reason;
}

function probe(): LabAccess {
  const missing = ["unshare", "mount", "ip", "setpriv", "python3"].filter((name) => !onPath(name));
  if (missing.length > 0) return { ok: false, reason: `${missing.join(", ")} not found in PATH` };
  const how = realRoot() ? "root" : "userns";
  if (how === "root" ? failure(["unshare", "-nm", "true"]) === null : canNameNamespaces()) {
    return { ok: true, how, ready: true };
  }
  const refusal = failure([...enterArgv(how), "true"]);
  if (refusal !== null) {
    return {
      ok: false,
      reason: how === "root"
        ? `root may not make namespaces here: ${refusal}`
        : `no user namespaces here: ${refusal}`,
    };
  }
  return { ok: true, how, ready: false };
}

/** Root of the initial user namespace, which maps every user to itself. */
function realRoot(): boolean {
  return process.geteuid?.() === 0 &&
    /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync("/proc/self/uid_map", "utf8"));
}

/** Root of a user namespace whose /run is its own. (For the real root this would leave a mount behind.) */
function canNameNamespaces(): boolean {
  const name = `mif-probe-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  if (process.geteuid?.() !== 0 || failure(["ip", "netns", "add", name]) !== null) return false;
  return failure(["ip", "netns", "del", name]) === null;
}

/** What a command says when it fails, or null when it does not. */
function failure(argv: string[]): string | null {
  const result = spawnSync(argv[0]!, argv.slice(1), { encoding: "utf8" });
  if (result.status === 0) return null;
  return result.error?.message ?? (result.stderr.trim() || `${argv[0]} ended by ${result.status}`);
}

function onPath(name: string): boolean {
  return commandPath().split(":").some((directory) => {
    try {
      accessSync(`${directory}/${name}`, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
