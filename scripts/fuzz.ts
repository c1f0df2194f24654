/**
 * `deno task fuzz [seconds]`: the parsers of foreign bytes, for longer than the tests do and with new seeds.
 *
 * A third of the time goes to the native parsers, a third to the fuzzed properties of the tests, in Deno and Bun by
 * turns, and a third to the search of tests/fuzz, which V8's coverage leads to where nobody has been: what it keeps in
 * tests/fuzz/corpus is to be committed. Ends with 1 at the first failure, after printing the seed that brings it back
 * or the file that it kept.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { bun, developmentPackages, ROOT, zig } from "./toolchain.ts";

/** The tests that draw their input from tests/fuzz.ts. */
function fuzzedTests(): string[] {
  return readdirSync(join(ROOT, "tests"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith("_test.ts"))
    .map((name) => join("tests", name))
    .filter((path) => readFileSync(join(ROOT, path), "utf8").includes("/fuzz.ts"));
}

function run(argv: string[], env: Record<string, string>, directory = ROOT): boolean {
  const { status } = spawnSync(argv[0]!, argv.slice(1), {
    cwd: directory,
    env: { ...process.env, ...env },
    stdio: "inherit",
  });
  return status === 0;
}

function main(seconds: number): number {
  developmentPackages();
  const tool = zig();
  const third = Math.ceil(seconds / 3);
  console.log(`Native parsers, ${third} s`);
  const zigArgv = [tool.path, "build", "fuzz", `-Dseconds=${third}`];
  if (!run(zigArgv, tool.env, join(ROOT, "zig"))) return 1;
  const tests = fuzzedTests();
  const runtimes = [[process.execPath, "test", "-A", "--quiet"], [bun(), "test"]];
  const endMs = performance.now() + third * 1000;
  for (let round = 0; performance.now() < endMs; round++) {
    const seed = String(Math.floor(Math.random() * 0x7fffffff));
    console.log(`Properties of ${tests.length} test files, FUZZ_SEED=${seed} FUZZ_RUNS=2000`);
    const env = { FUZZ_SEED: seed, FUZZ_RUNS: "2000" };
    if (!run([...runtimes[round % 2]!, ...tests], env)) return 1;
  }
  const argv = [process.execPath, "run", "-A", "tests/fuzz/run.ts", String(third)];
  return run(argv, {}) ? 0 : 1;
}

const seconds = Number(process.argv[2] ?? 60);
if (!(seconds > 0)) {
  console.error("usage: deno task fuzz [seconds]");
  process.exit(2);
}
process.exitCode = main(seconds);
