/**
 * What the measurements of names say: tables, and the ratios that the project aims at.
 *
 * @module
 */

import type { NameMeasured, NameMemory } from "./name_rounds.ts";
import type { Row, Table } from "./report.ts";
import { ratio, spread } from "./rounds.ts";

const OURS = ["query({ pvd })", "query()"];

/** Rates and latencies, memory, and the ratios beside the runtimes' own. */
export function nameTables(
  measured: readonly NameMeasured[],
  memory: readonly NameMemory[],
): Table[] {
  const loads = [...new Set(measured.map(({ concurrency }) => concurrency))];
  return [
    ...loads.map((load) => times(load, measured.filter((it) => it.concurrency === load))),
    {
      title: "Names: memory",
      columns: ["who and what", "growth", "MiB after a tenth", "MiB after all"],
      rows: memory.map(({ by, questions, rss: [tenth, all] }) => ({
        name: `${by} query({ pvd }), ${questions.toLocaleString("en")} questions`,
        values: [all / tenth, tenth / 2 ** 20, all / 2 ** 20],
        rounds: 1,
        aim: { atMost: 1.1, meaning: "flat" },
      })),
    },
    {
      title: "Names: ratios",
      columns: ["rates", "ratio"],
      rows: loads.flatMap((load) => ratios(measured.filter((it) => it.concurrency === load))),
    },
  ];
}

function times(load: number, measured: readonly NameMeasured[]): Table {
  const microseconds = (each: number[]) => spread(each.map((ns) => ns / 1000));
  return {
    title: `Names, ${load} ${load === 1 ? "question" : "questions"} at a time`,
    columns: [
      "who and what",
      "questions/s",
      "µs each",
      "CPU µs",
      "latency µs",
      "99 % µs",
      "failed",
    ],
    rows: measured.map(({ by, way, wall, cpu, latency, latency99, failed }) => ({
      name: `${by} ${way}`,
      values: [
        1e9 / spread(wall).median,
        microseconds(wall),
        microseconds(cpu).median,
        microseconds(latency).median,
        microseconds(latency99).median,
        failed.reduce((sum, count) => sum + count, 0),
      ],
      rounds: wall.length,
    })),
  };
}

/** Our rate over that of the best of the runtime's own in the same round; the aim is at 100 at a time. */
function ratios(measured: readonly NameMeasured[]): Row[] {
  return measured.filter(({ way }) => OURS.includes(way)).map(({ by, way, concurrency, wall }) => {
    const rivals = measured.filter((it) => it.by === by && !OURS.includes(it.way));
    const best = wall.map((_, round) => Math.min(...rivals.map((it) => it.wall[round]!)));
    return {
      name: `${concurrency} at a time: ${by} ${way} / the best of ${by}'s own`,
      values: [ratio(best, wall)],
      rounds: wall.length,
      aim: concurrency === 100 ? { atLeast: 2 } : undefined,
    };
  });
}
