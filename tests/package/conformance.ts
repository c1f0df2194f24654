/**
 * What CONFORMANCE.md says: its rows, the tests that they name, and what is wrong with them. Pure, but for reading sources.
 *
 * @module
 */

/** In the order of the counts at the top. */
const STATES = ["met", "met in part", "not met", "asks nothing"] as const;

/** One row: what a section asks. */
interface Requirement {
  section: string;
  /** One of STATES, or what stands in its place. */
  state: string;
  /** What is missing, and why. */
  why: string;
  tests: { path: string; name: string }[];
  /** What stands beside the tests and names none. */
  rest: string;
}

/** One table, under its heading. */
interface Table {
  title: string;
  rows: Requirement[];
  /** Lines of the table that are no rows. */
  broken: string[];
}

/** The text in its parts. */
interface Conformance {
  /** By title: the number of rows, and of rows in each state. */
  counts: Map<string, number[]>;
  tables: Table[];
}

const cellsOf = (line: string) => line.split("|").slice(1, -1).map((cell) => cell.trim());

/** Reads the table of counts, and below each heading the table of its document. */
export function parseConformance(text: string): Conformance {
  const [top = "", ...sections] = text.split(/^## /m);
  const lines = (part: string) =>
    part.split("\n").filter((line) => line.startsWith("|")).slice(2).map((line) => line.trim());
  const counts = lines(top).map(cellsOf)
    .map(([title, ...numbers]) => [title!, numbers.map(Number)] as const);
  const tables = sections.map((section): Table => {
    const rows = lines(section);
    return {
      title: section.split("\n")[0]!.trim(),
      rows: rows.filter((line) => cellsOf(line).length === 4).map(requirement),
      broken: rows.filter((line) => cellsOf(line).length !== 4),
    };
  });
  return { counts: new Map(counts), tables };
}

const TEST = /`(tests\/[\w/]+_test\.ts): ([^`]+)`/g;

function requirement(line: string): Requirement {
  const [section, , is, shown] = cellsOf(line);
  const [, state, why] = /^([^:]*)(?:: *(.*))?$/.exec(is!)!;
  return {
    section: section!,
    state: state!,
    why: why ?? "",
    tests: [...shown!.matchAll(TEST)].map(([, path, name]) => ({ path: path!, name: name! })),
    rest: shown!.replace(TEST, "").replaceAll("<br>", "").trim(),
  };
}

/**
 * The names that a source gives to test() and describe(), as CONFORMANCE.md writes them: what is computed is "…". What is
 * computed as a whole, from the rows of a table, has none; the describe() around it has one. The checks that a test tries
 * together have each its own: `"name": async () => …`.
 */
export function testNames(source: string): Set<string> {
  const starts = [
    ...source.matchAll(/(?<![\w.])(?:test|describe)\(\s*(?=["'`])/g),
    ...source.matchAll(/^ +(?="[^"\n]+": async \()/gm),
  ];
  const names = starts.map((start) => readLiteral(source, start.index + start[0].length).text);
  return new Set(names.map((name) => name.replace(/…+/g, "…")).filter((name) => name !== "…"));
}

/** The string literal or template at an offset, and where it ends. */
function readLiteral(source: string, start: number): { text: string; end: number } {
  const quote = source[start]!;
  let text = "";
  let at = start + 1;
  for (; at < source.length && source[at] !== quote; at++) {
    if (quote === "`" && source.startsWith("${", at)) {
      at = endOfExpression(source, at + 2);
      text += "…";
    } else {
      if (source[at] === "\\") at++;
      text += source[at];
    }
  }
  return { text, end: at };
}

/** Where the "}" is that ends what began at an offset. */
function endOfExpression(source: string, start: number): number {
  let depth = 1;
  let at = start;
  for (; at < source.length; at++) {
    if ("\"'`".includes(source[at]!)) at = readLiteral(source, at).end;
    else if (source[at] === "{") depth++;
    else if (source[at] === "}" && --depth === 0) break;
  }
  return at;
}

/**
 * What is wrong with the text, as sentences; none where it is right.
 *
 * @param expected By title: the sections of which there must be a row.
 * @param read The source of a test file, null where there is none.
 */
export function faults(
  text: string,
  expected: Record<string, readonly string[]>,
  read: (path: string) => string | null,
): string[] {
  const { counts, tables } = parseConformance(text);
  const found: string[] = [];
  for (const title of new Set([...Object.keys(expected), ...counts.keys()])) {
    if (!tables.some((table) => table.title === title)) found.push(`${title}: there is no table`);
  }
  const names = new Map<string, Set<string> | null>();
  const namesIn = (path: string) => {
    if (!names.has(path)) {
      const source = read(path);
      names.set(path, source === null ? null : testNames(source));
    }
    return names.get(path)!;
  };
  for (const { title, rows, broken } of tables) {
    const say = (what: string) => found.push(`${title}${what}`);
    for (const line of broken) say(`: no row of four cells: ${line}`);
    for (const section of expected[title] ?? []) {
      if (!rows.some((row) => row.section === section)) say(` ${section}: there is no row`);
    }
    for (const [i, row] of rows.entries()) {
      for (const what of faultsOf(row, namesIn)) say(` ${row.section}: ${what}`);
      if (i > 0 && isBefore(row.section, rows[i - 1]!.section)) {
        say(` ${row.section}: stands behind ${rows[i - 1]!.section}`);
      }
    }
    const count = [
      rows.length,
      ...STATES.map((state) => rows.filter((row) => row.state === state).length),
    ];
    const said = counts.get(title)?.join();
    if (said !== count.join()) say(`: ${count.join()} counted, ${said ?? "nothing"} said`);
  }
  return found;
}

function* faultsOf(
  { state, why, tests, rest }: Requirement,
  namesIn: (path: string) => Set<string> | null,
): Generator<string> {
  if (!STATES.some((known) => known === state)) yield `"${state}" is no state`;
  if (/^(met in part|not met)$/.test(state) && why === "") yield `${state}, and nothing says why`;
  if (state === "met" && tests.length === 0) yield "met, and no test shows it";
  if (rest !== "") yield `names no test: ${rest}`;
  for (const { path, name } of tests) {
    const there = namesIn(path);
    if (there === null) yield `there is no ${path}`;
    else if (!there.has(name)) yield `${path} has no test "${name}"`;
  }
}

/** By the numbers of both, where both have some. */
function isBefore(section: string, other: string): boolean {
  const [a, b] = [section, other].map((text) =>
    /^R?[\d.]+$/.test(text) ? text.match(/\d+/g)!.map(Number) : []
  );
  if (a!.length === 0 || b!.length === 0) return false;
  const at = a!.findIndex((number, i) => number !== b![i]);
  return at === -1 ? a!.length < b!.length : a![at]! < (b![at] ?? -1);
}
