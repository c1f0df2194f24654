import assert from "node:assert/strict";
import { test } from "node:test";
import { LINKS_MAX, readOutcome } from "../../lib/dns/answer.ts";
import { readMessage } from "../../lib/dns/message.ts";
import { nameFromText, nameToText } from "../../lib/dns/name.ts";
import { recordTypeNumber } from "../../lib/dns/record_type.ts";
import { MalformedDnsError } from "../../lib/dns/wire.ts";
import { type AnswerInit, answerMessage } from "./answer_message.ts";

interface Row {
  name: string;
  answer: AnswerInit;
  /** The name and type asked for; "www.example A" where left out. */
  question?: string;
  /** Status, name, records and seconds. */
  expect: [status: string, name: string, records: number, ttlSeconds: number];
}

const SOA = "example 900 SOA ns.example root.example 1 2 3 4 60";

const rows: Row[] = [
  {
    name: "records of the name",
    answer: { answers: ["www.example 300 A 192.0.2.1", "www.example 200 A 192.0.2.2"] },
    expect: ["found", "www.example", 2, 200],
  },
  {
    name: "letters in another case",
    answer: { answers: ["WWW.Example 300 A 192.0.2.1"] },
    expect: ["found", "www.example", 1, 300],
  },
  {
    name: "records of other names and types, which count for nothing",
    answer: {
      answers: [
        "evil.example 5 A 192.0.2.66",
        "www.example 5 AAAA 2001:db8::1",
        "www.example 300 A 192.0.2.1",
      ],
    },
    expect: ["found", "www.example", 1, 300],
  },
  {
    name: "nothing but records of another name",
    answer: { answers: ["evil.example 5 A 192.0.2.66"], flags: ["RA"] },
    expect: ["nodata", "www.example", 0, 0],
  },
  {
    name: "a name whose dot is inside a label",
    answer: { answers: ["www\\.example 5 A 192.0.2.66"], flags: ["RA"] },
    expect: ["nodata", "www.example", 0, 0],
  },
  {
    name: "an alias, with the least TTL of the way",
    answer: { answers: ["www.example 30 CNAME host.other", "host.other 300 A 192.0.2.1"] },
    expect: ["found", "host.other", 1, 30],
  },
  {
    name: "aliases in any order",
    answer: {
      answers: ["c.x 300 A 192.0.2.1", "b.x 300 CNAME c.x", "www.example 300 CNAME b.x"],
    },
    expect: ["found", "c.x", 1, 300],
  },
  {
    name: "a CNAME that was asked for",
    question: "www.example CNAME",
    answer: { answers: ["www.example 30 CNAME host.other", "host.other 300 A 192.0.2.1"] },
    expect: ["found", "www.example", 1, 30],
  },
  {
    name: "ANY, which follows nothing",
    question: "www.example ANY",
    answer: { answers: ["www.example 30 CNAME host.other", "www.example 20 TXT a"] },
    expect: ["found", "www.example", 2, 20],
  },
  {
    name: "an alias to a name that the answer says nothing of",
    answer: { answers: ["www.example 30 CNAME host.other"] },
    expect: ["unfinished", "host.other", 0, 30],
  },
  {
    name: "a DNAME above the name",
    answer: { answers: ["example 30 DNAME other.test", "www.other.test 300 A 192.0.2.1"] },
    expect: ["found", "www.other.test", 1, 30],
  },
  {
    name: "a DNAME with the CNAME it makes",
    answer: {
      answers: [
        "example 30 DNAME other.test",
        "www.example 30 CNAME www.other.test",
        "www.other.test 300 A 192.0.2.1",
      ],
    },
    expect: ["found", "www.other.test", 1, 30],
  },
  {
    name: "a DNAME of the name itself, which does not count",
    answer: { answers: ["www.example 30 DNAME other.test"], authorities: [SOA] },
    expect: ["nodata", "www.example", 0, 60],
  },
  {
    name: "a DNAME beside the name",
    answer: { answers: ["ww.example 30 DNAME other.test"], authorities: [SOA] },
    expect: ["nodata", "www.example", 0, 60],
  },
  {
    name: "a loop of one",
    answer: { answers: ["www.example 30 CNAME WWW.example"] },
    expect: ["loop", "WWW.example", 0, 30],
  },
  {
    name: "a loop of two",
    answer: { answers: ["www.example 30 CNAME a.x", "a.x 30 CNAME www.example"] },
    expect: ["loop", "www.example", 0, 30],
  },
  {
    name: "a DNAME that leads below itself",
    answer: { answers: ["example 30 DNAME a.example"] },
    expect: ["loop", `www.${"a.".repeat(LINKS_MAX + 1)}example`, 0, 30],
  },
  {
    name: "no such record, by the SOA's TTL or minimum",
    answer: { authorities: [SOA] },
    expect: ["nodata", "www.example", 0, 60],
  },
  {
    name: "a SOA whose own TTL is less",
    answer: { authorities: [SOA.replace("900", "7")] },
    expect: ["nodata", "www.example", 0, 7],
  },
  {
    name: "no such name",
    answer: { rcode: "NXDOMAIN", authorities: [SOA] },
    expect: ["nxdomain", "www.example", 0, 60],
  },
  {
    name: "no such name, with records all the same",
    answer: { rcode: "NXDOMAIN", answers: ["www.example 300 A 192.0.2.1"], authorities: [SOA] },
    expect: ["nxdomain", "www.example", 0, 60],
  },
  {
    name: "no such name at the end of an alias, no longer than the alias",
    answer: { rcode: "NXDOMAIN", answers: ["www.example 30 CNAME no.example"], authorities: [SOA] },
    expect: ["nxdomain", "no.example", 0, 30],
  },
  {
    name: "no such name without a SOA, which holds for no time",
    answer: { rcode: "NXDOMAIN" },
    expect: ["nxdomain", "www.example", 0, 0],
  },
  {
    name: "a SOA of another zone, which counts for nothing",
    answer: { rcode: "NXDOMAIN", authorities: [SOA.replace("example", "other")] },
    expect: ["nxdomain", "www.example", 0, 0],
  },
  {
    name: "a referral",
    answer: { authorities: ["example 300 NS ns.example"], flags: ["RA"] },
    expect: ["lame", "www.example", 0, 0],
  },
  { name: "a server that does not ask others", answer: {}, expect: ["lame", "www.example", 0, 0] },
  {
    name: "nothing, from a server that asks others",
    answer: { flags: ["RA"] },
    expect: ["nodata", "www.example", 0, 0],
  },
  {
    name: "nothing, from a server that is the authority",
    answer: { flags: ["AA"], authorities: ["example 300 NS ns.example"] },
    expect: ["nodata", "www.example", 0, 0],
  },
];
for (const { name, answer, question = "www.example A", expect } of rows) {
  test(`readOutcome() of ${name}`, () => {
    const [asked, type] = question.split(" ") as [string, string];
    const outcome = readOutcome(
      readMessage(answerMessage(question, answer)),
      { name: nameFromText(asked), type: recordTypeNumber(type) },
      0,
    );
    const { status, records, ttlSeconds } = outcome;
    assert.deepEqual([status, nameToText(outcome.name), records.length, ttlSeconds], expect);
  });
}

test(`readOutcome() follows ${LINKS_MAX} aliases over all answers, and no more`, () => {
  const chain = (count: number) =>
    Array.from(
      { length: count },
      (_, i) => `${i || "www"}.${i ? "x" : "example"} 9 CNAME ${i + 1}.x`,
    );
  const question = { name: nameFromText("www.example"), type: 1 };
  const outcome = (count: number, before: number) => {
    const answers = [...chain(count), `${count}.x 9 A 192.0.2.1`];
    return readOutcome(readMessage(answerMessage("www.example A", { answers })), question, before);
  };
  assert.equal(outcome(LINKS_MAX, 0).status, "found");
  assert.equal(outcome(LINKS_MAX + 1, 0).status, "loop");
  assert.equal(outcome(4, LINKS_MAX - 4).links, LINKS_MAX);
  assert.equal(outcome(4, LINKS_MAX - 3).status, "loop");
});

test("a DNAME that makes a name too long leads nowhere", () => {
  const long = `${"a".repeat(60)}.`.repeat(4);
  const message = readMessage(
    answerMessage(`${long}x A`, { answers: [`x 30 DNAME ${"b".repeat(20)}`] }),
  );
  const outcome = readOutcome(message, { name: nameFromText(`${long}x`), type: 1 }, 0);
  assert.equal(outcome.status, "loop");
});

test("a CNAME or SOA that cannot be read spoils the answer", () => {
  const question = { name: nameFromText("www.example"), type: 1 };
  const alias = answerMessage("www.example A", { answers: ["www.example 9 TYPE5 3f61"] });
  assert.throws(() => readOutcome(readMessage(alias), question, 0), MalformedDnsError);
  const soa = answerMessage("www.example A", { authorities: ["example 9 TYPE6 0000"] });
  assert.throws(() => readOutcome(readMessage(soa), question, 0), MalformedDnsError);
});
