import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAddress, parseAddress, parsePrefix } from "../../lib/ip/address.ts";
import {
  chooseSource,
  orderDestinations,
  type SourceAddress,
} from "../../lib/names/address_order.ts";
import { parsePolicy } from "../../lib/names/address_policy.ts";

const policy = parsePolicy("");
const bytes = (address: string) => parseAddress(address)!.bytes;

/** "address/length", with "deprecated" and "temporary" behind it. */
function source(text: string): SourceAddress {
  const [prefix = "", ...words] = text.split(" ");
  return {
    bytes: bytes(prefix.split("/")[0]!),
    prefixLength: parsePrefix(prefix)!.prefixLength,
    deprecated: words.includes("deprecated"),
    temporary: words.includes("temporary"),
  };
}

function chosen(destination: string, ...sources: string[]): string | null {
  const best = chooseSource(bytes(destination), sources.map(source), policy);
  return best && formatAddress(best.bytes);
}

/** The order of destinations that have these sources; null is one that is not reached. */
function order(pairs: Record<string, string | null>, own = policy): string[] {
  const destinations = Object.keys(pairs).map((address) => ({ bytes: bytes(address), scopeId: 0 }));
  const sourceOf = (destination: Uint8Array) => {
    const text = pairs[formatAddress(destination)];
    return text === null || text === undefined ? null : source(text);
  };
  return orderDestinations(destinations, sourceOf, own).map((d) => formatAddress(d.bytes));
}

test("the examples of RFC 6724 10.1: sources", () => {
  const best = "2001:db8:1::1/64";
  assert.equal(chosen("2001:db8:1::1", "2001:db8:3::1/64", "fe80::1/64"), "2001:db8:3::1");
  assert.equal(chosen("ff05::1", "2001:db8:3::1/64", "fe80::1/64"), "2001:db8:3::1");
  assert.equal(chosen("2001:db8:1::1", `${best} deprecated`, "2001:db8:2::1/64"), "2001:db8:1::1");
  assert.equal(chosen("fe80::1", "fe80::2/64 deprecated", best), "fe80::2");
  assert.equal(chosen("2001:db8:1::1", "2001:db8:1::2/64", "2001:db8:3::2/64"), "2001:db8:1::2");
  assert.equal(
    chosen("2002:c633:6401::1", "2002:c633:6401::d5e3/64", best),
    "2002:c633:6401::d5e3",
  );
  assert.equal(chosen("2001:db8:1::1", "192.0.2.1/24"), null);
});

test("a stable source before a temporary one, as our sockets choose", () => {
  const [temporary, stable] = ["2001:db8:1::d5e3/64 temporary", "2001:db8:1::2/64"];
  assert.equal(chosen("2001:db8:1::1", temporary, stable), "2001:db8:1::2");
  assert.equal(chosen("2001:db8:1::1", `${stable} deprecated`, temporary), "2001:db8:1::d5e3");
});

test("the examples of RFC 6724 10.2: destinations", () => {
  const rows: Record<string, string | null>[] = [
    { "2001:db8:1::1": "2001:db8:1::2/64", "198.51.100.121": "169.254.13.78/16" },
    { "198.51.100.121": "198.51.100.117/24", "2001:db8:1::1": "fe80::1/64" },
    { "2001:db8:1::1": "2001:db8:1::2/64", "10.1.2.3": "10.1.2.4/24" },
    { "fe80::1": "fe80::2/64", "2001:db8:1::1": "2001:db8:1::2/64" },
    { "fe80::1": "fe80::2/64", "2001:db8:1::1": "2001:db8:1::2/64 deprecated" },
    { "2001:db8:1::1": "2001:db8:1::2/64", "2001:db8:3ffe::1": "2001:db8:3f44::2/64" },
    { "2002:c633:6401::1": "2002:c633:6401::2/64", "2001:db8:1::1": "fe80::2/64" },
    { "2001:db8:1::1": "2001:db8:1::2/64", "2002:c633:6401::1": "2002:c633:6401::2/64" },
  ];
  for (const row of rows) {
    const expected = Object.keys(row);
    assert.deepEqual(order(row), expected);
    assert.deepEqual(order(Object.fromEntries(Object.entries(row).reverse())), expected);
  }
});

test("a destination that is not reached comes last", () => {
  const row = { "2001:db8::1": null, "192.0.2.1": "192.0.2.9/24", "2001:db8::2": null };
  assert.deepEqual(order(row), ["192.0.2.1", "2001:db8::1", "2001:db8::2"]);
});

test("IPv4 before unique local addresses of another network, and not of one's own", () => {
  const ipv4 = "192.0.2.9/24";
  const foreign = { "fd00:1::1": "2001:db8::2/64", "192.0.2.1": ipv4 };
  assert.deepEqual(order(foreign), ["192.0.2.1", "fd00:1::1"]);
  // RFC 6724 2.1 has their precedence below IPv4's: glibc's table has it above.
  const own = { "fd00:1::1": "fd00:1::2/64", "192.0.2.1": ipv4 };
  assert.deepEqual(order(own), ["192.0.2.1", "fd00:1::1"]);
});

test("equal destinations keep their order", () => {
  const ipv4 = ["198.51.100.9", "203.0.113.7", "198.51.100.2", "203.0.113.1"];
  const pairs = Object.fromEntries(ipv4.map((address) => [address, "192.0.2.9/24"]));
  assert.deepEqual(order(pairs), ipv4);
  const near = { "198.51.100.9": "192.0.2.9/24", "192.0.2.200": "192.0.2.9/24" };
  assert.deepEqual(order(near), ["192.0.2.200", "198.51.100.9"]);
  // Of one network the interface identifier says nothing (RFC 6724 2.2).
  const pairs6 = { "2001:db8::9": "2001:db8::8/64", "2001:db8::8:1": "2001:db8::8/64" };
  assert.deepEqual(order(pairs6), Object.keys(pairs6));
});

test("gai.conf replaces tables", () => {
  const pairs = { "2001:db8::1": "2001:db8::2/64", "192.0.2.1": "192.0.2.9/24" };
  assert.deepEqual(order(pairs), ["2001:db8::1", "192.0.2.1"]);
  const ipv4First = parsePolicy("# a comment\nprecedence ::ffff:0:0/96  100\nreload yes\n");
  assert.deepEqual(order(pairs, ipv4First), ["192.0.2.1", "2001:db8::1"]);
  // What the file does not cover has 40; of a kind it does not speak of the defaults stay.
  assert.equal(ipv4First.precedence(bytes("::1")), 40);
  assert.equal(ipv4First.label(bytes("fd00::1")), 13);
  const labels = parsePolicy("label 2001:db8::/32 9\nlabel ::/0 3\nscopev4 192.0.2.0/24 5\n");
  assert.equal(labels.label(bytes("2001:db8::1")), 9);
  assert.equal(labels.label(bytes("::1")), 3);
  assert.equal(labels.ipv4Scope(bytes("::ffff:192.0.2.1")), 5);
  assert.equal(labels.ipv4Scope(bytes("::ffff:127.0.0.1")), 14);
});

test("a gai.conf that makes no sense changes nothing", () => {
  for (
    const line of [
      ...["precedence", "precedence ::/0", "precedence x 1", "precedence ::/129 1", "label ::/ 1"],
      ...[
        "precedence 192.0.2.0/33 1",
        "precedence ::%1/0 1",
        "label ::/0 -1",
        "label ::/0 x",
        "\0",
      ],
    ]
  ) {
    const own = parsePolicy(line);
    for (const address of ["::1", "2001:db8::1", "::ffff:192.0.2.1", "fd00::1"]) {
      assert.equal(own.precedence(bytes(address)), policy.precedence(bytes(address)), line);
      assert.equal(own.label(bytes(address)), policy.label(bytes(address)), line);
    }
  }
});
