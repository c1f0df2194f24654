/**
 * The policy table of RFC 6724 2.1, and gai.conf(5), by which an administrator replaces parts of it.
 *
 * @module
 */

import { isMapped, parseAddress, prefixContains } from "../ip/address.ts";
import type { HostFiles } from "../sources/host_files.ts";
import { ParsedFile } from "../sources/parsed_file.ts";

/** What destinations and sources are ordered by. Addresses are 16 bytes, IPv4 ones mapped (::ffff:0:0/96). */
export interface AddressPolicy {
  /** The more, the earlier. */
  precedence(address: Uint8Array): number;
  /** Sources and destinations of one label belong together. */
  label(address: Uint8Array): number;
  /** The scope of an IPv4 address, as numbers of RFC 4291 2.7. */
  ipv4Scope(address: Uint8Array): number;
}

interface Row {
  prefix: Uint8Array;
  prefixLength: number;
  value: number;
}

/** RFC 6724 2.1. glibc's own table is RFC 3484's, which prefers unique local and 6to4 addresses to IPv4. */
const PRECEDENCE = rows({
  "::1/128": 50,
  "::/0": 40,
  "::ffff:0:0/96": 35,
  "2002::/16": 30,
  "2001::/32": 5,
  "fc00::/7": 3,
  "::/96": 1,
  "fec0::/10": 1,
  "3ffe::/16": 1,
});

/** RFC 6724 2.1. */
const LABEL = rows({
  "::1/128": 0,
  "::/0": 1,
  "::ffff:0:0/96": 4,
  "2002::/16": 2,
  "2001::/32": 5,
  "fc00::/7": 13,
  "::/96": 3,
  "fec0::/10": 11,
  "3ffe::/16": 12,
});

/** RFC 6724 3.2. */
const IPV4_SCOPE = rows({
  "::ffff:169.254.0.0/112": 2,
  "::ffff:127.0.0.0/104": 2,
  "::ffff:0:0/96": 14,
});

/** Rows beyond this are left out. */
const ROWS_MAX = 1024;

/** The policy of a gai.conf; of each kind of line, the file's replace the default where it has any. */
export function parsePolicy(text: string): AddressPolicy {
  const said = { precedence: [] as Row[], label: [] as Row[], scopev4: [] as Row[] };
  for (const line of text.split("\n")) {
    const [keyword, prefix, value] = line.split("#")[0]!.trim().split(/\s+/);
    if (keyword !== "precedence" && keyword !== "label" && keyword !== "scopev4") continue;
    const row = parseRow(prefix, value);
    if (row && said[keyword].length < ROWS_MAX) said[keyword].push(row);
  }
  // What no line covers has the default of everything else.
  const table = (own: Row[], standard: Row[], rest: number) => {
    const whole = own.length === 0 ? standard : [...own, ...rows({ "::/0": rest })];
    return whole.sort((a, b) => b.prefixLength - a.prefixLength);
  };
  const precedence = table(said.precedence, PRECEDENCE, 40);
  const label = table(said.label, LABEL, 1);
  const scope = table(said.scopev4, IPV4_SCOPE, 14);
  return {
    precedence: (address) => valueOf(precedence, address),
    label: (address) => valueOf(label, address),
    ipv4Scope: (address) => valueOf(scope, address),
  };
}

const file = new ParsedFile("/etc/gai.conf", parsePolicy);

/** What /etc/gai.conf says, now or a second ago, else RFC 6724's defaults. */
export function addressPolicy(files: HostFiles): AddressPolicy {
  return file.read(files);
}

/** An address as the tables have it: 16 bytes, IPv4 mapped. */
export function mapped(bytes: Uint8Array): Uint8Array {
  return bytes.length === 16 ? bytes : Uint8Array.from([...MAPPED_PREFIX, ...bytes]);
}

/** The IPv4 address inside ::ffff:0:0/96, or the address itself. */
export function unmapped(bytes: Uint8Array): Uint8Array {
  return isMapped(bytes) ? bytes.subarray(12) : bytes;
}

const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** The value of the longest prefix that covers the address; the last row covers all. */
function valueOf(table: Row[], address: Uint8Array): number {
  return table.find(({ prefix, prefixLength }) => prefixContains(prefix, prefixLength, address))!
    .value;
}

function rows(table: Record<string, number>): Row[] {
  return Object.entries(table).map(([prefix, value]) => parseRow(prefix, String(value))!);
}

/** An IPv4 prefix stands for its mapped one, as gai.conf(5) has it for scopes. */
function parseRow(prefix: string | undefined, value: string | undefined): Row | null {
  const [address, length] = (prefix ?? "").split("/");
  const parsed = parseAddress(address!);
  if (!parsed || parsed.zone !== null || !/^\d{1,9}$/.test(value ?? "")) return null;
  const bits = length === undefined ? parsed.bytes.length * 8 : Number(length);
  if (!/^\d{1,3}$/.test(length ?? "0") || bits > parsed.bytes.length * 8) return null;
  return {
    prefix: mapped(parsed.bytes),
    prefixLength: bits + (parsed.family === 4 ? 96 : 0),
    value: Number(value),
  };
}
