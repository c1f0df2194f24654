import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { interleaveFamilies, race } from "../../lib/connection/race.ts";

/** What each candidate does, with the time at which it was begun and whether it was ended. */
interface Plan {
  name: string;
  afterMs: number;
  fails?: boolean;
}

function racing(plans: readonly Plan[], attemptDelayMs: number, signal?: AbortSignal) {
  const startedMs: Record<string, number> = {};
  const ended: string[] = [];
  const discarded: string[] = [];
  const begin = performance.now();
  const outcome = race(plans, {
    attemptDelayMs,
    signal: signal ?? new AbortController().signal,
    async attempt({ name, afterMs, fails }, stop) {
      startedMs[name] = performance.now() - begin;
      stop.addEventListener("abort", () => ended.push(name));
      // As a system call that ends in its own time.
      await sleep(afterMs);
      if (fails) throw new Error(name);
      return name;
    },
    discard: (name) => discarded.push(name),
  });
  return { outcome, startedMs, ended, discarded };
}

const near = (actual: number | undefined, expected: number) =>
  assert.ok(
    actual !== undefined && actual >= expected - 3 && actual < expected + 60,
    `${actual} ms, not ${expected}`,
  );

test("the second begins after the delay, and the first to succeed wins", async () => {
  const { outcome, startedMs, ended, discarded } = racing([
    { name: "slow", afterMs: 300 },
    { name: "fast", afterMs: 20 },
    { name: "never begun", afterMs: 0 },
  ], 80);
  assert.equal(await outcome, "fast");
  near(startedMs.fast, 80);
  assert.equal(startedMs["never begun"], undefined);
  assert.deepEqual(ended, ["slow", "fast"]);
  await sleep(350);
  assert.deepEqual(discarded, ["slow"]);
});

test("one that fails makes way at once, and each has its own delay", async () => {
  const { outcome, startedMs } = racing([
    { name: "refused", afterMs: 10, fails: true },
    { name: "silent", afterMs: 2000 },
    { name: "good", afterMs: 10 },
  ], 120);
  assert.equal(await outcome, "good");
  near(startedMs.silent, 10);
  near(startedMs.good, 130);
});

test("the first may still win while others are tried", async () => {
  const { outcome, discarded } = racing([
    { name: "first", afterMs: 60 },
    { name: "second", afterMs: 200 },
  ], 20);
  assert.equal(await outcome, "first");
  await sleep(250);
  assert.deepEqual(discarded, ["second"]);
});

test("when all fail every failure is told", async () => {
  const plans = [
    { name: "a", afterMs: 60, fails: true },
    { name: "b", afterMs: 1, fails: true },
    { name: "c", afterMs: 1, fails: true },
  ];
  const outcome = await racing(plans, 20).outcome;
  assert.ok(typeof outcome === "object");
  assert.deepEqual(outcome.map(({ candidate }) => candidate.name), ["b", "c", "a"]);
  assert.deepEqual(outcome.map(({ error }) => (error as Error).message), ["b", "c", "a"]);
  assert.deepEqual(await racing([], 20).outcome, []);
});

test("an abort ends every attempt with its reason, before, between and after", async () => {
  const plans = [{ name: "a", afterMs: 200 }, { name: "b", afterMs: 200 }];
  const reason = new Error("no longer wanted");
  await assert.rejects(racing(plans, 20, AbortSignal.abort(reason)).outcome, reason);
  const controller = new AbortController();
  const { outcome, ended, discarded } = racing(plans, 20, controller.signal);
  setTimeout(() => controller.abort(reason), 60);
  await assert.rejects(outcome, reason);
  assert.deepEqual(ended, ["a", "b"]);
  await sleep(250);
  assert.deepEqual(discarded, ["a", "b"]);
});

test("families take turns, the first address' family first", () => {
  const shown = (...addresses: string[]) =>
    interleaveFamilies(addresses.map((address) => ({ address }))).map(({ address }) => address);
  assert.deepEqual(shown(), []);
  assert.deepEqual(shown("1::", "2::", "1.1.1.1"), ["1::", "1.1.1.1", "2::"]);
  assert.deepEqual(shown("1.1.1.1", "1::", "2.2.2.2", "3.3.3.3", "2::"), [
    "1.1.1.1",
    "1::",
    "2.2.2.2",
    "2::",
    "3.3.3.3",
  ]);
  assert.deepEqual(shown("1.1.1.1", "2.2.2.2"), ["1.1.1.1", "2.2.2.2"]);
});
