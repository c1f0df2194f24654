/**
 * How fuzzed properties run: a fixed seed, so that a failure comes again, and a small number of runs.
 * FUZZ_RUNS and FUZZ_SEED in the environment change them (`deno task fuzz`).
 *
 * @module
 */

import process from "node:process";

/** Parameters for fast-check's assert(). */
export const fuzzed: { seed: number; numRuns: number } = {
  seed: Number(process.env["FUZZ_SEED"] ?? 8801),
  numRuns: Number(process.env["FUZZ_RUNS"] ?? 200),
};
