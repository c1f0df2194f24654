/**
 * What the measurements of mobility messages say: a table, and the ratios that the project aims at.
 *
 * @module
 */

import { MOBILITY_OPERATIONS, type MobilityMeasured } from "./mobility_rounds.ts";
import type { Row, Table } from "./report.ts";
import { ratio, spread } from "./rounds.ts";

/** Times, and our rates with how often they are those of the peers. */
export function mobilityTables(measured: readonly MobilityMeasured[]): Table[] {
  const rows = measured.map(({ by, operation, wall, cpu }): Row => ({
    name: `${by}: ${MOBILITY_OPERATIONS[operation]}`,
    values: [spread(wall), spread(cpu).median, 1e9 / spread(cpu).median],
    rounds: wall.length,
  }));
  const columns = ["who and what", "ns each", "CPU ns", "per CPU second"] as const;
  return [
    { title: "Mobility messages", columns, rows },
    ...["parse", "build"].map((operation): Table => ({
      title: `Mobility messages, ${operation}: ratios`,
      columns: ["rates", "figure"],
      rows: ratios(measured, operation),
    })),
  ];
}

/** By CPU: it is one thread's work, and others use the machine. */
function ratios(measured: readonly MobilityMeasured[], operation: string): Row[] {
  const find = (by: string, operation: string) =>
    measured.find((it) => it.by === by && it.operation === operation);
  return ["Deno", "Bun"].flatMap((by): Row[] => {
    const { cpu } = find(by, operation)!;
    const rounds = cpu.length;
    const peers = [find("C", operation), find("scapy", operation)];
    if (operation === "parse") peers.push(find("tshark", "tshark"));
    return [
      {
        name: `${by}, million messages a second of CPU`,
        values: [spread(cpu.map((each) => 1000 / each))],
        rounds,
        aim: operation === "parse" ? { above: 2 } : undefined,
      },
      ...peers.filter((peer) => peer !== undefined).map((peer) => ({
        name: `${by} / ${peer.by}`,
        values: [ratio(peer.cpu, cpu)],
        rounds,
      })),
    ];
  });
}
