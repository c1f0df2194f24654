/**
 * One connection to an HTTP/1.1 server: one request after the other, each with its response (RFC 9112 9).
 *
 * Not node:http, which takes 1.1 to 1.6 times the time of the runtimes' own fetch for a request, and in Deno twice
 * that for a large body; it also differs between the runtimes in what it takes for a response.
 *
 * @module
 */

import type { Socket as RuntimeSocket } from "node:net";
import { MifError } from "../error.ts";
import { Deadline } from "./deadline.ts";
import { Exchange, type ExchangeOptions, type HttpResponse } from "./exchange.ts";
import type { HttpRequest } from "./request.ts";
import { type ResponseHead, valuesOf } from "./response_head.ts";

/** A connection; destroy() it, or let the peer or a time limit end it. */
export class HttpConnection {
  readonly socket: RuntimeSocket;
  readonly #deadline = new Deadline();
  readonly #onFree: () => void;
  readonly #onClosed: () => void;
  #exchange: Exchange | null = null;
  #last: Exchange | null = null;
  #ended = false;
  #failure: unknown = null;
  /** Milliseconds the server said it waits for another request. */
  #keepAliveMs = Infinity;

  /**
   * Takes over a connected socket.
   *
   * @param onFree Called when another exchange may begin.
   * @param onClosed Called once, when none can any more.
   */
  constructor(socket: RuntimeSocket, onFree: () => void, onClosed: () => void) {
    this.socket = socket;
    this.#onFree = onFree;
    this.#onClosed = onClosed;
    socket.setNoDelay(true);
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("error", this.#onError);
    socket.on("close", this.#onClose);
  }

  /** Whether an exchange can begin. */
  get isFree(): boolean {
    return this.#exchange === null && !this.#ended && !this.socket.destroyed;
  }

  /**
   * Sends a request; resolves when the response's head is there. Its body may go on after that, both ways.
   *
   * @throws {MifError} EPROTO, ECONNRESET, ETIMEDOUT.
   * @throws What the request's stream throws; the signal's reason.
   */
  exchange(request: HttpRequest, options: ExchangeOptions): Promise<HttpResponse> {
    if (!this.isFree) throw new Error("The connection is not free");
    const { signal } = options;
    if (signal?.aborted) {
      // Nobody else knows of it.
      this.destroy();
      return Promise.reject(signal.reason);
    }
    return new Promise((resolve, reject) => {
      const exchange = new Exchange(request, options, this.socket, this.#deadline, {
        resolve,
        reject,
        over: (reusable, head) => this.#onOver(exchange, reusable, head),
      });
      this.#exchange = this.#last = exchange;
      this.socket.ref();
      exchange.start();
    });
  }

  /** Whether the server has sent anything in answer to the last request. */
  get answered(): boolean {
    return this.#last?.answered ?? false;
  }

  /** Closes it while it is free, unless an exchange begins within this time. */
  closeAfter(idleMs: number): void {
    this.socket.unref();
    this.#deadline.set(Math.min(idleMs, this.#keepAliveMs), () => this.destroy());
  }

  /** Ends it and the exchange that is under way. */
  destroy(error?: unknown): void {
    this.#failure ??= error ?? null;
    this.socket.destroy();
    this.#close();
  }

  /** Gives the socket away after an upgrade, paused, with what has come for the other protocol. */
  release(): { socket: RuntimeSocket; first: Uint8Array } {
    const { socket } = this;
    socket.off("data", this.#onData);
    socket.off("end", this.#onEnd);
    socket.off("error", this.#onError);
    socket.off("close", this.#onClose);
    this.#deadline.stop();
    this.#onClosed();
    return { socket, first: this.#last!.upgraded.take() };
  }

  #onData = (bytes: Uint8Array): void => {
    // Nobody asked for it: the answer to our next request it is not.
    if (this.#exchange === null) this.destroy();
    else this.#exchange.onData(bytes as Uint8Array<ArrayBuffer>);
  };

  #onEnd = (): void => {
    this.#ended = true;
    this.#exchange?.onEnd();
    this.destroy();
  };

  #onError = (error: Error): void => {
    this.#failure ??= error;
    this.#close();
  };

  #onClose = (): void => this.#close();

  #close(): void {
    this.#deadline.stop();
    this.#ended = true;
    const exchange = this.#exchange;
    this.#exchange = null;
    exchange?.fail(connectionLost(this.#failure));
    this.#onClosed();
  }

  #onOver(exchange: Exchange, reusable: boolean, head: ResponseHead): void {
    if (this.#exchange !== exchange) return;
    this.#exchange = null;
    if (!reusable || this.#ended || this.socket.destroyed) return this.destroy();
    this.#deadline.clear();
    this.#keepAliveMs = keepAliveMs(head);
    if (this.#keepAliveMs <= 0) this.destroy();
    else this.#onFree();
  }
}

/** The server closes at about the time it says: a request that meets that end is lost. */
const KEEP_ALIVE_MARGIN_MS = 1000;

function keepAliveMs({ fields }: ResponseHead): number {
  for (const parameter of valuesOf(fields, "keep-alive")) {
    const seconds = /^timeout\s*=\s*"?([0-9]{1,6})/i.exec(parameter)?.[1];
    if (seconds !== undefined) return Number(seconds) * 1000 - KEEP_ALIVE_MARGIN_MS;
  }
  return Infinity;
}

function connectionLost(cause: unknown): unknown {
  if (cause instanceof MifError) return cause;
  const { code, errno, message } = (cause ?? {}) as {
    code?: string;
    errno?: number;
    message?: string;
  };
  return new MifError(
    `The server has closed the connection before the response was whole${
      message === undefined ? "" : `: ${message}`
    }`,
    {
      code: typeof code === "string" ? code : "ECONNRESET",
      errno: Math.abs(errno ?? 104),
      syscall: "http",
      cause: cause ?? undefined,
    },
  );
}
