/**
 * What the measurements of names say: tables, and the ratios that the project aims at.
 *
 * @module
 */

import type { NameMeasured, NameMemory } from "./name_rounds.ts";
import { ratioTable, table } from "./report.ts";
import { type Spread, spread } from "./rounds.ts";

/** Our rate over that of the best of the others in the same round. */
export interface NameRatio {
  of: string;
  aim: string;
  value: Spread;
}

const OURS = ["query({ pvd })", "query()"];

/** All ratios; that with an aim is at 100 questions at a time. */
export function nameRatios(measured: readonly NameMeasured[]): NameRatio[] {
  const ratios: NameRatio[] = [];
  for (const concurrency of new Set(measured.map((each) => each.concurrency))) {
    const these = measured.filter((each) => each.concurrency === concurrency);
    for (const by of new Set(these.map((each) => each.by))) {
      for (const way of OURS) {
        const ours = these.find((each) => each.by === by && each.way === way)!;
        const others = these.filter((each) => !OURS.includes(each.way));
        const add = (who: string, rivals: NameMeasured[], aim: string) => {
          const value = spread(
            ours.wall.map((wall, round) => Math.min(...rivals.map((it) => it.wall[round]!)) / wall),
          );
          ratios.push({ of: `${concurrency} at a time, rate: ${by} ${way} / ${who}`, aim, value });
        };
        add(
          `the best of ${by}'s own`,
          others.filter((each) => each.by === by),
          concurrency === 100 ? "at least 2" : "",
        );
      }
    }
  }
  return ratios;
}

/** The measurements as text. */
export function formatNames(
  measured: readonly NameMeasured[],
  memory: readonly NameMemory[],
  ratios: readonly NameRatio[],
): string {
  const lines: string[] = [];
  for (const concurrency of new Set(measured.map((each) => each.concurrency))) {
    const rows = measured.filter((each) => each.concurrency === concurrency).map((each) => {
      const { median, p25, p75 } = spread(each.wall);
      return [
        `${each.by} ${each.way}`,
        Math.round(1e9 / median).toLocaleString("en"),
        microseconds(median),
        `${microseconds(p25)}–${microseconds(p75)}`,
        microseconds(spread(each.cpu).median),
        microseconds(spread(each.latency).median),
        microseconds(spread(each.latency99).median),
        `${each.failed.reduce((sum, count) => sum + count, 0)}`,
      ];
    });
    const title = `names, ${concurrency} questions at a time`;
    const head = [
      title,
      "questions/s",
      "µs each",
      "p25–p75",
      "CPU µs",
      "latency µs",
      "99 % µs",
      "failed",
    ];
    lines.push("", ...table(head, rows));
  }
  const used = memory.map(({ by, questions, rss: [tenth, all] }) => [
    `${by} query({ pvd }), ${questions.toLocaleString("en")} questions`,
    mebibytes(tenth),
    mebibytes(all),
  ]);
  lines.push("", ...table(["memory", "MiB after a tenth", "MiB after all"], used));
  lines.push("", ...ratioTable("names", ratios));
  return lines.join("\n");
}

function microseconds(nanoseconds: number): string {
  return (nanoseconds / 1000).toFixed(nanoseconds < 100_000 ? 1 : 0);
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}
