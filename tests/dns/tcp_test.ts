// Questions by TCP over loopback to servers that a test plays: good ones, slow ones and liars.

import assert from "node:assert/strict";
import type { Socket as StreamSocket } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeQuery, readMessage } from "../../lib/dns/message.ts";
import { nameFromText } from "../../lib/dns/name.ts";
import { TcpTransport } from "../../lib/dns/tcp.ts";
import { Cancellation, type ServerAddress } from "../../lib/dns/transport.ts";
import { descriptorsDownTo, openDescriptors } from "../socket/descriptors.ts";
import { answerTo } from "./answer_message.ts";
import { framed, tcpServer } from "./played_server.ts";

const texts = Array.from(
  { length: 100 },
  (_, i) => `www.example 60 TXT ${String(i).padStart(200, "x")}`,
);

/** An answer of 20 kB. */
const large = (query: Uint8Array) => answerTo(query, { answers: texts });

function ask(
  server: ServerAddress,
  timeoutMs = 5000,
  cancellation = new Cancellation(),
  transport = new TcpTransport(null, server),
): Promise<Uint8Array> {
  const query = encodeQuery(
    { name: nameFromText("www.example"), type: 16, randomCase: false },
    true,
  );
  return transport.ask(query, timeoutMs, cancellation);
}

async function isLarge(answer: Promise<Uint8Array>): Promise<void> {
  assert.equal(readMessage(await answer).answers.length, 100);
}

const goodPlays: [name: string, play: (query: Uint8Array, connection: StreamSocket) => void][] = [
  ["in one piece", (query, connection) => connection.write(framed(large(query)))],
  ["in two pieces, the length apart", (query, connection) => {
    const bytes = framed(large(query));
    connection.setNoDelay(true);
    connection.write(bytes.subarray(0, 1));
    setTimeout(() => connection.write(bytes.subarray(1)), 20);
  }],
  ["behind a message with another ID", (query, connection) => {
    connection.write(framed(large(query).with(0, query[0]! ^ 1)));
    connection.write(framed(large(query)));
  }],
  ["behind one with another question, in one piece", (query, connection) => {
    connection.write(
      Uint8Array.from([...framed(large(query).with(13, 0x78)), ...framed(large(query))]),
    );
  }],
  ["behind an empty message", (query, connection) => {
    connection.write(Uint8Array.from([0, 0, ...framed(large(query))]));
  }],
  ["and the connection ended", (query, connection) => connection.end(framed(large(query)))],
];
for (const [name, play] of goodPlays) {
  test(`an answer ${name}`, async () => {
    await using server = await tcpServer(play);
    await isLarge(ask(server));
  });
}

test("an answer byte by byte", async () => {
  await using server = await tcpServer(async (query, connection) => {
    connection.setNoDelay(true);
    for (const byte of framed(answerTo(query, { answers: texts.slice(0, 1) }))) {
      connection.write(Uint8Array.of(byte));
      await sleep(0);
    }
  });
  assert.equal(readMessage(await ask(server, 30_000)).answers.length, 1);
});

const badPlays: [
  name: string,
  play: (query: Uint8Array, connection: StreamSocket) => void,
  code: string,
][] = [
  ["takes the connection and says nothing", () => {}, "ETIMEDOUT"],
  ["says half a length", (_, connection) => void connection.write(Uint8Array.of(1)), "ETIMEDOUT"],
  [
    "announces 65535 bytes and sends ten",
    (_, connection) => void connection.write(Uint8Array.of(0xff, 0xff, ...new Uint8Array(10))),
    "ETIMEDOUT",
  ],
  ["drips for ever", (_, connection) => {
    const timer = setInterval(() => connection.write(Uint8Array.of(0xff)), 10);
    connection.on("close", () => clearInterval(timer));
  }, "ETIMEDOUT"],
  ["sends other messages for ever", (query, connection) => {
    const wrong = framed(large(query).with(0, query[0]! ^ 1));
    const timer = setInterval(() => connection.write(wrong), 1);
    connection.on("close", () => clearInterval(timer));
  }, "ETIMEDOUT"],
  ["ends without an answer", (_, connection) => connection.end(), "ECONNRESET"],
  [
    "ends within its answer",
    (query, connection) => connection.end(framed(large(query)).subarray(0, 100)),
    "ECONNRESET",
  ],
  ["resets the connection", (_, connection) => connection.resetAndDestroy(), "ECONNRESET"],
];
for (const [name, play, code] of badPlays) {
  test(`a server that ${name} has its time and no more`, async () => {
    const before = openDescriptors();
    {
      await using server = await tcpServer(play);
      const startMs = performance.now();
      await assert.rejects(ask(server, 300), { code });
      assert.ok(performance.now() - startMs < 3000);
    }
    assert.ok(await descriptorsDownTo(before + 2) <= before + 2);
  });
}

test("a port where nobody listens is told at once", async () => {
  const server = await tcpServer(() => {});
  await server[Symbol.asyncDispose]();
  await assert.rejects(ask(server), { code: "ECONNREFUSED" });
});

test("at most eight connections are open at a time, and all questions are answered", async () => {
  let open = 0;
  let most = 0;
  await using server = await tcpServer((query, connection) => {
    setTimeout(() => connection.write(framed(large(query))), 5);
  }, (connection) => {
    most = Math.max(most, ++open);
    connection.on("close", () => open--);
  });
  const transport = new TcpTransport(null, server);
  await Promise.all(
    Array.from({ length: 100 }, () => isLarge(ask(server, 20_000, new Cancellation(), transport))),
  );
  // One that we closed may still be open over there.
  assert.ok(most >= 8 && most <= 16, `${most}`);
});

test("a cancelled question ends at once, connected or waiting for its turn", async () => {
  await using server = await tcpServer(() => {});
  const transport = new TcpTransport(null, server);
  const cancellations = Array.from({ length: 20 }, () => new Cancellation());
  const asked = Promise.allSettled(
    cancellations.map((each) => ask(server, 60_000, each, transport)),
  );
  await sleep(30);
  for (const each of cancellations) each.cancel();
  const outcomes = await asked;
  assert.ok(
    outcomes.every((outcome) =>
      outcome.status === "rejected" && outcome.reason.code === "ECANCELED"
    ),
  );
  // Their places are free again.
  const again = Array.from({ length: 9 }, () => ask(server, 100, new Cancellation(), transport));
  for (const outcome of await Promise.allSettled(again)) {
    assert.equal(outcome.status === "rejected" && outcome.reason.code, "ETIMEDOUT");
  }
});
