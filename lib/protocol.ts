/**
 * Protocols and their numbers: protocols(5), with the names of the Mobility Header that few hosts have there, and the few
 * that everybody means where a host has no such file or may not read it.
 *
 * @module
 */

import { type HostFiles, hostFiles } from "./sources/host_files.ts";
import { ParsedFile } from "./sources/parsed_file.ts";

/** A protocol: struct protoent of getprotobyname(3). */
export interface ProtoEnt {
  /** Its official name. */
  p_name: string;
  /** What it is called besides. */
  p_aliases: string[];
  /** Its number. */
  p_proto: number;
}

/** The Mobility Header comes first: its names are added to what a file has. "ipv6-mh" is RFC 4584 8's, with IANA's number. */
const WELL_KNOWN = `
ipv6-mh    135 mobility-header Mobility-Header mobility
ip           0 IP
hopopt       0 HOPOPT
icmp         1 ICMP
tcp          6 TCP
udp         17 UDP
ipv6        41 IPv6
ipv6-route  43 IPv6-Route
ipv6-frag   44 IPv6-Frag
esp         50 IPSEC-ESP
ah          51 IPSEC-AH
ipv6-icmp   58 IPv6-ICMP
ipv6-nonxt  59 IPv6-NoNxt
ipv6-opts   60 IPv6-Opts
sctp       132 SCTP
udplite    136 UDPLite
`;

const PROTO_MAX = 0x7fffffff;

const files = hostFiles();

/**
 * A protocol by its name or alias, whose case counts; null where nobody knows it. See getprotobyname(3). Never throws.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { getprotobyname } from "./protocol.ts";
 *
 * assert.equal(getprotobyname("ipv6-mh")?.p_proto, 135);
 * ```
 */
export function getprotobyname(name: string): ProtoEnt | null {
  return protocolByName(name, files);
}

/**
 * A protocol by its number; null where nobody knows it. See getprotobynumber(3). Never throws.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { getprotobynumber } from "./protocol.ts";
 *
 * assert.ok(getprotobynumber(135)?.p_aliases.includes("mobility"));
 * ```
 */
export function getprotobynumber(proto: number): ProtoEnt | null {
  return protocolByNumber(proto, files);
}

/** {@linkcode getprotobyname} of a host whose files these are. */
export function protocolByName(name: string, files: HostFiles): ProtoEnt | null {
  return copyOf(file.read(files).byName.get(name));
}

/** {@linkcode getprotobynumber} of a host whose files these are. */
export function protocolByNumber(proto: number, files: HostFiles): ProtoEnt | null {
  return copyOf(file.read(files).byNumber.get(proto));
}

interface Protocols {
  byName: Map<string, ProtoEnt>;
  byNumber: Map<number, ProtoEnt>;
}

const file = new ParsedFile("/etc/protocols", parse);

/** What the file has of one name or number counts before what everybody means by it; of two lines, the first. */
function parse(text: string): Protocols {
  const protocols: Protocols = { byName: new Map(), byNumber: new Map() };
  for (const line of text.split("\n")) {
    const entry = parseLine(line);
    if (entry) add(protocols, entry);
  }
  const inFile = new Map(protocols.byNumber);
  for (const line of WELL_KNOWN.trim().split("\n")) {
    const entry = parseLine(line)!;
    const known = inFile.get(entry.p_proto);
    if (!known) add(protocols, entry);
    // The names of a number that the file has: each that it does not use otherwise.
    else addNames(protocols, known, [entry.p_name, ...entry.p_aliases]);
  }
  return protocols;
}

function parseLine(line: string): ProtoEnt | null {
  const [p_name, digits, ...p_aliases] = line.split("#")[0]!.trim().split(/\s+/);
  if (!p_name || !/^\d{1,10}$/.test(digits ?? "") || Number(digits) > PROTO_MAX) return null;
  return { p_name, p_aliases, p_proto: Number(digits) };
}

function add({ byName, byNumber }: Protocols, entry: ProtoEnt): void {
  if (!byNumber.has(entry.p_proto)) byNumber.set(entry.p_proto, entry);
  for (const name of [entry.p_name, ...entry.p_aliases]) {
    if (!byName.has(name)) byName.set(name, entry);
  }
}

function addNames({ byName }: Protocols, entry: ProtoEnt, names: readonly string[]): void {
  for (const name of names) {
    if (byName.has(name)) continue;
    byName.set(name, entry);
    entry.p_aliases.push(name);
  }
}

function copyOf(entry: ProtoEnt | undefined): ProtoEnt | null {
  return entry ? { ...entry, p_aliases: [...entry.p_aliases] } : null;
}
