/**
 * Runs in the host: uses every bridge through one PvD and writes what came of it. Argument: a BridgesRequest as JSON.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import * as http from "node:http";
import { connect as connectHttp2 } from "node:http2";
import * as https from "node:https";
import process from "node:process";
import { connect, type ConnectOptions, httpAgent, httpsAgent, listPvds } from "../../mod.ts";
import { descriptorsDownTo } from "../socket/descriptors.ts";
import { answerTo } from "../connection/http_requests.ts";
import { BRIDGE_PORTS, type BridgesReport, type BridgesRequest, SERVER_NAME } from "./bridges.ts";

const asked: BridgesRequest = JSON.parse(process.argv[2]!);
const { hostname, ca } = asked;
const pvd = listPvds().find((pvd) =>
  pvd.interface.name === asked.interface &&
  pvd.addresses.some(({ address }) => address === asked.address)
)!;
const secure = { ca, servername: SERVER_NAME };

async function sourceSeen(): Promise<string> {
  await using connection = await connect({ hostname, port: BRIDGE_PORTS.source, pvd });
  return await new Response(connection.readable).text();
}

async function codeOf(options: Partial<ConnectOptions>): Promise<string> {
  try {
    await using _connection = await connect({
      hostname,
      port: BRIDGE_PORTS.https,
      pvd,
      ...options,
    });
    return "connected";
  } catch (error) {
    // A DOMException's code is a number.
    const { code, name } = error as Error & { code?: unknown };
    return typeof code === "string" ? code : name;
  }
}

async function http2Source(): Promise<string> {
  const tls = { ...secure, ALPNProtocols: ["h2"] };
  const { socket } = await connect({ hostname, port: BRIDGE_PORTS.http2, pvd, tls });
  const session = connectHttp2(`https://${SERVER_NAME}`, { createConnection: () => socket });
  const stream = session.request({ ":path": "/" });
  let text = "";
  for await (const chunk of stream) text += chunk;
  await new Promise<void>((resolve) => session.close(resolve));
  return text;
}

const agents = {
  http: httpAgent(pvd, { keepAlive: true, maxSockets: 10 }),
  https: httpsAgent(pvd, { keepAlive: true, maxSockets: 10, ca }),
};

function post(kind: "http" | "https", body: Uint8Array | string) {
  const request = (kind === "http" ? http : https).request({
    host: hostname,
    port: BRIDGE_PORTS[kind],
    method: "POST",
    agent: agents[kind],
    ...(kind === "https" ? { servername: SERVER_NAME } : {}),
  });
  return answerTo(request, body);
}

async function portsUsed(kind: "http" | "https"): Promise<number> {
  const used = new Set<unknown>();
  for (let i = 0; i < 10; i++) used.add((await post(kind, "x")).headers["x-port"]);
  return used.size;
}

async function isWhole(kind: "http" | "https"): Promise<boolean> {
  const large = Buffer.alloc(4 << 20, "0123456789abcdef!");
  const bodies = Array.from({ length: 50 }, (_, i) => Buffer.alloc(i * 100, `${i}`));
  const [first, ...rest] = await Promise.all([large, ...bodies].map((body) => post(kind, body)));
  return first!.body.equals(large) && rest.every(({ body }, i) => body.equals(bodies[i]!));
}

const report: BridgesReport = {
  sources: {
    connect: await sourceSeen(),
    http: String((await post("http", "")).headers["x-source"]),
    https: String((await post("https", "")).headers["x-source"]),
    http2: await http2Source(),
  },
  keptAlive: { http: await portsUsed("http"), https: await portsUsed("https") },
  whole: { http: await isWhole("http"), https: await isWhole("https") },
  errors: {
    refused: await codeOf({ port: 1 }),
    unreachable: await codeOf({ hostname: asked.unreachable }),
    timeout: await codeOf({ hostname: asked.blackhole, timeoutMs: 100 }),
    aborted: await codeOf({ hostname: asked.blackhole, signal: AbortSignal.timeout(100) }),
    untrusted: await codeOf({ tls: { servername: SERVER_NAME } }),
    misnamed: await codeOf({ tls: { ca, servername: "other.example" } }),
    trusted: await codeOf({ tls: secure }),
    loopback: await codeOf({ hostname: "localhost" }),
  },
  descriptors: [0, 0],
};
for (const agent of Object.values(agents)) agent.destroy();
const before = await descriptorsDownTo(0, 200);
for (let i = 0; i < 1000; i++) await sourceSeen();
report.descriptors = [before, await descriptorsDownTo(before)];
console.log(JSON.stringify(report));
