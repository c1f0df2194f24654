/**
 * What an answer says about a question: the records at the end of its chain of aliases, or that there are none.
 *
 * Only records that follow from the question are looked at, link by link; whatever else a server puts into its answer is as
 * if it were not there.
 *
 * @module
 */

import { CLASS_IN, type Message, type Question, Rcode, type RecordView } from "./message.ts";
import { type DnsName, equalNames, isWithin, readName, replaceSuffix } from "./name.ts";
import { readRdata, type SoaData } from "./rdata.ts";
import { RecordType } from "./record_type.ts";
import { WireReader } from "./wire.ts";

/** What came of it. */
export interface Outcome {
  /**
   * "found": records of the type; "nodata": the name has none of it; "nxdomain": there is no such name; "unfinished": the name
   * that the aliases lead to must be asked for; "lame": the server does not know and refers to others; "loop": the
   * aliases lead nowhere.
   */
  status: "found" | "nodata" | "nxdomain" | "unfinished" | "lame" | "loop";
  /** The name at the end of the aliases. */
  name: DnsName;
  /** Of "found". */
  records: RecordView[];
  /** How long all of it holds; 0 where nothing says. */
  ttlSeconds: number;
  /** How many aliases were followed. */
  links: number;
}

/** Aliases that are followed, over all answers to one question. */
export const LINKS_MAX = 16;

/**
 * Reads an answer whose RCODE is NOERROR or NXDOMAIN.
 *
 * @param links How many aliases led to the name before.
 * @throws {MalformedDnsError} A record that counts breaks its format.
 */
export function readOutcome(
  message: Message,
  { name, type }: Pick<Question, "name" | "type">,
  links: number,
): Outcome {
  let ttlSeconds = Infinity;
  const passed: DnsName[] = [];
  const outcome = (status: Outcome["status"], records: RecordView[] = []): Outcome => ({
    status,
    name,
    records,
    ttlSeconds: ttlSeconds === Infinity ? 0 : ttlSeconds,
    links: links + passed.length,
  });
  const isDenied = message.rcode === Rcode.NXDOMAIN;
  while (true) {
    const records = message.answers.filter((record) =>
      (record.type === type || type === RecordType.ANY) && isOf(record, name)
    );
    if (records.length > 0 && !isDenied) {
      for (const record of records) ttlSeconds = Math.min(ttlSeconds, record.ttlSeconds);
      return outcome("found", records);
    }
    const alias = aliasOf(message, name);
    if (alias === null) break;
    if (alias === "too long") return outcome("loop");
    passed.push(name);
    name = alias.target;
    ttlSeconds = Math.min(ttlSeconds, alias.ttlSeconds);
    const isKnown = passed.some((each) => equalNames(each, name));
    if (isKnown || links + passed.length > LINKS_MAX) return outcome("loop");
  }
  const negativeSeconds = negativeTtl(message, name);
  const status = isDenied
    ? "nxdomain"
    : negativeSeconds !== null
    ? "nodata"
    : passed.length > 0
    ? "unfinished"
    : isLame(message)
    ? "lame"
    : "nodata";
  if (status !== "unfinished") ttlSeconds = Math.min(ttlSeconds, negativeSeconds ?? 0);
  return outcome(status);
}

function isOf(record: RecordView, name: DnsName): boolean {
  return record.class === CLASS_IN && equalNames(record.name, name);
}

/** Where a CNAME (RFC 1034 3.6.2) or a DNAME above (RFC 6672) leads. */
function aliasOf(
  message: Message,
  name: DnsName,
): { target: DnsName; ttlSeconds: number } | null | "too long" {
  const cname = message.answers.find((record) =>
    record.type === RecordType.CNAME && isOf(record, name)
  );
  if (cname) return { target: targetOf(message, cname), ttlSeconds: cname.ttlSeconds };
  for (const record of message.answers) {
    if (record.type !== RecordType.DNAME || record.class !== CLASS_IN) continue;
    const target = replaceSuffix(name, record.name, targetOf(message, record));
    if (target === "too long") return target;
    if (target) return { target, ttlSeconds: record.ttlSeconds };
  }
  return null;
}

function targetOf({ bytes }: Message, { start, length }: RecordView): DnsName {
  return readName(new WireReader(bytes, start, start + length));
}

/** Seconds for which "there is none" holds (RFC 2308 5), null without the SOA that says so. */
function negativeTtl(message: Message, name: DnsName): number | null {
  const soa = message.authorities.find((record) =>
    record.type === RecordType.SOA && record.class === CLASS_IN && isWithin(name, record.name)
  );
  if (!soa) return null;
  const { minimumSeconds } = readRdata(
    RecordType.SOA,
    message.bytes,
    soa.start,
    soa.length,
  ) as SoaData;
  return Math.min(soa.ttlSeconds, minimumSeconds);
}

/** A server that neither knows nor asks others: it refers to name servers, or says nothing at all. */
function isLame(message: Message): boolean {
  if (message.authoritative) return false;
  const refers = message.authorities.some(({ type }) => type === RecordType.NS);
  return refers || !message.recursionAvailable;
}
