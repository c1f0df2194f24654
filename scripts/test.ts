/**
 * `deno task test`: every test, in both runtimes, with one line of totals at the end.
 *
 * Fetches Bun and the test libraries when they are not there, and builds the native library when its sources
 * changed. The tests run inside the network lab where this machine allows it. `--gate` (`deno task ok`) first
 * checks everything else a change must pass: format, lint, types, generated files, Zig's own tests, documentation,
 * what would be published. `--only=deno` or `--only=bun` runs one of them; other words are paths of tests.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs, stripVTControlCharacters } from "node:util";
import { enterArgv, labAccess } from "../tests/lab/mod.ts";
import { generated, sourceHash } from "./build.ts";
import { SOURCE_HASH } from "../ffi/binaries.gen.ts";
import { exportedModules } from "./pack.ts";
import {
  bunReport,
  type Count,
  denoReport,
  type Failure,
  type RunnerReport,
  zigReport,
} from "./test_runners.ts";
import { bun, developmentPackages, ROOT, zig } from "./toolchain.ts";

const { values: options, positionals } = parseArgs({
  options: { gate: { type: "boolean" }, only: { type: "string" } },
  allowPositionals: true,
});
const deno = process.execPath;
const totals: Count = { passed: 0, failed: 0, skipped: 0 };
/** What failed, for the end: above it stand thousands of lines. */
const failures: (Failure & { runner: string })[] = [];
/** So much of an error is told again. */
const ERROR_LINES = 25;

/** Runs a command with its output shown, held back until `turn`; returns its status and that output without colours. */
async function show(
  argv: string[],
  turn: Promise<unknown> = Promise.resolve(),
): Promise<[number, string]> {
  const child = spawn(argv[0]!, argv.slice(1), { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let held: [NodeJS.WriteStream, Uint8Array][] | null = [];
  const take = (target: NodeJS.WriteStream) => (chunk: Uint8Array) => {
    output += new TextDecoder().decode(chunk);
    if (held) held.push([target, chunk]);
    else target.write(chunk);
  };
  child.stdout.on("data", take(process.stdout));
  child.stderr.on("data", take(process.stderr));
  const ended = new Promise<number>((resolve) => {
    child.on("error", (error) => {
      console.error(error.message);
      resolve(127);
    });
    child.on("close", (code) => resolve(code ?? 1));
  });
  await turn;
  for (const [target, chunk] of held) target.write(chunk);
  held = null;
  return [await ended, stripVTControlCharacters(output)];
}

/** One check of the gate: it passes or fails as a whole. */
async function check(name: string, run: () => Promise<number>): Promise<void> {
  console.log(`\n— ${name}`);
  let status: number;
  try {
    status = await run();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    status = 1;
  }
  if (status === 0) totals.passed++;
  // It cannot be made here, and has said why.
  else if (status === 77) totals.skipped++;
  else {
    totals.failed++;
    failures.push({ runner: "gate", name, error: "" });
    console.error(`${name}: failed`);
  }
}

/** A test runner, whose own closing line is counted. Its output is shown once `turn` has come. */
async function runTests(
  name: string,
  argv: string[],
  report: RunnerReport,
  turn: Promise<unknown> = Promise.resolve(),
): Promise<void> {
  const [status, output] = await show(argv, turn.then(() => console.log(`\n— ${name}`)));
  const counted = report.count(output);
  totals.passed += counted?.passed ?? 0;
  totals.skipped += counted?.skipped ?? 0;
  // A runner that dies, or that found no test at all, has failed whatever it printed.
  const broken = (status !== 0 && (counted?.failed ?? 0) === 0) || !counted || counted.passed === 0;
  totals.failed += (counted?.failed ?? 0) + (broken ? 1 : 0);
  failures.push(...report.failures(output).map((failure) => ({ ...failure, runner: name })));
  if (broken) {
    console.error(`${name}: ended with ${status} and no sound count`);
    failures.push({ runner: name, name: `ended with ${status}`, error: "" });
  }
}

/** What must hold beside the tests. */
async function gate(): Promise<void> {
  const status = async (argv: string[]) => (await show(argv))[0];
  const modules = Object.values(exportedModules());
  await check("format", () => status([deno, "fmt", "--check"]));
  await check("lint", () => status([deno, "lint", "--quiet"]));
  await check("types", () => status([deno, "check", ...modules, "scripts", "tests", "examples"]));
  // Without Bun's types bun:ffi would pass unchecked as any; with them, Node's own clash in tests.
  await check(
    "types, with Bun's",
    () => status([deno, "check", "types/bun_environment.d.ts", ...modules]),
  );
  await check(
    "generated files are fresh",
    () => status([deno, "run", "-A", "scripts/build.ts", "--check"]),
  );
  await check("constants agree with the kernel's headers", checkHeaders);
  await check("documentation of the public API", () => status([deno, "doc", "--lint", ...modules]));
  await check(
    "what would be published",
    () => status([deno, "publish", "--dry-run", "--allow-dirty", "--quiet"]),
  );
  await check(
    "Mobile IPv6 on a kernel that has it",
    () => status([deno, "run", "-A", "scripts/mip6.ts"]),
  );
  const tool = zig();
  await runTests(
    "Zig tests",
    [
      "env",
      ...Object.entries(tool.env).map(([name, value]) => `${name}=${value}`),
      "sh",
      "-c",
      'cd zig && exec "$0" build test --summary all',
      tool.path,
    ],
    zigReport,
  );
}

/** Compiles what zig/generate.zig claims of the kernel's structs and constants. */
async function checkHeaders(): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), "mif-headers-"));
  try {
    const path = join(directory, "uapi.c");
    writeFileSync(path, generated("c"));
    return (await show(["gcc", "-std=c11", "-Wall", "-Werror", "-fsyntax-only", path]))[0];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The command lines that run the tests of these paths, by name; without paths all tests. */
function runners(paths: string[]): [string, string[], RunnerReport][] {
  const inDeno = [deno, "test", "-A", "--no-prompt"];
  // Some tests run the other runtime too, and under npx Deno is in no PATH.
  const inBun = ["env", `DENO=${deno}`, bun(), "test", "--timeout=120000"];
  if (paths.length > 0) {
    return [["Deno", [...inDeno, ...paths], denoReport], ["Bun", [...inBun, ...paths], bunReport]];
  }
  // Examples in the documentation run once, where the code they show is: under Deno.
  const documented = new Set([...Object.values(exportedModules()), "lib/", "ffi/"]);
  return [
    ["Deno, networks", [...inDeno, NETWORKS], denoReport],
    ["Deno", [...inDeno, "--doc", ...documented, ...otherRooms()], denoReport],
    ["Bun", [...inBun, "./tests/"], bunReport],
  ];
}

/** The tests that take the longest. */
const NETWORKS = "tests/kernel/";

/** The rooms of all other tests. */
function otherRooms(): string[] {
  return readdirSync(join(ROOT, "tests"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory()).map(({ name }) => `tests/${name}/`)
    .filter((path) => path !== NETWORKS && path !== "tests/fixtures/");
}

async function main(): Promise<void> {
  developmentPackages();
  if (sourceHash() !== SOURCE_HASH && !options.gate) {
    console.log("The Zig sources changed: building the native library");
    await check("build", async () => (await show([deno, "run", "-A", "scripts/build.ts"]))[0]);
  }
  if (options.gate) await gate();
  const access = labAccess();
  if (!access.ok) console.log(`\nNo network lab here, its tests are skipped: ${access.reason}`);
  const inside = access.ok ? enterArgv(access.how) : [];
  // All at once, each in a lab of its own: much of their time is waiting for routers and servers.
  let turn: Promise<void> = Promise.resolve();
  for (const [name, argv, report] of runners(positionals)) {
    if (options.only !== undefined && !name.toLowerCase().startsWith(options.only)) continue;
    turn = runTests(name, [...inside, ...argv], report, turn);
  }
  await turn;
  for (const { runner, name, error } of failures) {
    console.log(`\n${runner}: ${name}\n${error.split("\n").slice(0, ERROR_LINES).join("\n")}`);
  }
  const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : "";
  console.log(`\n${totals.passed} passed, ${totals.failed} failed${skipped}`);
  process.exitCode = totals.failed === 0 ? 0 : 1;
}

await main();
