/**
 * Any records of a name, from the servers of one provisioning domain.
 *
 * @module
 */

import { pvdInForce } from "../pvd/process_pvd.ts";
import type { PvdInfo } from "../pvd/pvd.ts";
import { checkedWait } from "../socket/socket.ts";
import type { ExtendedError } from "./edns.ts";
import { toAscii } from "./international.ts";
import { type DnsName, nameFromText, nameToText } from "./name.ts";
import type { RecordData } from "./rdata.ts";
import { recordTypeNumber } from "./record_type.ts";
import { type AskOptions, resolveName } from "./resolver.ts";
import type { ServerAddress } from "./transport.ts";

/** What {@linkcode query} takes beside its question. */
export interface QueryOptions extends AskOptions {
  /** Whose servers are asked; left out or null, the process' default (setprocpvd), else the system's in the system's way. */
  pvd?: PvdInfo | null;
}

/** A record: its name, how long it holds, and what it holds, told apart by `type`. */
export type DnsRecord = { name: string; ttlSeconds: number } & RecordData;

/** The records that a question by mnemonic brings. */
export type RecordOf<Type> = Type extends RecordData["type"] ? Extract<DnsRecord, { type: Type }>
  : DnsRecord;

/** What the DNS says. */
export interface QueryAnswer<Type = string> {
  /**
   * "found"; "nodata": the name exists and has no records of the type (getaddrinfo(3) has EAI_NODATA for it); "nxdomain": it does
   * not exist (EAI_NONAME).
   */
  status: "found" | "nodata" | "nxdomain";
  /** The name at the end of all aliases (CNAME, DNAME), which all records have. */
  canonicalName: string;
  /** In the server's order; empty unless "found". */
  records: RecordOf<Type>[];
  /** The server that answered. */
  server: ServerAddress;
  /** The PvD whose server it is; null is the system. */
  pvd: PvdInfo | null;
  /** What the server says of its answer (RFC 8914). */
  extendedErrors: ExtendedError[];
}

/**
 * Asks a PvD's servers for records, from its addresses and through its routers. The question is the name itself: no search list
 * and no file of this host has a part in it. Answers are kept for as long as they hold, for each PvD apart.
 *
 * That there is none is an answer, and an error is that there is no answer.
 *
 * @param name With or without a dot at its end. "\." is a dot inside a label, "\DDD" a byte; what is not ASCII is
 *   asked for in its "xn--" form.
 * @param type "MX", "TYPE15" or 15; "ANY" brings what the server likes to say (RFC 8482).
 * @throws {TypeError} or {RangeError} There is no such type.
 * @throws {MifError} EAI_NONAME: the name can be none. EAI_AGAIN: no server answered, or it could not find out.
 *   EAI_FAIL: no server can be used for this. ENONET, EPVDROUTE, ENETUNREACH, EADDRNOTAVAIL: the PvD has no way to its servers, or is
 *   the null PvD.
 * @throws The signal's reason.
 *
 * @example
 * ```ts ignore
 * import { listPvds, query } from "@mif/sockets";
 *
 * const [pvd] = listPvds();
 * const { records } = await query("example.com", "MX", { pvd });
 * for (const { preference, exchange, ttlSeconds } of records) console.log(preference, exchange, ttlSeconds);
 *
 * const { status, server } = await query("_dns.resolver.arpa", "SVCB", { pvd, timeoutMs: 2000 });
 * console.log(status, server.address);
 * ```
 */
export async function query<const Type extends string | number>(
  name: string,
  type: Type,
  options: QueryOptions = {},
): Promise<QueryAnswer<Type>> {
  checkedWait(options);
  const pvd = pvdInForce(options.pvd);
  const answer = await resolveName(questionName(name), recordTypeNumber(type), pvd, options);
  const records = answer.records.map(({ name, ttlSeconds, data }): DnsRecord => ({
    name: nameToText(name),
    ttlSeconds,
    ...owned(data),
  }));
  return {
    status: answer.status,
    canonicalName: nameToText(answer.canonicalName),
    records: records as RecordOf<Type>[],
    server: { ...answer.server },
    pvd,
    extendedErrors: answer.extendedErrors.map((error) => ({ ...error })),
  };
}

/** Data whose parts are the caller's own, for the answer is kept. */
function owned(data: RecordData): RecordData {
  for (const value of Object.values(data)) {
    if (typeof value === "object") return structuredClone(data);
  }
  return data;
}

function questionName(text: string): DnsName {
  if (typeof text !== "string") throw new TypeError("A name to ask for must be a string");
  // ASCII stays, with its escapes; what cannot be converted is refused for what is not ASCII.
  return nameFromText(/[^\0-\x7f]/.test(text) ? toAscii(text) ?? text : text);
}
