/**
 * What the test runners' output says: how many tests passed, and what failed and why.
 *
 * @module
 */

/** A runner's closing line: how many of which. */
export interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

/** One failed test. */
export interface Failure {
  name: string;
  /** What the runner printed of it: the error, and where. */
  error: string;
}

/** A test runner's output, read. Colours must be out of it. */
export interface RunnerReport {
  /** Null where the runner did not come to its closing line. */
  count(output: string): Count | null;
  failures(output: string): Failure[];
}

const number = (match: RegExpExecArray | null, group = 1) => Number(match?.[group] ?? 0);

/** `deno test`. */
export const denoReport: RunnerReport = {
  count(output) {
    const line = /^(?:ok|FAILED) \| (\d+) passed.*$/m.exec(output)?.[0];
    if (line === undefined) return null;
    return {
      passed: number(/(\d+) passed/.exec(line)),
      failed: number(/(\d+) failed/.exec(line)),
      skipped: number(/(\d+) ignored/.exec(line)),
    };
  },

  // They stand between two headings, each as "name => place", its error, an empty line.
  failures(output) {
    const errors = /\n ERRORS \n\n([^]*)\n FAILURES \n\n([^]*?)\n\n/.exec(output);
    if (!errors) return [];
    const headings = errors[2]!.split("\n");
    let from = 0;
    return headings.map((heading, index) => {
      const start = errors[1]!.indexOf(`${heading}\n`, from) + heading.length + 1;
      const next = headings[index + 1];
      const end = next === undefined ? -1 : errors[1]!.indexOf(`\n${next}\n`, start);
      from = end < 0 ? start : end;
      const error = errors[1]!.slice(start, end < 0 ? undefined : end).trimEnd();
      return { name: heading, error };
    });
  },
};

/** `bun test`. */
export const bunReport: RunnerReport = {
  count(output) {
    if (!/^Ran \d+ tests? across/m.test(output)) return null;
    return {
      passed: number(/^ *(\d+) pass$/m.exec(output)),
      failed: number(/^ *(\d+) fail$/m.exec(output)),
      skipped: number(/^ *(\d+) skip$/m.exec(output)),
    };
  },

  // An error stands before the line of its test; where many failed, those lines come once more at the end.
  failures(output) {
    const failures = new Map<string, Failure>();
    let file = "";
    let above: string[] = [];
    for (const line of output.split("\n")) {
      const test = /^\((pass|fail|skip|todo)\) (.*?)(?: \[[\d.]+ms\])?$/.exec(line);
      if (/^\S.*_test\.ts:$/.test(line)) file = line.slice(0, -1);
      else if (!test) {
        above.push(line);
        continue;
      } else if (test[1] === "fail") {
        const name = `${test[2]} => ${file}`;
        if (!failures.has(test[2]!)) {
          failures.set(test[2]!, { name, error: above.join("\n").trim() });
        }
      }
      above = [];
    }
    return [...failures.values()];
  },
};

/** `zig build test --summary all`. */
export const zigReport: RunnerReport = {
  count(output) {
    const match = /(\d+)\/(\d+) tests passed/.exec(output);
    if (!match) return null;
    const skipped = number(/(\d+) skipped/.exec(output));
    return { passed: number(match), failed: number(match, 2) - number(match) - skipped, skipped };
  },

  // "error: 'tests.…' failed:" and what is told of it, indented.
  failures(output) {
    const told = output.matchAll(/^error: '(.+)' failed:.*\n((?:[ \t].*\n)*)/gm);
    return [...told].map(([, name, error]) => ({ name: name!, error: error! }));
  },
};
