/**
 * `deno task bench [NAME…]`: how fast we are in Deno and in Bun, beside our peers; without a name all benches
 * (scripts/bench/benches.ts says what each measures).
 *
 * Builds its networks out of namespaces, so it needs root or user namespaces, and gcc. Prints times and
 * ratios, and says which aims are met; ends with 1 where a bench failed, and not for an aim. `--rounds N` (20; where
 * they take longer than a minute and a half there are fewer), `--json` prints the rows as data instead, `--write` writes
 * BENCHMARKS.md and its rows.
 *
 * @module
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { type Bench, BENCHES } from "./bench/benches.ts";
import { machine } from "./bench/machine.ts";
import {
  failureText,
  page,
  parseReport,
  type Report,
  reportText,
  result,
  type Section,
} from "./bench/report.ts";
import { Rounds } from "./bench/rounds.ts";
import { inLab } from "./in_lab.ts";
import { bun, ROOT } from "./toolchain.ts";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "20" },
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});

const rounds = Number(options.rounds);

/** What is wrong with how it was called. */
function misuse(): string | null {
  const names = BENCHES.map(({ name }) => name);
  const unknown = positionals.find((word) => !names.includes(word));
  if (unknown !== undefined) return `Not a bench: ${unknown}. There are ${names.join(", ")}.`;
  if (!(Number.isInteger(rounds) && rounds > 0)) {
    return `Not a number of rounds: ${options.rounds}.`;
  }
  if (options.write && positionals.length > 0) {
    return "BENCHMARKS.md is of one run of all benches: --write takes no names.";
  }
  return null;
}

/** Returns the exit status. */
async function main(): Promise<number> {
  const wanted = BENCHES.filter(({ name }) =>
    positionals.length === 0 || positionals.includes(name)
  );
  const sections: Section[] = [];
  const report: Report = {
    date: new Date().toISOString().slice(0, 10),
    machine: machine(),
    sections,
  };
  for (const bench of wanted) {
    sections.push(await measure(bench));
    // Already now: who breaks it off keeps what was measured.
    if (options.write) write(report);
  }
  console.log(options.json ? reportText(report).trimEnd() : result(report).join("\n"));
  return sections.some(({ failure }) => failure !== undefined) ? 1 : 0;
}

/** Whatever happens to one bench, the others are measured. */
async function measure({ name, about, run }: Bench): Promise<Section> {
  const directory = mkdtempSync(join(tmpdir(), "mif-bench-"));
  const load = loadavg();
  const startMs = performance.now();
  const seconds = () => (performance.now() - startMs) / 1000;
  try {
    const tables = await run({
      directory,
      rounds: new Rounds(rounds),
      progress: (text) => progress(`${name}: ${text}`),
    });
    return { name, about, load, seconds: seconds(), tables };
  } catch (error) {
    return { name, about, load, seconds: seconds(), tables: [], failure: failureText(error) };
  } finally {
    progress("");
    console.error(`${name}: ${Math.round(seconds())} s`);
    rmSync(directory, { recursive: true });
  }
}

function write(report: Report): void {
  const text = reportText(report);
  writeFileSync(join(ROOT, "scripts", "bench", "recorded.json"), text);
  // Of what is read again, which is rounded.
  writeFileSync(join(ROOT, "BENCHMARKS.md"), page(parseReport(text)));
}

/** On a terminal only, and over the line before. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

const wrong = misuse();
if (wrong !== null) {
  console.error(wrong);
  process.exitCode = 2;
} else {
  // Inside nothing can be fetched.
  process.env.BUN = bun();
  await inLab(import.meta.url, main);
}
