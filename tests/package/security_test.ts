// SECURITY.md keeps its word: every file and every test that it names is there, and so is every dependency.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { ROOT } from "../../scripts/toolchain.ts";

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
/** Lines that were broken are one again. */
const text = read("SECURITY.md").replace(/(?<!\|)\n(?![\n|#])/g, " ");

test("the files it names", () => {
  const paths = [...text.matchAll(/`((?:lib|ffi|zig|tests|scripts|cli|systemd)\/[\w./-]*)`/g)];
  assert.ok(paths.length > 30);
  for (const [, path] of paths) assert.ok(existsSync(join(ROOT, path!)), path!);
});

describe("the tests it names", () => {
  const named = [...text.matchAll(/`(tests\/[\w/]+_test\.ts)` ((?:"[^"]+"(?:, )?)+)/g)]
    .flatMap(([, path, titles]) =>
      [...titles!.matchAll(/"([^"]+)"/g)].map(([, title]) => [path!, title!] as const)
    );
  test("are in each row", () => {
    const rows = text.split("## Who attacks")[1]!.split("\n## ")[0]!.split("\n")
      .filter((line) => line.startsWith("| ") && !/^\| (attack|-+) /.test(line));
    assert.ok(rows.length > 40, `${rows.length}`);
    const untested = rows.filter((row) => !/\| `tests\/[\w/]+_test\.ts` "[^|]* \|$/.test(row));
    assert.deepEqual(untested, []);
  });
  for (const [path, title] of named) {
    test(`${path}: ${title}`, () => assert.ok(read(path).includes(`"${title}"`)));
  }
});

test("the dependencies it justifies", () => {
  const manifests = ["package.json", "zig/package.json"].map((path) => JSON.parse(read(path)));
  const pinned = manifests.flatMap(({ devDependencies }) => Object.entries(devDependencies));
  for (const [name, version] of pinned) {
    assert.match(version as string, /^\d+\.\d+\.\d+$/, name);
    assert.match(text, new RegExp(`^\\| .*\`${name}\``, "m"), name);
  }
});
