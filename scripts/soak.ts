/**
 * `deno task soak [--minutes=N] [--only=deno|bun]`: tests/soak for longer than the tests do, in both runtimes one after
 * the other. Five minutes where nothing is said; `--minutes=60` is the long form. Needs root or user namespaces.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { type Measure, soak, total } from "../tests/soak/soak.ts";
import { inLab } from "./in_lab.ts";
import { bun } from "./toolchain.ts";

const { values: options } = parseArgs({
  options: { minutes: { type: "string", default: "5" }, only: { type: "string" } },
});

/** One soak, with a line for each measure. */
async function run(name: string, runtime: string[], minutes: number): Promise<boolean> {
  console.log(`\n— ${name}, ${minutes} min`);
  console.log("seconds   RSS MB  heap MB  descriptors  done  failed");
  try {
    const { measures, happened, frames } = await soak({
      runtime,
      seconds: minutes * 60,
      // One a minute, and enough of them where there are few.
      measures: Math.max(6, Math.ceil(minutes)),
      onMeasure: (measure) => console.log(row(measure)),
    });
    const { done, failed } = measures.at(-1)!;
    console.log("done:    ", listed(done));
    console.log("failed:  ", listed(failed));
    console.log("happened:", listed(happened));
    console.log("frames:  ", listed(frames));
    return true;
  } catch (error) {
    console.error(error);
    return false;
  }
}

function row({ seconds, rssBytes, heapBytes, descriptors, done, failed }: Measure): string {
  const cells: [string, number][] = [
    [seconds.toFixed(0), 7],
    [(rssBytes / 2 ** 20).toFixed(1), 8],
    [(heapBytes / 2 ** 20).toFixed(2), 8],
    [String(descriptors), 12],
    [String(total(done)), 5],
    [String(total(failed)), 7],
  ];
  return cells.map(([text, width]) => text.padStart(width)).join(" ");
}

function listed(counts: Record<string, number>): string {
  return Object.entries(counts).sort(([, one], [, other]) => other - one)
    .map(([what, count]) => `${what} ${count}`).join(", ");
}

async function main(minutes: number): Promise<number> {
  const runtimes: Record<string, string[]> = {
    deno: [process.execPath, "run", "-A"],
    bun: [bun()],
  };
  let status = 0;
  for (const [name, runtime] of Object.entries(runtimes)) {
    if (options.only !== undefined && options.only !== name) continue;
    if (!await run(name, runtime, minutes)) status = 1;
  }
  return status;
}

const minutes = Number(options.minutes);
if (!(minutes > 0) || (options.only !== undefined && !/^(deno|bun)$/.test(options.only))) {
  console.error("usage: deno task soak [--minutes=N] [--only=deno|bun]");
  process.exitCode = 2;
} else {
  // Inside nothing can be fetched.
  process.env.BUN = bun();
  await inLab(import.meta.url, () => main(minutes));
}
