/**
 * The server of `mif ui`: one page, its events and its answers, for who knows the URL, and on loopback only.
 *
 * Other users of this host, and pages of other origins in the same browser, can reach the port. They do not know the
 * token; what a name of theirs that is rebound to 127.0.0.1 asks for carries that name as Host and is refused; and what
 * the page shows of a network's making is never more than text: the policy lets no script run but the page's own.
 *
 * @module
 */

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { MifError } from "../../mod.ts";
import type { DestinationAnswer, DestinationQuestion } from "./destination.ts";
import { LivePicture, type PictureSource } from "./live_picture.ts";
import { pageHtml } from "./page.ts";
import { refusalOf } from "./picture.ts";

/** What the server shows. */
export interface UiSource extends PictureSource {
  /** A MifError it throws is told. */
  answer(question: DestinationQuestion): Promise<DestinationAnswer>;
}

const ADDRESS = "127.0.0.1";
/** Names by which a browser means loopback; with any port, for a tunnel (ssh -L) has another one. */
const HOST = /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i;
/** More pages at once than anybody looks at. */
const VIEWERS_MAX = 16;
/** A name has at the most 253 characters (RFC 1035 2.3.4). */
const TO_MAX = 255;

/** Of every answer. The token is in the URL, which is to reach nobody and to stay nowhere. */
const HEADERS = {
  "Cache-Control": "no-store",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
};

/** A running server. */
export class UiServer {
  /** Where a browser finds the page: whoever knows it may look. */
  readonly url: string;
  readonly #server: Server;
  readonly #source: UiSource;
  readonly #live: LivePicture;
  readonly #token: Uint8Array;

  /** Use {@linkcode UiServer.start}. */
  private constructor(server: Server, token: string, source: UiSource) {
    this.#server = server;
    this.#source = source;
    this.#live = new LivePicture(source);
    this.#token = digest(token);
    const { port } = server.address() as AddressInfo;
    this.url = `http://${ADDRESS}:${port}/?token=${token}`;
    server.on("request", (request, response) => this.#handle(request, response));
  }

  /**
   * Listens on 127.0.0.1.
   *
   * @param port 0: the kernel chooses.
   * @throws {MifError} EADDRINUSE, EACCES and others of bind(2).
   */
  static async start(source: UiSource, port = 0): Promise<UiServer> {
    const server = createServer();
    server.listen({ host: ADDRESS, port });
    try {
      await once(server, "listening");
    } catch (error) {
      const { code = "EIO", message } = error as NodeJS.ErrnoException;
      throw new MifError(`Cannot listen on ${ADDRESS} port ${port}: ${message}`, {
        code,
        syscall: "listen",
        cause: error,
      });
    }
    return new UiServer(server, randomBytes(16).toString("base64url"), source);
  }

  /** Ends all connections and stops listening. */
  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const { method, headers, url = "" } = request;
    // What is not looked at is not kept either.
    request.resume();
    if (method !== "GET") return refuse(response, 405, "Only GET is answered.", { Allow: "GET" });
    if (!HOST.test(headers.host ?? "")) {
      return refuse(response, 421, "This is a server for 127.0.0.1 and localhost only.");
    }
    const { pathname, searchParams } = urlOf(url);
    if (!timingSafeEqual(digest(searchParams.get("token") ?? ""), this.#token)) {
      return refuse(response, 403, "The token is missing: open the URL that mif ui has printed.");
    }
    switch (pathname) {
      case "/":
        return sendPage(response);
      case "/events":
        return this.#sendEvents(response);
      case "/destination":
        return void this.#sendAnswer(response, searchParams);
      default:
        return refuse(response, 404, "There is nothing here.");
    }
  }

  #sendEvents(response: ServerResponse): void {
    if (this.#live.viewers >= VIEWERS_MAX) {
      return refuse(response, 503, "Too many pages are looking: close one.");
    }
    response.writeHead(200, { ...HEADERS, "Content-Type": "text/event-stream; charset=utf-8" });
    let isBlocked = false;
    let waiting: string | null = null;
    const send = (text: string) => {
      // Who reads slowly gets the latest picture, and nothing piles up.
      if (isBlocked) waiting = text;
      else isBlocked = !response.write(text);
    };
    response.on("drain", () => {
      isBlocked = false;
      const text = waiting;
      waiting = null;
      if (text !== null) send(text);
    });
    const end = this.#live.view(send);
    response.on("close", end);
  }

  async #sendAnswer(response: ServerResponse, query: URLSearchParams): Promise<void> {
    const to = query.get("to")?.trim() ?? "";
    const pvd = query.get("pvd") ?? "";
    if (to === "" || to.length > TO_MAX || !/^\d{0,15}$/.test(pvd)) {
      return refuse(response, 400, "Ask for ?to=ADDRESS or NAME, with the handle of a PvD as pvd.");
    }
    let answer: unknown;
    try {
      answer = await this.#source.answer({ to, pvd: pvd === "" ? null : Number(pvd) });
    } catch (error) {
      answer = refusalOf(error);
    }
    response.writeHead(200, { ...HEADERS, "Content-Type": "application/json; charset=utf-8" });
    response.end(JSON.stringify(answer));
  }
}

/** Equal lengths, whatever was given. */
function digest(token: string): Uint8Array {
  return createHash("sha256").update(token).digest();
}

/** Of a target in absolute form (RFC 9112 3.2.2) the path is none of ours. */
function urlOf(target: string): URL {
  const base = `http://${ADDRESS}`;
  return target.startsWith("/") && URL.canParse(base + target)
    ? new URL(base + target)
    : new URL("/none", base);
}

function refuse(
  response: ServerResponse,
  status: number,
  why: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {
    ...HEADERS,
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'",
    ...headers,
  });
  response.end(`${why}\n`);
}

function sendPage(response: ServerResponse): void {
  const nonce = randomBytes(16).toString("base64");
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ];
  response.writeHead(200, {
    ...HEADERS,
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": policy.join("; "),
  });
  response.end(pageHtml(nonce));
}
