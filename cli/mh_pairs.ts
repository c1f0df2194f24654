/**
 * Accounting: what each pair of hosts said to each other.
 *
 * @module
 */

import type { Seen } from "./mh_seen.ts";

/** What went from one address to another. */
export interface Pair {
  /** As the IPv6 headers have it; null for all pairs beyond those that are kept apart. */
  src: string | null;
  dst: string | null;
  messages: number;
  /** Of the messages, without the headers in front of them. */
  bytes: number;
  /** By name; a type without a name by number. */
  types: Record<string, number>;
  /** What a receiver would not have taken. */
  wrong: number;
  /** ISO 8601. */
  first: string | null;
  last: string | null;
}

/** So many are kept apart: whoever sends may choose its address. */
const PAIRS_MAX = 65_536;

/** Counts messages. */
export class Pairs {
  readonly #pairs = new Map<string, Pair>();
  #others: Pair | null = null;

  /** Counts one. */
  add(it: Seen): void {
    const pair = this.#find(it);
    const type = it.message === null
      ? "unreadable"
      : it.message.type === "unknown"
      ? String(it.message.mhType)
      : it.message.type;
    pair.messages++;
    pair.bytes += it.bytes.length;
    pair.types[type] = (pair.types[type] ?? 0) + 1;
    if (it.verdict !== null && !it.verdict.ok) pair.wrong++;
    pair.first ??= it.time;
    pair.last = it.time;
  }

  /** Those who said most first. */
  list(): Pair[] {
    const pairs = [...this.#pairs.values()].sort((a, b) => b.messages - a.messages);
    return this.#others === null ? pairs : [...pairs, this.#others];
  }

  #find({ src, dst }: Seen): Pair {
    const key = `${src} ${dst}`;
    const known = this.#pairs.get(key);
    if (known !== undefined) return known;
    if (this.#pairs.size === PAIRS_MAX) return this.#others ??= empty(null, null);
    const pair = empty(src, dst);
    this.#pairs.set(key, pair);
    return pair;
  }
}

function empty(src: string | null, dst: string | null): Pair {
  return { src, dst, messages: 0, bytes: 0, types: {}, wrong: 0, first: null, last: null };
}

/** The pair in one line of text. */
export function describePair(
  { src, dst, messages, bytes, types, wrong, first, last }: Pair,
): string {
  const who = src === null ? "all others" : `${src} > ${dst}`;
  const each = Object.entries(types).map(([type, count]) => `${type} ${count}`).join(" ");
  const when = first === null ? "" : `, from ${first} to ${last}`;
  const faults = wrong === 0 ? "" : `, ${wrong} wrong`;
  return `${who}: ${messages} messages, ${bytes} bytes: ${each}${faults}${when}`;
}
