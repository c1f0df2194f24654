/**
 * Answers of a server that a test plays.
 *
 * @module
 */

import { encodeQuery, HEADER_SIZE, Rcode } from "../../lib/dns/message.ts";
import { nameFromText } from "../../lib/dns/name.ts";
import { recordTypeNumber } from "../../lib/dns/record_type.ts";
import { parseAddress } from "../../lib/ip/address.ts";
import { unhex } from "./dnspython.ts";

/** An answer. Records are written as "name seconds TYPE data", data of other types as "TYPE65280" and hexadecimal. */
export interface AnswerInit {
  answers?: string[];
  authorities?: string[];
  rcode?: keyof typeof Rcode;
  flags?: ("AA" | "TC" | "RA")[];
  /** An OPT record with this hexadecimal data. */
  opt?: string;
}

const FLAGS = { AA: 0x0400, TC: 0x0200, RA: 0x0080 };

/** The bytes of an answer to "name TYPE", with ID 0. */
export function answerMessage(question: string, init: AnswerInit): Uint8Array {
  const [name, type] = question.split(" ") as [string, string];
  const { wire, questionEnd } = encodeQuery(
    { name: nameFromText(name), type: recordTypeNumber(type), randomCase: false },
    false,
  );
  return answerBytes(wire.slice(0, questionEnd), init);
}

/** The bytes of an answer to a query: its ID and question are repeated. */
export function answerTo(query: Uint8Array, init: AnswerInit): Uint8Array {
  let end = HEADER_SIZE;
  while (query[end] !== 0) end += 1 + query[end]!;
  return answerBytes(query.slice(0, end + 5), init);
}

/** The question of a query as "name TYPE": only letters, digits and "-_" in names. */
export function questionOf(query: Uint8Array): string {
  const labels: string[] = [];
  let at = HEADER_SIZE;
  for (; query[at] !== 0; at += 1 + query[at]!) {
    labels.push(String.fromCharCode(...query.subarray(at + 1, at + 1 + query[at]!)));
  }
  return `${labels.join(".")} ${query[at + 1]! << 8 | query[at + 2]!}`;
}

function answerBytes(question: Uint8Array, init: AnswerInit): Uint8Array {
  const { answers = [], authorities = [], rcode = "NOERROR", flags = [], opt } = init;
  const head = question.slice();
  const bits = flags.reduce((sum, flag) => sum | FLAGS[flag], 0x8100 | Rcode[rcode] & 0xf);
  head.set([bits >> 8, bits & 0xff], 2);
  head.set([0, answers.length, 0, authorities.length, 0, opt === undefined ? 0 : 1], 6);
  const data = unhex(opt ?? "");
  const options = opt === undefined
    ? []
    : [0, 0, 41, 4, 208, Rcode[rcode] >> 4, 0, 0, 0, data.length >> 8, data.length & 0xff, ...data];
  return Uint8Array.from([
    ...head,
    ...[...answers, ...authorities].flatMap(recordBytes),
    ...options,
  ]);
}

function recordBytes(text: string): number[] {
  const [name, seconds, type, ...words] = text.split(" ") as [string, string, string, ...string[]];
  const number = recordTypeNumber(type);
  const data = dataBytes(type, words);
  const ttl = Number(seconds);
  return [
    ...nameFromText(name).wire,
    ...[number >> 8, number & 0xff, 0, 1],
    ...[ttl >>> 24, ttl >>> 16 & 0xff, ttl >>> 8 & 0xff, ttl & 0xff],
    ...[data.length >> 8, data.length & 0xff],
    ...data,
  ];
}

function dataBytes(type: string, words: string[]): number[] {
  switch (type) {
    case "A":
    case "AAAA":
      return [...parseAddress(words[0]!)!.bytes];
    case "CNAME":
    case "DNAME":
    case "NS":
      return [...nameFromText(words[0]!).wire];
    case "TXT":
      return words.flatMap((word) => [word.length, ...new TextEncoder().encode(word)]);
    case "SOA": {
      const numbers = words.slice(2).flatMap((
        word,
      ) => [0, 0, Number(word) >> 8, Number(word) & 0xff]);
      return [...nameFromText(words[0]!).wire, ...nameFromText(words[1]!).wire, ...numbers];
    }
    default:
      return [...unhex(words.join(""))];
  }
}
