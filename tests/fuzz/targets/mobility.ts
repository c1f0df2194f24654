/**
 * Mobile IPv6: messages, the headers in front of them and whole packets, from anybody.
 *
 * @module
 */

import assert from "node:assert/strict";
import { MifError } from "../../../lib/error.ts";
import {
  buildDestinationOptions,
  parseDestinationOptions,
} from "../../../lib/mobility/destination_options.ts";
import { extensionOptions, nextExtensionOption } from "../../../lib/mobility/inet6_opt.ts";
import { inet6_rth_getaddr, inet6_rth_segments } from "../../../lib/mobility/inet6_rth.ts";
import { parseIpv6Packet } from "../../../lib/mobility/ipv6_packet.ts";
import { buildMobility } from "../../../lib/mobility/build_mobility.ts";
import { buildMobilityIcmp, parseMobilityIcmp } from "../../../lib/mobility/mobility_icmp.ts";
import { findMobility } from "../../../lib/mobility/packet.ts";
import { parseMobility } from "../../../lib/mobility/parse_mobility.ts";
import { readCaptured } from "../../../lib/mobility/received.ts";
import { buildRoutingHeader, parseRoutingHeader } from "../../../lib/mobility/routing_header.ts";
import { validateMobility } from "../../../lib/mobility/validate_mobility.ts";
import { vectors } from "../../mobility/vectors.ts";
import { type FuzzTarget, hex } from "../target.ts";

const packets = ["ipv6", "fuzz"].flatMap((layer) => vectors(layer)).map(({ bytes }) => bytes);
const carried = packets.map((bytes) => parseIpv6Packet(bytes));
const isMalformed = (error: unknown) => error instanceof MifError && error.code === "EBADMSG";
const addresses = { source: "2001:db8::1", destination: "2001:db8::2" };

/** Those of this room. */
export const targets: FuzzTarget[] = [
  {
    name: "mobility-message",
    seeds: () => carried.filter(({ protocol }) => protocol === 135).map(({ payload }) => payload),
    read: (bytes) => {
      const verdict = validateMobility(bytes, { ...addresses, checksumVerified: true });
      const message = parseMobility(bytes);
      const again = bytes.slice();
      again.fill(0, 4, 6);
      assert.deepEqual(buildMobility(message), again);
      if (verdict.ok) assert.deepEqual(parseMobility(bytes, { strict: true }), message);
      assert.deepEqual(parseMobility(bytes, { copy: true }), message);
      return message;
    },
    refuses: isMalformed,
    words: ["0100", "0310", "0404", "050c", "0202", "3b03", "3b0106"].map(hex),
    // Each byte may be padding of its own.
    growth: 128,
  },
  {
    name: "destination-options",
    seeds: () => [
      hex("8702 0102 0000 c910 20010db8000000000000000000000001"),
      hex("3b03 2a0c 11223344 0102030405060708 0101 00 2b07 01133101020304 01020000"),
      hex("1104 0100 c910 20010078000100320000000000000001 c910 20010078"),
    ],
    read: (bytes) => {
      const step = nextExtensionOption(bytes);
      if (step.state === "option") assert.ok(step.next <= bytes.length);
      const header = parseDestinationOptions(bytes);
      const built = buildDestinationOptions(header);
      assert.deepEqual(built, bytes.slice(0, built.length));
      const isWhole = header.options.at(-1)?.name !== "truncated";
      if (isWhole) assert.ok([...extensionOptions(bytes)].length <= header.options.length);
      return header;
    },
    refuses: isMalformed,
    words: ["c910", "0102", "8702"].map(hex),
    growth: 128,
  },
  {
    name: "routing-header",
    seeds: () => [
      hex("8702 0201 00000000 20010db8000000000000000000000001"),
      hex("3b04 0002 00000000 20010db8000000000000000000000001 20010db8000000000000000000000002"),
      hex("3b02 0401 00000000 20010db8000000000000000000000001"),
    ],
    read: (bytes) => {
      const segments = inet6_rth_segments(bytes);
      assert.ok((inet6_rth_getaddr(bytes, segments - 1) !== null) === segments > 0);
      const header = parseRoutingHeader(bytes);
      const built = buildRoutingHeader(header);
      assert.deepEqual(built, bytes.slice(0, built.length));
      assert.equal(segments >= 0, header.name !== "unknown" && header.name !== "malformed");
      return header;
    },
    refuses: isMalformed,
    words: ["8702", "0201", "0002"].map(hex),
  },
  {
    name: "mobility-icmp",
    seeds: () => carried.filter(({ protocol }) => protocol === 58).map(({ payload }) => payload),
    read: (bytes) => {
      const message = parseMobilityIcmp(bytes, { draft2003: true });
      const again = parseMobilityIcmp(buildMobilityIcmp(message), { draft2003: true });
      assert.deepEqual(again, { ...message, checksum: 0 });
      return message;
    },
    refuses: isMalformed,
    words: ["90", "91", "92", "93", "0304", "0701", "0801"].map(hex),
  },
  {
    name: "ipv6-packet",
    seeds: () => packets,
    read: (bytes) => {
      const packet = parseIpv6Packet(bytes);
      assert.ok(packet.offset + packet.payload.length <= bytes.length);
      assert.ok(packet.headers.length <= bytes.length / 8);
      return packet;
    },
    refuses: isMalformed,
    words: ["3c40", "2b40", "2c40", "3340", "8740", "c910", "3b01"].map(hex),
    growth: 128,
  },
  {
    name: "mobility-in-packet",
    seeds: () => packets,
    read: (bytes) => {
      const found = findMobility(bytes, 0, bytes.length, true);
      if (found === null) return null;
      assert.ok(found.header + 40 <= found.start && found.start <= found.end);
      assert.ok(found.end <= bytes.length && found.outerHeader <= found.header);
      for (const at of [found.homeAddress, found.finalDestination]) {
        assert.ok(at === -1 || (at >= 8 && at + 16 <= bytes.length), `${at}`);
      }
      return readCaptured(found, 1, { checksumVerified: false });
    },
    words: ["3c40", "2b40", "8740", "c910", "3b01", "29", "2c", "60"].map(hex),
    growth: 128,
  },
];
