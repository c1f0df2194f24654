// The PvD option: held against the bytes of RFC 8801 3.1, the lab's own builder, and hostile bytes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAddress } from "../../lib/ip/address.ts";
import { buildPvdOption, parsePvdOption } from "../../lib/ndp/pvd_option.ts";
import { option, pvdOption, routerAdvertisementOptions } from "../lab/mod.ts";

const hex = (text: string) =>
  Uint8Array.from(text.replace(/\s/g, "").match(/../g)!, (byte) => parseInt(byte, 16));

test("every field of RFC 8801 3.1", () => {
  const bytes = hex(
    "15 06 e005 0102 02 6162 07 6578616d706c65 00 000000000000" +
      "86 00 0000 40 d8 0258 00000000 00000001" +
      "05 01 0000 00000500",
  );
  const parsed = {
    name: "pvd" as const,
    id: "ab.example",
    httpInfo: true,
    legacy: true,
    delay: 5,
    sequence: 258,
    header: {
      hopLimit: 64,
      managed: true,
      other: true,
      homeAgent: false,
      preference: "low" as const,
      routerLifetimeSeconds: 600,
      reachableMs: 0,
      retransMs: 1,
    },
    options: [{ name: "mtu" as const, mtu: 1280 }],
  };
  assert.deepEqual(parsePvdOption(bytes), parsed);
  assert.deepEqual(buildPvdOption(parsed), bytes);
});

test("an ID is lower case and has no trailing dot; reserved bits and padding count for nothing", () => {
  const bytes = hex("15 03 1ff0 0000 03 507644 07 4578614d706c65 00 ffffffffff");
  const { options, header, ...name } = parsePvdOption(bytes)!;
  assert.deepEqual([options, header], [[], null]);
  assert.deepEqual(name, {
    name: "pvd",
    id: "pvd.example",
    httpInfo: false,
    legacy: false,
    delay: 0,
    sequence: 0,
  });
});

test("the type, code and checksum of the header inside count for nothing", () => {
  const parsed = (start: string) =>
    parsePvdOption(
      hex(`15 04 2000 0000 0161 00 00000000000000 ${start} 40 00 0708 00000000 00000000`),
    );
  const clean = parsed("86 00 0000");
  assert.equal(clean?.header?.routerLifetimeSeconds, 1800);
  for (const start of ["00 00 0000", "86 ff 0000", "86 00 beef"]) {
    assert.deepEqual(parsed(start), clean, start);
  }
});

test("options in it: known, unknown, none of its own type, without the malformed", () => {
  const inner = [
    ...routerAdvertisementOptions({ rdnss: [{ servers: ["2001:db8::53"] }] }),
    pvdOption({ id: "inner.example" }),
    option(25, new Uint8Array(6)),
    option(200, Uint8Array.of(7)),
  ];
  const parsed = parsePvdOption(pvdOption({ id: "outer.example", options: inner }))!;
  assert.deepEqual(parsed.options, [
    { name: "rdnss", lifetimeSeconds: 1800, addresses: ["2001:db8::53"] },
    { name: "unknown", type: 200, bytes: hex("c8 01 07 0000000000") },
  ]);
});

test("a malformed one is none", () => {
  const bad = {
    "empty": "",
    "another type": "1602 0000 0000 016100 00000000000000",
    "of no bytes": "1500 0000 0000 0000",
    "longer than it says": "1501 0000 0000 0161 00 00000000000000",
    "the root": "1501 0000 0000 0000",
    "an ID that runs out": "1501 0000 0000 0161",
    "a compressed ID": "1501 0000 0000 c006",
    "an ID with a dot in a label": "1502 0000 0000 03612e62 00 0000000000",
    "an ID with an escape sequence": "1502 0000 0000 031b5b6d 00 0000000000",
    "the name of an implicit PvD": "1503 0000 0000 0a 666538303a3a31256830 00 00000000000000",
    "an ID of 256 bytes": "1521 0000 0000" + `3f${"61".repeat(63)}`.repeat(4) + "00 00",
    "a header that does not fit": "1503 2000 0000 0161 00 00000000000000 00000000000000",
    "an option of zero length": "1503 0000 0000 0161 00 00000000000000 0500000000000000",
    "an option past its end": "1503 0000 0000 0161 00 00000000000000 0502000000000000",
  };
  for (const [what, bytes] of Object.entries(bad)) {
    assert.equal(parsePvdOption(bytes === "" ? new Uint8Array(0) : hex(bytes)), null, what);
  }
  const longest = `3f${"61".repeat(63)}`.repeat(3) + `3d${"61".repeat(61)}00`;
  const whole = hex(`1521 0000 0000 ${longest} 000000`);
  assert.equal(parsePvdOption(whole)!.id.length, 253);
});

test("what cannot be built says why", () => {
  const init = parsePvdOption(pvdOption({ id: "a.example" }))!;
  for (const id of ["", ".", "a..b", "a b", "fe80::1%h0", `${"a".repeat(64)}.b`]) {
    assert.throws(() => buildPvdOption({ ...init, id }), TypeError, id);
  }
  for (const change of [{ delay: 16 }, { delay: -1 }, { sequence: 65536 }]) {
    assert.throws(() => buildPvdOption({ ...init, ...change }), RangeError);
  }
  const prefix = parseAddress("2001:db8::")!.bytes;
  const options = Array.from({ length: 90 }, () => ({
    name: "route-information" as const,
    prefixLength: 128,
    preference: "medium" as const,
    lifetimeSeconds: 1,
    prefix,
  }));
  assert.throws(() => buildPvdOption({ ...init, options }), /2040/);
});
