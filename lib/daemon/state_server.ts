/**
 * Gives the daemon's state to whoever connects, and each later one: lines of JSON on a unix(7) stream.
 *
 * A reader says nothing; who says anything is let go. For one that does not read, a bounded part of one state stands in
 * the kernel and the rest in memory that all share; it gets the latest state when it reads again, and is let go when that
 * takes too long. Nobody waits for it.
 *
 * The sockets are native: node:net tells neither whose a connection is, nor how much the kernel may hold for it.
 *
 * @module
 */

import { chmodSync } from "node:fs";
import { native } from "../../ffi/library.ts";
import { checked, EAGAIN, errnoName } from "../errno.ts";
import { peerUser } from "../peer_user.ts";
import {
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SO_SNDBUF,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../socket/options.ts";
import { EPOLLIN, EPOLLOUT, EPOLLRDHUP, reactor } from "../socket/reactor.ts";
import { SOCKADDR_SIZE } from "../socket/sockaddr.ts";
import { AF_UNIX, encodeUnixAddress } from "../unix_address.ts";

const ECONNABORTED = 103;

/** More readers than this are turned away, and so many of one user but root. */
const READERS_MAX = 4096;
const READERS_OF_USER_MAX = 2048;
/** What the kernel may hold for one, in bytes; it takes it twice. */
const SEND_BUFFER_SIZE = 32 * 1024;
/** Who has not taken one state in this time is let go. */
const STALLED_MAX_MS = 10_000;
/** When no connection could be taken, for want of descriptors or memory. */
const RETRY_MS = 1000;
/** So many are let go where that happens. */
const SPARE = 16;
/** After so many connections the event loop has its turn. */
const ACCEPTS_MAX = 64;
const BACKLOG = 1024;

const nothing = new Uint8Array(0);

/** Listens until it is closed, and keeps the process alive. */
export class StateServer {
  readonly #fd: number;
  readonly #log: (message: string) => void;
  readonly #readers = new Map<number, Reader>();
  readonly #byUser = new Map<number, number>();
  #readersMax = READERS_MAX;
  #state = nothing;
  /** Counts the states. */
  #number = 0;
  /** Runs while somebody is stalled. */
  #patience: ReturnType<typeof setTimeout> | undefined;

  /** Listens at a path of at most 25 bytes that is free. Everybody may connect. @throws {MifError} As bind(2) fails. */
  constructor(path: string, log: (message: string) => void) {
    this.#log = log;
    const fd = checked(native().mif_socket(AF_UNIX, SOCK_STREAM, 0), "socket", "Cannot listen");
    try {
      const name = encodeUnixAddress(path);
      checked(native().mif_bind(fd, name, name.length), "bind", `Cannot listen at ${path}`);
      chmodSync(path, 0o666);
      checked(native().mif_listen(fd, BACKLOG), "listen", `Cannot listen at ${path}`);
      reactor().add(fd, EPOLLIN, () => this.#accept());
    } catch (error) {
      native().mif_close(fd);
      throw error;
    }
    this.#fd = fd;
    reactor().hold();
  }

  /** How many are connected. */
  get readers(): number {
    return this.#readers.size;
  }

  /** Gives a state to all, and to all who come. */
  publish(state: string): void {
    this.#state = new TextEncoder().encode(state + "\n");
    this.#number++;
    for (const reader of this.#readers.values()) this.#give(reader);
  }

  /** Tells all who have their state that it holds on. */
  sign(line: string): void {
    const bytes = new TextEncoder().encode(line + "\n");
    for (const reader of this.#readers.values()) {
      if (reader.stalledMs === null) this.#send(reader, bytes);
    }
  }

  /** Lets all go. */
  close(): void {
    clearTimeout(this.#patience);
    for (const reader of this.#readers.values()) this.#dismiss(reader);
    reactor().remove(this.#fd);
    reactor().release();
    native().mif_close(this.#fd);
  }

  #accept(): void {
    const peer = new Uint8Array(SOCKADDR_SIZE);
    for (let i = 0; i < ACCEPTS_MAX; i++) {
      const fd = native().mif_accept(this.#fd, peer, peer.length);
      if (fd >= 0) this.#welcome(fd);
      else if (fd === -EAGAIN) return;
      else if (fd !== -ECONNABORTED) return this.#retreat(errnoName(-fd));
    }
    setImmediate(() => this.#accept());
  }

  /** Descriptors or memory are short: the daemon itself needs some, to write its state. */
  #retreat(code: string): void {
    const readers = [...this.#readers.values()];
    this.#readersMax = Math.max(1, readers.length - SPARE);
    this.#log(`cannot take more than ${this.#readersMax} readers (${code})`);
    for (const reader of readers.slice(this.#readersMax)) this.#dismiss(reader);
    setTimeout(() => this.#accept(), RETRY_MS).unref();
  }

  #welcome(fd: number): void {
    if (native().mif_take(fd, AF_UNIX, SOCK_STREAM, 0) < 0) return;
    const user = peerUser(fd);
    const ofUser = (this.#byUser.get(user) ?? 0) + 1;
    if (this.#readers.size >= this.#readersMax || (user !== 0 && ofUser > READERS_OF_USER_MAX)) {
      native().mif_close(fd);
      return;
    }
    limitBuffer(fd);
    const reader: Reader = { fd, user, given: 0, rest: nothing, stalledMs: null };
    this.#byUser.set(user, ofUser);
    this.#readers.set(fd, reader);
    reactor().add(fd, EPOLLIN | EPOLLRDHUP, (events) => this.#hear(reader, events));
    this.#give(reader);
  }

  #hear(reader: Reader, events: number): void {
    // It has nothing to say: this is the end, or somebody else.
    if ((events & ~EPOLLOUT) !== 0) return this.#dismiss(reader);
    if (reader.stalledMs === null) return;
    reader.stalledMs = null;
    reactor().change(reader.fd, EPOLLIN | EPOLLRDHUP);
    this.#send(reader, reader.rest);
    this.#give(reader);
  }

  /** The latest state, unless it has not even taken what came before. */
  #give(reader: Reader): void {
    if (reader.stalledMs !== null || reader.given === this.#number) return;
    reader.given = this.#number;
    this.#send(reader, this.#state);
  }

  #send(reader: Reader, bytes: Uint8Array): void {
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    while (bytes.length > 0) {
      const sent = native()
        .mif_sendmsg(reader.fd, bytes, bytes.length, nothing, 0, nothing, 0, flags);
      if (sent < 0 && sent !== -EAGAIN) return this.#dismiss(reader);
      if (sent < 0) break;
      bytes = bytes.subarray(sent);
    }
    reader.rest = bytes;
    if (bytes.length === 0) return;
    reader.stalledMs = performance.now();
    reactor().change(reader.fd, EPOLLIN | EPOLLRDHUP | EPOLLOUT);
    this.#patience ??= setTimeout(() => this.#loseStalled(), STALLED_MAX_MS).unref();
  }

  /** Lets those go who have not read for too long. */
  #loseStalled(): void {
    const nowMs = performance.now();
    let firstMs = Infinity;
    for (const reader of this.#readers.values()) {
      const leftMs = (reader.stalledMs ?? Infinity) + STALLED_MAX_MS - nowMs;
      if (leftMs <= 0) this.#dismiss(reader);
      else firstMs = Math.min(firstMs, leftMs);
    }
    this.#patience = firstMs === Infinity
      ? undefined
      : setTimeout(() => this.#loseStalled(), Math.ceil(firstMs)).unref();
  }

  #dismiss({ fd, user }: Reader): void {
    if (!this.#readers.delete(fd)) return;
    const left = this.#byUser.get(user)! - 1;
    if (left === 0) this.#byUser.delete(user);
    else this.#byUser.set(user, left);
    reactor().remove(fd);
    native().mif_close(fd);
  }
}

interface Reader {
  readonly fd: number;
  readonly user: number;
  /** The number of the state it was given last. */
  given: number;
  /** What it has not taken of that. */
  rest: Uint8Array;
  /** Since when; null while it takes all. */
  stalledMs: number | null;
}

function limitBuffer(fd: number): void {
  const value = new Uint8Array(4);
  new DataView(value.buffer).setUint32(0, SEND_BUFFER_SIZE, true);
  native().mif_setsockopt(fd, SOL_SOCKET, SO_SNDBUF, value, value.length);
}
