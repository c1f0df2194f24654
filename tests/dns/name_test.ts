import fc from "fast-check";
import assert from "node:assert/strict";
import { test } from "node:test";
import { MifError } from "../../lib/error.ts";
import {
  DnsName,
  equalNames,
  isWithin,
  nameFromText,
  nameToText,
  readName,
  replaceSuffix,
  ROOT,
} from "../../lib/dns/name.ts";
import { MalformedDnsError, WireReader } from "../../lib/dns/wire.ts";
import { fuzzed } from "../fuzz.ts";
import { dnspython, dnspythonSkip, hex, unhex } from "./dnspython.ts";

const judge = { skip: dnspythonSkip() };

const label63 = "a".repeat(63);
/** 255 bytes on the wire. */
const longest = `${`${label63}.`.repeat(3)}${"a".repeat(61)}`;

const texts: [name: string, text: string, wire: string][] = [
  ["the root", ".", "00"],
  ["one label", "localhost", "096c6f63616c686f7374 00"],
  ["a dot at the end", "a.b.", "0161 0162 00"],
  ["upper case", "A.b", "0141 0162 00"],
  ["a dot in a label", "a\\.b.c", "03612e62 0163 00"],
  ["a backslash in a label", "a\\\\b", "03615c62 00"],
  ["bytes by number", "\\000\\255\\046", "0300ff2e 00"],
  ["characters of zone files", '\\"\\;x', "03223b78 00"],
  ["service labels", "_sip._tcp.x", "045f736970 045f746370 0178 00"],
  ["the longest label", label63, `3f${"61".repeat(63)} 00`],
];
for (const [name, text, wire] of texts) {
  test(`nameFromText() reads ${name}`, () => {
    assert.equal(hex(nameFromText(text).wire), wire.replaceAll(" ", ""));
  });
}

const refused: [name: string, text: string][] = [
  ["nothing", ""],
  ["an empty first label", ".a"],
  ["an empty label inside", "a..b"],
  ["two dots at the end", "a.."],
  ["only dots", ".."],
  ["a label of 64 bytes", `${label63}a`],
  ["a label of 64 bytes inside", `x.${label63}a.y`],
  ["a label of 64 bytes by number", "\\097".repeat(64)],
  ["a name of 256 bytes", `${longest}a`],
  ["a name of a million bytes", "a.".repeat(500_000)],
  ["letters beyond ASCII", "b\u00fccher.example"],
  ["an escaped letter beyond ASCII", "b\\\u00fccher.example"],
  ["half of a surrogate pair", "\ud800"],
  ["a backslash at the end", "a\\"],
  ["an escape of one digit", "a\\1"],
  ["an escape of two digits", "a\\12b"],
  ["an escape above 255", "a\\256"],
];
for (const [name, text] of refused) {
  test(`nameFromText() refuses ${name}`, () => {
    assert.throws(
      () => nameFromText(text),
      (error: unknown) =>
        error instanceof MifError && error.code === "EAI_NONAME" && error.message.length < 200,
    );
  });
}

test("nameFromText() takes a name of 255 bytes, with and without a dot at its end", () => {
  assert.equal(nameFromText(longest).wire.length, 255);
  assert.equal(nameFromText(`${longest}.`).wire.length, 255);
});

test("nameToText() writes what is not printable, and dots in labels, as escapes", () => {
  assert.equal(nameToText(ROOT), ".");
  assert.equal(nameToText(new DnsName(unhex("05002e20ff5c 0161 00"))), "\\000\\.\\032\\255\\\\.a");
  assert.equal(`${nameFromText("A.b.")}`, "A.b");
});

test("names are equal whatever the case of ASCII letters, and only of these", () => {
  const name = nameFromText("WwW.ExAmPlE");
  assert.ok(equalNames(name, nameFromText("www.example")));
  assert.equal(name.key, nameFromText("www.example").key);
  assert.ok(!equalNames(nameFromText("a\\.b"), nameFromText("a.b")));
  assert.notEqual(nameFromText("a\\.b").key, nameFromText("a.b").key);
  // "[" is "{" with the bit that makes capitals small letters.
  assert.ok(!equalNames(nameFromText("["), nameFromText("{")));
  assert.ok(!equalNames(nameFromText("\\193"), nameFromText("\\225")));
});

test("isWithin() sees labels, not text", () => {
  const rows: [name: string, ancestor: string, within: boolean][] = [
    ["a.example", "EXAMPLE", true],
    ["example", "example", true],
    ["a.example", ".", true],
    [".", ".", true],
    ["example", "a.example", false],
    ["badexample", "example", false],
    ["a\\.example", "example", false],
    ["a\\007example", "example", false],
  ];
  for (const [name, ancestor, within] of rows) {
    assert.equal(
      isWithin(nameFromText(name), nameFromText(ancestor)),
      within,
      `${name} ${ancestor}`,
    );
  }
});

test("replaceSuffix() is the substitution of DNAME", () => {
  // RFC 6672 2.2, table 1: name, owner of the DNAME, its target, result.
  const rows: [name: string, owner: string, target: string, result: string | null][] = [
    ["com", "example.com", "example.net", null],
    ["example.com", "example.com", "example.net", null],
    ["a.example.com", "example.com", "example.net", "a.example.net"],
    ["a.b.example.com", "example.com", "example.net", "a.b.example.net"],
    ["ab.example.com", "b.example.com", "example.net", null],
    ["foo.example.com", "example.com", "example.net", "foo.example.net"],
    ["a.x.example.com", "x.example.com", "example.net", "a.example.net"],
    ["a.example.com", "example.com", "y.example.net", "a.y.example.net"],
    ["cyc.example.com", "example.com", "example.com", "cyc.example.com"],
    ["cyc.example.com", "example.com", "c.example.com", "cyc.c.example.com"],
    ["shortloop.x.x", "x", ".", "shortloop.x"],
    ["shortloop.x", "x", ".", "shortloop"],
    [longest, "a".repeat(61), `${"b".repeat(61)}.c`, "too long"],
  ];
  for (const [name, owner, target, result] of rows) {
    const replaced = replaceSuffix(nameFromText(name), nameFromText(owner), nameFromText(target));
    assert.equal(replaced instanceof DnsName ? nameToText(replaced) : replaced, result, name);
  }
});

test("readName() follows pointers and goes on behind them", () => {
  const reader = new WireReader(unhex("0161 00 0162 c000 ff"), 3);
  assert.equal(nameToText(readName(reader)), "b.a");
  assert.equal(reader.at, 7);
  assert.equal(reader.uint8(), 0xff);
});

const malformed: [name: string, wire: string, start: number][] = [
  ["no byte at all", "", 0],
  ["no end", "0161", 0],
  ["a label that is cut", "0361", 0],
  ["a pointer that is cut", "c0", 0],
  ["a pointer to itself", "c000", 0],
  ["a pointer forward", "c002 00", 0],
  ["a pointer to the label it ends", "0161 c000", 0],
  ["two pointers in a circle", "0161 c004 0161 c000", 4],
  ["a label of the kind 01", "4100", 0],
  ["a label of the kind 10", "8000", 0],
  ["more than 255 bytes", `${`3f${"61".repeat(63)}`.repeat(4)}00`, 0],
];
for (const [name, wire, start] of malformed) {
  test(`readName() refuses ${name}`, () => {
    assert.throws(() => readName(new WireReader(unhex(wire), start)), MalformedDnsError);
  });
}

test("readName() does not read beyond what it may, but pointers lead anywhere before", () => {
  const bytes = unhex("0161 0162 00 c000");
  assert.throws(() => readName(new WireReader(bytes, 0, 3)), MalformedDnsError);
  assert.equal(nameToText(readName(new WireReader(bytes, 5, 7))), "a.b");
});

test("readName() bounds the pointers of one name", () => {
  // Each pointer leads to the one before it; the first name is the root.
  const chain = (count: number) => {
    const bytes = [0];
    for (let i = 0; i < count; i++) {
      bytes.push(0xc0 | (i === 0 ? 0 : 2 * i - 1) >> 8, (i === 0 ? 0 : 2 * i - 1) & 0xff);
    }
    return new WireReader(Uint8Array.from(bytes), 1 + 2 * (count - 1));
  };
  assert.equal(readName(chain(127)).wire.length, 1);
  assert.throws(() => readName(chain(128)), MalformedDnsError);
});

const wireNames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 63 }), { maxLength: 8 })
  .map((labels) => Uint8Array.from([...labels.flatMap((label) => [label.length, ...label]), 0]))
  .filter((wire) => wire.length <= 255);

test("a name of any bytes comes back from its text", () => {
  fc.assert(
    fc.property(wireNames, (wire) => {
      const name = new DnsName(wire);
      const text = nameToText(name);
      assert.match(text, /^[!-~]+$/);
      assert.deepEqual(nameFromText(text).wire, wire);
      assert.deepEqual(readName(new WireReader(wire)).wire, wire);
    }),
    fuzzed,
  );
});

test("nameFromText() throws nothing but EAI_NONAME, and what it takes is a name", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ maxLength: 300 }),
        fc.string({ unit: fc.constantFrom("a", ".", "\\", "0", "9", "\u00e9"), maxLength: 80 }),
      ),
      (text) => {
        try {
          const { wire } = nameFromText(text);
          assert.deepEqual(readName(new WireReader(wire)).wire, wire);
        } catch (error) {
          assert.equal((error as MifError).code, "EAI_NONAME", String(error));
        }
      },
    ),
    fuzzed,
  );
});

test("dnspython writes the same text for a name of any bytes", judge, () => {
  const wires = fc.sample(wireNames, {
    seed: fuzzed.seed,
    numRuns: Math.max(1000, fuzzed.numRuns),
  });
  const judged = dnspython<string>(["names"], wires.map(hex));
  wires.forEach((wire, i) => assert.equal(nameToText(new DnsName(wire)), judged[i], hex(wire)));
});

test("dnspython reads the same name from a text", judge, () => {
  const sampled = fc.sample(
    fc.string({
      unit: fc.constantFrom("a", "B", ".", ".", "\\", "\\0", "\\.", "1", "25", "$", "@"),
      minLength: 1,
      maxLength: 20,
    }),
    { seed: fuzzed.seed, numRuns: Math.max(1000, fuzzed.numRuns) },
  );
  // dnspython takes a name that ends in a backslash, and "@" alone for the origin.
  const rows = [...texts, ...refused].map(([, text]) => text).filter((text) =>
    /^[\0-\x7f]{1,400}$/.test(text)
  )
    .concat(sampled).filter((text) => text !== "@" && !/(^|[^\\])(\\\\)*\\$/.test(text));
  const judged = dnspython<string | null>(["texts"], rows.map((text) => JSON.stringify(text)));
  rows.forEach((text, i) => {
    let wire: string | null;
    try {
      wire = hex(nameFromText(text).wire);
    } catch {
      wire = null;
    }
    assert.equal(wire, judged[i], JSON.stringify(text));
  });
});
