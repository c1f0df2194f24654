import fc from "fast-check";
import assert from "node:assert/strict";
import { test } from "node:test";
import { UDP_SIZE } from "../../lib/dns/edns.ts";
import {
  answerKind,
  encodeQuery,
  HEADER_SIZE,
  type Message,
  messageId,
  type Query,
  Rcode,
  rcodeName,
  readMessage,
  type RecordView,
} from "../../lib/dns/message.ts";
import { nameFromText, nameToText } from "../../lib/dns/name.ts";
import { readRdata } from "../../lib/dns/rdata.ts";
import { MalformedDnsError } from "../../lib/dns/wire.ts";
import { fuzzed } from "../fuzz.ts";
import { LinkType, tsharkRows, tsharkSkip } from "../tshark.ts";
import { dnspython, dnspythonSkip, hex, hexed, unhex } from "./dnspython.ts";

const judge = { skip: dnspythonSkip(), timeout: 120_000 };

/** As dnspython.py's "answers" writes it. */
interface Judged {
  wire: string;
  expect: {
    rcode: number;
    errors: { code: number; text: string }[];
    authoritative: boolean;
    recursionAvailable: boolean;
    udpSize?: number;
    answers: unknown[];
    authorities: unknown[];
  };
}

function recordsOf({ bytes }: Message, records: readonly RecordView[]): unknown[] {
  return records.map(({ name, type, ttlSeconds, start, length }) =>
    hexed({
      name: nameToText(name),
      type,
      ttlSeconds,
      data: readRdata(type, bytes, start, length),
    })
  );
}

const answerCount = Math.max(600, fuzzed.numRuns);
let judgedAnswers: Judged[] | null = null;

/** Random answers, written by dnspython once for all tests here. */
function randomAnswers(): Judged[] {
  return judgedAnswers ??= dnspython<Judged>(["answers", fuzzed.seed, answerCount]);
}

test(
  `${answerCount} answers of dnspython are read as it meant them, seed ${fuzzed.seed}`,
  judge,
  () => {
    for (const { wire, expect } of randomAnswers()) {
      const message = readMessage(unhex(wire));
      const said = {
        rcode: message.rcode,
        errors: message.edns?.errors ?? [],
        authoritative: message.authoritative,
        recursionAvailable: message.recursionAvailable,
        ...(message.edns ? { udpSize: message.edns.udpSize } : {}),
        answers: recordsOf(message, message.answers),
        authorities: recordsOf(message, message.authorities),
      };
      assert.deepEqual(said, expect, wire);
    }
  },
);

const names = fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { maxLength: 8 })
  .map((labels) =>
    labels.map((label) =>
      Array.from(label, (byte) => `\\${String(byte).padStart(3, "0")}`).join("")
    ).join(".") || "."
  );

function randomQueries(
  count: number,
): { query: Query; name: string; type: number; edns: boolean; id: number }[] {
  const question = fc.record({
    name: names,
    type: fc.integer({ min: 1, max: 65535 }),
    edns: fc.boolean(),
    id: fc.integer({ min: 0, max: 65535 }),
    randomCase: fc.boolean(),
  });
  return fc.sample(question, { seed: fuzzed.seed, numRuns: count }).map((each) => {
    const query = encodeQuery({ ...each, name: nameFromText(each.name) }, each.edns);
    query.wire.set([each.id >> 8, each.id & 0xff]);
    return { ...each, query };
  });
}

test(`our queries are read by dnspython as we meant them, seed ${fuzzed.seed}`, judge, () => {
  const queries = randomQueries(Math.max(2000, fuzzed.numRuns));
  const judged = dnspython<{ name: string }>(
    ["queries"],
    queries.map(({ query }) => hex(query.wire)),
  );
  queries.forEach(({ query, name, type, edns, id }, i) => {
    const { name: judgedName, ...rest } = judged[i]!;
    assert.deepEqual(rest, {
      id,
      flags: "RD",
      opcode: 0,
      type,
      class: 1,
      edns: edns ? 0 : -1,
      payload: edns ? UDP_SIZE : 0,
      options: 0,
      records: 0,
    }, hex(query.wire));
    assert.equal(nameFromText(judgedName).key, nameFromText(name).key);
    assert.equal(messageId(query.wire), id);
  });
});

/** UDP datagrams to port 53 over IPv4. */
function datagrams(payloads: Uint8Array[]): Uint8Array[] {
  return payloads.map((payload) => {
    const packet = new Uint8Array(28 + payload.length);
    const view = new DataView(packet.buffer);
    const { length } = packet;
    packet.set([0x45, 0, length >> 8, length & 0xff, 0, 0, 0, 0, 64, 17, 0, 0]);
    packet.set([192, 0, 2, 1, 192, 0, 2, 2], 12);
    view.setUint16(20, 40000);
    view.setUint16(22, 53);
    view.setUint16(24, 8 + payload.length);
    packet.set(payload, 28);
    return packet;
  });
}

test("our queries are well-formed for tshark", { skip: tsharkSkip(), timeout: 60_000 }, () => {
  const plain = ["example", "www.example.com", ".", "_sip._tcp.Example", "a".repeat(63)];
  const queries = plain.flatMap((name) =>
    [1, 28, 65, 257, 65280].map((type) => ({
      name,
      type,
      query: encodeQuery({ name: nameFromText(name), type, randomCase: false }, true),
    }))
  );
  const rows = tsharkRows(LinkType.ipv4, datagrams(queries.map(({ query }) => query.wire)), [
    "dns.qry.name",
    "dns.qry.type",
    "dns.flags",
    "dns.count.add_rr",
    "dns.rr.udp_payload_size",
    "_ws.malformed",
  ]);
  assert.equal(rows.length, queries.length);
  queries.forEach(({ name, type }, i) => {
    const shown = name === "." ? "<Root>" : name;
    assert.deepEqual(rows[i], [shown, `${type}`, "0x0100", "1", `${UDP_SIZE}`, ""]);
  });
});

const question = { name: nameFromText("Www.example"), type: 28, randomCase: false };

/** The answer that repeats a query, with its header's bytes 2 to 5 as given. */
function answerTo(
  query: Query,
  header: string,
  change: (bytes: Uint8Array) => Uint8Array = (it) => it,
): Uint8Array {
  const bytes = query.wire.slice(0, query.questionEnd);
  bytes.set(unhex(header), 2);
  bytes.set([0, 0, 0, 0, 0, 0], 6);
  return change(bytes);
}

const kinds: [name: string, answer: (query: Query) => Uint8Array, kind: string][] = [
  ["an answer", (query) => answerTo(query, "8180 0001"), "answer"],
  ["NXDOMAIN", (query) => answerTo(query, "8183 0001"), "answer"],
  ["the query itself", (query) => query.wire, "other"],
  ["another opcode", (query) => answerTo(query, "a980 0001"), "other"],
  [
    "another type",
    (query) => answerTo(query, "8180 0001", (bytes) => bytes.with(bytes.length - 3, 1)),
    "other",
  ],
  [
    "another class",
    (query) => answerTo(query, "8180 0001", (bytes) => bytes.with(bytes.length - 1, 3)),
    "other",
  ],
  [
    "another name",
    (query) => answerTo(query, "8180 0001", (bytes) => bytes.with(13, 0x78)),
    "other",
  ],
  ["a type whose bits differ as those of letters do", (query) => {
    const letters = encodeQuery({ ...question, type: 0x4141 }, false);
    query.wire.set(letters.wire);
    return answerTo(letters, "8180 0001", (bytes) => bytes.with(bytes.length - 3, 0x61));
  }, "other"],
  [
    "letters in another case",
    (query) => answerTo(query, "8180 0001", (bytes) => bytes.with(13, 0x77)),
    "answer",
  ],
  ["two questions", (query) => answerTo(query, "8180 0002"), "other"],
  ["no question and no error", (query) => answerTo(query, "8180 0000"), "other"],
  ["no question and NXDOMAIN", (query) => answerTo(query, "8183 0000"), "other"],
  ["no question and FORMERR", (query) => answerTo(query, "8181 0000"), "header only"],
  [
    "a header alone that says FORMERR",
    (query) => answerTo(query, "8181 0000").slice(0, HEADER_SIZE),
    "header only",
  ],
  [
    "a header that is cut",
    (query) => answerTo(query, "8181 0000").slice(0, HEADER_SIZE - 1),
    "other",
  ],
  [
    "a question that is cut",
    (query) => answerTo(query, "8180 0001", (bytes) => bytes.slice(0, -1)),
    "other",
  ],
  ["nothing", () => new Uint8Array(0), "other"],
];
for (const [name, answer, kind] of kinds) {
  test(`answerKind() of ${name}`, () => {
    const query = encodeQuery(question, false);
    assert.equal(answerKind(answer(query), query), kind);
  });
}

test("a query in random case wants its letters back", () => {
  const name = nameFromText(`${"abcdefghij".repeat(6)}.Example-1`);
  const query = encodeQuery({ name, type: 1, randomCase: true }, true);
  const sent = query.wire.slice(HEADER_SIZE, query.questionEnd - 4);
  assert.notDeepEqual(sent, name.wire);
  assert.equal(readMessage(answerTo(query, "8180 0001")).rcode, 0);
  assert.equal(answerKind(answerTo(query, "8180 0001"), query), "answer");
  const folded = answerTo(query, "8180 0001");
  folded.set(name.wire, HEADER_SIZE);
  assert.equal(answerKind(folded, query), "other case");
  const digits = Array.from(sent).filter((byte) => byte === 0x31 || byte === 0x2d).length;
  assert.equal(digits, 2);
});

test("random case is random: each letter takes both, and no two queries agree", () => {
  const name = nameFromText("abcdefghijklmnopqrstuvwxyz");
  const seen = new Set<string>();
  const capitals = new Array<number>(26).fill(0);
  for (let i = 0; i < 400; i++) {
    const { wire } = encodeQuery({ name, type: 1, randomCase: true }, false);
    seen.add(hex(wire));
    for (let letter = 0; letter < 26; letter++) {
      if (wire[HEADER_SIZE + 1 + letter]! < 0x61) capitals[letter]!++;
    }
  }
  assert.equal(seen.size, 400);
  // 400 throws of a coin: 200, and 80 is eight standard deviations.
  for (const count of capitals) assert.ok(count > 120 && count < 280, `${capitals}`);
});

test("a truncated answer counts as such, however it ends", () => {
  const query = encodeQuery(question, false);
  const bytes = answerTo(query, "8380 0001");
  bytes[7] = 9;
  const message = readMessage(bytes);
  assert.equal(message.truncated, true);
  assert.deepEqual(message.answers, []);
});

const ANSWER_HEAD = "0000 8180 0000 0001 0000 0000";

test("a TTL with its highest bit set is 0 (RFC 2181 8)", () => {
  const [record] = readMessage(unhex(`${ANSWER_HEAD} 00 0001 0001 80000001 0004 c0000201`)).answers;
  assert.equal(record!.ttlSeconds, 0);
});

const malformed: [name: string, wire: string][] = [
  ["nothing", ""],
  ["half a header", "0000 8180 0000"],
  ["a question that is not there", "0000 8180 0001 0000 0000 0000"],
  ["65535 questions", "0000 8180 ffff 0000 0000 0000 00 0001 0001"],
  ["65535 answers", "0000 8180 0000 ffff 0000 0000 00 0001 0001 00000000 0000"],
  ["a record without its data", `${ANSWER_HEAD} 00 0001 0001 00000000 0004 c000`],
  ["a record without a length", `${ANSWER_HEAD} 00 0001 0001 00000000`],
  [
    "two OPT records",
    "0000 8180 0000 0000 0000 0002 00 0029 04d0 00000000 0000 00 0029 04d0 00000000 0000",
  ],
  ["an OPT record of a name", "0000 8180 0000 0000 0000 0001 0161 00 0029 04d0 00000000 0000"],
  [
    "an option beyond its record",
    "0000 8180 0000 0000 0000 0001 00 0029 04d0 00000000 0004 000f 0005",
  ],
  ["an option that is cut", "0000 8180 0000 0000 0000 0001 00 0029 04d0 00000000 0003 000f 00"],
];
for (const [name, wire] of malformed) {
  test(`readMessage() refuses ${name}`, () => {
    assert.throws(() => readMessage(unhex(wire)), MalformedDnsError);
  });
}

test("the text of an extended error is bounded and has no control characters", () => {
  const text = [0x1b, 0x5b, 0x33, 0x31, 0x6d, ...new Array<number>(300).fill(0x61)];
  const option = [0, 15, (text.length + 2) >> 8, (text.length + 2) & 0xff, 0, 15, ...text];
  const bytes = Uint8Array.from([
    ...unhex("0000 8182 0000 0000 0000 0001 00 0029 04d0 00000000"),
    option.length >> 8,
    option.length & 0xff,
    ...option,
  ]);
  const [error] = readMessage(bytes).edns!.errors;
  assert.equal(error!.code, 15);
  assert.equal(error!.text, `[31m${"a".repeat(196)}`);
});

test("an extended RCODE has its upper bits in the OPT record", () => {
  const message = readMessage(unhex("0000 8180 0000 0000 0000 0001 00 0029 04d0 01000000 0000"));
  assert.equal(message.rcode, Rcode.BADVERS);
  assert.equal(rcodeName(message.rcode), "BADVERS");
  assert.equal(rcodeName(4095), "RCODE 4095");
});

/** Reads everything of an answer that the resolver may read. */
function readAll(bytes: Uint8Array): void {
  const message = readMessage(bytes);
  for (const record of [...message.answers, ...message.authorities]) {
    nameToText(record.name);
    readRdata(record.type, bytes, record.start, record.length);
  }
}

function isReadOrRefused(bytes: Uint8Array): void {
  try {
    readAll(bytes);
  } catch (error) {
    if (!(error instanceof MalformedDnsError)) throw error;
  }
}

test("random bytes are read or refused, and nothing else happens", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), isReadOrRefused), fuzzed);
  const headed = fc.uint8Array({ maxLength: 600 }).map((rest) =>
    Uint8Array.from([...unhex("0000 8180 0001 0003 0002 0002 00 0001 0001"), ...rest])
  );
  fc.assert(fc.property(headed, isReadOrRefused), fuzzed);
});

test("answers with bytes changed, left out and repeated are read or refused", judge, () => {
  const wires = randomAnswers().map(({ wire }) => unhex(wire));
  const change = fc.record({
    wire: fc.integer({ min: 0, max: wires.length - 1 }),
    edits: fc.array(
      fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 255 })),
      { maxLength: 6 },
    ),
    cut: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(change, ({ wire, edits, cut }) => {
      const bytes = wires[wire]!.slice();
      for (const [place, value] of edits) bytes[Math.floor(place * (bytes.length - 1))] = value;
      isReadOrRefused(bytes);
      isReadOrRefused(bytes.subarray(0, Math.floor(cut * bytes.length)));
    }),
    { ...fuzzed, numRuns: 5 * fuzzed.numRuns },
  );
});

test("the largest messages made to take long are read in little time", () => {
  const head = unhex("0000 8180 0000 ffff 0000 0000");
  const shapes: Record<string, (bytes: Uint8Array) => void> = {
    // Names of 127 labels, over and over.
    "long names"(bytes) {
      let at = HEADER_SIZE;
      for (let i = 0; i < 127; i++) bytes.set([1, 0x61], at + 2 * i);
      at += 255 + 10;
      for (; at + 12 <= bytes.length; at += 12) {
        bytes.set([0xc0, HEADER_SIZE, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0], at);
      }
    },
    // Each name is a pointer to the one before: a chain as long as is allowed, then refused.
    "chains of pointers"(bytes) {
      let before = HEADER_SIZE;
      for (let at = before + 11; at + 12 <= Math.min(bytes.length, 0x3fff); at += 12) {
        bytes.set([0xc0 | before >> 8, before & 0xff, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0], at);
        before = at;
      }
    },
    "empty records"(bytes) {
      for (let at = HEADER_SIZE; at + 11 <= bytes.length; at += 11) bytes.set([0, 0, 1, 0, 1], at);
    },
  };
  for (const [name, fill] of Object.entries(shapes)) {
    const bytes = new Uint8Array(65535);
    bytes.set(head);
    fill(bytes);
    const startMs = performance.now();
    isReadOrRefused(bytes);
    const tookMs = performance.now() - startMs;
    assert.ok(tookMs < 250, `${name}: ${tookMs} ms`);
  }
});
