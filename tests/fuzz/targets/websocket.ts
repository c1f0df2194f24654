/**
 * WebSocket frames: from the server.
 *
 * @module
 */

import assert from "node:assert/strict";
import { CloseCode, decodeText, FrameError, MessageReader } from "../../../lib/websocket/frame.ts";
import { type FuzzTarget, hex, inPieces } from "../target.ts";

const isFrameError = (error: unknown) => error instanceof FrameError;
/** Small, so that inputs reach it. */
const MESSAGE_SIZE_MAX = 100;

/** What the handler was told, in order, and the code of the error that ended it. */
function readFrames(bytes: Uint8Array, size: number): unknown[] {
  const told: unknown[] = [];
  const reader = new MessageReader({
    onMessage: (data, isText) => {
      assert.ok(data.length <= MESSAGE_SIZE_MAX);
      told.push(["message", data.slice(), isText]);
    },
    onPing: (data) => told.push(["ping", data.slice()]),
    onClose: (code, reason) => told.push(["close", code, reason]),
  }, MESSAGE_SIZE_MAX);
  try {
    inPieces(bytes, size, (piece) => reader.take(piece));
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    assert.ok(Object.values<number>(CloseCode).includes(error.code));
    told.push(["error", error.code]);
  }
  return told;
}

/** Those of this room. */
export const targets: FuzzTarget[] = [
  {
    name: "websocket-frames",
    seeds: () => [
      hex("01 8105 48656c6c6f"),
      hex("02 0103 48656c 8902 6869 8002 6c6f"),
      hex("03 88 05 03e8 627965"),
      hex("01 8800"),
      hex("05 827e 0080" + "61".repeat(128)),
      hex("05 827f 0000000000010000 61"),
    ],
    // The first byte says how large the pieces are.
    read: (bytes) => {
      const rest = bytes.subarray(1);
      const whole = readFrames(rest, rest.length || 1);
      const size = Math.max(1, bytes[0] ?? 1, Math.ceil(rest.length / 2000));
      assert.deepEqual(readFrames(rest, size), whole);
      return whole;
    },
    words: ["8100", "0100", "8000", "8800", "8900", "8a00", "827e", "827f", "03e8", "ffff"].map(
      hex,
    ),
  },
  {
    name: "websocket-text",
    seeds: () => [hex("48656c6c6f"), hex("f09f9880"), hex("c3a9 e282ac"), hex("efbbbf 61")],
    read: (bytes) => {
      const text = decodeText(bytes);
      assert.deepEqual(new TextEncoder().encode(text), bytes);
      return text;
    },
    refuses: isFrameError,
  },
];
