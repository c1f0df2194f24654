/**
 * The measuring script for fetch: runs in the host's namespace, in one of the two runtimes. Argument: the server's URLs
 * and authority as JSON. One line in, "SCHEME CONCURRENCY COUNT PATH WAY"; one line out, the nanoseconds that so many
 * requests took, so many at a time, and those of CPU.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { createFetch } from "../../lib/fetch/fetch.ts";
import { listPvds } from "../../lib/pvd/list.ts";

const { address, origins, ca } = JSON.parse(process.argv[2]!);
const pvd = listPvds().find((pvd) => pvd.addresses.some((own) => own.address === address));
if (!pvd) throw new Error(`No PvD has the address ${address}`);

/** What the runtimes have of their own, without its types. Like ours, Deno's is to speak HTTP/1.1. */
const { Deno } = globalThis as unknown as { Deno?: { createHttpClient(options: object): object } };
const own = Deno
  ? { client: Deno.createHttpClient({ caCerts: [ca], http2: false }) }
  : { tls: { ca } };

const WAYS: Record<string, (url: string) => Promise<Response>> = {
  "createFetch(pvd)": createFetch(pvd, { tls: { ca } }),
  "fetch": (url) => fetch(url, own as RequestInit),
};

async function run(way: string, url: string, concurrency: number, count: number): Promise<void> {
  const get = WAYS[way]!;
  let left = count;
  const some = async () => {
    while (left-- > 0) {
      const response = await get(url);
      let length = 0;
      // As a program reads what it does not want to keep.
      if (url.endsWith("/large")) {
        for await (const chunk of response.body!) length += chunk.length;
      } else length = (await response.text()).length;
      if (length === 0) throw new Error(`Nothing came from ${url}`);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, some));
}

for await (const line of createInterface({ input: process.stdin })) {
  const [scheme = "", concurrency, count, path, way = ""] = line.split(" ");
  const cpu = process.cpuUsage();
  const start = process.hrtime.bigint();
  await run(way, origins[scheme] + path, Number(concurrency), Number(count));
  const wall = process.hrtime.bigint() - start;
  const { user, system } = process.cpuUsage(cpu);
  process.stdout.write(`${wall} ${(user + system) * 1000}\n`);
}
