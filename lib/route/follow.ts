/**
 * Keeps the tables right while the network changes: what `mif route install --watch` does.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { MifError } from "../error.ts";
import { changeNumber } from "../netlink/current.ts";
import { installRoutes, type RouteReport } from "./install.ts";

/** How often the kernel's news are looked for. Several that come together are one. */
const POLL_MS = 250;
/** What ends by itself (a lifetime) is no news: so often the host is looked at anyway. */
const LOOK_MS = 10_000;

/**
 * Installs routes as {@linkcode installRoutes} does and again whenever the host's addresses, routes or rules change.
 *
 * @param options `signal` ends it; what is installed stays.
 * @returns The first report, then one for each time that something was changed or a notice came or went. What the
 *   kernel refuses later is a notice, and tried again.
 * @throws {MifError} As {@linkcode installRoutes} does, at the first time; EPERM at any time.
 *
 * @example
 * ```ts ignore
 * import { followRoutes } from "@mif/sockets";
 *
 * const signal = AbortSignal.timeout(60_000);
 * for await (const { changes } of followRoutes({ signal })) console.log(changes);
 * ```
 */
export async function* followRoutes(
  options: { signal?: AbortSignal } = {},
): AsyncGenerator<RouteReport, void, void> {
  const { signal } = options;
  let seen = changeNumber();
  let last = await unlessEnded(installRoutes({ signal }), signal);
  if (!last) return;
  yield last;
  for (let lookedMs = performance.now();;) {
    if (await unlessEnded(sleep(POLL_MS, true, { signal }), signal) === null) return;
    const now = changeNumber();
    if (now === seen && performance.now() - lookedMs < LOOK_MS) continue;
    seen = now;
    lookedMs = performance.now();
    const report = await unlessEnded(again(signal), signal);
    if (!report) return;
    const notable = report.changes.length > 0 || report.notices.join() !== last.notices.join();
    last = report;
    if (notable) yield report;
  }
}

/** A later round: the network may be in the middle of a change, and the next round finds it settled. */
async function again(signal: AbortSignal | undefined): Promise<RouteReport> {
  try {
    return await installRoutes({ signal });
  } catch (error) {
    if (!(error instanceof MifError) || error.code === "EPERM") throw error;
    return { changes: [], notices: [error.message] };
  }
}

/** The value, or null where the signal came first. */
async function unlessEnded<T>(
  value: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T | null> {
  try {
    return await value;
  } catch (error) {
    if (signal?.aborted) return null;
    throw error;
  }
}
