// Interface identifiers: what RFC 7217 and RFC 5453 ask of them.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { LinkRecord } from "../../ffi/layout.gen.ts";
import { formatAddress, parseAddress } from "../../lib/ip/address.ts";
import {
  type IdentifierInput,
  modifiedEui64,
  stableIdentifier,
} from "../../lib/route/interface_identifier.ts";
import { identifierMaker, noteDuplicate } from "../../lib/route/own_identifier.ts";
import type { PvdInfo } from "../../mod.ts";
import { fuzzed } from "../fuzz.ts";

const MAC = Uint8Array.of(2, 0, 0, 0, 0x0a, 0x0a);
const SECRET = new TextEncoder().encode("0123456789abcdef0123456789abcdef");
const prefixOf = (text: string) => parseAddress(text)!.bytes.slice(0, 8);
const INPUT: IdentifierInput = {
  prefix: prefixOf("2001:db8:1::"),
  interface: MAC,
  network: "foo.example",
  dadCounter: 0,
  secret: SECRET,
};

describe("stableIdentifier()", () => {
  test("is the same for the same input, and the last bytes of an HMAC of all of it", () => {
    const hmac = createHmac("sha256", SECRET)
      .update(INPUT.prefix).update(Uint8Array.of(6)).update(MAC).update("foo.example\0").update("0")
      .digest();
    assert.deepEqual(stableIdentifier(INPUT), new Uint8Array(hmac.subarray(24)));
    assert.deepEqual(stableIdentifier(INPUT), stableIdentifier({ ...INPUT }));
  });

  test("is another where anything is", () => {
    const others: Partial<IdentifierInput>[] = [
      { prefix: prefixOf("2001:db8:2::") },
      { interface: MAC.with(5, 0x0b) },
      { network: "bar.example" },
      { dadCounter: 1 },
      { secret: SECRET.with(0, 0x31) },
    ];
    const all = [{}, ...others].map((change) => stableIdentifier({ ...INPUT, ...change }).join());
    assert.equal(new Set(all).size, all.length);
  });

  test("is never a reserved one (RFC 5453)", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 32 }), fc.nat({ max: 3 }), (secret, dadCounter) => {
        const identifier = stableIdentifier({ ...INPUT, secret, dadCounter });
        assert.equal(identifier.length, 8);
        const text = formatAddress(Uint8Array.of(...prefixOf("2001:db8::"), ...identifier));
        assert.doesNotMatch(text, /^2001:db8::$|:fdff:ffff:ffff:ff[89a-f].$|:200:5eff:fe/);
      }),
      fuzzed,
    );
  });
});

test("modifiedEui64() is RFC 2464 4, for 6 bytes of one station", () => {
  const hex = (text: string) => Uint8Array.from(text.match(/../g)!, (byte) => parseInt(byte, 16));
  // The RFC's own example.
  assert.deepEqual(modifiedEui64(hex("34567890abcd")), hex("365678fffe90abcd"));
  assert.equal(modifiedEui64(hex("0100000000ff")), null, "a group");
  assert.equal(modifiedEui64(new Uint8Array(0)), null);
  assert.equal(modifiedEui64(new Uint8Array(8)), null);
});

describe("identifierMaker()", () => {
  const link = (change: Partial<LinkRecord> = {}) => {
    const name = new Uint8Array(16);
    name.set(new TextEncoder().encode("h0"));
    const hardwareAddress = new Uint8Array(20);
    hardwareAddress.set(MAC);
    const plain = { index: 2, name, hardwareAddress, hardwareAddressLength: 6 };
    return { ...plain, ...change } as LinkRecord;
  };
  const pvd = { id: "foo.example", interface: { name: "h0", index: 2 } } as PvdInfo;
  const prefix = prefixOf("2001:db8:77::");

  test("with a secret: of RFC 7217, another one after each duplicate, and after three none", () => {
    const make = identifierMaker([link()], SECRET);
    const made: string[] = [];
    for (let identifier = make(prefix, pvd); identifier; identifier = make(prefix, pvd)) {
      const address = formatAddress(Uint8Array.of(...prefix, ...identifier));
      assert.ok(!made.includes(address));
      made.push(address);
      noteDuplicate(address);
    }
    assert.equal(made.length, 4, "the first, and IDGEN_RETRIES");
    assert.ok(make(prefixOf("2001:db8:78::"), pvd), "in another prefix nothing is taken");
  });

  test("without a secret: of the hardware address, once", () => {
    const make = identifierMaker([link()], null);
    assert.deepEqual(make(prefix, pvd), Uint8Array.of(0, 0, 0, 0xff, 0xfe, 0, 0x0a, 0x0a));
    noteDuplicate("2001:db8:77::ff:fe00:a0a");
    assert.equal(make(prefix, pvd), null);
  });

  test("a link without hardware address goes by its name, or has none", () => {
    const bare = link({ hardwareAddressLength: 0 });
    assert.equal(identifierMaker([bare], SECRET)(prefixOf("2001:db8:79::"), pvd)?.length, 8);
    assert.equal(identifierMaker([bare], null)(prefix, pvd), null);
    assert.equal(identifierMaker([], SECRET)(prefix, pvd), null);
  });
});
