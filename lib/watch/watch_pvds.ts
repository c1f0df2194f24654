/**
 * `watchPvds()`: the host's PvDs, and how they change.
 *
 * @module
 */

import type { NetworkInformationOptions } from "../additional_info/fetch_additional_info.ts";
import { differences, type KnownPvds, type PvdEvent } from "./difference.ts";
import { type Subscriber, watcher } from "./watcher.ts";

/** What {@linkcode watchPvds} takes. */
export interface WatchPvdsOptions {
  /** Ends it, without an error. */
  signal?: AbortSignal;
  /**
   * Asks the routers of all links first, as `getpvdinfo()` does, and of every link that comes up later. Sends packets;
   * needs CAP_NET_RAW.
   */
  solicit?: boolean;
  /**
   * Keeps the additional information of all explicit PvDs that have any, by the rules of RFC 8801 4.1: `additionalInfo`
   * comes, goes and changes as any other member. Sends requests, by way of each PvD, each thread its own; none where
   * `mif daemon --additional-info` has it already. Of several that watch in one thread, the options of the first count.
   */
  additionalInfo?: boolean | Omit<NetworkInformationOptions, "signal">;
}

/**
 * The PvDs of this host as {@linkcode PvdEvent}s: those that are there now, each as `"added"`, then the default PvD, then
 * every change for as long as it is iterated.
 *
 * It sleeps until something may have changed: the kernel tells of links, addresses, routes, rules, and of what routers
 * announce; lifetimes end by a timer; the files of network managers and resolv.conf are looked at once a second. The
 * first change is told at once, in a millisecond or two; those that follow it within 50 ms are told together, as what
 * came of them. Who takes events more slowly than they come gets them so too: nothing piles up, and what is told leads
 * from each set to the next. News that the kernel had to drop are no loss, for all is read again.
 *
 * Whole Router Advertisements, and so explicit PvDs (RFC 8801), are heard where the process has CAP_NET_RAW. All that
 * watch in one thread share one listener. A pending `next()` keeps the process alive, and nothing else does; leaving the
 * loop frees what it had.
 *
 * @throws {MifError} From the iteration, what `listPvds()` throws; EPERM: `solicit` without CAP_NET_RAW.
 *
 * @example
 * ```ts
 * import { watchPvds } from "@mif/sockets";
 *
 * for await (const { type, pvd } of watchPvds()) {
 *   console.log(type, pvd?.id);
 *   if (type === "default") break; // all that were there at first have been told
 * }
 * ```
 */
export function watchPvds(options: WatchPvdsOptions = {}): AsyncIterableIterator<PvdEvent> {
  return new PvdIterator(options);
}

interface PendingNext {
  resolve(result: IteratorResult<PvdEvent>): void;
  reject(reason: unknown): void;
}

/** Not a generator: that would keep return() waiting behind a pending next(). */
class PvdIterator implements AsyncIterableIterator<PvdEvent>, Subscriber {
  readonly solicit: boolean;
  readonly additionalInfo: Subscriber["additionalInfo"];
  readonly #signal: AbortSignal | undefined;
  /** What the caller knows when it has taken what is ready. */
  #told: KnownPvds | null = null;
  #ready: PvdEvent[] = [];
  readonly #pending: PendingNext[] = [];
  #state: "new" | "open" | "over" = "new";

  constructor({ signal, solicit = false, additionalInfo = false }: WatchPvdsOptions) {
    this.solicit = solicit;
    this.additionalInfo = additionalInfo === true ? {} : additionalInfo || null;
    this.#signal = signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<PvdEvent>> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ resolve, reject });
      if (this.#state === "new") this.#open();
      this.#serve();
    });
  }

  return(): Promise<IteratorResult<PvdEvent>> {
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Called by the watcher, with what is there now. */
  take(known: KnownPvds): void {
    this.#ready = differences(this.#told, known);
    this.#told = known;
    this.#serve();
  }

  /** Called by the watcher: it cannot go on. */
  fail(error: unknown): void {
    this.#pending.shift()?.reject(error);
    this.#end();
  }

  #open(): void {
    if (this.#signal?.aborted) return this.#end();
    this.#state = "open";
    this.#signal?.addEventListener("abort", this.#abort);
    watcher().join(this);
  }

  readonly #abort = () => this.#end();

  #serve(): void {
    while (this.#pending.length > 0) {
      const value = this.#ready.shift();
      if (value !== undefined) this.#pending.shift()!.resolve({ done: false, value });
      else if (this.#state === "over") this.#pending.shift()!.resolve({ done: true, value });
      else break;
    }
    // It is asked for what is new only when all that is old has been taken.
    if (this.#state === "open") watcher().await(this, this.#pending.length > 0);
  }

  #end(): void {
    const wasOpen = this.#state === "open";
    this.#state = "over";
    this.#ready = [];
    this.#told = null;
    if (wasOpen) {
      this.#signal?.removeEventListener("abort", this.#abort);
      watcher().leave(this);
    }
    this.#serve();
  }
}
