// The resolver of one PvD with servers that the test plays, and a clock that the test moves.

import assert from "node:assert/strict";
import { test } from "node:test";
import { nameFromText, nameToText } from "../../lib/dns/name.ts";
import { PvdResolver, type ResolverOptions } from "../../lib/dns/pvd_resolver.ts";
import { recordTypeNumber } from "../../lib/dns/record_type.ts";
import { type Cancellation, cancelled, type Transport } from "../../lib/dns/transport.ts";
import { MifError } from "../../lib/error.ts";
import { type AnswerInit, answerTo, questionOf } from "./answer_message.ts";
import { unhex } from "./dnspython.ts";

/** What a server does with a question: an answer, bytes of its own, an error, or nothing at all. */
type Reply = AnswerInit | Uint8Array | MifError | "silence";

/** One question that came to a server. */
interface Asked {
  server: string;
  by: "udp" | "tcp";
  /** "name type number" */
  question: string;
  edns: boolean;
  timeoutMs: number;
}

type Play = (asked: Asked) => Reply;

class Game {
  nowMs = 1_000_000;
  readonly asked: Asked[] = [];
  readonly resolver: PvdResolver;
  /** Who waits for an answer that does not come. */
  waiting = 0;

  constructor(play: Play | Record<string, Play>, options: Partial<ResolverOptions> = {}) {
    const plays = typeof play === "function" ? { "192.0.2.1": play } : play;
    this.resolver = new PvdResolver({
      servers: Object.keys(plays).map((address) => ({ address, port: 53 })),
      transports: ({ address }) => ({
        datagram: this.#transport(address, "udp", plays[address]!),
        stream: this.#transport(address, "tcp", plays[address]!),
      }),
      timeoutMs: 1000,
      backoff: true,
      attempts: 3,
      totalMs: 10_000,
      rotate: false,
      nowMs: () => this.nowMs,
      owner: "PvD test",
      ...options,
    });
  }

  resolve(question: string, options = {}): ReturnType<PvdResolver["resolve"]> {
    const [name, type] = question.split(" ") as [string, string];
    return this.resolver.resolve(nameFromText(name), recordTypeNumber(type), options);
  }

  /** Which servers were asked, in order, since the last time. */
  servers(): string {
    return this.asked.splice(0).map(({ server, by }) => `${server}/${by}`).join(" ");
  }

  #transport(server: string, by: "udp" | "tcp", play: Play): Transport {
    return {
      ask: (query, timeoutMs, cancellation) => {
        const { wire, questionEnd } = query;
        const edns = wire.length > questionEnd;
        const asked = { server, by, question: questionOf(wire), edns, timeoutMs };
        this.asked.push(asked);
        const reply = play(asked);
        if (reply === "silence") return this.#silence(timeoutMs, cancellation);
        if (reply instanceof MifError) return Promise.reject(reply);
        return Promise.resolve(reply instanceof Uint8Array ? reply : answerTo(wire, reply));
      },
    };
  }

  /** Time goes by at once, unless somebody may cancel. */
  #silence(timeoutMs: number, cancellation: Cancellation): Promise<Uint8Array> {
    return new Promise((_, reject) => {
      this.waiting++;
      const end = (error: MifError) => {
        this.waiting--;
        reject(error);
      };
      const timer = setTimeout(() => {
        this.nowMs += timeoutMs;
        end(failure("ETIMEDOUT"));
      }, 1);
      cancellation.onCancel = () => {
        clearTimeout(timer);
        end(cancelled());
      };
    });
  }
}

function failure(code: string): MifError {
  return new MifError(`a server that fails with ${code}`, { code, syscall: "test" });
}

const A = "www.example 300 A 192.0.2.80";
const SOA = "example 900 SOA ns.example root.example 1 2 3 4 60";
const good: Play = () => ({ answers: [A], flags: ["RA"] });

async function rejects(code: string, attempt: Promise<unknown>): Promise<MifError> {
  const error = await attempt.then(() => assert.fail("it did not fail"), (error) => error);
  assert.equal(error.code, code, error.message);
  return error;
}

test("an answer tells status, canonical name, records and server", async () => {
  const game = new Game(() => ({
    answers: ["www.example 300 CNAME Host.other", "host.other 60 A 192.0.2.80"],
    flags: ["RA"],
  }));
  const answer = await game.resolve("www.example A");
  assert.equal(answer.status, "found");
  assert.equal(nameToText(answer.canonicalName), "Host.other");
  assert.deepEqual(answer.server, { address: "192.0.2.1", port: 53 });
  assert.deepEqual(answer.records.map(({ ttlSeconds, data }) => ({ ttlSeconds, ...data })), [
    { ttlSeconds: 60, type: "A", address: "192.0.2.80" },
  ]);
});

test("there is no such record, and there is no such name, are two answers", async () => {
  const nodata = new Game(() => ({ authorities: [SOA] }));
  const nxdomain = new Game(() => ({ authorities: [SOA], rcode: "NXDOMAIN" }));
  assert.equal((await nodata.resolve("www.example A")).status, "nodata");
  assert.equal((await nxdomain.resolve("www.example A")).status, "nxdomain");
});

test("the answer is kept for as long as it holds, and its TTL goes down", async () => {
  const game = new Game(good);
  await game.resolve("www.example A");
  game.nowMs += 299_999;
  assert.equal((await game.resolve("WWW.example A")).records[0]!.ttlSeconds, 1);
  assert.equal(game.asked.length, 1);
  game.nowMs += 1;
  assert.equal((await game.resolve("www.example A")).records[0]!.ttlSeconds, 300);
  assert.equal(game.asked.length, 2);
});

test("an answer of another type is another one", async () => {
  const game = new Game(good);
  await game.resolve("www.example A");
  await game.resolve("www.example AAAA");
  assert.equal(game.asked.length, 2);
});

test("what does not exist is kept by the SOA, and by nothing else", async () => {
  for (const rcode of ["NOERROR", "NXDOMAIN"] as const) {
    const game = new Game(() => ({ authorities: [SOA], rcode }));
    await game.resolve("www.example A");
    game.nowMs += 59_999;
    await game.resolve("www.example A");
    assert.equal(game.asked.length, 1);
    game.nowMs += 1;
    await game.resolve("www.example A");
    assert.equal(game.asked.length, 2);
    const unfounded = new Game(() => ({ rcode, flags: ["RA"] }));
    await unfounded.resolve("www.example A");
    await unfounded.resolve("www.example A");
    assert.equal(unfounded.asked.length, 2);
  }
});

test("nothing is kept longer than a day, nor a denial longer than three hours", async () => {
  const rows: [AnswerInit, number][] = [
    [{ answers: ["www.example 2147483647 A 192.0.2.1"] }, 86_400],
    [{ authorities: ["example 65535 SOA a b 1 2 3 4 65535"] }, 10_800],
  ];
  for (const [answer, seconds] of rows) {
    const game = new Game(() => answer);
    await game.resolve("www.example A");
    game.nowMs += seconds * 1000 - 1;
    await game.resolve("www.example A");
    assert.equal(game.asked.length, 1);
    game.nowMs += 1;
    await game.resolve("www.example A");
    assert.equal(game.asked.length, 2);
  }
});

test("an answer with TTL 0 is given and not kept", async () => {
  const game = new Game(() => ({ answers: ["www.example 0 A 192.0.2.80"] }));
  await game.resolve("www.example A");
  await game.resolve("www.example A");
  assert.equal(game.asked.length, 2);
});

test("failures are not kept", async () => {
  const game = new Game(() => ({ rcode: "SERVFAIL" }));
  await rejects("EAI_AGAIN", game.resolve("www.example A"));
  await rejects("EAI_AGAIN", game.resolve("www.example A"));
  assert.equal(game.asked.length, 2);
});

test("servers are asked in order, the second one after the first has had its second", async () => {
  const game = new Game({ "192.0.2.1": () => "silence", "192.0.2.2": good });
  const startMs = game.nowMs;
  const { server } = await game.resolve("www.example A");
  assert.equal(server.address, "192.0.2.2");
  assert.equal(game.nowMs - startMs, 1000);
  assert.equal(game.servers(), "192.0.2.1/udp 192.0.2.2/udp");
});

test("a silent server is passed over for a while, longer each time, and then tried again by one", async () => {
  let isSilent = true;
  const fleeting: Play = ({ question }) => ({
    answers: [`${question.split(" ")[0]} 0 A 192.0.2.80`],
  });
  const game = new Game({
    "192.0.2.1": (asked) => isSilent ? "silence" : fleeting(asked),
    "192.0.2.2": fleeting,
  });
  await game.resolve("www.example A");
  assert.equal(game.servers(), "192.0.2.1/udp 192.0.2.2/udp");
  game.nowMs += 4999;
  await game.resolve("www.example A");
  assert.equal(game.servers(), "192.0.2.2/udp");
  game.nowMs += 1;
  // Of several questions at that time one tries.
  await Promise.all(["a", "b", "c"].map((name) => game.resolve(`${name}.example A`)));
  assert.equal(
    game.servers(),
    "192.0.2.1/udp 192.0.2.2/udp 192.0.2.2/udp 192.0.2.2/udp",
  );
  game.nowMs += 9_999;
  await game.resolve("www.example A");
  assert.equal(game.servers(), "192.0.2.2/udp");
  game.nowMs += 1;
  isSilent = false;
  await game.resolve("www.example A");
  assert.equal(game.servers(), "192.0.2.1/udp");
  // It was good meanwhile: the time is short again.
  isSilent = true;
  await game.resolve("www.example A");
  assert.equal(game.servers(), "192.0.2.1/udp 192.0.2.2/udp");
  game.nowMs += 5_000;
  isSilent = false;
  await game.resolve("www.example A");
  assert.equal(game.servers(), "192.0.2.1/udp");
});

test("where all are silent each is asked thrice, longer each time, for ten seconds in all", async () => {
  const game = new Game({ "192.0.2.1": () => "silence", "192.0.2.2": () => "silence" });
  const startMs = game.nowMs;
  const error = await rejects("EAI_AGAIN", game.resolve("www.example A"));
  assert.deepEqual(game.asked.map(({ timeoutMs }) => timeoutMs), [1000, 1000, 2000, 2000, 4000]);
  assert.equal(game.nowMs - startMs, 10_000);
  assert.match(error.message, /www\.example A by PvD test: 192\.0\.2\.1: .*; 192\.0\.2\.2: /);
  game.asked.length = 0;
  await rejects("EAI_AGAIN", game.resolve("www.example A"));
  assert.ok(game.asked.length > 0, "a single dead server is better than none");
});

test("the system's servers have the same time in each round (resolv.conf)", async () => {
  const game = new Game(() => "silence", { timeoutMs: 2000, attempts: 4, backoff: false });
  await rejects("EAI_AGAIN", game.resolve("www.example A"));
  assert.deepEqual(game.asked.map(({ timeoutMs }) => timeoutMs), [2000, 2000, 2000, 2000]);
});

test("rotate begins with the next server each time", async () => {
  const game = new Game({ "192.0.2.1": good, "192.0.2.2": good, "192.0.2.3": good }, {
    rotate: true,
  });
  for (const name of ["a", "b", "c", "d"]) await game.resolve(`${name}.example A`);
  assert.equal(game.servers(), "192.0.2.1/udp 192.0.2.2/udp 192.0.2.3/udp 192.0.2.1/udp");
});

const refusals: [name: string, reply: Reply, code: string][] = [
  ["SERVFAIL", { rcode: "SERVFAIL" }, "EAI_AGAIN"],
  ["REFUSED", { rcode: "REFUSED" }, "EAI_FAIL"],
  ["a referral", { authorities: ["example 9 NS ns.example"] }, "EAI_FAIL"],
  ["a loop of aliases", { answers: ["www.example 9 CNAME www.example"] }, "EAI_FAIL"],
  ["an address of five bytes", { answers: ["www.example 9 TYPE1 c000020100"] }, "EAI_FAIL"],
  ["bytes that are no message", unhex("0000 8180 0001 0001 0000 0000 03 777777"), "EAI_FAIL"],
  ["YXDOMAIN", { rcode: "YXDOMAIN" }, "EAI_FAIL"],
  ["an ICMP error", failure("ECONNREFUSED"), "EAI_AGAIN"],
];
for (const [name, reply, code] of refusals) {
  test(`after ${name} another server is asked at once, and ${code} is the end`, async () => {
    const game = new Game({ "192.0.2.1": () => reply, "192.0.2.2": good });
    const startMs = game.nowMs;
    assert.equal((await game.resolve("www.example A")).server.address, "192.0.2.2");
    assert.equal(game.nowMs, startMs);
    const alone = new Game(() => reply);
    await rejects(code, alone.resolve("www.example A"));
    // What the network says may be about an earlier question, or forged: that server is tried again.
    const times = reply instanceof MifError ? 3 : 1;
    assert.equal(alone.asked.filter(({ by, edns }) => by === "udp" && edns).length, times);
  });
}

test("one server that refuses and one that is silent: it may work later", async () => {
  const game = new Game({
    "192.0.2.1": () => ({ rcode: "REFUSED" }),
    "192.0.2.2": () => "silence",
  });
  await rejects("EAI_AGAIN", game.resolve("www.example A"));
  assert.equal(game.asked.filter(({ server }) => server === "192.0.2.1").length, 1);
});

test("a PvD without servers fails at once", async () => {
  const error = await rejects("EAI_FAIL", new Game({}).resolve("www.example A"));
  assert.match(error.message, /PvD test has no DNS server/);
});

test("where the PvD has no way to any server its own error is given", async () => {
  for (const code of ["EPVDROUTE", "ENONET", "ENETUNREACH", "EADDRNOTAVAIL"]) {
    const game = new Game({ "192.0.2.1": () => failure(code), "192.0.2.2": () => failure(code) });
    await rejects(code, game.resolve("www.example A"));
    const mixed = new Game({ "192.0.2.1": () => failure(code), "192.0.2.2": good });
    assert.equal((await mixed.resolve("www.example A")).server.address, "192.0.2.2");
  }
});

test("the words of a server that fails are in the error", async () => {
  const game = new Game(() => ({ rcode: "SERVFAIL", opt: "000f 000a 0006 626f677573202121" }));
  const error = await rejects("EAI_AGAIN", game.resolve("www.example A"));
  assert.match(error.message, /SERVFAIL \(6 bogus !!\)/);
});

test("why an answer is what it is stands in the answer", async () => {
  const game = new Game(() => ({ rcode: "NXDOMAIN", authorities: [SOA], opt: "000f 0002 000f" }));
  const { extendedErrors } = await game.resolve("www.example A");
  assert.deepEqual(extendedErrors, [{ code: 15, text: "" }]);
});

test("a truncated answer is asked for by TCP", async () => {
  const game = new Game(({ by }) => by === "udp" ? { flags: ["TC"] } : { answers: [A] });
  assert.equal((await game.resolve("www.example A")).records.length, 1);
  assert.equal(game.servers(), "192.0.2.1/udp 192.0.2.1/tcp");
});

test("a truncated answer whose rest TCP does not bring is none", async () => {
  const game = new Game({
    "192.0.2.1": ({ by }) =>
      by === "udp" ? { flags: ["TC"], answers: [A] } : failure("ECONNREFUSED"),
    "192.0.2.2": good,
  });
  assert.equal((await game.resolve("www.example A")).server.address, "192.0.2.2");
  // It answers by UDP, so it is not silent.
  await game.resolve("other.example A").catch(() => {});
  assert.match(game.servers(), /192.0.2.2\/udp 192.0.2.1\/udp/);
});

for (const rcode of ["FORMERR", "NOTIMP", "BADVERS"] as const) {
  test(`${rcode} has the question asked without EDNS, from then on for ten minutes`, async () => {
    const game = new Game(({ edns }) =>
      edns
        ? { rcode, ...(rcode === "BADVERS" ? { opt: "" } : {}) }
        : { answers: [A.replace("300", "0")] }
    );
    for (const expected of [[true, false], [false]]) {
      assert.equal((await game.resolve("www.example A")).records.length, 1);
      assert.deepEqual(game.asked.splice(0).map(({ edns }) => edns), expected);
    }
    game.nowMs += 600_001;
    await game.resolve("www.example A");
    assert.deepEqual(game.asked.map(({ edns }) => edns), [true, false]);
  });
}

test("FORMERR without EDNS too is the server's last word", async () => {
  const game = new Game(() => ({ rcode: "FORMERR" }));
  await rejects("EAI_FAIL", game.resolve("www.example A"));
  assert.deepEqual(game.asked.map(({ edns }) => edns), [true, false]);
  game.asked.length = 0;
  await rejects("EAI_FAIL", game.resolve("www.example A"));
  assert.equal(game.asked[0]!.edns, true);
});

test("when answers may be forged the question goes by TCP", async () => {
  const game = new Game(({ by }) => by === "udp" ? failure("EBADMSG") : { answers: [A] });
  assert.equal((await game.resolve("www.example A")).status, "found");
  assert.equal(game.servers(), "192.0.2.1/udp 192.0.2.1/tcp");
});

test("an alias is followed by further questions, and the TTL is the least of all", async () => {
  const game = new Game(({ question }) =>
    question.startsWith("www")
      ? { answers: ["www.example 20 CNAME b.test"] }
      : question.startsWith("b.")
      ? { answers: ["b.test 30 CNAME c.test"] }
      : { answers: ["c.test 40 A 192.0.2.80"] }
  );
  const answer = await game.resolve("www.example A");
  assert.deepEqual(game.asked.map(({ question }) => question), [
    "www.example 1",
    "b.test 1",
    "c.test 1",
  ]);
  assert.equal(nameToText(answer.canonicalName), "c.test");
  assert.equal(answer.records[0]!.ttlSeconds, 20);
  game.nowMs += 20_000;
  await game.resolve("www.example A");
  assert.equal(game.asked.length, 6);
});

test("aliases that never end are left", async () => {
  let count = 0;
  const game = new Game(({ question }) => ({
    answers: [`${question.split(" ")[0]} 9 CNAME n${count++}.test`],
  }));
  const error = await rejects("EAI_FAIL", game.resolve("www.example A"));
  assert.match(error.message, /aliases/);
  assert.equal(count, 17);
});

test("an alias from one answer back into another is a loop too", async () => {
  const game = new Game(({ question }) => ({
    answers: [question.startsWith("a") ? "a.test 9 CNAME b.test" : "b.test 9 CNAME a.test"],
  }));
  await rejects("EAI_FAIL", game.resolve("a.test A"));
  assert.ok(game.asked.length <= 17);
});

test("equal questions at the same time are one", async () => {
  const game = new Game(good);
  const answers = await Promise.all(
    ["www.example", "WWW.EXAMPLE", "www.example."].map((name) => game.resolve(`${name} A`)),
  );
  assert.equal(game.asked.length, 1);
  assert.ok(answers.every(({ status }) => status === "found"));
});

test("one who leaves does not take the question from the others", async () => {
  const game = new Game(() => "silence");
  const controller = new AbortController();
  const leaving = game.resolve("www.example A", { signal: controller.signal });
  const staying = game.resolve("www.example A", { signal: AbortSignal.timeout(60_000) });
  controller.abort(new Error("enough"));
  await assert.rejects(leaving, /enough/);
  await rejects("EAI_AGAIN", staying);
  assert.equal(game.asked.length, 3);
});

test("when the last one leaves the question ends", async () => {
  const game = new Game(() => "silence");
  const controllers = [new AbortController(), new AbortController()];
  const asking = controllers.map(({ signal }) => game.resolve("www.example A", { signal }));
  const settled = Promise.allSettled(asking);
  assert.equal(game.waiting, 1);
  for (const controller of controllers) controller.abort();
  assert.deepEqual((await settled).map(({ status }) => status), ["rejected", "rejected"]);
  assert.equal(game.waiting, 0);
  assert.equal(game.asked.length, 1);
  // Who comes now asks anew.
  const again = rejects("EAI_AGAIN", game.resolve("www.example A"));
  assert.equal(game.waiting, 1);
  await again;
});

test("who gave a signal that is aborted already asks nothing", async () => {
  const game = new Game(good);
  await assert.rejects(
    game.resolve("www.example A", { signal: AbortSignal.abort(new Error("before")) }),
    /before/,
  );
  assert.equal(game.asked.length, 0);
});

test("a caller's own time limit ends with EAI_AGAIN", async () => {
  const game = new Game({ "192.0.2.1": () => "silence" }, { timeoutMs: 60_000, totalMs: 600_000 });
  const error = await rejects("EAI_AGAIN", game.resolve("www.example A", { timeoutMs: 0 }));
  assert.match(error.message, /no answer within 0 ms/);
});

test("a signal has no listener of ours when all is over", async () => {
  const game = new Game(good);
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...words: unknown[]) => {
    listeners++;
    addEventListener.apply(signal, words as never);
  };
  signal.removeEventListener = (...words: unknown[]) => {
    listeners--;
    removeEventListener.apply(signal, words as never);
  };
  for (const name of ["a", "b", "c"]) {
    await game.resolve(`${name}.example A`, { signal }).catch(() => {});
  }
  assert.equal(listeners, 0);
});

test("what is kept is bounded: 4096 answers, and the least used goes first", async () => {
  const game = new Game(({ question }) => ({
    answers: [`${question.split(" ")[0]} 300 A 192.0.2.80`],
  }));
  const ask = (i: number) => game.resolve(`n${i}.example A`);
  for (let i = 0; i < 4096; i++) await ask(i);
  await ask(0);
  assert.equal(game.asked.length, 4096);
  await ask(4096);
  await ask(0);
  assert.equal(game.asked.length, 4097);
  await ask(1);
  assert.equal(game.asked.length, 4098);
});

test("what is kept is bounded: 8 MiB", async () => {
  const text = "x".repeat(255);
  const words = new Array<string>(40).fill(text).join(" ");
  const game = new Game(({ question }) => ({
    answers: [`${question.split(" ")[0]} 300 TXT ${words}`],
  }));
  // 11 KB each: 8 MiB are about 760.
  for (let i = 0; i < 1000; i++) await game.resolve(`n${i}.example TXT`);
  await game.resolve("n999.example TXT");
  await game.resolve("n500.example TXT");
  assert.equal(game.asked.length, 1000);
  await game.resolve("n100.example TXT");
  assert.equal(game.asked.length, 1001);
});

test("questions in random case are kept apart from others", async () => {
  const game = new Game(good);
  await game.resolve("www.example A");
  await game.resolve("www.example A", { randomCase: true });
  assert.equal(game.asked.length, 2);
});
