import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createWebSocket, MifError, type PvdWebSocket } from "../../mod.ts";
import { RawServer } from "../fetch/raw_server.ts";
import { makeCertificates } from "../connection/certificates.ts";
import { descriptorsDownTo, openDescriptors } from "../socket/descriptors.ts";
import { PythonServer, pythonSkip } from "./python_server.ts";

const WebSocket = createWebSocket(null);
const python = { skip: pythonSkip(), timeout: 60_000 };
let server: PythonServer;

before(async () => {
  if (!python.skip) server = await PythonServer.start();
});

after(() => {
  if (!python.skip) server[Symbol.dispose]();
});

/** What comes of a connection up to its end. */
interface Ended {
  messages: unknown[];
  error: unknown;
  code: number;
  reason: string;
  wasClean: boolean;
}

/** Lives with a connection to its end; `then` may act at each message. */
function lived(
  socket: PvdWebSocket,
  act: (socket: PvdWebSocket, count: number) => void = () => {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const messages: unknown[] = [];
    let error: unknown = null;
    socket.onopen = () => act(socket, 0);
    socket.onmessage = ({ data }) => {
      messages.push(data);
      act(socket, messages.length);
    };
    socket.onerror = (event) => error = event.error;
    socket.onclose = ({ code, reason, wasClean }) => {
      assert.equal(socket.readyState, socket.CLOSED);
      resolve({ messages, error, code, reason, wasClean });
    };
  });
}

/** Opens one at the Python server, and closes it after so many messages. */
function conversed(path: string, count: number, first: (socket: PvdWebSocket) => void = () => {}) {
  return lived(new WebSocket(server.origin + path), (socket, seen) => {
    if (seen === 0) first(socket);
    if (seen === count) socket.close(3000, "enough");
  });
}

test("messages of all kinds and sizes come back as they went, in their order", python, async () => {
  const sizes = [0, 1, 125, 126, 65535, 65536, 5_000_000];
  const { messages, ...end } = await conversed("/", sizes.length * 2 + 3, (socket) => {
    socket.binaryType = "arraybuffer";
    for (const size of sizes) {
      socket.send("ü".repeat(size / 2));
      socket.send(new Uint8Array(size).fill(size));
    }
    socket.send(new Blob(["a blob ", "is read"]));
    socket.send("behind the blob");
    socket.send(new DataView(new TextEncoder().encode("xviewx").buffer, 1, 4));
  });
  assert.deepEqual(end, { error: null, code: 3000, reason: "enough", wasClean: true });
  for (const [i, size] of sizes.entries()) {
    assert.equal(messages[2 * i], "ü".repeat(size / 2));
    assert.deepEqual(
      new Uint8Array(messages[2 * i + 1] as ArrayBuffer),
      new Uint8Array(size).fill(size),
    );
  }
  const text = (data: unknown) => Buffer.from(data as ArrayBuffer).toString();
  const [blob, behind, view] = messages.slice(-3);
  assert.deepEqual([text(blob), behind, text(view)], ["a blob is read", "behind the blob", "view"]);
});

test("fragments are one message, and pings are answered", python, async () => {
  const fragments = await conversed("/fragments", 2);
  assert.equal(fragments.messages[0], "fragmenté d");
  const blob = fragments.messages[1] as Blob;
  assert.deepEqual([blob instanceof Blob, blob.size], [true, 70002]);
  assert.deepEqual((await conversed("/ping", 1)).messages, ["both pongs came"]);
});

test("either side may close, with a code and a reason", python, async () => {
  for (const code of [1000, 1001, 1011, 3000, 4999]) {
    const { error, ...end } = await lived(new WebSocket(`${server.origin}/close/${code}`));
    assert.deepEqual(end, { messages: [], code, reason: "as asked", wasClean: true });
    assert.equal(error, null);
  }
  const closings: [Parameters<PvdWebSocket["close"]>, string][] = [
    [[], "1005 "],
    [[1000], "1000 "],
    [[4001, "wörds"], "4001 wörds"],
    [[3000, "x".repeat(123)], `3000 ${"x".repeat(123)}`],
  ];
  for (const [words, seen] of closings) {
    const end = await lived(new WebSocket(`${server.origin}/ended`), (it) => it.close(...words));
    assert.equal(end.wasClean, true);
    assert.equal((await conversed("/how", 1)).messages[0], seen);
  }
});

test("what was sent before close() arrives, a Blob too", python, async () => {
  const socket = new WebSocket(`${server.origin}/size`);
  const { messages, wasClean } = await lived(socket, (socket, count) => {
    if (count > 0) return;
    socket.send(new Blob([new Uint8Array(1_000_000)]));
    socket.send("x".repeat(1_000_000));
    assert.ok(socket.bufferedAmount >= 1_000_000);
    socket.close();
    assert.equal(socket.readyState, socket.CLOSING);
  });
  assert.equal(wasClean, true);
  // What the server says after our close frame is no message any more.
  assert.deepEqual(messages, []);
  assert.equal(socket.bufferedAmount, 0);
  socket.send("into the void");
  assert.equal(socket.bufferedAmount, 13);
});

test("the handshake: subprotocol, fields, the URL's forms", python, async () => {
  const socket = new WebSocket(`${server.origin.replace("ws:", "http:")}/headers?x`, [
    "first",
    "third",
  ]);
  assert.equal(socket.url, `${server.origin}/headers?x`);
  assert.deepEqual([socket.protocol, socket.extensions, socket.readyState], ["", "", 0]);
  assert.throws(() => socket.send("too early"), { name: "InvalidStateError" });
  await lived(socket, (socket) => socket.close());
  const path = `${server.origin}/headers`;
  const { messages } = await lived(new WebSocket(path, ["first", "third"]), (socket, count) => {
    assert.equal(socket.protocol, "first");
    if (count === 1) socket.close();
  });
  const fields = new Map(
    String(messages[0]).split("\n").map((line) => line.split(": ") as [string, string]),
  );
  assert.equal(fields.get("host"), new URL(server.origin).host);
  assert.equal(fields.get("sec-websocket-version"), "13");
  assert.equal(Buffer.from(fields.get("sec-websocket-key")!, "base64").length, 16);
  assert.equal(fields.get("sec-websocket-protocol"), "first, third");
});

test("wss: the certificate must be for the host", python, async () => {
  const { ca, cert, key } = makeCertificates(["IP:127.0.0.1"]);
  using secure = await PythonServer.start({ cert, key });
  const trusting = createWebSocket(null, { tls: { ca } });
  const { messages, wasClean } = await lived(new trusting(`${secure.origin}/`), (socket, count) => {
    if (count === 0) socket.send("x".repeat(1_000_000));
    else socket.close();
  });
  assert.deepEqual([messages, wasClean], [["x".repeat(1_000_000)], true]);
  const end = await lived(new WebSocket(`${secure.origin}/`));
  assert.ok(end.error instanceof MifError);
  assert.equal(end.error.code, "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
  assert.deepEqual([end.code, end.wasClean], [1006, false]);
});

test("events reach listeners and handlers, each of the standard's class", python, async () => {
  const socket = new WebSocket(`${server.origin}/`);
  const seen: string[] = [];
  for (const type of ["open", "message", "close"]) {
    socket.addEventListener(type, (event) => {
      assert.equal(event.target, socket);
      seen.push(`${type} ${event.constructor.name}`);
      if (type === "open") socket.send("x");
      if (type === "message") {
        assert.equal((event as MessageEvent).origin, server.origin);
        socket.close();
      }
    });
  }
  socket.onmessage = () => seen.push("replaced");
  socket.onmessage = () => seen.push("handler");
  assert.equal(typeof socket.onmessage, "function");
  socket.onopen = "no function" as unknown as null;
  assert.equal(socket.onopen, null);
  await new Promise((resolve) => socket.addEventListener("close", resolve));
  assert.deepEqual(seen, ["open Event", "message MessageEvent", "handler", "close CloseEvent"]);
  assert.ok(socket instanceof WebSocket && socket instanceof EventTarget);
  assert.deepEqual([WebSocket.CONNECTING, WebSocket.OPEN, WebSocket.CLOSING, WebSocket.CLOSED], [
    0,
    1,
    2,
    3,
  ]);
});

test("wrong arguments are told at once, as the standard says", () => {
  for (const url of ["nonsense", "ftp://x/", "ws://x/#part", "ws://x/#"]) {
    assert.throws(() => new WebSocket(url), { name: "SyntaxError" }, url);
  }
  for (const protocols of ["", "a b", ["a", "a"], ["a", ""], "a,b"]) {
    assert.throws(() => new WebSocket("ws://127.0.0.1:4/", protocols), { name: "SyntaxError" });
  }
  const socket = new WebSocket("ws://127.0.0.1:4/");
  for (const code of [999, 1001, 1005, 2999, 5000, NaN]) {
    assert.throws(() => socket.close(code), { name: "InvalidAccessError" });
  }
  assert.throws(() => socket.close(1000, "ü".repeat(62)), { name: "SyntaxError" });
  assert.throws(() => createWebSocket(null, { messageSizeMax: -1 }), RangeError);
  assert.throws(() => createWebSocket(null, { headersTimeoutMs: -1 }), RangeError);
});

/** The answer to a handshake, with what stands behind it. */
function agreed(head: string, more: string[] = [], frames = ""): string {
  const key = /sec-websocket-key: (.*)/.exec(head)![1]!;
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest(
    "base64",
  );
  const fields = [
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${accept}`,
    ...more,
  ];
  return `HTTP/1.1 101 Switching Protocols\r\n${fields.join("\r\n")}\r\n\r\n${frames}`;
}

test("a server that does not agree is refused", async () => {
  await using raw = await RawServer.start(() => {});
  const url = raw.url.replace("http:", "ws:");
  const without = (head: string, field: RegExp) => agreed(head).replace(field, "");
  const answers: [(head: string) => string, RegExp][] = [
    [() => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", /status 200/],
    [() => "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", /status 401/],
    [() => "HTTP/1.1 302 There\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", /status 302/],
    [(head) => without(head, /Upgrade: websocket\r\n/), /something else/],
    [(head) => without(head, /Connection: Upgrade\r\n/), /something else/],
    [(head) => without(head, /Sec-WebSocket-Accept: .*\r\n/), /did not understand/],
    [(head) => agreed(head).replace(/Accept: ./, "Accept: !"), /did not understand/],
    [(head) => agreed(head, ["Sec-WebSocket-Extensions: permessage-deflate"]), /an extension/],
    [(head) => agreed(head, ["Sec-WebSocket-Protocol: other"]), /not offered/],
    [() => "garbage\r\n\r\n", /status line/],
  ];
  for (const [answer, message] of answers) {
    raw.script = (socket, head) => socket.write(answer(head), "latin1");
    const { error, code, wasClean, messages } = await lived(new WebSocket(url, "mine"));
    assert.ok(error instanceof MifError && error.code === "EPROTO", String(error));
    assert.match(error.message, message);
    assert.deepEqual([code, wasClean, messages], [1006, false, []]);
  }
  raw.script = (socket) => socket.destroy();
  assert.equal(((await lived(new WebSocket(url))).error as MifError).code, "ECONNRESET");
  const { error } = await lived(new WebSocket("ws://127.0.0.1:4/"));
  assert.equal((error as MifError).code, "ECONNREFUSED");
  const hasty = createWebSocket(null, { headersTimeoutMs: 50 });
  raw.script = () => {};
  assert.equal(((await lived(new hasty(url))).error as MifError).code, "ETIMEDOUT");
});

test("a peer that breaks the protocol is told why, and the connection ends", async () => {
  await using raw = await RawServer.start(() => {});
  const url = raw.url.replace("http:", "ws:");
  const broken: [string, number][] = [
    ["\x83\x00", 1002],
    ["\x81\x80\0\0\0\0", 1002],
    ["\x81\x01\xff", 1007],
    ["\x82\x7f\0\0\0\0\0\x10\0\x01", 1009],
  ];
  const small = createWebSocket(null, { messageSizeMax: 1 << 20 });
  for (const [frames, code] of broken) {
    let told: Uint8Array = Buffer.alloc(0);
    raw.script = (socket, head) => {
      socket.removeAllListeners("data");
      socket.on("data", (chunk) => told = Buffer.concat([told, Buffer.from(chunk)]));
      socket.write(agreed(head, [], frames), "latin1");
    };
    const end = await lived(new small(url));
    assert.deepEqual([end.code, end.wasClean], [1006, false]);
    assert.equal((end.error as MifError).code, "EPROTO");
    for (let tries = 0; told.length < 8 && tries < 200; tries++) await sleep(10);
    assert.equal(told[0], 0x88);
    assert.equal((told[6]! ^ told[2]!) << 8 | (told[7]! ^ told[3]!), code);
  }
});

test("messages that come with the handshake, or in the same breath as the end", async () => {
  await using raw = await RawServer.start((socket, head) => {
    socket.end(agreed(head, [], "\x81\x05first\x81\x06second\x88\x05\x0b\xb8bye"), "latin1");
  });
  const end = await lived(new WebSocket(raw.url));
  assert.deepEqual(end, {
    messages: ["first", "second"],
    error: null,
    code: 3000,
    reason: "bye",
    wasClean: true,
  });
});

test("an end without a close frame is not clean, and a peer that never ends has its time", async () => {
  const opened = openDescriptors();
  {
    await using raw = await RawServer.start((socket, head) => {
      socket.write(agreed(head, [], "\x81\x05first"), "latin1");
      setTimeout(() => socket.end(), 20);
    });
    const cut = await lived(new WebSocket(raw.url));
    assert.deepEqual(cut, {
      messages: ["first"],
      error: null,
      code: 1006,
      reason: "",
      wasClean: false,
    });
    raw.script = (socket, head) => {
      socket.write(agreed(head), "latin1");
      setTimeout(() => socket.resetAndDestroy(), 20);
    };
    const reset = await lived(new WebSocket(raw.url));
    assert.deepEqual([reset.code, reset.error instanceof Error], [1006, true]);
    raw.script = (socket, head) => socket.write(agreed(head), "latin1");
    const impatient = createWebSocket(null, { closeTimeoutMs: 50 });
    const deaf = await lived(new impatient(raw.url), (socket) => socket.close(1000));
    assert.deepEqual([deaf.code, deaf.wasClean, deaf.error], [1006, false, null]);
    // Closed before it is open: at once, and while the server is silent.
    const early = new WebSocket(raw.url);
    early.close();
    assert.equal(early.readyState, early.CLOSING);
    assert.deepEqual((await lived(early)).code, 1006);
    raw.script = () => {};
    const waiting = new WebSocket(raw.url);
    setTimeout(() => waiting.close(), 20);
    assert.deepEqual((await lived(waiting)).code, 1006);
    assert.equal(await raw.openDownTo(0), 0);
  }
  assert.ok(await descriptorsDownTo(opened) <= opened);
});

test("who pings without reading does not fill our memory", async () => {
  const count = 1000;
  let answered = 0;
  const reading = Promise.withResolvers<void>();
  await using raw = await RawServer.start(async (socket, head) => {
    socket.removeAllListeners("data");
    socket.pause();
    socket.write(agreed(head), "latin1");
    const pings = Buffer.from(`\x89\x7d${"p".repeat(125)}`.repeat(1000), "latin1");
    for (let i = 0; i < count; i++) socket.write(pings);
    socket.write(Buffer.from("\x81\x04done", "latin1"));
    await reading.promise;
    socket.on("data", (chunk) => answered += chunk.length);
    socket.resume();
  });
  const socket = new WebSocket(raw.url);
  await new Promise((resolve) => socket.onmessage = resolve);
  reading.resolve();
  socket.close();
  await sleep(1000);
  // Some of 131 MB: what the kernel had room for.
  assert.ok(answered > 0 && answered < 60_000_000, `${answered} bytes`);
});
