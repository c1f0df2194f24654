import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  buildMobility,
  mobilityChecksum,
  type MobilityMessage,
  parseIpv6Packet,
  parseMobility,
  validateMobility,
  verifyMobility,
} from "../../lib/mobility/mod.ts";
import { judge, pythonSkip } from "../judge.ts";
import { Random } from "../random.ts";
import { randomPacket } from "./random_packet.ts";
import { hex, toHex } from "./vectors.ts";

const JUDGE = fileURLToPath(new URL("scapy_judge.py", import.meta.url));
const COUNT = 2000;

/** What the judge says of a packet. */
interface Judged {
  source: string;
  destination: string;
  homeAddress: string | null;
  /** Segments left and the addresses of a type 2 routing header. */
  routed: (number | string)[] | null;
  message: Record<string, unknown>;
  hdrlen: number;
  /** The checksum that the message should have. */
  right: number;
}

const skip = pythonSkip("scapy");
const random = new Random();

describe("scapy and we read the same", { skip }, () => {
  const packets = Array.from({ length: COUNT }, () => randomPacket(random, { unknown: true }));
  /** What is read of ours, and what is built: at once, for it takes seconds. */
  let read: Promise<string>, written: Promise<string>;
  before(() => {
    console.log(`scapy reads and builds packets of seed ${random.seed}`);
    read = judge(["python3", JUDGE, "read"], packets.map(toHex).join("\n") + "\n");
    written = judge(["python3", JUDGE, "write", `${random.seed}`, `${COUNT}`], "");
    // Whoever awaits it is told.
    written.catch(() => {});
  });

  test(`out of ${COUNT} packets of ours`, async () => {
    const judged = (await read).trim().split("\n").map((line) => JSON.parse(line) as Judged);
    assert.equal(judged.length, COUNT);
    for (const [i, bytes] of packets.entries()) {
      const label = `seed ${random.seed}, packet ${i}: ${toHex(bytes)}`;
      const { message, payload } = assertSame(bytes, judged[i]!, label);
      // We sealed it, and scapy's checksum is the same.
      assert.equal(message.checksum, judged[i]!.right, label);
      assert.ok(verifyMobility(judgedSource(judged[i]!), judgedDestination(judged[i]!), payload));
    }
  });

  test(`out of ${COUNT} packets of scapy's`, async () => {
    const lines = (await written).trim().split("\n");
    assert.equal(lines.length, COUNT);
    for (const [i, line] of lines.entries()) {
      const label = `seed ${random.seed}, packet ${i}: ${line}`;
      const blank = line.indexOf(" ");
      const judged = JSON.parse(line.slice(blank + 1)) as Judged;
      const bytes = hex(line.slice(0, blank));
      const { message, payload } = assertSame(bytes, judged, label);
      const source = judgedSource(judged);
      const destination = judgedDestination(judged);
      assert.equal(mobilityChecksum(source, destination, payload), message.checksum, label);
      const verdict = validateMobility(payload, {
        source: judged.source,
        destination,
        homeAddress: judged.homeAddress,
      });
      // scapy's messages are well formed, but it draws options as it likes.
      const fault = verdict.ok ? null : verdict.fault;
      const useless = [
        "home-address-option",
        "nonce-indices-without-authorization",
        "nonce-indices-to-home-agent",
      ];
      assert.ok(fault === null || useless.includes(fault), `${label}: ${fault}`);
      assert.deepEqual(parseMobility(payload, { strict: true }), message, label);
    }
  });

  test("its default lengths of two options are wrong, and we say so", () => {
    // MIP6OptNonceIndices() and MIP6OptBindingAuthData() of scapy 2.5 say 16 for 4 and 12 bytes.
    const nonces = parseMobility(
      hex("3b020500000000010000" + "0001" + "0410000a000b" + "010400000000"),
    );
    assert.ok(nonces.type === "BU");
    assert.deepEqual(nonces.options.map(({ name }) => name), ["truncated"]);
    const long = hex(
      "3b040500000000010000" + "0001" + "0410000a000b" + "010400000000" + "00".repeat(16),
    );
    assert.deepEqual(
      (parseMobility(long) as { options: { name: string }[] }).options[0]!.name,
      "malformed",
    );
  });
});

const judgedSource = (judged: Judged) => judged.homeAddress ?? judged.source;
const judgedDestination = (judged: Judged) => judged.routed?.[1] as string ?? judged.destination;

/** Reads a packet and holds it against what the judge read. */
function assertSame(
  bytes: Uint8Array,
  judged: Judged,
  label: string,
): { message: MobilityMessage; payload: Uint8Array } {
  const packet = parseIpv6Packet(bytes);
  assert.equal(packet.source, judged.source, label);
  assert.equal(packet.destination, judged.destination, label);
  assert.equal(packet.homeAddress, judged.homeAddress, label);
  assert.equal(packet.checksumSource, judgedSource(judged), label);
  assert.equal(packet.checksumDestination, judgedDestination(judged), label);
  const routing = packet.headers.find((each) => each.name === "routing")?.header;
  const routed = routing && "homeAddress" in routing
    ? [routing.segmentsLeft, routing.homeAddress]
    : null;
  assert.deepEqual(routed, judged.routed, label);
  const message = parseMobility(packet.payload);
  assert.deepEqual(asJudged(message), judged.message, label);
  const rebuilt = buildMobility(message);
  assert.equal(rebuilt[1], judged.hdrlen, label);
  const wanted = packet.payload.slice();
  wanted.fill(0, 4, 6);
  assert.equal(toHex(rebuilt), toHex(wanted), label);
  return { message, payload: packet.payload };
}

/** A message as the judge writes it: without names, and bytes as hexadecimal digits. */
function asJudged(message: MobilityMessage): unknown {
  const { type: _, ...rest } = message;
  const written = JSON.parse(
    JSON.stringify(rest, (_, value) => value instanceof Uint8Array ? toHex(value) : value),
  );
  delete written.statusName;
  delete written.mhTypeName;
  for (const option of written.options ?? []) delete option.name;
  return written;
}
