import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  buildDestinationOptions,
  buildMobility,
  buildRoutingHeader,
  homeAddressOf,
  type MobilityMessage,
  type MobilityMessageInit,
  parseDestinationOptions,
  parseIpv6Packet,
  parseMobility,
  parseRoutingHeader,
  sealMobility,
  validateMobility,
  verifyMobility,
} from "../../lib/mobility/mod.ts";
import { fuzzed } from "../fuzz.ts";
import { Random } from "../random.ts";
import { randomMessage } from "./random_message.ts";
import { hex, toHex } from "./vectors.ts";

const built = (message: MobilityMessageInit) => toHex(buildMobility(message));

describe("buildMobility() aligns and pads", () => {
  const bu = { type: "BU", sequence: 1, lifetimeSeconds: 4 } as const;
  const head = (length: string) => `3b${length}0500000000010000` + "0001";
  const address = "20010db8000000000000000000000001";
  const altCoA = { name: "alternate-care-of-address", careOfAddress: "2001:db8::1" } as const;
  const nonces = { name: "nonce-indices", homeNonceIndex: 10, careOfNonceIndex: 11 } as const;
  const authorization = {
    name: "binding-authorization-data",
    authenticator: hex("a1a2a3a4a5a6a7a8a9aaabac"),
  } as const;

  test("a message without options, to 8 bytes (RFC 6275 6.1.7)", () => {
    assert.equal(built(bu), head("01") + "01020000");
    assert.equal(built({ type: "BRR" }), "3b00000000000000");
  });

  test("each option of RFC 6275 6.2", () => {
    assert.equal(built({ ...bu, options: [altCoA] }), head("03") + "01000310" + address);
    assert.equal(
      built({ ...bu, options: [nonces, authorization] }),
      head("03") + "0404000a000b" + "050ca1a2a3a4a5a6a7a8a9aaabac",
    );
    assert.equal(
      built({ ...bu, options: [authorization] }),
      head("03") + "010400000000" + "050ca1a2a3a4a5a6a7a8a9aaabac",
    );
    assert.equal(
      built({ ...bu, options: [altCoA, nonces, authorization] }),
      head("06") + "01000310" + address + "0404000a000b" + "01020000" +
        "050ca1a2a3a4a5a6a7a8a9aaabac",
    );
    assert.equal(
      built({
        type: "BA",
        status: 0,
        sequence: 1,
        lifetimeSeconds: 4,
        options: [{ name: "binding-refresh-advice", refreshIntervalSeconds: 7200 }],
      }),
      "3b010600000000000001000102020708",
    );
  });

  test("others by what their documents say", () => {
    const option = (type: number, length: number) => ({
      ...bu,
      options: [{ type, name: "unknown" as const, data: new Uint8Array(length).fill(0xdd) }],
    });
    // Mobile Network Prefix at 8n+4, authentication at 4n+1, replay protection at 8n+2, identifier anywhere.
    assert.match(built(option(6, 18)), /^.{24}0612(dd){18}$/);
    assert.match(built(option(9, 5)), /^.{24}00(0905)(dd){5}0102/);
    assert.match(built(option(10, 8)), /^.{24}0104000000000a08(dd){8}01020000$/);
    assert.match(built(option(8, 3)), /^.{24}0803dddddd01050000000000$/);
  });

  test("one Pad1 for a byte, one PadN for more", () => {
    const bytes = built({ ...bu, options: [{ type: 200, name: "unknown", data: hex("00") }] });
    assert.equal(bytes, head("01") + "c80100" + "00");
  });

  test("padding that is given stays, and what is missing is added", () => {
    const padding = { name: "padn", data: hex("0102") } as const;
    assert.equal(built({ ...bu, options: [padding] }), head("01") + "01020102");
    assert.equal(
      built({ ...bu, options: [padding, altCoA] }),
      head("04") + "01020102" + "010400000000" + "0310" + address,
    );
    assert.equal(
      built({ ...bu, options: [{ name: "pad1" }, { name: "pad1" }, altCoA] }),
      head("03") + "00000310" + address,
    );
  });

  test("as given, nothing is added", () => {
    const options = [altCoA, { name: "padn", data: new Uint8Array(0) }] as const;
    assert.equal(
      built({ ...bu, padding: "given", options }),
      head("03") + "0310" + address + "0100",
    );
    assert.throws(() => buildMobility({ ...bu, padding: "given", options: [altCoA] }), {
      name: "RangeError",
      message: /byte 30, which is no multiple of 8/,
    });
  });

  test("flags by name count before those by number", () => {
    const flagsOf = (message: MobilityMessageInit) => buildMobility(message).slice(8, 10);
    const flags = { acknowledge: true, homeRegistration: false };
    assert.deepEqual(flagsOf({ ...bu, flags }), hex("8000"));
    assert.deepEqual(flagsOf({ ...bu, flags, rawFlags: 0x7fff }), hex("bfff"));
    assert.deepEqual(flagsOf({ ...bu, rawFlags: 0x0123 }), hex("0123"));
    assert.deepEqual(
      flagsOf({ ...bu, flags: { linkLocal: true, keyManagement: true } }),
      hex("3000"),
    );
    const ba = { type: "BA", status: 1, sequence: 2, lifetimeSeconds: 0 } as const;
    assert.equal(buildMobility({ ...ba, flags: { keyManagement: true }, rawFlags: 0x42 })[7], 0xc2);
    assert.equal(
      buildMobility({ ...ba, flags: { keyManagement: false }, rawFlags: 0xff })[7],
      0x7f,
    );
  });

  test("addresses as bytes too", () => {
    const homeAddress = hex(address);
    const bytes = built({ type: "BE", status: 1, homeAddress });
    assert.equal(bytes, built({ type: "BE", status: 1, homeAddress: "2001:DB8::1" }));
    assert.equal(bytes, "3b0207000000" + "0100" + address);
  });

  test("the longest message, and one that is longer", () => {
    const data = new Uint8Array(255);
    const option = { type: 200, name: "unknown", data } as const;
    const options = [...Array(7).fill(option), { ...option, data: new Uint8Array(227) }];
    const bytes = buildMobility({ ...bu, options });
    assert.equal(bytes.length, 2048 - 8);
    const longest = [...Array(7).fill(option), { ...option, data: new Uint8Array(235) }];
    assert.equal(buildMobility({ ...bu, options: longest }).length, 2048);
    assert.throws(
      () => buildMobility({ ...bu, options: [...longest, { name: "pad1" }] }),
      RangeError,
    );
    assert.throws(() => buildMobility({ ...bu, options: Array(8).fill(option) }), RangeError);
    // What failed has left nothing behind.
    assert.equal(built(bu), head("01") + "01020000");
  });
});

test("buildMobility() refuses what is no message, and says what", () => {
  const bu = { type: "BU", sequence: 1, lifetimeSeconds: 4 };
  const cookie = new Uint8Array(8);
  const cases: [unknown, ErrorConstructor, RegExp][] = [
    [{ ...bu, type: "XX" }, TypeError, /no mobility message is of type XX/],
    [{ ...bu, mhType: 6 }, TypeError, /mhType of a BU is 5, not 6/],
    [{ ...bu, sequence: 0x10000 }, RangeError, /sequence/],
    [{ ...bu, sequence: -1 }, RangeError, /sequence/],
    [{ ...bu, sequence: "1" }, TypeError, /sequence/],
    [{ ...bu, sequence: undefined }, TypeError, /sequence/],
    [{ ...bu, lifetimeSeconds: 6 }, RangeError, /lifetimeSeconds must be a multiple of 4/],
    [{ ...bu, lifetimeSeconds: 262144 }, RangeError, /lifetimeSeconds/],
    [{ ...bu, lifetimeSeconds: -4 }, RangeError, /lifetimeSeconds/],
    [{ ...bu, lifetimeSeconds: NaN }, RangeError, /lifetimeSeconds/],
    [{ ...bu, lifetimeSeconds: undefined }, TypeError, /lifetimeSeconds/],
    [{ ...bu, rawFlags: 0x10000 }, RangeError, /rawFlags/],
    [{ ...bu, payloadProto: 256 }, RangeError, /payloadProto/],
    [{ ...bu, reserved: 256 }, RangeError, /reserved/],
    [{ ...bu, trailing: [1] }, TypeError, /trailing/],
    [{ type: "HoTI" }, TypeError, /cookie/],
    [{ type: "HoTI", cookie: new Uint8Array(7) }, RangeError, /cookie must be 8 bytes, not 7/],
    [{ type: "HoT", cookie, nonceIndex: 1 }, TypeError, /keygenToken/],
    [{ type: "HoT", cookie, keygenToken: cookie }, TypeError, /nonceIndex/],
    [{ type: "BE", status: 1, homeAddress: "192.0.2.1" }, TypeError, /homeAddress/],
    [{ type: "BE", status: 1, homeAddress: "fe80::1%eth0" }, TypeError, /homeAddress/],
    [{ type: "BE", status: 1, homeAddress: new Uint8Array(4) }, TypeError, /16 bytes, not 4/],
    [{ type: "BE", status: 256, homeAddress: "::" }, RangeError, /status/],
    [{ type: "unknown", mhType: 13, data: new Uint8Array(3) }, RangeError, /8n\+2/],
    [{ type: "unknown", mhType: 256, data: new Uint8Array(2) }, RangeError, /mhType/],
    [{ type: "unknown", mhType: 13 }, TypeError, /data/],
    [{ ...bu, options: [{ name: "nonce" }] }, TypeError, /no option named nonce/],
    [{ ...bu, options: [{ name: "nonce-indices", type: 5 }] }, TypeError, /no option named/],
    [{ ...bu, options: [{ name: "unknown", type: 1, data: cookie }] }, RangeError, /padding/],
    [{ ...bu, options: [{ name: "unknown", data: cookie }] }, TypeError, /type of an option/],
    [
      { ...bu, options: [{ name: "unknown", type: 9, data: new Uint8Array(256) }] },
      RangeError,
      /255/,
    ],
    [
      {
        ...bu,
        options: [
          { name: "binding-authorization-data", authenticator: cookie },
          { name: "nonce-indices", homeNonceIndex: 1, careOfNonceIndex: 1 },
        ],
      },
      RangeError,
      /must be the last option, before nonce-indices/,
    ],
  ];
  for (const [message, type, said] of cases) {
    assert.throws(() => buildMobility(message as MobilityMessageInit), (error: Error) => {
      assert.ok(error instanceof type, `${JSON.stringify(message)}: ${error}`);
      assert.match(error.message, said);
      return true;
    });
  }
});

describe("parseMobility()", () => {
  test("gives a plain object", () => {
    const bytes = hex("3b03050257621234d0f000690404000a000b050c489e7b6f1f72cec2256c76eb");
    assert.deepEqual(parseMobility(bytes), {
      type: "BU",
      mhType: 5,
      payloadProto: 59,
      reserved: 2,
      checksum: 0x5762,
      sequence: 0x1234,
      flags: { acknowledge: true, homeRegistration: true, linkLocal: false, keyManagement: true },
      rawFlags: 0xd0f0,
      lifetimeSeconds: 420,
      options: [
        { type: 4, name: "nonce-indices", homeNonceIndex: 10, careOfNonceIndex: 11 },
        {
          type: 5,
          name: "binding-authorization-data",
          authenticator: hex("489e7b6f1f72cec2256c76eb"),
        },
      ],
    });
    assert.deepEqual(parseMobility(hex("3b01060000008880ffff" + "0001" + "01020000")), {
      type: "BA",
      mhType: 6,
      payloadProto: 59,
      reserved: 0,
      checksum: 0,
      status: 0x88,
      statusName: "Expired home nonce index",
      flags: { keyManagement: true },
      rawFlags: 0x80,
      sequence: 0xffff,
      lifetimeSeconds: 4,
      options: [{ type: 1, name: "padn", data: hex("0000") }],
    });
    assert.deepEqual(parseMobility(hex("3a000d0012340001")), {
      type: "unknown",
      mhType: 13,
      mhTypeName: "Heartbeat",
      payloadProto: 58,
      reserved: 0,
      checksum: 0x1234,
      data: hex("0001"),
    });
  });

  test("has views of what was read, or bytes of its own", () => {
    const bytes = hex("3b020300000000010102030405060708" + "1112131415161718");
    const message = parseMobility(bytes, { copy: true });
    const view = parseMobility(bytes);
    bytes.fill(0xee, 8);
    assert.ok(message.type === "HoT" && view.type === "HoT");
    assert.equal(toHex(message.cookie), "0102030405060708");
    assert.equal(toHex(view.cookie), "ee".repeat(8));
  });

  test("makes the same of a Buffer", () => {
    const bytes = hex(
      "3b0403000000000101020304050607081112131415161718" + "0101000102000000" + "0000000000000000",
    );
    const buffer = Buffer.concat([Buffer.from("xx"), bytes]).subarray(2);
    for (const copy of [false, true]) {
      const message = parseMobility(buffer, { copy });
      assert.deepEqual(message, parseMobility(bytes));
      if (!copy) continue;
      buffer.fill(0xee);
      assert.deepEqual(message, parseMobility(bytes));
    }
    const header = Buffer.from("3b001e0400000000", "hex");
    assert.deepEqual(
      parseDestinationOptions(header),
      parseDestinationOptions(new Uint8Array(header)),
    );
    const routing = Buffer.from("3b00040000000000", "hex");
    assert.deepEqual(parseRoutingHeader(routing), parseRoutingHeader(new Uint8Array(routing)));
  });

  test("what stands behind the header is kept apart", () => {
    const bytes = hex("3b00000000000000" + "c0ffee");
    const message = parseMobility(bytes);
    assert.deepEqual(message.trailing, hex("c0ffee"));
    assert.deepEqual(buildMobility(message), bytes);
    assert.equal(parseMobility(bytes.subarray(0, 8)).trailing, undefined);
  });

  test("refuses what is shorter than it says, or than its type", () => {
    const cases: [string, RegExp][] = [
      ["", /0 bytes are too few/],
      ["3b000000000000", /7 bytes are too few/],
      ["3b01050000000000", /of its 16 bytes 8 are there/],
      ["3b00050000000000", /a BU: its Header Len is 0/],
      ["3b010700000000000000000000000000", /a BE: its Header Len is 1/],
      ["3b000100000000ff", /a HoTI: its Header Len is 0/],
    ];
    for (const [bytes, said] of cases) {
      for (const strict of [false, true]) {
        assert.throws(() => parseMobility(hex(bytes), { strict }), {
          name: "MifError",
          code: "EBADMSG",
          errno: 74,
          syscall: "parseMobility",
          message: said,
        });
      }
    }
    assert.throws(() => parseMobility("3b" as unknown as Uint8Array), TypeError);
  });

  test("keeps malformed options, and refuses them where it is strict", () => {
    const cases: [string, string, RegExp][] = [
      ["3b010500000000010000" + "0001" + "0304aabb", "truncated", /option-truncated/],
      ["3b010500000000010000" + "0001" + "01010003", "truncated", /option-truncated/],
      ["3b010500000000010000" + "0001" + "0402000a", "malformed", /option-length/],
      ["3b010500000000010000" + "0001" + "05000000", "malformed", /option-length/],
      ["3b010500000000010000" + "0001" + "00020000", "malformed", /option-length/],
    ];
    for (const [bytes, name, said] of cases) {
      const message = parseMobility(hex(bytes));
      assert.ok(message.type === "BU");
      assert.ok(message.options.some((option) => option.name === name), bytes);
      assert.equal(toHex(buildMobility(message)), bytes);
      assert.throws(() => parseMobility(hex(bytes), { strict: true }), {
        code: "EBADMSG",
        message: said,
      });
      assert.equal(parseMobility(hex(bytes), { options: false, strict: true }).type, "BU");
    }
    assert.throws(
      () => parseMobility(hex("3a00000000000000"), { strict: true }),
      /Payload Proto is 58/,
    );
  });

  test("says where options do not lie as they should", () => {
    // Nonce Indices at an odd offset, and authorization data in front of another option.
    const odd = "3b020500000000010000" + "0001" + "00" + "0404000a000b" +
      "01030000000000".slice(0, 10);
    const front = "3b040500000000010000" + "0001" + "010400000000" + "050c" + "aa".repeat(12) +
      "0404000a000b" + "0000";
    for (const bytes of [odd, front]) {
      const message = parseMobility(hex(bytes));
      assert.ok(message.type === "BU");
      assert.equal(message.padding, "given");
      assert.equal(toHex(buildMobility(message)), bytes);
      assert.throws(() => parseMobility(hex(bytes), { strict: true }), { code: "EBADMSG" });
    }
    const good = parseMobility(hex("3b010500000000010000" + "0001" + "01020000"));
    assert.ok(!("padding" in good));
  });
});

describe("validateMobility(), in RFC 6275 9.2's order", () => {
  const source = "2001:db8::1";
  const destination = "2001:db8::2";
  const verdict = (
    bytes: string,
    context: Partial<Parameters<typeof validateMobility>[1]> = {},
    checksum = true,
  ) => {
    const all = { source, destination, ...context };
    const sealed = hex(bytes);
    if (checksum && sealed.length >= 8) {
      sealMobility(all.homeAddress ?? all.source, destination, sealed);
    }
    return validateMobility(sealed, all);
  };
  const drop = (fault: string) => ({ ok: false, action: "drop", code: null, pointer: null, fault });
  const problem = (fault: string, pointer: number) => ({
    ok: false,
    action: "parameter-problem",
    code: 0,
    pointer,
    fault,
  });

  test("1: the checksum, over the home address where there is one", () => {
    assert.deepEqual(verdict("3b00000000000000"), { ok: true });
    assert.deepEqual(verdict("3b00000012340000", {}, false), drop("checksum"));
    assert.deepEqual(verdict("3b00000012340000", { checksumVerified: true }, false), { ok: true });
    const homeAddress = "2001:db8:9::1";
    const bytes = hex("3b010500000000010000" + "0001" + "01020000");
    sealMobility(homeAddress, destination, bytes);
    assert.deepEqual(validateMobility(bytes, { source, destination, homeAddress }), { ok: true });
    assert.deepEqual(validateMobility(bytes, { source, destination }), drop("checksum"));
    // All that follows is wrong too, and nobody is told.
    assert.deepEqual(verdict("11ff630012340000" + "00".repeat(2040), {}, false), drop("checksum"));
    assert.deepEqual(verdict(""), drop("too-short"));
    assert.deepEqual(verdict("3b0000000000"), drop("too-short"));
    assert.deepEqual(verdict("3b01000000000000"), drop("too-short"));
  });

  test("2: the type", () => {
    const unknown = {
      ok: false,
      action: "binding-error",
      code: 2,
      pointer: null,
      fault: "unknown-type",
    };
    assert.deepEqual(verdict("3b000d0000000000"), unknown);
    assert.deepEqual(verdict("1100080000000000"), unknown);
    assert.deepEqual(verdict("3b000d0000000000", { knownTypes: [13] }), { ok: true });
    assert.deepEqual(
      verdict("11000d0000000000", { knownTypes: [13] }),
      problem("payload-proto", 0),
    );
  });

  test("3: Payload Proto", () => {
    assert.deepEqual(verdict("1100050000000000"), problem("payload-proto", 0));
    assert.deepEqual(verdict("1100050000000000", { offset: 64 }), problem("payload-proto", 64));
  });

  test("4: Header Len", () => {
    const least = [0, 1, 1, 2, 2, 1, 1, 2];
    for (const [type, length] of least.entries()) {
      const bytes = (n: number) => `3b0${n}0${type}0000000000` + "00".repeat(8 * n);
      assert.deepEqual(verdict(bytes(length)), { ok: true }, `${type}`);
      if (length === 0) continue;
      assert.deepEqual(verdict(bytes(length - 1), { offset: 40 }), problem("header-length", 41));
    }
  });

  test("a test init with a home address option is ignored", () => {
    for (const type of [1, 2]) {
      const bytes = `3b010${type}0000000000` + "00".repeat(8);
      assert.deepEqual(
        verdict(bytes, { homeAddress: "2001:db8:9::1" }),
        drop("home-address-option"),
      );
      assert.deepEqual(verdict(bytes, { homeAddress: null }), { ok: true });
    }
  });

  test("options: how they lie, and where they may be", () => {
    const bu = "010500000000010000" + "0001";
    const nonces = "0404000a000b";
    const authorization = "050c" + "aa".repeat(12);
    const cases: [string, string | null][] = [
      [`3b03${bu.slice(2)}${nonces}${authorization}`, null],
      [`3b01${bu.slice(2)}03100000`, "option-truncated"],
      [`3b01${bu.slice(2)}04020000`, "option-length"],
      [`3b02${bu.slice(2)}00${nonces}0103000000`, "option-alignment"],
      [`3b03${bu.slice(2)}${authorization}010400000000`, "option-alignment"],
      [`3b04${bu.slice(2)}010400000000${authorization}0106000000000000`, "authorization-not-last"],
      [`3b02${bu.slice(2)}${nonces}010400000000`, "nonce-indices-without-authorization"],
      [`3b03050000000001400000` + `01${nonces}${authorization}`, "nonce-indices-to-home-agent"],
      // Refresh advice in a Binding Update, and each of the others where RFC 6275 has it not.
      [`3b01${bu.slice(2)}02020001`, "option-not-allowed"],
      [`3b01000000000000` + `0202000100000000`, "option-not-allowed"],
      [`3b03000000000000` + `010400000000` + `0310${"00".repeat(16)}`, "option-not-allowed"],
      [`3b0206000000000000010001${nonces}010400000000`, "option-not-allowed"],
      [`3b0306000000000000010001010400000000${authorization}`, null],
      [`3b03070000000000${"00".repeat(16)}02020001` + `00000000`, "option-not-allowed"],
      [`3b02000000000000` + `0000${authorization}`, "option-not-allowed"],
    ];
    for (const [bytes, fault] of cases) {
      assert.deepEqual(verdict(bytes), fault ? drop(fault) : { ok: true }, bytes);
      assert.deepEqual(verdict(bytes, { strict: false }), { ok: true }, bytes);
    }
  });
});

describe("the checksum's ends", () => {
  test("0 is sent as 0, and 0xffff is taken for it", () => {
    // What makes the sum of all words 0xffff.
    const bytes = hex("3b00000000000000");
    const checksum = sealMobility("::1", "::2", bytes.slice());
    bytes.set(checksum.subarray(4, 6), 6);
    const sealed = sealMobility("::1", "::2", bytes);
    assert.equal(toHex(sealed.subarray(4, 6)), "0000");
    assert.ok(verifyMobility("::1", "::2", sealed));
    sealed.set([0xff, 0xff], 4);
    assert.ok(verifyMobility("::1", "::2", sealed));
    sealed.set([0, 1], 4);
    assert.ok(!verifyMobility("::1", "::2", sealed));
  });

  test("what stands behind the header is not covered", () => {
    const message = sealMobility("::1", "::2", hex("3b00000000000000"));
    const more = new Uint8Array([...message, 1, 2, 3]);
    assert.ok(verifyMobility("::1", "::2", more));
    assert.throws(() => verifyMobility("::1", "::2", hex("3b00000000")), RangeError);
    assert.throws(() => verifyMobility("::1", "192.0.2.1", message), TypeError);
  });
});

describe("extension headers", () => {
  test("a home address option, and what is beside it", () => {
    const header = {
      nextHeader: 135,
      options: [
        { type: 30, name: "unknown", data: hex("01") },
        { type: 201, name: "home-address", homeAddress: "2001:db8::1" },
      ],
    } as const;
    const bytes = buildDestinationOptions(header);
    assert.equal(toHex(bytes), "87021e0101" + "00" + "c910" + "20010db8000000000000000000000001");
    const read = parseDestinationOptions(bytes, { strict: true });
    assert.equal(homeAddressOf(read), "2001:db8::1");
    assert.equal(homeAddressOf({ nextHeader: 59, options: [] }), null);
    assert.deepEqual(read.options.map(({ name }) => name), ["unknown", "pad1", "home-address"]);
    assert.throws(
      () => buildDestinationOptions({ options: [{ name: "home" } as never] }),
      TypeError,
    );
    assert.throws(
      () => buildDestinationOptions({ options: [{ name: "home-address", homeAddress: "::1%1" }] }),
      TypeError,
    );
  });

  test("are refused where they are strict", () => {
    const hao = "c910" + "20010db8000000000000000000000001";
    const cases = [
      "8702" + "00000000" + "c90f" + "00".repeat(16),
      "8702" + "0000" + hao + "0000",
      "8704" + "00000000" + hao.slice(0, 36) + "0104000000" + "00" + "ffffffffffffffffffff",
    ];
    assert.throws(() => parseDestinationOptions(hex(cases[0]!), { strict: true }), /malformed/);
    assert.throws(() => parseDestinationOptions(hex(cases[1]!), { strict: true }), /misaligned/);
    assert.throws(() => parseDestinationOptions(hex(cases[2]!), { strict: true }), /truncated/);
    const twice = buildDestinationOptions({
      options: [
        { name: "home-address", homeAddress: "::1" },
        { name: "home-address", homeAddress: "::2" },
      ],
    });
    assert.throws(() => parseDestinationOptions(twice, { strict: true }), /repeated/);
    assert.throws(() => parseDestinationOptions(hex("8701000000000000")), { code: "EBADMSG" });
    assert.throws(() => parseDestinationOptions(hex("")), { code: "EBADMSG" });
    assert.throws(() => parseRoutingHeader(hex("870202010000")), { code: "EBADMSG" });
    const header = hex("8702020200000000" + "00".repeat(16));
    assert.equal(parseRoutingHeader(header).name, "malformed");
    assert.throws(() => parseRoutingHeader(header, { strict: true }), { code: "EBADMSG" });
  });

  test("routing headers of each type", () => {
    const type2 = buildRoutingHeader({
      name: "type-2",
      nextHeader: 135,
      homeAddress: "2001:db8::1",
    });
    assert.equal(toHex(type2), "8702020100000000" + "20010db8000000000000000000000001");
    const type0 = buildRoutingHeader({
      name: "type-0",
      addresses: ["::1", "::2"],
      segmentsLeft: 1,
    });
    assert.equal(toHex(type0), "3b04000100000000" + "0".repeat(31) + "1" + "0".repeat(31) + "2");
    const segments = hex("3b02040100000000" + "00".repeat(16));
    const unknown = parseRoutingHeader(segments, { strict: true });
    assert.deepEqual([unknown.name, unknown.routingType], ["unknown", 4]);
    assert.deepEqual(buildRoutingHeader(unknown), segments);
    const many = Array(128).fill("::1");
    assert.throws(() => buildRoutingHeader({ name: "type-0", addresses: many }), RangeError);
  });

  test("a packet is not longer than it says, and may be shorter", () => {
    const message = "3b00000000000000";
    const addresses = "20010db8000000000000000000000001" + "20010db8000000000000000000000002";
    const packet = parseIpv6Packet(hex("6000000000088740" + addresses + message + "ffff"));
    assert.equal(toHex(packet.payload), message);
    assert.deepEqual([packet.protocol, packet.offset, packet.truncated], [135, 40, false]);
    const short = parseIpv6Packet(hex("6000000000088740" + addresses + message.slice(0, 8)));
    assert.equal(short.payload.length, 4);
    assert.ok(short.truncated);
    for (const bytes of ["", "60", "4000000000088740" + addresses, "60".repeat(39)]) {
      assert.throws(() => parseIpv6Packet(hex(bytes)), { code: "EBADMSG" });
    }
  });
});

describe("properties", () => {
  /** Bytes that look like messages: a true length more often than not, and options. */
  const bytes = fc.tuple(
    fc.constantFrom(59, 59, 59, 17),
    fc.option(fc.nat(255), { nil: null, freq: 4 }),
    fc.oneof(fc.nat(7), fc.nat(255)),
    fc.uint8Array({ minLength: 2, maxLength: 120 }),
  ).map(([proto, length, type, rest]) => {
    const units = Math.max(0, Math.floor((rest.length + 6) / 8) - 1);
    return Uint8Array.from([proto, length ?? units, type, 0, 0, 0, ...rest]);
  });
  const options = fc.array(
    fc.oneof(
      fc.constant([0]),
      fc.tuple(fc.nat(10), fc.uint8Array({ maxLength: 20 }))
        .map(([type, data]) => [type || 1, data.length, ...data]),
    ),
    { maxLength: 8 },
  ).map((all) => all.flat());
  const withOptions = fc.tuple(fc.constantFrom(0, 1, 3, 5, 6, 7), options).map(([type, list]) => {
    const at = [8, 16, 16, 24, 24, 12, 12, 24][type]!;
    const length = Math.ceil((at + list.length) / 8) * 8;
    const message = new Uint8Array(length);
    message.set([59, length / 8 - 1, type]);
    message.set(list, at);
    return message;
  });

  const survives = (bytes: Uint8Array) => {
    let message: MobilityMessage;
    try {
      message = parseMobility(bytes);
    } catch (error) {
      assert.equal((error as { code?: string }).code, "EBADMSG");
      assert.notEqual(
        validateMobility(bytes, { source: "::1", destination: "::2", checksumVerified: true }).ok,
        true,
      );
      return;
    }
    const rebuilt = buildMobility(message);
    const wanted = bytes.slice();
    wanted.fill(0, 4, 6);
    assert.equal(toHex(rebuilt), toHex(wanted));
    assert.deepEqual(parseMobility(rebuilt), { ...message, checksum: 0 });
    assert.deepEqual(parseMobility(bytes, { copy: true }), message);
    const { ok } = validateMobility(sealMobility("::1", "::2", wanted), {
      source: "::1",
      destination: "::2",
      knownTypes: [message.mhType],
    });
    // Whatever a validator takes, a strict parser reads.
    if (ok) assert.deepEqual(parseMobility(bytes, { strict: true }), message);
    if (message.type === "unknown") return;
    const strict = attempt(() => parseMobility(bytes, { strict: true }));
    assert.ok(strict || !ok);
    if (strict) assert.ok(!("padding" in message));
  };

  test("any bytes: what is read is built again byte for byte", () => {
    fc.assert(fc.property(bytes, survives), fuzzed);
    fc.assert(fc.property(withOptions, survives), fuzzed);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), survives), fuzzed);
  });

  test("any message: what is built is read again, and is strict", () => {
    const random = new Random();
    for (let i = 0; i < fuzzed.numRuns * 5; i++) {
      const init = randomMessage(random, { unknown: true });
      const bytes = buildMobility(init);
      const message = parseMobility(bytes, { strict: true });
      assert.equal(bytes.length % 8, 0);
      assert.deepEqual(buildMobility(message), bytes, `seed ${random.seed}, message ${i}`);
      if (message.type === "unknown") continue;
      const kept = message.options.filter(({ name }) => name !== "padn" && name !== "pad1");
      const given = ("options" in init ? init.options ?? [] : [])
        .map((option) => ({
          type: kept.find(({ name }) => name === option.name)?.type,
          ...option,
        }));
      assert.deepEqual(kept, given);
    }
  });

  test("any header of options or routing is built again", () => {
    fc.assert(
      fc.property(fc.nat(255), fc.nat(4), options, (nextHeader, units, list) => {
        const bytes = new Uint8Array(8 + 8 * units);
        bytes.set(list.slice(0, bytes.length - 2), 2);
        bytes[0] = nextHeader;
        bytes[1] = units;
        assert.deepEqual(buildDestinationOptions(parseDestinationOptions(bytes)), bytes);
        assert.deepEqual(buildRoutingHeader(parseRoutingHeader(bytes)), bytes);
      }),
      fuzzed,
    );
  });

  test("any packet is read or is none", () => {
    const headers = fc.array(
      fc.tuple(
        fc.constantFrom(0, 43, 60, 135, 59, 44),
        fc.nat(2),
        fc.uint8Array({ maxLength: 24 }),
      ),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(headers, fc.nat(80), fc.uint8Array({ maxLength: 60 }), (chain, length, end) => {
        const body = chain.flatMap(([, units, data], i) => {
          const bytes = new Uint8Array(8 + 8 * units);
          bytes.set(data.subarray(0, bytes.length - 2), 2);
          bytes.set([chain[i + 1]?.[0] ?? 135, units]);
          return [...bytes];
        });
        const head = [0x60, 0, 0, 0, 0, length, chain[0]?.[0] ?? 135, 64, ...new Uint8Array(32)];
        const bytes = Uint8Array.from([...head, ...body, ...end]);
        const packet = parseIpv6Packet(bytes);
        assert.ok(packet.offset + packet.payload.length <= bytes.length);
        assert.ok(packet.payload.length <= length);
        assert.equal(
          packet.truncated || packet.offset + packet.payload.length === 40 + length,
          true,
        );
      }),
      fuzzed,
    );
  });
});

function attempt<T>(run: () => T): T | null {
  try {
    return run();
  } catch {
    return null;
  }
}

test("a copy is one of a Buffer too, whose slice() is a view", () => {
  const bytes = Buffer.from("3b00630000000a0b", "hex");
  const message = parseMobility(bytes, { copy: true });
  const before = JSON.stringify(message);
  assert.equal(message.type, "unknown");
  bytes.fill(0xff);
  assert.equal(JSON.stringify(message), before);
});
