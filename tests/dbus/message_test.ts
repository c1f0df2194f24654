import fc from "fast-check";
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  completeTypes,
  type DBusValue,
  decodeMessage,
  encodeMessage,
  MalformedMessageError,
  type Message,
  MESSAGE_SIZE_MAX,
  messageLength,
  MessageType,
  type Variant,
} from "../../lib/dbus/message.ts";
import { fuzzed } from "../fuzz.ts";

function reply(signature: string, body: DBusValue[]): Message {
  return { type: MessageType.METHOD_RETURN, flags: 1, serial: 7, replySerial: 2, signature, body };
}

/** A message whose body is given as bytes: the header of `signature`, then `bytes`. */
function withBody(signature: string, bytes: number[]): Uint8Array {
  const empty = encodeMessage(reply("", []));
  const header = encodeHeader(signature, bytes.length);
  assert.ok(header.length >= empty.length);
  return Uint8Array.from([...header, ...bytes]);
}

/** As {@linkcode encodeMessage} writes a header, but for a body it does not see. */
function encodeHeader(signature: string, bodyLength: number): number[] {
  const field = [8, 1, 0x67, 0, signature.length, ...new TextEncoder().encode(signature), 0];
  const replySerial = [5, 1, 0x75, 0, 2, 0, 0, 0];
  const length = replySerial.length + field.length;
  const padding = new Array<number>((8 - length % 8) % 8).fill(0);
  return [
    ...[0x6c, 2, 1, 1],
    ...[bodyLength & 0xff, bodyLength >> 8 & 0xff, bodyLength >> 16, 0],
    ...[7, 0, 0, 0],
    ...[length & 0xff, length >> 8, 0, 0],
    ...replySerial,
    ...field,
    ...padding,
  ];
}

test("encodeHeader() of this test writes what encodeMessage() writes", () => {
  assert.deepEqual(
    withBody("s", [1, 0, 0, 0, 0x61, 0]),
    new Uint8Array(encodeMessage(reply("s", ["a"]))),
  );
});

/**
 * GetId() of org.freedesktop.DBus, laid out by hand after the D-Bus specification. The length of the
 * fields stops before the padding of the last one.
 */
const GET_ID = [
  ...[0x6c, 1, 2, 1, 0, 0, 0, 0, 3, 0, 0, 0, 0x6d, 0, 0, 0],
  ...[1, 1, 0x6f, 0, 0x15, 0, 0, 0, ...ascii("/org/freedesktop/DBus"), 0, 0, 0],
  ...[2, 1, 0x73, 0, 0x14, 0, 0, 0, ...ascii("org.freedesktop.DBus"), 0, 0, 0, 0],
  ...[3, 1, 0x73, 0, 5, 0, 0, 0, ...ascii("GetId"), 0, 0, 0],
  ...[6, 1, 0x73, 0, 0x14, 0, 0, 0, ...ascii("org.freedesktop.DBus"), 0, 0, 0, 0],
];

function ascii(text: string): number[] {
  return [...new TextEncoder().encode(text)];
}

test("encodeMessage() and decodeMessage() of a call without arguments", () => {
  const call: Message = {
    type: MessageType.METHOD_CALL,
    flags: 2,
    serial: 3,
    path: "/org/freedesktop/DBus",
    interface: "org.freedesktop.DBus",
    member: "GetId",
    destination: "org.freedesktop.DBus",
    signature: "",
    body: [],
  };
  const bytes = Uint8Array.from(GET_ID);
  assert.deepEqual([...encodeMessage(call)], [...bytes]);
  assert.deepEqual(decodeMessage(bytes), call);
});

test("decodeMessage() reads big-endian messages", () => {
  const bytes = Uint8Array.from([
    ...[0x42, 2, 1, 1, 0, 0, 0, 16, 0, 0, 0, 9, 0, 0, 0, 16],
    ...[5, 1, 0x75, 0, 0, 0, 0, 2],
    ...[8, 1, 0x67, 0, 2, ...ascii("qt"), 0],
    ...[0x12, 0x34, 0, 0, 0, 0, 0, 0],
    ...[0, 0, 0, 0, 0, 0, 1, 0],
  ]);
  const message = decodeMessage(bytes);
  assert.equal(message.serial, 9);
  assert.deepEqual(message.body, [0x1234, 256n]);
});

const values: [signature: string, value: DBusValue][] = [
  ["y", 255],
  ["b", true],
  ["n", -32768],
  ["q", 65535],
  ["i", -2147483648],
  ["u", 4294967295],
  ["x", -(2n ** 63n)],
  ["t", 2n ** 64n - 1n],
  ["d", -0.5],
  ["s", ""],
  ["s", "\ufeffé\u{1f600}"],
  ["o", "/a/b"],
  ["g", "a{sv}"],
  ["ay", Uint8Array.of(1, 2, 3)],
  ["ay", new Uint8Array(0)],
  ["at", []],
  ["at", [1n, 2n]],
  ["aas", [["a"], [], ["b", "c"]]],
  ["(ysb)", [1, "x", false]],
  ["((y)(t))", [[1], [2n]]],
  ["a(yt)", [[1, 2n], [3, 4n]]],
  ["a{sv}", new Map<DBusValue, DBusValue>([["k", { signature: "ay", value: Uint8Array.of(9) }]])],
  ["a{yt}", new Map<DBusValue, DBusValue>()],
  ["v", { signature: "v", value: { signature: "(is)", value: [-1, "deep"] } }],
];
for (const [signature, value] of values) {
  test(`a value of type ${signature} comes back: ${show(value)}`, () => {
    const message = reply(`y${signature}y`, [1, value, 2]);
    assert.deepEqual(decodeMessage(encodeMessage(message)), message);
  });
}

function show(value: DBusValue): string {
  return JSON.stringify(value, (_, it) => typeof it === "bigint" ? `${it}n` : it);
}

const misfits: [signature: string, value: DBusValue][] = [
  ["y", 256],
  ["y", -1],
  ["q", 1.5],
  ["u", 2 ** 32],
  ["x", 1],
  ["u", 1n],
  ["b", 1],
  ["s", 1],
  ["s", "a\0b"],
  ["(yy)", [1]],
];
for (const [signature, value] of misfits) {
  test(`encodeMessage() refuses ${show(value)} as ${signature}`, () => {
    assert.throws(() => encodeMessage(reply(signature, [value])), TypeError);
  });
}

test("encodeMessage() refuses a body of another length than the signature", () => {
  assert.throws(() => encodeMessage(reply("yy", [1])), TypeError);
});

const signatures: [signature: string, types: string[] | null][] = [
  ["", []],
  ["sa{sv}(iay)v", ["s", "a{sv}", "(iay)", "v"]],
  [`${"a".repeat(32)}y`, [`${"a".repeat(32)}y`]],
  ["a", null],
  ["()", null],
  ["(", null],
  ["(y", null],
  ["y)", null],
  ["{sv}", null],
  ["a{", null],
  ["a{s}", null],
  ["a{vs}", null],
  ["a{svs}", null],
  ["a{sv", null],
  ["z", null],
  ["constructor", null],
  ["a{__proto__y}", null],
  ["\0", null],
  ["y".repeat(256), null],
  ["(".repeat(200), null],
  ["a".repeat(200), null],
];
for (const [signature, types] of signatures) {
  test(`completeTypes() of ${JSON.stringify(signature).slice(0, 40)}`, () => {
    if (types) assert.deepEqual(completeTypes(signature), types);
    else assert.throws(() => completeTypes(signature), MalformedMessageError);
  });
}

const malformedBodies: [name: string, signature: string, body: number[]][] = [
  ["cut off", "u", [1, 0, 0]],
  ["left over", "y", [1, 0]],
  ["boolean 2", "b", [2, 0, 0, 0]],
  ["text beyond the end", "s", [255, 255, 255, 255, 0x61, 0]],
  ["text without NUL", "s", [1, 0, 0, 0, 0x61, 0x62]],
  ["NUL inside text", "s", [3, 0, 0, 0, 0x61, 0, 0x62, 0]],
  ["text that is not UTF-8", "s", [1, 0, 0, 0, 0xff, 0]],
  ["padding that is not zero", "yu", [1, 9, 0, 0, 1, 0, 0, 0]],
  ["an array beyond the end", "ay", [5, 0, 0, 0, 1]],
  ["an array longer than memory", "at", [255, 255, 255, 255, 0, 0, 0, 0]],
  ["an array that ends inside an element", "au", [6, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]],
  ["a variant without type", "v", [0, 0]],
  ["a variant of two types", "v", [2, 0x79, 0x79, 0, 1, 1]],
  ["a variant whose type is none", "v", [1, 0x7a, 0, 1]],
  ["a signature that is none", "g", [1, 0x7a, 0]],
];
for (const [name, signature, body] of malformedBodies) {
  test(`decodeMessage() refuses ${name}`, () => {
    assert.throws(() => decodeMessage(withBody(signature, body)), MalformedMessageError);
  });
}

test("decodeMessage() refuses variants nested a thousand deep", () => {
  const body = [...new Array<number[]>(1000).fill([1, 0x76, 0]).flat(), 1, 0x79, 0, 1];
  assert.throws(() => decodeMessage(withBody("v", body)), /nested deeper/);
});

const malformedHeaders: [name: string, change: (bytes: Uint8Array) => void][] = [
  ["no byte order mark", (bytes) => bytes[0] = 0x58],
  ["message type 0", (bytes) => bytes[1] = 0],
  ["protocol version 2", (bytes) => bytes[3] = 2],
  ["a body longer than the bytes", (bytes) => bytes[4] = 1],
  ["serial 0", (bytes) => bytes[8] = 0],
  ["fields longer than the bytes", (bytes) => bytes[12]! += 8],
  ["fields shorter than they are", (bytes) => bytes[12]! -= 1],
  ["a path of type u", (bytes) => bytes[16] = 1],
];
for (const [name, change] of malformedHeaders) {
  test(`decodeMessage() refuses ${name}`, () => {
    const bytes = encodeMessage(reply("", []));
    decodeMessage(bytes);
    change(bytes);
    assert.throws(() => decodeMessage(bytes), MalformedMessageError);
  });
}

test("decodeMessage() passes over header fields it does not know", () => {
  const bytes = encodeMessage(reply("", []));
  bytes[16] = 200;
  assert.equal(decodeMessage(bytes).replySerial, undefined);
});

test("messageLength() refuses more than a megabyte before it is read", () => {
  const header = encodeMessage(reply("", [])).subarray(0, 16);
  assert.equal(messageLength(header), 24);
  for (
    const [offset, value] of [[4, MESSAGE_SIZE_MAX], [12, MESSAGE_SIZE_MAX], [4, 2 ** 32 - 1]]
  ) {
    const long = header.slice();
    new DataView(long.buffer).setUint32(offset!, value!, true);
    assert.throws(() => messageLength(long), /more than 1048576/);
  }
});

test("a megabyte of variants is read in bounded time and memory", () => {
  const count = 200_000;
  const body = new Uint8Array(8 + count * 4);
  new DataView(body.buffer).setUint32(0, count * 4, true);
  for (let i = 0; i < count; i++) body.set([1, 0x79, 0, 1], 4 + i * 4);
  const bytes = withBody("av", [...body.subarray(0, 4 + count * 4)]);
  assert.equal((decodeMessage(bytes).body[0] as DBusValue[]).length, count);
});

/** A type and a value of it. */
const typed: fc.Arbitrary<{ signature: string; value: DBusValue }> = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: "small" },
    tie("basic"),
    tie("array"),
    tie("struct"),
    tie("map"),
    tie("variant"),
  ),
  basic: fc.oneof(
    value("y", fc.integer({ min: 0, max: 255 })),
    value("b", fc.boolean()),
    value("n", fc.integer({ min: -32768, max: 32767 })),
    value("i", fc.integer()),
    value("t", fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
    value("x", fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
    value("d", fc.double({ noNaN: true })),
    value("s", fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\0", ""))),
    value("ay", fc.uint8Array()),
  ),
  array: fc.tuple(tie("any"), fc.nat(3)).map(([item, count]) => {
    const { signature, value } = item as Variant;
    if (signature === "y") return { signature: "ay", value: new Uint8Array(count) };
    return { signature: `a${signature}`, value: new Array<DBusValue>(count).fill(value) };
  }),
  struct: fc.array(tie("any"), { minLength: 1, maxLength: 4 }).map((items) => ({
    signature: `(${(items as Variant[]).map(({ signature }) => signature).join("")})`,
    value: (items as Variant[]).map(({ value }) => value),
  })),
  map: fc.tuple(fc.array(fc.string().map((text) => text.replaceAll("\0", ""))), tie("any")).map(
    ([names, item]) => {
      const { signature, value } = item as Variant;
      return {
        signature: `a{s${signature}}`,
        value: new Map<DBusValue, DBusValue>(names.map((name) => [name, value])),
      };
    },
  ),
  variant: tie("any").map((item) => ({ signature: "v", value: item as Variant })),
})).any as fc.Arbitrary<Variant>;

function value(signature: string, values: fc.Arbitrary<DBusValue>): fc.Arbitrary<Variant> {
  return values.map((value) => ({ signature, value }));
}

test("every value that is written is read back", () => {
  fc.assert(
    fc.property(typed, ({ signature, value }) => {
      fc.pre(signature.length <= 255);
      const message = reply(signature, [value]);
      assert.deepEqual(decodeMessage(encodeMessage(message)), message);
    }),
    fuzzed,
  );
});

test("whatever is done to a message, it is read or refused", () => {
  fc.assert(
    fc.property(
      typed,
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
      ({ signature, value }, changes) => {
        fc.pre(signature.length <= 255);
        const bytes = encodeMessage(reply(signature, [value]));
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        onlyMalformed(() => decodeMessage(bytes));
      },
    ),
    fuzzed,
  );
});

test("whatever bytes stand for a body, they are read or refused", () => {
  const signature = fc.constantFrom(
    "s",
    "v",
    "av",
    "a{sv}",
    "aa{sv}",
    "a(yv)",
    "(ayat)",
    "g",
    "ab",
  );
  fc.assert(
    fc.property(signature, fc.uint8Array({ maxLength: 200 }), (signature, bytes) => {
      onlyMalformed(() => decodeMessage(withBody(signature, [...bytes])));
    }),
    fuzzed,
  );
});

test("whatever text stands for a signature, it is read or refused", () => {
  const signature = fc.string({ unit: fc.constantFrom(..."ybnqiuxtdsogva(){}z") });
  fc.assert(
    fc.property(signature, (text) => {
      onlyMalformed(() => assert.equal(completeTypes(text).join(""), text));
    }),
    fuzzed,
  );
});

function onlyMalformed(act: () => unknown): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof MalformedMessageError)) throw error;
  }
}
