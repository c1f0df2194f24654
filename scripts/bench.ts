/**
 * `deno task bench [snapshot|sockets|names|fetch|advertisements|mobility|mobility-dump|watch]`: how fast we are in Deno and in Bun; without a word all parts.
 *
 * - `snapshot`: a snapshot of the kernel's tables and a list of the PvDs, beside a C program with the same system calls,
 *   ip(8) as a process, and os.networkInterfaces().
 * - `sockets`: UDP and TCP of ours, beside the runtimes' own and a C program; setsockopt(pvd); CPU while waiting.
 * - `names`: questions to a name server, beside Deno.resolveDns(), Bun.dns and node:dns; memory over a million of them.
 * - `fetch`: requests and large bodies through a PvD, by http and https, beside the runtimes' own fetch.
 * - `advertisements`: Router Advertisements parsed, and remembered, beside a C program, and scapy and tshark where the
 *   machine has them.
 * - `mobility`: Mobile IPv6's messages parsed and built, beside a C program, and scapy and tshark where the machine has
 *   them.
 * - `mobility-dump`: `mif mh dump -r` on a million messages beside tcpdump and tshark; what a raw socket gives, beside a C
 *   program.
 * - `watch`: from `ip addr add` to what watchPvds() tells, beside ip-monitor(8); CPU and memory of the daemon and of who
 *   watches, idle, under a flood, and at 200 links.
 *
 * Builds its networks out of namespaces, so it needs root or user namespaces, and gcc. Prints times and
 * ratios and judges nothing. `--rounds N` (20), `--json` prints JSON instead, `--write FILE` writes the JSON too.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Host, isInside, labAccess, runInside, World } from "../tests/lab/mod.ts";
import {
  type AdvertisementRatio,
  advertisementRatios,
  formatAdvertisements,
} from "./bench/advertisement_report.ts";
import { measureAdvertisements } from "./bench/advertisement_rounds.ts";
import { type FetchRatio, fetchRatios, formatFetches } from "./bench/fetch_report.ts";
import { type FetchMeasured, measureFetches } from "./bench/fetch_rounds.ts";
import { type DumpRatio, dumpRatios, formatDumps } from "./bench/mobility_dump_report.ts";
import { type DumpMeasured, measureDumps, measureReceiving } from "./bench/mobility_dump_rounds.ts";
import { formatMobility, type MobilityRatio, mobilityRatios } from "./bench/mobility_report.ts";
import { measureMobility, type MobilityMeasured } from "./bench/mobility_rounds.ts";
import { formatNames, type NameRatio, nameRatios } from "./bench/name_report.ts";
import { measureNames, type NameMeasured, type NameMemory } from "./bench/name_rounds.ts";
import { format, formatMachine, ratiosOf, type Report } from "./bench/report.ts";
import { type Candidate, type Measured, measureRounds } from "./bench/rounds.ts";
import { formatSockets, socketRatios } from "./bench/socket_report.ts";
import type { SocketRatio } from "./bench/socket_report.ts";
import { measureSockets, type SocketMeasured } from "./bench/socket_rounds.ts";
import { Subject } from "./bench/subject.ts";
import { formatWatch } from "./bench/watch_report.ts";
import { measureWatch, type WatchMeasured } from "./bench/watch_rounds.ts";
import { type BenchWorld, WORLDS } from "./bench/worlds.ts";
import { bun, ROOT } from "./toolchain.ts";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "20" },
    json: { type: "boolean", default: false },
    write: { type: "string" },
  },
});

/** What was asked for, with the machine it was measured on. */
interface Bench {
  machine: Report["machine"];
  rounds: number;
  snapshot?: Pick<Report, "measured" | "ratios">;
  sockets?: { measured: SocketMeasured[]; ratios: SocketRatio[] };
  names?: { measured: NameMeasured[]; memory: NameMemory[]; ratios: NameRatio[] };
  fetch?: { measured: FetchMeasured[]; ratios: FetchRatio[] };
  mobility?: { measured: MobilityMeasured[]; ratios: MobilityRatio[] };
  mobilityDump?: { measured: DumpMeasured[]; ratios: DumpRatio[] };
  advertisements?: { measured: Measured[]; ratios: AdvertisementRatio[] };
  watch?: WatchMeasured;
}

const PARTS = [
  "snapshot",
  "sockets",
  "names",
  "fetch",
  "advertisements",
  "mobility",
  "mobility-dump",
  "watch",
];
const rounds = Number(options.rounds);

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

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "mif-bench-"));
  const bench: Bench = { machine: machine(), rounds };
  try {
    const wants = (part: string) => positionals.length === 0 || positionals.includes(part);
    if (wants("snapshot")) bench.snapshot = await benchSnapshot(directory);
    if (wants("sockets")) bench.sockets = await benchSockets(directory);
    if (wants("names")) bench.names = await benchNames();
    if (wants("fetch")) bench.fetch = await benchFetch();
    if (wants("advertisements")) bench.advertisements = await benchAdvertisements(directory);
    if (wants("mobility")) bench.mobility = await benchMobility(directory);
    if (wants("mobility-dump")) bench.mobilityDump = await benchMobilityDump(directory);
    if (wants("watch")) bench.watch = await benchWatch();
  } finally {
    rmSync(directory, { recursive: true });
  }
  progress("");
  publish(bench);
}

async function benchSnapshot(directory: string): Promise<Bench["snapshot"]> {
  const commands = measuringCommands(directory, "snapshot.c", "measure.ts");
  const worlds: World[] = [];
  const candidates: Candidate[] = [];
  try {
    for (const bench of WORLDS) {
      progress(`building: ${bench.name}`);
      const world = new World();
      worlds.push(world);
      candidates.push(...await candidatesIn(bench, await bench.build(world), commands));
    }
    const measured = await measureRounds(candidates, rounds, progress);
    return { measured, ratios: ratiosOf(measured) };
  } finally {
    for (const world of worlds) await world.dispose();
  }
}

async function benchSockets(directory: string): Promise<Bench["sockets"]> {
  const commands = measuringCommands(directory, "sockets.c", "sockets.ts");
  await using world = new World();
  const measured = await measureSockets(world, commands, rounds, progress);
  return { measured, ratios: socketRatios(measured) };
}

async function benchNames(): Promise<Bench["names"]> {
  await using world = new World();
  const names = await measureNames(world, runtimeCommands("names.ts"), rounds, progress);
  return { ...names, ratios: nameRatios(names.measured) };
}

async function benchFetch(): Promise<Bench["fetch"]> {
  await using world = new World();
  const server = [deno(), "run", "-A", benchPath("fetch_server.ts")];
  const commands = runtimeCommands("fetches.ts");
  const measured = await measureFetches(world, commands, server, rounds, progress);
  return { measured, ratios: fetchRatios(measured) };
}

async function benchAdvertisements(directory: string): Promise<Bench["advertisements"]> {
  const commands = measuringCommands(directory, "advertisements.c", "advertisements.ts");
  if (hasScapy()) commands.scapy = [PYTHON, benchPath("advertisements.py")];
  await using world = new World();
  const measured = await measureAdvertisements(world, directory, commands, rounds, progress);
  return { measured, ratios: advertisementRatios(measured) };
}

async function benchMobility(directory: string): Promise<Bench["mobility"]> {
  const commands = measuringCommands(directory, "mobility.c", "mobility.ts");
  const hasTshark = spawnSync("tshark", ["--version"]).status === 0;
  if (hasScapy() && hasTshark) commands.scapy = [PYTHON, benchPath("mobility_peers.py")];
  await using world = new World();
  const measured = await measureMobility(world, directory, commands, rounds, progress);
  return { measured, ratios: mobilityRatios(measured) };
}

async function benchMobilityDump(directory: string): Promise<Bench["mobilityDump"]> {
  const commands = measuringCommands(directory, "mobility_receive.c", "mobility_receive.ts");
  const mif = runtimeCommands("../../cli.ts");
  await using world = new World();
  const measured = [
    ...await measureReceiving(world, commands, rounds, progress),
    ...await measureDumps(directory, mif, rounds, progress),
  ];
  return { measured, ratios: dumpRatios(measured) };
}

/** Debian's, which has its packages. */
const PYTHON = "/usr/bin/python3";

function hasScapy(): boolean {
  return spawnSync(PYTHON, ["-c", "import scapy.layers.inet6"]).status === 0;
}

async function benchWatch(): Promise<Bench["watch"]> {
  const cli = fileURLToPath(new URL("../cli.ts", import.meta.url));
  const daemons = { Deno: [deno(), "run", "-A", cli, "daemon"], Bun: [bun(), cli, "daemon"] };
  return await measureWatch(
    () => new World(),
    runtimeCommands("watch.ts"),
    daemons,
    rounds,
    progress,
  );
}

/** By whom to command line. Compiles the C program. */
function measuringCommands(
  directory: string,
  source: string,
  script: string,
): Record<string, string[]> {
  const program = join(directory, source.replace(".c", ""));
  const headers = `-I${join(ROOT, "zig", "include")}`;
  output("gcc", "-O2", "-Wall", "-Werror", "-pthread", headers, "-o", program, benchPath(source));
  return { C: [program], ...runtimeCommands(script) };
}

/** By runtime to command line. */
function runtimeCommands(script: string): Record<string, string[]> {
  return {
    Deno: [deno(), "run", "-A", "--unstable-net", benchPath(script)],
    Bun: [bun(), benchPath(script)],
  };
}

function benchPath(name: string): string {
  return fileURLToPath(new URL(`bench/${name}`, import.meta.url));
}

async function candidatesIn(
  { name }: BenchWorld,
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
    throw new Error(`Snapshots of "${name}" differ: ${[...counts].join(" | ")}`);
  }
  return TURNS.map(([by, operation]) => ({
    world: name,
    by,
    operation,
    subject: subjects.get(by)!,
  }));
}

function machine(): Record<string, string> {
  const version = (...argv: string[]) => output(...argv).trim().split("\n")[0]!;
  return {
    CPU: `${availableParallelism()} of ${cpus()[0]?.model ?? "unknown"}`,
    Linux: release(),
    load: loadavg().map((load) => load.toFixed(2)).join(" "),
    Deno: version(deno(), "--version"),
    Bun: version(bun(), "--version"),
    gcc: version("gcc", "--version"),
    ip: version("ip", "-V"),
  };
}

function publish(bench: Bench): void {
  const json = JSON.stringify(bench);
  if (options.write !== undefined) writeFileSync(options.write, json + "\n");
  if (options.json) return console.log(json);
  console.log(formatMachine(bench));
  if (bench.snapshot) console.log(format(bench.snapshot));
  if (bench.sockets) console.log(formatSockets(bench.sockets.measured, bench.sockets.ratios));
  if (bench.names) {
    const { measured, memory, ratios } = bench.names;
    console.log(formatNames(measured, memory, ratios));
  }
  if (bench.fetch) console.log(formatFetches(bench.fetch.measured, bench.fetch.ratios));
  if (bench.advertisements) {
    const { measured, ratios } = bench.advertisements;
    console.log(formatAdvertisements(measured, ratios));
  }
  if (bench.mobility) console.log(formatMobility(bench.mobility.measured, bench.mobility.ratios));
  if (bench.mobilityDump) {
    console.log(formatDumps(bench.mobilityDump.measured, bench.mobilityDump.ratios));
  }
  if (bench.watch) console.log(formatWatch(bench.watch));
}

function deno(): string {
  return "deno" in process.versions ? process.execPath : "deno";
}

function output(...argv: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(argv[0]!, argv.slice(1), {
    encoding: "utf8",
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${argv.join(" ")} ended with ${status}: ${stderr}`);
  return stdout;
}

/** On a terminal only, and over the line before. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

const access = labAccess();
const unknown = positionals.find((word) => !PARTS.includes(word));
if (unknown !== undefined) {
  console.error(`Not a part of the bench: ${unknown}. There are ${PARTS.join(", ")}.`);
  process.exitCode = 2;
} else if (!access.ok) {
  console.error(`The networks to measure in cannot be built here: ${access.reason}.`);
  process.exitCode = 1;
} else if (isInside()) {
  await main();
} else {
  // Inside nothing can be fetched.
  process.env.BUN = bun();
  process.exitCode = runInside(fileURLToPath(import.meta.url), access);
}
