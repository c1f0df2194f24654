// Several copies of the package in one process, as when two dependencies each bring one.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { load } from "../../ffi/library.ts";
import { publishedFiles } from "../../scripts/pack.ts";
import { ROOT } from "../../scripts/toolchain.ts";
import { scriptArgv } from "../lab/enter.ts";

const script = fileURLToPath(new URL("./copies_script.ts", import.meta.url));
const timeout = 60_000;
const directory = mkdtempSync(join(tmpdir(), "mif-copies-"));
after(() => rmSync(directory, { recursive: true }));

const copies = ["first", "second"].map((name) => join(directory, name));
for (const path of publishedFiles().filter((path) => path.endsWith(".ts"))) {
  for (const copy of copies) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    cpSync(join(ROOT, path), join(copy, path));
  }
}

function run(...libraries: string[]): Record<string, unknown> {
  const [runtime, ...words] = scriptArgv(script);
  const modules = copies.map((copy) => join(copy, "mod.ts"));
  const { stdout, stderr } = spawnSync(runtime!, [...words, ...modules, ...libraries], {
    encoding: "utf8",
  });
  assert.equal(stderr, "");
  return JSON.parse(stdout);
}

const common = {
  datagrams: [7, 7, 7, 7, 7, 7],
  reused: [true, 0],
  foreignError: "MifError EPROTONOSUPPORT",
};

describe("two copies and a worker", () => {
  test("of one version have one native library and one default", { timeout }, () => {
    assert.deepEqual(run(), { ...common, sameLibrary: true, default: "none", worker: [7, "none"] });
  });

  test("with a library each do not disturb each other", { timeout }, () => {
    const own = join(directory, "own.so");
    copyFileSync(load(), own);
    const worker = [7, "none"];
    assert.deepEqual(run(own), { ...common, sameLibrary: false, default: null, worker });
  });
});
