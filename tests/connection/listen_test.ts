import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  connect,
  type FetchHandler,
  httpAgent,
  httpsAgent,
  type HttpServer,
  listen,
  serve,
  type ServeOptions,
} from "../../mod.ts";
import { makeCertificates } from "./certificates.ts";
import { descriptorsDownTo, openDescriptors } from "../socket/descriptors.ts";
import { type Answer, answerTo } from "./http_requests.ts";

/** Whatever waits for ever is to fail by its name. */
const timeout = 60_000;

const { ca, cert, key } = makeCertificates(["DNS:service.example", "IP:127.0.0.1"]);
const hostname = "127.0.0.1";

/** "address:port" of every TCP socket of this process that listens, as the kernel writes them. */
function listeningHere(): string[] {
  const own = new Set(
    readdirSync("/proc/self/fd").map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        // The one that read the directory.
        return "";
      }
    }),
  );
  return ["tcp", "tcp6"].flatMap((name) =>
    readFileSync(`/proc/self/net/${name}`, "utf8").split("\n").slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === "0A" && own.has(`socket:[${fields[9]}]`))
      .map((fields) => fields[1]!)
  ).sort();
}

function procName(port: number): string {
  return `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
}

test(
  "listen() gives connections as they are asked for; a loop that is left can be taken up again",
  { timeout },
  async () => {
    using listener = listen({ hostname, port: 0 });
    const { port, ...address } = listener.addresses[0]!;
    assert.deepEqual(address, { family: 4, address: hostname, scopeId: 0 });
    for (let round = 0; round < 3; round++) {
      const clients = await Promise.all([1, 2, 3].map(() => connect({ hostname, port })));
      const accepted: number[] = [];
      for await (const connection of listener) {
        accepted.push(connection.socket.remotePort!);
        const writer = connection.writable.getWriter();
        await writer.write(new TextEncoder().encode("welcome"));
        await writer.close();
        if (accepted.length === 3) break;
      }
      assert.deepEqual(
        accepted.sort(),
        clients.map(({ socket }) => socket.localPort!).sort(),
      );
      for (const client of clients) {
        assert.equal(await new Response(client.readable).text(), "welcome");
        await client.close();
      }
    }
  },
);

test("close() ends the loop", { timeout }, async () => {
  const listener = listen({ hostname, port: 0 });
  setTimeout(() => listener.close(), 20);
  for await (const _ of listener) assert.fail("nobody connects");
  listener.close();
});

test("listen() refuses what it cannot do", { timeout }, () => {
  assert.throws(() => listen({ port: 80 }), TypeError);
  assert.throws(() => listen({ hostname: "localhost", port: 0 }), TypeError);
  assert.throws(() => listen({ hostname, port: 65536 }), RangeError);
  assert.throws(() => listen({ hostname: "192.0.2.99", port: 0 }), { code: "EADDRNOTAVAIL" });
  using first = listen({ hostname, port: 0 });
  const opened = openDescriptors();
  assert.throws(() => listen({ hostname, port: first.addresses[0]!.port }), {
    code: "EADDRINUSE",
  });
  assert.equal(openDescriptors(), opened);
});

/** What the handler below has seen. */
const seen = { requests: 0, aborted: 0, cancelled: 0, errors: [] as string[] };

const handler: FetchHandler = async (request, { remoteAddress }) => {
  const url = new URL(request.url);
  seen.requests++;
  switch (url.pathname) {
    case "/echo":
      return new Response(request.body);
    case "/request": {
      let bytes = 0;
      if (request.body) { for await (const chunk of request.body) bytes += chunk.length; }
      const { method, headers } = request;
      return Response.json({ bytes, method, url: request.url, x: headers.get("x"), remoteAddress });
    }
    case "/large":
      return new Response(streamOf(640, 65536));
    case "/throw":
      throw new Error("a secret");
    case "/text":
      return "no Response" as unknown as Response;
    case "/slow":
      request.signal.addEventListener("abort", () => seen.aborted++);
      await sleep(500);
      return new Response("slow");
    case "/endless":
      return new Response(
        new ReadableStream({
          async pull(controller) {
            await sleep(5);
            controller.enqueue(new Uint8Array(1000));
          },
          cancel: () => void seen.cancelled++,
        }),
      );
    case "/broken":
      return new Response(streamOf(3, 100, new Error("another secret")));
    case "/cookies":
      return new Response(null, {
        status: 204,
        headers: [["set-cookie", "a=1"], ["set-cookie", "b=2"]],
      });
  }
  return new Response("nothing here", { status: 404, statusText: "Nowhere" });
};

function streamOf(chunks: number, size: number, failure?: Error): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      if (chunks-- > 0) controller.enqueue(new Uint8Array(size));
      else if (failure) controller.error(failure);
      else controller.close();
    },
  });
}

async function until(is: () => boolean): Promise<void> {
  const endMs = performance.now() + 10_000;
  while (!is()) {
    assert.ok(performance.now() < endMs, "It did not come to that");
    await sleep(5);
  }
}

/** A server and a client of it. */
function started(kind: "http" | "https", options: Partial<ServeOptions> = {}) {
  const server: HttpServer = serve(handler, {
    hostname,
    port: 0,
    tls: kind === "https" ? { cert, key } : undefined,
    onError: (error) => {
      seen.errors.push((error as Error).message);
      return new Response("failed", { status: 500 });
    },
    ...options,
  });
  const { port } = server.address;
  const agent = kind === "http"
    ? httpAgent(null, { keepAlive: true })
    : httpsAgent(null, { keepAlive: true, ca });
  const request = (path: string, init: http.RequestOptions = {}) =>
    (kind === "http" ? http : https).request({ host: hostname, port, path, agent, ...init });
  return {
    server,
    port,
    agent,
    request,
    get: (path: string): Promise<Answer> => answerTo(request(path)),
    post: (path: string, body: Uint8Array | string): Promise<Answer> =>
      answerTo(request(path, { method: "POST", headers: { x: "y" } }), body),
    /** Sends text as it is and reads to the end. */
    raw: async (text: string): Promise<string> => {
      const tls = kind === "https" ? { ca } : false;
      await using connection = await connect({ hostname, port, tls });
      connection.socket.write(text);
      return await new Response(connection.readable).text();
    },
    end: async (): Promise<void> => {
      agent.destroy();
      await server.shutdown();
    },
  };
}

for (const kind of ["http", "https"] as const) {
  test(`${kind}: serve() listens where it says, and nothing else does`, { timeout }, async () => {
    const before = listeningHere();
    const listened: unknown[] = [];
    const { server, port, get, end } = started(kind, { onListen: (a) => listened.push(...a) });
    await get("/");
    assert.deepEqual(listened, server.addresses);
    assert.deepEqual(server.addresses, [server.address]);
    assert.deepEqual(listeningHere(), [...before, procName(port)].sort());
    await end();
    assert.deepEqual(listeningHere(), before);
  });

  test(`${kind}: requests and answers are whole`, { timeout }, async () => {
    const { port, agent, get, post, request, end } = started(kind);
    const missing = await get("/x");
    assert.deepEqual([missing.status, String(missing.body)], [404, "nothing here"]);
    const data = Buffer.alloc(16 << 20, "0123456789abcdef!");
    assert.ok((await post("/echo", data)).body.equals(data));
    const { remoteAddress, ...told } = JSON.parse(String((await post("/request?q=1", data)).body));
    assert.deepEqual(told, {
      bytes: data.length,
      method: "POST",
      url: `${kind}://${hostname}:${port}/request?q=1`,
      x: "y",
    });
    assert.equal(remoteAddress.address, hostname);
    assert.equal((await get("/large")).body.length, 640 * 65536);
    const head = await answerTo(request("/large", { method: "HEAD" }));
    assert.deepEqual([head.status, head.body.length], [200, 0]);
    const cookies = await get("/cookies");
    assert.deepEqual([cookies.status, cookies.headers["set-cookie"]], [204, ["a=1", "b=2"]]);
    // A body that the handler does not read is not in the next request's way.
    assert.equal((await post("/unread", data)).status, 404);
    for (let i = 0; i < 10; i++) assert.equal((await get("/x")).status, 404);
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => post("/request", "x".repeat(i))),
    );
    assert.deepEqual(answers.map(({ body }) => JSON.parse(String(body)).bytes), [
      ...answers.keys(),
    ]);
    agent.destroy();
    await end();
  });

  test(`${kind}: an error is 500 and tells the client nothing`, { timeout }, async () => {
    const { get, end } = started(kind, { onError: undefined });
    const printed: unknown[] = [];
    const print = console.error;
    console.error = (error: unknown) => printed.push(error);
    try {
      for (const path of ["/throw", "/text"]) {
        const { status, body } = await get(path);
        assert.deepEqual([status, String(body)], [500, "Internal Server Error"]);
      }
    } finally {
      console.error = print;
    }
    assert.deepEqual(printed.map((error) => (error as Error).message), [
      "a secret",
      "The handler returned no Response",
    ]);
    await end();
  });

  test(`${kind}: onError answers; a body that breaks off is cut short`, { timeout }, async () => {
    const { get, end } = started(kind);
    seen.errors = [];
    const { status, body } = await get("/throw");
    assert.deepEqual([status, String(body)], [500, "failed"]);
    await assert.rejects(get("/broken"));
    assert.deepEqual([...new Set(seen.errors)], ["a secret", "another secret"]);
    await end();
  });

  test(
    `${kind}: a client that goes aborts the request and cancels the answer`,
    { timeout },
    async () => {
      const { request, end } = started(kind);
      const { aborted, cancelled } = seen;
      for (const path of ["/slow", "/endless"]) {
        const { requests } = seen;
        const leaving = request(path);
        leaving.on("error", () => {});
        leaving.on("response", (response) => response.on("error", () => {}).resume());
        leaving.end();
        await until(() => seen.requests > requests);
        // So that the endless answer has begun.
        await sleep(50);
        leaving.destroy();
      }
      await until(() => seen.aborted === aborted + 1 && seen.cancelled === cancelled + 1);
      await end();
    },
  );

  test(`${kind}: hostile and odd requests`, { timeout }, async () => {
    const { port, get, raw, end } = started(kind);
    const close = "Host: a.example\r\nConnection: close\r\n\r\n";
    const status = async (text: string) => Number((await raw(text)).split(" ")[1]);
    assert.equal(await status(`TRACE / HTTP/1.1\r\n${close}`), 501);
    assert.equal(await status(`GET / HTTP/1.1\r\nHost: a b/[\r\nConnection: close\r\n\r\n`), 400);
    // Deno's node:https closes without a word.
    assert.match(await raw("nonsense\r\n\r\n"), /^(HTTP\/1\.1 400 |$)/);
    assert.match(await raw(`GET //e/f HTTP/1.1\r\n${close}`), /404 Nowhere/);
    assert.match(await raw(`OPTIONS * HTTP/1.1\r\n${close}`), /404 Nowhere/);
    const absolute = await raw(`GET http://b.example/request HTTP/1.1\r\n${close}`);
    assert.match(absolute, /"url":"http:\/\/b\.example\/request"/);
    const old = await raw("GET /request HTTP/1.0\r\n\r\n");
    assert.ok(old.includes(`"url":"${kind}://${hostname}:${port}/request"`), old);
    const pipelined = await raw(`GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n${close}`);
    assert.equal(pipelined.match(/nothing here/g)?.length, 2);
    // No TLS hello, and a client that resets.
    const plain = await connect({ hostname, port });
    plain.socket.end("x".repeat(5000));
    await new Response(plain.readable).text().catch(() => {});
    await plain.close();
    (await connect({ hostname, port })).socket.resetAndDestroy();
    assert.equal((await get("/")).status, 404);
    await end();
  });

  test(`${kind}: shutdown() refuses newcomers and lets requests end; a signal does not`, {
    timeout,
  }, async () => {
    const first = started(kind);
    const { requests } = seen;
    const slow = first.get("/slow");
    const data = Buffer.alloc(16 << 20, "x");
    const large = first.post("/echo", data);
    await until(() => seen.requests === requests + 2);
    const ended = first.server.shutdown();
    await assert.rejects(connect({ hostname, port: first.port }), { code: "ECONNREFUSED" });
    assert.equal(String((await slow).body), "slow");
    assert.equal((await large).body.length, data.length);
    await ended;
    first.agent.destroy();

    const controller = new AbortController();
    const second = started(kind, { signal: controller.signal });
    await second.get("/");
    const cut = assert.rejects(second.get("/endless"));
    await until(() => seen.requests === requests + 4);
    controller.abort();
    await second.server.finished;
    await cut;
    second.agent.destroy();
    assert.throws(() => serve(handler, { hostname, port: 0, signal: controller.signal }));
  });

  test(`${kind}: servers that come and go leave no descriptor`, { timeout }, async () => {
    const round = async () => {
      const { get, end } = started(kind);
      assert.equal((await get("/")).status, 404);
      await end();
    };
    for (let i = 0; i < 3; i++) await round();
    const opened = openDescriptors();
    for (let i = 0; i < 50; i++) await round();
    assert.ok(await descriptorsDownTo(opened) <= opened);
  });
}
