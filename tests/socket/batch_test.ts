import assert from "node:assert/strict";
import { test } from "node:test";
import { AF_INET, AF_INET6, SOCK_DGRAM, SOCK_STREAM } from "../../lib/socket/options.ts";
import { type Socket, socket } from "../../lib/socket/socket.ts";

/** Two sockets on loopback, the first connected to the second. */
async function pair(family = AF_INET): Promise<[sender: Socket, receiver: Socket]> {
  const receiver = socket(family, SOCK_DGRAM);
  receiver.bind({ address: family === AF_INET ? "127.0.0.1" : "::1" });
  const sender = socket(family, SOCK_DGRAM);
  await sender.connect(receiver.getsockname());
  return [sender, receiver];
}

/** Datagrams of these sizes, each of its own number. */
const datagrams = (...sizes: number[]) =>
  sizes.map((size, i) => new Uint8Array(size).fill(i & 0xff));

/** What comes until so many are there. */
async function receive(receiver: Socket, count: number): Promise<Uint8Array[]> {
  const received: Uint8Array[] = [];
  while (received.length < count) {
    const batch = await receiver.recvmmsg({ timeoutMs: 5000 });
    assert.ok(batch.length > 0 && batch.length <= 64);
    received.push(...batch.map(({ data }) => data));
  }
  return received;
}

for (const family of [AF_INET, AF_INET6]) {
  test(`sendmmsg() and recvmmsg() carry many datagrams in their order, family ${family}`, async () => {
    const [sender, receiver] = await pair(family);
    using _sender = sender;
    using _receiver = receiver;
    const sent = datagrams(1, 0, 1232, 60, 7);
    assert.equal(sender.sendmmsg(sent), 5);
    assert.deepEqual(await receive(receiver, 5), sent);
    assert.equal(receiver.closed, false);
  });
}

test("sendmmsg() takes 64 datagrams, or 64 KiB, and says how many", async () => {
  const [sender, receiver] = await pair();
  using _sender = sender;
  using _receiver = receiver;
  const many = datagrams(...new Array<number>(100).fill(3));
  assert.equal(sender.sendmmsg(many), 64);
  assert.equal(sender.sendmmsg(many.slice(64)), 36);
  assert.deepEqual(await receive(receiver, 100), many);
  const large = datagrams(40_000, 25_000, 1000);
  assert.equal(sender.sendmmsg(large), 2);
  assert.deepEqual(await receive(receiver, 2), large.slice(0, 2));
  assert.equal(sender.sendmmsg([]), 0);
});

test("sendmmsg() refuses what is no bytes, what is too long, and a socket without a peer", async () => {
  const [sender, receiver] = await pair();
  using _sender = sender;
  using _receiver = receiver;
  assert.throws(() => sender.sendmmsg(["text"] as unknown as Uint8Array[]), TypeError);
  for (const size of [65_508, 65_536, 65_537, 1_000_000]) {
    assert.throws(() => sender.sendmmsg(datagrams(size)), { code: "EMSGSIZE" });
  }
  using stream = socket(AF_INET, SOCK_STREAM);
  assert.throws(() => stream.sendmmsg(datagrams(1)), TypeError);
  using alone = socket(AF_INET, SOCK_DGRAM);
  assert.throws(() => alone.sendmmsg(datagrams(1)), { code: "EDESTADDRREQ" });
  alone.close();
  assert.throws(() => alone.sendmmsg(datagrams(1)), { code: "EBADF" });
});

test("what nobody listens for is told by the next call", async () => {
  const [sender, receiver] = await pair();
  using _sender = sender;
  receiver.close();
  assert.equal(sender.sendmmsg(datagrams(1)), 1);
  await assert.rejects(sender.recvmmsg({ timeoutMs: 5000 }), { code: "ECONNREFUSED" });
});

test("recvmmsg() waits, and ends by time limit, signal and close()", async () => {
  const [sender, receiver] = await pair();
  using _sender = sender;
  using _receiver = receiver;
  await assert.rejects(receiver.recvmmsg({ timeoutMs: 10 }), { code: "ETIMEDOUT" });
  const signal = AbortSignal.timeout(10);
  await assert.rejects(receiver.recvmmsg({ signal }), { name: "TimeoutError" });
  const waiting = receiver.recvmmsg();
  sender.sendmmsg(datagrams(5));
  assert.equal((await waiting).length, 1);
  const left = receiver.recvmmsg();
  receiver.close();
  await assert.rejects(left, { code: "EBADF" });
});

test("recvmmsg() has what an iterator left behind first", async () => {
  const [sender, receiver] = await pair();
  using _sender = sender;
  using _receiver = receiver;
  const sent = datagrams(1, 2, 3, 4);
  sender.sendmmsg(sent);
  for await (const { data } of receiver) {
    assert.deepEqual(data, sent[0]);
    break;
  }
  assert.deepEqual(await receive(receiver, 3), sent.slice(1));
});

test("recvmmsg() of a stream is one chunk", async () => {
  using listening = socket(AF_INET, SOCK_STREAM);
  listening.bind({ address: "127.0.0.1" });
  listening.listen();
  using client = socket(AF_INET, SOCK_STREAM);
  await client.connect(listening.getsockname());
  using accepted = await listening.accept({ timeoutMs: 5000 });
  await client.send(new TextEncoder().encode("hello"));
  const [chunk] = await accepted.recvmmsg({ timeoutMs: 5000 });
  assert.equal(new TextDecoder().decode(chunk!.data), "hello");
});
