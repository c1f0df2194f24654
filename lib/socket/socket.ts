/**
 * Sockets of the kernel's own, for both runtimes: what the runtimes' sockets cannot do (raw sockets, control
 * messages, socket options, one provisioning domain), with promises.
 *
 * @module
 */

import { readDatagrams } from "../../ffi/backend.ts";
import { MessageRecord } from "../../ffi/layout.gen.ts";
import { native } from "../../ffi/library.ts";
import { checkedNumber } from "../checked_number.ts";
import { checked, EAGAIN, EBADF, EINPROGRESS, EMSGSIZE, errnoName, ETIMEDOUT } from "../errno.ts";
import { MifError } from "../error.ts";
import { listPvds } from "../pvd/list.ts";
import { isLoopbackHost, processPvd, pvdInForce } from "../pvd/process_pvd.ts";
import type { PvdInfo, SocketAddress } from "../pvd/pvd.ts";
import {
  BATCH_MAX,
  batchArena,
  CONTROL_SIZE,
  DATA_SIZE,
  outgoingArena,
  placeInBatch,
  receivedMessage,
  singleArena,
} from "./arena.ts";
import { type ControlMessage, type ControlMessageInit, encodeControl } from "./control.ts";
import {
  IP_BIND_ADDRESS_NO_PORT,
  IP_MULTICAST_IF,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_MULTICAST_IF,
  IPV6_PKTINFO,
  MSG_PEEK,
  MSG_TRUNC,
  SO_BINDTOIFINDEX,
  SO_COOKIE,
  SO_ERROR,
  SO_RCVBUF,
  SO_SNDBUF,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./options.ts";
import { readOptions } from "./read_options.ts";
import {
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  reactor,
  runtimeMayRead,
} from "./reactor.ts";
import { boundPvd, cutOff, Selection } from "./selection.ts";
import { senderOf } from "./sender.ts";
import {
  decodeSockaddr,
  encodeSockaddr,
  SOCKADDR_SIZE,
  type SocketAddressInit,
} from "./sockaddr.ts";

/** How long an operation may take. */
export interface WaitOptions {
  /** Ends the wait with the signal's reason. */
  signal?: AbortSignal;
  /** Milliseconds until the wait ends with ETIMEDOUT; without it there is no limit. */
  timeoutMs?: number;
}

/** A message to send. */
export interface OutgoingMessage {
  /** What to send; empty is a datagram too. */
  data: Uint8Array;
  /** Where to; left out on a connected socket. */
  to?: SocketAddressInit;
  /** Control messages (RFC 3542, cmsg(3)). */
  control?: readonly ControlMessageInit[];
  /** MSG_* of send(2), or'ed; 0 where left out. */
  flags?: number;
}

/** What {@linkcode Socket.recvmsg} may take. */
export interface ReceiveOptions extends WaitOptions {
  /** Room for the data in bytes; 65536 where left out. */
  size?: number;
  /** Room for control messages in bytes; 1024 where left out. */
  controlSize?: number;
  /** MSG_* of recv(2), or'ed; 0 where left out. */
  flags?: number;
}

/** A message that came. */
export interface ReceivedMessage {
  /** The data, a copy of the caller's own. */
  data: Uint8Array;
  /** The length the message had; more than `data` holds where it was cut. */
  length: number;
  /** Who sent it; null on a connected stream. */
  from: SocketAddress | null;
  /** The sender's sockaddr where it is of no IP family: sockaddr_ll of packet(7). Else left out. */
  name?: Uint8Array;
  /** The control messages the socket's options asked for (RFC 3542, cmsg(3)). */
  control: ControlMessage[];
  /** There was no room for all of the data (MSG_TRUNC). */
  truncated: boolean;
  /** There was no room for all of the control messages (MSG_CTRUNC). */
  controlTruncated: boolean;
}

const DATA_SIZE_MAX = 64 * 1024 * 1024;
const CONTROL_SIZE_MAX = 65536;
/** After so many messages timers and others' sockets have their turn, however many are waiting. */
const BURST_MAX = 256;
const nothing = new Uint8Array(0);
/** Options that ask for no control messages: those a socket on a PvD is given, and the sizes of its queues. */
const PLAIN_OPTIONS: readonly number[] = [
  [SOL_SOCKET, SO_BINDTOIFINDEX],
  [SOL_SOCKET, SO_RCVBUF],
  [SOL_SOCKET, SO_SNDBUF],
  [IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT],
  [IPPROTO_IP, IP_MULTICAST_IF],
  [IPPROTO_IPV6, IPV6_MULTICAST_IF],
  [IPPROTO_IPV6, IPV6_PKTINFO],
].map(([level, name]) => level! * 0x10000 + name!);
/** What setTimeout() can count to, 24 days: longer is for ever. */
export const TIMEOUT_MAX_MS = 0x7fffffff;

/** What an operation waits for; "datagram" is a read that the runtime may do for us. */
type Direction = "read" | "write" | "datagram";

/** An operation the kernel has put off. */
interface Pending {
  readonly direction: Direction;
  /** Tries again; stays pending where the kernel still says "later". */
  retry(): void;
  fail(reason: unknown): void;
}

/**
 * Opens a socket: socket(2), non-blocking and close-on-exec. Where the process has a default PvD (setprocpvd()) and none
 * is selected before, the socket is put on it when it is first used: by bind(), connect(), listen(), sending or
 * receiving, unless with loopback.
 *
 * @param family AF_INET or AF_INET6.
 * @param type SOCK_STREAM, SOCK_DGRAM or SOCK_RAW.
 * @param protocol IPPROTO_*, 0 for the type's own.
 * @throws {TypeError} or {RangeError} An argument is no number or out of range.
 * @throws {MifError} EAFNOSUPPORT, EPROTONOSUPPORT; EPERM for a raw socket without CAP_NET_RAW.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { AF_INET, SOCK_DGRAM, socket } from "@mif/sockets";
 *
 * using receiver = socket(AF_INET, SOCK_DGRAM);
 * receiver.bind({ address: "127.0.0.1" });
 * using sender = socket(AF_INET, SOCK_DGRAM);
 * await sender.sendmsg({ data: new Uint8Array([1, 2]), to: receiver.getsockname() });
 * const { data } = await receiver.recvmsg({ timeoutMs: 1000 });
 * assert.deepEqual([...data], [1, 2]);
 * ```
 */
export function socket(family: number, type: number, protocol = 0): Socket {
  return Socket.open(family, type, protocol, processPvd());
}

/** A socket that the process' default PvD does not hold for. */
export function systemSocket(family: number, type: number, protocol = 0): Socket {
  return Socket.open(family, type, protocol, null);
}

/** What is told when a lent socket's PvD is lost, after the kernel was kept from sending more for it. */
export type LostHandler = (error: MifError) => void;

/**
 * Lends a socket's descriptor to the runtime, which reads, writes and closes it from then on, while its PvD is still
 * watched. The Socket is of no other use then. Where this or `take` throws, it is as it was.
 *
 * @param take Gives the descriptor to the runtime.
 * @returns What `take` returned, and what is to be called when the runtime has closed the descriptor.
 * @throws {MifError} ENETUNREACH: the PvD is lost already.
 */
export let lend: <T>(
  lender: Socket,
  take: (fd: number) => T,
  lost: LostHandler,
) => { taken: T; end(): void };

/**
 * Watches over a connection that the runtime has accepted for a listening socket it was lent.
 *
 * @returns What is to be called when the runtime has closed it.
 * @throws {MifError} The way to the peer cannot be proved: the connection sends nothing any more, and is to be closed.
 */
export let lendAccepted: (listening: Socket, fd: number, lost: LostHandler) => () => void;

/**
 * An open socket. Close it, or let `using` do it: nothing else will.
 *
 * @throws {MifError} In every method: the errno of the system call that failed, as its manual page names it; EBADF after
 *   close(); ETIMEDOUT after `timeoutMs`; ENETUNREACH when the PvD it is on is lost. close(), ref() and unref() throw
 *   nothing.
 * @throws {TypeError} or {RangeError} An argument is of the wrong type or out of range.
 * @throws The signal's reason, where one was given.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { AF_INET6, SOCK_DGRAM, socket } from "@mif/sockets";
 *
 * using s = socket(AF_INET6, SOCK_DGRAM);
 * s.bind({ address: "::1" });
 * await s.sendmsg({ data: new Uint8Array([7]), to: s.getsockname() });
 * const { data, from } = await s.recvmsg({ timeoutMs: 5000 });
 * assert.deepEqual([data[0], from?.address], [7, "::1"]);
 * ```
 */
export class Socket implements Disposable {
  /** The descriptor that is being constructed with comes from {@linkcode Socket.open}: nothing is to be verified. */
  static #opening = false;
  /** AF_INET or AF_INET6. */
  readonly family: number;
  /** SOCK_STREAM, SOCK_DGRAM or SOCK_RAW. */
  readonly type: number;
  /** IPPROTO_*. */
  readonly protocol: number;
  #fd: number;
  /** Opened by us, and nothing has been done with the descriptor. */
  #untouched: boolean;
  /** The events the reactor watches for, 0 while it does not know us. */
  #events = 0;
  readonly #readers = new Set<Pending>();
  readonly #writers = new Set<Pending>();
  #holding = true;
  #listening = false;
  #selection: Selection | null = null;
  /** What setprocpvd() had set when the socket was opened, until a PvD is selected. */
  #byDefault: PvdInfo | "none" | null;
  /** It has been used with loopback, so what names no peer is meant there. */
  #onLoopback = false;
  /** Messages of batches since the event loop had its turn, at least. */
  #burst = 0;
  /** What a batch had beyond what was asked for, or the runtime read, the next one last. */
  #received: ReceivedMessage[] = [];
  /** Ends the runtime's own reading of our datagrams. */
  #stopReading: (() => void) | null = null;
  #isReconsidering = false;
  #lastEncoded: SocketAddressInit & { name: Uint8Array } | null = null;
  #hasWaited = false;
  /** The error that the runtime read. */
  #readErrno = 0;
  /** Nobody but us can have asked for control messages, and we have not. */
  #isPlain: boolean;
  /** While the runtime has the descriptor. */
  #lent: LostHandler | null = null;

  static {
    lend = (lender, take, lost) => lender.#lend(take, lost);
    lendAccepted = (listening, fd, lost) => {
      const accepted = new Socket(fd, listening.family, listening.type, listening.protocol);
      try {
        accepted.#inherit(listening);
        return accepted.#lend(() => {}, lost).end;
      } catch (error) {
        cutOff(accepted);
        accepted.detach();
        throw error;
      }
    };
  }

  /**
   * Takes over a descriptor and makes it non-blocking: {@linkcode socket} opens new ones. It stays on what it is on, unless
   * `byDefault` says where to put it at its next use ("none": nowhere).
   *
   * @throws {MifError} EBADF, ENOTSOCK: it is no socket. EAFNOSUPPORT, EPROTOTYPE, EPROTONOSUPPORT: not of this family,
   *   type, or protocol (0: the type's own).
   */
  constructor(
    fd: number,
    family: number,
    type: number,
    protocol: number,
    byDefault: PvdInfo | "none" | null = null,
  ) {
    this.#fd = checkedNumber("fd", fd, 0x7fffffff);
    this.#byDefault = byDefault;
    this.family = checkedNumber("family", family, 0xff);
    this.type = checkedNumber("type", type, 0xff);
    this.protocol = checkedNumber("protocol", protocol, 0xffff);
    this.#untouched = Socket.#opening;
    this.#isPlain = Socket.#opening;
    if (this.#untouched) return;
    checked(
      native().mif_take(fd, family, type, protocol),
      "getsockopt",
      `Cannot take over descriptor ${fd} as a socket of family ${family}, type ${type}, protocol ${protocol}`,
    );
  }

  /** What {@linkcode socket} does; `byDefault` is where to put it at its first use ("none": nowhere). */
  static open(
    family: number,
    type: number,
    protocol: number,
    byDefault: PvdInfo | "none" | null,
  ): Socket {
    checkedNumber("family", family, 0xff);
    checkedNumber("type", type, 0xff);
    checkedNumber("protocol", protocol, 0xffff);
    const fd = checked(
      native().mif_socket(family, type, protocol),
      "socket",
      `Cannot open a socket of family ${family}, type ${type}, protocol ${protocol}` +
        (type === SOCK_RAW ? "; a raw socket needs CAP_NET_RAW" : ""),
    );
    Socket.#opening = true;
    const opened = new Socket(fd, family, type, protocol, byDefault);
    Socket.#opening = false;
    return opened;
  }

  /** Whether it was opened by us and its descriptor was never used or shown: all its options are the kernel's own. */
  get untouched(): boolean {
    return this.#untouched;
  }

  /** The descriptor, still the socket's own. @throws {MifError} EBADF after close(). */
  get fd(): number {
    this.#isPlain = false;
    return this.#open;
  }

  get #open(): number {
    this.#untouched = false;
    if (this.#fd < 0) throw closed("use");
    return this.#fd;
  }

  /**
   * The PvD this descriptor is bound to, read from the kernel, or null: right for a duplicate and for an accepted
   * connection too. One that is to be put on the process' PvD is on none before its first use.
   */
  get pvd(): PvdInfo | null {
    return boundPvd(this, listPvds());
  }

  /**
   * Keeps the socket on a PvD: the seed's `setsockopt(s, pvd)`. Select before bind() and connect(); a bind() after it
   * may name one of the PvD's addresses, or the unspecified one for the chosen source. Null undoes it, which the
   * kernel allows only while no PvD was selected; what is left is the process' default, if any.
   *
   * @throws {MifError} EPVDROUTE: the kernel would send by another router; the message names both and the repair.
   *   EADDRNOTAVAIL: the PvD has no sure address of this family. ENONET: the PvD is gone. EISCONN, EINVAL:
   *   too late. EOPNOTSUPP: null after a selection; open a new socket.
   */
  selectPvd(pvd: PvdInfo | null): void {
    if (pvd !== null) {
      const before = this.#selection;
      const byDefault = this.#byDefault;
      // It would refuse the options that the new one sets, and a default would come before its bind().
      this.#selection = null;
      this.#byDefault = null;
      try {
        const selection = new Selection(this, pvd, (error) => this.#interrupt(error));
        before?.release();
        this.#selection = selection;
      } catch (error) {
        this.#selection = before;
        this.#byDefault = byDefault;
        throw error;
      }
      return;
    }
    if (this.#selection === null) return;
    throw new MifError(
      `Cannot take the socket off PvD ${this.#selection.pvd.id}: the kernel does not undo a bind(); open a new socket`,
      { code: "EOPNOTSUPP", errno: 95, syscall: "setsockopt" },
    );
  }

  /** bind(2). @throws {MifError} EADDRINUSE, EADDRNOTAVAIL, EACCES for a port below 1024. */
  bind(address: SocketAddressInit): void {
    this.#applyDefault(address);
    const name = encodeSockaddr(this.#selection?.bindAddress(address) ?? address, this.family);
    checked(
      native().mif_bind(this.#open, name, name.length),
      "bind",
      `Cannot bind to ${address.address} port ${address.port ?? 0}`,
    );
  }

  /** connect(2); resolves when the connection stands. A failed one needs a new socket. */
  async connect(address: SocketAddressInit, options: WaitOptions = {}): Promise<void> {
    this.#applyDefault(address);
    const { name, to } = this.#destination(address);
    const what = `Cannot connect to ${address.address} port ${address.port ?? 0}`;
    checkedWait(options);
    options.signal?.throwIfAborted();
    this.#selection?.check(to);
    const result = native().mif_connect(this.#open, name, name.length);
    if (result === 0 || result === -EINPROGRESS) this.#selection?.connected(to);
    if (result !== -EINPROGRESS) {
      checked(result, "connect", what);
      return;
    }
    // Near peers have answered already.
    await this.#perform("write", "connect", options, () => {
      if (this.connected) return true;
      checked(-this.getsockopt(SOL_SOCKET, SO_ERROR), "connect", what);
    });
  }

  /** listen(2); then accept(), or iterate over the connections. */
  listen(backlog = 511): void {
    checkedNumber("backlog", backlog, 0x7fffffff);
    this.#applyDefault();
    this.#selection?.listening();
    checked(native().mif_listen(this.#open, backlog), "listen", "Cannot listen");
    this.#listening = true;
  }

  /** accept(2): the next connection. */
  async accept(options: WaitOptions = {}): Promise<Socket> {
    const name = new Uint8Array(SOCKADDR_SIZE);
    while (true) {
      const fd = await this.#perform(
        "read",
        "accept",
        options,
        () => unlessLater(native().mif_accept(this.#open, name, name.length), "accept"),
      );
      const connection = new Socket(fd, this.family, this.type, this.protocol);
      try {
        connection.#inherit(this);
        return connection;
      } catch {
        cutOff(connection);
        connection.close();
      }
    }
  }

  /**
   * Sends on a connected socket; resolves with the number of bytes the kernel took: all of them, on a stream
   * too, where that may take several calls.
   */
  send(data: Uint8Array, options: WaitOptions & { flags?: number } = {}): Promise<number> {
    return this.type === SOCK_STREAM
      ? this.#sendAll(data, options)
      : this.sendmsg({ data, flags: options.flags }, options);
  }

  /** sendmsg(2): data with a destination and control messages; resolves with the bytes the kernel took. */
  sendmsg(message: OutgoingMessage, options: WaitOptions = {}): Promise<number> {
    return this.#perform("write", "sendmsg", options, () => this.#trySend(message));
  }

  async #sendAll(data: Uint8Array, options: WaitOptions & { flags?: number }): Promise<number> {
    const { flags } = options;
    let sent = await this.sendmsg({ data, flags }, options);
    while (sent < data.length) {
      sent += await this.sendmsg({ data: data.subarray(sent), flags }, options);
    }
    return sent;
  }

  #trySend({ data, to, control = [], flags = 0 }: OutgoingMessage): number | undefined {
    if (!(data instanceof Uint8Array)) throw new TypeError("data must be a Uint8Array");
    checkedNumber("flags", flags, 0xffffffff);
    this.#applyDefault(to);
    const destination = to === undefined ? null : this.#destination(to);
    const name = destination?.name ?? nothing;
    const controlBytes = control.length > 0 ? encodeControl(control) : nothing;
    if (this.#selection) {
      if (destination) this.#selection.check(destination.to);
      else this.#selection.checkPeer();
      this.#selection.checkFlags(flags);
      if (control.length > 0) this.#selection.checkControl(control);
    }
    const result = native().mif_sendmsg(
      this.#open,
      data,
      data.length,
      name,
      name.length,
      controlBytes,
      controlBytes.length,
      flags,
    );
    return unlessLater(result, "sendmsg");
  }

  /**
   * sendmmsg(2): many datagrams to the peer of a connected socket by one system call, as many as the kernel has room
   * for now and 64 at most. Does not wait.
   *
   * @returns How many went, the first ones; 0 where there is no room.
   * @throws {MifError} What sendmsg() throws; ECONNREFUSED and others may be about what was sent before.
   */
  sendmmsg(messages: readonly Uint8Array[]): number {
    if (this.type === SOCK_STREAM) throw new TypeError("A stream has no messages: use send()");
    this.#applyDefault();
    this.#selection?.checkPeer();
    const arena = outgoingArena();
    let count = 0;
    let end = 0;
    for (const data of messages) {
      if (!(data instanceof Uint8Array)) throw new TypeError("data must be a Uint8Array");
      if (data.length > DATA_SIZE) unlessLater(-EMSGSIZE, "sendmmsg");
      if (count === BATCH_MAX || end + data.length > DATA_SIZE) break;
      arena.place(count++, end, data.length, 0, 0);
      arena.data.set(data, end);
      end += data.length;
    }
    if (count === 0) return 0;
    const result = native().mif_sendmmsg(
      this.#open,
      arena.records,
      count * MessageRecord.SIZE,
      arena.data,
      arena.data.length,
    );
    return unlessLater(result, "sendmmsg") ?? 0;
  }

  /** recv(2): the next datagram, or what a stream has; empty at a stream's end. */
  recv(options: ReceiveOptions = {}): Promise<Uint8Array> {
    return this.#perform(
      options.flags ? "read" : "datagram",
      "recv",
      options,
      () => this.#tryReceive(options)?.data,
    );
  }

  /** recvmsg(2): the next message with its sender and control messages. */
  recvmsg(options: ReceiveOptions = {}): Promise<ReceivedMessage> {
    return this.#perform(
      options.flags ? "read" : "datagram",
      "recvmsg",
      options,
      () => this.#tryReceive(options),
    );
  }

  #tryReceive(
    { size = DATA_SIZE, controlSize = CONTROL_SIZE, flags = 0 }: ReceiveOptions,
  ): ReceivedMessage | undefined {
    checkedNumber("size", size, DATA_SIZE_MAX);
    checkedNumber("controlSize", controlSize, CONTROL_SIZE_MAX);
    checkedNumber("flags", flags, 0xffffffff);
    this.#applyDefault();
    const earlier = this.#takeReceived(size, (flags & MSG_PEEK) !== 0);
    if (earlier !== undefined) return earlier;
    const arena = singleArena();
    const data = size <= DATA_SIZE ? arena.data : new Uint8Array(size);
    const control = controlSize <= CONTROL_SIZE ? arena.control : new Uint8Array(controlSize);
    arena.place(0, 0, size, 0, controlSize);
    const result = native().mif_recvmmsg(
      this.#open,
      arena.records,
      arena.records.length,
      data,
      data.length,
      arena.addresses,
      arena.addresses.length,
      control,
      control.length,
      // The length a datagram had, also where there was less room.
      this.type === SOCK_STREAM ? flags : flags | MSG_TRUNC,
    );
    if (unlessLater(result, "recvmsg") === undefined) return undefined;
    return receivedMessage(arena, 0, data, size, control);
  }

  /** The next message that was received before it was asked for, cut to a size; it stays where it is only peeked at. */
  #takeReceived(size: number, isPeek: boolean): ReceivedMessage | undefined {
    const message = isPeek ? this.#received.at(-1) : this.#received.pop();
    if (message === undefined) {
      const errno = this.#readErrno;
      this.#readErrno = 0;
      unlessLater(-errno, "recvmsg");
      return undefined;
    }
    if (message.data.length <= size) return message;
    // A stream's rest is for the next call, a datagram's is gone.
    const isStream = this.type === SOCK_STREAM;
    const rest = message.data.slice(size);
    if (isStream && !isPeek) {
      this.#received.push({ ...message, data: rest, length: rest.length });
    }
    const data = message.data.slice(0, size);
    return { ...message, data, length: isStream ? size : message.length, truncated: !isStream };
  }

  /** recvmmsg(2): the messages that are there, as soon as there is one; 64 at most. Of a stream one chunk. */
  async recvmmsg(options: WaitOptions = {}): Promise<ReceivedMessage[]> {
    return await this.#receiveBatch(options);
  }

  /**
   * What comes, until the socket is closed: the connections of a listening socket, the messages of a datagram
   * or raw socket (received in batches), the chunks of a stream until its end.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<ReceivedMessage, void, undefined> {
    if (this.#listening) throw new TypeError("A listening socket is iterated by connections()");
    // Not a generator: it would wait three times for each message that is here already.
    let over = false;
    const done = { done: true, value: undefined } as const;
    const take = (): IteratorResult<ReceivedMessage, void> => {
      const message = this.#received.pop()!;
      over = this.type === SOCK_STREAM && message.length === 0;
      return over ? done : { done: false, value: message };
    };
    const receive = async (): Promise<IteratorResult<ReceivedMessage, void>> => {
      // Another call of next() may be first.
      while (this.#received.length === 0) {
        try {
          const messages = await this.#receiveBatch({}, () => over);
          this.#received = messages.reverse().concat(this.#received);
        } catch (error) {
          over = true;
          if (this.#fd < 0) return done;
          throw error;
        }
        if (over) break;
      }
      // What came with the end is the next receiver's, and so is what came beyond the next message.
      const result = over ? done : take();
      if (this.#received.length > 0) this.#retryReaders();
      return result;
    };
    return {
      next: () => {
        if (over || this.#fd < 0) return Promise.resolve(done);
        return this.#received.length > 0 ? Promise.resolve(take()) : receive();
      },
      // One by one: who stops in the middle finds the rest at the socket.
      return: () => {
        over = true;
        this.#retryReaders();
        return Promise.resolve(done);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /** The connections of a listening socket, until it is closed. */
  async *connections(): AsyncGenerator<Socket, void, undefined> {
    while (this.#fd >= 0) {
      let connection: Socket;
      try {
        connection = await this.accept();
      } catch (error) {
        if (this.#fd < 0) return;
        // The peer was gone before we came to it.
        if (error instanceof MifError && error.code === "ECONNABORTED") continue;
        throw error;
      }
      yield connection;
    }
  }

  /** shutdown(2): SHUT_RD, SHUT_WR or SHUT_RDWR. */
  shutdown(how: number): void {
    checked(
      native().mif_shutdown(this.#open, checkedNumber("how", how, 2)),
      "shutdown",
      "Cannot shut the socket down",
    );
  }

  /** getsockname(2): our own address; port 0 while it is not bound. */
  getsockname(): SocketAddress {
    return this.#name(0, "getsockname");
  }

  /** getpeername(2). @throws {MifError} ENOTCONN. */
  getpeername(): SocketAddress {
    return this.#name(1, "getpeername");
  }

  /** Whether the socket has a peer: connect(2) has done its work, also on a datagram socket. */
  get connected(): boolean {
    const bytes = new Uint8Array(SOCKADDR_SIZE);
    return native().mif_getsockname(this.#open, 1, bytes, bytes.length) >= 0;
  }

  /** setsockopt(2): a number or boolean as an int, or bytes as they are. */
  setsockopt(level: number, name: number, value: number | boolean | Uint8Array): void {
    checkedNumber("level", level, 0xffff);
    checkedNumber("name", name, 0xffff);
    this.#selection?.checkOption(level, name);
    if (!PLAIN_OPTIONS.includes(name + level * 0x10000)) {
      this.#isPlain = false;
      this.#reconsiderReading();
    }
    const bytes = value instanceof Uint8Array ? value : int(Number(value));
    checked(
      native().mif_setsockopt(this.#open, level, name, bytes, bytes.length),
      "setsockopt",
      `Cannot set option ${name} of level ${level}`,
    );
  }

  /** getsockopt(2) of an int. */
  getsockopt(level: number, name: number): number {
    const bytes = this.getsockoptBytes(level, name, 4);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return bytes.length === 4 ? view.getInt32(0, true) : bytes[0] ?? 0;
  }

  /** getsockopt(2) of several at once: the first four bytes of each as an int, null where it has no value. */
  getsockopts(names: readonly (readonly [level: number, name: number])[]): (number | null)[] {
    return readOptions(this.#open, names);
  }

  /** getsockopt(2) of up to `size` bytes. */
  getsockoptBytes(level: number, name: number, size: number): Uint8Array {
    checkedNumber("level", level, 0xffff);
    checkedNumber("name", name, 0xffff);
    const bytes = new Uint8Array(checkedNumber("size", size, 0xffff));
    const length = checked(
      native().mif_getsockopt(this.#open, level, name, bytes, bytes.length),
      "getsockopt",
      `Cannot read option ${name} of level ${level}`,
    );
    return bytes.subarray(0, Math.min(length, bytes.length));
  }

  /** Whether the socket is closed. */
  get closed(): boolean {
    return this.#fd < 0;
  }

  /** A pending operation keeps the process alive: so it is unless unref() was called. */
  ref(): void {
    this.#setHolding(true);
  }

  /** A pending operation does not keep the process alive. */
  unref(): void {
    this.#setHolding(false);
  }

  /** Closes the socket; pending operations end with EBADF. A second time does nothing. */
  close(): void {
    if (this.#fd >= 0 && !this.#lent) native().mif_close(this.#leave());
  }

  /** Gives the descriptor away: the caller owns it, nobody watches its PvD any more, and this socket is closed. */
  detach(): number {
    const fd = this.#leave();
    native().mif_give(fd);
    return fd;
  }

  /** Closes the socket. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** The end of all that is pending; the descriptor stays open. */
  #leave(): number {
    const fd = this.#open;
    this.#selection?.release();
    if (this.#events !== 0) reactor().remove(fd);
    this.#stopReading?.();
    this.#stopReading = null;
    this.#fd = -1;
    this.#events = 0;
    this.#byDefault = null;
    if (this.#readers.size + this.#writers.size > 0) this.#interrupt(closed("wait for"));
    return fd;
  }

  /** Puts the socket on the process' PvD where none was selected; loopback needs none. */
  #applyDefault(peer?: SocketAddressInit): void {
    if (this.#byDefault === null) return;
    // Also for its errors, which come before those of the way.
    if (peer) encodeSockaddr(peer, this.family);
    const isLoopback = peer ? isLoopbackHost(peer.address) : this.#onLoopback;
    if (isLoopback) this.#onLoopback = true;
    else this.selectPvd(pvdInForce(null, this.#byDefault));
  }

  /** Without a message only when it was given up meanwhile. */
  async #receiveBatch(
    options: WaitOptions,
    isGivenUp: () => boolean = () => false,
  ): Promise<ReceivedMessage[]> {
    this.#applyDefault();
    const arena = batchArena();
    const messages = await this.#perform("read", "recvmmsg", options, () => {
      if (isGivenUp()) return [];
      const earlier = this.#received.splice(0).reverse();
      if (earlier.length > 0) return earlier;
      // A stream's messages are one.
      const count = this.type === SOCK_STREAM ? 1 : BATCH_MAX;
      const result = native().mif_recvmmsg(
        this.#open,
        arena.records,
        count * MessageRecord.SIZE,
        arena.data,
        arena.data.length,
        arena.addresses,
        arena.addresses.length,
        arena.control,
        arena.control.length,
        0,
      );
      const arrived = unlessLater(result, "recvmmsg");
      if (arrived === undefined) return undefined;
      const messages: ReceivedMessage[] = [];
      for (let i = 0; i < arrived; i++) {
        try {
          messages.push(receivedMessage(arena, i, arena.data, DATA_SIZE, arena.control));
        } finally {
          placeInBatch(arena, i);
        }
      }
      return messages;
    });
    this.#burst += messages.length;
    if (this.#burst >= BURST_MAX) {
      this.#burst = 0;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return messages;
  }

  #name(peer: number, syscall: string): SocketAddress {
    const bytes = new Uint8Array(SOCKADDR_SIZE);
    const length = checked(
      native().mif_getsockname(this.#open, peer, bytes, bytes.length),
      syscall,
      "Cannot read the socket's address",
    );
    return decodeSockaddr(bytes.subarray(0, length))!;
  }

  /** Tries now, and again whenever the socket may be ready, until there is a result: undefined is "later" (EAGAIN). */
  #perform<T>(
    direction: Direction,
    syscall: string,
    options: WaitOptions,
    attempt: () => T | undefined,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      checkedWait(options);
      options.signal?.throwIfAborted();
      const result = attempt();
      if (result !== undefined) return resolve(result);
      this.#selection?.checkWait();
      this.#wait(direction, syscall, options, resolve, reject, attempt);
    });
  }

  /** Keeps an operation until it succeeds; it fails on abort, timeout and close. */
  #wait<T>(
    direction: Direction,
    syscall: string,
    { signal, timeoutMs }: WaitOptions,
    resolve: (result: T) => void,
    reject: (reason: unknown) => void,
    attempt: () => T | undefined,
  ): void {
    const queue = direction === "write" ? this.#writers : this.#readers;
    // Where there is none and none can be, nothing waits.
    const waking = reactor();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const leave = () => {
      queue.delete(pending);
      if (timer !== undefined) clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      if (this.#holding) waking.release();
    };
    const pending: Pending = {
      direction,
      retry: () => {
        try {
          const result = attempt();
          if (result === undefined) return this.#selection?.checkWait();
          leave();
          resolve(result);
        } catch (error) {
          pending.fail(error);
        }
      },
      fail: (reason) => {
        leave();
        reject(reason);
        this.#reconsiderReading();
      },
    };
    const abort = () => pending.fail(signal!.reason);
    queue.add(pending);
    if (this.#holding) waking.hold();
    signal?.addEventListener("abort", abort, { once: true });
    if (timeoutMs !== undefined && timeoutMs <= TIMEOUT_MAX_MS) {
      timer = setTimeout(() => pending.fail(timedOut(syscall)), timeoutMs);
    }
    try {
      if (direction === "write") {
        this.#watch(EPOLLOUT);
      } else if (this.#stopReading === null || !this.#runtimeMayRead()) {
        this.#watch(EPOLLIN | EPOLLRDHUP);
        if (this.#hasWaited) this.#reconsiderReading();
        this.#hasWaited = true;
      }
    } catch (error) {
      pending.fail(error);
    }
  }

  /** Whether the runtime's own loop may read for those who wait, which spares the reactor's wake. */
  #runtimeMayRead(): boolean {
    if (!this.#isPlain || this.type !== SOCK_DGRAM || !runtimeMayRead()) return false;
    for (const { direction } of this.#readers) if (direction !== "datagram") return false;
    return this.#readers.size > 0;
  }

  /**
   * Has the runtime begin to read, or end it. Not at once: it costs more than one wait by the reactor, and when it ends
   * the runtime may have read more than it has told.
   */
  #reconsiderReading(): void {
    const isRight = () => this.#runtimeMayRead() === (this.#stopReading !== null);
    if (this.#isReconsidering || isRight()) return;
    this.#isReconsidering = true;
    setImmediate(() => {
      this.#isReconsidering = false;
      if (this.#fd < 0 || isRight()) return;
      if (this.#stopReading === null) return this.#startReading();
      this.#stopReading();
      this.#stopReading = null;
      if (this.#readers.size > 0) this.#watch(EPOLLIN | EPOLLRDHUP);
    });
  }

  #startReading(): void {
    const fd = native().mif_dup(this.#open);
    // The reactor goes on.
    if (fd < 0) return;
    this.#unwatch(EPOLLIN | EPOLLRDHUP);
    this.#stopReading = readDatagrams(fd, {
      received: (data, port, address) => {
        const { length } = data;
        const from = senderOf(address, port);
        const whole = { truncated: false, controlTruncated: false };
        this.#received.unshift({ data, length, from, control: [], ...whole });
        this.#onRead();
      },
      failed: (errno) => {
        this.#readErrno = errno;
        this.#onRead();
      },
    });
  }

  #retryReaders(): void {
    for (const pending of this.#readers) pending.retry();
  }

  #onRead(): void {
    this.#retryReaders();
    // What nobody asks for is to stay in the kernel.
    if (this.#received.length > 0 || this.#readErrno !== 0) this.#reconsiderReading();
  }

  /** Has the reactor tell us of these events too. */
  #watch(events: number): void {
    const wanted = this.#events | events;
    if (this.#events === 0) {
      reactor().add(this.#open, wanted, (ready) => this.#onReady(ready));
    } else if (wanted !== this.#events) {
      reactor().change(this.#open, wanted);
    }
    this.#events = wanted;
  }

  /** Has the reactor tell us of these events no more. */
  #unwatch(events: number): void {
    if ((this.#events & events) === 0) return;
    this.#events &= ~events;
    if (this.#events === 0) reactor().remove(this.#fd);
    else reactor().change(this.#fd, this.#events);
  }

  #onReady(events: number): void {
    const failed = (events & (EPOLLERR | EPOLLHUP)) !== 0;
    if (failed || (events & EPOLLOUT) !== 0) {
      for (const pending of this.#writers) pending.retry();
      // Otherwise every send that empties the queue would wake us.
      if (this.#writers.size === 0) this.#unwatch(EPOLLOUT);
    }
    if (failed || (events & (EPOLLIN | EPOLLRDHUP)) !== 0) this.#retryReaders();
  }

  /** Most go where the last one went. The bytes are not to be changed. */
  #encode(to: SocketAddressInit): Uint8Array {
    const last = this.#lastEncoded;
    const isLast = last?.address === to?.address && last?.port === to?.port &&
      last?.scopeId === to?.scopeId;
    if (last && isLast) return last.name;
    const name = encodeSockaddr(to, this.family);
    const { address, port, scopeId } = to;
    this.#lastEncoded = { address, port, scopeId, name };
    return name;
  }

  /** Where to send: in the kernel's form, and with the interface a link-local address needs on a PvD. */
  #destination(address: SocketAddressInit): { name: Uint8Array; to: SocketAddressInit } {
    if (this.#selection === null) return { name: this.#encode(address), to: address };
    const name = encodeSockaddr(address, this.family);
    const to = this.#selection.destination(address);
    return { name: to === address ? name : encodeSockaddr(to, this.family), to };
  }

  /** Takes over the listening socket's PvD. @throws {MifError} The way to the peer cannot be proved. */
  #inherit(listening: Socket): void {
    const selection = listening.#selection;
    if (selection === null) return;
    const { pvd } = selection;
    this.#selection = new Selection(this, pvd, (error) => this.#interrupt(error), selection);
  }

  #lend<T>(take: (fd: number) => T, lost: LostHandler): { taken: T; end(): void } {
    const { fd } = this;
    const selection = this.#selection;
    selection?.checkPeer();
    const taken = take(fd);
    // Neither proved nor cut off: it goes on.
    this.#selection = null;
    this.detach();
    if (selection === null) return { taken, end() {} };
    this.#fd = fd;
    this.#selection = selection;
    this.#lent = lost;
    // The runtime may close it before it says so, and the number be another's.
    const cookie = cookieOf(fd);
    selection.lend(() => this.#fd < 0 || cookieOf(fd) !== cookie);
    const end = () => {
      selection.forget();
      this.#fd = -1;
    };
    return { taken, end };
  }

  #interrupt(error: MifError): void {
    for (const pending of this.#readers) pending.fail(error);
    for (const pending of this.#writers) pending.fail(error);
    this.#lent?.(error);
  }

  #setHolding(holding: boolean): void {
    if (this.#holding === holding) return;
    this.#holding = holding;
    for (let i = this.#readers.size + this.#writers.size; i > 0; i--) {
      if (holding) reactor().hold();
      else reactor().release();
    }
  }
}

/** The result of a system call, undefined where the kernel says "later". */
function unlessLater(result: number, syscall: string): number | undefined {
  if (result === -EAGAIN) return undefined;
  // The text only where it is needed.
  return result >= 0 ? result : checked(result, syscall, `Cannot ${syscall}`);
}

/** Throws where a time limit is none: TypeError or RangeError. */
export function checkedWait({ timeoutMs }: WaitOptions): void {
  if (timeoutMs === undefined) return;
  if (typeof timeoutMs !== "number") {
    throw new TypeError(`timeoutMs must be a number, not ${typeof timeoutMs}`);
  }
  if (!(timeoutMs >= 0)) throw new RangeError(`timeoutMs must be 0 or more, not ${timeoutMs}`);
}

/** What tells a descriptor's socket from every other one, or "" where there is none. */
function cookieOf(fd: number): string {
  const bytes = new Uint8Array(8);
  const size = native().mif_getsockopt(fd, SOL_SOCKET, SO_COOKIE, bytes, bytes.length);
  return size === bytes.length ? bytes.join(" ") : "";
}

function int(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < -0x80000000 || value > 0xffffffff) {
    throw new RangeError(`An option's number must fit into 32 bits, and ${value} does not`);
  }
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value | 0, true);
  return bytes;
}

function closed(what: string): MifError {
  return new MifError(`Cannot ${what} the socket: it is closed`, {
    code: errnoName(EBADF),
    errno: EBADF,
    syscall: "close",
  });
}

function timedOut(syscall: string): MifError {
  return new MifError(`${syscall} took longer than its timeoutMs`, {
    code: errnoName(ETIMEDOUT),
    errno: ETIMEDOUT,
    syscall,
  });
}
