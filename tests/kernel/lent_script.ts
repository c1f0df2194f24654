/**
 * Runs in the host: opens and accepts connections of every kind on one PvD, on each of which it sends all the time, and
 * tells how each ends. Argument: a LentRequest as JSON.
 *
 * @module
 */

import * as http from "node:http";
import type { Socket as RuntimeSocket } from "node:net";
import process from "node:process";
import { connect, httpAgent, listen, listPvds, serve } from "../../mod.ts";
import { BRIDGE_PORTS, SERVE_PORTS, SERVER_NAME } from "./bridges.ts";
import { ECHO_PORT } from "./socket_probe.ts";

/** What the script is told. */
export interface LentRequest {
  /** One of the PvD's addresses: its own end of each connection. */
  address: string;
  /** Where the servers are. */
  hostname: string;
  ca: string;
  certificate: { cert: string; key: string };
  /** It tells when these have ended. */
  awaited: string[];
}

/** How each ended: the code of its error. */
export type LentReport = Record<string, string>;

const PERIOD_MS = 50;

const { address, hostname, ca, certificate, awaited }: LentRequest = JSON.parse(process.argv[2]!);
const pvd = listPvds().find((pvd) => pvd.addresses.some((own) => own.address === address))!;
const report: LentReport = {};
const tell = (name: string) => (error: unknown) =>
  report[name] ??= (error as { code?: string }).code ?? String(error);

/** Sends until the end, so that the kernel always has something on the way. */
function talk(name: string, socket: RuntimeSocket): void {
  const timer = setInterval(() => socket.write("something ".repeat(10)), PERIOD_MS);
  socket.resume().on("error", tell(name)).on("close", () => {
    clearInterval(timer);
    tell(name)("closed");
  });
}

talk("connection", (await connect({ hostname, port: ECHO_PORT, pvd })).socket);
const tls = { ca, servername: SERVER_NAME };
const secure = await connect({ hostname, port: BRIDGE_PORTS.https, pvd, tls });
secure.socket.write("POST / HTTP/1.1\r\nHost: service.example\r\nContent-Length: 1000000\r\n\r\n");
talk("secure", secure.socket);
const request = http.request({
  host: hostname,
  port: BRIDGE_PORTS.http,
  method: "POST",
  agent: httpAgent(pvd),
});
request.on("error", tell("request"));
const writing = setInterval(() => request.write("something"), PERIOD_MS);
request.on("close", () => clearInterval(writing));

let served = 0;
for (const overTls of [false, true]) {
  const server = serve(({ signal }) => {
    let timer: ReturnType<typeof setInterval>;
    signal.addEventListener("abort", () => {
      clearInterval(timer);
      tell(overTls ? "servedSecurely" : "served")("aborted");
    });
    served++;
    return new Response(
      new ReadableStream({
        start(controller) {
          timer = setInterval(() => controller.enqueue(new Uint8Array(100)), PERIOD_MS);
        },
        cancel: () => clearInterval(timer),
      }),
    );
  }, {
    pvd,
    hostname: address,
    port: overTls ? SERVE_PORTS.https : SERVE_PORTS.http,
    tls: overTls ? certificate : undefined,
    onError: () => new Response(),
  });
  server.finished.then(() => "finished", (error) => error)
    .then(tell(overTls ? "secureServer" : "server"));
}
const listener = listen({ pvd, hostname: address, port: SERVE_PORTS.listen });
console.log("listening");
(async () => {
  for await (const connection of listener) {
    talk("accepted", connection.socket);
    while (served < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    console.log("talking");
  }
})().catch(tell("listener"));

const endMs = performance.now() + 20_000;
while (!awaited.every((name) => name in report) && performance.now() < endMs) {
  await new Promise((resolve) => setTimeout(resolve, 10));
}
console.log(JSON.stringify(report));
// What the kernel goes on with would end with the process.
setInterval(() => {}, 1000);
