/**
 * What was measured on, and with which versions of whom.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { bun, deno, ROOT, ZIG_VERSION } from "../toolchain.ts";

/** Debian's, which has its packages. */
export const PYTHON = "/usr/bin/python3";

/** How the peers say which version they are. */
const PEERS: Readonly<Record<string, string[]>> = {
  Deno: [deno(), "--version"],
  Bun: [bun(), "--version"],
  gcc: ["gcc", "--version"],
  "ip, ip monitor": ["ip", "-V"],
  tcpdump: ["tcpdump", "--version"],
  tshark: ["tshark", "--version"],
  scapy: [PYTHON, "-c", "import scapy; print(scapy.VERSION)"],
  Python: [PYTHON, "--version"],
  "nsd, the name server": ["nsd", "-v"],
};

/** Name and value, without what would say whose machine it is. */
export function machine(): Record<string, string> {
  const { name, version } = JSON.parse(readFileSync(join(ROOT, "deno.json"), "utf8"));
  const peers = Object.entries(PEERS).map(([peer, argv]) => [peer, versionOf(argv)]);
  return {
    CPU: `${availableParallelism()} × ${cpus()[0]?.model ?? "unknown"}`,
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    Linux: release(),
    [name]: version,
    "Zig, of the native library": ZIG_VERSION,
    ...Object.fromEntries(peers),
  };
}

/** Whether there is such a program here. */
export function has(peer: keyof typeof PEERS): boolean {
  return versionOf(PEERS[peer]!) !== ABSENT;
}

const ABSENT = "not on this machine";

/** The line with the number. */
function versionOf([program, ...words]: string[]): string {
  const { status, stdout, stderr } = spawnSync(program!, words, { encoding: "utf8" });
  if (status !== 0) return ABSENT;
  // Some say it where others say what is wrong.
  const lines = (stdout.trim() || stderr.trim()).split("\n");
  return (lines.find((line) => /\d\.\d/.test(line)) ?? lines[0]!).replace(/\.$/, "");
}
