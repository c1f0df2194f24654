/**
 * Questions to one server by TCP (RFC 7766), over our own sockets: from the PvD's source and by its router, or not at all.
 *
 * One connection for each question: it is asked when UDP could not carry an answer. Everything has to happen before the time is
 * over, however slowly a peer sends, and no more is read than a message may have.
 *
 * @module
 */

import { MifError } from "../error.ts";
import type { PvdInfo } from "../pvd/pvd.ts";
import { AF_INET, AF_INET6, SOCK_STREAM } from "../socket/options.ts";
import { type Socket, systemSocket } from "../socket/socket.ts";
import { answerKind, messageId, type Query } from "./message.ts";
import { randomUint16 } from "./random.ts";
import { type Cancellation, cancelled, type ServerAddress, type Transport } from "./transport.ts";

/** Connections to one server at the same time; other questions wait. */
const CONNECTIONS_MAX = 8;

/** Asks one server by TCP. */
export class TcpTransport implements Transport {
  readonly #pvd: PvdInfo | null;
  readonly #server: ServerAddress;
  #connections = 0;
  /** Those who wait for a connection to end. */
  readonly #waiting = new Set<() => void>();

  /** For one server of one PvD; null is the system's way. */
  constructor(pvd: PvdInfo | null, server: ServerAddress) {
    this.#pvd = pvd;
    this.#server = server;
  }

  /** For {@linkcode Transport}. */
  async ask(query: Query, timeoutMs: number, cancellation: Cancellation): Promise<Uint8Array> {
    using limit = new Limit(timeoutMs, cancellation, this.#server);
    if (this.#connections < CONNECTIONS_MAX) this.#connections++;
    else await this.#turn(limit);
    try {
      return await this.#exchange(query, limit);
    } finally {
      // The next one has our place.
      const [next] = this.#waiting;
      if (next) this.#waiting.delete(next);
      else this.#connections--;
      next?.();
    }
  }

  /** Resolves when there is room for a connection; rejects when the limit is reached. */
  #turn(limit: Limit): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.add(resolve);
      limit.onEnd = () => {
        this.#waiting.delete(resolve);
        reject(limit.error);
      };
    });
  }

  async #exchange(query: Query, limit: Limit): Promise<Uint8Array> {
    if (limit.error) throw limit.error;
    const { address, port, scopeId } = this.#server;
    using opened = systemSocket(address.includes(":") ? AF_INET6 : AF_INET, SOCK_STREAM);
    // A closed socket ends whatever waits for it.
    limit.onEnd = () => opened.close();
    try {
      opened.selectPvd(this.#pvd);
      await opened.connect({ address, port, scopeId });
      const id = randomUint16();
      await opened.send(framed(query, id));
      const stream = new MessageStream(opened);
      while (true) {
        const bytes = await stream.next();
        const isOurs = bytes.length >= 2 && messageId(bytes) === id;
        if (isOurs && answerKind(bytes, query) !== "other") return bytes;
      }
    } catch (error) {
      throw limit.error ?? error;
    }
  }
}

/** Two bytes of length, then the message (RFC 1035 4.2.2), with its ID. */
function framed({ wire }: Query, id: number): Uint8Array {
  const bytes = new Uint8Array(2 + wire.length);
  bytes.set([wire.length >> 8, wire.length & 0xff]);
  bytes.set(wire, 2);
  bytes.set([id >> 8, id & 0xff], 2);
  return bytes;
}

/** The messages that come on a connection. */
class MessageStream {
  readonly #socket: Socket;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(opened: Socket) {
    this.#socket = opened;
  }

  async next(): Promise<Uint8Array> {
    const length = await this.#read(2);
    return await this.#read(length[0]! << 8 | length[1]!);
  }

  /** Exactly so many bytes. */
  async #read(size: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(size);
    for (let length = 0; length < size;) {
      if (this.#at === this.#chunk.length) {
        this.#chunk = await this.#socket.recv();
        this.#at = 0;
        if (this.#chunk.length === 0) throw ended();
      }
      const part = this.#chunk.subarray(this.#at, this.#at + size - length);
      bytes.set(part, length);
      length += part.length;
      this.#at += part.length;
    }
    return bytes;
  }
}

/** The time and the cancellation of one question. */
class Limit implements Disposable {
  /** Why it ended, once it did. */
  error: MifError | null = null;
  /** Called when it ends. */
  onEnd: () => void = () => {};
  readonly #cancellation: Cancellation;
  readonly #timer: ReturnType<typeof setTimeout>;

  constructor(timeoutMs: number, cancellation: Cancellation, { address }: ServerAddress) {
    this.#cancellation = cancellation;
    cancellation.onCancel = () => this.#end(cancelled());
    this.#timer = setTimeout(() => {
      this.#end(
        new MifError(`${address} did not answer by TCP within ${Math.ceil(timeoutMs)} ms`, {
          code: "ETIMEDOUT",
          errno: 110,
          syscall: "recv",
        }),
      );
    }, timeoutMs);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#cancellation.onCancel = null;
  }

  #end(error: MifError): void {
    this.error ??= error;
    this.onEnd();
  }
}

function ended(): MifError {
  return new MifError("The server ended the connection before its answer", {
    code: "ECONNRESET",
    errno: 104,
    syscall: "recv",
  });
}
