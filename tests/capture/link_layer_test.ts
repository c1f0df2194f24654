import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ipv6Start, isKnownLinkType } from "../../lib/capture/link_layer.ts";
import { fuzzed } from "../fuzz.ts";
import { hex } from "../mobility/vectors.ts";
import { wirePacket } from "../mobility/wire.ts";
import { tsharkFile, tsharkSkip } from "../tshark.ts";
import { description, enhanced, section } from "./files.ts";

const packet = wirePacket(hex("3b01010000000000 0102030405060708"), {
  source: "2001:db8::1",
  destination: "2001:db8::2",
});
const IPV4 = hex("45000014000000004001 0000 c0000201 c0000202");
const MACS = "020000000001 020000000002";
/** "Cooked" by Linux: type of packet and hardware, length and bytes of an address. */
const SLL = "0000 0001 0006 0200000000010000";
const SLL2 = "0000 00000003 0001 00 06 0200000000010000";

/** What stands before the packet on each kind of link. */
const LINKS: [what: string, linkType: number, before: string][] = [
  ["Ethernet", 1, `${MACS} 86dd`],
  ["Ethernet with a VLAN tag", 1, `${MACS} 8100 0005 86dd`],
  ["Ethernet with two VLAN tags", 1, `${MACS} 88a8 0005 8100 0006 86dd`],
  ["Linux cooked", 113, `${SLL} 86dd`],
  ["Linux cooked with a VLAN tag", 113, `${SLL} 8100 0005 86dd`],
  ["Linux cooked, version 2", 276, `86dd ${SLL2}`],
  ["raw IP", 101, ""],
  ["raw IPv6", 229, ""],
  ["BSD loopback, little-endian Linux", 0, "0a000000"],
  ["BSD loopback, big-endian NetBSD", 0, "00000018"],
  ["BSD loopback, little-endian FreeBSD", 0, "1c000000"],
  ["BSD loopback, little-endian macOS", 0, "1e000000"],
  ["OpenBSD loopback", 108, "00000018"],
];

const start = (linkType: number, frame: Uint8Array) => ipv6Start(linkType, frame, 0, frame.length);
const framed = (before: string, bytes: Uint8Array) =>
  new Uint8Array(Buffer.concat([hex(before), bytes]));

describe("an IPv6 packet", () => {
  for (const [what, linkType, before] of LINKS) {
    test(what, () => {
      const frame = framed(before, packet);
      const header = hex(before).length;
      assert.ok(isKnownLinkType(linkType));
      assert.equal(start(linkType, frame), header);
      // In the middle of other memory.
      const around = Buffer.concat([Buffer.alloc(7, 0x60), frame, Buffer.alloc(9)]);
      assert.equal(ipv6Start(linkType, around, 7, 7 + frame.length), 7 + header);
      // Not one of IPv4, and none that ends before it begins.
      assert.equal(start(linkType, framed(before, IPV4)), -1);
      for (let length = 0; length <= header; length++) {
        assert.equal(ipv6Start(linkType, frame, 0, length), -1);
      }
    });
  }

  test("on links that are not known, and in other protocols", () => {
    assert.ok(!isKnownLinkType(147));
    assert.equal(start(147, packet), -1);
    assert.equal(start(1, framed(`${MACS} 0800`, packet)), -1);
    assert.equal(start(1, framed(`${MACS} 8100 0005 0800`, packet)), -1);
    assert.equal(start(113, framed(`${SLL} 0800`, packet)), -1);
    assert.equal(start(276, framed(`0800 ${SLL2}`, packet)), -1);
    assert.equal(start(0, framed("02000000", packet)), -1);
    assert.equal(start(0, framed("0a0a0000", packet)), -1);
    assert.equal(start(12, packet), 0);
    assert.equal(start(14, packet), 0);
  });
});

test("tshark finds it there too", { skip: tsharkSkip() }, () => {
  const directory = mkdtempSync(join(tmpdir(), "mif-links-"));
  try {
    // It does not know Linux' AF_INET6, for no Linux has such a link.
    const links = LINKS.filter(([what]) => !what.endsWith("Linux"));
    const path = join(directory, "frames.pcapng");
    const file = Buffer.concat([
      section(true),
      ...links.map(([, linkType]) => description(true, linkType)),
      ...links.map(([, , before], i) => enhanced(true, i, 0n, framed(before, packet))),
    ]);
    writeFileSync(path, file);
    const shown = tsharkFile(path, ["ipv6.src", "mip6.hoti.cookie"]);
    assert.deepEqual(shown, links.map(() => ["2001:db8::1", "0x0102030405060708"]));
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("any bytes", () => {
  const linkTypes = fc.oneof(fc.constantFrom(...LINKS.map((link) => link[1])), fc.nat(400));
  fc.assert(
    fc.property(
      linkTypes,
      fc.uint8Array({ maxLength: 64 }),
      fc.nat(64),
      (linkType, bytes, from) => {
        const at = ipv6Start(linkType, bytes, Math.min(from, bytes.length), bytes.length);
        assert.ok(at === -1 || (at >= Math.min(from, bytes.length) && bytes[at]! >> 4 === 6));
      },
    ),
    fuzzed,
  );
});
