/**
 * Runs in the host: does what programs do on its PvDs, over and over, until it is told to stop.
 *
 * Reads commands, a line each: "measure" lets all that is begun end, tells what is open, and goes on; "end" ends. Writes
 * lines of {@linkcode Said}. Argument: the authority that it trusts.
 *
 * @module
 */

import { readdirSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  AF_INET,
  AF_INET6,
  choosePvd,
  connect,
  createFetch,
  followRoutes,
  getaddrinfo,
  getnameinfo,
  getpvdinfo,
  listen,
  listPvds,
  MifError,
  type PvdInfo,
  query,
  serve,
  setsockopt,
  SOCK_DGRAM,
  SOCK_STREAM,
  socket,
  watchPvds,
} from "../../mod.ts";
import { ALIAS, FRESH, type Said, WWW } from "./names.ts";

const ca = process.argv[2]!;
const SERVICE = { 4: "192.0.2.1", 6: "2001:db8:ffff::1" };
const ECHO_PORT = 7;
const TIMEOUT_MS = 1500;

let nameCount = 0;
const fresh = () => `n${++nameCount}.${FRESH}`;
const any = <T>(values: readonly T[]): T => values[Math.floor(Math.random() * values.length)]!;
const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** A PvD that has a way out, and the family it has it in. */
function wayOut(): { pvd: PvdInfo; family: 4 | 6 } {
  const ways = listPvds().flatMap((pvd) =>
    ([4, 6] as const)
      .filter((family) =>
        pvd.gateways.some((gateway) => gateway.family === family) &&
        pvd.addresses.some((address) => address.family === family && isGlobal(address.address))
      )
      .map((family) => ({ pvd, family }))
  );
  if (ways.length === 0) throw new MifError("No way out", { code: "ENONET", syscall: "soak" });
  return any(ways);
}

const isGlobal = (address: string) => !address.startsWith("fe80:");

/** What came is what was sent from the PvD. */
function check({ pvd }: { pvd: PvdInfo }, source: string): void {
  const plain = source.replace("::ffff:", "");
  if (!pvd.addresses.some(({ address }) => address === plain)) {
    throw new Error(`${source} is no address of ${pvd.id}`);
  }
}

/** Everything the program does; each ends well or throws. */
const WORK: Record<string, () => Promise<void>> = {
  async datagram() {
    const way = wayOut();
    using s = socket(way.family === 4 ? AF_INET : AF_INET6, SOCK_DGRAM);
    setsockopt(s, way.pvd);
    const to = { address: SERVICE[way.family], port: ECHO_PORT };
    for (let i = 0; i < 3; i++) {
      await s.sendmsg({ data: new Uint8Array(8), to });
      const { data } = await s.recvmsg({ timeoutMs: TIMEOUT_MS });
      check(way, new TextDecoder().decode(data));
    }
  },
  async "socket left waiting"() {
    const way = wayOut();
    const s = socket(way.family === 4 ? AF_INET : AF_INET6, SOCK_DGRAM);
    try {
      setsockopt(s, way.pvd);
      const waiting = s.recv({ timeoutMs: 60_000 });
      waiting.catch(() => {});
      await wait(20);
    } finally {
      s.close();
    }
  },
  async connection() {
    const way = wayOut();
    const { pvd } = way;
    const signal = Math.random() < 0.2 ? AbortSignal.timeout(Math.random() * 20) : undefined;
    const to = { hostname: SERVICE[way.family], port: ECHO_PORT };
    const connection = await connect({ ...to, pvd, timeoutMs: TIMEOUT_MS, signal });
    try {
      const writer = connection.writable.getWriter();
      await writer.write(new Uint8Array(8));
      const reader = connection.readable.getReader();
      const answer = await Promise.race([reader.read(), wait(TIMEOUT_MS)]);
      if (answer?.value) check(way, new TextDecoder().decode(answer.value));
    } finally {
      connection.socket.destroy();
    }
  },
  async "connection by name"() {
    const { pvd } = wayOut();
    const signal = AbortSignal.timeout(2 * TIMEOUT_MS);
    await using connection = await connect({
      hostname: any([WWW, ALIAS]),
      port: 443,
      pvd: any([pvd, "any" as const]),
      tls: { ca, servername: WWW },
      timeoutMs: TIMEOUT_MS,
      signal,
    });
    connection.socket.destroy();
  },
  async listener() {
    const { pvd } = wayOut();
    using listener = listen({ port: 0, pvd });
    const accepting = listener[Symbol.asyncIterator]().next();
    accepting.catch(() => {});
    await wait(10);
  },
  async server() {
    const { pvd } = wayOut();
    const server = serve(() => new Response("hello"), { port: 0, pvd });
    server.finished.catch(() => {});
    await wait(20);
    await server.shutdown();
  },
  async names() {
    const { pvd } = wayOut();
    const name = any([WWW, ALIAS, fresh()]);
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const found = await getaddrinfo(name, "http", { ai_socktype: SOCK_STREAM }, pvd, { signal });
    if (found.length === 0) throw new Error(`${name} has no address`);
    await getnameinfo(found[0]!.ai_addr, pvd, 0, { signal });
  },
  async records() {
    const { pvd } = wayOut();
    const signal = AbortSignal.timeout(Math.random() < 0.3 ? 5 : TIMEOUT_MS);
    await query(fresh(), any(["A", "AAAA", "TXT", "MX"] as const), { pvd, signal });
  },
  async fetch() {
    const { pvd } = wayOut();
    using fetch = createFetch(pvd, { tls: { ca } });
    const url = `${any(["http", "https"])}://${WWW}/`;
    for (let i = 0; i < 3; i++) {
      const response = await fetch(url, { signal: AbortSignal.timeout(2 * TIMEOUT_MS) });
      const { source } = await response.json();
      check({ pvd }, source);
    }
  },
  async "fetch given up"() {
    const { pvd } = wayOut();
    using fetch = createFetch(pvd, { tls: { ca } });
    const path = any(["large", "never"]);
    const signal = AbortSignal.timeout(50 + Math.random() * 100);
    try {
      const response = await fetch(`http://${WWW}/${path}`, { signal });
      await response.body!.cancel();
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  },
  async look() {
    choosePvd({});
    await getpvdinfo(any([null, SERVICE[6], WWW]), "80", { signal: AbortSignal.timeout(3000) });
  },
  async watching() {
    // What is there, and then until something happens or nobody waits any more.
    const signal = AbortSignal.timeout(500);
    let seen = 0;
    for await (const { type } of watchPvds({ signal })) {
      if (type === "default" && ++seen > 1) break;
    }
  },
  async "asking routers"() {
    await getpvdinfo("localhost", null, { solicit: true });
    // Rare: each time all links are asked.
    await wait(2000);
  },
};

/** How many of each at once, and how long each waits between two. */
const AT_ONCE = 2;
const PAUSE_MS = 40;

const done: Record<string, number> = {};
const failed: Record<string, number> = {};
const count = (of: Record<string, number>, what: string) => of[what] = (of[what] ?? 0) + 1;

/** Settles when the program may go on; replaced while it is measured. */
let goOn: Promise<void> = Promise.resolve();
let busy = 0;

async function repeat(name: string, work: () => Promise<void>): Promise<never> {
  while (true) {
    await goOn;
    busy++;
    try {
      await work();
      count(done, name);
    } catch (error) {
      count(failed, `${name}: ${codeOf(error)}`);
    } finally {
      busy--;
    }
    await wait(Math.random() * 2 * PAUSE_MS);
  }
}

/** What networks that come and go do to a program; anything else ends it. */
function codeOf(error: unknown): string {
  const { name, code, cause } = error as Error & { code?: string };
  if (error instanceof MifError) return error.code;
  if (name === "TimeoutError" || name === "AbortError") return name;
  // fetch() fails with a TypeError whose cause is ours.
  if (error instanceof TypeError && cause !== undefined) return codeOf(cause);
  // Of the runtime's sockets.
  if (typeof code === "string" && /^(E[A-Z]+|ERR_SSL_\w+|ERR_TLS_\w+)$/.test(code)) return code;
  throw error;
}

const collect: () => void = (() => {
  const bun = (globalThis as { Bun?: { gc(now: boolean): void } }).Bun;
  if (bun) return () => bun.gc(true);
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
})();

async function measure(): Promise<void> {
  let resume = () => {};
  goOn = new Promise((resolve) => resume = resolve);
  while (busy > 0) await wait(10);
  // Runtimes close a little later than they say, and DNS ports live a moment longer.
  for (let i = 0; i < 5; i++) {
    await wait(200);
    collect();
  }
  const { rss, heapUsed } = process.memoryUsage();
  say({
    kind: "measure",
    rssBytes: rss,
    heapBytes: heapUsed,
    descriptors: readdirSync("/proc/self/fd").length,
    works: Object.keys(WORK),
    ...{ done, failed },
  });
  resume();
}

function say(said: Said): void {
  process.stdout.write(JSON.stringify(said) + "\n");
}

/** Holds every source to its router for as long as the program runs. */
const following = new AbortController();
const reports = followRoutes({ signal: following.signal });
await reports.next();
const followed = (async () => {
  for await (const _ of reports);
})();
for (const [name, work] of Object.entries(WORK)) {
  for (let i = 0; i < (name === "asking routers" ? 1 : AT_ONCE); i++) repeat(name, work);
}
say({ kind: "ready" });
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "measure") await measure();
  if (line === "end") break;
}
following.abort();
await followed;
process.exit(0);
