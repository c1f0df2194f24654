/**
 * TCP and TLS connections through a PvD, as the runtime's own sockets and as web streams.
 *
 * The connection is made by our socket, which proves its way, and then handed to the runtime: reading and writing
 * are the runtime's own.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import type { Socket as RuntimeSocket } from "node:net";
import { finished, Readable } from "node:stream";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import { adopt } from "../../ffi/backend.ts";
import { native } from "../../ffi/library.ts";
import { MifError } from "../error.ts";
import { formatAddress, isLinkLocal, parseAddress } from "../ip/address.ts";
import { currentSnapshot } from "../netlink/current.ts";
import { interfaceName } from "../netlink/records.ts";
import type { PvdInfo } from "../pvd/pvd.ts";
import { AF_INET, AF_INET6, SOCK_STREAM } from "./options.ts";
import { checkedNumber, type SocketAddressInit } from "./sockaddr.ts";
import { socket, type WaitOptions } from "./socket.ts";

/** What {@linkcode connect} takes. */
export interface ConnectOptions extends WaitOptions {
  /**
   * A numeric address; behind "%" may stand an interface's name or index. A link-local address without it is meant on
   * the PvD's interface. Without a PvD also a name, which the system's resolver is asked for.
   */
  hostname: string;
  /** 1 to 65535. */
  port: number;
  /** Left out or null, the way is the system's. */
  pvd?: PvdInfo | null;
  /**
   * TLS over the connection: true, or what tls.connect() of node:tls takes. The certificate must be for `servername`,
   * which is also sent as SNI, else for `hostname`.
   */
  tls?: boolean | ConnectionOptions;
}

/** An open connection. Close it, or let `await using` do it. */
export class Connection implements AsyncDisposable {
  /**
   * The runtime's socket; with TLS a tls.TLSSocket. It stays open for writing when the peer has ended its side. Use
   * either this or the streams.
   */
  readonly socket: RuntimeSocket;
  /** The PvD it was opened or accepted on. */
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
 * @throws {MifError} ECONNREFUSED, EHOSTUNREACH and others of connect(2); ETIMEDOUT after `timeoutMs`; what
 *   Socket.selectPvd() throws; EAI_NONAME: a name with a PvD, whose servers alone may be asked.
 * @throws The signal's reason; node:tls' own errors where TLS fails.
 *
 * @example
 * ```ts ignore
 * import { connect, listPvds } from "@mif/sockets";
 *
 * const pvd = listPvds().find((pvd) => pvd.interface.name === "wlan0");
 * await using connection = await connect({ hostname: "192.0.2.1", port: 7, pvd, timeoutMs: 5000 });
 * const writer = connection.writable.getWriter();
 * await writer.write(new TextEncoder().encode("hello"));
 * await writer.close();
 * console.log(await new Response(connection.readable).text());
 * ```
 *
 * HTTP/2, over TLS:
 *
 * ```ts ignore
 * import { connect as connectHttp2 } from "node:http2";
 *
 * const tls = { servername: "www.example.com", ALPNProtocols: ["h2"] };
 * const { socket } = await connect({ hostname: "192.0.2.1", port: 443, pvd, tls });
 * const session = connectHttp2("https://www.example.com", { createConnection: () => socket });
 * ```
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  return new Connection(await openSocket(options, true), options.pvd ?? null);
}

/** What {@linkcode connect} does, up to the runtime's socket; with `allowHalfOpen` as in node:net. */
export async function openSocket(
  options: ConnectOptions,
  allowHalfOpen: boolean,
): Promise<RuntimeSocket> {
  const { hostname, port, pvd = null, tls } = options;
  if (typeof hostname !== "string") throw new TypeError("hostname must be a string");
  checkedNumber("port", port, 0xffff);
  using limit = new Limit(options);
  const addresses = await addressesOf(hostname, pvd, limit.signal);
  const fd = await connectFirst(addresses, port, pvd, limit.signal);
  const plain = adoptConnected(fd, allowHalfOpen);
  if (tls === undefined || tls === false) return plain;
  const address = parseAddress(hostname);
  return await secure(plain, {
    host: address ? formatAddress(address.bytes) : hostname,
    // SNI holds names only (RFC 6066 3).
    ...(address ? {} : { servername: hostname }),
    ...(tls === true ? {} : tls),
  }, limit.signal);
}

/** Gives a connected descriptor to the runtime; it is closed where the runtime refuses it. */
export function adoptConnected(fd: number, allowHalfOpen: boolean): RuntimeSocket {
  try {
    return adopt(fd, { allowHalfOpen });
  } catch (error) {
    native().mif_close(fd);
    throw error;
  }
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
        socket.write(chunk, (error) => error ? reject(error) : resolve());
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

/** The caller's signal and time limit as one signal, until it is disposed of. */
class Limit implements Disposable {
  readonly signal: AbortSignal;
  #release: () => void;

  constructor({ signal, timeoutMs }: WaitOptions) {
    signal?.throwIfAborted();
    const controller = new AbortController();
    const abort = () => controller.abort(signal!.reason);
    signal?.addEventListener("abort", abort);
    const timer = timeoutMs === undefined
      ? undefined
      : setTimeout(() => controller.abort(tookTooLong(timeoutMs)), timeoutMs);
    this.signal = controller.signal;
    this.#release = () => {
      signal?.removeEventListener("abort", abort);
      clearTimeout(timer);
    };
  }

  [Symbol.dispose](): void {
    this.#release();
  }
}

/**
 * A numeric address as a socket takes it; a link-local one without zone is meant on the PvD's interface.
 *
 * @throws {TypeError} The text is no numeric address.
 * @throws {MifError} ENODEV: its zone names no interface.
 */
export function numericAddress(text: string, pvd: PvdInfo | null): SocketAddressInit {
  const parsed = parseAddress(text);
  if (!parsed) throw new TypeError(`Not a numeric address: ${text}`);
  const address = formatAddress(parsed.bytes);
  if (parsed.zone !== null) return { address, scopeId: zoneIndex(parsed.zone) };
  const linkLocal = parsed.family === 6 && isLinkLocal(parsed.bytes);
  return { address, scopeId: linkLocal ? pvd?.interface.index : undefined };
}

/** The addresses to try, in this order. */
async function addressesOf(
  hostname: string,
  pvd: PvdInfo | null,
  signal: AbortSignal,
): Promise<SocketAddressInit[]> {
  if (parseAddress(hostname)) return [numericAddress(hostname, pvd)];
  if (pvd) {
    // The system's resolver would ask the servers of another network.
    throw new MifError(
      `Cannot connect to ${hostname} on PvD ${pvd.id}: names through a PvD come with getaddrinfo; ` +
        "give a numeric address",
      { code: "EAI_NONAME", syscall: "getaddrinfo" },
    );
  }
  const found = await unlessAborted(lookup(hostname, { all: true }), signal);
  return found.map(({ address }) => numericAddress(address, null));
}

function zoneIndex(zone: string): number {
  if (/^\d{1,9}$/.test(zone)) return Number(zone);
  const link = currentSnapshot().links.find(({ name }) => interfaceName(name) === zone);
  if (link) return link.index;
  throw new MifError(`There is no interface ${zone}`, {
    code: "ENODEV",
    errno: 19,
    syscall: "if_nametoindex",
  });
}

/** A connected descriptor, the caller's to close. */
async function connectFirst(
  addresses: SocketAddressInit[],
  port: number,
  pvd: PvdInfo | null,
  signal: AbortSignal,
): Promise<number> {
  let failure: unknown = new MifError("The name has no address", {
    code: "EAI_NODATA",
    syscall: "getaddrinfo",
  });
  for (const address of addresses) {
    using attempt = socket(address.address.includes(":") ? AF_INET6 : AF_INET, SOCK_STREAM);
    try {
      if (pvd) attempt.selectPvd(pvd);
      await attempt.connect({ ...address, port }, { signal });
      return attempt.detach();
    } catch (error) {
      signal.throwIfAborted();
      failure = error;
    }
  }
  throw failure;
}

/** TLS over a connection; the connection ends with its failure. */
function secure(
  plain: RuntimeSocket,
  options: ConnectionOptions,
  signal: AbortSignal,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const fail = (reason: unknown) => {
      forget();
      plain.destroy();
      secured?.destroy();
      reject(reason);
    };
    const abort = () => fail(signal.reason);
    const closed = () =>
      fail(
        new MifError("The peer closed the connection before TLS was established", {
          code: "ECONNRESET",
          errno: 104,
          syscall: "connect",
        }),
      );
    const forget = () => {
      signal.removeEventListener("abort", abort);
      secured?.off("close", closed);
      secured?.off("secureConnect", done);
    };
    const done = () => {
      forget();
      secured!.off("error", fail);
      plain.off("error", fail);
      // The TLS socket tells it.
      plain.on("error", () => {});
      resolve(secured!);
    };
    let secured: TLSSocket | undefined;
    plain.on("error", fail);
    try {
      signal.throwIfAborted();
      secured = connectTls({ ...options, socket: plain });
    } catch (error) {
      return fail(error);
    }
    // Kept after a failure: what fails later has nobody left to tell.
    secured.on("error", fail);
    secured.on("close", closed);
    secured.on("secureConnect", done);
    signal.addEventListener("abort", abort);
  });
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function tookTooLong(timeoutMs: number): MifError {
  return new MifError(`Cannot connect within ${timeoutMs} ms`, {
    code: "ETIMEDOUT",
    errno: 110,
    syscall: "connect",
  });
}
