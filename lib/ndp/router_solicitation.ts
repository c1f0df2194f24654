/**
 * Router Solicitations (RFC 4861 4.1) between bytes and objects. Pure.
 *
 * @module
 */

import { isUnspecified } from "../ip/address.ts";
import { buildOption } from "./build_option.ts";
import { icmpv6Checksum, joinMessage } from "./icmpv6.ts";
import { type NdOption, parseAnyOption, splitOptions, type UnknownOption } from "./options.ts";
import type { Arrival } from "./router_advertisement.ts";

/** What a host says when it asks for routers. */
export interface RouterSolicitation {
  /** Mostly its Source Link-layer Address, or nothing. Those that are malformed in themselves are left out. */
  options: (NdOption | UnknownOption)[];
}

const ROUTER_SOLICITATION = 133;
const HEADER_SIZE = 8;

/**
 * The ICMPv6 message, checksum 0: the kernel fills it in (RFC 3542 3.1).
 *
 * @param hardwareAddress The sending interface's, for the Source Link-layer Address option; a link that has none
 *   (a tunnel) sends no option.
 */
export function routerSolicitation(hardwareAddress: Uint8Array): Uint8Array {
  return buildRouterSolicitation({
    options: hardwareAddress.length === 0
      ? []
      : [{ name: "source-link-layer-address", address: hardwareAddress }],
  });
}

/** The message's bytes, checksum 0. @throws {RangeError} An option does not fit. */
export function buildRouterSolicitation({ options }: RouterSolicitation): Uint8Array {
  const header = new Uint8Array(HEADER_SIZE);
  header[0] = ROUTER_SOLICITATION;
  return joinMessage([header, ...options.map(buildOption)]);
}

/**
 * One whole message, or null where RFC 4861 6.1.1 has a router discard it: the hop limit is not 255, the code is not 0,
 * it is shorter than 8 bytes, an option has zero length or does not fit, the checksum is wrong, or it names a link-layer
 * address and comes from the unspecified one.
 */
export function parseRouterSolicitation(
  message: Uint8Array,
  arrival: Arrival,
): RouterSolicitation | null {
  const { hopLimit, source, destination } = arrival;
  if (hopLimit !== 255 || source.length !== 16 || message.length < HEADER_SIZE) return null;
  if (message[0] !== ROUTER_SOLICITATION || message[1] !== 0) return null;
  const checksum = message[2]! << 8 | message[3]!;
  if (destination && icmpv6Checksum(message, source, destination) !== checksum) return null;
  const options: RouterSolicitation["options"] = [];
  let end = HEADER_SIZE;
  for (const bytes of splitOptions(message.subarray(HEADER_SIZE))) {
    end += bytes.length;
    const option = parseAnyOption(bytes);
    if (option) options.push(option);
  }
  const isNamed = options.some(({ name }) => name === "source-link-layer-address");
  return end === message.length && !(isNamed && isUnspecified(source)) ? { options } : null;
}
