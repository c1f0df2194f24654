// That the search finds what is there, keeps it, and tells what does not come back.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { runCommand } from "../lab/command.ts";
import { scriptArgv } from "../lab/enter.ts";
import { BlockCoverage } from "./block_coverage.ts";
import { crashers, keepCrasher, keepInputs, keptInputs } from "./kept_inputs.ts";
import { Random } from "../random.ts";
import { mutated } from "./mutation.ts";
import { plantedParser } from "./planted_parser.ts";
import { search } from "./search.ts";
import { bytesOf, examine, type FuzzTarget, INPUT_SIZE_MAX, sizeOf } from "./target.ts";

const planted: FuzzTarget = {
  name: "planted",
  seeds: () => bytesOf("abc"),
  read: plantedParser,
};
const skip = "deno" in process.versions
  ? false
  : "JavaScriptCore tells nobody which blocks have run: the search is Deno's";
if (skip) console.log(`Skipped: ${skip}`);

test("the search goes where nobody has been, and makes what it finds short", {
  skip,
  timeout: 120_000,
}, async () => {
  const coverage = await BlockCoverage.start(/planted_parser\.ts$/);
  try {
    const { crash, tried } = await search(planted, { seconds: 60, seed: 1, coverage, before: [] });
    assert.ok(crash, `nothing in ${tried} inputs`);
    assert.deepEqual(crash.input, bytesOf("mif")[0]);
    assert.match(String(crash.error), /planted fault/);
    // Three bytes at once are one of 2 ** 24.
    assert.ok(tried < 2 ** 22, `${tried}`);
    const found = await search(
      { ...planted, refuses: () => true },
      { seconds: 0, seed: 1, coverage, before: bytesOf("mif", "mi", "m", "mif?", "x") },
    );
    const words = found.kept.map((input) => new TextDecoder().decode(input));
    assert.deepEqual(words, ["m", "x", "mi", "mif"]);
  } finally {
    await coverage.stop();
  }
});

test("mutations are the same for a seed, and no larger than an input may be", () => {
  const large = new Uint8Array(INPUT_SIZE_MAX);
  const material = { inputs: [...bytesOf("abc", "x", "12345678"), large], words: bytesOf("word") };
  const several = () => {
    const random = new Random(7);
    return Array.from({ length: 500 }, () => mutated(random, material));
  };
  const first = several();
  assert.deepEqual(several(), first);
  assert.ok(first.every(({ length }) => length <= INPUT_SIZE_MAX));
  assert.ok(new Set(first.map((input) => input.subarray(0, 40).join())).size > 100);
  assert.deepEqual(material.inputs[0], bytesOf("abc")[0]);
});

describe("what must hold for every parser", () => {
  const input = bytesOf("input")[0]!;
  const broken: Record<string, Partial<FuzzTarget>> = {
    "an error that is not the documented one": {
      read: () => {
        throw new TypeError("x");
      },
      refuses: (error) => error instanceof RangeError,
    },
    "more than it may make of its input": { read: () => new Array(10_000).fill("a") },
    "a change of its input": { read: (bytes) => bytes.fill(0) },
    "more time than there is": {
      read: () => {
        const endMs = performance.now() + 60;
        while (performance.now() < endMs);
      },
    },
  };
  for (const [what, target] of Object.entries(broken)) {
    test(`${what} is found`, { timeout: 60_000 }, () => {
      assert.throws(() => examine({ ...planted, ...target }, input.slice(), 50));
    });
  }
  test("a documented error is none", () => {
    const read = () => {
      throw new RangeError("x");
    };
    examine({ ...planted, read, refuses: (error) => error instanceof RangeError }, input);
  });
  test("size counts what is reached, once", () => {
    const shared = { text: "1234" };
    const around: Record<string, unknown> = { list: [shared, shared], bytes: new Uint8Array(10) };
    around.itself = around;
    assert.ok(sizeOf(around) >= 14 && sizeOf(around) < 30, `${sizeOf(around)}`);
    assert.ok(sizeOf(new Map([["a", new Set(["b".repeat(100)])]])) > 100);
  });
});

test("inputs and crashers are kept as they were", () => {
  const directory = mkdtempSync(join(tmpdir(), "mif-fuzz-"));
  try {
    const inputs = [Uint8Array.of(0), Uint8Array.of(1, 2, 255), new Uint8Array(100)];
    keepInputs("x", inputs, directory);
    assert.deepEqual(keptInputs("x", directory), inputs);
    assert.deepEqual(keptInputs("y", directory), []);
    keepCrasher("x", inputs[1]!, directory);
    assert.deepEqual([...crashers("x", directory).values()], [inputs[1]]);
    assert.equal(crashers("y", directory).size, 0);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test(
  "a parser that does not come back is told, and what it read is kept",
  { timeout: 120_000 },
  async () => {
    const directory = mkdtempSync(join(tmpdir(), "mif-fuzz-"));
    try {
      const script = fileURLToPath(new URL("hanging_script.ts", import.meta.url));
      const argv = [...scriptArgv(script), directory];
      const { signal, stderr } = await runCommand(argv, { timeoutMs: 90_000 });
      assert.equal(signal, "SIGKILL", stderr);
      assert.match(stderr, /^hanging does not come back from /m);
      assert.deepEqual([...crashers("hanging", directory).values()], [Uint8Array.of(1, 2, 3)]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
);
