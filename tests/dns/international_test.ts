import assert from "node:assert/strict";
import { test } from "node:test";
import { query } from "../../mod.ts";
import { toAscii, toUnicode } from "../../lib/dns/international.ts";

test("a name becomes what a URL's host becomes, and ASCII stays", () => {
  assert.equal(toAscii("Bücher.example"), "xn--bcher-kva.example");
  assert.equal(toAscii("_sip._tcp.faß.example."), "_sip._tcp.xn--fa-hia.example.");
  assert.equal(toAscii("www。ex．ample"), "www.ex.ample");
  for (const name of ["WWW.Example.", "", "a..b", "xn--a.example", "1.2.3.256"]) {
    assert.equal(toAscii(name), name);
  }
});

test("what no URL's host may hold no name holds, in whatever form", async () => {
  for (
    const name of [
      ...["ü/x.example", "ü x", "ü%41.example", "ü％41.example", "ü:80", "ü＠x", "／ü", "ü\\.x"],
      ...["ü\0x", "xn--a.ü", "\ud800.example", "ü.1", "1א.example", "\u200d"],
    ]
  ) {
    assert.equal(toAscii(name), null, name);
    await assert.rejects(query(name, "A"), { code: "EAI_NONAME" }, name);
  }
  for (const name of ["a b", "a/b", "a\0", "a:1", "a%41", "[::1]"]) {
    assert.equal(toAscii(name), null);
  }
});

test("a name for people to read", () => {
  assert.equal(toUnicode("xn--bcher-kva.example"), "bücher.example");
  assert.equal(toUnicode("XN--BCHER-KVA.example"), "bücher.example");
  for (
    const name of ["www.example", "xn--a.example", "xn--.example", "xn--bcher-kva example", "ü"]
  ) {
    assert.equal(toUnicode(name), name);
  }
});
