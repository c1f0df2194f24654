/**
 * What the measurements of fetch say: a table, and the ratios that the project aims at.
 *
 * @module
 */

import type { FetchMeasured } from "./fetch_rounds.ts";
import { ratioTable, table } from "./report.ts";
import { type Spread, spread } from "./rounds.ts";

/** Ours over the runtime's own, of the same rounds. */
export interface FetchRatio {
  of: string;
  aim: string;
  value: Spread;
}

/** Of small bodies the time, of large ones the rate. */
export function fetchRatios(measured: readonly FetchMeasured[]): FetchRatio[] {
  return measured.filter(({ way }) => way !== "fetch").map((ours) => {
    const { by, scheme, load } = ours;
    const own = measured.find((it) =>
      it.way === "fetch" && it.by === by && it.scheme === scheme && it.load === load
    )!;
    const isLarge = load === "64 MiB";
    const time = ours.wall.map((wall, round) => wall / own.wall[round]!);
    return {
      of: `${isLarge ? "rate" : "time"}, ${scheme}, ${load}: ${by} createFetch(pvd) / fetch`,
      aim: isLarge ? "at least 0.9" : "at most 1.1",
      value: spread(isLarge ? time.map((each) => 1 / each) : time),
    };
  });
}

/** The measurements as text. */
export function formatFetches(
  measured: readonly FetchMeasured[],
  ratios: readonly FetchRatio[],
): string {
  const rows = measured.map(({ by, way, scheme, load, wall, cpu }) => {
    const { median, p25, p75 } = spread(wall);
    return [
      `${by} ${way}, ${scheme}, ${load}`,
      microseconds(median),
      `${microseconds(p25)}–${microseconds(p75)}`,
      microseconds(spread(cpu).median),
    ];
  });
  return [
    "",
    ...table(["fetch", "µs each", "p25–p75", "CPU µs"], rows),
    "",
    ...ratioTable("fetch", ratios),
  ].join("\n");
}

function microseconds(nanoseconds: number): string {
  return Math.round(nanoseconds / 1000).toLocaleString("en");
}
