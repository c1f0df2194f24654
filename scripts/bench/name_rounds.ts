/**
 * Measures names: ours and the runtimes' own ways to ask a name server, in turns.
 *
 * The server is nsd at the router beside the host, with an address for every name there may be: nothing is answered from memory.
 *
 * @module
 */

import { NETWORK_1, oneLink, type World } from "../../tests/lab/mod.ts";
import type { Rounds } from "./rounds.ts";
import { Subject } from "./subject.ts";

/** One way to ask, with so many questions at a time. */
export interface NameMeasured {
  /** "Deno" or "Bun". */
  by: string;
  /** "query({ pvd })", "node:dns" and so on. */
  way: string;
  concurrency: number;
  /** Nanoseconds for one question, by round. */
  wall: number[];
  /** Nanoseconds of CPU for one, by round. */
  cpu: number[];
  /** Nanoseconds from question to answer, the median of a round. */
  latency: number[];
  /** The 99th percentile of a round. */
  latency99: number[];
  /** Questions without an answer, by round. */
  failed: number[];
}

/** The memory of a process that asks a million questions. */
export interface NameMemory {
  by: string;
  questions: number;
  /** Bytes after a tenth of them, and after all. */
  rss: [tenth: number, all: number];
}

/** Who has which way. */
const WAYS: readonly [by: string, way: string][] = [
  ["Deno", "query({ pvd })"],
  ["Deno", "query()"],
  ["Deno", "Deno.resolveDns"],
  ["Deno", "node:dns"],
  ["Bun", "query({ pvd })"],
  ["Bun", "query()"],
  ["Bun", "Bun.dns"],
  ["Bun", "node:dns"],
];

/** Questions at a time, and how many make a turn. */
const LOADS: readonly [concurrency: number, count: number][] = [[1, 200], [100, 3000], [
  1000,
  3000,
]];
/** Rounds before those that count: the runtimes compile meanwhile. */
const WARM_UP_ROUNDS = 3;
const MEMORY_QUESTIONS = 1_000_000;

/** Measures everything, each once a round, and then memory. `commands`: by whom to command line of what measures. */
export async function measureNames(
  world: World,
  commands: Record<string, string[]>,
  rounds: Rounds,
  progress: (text: string) => void,
): Promise<{ measured: NameMeasured[]; memory: NameMemory[] }> {
  progress("building: a name server");
  const { host, r1 } = await oneLink(world);
  const server = NETWORK_1.routerIpv4;
  await r1.host.nsd({
    listen: [server],
    zones: {
      "wild.example":
        "@ 300 SOA ns root 1 3600 600 86400 60\n@ NS ns\nns A 192.0.2.53\n* A 192.0.2.1\n",
    },
    // Those who send many at once are to be measured, not what a small queue does to them.
    config: ["receive-buffer-size: 4194304", "send-buffer-size: 4194304"],
  });
  host.writeFile("/etc/resolv.conf", `nameserver ${server}\n`);
  const subjects = new Map(
    ["Deno", "Bun"].map((by) => [by, new Subject(host, [...commands[by]!, server])]),
  );
  const measured = LOADS.flatMap(([concurrency]) =>
    WAYS.map(([by, way]): NameMeasured => (
      { by, way, concurrency, wall: [], cpu: [], latency: [], latency99: [], failed: [] }
    ))
  );
  for (let round = -WARM_UP_ROUNDS; rounds.goOn(round); round++) {
    progress(round < 0 ? "warm-up" : `round ${round + 1} of ${rounds.wanted}`);
    for (let turn = 0; turn < measured.length; turn++) {
      const it = measured[(turn + (round + WARM_UP_ROUNDS) * 7) % measured.length]!;
      const count = LOADS.find(([concurrency]) => concurrency === it.concurrency)![1];
      const line = `ask ${it.concurrency} ${count} ${it.way}`;
      const numbers = (await subjects.get(it.by)!.ask(line)).split(" ").map(Number);
      const [wall = 0, cpu = 0, latency = 0, latency99 = 0, failed = 0] = numbers;
      if (round < 0) continue;
      it.wall.push(wall / count);
      it.cpu.push(cpu / count);
      it.latency.push(latency);
      it.latency99.push(latency99);
      it.failed.push(failed);
    }
  }
  const memory: NameMemory[] = [];
  for (const [by, subject] of subjects) {
    progress(`memory of ${by}`);
    const line = `memory 100 ${MEMORY_QUESTIONS} query({ pvd })`;
    const rss = (await subject.ask(line)).split(" ").map(Number) as [number, number];
    memory.push({ by, questions: MEMORY_QUESTIONS, rss });
  }
  return { measured, memory };
}
