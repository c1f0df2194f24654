/**
 * WebSocket through a PvD, as the standard (websockets.spec.whatwg.org) has it.
 *
 * Not the package "ws": Bun puts a shim of its own in its place, and neither is the interface that browsers and both
 * runtimes have.
 *
 * @module
 */

import type { Socket as RuntimeSocket } from "node:net";
import { MifError } from "../error.ts";
import { HttpClient, type HttpClientOptions } from "../http/http_client.ts";
import { isToken } from "../http/token.ts";
import type { PvdInfo } from "../pvd/pvd.ts";
import { decodeText, encodeFrame, FrameError, MessageReader, Opcode } from "./frame.ts";
import { type Opened, openWebSocket } from "./handshake.ts";

/** How {@linkcode createWebSocket} connects and what it takes; each may be left out. */
export interface WebSocketOptions extends HttpClientOptions {
  /** Bytes that a message may have; 64 MiB where left out. A larger one ends the connection with 1009. */
  messageSizeMax?: number;
  /** Milliseconds that the peer has to answer close(); 10,000 where left out. */
  closeTimeoutMs?: number;
}

/** A WebSocket class whose connections are made through one PvD. */
export interface PvdWebSocketConstructor extends WebSocketStates {
  /**
   * Begins to connect to a ws:, wss:, http: or https: URL.
   *
   * @param protocols Subprotocols, the one liked best first.
   * @throws {DOMException} SyntaxError: no such URL, or no such protocols.
   */
  new (url: string | URL, protocols?: string | string[]): PvdWebSocket;
}

/** The values of `readyState`: of the class, and of each connection. */
export interface WebSocketStates {
  /** `readyState` before "open". */
  readonly CONNECTING: 0;
  /** `readyState` while messages may go both ways. */
  readonly OPEN: 1;
  /** `readyState` when either side has said that it ends. */
  readonly CLOSING: 2;
  /** `readyState` after "close". */
  readonly CLOSED: 3;
}

/** A connection: what `new` of {@linkcode createWebSocket}'s class gives. */
export interface PvdWebSocket extends EventTarget, WebSocketStates {
  /** The URL, ws: or wss:. */
  readonly url: string;
  /** Always empty: none is offered. */
  readonly extensions: string;
  /** The subprotocol that the server chose, or an empty string. */
  readonly protocol: string;
  /** CONNECTING 0, OPEN 1, CLOSING 2 or CLOSED 3. */
  readonly readyState: 0 | 1 | 2 | 3;
  /** Bytes given to send() that the kernel has not taken. */
  readonly bufferedAmount: number;
  /** What a binary message's `data` is; "blob" at first. */
  binaryType: "blob" | "arraybuffer";
  /** Called with the "open" event. */
  onopen: ((event: Event) => unknown) | null;
  /** Called with each "message" event. */
  onmessage: ((event: MessageEvent) => unknown) | null;
  /** Called with the "close" event. */
  onclose: ((event: CloseEvent) => unknown) | null;
  /** Called with the "error" event; its `error` says why. */
  onerror: ((event: ErrorEvent) => unknown) | null;
  /**
   * Sends a message: text, or bytes.
   *
   * @throws {DOMException} InvalidStateError while it is connecting. Afterwards nothing is said: see `readyState`.
   */
  send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void;
  /**
   * Ends the connection, after what was given to send().
   *
   * @param code 1000, or 3000 to 4999.
   * @param reason At most 123 bytes of UTF-8.
   * @throws {DOMException} InvalidAccessError: another code. SyntaxError: a longer reason.
   */
  close(code?: number, reason?: string): void;
}

/**
 * The WebSocket class on a PvD: names are resolved by the PvD's servers, and the connection stays on it. For code that
 * takes a class too.
 *
 * It is the standard's: the events open, message, close and error, text, ArrayBuffer and Blob. Extensions are not
 * offered. The `error` of an error event is a MifError that says why, as in fetch().
 *
 * @param pvd Null: the process' default of now (setprocpvd()), for good; else the system's way.
 * @throws {TypeError} It is no PvD.
 * @throws {RangeError} A time is out of range.
 *
 * @example
 * ```ts ignore
 * import { createWebSocket, listPvds } from "@mif/sockets";
 *
 * const WebSocket = createWebSocket(listPvds()[0]!);
 * const socket = new WebSocket("wss://www.example.com/chat", "chat");
 * socket.onopen = () => socket.send("hello");
 * socket.onmessage = ({ data }) => console.log(data);
 * ```
 */
export function createWebSocket(
  pvd: PvdInfo | null,
  options: WebSocketOptions = {},
): PvdWebSocketConstructor {
  const { messageSizeMax = 64 << 20, closeTimeoutMs = 10_000, ...rest } = options;
  for (const [name, value] of Object.entries({ messageSizeMax, closeTimeoutMs })) {
    if (!(value >= 0)) throw new RangeError(`${name} must be 0 or more, not ${value}`);
  }
  const client = new HttpClient(pvd, rest);
  return class WebSocket extends BaseWebSocket {
    constructor(url: string | URL, protocols: string | string[] = []) {
      super({ client, messageSizeMax, closeTimeoutMs }, url, protocols);
    }
  };
}

/** What all connections of one class have in common. */
interface Shared {
  client: HttpClient;
  messageSizeMax: number;
  closeTimeoutMs: number;
}

type Handler<E extends Event> = ((event: E) => unknown) | null;

/** What may wait to be sent before pings are no longer answered: whoever does not read gets no more. */
const PONG_BACKLOG_MAX = 64 * 1024;
/** A close frame's reason has no more room. */
const REASON_SIZE_MAX = 123;

/** What the classes of {@linkcode createWebSocket} are made from. */
class BaseWebSocket extends EventTarget implements PvdWebSocket {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readonly CLOSED = 3;
  readonly url: string;
  readonly extensions = "";
  readonly #shared: Shared;
  readonly #opening = new AbortController();
  readonly #reader: MessageReader;
  #binaryType: "blob" | "arraybuffer" = "blob";
  #protocol = "";
  #readyState: 0 | 1 | 2 | 3 = 0;
  #bufferedAmount = 0;
  #socket: RuntimeSocket | null = null;
  #closeTimer: ReturnType<typeof setTimeout> | undefined;
  /** The peer's close frame. */
  #closed: { code: number; reason: string } | null = null;
  #closeSent = false;
  #failure: unknown = null;
  /** Blobs are read in their own time, and what is sent behind one waits. */
  #sending: Promise<void> | null = null;
  readonly #handlers = new Map<string, Handler<never>>();

  constructor(shared: Shared, url: string | URL, protocols: string | string[]) {
    super();
    const parsed = parseUrl(String(url));
    const wanted = checkedProtocols(protocols);
    this.url = parsed.href;
    this.#shared = shared;
    this.#reader = new MessageReader({
      onMessage: (data, isText) => this.#onMessage(data, isText),
      onPing: (data) => this.#onPing(data),
      onClose: (code, reason) => this.#onClose(code, reason),
    }, shared.messageSizeMax);
    openWebSocket(shared.client, parsed, wanted, this.#opening.signal).then(
      (opened) => this.#onOpen(opened),
      (error) => this.#finish(error),
    );
  }

  get readyState(): 0 | 1 | 2 | 3 {
    return this.#readyState;
  }

  get bufferedAmount(): number {
    return this.#bufferedAmount;
  }

  get protocol(): string {
    return this.#protocol;
  }

  get binaryType(): "blob" | "arraybuffer" {
    return this.#binaryType;
  }

  set binaryType(type: "blob" | "arraybuffer") {
    // Anything else is ignored, as an enumeration is in the standard.
    if (type === "blob" || type === "arraybuffer") this.#binaryType = type;
  }

  get onopen(): Handler<Event> {
    return this.#handler("open");
  }

  set onopen(handler: Handler<Event>) {
    this.#setHandler("open", handler);
  }

  get onmessage(): Handler<MessageEvent> {
    return this.#handler("message");
  }

  set onmessage(handler: Handler<MessageEvent>) {
    this.#setHandler("message", handler);
  }

  get onclose(): Handler<CloseEvent> {
    return this.#handler("close");
  }

  set onclose(handler: Handler<CloseEvent>) {
    this.#setHandler("close", handler);
  }

  get onerror(): Handler<ErrorEvent> {
    return this.#handler("error");
  }

  set onerror(handler: Handler<ErrorEvent>) {
    this.#setHandler("error", handler);
  }

  send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
    if (this.#readyState === this.CONNECTING) {
      throw new DOMException("The WebSocket is still connecting", "InvalidStateError");
    }
    if (data instanceof Blob) return this.#sendBlob(data);
    if (isBuffer(data)) return this.#sendLater(Opcode.binary, new Uint8Array(data));
    if (ArrayBuffer.isView(data)) {
      const { buffer, byteOffset, byteLength } = data;
      return this.#sendLater(Opcode.binary, new Uint8Array(buffer, byteOffset, byteLength));
    }
    this.#sendLater(Opcode.text, new TextEncoder().encode(String(data)));
  }

  close(code?: number, reason = ""): void {
    const status = code === undefined ? undefined : Math.trunc(Number(code));
    if (status !== undefined && status !== 1000 && !(status >= 3000 && status <= 4999)) {
      throw new DOMException(`${code} is no code to close with`, "InvalidAccessError");
    }
    const text = new TextEncoder().encode(String(reason));
    if (text.length > REASON_SIZE_MAX) {
      throw new DOMException(`The reason is longer than ${REASON_SIZE_MAX} bytes`, "SyntaxError");
    }
    if (this.#readyState >= this.CLOSING) return;
    const wasConnecting = this.#readyState === this.CONNECTING;
    this.#readyState = this.CLOSING;
    if (wasConnecting) {
      return this.#opening.abort(new DOMException("It was closed while connecting", "AbortError"));
    }
    // A reason stands behind a code.
    const payload = closePayload(status ?? (text.length > 0 ? 1000 : undefined), text);
    this.#inTurn(() => this.#sendClose(payload));
  }

  #onMessage(data: Uint8Array<ArrayBuffer>, isText: boolean): void {
    const content = isText
      ? decodeText(data)
      : this.#binaryType === "blob"
      ? new Blob([data])
      : data.slice().buffer;
    if (this.#readyState !== this.OPEN) return;
    const { origin } = new URL(this.url);
    this.dispatchEvent(new MessageEvent("message", { data: content, origin }));
  }

  #onPing(data: Uint8Array): void {
    if (this.#closeSent || this.#socket!.writableLength > PONG_BACKLOG_MAX) return;
    this.#socket!.write(encodeFrame(Opcode.pong, data));
  }

  #onClose(code: number, reason: string): void {
    this.#closed = { code, reason };
    this.#readyState = this.CLOSING;
    this.#sendClose(closePayload(code === 1005 ? undefined : code, new Uint8Array(0)));
  }

  #onOpen({ socket, protocol, first }: Opened): void {
    this.#socket = socket;
    socket.on("data", (bytes: Uint8Array) => this.#onData(bytes));
    socket.on("error", (error) => this.#failure ??= error);
    socket.on("close", () => this.#finish(this.#failure));
    socket.on("end", () => socket.destroySoon());
    if (this.#readyState !== this.CONNECTING) {
      // It was closed in the moment it opened.
      return void socket.destroy(this.#opening.signal.reason);
    }
    this.#protocol = protocol;
    this.#readyState = this.OPEN;
    this.dispatchEvent(new Event("open"));
    this.#onData(first);
    socket.resume();
  }

  #onData(bytes: Uint8Array): void {
    // Behind a close frame there is nothing.
    if (this.#closed || this.#failure !== null) return;
    try {
      this.#reader.take(bytes);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#failure = new MifError(`The WebSocket of ${this.url} cannot go on: ${error.message}`, {
        code: "EPROTO",
        errno: 71,
        syscall: "websocket",
      });
      this.#readyState = this.CLOSING;
      const text = new TextEncoder().encode(error.message).subarray(0, REASON_SIZE_MAX);
      this.#sendClose(closePayload(error.code, text));
      this.#socket!.destroySoon();
    }
  }

  #sendBlob(blob: Blob): void {
    this.#bufferedAmount += blob.size;
    this.#queue(async () => {
      const data = new Uint8Array(await blob.arrayBuffer());
      this.#bufferedAmount -= blob.size;
      this.#sendNow(Opcode.binary, data);
    });
  }

  #sendLater(opcode: number, data: Uint8Array): void {
    if (this.#sending === null) return this.#sendNow(opcode, data);
    const copy = data.slice();
    this.#bufferedAmount += copy.length;
    this.#inTurn(() => {
      this.#bufferedAmount -= copy.length;
      this.#sendNow(opcode, copy);
    });
  }

  /** At once, or behind the blobs. */
  #inTurn(act: () => void): void {
    if (this.#sending === null) act();
    else this.#queue(act);
  }

  #queue(act: () => void | Promise<void>): void {
    const turn = (this.#sending ?? Promise.resolve()).then(act).catch((error) => {
      this.#failure ??= error;
      this.#socket?.destroy();
    }).then(() => {
      if (this.#sending === turn) this.#sending = null;
    });
    this.#sending = turn;
  }

  #sendNow(opcode: number, data: Uint8Array): void {
    const { length } = data;
    this.#bufferedAmount += length;
    // What is given after the end counts, and goes nowhere.
    if (this.#closeSent || this.#socket === null || this.#socket.destroyed) return;
    this.#socket.write(encodeFrame(opcode, data), () => this.#bufferedAmount -= length);
  }

  #sendClose(payload: Uint8Array): void {
    const socket = this.#socket!;
    if (!this.#closeSent && !socket.destroyed) socket.write(encodeFrame(Opcode.close, payload));
    this.#closeSent = true;
    // The server ends the connection first (RFC 6455 7.1.1), or has had its time.
    this.#closeTimer ??= setTimeout(() => socket.destroy(), this.#shared.closeTimeoutMs);
  }

  /** The connection is gone, or never was. */
  #finish(failure: unknown): void {
    if (this.#readyState === this.CLOSED) return;
    clearTimeout(this.#closeTimer);
    this.#readyState = this.CLOSED;
    const wasClean = this.#closed !== null && failure === null;
    if (!wasClean && failure !== null) {
      const message = String((failure as Error).message ?? failure);
      this.dispatchEvent(new ErrorEvent("error", { error: failure, message }));
    }
    const { code, reason } = wasClean ? this.#closed! : { code: 1006, reason: "" };
    this.dispatchEvent(new CloseEvent("close", { wasClean, code, reason }));
  }

  #handler<E extends Event>(type: string): Handler<E> {
    return (this.#handlers.get(type) ?? null) as Handler<E>;
  }

  #setHandler<E extends Event>(type: string, handler: Handler<E>): void {
    // Its place among the listeners is where one was set first.
    if (!this.#handlers.has(type)) {
      const call = (event: unknown) => this.#handler(type)?.call(this, event as never);
      this.addEventListener(type, call);
    }
    this.#handlers.set(type, typeof handler === "function" ? handler as Handler<never> : null);
  }
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol === "http:") url.protocol = "ws:";
  if (url?.protocol === "https:") url.protocol = "wss:";
  const why = url === null
    ? "it is no URL"
    : url.protocol !== "ws:" && url.protocol !== "wss:"
    ? `its scheme is ${url.protocol}`
    : url.href.includes("#")
    ? "it has a fragment"
    : null;
  if (why === null) return url!;
  throw new DOMException(
    `Cannot open a WebSocket to ${JSON.stringify(text)}: ${why}`,
    "SyntaxError",
  );
}

function checkedProtocols(protocols: string | string[]): string[] {
  const all = typeof protocols === "string" ? [protocols] : [...protocols].map(String);
  const isSound = all.every(isToken) && new Set(all).size === all.length;
  if (isSound) return all;
  throw new DOMException(`No subprotocols: ${JSON.stringify(all)}`, "SyntaxError");
}

function closePayload(code: number | undefined, reason: Uint8Array): Uint8Array {
  if (code === undefined) return new Uint8Array(0);
  return Uint8Array.of(code >> 8, code & 0xff, ...reason);
}

function isBuffer(data: unknown): data is ArrayBufferLike {
  return data instanceof ArrayBuffer ||
    (typeof SharedArrayBuffer === "function" && data instanceof SharedArrayBuffer);
}
