/**
 * What the measurements of watching and of the daemon say.
 *
 * @module
 */

import { table } from "./report.ts";
import { spread } from "./rounds.ts";
import type { WatchMeasured } from "./watch_rounds.ts";

/** The measurements as text. */
export function formatWatch({ latencies, usages }: WatchMeasured): string {
  const rows = latencies.map(({ by, turns }) => {
    const { median, p25, p75 } = spread(turns);
    const aim = by.includes("watchPvds") ? "below 5" : "";
    const worst = milliseconds(Math.max(...turns));
    return [by, milliseconds(median), `${milliseconds(p25)}–${milliseconds(p75)}`, worst, aim];
  });
  const used = usages.map(({ by, during, cpu, rss }) => [
    `${by}, ${during}`,
    (cpu * 100).toFixed(3),
    (rss / 2 ** 20).toFixed(0),
    during === "nothing" ? "CPU 0" : "",
  ]);
  return [
    "",
    ...table(["from `ip addr add` to", "median ms", "p25–p75", "worst ms", "aim"], rows),
    "",
    ...table(["mif daemon", "CPU %", "MiB", "aim"], used),
  ].join("\n");
}

function milliseconds(nanoseconds: number): string {
  return (nanoseconds / 1e6).toFixed(2);
}
