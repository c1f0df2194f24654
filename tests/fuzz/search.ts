/**
 * The search for inputs that break a parser.
 *
 * What reaches source that nothing reached before is kept and changed further (block_coverage.ts). What breaks a parser
 * is made as short as it goes.
 *
 * @module
 */

import type { BlockCoverage } from "./block_coverage.ts";
import { Random } from "../random.ts";
import { mutated } from "./mutation.ts";
import { examine, type FuzzTarget, wordsOf } from "./target.ts";

/** Inputs between two looks at the coverage: a look takes as long as some fifty inputs. */
const BATCH = 64;
/** Longer inputs are tried but not kept. */
const KEPT_SIZE_MAX = 4096;
/** How long a crasher is made shorter. */
const SHORTEN_MS = 3000;

/** What came of a search. */
export interface Found {
  /** How many inputs were tried. */
  tried: number;
  /** The shortest inputs that together reach all that was reached. */
  kept: Uint8Array[];
  /** Characters of source that they reach. */
  reached: number;
  /** What broke the parser, as short as it went, and how it did. */
  crash: { input: Uint8Array; error: unknown } | null;
}

/** How a search goes. */
export interface SearchOptions {
  seconds: number;
  seed: number;
  coverage: BlockCoverage;
  /** Inputs that were kept by earlier searches. */
  before: readonly Uint8Array[];
  /** Told of each input before it is read. */
  trying?: (input: Uint8Array) => void;
}

/** Searches one target. */
export async function search(target: FuzzTarget, options: SearchOptions): Promise<Found> {
  const { coverage, trying } = options;
  const found: Found = { tried: 0, kept: [], reached: 0, crash: null };
  /** Whether the input is well read. */
  const tryOut = (input: Uint8Array): boolean => {
    trying?.(input);
    found.tried++;
    try {
      examine(target, input);
      return true;
    } catch {
      found.crash = shortened(target, input);
      return false;
    }
  };
  /** Tries inputs each by itself and adds those to `kept` that reach something new; false where one breaks the parser. */
  const sift = async (inputs: readonly Uint8Array[], kept: Uint8Array[]): Promise<boolean> => {
    for (const input of inputs) {
      if (!tryOut(input)) return false;
      const ran = await coverage.take();
      if (!coverage.isNew(ran)) continue;
      coverage.add(ran);
      if (input.length <= KEPT_SIZE_MAX) kept.push(input);
    }
    return true;
  };

  await coverage.forget();
  const seeds = target.seeds();
  const material = { inputs: shortestFirst([...seeds, ...options.before]), words: wordsOf(target) };
  if (!await sift(material.inputs.slice(), [])) return found;
  const random = new Random(options.seed);
  const endMs = performance.now() + options.seconds * 1000;
  while (performance.now() < endMs) {
    const batch = Array.from({ length: BATCH }, () => mutated(random, material));
    if (!batch.every(tryOut)) return found;
    const ran = await coverage.take();
    if (!coverage.isNew(ran)) continue;
    if (!await sift(batch, material.inputs)) return found;
    // What only all of them together reach, such as a cache that fills, is not looked for again.
    coverage.add(ran);
  }
  await coverage.forget();
  await sift(shortestFirst(material.inputs), found.kept);
  found.reached = coverage.size;
  return found;
}

function shortestFirst(inputs: readonly Uint8Array[]): Uint8Array[] {
  return inputs.toSorted((one, other) => one.length - other.length);
}

/** Leaves out pieces for as long as the same error comes. */
function shortened(target: FuzzTarget, input: Uint8Array): NonNullable<Found["crash"]> {
  const errorOf = (bytes: Uint8Array): Error | null => {
    try {
      examine(target, bytes.slice());
      return null;
    } catch (error) {
      return error as Error;
    }
  };
  // Messages hold numbers and values of the input.
  const kindOf = (error: Error | null) =>
    error && `${error.name} ${error.stack?.split("\n    at ")[1]}`;
  let error = errorOf(input);
  const kind = kindOf(error);
  const endMs = performance.now() + SHORTEN_MS;
  for (let size = input.length >> 1; size > 0 && performance.now() < endMs; size >>= 1) {
    for (let at = 0; at < input.length && performance.now() < endMs;) {
      const shorter = Uint8Array.from([...input.subarray(0, at), ...input.subarray(at + size)]);
      const same = errorOf(shorter);
      if (same === null || kindOf(same) !== kind) {
        at += size;
      } else {
        input = shorter;
        error = same;
      }
    }
  }
  return { input, error };
}
