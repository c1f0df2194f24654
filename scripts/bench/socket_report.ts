/**
 * What the measurements of sockets say: tables, and the ratios that the project aims at.
 *
 * @module
 */

import type { Aim, Row, Table } from "./report.ts";
import { ratio, type Spread, spread } from "./rounds.ts";
import type { SocketMeasured, SocketTable } from "./socket_rounds.ts";

const TITLES: Record<SocketTable, [title: string, unit: string]> = {
  receive: ["UDP receive, 64 bytes, loopback", "packets"],
  send: ["UDP send, 64 bytes, loopback", "packets"],
  echo: ["UDP round trip, 16 bytes, loopback", "trips"],
  echoFar: ["UDP round trip, 16 bytes, over a link", "trips"],
  streamIn: ["TCP in, over a link", "MiB"],
  streamOut: ["TCP out, over a link", "MiB"],
  connect: ["TCP connect and close, over a link", "connections"],
  select: ["setsockopt(pvd) with its proof", "calls"],
  idle: ["Idle", ""],
};

/** The runtimes, and the fastest way to use UDP that each brings. */
const OWN = { Deno: "Deno.listenDatagram", Bun: "Bun.udpSocket" } as const;
const RUNTIMES = Object.keys(OWN) as (keyof typeof OWN)[];

/** A table for each thing that was measured, and one of ratios. */
export function socketTables(measured: readonly SocketMeasured[]): Table[] {
  const tables = (Object.keys(TITLES) as SocketTable[]).map((table) =>
    times(table, measured.filter((it) => it.table === table))
  );
  const rows = ratios(measured);
  return [...tables, { title: "Sockets: ratios", columns: ["what", "ratio"], rows }];
}

function times(table: SocketTable, measured: readonly SocketMeasured[]): Table {
  const [title, unit] = TITLES[table];
  if (table === "idle") return idle(title, measured);
  // An aim is about the first figure.
  const isRateFirst = table !== "select";
  const columns = isRateFirst ? [`${unit}/s`, "µs each"] : ["µs each", `${unit}/s`];
  return {
    title,
    columns: ["who and what", ...columns, "CPU µs"],
    rows: measured.map(({ by, way, wall, cpu }) => {
      const each = spread(wall.map((ns) => ns / 1000));
      const rate = 1e6 / each.median;
      return {
        name: `${by} ${way}`.trim(),
        values: [...(isRateFirst ? [rate, each] : [each, rate]), spread(cpu).median / 1000],
        rounds: wall.length,
        aim: table === "select" ? { below: 30 } : undefined,
      };
    }),
  };
}

/** CPU that is used while nobody asks for anything, and what of it a socket that waits adds. */
function idle(title: string, measured: readonly SocketMeasured[]): Table {
  const percent = (ns: number) => ns / 1e9 * 100;
  const added = RUNTIMES.map((by): Row => {
    const of = (way: string) => measured.find((it) => it.by === by && it.way === way)!.cpu;
    const nothing = of("nothing pending");
    const more = of("a recv pending").map((ns, round) => percent(ns - nothing[round]!));
    return {
      name: `${by}, what a pending recv adds`,
      values: [spread(more)],
      rounds: more.length,
      aim: { atMost: 0.1, meaning: "0" },
    };
  });
  const used = measured.map(({ by, way, cpu }): Row => (
    { name: `${by}, ${way}`, values: [spread(cpu.map(percent))], rounds: cpu.length }
  ));
  return { title, columns: ["who and what", "CPU %"], rows: [...used, ...added] };
}

/** All ratios that have an aim, and those beside them that help to read them. */
function ratios(measured: readonly SocketMeasured[]): Row[] {
  const find = (table: SocketTable, by: string, way: string) =>
    measured.find((m) => m.table === table && m.by === by && m.way === way)!;
  const rows: Row[] = [];
  const add = (name: string, value: Spread, aim?: Aim) =>
    rows.push({ name, values: [value], rounds: measured[0]!.wall.length, aim });
  for (const by of RUNTIMES) {
    const [ours, theirs] = [find("receive", by, "Socket"), find("receive", by, OWN[by])];
    const aim = { atLeast: by === "Deno" ? 5 : 1 };
    add(`UDP receive, packets: ${by} Socket / ${OWN[by]}`, ratio(theirs.wall, ours.wall), aim);
    add(`UDP receive, CPU per packet: ${by} Socket / ${OWN[by]}`, ratio(ours.cpu, theirs.cpu));
  }
  for (const by of RUNTIMES) {
    const [ours, theirs] = [find("send", by, "Socket"), find("send", by, OWN[by])];
    add(`UDP send, packets: ${by} Socket / ${OWN[by]}`, ratio(theirs.wall, ours.wall));
  }
  for (const by of RUNTIMES) {
    for (const other of [OWN[by], "node:dgram"]) {
      const [ours, theirs] = [find("echo", by, "Socket"), find("echo", by, other)];
      const name = `UDP round trip, time: ${by} Socket / ${other}`;
      add(name, ratio(ours.wall, theirs.wall), { atMost: 1 });
    }
    const [onPvd, plain] = [find("echoFar", by, "pvd"), find("echoFar", by, "direct")];
    const name = `UDP round trip, time: ${by} Socket on a PvD / without`;
    add(name, ratio(onPvd.wall, plain.wall));
  }
  for (const by of RUNTIMES) {
    for (const table of ["streamIn", "streamOut", "connect"] as const) {
      const [ours, theirs] = [find(table, by, "connect"), find(table, by, "node:net")];
      const title = TITLES[table][0].split(",")[0];
      const name = `${title}, rate: ${by} connect({ pvd }) / node:net`;
      const aim = table === "connect" ? undefined : { atLeast: 0.98, atMost: 1.02 };
      add(name, ratio(theirs.wall, ours.wall), aim);
    }
  }
  return rows;
}
