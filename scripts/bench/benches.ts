/**
 * The benches: what `deno task bench` knows by name, in the order of BENCHMARKS.md.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { World } from "../../tests/lab/mod.ts";
import { bun, deno, ROOT } from "../toolchain.ts";
import { advertisementTables } from "./advertisement_report.ts";
import { measureAdvertisements } from "./advertisement_rounds.ts";
import { fetchTables } from "./fetch_report.ts";
import { measureFetches } from "./fetch_rounds.ts";
import { has, PYTHON } from "./machine.ts";
import { dumpTables } from "./mobility_dump_report.ts";
import { measureDumps, measureReceiving } from "./mobility_dump_rounds.ts";
import { mobilityTables } from "./mobility_report.ts";
import { measureMobility } from "./mobility_rounds.ts";
import { nameTables } from "./name_report.ts";
import { measureNames } from "./name_rounds.ts";
import type { Table } from "./report.ts";
import type { Rounds } from "./rounds.ts";
import { snapshotTables } from "./snapshot_report.ts";
import { measureSnapshots } from "./snapshot_rounds.ts";
import { socketTables } from "./socket_report.ts";
import { measureSockets } from "./socket_rounds.ts";
import { watchTables } from "./watch_report.ts";
import { measureWatch } from "./watch_rounds.ts";

/** What a bench is given. */
export interface BenchOptions {
  /** For its files; it goes when all is over. */
  directory: string;
  /** How often each way has its turn. */
  rounds: Rounds;
  /** Takes what is being done. */
  progress: (text: string) => void;
}

/** One bench. Inside the lab only. */
export interface Bench {
  /** As it is called on the command line. */
  name: string;
  /** What is measured beside what. */
  about: string;
  /** Measures. Ends by itself, and rejects where something did not answer. */
  run(options: BenchOptions): Promise<Table[]>;
}

/** All of them. */
export const BENCHES: readonly Bench[] = [
  {
    name: "snapshot",
    about:
      "A snapshot of the kernel's tables and a list of the PvDs, beside a C program with the same system " +
      "calls, ip(8) as a process, and `os.networkInterfaces()`.",
    async run({ directory, rounds, progress }) {
      const commands = measuringCommands(directory, "snapshot.c", "measure.ts");
      return snapshotTables(await measureSnapshots(commands, rounds, progress));
    },
  },
  {
    name: "sockets",
    about:
      "UDP and TCP of ours, beside the runtimes' own and a C program; `setsockopt(pvd)` with its proof; " +
      "CPU while waiting.",
    async run({ directory, rounds, progress }) {
      const commands = measuringCommands(directory, "sockets.c", "sockets.ts");
      await using world = new World();
      return socketTables(await measureSockets(world, commands, rounds, progress));
    },
  },
  {
    name: "names",
    about: "Questions to a name server, each for a name that nobody asked for before, beside " +
      "`Deno.resolveDns()`, `Bun.dns` and node:dns; memory over a million of them.",
    async run({ rounds, progress }) {
      await using world = new World();
      const commands = runtimeCommands("names.ts");
      const { measured, memory } = await measureNames(world, commands, rounds, progress);
      return nameTables(measured, memory);
    },
  },
  {
    name: "fetch",
    about:
      "Requests and large bodies through a PvD, by http and https, beside the runtimes' own fetch.",
    async run({ rounds, progress }) {
      await using world = new World();
      const server = [deno(), "run", "-A", benchPath("fetch_server.ts")];
      const commands = runtimeCommands("fetches.ts");
      return fetchTables(await measureFetches(world, commands, server, rounds, progress));
    },
  },
  {
    name: "advertisements",
    about:
      "Router Advertisements parsed, and heard (parsed and remembered), beside a C program, and scapy " +
      'and tshark where the machine has them; "pvd" is one with a PvD option (RFC 8801).',
    async run({ directory, rounds, progress }) {
      const commands = measuringCommands(directory, "advertisements.c", "advertisements.ts");
      if (has("scapy")) commands.scapy = [PYTHON, benchPath("advertisements.py")];
      await using world = new World();
      const measured = await measureAdvertisements(world, directory, commands, rounds, progress);
      return advertisementTables(measured);
    },
  },
  {
    name: "mobility",
    about:
      "Mobile IPv6's messages parsed, built and validated, beside a C program (a struct laid over the " +
      "bytes), and scapy and tshark where the machine has them.",
    async run({ directory, rounds, progress }) {
      const commands = measuringCommands(directory, "mobility.c", "mobility.ts");
      if (has("scapy") && has("tshark")) {
        commands.scapy = [PYTHON, benchPath("mobility_peers.py")];
      }
      await using world = new World();
      return mobilityTables(await measureMobility(world, directory, commands, rounds, progress));
    },
  },
  {
    name: "mobility-dump",
    about:
      "`mif mh dump -r` on a capture of a million messages beside tcpdump and tshark; what a raw socket " +
      "gives, beside a C program that looks at the headers only.",
    async run({ directory, rounds, progress }) {
      const commands = measuringCommands(directory, "mobility_receive.c", "mobility_receive.ts");
      const mif = runtimeCommands("../../cli.ts");
      await using world = new World();
      return dumpTables([
        ...await measureReceiving(world, commands, rounds, progress),
        ...await measureDumps(directory, mif, rounds, progress),
      ]);
    },
  },
  {
    name: "watch",
    about:
      "From `ip addr add` to what `watchPvds()` tells, beside ip-monitor(8); CPU and memory of the daemon " +
      "and of who watches, idle, under a flood, and at many links.",
    async run({ rounds, progress }) {
      const cli = fileURLToPath(new URL("../../cli.ts", import.meta.url));
      const daemons = { Deno: [deno(), "run", "-A", cli, "daemon"], Bun: [bun(), cli, "daemon"] };
      const watchers = runtimeCommands("watch.ts");
      const makeWorld = () => new World();
      return watchTables(await measureWatch(makeWorld, watchers, daemons, rounds, progress));
    },
  },
];

/** By whom to command line. Compiles the C program. */
function measuringCommands(
  directory: string,
  source: string,
  script: string,
): Record<string, string[]> {
  const program = join(directory, source.replace(".c", ""));
  const headers = `-I${join(ROOT, "zig", "include")}`;
  const options = ["-O2", "-Wall", "-Werror", "-pthread", headers, "-o", program];
  const { status, stderr, error } = spawnSync("gcc", [...options, benchPath(source)], {
    encoding: "utf8",
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`gcc ended with ${status}: ${stderr}`);
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
  return fileURLToPath(new URL(name, import.meta.url));
}
