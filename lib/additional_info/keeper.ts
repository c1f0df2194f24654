/**
 * Keeps the additional information of a host's explicit PvDs up to date, by the rules of RFC 8801 4.1.
 *
 * Who knows the host's PvDs drives it: `update()` takes all of them whenever they have changed. It asks for that of every
 * PvD that has any, never of some: which ones it left out would tell the network what the host knows (RFC 8801 7).
 *
 * What the `mif` daemon shows (`PvdInfo.additionalInfo`) it does not ask for as well: the limits of RFC 8801 4.1 are the
 * host's, and each thread counts by itself. It asks where the daemon has not renewed it shortly before its end.
 *
 * @module
 */

import { clearTimeout, setTimeout } from "node:timers";
import { MifError } from "../error.ts";
import { expiryMs, type PvdAdditionalInfo, uncoveredPrefix } from "../pvd/additional_info.ts";
import {
  type AdditionalInfoMemory,
  additionalInfos,
  hasAdditionalInfo,
  instanceKey,
} from "../pvd/additional_info_memory.ts";
import { attachmentOf } from "../pvd/attachment.ts";
import type { PvdInfo } from "../pvd/pvd.ts";
import { mismatch, requestAdditionalInfo, requestLimits } from "./fetch_additional_info.ts";
import { isFinal } from "./final_failure.ts";
import { type AttachmentOf, INTERVAL_MS, type RequestLimits } from "./request_limits.ts";
import { hasSource, isSettling, SETTLING_MS } from "./source_address.ts";

/** Time as a keeper sees it. */
export interface KeeperClock {
  /** Milliseconds that only grow. */
  nowMs(): number;
  /** The time of day, as Date has it. */
  dateMs(): number;
  /** Calls once, later; returns what prevents that. */
  after(delayMs: number, call: () => void): () => void;
}

/** What a keeper works with; each may be left out. */
export interface KeeperOptions {
  /** Called when the information of a PvD has come, or has gone without a change of the PvD itself. */
  onChange?: (pvd: PvdInfo) => void;
  /** Sends one request. */
  request?: (pvd: PvdInfo, signal: AbortSignal) => Promise<PvdAdditionalInfo>;
  /** Whether an address of the PvD is still being looked for among the neighbours'. */
  isSettling?: (pvd: PvdInfo) => boolean;
  attachmentOf?: AttachmentOf;
  clock?: KeeperClock;
  /** From 0 to less than 1, uniform. */
  random?: () => number;
  /** Where what comes is kept. */
  memory?: AdditionalInfoMemory;
  limits?: RequestLimits;
}

/** A clock that is set, and a machine that slept, are noticed within this time. */
const SLEEP_MAX_MS = 3_600_000;
/** Where the network did not carry the request, the next comes later each time. */
const RETRY_MAX_MS = 3_600_000;
const SETTLING_LOOK_MS = 250;
/** The part of a life after which one asks for what somebody else has fetched, and has not renewed. */
const OTHERS_PART = 0.9;

interface Kept {
  /** As it was told last. */
  pvd: PvdInfo;
  attachment: string;
  /** When to ask, on the clock that only grows; Infinity where nothing leads to it. */
  dueMs: number;
  /** When what this keeper fetched ends, on the time of day; Infinity where it has nothing. */
  expiresMs: number;
  /** How long to wait after the next failure of the network's; 0 after a success. */
  retryMs: number;
  /** When it was due and an address was not ready. */
  settlingSinceMs: number | null;
  asking: AbortController | null;
  failure: MifError | null;
}

/** Fetches, keeps and renews. */
export class AdditionalInfoKeeper implements Disposable {
  readonly #kept = new Map<string, Kept>();
  readonly #options: Required<KeeperOptions>;
  #stopTimer: () => void = () => {};
  #closed = false;

  /** Begins with no PvD. */
  constructor(options: KeeperOptions = {}) {
    this.#options = {
      onChange: () => {},
      request: (pvd, signal) => requestAdditionalInfo(pvd, { signal }),
      isSettling,
      attachmentOf,
      clock: RUNTIME_CLOCK,
      random: Math.random,
      memory: additionalInfos,
      limits: requestLimits,
      ...options,
    };
  }

  /** Takes in the PvDs as they are now: all of the host's. */
  update(pvds: readonly PvdInfo[]): void {
    if (this.#closed) return;
    const wanted = new Map(pvds.filter(hasAdditionalInfo).map((pvd) => [instanceKey(pvd), pvd]));
    for (const [key, kept] of this.#kept) {
      if (!wanted.has(key)) this.#drop(key, kept);
    }
    for (const [key, pvd] of wanted) this.#take(key, pvd);
    this.#work();
  }

  /** Why there is no information of a PvD, as far as it is known. */
  failureOf(pvd: PvdInfo): MifError | null {
    return this.#kept.get(instanceKey(pvd))?.failure ?? null;
  }

  /** Ends what is under way. What was fetched holds for as long as it would. */
  close(): void {
    this.#closed = true;
    this.#stopTimer();
    for (const { asking } of this.#kept.values()) asking?.abort();
    this.#kept.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #take(key: string, pvd: PvdInfo): void {
    const { clock, random } = this.#options;
    const attachment = this.#options.attachmentOf(pvd.interface);
    let kept = this.#kept.get(key);
    if (kept && kept.attachment !== attachment) {
      this.#drop(key, kept);
      kept = undefined;
    }
    if (!kept) {
      this.#kept.set(key, kept = newlyKept(pvd, attachment, clock.nowMs()));
      this.#leaveToOthers(kept);
      return;
    }
    const before = kept.pvd;
    const isOthers = before.additionalInfo !== undefined && kept.expiresMs === Infinity;
    kept.pvd = pvd;
    if (before.sequence !== pvd.sequence) {
      // What is there, and what is on its way, may be the old one.
      this.#forget(kept);
      kept.asking?.abort();
      kept.asking = null;
      kept.retryMs = 0;
      const delayMs = 2 ** (10 + (pvd.delay ?? 0));
      // Who fetched the old one is to come first.
      kept.dueMs = clock.nowMs() + random() * delayMs + (isOthers ? delayMs : 0);
    } else if (isOthers && pvd.additionalInfo === undefined) {
      // It is gone, and many may have left it to that one.
      kept.dueMs = Math.min(kept.dueMs, clock.nowMs() + random() * INTERVAL_MS);
    } else if (kept.retryMs > 0 && wayOf(before) !== wayOf(pvd)) {
      // The way there is another one.
      kept.dueMs = Math.min(kept.dueMs, clock.nowMs());
    }
    this.#leaveToOthers(kept);
  }

  /** What is shown and was not fetched here, the daemon has fetched, or a single call: that will do for now. */
  #leaveToOthers(kept: Kept): void {
    const { clock, random } = this.#options;
    const { pvd: { additionalInfo }, expiresMs, asking, failure } = kept;
    if (additionalInfo === undefined || expiresMs < Infinity || asking || failure) return;
    const leftMs = Math.max(0, expiryMs(additionalInfo) - clock.dateMs());
    kept.dueMs = clock.nowMs() + leftMs * (OTHERS_PART + random() * (1 - OTHERS_PART));
  }

  #drop(key: string, kept: Kept): void {
    kept.asking?.abort();
    this.#forget(kept);
    this.#kept.delete(key);
  }

  /** False where there was none. */
  #forget(kept: Kept): boolean {
    kept.expiresMs = Infinity;
    return this.#options.memory.forget(kept.pvd);
  }

  /** Does what is due, and sees to be called for the rest. */
  #work(): void {
    const { clock, onChange } = this.#options;
    const dateMs = clock.dateMs();
    const ended = [...this.#kept.values()].filter((kept) =>
      kept.expiresMs <= dateMs && this.#forget(kept)
    );
    const due = [...this.#kept.values()]
      .filter((kept) => kept.dueMs <= clock.nowMs() && hasSource(kept.pvd))
      .sort((a, b) => a.dueMs - b.dueMs);
    for (const kept of due) this.#ask(kept);
    this.#setTimer();
    for (const { pvd } of ended) onChange(pvd);
  }

  #setTimer(): void {
    const { clock } = this.#options;
    this.#stopTimer();
    let delayMs = Infinity;
    for (const { pvd, dueMs, expiresMs } of this.#kept.values()) {
      // One without an address waits for the update that brings it.
      if (hasSource(pvd)) delayMs = Math.min(delayMs, dueMs - clock.nowMs());
      delayMs = Math.min(delayMs, expiresMs - clock.dateMs());
    }
    if (delayMs === Infinity) return;
    const boundMs = Math.min(Math.max(delayMs, 0), SLEEP_MAX_MS);
    this.#stopTimer = clock.after(boundMs, () => this.#work());
  }

  /** Asks, or finds out when. */
  #ask(kept: Kept): void {
    const { clock, limits, request } = this.#options;
    const nowMs = clock.nowMs();
    const { pvd } = kept;
    const refusal = limits.refusal(pvd, nowMs);
    if (refusal) {
      kept.failure = refusal;
      kept.dueMs = Infinity;
      return;
    }
    const waitMs = limits.waitMs(pvd, nowMs) || this.#settlingMs(kept);
    if (waitMs > 0) {
      kept.dueMs = nowMs + waitMs;
      return;
    }
    kept.dueMs = Infinity;
    kept.settlingSinceMs = null;
    const asking = kept.asking = new AbortController();
    limits.asked(pvd, nowMs);
    request(pvd, asking.signal).then(
      (info) => asking.signal.aborted || this.#answered(kept, info),
      (error) => asking.signal.aborted || this.#failed(kept, error),
    );
  }

  /** How long until another look whether all addresses are ready; 0 where they are, or have taken too long. */
  #settlingMs(kept: Kept): number {
    const nowMs = this.#options.clock.nowMs();
    if (!this.#options.isSettling(kept.pvd)) return 0;
    kept.settlingSinceMs ??= nowMs;
    return nowMs - kept.settlingSinceMs < SETTLING_MS ? SETTLING_LOOK_MS : 0;
  }

  #answered(kept: Kept, info: PvdAdditionalInfo): void {
    const { clock, random, memory, onChange } = this.#options;
    const uncovered = uncoveredPrefix(info, kept.pvd);
    kept.asking = null;
    // Kept all the same: the router may come to announce others.
    kept.failure = uncovered === null ? null : mismatch(kept.pvd, uncovered);
    kept.retryMs = 0;
    kept.expiresMs = expiryMs(info);
    const halfMs = (kept.expiresMs - clock.dateMs()) / 2;
    kept.dueMs = clock.nowMs() + halfMs + random() * halfMs;
    memory.remember(kept.pvd, info, kept.attachment);
    this.#setTimer();
    onChange(kept.pvd);
  }

  #failed(kept: Kept, error: unknown): void {
    const { clock, random, limits, onChange } = this.#options;
    kept.asking = null;
    kept.failure = error instanceof MifError ? error : unexpected(kept.pvd, error);
    let hasGone = false;
    if (isFinal(error)) {
      limits.failed(kept.pvd, error, clock.nowMs());
      hasGone = this.#forget(kept);
    } else {
      kept.retryMs = Math.min(Math.max(INTERVAL_MS, kept.retryMs * 2), RETRY_MAX_MS);
      kept.dueMs = clock.nowMs() + kept.retryMs * (1 + random() / 2);
    }
    this.#setTimer();
    if (hasGone) onChange(kept.pvd);
  }
}

function newlyKept(pvd: PvdInfo, attachment: string, dueMs: number): Kept {
  return {
    pvd,
    attachment,
    dueMs,
    expiresMs: Infinity,
    retryMs: 0,
    settlingSinceMs: null,
    asking: null,
    failure: null,
  };
}

/** What a request depends on. */
function wayOf({ addresses, gateways, dnsServers }: PvdInfo): string {
  return JSON.stringify(
    [addresses, gateways, dnsServers].map((list) => list.map(({ address }) => address)),
  );
}

function unexpected({ id }: PvdInfo, cause: unknown): MifError {
  return new MifError(`Cannot ask for the additional information of PvD ${id}: ${cause}`, {
    code: "EPROTO",
    errno: 71,
    syscall: "fetchAdditionalInfo",
    cause,
  });
}

const RUNTIME_CLOCK: KeeperClock = {
  nowMs: () => performance.now(),
  dateMs: () => Date.now(),
  after: (delayMs, call) => {
    // It is who reads the PvDs that keeps the process alive.
    const timer = setTimeout(call, delayMs).unref();
    return () => clearTimeout(timer);
  },
};
