/**
 * Capture files (pcap and pcapng), and frames of every kind of link: from whoever made the file.
 *
 * @module
 */

import assert from "node:assert/strict";
import { CaptureReader } from "../../../lib/capture/capture_reader.ts";
import { FRAME_SIZE_MAX } from "../../../lib/capture/frame.ts";
import { ipv6Start } from "../../../lib/capture/link_layer.ts";
import { pcapHeader, pcapRecord } from "../../../lib/capture/pcap.ts";
import { MifError } from "../../../lib/error.ts";
import { vectors } from "../../mobility/vectors.ts";
import { type FuzzTarget, hex, inPieces } from "../target.ts";

/** A frame with what it points to. */
interface Seen {
  when: string;
  linkType: number;
  bytes: Uint8Array;
  length: number;
  interfaceName: string | null;
}

/** All frames of a file that comes in pieces, and how it ended. */
function readFile(bytes: Uint8Array, size: number): { frames: Seen[]; end: string } {
  const reader = new CaptureReader();
  const frames: Seen[] = [];
  const takeAll = () => {
    for (let frame = reader.next(); frame !== null; frame = reader.next()) {
      const { start, end, length, linkType, interfaceName } = frame;
      assert.ok(start <= end && end <= frame.bytes.length && end - start <= FRAME_SIZE_MAX);
      assert.ok(frame.nanoseconds >= 0 && frame.nanoseconds < 1e9);
      frames.push({
        when: `${frame.seconds}.${frame.nanoseconds}`,
        ...{ linkType, length, interfaceName, bytes: frame.bytes.slice(start, end) },
      });
    }
  };
  try {
    inPieces(bytes, size, (piece) => {
      reader.push(piece);
      takeAll();
    });
    reader.finish();
    return { frames, end: "whole" };
  } catch (error) {
    if (!(error instanceof MifError && error.code === "EBADMSG")) throw error;
    return { frames, end: "refused" };
  }
}

/** One of each kind of block, little-endian: section, interface "h0" with nanoseconds, a packet, and a simple one. */
const pcapng = () =>
  hex(
    "0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000" +
      "01000000 28000000 6500 0000 00000000 0200 0200 68300000 0900 0100 09000000 0000 0000 28000000" +
      "06000000 24000000 00000000 00000000 01000000 04000000 04000000 60000000 24000000" +
      "03000000 14000000 04000000 60000000 14000000",
  );

function pcap(): Uint8Array {
  const records = vectors("ipv6").slice(0, 3).map(({ bytes }) =>
    pcapRecord({
      ...{ seconds: 1, nanoseconds: 5, bytes, start: 0, end: bytes.length, length: bytes.length },
      ...{ linkType: 101, interfaceName: null },
    })
  );
  return Uint8Array.from([pcapHeader(101), ...records].flatMap((part) => [...part]));
}

const LINK_TYPES = [0, 1, 12, 14, 101, 108, 113, 229, 276, 5000];

/** Those of this room. */
export const targets: FuzzTarget[] = [
  {
    name: "capture-file",
    seeds: () => [pcap(), pcapng()].map((file) => Uint8Array.from([7, ...file])),
    // The first byte says how large the pieces are: however they are cut, they mean the same.
    read: (bytes) => {
      const rest = bytes.subarray(1);
      const whole = readFile(rest, rest.length || 1);
      const size = Math.max(1, bytes[0] ?? 1, Math.ceil(rest.length / 500));
      assert.deepEqual(readFile(rest, size), whole);
      return whole;
    },
    words: [
      ...["d4c3b2a1", "4d3cb2a1", "a1b2c3d4", "0a0d0d0a", "4d3c2b1a", "1a2b3c4d"],
      ...["06000000", "03000000", "01000000", "02000000", "00000000", "ffffffff", "0900"],
    ].map(hex),
    // A packet block of 32 bytes is an object with a name.
    growth: 64,
  },
  {
    name: "link-layer",
    seeds: () => [
      hex("01" + "ffffffffffff 020000000101 86dd 60000000"),
      hex("01" + "ffffffffffff 020000000101 8100 0001 88a8 0002 86dd 60000000"),
      hex("00 0a000000 60000000"),
      hex("06 0000 0001 0006 020000000101 0000 86dd 60000000"),
      hex("08 86dd 0000 00000001 0001 04 06 0200000001010000 60000000"),
      hex("04 60000000"),
    ],
    read: (bytes) => {
      const linkType = LINK_TYPES[(bytes[0] ?? 0) % LINK_TYPES.length]!;
      const at = ipv6Start(linkType, bytes, 1, bytes.length);
      assert.ok(at === -1 || (at >= 1 && at < bytes.length && bytes[at]! >> 4 === 6));
      return at;
    },
    words: ["86dd", "8100", "88a8", "9100", "0800", "60"].map(hex),
  },
];
