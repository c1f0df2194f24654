// BENCHMARKS.md is what the benches wrote: made of recorded rows, whole, and without a figure by hand.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { BENCHES } from "../../scripts/bench/benches.ts";
import {
  failureText,
  page,
  parseReport,
  type Report,
  reportText,
} from "../../scripts/bench/report.ts";
import { ROOT } from "../../scripts/toolchain.ts";

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const written = read("BENCHMARKS.md");
const recorded = parseReport(read("scripts/bench/recorded.json"));

const sample: Report = {
  date: "2026-02-03",
  machine: { CPU: "2 × one", Linux: "6.1" },
  sections: [
    {
      name: "first",
      about: "One thing beside another.",
      load: [0.5, 1, 12.345],
      seconds: 61.7,
      tables: [{
        title: "Trips",
        columns: ["who", "µs each", "trips/s"],
        rows: [
          {
            name: "Deno",
            values: [{ median: 29.96, p25: 12.345, p75: 1234.5 }, 33_378.2],
            rounds: 20,
            aim: { below: 30 },
          },
          {
            name: "Bun",
            values: [{ median: 1, p25: 0.98765, p75: 1.2345 }, 0],
            rounds: 20,
            aim: { atLeast: 0.98, atMost: 1.02, meaning: "the same" },
          },
          { name: "C", values: [{ median: 0.5, p25: 0.4, p75: 0.6 }, null], rounds: 5 },
        ],
      }],
    },
    {
      name: "second",
      about: "Something else.",
      load: [2, 2, 2],
      seconds: 3,
      tables: [],
      failure: "tcpdump ended with 1",
    },
  ],
};

const expected = `
## The machine

|             |            |
| ----------- | ---------- |
| measured on | 2026-02-03 |
| CPU         | 2 × one    |
| Linux       | 6.1        |

## The aims

1 of 2 aims are met. Nothing is known of what failed: second.

| bench | table | not met | figure | aim      |
| ----- | ----- | ------- | -----: | -------- |
| first | Trips | Deno    |   30.0 | below 30 |

## first

One thing beside another.

Load when it began: 0.50, 1.00, 12.35. It took 62 s.

### Trips

| who  | µs each |     p25–p75 | trips/s | rounds | aim                                    | met |
| ---- | ------: | ----------: | ------: | -----: | -------------------------------------- | --- |
| Deno |    30.0 |  12.3–1,235 |  33,378 |     20 | below 30                               | no  |
| Bun  |       1 |  0.988–1.23 |       0 |     20 | the same (at least 0.98, at most 1.02) | yes |
| C    |   0.500 | 0.400–0.600 |         |      5 |                                        |     |

## second

Something else.

Load when it began: 2.00, 2.00, 2.00. It took 3 s.

It **failed**:

\`\`\`text
tcpdump ended with 1
\`\`\`
`;

test("rows become tables that say which aims are met, and a bench that failed says why", () => {
  const text = page(parseReport(reportText(sample)));
  assert.equal(text.slice(text.indexOf("\n## The machine")), expected);
});

test("of a failure no directory of the machine is told", () => {
  const error = new Error("/home/me/.cache/deno run -A file:///home/me/mif/cli.ts ended: a/b");
  assert.equal(failureText(error), "deno run -A cli.ts ended: a/b");
});

test("the page is made of the recorded rows", () => assert.equal(page(recorded), written));

test("every bench has its heading, and nothing else has", () => {
  const headings = [...written.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
  const about = ["How to read it", "The machine", "The aims"];
  assert.deepEqual(headings, [...about, ...BENCHES.map(({ name }) => name)]);
});

test("every bench has figures, each table under a heading of its own", () => {
  for (const { name, tables, failure } of recorded.sections) {
    assert.equal(failure, undefined, name);
    assert.ok(tables.length > 0, name);
  }
  const bench = written.slice(written.indexOf(`\n## ${BENCHES[0]!.name}\n`));
  const blocks = bench.trim().split("\n\n");
  const tables = blocks.filter((block) => block.startsWith("|"));
  assert.ok(tables.length > 20);
  for (const [i, block] of blocks.entries()) {
    if (block.startsWith("|")) assert.match(blocks[i - 1]!, /^### /);
  }
});

test("the page names no directory of the machine", () => {
  assert.doesNotMatch(written, /\/(?:home|root|tmp|usr|work)\b/);
});
