/**
 * Measures snapshots of the kernel's tables and lists of the PvDs in networks of different size, in turns.
 *
 * @module
 */

import { type Host, World } from "../../tests/lab/mod.ts";
import { type Candidate, type Measured, measureRounds, type Rounds } from "./rounds.ts";
import { Subject } from "./subject.ts";
import { WORLDS } from "./worlds.ts";

/** Who does what, in the order of a round: those whose ratio counts are neighbours. */
const TURNS: readonly [by: string, operation: string][] = [
  ["C", "snapshot"],
  ["Deno", "snapshot"],
  ["Bun", "snapshot"],
  ["C", "full"],
  ["Deno", "pvds"],
  ["Bun", "pvds"],
  ["Deno", "interfaces"],
  ["Bun", "interfaces"],
  ["C", "true"],
  ["C", "ip2"],
  ["Deno", "ip2"],
  ["Bun", "ip2"],
  ["C", "ip3"],
  ["Deno", "ip3"],
  ["Bun", "ip3"],
];

/** Measures everything, each once a round. `commands`: by whom to command line of what measures. */
export async function measureSnapshots(
  commands: Record<string, string[]>,
  rounds: Rounds,
  progress: (text: string) => void,
): Promise<Measured[]> {
  const worlds: World[] = [];
  const candidates: Candidate[] = [];
  try {
    for (const { name, build } of WORLDS) {
      progress(`building: ${name}`);
      const world = new World();
      worlds.push(world);
      candidates.push(...await candidatesIn(name, await build(world), commands));
    }
    return await measureRounds(candidates, rounds, progress);
  } finally {
    for (const world of worlds) await world.dispose();
  }
}

async function candidatesIn(
  world: string,
  host: Host,
  commands: Record<string, string[]>,
): Promise<Candidate[]> {
  const subjects = new Map<string, Subject>();
  const counts = new Set<string>();
  for (const [by, argv] of Object.entries(commands)) {
    const subject = new Subject(host, argv);
    subjects.set(by, subject);
    counts.add(await subject.counts());
  }
  // What is compared must be the same thing.
  if (counts.size !== 1) {
    throw new Error(`Snapshots of "${world}" differ: ${[...counts].join(" | ")}`);
  }
  return TURNS.map(([by, operation]) => ({ world, by, operation, subject: subjects.get(by)! }));
}
