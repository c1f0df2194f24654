/**
 * fetch() and what may come over the wire: garbage, slowness, ends at every place, connections used again.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createFetch, type FetchOptions, MifError } from "../../mod.ts";
import { runCommand } from "../lab/command.ts";
import { scriptArgv } from "../lab/enter.ts";
import { descriptorsDownTo, openDescriptors } from "../socket/descriptors.ts";
import { streamOf } from "./cases.ts";
import { RawServer, type Script } from "./raw_server.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const answers = (text: string): Script => (socket) => socket.write(text, "latin1");
/** Says so, and ends. */
const answersAndEnds = (text: string): Script => (socket) => socket.end(text, "latin1");

/** The code of what fetch() failed with: always a TypeError about a MifError. */
async function codeOf(failing: Promise<unknown>): Promise<string> {
  const error = await failing.then((value) => value, (error) => error);
  assert.ok(error instanceof TypeError, String(error));
  assert.ok(error.cause instanceof MifError, String(error.cause));
  assert.equal(error.message, "fetch failed");
  return error.cause.code;
}

async function withServer(
  script: Script,
  use: (server: RawServer, fetch: ReturnType<typeof createFetch>) => Promise<void>,
  options: FetchOptions = {},
): Promise<void> {
  await using server = await RawServer.start(script);
  using fetch = createFetch(null, options);
  await use(server, fetch);
}

test("what is no HTTP/1.1 response is refused, and its connection not used again", async () => {
  const garbage = [
    "\0\x01\x02\x03\r\n\r\n",
    "SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "HTTP/2 200 OK\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nx: y\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n".repeat(40),
    `HTTP/1.1 200 OK\r\nx: ${"y".repeat(300_000)}\r\n\r\n`,
  ];
  await withServer(answers(""), async (server, fetch) => {
    for (const text of garbage) {
      server.script = answers(text);
      const connections = server.connections;
      assert.equal(await codeOf(fetch(server.url)), "EPROTO", JSON.stringify(text.slice(0, 80)));
      assert.equal(server.connections, connections + 1);
    }
    server.script = answers(OK);
    assert.equal(await (await fetch(server.url)).text(), "ok");
  });
});

test("a response may come in any pieces", async () => {
  const text = "HTTP/1.1 100 Continue\r\nx: y\r\n\r\n" +
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" +
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n" +
    "5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nX-T: u\r\n\r\n";
  await withServer(answers(text), async (server, fetch) => {
    const check = async () => {
      const response = await fetch(server.url);
      assert.equal(response.headers.get("x-a"), "b");
      assert.equal(await response.text(), "hello world");
    };
    await check();
    for (let cut = 1; cut < text.length; cut += 3) {
      server.script = (socket) => {
        socket.write(text.slice(0, cut));
        setTimeout(() => socket.write(text.slice(cut)), 1);
      };
      await check();
    }
    assert.equal(server.connections, 1);
  });
});

test("an end in the middle is an error, of the response or of its body", async () => {
  const heads = ["", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"];
  const bodies = [
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhell",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
  ];
  await withServer(answers(""), async (server, fetch) => {
    for (const text of heads) {
      server.script = answersAndEnds(text);
      assert.equal(await codeOf(fetch(server.url)), "ECONNRESET", text);
    }
    for (const text of bodies) {
      server.script = answersAndEnds(text);
      const response = await fetch(server.url);
      assert.equal(response.status, 200);
      assert.equal(await codeOf(response.text()), "ECONNRESET", text);
    }
    // A chunk's size that is none, after the head was given out.
    server.script = (socket) => {
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n");
      setTimeout(() => socket.write("zz\r\n"), 20);
    };
    assert.equal(await codeOf((await fetch(server.url)).text()), "EPROTO");
    server.script = (socket) => {
      socket.write("HTTP/1.1 200 OK\r\n\r\nto the end");
      setTimeout(() => socket.resetAndDestroy(), 20);
    };
    assert.equal(await codeOf((await fetch(server.url)).text()), "ECONNRESET");
    server.script = answersAndEnds("HTTP/1.1 200 OK\r\n\r\nto the end");
    assert.equal(await (await fetch(server.url)).text(), "to the end");
    server.script = answersAndEnds("HTTP/1.0 200 OK\r\n\r\n");
    assert.equal(await (await fetch(server.url)).text(), "");
  });
});

test("a connection is used again, as long as both sides let it stand", async () => {
  await withServer(answers(OK), async (server, fetch) => {
    const connectionsFor = async (script: Script, ...more: Script[]) => {
      const before = server.connections;
      for (const each of [script, ...more, answers(OK)]) {
        server.script = each;
        const response = await fetch(server.url);
        await response.text();
        // The server's end, and what it says unasked, come a moment later.
        await sleep(100);
      }
      fetch.close();
      return server.connections - before;
    };
    assert.equal(await connectionsFor(answers(OK), answers(OK)), 1);
    assert.equal(await connectionsFor(answers("HTTP/1.1 204 No Content\r\n\r\n")), 1);
    assert.equal(await connectionsFor(answers("HTTP/1.1 304 x\r\nContent-Length: 9\r\n\r\n")), 1);
    assert.equal(
      await connectionsFor(
        answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
      ),
      1,
    );
    assert.equal(await connectionsFor(answers(OK.replace("\r\n", "\r\nConnection: close\r\n"))), 2);
    assert.equal(await connectionsFor(answers(OK.replace("1.1", "1.0"))), 2);
    assert.equal(
      await connectionsFor(
        answers(OK.replace("1.1", "1.0").replace("\r\n", "\r\nConnection: keep-alive\r\n")),
      ),
      1,
    );
    // The server closes a second after it says; we do before.
    assert.equal(
      await connectionsFor(answers(OK.replace("\r\n", "\r\nKeep-Alive: timeout=1\r\n"))),
      2,
    );
    assert.equal(await connectionsFor(answersAndEnds(OK)), 2);
    assert.equal(await connectionsFor(answers(`${OK}HTTP/1.1 200 unasked\r\n\r\n`)), 2);
    assert.equal(
      await connectionsFor((socket) => {
        socket.write(OK);
        setTimeout(() => socket.write("HTTP/1.1 200 unasked\r\n\r\n"), 2);
      }),
      2,
    );
  });
});

test("requests at once have a connection each, and all are used again", async () => {
  await withServer(answers(OK), async (server, fetch) => {
    const many = () =>
      Promise.all(Array.from({ length: 30 }, async () => (await fetch(server.url)).text()));
    await many();
    assert.equal(server.connections, 30);
    await many();
    assert.equal(server.connections, 30);
    fetch.close();
    assert.equal(await server.openDownTo(0), 0);
  });
});

test("a kept connection that the server closes meanwhile costs a new one, where that is no second request", async () => {
  /** The first request on a connection is answered, the second one ends it. */
  const once = (): Script => {
    const known = new WeakSet<Socket>();
    return (socket) => {
      if (known.has(socket)) return socket.destroy();
      known.add(socket);
      socket.write(OK);
    };
  };
  await withServer(once(), async (server, fetch) => {
    const status = async (init?: RequestInit) => {
      const response = await fetch(server.url, init);
      await response.text();
      return response.status;
    };
    for (const method of ["GET", "HEAD", "PUT", "DELETE"]) {
      server.script = once();
      fetch.close();
      const before = server.connections;
      assert.equal(await status(), 200);
      assert.equal(await status({ method }), 200);
      assert.equal(server.connections - before, 2, method);
      fetch.close();
    }
    for (const init of [{ method: "POST", body: "" }, { method: "PATCH" }]) {
      server.script = once();
      fetch.close();
      assert.equal(await status(), 200);
      assert.equal(await codeOf(fetch(server.url, init)), "ECONNRESET");
    }
  });
});

test("time limits: to connect, for the head, between pieces of the body, for a kept connection", async () => {
  const silent: Script = () => {};
  await withServer(silent, async (server, fetch) => {
    assert.equal(await codeOf(fetch(server.url)), "ETIMEDOUT");
    // Each piece in time, all of them not.
    server.script = async (socket) => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
      for (const letter of "slow body") {
        await sleep(40);
        socket.write(letter);
      }
    };
    assert.equal(await (await fetch(server.url)).text(), "slow body");
    server.script = answers("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    const response = await fetch(server.url);
    // Who does not read is not kept waiting by the server.
    const reader = response.body!.getReader();
    assert.equal(Buffer.from((await reader.read()).value!).toString(), "half");
    assert.equal(await codeOf(reader.read()), "ETIMEDOUT");
    server.script = answers(OK);
    await (await fetch(server.url)).text();
    assert.equal(server.open, 1);
    assert.equal(await server.openDownTo(0), 0);
  }, { headersTimeoutMs: 100, bodyTimeoutMs: 150, idleTimeoutMs: 100 });
  for (const name of ["connectTimeoutMs", "headersTimeoutMs", "bodyTimeoutMs", "idleTimeoutMs"]) {
    assert.throws(() => createFetch(null, { [name]: -1 }), RangeError);
    assert.throws(() => createFetch(null, { [name]: "1" }), TypeError);
  }
});

test("a server that takes no more of a body has its time; one that takes it slowly has more", async () => {
  const deaf: Script = (socket) => socket.pause();
  await withServer(deaf, async (server, fetch) => {
    const size = 40_000_000;
    const bytes = new Uint8Array(size);
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(bytes) });
    for (const body of [bytes, new Blob([bytes]), endless]) {
      const init = { method: "POST", body, duplex: "half" } as RequestInit;
      assert.equal(await codeOf(fetch(server.url, init)), "ETIMEDOUT");
    }
    let taken = 0;
    let chunks = 0;
    server.script = (socket, _head, rest) => {
      taken = rest.length;
      socket.removeAllListeners("data");
      socket.on("data", (chunk) => {
        taken += chunk.length;
        if (taken === size) return socket.write(OK);
        if (++chunks % 50 !== 0) return;
        socket.pause();
        setTimeout(() => socket.resume(), 50);
      });
    };
    assert.equal(await (await fetch(server.url, { method: "POST", body: bytes })).text(), "ok");
    assert.equal(taken, size);
  }, { bodyTimeoutMs: 400, headersTimeoutMs: 5000 });
});

test("an abort ends the request where it is, with the signal's reason", async () => {
  const opened = openDescriptors();
  const reason = new Error("no longer wanted");
  await withServer(() => {}, async (server, fetch) => {
    const aborted = async (init: RequestInit = {}) => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(reason), 20);
      const response = await fetch(server.url, { ...init, signal: controller.signal });
      return await response.text();
    };
    // Waiting for the head, in a body that is sent, in a body that comes.
    await assert.rejects(aborted(), reason);
    let cancelled: unknown;
    const endless = new ReadableStream({
      async pull(controller) {
        await sleep(2);
        controller.enqueue(new Uint8Array(10));
      },
      cancel: (reason) => cancelled = reason,
    });
    const duplex = { method: "POST", body: endless, duplex: "half" } as RequestInit;
    await assert.rejects(aborted(duplex), reason);
    assert.equal(cancelled, reason);
    server.script = answers("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    await assert.rejects(aborted(), reason);
    await assert.rejects(
      fetch(server.url, { signal: AbortSignal.timeout(20) }).then((r) => r.text()),
      {
        name: "TimeoutError",
      },
    );
    const plain = new AbortController();
    setTimeout(() => plain.abort(), 20);
    server.script = () => {};
    const error = await fetch(server.url, { signal: plain.signal }).catch((error) => error);
    assert.ok(error instanceof DOMException && error.name === "AbortError");
    // After the end of the body it means nothing.
    server.script = answers(OK);
    const late = new AbortController();
    const response = await fetch(server.url, { signal: late.signal });
    late.abort(reason);
    assert.equal(await response.text(), "ok");
    assert.ok(await server.openDownTo(1) <= 1);
  });
  assert.ok(await descriptorsDownTo(opened) <= opened);
});

test("who cancels a body, or reads it slowly, holds the server back", async () => {
  let sent = 0;
  const pours: Script = (socket) => {
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    const piece = Buffer.alloc(1 << 16);
    const pour = () => {
      while (!socket.destroyed && socket.write(piece)) sent += piece.length;
      sent += piece.length;
    };
    socket.on("drain", pour);
    pour();
  };
  await withServer(pours, async (server, fetch) => {
    const response = await fetch(server.url);
    await sleep(200);
    // What the kernel's buffers take, and what we read ahead.
    const before = sent;
    assert.ok(before < 32 << 20, `${before} bytes`);
    await sleep(100);
    assert.equal(sent, before);
    const reader = response.body!.getReader();
    for (let read = 0; read < 64 << 20;) read += (await reader.read()).value!.length;
    assert.ok(sent > 64 << 20);
    await reader.cancel();
    assert.equal(await server.openDownTo(0), 0);
  });
});

test("a body may be read into one's own memory", async () => {
  await withServer(answers(""), async (server, fetch) => {
    server.script = (socket) => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234");
      setTimeout(() => socket.write("56789"), 20);
    };
    const response = await fetch(server.url);
    const reader = response.body!.getReader({ mode: "byob" });
    let text = "";
    let memory = new ArrayBuffer(3);
    while (true) {
      const { done, value } = await reader.read(new Uint8Array(memory));
      if (done) break;
      text += Buffer.from(value).toString();
      memory = value.buffer as ArrayBuffer;
    }
    assert.equal(text, "0123456789");
  });
});

test("both bodies may flow at the same time", async () => {
  const answering: Script = (socket) => {
    socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    // What comes behind the head of the request comes back as it is: chunks.
    socket.removeAllListeners("data");
    socket.on("data", (chunk) => socket.write(chunk));
  };
  await withServer(answering, async (server, fetch) => {
    const steps = new TransformStream<Uint8Array, Uint8Array>();
    const writer = steps.writable.getWriter();
    const init = { method: "POST", body: steps.readable, duplex: "half" } as RequestInit;
    const response = await fetch(server.url, init);
    const reader = response.body!.getReader();
    for (const word of ["one", "two", "three"]) {
      await writer.write(new TextEncoder().encode(word));
      assert.equal(Buffer.from((await reader.read()).value!).toString(), word);
    }
    await writer.close();
    assert.equal((await reader.read()).done, true);
  });
});

test("a server that answers early ends the upload, and the connection with it", async () => {
  let cancelled = false;
  const endless = new ReadableStream({
    async pull(controller) {
      await sleep(1);
      controller.enqueue(new Uint8Array(1000));
    },
    cancel() {
      cancelled = true;
    },
  });
  await withServer(answers(OK.replace("200 OK", "413 x")), async (server, fetch) => {
    const init = { method: "POST", body: endless, duplex: "half" } as RequestInit;
    const response = await fetch(server.url, init);
    assert.equal(response.status, 413);
    assert.equal(await response.text(), "ok");
    assert.equal(await server.openDownTo(0), 0);
    assert.equal(cancelled, true);
  });
});

test("a body's stream must be of bytes, unlocked, and as the server sees it whole", async () => {
  await withServer(answers(OK), async (server, fetch) => {
    const send = (body: unknown) =>
      fetch(server.url, { method: "POST", body, duplex: "half" } as RequestInit);
    const words = new ReadableStream({ start: (controller) => controller.enqueue("text") });
    server.script = () => {};
    await assert.rejects(send(words), TypeError);
    const locked = streamOf("x");
    locked.getReader();
    await assert.rejects(send(locked), TypeError);
    await assert.rejects(fetch(server.url, { duplex: "full" } as RequestInit), TypeError);
    let sent = "";
    server.script = (socket, head, rest) => {
      assert.match(head, /transfer-encoding: chunked/);
      sent = rest;
      socket.removeAllListeners("data");
      const take = (chunk: string | Uint8Array) => {
        sent += Buffer.from(chunk as Uint8Array);
        if (sent.endsWith("0\r\n\r\n")) socket.write(OK);
      };
      socket.on("data", take);
      take(Buffer.alloc(0));
    };
    async function* pieces() {
      yield new TextEncoder().encode("one");
      await sleep(1);
      yield new TextEncoder().encode("two");
    }
    assert.equal(await (await send(pieces())).text(), "ok");
    assert.equal(sent, "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
  });
});

test("secrets go to no other origin, and a stream is not sent twice", async () => {
  await using there = await RawServer.start(answers(OK));
  await withServer(answers(OK), async (server, fetch) => {
    const headers = { authorization: "Bearer x", cookie: "a=b", "x-a": "b" };
    const redirectTo = (url: string, status = 302) =>
      answers(`HTTP/1.1 ${status} x\r\nLocation: ${url}\r\nContent-Length: 0\r\n\r\n`);
    server.script = redirectTo(there.url);
    const response = await fetch(server.url, { headers });
    assert.deepEqual([response.url, response.redirected], [there.url, true]);
    const fieldsOf = (head: string) =>
      head.split("\r\n").slice(1).map((line) => line.split(":")[0]);
    const [first] = server.heads.map(fieldsOf);
    const [second] = there.heads.map(fieldsOf);
    assert.deepEqual(first!.filter((name) => name! in headers), ["authorization", "cookie", "x-a"]);
    assert.deepEqual(second!.filter((name) => name! in headers), ["x-a"]);
    const init = () => ({ method: "POST", body: streamOf("x"), duplex: "half" } as RequestInit);
    for (const status of [301, 302, 307, 308]) {
      server.script = redirectTo(there.url, status);
      assert.equal(await codeOf(fetch(server.url, init())), "EPROTO");
    }
    server.script = redirectTo("http://user:secret@127.0.0.1/");
    assert.equal(await codeOf(fetch(server.url)), "EPROTO");
  });
});

test("integrity: the body is given out only where it has the hash", async () => {
  await withServer(answers(OK), async (server, fetch) => {
    const sha256 = "sha256-JonXgUrUOiXQfuzeDyNZfIJm4rDUMzm0yAUh4Vz8nGI=";
    const { createHash } = await import("node:crypto");
    const right = (algorithm: string) =>
      `${algorithm}-${createHash(algorithm).update("ok").digest("base64")}`;
    const get = async (integrity: string) => (await fetch(server.url, { integrity })).text();
    for (const algorithm of ["sha256", "sha384", "sha512"]) {
      assert.equal(await get(right(algorithm)), "ok");
    }
    assert.equal(await get(`${sha256} ${right("sha256")}`), "ok");
    assert.equal(await get(`${sha256} ${right("sha512")}?x`), "ok");
    assert.equal(await get("md5-x nonsense"), "ok");
    assert.equal(await codeOf(get(sha256)), "EPROTO");
    // The strongest counts.
    assert.equal(await codeOf(get(`${right("sha256")} sha512-AAAA`)), "EPROTO");
  });
});

test("a referrer is sent as its policy says, and only one that is named", async () => {
  await withServer(answers(OK), async (server, fetch) => {
    const sent = async (init: RequestInit) => {
      await fetch(server.url, init);
      return /referer: (.*)/.exec(server.heads.at(-1)!)?.[1] ?? null;
    };
    const own = `${server.url}page?q#part`;
    const far = "https://user:secret@far.example/page?q#part";
    assert.equal(await sent({}), null);
    assert.equal(await sent({ referrer: "about:client" }), null);
    assert.equal(await sent({ referrer: own }), `${server.url}page?q`);
    assert.equal(await sent({ referrer: far }), null);
    assert.equal(await sent({ referrer: far, referrerPolicy: "origin" }), "https://far.example/");
    assert.equal(
      await sent({ referrer: far, referrerPolicy: "unsafe-url" }),
      "https://far.example/page?q",
    );
    assert.equal(await sent({ referrer: own, referrerPolicy: "no-referrer" }), null);
    assert.equal(await sent({ referrer: own, referrerPolicy: "strict-origin" }), server.url);
    assert.equal(await sent({ referrer: far, referrerPolicy: "same-origin" }), null);
    assert.equal(await sent({ referrer: far, referrerPolicy: "no-referrer-when-downgrade" }), null);
  });
});

test("a Response says what it is, and so does its clone; also with a status beyond the usual", async () => {
  await withServer(answers(OK), async (server, fetch) => {
    const response = await fetch(server.url);
    assert.ok(response instanceof Response);
    for (const each of [response, response.clone()]) {
      const { url, redirected, type, ok } = each;
      assert.deepEqual([url, redirected, type, ok], [server.url, false, "basic", true]);
    }
    assert.equal(await new Response(response.body, response).text(), "ok");
    server.script = answers(OK.replace("200 OK", "999 Go away"));
    const odd = await fetch(server.url);
    assert.deepEqual([odd.status, odd.ok, odd.statusText], [999, false, "Go away"]);
    assert.equal(await odd.text(), "ok");
  });
});

test("blob: URLs are the runtime's own; about: and file: are nobody's", async () => {
  using fetch = createFetch(null);
  const url = URL.createObjectURL(new Blob(["blob"], { type: "text/x" }));
  const response = await fetch(url);
  assert.deepEqual([response.url, response.headers.get("content-type")], [url, "text/x"]);
  assert.equal(await response.text(), "blob");
  assert.equal(await codeOf(fetch(url, { method: "POST" })), "EPROTO");
  URL.revokeObjectURL(url);
  assert.equal(await codeOf(fetch(url)), "EPROTO");
  assert.equal(await codeOf(fetch("about:blank")), "EPROTO");
  assert.equal(await codeOf(fetch("file:///etc/hostname")), "EPROTO");
});

test("a coded body that is none is an error of the body; an empty one is empty", async () => {
  await withServer(answers(""), async (server, fetch) => {
    const coded = (coding: string, body: string) =>
      answers(
        `HTTP/1.1 200 OK\r\nContent-Encoding: ${coding}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
    for (const coding of ["gzip", "deflate", "br", "zstd"]) {
      server.script = coded(coding, "no such coding");
      const response = await fetch(server.url);
      assert.equal(response.headers.get("content-encoding"), coding);
      assert.equal(await codeOf(response.text()), "EPROTO", coding);
      server.script = coded(coding, "");
      assert.equal(await (await fetch(server.url)).text(), "", coding);
    }
    server.script = coded("unknown", "as it is");
    assert.equal(await (await fetch(server.url)).text(), "as it is");
    const { gzipSync } = await import("node:zlib");
    const whole = gzipSync("text ".repeat(1000)).toString("latin1");
    server.script = coded("gzip", whole.slice(0, -5));
    assert.equal(await codeOf((await fetch(server.url)).text()), "EPROTO");
    // A body that ends too early is told from one that is no gzip.
    server.script = answersAndEnds(
      `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 999\r\n\r\n${whole}`,
    );
    assert.equal(await codeOf((await fetch(server.url)).text()), "ECONNRESET");
  });
});

test("a kept connection and a body that nobody reads keep no process alive", async () => {
  await withServer(answers(OK), async (server) => {
    const script = (socket: Socket, head: string) => {
      if (!head.startsWith("GET /endless")) return socket.write(OK);
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      const pour = () => {
        while (!socket.destroyed && socket.write(Buffer.alloc(1 << 16)));
      };
      socket.on("drain", pour);
      pour();
    };
    server.script = script;
    const path = fileURLToPath(new URL("leaving_script.ts", import.meta.url));
    const argv = [...scriptArgv(path), server.url, `${server.url}endless`];
    const { status, stdout, stderr } = await runCommand(argv, { timeoutMs: 20_000 });
    assert.deepEqual([status, stdout, stderr], [0, "ok\n200\n", ""]);
  });
});

test("1,000 requests leave no descriptor behind", async () => {
  const opened = openDescriptors();
  await withServer(answers(OK), async (server, fetch) => {
    for (let i = 0; i < 1000; i++) {
      server.script = answers(i % 3 === 0 ? "garbage\r\n\r\n" : OK);
      await fetch(server.url).then((response) => response.text(), () => {});
    }
  });
  assert.ok(await descriptorsDownTo(opened) <= opened);
});
