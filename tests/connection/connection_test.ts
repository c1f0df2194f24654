import assert from "node:assert/strict";
import { connect as connectHttp2, createSecureServer, type ServerHttp2Stream } from "node:http2";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { connect, type ConnectOptions, MifError, type PvdInfo } from "../../mod.ts";
import { makeCertificates } from "./certificates.ts";
import { descriptorsDownTo, openDescriptors } from "../socket/descriptors.ts";

/** Whatever waits for ever is to fail by its name. */
const timeout = 60_000;

const { ca, cert, key } = makeCertificates(["DNS:service.example", "IP:127.0.0.1"]);
const hostname = "127.0.0.1";
const servers: Server[] = [];
const ports = { echo: 0, silent: 0, reset: 0, tls: 0, http2: 0 };

/** A PvD that no socket can be put on: whoever tries fails. */
const absent = {
  id: "absent.example",
  interface: { name: "absent0", index: 999_999 },
  addresses: [],
  gateways: [],
  dnsServers: [],
  searchDomains: [],
  routes: [],
} as unknown as PvdInfo;

async function listening(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, hostname, resolve));
  return (server.address() as AddressInfo).port;
}

/** A server whose connections nobody reads. */
async function unread(): Promise<{ port: number }> {
  return { port: await listening(createServer((socket) => socket.on("error", () => {}).pause())) };
}

before(async () => {
  const takes = (use: (socket: Socket) => void) => {
    return createServer({ allowHalfOpen: true }, (socket) => use(socket.on("error", () => {})));
  };
  ports.echo = await listening(takes((socket) => {
    socket.write("early ");
    socket.pipe(socket);
  }));
  // It reads, so that it learns when the client goes.
  ports.silent = await listening(takes((socket) => socket.resume().on("end", () => socket.end())));
  ports.reset = await listening(
    takes((socket) => socket.on("data", () => socket.resetAndDestroy())),
  );
  ports.tls = await listening(createTlsServer({ cert, key }, (socket) => {
    socket.on("error", () => {});
    socket.end(`servername ${socket.servername || "none"}`);
  }));
  const http2 = createSecureServer({ cert, key });
  http2.on("stream", (stream: ServerHttp2Stream, headers) => {
    stream.respond({ ":status": 200 });
    stream.end(`path ${headers[":path"]}`);
  });
  ports.http2 = await listening(http2 as unknown as Server);
});

after(() => {
  for (const server of servers) server.close();
});

test(
  "the streams carry what was sent before, both ways, and a half-closed connection",
  { timeout },
  async () => {
    await using connection = await connect({ hostname, port: ports.echo });
    assert.equal(connection.pvd, null);
    assert.equal(connection.socket.remotePort, ports.echo);
    await sleep(20);
    const writer = connection.writable.getWriter();
    await writer.write(new TextEncoder().encode("late"));
    await writer.close();
    assert.equal(await new Response(connection.readable).text(), "early late");
  },
);

test("the socket is the runtime's own", { timeout }, async () => {
  const { socket } = await connect({ hostname, port: ports.echo });
  let text = "";
  socket.on("data", (chunk) => text += chunk);
  socket.end("by socket");
  await new Promise((resolve) => socket.once("close", resolve));
  assert.equal(text, "early by socket");
});

test("32 MiB go there and back unchanged", { timeout }, async () => {
  await using connection = await connect({ hostname, port: ports.echo });
  const size = 32 << 20;
  const data = new Uint8Array(size).map((_, i) => i * 31 + (i >> 13));
  const writer = connection.writable.getWriter();
  const written = (async () => {
    for (let at = 0; at < size; at += 1 << 16) {
      await writer.ready;
      await writer.write(data.subarray(at, at + (1 << 16)));
    }
    await writer.close();
  })();
  const back = new Uint8Array(await new Response(connection.readable).arrayBuffer());
  await written;
  assert.equal(back.length, size + 6);
  assert.ok(back.subarray(6).every((byte, i) => byte === data[i]));
});

test("close() sends what was written, and may be called twice", { timeout }, async () => {
  const received = Promise.withResolvers<string>();
  const server = createServer((socket) => {
    let text = "";
    socket.on("data", (chunk) => text += chunk);
    socket.on("end", () => received.resolve(text));
  });
  const connection = await connect({ hostname, port: await listening(server) });
  connection.socket.write("last ".repeat(100_000));
  await connection.close();
  await connection.close();
  assert.equal((await received.promise).length, 500_000);
});

test("a reset is a failure of the streams, not their end", { timeout }, async () => {
  for (const waitMs of [0, 50]) {
    const connection = await connect({ hostname, port: ports.reset });
    connection.socket.write("reset me");
    // Before, or after the streams are first asked for.
    await sleep(waitMs);
    await assert.rejects(new Response(connection.readable).text());
    await connection.close();
  }
});

test("what ends a connection is what everybody who waits for it learns", { timeout }, async () => {
  const reason = new MifError("the PvD is lost", { code: "ENETUNREACH", syscall: "connect" });
  const { port } = await unread();
  const connection = await connect({ hostname, port });
  const writer = connection.writable.getWriter();
  const reader = connection.readable.getReader();
  // More than the kernel takes for a peer that does not read.
  const written = writer.write(new Uint8Array(64 << 20));
  const read = reader.read();
  await sleep(50);
  connection.socket.destroy(reason);
  for (const waiting of [written, read, writer.closed, reader.closed]) {
    await assert.rejects(waiting, (error) => error === reason);
  }
});

test("a name without a PvD is the system's to resolve; with one only its servers are asked", {
  timeout,
}, async () => {
  await using connection = await connect({ hostname: "localhost", port: ports.echo });
  assert.equal(connection.socket.remoteAddress, hostname);
  const code = (hostname: string, pvd: PvdInfo | null) =>
    connect({ hostname, port: ports.echo, pvd }).then(() => "connected", ({ code }) => code);
  // It has none.
  assert.equal(await code("www.example.com", absent), "EAI_FAIL");
  assert.equal(await code("localhost", absent), "ENETUNREACH");
  assert.equal(await code("192.0.2.1", absent), "ENONET");
  assert.equal(await code("name.invalid", null), "EAI_NONAME");
  assert.equal(await code("", null), "EAI_NONAME");
  assert.equal(await code("127.1", null), "connected");
});

test("a connection that cannot be made says why", { timeout }, async () => {
  const code = async (options: Parameters<typeof connect>[0], expected: string) => {
    const error = await connect(options).then(() => null, (error) => error);
    assert.ok(error instanceof MifError, String(error));
    assert.equal(error.code, expected);
  };
  await code({ hostname, port: 1 }, "ECONNREFUSED");
  await code({ hostname: "::1", port: 1 }, "ECONNREFUSED");
  await code({ hostname: "fe80::1%absent0", port: 1 }, "ENODEV");
  await code({ hostname: "192.0.2.1", port: 1, pvd: absent }, "ENONET");
  await assert.rejects(connect({ hostname, port: 65536 }), RangeError);
  await assert.rejects(connect({ hostname, port: "80" as unknown as number }), TypeError);
  await assert.rejects(connect({ hostname: 1 as unknown as string, port: 1 }), TypeError);
});

test(
  "several PvDs are tried in the order that is said, and the error names each",
  { timeout },
  async () => {
    const target = { hostname: "192.0.2.1", port: 1 };
    const [one, two] = ["one.example", "two.example"].map((id) => ({ ...absent, id })) as [
      PvdInfo,
      PvdInfo,
    ];
    const failure = async (options: Partial<ConnectOptions>) => {
      const error = await connect({ ...target, ...options }).then(() => null, (error) => error);
      assert.ok(error instanceof MifError, String(error));
      return error;
    };
    const both = await failure({ pvd: [two, one] });
    assert.equal(both.code, "ENONET");
    assert.match(both.message, /on any of 2 PvDs: PvD two\.example: .*; PvD one\.example: /);
    const causes = (both.cause as AggregateError).errors;
    assert.deepEqual(causes.map(({ code }) => code), ["ENONET", "ENONET"]);
    assert.deepEqual(await failure({ pvd: [one] }), await failure({ pvd: one }));
    assert.equal((await failure({ pvd: "any", policy: () => [] })).code, "ENONET");
    const chosen = await failure({ pvd: "any", policy: () => Promise.resolve([one, two]) });
    assert.match(chosen.message, /PvD one\.example: .*; PvD two\.example: /);
    await assert.rejects(connect({ ...target, pvd: [] }), TypeError);
    await assert.rejects(connect({ ...target, pvd: [one], policy: (pvds) => pvds }), TypeError);
    // A mistake of the caller's is none of the network's.
    await assert.rejects(connect({ ...target, pvd: [{} as PvdInfo, one] }), TypeError);
  },
);

test("each address of a name is tried, and the error names each", { timeout }, async () => {
  const error = await connect({ hostname: "localhost", port: 1 }).then(
    () => null,
    (error) => error,
  );
  assert.ok(error instanceof MifError);
  assert.equal(error.code, "ECONNREFUSED");
  assert.match(error.message, /127\.0\.0\.1 port 1 /);
  for (const addressPreferences of [-1, 0.5, 0x10000]) {
    await assert.rejects(connect({ hostname, port: 1, addressPreferences }), RangeError);
  }
  for (const attemptDelayMs of [9, NaN, -1]) {
    await assert.rejects(connect({ hostname, port: 1, attemptDelayMs }), RangeError);
  }
});

test(
  "TLS checks the certificate, for the address or for servername, which it sends",
  { timeout },
  async () => {
    const read = async (tls: object) => {
      await using connection = await connect({ hostname, port: ports.tls, tls });
      assert.equal((connection.socket as TLSSocket).authorized, true);
      return await new Response(connection.readable).text();
    };
    assert.equal(await read({ ca }), "servername none");
    assert.equal(await read({ ca, servername: "service.example" }), "servername service.example");
    const port = ports.tls;
    await assert.rejects(connect({ hostname, port, tls: { ca, servername: "other.example" } }), {
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
    });
    await assert.rejects(connect({ hostname, port, tls: true }), {
      code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    });
    await assert.rejects(connect({ hostname: "localhost", port, tls: { ca } }), {
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
    });
    // No TLS there: the greeting is none. Node's code, the same in both runtimes.
    await assert.rejects(connect({ hostname, port: ports.echo, tls: true }), {
      code: "ERR_SSL_WRONG_VERSION_NUMBER",
    });
    await assert.rejects(connect({ hostname, port: ports.reset, tls: true }), {
      code: "ECONNRESET",
    });
  },
);

test("http2.connect() takes the socket in one line", { timeout }, async () => {
  const tls = { ca, servername: "service.example", ALPNProtocols: ["h2"] };
  const { socket } = await connect({ hostname, port: ports.http2, tls });
  const session = connectHttp2("https://service.example", { createConnection: () => socket });
  const get = (path: string) =>
    new Promise<string>((resolve, reject) => {
      const stream = session.request({ ":path": path });
      let text = "";
      stream.on("data", (chunk) => text += chunk);
      stream.on("end", () => resolve(text));
      stream.on("error", reject);
      stream.end();
    });
  const paths = Array.from({ length: 20 }, (_, i) => `/${i}`);
  assert.deepEqual(await Promise.all(paths.map(get)), paths.map((path) => `path ${path}`));
  await new Promise<void>((resolve) => session.close(resolve));
});

test("abort and timeout end it at every await, with nothing left open", { timeout }, async () => {
  const opened = openDescriptors();
  const reason = new Error("no longer wanted");
  const targets = [
    { hostname, port: ports.echo },
    { hostname: "localhost", port: ports.echo },
    { hostname, port: ports.tls, tls: { ca } },
    { hostname, port: ports.silent, tls: true },
  ];
  for (const target of targets) {
    await assert.rejects(connect({ ...target, signal: AbortSignal.abort(reason) }), reason);
    // After so many turns of the event loop and of the microtasks.
    for (let turns = 0; turns < 12; turns++) {
      const controller = new AbortController();
      const attempt = connect({ ...target, signal: controller.signal });
      const ended = attempt.then((connection) => connection.close(), (error) => error);
      for (let i = 0; i < turns; i++) {
        if (turns % 2 === 0) await null;
        else await new Promise((resolve) => setImmediate(resolve));
      }
      controller.abort(reason);
      assert.ok([undefined, reason].includes(await ended));
    }
  }
  await assert.rejects(connect({ hostname, port: ports.silent, tls: true, timeoutMs: 50 }), {
    code: "ETIMEDOUT",
    syscall: "connect",
  });
  assert.equal(Math.max(opened, await descriptorsDownTo(opened)), opened);
});

test("1,000 connections, and those that failed, leave no descriptor", { timeout }, async () => {
  const round = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const connection = await connect({ hostname, port: ports.silent });
      await connection.close();
    }
    for (let i = 0; i < count / 10; i++) {
      await assert.rejects(connect({ hostname, port: 1 }));
      await assert.rejects(connect({ hostname, port: ports.tls, tls: true }));
      await (await connect({ hostname, port: ports.tls, tls: { ca } })).close();
    }
  };
  await round(20);
  const opened = openDescriptors();
  await round(1000);
  assert.ok(await descriptorsDownTo(opened) <= opened);
});
