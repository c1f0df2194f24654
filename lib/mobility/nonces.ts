/**
 * A correspondent's nonces and its node key, RFC 6275 5.2.1 and 5.2.2: a new nonce every 30 seconds, each of use for as
 * long as eight of them take.
 *
 * @module
 */

import { MAX_NONCE_LIFETIME_SECONDS, NODE_KEY_SIZE } from "./return_routability.ts";

/** A nonce with its number. */
export interface Nonce {
  /** What the messages call it by, modulo 65536. */
  index: number;
  /** 8 random bytes. */
  bytes: Uint8Array;
}

const NONCE_SIZE = 8;
/** How many are of use. */
const KEPT = 8;
const INTERVAL_MS = MAX_NONCE_LIFETIME_SECONDS * 1000 / KEPT;

/** The nonces of one correspondent, and Kcn. Nothing happens while nobody asks. */
export class Nonces {
  /** Kcn: 20 random bytes that nobody else learns. */
  readonly nodeKey: Uint8Array = random(NODE_KEY_SIZE);
  readonly #clock: () => number;
  readonly #beginMs: number;
  /** By the number of their interval. */
  readonly #made = new Map<number, Uint8Array>();

  /** @param clock Milliseconds from any beginning on, never less than before. */
  constructor(clock: () => number) {
    this.#clock = clock;
    this.#beginMs = clock();
  }

  /** The one to make tokens of now. */
  current(): Nonce {
    const now = this.#interval();
    for (const interval of this.#made.keys()) {
      if (interval <= now - KEPT) this.#made.delete(interval);
    }
    let bytes = this.#made.get(now);
    if (bytes === undefined) this.#made.set(now, bytes = random(NONCE_SIZE));
    return { index: now & 0xffff, bytes };
  }

  /** The one with a number; null where there was none, or it is of no use any more. */
  find(index: number): Uint8Array | null {
    const now = this.#interval();
    const age = (now - index) & 0xffff;
    return age < KEPT ? this.#made.get(now - age) ?? null : null;
  }

  #interval(): number {
    return Math.floor((this.#clock() - this.#beginMs) / INTERVAL_MS);
  }
}

function random(size: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(size));
}
