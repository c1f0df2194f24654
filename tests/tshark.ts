/**
 * tshark(1) as a judge of bytes that this package makes.
 *
 * @module
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { judgeSkip } from "./judge.ts";
import { commandOutput } from "./lab/command.ts";

/** False where tshark is there. */
export function tsharkSkip(): string | false {
  return judgeSkip("tshark");
}

/** What packets of a capture begin with (LINKTYPE_… of pcap). */
export const LinkType = { ethernet: 1, ipv4: 228, ipv6: 229 } as const;

/** A capture file of these packets. */
export function captureFile(linkType: number, packets: readonly Uint8Array[]): Uint8Array {
  const size = packets.reduce((sum, { length }) => sum + 16 + length, 24);
  const file = new Uint8Array(size);
  const view = new DataView(file.buffer);
  [0xa1b2c3d4, 0x00020004, 0, 0, 65535, linkType].forEach((word, i) => view.setUint32(4 * i, word));
  let at = 24;
  for (const packet of packets) {
    view.setUint32(at + 8, packet.length);
    view.setUint32(at + 12, packet.length);
    file.set(packet, at + 16);
    at += 16 + packet.length;
  }
  return file;
}

/** What tshark reads in each packet, by the fields it was asked for; several values are divided by commas. */
export function tsharkRows(
  linkType: number,
  packets: readonly Uint8Array[],
  fields: readonly string[],
): string[][] {
  const directory = mkdtempSync(join(tmpdir(), "mif-tshark-"));
  try {
    const path = join(directory, "packets.pcap");
    writeFileSync(path, captureFile(linkType, packets));
    return tsharkFile(path, fields);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The same of a capture file. */
export function tsharkFile(path: string, fields: readonly string[]): string[][] {
  const output = commandOutput([
    ...["tshark", "-n", "-r", path, "-T", "fields"],
    ...fields.flatMap((field) => ["-e", field]),
  ]);
  return output.replace(/\n$/, "").split("\n").map((line) => line.split("\t"));
}
