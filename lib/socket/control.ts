/**
 * Control messages (ancillary data) of sendmsg(2) and recvmsg(2) between typed values and the kernel's bytes: cmsg(3),
 * RFC 3542. Pure.
 *
 * A control message is received only where an option asks for it, each with a value of 1:
 *
 * | control message  | level        | option                    |
 * | ---------------- | ------------ | ------------------------- |
 * | IPV6_PKTINFO     | IPPROTO_IPV6 | IPV6_RECVPKTINFO          |
 * | IPV6_HOPLIMIT    | IPPROTO_IPV6 | IPV6_RECVHOPLIMIT         |
 * | IPV6_TCLASS      | IPPROTO_IPV6 | IPV6_RECVTCLASS           |
 * | IPV6_RTHDR       | IPPROTO_IPV6 | IPV6_RECVRTHDR            |
 * | IPV6_HOPOPTS     | IPPROTO_IPV6 | IPV6_RECVHOPOPTS          |
 * | IPV6_DSTOPTS     | IPPROTO_IPV6 | IPV6_RECVDSTOPTS          |
 * | IPV6_PATHMTU     | IPPROTO_IPV6 | IPV6_RECVPATHMTU          |
 * | IP_PKTINFO       | IPPROTO_IP   | IP_PKTINFO                |
 * | IP_TTL           | IPPROTO_IP   | IP_RECVTTL                |
 * | IP_TOS           | IPPROTO_IP   | IP_RECVTOS                |
 * | SO_TIMESTAMPNS   | SOL_SOCKET   | SO_TIMESTAMPNS, or SO_TIMESTAMPNS_NEW |
 *
 * Sending asks for no option. What is sent and what is received differ, and the types say how: see each.
 *
 * @module
 */

import { checkedNumber } from "../checked_number.ts";
import { MifError } from "../error.ts";
import { formatAddress, parseAddress } from "../ip/address.ts";
import {
  IP_PKTINFO,
  IP_TOS,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_DSTOPTS,
  IPV6_HOPLIMIT,
  IPV6_HOPOPTS,
  IPV6_PATHMTU,
  IPV6_PKTINFO,
  IPV6_RTHDR,
  IPV6_RTHDRDSTOPTS,
  IPV6_TCLASS,
  SO_TIMESTAMPNS,
  SO_TIMESTAMPNS_NEW,
  SOL_SOCKET,
} from "./options.ts";
import { decodeSockaddr, SOCKADDR_SIZE } from "./sockaddr.ts";

/**
 * Interface and local address of one IPv6 packet: struct in6_pktinfo, RFC 3542 6.1 and 6.2.
 * Received: where it came in and what it was sent to. Sent: where it goes out and from which address.
 */
export interface Ipv6PacketInfo {
  /** The name of its cmsg_type. */
  name: "IPV6_PKTINFO";
  /** RFC 5952 text without zone. */
  address: string;
  /** Index of the interface. */
  interface: number;
}

/** Interface and addresses of one IPv4 packet: struct in_pktinfo, ip(7). */
export interface Ipv4PacketInfo {
  /** The name of its cmsg_type. */
  name: "IP_PKTINFO";
  /** Index of the interface (ipi_ifindex): received by, or to send by. */
  interface: number;
  /** This host's address for the packet (ipi_spec_dst): what an answer comes from, or the source to send from. */
  source: string;
  /** The destination in the header (ipi_addr), perhaps a group or broadcast address. Ignored when sent. */
  destination: string;
}

/** A number in the IP header: IPV6_HOPLIMIT and IPV6_TCLASS (RFC 3542 6.3, 6.5), IP_TTL and IP_TOS (ip(7)). */
export interface IpHeaderNumber {
  /** The name of its cmsg_type. */
  name: "IPV6_HOPLIMIT" | "IPV6_TCLASS" | "IP_TTL" | "IP_TOS";
  /** 0 to 255. To send, the IPv6 ones may be -1, the socket's own, and IP_TTL must not be 0. */
  value: number;
}

/**
 * A whole IPv6 extension header (RFC 3542 7 to 9), from its Next Header field on: 8 to 2048 bytes.
 * Received: one message for each header in the packet; IPV6_RTHDRDSTOPTS never, it arrives as IPV6_DSTOPTS.
 * Sent: the kernel fills in Next Header; all but IPV6_RTHDR need CAP_NET_RAW, and IPV6_RTHDRDSTOPTS goes only
 * with an IPV6_RTHDR.
 */
export interface ExtensionHeader {
  /** The name of its cmsg_type. */
  name: "IPV6_RTHDR" | "IPV6_HOPOPTS" | "IPV6_DSTOPTS" | "IPV6_RTHDRDSTOPTS";
  /** The header's own length field (byte 1, in units of 8 after the first 8) says how long it is. */
  bytes: Uint8Array;
}

/**
 * What fits to a destination: struct ip6_mtuinfo, RFC 3542 11.3. Only received: beside no data, after a datagram was too
 * long to go unfragmented (EMSGSIZE, IPV6_DONTFRAG).
 */
export interface PathMtu {
  /** The name of its cmsg_type. */
  name: "IPV6_PATHMTU";
  /** RFC 5952 text without zone. */
  destination: string;
  /** Index of the interface of a link-local destination, else 0 (sin6_scope_id). */
  scopeId: number;
  /** Bytes, the IPv6 header included. */
  mtu: number;
}

/** When the packet arrived, by the system's clock: socket(7). Only received. */
export interface ArrivalTime {
  /** The name of its cmsg_type. */
  name: "SO_TIMESTAMPNS";
  /** Since 1970. */
  seconds: number;
  /** 0 to 999999999. */
  nanoseconds: number;
}

/** Any other control message, as it is. */
export interface UnknownControlMessage {
  /** No name of the others. */
  name: "unknown";
  /** cmsg_level: SOL_SOCKET or an IP protocol. */
  level: number;
  /** cmsg_type. */
  type: number;
  /** What follows the header. */
  data: Uint8Array;
}

/** A control message as {@linkcode decodeControl} gives it. */
export type ControlMessage =
  | Ipv6PacketInfo
  | Ipv4PacketInfo
  | IpHeaderNumber
  | ExtensionHeader
  | PathMtu
  | ArrivalTime
  | UnknownControlMessage;

/**
 * A control message to send: one that was received, or one with less in it. What is left out of IPV6_PKTINFO and
 * IP_PKTINFO is the kernel's choice, as the unspecified address and interface 0 are.
 */
export type ControlMessageInit =
  | ControlMessage
  | Partial<Ipv6PacketInfo> & Pick<Ipv6PacketInfo, "name">
  | Partial<Ipv4PacketInfo> & Pick<Ipv4PacketInfo, "name">;

/** struct cmsghdr: cmsg_len (size_t), cmsg_level and cmsg_type (int). */
const HEADER_SIZE = 16;
const IN6_PKTINFO_SIZE = 20;
const IN_PKTINFO_SIZE = 12;
const INT_SIZE = 4;
const INT_MAX = 0x7fffffff;
const TIMESPEC_SIZE = 16;
const IP6_MTUINFO_SIZE = SOCKADDR_SIZE + 4;
const EXTENSION_HEADER_SIZE_MAX = 2048;

/** Level and type of each name. */
const KINDS: readonly (readonly [ControlMessage["name"], number, number])[] = [
  ["IPV6_PKTINFO", IPPROTO_IPV6, IPV6_PKTINFO],
  ["IPV6_HOPLIMIT", IPPROTO_IPV6, IPV6_HOPLIMIT],
  ["IPV6_TCLASS", IPPROTO_IPV6, IPV6_TCLASS],
  ["IPV6_RTHDR", IPPROTO_IPV6, IPV6_RTHDR],
  ["IPV6_HOPOPTS", IPPROTO_IPV6, IPV6_HOPOPTS],
  ["IPV6_DSTOPTS", IPPROTO_IPV6, IPV6_DSTOPTS],
  ["IPV6_RTHDRDSTOPTS", IPPROTO_IPV6, IPV6_RTHDRDSTOPTS],
  ["IPV6_PATHMTU", IPPROTO_IPV6, IPV6_PATHMTU],
  ["IP_PKTINFO", IPPROTO_IP, IP_PKTINFO],
  ["IP_TTL", IPPROTO_IP, IP_TTL],
  ["IP_TOS", IPPROTO_IP, IP_TOS],
  ["SO_TIMESTAMPNS", SOL_SOCKET, SO_TIMESTAMPNS],
  // Two numbers, but on CPUs of 64 bits one layout.
  ["SO_TIMESTAMPNS", SOL_SOCKET, SO_TIMESTAMPNS_NEW],
];

/**
 * The kernel's form of control messages, for msg_control of sendmsg(2): each padded to 8 bytes (CMSG_SPACE), in order.
 *
 * @throws {TypeError} Not a control message, or a part of it is of the wrong type or no address of its family.
 * @throws {RangeError} A number or the length of an extension header is out of range.
 * @throws {MifError} EINVAL: SO_TIMESTAMPNS and IPV6_PATHMTU are only received.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeControl, encodeControl } from "./control.ts";
 *
 * const control = encodeControl([
 *   { name: "IPV6_PKTINFO", address: "2001:db8::1", interface: 2 },
 *   { name: "IPV6_HOPLIMIT", value: 255 },
 * ]);
 * assert.equal(control.length, 40 + 24);
 * assert.deepEqual(decodeControl(control)[1], { name: "IPV6_HOPLIMIT", value: 255 });
 * ```
 */
export function encodeControl(messages: readonly ControlMessageInit[]): Uint8Array {
  const encoded = messages.filter((message) => !isDefault(message)).map(encodeMessage);
  const bytes = new Uint8Array(
    encoded.reduce((size, { data }) => size + aligned(HEADER_SIZE + data.length), 0),
  );
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { level, type, data } of encoded) {
    // size_t: the upper half stays 0, no array is that long.
    view.setUint32(at, HEADER_SIZE + data.length, true);
    view.setInt32(at + 8, level, true);
    view.setInt32(at + 12, type, true);
    bytes.set(data, at + HEADER_SIZE);
    at += aligned(HEADER_SIZE + data.length);
  }
  return bytes;
}

/**
 * The control messages in what recvmsg(2) left in msg_control, in order, copied out of it. Never throws.
 *
 * The kernel cuts the last message where the room ends and shortens its length to fit. One that is too short for its
 * name is left out; of an unknown one only `truncated` tells that it may have been cut.
 *
 * @param bytes As many as msg_controllen says.
 * @param truncated Whether msg_flags has MSG_CTRUNC: then an unknown message that ends where the room ends is left out.
 */
export function decodeControl(bytes: Uint8Array, truncated = false): ControlMessage[] {
  const messages: ControlMessage[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + HEADER_SIZE <= bytes.length;) {
    const length = view.getUint32(at, true);
    const end = at + length;
    if (view.getUint32(at + 4, true) !== 0 || length < HEADER_SIZE || end > bytes.length) break;
    const message = decodeMessage(
      view.getInt32(at + 8, true),
      view.getInt32(at + 12, true),
      bytes.subarray(at + HEADER_SIZE, end),
    );
    const doubtful = truncated && message?.name === "unknown" && end === bytes.length;
    if (message && !doubtful) messages.push(message);
    at += aligned(length);
  }
  return messages;
}

/** CMSG_ALIGN of both CPUs. */
function aligned(length: number): number {
  return Math.ceil(length / 8) * 8;
}

/**
 * Whether it asks for what the socket does without it. RFC 3542 6.3 and 6.5 have -1 for that, but where Linux takes
 * it for the traffic class it may send 255 (6.18 does).
 */
function isDefault(message: ControlMessageInit): boolean {
  return (message?.name === "IPV6_HOPLIMIT" || message?.name === "IPV6_TCLASS") &&
    message.value === -1;
}

/** A control message without its name. */
type Encoded = Omit<UnknownControlMessage, "name">;

function encodeMessage(message: ControlMessageInit): Encoded {
  switch (message?.name) {
    case "IPV6_PKTINFO":
      return known(message.name, encodeIpv6PacketInfo(message));
    case "IP_PKTINFO":
      return known(message.name, encodeIpv4PacketInfo(message));
    case "IPV6_HOPLIMIT":
    case "IPV6_TCLASS":
    case "IP_TTL":
    case "IP_TOS":
      return known(message.name, encodeNumber(message));
    case "IPV6_RTHDR":
    case "IPV6_HOPOPTS":
    case "IPV6_DSTOPTS":
    case "IPV6_RTHDRDSTOPTS":
      return known(message.name, wholeHeader(message));
    case "IPV6_PATHMTU":
    case "SO_TIMESTAMPNS":
      throw new MifError(
        `Cannot send ${message.name}: it is only received; take it out of the control messages`,
        { code: "EINVAL", errno: 22, syscall: "sendmsg" },
      );
    case "unknown":
      return {
        level: checkedNumber("level of a control message", message.level, INT_MAX),
        type: checkedNumber("type of a control message", message.type, INT_MAX),
        data: checkedBytes("data of a control message", message.data),
      };
    default:
      throw new TypeError(
        `Not a control message: ${String((message as { name?: unknown } | null)?.name ?? message)}`,
      );
  }
}

function known(name: ControlMessage["name"], data: Uint8Array): Encoded {
  const [, level, type] = KINDS.find(([kind]) => kind === name)!;
  return { level, type, data };
}

function encodeIpv6PacketInfo(message: Partial<Ipv6PacketInfo>): Uint8Array {
  const data = new Uint8Array(IN6_PKTINFO_SIZE);
  data.set(addressBytes("address of IPV6_PKTINFO", message.address ?? "::", 6));
  setInterface(data, 16, "interface of IPV6_PKTINFO", message.interface);
  return data;
}

function encodeIpv4PacketInfo(message: Partial<Ipv4PacketInfo>): Uint8Array {
  const data = new Uint8Array(IN_PKTINFO_SIZE);
  setInterface(data, 0, "interface of IP_PKTINFO", message.interface);
  data.set(addressBytes("source of IP_PKTINFO", message.source ?? "0.0.0.0", 4), 4);
  data.set(addressBytes("destination of IP_PKTINFO", message.destination ?? "0.0.0.0", 4), 8);
  return data;
}

/** All are sent as int: older kernels do not take IP_TOS as the one byte it is received as. */
function encodeNumber({ name, value }: IpHeaderNumber): Uint8Array {
  checkedNumber(name, value, 255);
  if (name === "IP_TTL" && value === 0) {
    throw new RangeError("IP_TTL must be 1 or more: with 0 no packet leaves this host");
  }
  const data = new Uint8Array(INT_SIZE);
  new DataView(data.buffer).setInt32(0, value, true);
  return data;
}

function wholeHeader({ name, bytes }: ExtensionHeader): Uint8Array {
  const { length } = checkedBytes(`bytes of ${name}`, bytes);
  if (length % 8 !== 0 || length === 0 || length > EXTENSION_HEADER_SIZE_MAX) {
    throw new RangeError(
      `${name} must be a whole header of 8 to ${EXTENSION_HEADER_SIZE_MAX} bytes in units of 8, not ${length}`,
    );
  }
  if (headerLength(bytes) !== length) {
    throw new RangeError(
      `${name} has ${length} bytes, but its length field says ${headerLength(bytes)}`,
    );
  }
  return bytes;
}

/** What the header's length field says, in bytes: RFC 8200 4.3. */
function headerLength(bytes: Uint8Array): number {
  return (bytes[1]! + 1) * 8;
}

function addressBytes(what: string, address: string, family: 4 | 6): Uint8Array {
  const parsed = typeof address === "string" ? parseAddress(address) : null;
  if (parsed?.family !== family || parsed.zone !== null) {
    throw new TypeError(
      `${what} must be an IPv${family} address without zone, not ${String(address)}`,
    );
  }
  return parsed.bytes;
}

function setInterface(data: Uint8Array, at: number, what: string, index = 0): void {
  new DataView(data.buffer).setInt32(at, checkedNumber(what, index, INT_MAX), true);
}

function checkedBytes(what: string, bytes: Uint8Array): Uint8Array {
  if (bytes instanceof Uint8Array) return bytes;
  throw new TypeError(
    `${what} must be a Uint8Array, not ${bytes === null ? "null" : typeof bytes}`,
  );
}

/** Null where the data is too short for its name. */
function decodeMessage(level: number, type: number, data: Uint8Array): ControlMessage | null {
  const name = KINDS.find((kind) => kind[1] === level && kind[2] === type)?.[0] ?? "unknown";
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  switch (name) {
    case "IPV6_PKTINFO":
      if (data.length < IN6_PKTINFO_SIZE) return null;
      return {
        name,
        address: formatAddress(data.subarray(0, 16)),
        interface: view.getInt32(16, true),
      };
    case "IP_PKTINFO":
      if (data.length < IN_PKTINFO_SIZE) return null;
      return {
        name,
        interface: view.getInt32(0, true),
        source: formatAddress(data.subarray(4, 8)),
        destination: formatAddress(data.subarray(8, 12)),
      };
    case "IP_TOS":
      // One byte as received, an int as sent: its low byte comes first.
      return data.length === 0 ? null : { name, value: data[0]! };
    case "IPV6_HOPLIMIT":
    case "IPV6_TCLASS":
    case "IP_TTL":
      return data.length < INT_SIZE ? null : { name, value: view.getInt32(0, true) };
    case "IPV6_RTHDR":
    case "IPV6_HOPOPTS":
    case "IPV6_DSTOPTS":
    case "IPV6_RTHDRDSTOPTS":
      if (data.length < 2 || data.length < headerLength(data)) return null;
      return { name, bytes: new Uint8Array(data.subarray(0, headerLength(data))) };
    case "IPV6_PATHMTU": {
      if (data.length < IP6_MTUINFO_SIZE) return null;
      const destination = decodeSockaddr(data.subarray(0, SOCKADDR_SIZE));
      if (destination?.family !== 6) return null;
      const { address, scopeId } = destination;
      return { name, destination: address, scopeId, mtu: view.getUint32(SOCKADDR_SIZE, true) };
    }
    case "SO_TIMESTAMPNS":
      if (data.length < TIMESPEC_SIZE) return null;
      return {
        name,
        seconds: Number(view.getBigInt64(0, true)),
        nanoseconds: Number(view.getBigInt64(8, true)),
      };
    case "unknown":
      return { name, level, type, data: new Uint8Array(data) };
  }
}
