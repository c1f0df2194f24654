/**
 * One time limit that is moved often and reached seldom.
 *
 * @module
 */

import { clearTimeout, setTimeout } from "node:timers";
import { TIMEOUT_MAX_MS } from "../socket/socket.ts";

/** Keeps no process alive. Moving it to later costs no timer: the one that runs looks again when it ends. */
export class Deadline {
  #endMs = Infinity;
  #onLate: () => void = () => {};
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerEndMs = Infinity;

  /** Has `onLate` called in so many milliseconds; what was to be called before is not. */
  set(timeoutMs: number, onLate: () => void): void {
    const nowMs = performance.now();
    this.#endMs = nowMs + timeoutMs;
    this.#onLate = onLate;
    if (this.#endMs < this.#timerEndMs) this.#start(timeoutMs, nowMs);
  }

  /** Calls nothing until it is set again. */
  clear(): void {
    this.#endMs = Infinity;
  }

  /** Ends it. */
  stop(): void {
    this.clear();
    clearTimeout(this.#timer);
    this.#timerEndMs = Infinity;
  }

  #start(timeoutMs: number, nowMs: number): void {
    clearTimeout(this.#timer);
    if (!(timeoutMs <= TIMEOUT_MAX_MS)) {
      this.#timerEndMs = Infinity;
      return;
    }
    this.#timerEndMs = nowMs + timeoutMs;
    this.#timer = setTimeout(() => this.#look(), timeoutMs);
    this.#timer.unref();
  }

  #look(): void {
    this.#timerEndMs = Infinity;
    const nowMs = performance.now();
    // A timer may be a millisecond early.
    if (nowMs + 1 < this.#endMs) {
      if (this.#endMs < Infinity) this.#start(Math.ceil(this.#endMs - nowMs), nowMs);
      return;
    }
    this.#endMs = Infinity;
    this.#onLate();
  }
}
