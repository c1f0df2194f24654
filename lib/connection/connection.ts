/**
 * TCP and TLS connections through a PvD, as the runtime's own sockets and as web streams.
 *
 * The connection is made by our socket, which proves its way, and then handed to the runtime: reading and writing
 * are the runtime's own.
 *
 * @module
 */

import type { Socket as RuntimeSocket } from "node:net";
import { finished, Readable } from "node:stream";
import type { PvdInfo } from "../pvd/pvd.ts";
import { type ConnectOptions, openStream } from "./open_stream.ts";

/**
 * An open connection. Close it, or let `await using` do it. When its PvD is lost it is destroyed with an ENETUNREACH
 * that names it. Its methods never throw: what fails is the error of the socket or of the streams.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { connect, listen } from "@mif/sockets";
 *
 * using listener = listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = listener.addresses[0]!;
 * await using connection = await connect({ hostname: "127.0.0.1", port });
 * const writer = connection.writable.getWriter();
 * await writer.write(new TextEncoder().encode("hello"));
 * await writer.close();
 * for await (const accepted of listener) {
 *   assert.equal(await new Response(accepted.readable).text(), "hello");
 *   await accepted.close();
 *   break;
 * }
 * ```
 */
export class Connection implements AsyncDisposable {
  /**
   * The runtime's socket; with TLS a tls.TLSSocket. It stays open for writing when the peer has ended its side. Use
   * either this or the streams.
   */
  readonly socket: RuntimeSocket;
  /** The PvD it was opened or accepted on; null: by the system's way. */
  readonly pvd: PvdInfo | null;
  #readable: ReadableStream<Uint8Array> | null = null;
  #writable: WritableStream<Uint8Array> | null = null;
  #failure: Error | null = null;

  /** For {@linkcode connect} and listeners: takes over a connected socket. */
  constructor(socket: RuntimeSocket, pvd: PvdInfo | null) {
    this.socket = socket;
    this.pvd = pvd;
    // Also keeps the process alive when a peer resets a connection that nobody reads.
    socket.on("error", (error) => this.#failure ??= error);
  }

  /** What the peer sends. */
  get readable(): ReadableStream<Uint8Array> {
    return this.#readable ??= readableOf(this.socket, this.#failure);
  }

  /** What the peer is sent; closing it ends our side only. */
  get writable(): WritableStream<Uint8Array> {
    return this.#writable ??= writableOf(this.socket, this.#failure);
  }

  /** Sends what was written, then closes. Where the peer may not read, `socket.destroy()` does not wait. */
  close(): Promise<void> {
    if (this.socket.closed) return Promise.resolve();
    return new Promise((resolve) => {
      this.socket.once("close", () => resolve());
      this.socket.destroySoon();
    });
  }

  /** Closes the connection. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Connects by TCP, through a PvD where one is given, and by TLS over it where asked.
 *
 * The host's addresses are tried as RFC 8305 says, the families by turns: the next begins when the one before has
 * failed or has not answered for `attemptDelayMs`, and the first that answers is taken.
 *
 * @throws {MifError} EAI_NONAME and others of getaddrinfo(); ECONNREFUSED, EHOSTUNREACH and others of connect(2);
 *   ETIMEDOUT after `timeoutMs`; what Socket.selectPvd() throws; ENONET: "any" and there is no PvD. Where several
 *   addresses or PvDs failed the message names each, and `cause` is an AggregateError of theirs.
 * @throws The signal's reason; node:tls' own errors where TLS fails.
 *
 * @example
 * ```ts ignore
 * import { connect, listPvds } from "@mif/sockets";
 *
 * const pvd = listPvds().find((pvd) => pvd.interface.name === "wlan0");
 * await using connection = await connect({ hostname: "www.example.com", port: 7, pvd, timeoutMs: 5000 });
 * const writer = connection.writable.getWriter();
 * await writer.write(new TextEncoder().encode("hello"));
 * await writer.close();
 * console.log(await new Response(connection.readable).text());
 * ```
 *
 * Whichever PvD leads there but no captive one, those that cost nothing first, and HTTP/2 over TLS:
 *
 * ```ts ignore
 * import { connect as connectHttp2 } from "node:http2";
 * import { connect, rankPvds } from "@mif/sockets";
 *
 * const { socket, pvd } = await connect({
 *   hostname: "www.example.com",
 *   port: 443,
 *   pvd: "any",
 *   policy: (pvds) => rankPvds({ captive: false }, [{ metered: false }], pvds),
 *   tls: { ALPNProtocols: ["h2"] },
 * });
 * const session = connectHttp2("https://www.example.com", { createConnection: () => socket });
 * ```
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const { socket, pvd } = await openStream(options, true);
  return new Connection(socket, pvd);
}

/** A socket that failed before would look like one that ended, hence `failure`. */
function readableOf(socket: RuntimeSocket, failure: Error | null): ReadableStream<Uint8Array> {
  return failure === null
    ? Readable.toWeb(socket) as unknown as ReadableStream<Uint8Array>
    : new ReadableStream({ start: (controller) => controller.error(failure) });
}

/** Not Duplex.toWeb(), whose close() waits for the peer to end too. */
function writableOf(socket: RuntimeSocket, failure: Error | null): WritableStream<Uint8Array> {
  return new WritableStream<Uint8Array>({
    start(controller) {
      if (failure !== null) controller.error(failure);
      socket.on("error", (error) => controller.error(error));
      socket.on("close", () => controller.error(new Error("The connection is closed")));
    },
    write(chunk) {
      return new Promise((resolve, reject) => {
        // What ended the socket, and not what the runtime makes of it for a write under way (Deno: ECANCELED).
        socket.write(chunk, (error) => error ? reject(socket.errored ?? error) : resolve());
      });
    },
    close() {
      return new Promise<void>((resolve, reject) => {
        finished(socket, { readable: false }, (error) => error ? reject(error) : resolve());
        socket.end();
      });
    },
    abort: () => void socket.destroy(),
  }, new ByteLengthQueuingStrategy({ highWaterMark: 1 << 16 }));
}
