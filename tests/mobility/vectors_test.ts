import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { upperLayerChecksum } from "../../lib/ip/checksum.ts";
import { parseAddress } from "../../lib/ip/address.ts";
import {
  buildDestinationOptions,
  buildMobility,
  buildRoutingHeader,
  type DestinationOption,
  mobilityChecksum,
  type MobilityMessage,
  type MobilityOption,
  parseDestinationOptions,
  parseIpv6Packet,
  parseMobility,
  parseRoutingHeader,
  sealMobility,
  validateMobility,
  verifyMobility,
} from "../../lib/mobility/mod.ts";
import {
  type ExpectedMessage,
  type ExpectedOption,
  type ExpectedPacket,
  hex,
  toHex,
  type Vector,
  VECTOR_COUNT,
  vectors,
} from "./vectors.ts";

const MH = 135;
const packets = vectors<ExpectedPacket>("ipv6");
const mobilityPackets = packets.filter(({ expected }) => expected.mh !== undefined);

/** The mobility message in a packet. */
const messageOf = ({ bytes }: Vector<ExpectedPacket>) => parseIpv6Packet(bytes).payload;

test("the fixture is whole", () => {
  assert.equal(VECTOR_COUNT, 92);
  assert.equal(packets.length, 57);
  assert.equal(mobilityPackets.length, 44);
});

describe("parseIpv6Packet() finds addresses, headers and message", () => {
  for (const { name, bytes, expected } of packets) {
    test(name, () => {
      const packet = parseIpv6Packet(bytes);
      assert.equal(packet.source, expected.src);
      assert.equal(packet.destination, expected.dst);
      assert.equal(packet.protocol, expected.upper_proto);
      assert.equal(packet.checksumSource, expected.checksum_src);
      assert.equal(packet.checksumDestination, expected.checksum_dst);
      const wanted = [expected.hopopts, expected.rthdr, expected.dstopts].filter((each) => each);
      assert.equal(packet.headers.length, wanted.length);
      for (const [i, found] of packet.headers.entries()) {
        assert.equal(found.header.nextHeader, wanted[i]!.next_header);
        const raw = bytes.subarray(found.offset, found.offset + 8 + wanted[i]!.hdrlen * 8);
        if (found.name === "routing") {
          const { rthdr } = expected;
          assert.ok(found.header.name === "type-2" || found.header.name === "type-0");
          assert.equal(found.header.routingType, rthdr!.type);
          assert.equal(found.header.segmentsLeft, rthdr!.segleft);
          assert.equal(found.header.reserved, parseInt(rthdr!.reserved, 16));
          const addresses = found.header.name === "type-2"
            ? [found.header.homeAddress]
            : found.header.addresses;
          assert.deepEqual(addresses, rthdr!.addresses);
          assert.deepEqual(parseRoutingHeader(raw, { strict: true }), found.header);
          assert.equal(toHex(buildRoutingHeader(found.header)), toHex(raw));
        } else {
          assert.ok(found.name !== "fragment" && found.name !== "authentication");
          const options = (expected.hopopts ?? expected.dstopts)!.options;
          assertOptions(raw, 2, found.header.options, options);
          assert.equal(toHex(buildDestinationOptions(parseDestinationOptions(raw))), toHex(raw));
          assert.equal(
            throws(() => parseDestinationOptions(raw, { strict: true })),
            !expected.strict_rfc6275_ok && expected.mh === undefined,
          );
        }
      }
    });
  }
});

describe("parseMobility() and back", () => {
  for (const vector of mobilityPackets) {
    test(vector.name, () => {
      const bytes = messageOf(vector);
      const wanted = vector.expected.mh!;
      const message = parseMobility(bytes);
      assert.ok(message.type !== "unknown");
      assert.equal(message.payloadProto, wanted.payload_proto);
      assert.equal(message.mhType, wanted.mh_type);
      assert.equal(message.type, wanted.mh_name);
      assert.equal(message.reserved, wanted.reserved);
      assert.equal(message.checksum, parseInt(wanted.checksum, 16));
      assert.deepEqual(ownFields(message), expectedFields(wanted));
      const optionsAt = { BRR: 8, HoTI: 16, CoTI: 16, HoT: 24, CoT: 24, BU: 12, BA: 12, BE: 24 };
      assertOptions(bytes, optionsAt[message.type], message.options, wanted.options);

      const rebuilt = buildMobility(message);
      assert.equal(rebuilt.length, wanted.header_bytes);
      assert.equal(rebuilt[1], wanted.hdrlen);
      assert.equal(toHex(rebuilt), toHex(withoutChecksum(bytes)));
      assert.equal(
        throws(() => parseMobility(bytes, { strict: true })),
        !vector.expected.strict_rfc6275_ok,
      );
      // The kernel was given the same message without checksum.
      if (vector.input) assert.equal(toHex(rebuilt), toHex(vector.input));
    });
  }
});

describe("the checksum", () => {
  for (const vector of mobilityPackets) {
    test(vector.name, () => {
      const { checksum_src: source, checksum_dst: destination, mh } = vector.expected;
      const bytes = messageOf(vector);
      const correct = parseInt(mh!.checksum_correct, 16);
      assert.equal(mobilityChecksum(source, destination, bytes), correct);
      assert.equal(verifyMobility(source, destination, bytes), mh!.checksum_valid);
      const sealed = sealMobility(source, destination, bytes.slice());
      assert.equal(parseMobility(sealed).checksum, correct);
      assert.ok(verifyMobility(source, destination, sealed));
    });
  }
  for (const { name, bytes, expected } of packets) {
    const { upper_checksum_valid: valid } = expected;
    if (valid === undefined || expected.icmp6) continue;
    // A TCP or UDP message behind a home address option or a routing header.
    test(name, () => {
      const { payload, protocol, checksumSource, checksumDestination } = parseIpv6Packet(bytes);
      const field = protocol === 6 ? 16 : 6;
      const checksum = upperLayerChecksum(
        parseAddress(checksumSource)!.bytes,
        parseAddress(checksumDestination)!.bytes,
        protocol,
        payload,
        field,
      );
      assert.equal(checksum === (payload[field]! << 8 | payload[field + 1]!), valid);
    });
  }
});

describe("validateMobility()", () => {
  for (const vector of mobilityPackets) {
    test(vector.name, () => {
      const packet = parseIpv6Packet(vector.bytes);
      const context = {
        source: packet.source,
        destination: packet.checksumDestination,
        homeAddress: packet.homeAddress,
      };
      const verdict = validateMobility(packet.payload, context);
      if (!vector.expected.mh!.checksum_valid) {
        assert.deepEqual(verdict, {
          ok: false,
          action: "drop",
          code: null,
          pointer: null,
          fault: "checksum",
        });
      }
      const sealed = sealMobility(
        packet.checksumSource,
        packet.checksumDestination,
        packet.payload.slice(),
      );
      const { ok } = validateMobility(sealed, context);
      // Nonce Indices without authorization data: laid out well, and of no use (RFC 6275 6.2.6).
      const useless = vector.name === "tcpdump:ipv6_mobility_1.pcap#8";
      assert.equal(ok, vector.expected.strict_rfc6275_ok && !useless);
      assert.deepEqual(validateMobility(sealed, { ...context, strict: false }), { ok: true });
    });
  }
});

describe("malformed captures of tcpdump", () => {
  for (const { name, bytes } of vectors("fuzz")) {
    test(name, () => {
      const { payload, protocol } = parseIpv6Packet(bytes);
      for (const packet of [bytes, payload]) {
        for (let at = 0; at <= packet.length; at++) survives(packet.subarray(at));
        for (let length = 0; length <= packet.length; length++) {
          survives(packet.subarray(0, length));
        }
      }
      assert.ok([0x3e, MH, 58, 0x30].includes(protocol), `${protocol}`);
    });
  }
});

/** What reads bytes either reads them or says EBADMSG, and what it read can be written again. */
function survives(bytes: Uint8Array): void {
  const context = { source: "::1", destination: "::2", checksumVerified: true };
  const { ok } = validateMobility(bytes, context);
  const message = orMalformed(() => parseMobility(bytes));
  if (message) assert.equal(toHex(buildMobility(message)), toHex(withoutChecksum(bytes)));
  else assert.ok(!ok);
  const options = orMalformed(() => parseDestinationOptions(bytes));
  if (options) {
    const rebuilt = buildDestinationOptions(options);
    assert.equal(toHex(rebuilt), toHex(bytes.subarray(0, rebuilt.length)));
  }
  const routing = orMalformed(() => parseRoutingHeader(bytes));
  if (routing) {
    const rebuilt = buildRoutingHeader(routing);
    assert.equal(toHex(rebuilt), toHex(bytes.subarray(0, rebuilt.length)));
  }
}

function orMalformed<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    assert.equal((error as { code?: string }).code, "EBADMSG", String(error));
    return null;
  }
}

function throws(run: () => unknown): boolean {
  return orMalformed(() => (run(), true)) === null;
}

function withoutChecksum(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy.fill(0, 4, 6);
  return copy;
}

/** The message's own fields, under the vectors' names. */
function ownFields(message: Exclude<MobilityMessage, { type: "unknown" }>): unknown {
  switch (message.type) {
    case "BRR":
      return { reserved2: message.reserved2 };
    case "HoTI":
    case "CoTI":
      return { reserved2: message.reserved2, cookie: toHex(message.cookie) };
    case "HoT":
    case "CoT":
      return {
        nonce_index: message.nonceIndex,
        cookie: toHex(message.cookie),
        keygen: toHex(message.keygenToken),
      };
    case "BU": {
      const { acknowledge, homeRegistration, linkLocal, keyManagement } = message.flags;
      const named = [acknowledge, homeRegistration, linkLocal, keyManagement];
      assert.equal(parseInt(named.map(Number).join(""), 2), message.rawFlags >> 12);
      return {
        seqno: message.sequence,
        flags: message.rawFlags,
        lifetime_seconds: message.lifetimeSeconds,
      };
    }
    case "BA":
      assert.equal(message.flags.keyManagement, message.rawFlags >> 7 === 1);
      return {
        seqno: message.sequence,
        flags: message.rawFlags,
        lifetime_seconds: message.lifetimeSeconds,
        status: message.status,
      };
    case "BE":
      return {
        reserved2: message.reserved2,
        status: message.status,
        home_address: message.homeAddress,
      };
  }
}

/** The vectors' fields of a message, without those that every message has. */
function expectedFields(wanted: ExpectedMessage): unknown {
  const names = [
    "reserved2",
    "nonce_index",
    "cookie",
    "keygen",
    "seqno",
    "flags",
    "lifetime_seconds",
    "status",
    "home_address",
  ] as const;
  const entries = names.filter((name) => wanted[name] !== undefined)
    .map((name) => [name, name === "flags" ? Number(wanted[name]) : wanted[name]]);
  return Object.fromEntries(entries);
}

/** Options as the vectors have them, with their bytes at their place. */
function assertOptions(
  bytes: Uint8Array,
  at: number,
  options: readonly (MobilityOption | DestinationOption)[],
  wanted: readonly ExpectedOption[],
): void {
  assert.equal(options.length, wanted.length);
  for (const [i, option] of options.entries()) {
    const want = wanted[i]!;
    assert.equal(at, want.offset);
    if (want.error) {
      assert.equal(option.name, "truncated");
      break;
    }
    assert.equal(option.type, want.type);
    if (option.type === 0) {
      at++;
      continue;
    }
    assert.equal(toHex(bytes.subarray(at + 2, at + 2 + want.len!)), want.data);
    at += 2 + want.len!;
    switch (option.name) {
      case "binding-refresh-advice":
        assert.equal(option.refreshIntervalSeconds, want.refresh_interval! * 4);
        break;
      case "alternate-care-of-address":
        assert.equal(option.careOfAddress, want.addr);
        break;
      case "nonce-indices":
        assert.equal(option.homeNonceIndex, want.home_nonce);
        assert.equal(option.careOfNonceIndex, want.coa_nonce);
        break;
      case "binding-authorization-data":
        assert.equal(toHex(option.authenticator), want.authenticator);
        break;
      case "home-address":
        assert.equal(option.homeAddress, want.home_address);
        break;
      case "padn":
      case "unknown":
      case "malformed":
        assert.equal(toHex(option.data), want.data);
        // The vectors say nothing more of it, so it is none of those they know.
        assert.deepEqual(Object.keys(want).sort(), ["data", "len", "offset", "type"]);
        break;
      default:
        assert.fail(option.name);
    }
  }
}

test("hex()", () => {
  assert.equal(toHex(hex("0a ff")), "0aff");
});
