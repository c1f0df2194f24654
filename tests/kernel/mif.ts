/**
 * The `mif` command in a host of the lab, with and without privileges, in the runtime that runs the tests: the other
 * one runs the same tests.
 *
 * @module
 */

import assert from "node:assert/strict";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { PvdInfo } from "../../mod.ts";
import { bun, deno } from "../../scripts/toolchain.ts";
import type { CommandResult, Host } from "../lab/mod.ts";
import { assertStates, type IpFacts, readIp } from "./ip_oracle.ts";

const cli = fileURLToPath(new URL("../../cli.ts", import.meta.url));

const runtimes: Record<"deno" | "bun", string[]> = {
  deno: [deno(), "run", "-A", "--no-prompt", cli],
  bun: [bun(), cli],
};

/** Who runs the command: in which runtime, with which privileges. */
export interface Caller {
  runtime: "deno" | "bun";
  unprivileged: boolean;
}

/** Both runtimes, whichever runs the tests, each as root and without any capability: for what must be the same in both. */
export const ALL_CALLERS: readonly Caller[] = (["deno", "bun"] as const).flatMap((runtime) =>
  [false, true].map((unprivileged) => ({ runtime, unprivileged }))
);

/** The runtime that runs the tests, as root and without any capability. */
export const CALLERS: readonly Caller[] = ALL_CALLERS.filter(({ runtime }) =>
  runtime === ("deno" in process.versions ? "deno" : "bun")
);

/** The one of {@linkcode CALLERS} that is root. */
export const ROOT: Caller = CALLERS.find(({ unprivileged }) => !unprivileged)!;

/** The words that run `mif` in a caller's runtime. */
export function mifArgv({ runtime }: Caller, ...words: string[]): string[] {
  return [...runtimes[runtime], ...words];
}

/** Runs `mif` to its end. */
export function mif(host: Host, caller: Caller, ...words: string[]): Promise<CommandResult> {
  const { unprivileged } = caller;
  return host.run(mifArgv(caller, ...words), { unprivileged, env: { NO_COLOR: "1" } });
}

/**
 * What `mif list --json` says: the same for all callers, and what ip(8) says of the same moment.
 * A network that is still moving is looked at again.
 */
export async function stated(host: Host, callers = CALLERS): Promise<PvdInfo[]> {
  for (let tries = 0; tries < 10; tries++) {
    const start = performance.now();
    const before = readIp(host);
    const results = await Promise.all(callers.map((caller) => mif(host, caller, "list", "--json")));
    const secondsSince = (performance.now() - start) / 1000;
    if (changed(before, readIp(host))) continue;
    const lists = results.map(({ status, stdout, stderr }): PvdInfo[] => {
      assert.deepEqual([status, stderr], [0, ""]);
      return JSON.parse(stdout);
    });
    for (const list of lists) assertStates(list, before, secondsSince);
    for (const { stdout } of results) {
      assert.equal(withoutLifetimes(stdout), withoutLifetimes(results[0]!.stdout));
    }
    return lists[0]!;
  }
  throw new Error(`The network of ${host.name} does not hold still`);
}

function changed(before: IpFacts, after: IpFacts): boolean {
  const [earlier, later] = [before, after].map(({ links, routes }) =>
    JSON.stringify([links, routes])
  );
  if (withoutLifetimes(earlier!) !== withoutLifetimes(later!)) return true;
  // A lifetime only becomes shorter by itself: a router has spoken meanwhile.
  const ended = lifetimes(earlier!);
  return lifetimes(later!).some((seconds, at) => seconds > ended[at]!);
}

const LIFETIMES = /"(validSeconds|valid_life_time|preferred_life_time|expires)": ?(-?\d+)/g;

function lifetimes(text: string): number[] {
  return [...text.matchAll(LIFETIMES)].map(([, , seconds]) => Number(seconds));
}

function withoutLifetimes(text: string): string {
  return text.replace(LIFETIMES, "$1");
}
