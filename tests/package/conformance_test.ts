// CONFORMANCE.md keeps its word: every section has its rows, every row what it must, and every test that it names is there.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { ROOT } from "../../scripts/toolchain.ts";
import { faults, testNames } from "./conformance.ts";

const words = (text: string) => text.trim().split(/\s+/);
const upTo = (last: number, before = "") =>
  Array.from({ length: last }, (_, i) => `${before}${i + 1}`);

/** The sections of each document that have a row at the least. */
const EXPECTED: Record<string, string[]> = {
  "draft-liu-mif-socket-api-00": words("1 2 2.1 3 3.1 3.2 3.3 4 5 6 7"),
  "Extension to Sockets API for Mobile IPv6 (June 2003)": [
    ...words("1 2 2.1"),
    ...upTo(12, "2.1."),
    ...upTo(4, "2.1.12."),
    ...words("2.2 2.3 2.4 2.5 2.6 3 3.1 3.2 4 4.1 5 6 7 8 9"),
  ],
  "RFC 7556": words("6 6.1 6.2 6.3"),
  "draft-kline-mif-mpvd-api-reqs-00": upTo(26, "R"),
  "RFC 8801": words("3.1 3.3 3.4 3.4.1 3.4.2 3.4.3 3.4.4 4.1 4.3 4.4 7"),
  "RFC 3542": [
    ...words("3.1 3.2 5"),
    ...upTo(5, "6."),
    ...upTo(6, "7."),
    ...words("7 8.1 8.2 9.1 9.2"),
    ...upTo(7, "10."),
    ...upTo(4, "11."),
    "14",
  ],
  "RFC 4584": [...upTo(6, "4."), ...words("5 5.1")],
};

test("every section has its row, every row its tests, and the counts are right", () => {
  const read = (path: string) =>
    existsSync(join(ROOT, path)) ? readFileSync(join(ROOT, path), "utf8") : null;
  const text = readFileSync(join(ROOT, "CONFORMANCE.md"), "utf8");
  assert.deepEqual(faults(text, EXPECTED, read), []);
});

test("the names in a source, with what is computed left out", () => {
  const source = [
    'test("plain", () => {});',
    "  describe('quoted \"so\"', { skip }, () => {",
    "test(\n  `on ${topology}, by ${names.map((name) => `a ${name} {`).join()}: it holds`,",
    'test(`${what}${own ? ` by ${own}` : "}"}: twice`, () => {',
    'test(name, { skip: "no name" }, () => {});',
    "test(`${name}`, () => {});",
    'latest("no test"); it.test("no test"); test.skip("no test");',
    'test("with \\"quotes\\"")',
    '  await together({\n    "one of several": async () => {},\n    "no test": 1,\n  });',
  ].join("\n");
  assert.deepEqual([...testNames(source)], [
    "plain",
    'quoted "so"',
    "on …, by …: it holds",
    "…: twice",
    'with "quotes"',
    "one of several",
  ]);
});

describe("what is wrong is told", () => {
  const sources: Record<string, string> = {
    "tests/a/one_test.ts": 'describe("all", () => test(`holds on ${what}`, () => {}));',
  };
  const HOLDS = "`tests/a/one_test.ts: holds on …`";
  const expected = { "RFC 1": ["1", "2"] };
  const said = (rows: string[], count: string) =>
    faults(
      [
        "# Conformance\n\n| document | rows | met | met in part | not met | asks nothing |",
        `| --- | --- | --- | --- | --- | --- |\n| RFC 1 | ${count} |`,
        "\n## RFC 1\n\nAbout it.\n\n| section | asks | is | shown by |\n| --- | --- | --- | --- |",
        ...rows,
        "",
      ].join("\n"),
      expected,
      (path) => sources[path] ?? null,
    );
  const ONE = `| 1 | this | met | ${HOLDS}<br>\`tests/a/one_test.ts: all\` |`;
  const TWO = "| 2 | that | not met: for a reason |  |";

  test("nothing where all is right", () => {
    assert.deepEqual(said([ONE, TWO], "2 | 1 | 0 | 1 | 0"), []);
    const more = [ONE, "| 1 | more | asks nothing |  |", TWO, `| 2.1 | x | met in part: y | |`];
    assert.deepEqual(said(more, "4 | 1 | 1 | 1 | 1"), []);
  });

  const wrong: [what: string, second: string, count: string, told: string][] = [
    [
      "a file that is gone",
      "| 2 | that | met | `tests/a/two_test.ts: all` |",
      "2 | 2 | 0 | 0 | 0",
      " 2: there is no tests/a/two_test.ts",
    ],
    [
      "a test that is gone",
      "| 2 | that | met | `tests/a/one_test.ts: holds` |",
      "2 | 2 | 0 | 0 | 0",
      ' 2: tests/a/one_test.ts has no test "holds"',
    ],
    ["no state", `| 2 | that |  | ${HOLDS} |`, "2 | 1 | 0 | 0 | 0", ' 2: "" is no state'],
    [
      "another state",
      `| 2 | that | Met | ${HOLDS} |`,
      "2 | 1 | 0 | 0 | 0",
      ' 2: "Met" is no state',
    ],
    [
      "met without a test",
      "| 2 | that | met | |",
      "2 | 2 | 0 | 0 | 0",
      " 2: met, and no test shows it",
    ],
    [
      "not met without a reason",
      "| 2 | that | not met | |",
      "2 | 1 | 0 | 1 | 0",
      " 2: not met, and nothing says why",
    ],
    [
      "a test that is not named as one",
      `| 2 | that | met | ${HOLDS}, and \`one_test.ts\` |`,
      "2 | 2 | 0 | 0 | 0",
      " 2: names no test: , and `one_test.ts`",
    ],
    ["a count that is wrong", TWO, "2 | 2 | 0 | 0 | 0", ": 2,1,0,1,0 counted, 2,2,0,0,0 said"],
    [
      "a count that is no number",
      TWO,
      "2 | 1 | - | 1 | 0",
      ": 2,1,0,1,0 counted, 2,1,NaN,1,0 said",
    ],
    [
      "a section without a row",
      "| 3 | x | asks nothing | |",
      "2 | 1 | 0 | 0 | 1",
      " 2: there is no row",
    ],
    [
      "a cell too few",
      "| 2 | that | met |",
      "1 | 1 | 0 | 0 | 0",
      ": no row of four cells: | 2 | that | met |",
    ],
  ];
  for (const [what, second, count, told] of wrong) {
    test(what, () => {
      const found = said([ONE, second], count);
      assert.ok(found.includes(`RFC 1${told}`), found.join("\n"));
    });
  }

  test("an order that is not the document's", () => {
    const rows = [TWO, ONE, "| 1.10 | x | asks nothing | |", "| 1.9 | x | asks nothing | |"];
    assert.deepEqual(said(rows, "4 | 1 | 0 | 1 | 2"), [
      "RFC 1 1: stands behind 2",
      "RFC 1 1.9: stands behind 1.10",
    ]);
  });

  test("a document without a table, and one without a count", () => {
    assert.deepEqual(faults("# Conformance\n\n## RFC 2\n", expected, () => null), [
      "RFC 1: there is no table",
      "RFC 2: 0,0,0,0,0 counted, nothing said",
    ]);
  });
});
