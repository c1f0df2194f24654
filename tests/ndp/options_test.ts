import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { formatAddress } from "../../lib/ip/address.ts";
import { parseOption, splitOptions } from "../../lib/ndp/options.ts";
import { fuzzed } from "../fuzz.ts";
import { routerAdvertisementOptions } from "../lab/mod.ts";

const hex = (text: string) =>
  Uint8Array.from(text.replace(/\s/g, "").match(/../g)!, (b) => parseInt(b, 16));

describe("parseOption() reads the layouts of the RFCs", () => {
  test("Prefix Information, RFC 4861 4.6.2", () => {
    const option = parseOption(
      hex("03 04 40 c0 00000708 00000384 00000000 20010db8000100000000000000000000"),
    );
    assert.ok(option?.name === "prefix-information");
    assert.equal(formatAddress(option.prefix), "2001:db8:1::");
    assert.deepEqual(
      [option.prefixLength, option.onLink, option.autonomous],
      [64, true, true],
    );
    assert.deepEqual([option.validLifetimeSeconds, option.preferredLifetimeSeconds], [1800, 900]);
  });

  test("Source Link-layer Address, RFC 4861 4.6.1", () => {
    assert.deepEqual(parseOption(hex("01 01 020000000101")), {
      name: "source-link-layer-address",
      address: hex("020000000101"),
    });
  });

  test("MTU, RFC 4861 4.6.4", () => {
    assert.deepEqual(parseOption(hex("05 01 0000 00000578")), { name: "mtu", mtu: 1400 });
  });

  test("Route Information in each of its lengths, RFC 4191 2.3", () => {
    const prefix = "20010db800700000";
    const cases: [string, number, string][] = [
      ["18 01 00 08 00000258", 0, "::"],
      [`18 02 30 08 00000258 ${prefix}`, 48, "2001:db8:70::"],
      [`18 03 30 08 00000258 ${prefix} 0000000000000000`, 48, "2001:db8:70::"],
      [`18 03 80 08 00000258 ${prefix} 0000000000000001`, 128, "2001:db8:70::1"],
    ];
    for (const [bytes, prefixLength, address] of cases) {
      const option = parseOption(hex(bytes));
      assert.ok(option?.name === "route-information", bytes);
      assert.deepEqual(
        [option.prefixLength, option.preference, option.lifetimeSeconds],
        [prefixLength, "high", 600],
      );
      assert.equal(formatAddress(option.prefix), address);
    }
    for (const [flags, preference] of [["00", "medium"], ["18", "low"], ["e7", "medium"]]) {
      const option = parseOption(hex(`18 01 00 ${flags} 00000258`));
      assert.ok(option?.name === "route-information");
      assert.equal(option.preference, preference);
    }
  });

  test("RDNSS with two servers, RFC 8106 5.1", () => {
    assert.deepEqual(
      parseOption(
        hex(
          "19 05 0000 000004b0 20010db8000000000000000000000053 fe800000000000000000000000000001",
        ),
      ),
      { name: "rdnss", lifetimeSeconds: 1200, addresses: ["2001:db8::53", "fe80::1"] },
    );
  });

  test("DNSSL with two domains and padding, RFC 8106 5.2", () => {
    assert.deepEqual(
      parseOption(
        hex("1f 04 0000 0000000a 03 4f6e65 07 6578616d706c65 00 01 61 00 0000000000000000"),
      ),
      { name: "dnssl", lifetimeSeconds: 10, domains: ["one.example", "a"] },
    );
  });

  test("Captive-Portal, RFC 8910 2.3", () => {
    const uri = new TextEncoder().encode("https://portal.example/api");
    const bytes = new Uint8Array(32);
    bytes.set([37, 4]);
    bytes.set(uri, 2);
    assert.deepEqual(parseOption(bytes), {
      name: "captive-portal",
      uri: "https://portal.example/api",
    });
  });

  test("PREF64 with each Prefix Length Code, RFC 8781 4.1", () => {
    for (const [code, length] of [96, 64, 56, 48, 40, 32].entries()) {
      const option = parseOption(
        hex(`26 02 07 0${(8 | code).toString(16)} 0064ff9b ffffffff ffffffff`),
      );
      assert.ok(option?.name === "pref64");
      assert.deepEqual([option.prefixLength, option.lifetimeSeconds], [length, 0x708]);
    }
    assert.equal(parseOption(hex("26 02 07 0e 0064ff9b 00000000 00000000")), null, "code 6");
  });
});

test("parseOption() refuses what the RFCs' lengths forbid", () => {
  const bad = {
    "empty": "",
    "zero length": "19 00 0000 00000000",
    "length past the end": "19 03 0000 00000000",
    "length short of the end": "1901 0000 00000000 0000000000000000",
    "PIO of three units": "0303 40c0 00000000 00000000 00000000 0000000000000000",
    "PIO with prefix length 129": "0304 81c0 00000000 00000000 00000000 " + "00".repeat(16),
    "RDNSS of an even length": "1902 0000 00000000 0000000000000000",
    "MTU of two units": "0502 0000 00000578 0000000000000000",
    "RIO with prefix length 129": "1803 8100 00000258 " + "00".repeat(16),
    "RIO of four units": "1804 0000 00000258 " + "00".repeat(24),
    "RIO too short for its prefix": "1802 4100 00000258 20010db800700000",
    "RIO without its prefix": "1801 0100 00000258",
    "RIO with the reserved preference": "1801 0010 00000258",
    "RDNSS with a multicast server": "1903 0000 00000258 ff020000000000000000000000000002",
    "RDNSS with the unspecified address": "1903 0000 00000258 " + "00".repeat(16),
    "RDNSS without server": "1901 0000 00000000",
    "DNSSL with a compression pointer": "1f02 0000 0000000a c000 000000000000",
    "DNSSL whose label runs out": "1f02 0000 0000000a 3f 61616161616161",
    "DNSSL without end": "1f02 0000 0000000a 07 61616161616161",
    "DNSSL with a dot in a label": "1f02 0000 0000000a 03 612e62 00 000000",
    "DNSSL with a control character": "1f02 0000 0000000a 03 611b62 00 000000",
    "DNSSL without domain": "1f02 0000 0000000a 0000000000000000",
    "captive portal with an escape sequence": "2501 1b5b326d0000",
    "captive portal without URI": "2501 000000000000",
    "unknown type": "fe01 000000000000",
    "PvD option, which is read elsewhere": "1501 000000000000",
  };
  for (const [name, bytes] of Object.entries(bad)) {
    assert.equal(parseOption(bytes === "" ? new Uint8Array(0) : hex(bytes)), null, name);
  }
});

test("splitOptions() stops at an option of zero length or past the end", () => {
  const lengths = (bytes: string) => [...splitOptions(hex(bytes))].map((option) => option.length);
  assert.deepEqual(lengths("0101 000000000000 0502 " + "00".repeat(14)), [8, 16]);
  assert.deepEqual(lengths("0101 000000000000 0500 000000000000"), [8]);
  assert.deepEqual(lengths("0101 000000000000 0502 000000000000"), [8]);
  assert.deepEqual(lengths("01010000000000"), []);
});

test("what the lab's own builder writes reads back", () => {
  const parts = routerAdvertisementOptions({
    prefixes: [{ prefix: "2001:db8:5::/64", preferredSeconds: 7, validSeconds: 8 }],
    rdnss: [{ servers: ["2001:db8::1", "fe80::2"] }],
    dnssl: [{ domains: ["five.example"] }],
    captivePortal: "https://p.example/",
    pref64: { prefix: "64:ff9b::/96" },
  });
  const bytes = Uint8Array.from(parts.flatMap((part) => [...part]));
  const names = [...splitOptions(bytes)].map((option) => parseOption(option)?.name);
  for (const name of ["prefix-information", "rdnss", "dnssl", "captive-portal", "pref64"]) {
    assert.ok(names.includes(name as never), `${name} in ${names}`);
  }
});

test("no bytes make parseOption() throw, hang or give more than they hold", () => {
  const options = fc.tuple(
    fc.constantFrom(1, 3, 5, 24, 25, 31, 37, 38, 21),
    fc.uint8Array({ maxLength: 120 }),
  )
    .map(([type, body]) => {
      const bytes = new Uint8Array(Math.ceil((body.length + 2) / 8) * 8);
      bytes.set([type, bytes.length / 8]);
      bytes.set(body, 2);
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(options, fc.uint8Array({ maxLength: 2048 })), (bytes) => {
      const option = parseOption(bytes);
      if (option) assert.ok(JSON.stringify(option).length < 400 + bytes.length * 8);
      for (const part of splitOptions(bytes)) assert.ok(part.length >= 8);
    }),
    fuzzed,
  );
});
