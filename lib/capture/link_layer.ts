/**
 * Where the IPv6 packet is in a frame, for the kinds of link that carry one (LINKTYPE_* of the pcap files).
 *
 * @module
 */

/** BSD loopback: the address family in the byte order of the machine that captured. */
export const LINKTYPE_NULL = 0;
/** Ethernet. */
export const LINKTYPE_ETHERNET = 1;
/** An IP packet without anything before it. */
export const LINKTYPE_RAW = 101;
/** OpenBSD's loopback: the address family in network byte order. */
export const LINKTYPE_LOOP = 108;
/** "Cooked" by Linux, of an interface: 16 bytes. */
export const LINKTYPE_LINUX_SLL = 113;
/** An IPv6 packet without anything before it. */
export const LINKTYPE_IPV6 = 229;
/** "Cooked" by Linux, of any interface: 20 bytes. */
export const LINKTYPE_LINUX_SLL2 = 276;

/** The last two are what old files have for LINKTYPE_RAW: some systems' own DLT_RAW. */
const KNOWN: ReadonlySet<number> = new Set([
  LINKTYPE_NULL,
  LINKTYPE_ETHERNET,
  LINKTYPE_RAW,
  LINKTYPE_LOOP,
  LINKTYPE_LINUX_SLL,
  LINKTYPE_IPV6,
  LINKTYPE_LINUX_SLL2,
  12,
  14,
]);
const ETHERTYPE_IPV6 = 0x86dd;
/** 802.1Q and 802.1ad, and what was used before that. */
const VLAN_TAGS = [0x8100, 0x88a8, 0x9100, 0x9200];
/** AF_INET6 of Linux, NetBSD and OpenBSD, FreeBSD, macOS. */
const AF_INET6 = [10, 24, 28, 30];

/** Whether frames of this kind can be read. */
export function isKnownLinkType(linkType: number): boolean {
  return KNOWN.has(linkType);
}

/** Where the IPv6 packet begins in the frame that lies between `start` and `end`; -1 where it carries none. */
export function ipv6Start(
  linkType: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const at = packetStart(linkType, bytes, start, end);
  return at >= 0 && at < end && bytes[at]! >> 4 === 6 ? at : -1;
}

function packetStart(linkType: number, bytes: Uint8Array, start: number, end: number): number {
  switch (linkType) {
    case LINKTYPE_ETHERNET:
      return behindTags(bytes, start + 12, start + 14, end);
    case LINKTYPE_LINUX_SLL:
      return behindTags(bytes, start + 14, start + 16, end);
    case LINKTYPE_LINUX_SLL2:
      return behindTags(bytes, start, start + 20, end);
    case LINKTYPE_NULL:
    case LINKTYPE_LOOP:
      return isFamily(bytes, start, end) ? start + 4 : -1;
    default:
      return isKnownLinkType(linkType) ? start : -1;
  }
}

/** Behind the header of a link and its VLAN tags, where what they say is IPv6. */
function behindTags(bytes: Uint8Array, typeAt: number, header: number, end: number): number {
  let at = header;
  if (at > end) return -1;
  let type = bytes[typeAt]! << 8 | bytes[typeAt + 1]!;
  while (VLAN_TAGS.includes(type) && at + 4 <= end) {
    type = bytes[at + 2]! << 8 | bytes[at + 3]!;
    at += 4;
  }
  return type === ETHERTYPE_IPV6 ? at : -1;
}

/** Whether the four bytes are AF_INET6, in whatever order. */
function isFamily(bytes: Uint8Array, start: number, end: number): boolean {
  if (start + 4 > end || bytes[start + 1] !== 0 || bytes[start + 2] !== 0) return false;
  const [first, last] = [bytes[start]!, bytes[start + 3]!];
  return first === 0 ? AF_INET6.includes(last) : last === 0 && AF_INET6.includes(first);
}
