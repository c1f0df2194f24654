/**
 * DNS messages (RFC 1035 4): queries out, answers in.
 *
 * An answer is read once from end to end, with every record's place; what a record holds is read when it is wanted.
 *
 * @module
 */

import { type Edns, OPT_RECORD, readEdns } from "./edns.ts";
import { type DnsName, foldCase, readName, skipName } from "./name.ts";
import { randomUint16 } from "./random.ts";
import { TYPE_OPT } from "./record_type.ts";
import { MalformedDnsError, WireReader } from "./wire.ts";

/** Bytes of the header. */
export const HEADER_SIZE = 12;
/** IN, the Internet. */
export const CLASS_IN = 1;

/** Answers of a server (IANA, "DNS RCODEs"). */
export const Rcode = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  BADVERS: 16,
} as const;

/** The name of an RCODE, or its number. */
export function rcodeName(rcode: number): string {
  return Object.entries(Rcode).find(([, number]) => number === rcode)?.[0] ?? `RCODE ${rcode}`;
}

/** What is asked of a server. */
export interface Question {
  name: DnsName;
  type: number;
  /**
   * Whether the letters of the name go out in random case, which an answer must repeat (draft-vixie-dnsext-dns0x20): harder to
   * forge, and not every server bears it.
   */
  randomCase: boolean;
}

/** A question as it goes out, with 0 as its ID. */
export interface Query {
  /** The whole message. */
  wire: Uint8Array;
  /** Behind its question: there the OPT record begins, where it has one. */
  questionEnd: number;
  /** Whether the letters of the name must come back as they are. */
  exactCase: boolean;
}

/** The name in a question, and where it stands in the answer: what points there is that name. */
interface KnownName {
  name: DnsName;
  at: number;
}

/** One record and where its parts are. */
export class RecordView {
  readonly type: number;
  /** 1 is the Internet. */
  readonly class: number;
  /** 0 where the highest bit was set (RFC 2181 8). */
  readonly ttlSeconds: number;
  /** Where the data begin in the message. */
  readonly start: number;
  /** How many bytes they have. */
  readonly length: number;
  readonly #bytes: Uint8Array;
  readonly #nameAt: number;
  #name: DnsName | null;

  /** Reads the next record of a section, all but its name and its data. */
  constructor(reader: WireReader, known: KnownName | null) {
    const { bytes, at } = reader;
    this.#bytes = bytes;
    this.#nameAt = at;
    skipName(reader);
    const isKnown = known !== null && reader.at === at + 2 &&
      (bytes[at]! & 0x3f) << 8 === 0 && bytes[at + 1] === known.at;
    this.#name = isKnown ? known.name : null;
    this.type = reader.uint16();
    this.class = reader.uint16();
    const ttl = reader.uint32();
    this.ttlSeconds = ttl > 0x7fffffff ? 0 : ttl;
    this.length = reader.uint16();
    this.start = reader.advance(this.length);
  }

  /** Whose record it is. @throws {MalformedDnsError} It is no name. */
  get name(): DnsName {
    return this.#name ??= readName(new WireReader(this.#bytes, this.#nameAt));
  }
}

/** An answer. */
export class Message {
  /** All of it. */
  readonly bytes: Uint8Array;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly recursionAvailable: boolean;
  /** With the bits that EDNS adds. */
  readonly rcode: number;
  readonly answers: readonly RecordView[];
  readonly edns: Edns | null;
  readonly #known: KnownName | null;
  readonly #authoritiesAt: number;
  readonly #authoritiesCount: number;
  #authorities: RecordView[] | null = null;

  /** For {@linkcode readMessage}. */
  constructor(bytes: Uint8Array, question?: { name: DnsName; end: number }) {
    const reader = new WireReader(bytes, 4);
    const questions = reader.uint16();
    const answers = reader.uint16();
    const authorities = reader.uint16();
    const additionals = reader.uint16();
    this.bytes = bytes;
    this.authoritative = (bytes[2]! & FLAG_AUTHORITATIVE) !== 0;
    this.truncated = (bytes[2]! & FLAG_TRUNCATED) !== 0;
    this.recursionAvailable = (bytes[3]! & FLAG_RECURSION_AVAILABLE) !== 0;
    const isRepeated = question !== undefined && questions === 1;
    this.#known = isRepeated ? { name: question.name, at: HEADER_SIZE } : null;
    if (isRepeated) reader.advance(question.end - HEADER_SIZE);
    else for (let i = 0; i < questions; i++) skipQuestion(reader);
    // A truncated message may end in the middle of a record; it is asked for again in any case.
    const isWhole = !this.truncated;
    this.answers = isWhole ? readSection(reader, answers, this.#known) : [];
    this.#authoritiesAt = reader.at;
    this.#authoritiesCount = isWhole ? authorities : 0;
    for (let i = 0; i < this.#authoritiesCount; i++) skipRecord(reader);
    this.edns = isWhole ? readAdditionals(reader, additionals) : null;
    this.rcode = bytes[3]! & 0xf | (this.edns?.extendedRcode ?? 0) << 4;
  }

  /** Only where there is no answer does it matter what these are. */
  get authorities(): readonly RecordView[] {
    return this.#authorities ??= readSection(
      new WireReader(this.bytes, this.#authoritiesAt),
      this.#authoritiesCount,
      this.#known,
    );
  }
}

/** What an answer says in its header, whatever follows. */
export type AnswerKind =
  /** It is the answer to the query. */
  | "answer"
  /** It repeats no question, as servers do that could not read ours: only its RCODE counts. */
  | "header only"
  /** It would be, but the letters of the name came in another case than they had to. */
  | "other case"
  /** It is not. */
  | "other";

const FLAG_RESPONSE = 0x80;
const OPCODE_MASK = 0x78;
const FLAG_RECURSION_DESIRED = 0x01;
const FLAG_AUTHORITATIVE = 0x04;
const FLAG_TRUNCATED = 0x02;
const FLAG_RECURSION_AVAILABLE = 0x80;

/** A query for recursion (RFC 1035 4.1), with an OPT record where `edns` is true. */
export function encodeQuery({ name, type, randomCase }: Question, edns: boolean): Query {
  const { wire: nameWire } = name;
  const questionEnd = HEADER_SIZE + nameWire.length + 4;
  const wire = new Uint8Array(questionEnd + (edns ? OPT_RECORD.length : 0));
  wire[2] = FLAG_RECURSION_DESIRED;
  wire[5] = 1;
  wire.set(nameWire, HEADER_SIZE);
  if (randomCase) mixCase(wire, HEADER_SIZE, questionEnd - 4);
  wire[questionEnd - 4] = type >> 8;
  wire[questionEnd - 3] = type & 0xff;
  wire[questionEnd - 1] = CLASS_IN;
  if (edns) {
    wire[11] = 1;
    wire.set(OPT_RECORD, questionEnd);
  }
  return { wire, questionEnd, exactCase: randomCase };
}

/** Gives the letters between two places the one case or the other. */
function mixCase(wire: Uint8Array, start: number, end: number): void {
  for (let i = start; i < end; i++) {
    const folded = foldCase(wire[i]!);
    const isLetter = folded >= 0x61 && folded <= 0x7a;
    if (isLetter) wire[i] = folded - (randomUint16() & 0x20);
  }
}

/** The ID of a message that has at least a header. */
export function messageId(bytes: Uint8Array): number {
  return bytes[0]! << 8 | bytes[1]!;
}

/**
 * Whether bytes are the answer to a query, as far as header and question say (RFC 5452 9.1); the ID is for the caller.
 */
export function answerKind(bytes: Uint8Array, query: Query): AnswerKind {
  if (bytes.length < HEADER_SIZE) return "other";
  if ((bytes[2]! & (FLAG_RESPONSE | OPCODE_MASK)) !== FLAG_RESPONSE) return "other";
  const questions = bytes[4]! << 8 | bytes[5]!;
  const rcode = bytes[3]! & 0xf;
  if (questions === 0 && rcode !== Rcode.NOERROR && rcode !== Rcode.NXDOMAIN) return "header only";
  if (questions !== 1 || bytes.length < query.questionEnd) return "other";
  let isSameCase = true;
  for (let i = HEADER_SIZE; i < query.questionEnd; i++) {
    const ours = query.wire[i]!;
    const theirs = bytes[i]!;
    if (ours === theirs) continue;
    // Type and class are in the last four bytes: they have no case.
    if (i >= query.questionEnd - 4 || foldCase(ours) !== foldCase(theirs)) return "other";
    isSameCase = false;
  }
  return isSameCase || !query.exactCase ? "answer" : "other case";
}

/**
 * Reads an answer that {@linkcode answerKind} took for one.
 *
 * @param question The one that was asked, which the answer is known to repeat: it need not be read again.
 * @throws {MalformedDnsError} It ends too early, a label is none, or there are two OPT records.
 */
export function readMessage(
  bytes: Uint8Array,
  question?: { name: DnsName; end: number },
): Message {
  return new Message(bytes, question);
}

function readSection(
  reader: WireReader,
  count: number,
  known: KnownName | null,
): RecordView[] {
  const records: RecordView[] = [];
  for (let i = 0; i < count; i++) records.push(new RecordView(reader, known));
  return records;
}

function skipQuestion(reader: WireReader): void {
  skipName(reader);
  reader.advance(4);
}

function skipRecord(reader: WireReader): void {
  skipName(reader);
  reader.advance(8);
  reader.advance(reader.uint16());
}

/** Of the additional records only OPT counts. */
function readAdditionals(reader: WireReader, count: number): Edns | null {
  const { bytes } = reader;
  let edns: Edns | null = null;
  for (let i = 0; i < count; i++) {
    const { at } = reader;
    skipName(reader);
    const type = reader.uint16();
    const recordClass = reader.uint16();
    const ttl = reader.uint32();
    const length = reader.uint16();
    const start = reader.advance(length);
    if (type !== TYPE_OPT) continue;
    if (bytes[at] !== 0 || edns !== null) {
      throw new MalformedDnsError("an OPT record that is not the only one, or has a name");
    }
    edns = readEdns(recordClass, ttl, bytes, start, length);
  }
  return edns;
}
