/**
 * The measuring script: runs in the host's namespace, in one of the two runtimes, and speaks as snapshot.c does.
 *
 * One line in, an operation and how often to do it ("snapshot 50"); one line out, the nanoseconds each took.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { networkInterfaces } from "node:os";
import process from "node:process";
import { createInterface } from "node:readline";
import { readSnapshot } from "../../lib/netlink/snapshot.ts";
import { listPvds } from "../../lib/pvd/list.ts";

const operations: Record<string, () => unknown> = {
  snapshot: readSnapshot,
  pvds: listPvds,
  interfaces: networkInterfaces,
  ip2: () => {
    run("ip", "-j", "addr");
    run("ip", "-j", "route");
  },
  ip3: () => {
    operations.ip2!();
    run("ip", "-j", "-6", "route");
  },
};

function run(program: string, ...words: string[]): void {
  const { status, error } = spawnSync(program, words, {
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 1 << 30,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${words.join(" ")} ended with ${status}`);
}

function answer(line: string): string {
  const [name = "", count] = line.split(" ");
  if (name === "counts") {
    const { links, addresses, rules, routes, nexthops, nexthopMembers } = readSnapshot();
    const nexthopCount = nexthops.length + nexthopMembers.length;
    return [links.length, addresses.length, rules.length, routes.length, nexthopCount].join(" ");
  }
  const operation = operations[name];
  if (!operation) throw new Error(`Not an operation: ${line}`);
  const times: bigint[] = [];
  for (let i = 0; i < Number(count); i++) {
    const start = process.hrtime.bigint();
    operation();
    times.push(process.hrtime.bigint() - start);
  }
  return times.join(" ");
}

createInterface({ input: process.stdin }).on("line", (line) => {
  process.stdout.write(answer(line) + "\n");
});
