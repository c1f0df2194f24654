/**
 * Runs on a router of the lab: the servers of additional information and of captive portal APIs, well-behaved and not.
 * Argument: a PvdServerRequest as JSON.
 *
 * @module
 */

import type { RequestListener } from "node:http";
import * as http from "node:http";
import * as https from "node:https";
import process from "node:process";
import {
  CERTIFICATE_ADDRESSES,
  OTHER,
  type PvdServerRequest,
  type Seen,
  ZONE,
} from "./pvd_site.ts";

const { name, prefix, certificates }: PvdServerRequest = JSON.parse(process.argv[2]!);
/** How many objects were given away; each says which it is. */
let version = 0;

type Answer = (seen: Seen, id: string) => { status?: number; type?: string; body: string };

const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();
const object = (seen: Seen, id: string, members: Record<string, unknown> = {}) =>
  JSON.stringify({
    identifier: `${id}.`,
    expires: inAnHour(),
    prefixes: [prefix],
    "vendor-lab": { ...seen, version: ++version },
    ...members,
  });
const saying = (members: Record<string, unknown>): Answer => (seen, id) => ({
  body: object(seen, id, members),
});

/** By the first label of the PvD ID; all others behave as "good". */
const BEHAVIOURS: Record<string, Answer> = {
  good: saying({}),
  zones: saying({ dnsZones: ["corp.example"], noInternet: true }),
  brief: saying({ expires: new Date(Date.now() + 3_600_000).toISOString() }),
  late: saying({ expires: "2020-05-23T06:00:00Z" }),
  undated: saying({ expires: "soon" }),
  impostor: saying({ identifier: `good.${ZONE}` }),
  foreign: saying({ prefixes: ["2001:db8:f000::/48"] }),
  halved: saying({ prefixes: [prefix.replace("/64", "/65")] }),
  bare: (_, id) => ({ body: JSON.stringify({ identifier: id, expires: inAnHour() }) }),
  twice: (seen, id) => ({ body: object(seen, id).replace("{", `{"identifier":"${id}",`) }),
  comma: (seen, id) => ({ body: object(seen, id).replace(/}$/, ",}") }),
  array: (seen, id) => ({ body: `[${object(seen, id)}]` }),
  html: () => ({ type: "text/html", body: "<html>Log in first</html>" }),
  json: (seen, id) => ({ type: "application/json", body: object(seen, id) }),
  forbidden: (seen, id) => ({ status: 403, body: object(seen, id) }),
  broken: (seen, id) => ({ status: 500, body: object(seen, id) }),
  large: (seen, id) => ({ body: object(seen, id, { "vendor-large": "a".repeat(65_536) }) }),
};

const REDIRECTS: Record<string, string> = {
  moved: `https://${OTHER}/moved`,
  loop: `https://loop.${ZONE}/.well-known/pvd`,
  ping: `https://pong.${ZONE}/.well-known/pvd`,
  pong: `https://ping.${ZONE}/.well-known/pvd`,
  clear: `http://${OTHER}/moved`,
  loopback: "https://localhost/",
};

const PORTALS: Record<string, Record<string, unknown>> = {
  captive: { captive: true, "user-portal-url": "https://portal.example/in" },
  online: { captive: false, "venue-info-url": "http://venue.example/" },
  session: {
    captive: false,
    "user-portal-url": "https://portal.example/more",
    "seconds-remaining": 326,
    "bytes-remaining": 65536,
    "can-extend-session": true,
  },
  silly: { captive: "perhaps" },
};

const listener: RequestListener = (request, response) => {
  response.on("error", () => {});
  const { remoteAddress } = request.socket;
  const { rawHeaders, url = "" } = request;
  const headers = rawHeaders.flatMap((field, i) => i % 2 ? [] : `${field}: ${rawHeaders[i + 1]}`);
  const seen = { server: name, source: remoteAddress!, headers };
  const host = request.headers.host ?? "";
  const label = host.split(".")[0]!;
  if (url === "/moved") {
    return void response.writeHead(200, { "content-type": "application/pvd+json" })
      .end(object(seen, `moved.${ZONE}`));
  }
  const [, portal] = /^\/portal\/(.*)$/.exec(url) ?? [];
  if (portal !== undefined) {
    const said = PORTALS[portal];
    return void response.writeHead(said ? 200 : 404, { "content-type": "application/captive+json" })
      .end(JSON.stringify({ ...said, ...seen }));
  }
  if (url !== "/.well-known/pvd") return void response.writeHead(404).end();
  if (label === "slow") {
    response.writeHead(200, { "content-type": "application/pvd+json" });
    const drip = setInterval(() => response.write(" "), 50);
    return void response.on("close", () => clearInterval(drip));
  }
  const location = REDIRECTS[label];
  if (location !== undefined) return void response.writeHead(307, { location }).end();
  const { status = 200, type = "application/pvd+json", body } =
    (BEHAVIOURS[label] ?? BEHAVIOURS["good"]!)(seen, host);
  response.writeHead(status, { "content-type": type }).end(body);
};

const servers = Object.entries(CERTIFICATE_ADDRESSES).map(([flaw, address]) => {
  const server = https.createServer(certificates[flaw as keyof typeof certificates], listener);
  return new Promise<void>((resolve) => server.listen(443, address, resolve));
});
await Promise.all([
  ...servers,
  new Promise<void>((resolve) => {
    http.createServer(listener).listen(80, CERTIFICATE_ADDRESSES.good, resolve);
  }),
]);
console.log("serving");
