/**
 * How often something may be done that others can cause: a token bucket (RFC 4443 2.4 (f)).
 *
 * @module
 */

/** A bucket that is full at first. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #clock: () => number;
  #tokens: number;
  #filledMs: number;

  /** @param clock Milliseconds from any beginning on, never less than before. */
  constructor(perSecond: number, burst: number, clock: () => number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#clock = clock;
    this.#tokens = burst;
    this.#filledMs = clock();
  }

  /** Whether it may be done once more now; then it counts as done. */
  take(): boolean {
    const nowMs = this.#clock();
    const earned = (nowMs - this.#filledMs) / 1000 * this.#perSecond;
    this.#tokens = Math.min(this.#burst, this.#tokens + earned);
    this.#filledMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
