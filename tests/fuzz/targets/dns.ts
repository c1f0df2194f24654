/**
 * DNS messages and names: from servers, and from whoever writes to our port.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readOutcome } from "../../../lib/dns/answer.ts";
import { toAscii, toUnicode } from "../../../lib/dns/international.ts";
import { answerKind, encodeQuery, readMessage } from "../../../lib/dns/message.ts";
import {
  type DnsName,
  nameFromText,
  nameToText,
  readName,
  skipName,
} from "../../../lib/dns/name.ts";
import { readRdata } from "../../../lib/dns/rdata.ts";
import { RecordType } from "../../../lib/dns/record_type.ts";
import { MalformedDnsError, WireReader } from "../../../lib/dns/wire.ts";
import { MifError } from "../../../lib/error.ts";
import { answerMessage } from "../../dns/answer_message.ts";
import { bytesOf, type FuzzTarget, hex, textOf } from "../target.ts";

const isMalformed = (error: unknown) => error instanceof MalformedDnsError;

/** Everything of an answer that the resolver may read, and the end of its aliases. */
function readWhole(bytes: Uint8Array, question?: { name: DnsName; end: number }): unknown {
  const message = readMessage(bytes, question);
  const records = [...message.answers, ...message.authorities].map((record) => {
    assert.ok(record.start + record.length <= bytes.length);
    return [comesBack(record.name), readRdata(record.type, bytes, record.start, record.length)];
  });
  const { edns, rcode } = message;
  const name = question?.name ?? message.answers[0]?.name ?? nameFromText("www.example.com");
  const outcome = readOutcome(message, { name, type: RecordType.A }, 0);
  assert.ok(outcome.links <= 17 && outcome.ttlSeconds <= 0x7fffffff);
  return { records, edns, rcode, outcome: comesBack(outcome.name) };
}

/** A name has a text that means it. */
function comesBack(name: DnsName): string {
  const text = nameToText(name);
  assert.match(text, /^[!-~]+$/);
  assert.deepEqual(nameFromText(text).wire, name.wire);
  return text;
}

const asked = nameFromText("www.example.com");
const query = encodeQuery({ name: asked, type: RecordType.A, randomCase: false }, true);
/** An answer to the query: what came from the network differs from it behind its header and question. */
const answers = () => [
  answerMessage("www.example.com A", {
    answers: ["www.example.com 60 CNAME a.example", "a.example 60 A 192.0.2.1"],
    flags: ["RA"],
    opt: "000f 0007 0016 68656c6c6f",
  }),
  answerMessage("www.example.com A", {
    answers: ["example.com 60 DNAME example.net", "www.example.net 60 AAAA 2001:db8::1"],
    authorities: ["example.net 60 SOA ns.example.net mail.example.net 1 2 3 4 5"],
    rcode: "NXDOMAIN",
    flags: ["AA"],
  }),
  answerMessage("www.example.com A", { flags: ["TC"] }),
  answerMessage("www.example.com A", {
    answers: ["www.example.com 60 TXT one two", "www.example.com 60 HTTPS 0001000001000302683203"],
    authorities: ["example.com 60 NS ns.example.com"],
  }),
  // A pointer to the question, and one to a pointer.
  hex(
    "0000 8180 0001 0002 0000 0000 0377777707657861 6d706c6503636f6d0000010001" +
      "c00c 0001 0001 0000003c 0004 c0000201 c021 0005 0001 0000003c 0002 c010",
  ),
];

/** Data of records as they come, each behind the number of its type. */
const data = () => [
  hex("0001 c0000201"),
  hex("001c 20010db8000000000000000000000001"),
  hex("0005 0161076578616d706c6500"),
  hex("0006 026e7300 046d61696c00 00000001 00000002 00000003 00000004 00000005"),
  hex("000f 000a 046d61696c00"),
  hex("0010 03616263 00 026465"),
  hex("0021 0001 0002 0035 0161 00"),
  hex("0023 0001 0002 0175 03736970 00 0161 00"),
  hex("0101 80 05 6973737565 6361 2e74657374"),
  hex(
    "0041 0001 00 0001 0003 026832 0003 0002 01bb 0004 0004 c0000201 0006 0010" +
      "20010db8000000000000000000000001",
  ),
  hex(
    "0040 0001 00 0000 0004 0001 0003 0001 0003 026833 0003 0002 01bb 0007 000a" +
      "2f646e732d71756572797b3f646e737d ff00 0001 61",
  ),
  hex("002b 1234 08 02 00112233"),
  hex("0030 0101 03 08 00112233"),
  hex("0034 03 01 01 00112233"),
  hex("002c 01 02 00112233"),
  hex("ff00 00112233"),
];

const pieces = ["c00c", "00", "0161", "3f", "c0", "0001", "001c", "0005", "0027", "0029", "0041"]
  .map(hex);

/** Those of this room. */
export const targets: FuzzTarget[] = [
  {
    name: "dns-message",
    seeds: answers,
    read: (bytes) => readWhole(bytes),
    refuses: isMalformed,
    words: pieces,
    // A pointer of two bytes stands for a name, whose text may have a thousand characters.
    growth: 400,
  },
  {
    name: "dns-answer",
    seeds: answers,
    read: (bytes) =>
      answerKind(bytes, query) === "answer"
        ? readWhole(bytes, { name: asked, end: query.questionEnd })
        : null,
    refuses: isMalformed,
    words: pieces,
    growth: 400,
  },
  {
    name: "dns-rdata",
    seeds: data,
    read: (bytes) =>
      bytes.length < 2 ? null : readRdata(bytes[0]! << 8 | bytes[1]!, bytes, 2, bytes.length - 2),
    refuses: isMalformed,
    words: pieces,
    growth: 400,
  },
  {
    name: "dns-name",
    seeds: () => [
      hex("03777777076578616d706c6503636f6d00"),
      hex("00"),
      hex("016100 0162c000 c003"),
      hex("3f" + "61".repeat(63) + "00"),
    ],
    // The first byte says where the name begins, so that pointers have something before them.
    read: (bytes) => {
      const at = Math.min(bytes[0] ?? 0, bytes.length);
      const reader = new WireReader(bytes, at);
      const name = readName(reader);
      const text = comesBack(name);
      // Nothing behind it counts.
      const itself = bytes.subarray(0, Math.max(at, reader.at));
      assert.deepEqual(readName(new WireReader(itself, at)).wire, name.wire);
      const skipper = new WireReader(bytes, at);
      skipName(skipper);
      assert.equal(skipper.at, reader.at);
      return text;
    },
    refuses: isMalformed,
    words: pieces,
    growth: 64,
  },
  {
    name: "dns-name-text",
    seeds: () =>
      bytesOf("www.example.com.", "Laser\\.Printer._ipp._tcp.example", "\\000\\255.", ".", "a..b"),
    read: (bytes) => comesBack(nameFromText(textOf(bytes))),
    refuses: (error) => error instanceof MifError && error.code === "EAI_NONAME",
    words: ["\\", ".", "\\046", "\\999", "xn--"],
  },
  {
    name: "dns-international-name",
    seeds: () =>
      bytesOf("bücher.example", "xn--bcher-kva.example", "例え.テスト", "xn--a.xn--", "ß"),
    read: (bytes) => {
      const text = textOf(bytes).slice(0, 1024);
      const ascii = toAscii(text);
      if (ascii !== null) assert.match(ascii, /^[!-~]*$/);
      const unicode = toUnicode(text);
      // What is shown to people must mean the same name.
      if (unicode !== text) assert.equal(toAscii(unicode), text.toLowerCase());
      return { ascii, unicode };
    },
    words: ["xn--", ".", "\u00ad", "\u200d", "。", "\u0301"],
  },
];
