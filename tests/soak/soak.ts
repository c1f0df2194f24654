/**
 * The soak: a program that opens, asks, fetches and gives up on all PvDs of a host whose links flap and whose routers
 * reboot, for as long as wanted. What is open and what memory holds must stay as it is, nothing may fail that nobody
 * waits for, and no frame may come to a router whose source it has not.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { waitFor, World } from "../lab/mod.ts";
import type { Said } from "./names.ts";
import { type Disturbance, disturbances, pause, SoakSite } from "./site.ts";

/** What the program told of itself. */
export type Measure = Extract<Said, { kind: "measure" }> & { seconds: number };

/** What came of a soak that went well. */
export interface SoakReport {
  measures: Measure[];
  /** How often each thing happened. */
  happened: Record<string, number>;
  /** Frames of the host at each router, by the network's domain. */
  frames: Record<string, number>;
}

/**
 * What may be more than at the first measure, when all is warm; and for each thing done since, less than any object takes.
 * Code is compiled later, caches fill up to bounds of their own, and allocators keep what they had.
 */
const GROWTH_MAX = {
  descriptors: { once: 2, each: 0 },
  heapBytes: { once: 2 * 2 ** 20, each: 40 },
  rssBytes: { once: 16 * 2 ** 20, each: 100 },
};

/** How a soak goes. */
export interface SoakOptions {
  /** The command line in front of the program: of the runtime it runs in. */
  runtime: readonly string[];
  seconds: number;
  /** How many times it is measured; at least 3. */
  measures: number;
  /** Told of each measure. */
  onMeasure?: (measure: Measure) => void;
}

/** Runs it. @throws Where something is not as it must be. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  await using world = new World();
  const site = await SoakSite.build(world);
  const said: Said[] = [];
  const script = fileURLToPath(new URL("program.ts", import.meta.url));
  const program = site.host.spawn([...options.runtime, script, site.ca], {
    onLine: (line) => said.push(JSON.parse(line)),
  });
  /** The next word of a kind; a program that has ended has failed. */
  const next = async <K extends Said["kind"]>(kind: K): Promise<Extract<Said, { kind: K }>> => {
    const found = await waitFor(`"${kind}" of the program`, () => {
      const at = said.findIndex((each) => each.kind === kind);
      if (at >= 0) return said.splice(at, 1)[0];
      if (!program.running) return "ended";
      return null;
    }, 120_000);
    assert.notEqual(found, "ended", program.stderr);
    return found as Extract<Said, { kind: K }>;
  };
  await next("ready");

  const startMs = performance.now();
  const measures: Measure[] = [];
  const happened: Record<string, number> = {};
  const order = shuffled();
  for (let at = 1; at <= options.measures; at++) {
    const endMs = startMs + options.seconds * 1000 * at / options.measures;
    do {
      const what = order.next().value;
      happened[what] = (happened[what] ?? 0) + 1;
      await site.disturb(what);
      await pause(Math.random() * 500);
    } while (performance.now() < endMs);
    await site.restore();
    program.write("measure\n");
    const measure = { ...await next("measure"), seconds: (performance.now() - startMs) / 1000 };
    measures.push(measure);
    options.onMeasure?.(measure);
  }
  program.write("end\n");
  const { status, signal } = await program.exited;
  assert.deepEqual([status, signal], [0, null], program.stderr);
  judge(measures);
  return { measures, happened, frames: await site.judge() };
}

/** The first measure is after the warm-up. */
function judge(measures: readonly Measure[]): void {
  const [first, ...rest] = measures as [Measure, ...Measure[]];
  const last = rest.at(-1)!;
  const doneSince = total(last.done) - total(first.done);
  for (const [what, { once, each }] of Object.entries(GROWTH_MAX)) {
    const values = measures.map((measure) => measure[what as keyof typeof GROWTH_MAX]);
    // The least of the last two: a collector may be late, a leak is not.
    const grown = Math.min(...values.slice(-2)) - values[0]!;
    const most = once + each * doneSince;
    assert.ok(grown <= most, `${what} grew by ${grown}, more than ${most}: ${values.join(", ")}`);
  }
  // What never went well has shown nothing.
  const never = last.works.filter((work) => !last.done[work]);
  assert.deepEqual(never, [], JSON.stringify(last.failed));
}

/** The sum of counts. */
export function total(counts: Record<string, number>): number {
  return Object.values(counts).reduce((all, count) => all + count, 0);
}

/** All of them, in another order each time. */
function* shuffled(): Generator<Disturbance, never> {
  while (true) {
    const left = [...disturbances];
    while (left.length > 0) yield left.splice(Math.floor(Math.random() * left.length), 1)[0]!;
  }
}
