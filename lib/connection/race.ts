/**
 * Racing attempts to connect: Happy Eyeballs (RFC 8305 4 and 5).
 *
 * The next attempt begins when the one before has failed, or has not succeeded for a while. The first that succeeds
 * wins and the others are ended.
 *
 * @module
 */

/** An attempt that failed. */
export interface Failure<C> {
  candidate: C;
  error: unknown;
}

/** How to race. */
export interface Race<C, T> {
  /** Milliseconds that an attempt has for itself ("Connection Attempt Delay"). */
  attemptDelayMs: number;
  /** Ends all attempts; the race rejects with its reason. */
  signal: AbortSignal;
  /** Tries one; is to end soon after the signal it is given. */
  attempt(candidate: C, signal: AbortSignal): Promise<T>;
  /** Closes what came too late. */
  discard(late: T): void;
}

/** The first success, or every failure in the order they came. */
export function race<C, T>(
  candidates: readonly C[],
  { attemptDelayMs, signal, attempt, discard }: Race<C, T>,
): Promise<T | Failure<C>[]> {
  return new Promise((resolve, reject) => {
    const failures: Failure<C>[] = [];
    const losers = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let started = 0;
    let running = 0;
    let over = false;

    const finish = (settle: () => void) => {
      over = true;
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      settle();
      // The reason it makes costs more than most of the race.
      if (running > 0) losers.abort();
    };
    const abort = () => finish(() => reject(signal.reason));
    const startNext = () => {
      clearTimeout(timer);
      if (over || started === candidates.length) return;
      const candidate = candidates[started++]!;
      if (started < candidates.length) timer = setTimeout(startNext, attemptDelayMs);
      running++;
      attempt(candidate, losers.signal).then((won) => {
        running--;
        if (over) discard(won);
        else finish(() => resolve(won));
      }, (error) => {
        running--;
        failures.push({ candidate, error });
        if (over) return;
        if (failures.length === candidates.length) finish(() => resolve(failures));
        else startNext();
      });
    };

    if (signal.aborted) return reject(signal.reason);
    if (candidates.length === 0) return resolve(failures);
    signal.addEventListener("abort", abort);
    startNext();
  });
}

/** The families by turns, each in its own order, the first one's first: no dead family is waited for twice in a row. */
export function interleaveFamilies<A extends { address: string }>(addresses: readonly A[]): A[] {
  if (addresses.length < 2) return [...addresses];
  const isIpv6 = ({ address }: A) => address.includes(":");
  const firstIsIpv6 = isIpv6(addresses[0]!);
  const first = addresses.filter((address) => isIpv6(address) === firstIsIpv6);
  const second = addresses.filter((address) => isIpv6(address) !== firstIsIpv6);
  return Array.from({ length: Math.max(first.length, second.length) }, (_, i) => [
    ...first.slice(i, i + 1),
    ...second.slice(i, i + 1),
  ]).flat();
}
