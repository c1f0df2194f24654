/**
 * A server for the cases that are given to two fetches: it tells what it saw, and answers as the path says.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import * as zlib from "node:zlib";

/** What a request looked like to the server. */
export interface Seen {
  method: string;
  url: string;
  /** Names in lower case, in the order of the alphabet. */
  headers: [string, string][];
  body: string;
}

/** A server on loopback, and every request that came to it. */
export class EchoServer implements AsyncDisposable {
  readonly seen: Seen[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async start(): Promise<EchoServer> {
    const server = new EchoServer();
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    // The client has given up: nobody waits, and nobody knows how much was to come.
    if (!request.complete) return;
    const { method = "", url = "", rawHeaders } = request;
    const headers = Array.from(
      { length: rawHeaders.length / 2 },
      (_, i): [string, string] => [rawHeaders[2 * i]!.toLowerCase(), rawHeaders[2 * i + 1]!],
    ).sort();
    this.seen.push({ method, url, headers, body: body.toString("latin1") });
    const [, path = "", argument = ""] = url.split("/");
    respond(response, path, decodeURIComponent(argument), body, this.origin);
  }
}

function bodyOf(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("error", () => {});
    request.on("close", () => resolve(Buffer.concat(chunks)));
    request.on("end", () => resolve(Buffer.concat(chunks)));
  });
}

const CODINGS: Record<string, (data: Uint8Array) => Uint8Array> = {
  gzip: zlib.gzipSync,
  "x-gzip": zlib.gzipSync,
  deflate: zlib.deflateSync,
  raw: zlib.deflateRawSync,
  br: zlib.brotliCompressSync,
  zstd: zlib.zstdCompressSync,
};

/** The text that coded answers hold. */
export const CODED_TEXT: string = "coded and coded and coded. ".repeat(20_000);

function respond(
  response: ServerResponse,
  path: string,
  argument: string,
  body: Buffer,
  origin: string,
): void {
  switch (path) {
    case "echo":
      response.setHeader("content-type", "application/octet-stream");
      return void response.end(body);
    case "status": {
      const [status, text] = argument.split(" ");
      response.writeHead(Number(status), text);
      return void response.end(Number(status) === 204 ? undefined : "the body");
    }
    case "redirect": {
      // Status, then where to.
      const [status, ...location] = argument.split(" ");
      const to = location.join(" ").replace("ORIGIN", origin);
      response.writeHead(Number(status), to === "" ? {} : { location: to });
      return void response.end("moved");
    }
    case "loop":
      response.writeHead(302, { location: `/loop/${Number(argument) + 1}` });
      return void response.end();
    case "down": {
      // As many redirects.
      const left = Number(argument);
      if (left === 0) return void response.end("there");
      response.writeHead(302, { location: `/down/${left - 1}` });
      return void response.end();
    }
    case "coded": {
      const codings = argument.split(" ");
      let data: Uint8Array = Buffer.from(CODED_TEXT);
      for (const coding of codings) data = CODINGS[coding]!(data);
      response.setHeader("content-encoding", codings.join(", ").replace("raw", "deflate"));
      return void response.end(data);
    }
    case "headers":
      response.setHeader("set-cookie", ["a=1; Path=/", "b=2"]);
      response.setHeader("x-twice", ["one", "two"]);
      response.setHeader("x-latin", "caf\xe9");
      response.setHeader("x-empty", "");
      return void response.end();
    case "many": {
      for (let i = 0; i < Number(argument); i++) response.setHeader(`x-${i}`, `value ${i}`);
      return void response.end("many");
    }
    case "pieces":
      // A head, then the body bit by bit, in chunks.
      response.write("one ");
      setTimeout(() => response.write("two "), 20);
      return void setTimeout(() => response.end("three"), 40);
    case "silence":
      return;
    case "large":
      response.end(Buffer.alloc(Number(argument), "0123456789"));
      return;
    default:
      return void response.end(`${path} ${argument}`);
  }
}
