/**
 * Keeps the tables right while the network changes: what `mif route install --watch` does.
 *
 * It sleeps until the kernel tells of a change (links, addresses, routes, rules), a router announces something else, or
 * a lifetime ends, which nobody tells of.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { NEVER } from "../../ffi/layout.gen.ts";
import { MifError } from "../error.ts";
import { bootMs } from "../boot_clock.ts";
import { OWN_PROTOCOL } from "../netlink/change.ts";
import type { Records } from "../netlink/records.ts";
import { readSnapshot } from "../netlink/snapshot.ts";
import { hearAdvertisement, heardEndMs, whenAnnounced, whenDetached } from "../pvd/advertised.ts";
import { hearChanges } from "../socket/table_news.ts";
import { hearAnnouncements } from "../watch/announcements.ts";
import { RouterListener } from "../watch/router_listener.ts";
import { install, type Installation, removeRoutes, type RouteReport } from "./install.ts";

/** How {@linkcode followRoutes} goes about it. */
export interface FollowRoutesOptions {
  /** Ends it. */
  signal?: AbortSignal;
  /**
   * Whether to ask the routers first, without which no explicit PvD (RFC 8801) is known, and later those of links that
   * come up. Needs CAP_NET_RAW. Where this process has that, routers are heard in any case.
   */
  solicit?: boolean;
  /** Whether the signal also takes away what is installed; else it stays, and holds what it held. */
  removeAtEnd?: boolean;
}

/** Changes come in bursts: so long after one look the next one waits, for all that come meanwhile. */
const SPACING_MS = 100;
/** What was refused is tried again, also when nothing changes. */
const RETRY_MS = 5_000;
/** Where the kernel's news cannot be heard, so often the host is looked at. */
const DEAF_MS = 10_000;
/** setTimeout() takes no more than 2^31. */
const LONGEST_MS = 24 * 3600 * 1000;

/**
 * Installs routes as {@linkcode installRoutes} does, and again whenever the host's links, addresses, routes or rules
 * change, or what routers announce. Addresses in prefixes of PvD options are renewed with them.
 *
 * @returns The first report, then one for each time that something was changed or a notice came or went; with
 *   `removeAtEnd` the last is that of {@linkcode removeRoutes}. What the kernel refuses later is a notice, and tried again.
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
  options: FollowRoutesOptions = {},
): AsyncGenerator<RouteReport, void, void> {
  const { solicit = false } = options;
  const open = solicit ? RouterListener.open : RouterListener.openIfPermitted;
  const routers = open(hearAdvertisement);
  const stops = [whenDetached((index) => routers?.lose(index)), hearAnnouncements()];
  try {
    yield* followHeard({
      ...options,
      ask: solicit && routers ? () => routers.solicit() : undefined,
      look: (kernel) => routers?.follow(kernel),
    });
  } finally {
    for (const stop of stops) stop();
    routers?.close();
  }
}

/** What {@linkcode followHeard} needs of one who hears the routers already. */
export interface HeardRoutes extends Omit<FollowRoutesOptions, "solicit"> {
  /** Asks the routers, and waits for their answers. */
  ask?: () => Promise<void>;
  /** Is told of the kernel's tables after each change. */
  look?: (kernel: Records) => void;
}

/** As {@linkcode followRoutes}, for one who hears the routers already. */
export async function* followHeard(
  options: HeardRoutes,
): AsyncGenerator<RouteReport, void, void> {
  const { signal, removeAtEnd = false } = options;
  // Before the first look: what changes during it is news.
  const news = new News();
  try {
    yield* untilAborted(news, options);
  } catch (error) {
    if (!signal?.aborted) throw error;
  } finally {
    news.stop();
  }
  if (removeAtEnd) yield await removeRoutes();
}

/** Ends by throwing when the signal comes. */
async function* untilAborted(
  news: News,
  { signal, ask, look }: HeardRoutes,
): AsyncGenerator<RouteReport, void, void> {
  if (ask) await orAbort(ask(), signal);
  let last = await install({ signal, asked: ask !== undefined });
  yield reportOf(last);
  for (let failed = false;;) {
    await sleep(SPACING_MS, undefined, { signal });
    await news.next(Math.min(failed ? RETRY_MS : LONGEST_MS, endsInMs(look)), signal);
    let next: Installation;
    try {
      next = await again(last, signal);
      failed = false;
    } catch (error) {
      // The network may be in the middle of a change.
      if (!(error instanceof MifError) || error.code === "EPERM") throw error;
      next = { changes: [], notices: [error.message], unattributed: last.unattributed };
      failed = true;
    }
    const isNotable = next.changes.length > 0 || next.notices.join() !== last.notices.join();
    last = next;
    if (isNotable) yield reportOf(next);
  }
}

/** Asks the routers only where it was not asked before: their answers are news themselves. */
async function again(
  { unattributed }: Installation,
  signal: AbortSignal | undefined,
): Promise<Installation> {
  const next = await install({ solicit: false, signal });
  if (next.unattributed.every((prefix) => unattributed.includes(prefix))) return next;
  const { changes, ...rest } = await install({ signal });
  return { changes: [...next.changes, ...changes], ...rest };
}

function reportOf({ changes, notices }: RouteReport): RouteReport {
  return { changes, notices };
}

/**
 * Until the next route of main ends by its lifetime (the kernel tidies up after it, and tells, half a minute later), or
 * something that was announced does; and half-way to the end of an address of ours, for it may have been renewed.
 */
function endsInMs(look?: (kernel: Records) => void): number {
  const kernel = readSnapshot();
  look?.(kernel);
  const routes = kernel.routes.map(({ expiresSeconds }) => expiresSeconds)
    .filter((seconds) => seconds > 0 && seconds !== NEVER);
  const own = kernel.addresses.filter(({ protocol }) => protocol === OWN_PROTOCOL)
    .map(({ validSeconds }) => validSeconds / 2).filter((seconds) => seconds > 0);
  const heardSeconds = (heardEndMs() - bootMs()) / 1000;
  return (Math.min(LONGEST_MS / 1000, ...routes, ...own, heardSeconds) + 1) * 1000;
}

/** Settles with the promise, or rejects with the signal's reason. */
async function orAbort(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal!.reason);
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

/** What the kernel tells, and what routers announce where that is heard, any number of changes as one. */
class News {
  #isPending = false;
  #wake: (() => void) | null = null;
  readonly #stop: (() => void) | null;
  readonly #stopAnnounced: () => void;

  constructor() {
    const hear = () => {
      this.#isPending = true;
      this.#wake?.();
    };
    this.#stop = hearChanges(hear);
    this.#stopAnnounced = whenAnnounced(hear);
  }

  /** Settles at the next change, at once where there was one since the last time; or when the time is over. */
  async next(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (!this.#isPending) {
      const waking = new AbortController();
      this.#wake = () => waking.abort();
      const either = AbortSignal.any([waking.signal, ...(signal ? [signal] : [])]);
      // The timer also keeps the process alive: the listener does not.
      await sleep(this.#stop ? timeoutMs : Math.min(timeoutMs, DEAF_MS), undefined, {
        signal: either,
      }).catch(() => {});
      this.#wake = null;
      signal?.throwIfAborted();
    }
    this.#isPending = false;
  }

  stop(): void {
    this.#stop?.();
    this.#stopAnnounced();
  }
}
