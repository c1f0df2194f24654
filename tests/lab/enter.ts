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

/** The words to put before a command line so that it runs inside. Needs unshare(1) and ip(8). */
export function enterArgv(how: "root" | "userns"): string[] {
  return ["unshare", how === "root" ? "-nm" : "-Urnm", "--", "sh", "-c", prepare, "sh"];
}

/** Whether this process was started by {@linkcode enterArgv}. */
export function isInside(): boolean {
  return process.env.MIF_LAB === "inside";
}

/**
 * Runs this program again inside, with the same arguments, and returns its exit status.
 * `script` is the program's file, `access` what `labAccess()` said.
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
