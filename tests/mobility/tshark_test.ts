import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { parseAddress } from "../../lib/ip/address.ts";
import {
  buildMobilityIcmp,
  type MobilityIcmpMessageInit,
  type MobilityMessage,
  parseIpv6Packet,
  parseMobility,
  parseMobilityIcmp,
  sealMobilityIcmp,
} from "../../lib/mobility/mod.ts";
import { Random } from "../random.ts";
import { LinkType, tsharkRows, tsharkSkip } from "../tshark.ts";
import { randomAddress } from "./random_message.ts";
import { randomPacket } from "./random_packet.ts";
import { type ExpectedPacket, toHex, vectors } from "./vectors.ts";

const COUNT = 2000;

/** What tshark 4.0 shows of a packet, by its field; "" where it has none, and all of them with a comma between. */
type Fields = Record<string, string>;

const FIELDS = [
  "ipv6.src",
  "ipv6.dst",
  "ipv6.opt.mipv6.home_address",
  "ipv6.routing.mipv6.home_address",
  "ipv6.routing.segleft",
  "mip6.proto",
  "mip6.hlen",
  "mip6.mhtype",
  "mip6.reserved",
  "mip6.csum",
  "mip6.hoti.cookie",
  "mip6.coti.cookie",
  "mip6.hot.nindex",
  "mip6.hot.cookie",
  "mip6.hot.token",
  "mip6.cot.nindex",
  "mip6.cot.cookie",
  "mip6.bu.seqnr",
  "mip6.bu.a_flag",
  "mip6.bu.h_flag",
  "mip6.bu.l_flag",
  "mip6.bu.k_flag",
  "mip6.bu.m_flag",
  "mip6.nemo.bu.r_flag",
  "mip6.bu.p_flag",
  "mip6.bu.f_flag",
  "mip6.bu.t_flag",
  "mip6.bu.b_flag",
  "mip6.bu.lifetime",
  "mip6.ba.status",
  "mip6.ba.k_flag",
  "mip6.nemo.ba.r_flag",
  "mip6.ba.p_flag",
  "mip6.ba.t_flag",
  "mip6.ba.b_flag",
  "mip6.ba.seqnr",
  "mip6.ba.lifetime",
  "mip6.be.status",
  "mip6.be.haddr",
  "mip6.bra.interval",
  "mip6.acoa.acoa",
  "mip6.ni.hni",
  "mip6.ni.cni",
  "mip6.bad.auth",
  "mip6.mobility_opt.len",
  "icmpv6.type",
  "icmpv6.code",
  "icmpv6.checksum.status",
  "icmpv6.mip6.identifier",
  "icmpv6.mip6.flag.m",
  "icmpv6.mip6.flag.o",
  "icmpv6.mip6.home_agent_address",
  "icmpv6.opt.prefix.length",
  "icmpv6.opt.prefix.flag.l",
  "icmpv6.opt.prefix.flag.a",
  "icmpv6.opt.prefix.flag.r",
  "icmpv6.opt.prefix.valid_lifetime",
  "icmpv6.opt.prefix.preferred_lifetime",
  "icmpv6.opt.prefix",
  "icmpv6.opt.advertisement_interval",
  "icmpv6.opt.home_agent_preference",
  "icmpv6.opt.home_agent_lifetime",
];

describe("tshark reads the same", { skip: tsharkSkip() }, () => {
  const random = new Random();
  const packets = Array.from({ length: COUNT }, () => randomPacket(random, { unknown: true }));
  const rows = vectors<ExpectedPacket>("ipv6").filter(({ expected }) => expected.mh);
  const icmp = Array.from({ length: 500 }, () => randomIcmpPacket(random));
  /** Of all packets, in this order. */
  let shown: Fields[] = [];
  before(() => {
    console.log(`tshark reads packets of seed ${random.seed}`);
    shown = tshark([...packets, ...rows.map(({ bytes }) => bytes), ...icmp]);
  });
  const take = (count: number) => shown.splice(0, count).entries();

  test(`out of ${COUNT} packets of ours, field by field`, () => {
    for (const [i, fields] of take(COUNT)) {
      const label = `seed ${random.seed}, packet ${i}: ${toHex(packets[i]!)}`;
      assertSame(packets[i]!, fields, label);
    }
  });

  test("out of the vectors that are well formed", () => {
    assert.equal(rows.length, 44);
    for (const [i, fields] of take(44)) assertSame(rows[i]!.bytes, fields, rows[i]!.name);
  });

  test("out of our ICMPv6 messages", () => {
    for (const [i, fields] of take(icmp.length)) {
      const label = `seed ${random.seed}, packet ${i}: ${toHex(icmp[i]!)}`;
      assertSameIcmp(icmp[i]!, fields, label);
    }
  });
});

/** What tshark shows of each packet. */
function tshark(packets: readonly Uint8Array[]): Fields[] {
  const rows = tsharkRows(LinkType.ipv6, packets, FIELDS);
  assert.equal(rows.length, packets.length);
  return rows.map((row) => Object.fromEntries(row.map((value, i) => [FIELDS[i]!, value])));
}

/** Every field that tshark shows of a mobility message, as it writes it. */
function assertSame(bytes: Uint8Array, fields: Fields, label: string): void {
  const packet = parseIpv6Packet(bytes);
  const message = parseMobility(packet.payload);
  const routing = packet.headers.find((each) => each.name === "routing")?.header;
  const wanted: Fields = {
    "ipv6.src": packet.source,
    "ipv6.dst": packet.destination,
    "ipv6.opt.mipv6.home_address": packet.homeAddress ?? "",
    "ipv6.routing.mipv6.home_address": routing && "homeAddress" in routing
      ? routing.homeAddress
      : "",
    "ipv6.routing.segleft": routing ? `${routing.segmentsLeft}` : "",
    "mip6.proto": `${message.payloadProto}`,
    "mip6.hlen": `${packet.payload.length / 8 - 1}`,
    "mip6.mhtype": `${message.mhType}`,
    "mip6.reserved": hexOf(message.reserved, 2),
    "mip6.csum": hexOf(message.checksum, 4),
    ...ownFields(message),
    ...(message.type === "unknown" ? {} : optionFields(message)),
  };
  const unknown = message.type === "unknown" ||
    message.options.some(({ name }) => name === "unknown");
  for (const field of FIELDS) {
    // Some of the messages that are unknown to us are known to tshark.
    if (message.type === "unknown" && !(field in wanted)) continue;
    // tshark 4.0 says 7 for the length of each option it does not know.
    if (unknown && field === "mip6.mobility_opt.len") continue;
    assert.equal(fields[field], wanted[field] ?? "", `${field} of ${label}`);
  }
}

function ownFields(message: MobilityMessage): Fields {
  switch (message.type) {
    case "HoTI":
      return { "mip6.hoti.cookie": `0x${toHex(message.cookie)}` };
    case "CoTI":
      return { "mip6.coti.cookie": `0x${toHex(message.cookie)}` };
    case "HoT":
    case "CoT": {
      const prefix = message.type === "HoT" ? "mip6.hot" : "mip6.cot";
      return {
        [`${prefix}.nindex`]: `${message.nonceIndex}`,
        [`${prefix}.cookie`]: `0x${toHex(message.cookie)}`,
        // Of either: tshark 4.0 has one name for both tokens.
        "mip6.hot.token": `0x${toHex(message.keygenToken)}`,
      };
    }
    case "BU": {
      const { acknowledge, homeRegistration, linkLocal, keyManagement } = message.flags;
      const bit = (bit: number) => (message.rawFlags & bit) === 0 ? "0" : "1";
      return {
        "mip6.bu.seqnr": `${message.sequence}`,
        "mip6.bu.a_flag": `${Number(acknowledge)}`,
        "mip6.bu.h_flag": `${Number(homeRegistration)}`,
        "mip6.bu.l_flag": `${Number(linkLocal)}`,
        "mip6.bu.k_flag": `${Number(keyManagement)}`,
        "mip6.bu.m_flag": bit(0x0800),
        "mip6.nemo.bu.r_flag": bit(0x0400),
        "mip6.bu.p_flag": bit(0x0200),
        "mip6.bu.f_flag": bit(0x0100),
        "mip6.bu.t_flag": bit(0x0080),
        "mip6.bu.b_flag": bit(0x0040),
        "mip6.bu.lifetime": `${message.lifetimeSeconds / 4}`,
      };
    }
    case "BA": {
      const bit = (bit: number) => (message.rawFlags & bit) === 0 ? "0" : "1";
      return {
        "mip6.ba.status": `${message.status}`,
        "mip6.ba.k_flag": `${Number(message.flags.keyManagement)}`,
        "mip6.nemo.ba.r_flag": bit(0x40),
        "mip6.ba.p_flag": bit(0x20),
        "mip6.ba.t_flag": bit(0x10),
        "mip6.ba.b_flag": bit(0x08),
        "mip6.ba.seqnr": `${message.sequence}`,
        "mip6.ba.lifetime": `${message.lifetimeSeconds / 4}`,
      };
    }
    case "BE":
      return {
        "mip6.be.status": `${message.status}`,
        "mip6.be.haddr": message.homeAddress,
      };
    default:
      return {};
  }
}

function optionFields(message: Exclude<MobilityMessage, { type: "unknown" }>): Fields {
  const fields: Fields = {};
  const lengths: number[] = [];
  for (const option of message.options) {
    switch (option.name) {
      case "binding-refresh-advice":
        fields["mip6.bra.interval"] = `${option.refreshIntervalSeconds / 4}`;
        lengths.push(2);
        break;
      case "alternate-care-of-address":
        fields["mip6.acoa.acoa"] = option.careOfAddress;
        lengths.push(16);
        break;
      case "nonce-indices":
        fields["mip6.ni.hni"] = `${option.homeNonceIndex}`;
        fields["mip6.ni.cni"] = `${option.careOfNonceIndex}`;
        lengths.push(4);
        break;
      case "binding-authorization-data":
        fields["mip6.bad.auth"] = toHex(option.authenticator);
        lengths.push(option.authenticator.length);
        break;
      case "padn":
      case "unknown":
      case "malformed":
        lengths.push(option.data.length);
        break;
    }
  }
  fields["mip6.mobility_opt.len"] = lengths.join(",");
  return fields;
}

/** Every field that tshark shows of an ICMPv6 message of Mobile IPv6. */
function assertSameIcmp(bytes: Uint8Array, fields: Fields, label: string): void {
  const packet = parseIpv6Packet(bytes);
  const message = parseMobilityIcmp(packet.payload);
  const wanted: Fields = {
    "ipv6.src": packet.source,
    "ipv6.dst": packet.destination,
    "icmpv6.type": `${message.icmpType}`,
    "icmpv6.code": `${message.code}`,
    // It is good.
    "icmpv6.checksum.status": "1",
    "icmpv6.mip6.identifier": `${message.identifier}`,
  };
  if (message.type === "HAADReply") {
    wanted["icmpv6.mip6.home_agent_address"] = message.homeAgents.join(",");
  }
  if (message.type === "MPA") {
    wanted["icmpv6.mip6.flag.m"] = `${Number(message.flags.managed)}`;
    wanted["icmpv6.mip6.flag.o"] = `${Number(message.flags.other)}`;
    for (const option of message.options) {
      if (option.name === "prefix-information") {
        wanted["icmpv6.opt.prefix.length"] = `${option.prefixLength}`;
        wanted["icmpv6.opt.prefix.flag.l"] = `${Number(option.onLink)}`;
        wanted["icmpv6.opt.prefix.flag.a"] = `${Number(option.autonomous)}`;
        wanted["icmpv6.opt.prefix.flag.r"] = `${Number(option.routerAddress)}`;
        wanted["icmpv6.opt.prefix.valid_lifetime"] = `${option.validLifetimeSeconds}`;
        wanted["icmpv6.opt.prefix.preferred_lifetime"] = `${option.preferredLifetimeSeconds}`;
        // As it is in the message, bits behind the prefix included.
        wanted["icmpv6.opt.prefix"] = packetAddress(option.prefix);
      }
      if (option.name === "advertisement-interval") {
        wanted["icmpv6.opt.advertisement_interval"] = `${option.intervalMs}`;
      }
      if (option.name === "home-agent-information") {
        wanted["icmpv6.opt.home_agent_preference"] = `${option.preference}`;
        wanted["icmpv6.opt.home_agent_lifetime"] = `${option.lifetimeSeconds}`;
      }
    }
  }
  for (const field of FIELDS) {
    assert.equal(fields[field], wanted[field] ?? "", `${field} of ${label}`);
  }
}

function packetAddress(bytes: Uint8Array): string {
  const packet = new Uint8Array(40);
  packet[0] = 0x60;
  packet.set(bytes, 8);
  return parseIpv6Packet(packet).source;
}

function randomIcmpPacket(random: Random): Uint8Array {
  const source = randomAddress(random);
  const destination = randomAddress(random);
  const message = sealMobilityIcmp(source, destination, buildMobilityIcmp(randomIcmp(random)));
  return Uint8Array.from([
    ...[0x60, 0, 0, 0, message.length >> 8, message.length & 0xff, 58, 255],
    ...parseAddress(source)!.bytes,
    ...parseAddress(destination)!.bytes,
    ...message,
  ]);
}

function randomIcmp(random: Random): MobilityIcmpMessageInit {
  const identifier = random.below(0x10000);
  const type = random.of(["HAADRequest", "HAADReply", "MPS", "MPA"] as const);
  switch (type) {
    case "HAADRequest":
    case "MPS":
      return { type, identifier };
    case "HAADReply": {
      const homeAgents = Array.from({ length: random.below(5) }, () => randomAddress(random));
      return { type, identifier, homeAgents };
    }
    case "MPA":
      return {
        type,
        identifier,
        rawFlags: random.below(4) << 14,
        options: [
          {
            name: "prefix-information",
            prefixLength: random.below(129),
            onLink: random.oneIn(2),
            autonomous: random.oneIn(2),
            routerAddress: random.oneIn(2),
            validLifetimeSeconds: random.below(0xffffffff),
            preferredLifetimeSeconds: random.below(0xffffffff),
            prefix: parseAddress(randomAddress(random))!.bytes,
          },
          { name: "advertisement-interval", intervalMs: random.below(0x100000000) },
          {
            name: "home-agent-information",
            preference: random.below(0x10000),
            lifetimeSeconds: 1 + random.below(0xffff),
          },
        ],
      };
  }
}

function hexOf(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}
