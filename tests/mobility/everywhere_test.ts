import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { bun } from "../../scripts/toolchain.ts";
import { commandOutput } from "../lab/command.ts";
import { judgeSkip } from "../judge.ts";

const script = fileURLToPath(new URL("everywhere_script.ts", import.meta.url));
const deno = "deno" in process.versions ? process.execPath : process.env.DENO ?? "deno";
const wanted = ["BU", { ok: true }, 1, [201], "MPS", 135];

describe("the mobility room needs neither the native library nor a permission", () => {
  test("in Deno, which would ask for one", () => {
    // Without --allow-anything, and nobody there to be asked.
    const output = commandOutput([deno, "run", "--quiet", "--no-prompt", script]);
    assert.deepEqual(JSON.parse(output), wanted);
  });

  test("in Bun", () => {
    assert.deepEqual(JSON.parse(commandOutput([bun(), script])), wanted);
  });

  // Bundled, for the oldest Node that is about reads no TypeScript.
  test("in Node", { skip: judgeSkip("node") }, () => {
    const directory = mkdtempSync(join(tmpdir(), "mif-node-"));
    try {
      const bundle = join(directory, "everywhere.mjs");
      commandOutput([bun(), "build", "--target=node", `--outfile=${bundle}`, script]);
      assert.deepEqual(JSON.parse(commandOutput(["node", bundle])), wanted);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
