/**
 * Questions to one server by UDP, over our own sockets: from the PvD's source and by its router, or not at all.
 *
 * Forging an answer takes the port and the ID of a question (RFC 5452): the kernel chooses the port and we the ID, both at
 * random. A port serves few questions and a short time; several are open when much is asked, and each handful of questions
 * takes one of them by lot. Sockets are connected, so that only the server is heard, and the network's errors too.
 *
 * @module
 */

import { setImmediate, setTimeout } from "node:timers";
import { MifError } from "../error.ts";
import type { PvdInfo } from "../pvd/pvd.ts";
import { AF_INET, AF_INET6, SOCK_DGRAM } from "../socket/options.ts";
import { type Socket, systemSocket } from "../socket/socket.ts";
import { answerKind, messageId, type Query } from "./message.ts";
import { randomUint16 } from "./random.ts";
import { type Cancellation, cancelled, type ServerAddress, type Transport } from "./transport.ts";

/** Ports that questions are spread over. */
const SLOTS = 8;
/** After so many questions a port takes no further handful, as long as others can be opened. */
const QUESTIONS_PER_PORT = 64;
/** Questions that go by one system call, by one port. */
const BATCH = 16;
/** Open at the same time, those included that wait for their last answers. */
const PORTS_MAX = 64;
/** Questions that a server has at the same time: what its socket's queue holds as Linux sets it up. The others wait. */
const OUTSTANDING_MAX = 256;
/** Wrong answers to one port after which somebody is guessing (RFC 5452 9.3). */
const WRONG_MAX = 16;
/** How often time is looked at. */
const TICK_MS = 25;
/** A port that was found without a question so often in a row is closed. */
const IDLE_TICKS_MAX = 2;

/** A question that was not answered yet. */
interface Pending {
  query: Query;
  /** By performance.now(). */
  endMs: number;
  cancellation: Cancellation;
  resolve(bytes: Uint8Array): void;
  reject(error: MifError): void;
}

/** Asks one server by UDP. */
export class UdpTransport implements Transport, PortOwner {
  readonly #pvd: PvdInfo | null;
  readonly #server: ServerAddress;
  readonly #slots: (Port | null)[] = new Array(SLOTS).fill(null);
  readonly #ports = new Set<Port>();
  /** Beyond {@linkcode OUTSTANDING_MAX}, the first come first. */
  readonly #waiting = new Set<Pending>();
  #outstanding = 0;
  /** The port that takes questions until they go. */
  #filling: Port | null = null;
  #flushing = false;
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** For one server of one PvD; null is the system's way. */
  constructor(pvd: PvdInfo | null, server: ServerAddress) {
    this.#pvd = pvd;
    this.#server = server;
  }

  /** For {@linkcode Transport}. */
  ask(query: Query, timeoutMs: number, cancellation: Cancellation): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const endMs = performance.now() + timeoutMs;
      const pending = { query, endMs, cancellation, resolve, reject };
      this.#timer ??= this.#start();
      if (this.#outstanding + this.#waiting.size === 0) this.#timer.ref();
      if (this.#outstanding < OUTSTANDING_MAX) return this.#send(pending);
      this.#waiting.add(pending);
      cancellation.onCancel = () => {
        this.#waiting.delete(pending);
        reject(cancelled());
      };
    });
  }

  /** For ports. Where some have settled, others may go. */
  settled(count: number): void {
    this.#outstanding -= count;
    for (const pending of this.#waiting) {
      if (this.#outstanding >= OUTSTANDING_MAX) return;
      this.#waiting.delete(pending);
      this.#send(pending);
    }
    if (this.#outstanding === 0) this.#timer?.unref();
  }

  /** For ports. */
  ended(port: Port): void {
    this.#ports.delete(port);
    if (this.#filling === port) this.#filling = null;
    const slot = this.#slots.indexOf(port);
    if (slot >= 0) this.#slots[slot] = null;
  }

  #send(pending: Pending): void {
    let port: Port;
    try {
      port = this.#filling ??= this.#choosePort();
    } catch (error) {
      return pending.reject(error as MifError);
    }
    const isFirst = this.#outstanding++ === 0;
    port.add(pending);
    // One that is alone goes at once. Of many so many go together, or those of one turn of the event loop.
    const isEnough = port.unsent >= BATCH || port.asked % QUESTIONS_PER_PORT === 0;
    if (isFirst || isEnough) return this.#flush();
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    this.#filling?.flush();
    this.#filling = null;
  }

  #choosePort(): Port {
    const slot = randomUint16() % SLOTS;
    const port = this.#slots[slot];
    const isFull = this.#ports.size >= PORTS_MAX;
    if (port && (port.asked < QUESTIONS_PER_PORT || isFull)) return port;
    if (isFull) return [...this.#ports][randomUint16() % this.#ports.size]!;
    const opened = new Port(this.#pvd, this.#server, this);
    this.#ports.add(opened);
    return this.#slots[slot] = opened;
  }

  #start(): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.#tick(), TICK_MS);
  }

  #tick(): void {
    const nowMs = performance.now();
    for (const pending of this.#waiting) {
      if (pending.endMs > nowMs) continue;
      this.#waiting.delete(pending);
      pending.reject(timedOut(this.#server));
    }
    for (const port of this.#ports) port.tick(nowMs);
    this.#timer = this.#ports.size + this.#waiting.size === 0 ? null : this.#start();
    if (this.#outstanding === 0) this.#timer?.unref();
  }
}

/** What a port tells who opened it. */
interface PortOwner {
  /** So many questions have their answer or an error. */
  settled(count: number): void;
  ended(port: Port): void;
}

/** One socket and the questions that went by it. */
class Port {
  /** How many questions it had so far. */
  asked = 0;
  readonly #server: ServerAddress;
  readonly #owner: PortOwner;
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  /** Also of questions that wait no longer: their answers may still come. */
  readonly #ids = new Set<number>();
  #unsent: number[] = [];
  #connected = false;
  #wrong = 0;
  #idleTicks = 0;

  /** Throws what opening the socket on the PvD throws. */
  constructor(pvd: PvdInfo | null, server: ServerAddress, owner: PortOwner) {
    this.#server = server;
    this.#owner = owner;
    this.#socket = systemSocket(server.address.includes(":") ? AF_INET6 : AF_INET, SOCK_DGRAM);
    try {
      this.#socket.selectPvd(pvd);
    } catch (error) {
      this.#socket.close();
      throw error;
    }
    // The transport's timer says whether anything is waited for.
    this.#socket.unref();
    this.#run();
  }

  /** How many questions wait for {@linkcode flush}. */
  get unsent(): number {
    return this.#unsent.length;
  }

  /** Takes a question, to go with the next {@linkcode flush}. */
  add(pending: Pending): void {
    this.asked++;
    let id = randomUint16();
    while (this.#pending.has(id)) id = randomUint16();
    const { wire } = pending.query;
    wire[0] = id >> 8;
    wire[1] = id & 0xff;
    this.#ids.add(id);
    this.#pending.set(id, pending);
    this.#unsent.push(id);
    pending.cancellation.onCancel = () => {
      this.#forget(id, pending);
      pending.reject(cancelled());
      this.#owner.settled(1);
    };
  }

  /** Sends what was added. What the kernel has no room for is lost, as on any network. */
  flush(): void {
    if (!this.#connected || this.#unsent.length === 0) return;
    const unsent = this.#unsent.flatMap((id) => this.#pending.get(id)?.query.wire ?? []);
    this.#unsent = [];
    try {
      for (let sent = 0, count = 1; sent < unsent.length && count > 0; sent += count) {
        count = this.#socket.sendmmsg(sent === 0 ? unsent : unsent.slice(sent));
      }
    } catch (error) {
      this.#fail(error as MifError);
    }
  }

  /** Gives up what took too long, and the port where nothing was asked for a while. */
  tick(nowMs: number): void {
    let count = 0;
    for (const [id, pending] of this.#pending) {
      if (pending.endMs > nowMs) continue;
      this.#forget(id, pending);
      pending.reject(timedOut(this.#server));
      count++;
    }
    if (count > 0) this.#owner.settled(count);
    this.#idleTicks = this.#pending.size > 0 ? 0 : this.#idleTicks + 1;
    if (this.#idleTicks === IDLE_TICKS_MAX) this.#close();
  }

  async #run(): Promise<void> {
    const { address, port, scopeId } = this.#server;
    try {
      await this.#socket.connect({ address, port, scopeId });
      this.#connected = true;
      this.flush();
      while (!this.#socket.closed) {
        let count = 0;
        for (const { data } of await this.#socket.recvmmsg()) count += this.#take(data);
        this.#owner.settled(count);
        if (this.#wrong > WRONG_MAX) throw forged(this.#server);
      }
    } catch (error) {
      if (!this.#socket.closed) this.#fail(error as MifError);
    }
  }

  /** How many questions the bytes answer. */
  #take(bytes: Uint8Array): 0 | 1 {
    const id = bytes.length < 2 ? -1 : messageId(bytes);
    const pending = this.#pending.get(id);
    const kind = pending ? answerKind(bytes, pending.query) : "other";
    if (!pending || kind === "other") {
      if (pending || !this.#ids.has(id)) this.#wrong++;
      return 0;
    }
    this.#forget(id, pending);
    if (kind === "other case") pending.reject(forged(this.#server));
    else pending.resolve(bytes);
    return 1;
  }

  #fail(error: MifError): void {
    const pending = [...this.#pending];
    this.#close();
    for (const [id, each] of pending) {
      this.#forget(id, each);
      each.reject(error);
    }
    this.#owner.settled(pending.length);
  }

  #forget(id: number, pending: Pending): void {
    this.#pending.delete(id);
    pending.cancellation.onCancel = null;
  }

  #close(): void {
    this.#socket.close();
    this.#owner.ended(this);
  }
}

function timedOut({ address }: ServerAddress): MifError {
  return new MifError(`${address} did not answer in time`, {
    code: "ETIMEDOUT",
    errno: 110,
    syscall: "recvmmsg",
  });
}

function forged({ address }: ServerAddress): MifError {
  return new MifError(`What came in the name of ${address} may be forged`, {
    code: "EBADMSG",
    errno: 74,
    syscall: "recvmmsg",
  });
}
