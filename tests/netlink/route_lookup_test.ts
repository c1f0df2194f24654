// The route oracle keeps one netlink socket for the whole process: who asks while others do gets his own answer.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { scriptArgv } from "../lab/enter.ts";
import type { LookupQuestion } from "./lookup_script.ts";

const script = fileURLToPath(new URL("./lookup_script.ts", import.meta.url));
const LOCAL = "interface 1, type 2, no router";
const MULTICAST = "interface 1, type 5, no router";

/** Questions to which every machine has the same answers. */
const questions: [LookupQuestion, string][] = [
  [{ destination: "127.0.0.1" }, LOCAL],
  [{ destination: "::1" }, LOCAL],
  [{ destination: "127.0.0.1", source: "255.255.255.255" }, "EINVAL"],
  [{ destination: "224.0.0.1", source: "127.0.0.1" }, MULTICAST],
  [{ destination: "127.0.0.2", source: "127.0.0.3" }, LOCAL],
];

test("threads that ask at once each get their own answer", { timeout: 60_000 }, () => {
  const asked = JSON.stringify(questions.map(([question]) => question));
  const [runtime, ...words] = [...scriptArgv(script), asked];
  const { stdout, stderr } = spawnSync(runtime!, words, { encoding: "utf8", timeout: 50_000 });
  assert.equal(stderr, "");
  assert.deepEqual(JSON.parse(stdout), questions.map(([, answer]) => [answer]));
});
