/**
 * When the daemon writes its state, and what its readers are told.
 *
 * Something new is written at once, and what follows it within 50 ms as one. Lifetimes that begin anew are nothing new:
 * they are written with the next sign of life, or before the first of those that readers know would end.
 *
 * @module
 */

import { type DaemonState, encodeSign, encodeState, HEARTBEAT_MS } from "../pvd/daemon_state.ts";

/** What the publisher needs of its surroundings; tests give their own. */
export interface PublisherHost {
  /** All that is known, with the time it is. */
  state(): DaemonState;
  /** When the next lifetime ends, on the clock of `writtenMs`. */
  endMs(nowMs: number): number;
  nowMs(): number;
  /** Replaces the state file; throws where that cannot be. */
  write(text: string): void;
  /** Gives the state to all readers. */
  publish(text: string): void;
  /** Tells all readers that it holds on. */
  sign(line: string): void;
  log(message: string): void;
}

/** So long after one writing the next one waits. */
const SPACING_MS = 50;
/** One that takes long keeps the next one away for so many times as long. */
const SPACING_FACTOR = 4;
/** After the file could not be written. */
const RETRY_MS = 5000;
/** Before a lifetime ends that may have begun anew. */
const EARLY_MS = 250;

/** Writes when it is time. It does not keep the process alive. */
export class Publisher {
  readonly #host: PublisherHost;
  /** Something is new since the last time. */
  #isNew = true;
  #publishedMs = -Infinity;
  #spacingMs = SPACING_MS;
  /** The first end of a lifetime that the file, and that readers know. */
  #fileEndMs = Infinity;
  #readersEndMs = Infinity;
  #failure = "";
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Publishes nothing before {@linkcode Publisher.start}. */
  constructor(host: PublisherHost) {
    this.#host = host;
  }

  /** Publishes now, and from now on. */
  start(): void {
    this.#publish();
  }

  /** Something is new. */
  note(): void {
    this.#isNew = true;
    this.wake();
  }

  /** Time may have passed that no timer has noticed: the machine may have slept. */
  wake(): void {
    if (this.#publishedMs > -Infinity) this.#arrange();
  }

  /** No more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#publishedMs = -Infinity;
  }

  #arrange(): void {
    clearTimeout(this.#timer);
    const nowMs = this.#host.nowMs();
    const earliestMs = this.#publishedMs + this.#spacingMs;
    // One that did not begin anew until then is about to end; if it does after all, that is news.
    const endMs = this.#fileEndMs - EARLY_MS;
    const quietUntilMs = Math.min(
      this.#publishedMs + (this.#failure === "" ? HEARTBEAT_MS : RETRY_MS),
      endMs > this.#publishedMs ? endMs : Infinity,
    );
    const dueMs = this.#isNew ? earliestMs : Math.max(earliestMs, quietUntilMs);
    if (dueMs <= nowMs) return this.#publish();
    this.#timer = setTimeout(() => this.#arrange(), Math.ceil(dueMs - nowMs));
    this.#timer.unref();
  }

  #publish(): void {
    const { state, endMs, nowMs, write, publish, sign } = this.#host;
    const startMs = nowMs();
    const said = state();
    const text = encodeState(said);
    const now = nowMs();
    this.#publishedMs = now;
    this.#fileEndMs = endMs(now);
    const endsSoon = this.#readersEndMs < now + HEARTBEAT_MS + EARLY_MS;
    if (this.#isNew || (endsSoon && this.#fileEndMs > this.#readersEndMs)) {
      publish(text);
      this.#readersEndMs = this.#fileEndMs;
    } else sign(encodeSign(said.writtenMs));
    this.#isNew = false;
    this.#attempt(() => write(text));
    this.#spacingMs = Math.max(SPACING_MS, SPACING_FACTOR * (nowMs() - startMs));
    this.#arrange();
  }

  /** A full /run is told once, and once when it is over; readers by the socket have what they need. */
  #attempt(write: () => void): void {
    let failure = "";
    try {
      write();
    } catch (error) {
      failure = (error as Error).message;
    }
    if (failure !== this.#failure) {
      this.#host.log(
        failure === "" ? "the state is written again" : `the state is not written: ${failure}`,
      );
    }
    this.#failure = failure;
  }
}
