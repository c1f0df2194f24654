import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { CaptureReader } from "../../lib/capture/capture_reader.ts";
import type { Frame } from "../../lib/capture/frame.ts";
import { pcapHeader, pcapRecord } from "../../lib/capture/pcap.ts";
import { MifError } from "../../lib/error.ts";
import { fuzzed } from "../fuzz.ts";
import { commandOutput } from "../lab/command.ts";
import { tsharkFile } from "../tshark.ts";
import { judgeSkip } from "../judge.ts";
import {
  block,
  description,
  enhanced,
  numbers,
  option,
  type Packet,
  pcapFile,
  section,
} from "./files.ts";

/** A frame with memory of its own. */
interface Read extends Packet {
  linkType: number;
  length: number;
  interfaceName: string | null;
}

function copy({ bytes, start, end, ...rest }: Frame): Read {
  return { ...rest, bytes: new Uint8Array(bytes.slice(start, end)) };
}

/** All frames of a file that comes in chunks of a size. */
function readAll(given: Uint8Array, chunkSize = given.length || 1): Read[] {
  // A slice of a Buffer would be a view.
  const file = new Uint8Array(given);
  const reader = new CaptureReader();
  const frames: Read[] = [];
  for (let at = 0; at < file.length; at += chunkSize) {
    // Memory that is used again, as files are read.
    const chunk = file.slice(at, at + chunkSize);
    reader.push(chunk);
    chunk.fill(0xee);
    for (let frame = reader.next(); frame; frame = reader.next()) frames.push(copy(frame));
  }
  reader.finish();
  return frames;
}

const bytes = (...values: number[]) => Uint8Array.from(values);
const PACKETS: readonly Packet[] = [
  { seconds: 1_700_000_000, nanoseconds: 0, bytes: bytes(1, 2, 3) },
  { seconds: 1_700_000_000, nanoseconds: 999_999_000, bytes: bytes() },
  { seconds: 4_294_967_295, nanoseconds: 1000, bytes: bytes(9, 8, 7, 6, 5), length: 1500 },
];
const wanted = (
  packets: readonly Packet[],
  linkType: number,
  interfaceName: string | null = null,
) => packets.map((packet) => ({ length: packet.bytes.length, ...packet, linkType, interfaceName }));

describe("pcap", () => {
  for (const littleEndian of [true, false]) {
    for (const nanoseconds of [true, false]) {
      const form = { littleEndian, nanoseconds, linkType: 1 };
      const name = `${littleEndian ? "little" : "big"}-endian, ${
        nanoseconds ? "nano" : "micro"
      }seconds`;
      test(name, () => {
        const file = pcapFile(form, PACKETS);
        for (const chunkSize of [1, 2, 7, 24, 1000]) {
          assert.deepEqual(readAll(file, chunkSize), wanted(PACKETS, 1));
        }
      });
    }
  }

  test("a second that has more than its fractions", () => {
    const file = pcapFile({ littleEndian: true, linkType: 1 }, [
      { seconds: 5, nanoseconds: 3_500_000_000, bytes: bytes(1) },
    ]);
    const [frame] = readAll(file);
    assert.deepEqual([frame!.seconds, frame!.nanoseconds], [8, 500_000_000]);
  });

  test("a checksum behind each frame is told in the link type's upper bits", () => {
    const file = pcapFile({ littleEndian: true, linkType: 0x2400_0001 }, PACKETS);
    assert.deepEqual(readAll(file), wanted(PACKETS, 1));
  });
});

describe("pcapng", () => {
  const resolution = (value: number) => bytes(value);
  /** if_tsresol and the units of a time of seconds and nanoseconds. */
  const clocks: [what: string, value: number | null, (s: bigint, ns: bigint) => bigint][] = [
    ["microseconds by default", null, (s, ns) => s * 1_000_000n + ns / 1000n],
    ["nanoseconds", 9, (s, ns) => s * 1_000_000_000n + ns],
    ["milliseconds", 3, (s, ns) => s * 1000n + ns / 1_000_000n],
    ["2^-10 seconds", 0x8a, (s, ns) => s * 1024n + ns * 1024n / 1_000_000_000n],
    ["picoseconds", 12, (s, ns) => (s * 1_000_000_000n + ns) * 1000n],
  ];
  for (const littleEndian of [true, false]) {
    for (const [what, value, units] of clocks) {
      test(`${littleEndian ? "little" : "big"}-endian, ${what}`, () => {
        const packets = PACKETS.slice(0, 2).map((packet) => ({
          ...packet,
          // What all these clocks can tell, and the last one still in 64 bits.
          seconds: value === 12 ? 18_000_000 : packet.seconds,
          nanoseconds: packet.nanoseconds === 0 ? 0 : 500_000_000,
        }));
        const options = Buffer.concat([
          option(littleEndian, 2, Buffer.from("eth0")),
          value === null ? Buffer.alloc(0) : option(littleEndian, 9, resolution(value)),
          option(littleEndian, 0, Buffer.alloc(0)),
        ]);
        const file = Buffer.concat([
          section(littleEndian),
          description(littleEndian, 113, options),
          ...packets.map(({ seconds, nanoseconds, bytes, length }) =>
            enhanced(littleEndian, 0, units(BigInt(seconds), BigInt(nanoseconds)), bytes, length)
          ),
        ]);
        for (const chunkSize of [1, 5, 4096]) {
          assert.deepEqual(readAll(file, chunkSize), wanted(packets, 113, "eth0"));
        }
      });
    }
  }

  test("a clock's offset", () => {
    const offset = option(true, 14, numbers(true, [8, 1_000_000]));
    const file = Buffer.concat([
      section(true),
      description(true, 1, offset),
      enhanced(true, 0, 5n, bytes(1)),
    ]);
    const [frame] = readAll(file);
    assert.deepEqual([frame!.seconds, frame!.nanoseconds], [1_000_000, 5000]);
  });

  test("several sections, each with its byte order and its interfaces; blocks nobody wants", () => {
    const other = Buffer.concat([
      block(true, 4, Buffer.alloc(100)),
      block(true, 0x0bad, Buffer.alloc(200_000)),
    ]);
    const file = Buffer.concat([
      section(true),
      description(true, 1),
      other,
      description(true, 101),
      enhanced(true, 1, 1n, bytes(1)),
      enhanced(true, 0, 2n, bytes(2)),
      section(false),
      description(false, 229),
      enhanced(false, 0, 3n, bytes(3)),
    ]);
    for (const chunkSize of [1, 100, 1_000_000]) {
      assert.deepEqual(readAll(file, chunkSize).map(({ linkType }) => linkType), [101, 1, 229]);
    }
  });

  test("simple packets, and those of before", () => {
    const simple = Buffer.concat([numbers(false, [4, 4]), bytes(1, 2, 3, 4)]);
    const cut = Buffer.concat([numbers(false, [4, 900]), bytes(1, 2)]);
    const old = Buffer.concat([
      numbers(false, [2, 0], [2, 7], [4, 0], [4, 1_000_000], [4, 3], [4, 3]),
      bytes(5, 6, 7, 0),
    ]);
    const file = Buffer.concat([
      section(false),
      description(false, 1, Buffer.alloc(0), 2),
      block(false, 3, simple),
      block(false, 3, cut),
      block(false, 2, old),
    ]);
    const frames = readAll(file);
    assert.deepEqual(frames.map((frame) => [...frame.bytes]), [[1, 2], [1, 2], [5, 6, 7]]);
    assert.deepEqual(frames.map(({ length }) => length), [4, 900, 3]);
    assert.deepEqual(frames.map(({ seconds }) => seconds), [0, 0, 1]);
  });

  test("an interface's name that is none is not told", () => {
    const name = option(true, 2, Buffer.from("eth\x1b[31m"));
    const file = Buffer.concat([
      section(true),
      description(true, 1, name),
      enhanced(true, 0, 0n, bytes(1)),
    ]);
    assert.equal(readAll(file)[0]!.interfaceName, null);
  });
});

describe("what is no capture", () => {
  const order = numbers(true, [4, 0x0a0d0d0a], [4, 28], [4, 1], [4, 1], [4, 0], [4, 0], [4, 28]);
  const header = pcapFile({ littleEndian: true, linkType: 1 }, []);
  const huge = numbers(true, [4, 0], [4, 0], [4, 0x7fffffff], [4, 0x7fffffff]);
  const body = Buffer.concat([section(true), description(true, 1)]);
  const inside = (type: number, bytes: Uint8Array) =>
    Buffer.concat([body, block(true, type, bytes)]);
  const unequal = Buffer.from(block(true, 6, Buffer.alloc(40)));
  unequal[unequal.length - 4]! += 4;
  const rows: [what: string, file: Uint8Array, why: RegExp][] = [
    ["nothing", bytes(), /too short/],
    ["three bytes", bytes(0xd4, 0xc3, 0xb2), /too short/],
    ["text", Buffer.from("#!/bin/sh\n"), /neither pcap nor pcapng/],
    ["half a header", header.subarray(0, 20), /too short/],
    ["another version", header.map((byte, i) => i === 4 ? 3 : byte), /version 3/],
    [
      "a packet without an end",
      Buffer.concat([header, numbers(true, [4, 0], [4, 0], [4, 9], [4, 9])]),
      /in the middle/,
    ],
    ["a packet that is too long", Buffer.concat([header, huge]), /claims to have 2147483647/],
    ["a section without a byte order", order, /no byte order/],
    [
      "a block of no length",
      Buffer.concat([body, numbers(true, [4, 6], [4, 0], [4, 0])]),
      /0 bytes/,
    ],
    [
      "a block of odd length",
      Buffer.concat([body, numbers(true, [4, 6], [4, 33], [4, 0])]),
      /33 bytes/,
    ],
    [
      "a block that is too long",
      Buffer.concat([body, numbers(true, [4, 6], [4, 0x7ffffffc], [4, 0])]),
      /claims/,
    ],
    ["a block whose lengths differ", Buffer.concat([body, unequal]), /lengths differ/],
    [
      "a block without an end",
      Buffer.concat([body, block(true, 6, Buffer.alloc(40)).subarray(0, 30)]),
      /in the middle/,
    ],
    [
      "a block nobody wants, without an end",
      Buffer.concat([body, block(true, 77, Buffer.alloc(40)).subarray(0, 30)]),
      /in the middle/,
    ],
    [
      "an interface nobody described",
      inside(6, numbers(true, [4, 1], [4, 0], [4, 0], [4, 0], [4, 0])),
      /interface 1/,
    ],
    [
      "a packet longer than its block",
      inside(6, numbers(true, [4, 0], [4, 0], [4, 0], [4, 5], [4, 5])),
      /longer than its block/,
    ],
    ["a packet block that is too short", inside(6, Buffer.alloc(8)), /too short/],
    ["an interface that is too short", inside(1, Buffer.alloc(4)), /too short/],
    [
      "an interface whose option is cut",
      inside(1, numbers(true, [2, 1], [2, 0], [4, 0], [2, 2], [2, 99])),
      /cut short/,
    ],
    [
      "a clock finer than any",
      inside(1, Buffer.concat([Buffer.alloc(8), option(true, 9, bytes(0x7f))])),
      /finer/,
    ],
  ];
  for (const [what, file, why] of rows) {
    test(what, () => {
      for (const chunkSize of [1, 3, 1000]) {
        assert.throws(() => readAll(file, chunkSize), {
          name: "MifError",
          code: "EBADMSG",
          message: why,
        });
      }
    });
  }

  test("too many interfaces", () => {
    const many = Buffer.concat(new Array(65_537).fill(description(true, 1)));
    assert.throws(() => readAll(Buffer.concat([section(true), many])), { message: /too many/ });
  });

  test("what was whole before is read", () => {
    const file = pcapFile({ littleEndian: true, linkType: 1 }, PACKETS);
    const reader = new CaptureReader();
    reader.push(file.subarray(0, file.length - 1));
    assert.ok(reader.next() && reader.next());
    assert.equal(reader.next(), null);
    assert.throws(() => reader.finish(), { code: "EBADMSG" });
  });
});

const judging = judgeSkip("editcap");

describe("as editcap and tshark have it", { skip: judging }, () => {
  const frames: Frame[] = Array.from({ length: 40 }, (_, i) => {
    const bytes = Uint8Array.from({ length: 40 + i }, (_, at) => at * i & 0xff);
    bytes[0] = 0x60;
    const where = { bytes, start: 0, end: bytes.length, length: bytes.length + (i & 1) * 100 };
    return {
      seconds: 1_700_000_000 + i,
      nanoseconds: i * 12_345_679,
      linkType: 101,
      interfaceName: null,
      ...where,
    };
  });
  const written = Buffer.concat([pcapHeader(101), ...frames.map(pcapRecord)]);

  /** A directory with our file in it. */
  function withFile<T>(use: (path: string) => T): T {
    const directory = mkdtempSync(join(tmpdir(), "mif-capture-"));
    try {
      const path = join(directory, "ours.pcap");
      writeFileSync(path, written);
      return use(path);
    } finally {
      rmSync(directory, { recursive: true });
    }
  }

  test("what we write is read back by us", () => {
    assert.deepEqual(readAll(written), frames.map(copy));
  });

  test("tshark reads what we write: times, lengths, bytes", () => {
    withFile((path) => {
      const fields = ["frame.time_epoch", "frame.cap_len", "frame.len"];
      const rows = frames.map(({ seconds, nanoseconds, bytes, length }) => [
        `${seconds}.${String(nanoseconds).padStart(9, "0")}`,
        `${bytes.length}`,
        `${length}`,
      ]);
      assert.deepEqual(tsharkFile(path, fields), rows);
    });
  });

  for (const [format, digits] of [["pcap", 6], ["nsecpcap", 9], ["pcapng", 9]] as const) {
    test(`we read what editcap makes of it: ${format}`, () => {
      withFile((path) => {
        const other = `${path}.${format}`;
        commandOutput(["editcap", "-F", format, path, other]);
        const cut = 10 ** (9 - digits);
        const expected = frames.map(copy).map((frame) => ({
          ...frame,
          nanoseconds: Math.floor(frame.nanoseconds / cut) * cut,
        }));
        assert.deepEqual(readAll(new Uint8Array(readFileSync(other))), expected);
      });
    });
  }
});

test("any bytes, and files with any damage, end in frames or EBADMSG", () => {
  const forms = [
    pcapFile({ littleEndian: true, linkType: 1 }, PACKETS),
    pcapFile({ littleEndian: false, nanoseconds: true, linkType: 1 }, PACKETS),
    Buffer.concat([
      section(true),
      description(true, 1, option(true, 9, bytes(9))),
      enhanced(true, 0, 77n, bytes(1, 2, 3)),
      block(true, 3, bytes(1, 0, 0, 0, 9)),
    ]),
  ];
  const damage = fc.record({ at: fc.nat(), value: fc.nat(255) });
  const damaged = fc.record({
    form: fc.constantFrom(...forms),
    damages: fc.array(damage, { maxLength: 6 }),
    length: fc.nat(400),
  }).map(({ form, damages, length }) => {
    const file = new Uint8Array(form);
    for (const { at, value } of damages) file[at % file.length] = value;
    return file.subarray(0, length);
  });
  const files = fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged);
  fc.assert(
    fc.property(files, fc.integer({ min: 1, max: 64 }), (file, chunkSize) => {
      const outcome = (size: number) => {
        try {
          const frames = readAll(file, size);
          for (const { bytes } of frames) assert.ok(bytes.length <= file.length);
          return frames;
        } catch (error) {
          assert.ok(error instanceof MifError && error.code === "EBADMSG", String(error));
          return error.message;
        }
      };
      // However it comes, it says the same.
      assert.deepEqual(outcome(chunkSize), outcome(file.length || 1));
    }),
    fuzzed,
  );
});
