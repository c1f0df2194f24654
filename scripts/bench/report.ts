/**
 * What the measurements say: a table of times, and the ratios that the project aims at.
 *
 * @module
 */

import { type Measured, ratio, type Spread, spread } from "./rounds.ts";
import { SMALL, WORLDS } from "./worlds.ts";

/** A comparison of two measurements of the same rounds. */
export interface Ratio {
  world: string;
  /** What is divided by what. */
  of: string;
  aim: string;
  ratio: Spread;
}

/** Everything of one run. */
export interface Report {
  /** Name and value: the machine, the kernel, the versions. */
  machine: Record<string, string>;
  rounds: number;
  measured: Measured[];
  ratios: Ratio[];
}

const OPERATIONS: Record<string, string> = {
  snapshot: "snapshot",
  pvds: "listPvds()",
  interfaces: "os.networkInterfaces()",
  full: "plain full dumps",
  ip2: "ip -j addr; ip -j route",
  ip3: "ip -j addr; ip -j route; ip -j -6 route",
  true: "one process of true(1)",
};

const RUNTIMES = ["Deno", "Bun"];

/** All ratios that have an aim, and those beside them that help to read them. */
export function ratiosOf(measured: readonly Measured[]): Ratio[] {
  const find = (world: string, by: string, operation: string) =>
    measured.find((m) => m.world === world && m.by === by && m.operation === operation)!;
  const ratios: Ratio[] = [];
  const add = (world: string, of: string, aim: string, a: Measured, b: Measured) =>
    ratios.push({ world, of, aim, ratio: ratio(a, b) });
  for (const { name } of WORLDS) {
    for (const by of RUNTIMES) {
      const [ours, peer] = [find(name, by, "snapshot"), find(name, "C", "snapshot")];
      add(name, `snapshot, ${by} / C`, "at most 1.2", ours, peer);
    }
  }
  for (const by of RUNTIMES) {
    const ours = find(SMALL, by, "snapshot");
    const pvds = find(SMALL, by, "pvds");
    const addresses = find(SMALL, by, "interfaces");
    const [ip, ipOfC] = [find(SMALL, by, "ip2"), find(SMALL, "C", "ip2")];
    add(SMALL, `${OPERATIONS.ip2} of ${by} / snapshot, ${by}`, "at least 20", ip, ours);
    add(SMALL, `${OPERATIONS.ip2} of C / snapshot, ${by}`, "at least 20", ipOfC, ours);
    add(SMALL, `${OPERATIONS.ip2} of ${by} / listPvds(), ${by}`, "", ip, pvds);
    add(SMALL, `os.networkInterfaces() / snapshot, ${by}`, "", addresses, ours);
  }
  for (const { name } of WORLDS.filter(({ name }) => name.includes("100,000"))) {
    const growth = (by: string, operation: string, aim: string) =>
      add(
        name,
        `${OPERATIONS[operation]}, ${by} / the same with 10 routes`,
        aim,
        find(name, by, operation),
        find(SMALL, by, operation),
      );
    for (const by of RUNTIMES) growth(by, "snapshot", "1: not growing");
    growth("C", "snapshot", "");
    growth("C", "full", "");
  }
  return ratios;
}

/** What was measured on, and how. */
export function formatMachine({ machine, rounds }: Pick<Report, "machine" | "rounds">): string {
  const lines = Object.entries(machine).map(([name, value]) => `${name}: ${value}`);
  lines.push(`${rounds} interleaved rounds; p25–p75 and median over the rounds`);
  return lines.join("\n");
}

/** The measurements as text. */
export function format({ measured, ratios }: Pick<Report, "measured" | "ratios">): string {
  const lines: string[] = [];
  for (const { name } of WORLDS) {
    const rows = measured.filter(({ world }) => world === name).map((m) => {
      const { median, p25, p75 } = spread(m.turns);
      const range = `${milliseconds(p25)}–${milliseconds(p75)}`;
      return [
        `${m.by} ${OPERATIONS[m.operation]}`,
        milliseconds(median),
        milliseconds(m.min),
        range,
      ];
    });
    lines.push("", ...table([name, "median ms", "min ms", "p25–p75"], rows));
  }
  for (const { name } of WORLDS) {
    const rows = ratios.filter(({ world }) => world === name).map(({ of, ratio, aim }) => [
      of,
      times(ratio.median),
      `${times(ratio.p25)}–${times(ratio.p75)}`,
      aim,
    ]);
    lines.push("", ...table([name, "ratio", "p25–p75", "aim"], rows));
  }
  return lines.join("\n");
}

/** Columns as wide as they need be; the first and one called "aim" are text, the others numbers. */
export function table(head: string[], rows: string[][]): string[] {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => row[column]!.length))
  );
  const line = (row: string[]) =>
    row.map((cell, column) => {
      const isText = column === 0 || head[column] === "aim";
      return isText ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!);
    }).join("  ").trimEnd();
  return [line(head), widths.map((width) => "-".repeat(width)).join("  "), ...rows.map(line)];
}

function milliseconds(nanoseconds: number): string {
  const value = nanoseconds / 1e6;
  return value.toFixed(value < 10 ? 3 : value < 100 ? 2 : 1);
}

/** A table of ratios with their aims. */
export function ratioTable(
  title: string,
  ratios: readonly { of: string; aim: string; value: Spread }[],
): string[] {
  const rows = ratios.map(({ of, aim, value: { median, p25, p75 } }) => [
    of,
    times(median),
    `${times(p25)}–${times(p75)}`,
    aim,
  ]);
  return table([title, "ratio", "p25–p75", "aim"], rows);
}

/** A ratio in three figures. */
export function times(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}
