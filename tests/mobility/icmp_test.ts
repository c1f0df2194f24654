import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { formatAddress } from "../../lib/ip/address.ts";
import {
  buildMobilityIcmp,
  draft2003,
  parseIpv6Packet,
  parseMobilityIcmp,
  sealMobilityIcmp,
  verifyMobilityIcmp,
} from "../../lib/mobility/mod.ts";
import { fuzzed } from "../fuzz.ts";
import { type ExpectedPacket, hex, toHex, vectors } from "./vectors.ts";

describe("what Linux sent", () => {
  const rows = vectors<ExpectedPacket>("ipv6").filter(({ expected }) => expected.icmp6);
  assert.equal(rows.length, 4);
  for (const { name, bytes, expected, input } of rows) {
    test(name, () => {
      const { payload, source, destination, protocol } = parseIpv6Packet(bytes);
      const wanted = expected.icmp6!;
      assert.equal(protocol, 58);
      const message = parseMobilityIcmp(payload);
      assert.equal(message.icmpType, wanted.type);
      assert.equal(message.code, wanted.code);
      assert.equal(message.checksum, parseInt(wanted.checksum, 16));
      assert.equal(message.identifier, wanted.id);
      const last = message.type === "MPA" ? message.rawFlags : message.reserved;
      assert.equal(last, Number(wanted.reserved_or_flags));
      assert.equal(message.trailing, undefined);
      if (message.type === "HAADReply") assert.deepEqual(message.homeAgents, wanted.home_agents);
      if (message.type === "MPA") {
        assert.deepEqual(message.flags, { managed: true, other: false });
        const [option] = message.options;
        assert.ok(option?.name === "prefix-information");
        const { onLink, autonomous, routerAddress } = option;
        assert.equal(
          Number(onLink) << 7 | Number(autonomous) << 6 | Number(routerAddress) << 5,
          Number(wanted.prefix_info!.flags),
        );
        assert.deepEqual(
          [
            option.prefixLength,
            option.validLifetimeSeconds,
            option.preferredLifetimeSeconds,
            formatAddress(option.prefix),
          ],
          [
            wanted.prefix_info!.prefix_len,
            wanted.prefix_info!.valid,
            wanted.prefix_info!.preferred,
            wanted.prefix_info!.prefix,
          ],
        );
      }
      assert.equal(verifyMobilityIcmp(source, destination, payload), wanted.checksum_valid);
      const built = buildMobilityIcmp(message);
      assert.equal(toHex(built), toHex(input!));
      assert.equal(toHex(sealMobilityIcmp(source, destination, built)), toHex(payload));
      assert.equal(verifyMobilityIcmp(destination, "::1", payload), false);
    });
  }
});

test("all of an advertisement's options are read and built", () => {
  const message = {
    type: "MPA",
    identifier: 0xfffe,
    flags: { other: true },
    rawFlags: 0xa001,
    options: [
      {
        name: "prefix-information",
        prefixLength: 64,
        onLink: true,
        autonomous: true,
        routerAddress: true,
        validLifetimeSeconds: 86400,
        preferredLifetimeSeconds: 14400,
        prefix: hex("20010db8999900000000000000000001"),
      },
      { name: "advertisement-interval", intervalMs: 1500 },
      { name: "home-agent-information", preference: 10, lifetimeSeconds: 1800 },
      { name: "unknown", type: 253, bytes: hex("fd01010203040506") },
    ],
  } as const;
  const bytes = buildMobilityIcmp(message);
  assert.equal(
    toHex(bytes),
    "93000000fffee001" + "030440e0" + "00015180" + "00003840" + "00000000" +
      "20010db8999900000000000000000001" + "07010000000005dc" + "08010000000a0708" +
      "fd01010203040506",
  );
  assert.deepEqual(parseMobilityIcmp(bytes), {
    ...message,
    icmpType: 147,
    code: 0,
    checksum: 0,
    rawFlags: 0xe001,
    flags: { managed: true, other: true },
  });
});

test("the numbers of 2003 are read where they are asked for", () => {
  const names = ["HAADRequest", "HAADReply", "MPS", "MPA"];
  const { IPPROTO_MH: _, ...types } = draft2003;
  for (const [i, icmpType] of Object.values(types).entries()) {
    const bytes = hex(`${icmpType.toString(16)}00000000070000`);
    const message = parseMobilityIcmp(bytes, { draft2003: true });
    assert.deepEqual([message.type, message.icmpType], [names[i], icmpType]);
    assert.equal(toHex(buildMobilityIcmp(message)), toHex(bytes));
    assert.throws(() => parseMobilityIcmp(bytes), { code: "EBADMSG" });
    assert.equal(
      parseMobilityIcmp(hex(`${(144 + i).toString(16)}00000000070000`), {
        draft2003: true,
      }).type,
      names[i],
    );
  }
});

test("what is wrong is refused", () => {
  for (
    const bytes of [
      "",
      "90",
      "90000000000000",
      "80000000002a0000",
      "8f00000000000000",
      "9400000000000000",
    ]
  ) {
    assert.throws(() => parseMobilityIcmp(hex(bytes)), { name: "MifError", code: "EBADMSG" });
  }
  const refused = (message: unknown) => () =>
    buildMobilityIcmp(message as Parameters<typeof buildMobilityIcmp>[0]);
  assert.throws(refused({ type: "MPS" }), TypeError);
  assert.throws(refused({ type: "MPS", identifier: 0x10000 }), RangeError);
  assert.throws(refused({ type: "ECHO", identifier: 1 }), TypeError);
  assert.throws(
    refused({ type: "HAADReply", identifier: 1, homeAgents: ["192.0.2.1"] }),
    TypeError,
  );
  assert.throws(refused({ type: "MPA", identifier: 1, rawFlags: -1 }), RangeError);
  assert.throws(() => sealMobilityIcmp("::1", "fe80::1%eth0", new Uint8Array(8)), TypeError);
});

test("any bytes are read or refused, and nothing is lost but how options of Neighbor Discovery are padded", () => {
  const message = fc.tuple(fc.integer({ min: 143, max: 154 }), fc.uint8Array({ maxLength: 80 }))
    .map(([type, rest]) => Uint8Array.from([type, ...rest]));
  fc.assert(
    fc.property(message, (bytes) => {
      let read;
      try {
        read = parseMobilityIcmp(bytes, { draft2003: true });
      } catch (error) {
        assert.equal((error as { code?: string }).code, "EBADMSG");
        assert.ok(
          bytes.length < 8 || bytes[0] === 143 || (bytes[0]! > 147 && bytes[0]! < 150) ||
            bytes[0]! > 153,
        );
        return;
      }
      const built = buildMobilityIcmp(read);
      assert.deepEqual(parseMobilityIcmp(built, { draft2003: true }), { ...read, checksum: 0 });
      if (read.type === "MPA" && read.options.some(({ name }) => name !== "unknown")) return;
      bytes.fill(0, 2, 4);
      assert.equal(toHex(built), toHex(bytes));
    }),
    fuzzed,
  );
});
