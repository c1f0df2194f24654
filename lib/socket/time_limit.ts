/**
 * A caller's signal and a time limit as one signal.
 *
 * @module
 */

import { TIMEOUT_MAX_MS } from "./socket.ts";

/** Aborts with the signal, or when the time is over, until it is disposed of. */
export class TimeLimit implements Disposable {
  readonly signal: AbortSignal;
  #release: () => void;

  /**
   * @param timeoutMs Left out, or longer than a timer runs: no limit.
   * @param tookTooLong The reason of the end when the time is over.
   * @throws The signal's reason where it is aborted already.
   */
  constructor(
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    tookTooLong: (timeoutMs: number) => unknown,
  ) {
    signal?.throwIfAborted();
    const controller = new AbortController();
    const abort = () => controller.abort(signal!.reason);
    signal?.addEventListener("abort", abort);
    const timer = timeoutMs === undefined || timeoutMs > TIMEOUT_MAX_MS
      ? undefined
      : setTimeout(() => controller.abort(tookTooLong(timeoutMs)), timeoutMs);
    this.signal = controller.signal;
    this.#release = () => {
      signal?.removeEventListener("abort", abort);
      clearTimeout(timer);
    };
  }

  [Symbol.dispose](): void {
    this.#release();
  }
}
