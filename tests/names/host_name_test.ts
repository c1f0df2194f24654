import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nameKind, parseHostName } from "../../lib/names/host_name.ts";
import { fuzzed } from "../fuzz.ts";

const text = (name: string) => parseHostName(name)?.text ?? null;

test("an ASCII name stays as it was written", () => {
  for (
    const name of ["www.example", "WWW.Example", "a_b.example", "-", "xn--a.example", "3com.x"]
  ) {
    assert.deepEqual(parseHostName(name), {
      text: name,
      absolute: false,
      dots: name.split(".").length - 1,
    });
  }
  assert.deepEqual(parseHostName("www.example."), {
    text: "www.example",
    absolute: true,
    dots: 1,
  });
});

test("an international name becomes what a URL's host becomes", () => {
  assert.equal(text("Bücher.example"), "xn--bcher-kva.example");
  assert.equal(text("faß.example."), "xn--fa-hia.example");
  assert.equal(text("www。ex．ample"), "www.ex.ample");
  assert.equal(text("☃.example"), "xn--n3h.example");
  assert.equal(text("ü".repeat(50) + ".example")?.startsWith("xn--"), true);
});

test("what no query can carry is no name", () => {
  const long = "a".repeat(63);
  assert.equal(text(`${long}.example`), `${long}.example`);
  assert.equal(text(`${long}.${long}.${long}.${"b".repeat(61)}`)?.length, 253);
  for (
    const name of [
      ...["", ".", "..", "a..b", ".a", "a..", `${long}a.example`, "ü".repeat(60) + ".example"],
      ...[`${long}.${long}.${long}.${"b".repeat(62)}`, "a".repeat(2000), "é".repeat(2000)],
      ...[
        "a b",
        "a\tb",
        "a\nb",
        "a\0b",
        "a\x7fb",
        "a/b",
        "a:80",
        "a@b",
        "a%25",
        "a[b",
        "a\\.b",
        "a#",
      ],
      ...["xn--a.ü", "１.2", "ü.1", "\ud800.example", "ü％41.example", "a\u00a0b"],
      ...["1.2.3.256", "127.0.0.1.", "1.2.3.08", "4294967296", "www.123", "0x7f.0xg.0x1", "a.0x"],
    ]
  ) assert.equal(text(name), null, JSON.stringify(name));
});

test("any text is a name of at most 253 ASCII characters or none", () => {
  const anything = fc.oneof(fc.string({ unit: "binary" }), fc.domain(), fc.string());
  fc.assert(
    fc.property(anything, (given) => {
      const name = parseHostName(given);
      if (name === null) return;
      assert.match(name.text, /^[!-~]{1,253}$/);
      assert.deepEqual(parseHostName(name.text), { ...name, absolute: false });
    }),
    fuzzed,
  );
});

test("names that are not the DNS'", () => {
  assert.equal(nameKind("localhost"), "loopback");
  assert.equal(nameKind("a.b.LocalHost"), "loopback");
  assert.equal(nameKind("localhost.example"), "dns");
  for (const name of ["invalid", "x.invalid", "abc.onion", "x.alt"]) {
    assert.equal(nameKind(name), "none");
  }
  assert.equal(nameKind("printer.local"), "multicast-dns");
  // RFC 6761 6.2 and 6.5: to resolvers these are names like any other.
  for (const name of ["test", "www.example", "x.test", "home.arpa"]) {
    assert.equal(nameKind(name), "dns");
  }
});
