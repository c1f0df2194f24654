/**
 * EDNS(0): what a message says of itself in an OPT record (RFC 6891), and extended errors (RFC 8914).
 *
 * @module
 */

import { WireReader } from "./wire.ts";

/** The largest answer taken by UDP: it passes every path unfragmented (DNS flag day 2020). */
export const UDP_SIZE = 1232;

/** Why an answer is what it is (RFC 8914). */
export interface ExtendedError {
  /** IANA, "Extended DNS Error Codes": 15 blocked, 18 prohibited, 22 no reachable authority. */
  code: number;
  /** In the server's words; control characters are taken out. */
  text: string;
}

/** What an OPT record says. */
export interface Edns {
  /** The largest UDP message the sender takes. */
  udpSize: number;
  /** The upper eight bits of the RCODE. */
  extendedRcode: number;
  version: number;
  /** RFC 8914: there may be several. */
  errors: ExtendedError[];
}

const EXTENDED_ERROR = 15;
/** More errors in one message say nothing more. */
const ERRORS_MAX = 8;
const TEXT_MAX = 200;

/** The OPT record of a query: our size, version 0, no options. */
export const OPT_RECORD: Uint8Array = Uint8Array.of(
  ...[0, 0, 41],
  ...[UDP_SIZE >> 8, UDP_SIZE & 0xff],
  ...[0, 0, 0, 0],
  ...[0, 0],
);

/**
 * Reads an OPT record from its fields.
 *
 * @param recordClass The sender's UDP size.
 * @param ttl The upper bits of the RCODE, the version and flags.
 */
export function readEdns(
  recordClass: number,
  ttl: number,
  bytes: Uint8Array,
  start: number,
  length: number,
): Edns {
  const edns: Edns = {
    udpSize: recordClass,
    extendedRcode: ttl >>> 24,
    version: ttl >>> 16 & 0xff,
    errors: [],
  };
  const reader = new WireReader(bytes, start, start + length);
  while (reader.left > 0) {
    const code = reader.uint16();
    const size = reader.uint16();
    const at = reader.advance(size);
    if (code !== EXTENDED_ERROR || size < 2 || edns.errors.length >= ERRORS_MAX) continue;
    edns.errors.push({
      code: bytes[at]! << 8 | bytes[at + 1]!,
      text: printable(bytes.subarray(at + 2, at + size)),
    });
  }
  return edns;
}

/** UTF-8 text of a stranger, for messages. */
function printable(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).replace(/\p{C}/gu, "").slice(0, TEXT_MAX);
}
