/**
 * What the measurements of fetch say: a table, and the ratios that the project aims at.
 *
 * @module
 */

import type { FetchMeasured } from "./fetch_rounds.ts";
import type { Row, Table } from "./report.ts";
import { ratio, spread } from "./rounds.ts";

/** A table of times, and one of ratios. */
export function fetchTables(measured: readonly FetchMeasured[]): Table[] {
  const rows = measured.map(({ by, way, scheme, load, wall, cpu }): Row => ({
    name: `${by} ${way}, ${scheme}, ${load}`,
    values: [spread(wall.map((ns) => ns / 1000)), spread(cpu).median / 1000],
    rounds: wall.length,
  }));
  return [
    { title: "fetch", columns: ["who and what", "µs each", "CPU µs"], rows },
    { title: "fetch: ratios", columns: ["what", "ratio"], rows: ratios(measured) },
  ];
}

/** Ours over the runtime's own: of small bodies the time, of large ones the rate. */
function ratios(measured: readonly FetchMeasured[]): Row[] {
  return measured.filter(({ way }) => way !== "fetch").map((ours) => {
    const { by, scheme, load } = ours;
    const own = measured.find((it) =>
      it.way === "fetch" && it.by === by && it.scheme === scheme && it.load === load
    )!;
    const isLarge = load === "64 MiB";
    return {
      name: `${isLarge ? "rate" : "time"}, ${scheme}, ${load}: ${by} createFetch(pvd) / fetch`,
      values: [isLarge ? ratio(own.wall, ours.wall) : ratio(ours.wall, own.wall)],
      rounds: ours.wall.length,
      aim: isLarge ? { atLeast: 0.9 } : { atMost: 1.1 },
    };
  });
}
