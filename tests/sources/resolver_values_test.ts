import assert from "node:assert/strict";
import { test } from "node:test";
import {
  captivePortalOf,
  parseDomain,
  parseServer,
  quote,
  ResolverValues,
  warn,
} from "../../lib/sources/resolver_values.ts";

const servers: [text: string, address: string, port: number, zone: string | null][] = [
  ["192.0.2.53", "192.0.2.53", 53, null],
  ["192.0.2.53:5353", "192.0.2.53", 5353, null],
  ["192.0.2.53#dns.example", "192.0.2.53", 53, null],
  ["192.0.2.53:853%eth0#dns.example", "192.0.2.53", 853, "eth0"],
  ["2001:DB8::0:53", "2001:db8::53", 53, null],
  ["2001:db8::53#dot.example", "2001:db8::53", 53, null],
  ["[2001:db8::53]", "2001:db8::53", 53, null],
  ["[2001:db8::53]:853%eth0#dot.example", "2001:db8::53", 853, "eth0"],
  ["[fe80::53%eth0]:5353", "fe80::53", 5353, "eth0"],
  ["fe80::53%3", "fe80::53", 53, "3"],
  ["fe80::53%eth0#x", "fe80::53", 53, "eth0"],
  ["::1:53", "::1:53", 53, null],
  ["::ffff:192.0.2.1", "::ffff:192.0.2.1", 53, null],
];
for (const [text, address, port, zone] of servers) {
  test(`parseServer() reads ${text}`, () => {
    assert.deepEqual(parseServer(text), { address, port, zone });
  });
}

const noServers: [name: string, text: string][] = [
  ["nothing", ""],
  ["a name", "dns.example"],
  ["port 0", "192.0.2.53:0"],
  ["port 65536", "192.0.2.53:65536"],
  ["a port that is no number", "192.0.2.53:dns"],
  ["an empty port", "192.0.2.53:"],
  ["an empty zone", "fe80::53%"],
  ["a zone of 32 characters", `fe80::53%${"x".repeat(32)}`],
  ["a zone with a control character", "fe80::53%eth\n0"],
  ["an open bracket", "[2001:db8::53"],
  ["IPv4 in short form", "127.1"],
  ["octal IPv4", "0300.0.2.53"],
  ["all zero IPv4", "0.0.0.0"],
  ["all zero IPv6", "::"],
  ["multicast IPv4", "224.0.0.251"],
  ["multicast IPv6", "ff02::fb"],
  ["a prefix", "192.0.2.0/24"],
  ["NUL inside", "192.0.2.53\0"],
  ["half a megabyte", "1".repeat(1 << 19)],
];
for (const [name, text] of noServers) {
  test(`parseServer() refuses ${name}`, () => assert.equal(parseServer(text), null));
}

const label63 = "a".repeat(63);
const name253 = `${label63}.${label63}.${label63}.${"b".repeat(61)}`;
const domains: [text: string, domain: string | null][] = [
  ["example", "example"],
  ["Corp.Example.", "corp.example"],
  ["_dns-sd._udp.example", "_dns-sd._udp.example"],
  ["xn--bcher-kva.example", "xn--bcher-kva.example"],
  [name253, name253],
  [`${name253}.`, name253],
  [`${name253}b`, null],
  [`${"a".repeat(64)}.example`, null],
  ["", null],
  [".", null],
  ["a..b", null],
  [".a", null],
  ["a\0b", null],
  ["a\u001b[31mb", null],
  ["a b", null],
  ["a\\.b", null],
  ["bücher.example", null],
  // Lower case of the Kelvin sign is an ASCII k: one name must not turn into another.
  ["\u212aelvin.example", null],
  ["a".repeat(1 << 19), null],
];
domains.forEach(([text, domain], index) => {
  test(`parseDomain() row ${index}: ${quote(text)}`, () => assert.equal(parseDomain(text), domain));
});

test("ResolverValues keeps each value once, in order", () => {
  const warnings: string[] = [];
  const values = new ResolverValues(warnings);
  for (
    const server of ["2001:db8::2", "192.0.2.1", "2001:DB8:0::2", "192.0.2.1:53", "192.0.2.1:54"]
  ) {
    values.addServer(server);
  }
  for (const domain of ["b.example", "A.example", "B.example."]) values.addDomain(domain);
  assert.deepEqual(values.dnsServers.map(({ address, port }) => `${address} ${port}`), [
    "2001:db8::2 53",
    "192.0.2.1 53",
    "192.0.2.1 54",
  ]);
  assert.deepEqual(values.searchDomains, ["b.example", "a.example"]);
  assert.deepEqual(warnings, []);
});

test("ResolverValues stops at 64 servers and 256 domains, and says so once", () => {
  const warnings: string[] = [];
  const values = new ResolverValues(warnings);
  for (let i = 1; i <= 1000; i++) {
    values.addServer(`2001:db8::${i}`);
    values.addDomain(`d${i}.example`);
  }
  assert.equal(values.dnsServers.length, 64);
  assert.equal(values.searchDomains.length, 256);
  assert.deepEqual(warnings, [
    "more than 64 DNS servers; the rest left out",
    "more than 256 search domains; the rest left out",
  ]);
});

test("warn() ends after 32 messages", () => {
  const warnings: string[] = [];
  for (let i = 0; i < 1000; i++) warn(warnings, `message ${i}`);
  assert.equal(warnings.length, 33);
  assert.equal(warnings[32], "further warnings left out");
});

test("quote() leaves nothing a terminal would act on, and is short", () => {
  assert.equal(quote('a"b\\'), '"a\\"b\\\\"');
  assert.equal(quote("\u001b[2J\u202e\u009b"), '"\\u001b[2J\\u202e\\u009b"');
  assert.equal(quote("x".repeat(1000)).length, 63);
});

test("captivePortalOf() takes a URI and nothing else", () => {
  const warnings: string[] = [];
  const uri = "https://portal.example/api?x=1";
  assert.deepEqual(captivePortalOf(uri, warnings), { captivePortal: uri });
  assert.deepEqual(captivePortalOf(undefined, warnings), {});
  assert.deepEqual(captivePortalOf("", warnings), {});
  assert.deepEqual(warnings, []);
  assert.deepEqual(captivePortalOf("no uri\u0007", warnings), {});
  assert.deepEqual(warnings, ['captive portal "no uri\\u0007" is no URI; left out']);
});
