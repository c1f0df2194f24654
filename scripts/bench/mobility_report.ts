/**
 * What the measurements of mobility messages say: a table, and the ratios that the project aims at.
 *
 * @module
 */

import { MOBILITY_OPERATIONS, type MobilityMeasured } from "./mobility_rounds.ts";
import { ratioTable, table } from "./report.ts";
import { type Spread, spread } from "./rounds.ts";

/** A rate, or one way beside another. */
export interface MobilityRatio {
  /** What is divided by what, or what is measured in which unit. */
  of: string;
  aim: string;
  value: Spread;
}

/** Our rates, and how often they are those of the peers. By CPU: it is one thread's work, and others use the machine. */
export function mobilityRatios(measured: readonly MobilityMeasured[]): MobilityRatio[] {
  const find = (by: string, operation: string) =>
    measured.find((it) => it.by === by && it.operation === operation);
  const ratios: MobilityRatio[] = [];
  for (const by of ["Deno", "Bun"]) {
    for (const operation of ["parse", "build"]) {
      const ours = find(by, operation)!;
      ratios.push({
        of: `${operation}, million messages a second of CPU: ${by}`,
        aim: operation === "parse" ? "above 2" : "",
        value: spread(ours.cpu.map((each) => 1000 / each)),
      });
      const peers = [find("C", operation), find("scapy", operation)];
      if (operation === "parse") peers.push(find("tshark", "tshark"));
      for (const peer of peers) {
        if (!peer) continue;
        ratios.push({
          of: `${operation}, rate: ${by} / ${peer.by}`,
          aim: "",
          value: spread(ours.cpu.map((each, round) => peer.cpu[round]! / each)),
        });
      }
    }
  }
  return ratios;
}

/** The measurements as text. */
export function formatMobility(
  measured: readonly MobilityMeasured[],
  ratios: readonly MobilityRatio[],
): string {
  const rows = measured.map(({ by, operation, wall, cpu }) => {
    const { median, p25, p75 } = spread(wall);
    const cpuNs = spread(cpu).median;
    return [
      `${by}: ${MOBILITY_OPERATIONS[operation]}`,
      nanoseconds(median),
      `${nanoseconds(p25)}–${nanoseconds(p75)}`,
      nanoseconds(cpuNs),
      Math.round(1e9 / cpuNs).toLocaleString("en"),
    ];
  });
  return [
    "",
    ...table(["mobility messages", "ns each", "p25–p75", "CPU ns", "per CPU second"], rows),
    "",
    ...ratioTable("mobility messages", ratios),
  ].join("\n");
}

function nanoseconds(value: number): string {
  return value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString("en");
}
