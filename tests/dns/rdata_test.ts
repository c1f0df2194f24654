import assert from "node:assert/strict";
import { test } from "node:test";
import { readRdata } from "../../lib/dns/rdata.ts";
import { RecordType, recordTypeName, recordTypeNumber } from "../../lib/dns/record_type.ts";
import { MalformedDnsError } from "../../lib/dns/wire.ts";
import { dnspython, dnspythonSkip, hexed, unhex } from "./dnspython.ts";

function read(type: string, wire: string): unknown {
  const bytes = unhex(wire);
  return hexed(readRdata(recordTypeNumber(type), bytes, 0, bytes.length));
}

/** The test vectors of RFC 9460 appendix D.2: parameters behind priority and target. */
const services: [name: string, wire: string, data: Record<string, unknown>][] = [
  ["AliasMode", "0000 03666f6f 076578616d706c65 03636f6d 00", {
    priority: 0,
    target: "foo.example.com",
    parameters: {},
  }],
  ["no parameter", "0001 00", { priority: 1, target: ".", parameters: {} }],
  ["a port", "0010 03666f6f 076578616d706c65 03636f6d 00 0003 0002 0035", {
    priority: 16,
    target: "foo.example.com",
    parameters: { port: 53 },
  }],
  ["an unregistered key", "0001 03666f6f 076578616d706c65 03636f6d 00 029b 0005 68656c6c6f", {
    priority: 1,
    target: "foo.example.com",
    parameters: { unknown: [{ key: 667, value: "68656c6c6f" }] },
  }],
  [
    "two IPv6 hints",
    `0001 03666f6f 076578616d706c65 03636f6d 00 0006 0020
     20010db8000000000000000000000001 20010db8000000000000000000530001`,
    {
      priority: 1,
      target: "foo.example.com",
      parameters: { ipv6hint: ["2001:db8::1", "2001:db8::53:1"] },
    },
  ],
  [
    "mandatory, ALPN and IPv4 hint",
    `0010 03666f6f 076578616d706c65 036f7267 00 0000 0004 0001 0004
     0001 0009 02 6832 05 68332d3139 0004 0004 c0000201`,
    {
      priority: 16,
      target: "foo.example.org",
      parameters: {
        mandatory: ["alpn", "ipv4hint"],
        alpn: ["h2", "h3-19"],
        ipv4hint: ["192.0.2.1"],
      },
    },
  ],
  [
    "a comma and a backslash in ALPN",
    "0010 03666f6f 076578616d706c65 036f7267 00 0001 000c 08 665c6f6f2c626172 02 6832",
    { priority: 16, target: "foo.example.org", parameters: { alpn: ["f\\oo,bar", "h2"] } },
  ],
  [
    "Oblivious HTTP, a DoH path and no default",
    "0001 00 0001 0003 026833 0002 0000 0007 0003 2f647b 0008 0000",
    {
      priority: 1,
      target: ".",
      parameters: { alpn: ["h3"], noDefaultAlpn: true, dohpath: "/d{", ohttp: true },
    },
  ],
];
for (const [name, wire, data] of services) {
  test(`readRdata() of SVCB and HTTPS with ${name}`, () => {
    assert.deepEqual(read("SVCB", wire), { type: "SVCB", ...data });
    assert.deepEqual(read("HTTPS", wire), { type: "HTTPS", ...data });
  });
}

const brokenServices: [name: string, parameters: string][] = [
  ["a key twice", "0003 0002 0035 0003 0002 0035"],
  ["keys out of order", "0004 0004 c0000201 0003 0002 0035"],
  ["a key that is cut", "00"],
  ["a value that is cut", "0003 0002 00"],
  ["a port of one byte", "0003 0001 35"],
  ["a port of three bytes", "0003 0003 003500"],
  ["no ALPN", "0001 0000"],
  ["an empty ALPN", "0001 0001 00"],
  ["an ALPN that is cut", "0001 0002 0261"],
  ["a default ALPN with a value", "0002 0001 00"],
  ["no address", "0004 0000"],
  ["an IPv4 address of three bytes", "0004 0003 c00002"],
  ["an IPv6 address of four bytes", "0006 0004 c0000201"],
  ["mandatory without a key", "0000 0000"],
  ["a mandatory key that is not there", "0000 0002 0003"],
  ["mandatory keys out of order", "0000 0004 0004 0003 0003 0002 0035 0004 0004 c0000201"],
  ["mandatory as mandatory", "0000 0002 0000"],
  ["Oblivious HTTP with a value", "0008 0001 00"],
];
for (const [name, parameters] of brokenServices) {
  test(`readRdata() refuses SVCB with ${name}`, () => {
    assert.throws(() => read("SVCB", `0001 00 ${parameters}`), MalformedDnsError);
  });
}

const broken: [type: string, name: string, wire: string][] = [
  ["A", "3 bytes", "c00002"],
  ["A", "5 bytes", "c000020100"],
  ["AAAA", "15 bytes", "00".repeat(15)],
  ["CNAME", "no name", ""],
  ["CNAME", "a byte behind the name", "0000"],
  ["MX", "no exchange", "000a"],
  ["SOA", "four numbers", `00 00 ${"00000001".repeat(4)}`],
  ["TXT", "no string", ""],
  ["TXT", "a string that is cut", "0561"],
  ["SRV", "no target", "0000 0000 0000"],
  ["NAPTR", "two strings", "0000 0000 00 00 00"],
  ["CAA", "a tag that is cut", "00 0561"],
  ["DS", "3 bytes", "000000"],
  ["TLSA", "2 bytes", "0000"],
];
for (const [type, name, wire] of broken) {
  test(`readRdata() refuses ${type} of ${name}`, () => {
    assert.throws(() => read(type, wire), MalformedDnsError);
  });
}

test("text is UTF-8, a byte order mark included, and bytes stay as they are", () => {
  assert.deepEqual(read("TXT", "04 efbbbf61 02 ff41"), {
    type: "TXT",
    strings: ["\ufeffa", "\ufffdA"],
    data: ["efbbbf61", "ff41"],
  });
});

test("types without fields stay bytes, by mnemonic where they have one", () => {
  assert.deepEqual(read("LOC", "0001"), { type: "LOC", rdata: "0001" });
  assert.deepEqual(read("TYPE65280", ""), { type: "TYPE65280", rdata: "" });
});

test("recordTypeNumber() reads mnemonics in any case, TYPE numbers and numbers", () => {
  assert.equal(recordTypeNumber("MX"), 15);
  assert.equal(recordTypeNumber("https"), 65);
  assert.equal(recordTypeNumber("TYPE65280"), 65280);
  assert.equal(recordTypeNumber(28), 28);
  assert.equal(recordTypeNumber("ANY"), 255);
  assert.equal(recordTypeName(65280), "TYPE65280");
});

for (
  const type of [
    "",
    "constructor",
    "TYPE",
    "TYPE123456",
    "TYPE-1",
    "MX ",
    "OPT",
    "AXFR",
    "TYPE41",
    "TYPE250",
    41,
    252,
    null,
    {},
  ]
) {
  test(`recordTypeNumber() refuses ${JSON.stringify(type)}`, () => {
    assert.throws(() => recordTypeNumber(type as string), TypeError);
  });
}
for (const type of [0, -1, 1.5, 65536, NaN, "TYPE0", "TYPE65536"]) {
  test(`recordTypeNumber() refuses ${type} as out of range`, () => {
    assert.throws(() => recordTypeNumber(type), RangeError);
  });
}

test("the mnemonics are dnspython's", { skip: dnspythonSkip() }, () => {
  const entries = Object.entries(RecordType);
  const judged = dnspython<string>(["types"], entries.map(([, number]) => String(number)));
  assert.deepEqual(
    entries.map(([name]) => name),
    judged.map((name) => name === "TYPE63" ? "ZONEMD" : name),
  );
});
