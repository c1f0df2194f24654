// Questions by UDP over loopback to servers that a test plays: good ones, silent ones and liars.

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeQuery, messageId, type Query, readMessage } from "../../lib/dns/message.ts";
import { nameFromText } from "../../lib/dns/name.ts";
import { NameServer } from "../../lib/dns/server.ts";
import { Cancellation, type Transport } from "../../lib/dns/transport.ts";
import { UdpTransport } from "../../lib/dns/udp.ts";
import { runCommand } from "../lab/command.ts";
import { scriptArgv } from "../lab/enter.ts";
import { descriptorsDownTo, openDescriptors } from "../socket/descriptors.ts";
import { answerTo, questionOf } from "./answer_message.ts";
import { type DatagramPlay, udpServer } from "./played_server.ts";

const RIGHT = "192.0.2.80";
const FORGED = "192.0.2.66";

function question(name: string, randomCase = false): Query {
  return encodeQuery({ name: nameFromText(name), type: 1, randomCase }, true);
}

/** What a good server answers. */
function right(query: Uint8Array, address = RIGHT): Uint8Array {
  return answerTo(query, { answers: [`${questionOf(query).split(" ")[0]} 60 A ${address}`] });
}

const good: DatagramPlay = (query, peer, socket) =>
  socket.send(right(query), peer.port, peer.address);

/** The address in an answer. */
function addressIn(bytes: Uint8Array): string {
  const [record] = readMessage(bytes).answers;
  return bytes.subarray(record!.start, record!.start + 4).join(".");
}

function ask(transport: Transport, name = "www.example", timeoutMs = 5000): Promise<Uint8Array> {
  return transport.ask(question(name), timeoutMs, new Cancellation());
}

for (const address of ["127.0.0.1", "::1"]) {
  test(`a question and its answer by ${address}`, async () => {
    await using server = await udpServer(good, address);
    const transport = new UdpTransport(null, server);
    const query = question("www.example");
    const answer = await transport.ask(query, 5000, new Cancellation());
    assert.equal(addressIn(answer), RIGHT);
    assert.equal(messageId(answer), messageId(query.wire));
  });
}

const lies: [name: string, lie: (query: Uint8Array) => Uint8Array][] = [
  ["another ID", (query) => right(query, FORGED).with(1, query[1]! ^ 1)],
  ["another question", (query) => right(query, FORGED).with(13, 0x78)],
  ["another type", (query) => right(query, FORGED).with(12 + 13 + 1, 28)],
  ["two questions", (query) => right(query, FORGED).with(5, 2)],
  ["a query", (query) => right(query, FORGED).with(2, 1)],
  ["another opcode", (query) => right(query, FORGED).with(2, 0xa1)],
  ["half a header", (query) => right(query, FORGED).slice(0, 7)],
  ["nothing", () => new Uint8Array(0)],
  ["bytes that are no message", () => new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n")],
];
for (const [name, lie] of lies) {
  test(`an answer with ${name} is none; the right one behind it is`, async () => {
    await using server = await udpServer((query, peer, socket) => {
      socket.send(lie(query), peer.port, peer.address);
      socket.send(right(query), peer.port, peer.address);
    });
    assert.equal(addressIn(await ask(new UdpTransport(null, server))), RIGHT);
  });
}

test("the right answer from anybody but the server is not even heard", async () => {
  const others = ["127.0.0.1", "127.0.0.2"].map((address) => ({
    address,
    socket: createSocket("udp4"),
  }));
  for (const { address, socket } of others) {
    socket.bind(0, address);
    await once(socket, "listening");
  }
  await using server = await udpServer(async (query, peer, socket) => {
    for (const other of others) {
      for (let i = 0; i < 20; i++) other.socket.send(right(query, FORGED), peer.port, peer.address);
    }
    await sleep(30);
    socket.send(right(query), peer.port, peer.address);
  });
  try {
    assert.equal(addressIn(await ask(new UdpTransport(null, server))), RIGHT);
  } finally {
    for (const { socket } of others) socket.close();
  }
});

test("answers that come in another order find their questions", async () => {
  const queries: [Uint8Array, number, string][] = [];
  await using server = await udpServer((query, peer, socket) => {
    queries.push([query, peer.port, peer.address]);
    if (queries.length < 100) return;
    for (const [each, port, address] of queries.reverse()) {
      const number = /^n(\d+)/.exec(questionOf(each))![1]!;
      socket.send(right(each, `10.0.0.${number}`), port, address);
    }
  });
  const transport = new UdpTransport(null, server);
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, i) => ask(transport, `n${i}.example`)),
  );
  answers.forEach((answer, i) => assert.equal(addressIn(answer), `10.0.0.${i}`));
});

test("a server that is silent has its time, and no more", async () => {
  await using server = await udpServer(() => {});
  const startMs = performance.now();
  await assert.rejects(ask(new UdpTransport(null, server), "www.example", 200), {
    code: "ETIMEDOUT",
  });
  const tookMs = performance.now() - startMs;
  assert.ok(tookMs >= 200 && tookMs < 2000, `${tookMs} ms`);
});

test("a port where nobody listens is told at once", async () => {
  const server = await udpServer(good);
  await server[Symbol.asyncDispose]();
  const startMs = performance.now();
  await assert.rejects(ask(new UdpTransport(null, server)), { code: "ECONNREFUSED" });
  assert.ok(performance.now() - startMs < 2000);
});

test("a late answer to a question that was given up is not taken for another's", async () => {
  let first: Uint8Array | null = null;
  await using server = await udpServer((query, peer, socket) => {
    if (first === null) {
      first = query;
      return;
    }
    socket.send(right(first, FORGED), peer.port, peer.address);
    socket.send(right(query), peer.port, peer.address);
  });
  const transport = new UdpTransport(null, server);
  await assert.rejects(ask(transport, "www.example", 50), { code: "ETIMEDOUT" });
  assert.equal(addressIn(await ask(transport)), RIGHT);
});

test("many wrong answers to one port have its questions asked by TCP", async () => {
  await using server = await udpServer((query, peer, socket) => {
    for (let i = 1; i <= 20; i++) {
      const id = (messageId(query) + i) & 0xffff;
      const forged = right(query, FORGED);
      forged.set([id >> 8, id & 0xff]);
      socket.send(forged, peer.port, peer.address);
    }
  });
  await assert.rejects(ask(new UdpTransport(null, server)), { code: "EBADMSG" });
  const stream: Transport = { ask: ({ wire }) => Promise.resolve(right(wire)) };
  const nameServer = new NameServer(
    server,
    { datagram: new UdpTransport(null, server), stream },
    () => performance.now(),
  );
  const asked = { name: nameFromText("www.example"), type: 1, randomCase: false };
  const { bytes } = await nameServer.ask(asked, 5000, new Cancellation());
  assert.equal(addressIn(bytes), RIGHT);
});

test("wrong answers beside the right one take nobody's turn", async () => {
  await using server = await udpServer((query, peer, socket) => {
    socket.send(right(query), peer.port, peer.address);
    for (let i = 1; i <= 20; i++) {
      const id = (messageId(query) + i) & 0xffff;
      socket.send(right(query).with(0, id >> 8).with(1, id & 0xff), peer.port, peer.address);
    }
  });
  const transport = new UdpTransport(null, server);
  // More often than questions may be under way.
  for (let i = 0; i < 300; i++) {
    assert.equal(addressIn(await ask(transport, `n${i}.example`)), RIGHT);
  }
});

test("a question in random case wants its letters back, or goes by TCP", async () => {
  const name = "abcdefghijklmnopqrstuvwxyz.example";
  await using exact = await udpServer(good);
  await using folding = await udpServer((query, peer, socket) => {
    const folded = query.map((byte, i) =>
      i >= 12 && byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte
    );
    socket.send(right(folded), peer.port, peer.address);
  });
  const randomly = (transport: Transport) =>
    transport.ask(question(name, true), 5000, new Cancellation());
  const query = question(name, true);
  assert.notDeepEqual(query.wire, question(name).wire);
  assert.equal(addressIn(await randomly(new UdpTransport(null, exact))), RIGHT);
  await assert.rejects(randomly(new UdpTransport(null, folding)), { code: "EBADMSG" });
  assert.equal(addressIn(await ask(new UdpTransport(null, folding), name)), RIGHT);
});

/** Of a list of numbers from 0 to 65535: how far their spread over 16 parts of a range is from an even one (chi-squared). */
function unevenness(numbers: number[], least: number, most: number): number {
  const counts = new Array<number>(16).fill(0);
  for (const each of numbers) counts[Math.floor((each - least) / (most - least + 1) * 16)]!++;
  const expected = numbers.length / 16;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** The 15 degrees of freedom of 16 parts: one in a hundred million is beyond this. */
const UNEVENNESS_MAX = 65;

test("ports and IDs cannot be guessed: random, and no port serves many questions", async () => {
  const seen: { port: number; id: number }[] = [];
  await using server = await udpServer((query, peer, socket) => {
    seen.push({ port: peer.port, id: messageId(query) });
    good(query, peer, socket);
  });
  const transport = new UdpTransport(null, server);
  for (let round = 0; round < 60; round++) {
    await Promise.all(
      Array.from({ length: 200 }, (_, i) => ask(transport, `n${round}-${i}.example`)),
    );
  }
  const range = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").trim().split(/\s+/);
  const [least, most] = range.map(Number) as [number, number];
  const perPort = new Map<number, number>();
  for (const { port } of seen) perPort.set(port, (perPort.get(port) ?? 0) + 1);
  const ports = [...perPort.keys()];
  assert.ok(ports.length >= seen.length / 64, `${ports.length} ports of ${seen.length} questions`);
  // The kernel may choose one again.
  assert.ok(Math.max(...perPort.values()) <= 128, `${[...perPort.values()]}`);
  assert.ok(unevenness(ports, least, most) < UNEVENNESS_MAX, `${ports}`);
  const steps = ports.slice(1).map((port, i) => Math.abs(port - ports[i]!));
  assert.ok(steps.filter((step) => step <= 2).length < steps.length / 20, `steps of ${steps}`);
  assert.ok(unevenness(seen.map(({ id }) => id), 0, 0xffff) < UNEVENNESS_MAX);
  // 12,000 of 65,536: about 10,980 different ones.
  assert.ok(new Set(seen.map(({ id }) => id)).size > 10_500);
});

test("2000 questions at once are all answered, 256 of them under way at most, and leave nothing open", async () => {
  const before = openDescriptors();
  let outstanding = 0;
  let most = 0;
  await using server = await udpServer((query, peer, socket) => {
    most = Math.max(most, ++outstanding);
    setTimeout(() => {
      outstanding--;
      good(query, peer, socket);
    }, 5);
  });
  const transport = new UdpTransport(null, server);
  const answers = await Promise.all(
    Array.from({ length: 2000 }, (_, i) => ask(transport, `n${i}.example`, 20_000)),
  );
  assert.ok(answers.every((answer) => addressIn(answer) === RIGHT));
  assert.ok(most > 64 && most <= 256, `${most}`);
  assert.ok(openDescriptors() - before <= 64 + 8, `${openDescriptors() - before} descriptors`);
  // The server's own is still open.
  assert.ok(await descriptorsDownTo(before + 3) <= before + 3);
});

test("questions that wait too long for their turn end in time", async () => {
  await using server = await udpServer(() => {});
  const transport = new UdpTransport(null, server);
  const startMs = performance.now();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 1000 }, (_, i) => ask(transport, `n${i}.example`, 300)),
  );
  assert.ok(
    outcomes.every((outcome) =>
      outcome.status === "rejected" && outcome.reason.code === "ETIMEDOUT"
    ),
  );
  assert.ok(performance.now() - startMs < 5000);
});

test("a cancelled question ends at once, sent or not", async () => {
  await using server = await udpServer(() => {});
  const transport = new UdpTransport(null, server);
  const cancellations = Array.from({ length: 600 }, () => new Cancellation());
  const asked = cancellations.map((each, i) =>
    transport.ask(question(`n${i}.example`), 60_000, each)
  );
  const settled = Promise.allSettled(asked);
  for (const each of cancellations.slice(0, 300)) each.cancel();
  await sleep(20);
  for (const each of cancellations) each.cancel();
  const outcomes = await settled;
  assert.ok(
    outcomes.every((outcome) =>
      outcome.status === "rejected" && outcome.reason.code === "ECANCELED"
    ),
  );
  // Nothing is left that would keep others from their turn.
  await using other = await udpServer(good);
  const again = new UdpTransport(null, other);
  const half = Array.from({ length: 300 }, () => new Cancellation());
  const cancelled = Promise.allSettled(
    half.map((each, i) => again.ask(question(`c${i}.example`), 5000, each)),
  );
  for (const each of half) each.cancel();
  await cancelled;
  const answers = await Promise.all(
    Array.from({ length: 300 }, (_, i) => ask(again, `n${i}.example`)),
  );
  assert.equal(answers.length, 300);
});

test("a question keeps the process alive until its answer, and no longer", async () => {
  await using server = await udpServer((query, peer, socket) => {
    setTimeout(() => good(query, peer, socket), 300);
  });
  const script = new URL("./ask_script.ts", import.meta.url).pathname;
  const startMs = performance.now();
  const { status, stdout, stderr } = await runCommand([...scriptArgv(script), `${server.port}`]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^answered$/m);
  assert.ok(performance.now() - startMs < 10_000);
});
