// When the daemon writes, and what its readers are told: on timers of the test's own.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Publisher } from "../../lib/daemon/publisher.ts";
import { decodeSign, decodeState } from "../../lib/pvd/daemon_state.ts";

/** A publisher with a clock that only the test moves, and all it did: "time what". */
class Scene implements Disposable {
  nowMs = 0;
  endMs = Infinity;
  failure: string | null = null;
  /** What it takes to write. */
  costMs = 0;
  readonly did: string[] = [];
  readonly publisher: Publisher;

  constructor() {
    mock.timers.enable({ apis: ["setTimeout"] });
    const note = (what: string) => this.did.push(`${this.nowMs} ${what}`);
    this.publisher = new Publisher({
      state: () => ({
        instance: "0".repeat(32),
        pid: 1,
        network: "1",
        writtenMs: this.nowMs,
        words: { headers: [], options: [] },
        attachments: new Map(),
        infos: [],
      }),
      endMs: () => this.endMs,
      nowMs: () => this.nowMs,
      write: (text) => {
        assert.equal(decodeState(text).writtenMs, this.nowMs);
        if (this.failure !== null) throw new Error(this.failure);
        note("write");
        this.nowMs += this.costMs;
      },
      publish: (text) => {
        assert.equal(decodeState(text).writtenMs, this.nowMs);
        note("publish");
      },
      sign: (line) => {
        assert.equal(decodeSign(line), this.nowMs);
        note("sign");
      },
      log: note,
    });
  }

  until(endMs: number): void {
    while (this.nowMs < endMs) {
      this.nowMs += 10;
      mock.timers.tick(10);
    }
  }

  /** What was done since the last time. */
  get done(): string[] {
    return this.did.splice(0);
  }

  [Symbol.dispose](): void {
    this.publisher.stop();
    mock.timers.reset();
  }
}

test("something new is written at once, what follows within 50 ms as one", () => {
  using scene = new Scene();
  scene.publisher.start();
  assert.deepEqual(scene.done, ["0 publish", "0 write"]);
  scene.until(1000);
  scene.publisher.note();
  assert.deepEqual(scene.done, ["1000 publish", "1000 write"]);
  for (let i = 0; i < 4; i++) {
    scene.until(scene.nowMs + 10);
    scene.publisher.note();
  }
  scene.until(1200);
  assert.deepEqual(scene.done, ["1050 publish", "1050 write"]);
});

test("news before it starts waits until then", () => {
  using scene = new Scene();
  scene.publisher.note();
  scene.until(1000);
  assert.deepEqual(scene.done, []);
  scene.publisher.start();
  assert.deepEqual(scene.done, ["1000 publish", "1000 write"]);
});

test("where nothing is new there is a sign of life every minute, and the file has it too", () => {
  using scene = new Scene();
  scene.publisher.start();
  scene.until(120_000);
  assert.deepEqual(scene.done, [
    "0 publish",
    "0 write",
    "60000 sign",
    "60000 write",
    "120000 sign",
    "120000 write",
  ]);
  scene.publisher.stop();
  scene.until(240_000);
  assert.deepEqual(scene.done, []);
});

test("a machine that slept gives its sign of life when anything wakes the daemon", () => {
  using scene = new Scene();
  scene.publisher.wake();
  scene.publisher.start();
  scene.publisher.wake();
  assert.deepEqual(scene.done, ["0 publish", "0 write"]);
  // Timers stand still meanwhile.
  scene.nowMs = 3_600_000;
  scene.publisher.wake();
  assert.deepEqual(scene.done, ["3600000 sign", "3600000 write"]);
});

test("a lifetime that begins anew is written before the old one ends, and told when readers need it", () => {
  using scene = new Scene();
  scene.endMs = 3000;
  scene.publisher.start();
  scene.until(1000);
  scene.endMs = 200_000;
  scene.until(2740);
  assert.deepEqual(scene.done, ["0 publish", "0 write"]);
  scene.until(63_000);
  assert.deepEqual(scene.done, ["2750 publish", "2750 write", "62750 sign", "62750 write"]);
  // As long as they know one that lasts, readers are told no more than that it holds on.
  scene.endMs = 400_000;
  scene.until(123_000);
  assert.deepEqual(scene.done, ["122750 sign", "122750 write"]);
  scene.until(183_000);
  assert.deepEqual(scene.done, ["182750 publish", "182750 write"]);
});

test("a lifetime that ends is nothing to write about", () => {
  using scene = new Scene();
  scene.endMs = 3000;
  scene.publisher.start();
  scene.until(2800);
  scene.endMs = Infinity;
  scene.until(4900);
  assert.deepEqual(scene.done, ["0 publish", "0 write", "2750 sign", "2750 write"]);
});

test("short lifetimes without end are no endless writing", () => {
  using scene = new Scene();
  scene.endMs = 10;
  scene.publisher.start();
  for (let i = 0; i < 100; i++) {
    scene.endMs = scene.nowMs + 10;
    scene.until(scene.nowMs + 10);
  }
  assert.ok(scene.done.filter((what) => what.endsWith("write")).length <= 21);
});

test("a state that takes long to write is written more seldom", () => {
  using scene = new Scene();
  scene.costMs = 100;
  scene.publisher.start();
  const endMs = scene.nowMs + 5000;
  while (scene.nowMs < endMs) {
    scene.publisher.note();
    scene.until(scene.nowMs + 10);
  }
  const count = scene.done.filter((what) => what.endsWith("write")).length;
  assert.ok(count >= 9 && count <= 14, `${count} times in 5 s`);
});

test("a full file system is told once; readers are served, and the file is tried again", () => {
  using scene = new Scene();
  scene.failure = "ENOSPC: no space left on device";
  scene.publisher.start();
  scene.until(10_000);
  scene.failure = null;
  scene.until(16_000);
  assert.deepEqual(scene.done, [
    "0 publish",
    "0 the state is not written: ENOSPC: no space left on device",
    "5000 sign",
    "10000 sign",
    "15000 sign",
    "15000 write",
    "15000 the state is written again",
  ]);
});
