/**
 * The measuring script for names: runs in the host's namespace, in one of the two runtimes. One line in; one line out.
 *
 * "ask CONCURRENCY COUNT WAY": so many questions for addresses of names that nobody asked for before, so many at a time; the nanoseconds
 * it took, those of CPU, the median and 99th percentile of one question, and how many had no answer. "memory CONCURRENCY COUNT WAY": bytes of the process
 * after a tenth of the questions and after all.
 *
 * @module
 */

import { Resolver } from "node:dns/promises";
import process from "node:process";
import { createInterface } from "node:readline";
import { query } from "../../lib/dns/query.ts";
import { listPvds } from "../../lib/pvd/list.ts";

const [, , server = ""] = process.argv;
const resolver = new Resolver();
resolver.setServers([server]);

const pvd = listPvds().find(({ dnsServers }) =>
  dnsServers.some(({ address }) => address === server)
);
if (!pvd) throw new Error(`No PvD has the server ${server}`);

/** What the runtimes have of their own, without its types. */
const runtimes = globalThis as unknown as {
  Deno: { resolveDns(name: string, type: "A", options: unknown): Promise<unknown[]> };
  Bun: { dns: { lookup(name: string, options: unknown): Promise<unknown[]> } };
};

const nameServer = { ipAddr: server, port: 53 };

/** Each brings as many addresses as there are. */
const WAYS: Record<string, (name: string) => Promise<unknown[]>> = {
  "query({ pvd })": async (name) => (await query(name, "A", { pvd })).records,
  "query()": async (name) => (await query(name, "A")).records,
  "node:dns": (name) => resolver.resolve4(name),
  "Deno.resolveDns": (name) => runtimes.Deno.resolveDns(name, "A", { nameServer }),
  "Bun.dns": (name) => runtimes.Bun.dns.lookup(name, { family: 4, backend: "c-ares" }),
};

let asked = 0;

/** The nanoseconds of each question, and how many had no answer: under load some ways lose what they ask. */
async function ask(
  way: string,
  concurrency: number,
  count: number,
): Promise<{ times: Float64Array; failed: number }> {
  const resolve = WAYS[way]!;
  const times = new Float64Array(count);
  let next = 0;
  let failed = 0;
  const run = async () => {
    while (next < count) {
      const at = next++;
      const startMs = performance.now();
      const addresses = await resolve(`n${process.pid}-${asked++}.wild.example`).catch(() => []);
      if (addresses.length !== 1) failed++;
      times[at] = (performance.now() - startMs) * 1e6;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, run));
  return { times, failed };
}

const operations: Record<
  string,
  (way: string, concurrency: number, count: number) => Promise<unknown[]>
> = {
  async ask(way, concurrency, count) {
    const cpu = process.cpuUsage();
    const start = process.hrtime.bigint();
    const { times, failed } = await ask(way, concurrency, count);
    const wall = process.hrtime.bigint() - start;
    const { user, system } = process.cpuUsage(cpu);
    times.sort();
    return [
      wall,
      (user + system) * 1000,
      times[count >> 1],
      times[Math.floor(count * 0.99)],
      failed,
    ];
  },
  async memory(way, concurrency, count) {
    await ask(way, concurrency, count / 10);
    const before = process.memoryUsage().rss;
    for (let i = 1; i < 10; i++) await ask(way, concurrency, count / 10);
    return [before, process.memoryUsage().rss];
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [name = "", concurrency, count, ...way] = line.split(" ");
  const answer = await operations[name]!(way.join(" "), Number(concurrency), Number(count));
  process.stdout.write(answer.map((each) => Math.round(Number(each))).join(" ") + "\n");
}
