/**
 * The numbers of socket(2), sendmsg(2) and setsockopt(2) under the field's own names, and the one option whose
 * bits Linux turns round, ICMP6_FILTER.
 *
 * They are Linux's numbers and the same on x86_64 and aarch64: both take <asm-generic/socket.h>, the rest does not
 * depend on the CPU. A value is an int unless its line says otherwise; a "flag" is an int of 0 or 1.
 *
 * Left out because Linux does not have them:
 * - IPV6_REACHCONF and IPV6_RECVRTHDRDSTOPTS, of the drafts before RFC 3542: every destination options header
 *   arrives as IPV6_DSTOPTS;
 * - IPV6_MIPDSTOPTS (RFC 4584): the home address option is sent by IPV6_DSTOPTS.
 *
 * @module
 */

import { checkedNumber } from "../checked_number.ts";

// Address families: socket(2).

/** Either family, in hints; in connect(2) it dissolves a datagram socket's association. POSIX. */
export const AF_UNSPEC = 0;
/** IPv4, ip(7). */
export const AF_INET = 2;
/** IPv6, ipv6(7). */
export const AF_INET6 = 10;

// Socket types: socket(2).

/** A stream, TCP. POSIX. */
export const SOCK_STREAM = 1;
/** Datagrams, UDP or ICMP echo. POSIX. */
export const SOCK_DGRAM = 2;
/** Packets of one IP protocol; needs CAP_NET_RAW. raw(7), RFC 3542 3. */
export const SOCK_RAW = 3;

// IP protocols, which are also the levels of their options: protocols(5), RFC 3542 2.1.1.

/** The default protocol of a type; as a level, that of IPv4's options. ip(7). */
export const IPPROTO_IP = 0;
/** Hop-by-hop options header. RFC 8200 4.3. */
export const IPPROTO_HOPOPTS = 0;
/** ICMP for IPv4. RFC 792. */
export const IPPROTO_ICMP = 1;
/** TCP; the level of tcp(7)'s options. */
export const IPPROTO_TCP = 6;
/** UDP; the level of udp(7)'s options. */
export const IPPROTO_UDP = 17;
/** IPv6 in IP; as a level, that of IPv6's options. ipv6(7). */
export const IPPROTO_IPV6 = 41;
/** Routing header. RFC 8200 4.4. */
export const IPPROTO_ROUTING = 43;
/** Fragment header. RFC 8200 4.5. */
export const IPPROTO_FRAGMENT = 44;
/** Encapsulating Security Payload. RFC 4303. */
export const IPPROTO_ESP = 50;
/** Authentication Header. RFC 4302. */
export const IPPROTO_AH = 51;
/** ICMPv6; the level of ICMP6_FILTER. RFC 4443. */
export const IPPROTO_ICMPV6 = 58;
/** No next header. RFC 8200 4.7. */
export const IPPROTO_NONE = 59;
/** Destination options header. RFC 8200 4.6. */
export const IPPROTO_DSTOPTS = 60;
/** Mobility Header. RFC 6275 6.1; the seed's own number, 62, is not this. */
export const IPPROTO_MH = 135;
/** The program gives the IP header too. raw(7). */
export const IPPROTO_RAW = 255;

// Flags of send(2) and recv(2).

/** TCP's urgent byte. send(2). */
export const MSG_OOB = 0x1;
/** Receives without taking it out of the queue. recv(2). */
export const MSG_PEEK = 0x2;
/** Sends to hosts on the link only, by no gateway. send(2). */
export const MSG_DONTROUTE = 0x4;
/** Received: control messages were left out for want of room. recv(2). */
export const MSG_CTRUNC = 0x8;
/** Received: the datagram was longer than the room for it. Asked for: tell its whole length. recv(2). */
export const MSG_TRUNC = 0x20;
/** Does not wait, this once. send(2). */
export const MSG_DONTWAIT = 0x40;
/** Received: the end of a record. recv(2). */
export const MSG_EOR = 0x80;
/** Waits until the room is full. recv(2). */
export const MSG_WAITALL = 0x100;
/** Tells that the neighbour answered, so that no Neighbor Solicitation is needed. send(2). */
export const MSG_CONFIRM = 0x800;
/** Receives from the queue of errors that IP_RECVERR and IPV6_RECVERR fill. recv(2). */
export const MSG_ERRQUEUE = 0x2000;
/** No SIGPIPE when the peer has closed. send(2). */
export const MSG_NOSIGNAL = 0x4000;
/** More data follows: do not send a packet yet. send(2). */
export const MSG_MORE = 0x8000;
/** recvmmsg(2): waits for the first message only. */
export const MSG_WAITFORONE = 0x10000;

// What shutdown(2) ends. POSIX.

/** Receiving. shutdown(2). */
export const SHUT_RD = 0;
/** Sending. shutdown(2). */
export const SHUT_WR = 1;
/** Both. shutdown(2). */
export const SHUT_RDWR = 2;

// Level SOL_SOCKET: socket(7).

/** The level of the options of every socket. socket(7). */
export const SOL_SOCKET = 1;
/** Flag: bind to an address that a closed connection still occupies. socket(7). */
export const SO_REUSEADDR = 2;
/** Read only: SOCK_STREAM, SOCK_DGRAM or SOCK_RAW. socket(7). */
export const SO_TYPE = 3;
/** Read only: the pending errno, cleared by reading. socket(7). */
export const SO_ERROR = 4;
/** Flag: send by no gateway. socket(7). */
export const SO_DONTROUTE = 5;
/** Flag: broadcast addresses are allowed. socket(7). */
export const SO_BROADCAST = 6;
/** Bytes of the send buffer; reads back doubled. socket(7). */
export const SO_SNDBUF = 7;
/** Bytes of the receive buffer; reads back doubled. socket(7). */
export const SO_RCVBUF = 8;
/** Flag: probe an idle connection. socket(7). */
export const SO_KEEPALIVE = 9;
/** struct linger, two ints: on or off, seconds. socket(7). */
export const SO_LINGER = 13;
/** Flag: several sockets share one address and port. socket(7). */
export const SO_REUSEPORT = 15;
/** The interface's name, at most 15 bytes and NUL; empty clears it. socket(7). */
export const SO_BINDTODEVICE = 25;
/** What the socket receives: a program of classic BPF, 8 bytes an instruction (struct sock_filter). socket(7). */
export const SO_ATTACH_FILTER = 26;
/** Read only: whether the socket listens. socket(7). */
export const SO_ACCEPTCONN = 30;
/** SO_SNDBUF beyond the limit; needs CAP_NET_ADMIN. socket(7). */
export const SO_SNDBUFFORCE = 32;
/** SO_RCVBUF beyond the limit; needs CAP_NET_ADMIN. socket(7). */
export const SO_RCVBUFFORCE = 33;
/** Flag: receive the arrival time as struct timespec of two 8-byte numbers. socket(7), time(7). */
export const SO_TIMESTAMPNS = 35;
/** The mark by which rules and netfilter select; needs CAP_NET_ADMIN, on newer kernels CAP_NET_RAW. socket(7). */
export const SO_MARK = 36;
/** Read only: the protocol given to socket(2). socket(7). */
export const SO_PROTOCOL = 38;
/** Read only: AF_INET or AF_INET6. socket(7). */
export const SO_DOMAIN = 39;
/** Read only: 8 bytes that no other socket of this machine ever has. <asm-generic/socket.h>. */
export const SO_COOKIE = 57;
/** The index of the interface to bind to, 0 for none: SO_BINDTODEVICE by number. <asm-generic/socket.h>. */
export const SO_BINDTOIFINDEX = 62;
/** SO_TIMESTAMPNS that does not end in 2038 on any CPU; the same 16 bytes on these two. <asm-generic/socket.h>. */
export const SO_TIMESTAMPNS_NEW = 64;

// Level IPPROTO_IP: ip(7).

/** The Type of Service byte, 0 to 255. ip(7). */
export const IP_TOS = 1;
/** Time to live, 1 to 255; -1 for the default. ip(7). */
export const IP_TTL = 2;
/** Flag on SOCK_RAW: the program gives the IP header. raw(7). */
export const IP_HDRINCL = 3;
/** Flag: receive interface and destination of each datagram. ip(7). */
export const IP_PKTINFO = 8;
/** Path MTU discovery, one of IP_PMTUDISC_*. ip(7). */
export const IP_MTU_DISCOVER = 10;
/** Flag: queue errors for MSG_ERRQUEUE. ip(7). */
export const IP_RECVERR = 11;
/** Flag: receive IP_TTL. ip(7). */
export const IP_RECVTTL = 12;
/** Flag: receive IP_TOS. ip(7). */
export const IP_RECVTOS = 13;
/** Read only, connected: the path MTU. ip(7). */
export const IP_MTU = 14;
/** Flag: bind to an address that is not here (yet). ip(7). */
export const IP_FREEBIND = 15;
/** Flag: bind to and send from foreign addresses; needs CAP_NET_ADMIN or CAP_NET_RAW. ip(7). */
export const IP_TRANSPARENT = 19;
/** Flag: bind() with port 0 leaves the port for connect() to choose. ip(7). */
export const IP_BIND_ADDRESS_NO_PORT = 24;
/** Where multicast goes out: struct in_addr, ip_mreq or ip_mreqn. ip(7). */
export const IP_MULTICAST_IF = 32;
/** TTL of multicast, 0 to 255; -1 for the default, 1. ip(7). */
export const IP_MULTICAST_TTL = 33;
/** Flag: this host hears its own multicast. ip(7). */
export const IP_MULTICAST_LOOP = 34;
/** Joins a group: struct ip_mreq or ip_mreqn. ip(7). */
export const IP_ADD_MEMBERSHIP = 35;
/** Leaves a group: struct ip_mreq or ip_mreqn. ip(7). */
export const IP_DROP_MEMBERSHIP = 36;
/** Hears a source of a group again: struct ip_mreq_source. ip(7), RFC 3678. */
export const IP_UNBLOCK_SOURCE = 37;
/** Hears a source of a group no more: struct ip_mreq_source. ip(7), RFC 3678. */
export const IP_BLOCK_SOURCE = 38;
/** Joins a group for one source: struct ip_mreq_source. ip(7), RFC 3678. */
export const IP_ADD_SOURCE_MEMBERSHIP = 39;
/** Leaves a group for one source: struct ip_mreq_source. ip(7), RFC 3678. */
export const IP_DROP_SOURCE_MEMBERSHIP = 40;
/** Flag, 1 by default: hear groups that other sockets joined too. ip(7). */
export const IP_MULTICAST_ALL = 49;
/** The index of the interface to send by, in network byte order. <linux/in.h>. */
export const IP_UNICAST_IF = 50;

// Values of IP_MTU_DISCOVER and IPV6_MTU_DISCOVER: ip(7).

/** Never set Don't Fragment. ip(7). */
export const IP_PMTUDISC_DONT = 0;
/** As the route says. ip(7). */
export const IP_PMTUDISC_WANT = 1;
/** Always; a datagram that is too long fails with EMSGSIZE. ip(7). */
export const IP_PMTUDISC_DO = 2;
/** Set Don't Fragment, whatever the path MTU is. ip(7). */
export const IP_PMTUDISC_PROBE = 3;

// Level IPPROTO_IPV6: ipv6(7), RFC 3493, RFC 3542, RFC 5014.

/** Even offset of the checksum in a raw packet, which the kernel makes and verifies; -1: it does not. RFC 3542 3.1. */
export const IPV6_CHECKSUM = 7;
/** Next hop of each packet. Linux names it and refuses it: ENOPROTOOPT. RFC 3542 6.4. */
export const IPV6_NEXTHOP = 9;
/** Hop limit of unicast, 0 to 255; -1 for the default. RFC 3493 5.1. */
export const IPV6_UNICAST_HOPS = 16;
/** The index of the interface multicast goes out of. RFC 3493 5.2. */
export const IPV6_MULTICAST_IF = 17;
/** Hop limit of multicast, 0 to 255; -1 for the default, 1. RFC 3493 5.2. */
export const IPV6_MULTICAST_HOPS = 18;
/** Flag: this host hears its own multicast. RFC 3493 5.2. */
export const IPV6_MULTICAST_LOOP = 19;
/** Joins a group: struct ipv6_mreq, the address and the interface's index. RFC 3493 5.2. */
export const IPV6_JOIN_GROUP = 20;
/** Leaves a group: struct ipv6_mreq. RFC 3493 5.2. */
export const IPV6_LEAVE_GROUP = 21;
/** Path MTU discovery, one of IP_PMTUDISC_*. ipv6(7). */
export const IPV6_MTU_DISCOVER = 23;
/** The path MTU of a connected socket; setting it bounds what is sent unfragmented. ipv6(7). */
export const IPV6_MTU = 24;
/** Flag: queue errors for MSG_ERRQUEUE. ipv6(7). */
export const IPV6_RECVERR = 25;
/** Flag: no IPv4 by mapped addresses; before bind(). RFC 3493 5.3. */
export const IPV6_V6ONLY = 26;
/** Flag, 1 by default: hear groups that other sockets joined too. <linux/in6.h>. */
export const IPV6_MULTICAST_ALL = 29;
/** Flag on SOCK_RAW: the program gives the IPv6 header. <linux/in6.h>. */
export const IPV6_HDRINCL = 36;
/** Flag: receive IPV6_PKTINFO. RFC 3542 6.1, 6.2. */
export const IPV6_RECVPKTINFO = 49;
/** Source address and interface to send by: struct in6_pktinfo. RFC 3542 6.1, 6.2. */
export const IPV6_PKTINFO = 50;
/** Flag: receive IPV6_HOPLIMIT. RFC 3542 6.3. */
export const IPV6_RECVHOPLIMIT = 51;
/** Hop limit; a control message only. RFC 3542 6.3. */
export const IPV6_HOPLIMIT = 52;
/** Flag: receive IPV6_HOPOPTS. RFC 3542 8.1. */
export const IPV6_RECVHOPOPTS = 53;
/** Hop-by-hop options header to send; needs CAP_NET_RAW. RFC 3542 8.2. */
export const IPV6_HOPOPTS = 54;
/** Destination options header in front of the routing header; needs CAP_NET_RAW. RFC 3542 9.2. */
export const IPV6_RTHDRDSTOPTS = 55;
/** Flag: receive IPV6_RTHDR. RFC 3542 7. */
export const IPV6_RECVRTHDR = 56;
/** The type of routing header that RFC 3542 7 knows; RFC 5095 has abolished it, and Linux does not send it. RFC 3542 7. */
export const IPV6_RTHDR_TYPE_0 = 0;
/** Routing header to send: type 2 (RFC 6275, where the kernel has Mobile IPv6) or 4 (RFC 8754). RFC 3542 7. */
export const IPV6_RTHDR = 57;
/** Flag: receive IPV6_DSTOPTS. RFC 3542 9.1. */
export const IPV6_RECVDSTOPTS = 58;
/** Destination options header to send; needs CAP_NET_RAW. RFC 3542 9.2. */
export const IPV6_DSTOPTS = 59;
/** Flag: receive IPV6_PATHMTU when the path MTU of a destination falls. RFC 3542 11.3. */
export const IPV6_RECVPATHMTU = 60;
/** Read only, connected: struct ip6_mtuinfo, the destination's sockaddr_in6 and its path MTU. RFC 3542 11.4. */
export const IPV6_PATHMTU = 61;
/** Flag: what is too long fails with EMSGSIZE instead of being fragmented. RFC 3542 11.2. */
export const IPV6_DONTFRAG = 62;
/** Fragment to 1280 bytes: 1 always, 0 never, -1 multicast. Linux names it and refuses it: ENOPROTOOPT. RFC 3542 11.1. */
export const IPV6_USE_MIN_MTU = 63;
/** Flag: receive IPV6_TCLASS. RFC 3542 6.5. */
export const IPV6_RECVTCLASS = 66;
/** Traffic class, 0 to 255; -1 for the default. RFC 3542 6.5. */
export const IPV6_TCLASS = 67;
/** Which source address is preferred: IPV6_PREFER_SRC_* by bitwise or, one of each pair. RFC 5014. */
export const IPV6_ADDR_PREFERENCES = 72;
/** Flag: bind to and send from foreign addresses; needs CAP_NET_ADMIN or CAP_NET_RAW. <linux/in6.h>. */
export const IPV6_TRANSPARENT = 75;
/** The index of the interface to send by, in network byte order. <linux/in6.h>. */
export const IPV6_UNICAST_IF = 76;
/** Flag: bind to an address that is not here (yet). <linux/in6.h>. */
export const IPV6_FREEBIND = 78;

// Flags of IPV6_ADDR_PREFERENCES: RFC 5014.

/** A temporary address (RFC 8981). RFC 5014. */
export const IPV6_PREFER_SRC_TMP = 0x0001;
/** A public address. RFC 5014. */
export const IPV6_PREFER_SRC_PUBLIC = 0x0002;
/** A care-of address. RFC 5014. */
export const IPV6_PREFER_SRC_COA = 0x0004;
/** A cryptographically generated address (RFC 3972); Linux accepts and ignores it. RFC 5014. */
export const IPV6_PREFER_SRC_CGA = 0x0008;
/** Temporary or public as the system prefers. RFC 5014. */
export const IPV6_PREFER_SRC_PUBTMP_DEFAULT = 0x0100;
/** A home address. RFC 5014. */
export const IPV6_PREFER_SRC_HOME = 0x0400;
/** No cryptographically generated address; Linux accepts and ignores it. RFC 5014. */
export const IPV6_PREFER_SRC_NONCGA = 0x0800;

// Multicast of either family, at the level of the socket's own: RFC 3678.

/** Joins a group: struct group_req. RFC 3678. */
export const MCAST_JOIN_GROUP = 42;
/** Hears a source of a group no more: struct group_source_req. RFC 3678. */
export const MCAST_BLOCK_SOURCE = 43;
/** Hears a source of a group again: struct group_source_req. RFC 3678. */
export const MCAST_UNBLOCK_SOURCE = 44;
/** Leaves a group: struct group_req. RFC 3678. */
export const MCAST_LEAVE_GROUP = 45;
/** Joins a group for one source: struct group_source_req. RFC 3678. */
export const MCAST_JOIN_SOURCE_GROUP = 46;
/** Leaves a group for one source: struct group_source_req. RFC 3678. */
export const MCAST_LEAVE_SOURCE_GROUP = 47;

// Level IPPROTO_TCP: tcp(7).

/** Flag: send at once, without Nagle's algorithm. tcp(7). */
export const TCP_NODELAY = 1;
/** Milliseconds that sent data may stay unacknowledged before the connection ends; 0 for the default. tcp(7). */
export const TCP_USER_TIMEOUT = 18;

// Level IPPROTO_ICMPV6: RFC 3542 3.2.

/** Which ICMPv6 types a raw socket receives: the 32 bytes of {@linkcode icmp6Filter}. RFC 3542 3.2. */
export const ICMP6_FILTER = 1;

/** struct icmp6_filter: one bit for each ICMPv6 type. */
const ICMP6_FILTER_SIZE = 32;

/**
 * The value of ICMP6_FILTER that lets only some ICMPv6 types pass, or blocks only some.
 *
 * Linux's bits say what is blocked, the reverse of the sample code in RFC 3542 3.2; nobody needs to know.
 *
 * @param types ICMPv6 types, 0 to 255, under `pass` or under `block`; the others are blocked or pass.
 * @returns 32 bytes, struct icmp6_filter.
 * @throws {TypeError} Neither or both of `pass` and `block` are given, or one is no list of numbers.
 * @throws {RangeError} A type is out of range.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { icmp6Filter, readIcmp6Filter } from "@mif/sockets";
 *
 * const routerAdvertisements = icmp6Filter({ pass: [134] });
 * assert.equal(readIcmp6Filter(routerAdvertisements).passes(134), true);
 * assert.equal(readIcmp6Filter(routerAdvertisements).passes(128), false);
 * ```
 */
export function icmp6Filter(
  types: { pass: readonly number[]; block?: undefined } | {
    block: readonly number[];
    pass?: undefined;
  },
): Uint8Array {
  const named = types?.pass ?? types?.block;
  if (!Array.isArray(named) || (types.pass !== undefined && types.block !== undefined)) {
    throw new TypeError("ICMP6_FILTER takes a list of ICMPv6 types as either pass or block");
  }
  const filter = new Uint8Array(ICMP6_FILTER_SIZE);
  for (const type of named) filter[checkedType(type) >> 3]! |= 1 << (type & 7);
  // So far the bits name the types given, which is Linux's own sense only where those are to be blocked.
  return types.pass ? filter.map((byte) => ~byte) : filter;
}

/**
 * What a value of ICMP6_FILTER lets pass.
 *
 * @param bytes The 32 bytes of struct icmp6_filter, as getsockopt() gives them; copied.
 * @throws {RangeError} There are not 32 bytes, or a type asked for is out of range.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { icmp6Filter, readIcmp6Filter } from "@mif/sockets";
 *
 * assert.equal(readIcmp6Filter(icmp6Filter({ block: [134] })).passes(134), false);
 * ```
 */
export function readIcmp6Filter(bytes: Uint8Array): { passes(type: number): boolean } {
  if (bytes.length !== ICMP6_FILTER_SIZE) {
    throw new RangeError(`ICMP6_FILTER has ${ICMP6_FILTER_SIZE} bytes, not ${bytes.length}`);
  }
  const filter = new Uint8Array(bytes);
  return { passes: (type) => (filter[checkedType(type) >> 3]! & 1 << (type & 7)) === 0 };
}

function checkedType(type: number): number {
  return checkedNumber("ICMPv6 type", type, 255);
}
