/**
 * Measures the reading of Router Advertisements: ours in both runtimes, a C program, scapy and tshark, in turns.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { icmpv6Frame } from "../../tests/lab/frame.ts";
import {
  pvdOption,
  routerAdvertisement,
  type RouterAdvertisementInit,
  type World,
} from "../../tests/lab/mod.ts";
import { captureFile, LinkType } from "../../tests/tshark.ts";
import { type Candidate, type Measured, measureRounds, type Rounds } from "./rounds.ts";
import { Subject } from "./subject.ts";

/** Messages that are one operation of all subjects. */
export const BATCH = 100;

/** What is read. */
export const MESSAGES: Readonly<Record<string, RouterAdvertisementInit>> = {
  plain: {
    sourceMac: "02:00:00:00:01:01",
    mtu: 1500,
    prefixes: [{ prefix: "2001:db8:1::/64" }],
    rdnss: [{ servers: ["2001:db8:1::53", "2001:db8:1::54"] }],
    dnssl: [{ domains: ["one.example"] }],
  },
  pvd: {
    sourceMac: "02:00:00:00:01:01",
    lifetimeSeconds: 0,
    options: [pvdOption({
      id: "pvd.example.org",
      http: true,
      sequence: 1,
      routerAdvertisement: { lifetimeSeconds: 1600 },
      nested: {
        prefixes: [{ prefix: "2001:db8:1::/64" }, { prefix: "2001:db8:2::/64" }],
        routes: [{ prefix: "2001:db8:70::/48" }],
        rdnss: [{ servers: ["2001:db8:1::53", "2001:db8:1::54"] }],
        dnssl: [{ domains: ["one.example"] }],
      },
    })],
  },
};

/** Who does what, in the order of a round. scapy and tshark know no PvD option. */
const TURNS: readonly [by: string, operation: string, kind: string][] = [
  ["C", "parse", "plain"],
  ["Deno", "parse", "plain"],
  ["Bun", "parse", "plain"],
  ["scapy", "parse", "plain"],
  ["Deno", "hear", "plain"],
  ["Bun", "hear", "plain"],
  ["C", "parse", "pvd"],
  ["Deno", "parse", "pvd"],
  ["Bun", "parse", "pvd"],
  ["Deno", "hear", "pvd"],
  ["Bun", "hear", "pvd"],
];

/** Writes the messages to the directory and measures, each once a round. */
export async function measureAdvertisements(
  world: World,
  directory: string,
  commands: Readonly<Record<string, string[]>>,
  rounds: Rounds,
  progress: (text: string) => void,
): Promise<Measured[]> {
  for (const [kind, init] of Object.entries(MESSAGES)) {
    writeFileSync(join(directory, kind), routerAdvertisement(init));
  }
  const [host] = world.hosts("host");
  const subjects = new Map(
    Object.entries(commands).map(([by, argv]) => [by, new Subject(host, [...argv, directory])]),
  );
  const candidates = TURNS.flatMap(([by, operation, kind]): Candidate[] => {
    const subject = subjects.get(by);
    return subject ? [{ world: kind, by, operation: `${operation}-${kind}`, subject }] : [];
  });
  const measured = await measureRounds(candidates, rounds, progress);
  const tshark = measureTshark(directory, rounds, progress);
  return tshark ? [...measured, tshark] : measured;
}

/** A capture of so many messages, for a program that starts anew each time. */
const CAPTURED = 50_000;

/** What a capture takes longer than one of a single message; null where the machine has no tshark. */
function measureTshark(
  directory: string,
  rounds: Rounds,
  progress: (text: string) => void,
): Measured | null {
  const frame = icmpv6Frame(routerAdvertisement(MESSAGES.plain), {
    srcMac: "02:00:00:00:01:01",
    dstMac: "33:33:00:00:00:01",
    src: "fe80::1",
    dst: "ff02::1",
  });
  const [one, many] = [1, CAPTURED].map((count) => {
    const path = join(directory, `${count}.pcap`);
    const packets = Array.from({ length: count }, () => frame);
    writeFileSync(path, captureFile(LinkType.ethernet, packets));
    return path;
  }) as [string, string];
  const turns: number[] = [];
  for (let round = 0; round < Math.min(rounds.wanted, 5); round++) {
    progress(`tshark, round ${round + 1}`);
    const times = [one, many].map(readByTshark);
    if (times.includes(null)) return null;
    turns.push((times[1]! - times[0]!) / (CAPTURED - 1) * BATCH);
  }
  return { world: "plain", by: "tshark", operation: "parse-plain", turns, min: Math.min(...turns) };
}

function readByTshark(path: string): number | null {
  const fields = ["icmpv6.opt.prefix", "icmpv6.opt.rdnss", "icmpv6.opt.dnssl", "icmpv6.opt.mtu"];
  const words = ["-r", path, "-T", "fields", ...fields.flatMap((field) => ["-e", field])];
  const startMs = performance.now();
  const { error, status } = spawnSync("tshark", words, { stdio: ["ignore", "ignore", "ignore"] });
  return error || status !== 0 ? null : (performance.now() - startMs) * 1e6;
}
