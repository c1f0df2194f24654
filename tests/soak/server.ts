/**
 * Runs on a router: web servers that know nothing of PvDs. Arguments: the network's domain, and a certificate as JSON.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import * as http from "node:http";
import * as https from "node:https";
import process from "node:process";

const domain = process.argv[2]!;
const certificate: { cert: string; key: string } = JSON.parse(process.argv[3]!);
const piece = Buffer.alloc(1 << 16, "0123456789abcdef");

const listener: http.RequestListener = (request, response) => {
  request.resume();
  if (request.url === "/large") {
    for (let i = 0; i < 8; i++) response.write(piece);
    return void response.end();
  }
  if (request.url === "/never") return void request.socket.setTimeout(10_000);
  response.end(JSON.stringify({ domain, source: request.socket.remoteAddress }));
};

const servers = [http.createServer(listener), https.createServer(certificate, listener)];
await Promise.all(
  servers.map((server, i) =>
    new Promise<void>((resolve) => server.listen(i === 0 ? 80 : 443, "::", resolve))
  ),
);
// The clients go away in every way there is.
for (const server of servers) server.on("clientError", (_, socket) => socket.destroy());
console.log("serving");
