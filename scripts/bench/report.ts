/**
 * What a run of the benches gave, as data, and the one way in which it is written: Markdown, on a terminal as in
 * BENCHMARKS.md.
 *
 * @module
 */

import type { Spread } from "./rounds.ts";

/** A figure; with quartiles where it is a median of rounds; null where there is none. */
export type Value = number | Spread | null;

/** Between which bounds the project wants a figure. */
export interface Aim {
  atLeast?: number;
  above?: number;
  atMost?: number;
  below?: number;
  /** What is meant, where the bounds are only how it is told from noise: "not growing". */
  meaning?: string;
}

/** One thing that was measured. */
export interface Row {
  /** Who does what, or what is divided by what. */
  name: string;
  /** A value for each column behind the first. */
  values: readonly Value[];
  /** How many rounds the values are made of. */
  rounds: number;
  /** Of the first value. */
  aim?: Aim;
}

/** What is read side by side. */
export interface Table {
  title: string;
  /** What a row is named by, and what each of its values is, with the unit. */
  columns: readonly [name: string, ...values: string[]];
  rows: readonly Row[];
}

/** What one bench gave. */
export interface Section {
  /** As the bench is called on the command line. */
  name: string;
  /** What is measured beside what. */
  about: string;
  /** The load averages of 1, 5 and 15 minutes when it began. */
  load: readonly number[];
  /** How long it took. */
  seconds: number;
  /** None where it failed. */
  tables: readonly Table[];
  /** Why it failed. */
  failure?: string;
}

/** Everything of one run. */
export interface Report {
  /** Year, month and day. */
  date: string;
  /** Name and value: the machine, the kernel, the versions. */
  machine: Readonly<Record<string, string>>;
  sections: readonly Section[];
}

const BOUNDS = {
  atLeast: ["at least", (value: number, bound: number) => value >= bound],
  above: ["above", (value: number, bound: number) => value > bound],
  atMost: ["at most", (value: number, bound: number) => value <= bound],
  below: ["below", (value: number, bound: number) => value < bound],
} as const;

const FAILURE_LENGTH_MAX = 2000;

const BOUND_NAMES = Object.keys(BOUNDS) as (keyof typeof BOUNDS)[];

const INTRODUCTION = `# Benchmarks

Written by \`deno task bench --write\` of one run; no figure is typed by hand. The same rows as data are
in [scripts/bench/recorded.json](scripts/bench/recorded.json).

## How to read it

- In a round each way to do a thing has one short turn, with what it is compared with beside it, so
  that what else the machine does falls on all alike. A figure with "p25–p75" behind it is the
  median over the rounds, and the middle half of them lies between those two; "rounds" says how many
  there were. Figures without are of all rounds together, most of them made of the median.
- A ratio is taken within each round, and is the median of those. "A / B" of times or CPU: below 1
  is A the faster one; of rates and packets: above 1 is A the faster one.
- "aim" is what the project wants of the first figure of the row. "met" looks at this figure as it
  is printed.
- The load is that of the machine (averages of 1, 5 and 15 minutes) when the bench began. Where it
  is not small others used the machine too: then believe the ratios rather than the times.
- "C" is a program in plain C with the same system calls (\`gcc -O2\`); names in front are the
  runtimes that ran it. The networks are namespaces of one machine: no wire is in these times.
`;

/** All of a run: what BENCHMARKS.md is. */
export function page(report: Report): string {
  return [INTRODUCTION, ...result(report)].join("\n");
}

/** What was measured, without how to read it. */
export function result({ date, machine, sections }: Report): string[] {
  const properties = Object.entries({ "measured on": date, ...machine });
  return [
    "## The machine",
    "",
    ...grid(["", ""], properties, [false, false]),
    "",
    ...aims(sections),
    ...sections.flatMap(section),
  ];
}

/** A run as JSON, a line for each row, its numbers rounded: more digits than a measurement has help nobody. */
export function reportText(report: Report): string {
  const rounded = (_: string, value: unknown) =>
    typeof value === "number" ? Number(value.toPrecision(5)) : value;
  return JSON.stringify(report, rounded).replaceAll(/\{"(?:name|title)":/g, "\n$&") + "\n";
}

/** What {@linkcode reportText} wrote. */
export function parseReport(text: string): Report {
  return JSON.parse(text);
}

/** What an error says, not too much of it, and of paths only the last name: the others are about this machine. */
export function failureText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const names = text.replaceAll(/(?:file:\/\/)?(?:\/[\w.@+-]+)+\/(?=[\w.@+-])/g, "");
  return names.trim().slice(0, FAILURE_LENGTH_MAX);
}

/** How many aims are met, and which are not. */
function aims(sections: readonly Section[]): string[] {
  const failed = sections.filter(({ failure }) => failure !== undefined).map(({ name }) => name);
  const judged = sections.flatMap(({ name, tables }) =>
    tables.flatMap(({ title, rows }) =>
      rows.filter(({ aim }) => aim).map((row) => ({ bench: name, title, row }))
    )
  );
  const missed = judged.filter(({ row }) => !isMet(row));
  const rows = missed.map(({ bench, title, row }) => [
    bench,
    title,
    row.name,
    figure(middle(row.values[0])),
    said(row.aim!),
  ]);
  const head = ["bench", "table", "not met", "figure", "aim"];
  const list = missed.length > 0
    ? ["", ...grid(head, rows, [false, false, false, true, false])]
    : [];
  const count = `${judged.length - missed.length} of ${judged.length} aims are met.` +
    (failed.length > 0 ? ` Nothing is known of what failed: ${failed.join(", ")}.` : "");
  return ["## The aims", "", count, ...list, ""];
}

function section({ name, about, load, seconds, tables, failure }: Section): string[] {
  const loads = load.map((each) => each.toFixed(2)).join(", ");
  return [
    `## ${name}`,
    "",
    about,
    "",
    `Load when it began: ${loads}. It took ${figure(Math.round(seconds))} s.`,
    "",
    ...(failure === undefined ? [] : ["It **failed**:", "", "```text", failure, "```", ""]),
    ...tables.flatMap((each) => [`### ${each.title}`, "", ...table(each), ""]),
  ];
}

function table({ columns, rows }: Table): string[] {
  const [name, ...values] = columns;
  const isSpread = values.map((_, column) =>
    rows.some(({ values }) => typeof values[column] === "object" && values[column] !== null)
  );
  const hasAims = rows.some(({ aim }) => aim);
  const head = [
    name,
    ...values.flatMap((column, i) => isSpread[i] ? [column, "p25–p75"] : [column]),
    "rounds",
    ...(hasAims ? ["aim", "met"] : []),
  ];
  const cells = rows.map((row) => [
    row.name,
    ...row.values.flatMap((value, i) =>
      isSpread[i] ? [figure(middle(value)), quartiles(value)] : [figure(middle(value))]
    ),
    figure(row.rounds),
    ...(hasAims ? row.aim ? [said(row.aim), isMet(row) ? "yes" : "no"] : ["", ""] : []),
  ]);
  const isNumber = head.map((_, column) => column > 0 && column < head.length - (hasAims ? 2 : 0));
  return grid(head, cells, isNumber);
}

/** Columns as wide as they need be, numbers to the right. */
function grid(head: string[], rows: string[][], isNumber: readonly boolean[]): string[] {
  const widths = head.map((_, column) =>
    Math.max(3, ...[head, ...rows].map((row) => row[column]!.length))
  );
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  const padded = (row: string[]) =>
    line(
      row.map((cell, column) =>
        isNumber[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)
      ),
    );
  const rule = widths.map((width, column) =>
    isNumber[column] ? "-".repeat(width - 1) + ":" : "-".repeat(width)
  );
  return [padded(head), line(rule), ...rows.map(padded)];
}

function middle(value: Value | undefined): number | null {
  return typeof value === "object" ? value?.median ?? null : value ?? null;
}

function quartiles(value: Value | undefined): string {
  return typeof value === "object" && value ? `${figure(value.p25)}–${figure(value.p75)}` : "";
}

/** Three digits that count, or all of a larger number. */
export function figure(value: number | null): string {
  if (value === null) return "";
  const size = Math.abs(value);
  if (Number.isInteger(value) || size >= 100) return Math.round(value).toLocaleString("en");
  const text = value.toFixed(size < 1 ? 3 : size < 10 ? 2 : 1);
  return Number(text) === 0 ? "0" : text;
}

function isMet({ values, aim }: Row): boolean {
  const value = middle(values[0]);
  // What is read is what is judged.
  const printed = value === null ? NaN : Number(figure(value).replaceAll(",", ""));
  return BOUND_NAMES.every((name) =>
    aim?.[name] === undefined || BOUNDS[name][1](printed, aim[name])
  );
}

function said(aim: Aim): string {
  const bounds = BOUND_NAMES.filter((name) => aim[name] !== undefined)
    .map((name) => `${BOUNDS[name][0]} ${aim[name]!.toLocaleString("en")}`)
    .join(", ");
  return aim.meaning ? `${aim.meaning} (${bounds})` : bounds;
}
