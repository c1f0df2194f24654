import fc from "fast-check";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { decodeText, encodeFrame, FrameError, MessageReader } from "../../lib/websocket/frame.ts";
import { fuzzed } from "../fuzz.ts";

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));

/** What comes out of these pieces. */
function read(pieces: readonly Uint8Array[], messageSizeMax = 1 << 20): string[] {
  const found: string[] = [];
  const reader = new MessageReader({
    onMessage: (data, isText) =>
      found.push(
        isText ? `text ${decodeText(data)}` : `bytes ${Buffer.from(data).toString("hex")}`,
      ),
    onPing: (data) => found.push(`ping ${Buffer.from(data)}`),
    onClose: (code, reason) => found.push(`close ${code} ${reason}`),
  }, messageSizeMax);
  for (const piece of pieces) reader.take(piece);
  return found;
}

/** A server's frame: without a mask. */
function frame(first: number, payload: Uint8Array): Uint8Array {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 0x10000 ? 4 : 10);
  head[0] = first;
  head[1] = length < 126 ? length : length < 0x10000 ? 126 : 127;
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

test("the examples of RFC 6455 5.7", () => {
  assert.deepEqual(read([bytes("81 05 48 65 6c 6c 6f")]), ["text Hello"]);
  assert.deepEqual(read([bytes("01 03 48 65 6c 80 02 6c 6f")]), ["text Hello"]);
  assert.deepEqual(read([bytes("89 05 48 65 6c 6c 6f")]), ["ping Hello"]);
  assert.deepEqual(read([bytes("8a 05 48 65 6c 6c 6f")]), []);
  const data = new Uint8Array(256).fill(7);
  assert.deepEqual(read([bytes("82 7e 01 00"), data]), [`bytes ${"07".repeat(256)}`]);
  const large = new Uint8Array(65536).fill(9);
  assert.deepEqual(read([bytes("82 7f 00 00 00 00 00 01 00 00"), large]), [
    `bytes ${"09".repeat(65536)}`,
  ]);
});

test("control frames may come between the frames of a message", () => {
  const all = bytes("01 01 61  89 01 70  00 01 62  8a 00  80 00  88 05 0b b8 62 79 65");
  const expected = ["ping p", "text ab", "close 3000 bye"];
  for (let cut = 0; cut <= all.length; cut++) {
    assert.deepEqual(read([all.subarray(0, cut), all.subarray(cut)]), expected);
  }
  assert.deepEqual(read([...all].map((byte) => Uint8Array.of(byte))), expected);
  assert.deepEqual(read([bytes("88 00")]), ["close 1005 "]);
  assert.deepEqual(read([bytes("81 00"), bytes("82 00")]), ["text ", "bytes "]);
  // A byte order mark is part of the text.
  assert.deepEqual(read([bytes("81 04 ef bb bf 61")]), ["text \ufeffa"]);
});

test("what breaks the protocol is refused, with the code that says so", () => {
  const refused: [string, number][] = [
    ["c1 00", 1002],
    ["a1 00", 1002],
    ["91 00", 1002],
    ["81 80 00 00 00 00", 1002],
    ["83 00", 1002],
    ["87 00", 1002],
    ["8b 00", 1002],
    ["8f 00", 1002],
    ["09 00", 1002],
    ["08 00", 1002],
    ["89 7e 00 7e", 1002],
    ["80 00", 1002],
    ["00 00", 1002],
    ["01 00 81 00", 1002],
    ["82 7e 00 7d", 1002],
    ["82 7f 00 00 00 00 00 00 ff ff", 1002],
    ["82 7f 80 00 00 00 00 00 00 00", 1009],
    ["82 7f 00 00 00 00 00 10 00 01", 1009],
    ["88 01 03", 1002],
    ["88 02 03 e7", 1002],
    ["88 02 03 ec", 1002],
    ["88 02 03 ed", 1002],
    ["88 02 03 ee", 1002],
    ["88 02 03 f7", 1002],
    ["88 02 07 d0", 1002],
    ["88 02 13 88", 1002],
    ["88 03 03 e8 ff", 1007],
    ["81 01 ff", 1007],
    ["81 02 c0 80", 1007],
    ["81 03 ed a0 80", 1007],
    ["81 01 c3", 1007],
  ];
  for (const [hex, code] of refused) {
    assert.throws(
      () => read([bytes(hex)]),
      (error) => error instanceof FrameError && error.code === code,
      hex,
    );
  }
  // All frames of a message count.
  const part = frame(0x02, new Uint8Array(700_000));
  const more = frame(0x80, new Uint8Array(700_000));
  assert.throws(() => read([part, more]), { code: 1009 });
});

test("frames of this side are masked, by another mask each", () => {
  const payload = new TextEncoder().encode("Hello");
  const [first, second] = [encodeFrame(1, payload), encodeFrame(1, payload)];
  assert.notDeepEqual(first, second);
  for (const size of [0, 1, 2, 3, 4, 5, 125, 126, 127, 65535, 65536, 65537]) {
    const data = new Uint8Array(size).map((_, i) => i * 31);
    const encoded = encodeFrame(2, data);
    const head = size < 126 ? 2 : size < 0x10000 ? 4 : 10;
    assert.equal(encoded.length, head + 4 + size);
    assert.equal(encoded[0], 0x82);
    assert.equal(encoded[1]! & 0x80, 0x80);
    const mask = encoded.subarray(head, head + 4);
    const plain = encoded.slice(head + 4).map((byte, i) => byte ^ mask[i % 4]!);
    assert.deepEqual(plain, data);
    const length = encoded.slice(0, head);
    length[1]! &= 0x7f;
    assert.deepEqual(length, new Uint8Array(frame(0x82, data).subarray(0, head)));
  }
});

test("bytes of any kind are read or refused", () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 20 }),
    fc.tuple(fc.constantFrom(0x81, 0x82, 0x01, 0x02, 0x80, 0x00, 0x88, 0x89, 0x8a), fc.nat(130))
      .map(([first, size]) => frame(first, new Uint8Array(size).fill(0x61))),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
      try {
        read(pieces, 1000);
      } catch (error) {
        assert.ok(error instanceof FrameError, String(error));
      }
    }),
    fuzzed,
  );
});
