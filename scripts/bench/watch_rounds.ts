/**
 * Measures how soon a change is told, beside ip-monitor(8), and what the daemon takes of the machine.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { bootMs } from "../../lib/boot_clock.ts";
import { icmpv6Frame } from "../../tests/lab/frame.ts";
import {
  advertisementOf,
  type Host,
  type LabProcess,
  manyLinks,
  manyLinksNetwork,
  NETWORK_1,
  oneLink,
  PacketSocket,
  routerAdvertisement,
  type RouterAdvertisementInit,
  waitFor,
  type World,
} from "../../tests/lab/mod.ts";
import type { Rounds } from "./rounds.ts";
import { within } from "./subject.ts";

/** How long it takes from `ip addr add` to what a program is told. */
export interface Latency {
  /** "Deno watchPvds()", "ip monitor" and so on. */
  by: string;
  /** Nanoseconds, by round. */
  turns: number[];
}

/** What a process takes while something goes on. */
export interface Usage {
  by: string;
  during: string;
  /** Share of one CPU, 0 to 1. */
  cpu: number;
  /** Bytes. */
  rss: number;
}

/** All of it. */
export interface WatchMeasured {
  latencies: Latency[];
  usages: Usage[];
}

/** Longer than what is coalesced, so that each change is a first one. */
const PAUSE_MS = 150;
const WARM_UP_ROUNDS = 5;
const SILENCE_MS = 30_000;
const USAGE_MS = 10_000;
/** What a runtime does after it has started is over then: V8 collects garbage half a minute later. */
const SETTLING_MS = 50_000;
const IDLE_MS = 60_000;
const FLOOD_PER_SECOND = 1000;
const LINKS = 200;

/** Measures everything. `watchers`: by whom to command line of who watches; `daemons`: of the daemon. */
export async function measureWatch(
  makeWorld: () => World,
  watchers: Record<string, string[]>,
  daemons: Record<string, string[]>,
  rounds: Rounds,
  progress: (text: string) => void,
): Promise<WatchMeasured> {
  const latencies: Latency[] = [];
  {
    await using world = makeWorld();
    const { host } = await oneLink(world);
    latencies.push(...await measureLatency(host, watchers, rounds, progress));
  }
  const usages: Usage[] = [];
  for (const [by, argv] of Object.entries(daemons)) {
    progress(`daemon: ${by}`);
    await using world = makeWorld();
    usages.push(...await measureDaemon(world, `${by} mif daemon`, argv));
  }
  {
    progress(`${LINKS} links`);
    await using world = makeWorld();
    usages.push(...await measureLinks(world, watchers, daemons));
  }
  return { latencies, usages };
}

/** One after the other: on few CPUs those that are told at once wait for each other. */
async function measureLatency(
  host: Host,
  watchers: Record<string, string[]>,
  rounds: Rounds,
  progress: (text: string) => void,
): Promise<Latency[]> {
  const changing = host.spawn(["ip", "-batch", "-"]);
  const latencies: Latency[] = [];
  for (const [by, argv] of Object.entries(watchers)) {
    const listener = new Listener();
    let isReady = false;
    const watcher = host.spawn(argv, {
      onLine: (line) => {
        const [atNs, type] = line.split(" ");
        isReady ||= type === "default";
        listener.hear(Number(atNs));
      },
    });
    await waitFor(by, () => isReady, 60_000);
    const name = `${by} watchPvds()`;
    latencies.push(await measureRounds(name, changing, listener, rounds, progress));
    await watcher.stop();
  }
  const listener = new Listener();
  const offsetNs = wallOffsetNs();
  host.spawn(["stdbuf", "-oL", "ip", "-ts", "monitor", "address"], {
    onLine: (line) => {
      // "[2026-11-28T18:15:44.123456] 5: h0    inet …"
      const match = /^\[(\S+?)\.(\d{6})\]/.exec(line);
      if (!match) return;
      const wallNs = Date.parse(`${match[1]}Z`) * 1e6 + Number(match[2]) * 1000;
      listener.hear(wallNs - offsetNs);
    },
  });
  latencies.push(await measureRounds("ip monitor", changing, listener, rounds, progress));
  return latencies;
}

/** Hands the next time that somebody was told to whoever waits for it. */
class Listener {
  #resolve: (atNs: number) => void = () => {};

  next(): Promise<number> {
    return new Promise((resolve) => this.#resolve = resolve);
  }

  hear(atNs: number): void {
    this.#resolve(atNs);
  }
}

async function measureRounds(
  by: string,
  changing: LabProcess,
  listener: Listener,
  rounds: Rounds,
  progress: (text: string) => void,
): Promise<Latency> {
  const latency: Latency = { by, turns: [] };
  await pause(500);
  for (let round = -WARM_UP_ROUNDS; rounds.goOn(round); round++) {
    progress(`${by}: ${round < 0 ? "warm-up" : `round ${round + 1} of ${rounds.wanted}`}`);
    const told = listener.next();
    const startNs = bootMs() * 1e6;
    changing.write("addr add 192.0.2.77/32 dev h0\n");
    const untold = () => `${by} was not told of an address`;
    const turn = await within(SILENCE_MS, told, untold) - startNs;
    if (round >= 0) latency.turns.push(turn);
    await pause(PAUSE_MS);
    changing.write("addr del 192.0.2.77/32 dev h0\n");
    await pause(PAUSE_MS);
  }
  return latency;
}

async function measureDaemon(world: World, by: string, argv: string[]): Promise<Usage[]> {
  const { host, r1 } = await oneLink(world, { ipv4: false });
  const daemon = await start(host, argv);
  await pause(SETTLING_MS);
  const usages = [await usageOf(daemon, by, "nothing", IDLE_MS)];
  const socket = await PacketSocket.open(r1.host, { icmpv6Type: 133, onFrame: () => {} });
  const floods: [string, (i: number) => RouterAdvertisementInit][] = [
    ["the same", () => advertisementOf(NETWORK_1)],
    ["each another", (i) => ({ ...advertisementOf(NETWORK_1), mtu: 1280 + i % 200 })],
  ];
  for (const [what, init] of floods) {
    const stop = flood(socket, init);
    await pause(1000);
    usages.push(await usageOf(daemon, by, `${FLOOD_PER_SECOND} RA/s, ${what}`));
    await stop();
  }
  return usages;
}

/** Memory at many links, of who listens and of who watches. */
async function measureLinks(
  world: World,
  watchers: Record<string, string[]>,
  daemons: Record<string, string[]>,
): Promise<Usage[]> {
  const { host, router } = await manyLinks(world, LINKS, { advertise: true });
  const socket = await PacketSocket.open(router, { icmpv6Type: 133, onFrame: () => {} });
  const usages: Usage[] = [];
  const speak = () =>
    Promise.all(Array.from({ length: LINKS }, (_, i) => {
      const { prefix, routerLinkLocal } = manyLinksNetwork(i);
      const message = routerAdvertisement({
        prefixes: [{ prefix }],
        rdnss: [{ servers: [prefix.replace("/64", "53")] }],
      });
      return socket.send(`r${i}`, frameOf(message, router.mac(`r${i}`), routerLinkLocal));
    }));
  for (const [by, argv] of Object.entries(daemons)) {
    const daemon = await start(host, argv);
    await speak();
    await pause(2000);
    usages.push(await usageOf(daemon, `${by} mif daemon`, `${LINKS} links, nothing`));
    let isReady = false;
    const watcher = host.spawn(watchers[by]!, {
      onLine: (line) => isReady ||= line.endsWith("default"),
    });
    await waitFor("the first set", () => isReady, 60_000);
    await pause(2000);
    usages.push(await usageOf(watcher, `${by} watchPvds()`, `${LINKS} links, nothing`));
    await watcher.stop();
    await daemon.stop();
  }
  return usages;
}

async function start(host: Host, argv: string[]): Promise<LabProcess> {
  const daemon = host.spawn(argv);
  await daemon.waitForOutput(/hears routers/, 60_000);
  return daemon;
}

/** Sends so many a second until it is stopped. */
function flood(
  socket: PacketSocket,
  init: (i: number) => RouterAdvertisementInit,
): () => Promise<void> {
  let isOver = false;
  const over = (async () => {
    const startMs = performance.now();
    for (let i = 0; !isOver;) {
      const dueBy = (performance.now() - startMs) / 1000 * FLOOD_PER_SECOND;
      const sent: Promise<void>[] = [];
      for (; i < dueBy; i++) {
        const message = routerAdvertisement(init(i));
        const { routerMac, routerLinkLocal } = NETWORK_1;
        sent.push(socket.send("lan0", frameOf(message, routerMac, routerLinkLocal)));
      }
      await Promise.all(sent);
      await pause(5);
    }
  })();
  return () => {
    isOver = true;
    return over;
  };
}

function frameOf(message: Uint8Array, srcMac: string, src: string): Uint8Array {
  return icmpv6Frame(message, { srcMac, dstMac: "33:33:00:00:00:01", src, dst: "ff02::1" });
}

async function usageOf(
  { pid }: LabProcess,
  by: string,
  during: string,
  forMs = USAGE_MS,
): Promise<Usage> {
  const before = cpuSecondsOf(pid);
  const startMs = performance.now();
  await pause(forMs);
  const cpu = (cpuSecondsOf(pid) - before) * 1000 / (performance.now() - startMs);
  const rss = /^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1];
  return { by, during, cpu, rss: Number(rss) * 1024 };
}

/** Of all its threads, also those that ended (clock_getcpuclockid(3)): proc(5) counts in hundredths of a second. */
function cpuSecondsOf(pid: number): number {
  const script = "import sys, time; print(time.clock_gettime((~int(sys.argv[1]) << 3) | 2))";
  const { status, stdout, stderr } = spawnSync("python3", ["-IS", "-c", script, String(pid)], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  return Number(stdout);
}

/** The time of day when CLOCK_BOOTTIME began: at the turn of a millisecond both are known exactly. */
function wallOffsetNs(): number {
  const before = Date.now();
  let wallMs: number;
  do wallMs = Date.now(); while (wallMs === before);
  return (wallMs - bootMs()) * 1e6;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
