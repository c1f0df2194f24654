// What is public is documented: examples, errors, sources and units; and the examples that need a network are sound too.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, describe, test } from "node:test";
import { exportedModules, publishedFiles } from "../../scripts/pack.ts";
import { ROOT } from "../../scripts/toolchain.ts";
import { runCommand } from "../lab/command.ts";
import { labSkip } from "../lab/mod.ts";
import { lacks, publicSymbols } from "./documentation.ts";

const timeout = 120_000;

test("what a document must say", () => {
  const symbol = (
    kind: "function" | "variable",
    name: string,
    doc: string,
    tags: string[] = [],
  ) => ({
    name,
    declarations: [{ name, kind, jsDoc: { doc, tags: tags.map((kind) => ({ kind, doc: "" })) } }],
  });
  const example = "It does.\n```ts\nf();\n```";
  assert.deepEqual(lacks(symbol("function", "f", example, ["throws"])), []);
  assert.deepEqual(lacks(symbol("function", "f", `${example} It never throws.`)), []);
  assert.deepEqual(lacks(symbol("function", "f", "")).length, 2);
  assert.deepEqual(lacks(symbol("variable", "IPV6_TCLASS", "The class. RFC 3542 6.5.")), []);
  assert.deepEqual(lacks(symbol("variable", "IPV6_TCLASS", "The class.")).length, 1);
  const properties = [{ name: "timeout", tsType: { repr: "number" } }];
  const options = { name: "Options", kind: "interface" as const, def: { properties } };
  assert.deepEqual(lacks({ name: "Options", declarations: [options] }), [
    "Options.timeout has no unit in its name",
  ]);
});

// The documentation is Deno's to read, whoever runs it.
const describeInDeno = "deno" in process.versions ? describe : () => {};

describeInDeno("the public symbols", () => {
  for (const [name, path] of Object.entries(exportedModules())) {
    test(name, { timeout }, () => assert.deepEqual(publicSymbols(path).flatMap(lacks), []));
  }
});

describeInDeno("examples that are not run", () => {
  const directory = mkdtempSync(join(tmpdir(), "mif-examples-"));
  after(() => rmSync(directory, { recursive: true }));

  test("are sound TypeScript", { timeout }, () => {
    const examples = publishedFiles().filter((path) => path.endsWith(".ts")).flatMap(ignored);
    assert.ok(examples.length > 5);
    const paths = examples.map((text, i) => written(join(directory, `example_${i}.ts`), text));
    const words = ["check", "--config", join(ROOT, "deno.json"), ...paths];
    const { status, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
    assert.equal(status, 0, stderr);
  });
});

describeInDeno("examples of the lab", () => {
  const skip = labSkip();
  const directory = mkdtempSync(join(tmpdir(), "mif-examples-"));
  after(() => rmSync(directory, { recursive: true }));

  const files = readdirSync(join(ROOT, "tests/lab")).filter((name) => name.endsWith(".ts"));
  for (const name of files) {
    for (const [i, text] of ignored(`tests/lab/${name}`).entries()) {
      test(`${name} ${i + 1}`, { skip, timeout }, async () => {
        const script = written(join(directory, `${i}_${name}`), text);
        const isTest = text.includes('"node:test"');
        const deno = [process.execPath, isTest ? "test" : "run", "-A", "--no-prompt", "--no-check"];
        // What they name is beside the files of the lab.
        const argv = ["env", `--chdir=${join(ROOT, "tests/lab")}`, ...deno, script];
        const { status, stdout, stderr } = await runCommand(argv, { timeoutMs: timeout });
        assert.equal(status, 0, stdout + stderr);
        if (isTest) assert.match(stdout, /\b1 passed/);
      });
    }
  }
});

/** Writes an example as a module of this tree. */
function written(path: string, text: string): string {
  const local = Object.entries(exportedModules()).reduce(
    (text, [name, module]) =>
      text.replaceAll(
        `"${join("@mif/sockets", name)}"`,
        JSON.stringify(new URL(`../../${module}`, import.meta.url)),
      ),
    text,
  );
  // A module, also where it imports nothing.
  writeFileSync(path, `${local}\nexport {};\n`);
  return path;
}

/** The examples of a file's comments that are marked to be ignored. */
function ignored(path: string): string[] {
  const text = readFileSync(join(ROOT, path), "utf8");
  return [...text.matchAll(/^ *\* ```ts ignore\n((?: *\*.*\n)*?) *\* ```$/gm)]
    .map(([, lines]) => lines!.replace(/^ *\* ?/gm, ""));
}
