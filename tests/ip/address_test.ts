import assert from "node:assert/strict";
import { isIP } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import {
  formatAddress,
  isLinkLocal,
  isLoopback,
  isMulticast,
  networkOf,
  parseAddress,
  parsePrefix,
  prefixContains,
} from "../../lib/ip/address.ts";
import { fuzzed } from "../fuzz.ts";

const bytesOf = (text: string) => parseAddress(text)!.bytes;

test("formatAddress() writes RFC 5952's own examples as it says", () => {
  const examples: [string, string][] = [
    ["2001:0db8::0001", "2001:db8::1"], // 4.1
    ["2001:db8:0:0:0:0:2:1", "2001:db8::2:1"], // 4.2.1
    ["2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"], // 4.2.2
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"], // 4.2.3
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"], // 4.2.3
    ["2001:DB8::A", "2001:db8::a"], // 4.3
    ["0:0:0:0:0:0:0:0", "::"],
    ["1:0:0:0:0:0:0:0", "1::"],
    ["::ffff:192.0.2.1", "::ffff:192.0.2.1"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
    ["192.0.2.1", "192.0.2.1"],
  ];
  for (const [text, canonical] of examples) {
    assert.equal(formatAddress(bytesOf(text)), canonical, text);
  }
});

test("parseAddress() refuses what inet_pton(3) refuses", () => {
  const bad = [
    ..."127.1 1.2.3 1.2.3.4.5 256.1.1.1 01.2.3.4 1.2.3.-4 0x7f.0.0.1 1..2.3".split(" "),
    ...": ::: 1::2::3 1:2:3:4:5:6:7 1:2:3:4:5:6:7:8:9 12345::1 g::1 ::1.2.3 1.2.3.4::".split(" "),
    ...":1 1: fe80::1% ::1/64 ::1%a%b\u0000 1:2:3:4:5:6:7::8:9".split(" "),
    "",
    " ::1",
    "::1\n",
    ":".repeat(100_000),
  ];
  for (const text of bad) assert.equal(parseAddress(text), null, JSON.stringify(text.slice(0, 40)));
});

test("parseAddress() gives the zone apart, and IPv4 has none", () => {
  assert.equal(parseAddress("fe80::1%eth0.5")?.zone, "eth0.5");
  assert.equal(parseAddress("fe80::1")?.zone, null);
  assert.equal(parseAddress("192.0.2.1%eth0"), null);
});

test("text and bytes go round, for any address", () => {
  const addresses = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    // Many zeros, where the compression is.
    fc.array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 }).map((bytes) =>
      Uint8Array.from(bytes)
    ),
  );
  fc.assert(
    fc.property(addresses, (bytes) => {
      const text = formatAddress(bytes);
      assert.deepEqual([...bytesOf(text)], [...bytes], text);
      assert.equal(isIP(text), bytes.length === 4 ? 4 : 6, text);
      // The URL parser is an independent judge of IPv6 text; it writes the mapped form in hexadecimal.
      if (bytes.length === 16 && !text.includes(".")) {
        assert.equal(new URL(`http://[${text}]/`).hostname, `[${text}]`);
      }
    }),
    fuzzed,
  );
});

test("parseAddress() agrees with node:net on any text of address characters", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(..."0123456789abf:."), maxLength: 24 }),
      (text) => {
        assert.equal(parseAddress(text)?.family ?? 0, isIP(text), text);
      },
    ),
    fuzzed,
  );
});

test("networkOf() and prefixContains() agree bit by bit", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.integer({ min: 0, max: 128 }),
      (a, b, length) => {
        const bits = (bytes: Uint8Array) =>
          [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("").slice(0, length);
        assert.equal(prefixContains(a, length, b), bits(a) === bits(b));
        assert.ok(prefixContains(networkOf(a, length), length, a));
      },
    ),
    fuzzed,
  );
  assert.equal(prefixContains(bytesOf("10.0.0.0"), 8, bytesOf("::1")), false);
});

test("parsePrefix() cuts to the network and refuses bad lengths", () => {
  const prefix = parsePrefix("10.1.2.3/15")!;
  assert.equal(`${formatAddress(prefix.bytes)}/${prefix.prefixLength}`, "10.0.0.0/15");
  assert.equal(parsePrefix("::/0")?.family, 6);
  for (const text of ["10.0.0.0/33", "::/129", "::/", "::", "::/01", "::/-1", "fe80::1%a/64"]) {
    assert.equal(parsePrefix(text), null, text);
  }
});

test("the kinds of addresses are told apart at their edges", () => {
  assert.ok(isLinkLocal(bytesOf("fe80::1")) && isLinkLocal(bytesOf("febf:ffff::1")));
  assert.ok(!isLinkLocal(bytesOf("fec0::1")) && !isLinkLocal(bytesOf("fe7f::1")));
  assert.ok(isLinkLocal(bytesOf("169.254.0.1")) && !isLinkLocal(bytesOf("169.253.0.1")));
  assert.ok(isLoopback(bytesOf("::1")) && isLoopback(bytesOf("127.9.9.9")));
  assert.ok(!isLoopback(bytesOf("::2")) && !isLoopback(bytesOf("1::1")));
  assert.ok(isMulticast(bytesOf("ff02::1")) && isMulticast(bytesOf("239.0.0.1")));
  assert.ok(!isMulticast(bytesOf("240.0.0.1")));
});
