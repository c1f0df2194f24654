// The README's picture of the leak shows what is captured now: the script draws the same of it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { drawLeak } from "../../scripts/leak/draw.ts";
import { measureLeak } from "../../scripts/leak/measure.ts";
import { labSkip, NETWORK_1, NETWORK_2 } from "../lab/mod.ts";

test("plain sockets leak, ours do not; and docs/leak.svg says so", {
  skip: labSkip(),
  timeout: 120_000,
}, async () => {
  const sendings = await measureLeak();
  const fates = sendings.map(({ how, datagrams }) => [
    how,
    ...datagrams.map(({ refused, frames }) => refused ?? frames.map(({ dstMac }) => dstMac).join()),
  ]);
  assert.deepEqual(fates, [
    ["plain", NETWORK_1.routerMac, NETWORK_1.routerMac],
    ["library", "EPVDROUTE", "EPVDROUTE"],
    ["library, with routing rules", NETWORK_1.routerMac, NETWORK_2.routerMac],
  ]);
  for (const { datagrams } of sendings) {
    for (const { refused, frames } of datagrams) {
      assert.equal(frames.length, refused === null ? 1 : 0);
    }
  }
  const picture = readFileSync(new URL("../../docs/leak.svg", import.meta.url), "utf8");
  assert.equal(picture, drawLeak(sendings), "draw it again: deno task leak");
});
