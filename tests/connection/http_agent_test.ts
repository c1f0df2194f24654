import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type Agent, createServer, type RequestOptions } from "node:http";
import * as http from "node:http";
import * as https from "node:https";
import type { AddressInfo, Server } from "node:net";
import { after, before, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { reactor } from "../../lib/socket/reactor.ts";
import { connect, httpAgent, httpsAgent, listen, type PvdInfo } from "../../mod.ts";
import { makeCertificates } from "./certificates.ts";
import { descriptorsDownTo, openDescriptors } from "../socket/descriptors.ts";
import { type Answer, answerTo } from "./http_requests.ts";

/** Whatever waits for ever is to fail by its name. */
const timeout = 60_000;

const { ca, cert, key } = makeCertificates(["DNS:service.example", "IP:127.0.0.1"]);
const host = "127.0.0.1";
const servers: Server[] = [];
const ports = { http: 0, https: 0 };

/** Sends the body back, with the client's port and the name it gave. */
const answer: http.RequestListener = (request, response) => {
  response.setHeader("x-port", String(request.socket.remotePort));
  response.setHeader("x-name", (request.socket as TLSSocket).servername || "none");
  request.pipe(response);
};

before(async () => {
  // Its descriptors stay: whoever counts is not the first who waits.
  reactor();
  for (const server of [createServer(answer), https.createServer({ cert, key }, answer)]) {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
  }
  [ports.http, ports.https] = servers.map((server) => (server.address() as AddressInfo).port) as [
    number,
    number,
  ];
});

after(() => {
  for (const server of servers as http.Server[]) {
    server.close();
    server.closeAllConnections();
  }
});

/** The two kinds, each with a new agent. */
const kinds = {
  http: (options = {}) => caller(http.request, httpAgent(null, options), "http"),
  https: (options = {}) => caller(https.request, httpsAgent(null, { ca, ...options }), "https"),
};

function caller(request: typeof http.request, agent: Agent, kind: "http" | "https") {
  return {
    agent,
    send: (
      options: RequestOptions & { servername?: string } = {},
      body?: Uint8Array | string,
    ): Promise<Answer> =>
      answerTo(request({ host, port: ports[kind], method: "POST", agent, ...options }), body),
  };
}

for (const kind of ["http", "https"] as const) {
  test(`${kind}: requests one after the other use one connection`, { timeout }, async () => {
    const { agent, send } = kinds[kind]({ keepAlive: true });
    const used = new Set<unknown>();
    for (let i = 0; i < 10; i++) used.add((await send({}, `${i}`)).headers["x-port"]);
    assert.equal(used.size, 1);
    agent.destroy();
  });

  test(`${kind}: without keepAlive each has its own`, { timeout }, async () => {
    const { send } = kinds[kind]({ keepAlive: false });
    const used = new Set<unknown>();
    for (let i = 0; i < 3; i++) used.add((await send({}, `${i}`)).headers["x-port"]);
    assert.equal(used.size, 3);
  });

  test(`${kind}: 200 at once, over no more connections than maxSockets`, { timeout }, async () => {
    const { agent, send } = kinds[kind]({ keepAlive: true, maxSockets: 5 });
    const bodies = Array.from({ length: 200 }, (_, i) => `${i}`.repeat(i));
    const answers = await Promise.all(bodies.map((body) => send({}, body)));
    assert.deepEqual(answers.map(({ body }) => String(body)), bodies);
    assert.ok(new Set(answers.map(({ headers }) => headers["x-port"])).size <= 5);
    agent.destroy();
  });

  test(`${kind}: 16 MiB there and back`, { timeout }, async () => {
    const { send } = kinds[kind]();
    const data = Buffer.alloc(16 << 20, "0123456789abcdef!");
    assert.ok((await send({}, data)).body.equals(data));
  });

  test(
    `${kind}: what fails is the request's error, and leaves nothing open`,
    { timeout },
    async () => {
      const opened = openDescriptors();
      const { agent, send } = kinds[kind]({ keepAlive: true });
      await assert.rejects(send({ port: 1 }), { code: "ECONNREFUSED" });
      const controller = new AbortController();
      const aborted = send({ signal: controller.signal });
      controller.abort();
      await assert.rejects(aborted, { name: "AbortError" });
      assert.equal((await send({}, "after")).status, 200);
      agent.destroy();
      assert.ok(await descriptorsDownTo(opened) <= opened);
    },
  );

  test(`${kind}: only a PvD's own servers are asked for a name`, { timeout }, async () => {
    const lists = { addresses: [], gateways: [], routes: [], dnsServers: [], searchDomains: [] };
    const link = { name: "absent0", index: 999_999 };
    const pvd = { id: "absent.example", interface: link, ...lists } as unknown as PvdInfo;
    const agent = kind === "http" ? httpAgent(pvd) : httpsAgent(pvd);
    const { request } = kind === "http" ? http : https;
    await assert.rejects(answerTo(request(`${kind}://www.example.com/`, { agent })), {
      code: "EAI_FAIL",
    });
  });
}

for (const kind of ["http", "https"] as const) {
  test(
    `${kind}: with maxSockets the others wait, and those that fail make room`,
    { timeout },
    async () => {
      const { agent, send } = kinds[kind]({ keepAlive: true, maxSockets: 2, maxTotalSockets: 3 });
      const failed = Promise.allSettled([1, 2, 3, 4, 5].map(() => send({ port: 1 })));
      const controller = new AbortController();
      const answers = Promise.all([1, 2, 3, 4, 5].map((i) => send({}, `${i}`)));
      const waiting = assert.rejects(send({ signal: controller.signal }), { name: "AbortError" });
      controller.abort();
      await waiting;
      for (const result of await failed) {
        assert.equal(result.status === "rejected" && result.reason.code, "ECONNREFUSED");
      }
      assert.deepEqual((await answers).map(({ body }) => String(body)), ["1", "2", "3", "4", "5"]);
      agent.destroy();
    },
  );

  test(
    `${kind}: a request that is destroyed ends the connection it waits for`,
    { timeout },
    async () => {
      const opened = openDescriptors();
      // Nobody accepts, and the queue is full: the kernel leaves a newcomer without an answer.
      const full = listen({ hostname: host, port: 0, backlog: 0 });
      const { port } = full.addresses[0]!;
      const queued = await connect({ hostname: host, port });
      const { agent, send } = kinds[kind]({ maxSockets: 1 });
      const controller = new AbortController();
      const requests = [1, 2].map(() => send({ port, signal: controller.signal }));
      const started = performance.now();
      setTimeout(() => controller.abort(), 50);
      for (const request of requests) await assert.rejects(request, { name: "AbortError" });
      assert.ok(performance.now() - started < 900);
      agent.destroy();
      queued.socket.destroy();
      full.close();
      assert.ok(await descriptorsDownTo(opened) <= opened);
    },
  );
}

test(
  "https: the certificate is for the host or for servername, which is sent",
  { timeout },
  async () => {
    const { agent, send } = kinds.https({ keepAlive: true });
    assert.equal((await send()).headers["x-name"], "none");
    const named = await send({ servername: "service.example" });
    assert.equal(named.headers["x-name"], "service.example");
    await assert.rejects(send({ servername: "other.example" }), {
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
    });
    agent.destroy();
    const distrustful = caller(https.request, httpsAgent(null), "https");
    await assert.rejects(distrustful.send(), { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" });
  },
);
