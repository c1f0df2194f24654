// Documents over HTTPS between this process and servers of its own on loopback: each way in which one is not to be used.

import assert from "node:assert/strict";
import { createServer, type Server as HttpsServer } from "node:https";
import type { RequestListener } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import { after, before, test } from "node:test";
import { DOCUMENT_SIZE_MAX, fetchHttpsJson } from "../../lib/fetch/https_json.ts";
import { MifError } from "../../mod.ts";
import { makeCertificates } from "../connection/certificates.ts";

const timeout = 60_000;
const { ca, cert, key } = makeCertificates(["DNS:localhost", "DNS:other.localhost"]);
const misnamed = makeCertificates(["DNS:elsewhere.example"]);
const expired = makeCertificates(["DNS:localhost"], "expired");
const TYPE = "application/pvd+json";
const servers: Server[] = [];
const ports = { good: 0, misnamed: 0, expired: 0, plain: 0, broken: 0 };
/** The heads that came, as "name: value". */
let heads: string[][] = [];

const document = (body: string | Uint8Array, type = TYPE): RequestListener => (_, response) => {
  response.writeHead(200, { "content-type": type }).end(body);
};
const redirect =
  (status: number, location: (port: number) => string): RequestListener => (_, response) => {
    response.writeHead(status, { location: location(ports.good) }).end("not here");
  };

const PAGES: Record<string, RequestListener> = {
  good: document('{"a": 1}'),
  parameters: document('{"a": 1}', "Application/PVD+JSON; charset=utf-8"),
  largest: document(`"${"a".repeat(DOCUMENT_SIZE_MAX - 2)}"`),
  tooLarge: document(`"${"a".repeat(DOCUMENT_SIZE_MAX)}"`),
  endless: (_, response) => {
    response.writeHead(200, { "content-type": TYPE });
    const pour = () => {
      while (!response.destroyed && response.write(" ".repeat(16_384))) { /* until it is full */ }
    };
    response.on("drain", pour);
    pour();
  },
  html: document("<html>", "text/html"),
  json: document("{}", "application/json"),
  untyped: (_, response) => void response.writeHead(200).end("{}"),
  empty: document(""),
  noContent: (_, response) => void response.writeHead(204, { "content-type": TYPE }).end(),
  duplicate: document('{"a":1,"a":2}'),
  latin1: document(Uint8Array.of(0x22, 0xfc, 0x22)),
  gzip: (_, response) => {
    response.writeHead(200, { "content-type": TYPE, "content-encoding": "gzip" }).end("\x1f\x8b");
  },
  cut: (_, response) => {
    response.writeHead(200, { "content-type": TYPE, "content-length": "100" });
    response.write("{", () => response.destroy());
  },
  slow: (_, response) => {
    response.writeHead(200, { "content-type": TYPE });
    const drip = setInterval(() => response.write(" "), 20);
    response.on("close", () => clearInterval(drip));
  },
  silent: () => {},
  forbidden: (_, response) => void response.writeHead(403, { "content-type": TYPE }).end("{}"),
  missing: (_, response) => void response.writeHead(404).end(),
  broken: (_, response) => void response.writeHead(500).end(),
  notModified: (_, response) => void response.writeHead(304).end(),
  nowhere: (_, response) => void response.writeHead(302).end(),
  loop: redirect(302, () => "/loop"),
  ping: redirect(307, (port) => `https://other.localhost:${port}/pong`),
  pong: redirect(307, (port) => `https://localhost:${port}/ping`),
  toHttp: redirect(301, (port) => `http://localhost:${port}/good`),
  toFile: redirect(301, () => "file:///etc/passwd"),
  toSecret: redirect(301, (port) => `https://user:secret@localhost:${port}/good`),
  toNonsense: redirect(301, () => "https://["),
};
for (const status of [300, 301, 302, 303, 307, 308, 399]) {
  PAGES[`redirect${status}`] = redirect(status, (port) => `https://other.localhost:${port}/good`);
}
for (let i = 0; i <= 11; i++) {
  PAGES[`chain${i}`] = redirect(302, () => i === 0 ? "good" : `chain${i - 1}`);
}

async function listening(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

before(async () => {
  const listener: RequestListener = (request, response) => {
    const { rawHeaders } = request;
    heads.push(rawHeaders.flatMap((name, i) => i % 2 ? [] : `${name}: ${rawHeaders[i + 1]}`));
    response.on("error", () => {});
    PAGES[request.url!.slice(1)]!(request, response);
  };
  const https = (certificates: { cert: string; key: string }) =>
    listening(createServer(certificates, listener) as HttpsServer);
  ports.good = await https({ cert, key });
  ports.misnamed = await https(misnamed);
  ports.expired = await https(expired);
  ports.plain = await listening(createTcpServer((socket) => {
    socket.on("error", () => {}).end("HTTP/1.1 200 OK\r\n\r\n{}");
  }));
  ports.broken = await listening(
    createTcpServer((socket) => void socket.on("error", () => {}).destroy()),
  );
});

after(() => {
  for (const server of servers) {
    server.close();
    (server as Partial<HttpsServer>).closeAllConnections?.();
  }
});

const get = (path: string, timeoutMs = 30_000, port = ports.good) =>
  fetchHttpsJson(null, new URL(`https://localhost:${port}/${path}`), {
    mediaType: TYPE,
    signal: AbortSignal.timeout(timeoutMs),
    ca: ca + misnamed.ca + expired.ca,
  });

async function refuses(path: string, code: string, message: RegExp, port = ports.good) {
  await assert.rejects(get(path, 30_000, port), (error) => {
    assert.ok(error instanceof MifError, `${path}: ${error}`);
    assert.equal(error.code, code, `${path}: ${error.message}`);
    assert.match(error.message, message);
    return true;
  });
}

test("a document is asked for in words that do not tell who asks", { timeout }, async () => {
  heads = [];
  assert.deepEqual(await get("good"), { a: 1 });
  assert.deepEqual(heads, [[
    `host: localhost:${ports.good}`,
    `accept: ${TYPE}`,
    "accept-encoding: identity",
    "connection: close",
  ]]);
});

test(
  "a media type may have parameters, and a document is as large as the bound",
  { timeout },
  async () => {
    assert.deepEqual(await get("parameters"), { a: 1 });
    assert.equal((await get("largest") as string).length, DOCUMENT_SIZE_MAX - 2);
  },
);

test("redirects are followed, whatever their number says, ten of them, to other hosts too", {
  timeout,
}, async () => {
  for (const status of [300, 301, 302, 303, 307, 308, 399]) {
    heads = [];
    assert.deepEqual(await get(`redirect${status}`), { a: 1 });
    assert.equal(heads[1]![0], `host: other.localhost:${ports.good}`);
  }
  assert.deepEqual(await get("chain9"), { a: 1 });
});

test("redirects that do not end are refused", { timeout }, async () => {
  for (const path of ["chain10", "loop", "ping"]) {
    heads = [];
    await refuses(path, "ELOOP", /more than 10 redirects/);
    assert.equal(heads.length, 11);
  }
});

test(
  "a redirect away from https: is refused, and so is what is no place",
  { timeout },
  async () => {
    heads = [];
    await refuses(
      "toHttp",
      "EPROTO",
      /redirects to http:\/\/localhost:\d+\/good, where anybody may/,
    );
    await refuses("toFile", "EPROTO", /redirects to a file: URL/);
    await refuses("toSecret", "EPROTO", /credentials/);
    await refuses("toNonsense", "EPROTO", /no URL/);
    assert.equal(heads.length, 4);
  },
);

test("a status without success is no document", { timeout }, async () => {
  await refuses("forbidden", "ENODATA", /the status is 403/);
  await refuses("missing", "ENODATA", /the status is 404/);
  await refuses("broken", "ENODATA", /the status is 500/);
  await refuses("notModified", "ENODATA", /the status is 304/);
  await refuses("nowhere", "ENODATA", /the status is 302/);
});

test("what is of another media type, no I-JSON, or too large is refused", { timeout }, async () => {
  await refuses("html", "EBADMSG", /it is text\/html, not application\/pvd\+json/);
  await refuses("json", "EBADMSG", /it is application\/json, not/);
  await refuses("untyped", "EBADMSG", /it is no media type, not/);
  await refuses("empty", "EBADMSG", /Not I-JSON: the end/);
  await refuses("noContent", "EBADMSG", /Not I-JSON: the end/);
  await refuses("duplicate", "EBADMSG", /"a" a second time/);
  await refuses("latin1", "EBADMSG", /Not UTF-8/);
  await refuses("gzip", "EBADMSG", /Not UTF-8|Not I-JSON/);
  await refuses("tooLarge", "EMSGSIZE", /longer than 65536 bytes/);
  await refuses("endless", "EMSGSIZE", /longer than 65536 bytes/);
});

test("a server that breaks off, or speaks another protocol, is refused", { timeout }, async () => {
  await refuses("cut", "ECONNRESET", /closed the connection/);
  await refuses("good", "ERR_SSL_WRONG_VERSION_NUMBER", /TLS with localhost/, ports.plain);
  await refuses("good", "ECONNRESET", /closed the connection|disconnected|reset/i, ports.broken);
  await refuses("good", "ECONNREFUSED", /ECONNREFUSED/, 1);
});

test(
  "a certificate for another name, and one that has ended, are refused",
  { timeout },
  async () => {
    heads = [];
    await refuses("good", "ERR_TLS_CERT_ALTNAME_INVALID", /altnames/, ports.misnamed);
    await refuses("good", "CERT_HAS_EXPIRED", /expired/, ports.expired);
    assert.deepEqual(heads, []);
  },
);

test(
  "what takes too long ends with the signal's reason, whatever the server sends",
  { timeout },
  async () => {
    for (const path of ["slow", "silent"]) {
      await assert.rejects(get(path, 300), { name: "TimeoutError" });
    }
  },
);
