/**
 * The measuring script for mobility messages: runs in one of the two runtimes, with the path of a corpus. One line in, what
 * to do and how often ("parse 100000"); one line out, nanoseconds and nanoseconds of CPU.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { buildMobility, parseMobility, validateMobility } from "../../lib/mobility/mod.ts";

const messages: Uint8Array[] = [];
const file = new Uint8Array(readFileSync(process.argv[2]!));
for (let at = 0; at < file.length;) {
  const length = file[at]! << 8 | file[at + 1]!;
  messages.push(file.slice(at + 2, at + 2 + length));
  at += 2 + length;
}
const parsed = messages.map((bytes) => parseMobility(bytes));
const context = { source: "2001:db8:7777::1", destination: "2001:db8:8888::1" };
const copying = { copy: true };

/** Each of one message, and what of it must be seen so that no compiler leaves it out. */
const OPERATIONS: Record<string, (index: number) => number> = {
  parse: (index) => parseMobility(messages[index]!).checksum,
  "parse-copy": (index) => parseMobility(messages[index]!, copying).checksum,
  build: (index) => buildMobility(parsed[index]!).length,
  validate: (index) => Number(validateMobility(messages[index]!, context).ok),
};

/** All of it, so that it is seen. */
let seen = 0;

function measure(name: string, count: number): [wall: bigint, cpuNs: number] {
  const operation = OPERATIONS[name]!;
  const cpu = process.cpuUsage();
  const start = process.hrtime.bigint();
  for (let i = 0, index = 0; i < count; i++) {
    seen += operation(index);
    if (++index === messages.length) index = 0;
  }
  const wall = process.hrtime.bigint() - start;
  const { user, system } = process.cpuUsage(cpu);
  return [wall, (user + system) * 1000];
}

for await (const line of createInterface({ input: process.stdin })) {
  const [name = "", count] = line.split(" ");
  process.stdout.write(measure(name, Number(count)).join(" ") + "\n");
  if (!Number.isFinite(seen)) throw new Error("Nothing was seen");
}
