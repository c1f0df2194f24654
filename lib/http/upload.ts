/**
 * A request's body on its way to the server, as fast as that takes it.
 *
 * @module
 */

import type { Socket as RuntimeSocket } from "node:net";
import { drained } from "../connection/drained.ts";
import { lengthOf, type OutgoingBody } from "./request.ts";

/** How much of a body that is at hand is given to the socket at once. */
const SLICE_SIZE = 256 * 1024;

/** What gives a body piece by piece. */
interface Source {
  read(): Promise<{ done: boolean; value?: unknown }>;
  cancel(reason: unknown): Promise<void>;
}

/** Sends one body. */
export class Upload {
  readonly #socket: RuntimeSocket;
  readonly #source: Source;
  /** Null: in chunks. */
  readonly #length: number | null;
  #ended = false;

  /** @throws {TypeError} The body's stream is locked. */
  constructor(socket: RuntimeSocket, body: OutgoingBody) {
    this.#socket = socket;
    this.#source = "bytes" in body ? slices(body.bytes) : body.stream.getReader();
    this.#length = lengthOf(body);
  }

  /**
   * Sends all of it, or what there is until it is cancelled.
   *
   * @param waiting Told when the server takes no more, and when it goes on.
   * @throws {TypeError} The stream gives something else than bytes, or not as many as it said; what it fails with.
   */
  async run(waiting: (isWaiting: boolean) => void): Promise<void> {
    let left = this.#length ?? Infinity;
    while (!this.#ended) {
      const { done, value } = await this.#source.read();
      if (this.#ended) return;
      if (done) break;
      if (!(value instanceof Uint8Array)) {
        throw new TypeError("A body's stream must give Uint8Array");
      }
      if (value.length === 0) continue;
      left -= value.length;
      if (left < 0) throw new TypeError("A body's stream gave more than its length");
      if (this.#write(value)) continue;
      waiting(true);
      await drained(this.#socket);
      if (!this.#ended) waiting(false);
    }
    if (this.#ended) return;
    if (this.#length === null) this.#socket.write("0\r\n\r\n", "latin1");
    else if (left > 0) throw new TypeError("A body's stream gave less than its length");
  }

  /** Sends no more. */
  cancel(reason: unknown): void {
    this.#ended = true;
    this.#source.cancel(reason).catch(() => {});
  }

  /** False where the socket has enough. */
  #write(piece: Uint8Array): boolean {
    const socket = this.#socket;
    if (this.#length !== null) return socket.write(piece);
    socket.cork();
    socket.write(`${piece.length.toString(16)}\r\n`, "latin1");
    socket.write(piece);
    const more = socket.write("\r\n", "latin1");
    socket.uncork();
    return more;
  }
}

function slices(bytes: Uint8Array): Source {
  let at = 0;
  return {
    read: () => {
      if (at >= bytes.length) return Promise.resolve({ done: true });
      const value = bytes.subarray(at, at += SLICE_SIZE);
      return Promise.resolve({ done: false, value });
    },
    cancel: () => Promise.resolve(),
  };
}
