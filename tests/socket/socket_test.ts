import assert from "node:assert/strict";
import { closeSync, fstatSync, openSync } from "node:fs";
import process from "node:process";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ControlMessage } from "../../lib/socket/control.ts";
import * as o from "../../lib/socket/options.ts";
import { setsockopt } from "../../lib/socket/setsockopt.ts";
import { Socket, socket } from "../../lib/socket/socket.ts";
import { FORGED, GONE } from "../pvd/no_pvds.ts";
import { descriptorsDownTo, openDescriptors } from "./descriptors.ts";

const timeout = 60_000;
const root = process.geteuid?.() === 0;
const rootOnly = root ? false : "raw sockets need root here";
if (rootOnly) console.log(`Skipped: ${rootOnly}`);
const text = (word: string) => new TextEncoder().encode(word);
const loopbacks = [[o.AF_INET, "127.0.0.1"], [o.AF_INET6, "::1"]] as const;

/** A socket on loopback with a port. */
function bound(family: number = o.AF_INET6, type: number = o.SOCK_DGRAM): Socket {
  const s = socket(family, type);
  s.bind({ address: family === o.AF_INET ? "127.0.0.1" : "::1" });
  return s;
}

/** Two connected streams. */
async function streams(family: number = o.AF_INET6): Promise<[Socket, Socket]> {
  using listener = bound(family, o.SOCK_STREAM);
  listener.listen();
  const client = socket(family, o.SOCK_STREAM);
  const [server] = await Promise.all([listener.accept(), client.connect(listener.getsockname())]);
  return [client, server];
}

describe("datagrams", { timeout }, () => {
  for (const [family, address] of loopbacks) {
    test(`come with their sender, ${address}`, { timeout }, async () => {
      using a = bound(family);
      using b = bound(family);
      assert.equal(await a.sendmsg({ data: text("hello"), to: b.getsockname() }), 5);
      const message = await b.recvmsg({ timeoutMs: 1000 });
      assert.deepEqual(message, {
        data: text("hello"),
        length: 5,
        from: a.getsockname(),
        control: [],
        truncated: false,
        controlTruncated: false,
      });
      await b.connect(a.getsockname());
      assert.deepEqual(b.getpeername(), a.getsockname());
      assert.equal(await b.send(text("back")), 4);
      assert.deepEqual(await a.recv({ timeoutMs: 1000 }), text("back"));
    });
  }

  test("of no byte and of 65,507 arrive whole; larger ones are EMSGSIZE", { timeout }, async () => {
    using a = bound(o.AF_INET);
    using b = bound(o.AF_INET);
    const to = b.getsockname();
    const huge = new Uint8Array(65_507).map((_, i) => i % 251);
    for (const data of [new Uint8Array(0), huge]) {
      assert.equal(await a.sendmsg({ data, to }), data.length);
      const message = await b.recvmsg({ timeoutMs: 1000 });
      assert.deepEqual([message.data, message.length, message.truncated], [
        data,
        data.length,
        false,
      ]);
    }
    await assert.rejects(a.sendmsg({ data: new Uint8Array(65_508), to }), { code: "EMSGSIZE" });
    await assert.rejects(a.sendmsg({ data: new Uint8Array(1 << 20), to }), { code: "EMSGSIZE" });
  });

  test("cut short say how long they were", { timeout }, async () => {
    using a = bound();
    using b = bound();
    for (const size of [3, 0]) {
      await a.sendmsg({ data: text("abcdef"), to: b.getsockname() });
      const message = await b.recvmsg({ size, timeoutMs: 1000 });
      assert.deepEqual([message.data, message.length, message.truncated], [
        text("abc".slice(0, size)),
        6,
        true,
      ]);
    }
    await a.sendmsg({ data: text("abc"), to: b.getsockname() });
    const peeked = await b.recvmsg({ flags: o.MSG_PEEK, size: 1, timeoutMs: 1000 });
    assert.deepEqual(peeked.data, text("a"));
    assert.deepEqual(await b.recv({ size: 1 << 20, timeoutMs: 1000 }), text("abc"));
  });

  test("a thousand arrive whole and in order under the iterator", { timeout }, async () => {
    using a = bound();
    using b = bound();
    b.setsockopt(o.SOL_SOCKET, o.SO_RCVBUF, 4 << 20);
    const to = b.getsockname();
    const sending = (async () => {
      for (let i = 0; i < 1000; i++) {
        const data = new Uint8Array(4 + i % 97).fill(i % 256);
        new DataView(data.buffer).setUint32(0, i);
        await a.sendmsg({ data, to });
        // Some arrive one by one, most in batches.
        if (i % 100 === 0) await sleep(1);
      }
    })();
    let next = 0;
    for await (const { data, from, truncated } of b) {
      assert.equal(new DataView(data.buffer).getUint32(0), next);
      assert.ok(data.length === 4 + next % 97 && data.subarray(4).every((v) => v === next % 256));
      assert.equal(from!.port, a.getsockname().port);
      assert.equal(truncated, false);
      if (++next === 1000) break;
    }
    await sending;
  });

  test("left over by an iterator that stopped come to the next receiver", { timeout }, async () => {
    using a = bound();
    using b = bound();
    for (const word of ["one", "two", "three", "four"]) {
      await a.sendmsg({ data: text(word), to: b.getsockname() });
    }
    for await (const { data } of b) {
      assert.deepEqual(data, text("one"));
      break;
    }
    assert.deepEqual(await b.recv({ timeoutMs: 1000 }), text("two"));
    const cut = await b.recvmsg({ size: 2, timeoutMs: 1000 });
    assert.deepEqual([cut.data, cut.length, cut.truncated], [text("th"), 5, true]);
    for await (const { data } of b) {
      assert.deepEqual(data, text("four"));
      break;
    }
    await assert.rejects(b.recv({ timeoutMs: 20 }), { code: "ETIMEDOUT" });
  });

  test(
    "that nobody waits for are kept, in order, for whoever asks later",
    { timeout },
    async () => {
      using a = bound();
      using b = bound();
      const to = b.getsockname();
      const first = b.recv({ timeoutMs: 1000 });
      await a.sendmsg({ data: new Uint8Array([0]), to });
      assert.deepEqual([...await first], [0]);
      for (let i = 1; i <= 150; i++) {
        await a.sendmsg({ data: new Uint8Array([i]), to });
        if (i % 30 === 0) await sleep(1);
      }
      for (let i = 1; i <= 150; i++) {
        const { data, from } = await b.recvmsg({ timeoutMs: 1000 });
        assert.deepEqual([...data], [i]);
        assert.deepEqual(from, a.getsockname());
      }
    },
  );

  test("go where each is sent, however like the one before", { timeout }, async () => {
    using a = bound();
    const receivers = [bound(), bound(), bound()];
    const to = { address: "::1", port: 0 };
    for (const [i, receiver] of [...receivers, ...receivers.toReversed()].entries()) {
      // The same object, changed.
      to.port = receiver.getsockname().port;
      await a.sendmsg({ data: new Uint8Array([i]), to });
      assert.deepEqual([...await receiver.recv({ timeoutMs: 1000 })], [i]);
    }
    to.port = 70_000;
    await assert.rejects(a.sendmsg({ data: text(""), to }), RangeError);
    await assert.rejects(a.sendmsg({ data: text(""), to: null as never }), TypeError);
    for (const receiver of receivers) receiver.close();
  });

  test("come to the next owner when nobody waits any more", { timeout }, async () => {
    using a = bound();
    const b = bound();
    const to = b.getsockname();
    await assert.rejects(b.recv({ timeoutMs: 5 }), { code: "ETIMEDOUT" });
    await sleep(5);
    await a.sendmsg({ data: text("later"), to });
    await sleep(5);
    using next = new Socket(b.detach(), o.AF_INET6, o.SOCK_DGRAM, 0);
    assert.deepEqual(await next.recv({ timeoutMs: 1000 }), text("later"));
  });

  test("of those who wait have control messages as soon as asked for", { timeout }, async () => {
    using a = bound();
    using b = bound();
    const to = b.getsockname();
    const waiting = b.recvmsg({ timeoutMs: 1000 });
    b.setsockopt(o.IPPROTO_IPV6, o.IPV6_RECVPKTINFO, 1);
    await sleep(1);
    await a.sendmsg({ data: text("x"), to });
    const { control } = await waiting;
    assert.deepEqual(control, [{ name: "IPV6_PKTINFO", address: "::1", interface: 1 }]);
  });

  test("refused while nobody waits are told to the next who does", { timeout }, async () => {
    using gone = bound();
    using a = bound();
    await gone.sendmsg({ data: text("x"), to: a.getsockname() });
    assert.deepEqual(await a.recv({ timeoutMs: 1000 }), text("x"));
    const waiting = a.recv({ timeoutMs: 1000 });
    await gone.sendmsg({ data: text("y"), to: a.getsockname() });
    assert.deepEqual(await waiting, text("y"));
    await a.connect(gone.getsockname());
    gone.close();
    await a.send(text("z"));
    await sleep(5);
    await assert.rejects(a.recv({ timeoutMs: 1000 }), { code: "ECONNREFUSED" });
    await assert.rejects(a.recv({ timeoutMs: 5 }), { code: "ETIMEDOUT" });
  });

  test("return() in the middle of a batch, and while next() waits", { timeout }, async () => {
    using a = bound();
    using b = bound();
    const send = (word: string) => a.sendmsg({ data: text(word), to: b.getsockname() });
    for (const word of ["one", "two", "three"]) await send(word);
    const first = b[Symbol.asyncIterator]();
    assert.deepEqual((await first.next()).value!.data, text("one"));
    assert.deepEqual(await first.return!(), { done: true, value: undefined });
    assert.deepEqual(await first.next(), { done: true, value: undefined });
    const second = b[Symbol.asyncIterator]();
    assert.deepEqual((await second.next()).value!.data, text("two"));
    assert.deepEqual((await second.next()).value!.data, text("three"));
    const waiting = second.next();
    assert.deepEqual(await second.return!(), { done: true, value: undefined });
    assert.deepEqual(await waiting, { done: true, value: undefined });
    assert.deepEqual(await second.next(), { done: true, value: undefined });
    const third = b[Symbol.asyncIterator]();
    const rest = third.next();
    await send("four");
    assert.deepEqual((await rest).value!.data, text("four"));
  });

  test("of one batch go to all who wait, in whatever way", { timeout }, async () => {
    using a = bound();
    using b = bound();
    const iterators = [b[Symbol.asyncIterator](), b[Symbol.asyncIterator]()];
    const word = async (next: Promise<IteratorResult<{ data: Uint8Array }, void>>) =>
      (await next).value!.data;
    const received = [
      ...iterators.map((iterator) => word(iterator.next())),
      b.recv({ timeoutMs: 5000 }),
      b.recvmmsg({ timeoutMs: 5000 }).then((messages) => messages[0]!.data),
    ];
    await sleep(20);
    const sent = ["one", "two", "three", "four"].map(text);
    await a.connect(b.getsockname());
    assert.equal(a.sendmmsg(sent), 4);
    assert.deepEqual(
      (await Promise.all(received)).map((data) => new TextDecoder().decode(data)).sort(),
      ["four", "one", "three", "two"],
    );
    assert.equal(a.sendmmsg(sent), 4);
    assert.deepEqual(await word(iterators[0]!.next()), sent[0]);
    const { MSG_PEEK } = o;
    for (const size of [2, 9]) {
      const { data } = await b.recvmsg({ flags: MSG_PEEK, size });
      assert.deepEqual(data, sent[1]!.slice(0, size));
    }
    assert.deepEqual(await b.recv(), sent[1]);
  });

  test("a refused one is ECONNREFUSED", { timeout }, async () => {
    using gone = bound();
    using a = bound();
    await a.connect(gone.getsockname());
    gone.close();
    const received = a.recv({ timeoutMs: 1000 });
    await a.send(text("x"));
    await assert.rejects(received, { code: "ECONNREFUSED" });
  });
});

describe("streams", { timeout }, () => {
  for (const [family, address] of loopbacks) {
    test(`carry megabytes and end, ${address}`, { timeout }, async () => {
      const [client, server] = await streams(family);
      const data = new Uint8Array(8 << 20).map((_, i) => i * 7);
      const sent = client.send(data).then((count) => {
        client.shutdown(o.SHUT_WR);
        return count;
      });
      const chunks: Uint8Array[] = [];
      for await (const message of server) chunks.push(message.data);
      assert.equal(await sent, data.length);
      assert.ok(data.length === chunks.reduce((sum, { length }) => sum + length, 0));
      let at = 0;
      for (const chunk of chunks) {
        assert.ok(chunk.every((value, i) => value === data[at + i]));
        at += chunk.length;
      }
      assert.equal((await server.recv({ timeoutMs: 1000 })).length, 0);
      assert.deepEqual(client.getpeername(), server.getsockname());
      client.close();
      server.close();
    });
  }

  test("a listening socket gives its connections until it is closed", { timeout }, async () => {
    const listener = bound(o.AF_INET6, o.SOCK_STREAM);
    listener.listen(16);
    const to = listener.getsockname();
    const clients = Array.from({ length: 20 }, () => socket(o.AF_INET6, o.SOCK_STREAM));
    const connecting = Promise.all(clients.map((client) => client.connect(to)));
    const ports: number[] = [];
    for await (const connection of listener.connections()) {
      ports.push(connection.getpeername().port);
      connection.close();
      if (ports.length === clients.length) listener.close();
    }
    await connecting;
    assert.deepEqual(
      ports.sort((x, y) => x - y),
      clients.map((client) => client.getsockname().port).sort((x, y) => x - y),
    );
    clients.forEach((client) => client.close());
    await assert.rejects(async () => {
      for await (const _ of bound(o.AF_INET6, o.SOCK_STREAM).connections());
    }, { code: "EINVAL" });
  });

  test("connected tells whether there is a peer", { timeout }, async () => {
    const [client, server] = await streams();
    using unbound = socket(o.AF_INET6, o.SOCK_STREAM);
    using listening = bound(o.AF_INET6, o.SOCK_STREAM);
    listening.listen();
    assert.deepEqual(
      [client, server, unbound, listening].map(({ connected }) => connected),
      [true, true, false, false],
    );
    await assert.rejects(unbound.connect({ address: "::1", port: 1 }), { code: "ECONNREFUSED" });
    assert.equal(unbound.connected, false);
    using datagrams = bound();
    assert.equal(datagrams.connected, false);
    await datagrams.connect(listening.getsockname());
    assert.equal(datagrams.connected, true);
    client.shutdown(o.SHUT_WR);
    assert.equal((await server.recv({ timeoutMs: 1000 })).length, 0);
    assert.deepEqual([client.connected, server.connected], [true, true]);
    server.close();
    await client.recv({ timeoutMs: 1000 });
    assert.equal(client.connected, false);
    client.close();
    for (const each of [client, server]) assert.throws(() => each.connected, { code: "EBADF" });
  });

  test("a refused or reset one is a named error", { timeout }, async () => {
    using gone = bound(o.AF_INET6, o.SOCK_STREAM);
    using client = socket(o.AF_INET6, o.SOCK_STREAM);
    await assert.rejects(client.connect(gone.getsockname()), { code: "ECONNREFUSED" });
    const [a, b] = await streams();
    b.setsockopt(o.SOL_SOCKET, o.SO_LINGER, new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]));
    const pending = a.recv();
    b.close();
    await assert.rejects(pending, { code: "ECONNRESET" });
    await assert.rejects(a.send(text("x")), { code: "EPIPE" });
    a.close();
  });
});

/** Sends to itself with control messages, and gives those that come. */
async function echoed(
  family: number,
  receive: [number, number][],
  control: ControlMessage[],
  controlSize?: number,
): Promise<{ control: ControlMessage[]; controlTruncated: boolean }> {
  using a = bound(family);
  using b = bound(family);
  for (const [level, name] of receive) setsockopt(b, level, name, 1);
  await a.sendmsg({ data: text("x"), to: b.getsockname(), control });
  return await b.recvmsg({ controlSize, timeoutMs: 1000 });
}

describe("control messages through the kernel", { timeout }, () => {
  const padding = new Uint8Array([59, 0, 1, 4, 0, 0, 0, 0]);

  test("IPv6", { skip: rootOnly, timeout }, async () => {
    const { control } = await echoed(o.AF_INET6, [
      [o.IPPROTO_IPV6, o.IPV6_RECVPKTINFO],
      [o.IPPROTO_IPV6, o.IPV6_RECVHOPLIMIT],
      [o.IPPROTO_IPV6, o.IPV6_RECVTCLASS],
      [o.IPPROTO_IPV6, o.IPV6_RECVHOPOPTS],
      [o.IPPROTO_IPV6, o.IPV6_RECVDSTOPTS],
    ], [
      { name: "IPV6_PKTINFO", address: "::1", interface: 1 },
      { name: "IPV6_HOPLIMIT", value: 7 },
      { name: "IPV6_TCLASS", value: 0xb8 },
      { name: "IPV6_HOPOPTS", bytes: padding },
      { name: "IPV6_DSTOPTS", bytes: padding },
    ]);
    const header = (next: number) => Uint8Array.from([next, ...padding.subarray(1)]);
    assert.deepEqual(
      new Map(control.map((message) => [message.name, message])),
      new Map<string, ControlMessage>([
        ["IPV6_PKTINFO", { name: "IPV6_PKTINFO", address: "::1", interface: 1 }],
        ["IPV6_HOPLIMIT", { name: "IPV6_HOPLIMIT", value: 7 }],
        ["IPV6_TCLASS", { name: "IPV6_TCLASS", value: 0xb8 }],
        ["IPV6_HOPOPTS", { name: "IPV6_HOPOPTS", bytes: header(60) }],
        ["IPV6_DSTOPTS", { name: "IPV6_DSTOPTS", bytes: header(17) }],
      ]),
    );
  });

  test("IPv4", { timeout }, async () => {
    const { control } = await echoed(o.AF_INET, [
      [o.IPPROTO_IP, o.IP_PKTINFO],
      [o.IPPROTO_IP, o.IP_RECVTTL],
      [o.IPPROTO_IP, o.IP_RECVTOS],
    ], [
      { name: "IP_PKTINFO", interface: 1, source: "127.0.0.9", destination: "0.0.0.0" },
      { name: "IP_TTL", value: 9 },
      { name: "IP_TOS", value: 0x10 },
    ]);
    assert.deepEqual(
      new Map(control.map((message) => [message.name, message])),
      new Map<string, ControlMessage>([
        ["IP_PKTINFO", {
          name: "IP_PKTINFO",
          interface: 1,
          source: "127.0.0.1",
          destination: "127.0.0.1",
        }],
        ["IP_TTL", { name: "IP_TTL", value: 9 }],
        ["IP_TOS", { name: "IP_TOS", value: 0x10 }],
      ]),
    );
  });

  test("the time of arrival, in both layouts", { timeout }, async () => {
    for (const option of [o.SO_TIMESTAMPNS, o.SO_TIMESTAMPNS_NEW]) {
      const beforeMs = Date.now();
      const { control } = await echoed(o.AF_INET6, [[o.SOL_SOCKET, option]], []);
      const [time] = control;
      assert.ok(time?.name === "SO_TIMESTAMPNS");
      const timeMs = time.seconds * 1000 + time.nanoseconds / 1e6;
      assert.ok(timeMs > beforeMs - 1000 && timeMs < Date.now() + 1000, `${timeMs}`);
    }
  });

  test("without room for all it is told", { timeout }, async () => {
    const receive: [number, number][] = [
      [o.IPPROTO_IPV6, o.IPV6_RECVPKTINFO],
      [o.IPPROTO_IPV6, o.IPV6_RECVHOPLIMIT],
    ];
    for (const [size, names] of [[0, []], [16, []], [40, ["IPV6_PKTINFO"]]] as const) {
      const { control, controlTruncated } = await echoed(o.AF_INET6, receive, [], size);
      assert.deepEqual([control.map(({ name }) => name), controlTruncated], [names, true]);
    }
    assert.equal((await echoed(o.AF_INET6, receive, [])).controlTruncated, false);
  });

  test("what the kernel refuses is an error", { timeout }, async () => {
    const odd = { name: "unknown" as const, level: o.IPPROTO_IPV6, type: 199, data: text("?") };
    await assert.rejects(echoed(o.AF_INET6, [], [odd]), { code: "EINVAL" });
    const foreign = { name: "IPV6_PKTINFO" as const, address: "2001:db8::1", interface: 0 };
    await assert.rejects(echoed(o.AF_INET6, [], [foreign]), { code: "EINVAL" });
  });
});

test("raw ICMPv6 hears what its filter passes", { skip: rootOnly, timeout }, async () => {
  using raw = socket(o.AF_INET6, o.SOCK_RAW, o.IPPROTO_ICMPV6);
  raw.setsockopt(o.IPPROTO_ICMPV6, o.ICMP6_FILTER, o.icmp6Filter({ pass: [129] }));
  raw.bind({ address: "::1" });
  const echo = Uint8Array.from([128, 0, 0, 0, 0x12, 0x34, 0, 1, ...text("ping")]);
  await raw.sendmsg({ data: echo, to: { address: "::1" } });
  while (true) {
    const { data, from } = await raw.recvmsg({ timeoutMs: 1000 });
    assert.equal(data[0], 129);
    assert.equal(from!.address, "::1");
    if (data[4] === 0x12 && data[5] === 0x34) {
      return assert.deepEqual(data.subarray(8), text("ping"));
    }
  }
});

describe("waiting ends", { timeout }, () => {
  /** Each operation that can wait, on a socket where it does. */
  const waits: Record<
    string,
    (options: { signal?: AbortSignal; timeoutMs?: number }) => {
      socket: Socket;
      pending: Promise<unknown>;
    }
  > = {
    recv(options) {
      const s = bound();
      return { socket: s, pending: s.recv(options) };
    },
    recvmsg(options) {
      const s = bound(o.AF_INET);
      return { socket: s, pending: s.recvmsg(options) };
    },
    accept(options) {
      const s = bound(o.AF_INET6, o.SOCK_STREAM);
      s.listen();
      return { socket: s, pending: s.accept(options) };
    },
    send(options) {
      const s = socket(o.AF_INET, o.SOCK_STREAM);
      const pending = (async () => {
        using listener = bound(o.AF_INET, o.SOCK_STREAM);
        listener.listen();
        await s.connect(listener.getsockname());
        using _kept = await listener.accept();
        await s.send(new Uint8Array(64 << 20), options);
      })();
      return { socket: s, pending };
    },
    connect(options) {
      // A listener whose queue is full does not answer.
      const full = bound(o.AF_INET, o.SOCK_STREAM);
      full.listen(0);
      const fillers = Array.from({ length: 4 }, () => socket(o.AF_INET, o.SOCK_STREAM));
      const end = new AbortController();
      const filling = fillers.map((filler) =>
        filler.connect(full.getsockname(), { signal: end.signal }).catch(() => {})
      );
      const s = socket(o.AF_INET, o.SOCK_STREAM);
      const pending = sleep(50).then(() => s.connect(full.getsockname(), options)).finally(() => {
        end.abort();
        [full, ...fillers].forEach((each) => each.close());
        return Promise.all(filling);
      });
      return { socket: s, pending };
    },
  };

  for (const [name, wait] of Object.entries(waits)) {
    test(`${name}: by its time, its signal, and close()`, { timeout }, async () => {
      const late = wait({ timeoutMs: 150 });
      await assert.rejects(late.pending, { name: "MifError", code: "ETIMEDOUT" });
      late.socket.close();

      const reason = new Error("no longer wanted");
      const controller = new AbortController();
      const aborted = wait({ signal: controller.signal });
      setTimeout(() => controller.abort(reason), 100);
      await assert.rejects(aborted.pending, reason);
      aborted.socket.close();

      const over = wait({ signal: AbortSignal.abort(reason) });
      await assert.rejects(over.pending, reason);
      over.socket.close();

      const closed = wait({});
      setTimeout(() => closed.socket.close(), 100);
      await assert.rejects(closed.pending, { name: "MifError", code: "EBADF" });
    });
  }

  test("an iteration ends when its socket is closed", { timeout }, async () => {
    const s = bound();
    setTimeout(() => s.close(), 20);
    for await (const _ of s) assert.fail("nothing was sent");
  });

  test("a time beyond what timers count to is for ever", { timeout }, async () => {
    for (const timeoutMs of [Infinity, 2 ** 31, Number.MAX_VALUE]) {
      using s = bound();
      const received = s.recv({ timeoutMs });
      await sleep(20);
      await s.sendmsg({ data: text("x"), to: s.getsockname() });
      assert.deepEqual(await received, text("x"));
    }
    using s = bound();
    await assert.rejects(s.recv({ timeoutMs: 0 }), { code: "ETIMEDOUT" });
  });

  test("many who wait for one socket each get one message", { timeout }, async () => {
    using s = bound();
    const received = Promise.all(Array.from({ length: 50 }, () => s.recv({ timeoutMs: 5000 })));
    for (let i = 0; i < 50; i++) {
      await s.sendmsg({ data: new Uint8Array([i]), to: s.getsockname() });
    }
    assert.deepEqual((await received).map(([i]) => i).sort((a, b) => a! - b!), [
      ...Array(50).keys(),
    ]);
  });
});

describe("bad input is a named error", { timeout }, () => {
  const wrong: [string, new (...words: never[]) => Error, (s: Socket) => unknown][] = [
    ["family", TypeError, () => socket("inet" as never, 1)],
    ["family", RangeError, () => socket(-1, 1)],
    ["type", RangeError, () => socket(2, 1.5)],
    ["type", RangeError, () => socket(2, 0x801)],
    ["protocol", RangeError, () => socket(2, 1, 2 ** 32)],
    ["address", TypeError, (s) => s.bind(undefined as never)],
    ["address", TypeError, (s) => s.bind({ address: "example.com" })],
    ["port", RangeError, (s) => s.bind({ address: "::1", port: 70_000 })],
    ["port", TypeError, (s) => s.connect({ address: "::1", port: "80" as never })],
    ["data", TypeError, (s) => s.send("text" as never)],
    ["data", TypeError, (s) => s.sendmsg({ data: [1, 2] as never })],
    ["data", TypeError, (s) => s.send(new ArrayBuffer(8) as never)],
    ["address", TypeError, (s) => s.sendmsg({ data: text(""), to: {} as never })],
    ["control", TypeError, (s) => s.sendmsg({ data: text(""), control: [{}] as never })],
    ["flags", RangeError, (s) => s.sendmsg({ data: text(""), flags: -1 })],
    ["flags", TypeError, (s) => s.recvmsg({ flags: "0" as never })],
    ["size", RangeError, (s) => s.recv({ size: -1 })],
    ["size", RangeError, (s) => s.recv({ size: 2 ** 40 })],
    ["controlSize", RangeError, (s) => s.recvmsg({ controlSize: 1 << 20 })],
    ["timeoutMs", RangeError, (s) => s.recv({ timeoutMs: -1 })],
    ["timeoutMs", RangeError, (s) => s.recv({ timeoutMs: NaN })],
    ["timeoutMs", TypeError, (s) => s.recv({ timeoutMs: "1" as never })],
    ["backlog", RangeError, (s) => s.listen(-1)],
    ["how", RangeError, (s) => s.shutdown(3)],
    ["level", RangeError, (s) => s.setsockopt(-1, 1, 1)],
    ["name", RangeError, (s) => s.getsockopt(1, 1e9)],
    ["number", RangeError, (s) => s.setsockopt(1, 2, 2 ** 33)],
    ["number", RangeError, (s) => s.setsockopt(1, 2, NaN)],
    ["needs a value", TypeError, (s) => (setsockopt as (...words: unknown[]) => void)(s, 1, 2)],
    ["size", RangeError, (s) => s.getsockoptBytes(1, 2, -1)],
    ["PvD", TypeError, (s) => setsockopt(s, undefined as never)],
    ["PvD", TypeError, (s) => s.selectPvd("h0" as never)],
  ];
  for (const [what, kind, attempt] of wrong) {
    test(`${kind.name}: ${String(attempt).replace(/^\(\w?\) => /, "")}`, async () => {
      using s = bound();
      await assert.rejects(async () => await attempt(s), (error: Error) => {
        assert.ok(error instanceof kind, `${error}`);
        assert.match(error.message, new RegExp(what, "i"));
        return true;
      });
    });
  }

  test("what is given for a PvD and is none", () => {
    using s = bound();
    for (const forged of FORGED.filter((each) => typeof each !== "number")) {
      assert.throws(() => setsockopt(s, forged as never), /^TypeError: Not a PvD/);
    }
    assert.throws(() => setsockopt(s, GONE), { name: "MifError", code: "EINVAL" });
    using stale = socket(o.AF_INET6, o.SOCK_STREAM);
    assert.throws(() => setsockopt(stale, GONE), { name: "MifError", code: "ENONET" });
  });

  test("what the kernel refuses has its errno's name", { timeout }, async () => {
    using s = bound();
    using stream = socket(o.AF_INET6, o.SOCK_STREAM);
    const to = s.getsockname();
    const refused: [string, () => unknown][] = [
      ["EAFNOSUPPORT", () => socket(200, 1)],
      ["EPROTONOSUPPORT", () => socket(o.AF_INET, o.SOCK_STREAM, 250)],
      ["EAFNOSUPPORT", () => s.bind({ address: "127.0.0.1" })],
      ["EINVAL", () => s.bind({ address: "::1" })],
      ["EADDRINUSE", () => socket(o.AF_INET6, o.SOCK_DGRAM).bind(to)],
      ["EADDRNOTAVAIL", () => stream.bind({ address: "2001:db8::77" })],
      ["EOPNOTSUPP", () => s.listen()],
      ["EOPNOTSUPP", () => s.accept()],
      ["EINVAL", () => stream.accept()],
      ["ENOTCONN", () => s.getpeername()],
      ["ENOTCONN", () => stream.recv()],
      ["EDESTADDRREQ", () => s.send(text("x"))],
      ["EPIPE", () => stream.send(text("x"))],
      ["ENOTCONN", () => stream.shutdown(o.SHUT_WR)],
      ["ENOPROTOOPT", () => s.setsockopt(o.SOL_SOCKET, 9999, 1)],
      ["ENOPROTOOPT", () => s.getsockopt(o.IPPROTO_IPV6, 9999)],
      ["EINVAL", () => s.setsockopt(o.IPPROTO_IPV6, o.IPV6_V6ONLY, new Uint8Array(0))],
    ];
    for (const [code, attempt] of refused) {
      await assert.rejects(async () => await attempt(), { name: "MifError", code }, `${attempt}`);
    }
  });

  test("a closed socket is EBADF in every method", { timeout }, async () => {
    const s = bound();
    const to = s.getsockname();
    s.close();
    s.close();
    assert.equal(s.closed, true);
    const methods: (() => unknown)[] = [
      () => s.fd,
      () => s.pvd,
      () => s.bind(to),
      () => s.connect(to),
      () => s.listen(),
      () => s.accept(),
      () => s.send(text("x")),
      () => s.sendmsg({ data: text("x"), to }),
      () => s.recv(),
      () => s.recvmsg(),
      () => s.shutdown(0),
      () => s.getsockname(),
      () => s.getpeername(),
      () => s.setsockopt(1, 2, 1),
      () => s.selectPvd(GONE),
      () => s.getsockopt(1, 2),
      () => s.getsockoptBytes(1, 2, 4),
      () => s.detach(),
    ];
    for (const method of methods) {
      await assert.rejects(async () => await method(), { code: "EBADF" }, `${method}`);
    }
    s.ref();
    s.unref();
    for await (const _ of s) assert.fail("it is closed");
  });

  test("a descriptor that is no such socket is not taken over", { timeout }, () => {
    const take = (fd: unknown, family: number, type: number, protocol: number) => () =>
      new Socket(fd as number, family, type, protocol);
    const directory = openSync("/", "r");
    using s = bound();
    const { fd } = s;
    const { AF_INET, AF_INET6, SOCK_DGRAM, SOCK_STREAM, IPPROTO_TCP } = o;
    const refused: [string, () => Socket][] = [
      ["EBADF", take(1_000_000, AF_INET6, SOCK_DGRAM, 0)],
      ["EBADF", take(0x7fffffff, AF_INET6, SOCK_DGRAM, 0)],
      ["ENOTSOCK", take(directory, AF_INET6, SOCK_STREAM, 0)],
      ["EAFNOSUPPORT", take(fd, AF_INET, SOCK_DGRAM, 0)],
      ["EPROTOTYPE", take(fd, AF_INET6, SOCK_STREAM, 0)],
      ["EPROTONOSUPPORT", take(fd, AF_INET6, SOCK_DGRAM, IPPROTO_TCP)],
    ];
    for (const [code, attempt] of refused) {
      assert.throws(attempt, { name: "MifError", code }, `${attempt}`);
    }
    closeSync(directory);
    for (const wrong of [-1, 1.5, NaN, 2 ** 31]) assert.throws(take(wrong, 2, 2, 0), RangeError);
    for (const wrong of ["3", null, {}]) assert.throws(take(wrong, 2, 2, 0), TypeError);
    assert.throws(take(fd, -1, SOCK_DGRAM, 0), RangeError);
  });

  test(
    "what another closed is not closed again: its number may be a stranger's",
    { timeout },
    () => {
      const s = bound();
      const { fd } = s;
      new Socket(fd, s.family, s.type, 0).close();
      const stranger = openSync("/", "r");
      assert.equal(stranger, fd);
      s.close();
      assert.ok(fstatSync(stranger).isDirectory());
      closeSync(stranger);
    },
  );
});

test("options as numbers, booleans and bytes", { timeout }, () => {
  using s = socket(o.AF_INET6, o.SOCK_DGRAM);
  setsockopt(s, o.IPPROTO_IPV6, o.IPV6_V6ONLY, true);
  assert.equal(s.getsockopt(o.IPPROTO_IPV6, o.IPV6_V6ONLY), 1);
  setsockopt(s, o.IPPROTO_IPV6, o.IPV6_UNICAST_HOPS, -1);
  setsockopt(s, o.IPPROTO_IPV6, o.IPV6_UNICAST_HOPS, 12);
  assert.equal(s.getsockopt(o.IPPROTO_IPV6, o.IPV6_UNICAST_HOPS), 12);
  setsockopt(s, o.SOL_SOCKET, o.SO_LINGER, new Uint8Array([1, 0, 0, 0, 5, 0, 0, 0]));
  assert.deepEqual([...s.getsockoptBytes(o.SOL_SOCKET, o.SO_LINGER, 8)], [1, 0, 0, 0, 5, 0, 0, 0]);
  for (const preference of [o.IPV6_PREFER_SRC_TMP, o.IPV6_PREFER_SRC_PUBLIC]) {
    setsockopt(s, o.IPPROTO_IPV6, o.IPV6_ADDR_PREFERENCES, preference);
    const read = s.getsockopt(o.IPPROTO_IPV6, o.IPV6_ADDR_PREFERENCES);
    assert.equal(read & (o.IPV6_PREFER_SRC_TMP | o.IPV6_PREFER_SRC_PUBLIC), preference);
  }
});

describe("descriptors", { timeout }, () => {
  const collect = (globalThis as { gc?: () => void; Bun?: { gc(now: boolean): void } }).gc ??
    (() => (globalThis as { Bun?: { gc(now: boolean): void } }).Bun?.gc(true));

  test("10,000 sockets opened and closed leave none", { timeout }, async () => {
    using warm = bound();
    await assert.rejects(warm.recv({ timeoutMs: 1 }));
    // Where the runtime has read for it, that ends a turn later.
    await sleep(1);
    const before = openDescriptors();
    for (let i = 0; i < 10_000; i++) {
      using s = bound(
        i % 2 === 0 ? o.AF_INET : o.AF_INET6,
        i % 3 === 0 ? o.SOCK_STREAM : o.SOCK_DGRAM,
      );
      // Every tenth was known to the reactor.
      if (i % 10 === 1 && s.type === o.SOCK_DGRAM) s.recv().catch(() => {});
      if (i % 1000 === 0) {
        collect();
        await sleep(0);
      }
    }
    assert.equal(await descriptorsDownTo(before), before);
  });

  test("1,000 at once all get their own", { timeout }, async () => {
    const before = openDescriptors();
    const sockets = Array.from({ length: 1000 }, () => bound());
    const received = sockets.map((s) => s.recv({ timeoutMs: 30_000 }));
    collect();
    for (const [i, s] of sockets.entries()) {
      const data = new Uint8Array([i >> 8, i]);
      await sockets[(i + 1) % 1000]!.sendmsg({ data, to: s.getsockname() });
    }
    for (const [i, data] of (await Promise.all(received)).entries()) {
      assert.equal(data[0]! << 8 | data[1]!, i);
    }
    sockets.forEach((s) => s.close());
    assert.equal(await descriptorsDownTo(before), before);
  });

  test("a descriptor given away is the taker's", { timeout }, () => {
    const s = bound();
    const to = s.getsockname();
    const fd = s.detach();
    assert.equal(s.closed, true);
    const taker = new Socket(fd, s.family, s.type, s.protocol);
    assert.deepEqual(taker.getsockname(), to);
    taker.close();
    assert.throws(() => new Socket(fd, s.family, s.type, 0).getsockname(), { code: "EBADF" });
  });

  test("a number that is used again does not hear of the socket before", { timeout }, async () => {
    for (let i = 0; i < 200; i++) {
      const first = bound();
      const gone = first.recv().catch(({ code }) => code);
      await first.sendmsg({ data: text("old"), to: first.getsockname() });
      first.close();
      using second = bound();
      const received = second.recv({ timeoutMs: 2000 });
      await sleep(0);
      await second.sendmsg({ data: text("new"), to: second.getsockname() });
      assert.deepEqual(await received, text("new"));
      assert.equal(await gone, "EBADF");
    }
  });
});
