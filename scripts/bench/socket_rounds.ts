/**
 * Measures sockets: ours, the runtimes' own and a C program's, in turns.
 *
 * UDP goes over the loopback of one host of the lab. What is on a PvD goes to the router beside it, for a socket
 * that is bound to a device hears nothing by the loopback; so does what it is compared with.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { NETWORK_1, oneLink, type World } from "../../tests/lab/mod.ts";
import type { Rounds } from "./rounds.ts";
import { Subject } from "./subject.ts";

/** One thing measured in one way. */
export interface SocketMeasured {
  table: SocketTable;
  /** "C", "Deno" or "Bun". */
  by: string;
  /** The way: "Socket", "node:dgram" and so on. */
  way: string;
  /** Nanoseconds for one (of `idle`: per second), by round. */
  wall: number[];
  /** Nanoseconds of CPU for one, by round. */
  cpu: number[];
}

/** What is measured, one table of the report each. */
export type SocketTable =
  | "receive"
  | "send"
  | "echo"
  | "echoFar"
  | "streamIn"
  | "streamOut"
  | "connect"
  | "select"
  | "idle";

/** How much of each makes a turn: tens of milliseconds. */
const FLOOD_MS = 150;
const SEND_COUNT = 3000;
const ECHO_COUNT = 800;
const STREAM_MIB = 48;
const CONNECT_COUNT = 40;
const SELECT_COUNT = 200;
const IDLE_MS = 300;
/** Rounds before those that count: the runtimes compile meanwhile. */
const WARM_UP_ROUNDS = 3;

/** One turn: nanoseconds and nanoseconds of CPU, for one. */
type Turn = () => Promise<[wall: number, cpu: number]>;

interface Candidate {
  table: SocketTable;
  by: string;
  way: string;
  turn: Turn;
}

/**
 * Measures everything, each once a round.
 *
 * @param commands By whom to command line of what measures; that of C also serves.
 */
export async function measureSockets(
  world: World,
  commands: Record<string, string[]>,
  rounds: Rounds,
  progress: (text: string) => void,
): Promise<SocketMeasured[]> {
  progress("building: one link");
  const { host, r1 } = await oneLink(world);
  const near = new Subject(host, [...commands.C!, "peer", "127.0.0.1"]);
  const nearPorts = await near.line();
  const far = new Subject(r1.host, [...commands.C!, "peer", NETWORK_1.routerIpv4]);
  const farPorts = await far.line();
  const subjects = new Map(
    Object.entries(commands).map(([by, argv]) => [by, new Subject(host, argv)]),
  );
  const idlers = ["Deno", "Bun"].map((by) => idleCandidates(by, new Subject(host, commands[by]!)));
  const candidates = [
    ...datagramCandidates(subjects, near, nearPorts.split(" ")),
    ...pvdCandidates(subjects, farPorts.split(" ")),
    ...idlers.flat(),
  ];
  const measured = candidates.map(({ table, by, way }): SocketMeasured => (
    { table, by, way, wall: [], cpu: [] }
  ));
  for (let round = -WARM_UP_ROUNDS; rounds.goOn(round); round++) {
    progress(round < 0 ? "warm-up" : `round ${round + 1} of ${rounds.wanted}`);
    for (let turn = 0; turn < candidates.length; turn++) {
      const index = (turn + (round + WARM_UP_ROUNDS) * 7) % candidates.length;
      const [wall, cpu] = await candidates[index]!.turn();
      if (round < 0) continue;
      measured[index]!.wall.push(wall);
      measured[index]!.cpu.push(cpu);
    }
  }
  return measured;
}

/** Who can use UDP in which way. */
const DATAGRAM_WAYS: readonly [by: string, way: string][] = [
  ["C", ""],
  ["Deno", "Socket"],
  ["Deno", "Deno.listenDatagram"],
  ["Deno", "node:dgram"],
  ["Bun", "Socket"],
  ["Bun", "Bun.udpSocket"],
  ["Bun", "node:dgram"],
];

function datagramCandidates(
  subjects: Map<string, Subject>,
  peer: Subject,
  [echoPort, sinkPort]: string[],
): Candidate[] {
  const tables = {
    receive: (subject: Subject, way: string) => receive(subject, peer, way),
    send: (subject: Subject, way: string) =>
      each(subject, words("send", way, sinkPort, SEND_COUNT), SEND_COUNT),
    echo: (subject: Subject, way: string) =>
      each(subject, words("echo", way, echoPort, ECHO_COUNT), ECHO_COUNT),
  };
  return Object.entries(tables).flatMap(([table, run]) =>
    DATAGRAM_WAYS.map(([by, way]): Candidate => ({
      table: table as SocketTable,
      by,
      way,
      turn: () => run(subjects.get(by)!, way),
    }))
  );
}

function pvdCandidates(subjects: Map<string, Subject>, [echo, , stream]: string[]): Candidate[] {
  const address = NETWORK_1.routerIpv4;
  return ["Deno", "Bun"].flatMap((by) => {
    const subject = subjects.get(by)!;
    const asking = (table: SocketTable, way: string, line: string, count: number): Candidate => (
      { table, by, way, turn: () => each(subject, line, count) }
    );
    const streams = (way: string): Candidate[] => {
      const of = (letter: string) => words("stream", way, letter, STREAM_MIB, address, stream);
      const connecting = words("connect", way, address, stream, CONNECT_COUNT);
      return [
        asking("streamIn", way, of("R"), STREAM_MIB),
        asking("streamOut", way, of("W"), STREAM_MIB),
        asking("connect", way, connecting, CONNECT_COUNT),
      ];
    };
    const echoes = (way: string) =>
      asking("echoFar", way, words("echoFar", way, address, echo, ECHO_COUNT), ECHO_COUNT);
    const select = (family: string) =>
      asking("select", `IPv${family}`, words("select", family, SELECT_COUNT), SELECT_COUNT);
    return [
      ...[streams("node:net"), streams("connect")].flat(),
      ...[echoes("direct"), echoes("pvd"), select("4"), select("6")],
    ];
  });
}

/** In a process of its own: what collects the garbage of other work is not idle. */
function idleCandidates(by: string, subject: Subject): Candidate[] {
  const turn = async (before: string) => {
    await subject.ask(before);
    return await idle(Number(await subject.ask("pid")));
  };
  return [
    { table: "idle", by, way: "nothing pending", turn: () => turn("unwait") },
    { table: "idle", by, way: "a recv pending", turn: () => turn("wait") },
  ];
}

function words(...words: (string | number | undefined)[]): string {
  return words.filter((word) => word !== "").join(" ");
}

async function each(subject: Subject, line: string, count: number): Promise<[number, number]> {
  const [wall, cpu] = (await subject.ask(line)).split(" ").map(Number);
  return [wall! / count, cpu! / count];
}

async function receive(subject: Subject, peer: Subject, way: string): Promise<[number, number]> {
  const port = await subject.ask(words("receive", way));
  const [, wall] = (await peer.ask(`flood ${port} ${FLOOD_MS}`)).split(" ").map(Number);
  const [received, cpu] = (await subject.ask("stop")).split(" ").map(Number);
  return [wall! / received!, cpu! / received!];
}

/** Nanoseconds of CPU of all threads in a second, while nobody asks anything. */
async function idle(pid: number): Promise<[number, number]> {
  await sleep(100);
  const before = cpuOf(pid);
  const start = performance.now();
  await sleep(IDLE_MS);
  const used = (cpuOf(pid) - before) / (performance.now() - start) * 1000;
  return [used, used];
}

function cpuOf(pid: number): number {
  let sum = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    // proc_pid_schedstat(5): the first number is the time on the CPU.
    sum += parseInt(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8"));
  }
  return sum;
}
