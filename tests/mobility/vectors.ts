/**
 * The vectors of tests/fixtures/mobility/mip6.json: bytes, where they came from, and what they mean. What "expected" says
 * was worked out by other programs than ours; each row names its source.
 *
 * @module
 */

import { readFileSync } from "node:fs";

/** One option as the vectors have it. */
export interface ExpectedOption {
  type: number;
  len?: number;
  offset: number;
  data?: string;
  home_address?: string;
  addr?: string;
  home_nonce?: number;
  coa_nonce?: number;
  refresh_interval?: number;
  authenticator?: string;
  error?: "truncated_option";
}

/** A mobility message as the vectors have it. */
export interface ExpectedMessage {
  payload_proto: number;
  hdrlen: number;
  mh_type: number;
  mh_name: string;
  reserved: number;
  checksum: string;
  header_bytes: number;
  checksum_valid: boolean;
  checksum_correct: string;
  options: ExpectedOption[];
  reserved2?: number;
  cookie?: string;
  keygen?: string;
  nonce_index?: number;
  seqno?: number;
  flags?: string;
  lifetime?: number;
  lifetime_seconds?: number;
  status?: number;
  home_address?: string;
}

/** An options header as the vectors have it. */
export interface ExpectedOptionsHeader {
  next_header: number;
  hdrlen: number;
  options: ExpectedOption[];
}

/** A packet as the vectors have it. */
export interface ExpectedPacket {
  src: string;
  dst: string;
  first_next_header: number;
  dstopts?: ExpectedOptionsHeader;
  hopopts?: ExpectedOptionsHeader;
  rthdr?: {
    next_header: number;
    hdrlen: number;
    type: number;
    segleft: number;
    reserved: string;
    addresses: string[];
  };
  upper_proto: number;
  checksum_src: string;
  checksum_dst: string;
  upper_checksum_valid?: boolean;
  mh?: ExpectedMessage;
  icmp6?: {
    type: number;
    code: number;
    checksum: string;
    checksum_valid: boolean;
    checksum_correct: string;
    id: number;
    reserved_or_flags: string;
    home_agents?: string[];
    prefix_info?: {
      len: number;
      prefix_len: number;
      flags: string;
      valid: number;
      preferred: number;
      prefix: string;
    };
  };
  strict_rfc6275_ok: boolean;
  strict_violations?: string[];
}

/** A row, whose bytes begin at its layer. */
export interface Vector<Expected = Record<string, unknown>> {
  name: string;
  source: string;
  layer: string;
  bytes: Uint8Array;
  expected: Expected;
  /** Of rows the kernel sent: the message as it was given to it. */
  input: Uint8Array | null;
}

const path = new URL("../fixtures/mobility/mip6.json", import.meta.url);
const rows = JSON.parse(readFileSync(path, "utf8")) as {
  name: string;
  hex: string;
  source: string;
  layer: string;
  expected: unknown;
  input_mh?: string;
}[];

/** How many rows there are. */
export const VECTOR_COUNT = rows.length;

/** The rows of one layer. */
export function vectors<Expected = Record<string, unknown>>(layer: string): Vector<Expected>[] {
  return rows.filter((row) => row.layer === layer).map((row) => ({
    name: row.name,
    source: row.source,
    layer: row.layer,
    bytes: hex(row.hex),
    expected: row.expected as Expected,
    input: row.input_mh === undefined ? null : hex(row.input_mh),
  }));
}

/** The bytes of hexadecimal digits; blanks are passed over. */
export function hex(digits: string): Uint8Array {
  return new Uint8Array(Buffer.from(digits.replace(/\s/g, ""), "hex"));
}

/** Bytes as hexadecimal digits. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
