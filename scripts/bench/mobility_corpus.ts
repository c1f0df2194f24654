/**
 * The mobility messages that are parsed and built: what a correspondent, a home agent and a mobile node exchange, each
 * with its options.
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import { parseAddress } from "../../lib/ip/address.ts";
import { buildMobility, type MobilityMessageInit, sealMobility } from "../../lib/mobility/mod.ts";

const SOURCE = "2001:db8:7777::1";
const DESTINATION = "2001:db8:8888::1";

const bytes = (length: number, first: number) =>
  Uint8Array.from({ length }, (_, i) => first + i & 0xff);
const authorization = {
  name: "binding-authorization-data",
  authenticator: bytes(12, 0xa1),
} as const;
const nonces = { name: "nonce-indices", homeNonceIndex: 10, careOfNonceIndex: 11 } as const;
const flags = { acknowledge: true };

/** One round of return routability, a home registration, and what may go wrong. */
const MESSAGES: readonly MobilityMessageInit[] = [
  { type: "HoTI", cookie: bytes(8, 1) },
  { type: "CoTI", cookie: bytes(8, 11) },
  { type: "HoT", nonceIndex: 10, cookie: bytes(8, 1), keygenToken: bytes(8, 0x31) },
  { type: "CoT", nonceIndex: 11, cookie: bytes(8, 11), keygenToken: bytes(8, 0x41) },
  { type: "BU", sequence: 4660, flags, lifetimeSeconds: 420, options: [nonces, authorization] },
  { type: "BA", status: 0, sequence: 4660, lifetimeSeconds: 420, options: [authorization] },
  {
    type: "BU",
    sequence: 7,
    flags: { acknowledge: true, homeRegistration: true, linkLocal: true, keyManagement: true },
    lifetimeSeconds: 262140,
    options: [{ name: "alternate-care-of-address", careOfAddress: "2001:db8:5555::9" }],
  },
  {
    type: "BA",
    status: 0,
    flags: { keyManagement: true },
    sequence: 7,
    lifetimeSeconds: 3600,
    options: [{ name: "binding-refresh-advice", refreshIntervalSeconds: 1800 }],
  },
  { type: "BU", sequence: 8, flags, lifetimeSeconds: 0 },
  { type: "BA", status: 135, sequence: 255, lifetimeSeconds: 0 },
  { type: "BRR" },
  { type: "BE", status: 1, homeAddress: "2001:db8:9999::1" },
];

/** The messages as bytes, with their checksums. */
export function corpus(): Uint8Array[] {
  return MESSAGES.map((message) => sealMobility(SOURCE, DESTINATION, buildMobility(message)));
}

/** Writes the messages, each behind its length in two bytes, for the programs that measure. */
export function writeCorpus(path: string): void {
  const parts = corpus().flatMap((
    message,
  ) => [message.length >> 8, message.length & 0xff, ...message]);
  writeFileSync(path, Uint8Array.from(parts));
}

/** Writes a capture (pcap-savefile(5), LINKTYPE_RAW) of so many packets around them. */
export function writeCapture(path: string, count: number): void {
  const packets = corpus().map((message) =>
    Uint8Array.from([
      ...[0x60, 0, 0, 0, message.length >> 8, message.length & 0xff, 135, 64],
      ...parseAddress(SOURCE)!.bytes,
      ...parseAddress(DESTINATION)!.bytes,
      ...message,
    ])
  );
  const size = packets.reduce((sum, packet) => sum + 16 + packet.length, 0);
  const file = new Uint8Array(24 + size * Math.ceil(count / packets.length));
  const view = new DataView(file.buffer);
  [0xa1b2c3d4, 2 | 4 << 16, 0, 0, 0xffff, 101].forEach((word, i) =>
    view.setUint32(4 * i, word, true)
  );
  let at = 24;
  for (let i = 0; i < count; i++) {
    const packet = packets[i % packets.length]!;
    view.setUint32(at, i, true);
    view.setUint32(at + 8, packet.length, true);
    view.setUint32(at + 12, packet.length, true);
    file.set(packet, at + 16);
    at += 16 + packet.length;
  }
  writeFileSync(path, file.subarray(0, at));
}
