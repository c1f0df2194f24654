/**
 * What is fuzzed, and what must hold for every parser whatever the bytes.
 *
 * A parser of bytes from a network, the kernel or a file becomes a {@linkcode FuzzTarget} in targets/, in the file of its
 * room; registry.ts has them all, and its test finds the parser that nobody registered.
 *
 * @module
 */

import assert from "node:assert/strict";

/** One parser, or a few that read the same bytes. */
export interface FuzzTarget {
  /** Lower case and dashes: the name of its kept inputs and its crashers. */
  name: string;
  /** Inputs to begin with, recorded ones where there are any: those that reach far. */
  seeds: () => Uint8Array[];
  /** Reads the bytes, asserts what must hold of what came out beyond {@linkcode examine}, and returns all of it. */
  read: (bytes: Uint8Array) => unknown;
  /** Whether an error is the documented one. Without it every error is a finding. */
  refuses?: (error: unknown) => boolean;
  /** Words that mean something to the parser. */
  words?: readonly (string | Uint8Array)[];
  /** How much of {@linkcode sizeOf} may come out for each byte that went in, beside 4096; 32 where left out. */
  growth?: number;
}

/** The largest input. */
export const INPUT_SIZE_MAX = 64 * 1024;
/** One input must be read in this time: far more than it takes, for the machine may be busy. */
const TIME_MAX_MS = 2000;

/**
 * Reads one input and checks what must hold always: no error but the documented one, within a bounded time, with a
 * result of bounded size, and the input is as it was.
 *
 * @throws What does not hold.
 */
export function examine(target: FuzzTarget, input: Uint8Array, timeMaxMs = TIME_MAX_MS): void {
  const before = input.slice();
  let result: unknown;
  let tookMs = Infinity;
  // The machine may have been busy with something else: the best of three counts.
  for (let attempt = 0; attempt < 3 && tookMs > timeMaxMs; attempt++) {
    const startMs = performance.now();
    try {
      result = target.read(input);
    } catch (error) {
      if (!target.refuses?.(error)) throw error;
    }
    tookMs = performance.now() - startMs;
  }
  assert.ok(tookMs <= timeMaxMs, `it took ${tookMs} ms to read ${input.length} bytes`);
  assert.ok(equalBytes(input, before), "the parser wrote to its input");
  const most = 4096 + (target.growth ?? 32) * input.length;
  const size = sizeOf(result, most);
  assert.ok(size <= most, `of ${input.length} bytes came more than ${most}`);
}

/** A text as the readers of files have it: bytes that are no UTF-8 become U+FFFD. */
export function textOf(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}

const utf8 = new TextDecoder();

/** The bytes of texts. */
export function bytesOf(...texts: string[]): Uint8Array[] {
  return texts.map((text) => new TextEncoder().encode(text));
}

/** The words of a target as bytes. */
export function wordsOf({ words = [] }: FuzzTarget): Uint8Array[] {
  return words.flatMap((word) => typeof word === "string" ? bytesOf(word) : [word]);
}

/** Bytes written as hexadecimal digits, blanks between them. */
export function hex(digits: string): Uint8Array {
  return Uint8Array.from(
    digits.replace(/\s/g, "").match(/../g) ?? [],
    (byte) => parseInt(byte, 16),
  );
}

/** Bytes, characters and values in something, each object once; stops counting above `most`. */
export function sizeOf(value: unknown, most = Infinity): number {
  const seen = new Set<object>();
  const left: unknown[] = [value];
  let size = 0;
  while (left.length > 0 && size <= most) {
    const next = left.pop();
    size++;
    if (typeof next === "string") size += next.length;
    if (typeof next !== "object" || next === null || seen.has(next)) continue;
    seen.add(next);
    if (ArrayBuffer.isView(next)) size += next.byteLength;
    else if (next instanceof Map) { for (const entry of next) left.push(...entry); }
    else if (Symbol.iterator in next) {
      for (const entry of next as Iterable<unknown>) left.push(entry);
    } else for (const entry of Object.values(next)) left.push(entry);
  }
  return size;
}

/** Gives `bytes` to `take` in pieces of `size` bytes, each in memory of its own. */
export function inPieces(
  bytes: Uint8Array,
  size: number,
  take: (piece: Uint8Array<ArrayBuffer>) => void,
): void {
  for (let at = 0; at < bytes.length; at += size) {
    take(new Uint8Array(bytes.subarray(at, at + size)));
  }
}

function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, i) => byte === other[i]);
}
