// What the runners print is read as they print it: a run of this runtime's own, with one test of each kind.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, describe, test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { bunReport, denoReport, zigReport } from "../../scripts/test_runners.ts";

const TESTS = `
import assert from "node:assert/strict";
import { describe, test } from "node:test";
test("sound", () => {});
test("left out", { skip: true }, () => {});
describe("a room", () => {
  test("one that fails", () => assert.equal(1, 2));
});
test("another that fails", () => {
  throw new Error("two\\nlines");
});
`;

const directory = mkdtempSync(join(tmpdir(), "mif-runners-"));
after(() => rmSync(directory, { recursive: true }));

const isDeno = "deno" in process.versions;
const report = isDeno ? denoReport : bunReport;

/** The output of this runtime's test runner for such a file. */
function run(text: string): string {
  const name = "sample_test.ts";
  writeFileSync(join(directory, name), text);
  const argv = isDeno ? ["test", "-A", "--no-check", name] : ["test", `./${name}`];
  const { stdout, stderr } = spawnSync(process.execPath, argv, {
    cwd: directory,
    encoding: "utf8",
  });
  return stripVTControlCharacters(stdout + stderr);
}

describe("a test runner's output", () => {
  test("what failed, and why", { timeout: 60_000 }, () => {
    const output = run(TESTS);
    assert.deepEqual(report.count(output), { passed: 1, failed: 2, skipped: 1 }, output);
    const [first, second, ...more] = report.failures(output);
    assert.deepEqual(more, []);
    assert.match(first!.name, /a room.*one that fails/);
    assert.match(first!.error, /^(error: )?AssertionError.*\n\n1 !== 2/);
    assert.match(second!.name, /^another that fails => .*sample_test\.ts/);
    assert.match(second!.error, /two\nlines/);
    assert.doesNotMatch(second!.error, /1 !== 2/);
  });

  test("nothing failed", { timeout: 60_000 }, () => {
    const output = run(TESTS.replaceAll("assert.equal(1, 2)", "{}").replace("throw", ""));
    assert.deepEqual(report.count(output), { passed: 3, failed: 0, skipped: 1 }, output);
    assert.deepEqual(report.failures(output), []);
  });

  test("a runner that did not come to its end", () => {
    assert.equal(report.count("running 2 tests\nsound ... ok\n"), null);
    assert.deepEqual(report.failures("running 2 tests\nsound ... ok\n"), []);
  });

  test("Zig's", () => {
    const error = "    mobility.zig:333: too long\n    expected 0, found 1\n";
    const output =
      `test\n+- run test 70 pass, 1 skip, 1 fail\nerror: 'tests.tidy.a test: of that' failed:\n${error}` +
      "failed command: test\n\nBuild Summary: 1/3 steps succeeded; 70/72 tests passed; 1 skipped; 1 failed\n";
    assert.deepEqual(zigReport.count(output), { passed: 70, failed: 1, skipped: 1 });
    assert.deepEqual(zigReport.failures(output), [{ name: "tests.tidy.a test: of that", error }]);
    assert.equal(zigReport.count("error: the compiler crashed\n"), null);
  });
});
