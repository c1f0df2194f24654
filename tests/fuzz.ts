/**
 * How fuzzed properties run: a fixed seed, so that a failure comes again, and a small number of runs
 * that the environment variable FUZZ_RUNS raises.
 *
 * @module
 */

import process from "node:process";

/** Parameters for fast-check's assert(). */
export const fuzzed: { seed: number; numRuns: number } = {
  seed: 8801,
  numRuns: Number(process.env["FUZZ_RUNS"] ?? 200),
};
