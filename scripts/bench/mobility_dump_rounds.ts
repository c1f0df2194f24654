/**
 * Measures `mif mh dump -r` on a capture of a million messages beside tcpdump and tshark, and how fast a raw socket gives its
 * messages beside a C program.
 *
 * @module
 */

import { join } from "node:path";
import { runCommand, type World } from "../../tests/lab/mod.ts";
import { writeCapture } from "./mobility_corpus.ts";
import type { Rounds } from "./rounds.ts";
import { Subject } from "./subject.ts";

/** One thing done in one way. */
export interface DumpMeasured {
  /** "tcpdump -v", "Deno" and so on. */
  by: string;
  /** "dump", "dump --json" or "receive". */
  operation: string;
  /** How many messages. */
  messages: number;
  /** Seconds, by round. */
  wall: number[];
  /** Seconds of CPU, by round: of all threads, and of the kernel for them. */
  cpu: number[];
}

const CAPTURE_MESSAGES = 1_000_000;
const RECEIVED_MESSAGES = 50_000;
/** A round of dumps takes half a minute, most of it tshark's. */
const DUMP_ROUNDS_MIN = 3;

/** Who writes what of a capture. */
export function dumpCommands(mif: Record<string, string[]>): [string, string, string[]][] {
  const ours = (by: string, ...words: string[]) => [...mif[by]!, "mh", "dump", ...words, "-r"];
  return [
    ["tcpdump -v", "dump", ["tcpdump", "-n", "-v", "-r"]],
    ["Deno", "dump", ours("Deno")],
    ["Bun", "dump", ours("Bun")],
    ["tshark", "dump", ["tshark", "-n", "-r"]],
    ["Deno", "dump --json", ours("Deno", "--json")],
    ["Bun", "dump --json", ours("Bun", "--json")],
    ["Deno", "dump --count", ours("Deno", "--count")],
    ["Bun", "dump --count", ours("Bun", "--count")],
  ];
}

/** Measures the dumps, each once a round. `mif`: by runtime to the command line of cli.ts. */
export async function measureDumps(
  directory: string,
  mif: Record<string, string[]>,
  rounds: Rounds,
  progress: (text: string) => void,
): Promise<DumpMeasured[]> {
  progress("building: a capture of a million messages");
  const capture = join(directory, "million.pcap");
  writeCapture(capture, CAPTURE_MESSAGES);
  const commands = dumpCommands(mif);
  const measured = commands.map(([by, operation]): DumpMeasured => (
    { by, operation, messages: CAPTURE_MESSAGES, wall: [], cpu: [] }
  ));
  for (let round = 0; rounds.goOn(round, DUMP_ROUNDS_MIN); round++) {
    for (let turn = 0; turn < commands.length; turn++) {
      const index = (turn + round * 3) % commands.length;
      const [by, operation, argv] = commands[index]!;
      progress(`round ${round + 1} of ${rounds.wanted}: ${by} ${operation}`);
      const { wall, cpu } = await timed([...argv, capture]);
      measured[index]!.wall.push(wall);
      measured[index]!.cpu.push(cpu);
    }
  }
  return measured;
}

/** Runs a command whose output nobody wants. */
async function timed(argv: readonly string[]): Promise<{ wall: number; cpu: number }> {
  const script = 'TIMEFORMAT="%R %U %S"; { time "$@" > /dev/null 2> /dev/null; } 2>&1';
  const { status, stdout, stderr } = await runCommand(["bash", "-c", script, "bash", ...argv], {
    timeoutMs: 600_000,
  });
  if (status !== 0) throw new Error(`${argv.join(" ")} ended with ${status}: ${stderr}`);
  const [wall = 0, user = 0, system = 0] = stdout.trim().split(" ").map(Number);
  return { wall, cpu: user + system };
}

/** Who takes messages out of a raw socket, and how it is told to open and to receive. */
const RECEIVERS: readonly [by: string, open: string, receive: string, operation: string][] = [
  ["C", "open", "receive", "receive"],
  ["Deno", "open", "receive", "receive"],
  ["Bun", "open", "receive", "receive"],
  ["Deno", "open-raw", "receive-raw", "receive, bytes as they are"],
  ["Bun", "open-raw", "receive-raw", "receive, bytes as they are"],
];
const WARM_UP_ROUNDS = 3;

/** Measures the raw sockets: each is filled first, so that nothing is lost, and then emptied. */
export async function measureReceiving(
  world: World,
  commands: Record<string, string[]>,
  rounds: Rounds,
  progress: (text: string) => void,
): Promise<DumpMeasured[]> {
  const [host] = world.hosts("receiver");
  const sender = new Subject(host, commands.C!);
  const subjects = new Map(
    Object.entries(commands).map(([by, argv]) => [by, new Subject(host, argv)]),
  );
  const measured = RECEIVERS.map(([by, , , operation]): DumpMeasured => (
    { by, operation, messages: RECEIVED_MESSAGES, wall: [], cpu: [] }
  ));
  for (let round = -WARM_UP_ROUNDS; rounds.goOn(round); round++) {
    progress(round < 0 ? "warm-up" : `receiving: round ${round + 1} of ${rounds.wanted}`);
    for (const [i, [by, open, receive]] of RECEIVERS.entries()) {
      const subject = subjects.get(by)!;
      await subject.ask(`${open} 0`);
      await sender.ask(`send ${RECEIVED_MESSAGES}`);
      const answer = await subject.ask(`${receive} ${RECEIVED_MESSAGES}`);
      await subject.ask("close 0");
      if (round < 0) continue;
      const [wall = 0, cpu = 0] = answer.split(" ").map(Number);
      measured[i]!.wall.push(wall / 1e9);
      measured[i]!.cpu.push(cpu / 1e9);
    }
  }
  return measured;
}
