// Every parser of foreign bytes is fuzzed: all it began with, all that was kept, all that ever broke one, and some new.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { fuzzed } from "../fuzz.ts";
import { crashers, KEPT, keptInputs } from "./kept_inputs.ts";
import { Random } from "../random.ts";
import { mutated } from "./mutation.ts";
import { targets, unregistered } from "./registry.ts";
import { examine, type FuzzTarget, wordsOf } from "./target.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

for (const target of targets) {
  test(`${target.name}: seeds, kept inputs and ${fuzzed.numRuns} new ones of seed ${fuzzed.seed}`, () => {
    const inputs = [...target.seeds(), ...keptInputs(target.name)];
    inputs.forEach((input) => examineNamed(target, input));
    const random = new Random(fuzzed.seed);
    const material = { inputs, words: wordsOf(target) };
    for (let i = 0; i < fuzzed.numRuns; i++) examineNamed(target, mutated(random, material));
  });
}

describe("what broke a parser once does so no more", () => {
  const directories = readdirSync(join(KEPT, "crashers"));
  const names = new Set(targets.map(({ name }) => name));
  test("crashers are of targets that there are", () => {
    assert.deepEqual(directories.filter((name) => !names.has(name)), []);
  });
  for (const target of targets) {
    for (const [file, input] of crashers(target.name)) {
      test(`${target.name}: ${file.replace(/\.bin$/, "").replaceAll("_", " ")}`, () => {
        examine(target, input);
      });
    }
  }
});

test("a target has a name of its own, and a seed that is read to its end", () => {
  assert.equal(new Set(targets.map(({ name }) => name)).size, targets.length);
  for (const target of targets) {
    assert.match(target.name, /^[a-z0-9]+(-[a-z0-9]+)*$/);
    // Seeds that are all refused would reach nothing.
    const read = target.seeds().filter((seed) => {
      try {
        target.read(seed);
        return true;
      } catch {
        return false;
      }
    });
    assert.ok(read.length > 0, target.name);
  }
});

test("every exported parser is registered, or it is said why not", () => {
  const registered = importedByTargets();
  const parsers = parsersOf("lib");
  assert.ok(parsers.length > 30, `${parsers.length}`);
  const missing = parsers.filter((parser) =>
    !registered.has(parser) && unregistered[parser] === undefined
  );
  assert.deepEqual(missing, [], "make it a target in tests/fuzz/targets, or say why not");
  const stale = Object.keys(unregistered).filter((parser) =>
    registered.has(parser) || !parsers.includes(parser)
  );
  assert.deepEqual(stale, [], "is registered, or not there any more");
  for (const reason of Object.values(unregistered)) assert.ok(reason.length > 10, reason);
});

function examineNamed(target: FuzzTarget, input: Uint8Array): void {
  try {
    examine(target, input);
  } catch (error) {
    const digits = Array.from(input.subarray(0, 2000), (b) => b.toString(16).padStart(2, "0"));
    throw new Error(`${target.name} of ${input.length} bytes ${digits.join("")}`, { cause: error });
  }
}

/** "lib/dns/name.ts: readName" of each export that a target imports. */
function importedByTargets(): Set<string> {
  const imported = new Set<string>();
  for (const path of sourcesOf("tests/fuzz/targets")) {
    const source = readFileSync(join(ROOT, path), "utf8");
    for (
      const [, names, from] of source.matchAll(
        /import \{([^}]*)\} from "\.\.\/\.\.\/\.\.\/([^"]+)"/g,
      )
    ) {
      for (const name of names!.split(",")) imported.add(`${from}: ${name.trim()}`);
    }
  }
  return imported;
}

/** The same of each export below a directory whose name says that it reads something. */
function parsersOf(directory: string): string[] {
  const declaration = /^export (?:async )?(?:function\*?|class|const) (\w+)/gm;
  const isParser = /^(parse|decode|read|split)[A-Z]|[a-z](Reader|Decoder|Parser)$|^decoded$/;
  return sourcesOf(directory).flatMap((path) =>
    [...readFileSync(join(ROOT, path), "utf8").matchAll(declaration)]
      .map(([, name]) => name!)
      .filter((name) => isParser.test(name))
      .map((name) => `${path}: ${name}`)
  );
}

function sourcesOf(directory: string): string[] {
  return readdirSync(join(ROOT, directory), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `${directory}/${name}`)
    .sort();
}
