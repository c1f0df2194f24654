/**
 * What the measurements of snapshots say: times, and the ratios that the project aims at.
 *
 * @module
 */

import type { Aim, Row, Table } from "./report.ts";
import { type Measured, ratio, spread } from "./rounds.ts";
import { SMALL, WORLDS } from "./worlds.ts";

const OPERATIONS: Record<string, string> = {
  snapshot: "snapshot",
  pvds: "listPvds()",
  interfaces: "os.networkInterfaces()",
  full: "plain full dumps",
  ip2: "ip -j addr; ip -j route",
  ip3: "ip -j addr; ip -j route; ip -j -6 route",
  true: "one process of true(1)",
};

const RUNTIMES = ["Deno", "Bun"];

/** A table of times for each world, and one of ratios. */
export function snapshotTables(measured: readonly Measured[]): Table[] {
  return WORLDS.flatMap(({ name }): Table[] => [
    {
      title: name,
      columns: ["who and what", "ms each", "fastest"],
      rows: measured.filter(({ world }) => world === name).map((it) => ({
        name: `${it.by} ${OPERATIONS[it.operation]}`,
        values: [spread(it.turns.map((time) => time / 1e6)), it.min / 1e6],
        rounds: it.turns.length,
      })),
    },
    { title: `${name}: ratios`, columns: ["times", "ratio"], rows: ratios(measured, name) },
  ]);
}

/** All ratios that have an aim, and those beside them that help to read them. */
function ratios(measured: readonly Measured[], world: string): Row[] {
  const find = (by: string, operation: string, where = world) =>
    measured.find((m) => m.world === where && m.by === by && m.operation === operation)!;
  const rows: Row[] = [];
  const add = (name: string, a: Measured, b: Measured, aim?: Aim) =>
    rows.push({ name, values: [ratio(a.turns, b.turns)], rounds: a.turns.length, aim });
  for (const by of RUNTIMES) {
    add(`snapshot, ${by} / C`, find(by, "snapshot"), find("C", "snapshot"), { atMost: 1.2 });
  }
  if (world === SMALL) {
    for (const by of RUNTIMES) {
      const ours = find(by, "snapshot");
      const [ip, ipOfC] = [find(by, "ip2"), find("C", "ip2")];
      add(`${OPERATIONS.ip2} of ${by} / snapshot, ${by}`, ip, ours, { atLeast: 20 });
      add(`${OPERATIONS.ip2} of C / snapshot, ${by}`, ipOfC, ours, { atLeast: 20 });
      add(`${OPERATIONS.ip2} of ${by} / listPvds(), ${by}`, ip, find(by, "pvds"));
      add(`os.networkInterfaces() / snapshot, ${by}`, find(by, "interfaces"), ours);
    }
  }
  if (world.includes("100,000")) {
    const growth = (by: string, operation: string, aim?: Aim) =>
      add(
        `${OPERATIONS[operation]}, ${by} / the same with 10 routes`,
        find(by, operation),
        find(by, operation, SMALL),
        aim,
      );
    for (const by of RUNTIMES) growth(by, "snapshot", { atMost: 1.2, meaning: "not growing" });
    growth("C", "snapshot");
    growth("C", "full");
  }
  return rows;
}
