/**
 * `deno run -A tests/fuzz/run.ts SECONDS [TARGET …]`: searches the targets one after the other, each for its share of
 * the time, keeps what reaches something new in corpus/ and what breaks a parser in crashers/. Ends with 1 where
 * something broke.
 *
 * @module
 */

import process from "node:process";
import { BlockCoverage } from "./block_coverage.ts";
import { keepCrasher, keepInputs, keptInputs } from "./kept_inputs.ts";
import { targets } from "./registry.ts";
import { search } from "./search.ts";
import { Watchdog } from "./watchdog.ts";

const [seconds = "60", ...names] = process.argv.slice(2);
const chosen = targets.filter(({ name }) => names.length === 0 || names.includes(name));
if (!(Number(seconds) > 0) || chosen.length === 0) {
  console.error("usage: deno run -A tests/fuzz/run.ts SECONDS [TARGET …]");
  process.exit(2);
}

const coverage = await BlockCoverage.start();
const watchdog = new Watchdog();
const seed = Math.floor(Math.random() * 2 ** 31);
console.log(`${chosen.length} targets, ${seconds} s, seed ${seed}`);
for (const target of chosen) {
  const before = keptInputs(target.name);
  watchdog.begin(target.name);
  const { tried, kept, reached, crash } = await search(target, {
    seconds: Number(seconds) / chosen.length,
    seed,
    coverage,
    before,
    trying: (input) => watchdog.trying(input),
  });
  if (crash !== null) {
    console.error(crash.error);
    console.error(`${target.name} broke; kept in ${keepCrasher(target.name, crash.input)}`);
    process.exitCode = 1;
    continue;
  }
  keepInputs(target.name, kept);
  const size = `${kept.length} inputs (${before.length} before) reach ${reached} characters`;
  console.log(`${target.name.padEnd(24)} ${String(tried).padStart(8)} tried, ${size}`);
}
await watchdog.end();
await coverage.stop();
