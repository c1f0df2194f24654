/**
 * Requests over connections through a PvD, which are kept and used again.
 *
 * @module
 */

import type { Socket as RuntimeSocket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { MifError } from "../error.ts";
import { processPvd } from "../pvd/process_pvd.ts";
import { checkPvd, type PvdInfo } from "../pvd/pvd.ts";
import { openStream } from "../connection/open_stream.ts";
import { ConnectionPool } from "./connection_pool.ts";
import type { ExchangeOptions, HttpResponse } from "./exchange.ts";
import { HttpConnection } from "./http_connection.ts";
import type { HttpRequest } from "./request.ts";
import type { ResponseHead } from "./response_head.ts";

/** How connections are made and how long is waited; each may be left out. */
export interface HttpClientOptions {
  /** What tls.connect() of node:tls takes: `ca` for an authority of one's own, `cert` and `key` for a client's. */
  tls?: ConnectionOptions;
  /** Milliseconds for name, connection and TLS together; 60,000 where left out. */
  connectTimeoutMs?: number;
  /** Milliseconds from the end of the request to the head of the response; 300,000 where left out. */
  headersTimeoutMs?: number;
  /** Milliseconds without a byte while the body is being read; 300,000 where left out. */
  bodyTimeoutMs?: number;
  /** Milliseconds that a connection waits for another request, 0: not at all; 60,000 where left out. */
  idleTimeoutMs?: number;
  /** As in connect(). */
  attemptDelayMs?: number;
  /** As in connect(). */
  addressPreferences?: number;
}

/** Whom a connection leads to. */
export interface Origin {
  secure: boolean;
  hostname: string;
  port: number;
}

/** A connection that speaks another protocol now. */
export interface Upgraded {
  head: ResponseHead;
  /** Paused. */
  socket: RuntimeSocket;
  /** What has come of the other protocol. */
  first: Uint8Array;
}

/** Methods that may be asked twice (RFC 9110 9.2.2). */
const IDEMPOTENT = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"];
/** How a connection ends that the server no longer wanted. */
const CLOSED = ["ECONNRESET", "EPIPE", "ECONNABORTED"];

/** Asks servers through one PvD. */
export class HttpClient {
  /** What the runtime calls itself. */
  readonly userAgent: string = navigator.userAgent;
  readonly #pvd: PvdInfo | null;
  readonly #byDefault: PvdInfo | "none" | null;
  readonly #options: HttpClientOptions;
  readonly #pool: ConnectionPool;

  constructor(pvd: PvdInfo | null, options: HttpClientOptions) {
    for (const [name, value] of Object.entries(options)) {
      if (name.endsWith("Ms")) checkedTimeout(name, value);
    }
    if (pvd !== null) checkPvd(pvd);
    this.#pvd = pvd;
    // Connections are kept: what they are on must not change under them.
    this.#byDefault = processPvd();
    this.#options = options;
    this.#pool = new ConnectionPool(options.idleTimeoutMs ?? 60_000);
  }

  /**
   * Sends a request; resolves when the head of the response is there.
   *
   * @throws {MifError} What connecting, TLS or the exchange failed with.
   * @throws The signal's reason.
   */
  async send(
    origin: Origin,
    request: HttpRequest,
    { signal, bodyError }: Pick<ExchangeOptions, "signal" | "bodyError">,
  ): Promise<HttpResponse> {
    const { headersTimeoutMs = 300_000, bodyTimeoutMs = 300_000 } = this.#options;
    const options = { signal, bodyError, headersTimeoutMs, bodyTimeoutMs };
    const kept = this.#pool.take(keyOf(origin));
    if (kept) {
      try {
        return await kept.exchange(request, options);
      } catch (error) {
        // The server may have closed it at the moment we sent.
        if (kept.answered || !mayRepeat(request, error)) throw error;
      }
    }
    const connection = await this.#open(origin, signal);
    return await connection.exchange(request, options);
  }

  /** Sends a request for another protocol; `socket` is null where the server keeps to HTTP. */
  async upgrade(
    origin: Origin,
    request: HttpRequest,
    signal: AbortSignal,
  ): Promise<Upgraded | { head: ResponseHead; socket: null }> {
    const { headersTimeoutMs = 300_000 } = this.#options;
    const connection = await this.#open(origin, signal);
    const { head } = await connection.exchange(
      { ...request, upgrade: true },
      { signal, headersTimeoutMs, bodyTimeoutMs: 0, bodyError: (error) => error },
    );
    if (head.status === 101) return { head, ...connection.release() };
    connection.destroy();
    return { head, socket: null };
  }

  /** Closes the connections that wait. */
  closeIdle(): void {
    this.#pool.closeIdle();
  }

  async #open(origin: Origin, signal: AbortSignal | undefined): Promise<HttpConnection> {
    const { secure, hostname, port } = origin;
    const { tls, connectTimeoutMs = 60_000, attemptDelayMs, addressPreferences } = this.#options;
    const key = keyOf(origin);
    const { socket } = await openStream(
      {
        hostname,
        port,
        pvd: this.#pvd,
        signal,
        timeoutMs: connectTimeoutMs,
        attemptDelayMs,
        addressPreferences,
        tls: secure && { ALPNProtocols: ["http/1.1"], ...tls },
      },
      false,
      this.#byDefault,
    ).catch((error) => {
      signal?.throwIfAborted();
      throw error instanceof MifError ? error : tlsError(hostname, error);
    });
    const connection: HttpConnection = new HttpConnection(
      socket,
      () => this.#pool.put(key, connection),
      () => this.#pool.delete(key, connection),
    );
    this.#pool.add(connection);
    return connection;
  }
}

/** Whom a URL leads to: http:, https:, ws: or wss:. */
export function originOf({ protocol, hostname, port }: URL): Origin {
  const secure = protocol === "https:" || protocol === "wss:";
  return {
    secure,
    hostname: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(port) || (secure ? 443 : 80),
  };
}

function keyOf({ secure, hostname, port }: Origin): string {
  return `${secure} ${hostname} ${port}`;
}

function mayRepeat({ method, body }: HttpRequest, error: unknown): boolean {
  return IDEMPOTENT.includes(method) && (body === null || "bytes" in body) &&
    error instanceof MifError && CLOSED.includes(error.code);
}

/** Node's and OpenSSL's names for what failed stay: CERT_HAS_EXPIRED, ERR_TLS_CERT_ALTNAME_INVALID and so on. */
function tlsError(hostname: string, error: unknown): unknown {
  const { code, message } = error as { code?: unknown; message?: string };
  if (typeof code !== "string" || error instanceof TypeError) return error;
  return new MifError(`TLS with ${hostname} failed: ${message}`, {
    code,
    syscall: "tls",
    cause: error,
  });
}

function checkedTimeout(name: string, value: unknown): void {
  if (value === undefined) return;
  if (typeof value !== "number") throw new TypeError(`${name} must be a number`);
  if (!(value >= 0)) throw new RangeError(`${name} must be 0 or more, not ${value}`);
}
