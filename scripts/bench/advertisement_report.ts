/**
 * What the measurements of Router Advertisements say: rates, and the ratios beside the peers.
 *
 * @module
 */

import { BATCH, MESSAGES } from "./advertisement_rounds.ts";
import type { Row, Table } from "./report.ts";
import { type Measured, ratio, spread } from "./rounds.ts";

/** A table of rates for each message, and one of ratios. */
export function advertisementTables(measured: readonly Measured[]): Table[] {
  const tables = Object.keys(MESSAGES).map((kind): Table => ({
    title: `Router Advertisements, ${kind}`,
    columns: ["who and what", "messages/s", "µs each"],
    rows: measured.filter(({ world }) => world === kind).map((it) => {
      const [operation] = it.operation.split("-");
      const each = spread(it.turns.map((time) => time / BATCH / 1000));
      return {
        name: `${it.by} ${operation}`,
        values: [1e6 / each.median, each],
        rounds: it.turns.length,
        aim: isOurs(it) && operation === "parse" ? { atLeast: 100_000 } : undefined,
      };
    }),
  }));
  const title = "Router Advertisements: ratios";
  return [...tables, { title, columns: ["rates", "ratio"], rows: ratios(measured) }];
}

/** Ours beside each peer that reads the same message. */
function ratios(measured: readonly Measured[]): Row[] {
  const parsed = measured.filter(({ operation }) => operation.startsWith("parse"));
  return Object.keys(MESSAGES).flatMap((kind) => {
    const these = parsed.filter(({ world }) => world === kind);
    return these.filter(isOurs).flatMap((ours) =>
      these.filter((peer) => !isOurs(peer)).map((peer): Row => ({
        name: `${kind}: ${ours.by} / ${peer.by}`,
        values: [
          peer.turns.length === ours.turns.length
            ? ratio(peer.turns, ours.turns)
            : spread(peer.turns.map((time) => time / spread(ours.turns).median)),
        ],
        rounds: peer.turns.length,
      }))
    );
  });
}

function isOurs({ by }: Measured): boolean {
  return by === "Deno" || by === "Bun";
}
