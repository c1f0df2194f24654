import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import fc from "fast-check";
import { formatAddress } from "../../lib/ip/address.ts";
import { type PacketHeader, parseIpv6Packet } from "../../lib/mobility/mod.ts";
import { mobilityFilter } from "../../lib/mobility/mobility_filter.ts";
import { findMobility, type MobilityPacket } from "../../lib/mobility/packet.ts";
import { fuzzed } from "../fuzz.ts";
import { ipv6Bytes } from "../lab/frame.ts";
import { Random } from "../random.ts";
import { randomPacket } from "./random_packet.ts";
import { type ExpectedPacket, hex, toHex, vectors } from "./vectors.ts";
import { homeAddressHeader, type2Header, type WireHeader, wirePacket } from "./wire.ts";

const HERE = "2001:db8:8888::1";
const THERE = "2001:db8:7777::1";
const HOME = "2001:db8:9999::1";
const HOTI = hex("3b01010000000000 0102030405060708");

const find = (bytes: Uint8Array, draft = false) => findMobility(bytes, 0, bytes.length, draft);
const between = (headers: readonly WireHeader[], protocol?: number) =>
  wirePacket(HOTI, { source: THERE, destination: HERE, headers, protocol });
const address = ({ bytes }: MobilityPacket, at: number) =>
  at < 0 ? null : formatAddress(bytes.subarray(at, at + 16));

/** IPv6 around bytes. */
function tunnel(inner: Uint8Array, protocol = 41): Uint8Array {
  const head = Uint8Array.of(0x60, 0, 0, 0, inner.length >> 8, inner.length, protocol, 64);
  const ends = [ipv6Bytes("2001:db8::a"), ipv6Bytes("2001:db8::b")];
  return new Uint8Array(Buffer.concat([head, ...ends, inner]));
}

describe("the vectors", () => {
  for (const { name, bytes, expected } of vectors<ExpectedPacket>("ipv6")) {
    test(name, () => {
      const found = find(bytes);
      if (expected.mh === undefined) return assert.equal(found, null);
      assert.ok(found);
      const packet = parseIpv6Packet(bytes);
      assert.equal(toHex(bytes.subarray(found.start, found.end)), toHex(packet.payload));
      assert.equal(address(found, found.header + 8), expected.src);
      assert.equal(address(found, found.homeAddress), packet.homeAddress);
      assert.equal(address(found, found.finalDestination) ?? expected.dst, expected.checksum_dst);
      assert.equal(found.complete, true);
      assert.deepEqual([found.header, found.outerHeader, found.protocol], [0, 0, 135]);
    });
  }
});

test("thousands of random packets, as parseIpv6Packet() reads them", () => {
  const random = new Random();
  for (let i = 0; i < 5000; i++) {
    const bytes = randomPacket(random, { unknown: true });
    const found = find(bytes)!;
    const packet = parseIpv6Packet(bytes);
    const label = `seed ${random.seed}, packet ${i}`;
    assert.equal(found.start, packet.offset, label);
    assert.equal(address(found, found.homeAddress), packet.homeAddress, label);
    const destination = address(found, found.finalDestination) ?? packet.destination;
    assert.equal(destination, packet.checksumDestination, label);
  }
});

describe("behind headers", () => {
  const hop: WireHeader = [0, hex("0000 0104 00000000")];
  const options: WireHeader = [60, hex("0000 1e04 01020304")];
  const fragment = (
    place: number,
  ): WireHeader => [44, hex(`0000 ${place.toString(16).padStart(4, "0")} 00000007`)];
  /** With 12 bytes of an integrity value. */
  const authentication: WireHeader = [
    51,
    hex("0004 0000 00000001 00000002 0102030405060708090a0b0c"),
  ];
  type Row = [what: string, headers: WireHeader[], start: number, complete: boolean];
  const rows: Row[] = [
    ["none", [], 40, true],
    ["hop-by-hop options", [hop], 48, true],
    ["destination options", [options], 48, true],
    ["a whole one in a fragment header", [fragment(0)], 48, true],
    ["the first fragment", [fragment(1)], 48, false],
    ["authentication", [authentication], 64, true],
    [
      "all of them, in RFC 6275's order",
      [hop, options, type2Header(HOME), homeAddressHeader(HOME), fragment(0), authentication],
      40 + 8 + 8 + 24 + 24 + 8 + 24,
      true,
    ],
  ];
  for (const [what, headers, start, complete] of rows) {
    test(what, () => {
      const bytes = between(headers);
      const found = find(bytes)!;
      assert.deepEqual([found.start, found.complete], [start, complete]);
      const packet = parseIpv6Packet(bytes);
      assert.deepEqual([packet.offset, packet.truncated], [start, !complete]);
      assert.deepEqual(
        packet.headers.map(({ name }) => NAMES[name]),
        headers.map(([each]) => each),
      );
      const { homeAddress, checksumDestination, destination } = packet;
      assert.equal(address(found, found.homeAddress), homeAddress);
      assert.equal(address(found, found.finalDestination) ?? destination, checksumDestination);
    });
  }

  const NAMES: Record<PacketHeader["name"], number> = {
    "hop-by-hop-options": 0,
    routing: 43,
    fragment: 44,
    authentication: 51,
    "destination-options": 60,
  };

  test("a fragment header and an authentication header are told", () => {
    const { headers, truncated } = parseIpv6Packet(between([fragment(1), authentication]));
    assert.ok(truncated);
    assert.deepEqual(headers.map(({ header }) => header), [
      { nextHeader: 51, moreFragments: true, identification: 7 },
      { nextHeader: 135, spi: 1, sequence: 2, icv: hex("0102030405060708090a0b0c") },
    ]);
  });

  test("a later fragment has none", () => {
    for (const place of [8, 9]) {
      const bytes = between([fragment(place)]);
      assert.equal(find(bytes), null);
      const { protocol, offset, payload } = parseIpv6Packet(bytes);
      assert.deepEqual([protocol, offset, payload.length], [44, 40, 8 + HOTI.length]);
    }
  });

  test("an authentication header that is none counts as the message", () => {
    const bytes = between([[51, hex("0000 0000 00000001")]]);
    assert.equal(find(bytes), null);
    assert.deepEqual([parseIpv6Packet(bytes).protocol, parseIpv6Packet(bytes).offset], [51, 40]);
  });

  test("what is behind encryption or another protocol has none", () => {
    for (const protocol of [6, 17, 50, 58, 59, 62, 139]) {
      assert.equal(find(between([], protocol)), null);
    }
  });

  test("protocol 62 is one in captures of 2003", () => {
    assert.equal(find(between([], 62), true)?.protocol, 62);
    assert.equal(find(between([homeAddressHeader(HOME)], 62), true)?.protocol, 62);
  });
});

describe("addresses", () => {
  test("the first home address counts; one that is cut or of another length does not", () => {
    const twice = between([homeAddressHeader(HOME), homeAddressHeader("2001:db8::5")]);
    assert.equal(address(find(twice)!, find(twice)!.homeAddress), HOME);
    for (
      const digits of [
        "0001 c90c 0102030405060708090a0b0c",
        "0000 c910 01020304",
        "0000 0000 0000 00c9",
      ]
    ) {
      assert.equal(find(between([[60, hex(digits)]]))?.homeAddress, -1, digits);
    }
  });

  const SEGMENTS = ["2001:db8::1", "2001:db8::2"];
  const list = (type: number, left: number): WireHeader => {
    const head = Uint8Array.of(0, 4, type, left, 0, 0, 0, 0);
    return [43, new Uint8Array(Buffer.concat([head, ...SEGMENTS.map(ipv6Bytes)]))];
  };
  const rows: [what: string, header: WireHeader, final: string | null][] = [
    ["type 2", type2Header(HOME), HOME],
    ["type 2, arrived", type2Header(HOME, 0), null],
    ["type 2 with more segments than it has", type2Header(HOME, 2), null],
    ["type 0: the last one", list(0, 2), "2001:db8::2"],
    ["type 0, at the last but one", list(0, 1), "2001:db8::2"],
    ["type 4: the first one", list(4, 1), "2001:db8::1"],
    ["type 3", list(3, 1), null],
    ["type 2 that is too long", list(2, 1), null],
    ["type 0 of odd length", [43, list(0, 1)[1].with(1, 3).subarray(0, 32)], null],
  ];
  for (const [what, header, final] of rows) {
    test(`a routing header of ${what}`, () => {
      const found = find(between([header]))!;
      assert.equal(found.routing, 40);
      assert.equal(address(found, found.finalDestination), final);
      const { checksumDestination } = parseIpv6Packet(between([header]));
      assert.equal(checksumDestination, final ?? HERE);
    });
  }

  test("of several routing headers the last one that is not done counts", () => {
    const done = type2Header("2001:db8::6", 0);
    const ways: [headers: WireHeader[], routing: number, final: string | null][] = [
      [[list(0, 1), type2Header(HOME)], 80, HOME],
      [[type2Header(HOME), done], 40, HOME],
      [[done, type2Header(HOME)], 64, HOME],
      [[list(0, 0), done], 80, null],
    ];
    for (const [headers, routing, final] of ways) {
      const found = find(between(headers))!;
      assert.deepEqual([found.routing, address(found, found.finalDestination)], [routing, final]);
      assert.equal(parseIpv6Packet(between(headers)).checksumDestination, final ?? HERE);
    }
  });
});

describe("tunnels", () => {
  test("are followed, and the outermost is told", () => {
    let packet = between([homeAddressHeader(HOME)]);
    for (let depth = 1; depth <= 4; depth++) {
      packet = tunnel(packet);
      const found = find(packet)!;
      assert.deepEqual([found.header, found.outerHeader], [40 * depth, 0]);
      assert.equal(address(found, found.homeAddress), HOME);
      assert.ok(found.complete);
    }
    assert.equal(find(tunnel(packet)), null);
  });

  test("behind headers of their own", () => {
    const inner = between([]);
    const limit = new Uint8Array(Buffer.concat([hex("2900 0401 0401 0000"), inner]));
    assert.equal(find(tunnel(limit, 60))?.start, 88);
  });

  test("in which something else is", () => {
    assert.equal(find(tunnel(hex("45000014"))), null);
    assert.equal(find(tunnel(new Uint8Array(0))), null);
  });
});

describe("what is cut short", () => {
  test("is found as soon as its place is known, and not complete", () => {
    const packet = between([homeAddressHeader(HOME)]);
    for (let length = 0; length <= packet.length; length++) {
      const found = findMobility(packet, 0, length);
      assert.equal(found !== null, length >= 64, `${length}`);
      assert.equal(found?.complete ?? false, length === packet.length);
      if (found) assert.equal(found.end, length);
    }
  });

  test("ends where the packet says, not where the frame does", () => {
    const packet = between([]);
    const padded = new Uint8Array([...packet, 0, 0, 0, 0]);
    assert.equal(find(padded)!.end, packet.length);
  });

  test("a jumbogram's length is not in its header", () => {
    const packet = between([]);
    packet[4] = packet[5] = 0;
    assert.deepEqual([find(packet)!.end, find(packet)!.complete], [packet.length, true]);
  });
});

test("any bytes: offsets are within them", () => {
  const head = fc.constantFrom(0, 41, 43, 44, 51, 60, 62, 135);
  const packets = fc.tuple(head, fc.uint8Array({ minLength: 33, maxLength: 200 })).map((
    [next, rest],
  ) => Uint8Array.of(0x60, 0, 0, 0, 0, rest.length - 33, next, ...rest));
  fc.assert(
    fc.property(
      fc.oneof(packets, fc.uint8Array({ maxLength: 99 })),
      fc.boolean(),
      (bytes, draft) => {
        const found = find(bytes, draft);
        if (found === null) return;
        const { start, end, homeAddress, finalDestination, header, routing } = found;
        assert.ok(header + 40 <= start && start <= end && end <= bytes.length);
        for (const at of [homeAddress, finalDestination]) assert.ok(at === -1 || at + 16 <= end);
        assert.ok(routing === -1 || routing + 8 <= end);
      },
    ),
    fuzzed,
  );
});

describe("the filter for the kernel", () => {
  const program = mobilityFilter([62]);
  const narrow = mobilityFilter();

  test("lets all pass in which a message is found", () => {
    const random = new Random();
    for (let i = 0; i < 500; i++) {
      const packet = randomPacket(random);
      assert.ok(passes(narrow, packet) && passes(narrow, tunnel(packet)));
    }
    for (const headers of [[homeAddressHeader(HOME)], [type2Header(HOME)]]) {
      assert.ok(passes(program, between(headers, 62)));
    }
  });

  test("keeps the rest of a busy host's traffic", () => {
    for (const protocol of [6, 17, 58, 50]) {
      assert.ok(!passes(program, between([], protocol)), `${protocol}`);
      assert.ok(!passes(program, tunnel(between([], protocol))), `${protocol} in a tunnel`);
    }
    assert.ok(!passes(program, hex("45000014000000004087 0000 c0000201 c0000202")));
    assert.ok(passes(program, between([], 62)) && !passes(narrow, between([], 62)));
    for (let length = 0; length < 7; length++) {
      assert.ok(!passes(program, between([]).subarray(0, length)));
    }
  });

  /** Runs a program of classic BPF, as the kernel does: a load from outside ends it with 0. */
  function passes(program: Uint8Array, packet: Uint8Array): boolean {
    const view = new DataView(program.buffer);
    let a = 0;
    for (let at = 0; at < program.length; at += 8) {
      const k = view.getUint32(at + 4, true);
      switch (view.getUint16(at, true)) {
        case 0x30:
          if (k >= packet.length) return false;
          a = packet[k]!;
          break;
        case 0x54:
          a &= k;
          break;
        case 0x15:
          at += 8 * view.getUint8(at + (a === k ? 2 : 3));
          break;
        case 0x06:
          return k > 0;
        default:
          assert.fail("no such instruction");
      }
    }
    assert.fail("no end");
  }
});
