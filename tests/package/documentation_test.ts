// What is public is documented: examples, errors, sources and units; and the examples that need a network are sound too.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, describe, test } from "node:test";
import { exportedModules, publishedFiles } from "../../scripts/pack.ts";
import { ROOT } from "../../scripts/toolchain.ts";
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

/** Of the others each symbol has its comment (`deno doc --lint`), and not yet an example and its errors. */
const DOCUMENTED = [".", "./cli"];

describeInDeno("the public symbols", () => {
  for (const [name, path] of Object.entries(exportedModules())) {
    if (!DOCUMENTED.includes(name)) continue;
    test(name, { timeout }, () => assert.deepEqual(publicSymbols(path).flatMap(lacks), []));
  }
});

describeInDeno("examples that are not run", () => {
  const directory = mkdtempSync(join(tmpdir(), "mif-examples-"));
  after(() => rmSync(directory, { recursive: true }));

  test("are sound TypeScript", { timeout }, () => {
    const imports = Object.entries(exportedModules()).map(([name, path]) =>
      [
        `"${join("@mif/sockets", name)}"`,
        JSON.stringify(new URL(`../../${path}`, import.meta.url)),
      ] as const
    );
    const examples = publishedFiles().filter((path) => path.endsWith(".ts")).flatMap(ignored);
    assert.ok(examples.length > 5);
    const paths = examples.map((text, i) => {
      const path = join(directory, `example_${i}.ts`);
      const local = imports.reduce((text, [name, url]) => text.replaceAll(name, url), text);
      // A module, also where it imports nothing.
      writeFileSync(path, `${local}\nexport {};\n`);
      return path;
    });
    const words = ["check", "--config", join(ROOT, "deno.json"), ...paths];
    const { status, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
    assert.equal(status, 0, stderr);
  });
});

/** The examples of a file's comments that are marked to be ignored. */
function ignored(path: string): string[] {
  const text = readFileSync(join(ROOT, path), "utf8");
  return [...text.matchAll(/^ *\* ```ts ignore\n((?: *\*.*\n)*?) *\* ```$/gm)]
    .map(([, lines]) => lines!.replace(/^ *\* ?/gm, ""));
}
