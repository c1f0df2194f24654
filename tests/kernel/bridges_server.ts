/**
 * Runs on a router of the lab: servers that know nothing of PvDs and tell each client the address it came from.
 * Argument: the certificate and key as JSON.
 *
 * @module
 */

import * as http from "node:http";
import { createSecureServer, type ServerHttp2Stream } from "node:http2";
import * as https from "node:https";
import { createServer, type Server } from "node:net";
import process from "node:process";
import { BRIDGE_PORTS } from "./bridges.ts";

const certificate = JSON.parse(process.argv[2]!);

const answer: http.RequestListener = (request, response) => {
  const { remoteAddress, remotePort } = request.socket;
  response.setHeader("x-source", remoteAddress!);
  response.setHeader("x-port", String(remotePort));
  request.pipe(response);
};

const source = createServer((socket) => {
  socket.on("error", () => {});
  socket.end(socket.remoteAddress!);
});
const http2 = createSecureServer(certificate);
http2.on("stream", (stream: ServerHttp2Stream) => {
  stream.respond({ ":status": 200 });
  stream.end(stream.session!.socket.remoteAddress!);
});

const servers: [Server, number][] = [
  [source, BRIDGE_PORTS.source],
  [http.createServer(answer), BRIDGE_PORTS.http],
  [https.createServer(certificate, answer), BRIDGE_PORTS.https],
  [http2 as unknown as Server, BRIDGE_PORTS.http2],
];
await Promise.all(
  servers.map(([server, port]) =>
    new Promise<void>((resolve) => server.listen(port, "::", () => resolve()))
  ),
);
console.log("serving");
