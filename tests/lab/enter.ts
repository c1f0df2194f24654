/**
 * The way into the lab: a command line that runs another one where networks can be built.
 *
 * A runtime with threads cannot enter a user namespace itself, so the program that uses the lab is
 * started inside. Entering also gives it a network of its own (only "lo", up) and a private /run: what
 * it makes there ends with it, even when it is killed. Nothing can be downloaded inside.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import process from "node:process";
import type { LabAccess } from "./access.ts";

const prepare =
  'mount -t tmpfs none /run && ip link set lo up && export MIF_LAB=inside && exec "$@"';

/**
 * The words to put before a command line so that it runs inside. Needs unshare(1) and ip(8). Never throws.
 *
 * @param how As root, or as an ordinary user, by a user namespace: what {@linkcode labAccess} says.
 *
 * @example
 * ```ts ignore
 * import { spawnSync } from "node:child_process";
 * import { enterArgv, labAccess } from "@mif/sockets/lab";
 *
 * const access = labAccess();
 * if (access.ok) spawnSync("env", [...enterArgv(access.how), "ip", "link"], { stdio: "inherit" });
 * ```
 */
export function enterArgv(how: "root" | "userns"): string[] {
  return ["unshare", how === "root" ? "-nm" : "-Urnm", "--", "sh", "-c", prepare, "sh"];
}

/**
 * Whether this process was started by {@linkcode enterArgv}. It never throws, but for Deno's own error without
 * `--allow-env=MIF_LAB`.
 *
 * @example
 * ```ts
 * import { isInside } from "@mif/sockets/lab";
 *
 * console.log(isInside() ? "in a network of its own" : "in the machine's network");
 * ```
 */
export function isInside(): boolean {
  return process.env.MIF_LAB === "inside";
}

/**
 * Runs this program again inside, with the same arguments, and returns its exit status.
 *
 * @param script The program's file.
 * @param access What {@linkcode labAccess} said.
 * @returns 1 where a signal ended it.
 * @throws {Error} It cannot be started.
 *
 * @example A program that builds networks wherever it is started
 * ```ts ignore
 * import process from "node:process";
 * import { labAccess, oneLink, runInside, World } from "@mif/sockets/lab";
 *
 * const access = labAccess();
 * if (!access.ok) throw new Error(access.reason);
 * if (!access.ready) process.exit(runInside(import.meta.filename!, access));
 * await using world = new World();
 * const { host } = await oneLink(world);
 * console.log(host.ip("addr"));
 * ```
 */
export function runInside(script: string, access: LabAccess & { ok: true }): number {
  const argv = [...enterArgv(access.how), ...scriptArgv(script), ...process.argv.slice(2)];
  const result = spawnSync(argv[0]!, argv.slice(1), { stdio: "inherit" });
  if (result.error) throw result.error;
  return result.status ?? 1;
}

/** The command line that runs one of our scripts in the runtime that runs this one. */
export function scriptArgv(script: string): string[] {
  return "deno" in process.versions
    ? [process.execPath, "run", "-A", script]
    : [process.execPath, script];
}
