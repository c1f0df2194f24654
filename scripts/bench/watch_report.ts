/**
 * What the measurements of watching and of the daemon say.
 *
 * @module
 */

import type { Table } from "./report.ts";
import { spread } from "./rounds.ts";
import type { WatchMeasured } from "./watch_rounds.ts";

/** How soon a change is told, and what listening takes. */
export function watchTables({ latencies, usages }: WatchMeasured): Table[] {
  return [
    {
      title: "From `ip addr add` to what is told",
      columns: ["to whom", "ms", "worst"],
      rows: latencies.map(({ by, turns }) => {
        const milliseconds = turns.map((ns) => ns / 1e6);
        return {
          name: by,
          values: [spread(milliseconds), Math.max(...milliseconds)],
          rounds: turns.length,
          aim: by.includes("watchPvds") ? { atMost: 5 } : undefined,
        };
      }),
    },
    {
      title: "What `mif daemon` and a program that watches take",
      columns: ["who, during what", "CPU %", "MiB"],
      rows: usages.map(({ by, during, cpu, rss }) => ({
        name: `${by}, ${during}`,
        values: [cpu * 100, rss / 2 ** 20],
        rounds: 1,
        aim: during === "nothing" ? { atMost: 0.1, meaning: "0" } : undefined,
      })),
    },
  ];
}
