/**
 * A mobility message that came, with its addresses on the wire and as Mobile IPv6 has them, and what is to be done with it.
 *
 * @module
 */

import { MifError } from "../error.ts";
import { formatAddress } from "../ip/address.ts";
import type { ControlMessage } from "../socket/control.ts";
import type { ReceivedMessage } from "../socket/socket.ts";
import { homeAddressOf, parseDestinationOptions } from "./destination_options.ts";
import type { MobilityMessage } from "./message.ts";
import type { MobilityPacket } from "./packet.ts";
import { parseMobility } from "./parse_mobility.ts";
import { parseRoutingHeader } from "./routing_header.ts";
import { type MobilityVerdict, validateMobility } from "./validate_mobility.ts";

/** A message that came. Addresses are RFC 5952 text without zone. */
export interface ReceivedMobility {
  /** What it says; null where it cannot be read. */
  message: MobilityMessage | null;
  /** The message's bytes, from Payload Proto on. */
  bytes: Uint8Array;
  /** Who sent it: the home address where a home address option names it, else the packet's source. */
  source: string;
  /** To whom: the home address of a type 2 routing header, else the packet's destination. */
  destination: string;
  /** The source in the packet's IPv6 header on the wire: of a mobile node away from home its care-of address. */
  wireSource: string;
  /** The destination in the packet's IPv6 header on the wire. */
  wireDestination: string;
  /** What the packet's home address option says, null where it has none. */
  homeAddress: string | null;
  /** Index of the interface it came by; the zone of link-local addresses. */
  interface: number;
  /** What a receiver is to do with it: RFC 6275 9.2. */
  verdict: MobilityVerdict;
}

/** How its receiver reads a message. */
export interface ReadingOptions {
  /** Whether the kernel has verified the checksum. */
  checksumVerified: boolean;
  /** MH Types beyond those of RFC 6275 that the receiver knows. */
  knownTypes?: readonly number[];
}

/**
 * What a raw socket received.
 *
 * @param exchanged Whether the kernel has Mobile IPv6: what has a home address option or a type 2 routing header comes
 *   from it only with the addresses exchanged, and the option and the header hold what was on the wire.
 */
export function readReceived(
  { data, from, control }: ReceivedMessage,
  exchanged: boolean,
  reading: ReadingOptions,
): ReceivedMobility {
  const source = from!.address;
  const info = control.find((message) => message.name === "IPV6_PKTINFO");
  const destination = info?.name === "IPV6_PKTINFO" ? info.address : "::";
  const careOfSource = exchanged ? homeAddressOption(control) : null;
  const careOfDestination = exchanged ? type2Address(control) : null;
  return read(data, {
    source,
    destination,
    wireSource: careOfSource ?? source,
    wireDestination: careOfDestination ?? destination,
    homeAddress: careOfSource === null ? null : source,
    interface: info?.name === "IPV6_PKTINFO" ? info.interface : from!.scopeId,
  }, reading);
}

/** What was found in a packet on the wire, copied out of it. */
export function readCaptured(
  found: MobilityPacket,
  interfaceIndex: number,
  reading: ReadingOptions,
): ReceivedMobility {
  const { bytes, header } = found;
  const address = (at: number) => formatAddress(bytes.subarray(at, at + 16));
  const wireSource = address(header + 8);
  const wireDestination = address(header + 24);
  const homeAddress = found.homeAddress < 0 ? null : address(found.homeAddress);
  return read(bytes.slice(found.start, found.end), {
    source: homeAddress ?? wireSource,
    destination: found.finalDestination < 0 ? wireDestination : address(found.finalDestination),
    wireSource,
    wireDestination,
    homeAddress,
    interface: interfaceIndex,
  }, reading);
}

function read(
  bytes: Uint8Array,
  where: Omit<ReceivedMobility, "message" | "bytes" | "verdict">,
  { checksumVerified, knownTypes }: ReadingOptions,
): ReceivedMobility {
  const verdict = validateMobility(bytes, {
    source: where.wireSource,
    destination: where.destination,
    homeAddress: where.homeAddress,
    checksumVerified,
    knownTypes,
  });
  return {
    message: unlessMalformed(() => parseMobility(bytes)),
    bytes,
    ...where,
    verdict,
  };
}

/** The address in a home address option that a destination options header has. */
function homeAddressOption(control: readonly ControlMessage[]): string | null {
  for (const message of control) {
    if (message.name !== "IPV6_DSTOPTS") continue;
    const header = unlessMalformed(() => parseDestinationOptions(message.bytes));
    const address = header && homeAddressOf(header);
    if (address) return address;
  }
  return null;
}

/** The address in a type 2 routing header. */
function type2Address(control: readonly ControlMessage[]): string | null {
  for (const message of control) {
    if (message.name !== "IPV6_RTHDR") continue;
    const header = unlessMalformed(() => parseRoutingHeader(message.bytes));
    if (header?.name === "type-2") return header.homeAddress;
  }
  return null;
}

function unlessMalformed<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof MifError && error.code === "EBADMSG") return null;
    throw error;
  }
}
