/**
 * Measuring in rounds, and what comes out of many numbers.
 *
 * Not mitata: it measures one function in one process to the end before it begins the next, and here two
 * runtimes and a C program are compared on a machine that others use at the same time. In a round everybody
 * has one short turn, and a ratio is taken within the round.
 *
 * @module
 */

import type { Subject } from "./subject.ts";

/** One operation of one subject in one world. */
export interface Measured {
  world: string;
  /** "C", "Deno" or "Bun". */
  by: string;
  operation: string;
  /** Nanoseconds: the median of each turn, by round. */
  turns: number[];
  /** Nanoseconds: the fastest of all. */
  min: number;
}

/** Numbers of which a half lies between p25 and p75. */
export interface Spread {
  median: number;
  p25: number;
  p75: number;
}

/** More rounds than these would be nice, but others wait. */
const ENOUGH_MS = 90_000;
const ROUNDS_MIN = 5;

/** How many rounds a bench has: as many as are wanted, or fewer where they take long. */
export class Rounds {
  /** If time does not matter. */
  readonly wanted: number;
  #endMs = Infinity;

  /** At most so many. */
  constructor(wanted: number) {
    this.wanted = wanted;
  }

  /** Whether there is a round of this number. Those below zero warm up, and time runs from the first one on. */
  goOn(round: number, atLeast: number = ROUNDS_MIN): boolean {
    if (this.#endMs === Infinity && round >= 0) this.#endMs = performance.now() + ENOUGH_MS;
    return round < this.wanted && (round < atLeast || performance.now() < this.#endMs);
  }
}

/** A turn lasts about this long, or one operation. */
const TURN_MS = 10;
const TURN_COUNT_MAX = 40;
/** Compilers of both runtimes have done their work by then, where the operation is fast. */
const WARM_UP_MS = 400;

/** Something to measure, not measured yet. */
export type Candidate = Pick<Measured, "world" | "by" | "operation"> & { subject: Subject };

/** Measures all candidates, each once a round. */
export async function measureRounds(
  candidates: readonly Candidate[],
  rounds: Rounds,
  progress: (text: string) => void,
): Promise<Measured[]> {
  const counts: number[] = [];
  for (const candidate of candidates) {
    progress(`warm-up: ${candidate.by} ${candidate.operation}, ${candidate.world}`);
    counts.push(await warmUp(candidate));
  }
  const measured = candidates.map(({ world, by, operation }) => (
    { world, by, operation, turns: [] as number[], min: Infinity }
  ));
  for (let round = 0; rounds.goOn(round); round++) {
    progress(`round ${round + 1} of ${rounds.wanted}`);
    for (let turn = 0; turn < candidates.length; turn++) {
      // Another one begins each round: nobody always comes after the same neighbour's garbage.
      const index = (turn + round * 7) % candidates.length;
      const { subject, operation } = candidates[index]!;
      const times = await subject.measure(operation, counts[index]!);
      const result = measured[index]!;
      result.turns.push(spread(times).median);
      result.min = Math.min(result.min, ...times);
    }
  }
  return measured;
}

/** Returns how many operations make a turn. */
async function warmUp({ subject, operation }: Candidate): Promise<number> {
  let spentMs = 0;
  let fastestMs = Infinity;
  for (let count = 1; spentMs < WARM_UP_MS && count <= 256; count *= 2) {
    for (const time of await subject.measure(operation, count)) {
      spentMs += time / 1e6;
      fastestMs = Math.min(fastestMs, time / 1e6);
    }
  }
  return Math.max(1, Math.min(TURN_COUNT_MAX, Math.floor(TURN_MS / fastestMs)));
}

/** Median and quartiles. */
export function spread(numbers: readonly number[]): Spread {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = (share: number) => {
    const place = (sorted.length - 1) * share;
    const below = sorted[Math.floor(place)]!;
    return below + (sorted[Math.ceil(place)]! - below) * (place % 1);
  };
  return { median: at(0.5), p25: at(0.25), p75: at(0.75) };
}

/** How often `b` goes into `a`, round by round. */
export function ratio(a: readonly number[], b: readonly number[]): Spread {
  return spread(a.map((each, round) => each / b[round]!));
}
