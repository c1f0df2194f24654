/**
 * Listening for TCP connections on a PvD.
 *
 * Connections are accepted by our sockets as the caller asks for them, so what is not asked for waits in the kernel's
 * queue; then each is the runtime's own.
 *
 * @module
 */

import { checkedNumber } from "../checked_number.ts";
import { MifError } from "../error.ts";
import { pvdInForce, pvdTo } from "../pvd/process_pvd.ts";
import type { PvdInfo, SocketAddress } from "../pvd/pvd.ts";
import { Connection } from "./connection.ts";
import { numericAddress } from "./destination.ts";
import { adoptConnected } from "./open_stream.ts";
import {
  AF_INET,
  AF_INET6,
  IP_BIND_ADDRESS_NO_PORT,
  IPPROTO_IP,
  SO_REUSEADDR,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../socket/options.ts";
import type { SocketAddressInit } from "../socket/sockaddr.ts";
import { type Socket, systemSocket } from "../socket/socket.ts";

/**
 * Where {@linkcode listen} listens. At least one of `pvd` and `hostname` is needed, or a default PvD of the process:
 * nothing listens everywhere unasked.
 */
export interface ListenOptions {
  /** 0 to 65535; 0: one that is free. */
  port: number;
  /**
   * Only connections that come in by this PvD's interface to its address, answered by its router. Left out or null, it
   * is the process' default (setprocpvd()), if any.
   */
  pvd?: PvdInfo | null;
  /**
   * A numeric local address, which must be the PvD's where one is given. Left out: of each family the PvD has, the
   * address it prefers, with the same port.
   */
  hostname?: string;
  /** How many connections may wait to be accepted; 511 where left out. */
  backlog?: number;
}

/**
 * Accepts connections: iterate over it. A loop that is left leaves it listening; close it, or let `using` do it. Its
 * methods never throw; the loop does.
 *
 * @example
 * ```ts ignore
 * import { listen, listPvds } from "@mif/sockets";
 *
 * using listener = listen({ port: 8080, pvd: listPvds()[0] });
 * for await (const connection of listener) connection.readable.pipeTo(connection.writable);
 * ```
 */
export class Listener implements AsyncIterable<Connection>, Disposable {
  /** Where it listens: one address, or one of each family. */
  readonly addresses: SocketAddress[];
  /** The PvD it is bound to. */
  readonly pvd: PvdInfo | null;
  readonly #sockets: Socket[];

  /** For {@linkcode listen}. */
  constructor(sockets: Socket[], pvd: PvdInfo | null) {
    this.#sockets = sockets;
    this.addresses = sockets.map((listening) => listening.getsockname());
    this.pvd = pvd;
  }

  /** The connections, until it is closed. @throws {MifError} EMFILE and others of accept(2). */
  async *[Symbol.asyncIterator](): AsyncGenerator<Connection, void, undefined> {
    const stop = new AbortController();
    const pending = new Map<Socket, Promise<Accepted>>();
    try {
      while (true) {
        for (const listening of this.#sockets) {
          if (!listening.closed && !pending.has(listening)) {
            pending.set(listening, acceptNext(listening, stop.signal));
          }
        }
        if (pending.size === 0) return;
        const { by, connection } = await Promise.race(pending.values());
        pending.delete(by);
        if (connection) {
          yield new Connection(adoptConnected(connection, true), this.pvd);
        }
      }
    } finally {
      stop.abort();
      for (const accepted of pending.values()) {
        // Accepted in the moment the loop was left.
        accepted.then(({ connection }) => connection?.close(), () => {});
      }
    }
  }

  /** Waiting for a connection keeps the process alive: so it is unless unref() was called. */
  ref(): void {
    for (const listening of this.#sockets) listening.ref();
  }

  /** Waiting for a connection does not keep the process alive. */
  unref(): void {
    for (const listening of this.#sockets) listening.unref();
  }

  /** Ends the listening and the loop over it; connections stay open. */
  close(): void {
    for (const listening of this.#sockets) listening.close();
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Listens for TCP connections on a PvD.
 *
 * @throws {MifError} EADDRINUSE; EACCES for a port below 1024; what Socket.selectPvd() throws.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { connect, listen } from "@mif/sockets";
 *
 * using listener = listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = listener.addresses[0]!;
 * await using client = await connect({ hostname: "127.0.0.1", port });
 * for await (const connection of listener) {
 *   assert.equal(connection.socket.remotePort, client.socket.localPort);
 *   await connection.close();
 *   break;
 * }
 * ```
 */
export function listen(options: ListenOptions): Listener {
  const placed = { ...options, pvd: listeningPvd(options) };
  return new Listener(listeningSockets(placed), placed.pvd);
}

const EPHEMERAL_TRIES = 16;

/** The PvD to listen on: loopback needs none. */
export function listeningPvd({ pvd, hostname }: ListenOptions): PvdInfo | null {
  return hostname === undefined ? pvdInForce(pvd) : pvdTo(hostname, pvd);
}

/** Listening sockets with one port, the caller's to close. */
export function listeningSockets(options: ListenOptions & { pvd: PvdInfo | null }): Socket[] {
  const { pvd, hostname, backlog } = options;
  const port = checkedNumber("port", options.port, 0xffff);
  if (!pvd && hostname === undefined) {
    throw new TypeError("listen() needs a pvd, a hostname, or both");
  }
  for (let tries = 1;; tries++) {
    const sockets = hostname === undefined ? boundToPvd(pvd!) : [boundTo(hostname, pvd)];
    try {
      for (const bound of sockets) {
        const address = bindAddress(bound, hostname, pvd);
        bound.setsockopt(SOL_SOCKET, SO_REUSEADDR, true);
        bound.bind({ ...address, port: port || sockets[0]!.getsockname().port });
        bound.listen(backlog);
      }
      return sockets;
    } catch (error) {
      for (const opened of sockets) opened.close();
      // The free port was free in the first family only.
      const again = port === 0 && sockets.length > 1 && (error as MifError).code === "EADDRINUSE";
      if (!again || tries === EPHEMERAL_TRIES) throw error;
    }
  }
}

/** Where to bind: the unspecified address means the source of the socket's PvD. */
function bindAddress(
  bound: Socket,
  hostname: string | undefined,
  pvd: PvdInfo | null,
): SocketAddressInit {
  return hostname === undefined
    ? { address: bound.family === AF_INET ? "0.0.0.0" : "::" }
    : numericAddress(hostname, pvd);
}

/** A connection and who accepted it; null where there will be none: closed, or the loop was left. */
interface Accepted {
  by: Socket;
  connection: Socket | null;
}

async function acceptNext(by: Socket, signal: AbortSignal): Promise<Accepted> {
  while (true) {
    try {
      return { by, connection: await by.accept({ signal }) };
    } catch (error) {
      if (by.closed || signal.aborted) return { by, connection: null };
      // The peer was gone before we came to it.
      if (!(error instanceof MifError && error.code === "ECONNABORTED")) throw error;
    }
  }
}

/** A socket on the PvD for each family that it has an address of. */
function boundToPvd(pvd: PvdInfo): Socket[] {
  const families = new Set(pvd.addresses.map(({ family }) => family));
  const sockets: Socket[] = [];
  let without: MifError | null = null;
  for (const family of families) {
    const opened = systemSocket(family === 4 ? AF_INET : AF_INET6, SOCK_STREAM);
    try {
      opened.selectPvd(pvd);
      sockets.push(opened);
    } catch (error) {
      opened.close();
      // A family in which it has link-local addresses only.
      if (error instanceof MifError && error.code === "EADDRNOTAVAIL") without = error;
      else {
        for (const other of sockets) other.close();
        throw error;
      }
    }
  }
  if (sockets.length > 0) return sockets;
  throw without ?? addressMissing(pvd, "any address");
}

/** A socket bound to one address, on the PvD where there is one; the port can still be chosen. */
function boundTo(hostname: string, pvd: PvdInfo | null): Socket {
  const init = numericAddress(hostname, pvd);
  const opened = systemSocket(init.address.includes(":") ? AF_INET6 : AF_INET, SOCK_STREAM);
  if (!pvd) return opened;
  try {
    if (!pvd.addresses.some((own) => own.address === init.address)) {
      throw addressMissing(pvd, init.address);
    }
    opened.setsockopt(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, true);
    opened.bind(init);
    opened.selectPvd(pvd);
    return opened;
  } catch (error) {
    opened.close();
    throw error;
  }
}

function addressMissing(pvd: PvdInfo, what: string): MifError {
  return new MifError(`Cannot listen: PvD ${pvd.id} does not have ${what}`, {
    code: "EADDRNOTAVAIL",
    errno: 99,
    syscall: "bind",
  });
}
