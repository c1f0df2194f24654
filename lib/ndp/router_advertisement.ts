/**
 * Router Advertisements (RFC 4861 4.2) between bytes and objects. Pure.
 *
 * The kernel passes to a raw ICMPv6 socket every message of the type, also those its own Neighbor Discovery throws away.
 * So the checks of RFC 4861 6.1.2 are made here, but for one: the checksum, which the kernel verifies before it
 * gives a message to such a socket (RFC 3542 3.1). Where the message came another way the caller names its destination,
 * and the checksum is verified too.
 *
 * @module
 */

import { isLinkLocal } from "../ip/address.ts";
import {
  buildHeader,
  HEADER_SIZE,
  parseHeader,
  ROUTER_ADVERTISEMENT,
  type RouterAdvertisementHeader,
} from "./advertisement_header.ts";
import { buildOption } from "./build_option.ts";
import { icmpv6Checksum, joinMessage } from "./icmpv6.ts";
import { type NdOption, parseAnyOption, splitOptions, type UnknownOption } from "./options.ts";
import { buildPvdOption, parsePvdOption, PVD, type PvdOption } from "./pvd_option.ts";

/** What a router says of itself and its network. */
export interface RouterAdvertisement extends RouterAdvertisementHeader {
  /** In the message's order. Those that are malformed in themselves are left out. */
  options: (NdOption | PvdOption | UnknownOption)[];
}

/** How a message came, as recvmsg(2) tells it. */
export interface Arrival {
  /** IPV6_HOPLIMIT; null where the kernel gave none. */
  hopLimit: number | null;
  /** The IPv6 source, 16 bytes. */
  source: Uint8Array;
  /** The IPv6 destination, 16 bytes, where the checksum is still to be verified. */
  destination?: Uint8Array;
}

/**
 * One whole message, or null where RFC 4861 6.1.2 has a host discard it: the source is not link-local, the hop limit
 * is not 255 (a router has forwarded it), the code is not 0, it is shorter than 16 bytes, an option has zero
 * length or does not fit, or the checksum is wrong. An option that fits but is malformed in itself voids only itself.
 */
export function parseRouterAdvertisement(
  message: Uint8Array,
  arrival: Arrival,
): RouterAdvertisement | null {
  const { hopLimit, source, destination } = arrival;
  if (hopLimit !== 255) return null;
  if (source.length !== 16 || !isLinkLocal(source)) return null;
  if (message.length < HEADER_SIZE) return null;
  if (message[0] !== ROUTER_ADVERTISEMENT || message[1] !== 0) return null;
  if (destination && icmpv6Checksum(message, source, destination) !== checksumOf(message)) {
    return null;
  }
  const options: RouterAdvertisement["options"] = [];
  let end = HEADER_SIZE;
  for (const bytes of splitOptions(message.subarray(HEADER_SIZE))) {
    end += bytes.length;
    const option = bytes[0] === PVD ? parsePvdOption(bytes) : parseAnyOption(bytes);
    if (option) options.push(option);
  }
  return end === message.length ? { ...parseHeader(message), options } : null;
}

/**
 * The message's bytes, checksum 0: for a raw ICMPv6 socket the kernel fills it in (RFC 3542 3.1), elsewhere
 * `setChecksum` does.
 *
 * @throws {RangeError} A number or an option does not fit.
 * @throws {TypeError} An address or a name is none.
 */
export function buildRouterAdvertisement(advertisement: RouterAdvertisement): Uint8Array {
  return joinMessage([
    buildHeader(advertisement),
    ...advertisement.options.map((option) =>
      option.name === "pvd" ? buildPvdOption(option) : buildOption(option)
    ),
  ]);
}

function checksumOf(message: Uint8Array): number {
  return message[2]! << 8 | message[3]!;
}
