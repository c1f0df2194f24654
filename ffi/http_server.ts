/**
 * An HTTP server on a listening descriptor: the other part that differs between runtimes.
 *
 * Deno's node:http listens on a descriptor. Bun's does not, and listens on a port of its own choice instead without an
 * error, as Bun.serve and Deno.serve do; its node:net and node:tls listen, and node:http takes their connections (in
 * which Deno resets a connection at its third request).
 *
 * @module
 */

import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { MifError } from "../lib/error.ts";

/** What an HTTP server on a descriptor is made of. */
export interface ListenHttpOptions {
  /** A listening socket of TCP; the server owns it from then on. */
  fd: number;
  /** The port it listens on. */
  port: number;
  /** Null: HTTP without TLS. */
  tls: TlsOptions | null;
  /** Takes each connection before its first request; with TLS a TLSSocket, after the handshake. */
  onConnection: (socket: Socket) => void;
  onRequest: RequestListener;
}

/**
 * Starts an HTTP/1.1 server on a listening descriptor.
 *
 * @returns What listens: it emits "listening" or "error", "connection" (before any handshake), and "close" once it is
 *   closed and has no connections left. An error is also that the runtime listens elsewhere.
 */
export function listenHttp(options: ListenHttpOptions): Server {
  const { fd, port } = options;
  const server = "Bun" in globalThis ? serverInBun(options) : serverInDeno(options);
  server.prependOnceListener("listening", () => {
    const address = server.address() as AddressInfo | null;
    if (address?.port === port) return;
    server.close();
    server.emit(
      "error",
      new MifError(`The runtime listens on port ${address?.port} instead of the descriptor given`, {
        code: "ENOTSUP",
        errno: 95,
        syscall: "listen",
      }),
    );
  });
  server.listen({ fd });
  return server;
}

function serverInDeno({ tls, onConnection, onRequest }: ListenHttpOptions): Server {
  return tls
    ? createHttpsServer(tls, onRequest).on("secureConnection", onConnection)
    : createHttpServer(onRequest).on("connection", onConnection);
}

function serverInBun({ tls, onConnection, onRequest }: ListenHttpOptions): Server {
  const http = createHttpServer(onRequest);
  const take = (socket: Socket) => {
    onConnection(socket);
    http.emit("connection", socket);
  };
  return tls ? createTlsServer(tls, take) : createServer(take);
}
