/**
 * Measures mobility messages: parsed, built and validated by us in both runtimes, by a C program, by scapy and by tshark,
 * in turns.
 *
 * @module
 */

import { join } from "node:path";
import type { World } from "../../tests/lab/mod.ts";
import { writeCapture, writeCorpus } from "./mobility_corpus.ts";
import type { Rounds } from "./rounds.ts";
import { Subject } from "./subject.ts";

/** One thing done in one way. */
export interface MobilityMeasured {
  /** "C", "Deno", "Bun", "scapy" or "tshark". */
  by: string;
  /** What is done: see {@linkcode MOBILITY_OPERATIONS}. */
  operation: string;
  /** Nanoseconds for one message, by round. */
  wall: number[];
  /** Nanoseconds of CPU for one, by round; of the runtimes also what their collectors and compilers take. */
  cpu: number[];
}

/** What is done, and what it is called in the report. */
export const MOBILITY_OPERATIONS: Record<string, string> = {
  parse: "parse",
  "parse-copy": "parse, bytes copied",
  build: "build",
  validate: "validate, with checksum",
  tshark: "-T fields, its start included",
};

/** How many messages make a turn of tens of milliseconds; of tshark as many as the capture has. */
const COUNTS: Record<string, number> = { C: 2_000_000, Deno: 100_000, Bun: 200_000, scapy: 300 };
const CAPTURE_COUNT = 50_000;
/** Rounds before those that count: the runtimes compile meanwhile. */
const WARM_UP_ROUNDS = 4;

/** Measures everything, each once a round. `commands`: by whom to command line, to which paths are added. */
export async function measureMobility(
  world: World,
  directory: string,
  commands: Record<string, string[]>,
  rounds: Rounds,
  progress: (text: string) => void,
): Promise<MobilityMeasured[]> {
  progress("building: a corpus of mobility messages");
  const corpus = join(directory, "mobility.corpus");
  const capture = join(directory, "mobility.pcap");
  writeCorpus(corpus);
  writeCapture(capture, CAPTURE_COUNT);
  const [host] = world.hosts("mobility");
  const subjects = new Map(
    Object.entries(commands).map(([by, argv]) => [
      by,
      new Subject(host, by === "scapy" ? [...argv, corpus, capture] : [...argv, corpus]),
    ]),
  );
  const candidates = [
    ...["C", "Deno", "Bun", "scapy"].map((by) => ({ by, operation: "parse", subject: by })),
    ...["Deno", "Bun"].map((by) => ({ by, operation: "parse-copy", subject: by })),
    ...["C", "Deno", "Bun", "scapy"].map((by) => ({ by, operation: "build", subject: by })),
    ...["Deno", "Bun"].map((by) => ({ by, operation: "validate", subject: by })),
    { by: "tshark", operation: "tshark", subject: "scapy" },
  ].filter(({ subject }) => subjects.has(subject));
  const measured = candidates.map(({ by, operation }): MobilityMeasured => (
    { by, operation, wall: [], cpu: [] }
  ));
  for (let round = -WARM_UP_ROUNDS; rounds.goOn(round); round++) {
    progress(round < 0 ? "warm-up" : `round ${round + 1} of ${rounds.wanted}`);
    for (let turn = 0; turn < candidates.length; turn++) {
      const index = (turn + (round + WARM_UP_ROUNDS) * 7) % candidates.length;
      const { by, operation, subject } = candidates[index]!;
      const count = COUNTS[by] ?? CAPTURE_COUNT;
      const answer = await subjects.get(subject)!.ask(`${operation} ${count}`);
      const [wall = 0, cpu = 0] = answer.split(" ").map(Number);
      if (round < 0) continue;
      measured[index]!.wall.push(wall / count);
      measured[index]!.cpu.push(cpu / count);
    }
  }
  return measured;
}
