// PvD Additional Information (RFC 8801 4.3): what is taken for it and what is not, and for how long it is shown.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type JsonObject, parseIJson } from "../../lib/json/i_json.ts";
import { expiryMs, readAdditionalInfo, uncoveredPrefix } from "../../lib/pvd/additional_info.ts";
import { AdditionalInfoMemory } from "../../lib/pvd/additional_info_memory.ts";
import { byZone } from "../../lib/pvd/dns_zones.ts";
import { MifError, type PvdInfo } from "../../mod.ts";
import { DATE_MS, explicitPvd, infoOf } from "../additional_info/made_up.ts";
import { fuzzed } from "../fuzz.ts";

const ID = "cafe.example.com";
/** A day before what the RFC's examples say. */
const BEFORE_MS = Date.parse("2020-05-22T06:00:00Z");

const parse = (text: string) => parseIJson(new TextEncoder().encode(text));
const read = (members: JsonObject, dateMs = BEFORE_MS) => readAdditionalInfo(members, ID, dateMs);

const GOOD = {
  identifier: "cafe.example.com.",
  expires: "2020-05-23T06:00:00Z",
  prefixes: ["2001:db8:1::/48", "2001:db8:4::/48"],
};

/** The examples of RFC 8801 4.3 and 5.4 as they are printed there, each with a comma too many. */
const PRINTED = [
  `{
  "identifier": "cafe.example.com.",
  "expires": "2020-05-23T06:00:00Z",
  "prefixes": ["2001:db8:1::/48", "2001:db8:4::/48"],
}`,
  `{
  "identifier": "company.foo.example.com.",
  "expires": "2020-05-23T06:00:00Z",
  "prefixes": ["2001:db8:1::/48", "2001:db8:4::/48"],
  "vendor-foo":
    {
      "private-key": "private-value",
    },
}`,
  `{
  "identifier": "cafe.example.com.",
  "expires": "2020-05-23T06:00:00Z",
  "prefixes": ["2001:db8:cafe::/48"],
}`,
];

test("RFC 8801's examples are no JSON as they are printed, and are read without the commas too many", () => {
  for (const text of PRINTED) {
    assert.throws(() => parse(text), { name: "SyntaxError", message: /unexpected "}"/ });
    const json = parse(text.replaceAll(/,(?=\s*})/g, "")) as JsonObject;
    const id = (json["identifier"] as string).slice(0, -1);
    assert.deepEqual(readAdditionalInfo(json, id, BEFORE_MS), { ...json, identifier: id });
  }
});

test("what it says is normalized as PvdInfo is, and what it says more is kept as it came", () => {
  const others = {
    splitDnsClaims: { resolver: "dns.example.net", parent: "example.com", subdomains: ["*"] },
    "vendor-foo": { Key: [1, null, { deep: true }] },
    "urn:example:isp": {},
  };
  const json = {
    ...GOOD,
    identifier: "CAFE.Example.com",
    prefixes: ["2001:DB8:1::ffff/48", "::/0"],
    dnsZones: ["Example.COM.", "sub.example.com", "."],
    noInternet: true,
    ...others,
  };
  assert.deepEqual(read(json), {
    identifier: ID,
    expires: GOOD.expires,
    prefixes: ["2001:db8:1::/48", "::/0"],
    dnsZones: ["example.com", "sub.example.com", "."],
    noInternet: true,
    ...others,
  });
  const hostile = parse('{"__proto__":{"prefixes":[]},"constructor":1}') as JsonObject;
  const info = read({ ...GOOD, ...hostile });
  assert.equal(Object.getPrototypeOf(info), Object.prototype);
  assert.ok(Object.hasOwn(info, "__proto__"));
});

const wrong: [members: JsonObject, why: RegExp][] = [
  [{ identifier: "tea.example.com" }, /"identifier" is "tea.example.com"/],
  [{ identifier: "cafe.example.com.." }, /"identifier" is/],
  [{ identifier: "" }, /"identifier" is ""/],
  [{ identifier: 1 }, /"identifier" is 1/],
  [{ identifier: null }, /"identifier" is null/],
  [{ identifier: ["cafe.example.com"] }, /"identifier" is \[…\]/],
  [{ expires: "2020-05-22T06:00:00Z" }, /it expired at "2020-05-22T06:00:00Z"/],
  [{ expires: "1970-01-01T00:00:00Z" }, /it expired/],
  [{ expires: "2020-05-23" }, /"expires" is "2020-05-23", no RFC 3339 date/],
  [{ expires: "tomorrow" }, /"expires" is "tomorrow"/],
  [{ expires: 1590213600 }, /"expires" is 1590213600/],
  [{ prefixes: "2001:db8::/32" }, /"prefixes" is "2001:db8::\/32", no array/],
  [{ prefixes: [1] }, /"prefixes" has 1/],
  [{ prefixes: ["2001:db8::"] }, /"prefixes" has "2001:db8::"/],
  [{ prefixes: ["2001:db8::/129"] }, /"prefixes" has/],
  [{ prefixes: ["192.0.2.0/24"] }, /"prefixes" has "192.0.2.0\/24"/],
  [{ prefixes: [GOOD.prefixes[0]!, null] }, /"prefixes" has null/],
  [{ prefixes: Array(257).fill("::/0") }, /"prefixes" has more than 256 elements/],
  [{ dnsZones: "example.com" }, /"dnsZones" is "example.com", no array/],
  [{ dnsZones: ["*.example.com"] }, /"dnsZones" has "\*.example.com"/],
  [{ dnsZones: [""] }, /"dnsZones" has ""/],
  [{ dnsZones: ["a b"] }, /"dnsZones" has/],
  [{ dnsZones: Array(1025).fill("a") }, /"dnsZones" has more than 1024 elements/],
  [{ dnsZones: null }, /"dnsZones" is null/],
  [{ noInternet: "true" }, /"noInternet" is "true", no Boolean/],
  [{ noInternet: 1 }, /"noInternet" is 1/],
];
for (const [members, why] of wrong) {
  test(`not used: ${JSON.stringify(members).slice(0, 70)}`, () => {
    assert.throws(() => read({ ...GOOD, ...members }), (error) => {
      assert.ok(error instanceof MifError);
      assert.deepEqual([error.code, error.errno], ["EBADMSG", 74]);
      assert.match(
        error.message,
        /^The additional information of PvD cafe.example.com is not to be used: /,
      );
      assert.match(error.message, why);
      return true;
    });
  });
}

test("an object that lacks a mandatory key is not used, nor is what is no object", () => {
  for (const key of ["identifier", "expires", "prefixes"] as const) {
    const { [key]: _, ...rest } = GOOD;
    assert.throws(() => read(rest as unknown as JsonObject), { message: /not there/ });
  }
  for (const json of [null, true, 1, "", [], [GOOD]]) {
    assert.throws(() => readAdditionalInfo(json, ID, BEFORE_MS), { message: /it is no object/ });
  }
});

test("what is printed of a hostile object is short and has no control characters", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 500 }), (text) => {
      for (const key of ["identifier", "expires", "prefixes", "dnsZones", "noInternet"]) {
        const given = key.endsWith("s") && key !== "expires" ? [text] : text;
        try {
          read({ ...GOOD, [key]: given });
        } catch (error) {
          const { message } = error as Error;
          assert.ok(message.length < 800 && !/[^ -~�]/.test(message), message);
        }
      }
    }),
    fuzzed,
  );
});

test("any JSON value is read or refused", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue()), (value, members) => {
      for (const json of [value, { ...GOOD, ...members }, { ...GOOD, dnsZones: value }]) {
        try {
          const info = readAdditionalInfo(json as JsonObject, ID, BEFORE_MS);
          assert.ok(expiryMs(info) > BEFORE_MS);
        } catch (error) {
          assert.ok(error instanceof MifError && error.code === "EBADMSG", String(error));
        }
      }
    }),
    fuzzed,
  );
});

const announcing = (...prefixes: (string | [string, number])[]) =>
  explicitPvd(ID, {
    prefixes: prefixes.map((prefix) =>
      typeof prefix === "string" ? { prefix } : { prefix: prefix[0], validSeconds: prefix[1] }
    ),
  });

test("every prefix that the router announces must be covered by one of the object's (4.1, 4.4)", () => {
  const rows: [prefixes: string[], pvd: PvdInfo, uncovered: string | null][] = [
    [["2001:db8:1::/48"], announcing("2001:db8:1:2::/64"), null],
    [["2001:db8:1::/48"], announcing("2001:db8:1::/48"), null],
    [["2001:db8:1::/48"], announcing("2001:db8::/32"), "2001:db8::/32"],
    [["2001:db8:1::/48"], announcing("2001:db8:2::/64"), "2001:db8:2::/64"],
    [
      ["2001:db8:1::/48", "2001:db8:2::/48"],
      announcing("2001:db8:1:1::/64", "2001:db8:2:2::/64"),
      null,
    ],
    [["2001:db8:1::/48"], announcing("2001:db8:1::/64", "fd00::/64"), "fd00::/64"],
    // Two halves are not one whole.
    [["2001:db8::/65", "2001:db8::8000:0:0:0/65"], announcing("2001:db8::/64"), "2001:db8::/64"],
    // What was taken back is none of the router's any more.
    [["2001:db8:1::/48"], announcing("2001:db8:1::/64", ["2001:db8:9::/64", 0]), null],
    [["::/0"], announcing("2001:db8:1::/64", "fd00::/64"), null],
    [[], announcing("2001:db8:1::/64"), "2001:db8:1::/64"],
    [[], announcing(), null],
  ];
  for (const [prefixes, pvd, uncovered] of rows) {
    assert.equal(uncoveredPrefix(read({ ...GOOD, prefixes }), pvd), uncovered, prefixes.join());
  }
  // Where the router was not heard its addresses speak for it.
  const unheard = { ...announcing(), advertisement: undefined };
  assert.equal(uncoveredPrefix(read(GOOD as JsonObject), unheard), null);
  const elsewhere = { ...GOOD, prefixes: ["2001:db8:4::/48"] };
  assert.equal(uncoveredPrefix(read(elsewhere), unheard), "2001:db8:1::9/64");
});

test("what is remembered is shown for its instance alone, and as long as it holds", () => {
  const memory = new AdditionalInfoMemory();
  const pvd = explicitPvd(ID, { sequence: 7 });
  const info = infoOf(ID, { endMs: DATE_MS + 1000, "vendor-a": { list: [1] } });
  memory.remember(pvd, info, "1");
  const shown = (given: Partial<PvdInfo>, dateMs = DATE_MS, attachment = "1") =>
    memory.of({ ...pvd, ...given }, dateMs, () => attachment);
  assert.deepEqual(shown({}), info);
  assert.deepEqual(shown({ addresses: [], mtu: 1400 }), info);
  assert.equal(shown({}, DATE_MS + 1000), undefined);
  assert.equal(shown({ sequence: 8 }), undefined);
  assert.equal(shown({ httpInfo: false }), undefined);
  assert.equal(shown({ kind: "implicit" }), undefined);
  assert.equal(shown({ router: "fe80::2" }), undefined);
  assert.equal(shown({ interface: { name: "h0", index: 8 } }), undefined);
  assert.equal(shown({ id: "tea.example.com" }), undefined);
  assert.equal(shown({}, DATE_MS, "2"), undefined);
  assert.equal(shown({ advertisement: announcing("fd00::/64").advertisement }), undefined);
  // It is the caller's to change.
  (shown({})!["vendor-a"] as { list: number[] }).list.push(2);
  assert.deepEqual(shown({}), info);
  assert.equal(memory.forget(pvd), true);
  assert.equal(memory.forget(pvd), false);
  assert.equal(shown({}), undefined);
});

test("of a hostile link's PvDs those that came last are remembered", () => {
  const memory = new AdditionalInfoMemory();
  const pvds = Array.from({ length: 1100 }, (_, i) => explicitPvd(`${i}.example`));
  for (const pvd of pvds) memory.remember(pvd, infoOf(pvd.id), "");
  const kept = pvds.filter((pvd) => memory.of(pvd, DATE_MS, () => "") !== undefined);
  assert.deepEqual([kept.length, kept[0]!.id], [1024, "76.example"]);
});

test("PvDs whose owners say to serve a zone of the name are tried first, the most specific before others", () => {
  const zones = (id: string, dnsZones?: string[], noInternet?: boolean) => {
    const additionalInfo = infoOf(id, {
      ...dnsZones && { dnsZones },
      ...noInternet && { noInternet },
    });
    return explicitPvd(id, { additionalInfo });
  };
  const plain = explicitPvd("plain", { searchDomains: ["www.corp.example"] });
  const walled = zones("walled", undefined, true);
  const corp = zones("corp", ["corp.example"], true);
  const lab = zones("lab", ["other", "lab.corp.example"]);
  const all = zones("all", ["."]);
  const pvds = [walled, plain, corp, lab, all];
  const order = (name: string) => byZone(pvds, name).map(({ id }) => id);
  assert.deepEqual(order("www.corp.example"), ["corp", "all", "plain", "lab", "walled"]);
  assert.deepEqual(order("A.Lab.Corp.Example."), ["lab", "corp", "all", "plain", "walled"]);
  assert.deepEqual(order("corp.example"), ["corp", "all", "plain", "lab", "walled"]);
  assert.deepEqual(order("notcorp.example"), ["all", "plain", "lab", "walled", "corp"]);
  assert.deepEqual(byZone([plain, walled], "x"), [plain, walled]);
});
