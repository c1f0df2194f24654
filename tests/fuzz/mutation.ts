/**
 * Changes to inputs, as fuzzers make them: a bit, a number on an edge, a piece left out, doubled, or put in from another
 * input, a word the parser knows.
 *
 * @module
 */

import type { Random } from "../random.ts";
import { INPUT_SIZE_MAX } from "./target.ts";

/** What a mutation may take from. */
export interface Material {
  /** One at least. */
  inputs: readonly Uint8Array[];
  words: readonly Uint8Array[];
}

/** One of the inputs with up to eight changes, mostly one or two. */
export function mutated(random: Random, material: Material): Uint8Array {
  let bytes: Uint8Array = random.of(material.inputs).slice();
  do bytes = changed(random, bytes, material); while (random.below(2) === 0);
  return bytes.length > INPUT_SIZE_MAX ? bytes.slice(0, INPUT_SIZE_MAX) : bytes;
}

const EDGES = [0, 1, 2, 7, 8, 16, 31, 32, 63, 64, 100, 127, 128, 192, 254, 255];
const WIDE_EDGES = [0, 1, 4, 255, 256, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0xffffffff];

function changed(random: Random, bytes: Uint8Array, { inputs, words }: Material): Uint8Array {
  const at = random.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + 1 + random.below(random.of([2, 8, 64])));
  switch (random.below(13)) {
    case 0:
      if (at < bytes.length) bytes[at]! ^= 1 << random.below(8);
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = random.of(EDGES);
      return bytes;
    case 2:
      if (at < bytes.length) bytes[at] = random.below(256);
      return bytes;
    case 3:
      if (at < bytes.length) bytes[at]! += random.below(9) - 4;
      return bytes;
    case 4:
      return withNumber(random, bytes, at);
    case 5:
      return joined(bytes.subarray(0, at), bytes.subarray(end));
    case 6:
      // What comes twice.
      return joined(bytes.subarray(0, end), bytes.subarray(at));
    case 7: {
      const noise = Uint8Array.from({ length: 1 + random.below(8) }, () => random.below(256));
      return joined(bytes.subarray(0, at), noise, bytes.subarray(at));
    }
    case 8:
      return bytes.slice(0, at);
    case 9: {
      // The end of another input, or a piece of it.
      const other = random.of(inputs);
      const from = random.below(other.length + 1);
      const piece = other.subarray(from, random.below(2) === 0 ? other.length : from + end - at);
      return joined(
        bytes.subarray(0, at),
        piece,
        random.below(2) === 0 ? bytes.subarray(at) : NONE,
      );
    }
    case 10:
    case 11: {
      if (words.length === 0) return bytes;
      const word = random.of(words);
      const rest = random.below(2) === 0 ? at : Math.min(bytes.length, at + word.length);
      return joined(bytes.subarray(0, at), word, bytes.subarray(rest));
    }
    default:
      return random.below(32) === 0 ? grown(random, bytes, at, end) : bytes;
  }
}

const NONE = new Uint8Array(0);

/** A length, a type or a count is mostly 16 or 32 bits, in one order or the other. */
function withNumber(random: Random, bytes: Uint8Array, at: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = random.below(2) === 0;
  const number = random.of(WIDE_EDGES);
  if (random.below(2) === 0 && at + 4 <= bytes.length) view.setUint32(at, number, little);
  else if (at + 2 <= bytes.length) view.setUint16(at, number & 0xffff, little);
  return bytes;
}

/** A piece many times: what takes a parser long, or fills its memory. */
function grown(random: Random, bytes: Uint8Array, start: number, end: number): Uint8Array {
  const piece = bytes.subarray(start, end);
  if (piece.length === 0) return bytes;
  const room = INPUT_SIZE_MAX - bytes.length;
  const count = Math.floor(random.below(Math.max(room, 1)) / piece.length);
  const pieces = new Uint8Array(count * piece.length);
  for (let i = 0; i < count; i++) pieces.set(piece, i * piece.length);
  return joined(bytes.subarray(0, start), pieces, bytes.subarray(start));
}

function joined(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
