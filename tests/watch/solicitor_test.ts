// When which link's routers are asked: RFC 4861 6.3.7 and RFC 7559, on a clock of the test's own.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { SolicitedLink } from "../../lib/pvd/solicit.ts";
import { Solicitor } from "../../lib/watch/solicitor.ts";

const link = (index: number): SolicitedLink => ({
  interface: index,
  address: `fe80::${index}`,
  addresses: [`fe80::${index}`],
  hardwareAddress: new Uint8Array(6),
  routers: [],
});

/** A solicitor, and what it sent: "time link". */
class Scene {
  nowMs = 0;
  readonly sent: string[] = [];
  /** Links that the kernel cannot send on just now. */
  readonly refused = new Set<number>();
  readonly solicitor: Solicitor;

  constructor(delayMs = 0, random = 0.5) {
    this.solicitor = new Solicitor({
      send: ({ interface: index }) => {
        if (this.refused.has(index)) return Promise.resolve(false);
        this.sent.push(`${this.nowMs} ${index}`);
        return Promise.resolve(true);
      },
      nowMs: () => this.nowMs,
      random: () => random,
      delayMs,
    });
  }

  /** Lets time pass, and the solicitor run whenever it is due. */
  async until(endMs: number): Promise<void> {
    while (this.solicitor.dueMs <= endMs) {
      this.nowMs = Math.max(this.nowMs, this.solicitor.dueMs);
      await this.solicitor.run();
    }
    this.nowMs = endMs;
  }
}

test("a link is asked at once, and again at doubled intervals up to an hour until a router speaks", async () => {
  const scene = new Scene();
  scene.solicitor.follow([link(3)]);
  await scene.until(60_000);
  assert.deepEqual(scene.sent, ["0 3", "4000 3", "12000 3", "28000 3", "60000 3"]);
  await scene.until(24 * 3_600_000);
  const times = scene.sent.map((text) => Number(text.split(" ")[0]));
  assert.equal(times.at(-1)! - times.at(-2)!, 3_600_000);
  scene.solicitor.heard(3);
  assert.equal(scene.solicitor.dueMs, Infinity);
});

test("the intervals are spread by a tenth", async () => {
  for (const [random, secondMs] of [[0, 3600], [0.999999, 4400]] as const) {
    const scene = new Scene(0, random);
    scene.solicitor.follow([link(3)]);
    await scene.until(4500);
    assert.equal(Math.round(Number(scene.sent[1]!.split(" ")[0])), secondMs);
  }
});

test("a daemon lets each link wait for a random time first", async () => {
  const scene = new Scene(1000, 0.25);
  scene.solicitor.follow([link(3)]);
  await scene.until(1000);
  assert.deepEqual(scene.sent, ["250 3"]);
});

test("a link that came back is asked again, but not within four seconds", async () => {
  const scene = new Scene();
  scene.solicitor.follow([link(3), link(4)]);
  await scene.until(100);
  for (const index of [3, 4]) scene.solicitor.heard(index);
  // It flaps.
  for (let i = 0; i < 10; i++) {
    scene.solicitor.follow([link(4)]);
    scene.solicitor.follow([link(3), link(4)]);
    await scene.until(scene.nowMs + 100);
  }
  assert.deepEqual(scene.sent, ["0 3", "0 4"]);
  await scene.until(7999);
  assert.deepEqual(scene.sent.slice(2), ["4000 3"]);
  scene.solicitor.follow([link(4)]);
  scene.solicitor.follow([link(3), link(4)]);
  await scene.until(8001);
  assert.deepEqual(scene.sent.slice(3), ["8000 3"]);
});

test("a link that was down between two looks is asked again", async () => {
  const scene = new Scene();
  scene.solicitor.follow([link(3)]);
  await scene.until(5000);
  scene.solicitor.heard(3);
  scene.solicitor.lose(3);
  scene.solicitor.follow([link(3)]);
  await scene.until(9000);
  assert.deepEqual(scene.sent, ["0 3", "4000 3", "8000 3"]);
});

test("who was asked by somebody else is asked again only if no router spoke", async () => {
  const scene = new Scene();
  scene.solicitor.follow([link(3), link(4)], true);
  scene.solicitor.heard(4);
  await scene.until(20_000);
  assert.deepEqual(scene.sent, ["4000 3", "12000 3"]);
});

test("what the kernel could not send is tried again soon, and counts as not asked", async () => {
  const scene = new Scene();
  scene.refused.add(3);
  scene.solicitor.follow([link(3)]);
  await scene.until(900);
  assert.deepEqual(scene.sent, []);
  scene.refused.clear();
  await scene.until(5500);
  assert.deepEqual(scene.sent, ["1000 3", "5000 3"]);
});
