/**
 * A mobility message as it was seen in a packet, for the commands of `mif mh`.
 *
 * @module
 */

import type { Frame } from "../lib/capture/frame.ts";
import { AddressTexts } from "../lib/ip/address_texts.ts";
import { upperLayerChecksum } from "../lib/ip/checksum.ts";
import {
  type MobilityMessage,
  type MobilityVerdict,
  parseMobility,
  validateMobility,
  verifyMobility,
} from "../lib/mobility/mod.ts";
import type { MobilityPacket } from "../lib/mobility/packet.ts";
import { IPPROTO_MH } from "../lib/socket/options.ts";
import { MifError } from "../mod.ts";

/** A message with its packet. Addresses are text. */
export interface Seen {
  /** ISO 8601, UTC; null where it is not known. */
  time: string | null;
  interfaceName: string | null;
  /** As the IPv6 header has it on the wire. */
  src: string;
  /** As the IPv6 header has it on the wire. */
  dst: string;
  /** The ends of the outermost tunnel it came through. */
  tunnel: { src: string; dst: string } | null;
  /** In the home address option. */
  homeAddress: string | null;
  routingHeader: RoutingHeaderSeen | null;
  protocol: number;
  /** As far as it was captured; a view. */
  bytes: Uint8Array;
  /** Whether that is all of it. */
  complete: boolean;
  /** Null where it cannot be read. */
  message: MobilityMessage | null;
  /** Null where not all of it is there. */
  checksumOk: boolean | null;
  /** What a receiver of RFC 6275 makes of it; null where not all of it is there. */
  verdict: MobilityVerdict | null;
}

/** A routing header on the way. */
export interface RoutingHeaderSeen {
  type: number;
  segmentsLeft: number;
  /** Where the packet is to go in the end; null where the IPv6 header has that. */
  finalDestination: string | null;
}

const texts = new AddressTexts();

/** What was found in a frame, or in bytes that are none. */
export function seen(found: MobilityPacket, frame: Frame | null): Seen {
  const { bytes, header, outerHeader, homeAddress, finalDestination, complete } = found;
  const address = (at: number) => at < 0 ? null : texts.text(bytes, at);
  const message = bytes.subarray(found.start, found.end);
  const it: Seen = {
    time: frame && timeOf(frame),
    interfaceName: frame && frame.interfaceName,
    src: texts.text(bytes, header + 8),
    dst: texts.text(bytes, header + 24),
    tunnel: header === outerHeader ? null : {
      src: texts.text(bytes, outerHeader + 8),
      dst: texts.text(bytes, outerHeader + 24),
    },
    homeAddress: address(homeAddress),
    routingHeader: found.routing < 0 ? null : {
      type: bytes[found.routing + 2]!,
      segmentsLeft: bytes[found.routing + 3]!,
      finalDestination: address(finalDestination),
    },
    protocol: found.protocol,
    bytes: message,
    complete,
    message: read(message),
    checksumOk: null,
    verdict: null,
  };
  if (complete) {
    judge(it, {
      source: copied(source, bytes, header + 8),
      destination: copied(
        destination,
        bytes,
        finalDestination < 0 ? header + 24 : finalDestination,
      ),
      homeAddress: homeAddress < 0 ? null : copied(home, bytes, homeAddress),
    });
  }
  return it;
}

/** Memory for addresses while a message is judged: a view of each would take longer than to copy it. */
const source = new Uint8Array(16);
const destination = new Uint8Array(16);
const home = new Uint8Array(16);

function copied(to: Uint8Array, bytes: Uint8Array, at: number): Uint8Array {
  for (let i = 0; i < 16; i++) to[i] = bytes[at + i]!;
  return to;
}

/** Whom a message is from and to, 16 bytes each: what its checksum is over. */
export interface Ends {
  source: Uint8Array;
  destination: Uint8Array;
  homeAddress: Uint8Array | null;
}

/** Says whether the checksum is right, and what a receiver would do. */
export function judge(it: Seen, ends: Ends): void {
  it.checksumOk = it.bytes.length >= 6 && isRight(it, ends);
  const { source, destination, homeAddress } = ends;
  const context = { source, destination, homeAddress, checksumVerified: it.checksumOk };
  it.verdict = validateMobility(it.bytes, context);
}

function isRight({ bytes, protocol }: Seen, { source, destination, homeAddress }: Ends): boolean {
  const from = homeAddress ?? source;
  if (verifyMobility(from, destination, bytes)) return true;
  if (protocol === IPPROTO_MH) return false;
  // Those of 2003 had their own number in the pseudo-header.
  const checksum = upperLayerChecksum(from, destination, protocol, bytes, 4);
  return checksum === (bytes[4]! << 8 | bytes[5]!);
}

/** Null where it is none: `verdict` says why. */
export function read(bytes: Uint8Array): MobilityMessage | null {
  try {
    return parseMobility(bytes);
  } catch (error) {
    if (error instanceof MifError && error.code === "EBADMSG") return null;
    throw error;
  }
}

/** What a Date can tell. */
const DATE_MAX_SECONDS = 8.64e12;
const THOUSAND = Array.from({ length: 1000 }, (_, i) => String(i).padStart(3, "0"));
let lastSeconds = NaN;
let lastText = "";

/** ISO 8601 with micro-, or where there are any with nanoseconds. */
function timeOf({ seconds, nanoseconds }: Frame): string | null {
  if (seconds !== lastSeconds) {
    if (!(Math.abs(seconds) < DATE_MAX_SECONDS)) return null;
    lastSeconds = seconds;
    lastText = new Date(seconds * 1000).toISOString().slice(0, -4);
  }
  const rest = nanoseconds % 1000;
  const micro = (nanoseconds - rest) / 1000;
  const text = lastText + THOUSAND[Math.floor(micro / 1000)]! + THOUSAND[micro % 1000]!;
  return rest === 0 ? `${text}Z` : `${text}${THOUSAND[rest]}Z`;
}
