/**
 * One request on a connection and its response, both bodies as streams.
 *
 * @module
 */

import type { Socket as RuntimeSocket } from "node:net";
import { MifError } from "../error.ts";
import { type BodyDecoder, bodyDecoder } from "./body_decoder.ts";
import type { Deadline } from "./deadline.ts";
import { firstPiece, type HttpRequest } from "./request.ts";
import { GrowingBytes } from "./growing_bytes.ts";
import {
  badResponse,
  type Framing,
  framingOf,
  HeadReader,
  isPersistent,
  type ResponseHead,
} from "./response_head.ts";
import { Upload } from "./upload.ts";

/** How one exchange is to go. */
export interface ExchangeOptions {
  signal?: AbortSignal;
  /** Milliseconds from the request's end to the response's head. */
  headersTimeoutMs: number;
  /** Milliseconds that may pass without a byte of a body that is waited for. */
  bodyTimeoutMs: number;
  /** What the reader of the body is told of a failure; an abort is told with the signal's reason. */
  bodyError(error: unknown): unknown;
}

/** A response whose head is there. */
export interface HttpResponse {
  head: ResponseHead;
  /** Whole where it came with the head; null where there can be none. */
  body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>> | null;
}

/** What is read ahead of the body's reader. */
const READ_AHEAD = 256 * 1024;
/** Interim responses that a server may send before the response. */
const INTERIM_MAX = 32;

/** What an exchange tells the one who began it. */
export interface Told {
  resolve(response: HttpResponse): void;
  reject(error: unknown): void;
  /** The response is whole; not called when the exchange fails. */
  over(reusable: boolean, head: ResponseHead): void;
}

/** One request and its response. */
export class Exchange {
  /** Whether any byte of an answer has come. */
  answered = false;
  /** What came behind the head of an upgrade: the other protocol's. */
  readonly upgraded: GrowingBytes = new GrowingBytes();
  readonly #request: HttpRequest;
  readonly #options: ExchangeOptions;
  readonly #socket: RuntimeSocket;
  readonly #deadline: Deadline;
  readonly #told: Told;
  readonly #heads = new HeadReader();
  #head: ResponseHead | null = null;
  #interim = 0;
  #framing: Framing | null = null;
  #decoder: BodyDecoder | null = null;
  #controller: ReadableByteStreamController | null = null;
  #paused = false;
  /** The piece has its memory for itself: the stream, which takes the memory whole, may have it. */
  #owned = false;
  #uploading: Upload | null = null;
  #over = false;

  constructor(
    request: HttpRequest,
    options: ExchangeOptions,
    socket: RuntimeSocket,
    deadline: Deadline,
    told: Told,
  ) {
    this.#request = request;
    this.#options = options;
    this.#socket = socket;
    this.#deadline = deadline;
    this.#told = told;
  }

  start(): void {
    let isAll: boolean;
    try {
      const first = firstPiece(this.#request);
      isAll = first.isAll;
      if (!isAll) this.#uploading = new Upload(this.#socket, this.#request.body!);
      this.#socket.write(first.piece);
    } catch (error) {
      return this.#abandon(error);
    }
    this.#options.signal?.addEventListener("abort", this.#onAbort);
    if (isAll) this.#awaitHead();
    else this.#upload(this.#uploading!);
  }

  onData(bytes: Uint8Array<ArrayBuffer>): void {
    this.answered = true;
    this.#owned = bytes.length === bytes.buffer.byteLength;
    try {
      const rest = this.#decoder ? bytes : this.#takeHead(bytes);
      if (rest && !this.#over) this.#takeBody(rest);
    } catch (error) {
      this.#abandon(error);
    }
  }

  /** The server has closed its side. */
  onEnd(): void {
    // Only a body that nothing else ends is whole then.
    if (this.#over || this.#framing?.kind !== "close") return;
    this.#closeBody();
    this.#finish(false);
  }

  fail(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#forget();
    const { signal, bodyError } = this.#options;
    const told = signal?.aborted ? signal.reason : error;
    if (this.#controller === null) this.#told.reject(told);
    else this.#controller.error(signal?.aborted ? told : bodyError(error));
    this.#uploading?.cancel(told);
  }

  /** Takes what there is of a head; returns what is behind it, or null where it is not whole. */
  #takeHead(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | null {
    let next = this.#heads.take(bytes);
    // Nobody waits for 100 or 103.
    while (next && next.head.status < 200 && next.head.status !== 101) {
      if (++this.#interim > INTERIM_MAX) throw badResponse("it never comes to the point");
      next = next.rest.length > 0 ? this.#heads.take(next.rest) : null;
    }
    if (next === null) return null;
    const { head, rest } = next;
    if (head.status === 101 && !this.#request.upgrade) {
      throw badResponse("it switches protocols unasked");
    }
    this.#framing = framingOf(head, this.#request.method);
    this.#decoder = bodyDecoder(this.#framing);
    this.#head = head;
    return rest;
  }

  #takeBody(bytes: Uint8Array<ArrayBuffer>): void {
    const head = this.#head!;
    const decoder = this.#decoder!;
    if (head.status === 101) return this.#takeUpgraded(head, bytes);
    const part = decoder.decode(bytes) as Uint8Array<ArrayBuffer>;
    const isFirst = this.#controller === null;
    if (isFirst && decoder.done) {
      this.#told.resolve({ head, body: this.#framing!.kind === "none" ? null : part });
      return this.#finish(decoder.rest === 0);
    }
    if (isFirst) this.#told.resolve({ head, body: this.#bodyStream() });
    if (part.length > 0) this.#controller!.enqueue(this.#owned ? part : new Uint8Array(part));
    if (decoder.done) {
      this.#closeBody();
      return this.#finish(decoder.rest === 0);
    }
    if (this.#controller!.desiredSize! <= 0) this.#pause();
    else this.#awaitBody();
  }

  #takeUpgraded(head: ResponseHead, bytes: Uint8Array): void {
    this.upgraded.append(bytes);
    // The rest waits for who speaks that protocol.
    this.#socket.pause();
    this.#forget();
    this.#deadline.clear();
    this.#told.resolve({ head, body: null });
  }

  #bodyStream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream({
      type: "bytes",
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#resume(),
      cancel: (reason) => {
        this.#over = true;
        this.#forget();
        this.#uploading?.cancel(reason);
        this.#told.over(false, this.#head!);
      },
    }, { highWaterMark: READ_AHEAD });
  }

  #closeBody(): void {
    this.#controller?.close();
    // A reader that brought its own buffer is waiting for it.
    this.#controller?.byobRequest?.respond(0);
  }

  /** The response is whole. */
  #finish(reusable: boolean): void {
    this.#forget();
    this.#over = true;
    const uploading = this.#uploading;
    uploading?.cancel(new Error("The server has answered without waiting for the body"));
    this.#told.over(
      reusable && !uploading && isPersistent(this.#head!) && asksToPersist(this.#request),
      this.#head!,
    );
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
    // The next step is the reader's.
    this.#socket.unref();
    this.#deadline.clear();
  }

  #resume(): void {
    if (this.#over) return;
    this.#awaitBody();
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.ref();
    this.#socket.resume();
  }

  #awaitHead(): void {
    this.#await(this.#options.headersTimeoutMs, "has not answered within");
  }

  #awaitBody(): void {
    this.#await(this.#options.bodyTimeoutMs, "has sent nothing for");
  }

  #await(timeoutMs: number, what: string): void {
    this.#deadline.set(timeoutMs, () => this.#abandon(tookTooLong(`${what} ${timeoutMs} ms`)));
  }

  async #upload(uploading: Upload): Promise<void> {
    try {
      await uploading.run((isWaiting) => {
        // Once it answers, it is the answer that is waited for.
        if (this.#head !== null) return;
        if (isWaiting) this.#await(this.#options.bodyTimeoutMs, "has taken nothing for");
        else this.#deadline.clear();
      });
    } catch (error) {
      return this.#abandon(error);
    }
    this.#uploading = null;
    if (this.#head === null && !this.#over) this.#awaitHead();
  }

  #onAbort = (): void => this.#abandon(this.#options.signal!.reason);

  /** Fails, and so does the connection: nobody knows where the next response would begin. */
  #abandon(error: unknown): void {
    const failed = this.#over;
    this.fail(error);
    if (!failed) this.#socket.destroy();
  }

  #forget(): void {
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
  }
}

function asksToPersist({ fields }: HttpRequest): boolean {
  return !fields.some(([name, value]) => name === "connection" && /\bclose\b/i.test(value));
}

function tookTooLong(what: string): MifError {
  return new MifError(`The server ${what}`, { code: "ETIMEDOUT", errno: 110, syscall: "http" });
}
