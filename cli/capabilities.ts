/**
 * The process' effective capabilities (capabilities(7)) that matter to networks.
 *
 * @module
 */

import { readFileSync } from "node:fs";

/** How far the library may go here. */
export type Level = "unprivileged" | "CAP_NET_RAW" | "CAP_NET_ADMIN";

const CAP_NET_ADMIN = 12n;
const CAP_NET_RAW = 13n;

/** Reads CapEff of proc(5); what cannot be read is taken for unprivileged. */
export function readLevel(): Level {
  let status: string;
  try {
    status = readFileSync("/proc/self/status", "utf8");
  } catch {
    return "unprivileged";
  }
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`);
  const has = (capability: bigint) => (effective >> capability & 1n) === 1n;
  if (has(CAP_NET_ADMIN)) return "CAP_NET_ADMIN";
  return has(CAP_NET_RAW) ? "CAP_NET_RAW" : "unprivileged";
}
