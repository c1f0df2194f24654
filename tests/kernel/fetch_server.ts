/**
 * Runs on a router of the lab: web servers that know nothing of PvDs. Arguments: the router's name, and certificates by
 * port as JSON.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import * as http from "node:http";
import * as https from "node:https";
import process from "node:process";
import { FETCH_PORTS, OTHER, type ServerCertificates } from "./fetch_site.ts";

const server = process.argv[2]!;
const certificates: ServerCertificates = JSON.parse(process.argv[3]!);
const piece = Buffer.alloc(1 << 16, "0123456789abcdef");

const listener: http.RequestListener = (request, response) => {
  const { remoteAddress, remotePort } = request.socket;
  const source = remoteAddress!.replace("::ffff:", "");
  const [, path = "", argument = ""] = request.url!.split("/");
  switch (path) {
    case "redirect":
      response.writeHead(307, { location: `${argument}://${OTHER}/there` });
      return void response.end();
    case "large": {
      let left = Number(argument);
      const pour = () => {
        while (left > 0) {
          left -= piece.length;
          if (!response.write(piece)) return;
        }
        response.end();
      };
      response.on("drain", pour);
      return pour();
    }
    case "count": {
      let length = 0;
      request.on("data", (chunk) => length += chunk.length);
      return void request.on("end", () => response.end(String(length)));
    }
    default:
      request.resume();
      response.setHeader("x-port", String(remotePort));
      return void response.end(JSON.stringify({ server, source }));
  }
};

const servers = Object.entries(FETCH_PORTS).map(([name, port]) => {
  const server = name === "http"
    ? http.createServer(listener)
    : https.createServer(certificates[name]!, listener);
  return new Promise<void>((resolve) => server.listen(port, "::", resolve));
});
await Promise.all(servers);
console.log("serving");
