/**
 * What the measurements of dumps and raw sockets say: tables, and the ratios that the project aims at.
 *
 * @module
 */

import type { DumpMeasured } from "./mobility_dump_rounds.ts";
import type { Row, Table } from "./report.ts";
import { ratio, spread } from "./rounds.ts";

/** Times and ratios: of what dumps a capture, and of what empties a raw socket. */
export function dumpTables(measured: readonly DumpMeasured[]): Table[] {
  const isDump = ({ operation }: DumpMeasured) => operation.startsWith("dump");
  const dumps = measured.filter(isDump);
  const received = measured.filter((it) => !isDump(it));
  return [
    times("Dump of a capture", dumps),
    { title: "Dump of a capture: ratios", columns: ["what", "ratio"], rows: dumpRatios(dumps) },
    times("Mobility messages of a raw socket", received),
    {
      title: "Mobility messages of a raw socket: ratios",
      columns: ["rates", "ratio"],
      rows: receiveRatios(received),
    },
  ];
}

function times(title: string, measured: readonly DumpMeasured[]): Table {
  const rows = measured.map(({ by, operation, messages, wall, cpu }): Row => ({
    name: `${by}: ${operation}`,
    values: [messages, spread(wall), spread(cpu).median, messages / spread(wall).median],
    rounds: wall.length,
  }));
  return {
    title,
    columns: ["who and what", "messages", "seconds", "CPU s", "messages/s"],
    rows,
  };
}

function dumpRatios(measured: readonly DumpMeasured[]): Row[] {
  const find = (by: string) => measured.find((it) => it.by === by && it.operation === "dump")!;
  return ["Deno", "Bun"].flatMap((by) =>
    ["tcpdump -v", "tshark"].flatMap((peer): Row[] => {
      const [ours, theirs] = [find(by), find(peer)];
      const rounds = ours.wall.length;
      const aim = peer === "tshark" ? undefined : { above: 1 };
      return [
        { name: `rate: ${by} / ${peer}`, values: [ratio(theirs.wall, ours.wall)], rounds, aim },
        { name: `CPU: ${by} / ${peer}`, values: [ratio(ours.cpu, theirs.cpu)], rounds },
      ];
    })
  );
}

function receiveRatios(measured: readonly DumpMeasured[]): Row[] {
  const peer = measured.find(({ by }) => by === "C")!;
  return measured.filter((it) => it !== peer).map(({ by, operation, wall }) => ({
    name: `${operation}: ${by} / C`,
    values: [ratio(peer.wall, wall)],
    rounds: wall.length,
  }));
}
