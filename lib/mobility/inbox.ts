/**
 * Several who wait for messages of one socket: each takes what is its own.
 *
 * @module
 */

import type { MobilitySocket } from "./mobility_socket.ts";
import type { ReceivedMobility } from "./received.ts";

/** What a waiter makes of a message: null where it is not for it. */
export type Accept<T> = (received: ReceivedMobility) => Promise<T | null>;

interface Waiter {
  offer(received: ReceivedMobility): Promise<void>;
  fail(reason: unknown): void;
}

/** Reads a socket while somebody waits. What nobody takes is gone. */
export class Inbox {
  readonly #socket: MobilitySocket;
  readonly #waiters = new Set<Waiter>();
  #stop: AbortController | null = null;

  /** The socket stays its owner's. */
  constructor(socket: MobilitySocket) {
    this.#socket = socket;
  }

  /**
   * The first message that `accept` takes; null when the time is over. Rejects with the signal's reason, and with what the
   * socket says when it can hear no more.
   */
  wait<T>(accept: Accept<T>, timeoutMs: number, signal?: AbortSignal): Promise<T | null> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const leave = () => {
        this.#waiters.delete(waiter);
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        if (this.#waiters.size === 0) this.#stop?.abort();
      };
      const fail = (reason: unknown) => {
        leave();
        reject(reason);
      };
      const abort = () => fail(signal!.reason);
      const timer = setTimeout(() => {
        leave();
        resolve(null);
      }, timeoutMs);
      const waiter: Waiter = {
        fail,
        async offer(received) {
          try {
            const taken = await accept(received);
            if (taken === null) return;
            leave();
            resolve(taken);
          } catch (error) {
            fail(error);
          }
        },
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#waiters.add(waiter);
      if (this.#stop === null || this.#stop.signal.aborted) this.#read(new AbortController());
    });
  }

  async #read(stop: AbortController): Promise<void> {
    this.#stop = stop;
    const { signal } = stop;
    try {
      while (!signal.aborted) {
        const received = await this.#socket.receive({ signal });
        for (const waiter of this.#waiters) await waiter.offer(received);
      }
    } catch (error) {
      if (signal.aborted) return;
      this.#stop = null;
      for (const waiter of this.#waiters) waiter.fail(error);
    }
  }
}
