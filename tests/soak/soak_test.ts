// The soak in short: `deno task soak` is the long one. Both take the same program through the same accidents.

import assert from "node:assert/strict";
import { test } from "node:test";
import { labSkip } from "../lab/mod.ts";
import { scriptArgv } from "../lab/enter.ts";
import { soak, total } from "./soak.ts";

const SECONDS = 15;

test(
  `${SECONDS} s of everything while links flap and routers reboot: no leak, no stray packet, no failure nobody waits for`,
  { skip: labSkip(), timeout: 180_000 },
  async () => {
    const runtime = scriptArgv("").slice(0, -1);
    const { measures, happened, frames } = await soak({ runtime, seconds: SECONDS, measures: 3 });
    assert.equal(measures.length, 3);
    assert.ok(total(happened) >= 3, JSON.stringify(happened));
    assert.ok(total(frames) > 100, JSON.stringify(frames));
  },
);
