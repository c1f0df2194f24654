/**
 * `mif resolve`: what a name is in a provisioning domain.
 *
 * @module
 */

import {
  type AddrInfo,
  AI_CANONNAME,
  type DnsRecord,
  getaddrinfo,
  MifError,
  type PvdInfo,
  query,
} from "../mod.ts";
import { hex } from "./hex.ts";
import { namedPvd } from "./pvd_argument.ts";
import { readWords, UsageError } from "./usage.ts";

/**
 * The text of `mif resolve NAME [SERVICE]`: the addresses in the order in which they are to be tried, or with `--json`
 * an array of AddrInfo. With `--type` the records of the name itself, or with `--json` an object of them.
 */
export async function resolve(words: string[]): Promise<string> {
  const { values, positionals } = readWords(words, {
    pvd: { type: "string" },
    solicit: { type: "boolean" },
    type: { type: "string" },
    json: { type: "boolean" },
  }, ["NAME", "[SERVICE]"]);
  const { type, solicit = false, json = false } = values;
  const [name = "", service = null] = positionals;
  if (type !== undefined && service !== null) {
    throw new UsageError("a service has addresses only: leave out --type");
  }
  const pvd = await namedPvd(values.pvd, solicit);
  return type === undefined
    ? await addresses(name, service, pvd, json)
    : await records(name, type, pvd, json);
}

async function addresses(
  name: string,
  service: string | null,
  pvd: PvdInfo | null,
  json: boolean,
): Promise<string> {
  const infos = await getaddrinfo(name, service, { ai_flags: AI_CANONNAME }, pvd);
  if (json) return JSON.stringify(infos, null, 2) + "\n";
  return [...new Set(infos.map((info) => describeAddress(info, service !== null)))].join("");
}

const PROTOCOLS: Record<number, string> = { 6: "tcp", 17: "udp", 33: "dccp", 132: "sctp" };

function describeAddress({ ai_addr, ai_protocol }: AddrInfo, withPort: boolean): string {
  const { address, scopeId, port } = ai_addr;
  const text = scopeId === 0 ? address : `${address}%${scopeId}`;
  if (!withPort) return `${text}\n`;
  return `${text} port ${port} ${PROTOCOLS[ai_protocol] ?? `protocol ${ai_protocol}`}\n`;
}

async function records(
  name: string,
  type: string,
  pvd: PvdInfo | null,
  json: boolean,
): Promise<string> {
  const answer = await ask(name, type, pvd);
  const { status, canonicalName, server } = answer;
  if (status !== "found") {
    const what = status === "nodata" ? `no ${type} records` : "no such name";
    throw new MifError(`There is ${what} at ${canonicalName}, says ${server.address}`, {
      code: status === "nodata" ? "EAI_NODATA" : "EAI_NONAME",
      syscall: "query",
    });
  }
  if (!json) return answer.records.map(describeRecord).join("");
  const shown = { ...answer, pvd: pvd?.id ?? null };
  return JSON.stringify(shown, (_, value) => value instanceof Uint8Array ? hex(value) : value, 2) +
    "\n";
}

async function ask(
  name: string,
  type: string,
  pvd: PvdInfo | null,
): ReturnType<typeof query<string>> {
  try {
    return await query(name, type.toUpperCase(), { pvd });
  } catch (error) {
    // No such type.
    if (error instanceof TypeError || error instanceof RangeError) {
      throw new UsageError(error.message);
    }
    throw error;
  }
}

/** As in a zone file, more or less: for eyes. */
function describeRecord({ name, ttlSeconds, type, ...data }: DnsRecord): string {
  // Of a TXT record the text says what the bytes do.
  const fields = type === "TXT" ? (data as { strings: string[] }).strings : Object.values(data);
  return [name, ttlSeconds, type, ...fields.map((field) => describeField(field, type === "TXT"))]
    .join(" ") + "\n";
}

function describeField(field: unknown, quoted: boolean): string {
  if (field instanceof Uint8Array) return hex(field);
  if (Array.isArray(field)) return field.map((each) => describeField(each, quoted)).join(",");
  if (typeof field === "object" && field !== null) {
    return Object.entries(field).map(([key, value]) => `${key}=${describeField(value, quoted)}`)
      .join(" ");
  }
  // What comes from a network may hold control characters.
  const text = String(field);
  return quoted || /[^!-~]/.test(text) ? JSON.stringify(text) : text;
}
