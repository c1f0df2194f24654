/**
 * Programs that socket tests run in a process of their own. Argument: what to do, then what that needs.
 *
 * @module
 */

import { once } from "node:events";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { AF_INET, SOCK_DGRAM, SOCK_STREAM } from "../../lib/socket/options.ts";
import { reactor, useWaitStrategy, type WaitStrategy } from "../../lib/socket/reactor.ts";
import { type Socket, socket } from "../../lib/socket/socket.ts";
import { descriptorsDownTo } from "./descriptors.ts";

const [what, word] = process.argv.slice(2);

function boundSocket(): Socket {
  const s = socket(AF_INET, SOCK_DGRAM);
  s.bind({ address: "127.0.0.1" });
  return s;
}

/** One datagram to a socket that waits. */
async function exchange(): Promise<void> {
  using receiver = boundSocket();
  using sender = boundSocket();
  const received = receiver.recv({ timeoutMs: 5000 });
  received.catch(() => {});
  await sleep(5);
  await sender.sendmsg({ data: new Uint8Array([7]), to: receiver.getsockname() });
  if ((await received)[0] !== 7) throw new Error("not what was sent");
}

const programs: Record<string, () => Promise<void> | void> = {
  /** Nothing is pending: ends. */
  async nothing() {
    await exchange();
    boundSocket();
    const listener = socket(AF_INET, SOCK_STREAM);
    listener.bind({ address: "127.0.0.1" });
    listener.listen();
  },
  /** Stays. */
  pending() {
    boundSocket().recv();
    console.log("pending");
  },
  /** Does not stay. */
  unref() {
    const s = boundSocket();
    s.recv().catch(() => {});
    s.unref();
    const early = boundSocket();
    early.unref();
    early.recv().catch(() => {});
  },
  /** Stays after all. */
  ref() {
    const s = boundSocket();
    s.unref();
    s.recv();
    s.ref();
    console.log("pending");
  },
  /** Does nothing for two seconds with sockets waiting; tells its processor time. */
  async idle() {
    if (word) useWaitStrategy(word as WaitStrategy);
    await exchange();
    const waiting = Array.from({ length: 50 }, boundSocket);
    const ends = waiting.map((s) => s.recv().catch(() => {}));
    await sleep(500);
    const before = process.cpuUsage();
    await sleep(2000);
    const { user, system } = process.cpuUsage(before);
    waiting.forEach((s) => s.close());
    await Promise.all(ends);
    console.log(`cpu ${(user + system) / 1000} ms`);
  },
  /** Waits, and tells how. */
  async strategy() {
    await exchange();
    console.log(`strategy ${reactor().strategy}`);
  },
  /** Waits in one way or fails. */
  async forced() {
    useWaitStrategy(word as WaitStrategy);
    try {
      await exchange();
      console.log(`strategy ${reactor().strategy}`);
    } catch (error) {
      console.log(`error ${(error as { code: string }).code}`);
    }
  },
  /** 200 sockets wait while all that can be collected is, again and again; nobody but the operations knows them. */
  async collect() {
    const scope = globalThis as { gc?: () => void; Bun?: { gc(now: boolean): void } };
    const collect = scope.gc ?? (() => scope.Bun!.gc(true));
    const waiting = Array.from({ length: 200 }, () => {
      const s = boundSocket();
      return { to: s.getsockname(), received: s.recv({ timeoutMs: 20_000 }) };
    });
    const iterated = boundSocket();
    const iterator = iterated[Symbol.asyncIterator]();
    const next = iterator.next();
    const to = iterated.getsockname();
    using sender = boundSocket();
    for (const [i, { to }] of waiting.entries()) {
      if (i % 10 === 0) {
        collect();
        await sleep(1);
      }
      await sender.sendmsg({ data: new Uint8Array([i]), to });
    }
    collect();
    await sender.sendmsg({ data: new Uint8Array([7]), to });
    const all = await Promise.all(waiting.map(({ received }) => received));
    if (!all.every(([byte], i) => byte === i)) throw new Error("not what was sent");
    const { value } = await next;
    console.log(`collected, ${all.length} and ${(value as { data: Uint8Array }).data[0]}`);
  },
  /** 40 workers, each ended while it waits with eight reactors; tells what they leave, and that another one works. */
  async workers() {
    const script = new URL("./worker_script.ts", import.meta.url);
    const run = async () => {
      const worker = new Worker(script, { workerData: word ?? null });
      const [told] = await once(worker, "message");
      await worker.terminate();
      return told;
    };
    await run();
    const before = await descriptorsDownTo(0, 500);
    for (let i = 0; i < 10; i++) await Promise.all([run(), run(), run(), run()]);
    const left = await descriptorsDownTo(before) - before;
    const told = await run();
    await exchange();
    console.log(`left ${left}, worker ${told}`);
  },
};

await programs[what!]!();
