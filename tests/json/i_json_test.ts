// I-JSON is read as JSON.parse() reads it, or not at all.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DEPTH_MAX, parseIJson } from "../../lib/json/i_json.ts";
import { fuzzed } from "../fuzz.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const parse = (text: string) => parseIJson(bytes(text));

/** Refused, with a sentence that says where. */
function refuses(text: string | Uint8Array, why: RegExp): void {
  const given = typeof text === "string" ? bytes(text) : text;
  assert.throws(() => parseIJson(given), { name: "SyntaxError", message: why }, String(text));
}

test("what JSON.parse() reads is read the same", () => {
  const texts = [
    "null",
    " true ",
    "\t[\n]\r",
    "{}",
    "-0",
    "-0.5e-3",
    "1E+2",
    "9007199254740991",
    '"\\u0041\\n\\"\\\\\\/ü\\ud83d\\ude00"',
    '{"a":{"a":[1,2,{"a":null}]},"b":"","":0}',
    '{"constructor":1,"hasOwnProperty":2,"toString":3}',
    '"\u2028\u2029\u007f"',
  ];
  for (const text of texts) assert.deepEqual(parse(text), JSON.parse(text), text);
});

test('a member "__proto__" is one like any other', () => {
  const object = parse('{"__proto__":{"polluted":true},"b":1}') as Record<string, unknown>;
  assert.deepEqual(Object.keys(object), ["__proto__", "b"]);
  assert.equal(Object.getPrototypeOf(object), Object.prototype);
  assert.equal(object["polluted"], undefined);
  refuses('{"__proto__":1,"__proto__":2}', /"__proto__" a second time/);
});

test("a name that stands twice in an object is refused, however it is written (RFC 7493 2.3)", () => {
  refuses('{"a":1,"a":2}', /"a" a second time at character 10/);
  refuses('{"a":1,"b":{"a":1,"\\u0061":1}}', /"a" a second time/);
  assert.deepEqual(parse('[{"a":1},{"a":2}]'), [{ a: 1 }, { a: 2 }]);
});

test("what is no JSON is refused where it goes wrong", () => {
  const wrong: [text: string, why: RegExp][] = [
    ["", /the end at character 0/],
    ["{", /the end at character 1/],
    ['{"a":1,}', /unexpected "}" at character 7/],
    ["[1,]", /unexpected "\]" at character 3/],
    ["[1 2]", /unexpected "2" at character 3/],
    ["[,1]", /unexpected ","/],
    ['{"a" 1}', /unexpected "1"/],
    ['{"a":1 "b":2}', /unexpected "\\""/],
    ["{a:1}", /unexpected "a"/],
    ["{'a':1}", /unexpected "'"/],
    ["1 1", /unexpected "1" at character 2/],
    ["01", /unexpected "1" at character 1/],
    ["+1", /unexpected "\+"/],
    [".5", /unexpected/],
    ["1.", /unexpected "\."/],
    ["1e", /unexpected "e"/],
    ["NaN", /unexpected "N"/],
    ["Infinity", /unexpected "I"/],
    ["tru", /unexpected "t"/],
    ["True", /unexpected "T"/],
    ["// comment\n1", /unexpected "\/"/],
    ['"a', /no string at character 0/],
    ['"a\\"', /no string/],
    ['"\\x41"', /no string/],
    ['"\\u12"', /no string/],
    ['"a\nb"', /no string/],
    ['"\u0000"', /no string/],
    ["\u00a0 1", /unexpected/],
  ];
  for (const [text, why] of wrong) {
    refuses(text, why);
    assert.throws(() => JSON.parse(text), SyntaxError);
  }
});

test("what is JSON and no I-JSON is refused (RFC 7493 2)", () => {
  refuses("1e400", /no double holds/);
  refuses('"\\ud800"', /no character/);
  refuses('"\\udc00\\ud800"', /no character/);
  refuses('{"\\ufdd0":1}', /no character/);
  refuses('["\uffff"]', /no character/);
  refuses('"\\ud83f\\udfff"', /no character/);
  refuses(Uint8Array.of(0x22, 0xff, 0x22), /Not UTF-8/);
  refuses(Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22), /Not UTF-8/);
  refuses(Uint8Array.of(0x22, 0xc0, 0x80, 0x22), /Not UTF-8/);
  refuses(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31), /unexpected "�" at character 0/);
  refuses(Uint8Array.of(0xff, 0xfe, 0x31, 0x00), /Not UTF-8/);
});

test("it is as deep as the bound and no deeper", () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  assert.deepEqual(parse(nested(DEPTH_MAX)), JSON.parse(nested(DEPTH_MAX)));
  refuses(nested(DEPTH_MAX + 1), /deeper than 64/);
  refuses('{"a":'.repeat(100_000), /deeper than 64/);
  // One after the other is not one in the other.
  assert.equal((parse(`[${Array(10_000).fill("[]").join()}]`) as unknown[]).length, 10_000);
});

test("a text of any length is read in time that grows with it", () => {
  const million = 1 << 20;
  assert.equal(parse(`"${"\\n".repeat(million)}"`), "\n".repeat(million));
  assert.equal((parse(`[${"1,".repeat(million)}1]`) as unknown[]).length, million + 1);
  refuses(`"${"a".repeat(million)}`, /no string/);
  refuses(`[${" ".repeat(million)}`, /the end/);
  refuses("9".repeat(million), /no double holds/);
});

/** A value's text, or undefined. */
function byJsonParse(text: string): string | undefined {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function byUs(text: string): string | undefined {
  try {
    return JSON.stringify(parse(text));
  } catch (error) {
    assert.ok(error instanceof SyntaxError, String(error));
    return undefined;
  }
}

test("every JSON value comes back", () => {
  const characters = fc.string({ unit: "grapheme" });
  const value = fc.jsonValue({ stringUnit: "grapheme" });
  fc.assert(
    fc.property(fc.oneof(value, fc.dictionary(characters, value)), fc.nat(3), (json, indent) => {
      const text = JSON.stringify(json, null, indent);
      assert.equal(byUs(text), byJsonParse(text));
    }),
    fuzzed,
  );
});

test("whatever is read JSON.parse() reads the same, from any characters and any bytes", () => {
  const token = fc.constantFrom(
    ...["{", "}", "[", "]", ",", ":", '"', "\\", "a", "\\u0061", "1", "-", "0", ".", "e", "+"],
    ...[" ", "\n", "true", "false", "null", '"a"', '"b"', '"\\ud800"', '"__proto__"', "\uffff"],
  );
  const text = fc.oneof(
    fc.array(token, { maxLength: 24 }).map((tokens) => tokens.join("")),
    fc.string({ unit: "binary" }),
  );
  fc.assert(
    fc.property(text, (text) => {
      const read = byUs(text);
      if (read !== undefined) assert.equal(read, byJsonParse(text), text);
    }),
    { ...fuzzed, numRuns: fuzzed.numRuns * 20 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        parseIJson(bytes);
      } catch (error) {
        assert.ok(error instanceof SyntaxError, String(error));
      }
    }),
    fuzzed,
  );
});

test("one byte changed anywhere makes another value, or none, and never what JSON.parse() does not see", () => {
  const text =
    '{"identifier":"a.example","expires":"2030-01-01T00:00:00Z","prefixes":["::/0"],"n":-1.5e3}';
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.nat(127), (at, byte) => {
      const changed = text.slice(0, at) + String.fromCharCode(byte) + text.slice(at + 1);
      const read = byUs(changed);
      if (read !== undefined) assert.equal(read, byJsonParse(changed), changed);
    }),
    { ...fuzzed, numRuns: fuzzed.numRuns * 10 },
  );
});
