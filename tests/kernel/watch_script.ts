/**
 * What a program sees of watchPvds() beside its events: what it holds open, what keeps it alive, how it ends. One
 * experiment by name; prints one line of JSON.
 *
 * @module
 */

import { readdirSync, readlinkSync } from "node:fs";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { listPvds, type PvdEvent, watchPvds, type WatchPvdsOptions } from "../../mod.ts";

/** The kinds of what is open, sorted, without numbers. */
function open(): string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`).replace(/\d+/g, "N")];
    } catch {
      return [];
    }
  }).sort();
}

/** Iterates until the first set is there. */
async function begin(options?: WatchPvdsOptions): Promise<AsyncIterator<PvdEvent>> {
  const iterator = watchPvds(options)[Symbol.asyncIterator]();
  while ((await iterator.next()).value?.type !== "default");
  return iterator;
}

const experiments: Record<string, () => Promise<unknown>> = {
  /** What stays open after it was left in every way. */
  async leaving() {
    // What the thread keeps for good is there after the first time, and what the runtime opens a moment after its start.
    listPvds();
    await (await begin()).return!();
    await sleep(1000);
    const before = open();
    const during: number[] = [];
    for (let i = 0; i < 20; i++) {
      const several = await Promise.all([begin(), begin(), begin()]);
      during.push(open().length - before.length);
      for (const one of several) await one.return!();
    }
    for await (const _ of watchPvds()) break;
    try {
      for await (const _ of watchPvds()) throw new Error("left");
    } catch {
      // As it was meant.
    }
    const signal = AbortSignal.timeout(50);
    for await (const _ of watchPvds({ signal }));
    const aborted = new AbortController();
    const iterator = await begin({ signal: aborted.signal });
    const pending = iterator.next();
    aborted.abort();
    const end = await pending;
    return { before, after: open(), during: [...new Set(during)], end };
  },

  /** A pending next() ends with return(). */
  async returning() {
    const iterator = await begin();
    const pending = [iterator.next(), iterator.next()];
    await iterator.return!();
    return [await pending[0], await pending[1], await iterator.next()];
  },

  /** A signal that was there before. */
  async aborted() {
    const events: PvdEvent[] = [];
    for await (const event of watchPvds({ signal: AbortSignal.abort() })) events.push(event);
    return events;
  },

  /** An iterator that nobody waits for keeps no process alive. */
  async forgotten() {
    await begin();
    return "the end";
  },

  /** One that somebody waits for does. */
  async waiting() {
    const iterator = await begin();
    void iterator.next().then(({ value }) => {
      process.stdout.write(`${JSON.stringify(value?.type)}\n`);
      return iterator.return!();
    });
    return "waiting";
  },

  /** Several calls of next() at once are answered in order. */
  async several() {
    const iterator = watchPvds()[Symbol.asyncIterator]();
    const results = await Promise.all([iterator.next(), iterator.next(), iterator.next()]);
    await iterator.return!();
    return results.map(({ value }) => `${value?.type} ${value?.pvd?.id}`);
  },

  /** One that takes its time gets what came of many changes, and nothing twice. */
  async slow() {
    const iterator = await begin();
    process.stdout.write(`"begun"\n`);
    await new Promise((resolve) => process.stdin.once("data", resolve));
    const events: PvdEvent[] = [];
    const signal = AbortSignal.timeout(1000);
    signal.addEventListener("abort", () => iterator.return!());
    for (let next; !(next = await iterator.next()).done;) events.push(next.value);
    return events.map(({ type, pvd }) => [type, pvd?.id, pvd?.addresses.length]);
  },

  /** Without CAP_NET_RAW, asking the routers is refused, and the next watch is as any. */
  async unpermitted() {
    let code: unknown;
    try {
      await begin({ solicit: true });
    } catch (error) {
      code = (error as { code: string }).code;
    }
    await (await begin()).return!();
    return code;
  },

  /** CPU milliseconds of two seconds in which nothing happens, while one waits. */
  async idle() {
    const iterator = await begin();
    const pending = iterator.next();
    await sleep(500);
    const before = process.cpuUsage();
    await sleep(2000);
    const { user, system } = process.cpuUsage(before);
    await iterator.return!();
    await pending;
    return (user + system) / 1000;
  },
};

process.stdout.write(JSON.stringify(await experiments[process.argv[2]!]!()) + "\n");
// The experiment may be that it does not end.
if (process.argv[2] === "slow") process.exit();
