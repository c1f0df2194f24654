/**
 * What the measurements of dumps and raw sockets say: a table, and the ratios that the project aims at.
 *
 * @module
 */

import type { DumpMeasured } from "./mobility_dump_rounds.ts";
import { table, times } from "./report.ts";
import { type Spread, spread } from "./rounds.ts";

/** One way beside another, in the same rounds. */
export interface DumpRatio {
  /** What is divided by what. */
  of: string;
  aim: string;
  value: Spread;
}

/** How often our rate is that of the peers. */
export function dumpRatios(measured: readonly DumpMeasured[]): DumpRatio[] {
  const find = (by: string, operation: string) =>
    measured.find((it) => it.by === by && it.operation === operation)!;
  const ratios: DumpRatio[] = [];
  for (const by of ["Deno", "Bun"]) {
    for (const peer of ["tcpdump -v", "tshark"]) {
      const [ours, theirs] = [find(by, "dump"), find(peer, "dump")];
      const aim = peer === "tshark" ? "" : "above 1";
      const rates = (pick: (it: DumpMeasured) => number[]) =>
        spread(pick(ours).map((each, round) => pick(theirs)[round]! / each));
      ratios.push({ of: `dump, rate: ${by} / ${peer}`, aim, value: rates(({ wall }) => wall) });
      ratios.push({ of: `dump, CPU: ${peer} / ${by}`, aim: "", value: rates(({ cpu }) => cpu) });
    }
    for (const operation of ["receive", "receive, bytes as they are"]) {
      const [ours, theirs] = [find(by, operation), find("C", "receive")];
      const value = spread(ours.wall.map((each, round) => theirs.wall[round]! / each));
      ratios.push({ of: `${operation}, rate: ${by} / C`, aim: "", value });
    }
  }
  return ratios;
}

/** The measurements as text. */
export function formatDumps(
  measured: readonly DumpMeasured[],
  ratios: readonly DumpRatio[],
): string {
  const rows = measured.map(({ by, operation, messages, wall, cpu }) => {
    const { median, p25, p75 } = spread(wall);
    return [
      `${by}: ${operation}`,
      messages.toLocaleString("en"),
      median.toFixed(3),
      `${p25.toFixed(3)}–${p75.toFixed(3)}`,
      spread(cpu).median.toFixed(3),
      Math.round(messages / median).toLocaleString("en"),
    ];
  });
  const compared = ratios.map(({ of, aim, value: { median, p25, p75 } }) => [
    of,
    times(median),
    `${times(p25)}–${times(p75)}`,
    aim,
  ]);
  const head = ["dumps and raw sockets", "messages", "seconds", "p25–p75", "CPU s", "per second"];
  return [
    "",
    ...table(head, rows),
    "",
    ...table(["dumps and raw sockets", "ratio", "p25–p75", "aim"], compared),
  ].join("\n");
}
