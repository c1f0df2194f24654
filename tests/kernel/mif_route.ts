/**
 * `mif route` in a host of the lab, and what of its doing is to be seen.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { RouteReport } from "../../mod.ts";
import type { Frame, Host, LabProcess } from "../lab/mod.ts";
import { type Caller, CALLERS, mif } from "./mif.ts";

/** `mif`, for those who start it their own way. */
export const cli: string = fileURLToPath(new URL("../../cli.ts", import.meta.url));

/** Those who may change routes. */
export const ROOTS: readonly Caller[] = CALLERS.filter(({ unprivileged }) => !unprivileged);

/** Runs `mif route … --json`, which must work. */
export async function route<T = RouteReport>(
  host: Host,
  caller: Caller,
  ...words: string[]
): Promise<T> {
  const { status, stdout, stderr } = await mif(host, caller, "route", ...words, "--json");
  assert.deepEqual([status, stderr], [0, ""]);
  return JSON.parse(stdout);
}

/** `mif route install --watch`, with more words, and its reports so far. */
export function watch(
  host: Host,
  ...words: string[]
): { watcher: LabProcess; reports: RouteReport[] } {
  const reports: RouteReport[] = [];
  const watcher = host.spawnScript(cli, ["route", "install", "--watch", "--json", ...words], {
    onLine: (line) => reports.push(JSON.parse(line)),
  });
  return { watcher, reports };
}

/** ARP and Neighbor Discovery: who asks a host for its address is answered directly. */
export function isNeighbourhood({ etherType, icmpType }: Frame): boolean {
  return etherType === 0x0806 || (icmpType !== null && icmpType >= 133 && icmpType <= 137);
}
