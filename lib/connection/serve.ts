/**
 * An HTTP server on a PvD, with a handler in the manner of fetch.
 *
 * @module
 */

import { once } from "node:events";
import type { RequestListener } from "node:http";
import type { Server, Socket as RuntimeSocket } from "node:net";
import type { TlsOptions } from "node:tls";
import { listenHttp } from "../../ffi/http_server.ts";
import type { SocketAddress } from "../pvd/pvd.ts";
import { AcceptedConnections } from "./accepted.ts";
import {
  type ErrorHandler,
  type FetchHandler,
  internalServerError,
  requestListener,
} from "./fetch_handler.ts";
import { listeningPvd, listeningSockets, type ListenOptions } from "./listen.ts";
import { lend, type Socket } from "../socket/socket.ts";

/** What {@linkcode serve} takes. */
export interface ServeOptions extends ListenOptions {
  /** HTTPS: `key` and `cert` at least, and what else tls.createServer() of node:tls takes. */
  tls?: TlsOptions;
  /** Ends the server at once, with the connections it has. */
  signal?: AbortSignal;
  /** Called when it listens. */
  onListen?: (addresses: SocketAddress[]) => void;
  /**
   * Answers where the handler threw, and is told what failed after an answer had begun (then what it returns is not
   * sent). Left out: the error is printed, and the client learns only that there was one (500).
   */
  onError?: ErrorHandler;
}

/** A running server. */
export interface HttpServer extends AsyncDisposable {
  /** Where it listens; the first of `addresses`. */
  readonly address: SocketAddress;
  /** One address, or one of each family. */
  readonly addresses: SocketAddress[];
  /**
   * Settles when it has ended and its connections are closed. Rejects where it could not listen, or with ENETUNREACH when
   * the PvD it listens on is lost.
   */
  readonly finished: Promise<void>;
  /** Takes no more connections, lets the requests it has be answered, and ends; the same as `finished`. */
  shutdown(): Promise<void>;
}

/**
 * Serves HTTP/1.1 on the addresses of a PvD, and on nothing else.
 *
 * Bodies are streams both ways. The request's signal aborts when the client goes. Name the content-type of a text: Bun's
 * Response, unlike fetch's, has none by itself.
 *
 * @throws {MifError} What {@linkcode listen} throws.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { serve } from "@mif/sockets";
 *
 * const server = serve((request) => new Response(new URL(request.url).pathname), {
 *   hostname: "127.0.0.1",
 *   port: 0,
 * });
 * const response = await fetch(`http://127.0.0.1:${server.address.port}/hello`);
 * assert.equal(await response.text(), "/hello");
 * await server.shutdown();
 * ```
 */
export function serve(handler: FetchHandler, options: ServeOptions): HttpServer {
  const { tls = null, signal, onListen, onError = printed } = options;
  signal?.throwIfAborted();
  const pvd = listeningPvd(options);
  const sockets = listeningSockets({ ...options, pvd });
  const addresses = sockets.map((listening) => listening.getsockname());
  const onRequest = requestListener(handler, onError, tls ? "https" : "http");
  const running = new Running(onRequest, tls, pvd !== null);
  try {
    for (const listening of sockets) running.listenOn(listening);
  } catch (error) {
    for (const listening of sockets) listening.close();
    running.abort();
    throw error;
  }
  const abort = () => running.abort();
  signal?.addEventListener("abort", abort);
  const finished = running.finished().finally(() => signal?.removeEventListener("abort", abort));
  // Whoever awaits it learns of a failure; nobody has to.
  finished.catch(() => {});
  running.listening().then(() => onListen?.(addresses), () => {});
  const shutdown = () => {
    running.stop();
    return finished;
  };
  return { address: addresses[0]!, addresses, finished, shutdown, [Symbol.asyncDispose]: shutdown };
}

function printed(error: unknown): Response {
  console.error(error);
  return internalServerError();
}

/** The servers of one serve(), one for each address, and their connections. */
class Running {
  readonly #onRequest: RequestListener;
  readonly #tls: TlsOptions | null;
  readonly #onPvd: boolean;
  readonly #servers: { server: Server; listening: Promise<void>; closed: Promise<void> }[] = [];
  /** All, also those in a handshake. */
  readonly #open = new Set<RuntimeSocket>();
  /** Those that carry requests, with the number of requests that have no whole answer. */
  readonly #unanswered = new Map<RuntimeSocket, number>();
  #stopping = false;

  constructor(onRequest: RequestListener, tls: TlsOptions | null, onPvd: boolean) {
    this.#tls = tls;
    this.#onPvd = onPvd;
    this.#onRequest = (incoming, outgoing) => {
      this.#count(incoming.socket, 1);
      outgoing.on("close", () => this.#count(incoming.socket, -1));
      onRequest(incoming, outgoing);
    };
  }

  /** Takes a listening socket over. */
  listenOn(listening: Socket): void {
    const { port } = listening.getsockname();
    const accepted = this.#onPvd ? new AcceptedConnections(listening) : null;
    const { taken: server, end } = lend(
      listening,
      (fd) =>
        listenHttp({
          fd,
          port,
          tls: this.#tls,
          onConnection: (socket) => this.#accept(socket),
          onRequest: this.#onRequest,
        }),
      // Later: first each connection is kept from sending more.
      (error) => queueMicrotask(() => server.emit("error", error)),
    );
    server.once("close", end);
    server.on("connection", (socket) => {
      this.#track(socket);
      accepted?.watch(socket);
    });
    this.#servers.push({
      server,
      listening: new Promise((resolve, reject) => {
        server.once("listening", resolve);
        server.once("error", reject);
      }),
      closed: new Promise((resolve, reject) => {
        server.once("close", resolve);
        server.on("error", (error) => {
          this.abort();
          reject(error);
        });
      }),
    });
  }

  /** All listen. */
  async listening(): Promise<void> {
    await Promise.all(this.#servers.map(({ listening }) => listening));
  }

  /** All are closed, and so is every connection. */
  async finished(): Promise<void> {
    await Promise.all(this.#servers.map(({ closed }) => closed));
    await Promise.all([...this.#open].map((socket) => once(socket, "close")));
  }

  /** No more connections, and the end of each that is not amid a request. */
  stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    for (const { server } of this.#servers) server.close();
    for (const [socket, count] of this.#unanswered) {
      if (count === 0) socket.destroySoon();
    }
  }

  /** The end, now. */
  abort(): void {
    this.stop();
    for (const socket of this.#open) socket.destroy();
  }

  #track(socket: RuntimeSocket): void {
    if (this.#open.has(socket)) return;
    this.#open.add(socket);
    socket.on("close", () => this.#open.delete(socket));
    // Nobody else is told of a client that resets its connection, or of a PvD that is lost.
    socket.on("error", () => {});
  }

  #accept(socket: RuntimeSocket): void {
    this.#track(socket);
    if (this.#stopping) return void socket.destroy();
    this.#unanswered.set(socket, 0);
    socket.on("close", () => this.#unanswered.delete(socket));
  }

  #count(socket: RuntimeSocket, change: number): void {
    const count = this.#unanswered.get(socket);
    if (count === undefined) return;
    this.#unanswered.set(socket, count + change);
    if (this.#stopping && count + change === 0) socket.destroySoon();
  }
}
