/**
 * What the measurements of sockets say: tables, and the ratios that the project aims at.
 *
 * @module
 */

import { ratioTable, table } from "./report.ts";
import { type Spread, spread } from "./rounds.ts";
import type { SocketMeasured, SocketTable } from "./socket_rounds.ts";

/** Two ways compared, or one held against a number. */
export interface SocketRatio {
  /** What is divided by what, or what is measured in which unit. */
  of: string;
  aim: string;
  value: Spread;
}

const TITLES: Record<SocketTable, [title: string, unit: string]> = {
  receive: ["UDP receive, 64 bytes, loopback", "packet"],
  send: ["UDP send, 64 bytes, loopback", "packet"],
  echo: ["UDP round trip, 16 bytes, loopback", "trip"],
  echoFar: ["UDP round trip, 16 bytes, over a link", "trip"],
  streamIn: ["TCP in, over a link", "MiB"],
  streamOut: ["TCP out, over a link", "MiB"],
  connect: ["TCP connect and close, over a link", "connection"],
  select: ["setsockopt(pvd) with its proof", "call"],
  idle: ["idle: CPU in a second", "second"],
};

/** All ratios that have an aim. */
export function socketRatios(measured: readonly SocketMeasured[]): SocketRatio[] {
  const find = (table: SocketTable, by: string, way: string) =>
    measured.find((m) => m.table === table && m.by === by && m.way === way)!;
  // The ratio of the medians, with the quartiles of the rounds' own ratios.
  const over = (a: number[], b: number[]): Spread => ({
    ...spread(a.map((value, round) => value / b[round]!)),
    median: spread(a).median / spread(b).median,
  });
  const ratios: SocketRatio[] = [];
  const add = (of: string, aim: string, value: Spread) => ratios.push({ of, aim, value });
  const own = { Deno: "Deno.listenDatagram", Bun: "Bun.udpSocket" };
  for (const [by, way] of Object.entries(own)) {
    const [ours, theirs] = [find("receive", by, "Socket"), find("receive", by, way)];
    const aim = by === "Deno" ? "at least 5" : "at least 1.0";
    add(`UDP receive, packets: ${by} Socket / ${way}`, aim, over(theirs.wall, ours.wall));
    add(`UDP receive, CPU per packet: ${by} Socket / ${way}`, "", over(ours.cpu, theirs.cpu));
  }
  for (const [by, way] of Object.entries(own)) {
    const [ours, theirs] = [find("send", by, "Socket"), find("send", by, way)];
    add(`UDP send, packets: ${by} Socket / ${way}`, "", over(theirs.wall, ours.wall));
  }
  for (const [by, way] of Object.entries(own)) {
    for (const other of [way, "node:dgram"]) {
      const [ours, theirs] = [find("echo", by, "Socket"), find("echo", by, other)];
      add(
        `UDP round trip, time: ${by} Socket / ${other}`,
        "at most 1.0",
        over(ours.wall, theirs.wall),
      );
    }
    const [onPvd, plain] = [find("echoFar", by, "pvd"), find("echoFar", by, "direct")];
    add(`UDP round trip, time: ${by} Socket on a PvD / without`, "", over(onPvd.wall, plain.wall));
  }
  for (const by of Object.keys(own)) {
    for (const table of ["streamIn", "streamOut", "connect"] as const) {
      const [ours, theirs] = [find(table, by, "connect"), find(table, by, "node:net")];
      const aim = table === "connect" ? "" : "0.98–1.02";
      const title = TITLES[table][0].split(",")[0];
      add(`${title}, rate: ${by} connect({ pvd }) / node:net`, aim, over(theirs.wall, ours.wall));
    }
  }
  for (const by of Object.keys(own)) {
    for (const way of ["IPv4", "IPv6"]) {
      const microseconds = find("select", by, way).wall.map((value) => value / 1000);
      add(`setsockopt(pvd), µs: ${by} ${way}`, "below 30", spread(microseconds));
    }
  }
  for (const by of Object.keys(own)) {
    const [pending, nothing] = [
      find("idle", by, "a recv pending"),
      find("idle", by, "nothing pending"),
    ];
    const more = pending.cpu.map((value, round) => (value - nothing.cpu[round]!) / 1e9 * 100);
    add(`idle CPU that a pending recv adds, %: ${by}`, "0", spread(more));
  }
  return ratios;
}

/** The measurements as text. */
export function formatSockets(
  measured: readonly SocketMeasured[],
  ratios: readonly SocketRatio[],
): string {
  const lines: string[] = [];
  for (const [key, [title, unit]] of Object.entries(TITLES)) {
    const rows = measured.filter(({ table }) => table === key).map(({ by, way, wall, cpu }) => {
      const { median, p25, p75 } = spread(wall);
      const rate = key === "idle" ? "" : Math.round(1e9 / median).toLocaleString("en");
      return [
        `${by} ${way}`.trim(),
        rate,
        microseconds(median),
        `${microseconds(p25)}–${microseconds(p75)}`,
        microseconds(spread(cpu).median),
      ];
    });
    lines.push("", ...table([title, `${unit}s/s`, "µs each", "p25–p75", "CPU µs"], rows));
  }
  lines.push("", ...ratioTable("sockets", ratios));
  return lines.join("\n");
}

function microseconds(nanoseconds: number): string {
  const value = nanoseconds / 1000;
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}
