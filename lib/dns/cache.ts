/**
 * Answers kept for as long as they hold (RFC 1035 3.2.1, RFC 2308), in bounded memory.
 *
 * @module
 */

/** Nothing is kept longer: a day for what there is, three hours for what there is not (RFC 2308 5). */
const FOUND_MAX_SECONDS = 86_400;
const MISSING_MAX_SECONDS = 10_800;

/** What is kept at most. */
const ENTRIES_MAX = 4096;
const BYTES_MAX = 8 << 20;

interface Entry<T> {
  value: T;
  storedMs: number;
  expiresMs: number;
  bytes: number;
}

/**
 * A cache of one PvD.
 *
 * It has two halves. When the newer one is full the older one is forgotten and the newer one becomes the older; what is asked for
 * comes back into the newer one. So what is not asked for goes, and nothing has to be sorted.
 */
export class AnswerCache<T> {
  readonly #nowMs: () => number;
  #newer = new Map<string, Entry<T>>();
  #older = new Map<string, Entry<T>>();
  /** Of the newer half. */
  #bytes = 0;

  /** @param nowMs A clock that only moves forward. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** What is known and how many whole seconds ago it was learnt; null where nothing is. */
  get(key: string): { value: T; ageSeconds: number } | null {
    let entry = this.#newer.get(key);
    if (!entry) {
      entry = this.#older.get(key);
      if (!entry) return null;
      this.#keep(key, entry);
    }
    const nowMs = this.#nowMs();
    if (nowMs >= entry.expiresMs) return null;
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
    const seconds = Math.min(ttlSeconds, exists ? FOUND_MAX_SECONDS : MISSING_MAX_SECONDS);
    if (seconds <= 0) return;
    const storedMs = this.#nowMs();
    this.#keep(key, { value, storedMs, expiresMs: storedMs + seconds * 1000, bytes });
  }

  #keep(key: string, entry: Entry<T>): void {
    const isFull = this.#newer.size >= ENTRIES_MAX / 2 ||
      this.#bytes + entry.bytes > BYTES_MAX / 2;
    if (isFull) {
      this.#older = this.#newer;
      this.#newer = new Map();
      this.#bytes = 0;
    }
    this.#bytes += entry.bytes - (this.#newer.get(key)?.bytes ?? 0);
    this.#newer.set(key, entry);
  }
}
