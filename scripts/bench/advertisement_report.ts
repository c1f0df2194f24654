/**
 * What the measurements of Router Advertisements say: rates, and the ratios beside the peers.
 *
 * @module
 */

import { BATCH, MESSAGES } from "./advertisement_rounds.ts";
import { table, times } from "./report.ts";
import { type Measured, ratio, type Spread, spread } from "./rounds.ts";

/** How many times as fast one reads as another. */
export interface AdvertisementRatio {
  of: string;
  value: Spread;
}

/** The aim of the project for what is parsed. */
const AIM = "at least 100,000";

/** Ours beside each peer that reads the same message. */
export function advertisementRatios(measured: readonly Measured[]): AdvertisementRatio[] {
  const parsed = measured.filter(({ operation }) => operation.startsWith("parse"));
  const isOurs = ({ by }: Measured) => by === "Deno" || by === "Bun";
  return Object.keys(MESSAGES).flatMap((kind) => {
    const these = parsed.filter(({ world }) => world === kind);
    return these.filter(isOurs).flatMap((ours) =>
      these.filter((peer) => !isOurs(peer)).map((peer) => ({
        of: `${kind}, rate: ${ours.by} / ${peer.by}`,
        value: peer.turns.length === ours.turns.length
          ? ratio(peer, ours)
          : spread(peer.turns.map((time) => time / spread(ours.turns).median)),
      }))
    );
  });
}

/** The measurements as text. */
export function formatAdvertisements(
  measured: readonly Measured[],
  ratios: readonly AdvertisementRatio[],
): string {
  const lines: string[] = [];
  for (const kind of Object.keys(MESSAGES)) {
    const rows = measured.filter(({ world }) => world === kind).map((one) => {
      const { median, p25, p75 } = spread(one.turns);
      const [operation] = one.operation.split("-");
      const isOurs = one.by === "Deno" || one.by === "Bun";
      return [
        `${one.by} ${operation}`,
        Math.round(1e9 / (median / BATCH)).toLocaleString("en"),
        microseconds(median),
        `${microseconds(p25)}–${microseconds(p75)}`,
        isOurs && operation === "parse" ? AIM : "",
      ];
    });
    const head = [`advertisements, ${kind}`, "messages/s", "µs each", "p25–p75", "aim"];
    lines.push("", ...table(head, rows));
  }
  const rows = ratios.map(({ of, value: { median, p25, p75 } }) => [
    of,
    times(median),
    `${times(p25)}–${times(p75)}`,
  ]);
  lines.push("", ...table(["advertisements", "ratio", "p25–p75"], rows));
  return lines.join("\n");
}

function microseconds(batch: number): string {
  return (batch / BATCH / 1000).toFixed(2);
}
