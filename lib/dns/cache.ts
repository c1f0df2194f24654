/**
 * Answers kept for as long as they hold (RFC 1035 3.2.1, RFC 2308), in bounded memory.
 *
 * @module
 */

/** Nothing is kept longer: a day for what there is, three hours for what there is not (RFC 2308 5). */
const FOUND_MAX_SECONDS = 86_400;
const MISSING_MAX_SECONDS = 10_800;

/** Least recently used goes first beyond these. */
const ENTRIES_MAX = 4096;
const BYTES_MAX = 8 << 20;

interface Entry<T> {
  value: T;
  storedMs: number;
  expiresMs: number;
  bytes: number;
}

/** A cache of one PvD. */
export class AnswerCache<T> {
  readonly #nowMs: () => number;
  /** The least recently used first. */
  readonly #entries = new Map<string, Entry<T>>();
  #bytes = 0;

  /** @param nowMs A clock that only moves forward. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** What is known and how many whole seconds ago it was learnt; null where nothing is. */
  get(key: string): { value: T; ageSeconds: number } | null {
    const entry = this.#entries.get(key);
    if (!entry) return null;
    const nowMs = this.#nowMs();
    this.#delete(key, entry);
    if (nowMs >= entry.expiresMs) return null;
    this.#set(key, entry);
    return { value: entry.value, ageSeconds: Math.floor((nowMs - entry.storedMs) / 1000) };
  }

  /**
   * Keeps an answer.
   *
   * @param ttlSeconds For how long, within the bounds; 0 keeps nothing.
   * @param exists Whether it says that there is something.
   * @param bytes About how much memory it takes.
   */
  set(key: string, value: T, ttlSeconds: number, exists: boolean, bytes: number): void {
    const earlier = this.#entries.get(key);
    if (earlier) this.#delete(key, earlier);
    const seconds = Math.min(ttlSeconds, exists ? FOUND_MAX_SECONDS : MISSING_MAX_SECONDS);
    if (seconds <= 0) return;
    const storedMs = this.#nowMs();
    this.#set(key, { value, storedMs, expiresMs: storedMs + seconds * 1000, bytes });
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= ENTRIES_MAX && this.#bytes <= BYTES_MAX) return;
      this.#delete(oldest, entry);
    }
  }

  #set(key: string, entry: Entry<T>): void {
    this.#entries.set(key, entry);
    this.#bytes += entry.bytes;
  }

  #delete(key: string, entry: Entry<T>): void {
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}
