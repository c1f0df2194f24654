/**
 * What the kernel says beside data: addresses, control messages, filters. Also what programs under `mif exec` have in
 * the place of an address.
 *
 * @module
 */

import assert from "node:assert/strict";
import { decodeControl, encodeControl } from "../../../lib/socket/control.ts";
import { icmp6Filter, readIcmp6Filter } from "../../../lib/socket/options.ts";
import { decodeSockaddr, encodeSockaddr, SockaddrDecoder } from "../../../lib/socket/sockaddr.ts";
import { type FuzzTarget, hex } from "../target.ts";

const remembering = new SockaddrDecoder();

/** Those of this room. */
export const targets: FuzzTarget[] = [
  {
    name: "sockaddr",
    seeds: () => [
      encodeSockaddr({ address: "192.0.2.1", port: 7 }, 2),
      encodeSockaddr({ address: "fe80::1", port: 443, scopeId: 3 }, 10),
      hex("0000"),
    ],
    read: (bytes) => {
      const address = decodeSockaddr(bytes);
      const length = Math.min(bytes.length, 28);
      assert.deepEqual(
        remembering.decode(bytes, 0, bytes.length),
        decodeSockaddr(bytes.subarray(0, length)),
      );
      if (address !== null && !(address.family === 6 && address.address.startsWith("fe80"))) {
        const { family, ...init } = address;
        assert.deepEqual(decodeSockaddr(encodeSockaddr(init, family === 4 ? 2 : 10)), address);
      }
      return address;
    },
    words: ["0200", "0a00", "fe80", "ffff"].map(hex),
    growth: 64,
  },
  {
    name: "control-messages",
    seeds: () => [
      encodeControl([
        { name: "IPV6_PKTINFO", address: "2001:db8::1", interface: 2 },
        { name: "IPV6_HOPLIMIT", value: 255 },
        { name: "IPV6_RTHDR", bytes: hex("3a00 0400 00000000") },
      ]),
      encodeControl([
        { name: "IP_PKTINFO", interface: 1, source: "192.0.2.1", destination: "192.0.2.2" },
        { name: "IP_TOS", value: 4 },
        { name: "unknown", level: 1000, type: 2, data: hex("0102") },
      ]),
      // SO_TIMESTAMPNS and IPV6_PATHMTU are only received.
      hex("2000000000000000 01000000 23000000 0100000000000000 0200000000000000"),
      hex(
        "3000000000000000 29000000 3d000000 0a000000 00000000 20010db8000000000000000000000001" +
          "00000000 00050000",
      ),
    ],
    read: (bytes) => {
      const messages = decodeControl(bytes, (bytes[bytes.length - 1]! & 1) === 1);
      assert.ok(messages.length <= bytes.length / 16);
      return messages;
    },
    words: ["1000000000000000", "29000000", "32000000", "34000000", "39000000"].map(hex),
  },
  {
    name: "icmp6-filter",
    seeds: () => [icmp6Filter({ pass: [134] }), icmp6Filter({ block: [135, 136] })],
    read: (bytes) => {
      const filter = readIcmp6Filter(bytes);
      const passing = Array.from({ length: 256 }, (_, type) => type).filter(filter.passes);
      assert.deepEqual(icmp6Filter({ pass: passing }), bytes);
      return passing;
    },
    refuses: (error) => error instanceof RangeError,
  },
];
