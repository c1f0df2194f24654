/**
 * What else decides which way a socket's packets go: socket options, flags and control messages that a socket on a
 * provisioning domain must not have, for they would lead it away from what was proved. Pure but for reading options.
 *
 * @module
 */

import { formatAddress } from "../ip/address.ts";
import { type ControlMessage, decodeControl } from "./control.ts";
import {
  AF_INET,
  IP_HDRINCL,
  IP_MULTICAST_IF,
  IP_UNICAST_IF,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_RAW,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPV6_HDRINCL,
  IPV6_MULTICAST_IF,
  IPV6_NEXTHOP,
  IPV6_PKTINFO,
  IPV6_RTHDR,
  IPV6_UNICAST_IF,
  SO_BINDTODEVICE,
  SO_BINDTOIFINDEX,
  SO_DONTROUTE,
  SO_MARK,
  SOCK_RAW,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./options.ts";

/** What is read of a socket. */
interface ReadableSocket {
  readonly untouched: boolean;
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  getsockopts(names: readonly (readonly [number, number])[]): (number | null)[];
}

const IP_OPTIONS = 4;
const IP_XFRM_POLICY = 17;
const IPV6_ADDRFORM = 1;
const IPV6_2292PKTINFO = 2;
const IPV6_2292RTHDR = 5;
const IPV6_2292PKTOPTIONS = 6;
const IPV6_FLOWLABEL_MGR = 32;
const IPV6_XFRM_POLICY = 35;
const IPPROTO_UDPLITE = 136;
const UDP_SEGMENT = 103;
const SCM_TXTIME = 61;
const TCP_INFO = 11;
const TCP_CLOSE = 7;

/** Level, number and name of each option that changes the way. */
export const STEERING_OPTIONS: readonly (readonly [number, number, string])[] = [
  [SOL_SOCKET, SO_DONTROUTE, "SO_DONTROUTE"],
  [SOL_SOCKET, SO_BINDTODEVICE, "SO_BINDTODEVICE"],
  [SOL_SOCKET, SO_MARK, "SO_MARK"],
  [SOL_SOCKET, SO_BINDTOIFINDEX, "SO_BINDTOIFINDEX"],
  [IPPROTO_IP, IP_HDRINCL, "IP_HDRINCL"],
  [IPPROTO_IP, IP_OPTIONS, "IP_OPTIONS"],
  [IPPROTO_IP, IP_XFRM_POLICY, "IP_XFRM_POLICY"],
  [IPPROTO_IP, IP_MULTICAST_IF, "IP_MULTICAST_IF"],
  [IPPROTO_IP, IP_UNICAST_IF, "IP_UNICAST_IF"],
  [IPPROTO_IPV6, IPV6_ADDRFORM, "IPV6_ADDRFORM"],
  [IPPROTO_IPV6, IPV6_2292PKTINFO, "IPV6_2292PKTINFO"],
  [IPPROTO_IPV6, IPV6_2292RTHDR, "IPV6_2292RTHDR"],
  [IPPROTO_IPV6, IPV6_2292PKTOPTIONS, "IPV6_2292PKTOPTIONS"],
  [IPPROTO_IPV6, IPV6_NEXTHOP, "IPV6_NEXTHOP"],
  [IPPROTO_IPV6, IPV6_MULTICAST_IF, "IPV6_MULTICAST_IF"],
  [IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, "IPV6_FLOWLABEL_MGR"],
  [IPPROTO_IPV6, IPV6_XFRM_POLICY, "IPV6_XFRM_POLICY"],
  [IPPROTO_IPV6, IPV6_HDRINCL, "IPV6_HDRINCL"],
  [IPPROTO_IPV6, IPV6_PKTINFO, "IPV6_PKTINFO"],
  [IPPROTO_IPV6, IPV6_RTHDR, "IPV6_RTHDR"],
  [IPPROTO_IPV6, IPV6_UNICAST_IF, "IPV6_UNICAST_IF"],
];

/** Level and type of control messages that are known to say nothing of the way: how to cut a datagram, when to send it. */
const HARMLESS: readonly (readonly [number, number])[] = [
  [IPPROTO_UDP, UDP_SEGMENT],
  [SOL_SOCKET, SCM_TXTIME],
];

/** The name of an option that changes the way packets go, null for any other. */
export function steeringOption(level: number, number: number): string | null {
  return STEERING_OPTIONS.find((option) => option[0] === level && option[1] === number)?.[2] ??
    null;
}

/** Why a socket is of a kind that cannot be held to one source and one router, or has an option that leads it elsewhere. */
export function unselectable(socket: ReadableSocket): string | null {
  const { family, type, protocol } = socket;
  // MPTCP opens connections of its own from other addresses, SCTP names them to the peer.
  const known = type === SOCK_STREAM
    ? [0, IPPROTO_TCP]
    : [0, IPPROTO_UDP, IPPROTO_UDPLITE, IPPROTO_ICMP, IPPROTO_ICMPV6];
  if (type !== SOCK_RAW && !known.includes(protocol)) {
    return `protocol ${protocol} may use other addresses and ways of its own`;
  }
  if (type === SOCK_RAW && protocol === IPPROTO_RAW) return "it writes the IP header itself";
  if (socket.untouched) return null;
  const [level, unicast, routing, header] = family === AF_INET
    ? [IPPROTO_IP, IP_UNICAST_IF, IP_OPTIONS, IP_HDRINCL] as const
    : [IPPROTO_IPV6, IPV6_UNICAST_IF, IPV6_RTHDR, IPV6_HDRINCL] as const;
  const ofType = type === SOCK_STREAM
    ? [[IPPROTO_TCP, TCP_INFO] as const]
    : type === SOCK_RAW
    ? [[level, header] as const]
    : [];
  const [isDirect, device, route, typeSays] = socket.getsockopts([
    [SOL_SOCKET, SO_DONTROUTE],
    [level, unicast],
    [level, routing],
    ...ofType,
  ]);
  if (isDirect !== 0) return "SO_DONTROUTE is set";
  // Its first byte is the state.
  if (type === SOCK_STREAM && (typeSays! & 0xff) !== TCP_CLOSE) {
    return "it listens or connects already";
  }
  if (device !== 0) return `${steeringOption(level, unicast)} is set`;
  if (type === SOCK_RAW && typeSays !== 0) return "it writes the IP header itself";
  return route === null ? null : `${steeringOption(level, routing)} is set`;
}

/** Where control messages would have a packet go, as far as they say. */
export interface ControlSteering {
  /** Source addresses asked for. */
  sources: string[];
  /** Indexes of the interfaces asked for. */
  interfaces: number[];
  /** First addresses of routing headers: what the kernel looks up a route for. */
  firstHops: string[];
  /** A message of which we cannot tell, in words. */
  unknown: string | null;
}

/** What control messages, as the kernel will read them, say about the way. */
export function controlSteering(control: Uint8Array): ControlSteering {
  const steering: ControlSteering = { sources: [], interfaces: [], firstHops: [], unknown: null };
  const messages = decodeControl(control);
  for (const message of messages) addSteering(steering, message);
  return steering;
}

function addSteering(steering: ControlSteering, message: ControlMessage): void {
  switch (message.name) {
    case "IPV6_PKTINFO":
      if (message.address !== "::") steering.sources.push(message.address);
      if (message.interface !== 0) steering.interfaces.push(message.interface);
      return;
    case "IP_PKTINFO":
      if (message.source !== "0.0.0.0") steering.sources.push(message.source);
      if (message.interface !== 0) steering.interfaces.push(message.interface);
      return;
    case "IPV6_RTHDR": {
      const hop = firstHop(message.bytes);
      if (hop) steering.firstHops.push(hop);
      else steering.unknown = `an IPV6_RTHDR of type ${message.bytes[2]}`;
      return;
    }
    case "unknown":
      if (HARMLESS.some(([level, type]) => level === message.level && type === message.type)) {
        return;
      }
      steering.unknown = `a control message of level ${message.level} and type ${message.type}`;
      return;
  }
}

/** The address that the kernel sends to: the first of types 0 and 2 (RFC 6275 6.4), the active segment of 4 (RFC 8754). */
function firstHop(header: Uint8Array): string | null {
  const type = header[2];
  if (header[3] === 0 || header.length < 24) return null;
  if (type === 0 || type === 2) return formatAddress(header.slice(8, 24));
  const at = 8 + 16 * header[3]!;
  return type === 4 && at + 16 <= header.length ? formatAddress(header.slice(at, at + 16)) : null;
}
