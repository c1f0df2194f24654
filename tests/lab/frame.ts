/**
 * Ethernet frames: what a capture shows of one, and how the lab makes its own.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { formatAddress, parseAddress } from "../../lib/ip/address.ts";
import { setChecksum } from "../../lib/ndp/icmpv6.ts";

/** The part of a frame that says who sent what to whom by which way. Null where the frame has no such field. */
export interface Frame {
  /** Name of the interface that saw it. */
  interface: string;
  /** Whether the interface received or sent it. */
  direction: "in" | "out";
  /** Six bytes, "02:00:00:00:01:01": the station it was sent to, which is the next hop. */
  dstMac: string;
  /** The station that sent it. */
  srcMac: string;
  /** 0x0800 IPv4, 0x0806 ARP, 0x86dd IPv6. */
  etherType: number;
  /** IP source; the sender's protocol address of ARP. */
  src: string | null;
  /** IP destination; the target's protocol address of ARP. */
  dst: string | null;
  /** IANA protocol number behind all IPv6 extension headers: 6 TCP, 17 UDP, 58 ICMPv6, 1 ICMP. */
  protocol: number | null;
  /** Source port of TCP and UDP. */
  sport: number | null;
  /** Destination port of TCP and UDP. */
  dport: number | null;
  /** Type of ICMP and ICMPv6: 133 Router Solicitation, 134 Router Advertisement. */
  icmpType: number | null;
}

/** Reads the frame's headers. A frame that is cut short gives nulls; null is no Ethernet frame. */
export function decodeFrame(
  bytes: Uint8Array,
  interfaceName: string,
  direction: "in" | "out",
): Frame | null {
  if (bytes.length < 14) return null;
  const frame: Frame = {
    interface: interfaceName,
    direction,
    dstMac: formatMac(bytes.subarray(0, 6)),
    srcMac: formatMac(bytes.subarray(6, 12)),
    etherType: readUint16(bytes, 12),
    src: null,
    dst: null,
    protocol: null,
    sport: null,
    dport: null,
    icmpType: null,
  };
  const packet = bytes.subarray(14);
  if (frame.etherType === 0x0800) decodeIpv4(packet, frame);
  else if (frame.etherType === 0x0806) decodeArp(packet, frame);
  else if (frame.etherType === 0x86dd) decodeIpv6(packet, frame);
  return frame;
}

/** What {@linkcode icmpv6Frame} needs beside the message. */
export interface Icmpv6FrameInit {
  srcMac: string;
  dstMac: string;
  /** IPv6 source. */
  src: string;
  /** IPv6 destination. */
  dst: string;
  /** 255 where left out: Neighbor Discovery accepts no other (RFC 4861 6.1.2). */
  hopLimit?: number;
}

/** An ICMPv6 message in IPv6 in Ethernet. The message's checksum field is filled in. */
export function icmpv6Frame(message: Uint8Array, init: Icmpv6FrameInit): Uint8Array {
  const frame = new Uint8Array(54 + message.length);
  frame.set(macBytes(init.dstMac), 0);
  frame.set(macBytes(init.srcMac), 6);
  frame.set([0x86, 0xdd, 0x60, 0, 0, 0, message.length >> 8, message.length & 0xff], 12);
  frame.set([58, init.hopLimit ?? 255], 20);
  frame.set(ipv6Bytes(init.src), 22);
  frame.set(ipv6Bytes(init.dst), 38);
  frame.set(message, 54);
  setChecksum(frame.subarray(54), frame.subarray(22, 38), frame.subarray(38, 54));
  return frame;
}

/** The 16 bytes of an IPv6 address. Throws where the text is none. */
export function ipv6Bytes(address: string): Uint8Array {
  const parsed = parseAddress(address);
  if (parsed?.family !== 6) throw new TypeError(`Not an IPv6 address: "${address}"`);
  return parsed.bytes;
}

/** The six bytes of "02:00:00:00:01:01". Throws where the text is no MAC address. */
export function macBytes(mac: string): Uint8Array {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac)) {
    throw new TypeError(`Not a MAC address: "${mac}"`);
  }
  return Buffer.from(mac.replaceAll(":", ""), "hex");
}

/** The link-local address that Linux makes of a MAC address (RFC 4291 appendix A). */
export function linkLocalOf(mac: string): string {
  return eui64Address("fe80::", mac);
}

/** The address that SLAAC makes of a /64 prefix and a MAC address (RFC 4862 5.5.3). */
export function eui64Address(prefix: string, mac: string): string {
  const m = macBytes(mac);
  const bytes = Uint8Array.from(ipv6Bytes(prefix));
  bytes.set([m[0]! ^ 2, m[1]!, m[2]!, 0xff, 0xfe, m[3]!, m[4]!, m[5]!], 8);
  return formatAddress(bytes);
}

function decodeIpv4(packet: Uint8Array, frame: Frame): void {
  if (packet.length < 20) return;
  frame.src = formatAddress(packet.subarray(12, 16));
  frame.dst = formatAddress(packet.subarray(16, 20));
  frame.protocol = packet[9]!;
  const isFirstFragment = (readUint16(packet, 6) & 0x1fff) === 0;
  if (isFirstFragment) decodeTransport(packet.subarray((packet[0]! & 15) * 4), frame);
}

function decodeArp(packet: Uint8Array, frame: Frame): void {
  if (packet.length < 28) return;
  frame.src = formatAddress(packet.subarray(14, 18));
  frame.dst = formatAddress(packet.subarray(24, 28));
}

function decodeIpv6(packet: Uint8Array, frame: Frame): void {
  if (packet.length < 40) return;
  frame.src = formatAddress(packet.subarray(8, 24));
  frame.dst = formatAddress(packet.subarray(24, 40));
  let protocol = packet[6]!;
  let offset = 40;
  // Hop-by-hop, routing, fragment, destination options, mobility, HIP and shim6 chain alike (RFC 6564);
  // the authentication header counts its length in 4 bytes.
  while ([0, 43, 44, 51, 60, 135, 139, 140].includes(protocol) && offset + 8 <= packet.length) {
    const isLaterFragment = protocol === 44 && (readUint16(packet, offset + 2) & 0xfff8) !== 0;
    const next = packet[offset]!;
    if (protocol === 135 && next === 59) break;
    const length = packet[offset + 1]!;
    offset += protocol === 44 ? 8 : protocol === 51 ? (length + 2) * 4 : (length + 1) * 8;
    protocol = next;
    if (isLaterFragment) offset = packet.length;
  }
  frame.protocol = protocol;
  decodeTransport(packet.subarray(offset), frame);
}

function decodeTransport(segment: Uint8Array, frame: Frame): void {
  if (segment.length < 4) return;
  if (frame.protocol === 6 || frame.protocol === 17) {
    frame.sport = readUint16(segment, 0);
    frame.dport = readUint16(segment, 2);
  } else if (frame.protocol === 1 || frame.protocol === 58) {
    frame.icmpType = segment[0]!;
  }
}

function readUint16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!;
}

function formatMac(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}
