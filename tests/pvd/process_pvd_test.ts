// The process' default PvD over loopback and nowhere: what it holds for, what it does not, and that it is one for all
// threads. On real networks: tests/kernel/process_pvd_test.ts.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { get } from "node:http";
import { afterEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  AF_INET,
  AF_INET6,
  connect,
  getprocpvd,
  httpAgent,
  httpsAgent,
  listen,
  type PvdInfo,
  serve,
  setprocpvd,
  setsockopt,
  SOCK_DGRAM,
  SOCK_STREAM,
  Socket,
  socket,
} from "../../mod.ts";
import { native } from "../../ffi/library.ts";
import { pvdInForce } from "../../lib/pvd/process_pvd.ts";
import { scriptArgv } from "../lab/enter.ts";
import { FORGED, GONE } from "./no_pvds.ts";

const FAR = { address: "192.0.2.1", port: 9 };
const data = new Uint8Array([1]);

afterEach(() => setprocpvd(null));

test("what was set is given back, as an object of the caller's own", () => {
  assert.equal(getprocpvd(), null);
  setprocpvd(GONE);
  const got = getprocpvd() as PvdInfo;
  assert.deepEqual(got, GONE);
  got.addresses.length = 0;
  assert.deepEqual(getprocpvd(), GONE);
  setprocpvd("none");
  assert.equal(getprocpvd(), "none");
  setprocpvd(null);
  assert.equal(getprocpvd(), null);
});

test("what is no PvD is refused, and what was set stays", () => {
  setprocpvd(GONE);
  for (const bad of [undefined, "somebody", ...FORGED]) {
    assert.throws(() => setprocpvd(bad as never), /^TypeError: Not a PvD/, JSON.stringify(bad));
  }
  const large = { ...GONE, searchDomains: Array(20_000).fill("a".repeat(60)) };
  assert.throws(() => setprocpvd(large), { code: "EFBIG", syscall: "setprocpvd" });
  assert.deepEqual(getprocpvd(), GONE);
  const many = { ...GONE, searchDomains: Array(2000).fill("a".repeat(60)) };
  setprocpvd(many);
  assert.deepEqual(getprocpvd(), many);
});

test("what a call names comes before the default", () => {
  assert.equal(pvdInForce(null), null);
  assert.equal(pvdInForce(undefined), null);
  setprocpvd("none");
  assert.equal(pvdInForce(GONE), GONE);
  for (const unnamed of [null, undefined]) {
    assert.throws(() => pvdInForce(unnamed), { code: "ENETUNREACH", syscall: "setprocpvd" });
  }
  setprocpvd(GONE);
  assert.deepEqual(pvdInForce(null), GONE);
});

/** Everything that would use a network, without naming a PvD. */
const uses: Record<string, () => unknown> = {
  "bind()": () => socket(AF_INET, SOCK_DGRAM).bind({ address: "0.0.0.0" }),
  "listen() of a socket": () => socket(AF_INET6, SOCK_STREAM).listen(),
  "connect() of a stream": () => socket(AF_INET, SOCK_STREAM).connect(FAR),
  "connect() of a datagram socket": () => socket(AF_INET, SOCK_DGRAM).connect(FAR),
  "sendmsg()": () => socket(AF_INET, SOCK_DGRAM).sendmsg({ data, to: FAR }),
  "sendmmsg()": () => socket(AF_INET, SOCK_DGRAM).sendmmsg([data]),
  "recvmmsg()": () => socket(AF_INET6, SOCK_DGRAM).recvmmsg(),
  "send()": () => socket(AF_INET, SOCK_DGRAM).send(data),
  "recv()": () => socket(AF_INET6, SOCK_DGRAM).recv(),
  "iteration": () => socket(AF_INET6, SOCK_DGRAM)[Symbol.asyncIterator]().next(),
  "connect()": () => connect({ hostname: FAR.address, port: 9 }),
  "connect() with pvd: null": () => connect({ hostname: FAR.address, port: 9, pvd: null }),
  "listen() without a name": () => listen({ port: 0 }),
  "listen() on an address": () => listen({ port: 0, hostname: "192.0.2.3" }),
  "serve()": () => serve(() => new Response(), { port: 0, pvd: null }),
  "httpAgent()": () => requested(`http://${FAR.address}:9/`, httpAgent(null)),
  "httpsAgent()": () => requested(`https://${FAR.address}:9/`, httpsAgent(null)),
};

async function requested(url: string, agent: ReturnType<typeof httpAgent>): Promise<void> {
  const module = url.startsWith("https") ? await import("node:https") : { get };
  const request = module.get(url, { agent: agent as never });
  const [outcome] = await once(request, "response").catch((error) => [error]);
  if (outcome instanceof Error) throw outcome;
}

describe("the null PvD: all that names none fails at once", () => {
  for (const [name, use] of Object.entries(uses)) {
    test(name, async () => {
      setprocpvd("none");
      await assert.rejects(async () => await use(), {
        name: "MifError",
        code: "ENETUNREACH",
        errno: 101,
        message: /setprocpvd\("none"\)/,
      });
    });
  }
});

describe("a PvD that is gone: all that names none fails with its name", () => {
  for (const [name, use] of Object.entries(uses)) {
    test(name, async () => {
      setprocpvd(GONE);
      await assert.rejects(async () => await use(), {
        name: "MifError",
        code: name === "listen() on an address" ? "EADDRNOTAVAIL" : "ENONET",
        message: /fe80::1%gone0/,
      });
    });
  }
});

for (const setting of ["none" as const, GONE]) {
  const what = setting === "none" ? "the null PvD" : "a PvD that is gone";
  test(`loopback is free on ${what}`, { timeout: 20_000 }, async () => {
    setprocpvd(setting);
    for (const [family, address] of [[AF_INET, "127.0.0.1"], [AF_INET6, "::1"]] as const) {
      using receiver = socket(family, SOCK_DGRAM);
      receiver.bind({ address });
      using sender = socket(family, SOCK_DGRAM);
      await sender.sendmsg({ data, to: receiver.getsockname() });
      const { from } = await receiver.recvmsg({ timeoutMs: 5000 });
      await receiver.sendmsg({ data, to: from! });
      assert.deepEqual(await sender.recv({ timeoutMs: 5000 }), data);
      using listener = socket(family, SOCK_STREAM);
      listener.bind({ address });
      listener.listen();
      using client = socket(family, SOCK_STREAM);
      await client.connect(listener.getsockname());
      using accepted = await listener.accept({ timeoutMs: 5000 });
      await client.send(data);
      assert.deepEqual(await accepted.recv({ timeoutMs: 5000 }), data);
      // Having been on loopback is no way around.
      const far = family === AF_INET ? FAR : { address: "2001:db8::1", port: 9 };
      for (const each of [sender, receiver]) {
        await assert.rejects(each.sendmsg({ data, to: far }), {
          code: setting === "none" ? "ENETUNREACH" : "EINVAL",
        });
      }
    }
    const server = serve(() => new Response("here"), { hostname: "127.0.0.1", port: 0 });
    const { port } = server.address;
    for (const hostname of ["127.0.0.1", "localhost", "::ffff:127.0.0.1"]) {
      await using connection = await connect({ hostname, port });
      assert.equal(connection.pvd, null);
    }
    const agent = httpAgent(null);
    const request = get({ host: "localhost", port, agent });
    const [response] = await once(request, "response");
    response.resume();
    assert.equal(response.statusCode, 200);
    agent.destroy();
    await server.shutdown();
  });
}

test("sockets that are there keep their way, and so do descriptors of one's own", async () => {
  using early = socket(AF_INET, SOCK_DGRAM);
  const agent = httpAgent(null);
  setprocpvd("none");
  const late = socket(AF_INET, SOCK_DGRAM);
  early.bind({ address: "0.0.0.0" });
  setprocpvd(null);
  assert.throws(() => late.bind({ address: "0.0.0.0" }), { code: "ENETUNREACH" });
  late.close();
  setprocpvd("none");
  using own = new Socket(native().mif_socket(AF_INET, SOCK_DGRAM, 0), AF_INET, SOCK_DGRAM, 0);
  own.bind({ address: "0.0.0.0" });
  // The kernel takes this address for loopback, which we do not: so it is the system's way that refuses.
  const request = get({ host: "0.0.0.0", port: 1, agent });
  const [error] = await once(request, "error");
  assert.equal(error.code, "ECONNREFUSED");
});

test("bad input is told before the null PvD", async () => {
  setprocpvd("none");
  const s = socket(AF_INET, SOCK_DGRAM);
  assert.throws(() => s.bind({ address: "nowhere" }), { name: "TypeError" });
  assert.throws(() => s.bind({ address: "::" }), { code: "EAFNOSUPPORT" });
  await assert.rejects(s.connect({ address: 5 as never }), { name: "TypeError" });
  await assert.rejects(connect({ hostname: 5 as never, port: 1 }), { name: "TypeError" });
  assert.throws(() => listen({ hostname: 5 as never, port: 1 }), { name: "TypeError" });
  s.close();
  await assert.rejects(s.sendmsg({ data, to: FAR }), { code: "EBADF" });
});

test("a PvD selected on the socket comes first, and a failed selection leaves the default", () => {
  setprocpvd("none");
  using s = socket(AF_INET, SOCK_DGRAM);
  assert.throws(() => setsockopt(s, GONE), { code: "ENONET" });
  setsockopt(s, null);
  assert.throws(() => s.bind({ address: "0.0.0.0" }), { code: "ENETUNREACH" });
});

test("it is one for all threads", { timeout: 60_000 }, () => {
  // In a program of its own: Deno checks the types of a test's workers for seconds.
  const script = fileURLToPath(new URL("./process_pvd_threads.ts", import.meta.url));
  const [command, ...args] = scriptArgv(script);
  const { status, stderr } = spawnSync(command!, args, { encoding: "utf8", timeout: 50_000 });
  assert.deepEqual([status, stderr], [0, ""]);
});
