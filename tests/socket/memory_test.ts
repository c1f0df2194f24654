import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { parseAddress, parsePrefix } from "../../lib/ip/address.ts";
import type { KernelSnapshot } from "../../lib/netlink/snapshot.ts";
import { knownAddress, knownPrefix, oncePerSnapshot } from "../../lib/socket/memory.ts";
import { fuzzed } from "../fuzz.ts";

const kernel = () => ({}) as KernelSnapshot;

test("what is remembered of a text is what the text says", () => {
  const texts = fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.ipV6().map((text) => `${text}/64`));
  // More than are kept, so that all are forgotten in between.
  fc.assert(
    fc.property(fc.array(texts, { minLength: 1, maxLength: 20 }), (some) => {
      for (const text of [...some, ...some]) {
        assert.deepEqual(knownAddress(text), parseAddress(text));
        assert.deepEqual(knownPrefix(text), parsePrefix(text));
      }
    }),
    fuzzed,
  );
  for (let i = 0; i < 3000; i++) {
    const text = `192.0.${i >> 8}.${i & 0xff}`;
    assert.deepEqual(knownAddress(text), parseAddress(text));
  }
});

test("a question is answered once for each reading", () => {
  let asked = 0;
  const answer = () => ++asked;
  const [first, second] = [kernel(), kernel()];
  assert.equal(oncePerSnapshot(first, "a", answer), 1);
  assert.equal(oncePerSnapshot(first, "a", answer), 1);
  assert.equal(oncePerSnapshot(first, "b", answer), 2);
  assert.equal(oncePerSnapshot(second, "a", answer), 3);
  assert.equal(oncePerSnapshot(first, "a", answer), 1);
  for (let i = 0; i < 3000; i++) {
    assert.equal(oncePerSnapshot(first, `question ${i}`, () => i), i);
    assert.equal(oncePerSnapshot(first, `question ${i}`, () => -1), i);
  }
});

test("a failure is no answer, and nothing is one", () => {
  const reading = kernel();
  const fails = () => {
    throw new Error("not now");
  };
  assert.throws(() => oncePerSnapshot(reading, "a", fails), /not now/);
  assert.equal(oncePerSnapshot(reading, "a", () => undefined), undefined);
  assert.equal(oncePerSnapshot(reading, "a", fails), undefined);
});

test("an answer is believed for its time", async () => {
  const reading = kernel();
  let asked = 0;
  const answer = () => ++asked;
  assert.equal(oncePerSnapshot(reading, "a", answer, 10_000), 1);
  assert.equal(oncePerSnapshot(reading, "a", answer, 10_000), 1);
  await sleep(20);
  assert.equal(oncePerSnapshot(reading, "a", answer, 10), 2);
  assert.equal(oncePerSnapshot(reading, "a", answer, 0), 3);
  assert.equal(oncePerSnapshot(reading, "a", answer), 3);
});
