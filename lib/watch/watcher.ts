/**
 * What all iterators of a thread share: it waits for news of any kind, looks at the host again, and hands on what it saw.
 *
 * Nothing is kept of the news themselves. Every look reads all, begins after its news were taken, and is compared with
 * what each iterator was told last: so neither a dropped message nor a slow reader loses anything.
 *
 * @module
 */

import {
  type NetworkInformationOptions,
  requestAdditionalInfo,
} from "../additional_info/fetch_additional_info.ts";
import { AdditionalInfoKeeper } from "../additional_info/keeper.ts";
import { NEVER } from "../../ffi/layout.gen.ts";
import { MifError } from "../error.ts";
import type { KernelSnapshot } from "../netlink/snapshot.ts";
import { bootMs } from "../boot_clock.ts";
import { expiryMs } from "../pvd/additional_info.ts";
import { hearAdvertisement, whenAnnounced, whenDetached } from "../pvd/advertised.ts";
import { groupPvds } from "../pvd/group.ts";
import { readHost } from "../pvd/host.ts";
import type { PvdInfo } from "../pvd/pvd.ts";
import { reactor } from "../socket/reactor.ts";
import { TIMEOUT_MAX_MS } from "../socket/socket.ts";
import { hearChanges } from "../socket/table_news.ts";
import { hearAnnouncements } from "./announcements.ts";
import { DaemonClient } from "./daemon_client.ts";
import { type KnownPvds, knownPvds } from "./difference.ts";
import { RouterListener } from "./router_listener.ts";
import { SourceFiles } from "./source_files.ts";

/** Who is told. */
export interface Subscriber {
  /** Whether the routers are to be asked. */
  readonly solicit: boolean;
  /** How additional information is to be asked for; null where it is not. */
  readonly additionalInfo: Omit<NetworkInformationOptions, "signal"> | null;
  /** What is there now, which may be what was there before. */
  take(known: KnownPvds): void;
  /** There is nothing more to come. */
  fail(error: unknown): void;
}

/** So long after one look the next one waits, for all that comes meanwhile. */
const SPACING_MS = 50;
/** A look that takes long keeps the next one away for so many times as long. */
const SPACING_FACTOR = 4;
const FILES_MS = 1000;
/** A look may fail for want of memory or descriptors: so often it is tried again, with pauses. */
const FAILURES_MAX = 10;
const RETRY_MS = 500;

let current: Watcher | null = null;

/** The watcher of this JavaScript thread. */
export function watcher(): Watcher {
  return current ??= new Watcher();
}

/** Listens while there are subscribers, looks while one of them waits. */
class Watcher {
  readonly #subscribers = new Set<Subscriber>();
  readonly #waiting = new Set<Subscriber>();
  /** Those whose routers are being asked. */
  readonly #starting = new Set<Subscriber>();
  #stops: (() => void)[] = [];
  #routers: RouterListener | null = null;
  #keeper: AdditionalInfoKeeper | null = null;
  #daemon: DaemonClient | null = null;
  #files: SourceFiles | null = null;
  /** Whether the kernel's news cannot be heard: then it is looked at as often as the files are. */
  #isDeaf = false;
  #known: KnownPvds | null = null;
  /** Something may be otherwise than in `#known`. */
  #isStale = true;
  #isLooking = false;
  #lookedMs = -Infinity;
  #notBeforeMs = 0;
  /** When the next lifetime ends. */
  #endsMs = Infinity;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ticker: ReturnType<typeof setInterval> | undefined;

  /** Begins to listen with the first one. */
  join(subscriber: Subscriber): void {
    try {
      if (this.#subscribers.size === 0) this.#listen();
      // Lifetimes run on: what is told first is as of now.
      if (performance.now() - this.#lookedMs > SPACING_MS) this.#isStale = true;
      this.#subscribers.add(subscriber);
      if (subscriber.solicit) this.#solicitFor(subscriber);
      if (subscriber.additionalInfo) this.#keepInfos(subscriber.additionalInfo);
    } catch (error) {
      this.leave(subscriber);
      subscriber.fail(error);
    }
  }

  /** Forgets one; all is closed with the last. */
  leave(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
    this.#starting.delete(subscriber);
    this.await(subscriber, false);
    if (![...this.#subscribers].some(({ additionalInfo }) => additionalInfo)) this.#loseInfos();
    if (this.#subscribers.size === 0) this.#close();
  }

  /** Says whether one has taken all it was told, and wants to know what comes. */
  await(subscriber: Subscriber, isWaiting: boolean): void {
    if (isWaiting === this.#waiting.has(subscriber)) return;
    if (!isWaiting) this.#waiting.delete(subscriber);
    else if (this.#subscribers.has(subscriber)) this.#waiting.add(subscriber);
    const isFirst = isWaiting && this.#waiting.size === 1;
    if (isFirst) {
      reactor().hold();
      this.#tick();
      this.#ticker = setInterval(() => this.#tick(), FILES_MS);
      this.#ticker.unref();
    } else if (!isWaiting && this.#waiting.size === 0) {
      reactor().release();
      clearInterval(this.#ticker);
    }
    // A turn later: who asks may still be in the middle of something.
    if (isWaiting) queueMicrotask(() => this.#arrange());
    else this.#arrange();
  }

  #listen(): void {
    const news = () => this.#hear();
    const stop = hearChanges(news);
    this.#isDeaf = stop === null;
    if (stop) this.#stops.push(stop);
    this.#stops.push(
      whenAnnounced(news),
      whenDetached((index) => this.#routers?.lose(index)),
      hearAnnouncements(),
    );
    this.#daemon = new DaemonClient(news);
    this.#files = new SourceFiles();
    this.#routers = RouterListener.openIfPermitted(hearAdvertisement);
  }

  #close(): void {
    for (const stop of this.#stops.splice(0)) stop();
    this.#routers?.close();
    this.#routers = null;
    this.#daemon?.close();
    this.#daemon = null;
    this.#files = null;
    this.#known = null;
    this.#isStale = true;
    this.#endsMs = Infinity;
    clearTimeout(this.#timer);
  }

  #keepInfos(options: Omit<NetworkInformationOptions, "signal">): void {
    this.#keeper ??= new AdditionalInfoKeeper({
      onChange: () => this.#hear(),
      request: (pvd, signal) => requestAdditionalInfo(pvd, { ...options, signal }),
    });
    // It learns of the PvDs at the next look.
    this.#isStale = true;
  }

  #loseInfos(): void {
    this.#keeper?.close();
    this.#keeper = null;
  }

  #solicitFor(subscriber: Subscriber): void {
    // Where it could not be opened, this says why; without IPv6 there is nobody to ask.
    this.#routers ??= RouterListener.open(hearAdvertisement);
    if (this.#routers === null) return;
    this.#starting.add(subscriber);
    this.#routers.solicit().then(() => {
      this.#starting.delete(subscriber);
      this.#hear();
    }, (error) => {
      if (this.#subscribers.has(subscriber)) subscriber.fail(error);
    });
  }

  #hear(): void {
    // What a look takes in itself is in what it sees.
    if (this.#isLooking) return;
    this.#isStale = true;
    this.#arrange();
  }

  #tick(): void {
    const hasNews = this.#files!.changed(this.#daemon!.connect());
    if (hasNews || this.#isDeaf) this.#hear();
  }

  /** Looks now, or sets the timer for when it is to look. */
  #arrange(): void {
    clearTimeout(this.#timer);
    if (![...this.#waiting].some((one) => !this.#starting.has(one))) return;
    const nowMs = performance.now();
    const dueMs = this.#isStale ? this.#notBeforeMs : Math.max(this.#endsMs, this.#notBeforeMs);
    if (dueMs <= nowMs) return this.#look();
    this.#timer = setTimeout(
      () => this.#arrange(),
      Math.min(Math.ceil(dueMs - nowMs), TIMEOUT_MAX_MS),
    );
    this.#timer.unref();
  }

  #look(): void {
    this.#isStale = false;
    this.#isLooking = true;
    this.#lookedMs = performance.now();
    let failure: unknown = null;
    let pvds: PvdInfo[] = [];
    try {
      const host = readHost();
      pvds = groupPvds(host).map(({ pvd }) => pvd);
      this.#known = knownPvds(pvds);
      this.#endsMs = this.#lookedMs + Math.min(endsInMs(host), infosEndInMs(pvds));
      this.#failures = 0;
      this.#routers?.follow(host.kernel);
    } catch (error) {
      failure = error;
    } finally {
      this.#isLooking = false;
    }
    const nowMs = performance.now();
    this.#notBeforeMs = nowMs + Math.max(SPACING_MS, SPACING_FACTOR * (nowMs - this.#lookedMs));
    for (const one of [...this.#waiting]) {
      if (this.#starting.has(one)) continue;
      if (failure === null) one.take(this.#known!);
      else if (!this.#mayPass(failure)) one.fail(failure);
    }
    if (failure === null) this.#keeper?.update(pvds);
    else {
      this.#failures++;
      this.#isStale = true;
      this.#notBeforeMs = nowMs + RETRY_MS;
    }
    this.#arrange();
  }

  /** Who was told something already is not left for a failure that may pass. */
  #mayPass(failure: unknown): boolean {
    return failure instanceof MifError && this.#known !== null && this.#failures < FAILURES_MAX;
  }
}

/** In how many milliseconds something is otherwise without anybody's telling. */
function endsInMs({ kernel, advertised, daemon }: ReturnType<typeof readHost>): number {
  return Math.min(routesEndInMs(kernel), Math.min(advertised.endMs, daemon.endMs) - bootMs());
}

/** In how many milliseconds additional information ends, which has a time of day. */
function infosEndInMs(pvds: readonly PvdInfo[]): number {
  const ends = pvds.flatMap(({ additionalInfo }) =>
    additionalInfo ? [expiryMs(additionalInfo)] : []
  );
  return Math.max(0, Math.min(...ends) - Date.now());
}

/** In how many milliseconds the next route ends, of which the kernel tells only as it tidies up, half a minute later. */
function routesEndInMs({ routes }: KernelSnapshot): number {
  let seconds = NEVER;
  for (const { expiresSeconds } of routes) {
    if (expiresSeconds > 0 && expiresSeconds < seconds) seconds = expiresSeconds;
  }
  // It says whole seconds, those that are over left out.
  return seconds === NEVER ? Infinity : seconds * 1000;
}
