/**
 * Random numbers that come again: for what is fuzzed, and for tests that make their own samples.
 *
 * @module
 */

import { fuzzed } from "./fuzz.ts";

/** Numbers and bytes from one seed (xorshift32). */
export class Random {
  /** Where it began; a test that fails prints it. */
  readonly seed: number;
  #state: number;

  /** `seed` is any number, whose 32 low bits count; that of the fuzzed properties where left out. */
  constructor(seed: number = fuzzed.seed) {
    this.seed = seed;
    this.#state = (seed ^ 0x9e3779b9) >>> 0 || 1;
    // The first numbers of neighbouring seeds look alike.
    for (let i = 0; i < 8; i++) this.#next();
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.#next() / 0x100000000 * end);
  }

  /** One of these. */
  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  /** True in one of so many cases. */
  oneIn(cases: number): boolean {
    return this.below(cases) === 0;
  }

  /** So many random bytes. */
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  #next(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return this.#state = state >>> 0;
  }
}
