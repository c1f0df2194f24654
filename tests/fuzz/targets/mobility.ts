/**
 * Mobile IPv6: messages, extension headers and whole packets, from anybody.
 *
 * @module
 */

import assert from "node:assert/strict";
import { MifError } from "../../../lib/error.ts";
import { buildMobility } from "../../../lib/mobility/build_mobility.ts";
import {
  buildDestinationOptions,
  parseDestinationOptions,
} from "../../../lib/mobility/destination_options.ts";
import { extensionOptions, inet6_opt_next } from "../../../lib/mobility/inet6_opt.ts";
import {
  inet6_rth_getaddr,
  inet6_rth_reverse,
  inet6_rth_segments,
} from "../../../lib/mobility/inet6_rth.ts";
import { parseIpv6Packet } from "../../../lib/mobility/ipv6_packet.ts";
import { buildMobilityIcmp, parseMobilityIcmp } from "../../../lib/mobility/mobility_icmp.ts";
import { findMobility } from "../../../lib/mobility/packet.ts";
import { parseMobility } from "../../../lib/mobility/parse_mobility.ts";
import { readCaptured } from "../../../lib/mobility/received.ts";
import { buildRoutingHeader, parseRoutingHeader } from "../../../lib/mobility/routing_header.ts";
import { validateMobility } from "../../../lib/mobility/validate_mobility.ts";
import { vectors } from "../../mobility/vectors.ts";
import { type FuzzTarget, hex } from "../target.ts";

const refuses = (error: unknown) => error instanceof MifError && error.code === "EBADMSG";

const packets = () => vectors("ipv6").map(({ bytes }) => bytes);
const messages = () =>
  vectors("ipv6").flatMap(({ bytes }) => {
    const { protocol, payload } = parseIpv6Packet(bytes);
    return protocol === 135 ? [payload.slice()] : [];
  });
/** Extension headers of the recorded packets, each to the end of its packet. */
const headers = (name: string) =>
  vectors("ipv6").flatMap(({ bytes }) =>
    parseIpv6Packet(bytes).headers.filter((header) => header.name === name)
      .map(({ offset }) => bytes.slice(offset))
  );

/** The header's own bytes, which are what is built again. */
const own = (bytes: Uint8Array) => bytes.slice(0, bytes[1]! * 8 + 8);
const words = ["0104", "0300", "0210", "c910", "0000", "0102", "050c", "0404", "3b", "87"].map(hex);
const addresses = { source: "2001:db8::1", destination: "2001:db8::2" };

/** Those of this room. */
export const targets: FuzzTarget[] = [
  {
    name: "mobility-message",
    seeds: messages,
    read: (bytes) => {
      const verdict = validateMobility(bytes, { ...addresses, checksumVerified: true });
      const message = parseMobility(bytes);
      const expected = own(bytes).fill(0, 4, 6);
      assert.deepEqual(buildMobility(message).subarray(0, expected.length), expected);
      // Without a copy it reads the same.
      assert.deepEqual(parseMobility(bytes, { copy: false }), message);
      // What a receiver may use, a strict reader takes.
      if (verdict.ok) {
        const whole = own(bytes);
        assert.deepEqual(parseMobility(whole, { strict: true }), parseMobility(whole));
      }
      return { message, verdict };
    },
    refuses,
    words,
  },
  {
    name: "mobility-icmp",
    seeds: () =>
      vectors("ipv6").flatMap(({ bytes }) => {
        const { protocol, payload } = parseIpv6Packet(bytes);
        return protocol === 58 ? [payload.slice()] : [];
      }),
    read: (bytes) => {
      const message = parseMobilityIcmp(bytes, { draft2003: true });
      const again = parseMobilityIcmp(buildMobilityIcmp(message), { draft2003: true });
      assert.deepEqual(again, { ...message, checksum: 0 });
      return message;
    },
    refuses,
    words: ["90", "91", "92", "93", "0304", "1902", "0302"].map(hex),
  },
  {
    name: "destination-options",
    seeds: () => [...headers("destination-options"), ...headers("hop-by-hop-options")],
    read: (bytes) => {
      const header = parseDestinationOptions(bytes);
      assert.deepEqual(buildDestinationOptions(header), own(bytes));
      const walked = [...extensionOptions(bytes)];
      const offset = inet6_opt_next(bytes, bytes.length, 0);
      assert.equal(offset > 0, walked.length > 0);
      return { header, walked };
    },
    refuses,
    words,
  },
  {
    name: "routing-header",
    seeds: () => headers("routing"),
    read: (bytes) => {
      const header = parseRoutingHeader(bytes);
      assert.deepEqual(buildRoutingHeader(header), own(bytes));
      const count = inet6_rth_segments(bytes);
      assert.ok(count <= 127 && (count < 0 || inet6_rth_getaddr(bytes, count) === null));
      const reversed = new Uint8Array(bytes.length);
      if (inet6_rth_reverse(bytes, reversed) === 0) assert.equal(reversed[3], count);
      return header;
    },
    refuses,
    words: ["0200", "0201", "0000", "00ff", "0204"].map(hex),
  },
  {
    name: "ipv6-packet",
    seeds: packets,
    read: (bytes) => {
      const packet = parseIpv6Packet(bytes);
      assert.ok(packet.offset + packet.payload.length <= bytes.length);
      return packet;
    },
    refuses,
    words: [...words, ...["2b", "3c", "00", "29", "60"].map(hex)],
  },
  {
    name: "mobility-in-packet",
    seeds: packets,
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
    words: [...words, ...["2b", "3c", "00", "29", "60", "2c"].map(hex)],
  },
];
