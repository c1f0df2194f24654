// The command that runs others where the lab can build networks.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runCommand } from "../lab/command.ts";
import { scriptArgv } from "../lab/enter.ts";
import { labAccess } from "../lab/mod.ts";

const cli = fileURLToPath(new URL("../../cli.ts", import.meta.url));
const access = labAccess();
const skip = access.ok ? false : access.reason;
if (skip) console.log(`Skipped, it needs the network lab: ${skip}`);

function mifLab(...words: string[]): ReturnType<typeof runCommand> {
  return runCommand([...scriptArgv(cli), "lab", ...words], { timeoutMs: 60_000 });
}

test("mif lab runs a command in a network of its own, with its exit status", {
  skip,
  timeout: 120_000,
}, async () => {
  const script = "ls -A /run; ip -o link | wc -l; ip netns add lab && echo made; exit 3";
  const { status, stdout, stderr } = await mifLab("--", "sh", "-c", script);
  assert.deepEqual([status, stdout.split(/\s+/).filter(Boolean)], [3, ["1", "made"]], stderr);
  const { status: killed } = await mifLab("--", "sh", "-c", "kill -TERM $$");
  assert.equal(killed, 128 + 15);
});

test("mif lab without a command is used wrongly", { timeout: 60_000 }, async () => {
  for (const words of [[], ["--"], ["sh"], ["--json", "--", "true"]]) {
    const { status, stdout, stderr } = await mifLab(...words);
    assert.deepEqual([status, stdout], [2, ""], stderr);
    assert.match(stderr, /^mif: /);
  }
});
