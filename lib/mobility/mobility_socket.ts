/**
 * Raw sockets for mobility messages, as draft-chakrabarti-mobileip-socket-api and RFC 4584 have them: sending, hearing,
 * checking, and answering with Binding Errors.
 *
 * @module
 */

import { MifError } from "../error.ts";
import { isMulticast, isUnspecified, parseAddress } from "../ip/address.ts";
import { processPvd, pvdTo } from "../pvd/process_pvd.ts";
import type { PvdInfo, SocketAddress } from "../pvd/pvd.ts";
import {
  AF_INET6,
  IPPROTO_IPV6,
  IPPROTO_MH,
  IPV6_CHECKSUM,
  IPV6_DSTOPTS,
  IPV6_RECVDSTOPTS,
  IPV6_RECVPKTINFO,
  IPV6_RECVRTHDR,
  IPV6_RTHDR,
  IPV6_RTHDRDSTOPTS,
  SO_ATTACH_FILTER,
  SOCK_RAW,
  SOL_SOCKET,
} from "../socket/options.ts";
import type { SocketAddressInit } from "../socket/sockaddr.ts";
import { checkedWait, type ReceivedMessage, Socket, type WaitOptions } from "../socket/socket.ts";
import { buildMobility } from "./build_mobility.ts";
import { kernelHasMobileIpv6 } from "./kernel_support.ts";
import type { MobilityMessageInit } from "./message.ts";
import { type MobilitySendOptions, type SendingSocket, sendMobility } from "./mobility_sender.ts";
import { RateLimit } from "./rate_limit.ts";
import { readCaptured, readReceived, type ReceivedMobility } from "./received.ts";
import { WireListener } from "./wire_listener.ts";

/** What {@linkcode mobilitySocket} takes. */
export interface MobilitySocketOptions {
  /**
   * Who makes and verifies checksums. "kernel": IPV6_CHECKSUM is on, at offset 4, as the draft recommends; what has a wrong
   * one is never heard. "library": it is off (-1), and what has a wrong one is heard with the verdict "checksum".
   */
  checksum?: "kernel" | "library";
  /** Puts the socket on a PvD, as setsockopt(s, pvd) does. */
  pvd?: PvdInfo;
  /**
   * Also hears, by a packet socket, messages to this host that have a home address option or a type 2 routing header:
   * kernels without Mobile IPv6 drop them before a raw socket sees them.
   */
  wire?: boolean;
  /** MH Types beyond those of RFC 6275 that the program knows: no Binding Error is due to them. */
  knownTypes?: readonly number[];
  /** Milliseconds from any beginning on, for what is limited in time; performance.now() where left out. */
  clock?: () => number;
}

/** The checksum's place in a mobility header. */
const CHECKSUM_OFFSET = 4;
const CHECKSUM_OFF = -1;
/** A program of classic BPF: BPF_RET | BPF_K, no byte of any packet. */
const HEARS_NOTHING = Uint8Array.of(0x06, 0, 0, 0, 0, 0, 0, 0);
const BINDING_ERRORS_PER_SECOND = 10;
/** Options by which headers of Mobile IPv6 would go with whatever is sent. */
const REFUSED_OPTIONS: ReadonlyMap<number, string> = new Map([
  [IPV6_CHECKSUM, "IPV6_CHECKSUM: mobilitySocket({ checksum }) says who makes checksums"],
  [IPV6_DSTOPTS, "IPV6_DSTOPTS: send(…, { homeAddress }) asks for a home address option by name"],
  [IPV6_RTHDRDSTOPTS, "IPV6_RTHDRDSTOPTS: a mobility message has no such header"],
  [IPV6_RTHDR, "IPV6_RTHDR: send(…, { careOfAddress }) asks for a type 2 routing header by name"],
]);

/**
 * Opens a raw socket for mobility messages (IPPROTO_MH): a copy of every one that comes to this host, whether or not the
 * kernel makes something of it too.
 *
 * @throws {MifError} EPERM: it needs CAP_NET_RAW. What {@linkcode Socket.selectPvd} throws, where a PvD is given.
 *
 * @example
 * ```ts ignore
 * import { mobilitySocket } from "@mif/sockets/mobility";
 *
 * using s = mobilitySocket();
 * await s.send({ type: "HoTI", cookie: crypto.getRandomValues(new Uint8Array(8)) }, {
 *   to: "2001:db8:8888::1",
 *   from: "2001:db8:9999::1",
 * });
 * for await (const { message, source, verdict } of s) {
 *   if (verdict.ok) console.log(source, message);
 * }
 * ```
 */
export function mobilitySocket(options: MobilitySocketOptions = {}): MobilitySocket {
  return new MobilitySocket(options);
}

/**
 * An open raw socket for mobility messages, which {@linkcode mobilitySocket} opens. Close it, or let `using` do it: nothing
 * else will.
 *
 * @throws {MifError} In every method: the errno of the system call that failed, as its manual page names it; EBADF after
 *   close(); ETIMEDOUT after `timeoutMs`; ENETUNREACH when the PvD it is on is lost. close() throws nothing.
 * @throws {TypeError} or {RangeError} An argument is of the wrong type or out of range.
 * @throws The signal's reason, where one was given.
 *
 * @example Who checks checksums itself also sees what has a wrong one
 * ```ts ignore
 * import { mobilitySocket } from "@mif/sockets/mobility";
 *
 * using s = mobilitySocket({ checksum: "library" });
 * s.bind({ address: "2001:db8:8888::1" });
 * const { message, source, verdict } = await s.receive({ timeoutMs: 10_000 });
 * console.log(source, message?.type, verdict.ok ? "is right" : verdict);
 * ```
 */
export class MobilitySocket implements Disposable {
  readonly #sending: Sending;
  readonly #checksumVerified: boolean;
  readonly #knownTypes: readonly number[];
  readonly #bindingErrors: RateLimit;
  readonly #wire: WireListener | null;
  /** What came while something else was taken. */
  #earlier: ReceivedMobility[] = [];

  /** {@linkcode mobilitySocket} opens one. */
  constructor({ checksum = "kernel", pvd, wire, knownTypes, clock }: MobilitySocketOptions = {}) {
    if (checksum !== "kernel" && checksum !== "library") {
      throw new TypeError(`checksum must be "kernel" or "library", not ${String(checksum)}`);
    }
    this.#checksumVerified = checksum === "kernel";
    this.#knownTypes = knownTypes ?? [];
    const now = clock ?? (() => performance.now());
    this.#bindingErrors = new RateLimit(BINDING_ERRORS_PER_SECOND, BINDING_ERRORS_PER_SECOND, now);
    this.#sending = new Sending(this.#checksumVerified);
    try {
      if (pvd) this.selectPvd(pvd);
      this.#wire = wire ? new WireListener() : null;
    } catch (error) {
      this.#sending.close();
      throw error;
    }
  }

  /** Whether the kernel has Mobile IPv6, see {@linkcode kernelHasMobileIpv6}. */
  get kernelHasMobileIpv6(): boolean {
    return this.#sending.kernelHasMobileIpv6;
  }

  /** The PvD the socket is on, or null: {@linkcode Socket.pvd}. */
  get pvd(): PvdInfo | null {
    return this.#sending.socket.pvd;
  }

  /** Keeps the socket on a PvD: {@linkcode Socket.selectPvd}. @throws {MifError} What that throws. */
  selectPvd(pvd: PvdInfo | null): void {
    this.#sending.selectPvd(pvd);
  }

  /** bind(2): hears only what is sent to this address, and sends from it. @throws {MifError} EADDRNOTAVAIL. */
  bind(address: SocketAddressInit): void {
    this.#sending.bind(address);
  }

  /** getsockname(2): what it is bound to, "::" for nothing. */
  getsockname(): SocketAddress {
    return this.#sending.socket.getsockname();
  }

  /**
   * setsockopt(2).
   *
   * @throws {MifError} EPERM: an option that is not for programs here, the message says what is instead.
   */
  setsockopt(level: number, name: number, value: number | boolean | Uint8Array): void {
    const refused = level === IPPROTO_IPV6 || level === 255 ? REFUSED_OPTIONS.get(name) : undefined;
    if (refused !== undefined) {
      throw new MifError(`Cannot set ${refused}`, {
        code: "EPERM",
        errno: 1,
        syscall: "setsockopt",
      });
    }
    this.#sending.setsockopt(level, name, value);
  }

  /** getsockopt(2) of an option that is an int. */
  getsockopt(level: number, name: number): number {
    return this.#sending.socket.getsockopt(level, name);
  }

  /**
   * Sends a message, or bytes that are to be one; resolves with the length of the message.
   *
   * A home address option and a type 2 routing header are the kernel's business: they go only where `homeAddress` and
   * `careOfAddress` ask for them.
   *
   * @throws {TypeError} or {RangeError} The message or an address is none.
   * @throws {MifError} ENETUNREACH, EADDRNOTAVAIL (`from` is not this host's), EMSGSIZE; EPVDROUTE on a PvD. EOPNOTSUPP:
   *   `careOfAddress` on a PvD where the kernel has no Mobile IPv6.
   */
  async send(
    message: MobilityMessageInit | Uint8Array,
    options: MobilitySendOptions,
  ): Promise<number> {
    const bytes = message instanceof Uint8Array ? message : buildMobility(message);
    return await sendMobility(this.#sending, bytes, options);
  }

  /**
   * The next message, right or wrong: its `verdict` says which.
   *
   * @throws {MifError} ETIMEDOUT, EBADF when the socket is closed; rejects with the signal's reason.
   */
  async receive(options: WaitOptions = {}): Promise<ReceivedMobility> {
    const earlier = this.#earlier.shift();
    if (earlier) return earlier;
    return this.#wire === null
      ? this.#read(await this.#sending.socket.recvmsg(options))
      : await this.#receiveFromBoth(this.#wire, options);
  }

  /** The messages as they come, until the socket is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ReceivedMobility, void, undefined> {
    if (this.#wire === null) {
      // In batches.
      for await (const message of this.#sending.socket) yield this.#read(message);
      return;
    }
    while (!this.closed) {
      try {
        yield await this.receive();
      } catch (error) {
        if (!this.closed) throw error;
      }
    }
  }

  /**
   * Answers a message whose verdict asks for a Binding Error (RFC 6275 9.3.3), to where it came from.
   *
   * @returns Whether it was sent: not for other verdicts, not to what is no unicast address, and not more than ten times a
   *   second.
   */
  async sendBindingError(received: ReceivedMobility, options: WaitOptions = {}): Promise<boolean> {
    const { verdict, wireSource, wireDestination, homeAddress, interface: scopeId } = received;
    if (verdict.ok || verdict.action !== "binding-error" || verdict.code === null) return false;
    const bytes = parseAddress(wireSource)!.bytes;
    if (isMulticast(bytes) || isUnspecified(bytes) || !this.#bindingErrors.take()) return false;
    const own = parseAddress(wireDestination)!.bytes;
    await this.send({ type: "BE", status: verdict.code, homeAddress: homeAddress ?? "::" }, {
      ...options,
      to: { address: wireSource, scopeId },
      from: isMulticast(own) || isUnspecified(own) ? undefined : wireDestination,
    });
    return true;
  }

  /** Whether the socket is closed. */
  get closed(): boolean {
    return this.#sending.socket.closed;
  }

  /** Closes it; what waits ends with EBADF. */
  close(): void {
    this.#sending.close();
    this.#wire?.[Symbol.dispose]();
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.close();
  }

  #read(message: ReceivedMessage): ReceivedMobility {
    const reading = { checksumVerified: this.#checksumVerified, knownTypes: this.#knownTypes };
    return readReceived(message, this.kernelHasMobileIpv6, reading);
  }

  async #receiveFromBoth(wire: WireListener, options: WaitOptions): Promise<ReceivedMobility> {
    const reading = { checksumVerified: false, knownTypes: this.#knownTypes };
    const { signal: given, timeoutMs = Infinity } = options;
    checkedWait(options);
    const endMs = performance.now() + timeoutMs;
    wire.ref();
    try {
      while (true) {
        const stop = new AbortController();
        const signal = given ? AbortSignal.any([given, stop.signal]) : stop.signal;
        const leftMs = Math.max(0, endMs - performance.now());
        const waiting = this.#sending.socket.recvmsg({ signal, timeoutMs: leftMs });
        const first = await Promise.race([
          waiting.then((message) => ({ message, heard: null })),
          wire.next().then((heard) => ({ message: null, heard })),
        ]);
        if (first.message) {
          const read = this.#read(first.message);
          // The packet socket hears it too.
          if (isPlain(read)) return read;
          continue;
        }
        stop.abort();
        // It may have come at the same moment.
        const message = await waiting.catch(() => null);
        const read = message && this.#read(message);
        if (read && isPlain(read)) this.#earlier.push(read);
        wire.take();
        if (first.heard === null) throw closedWhileWaiting();
        const { found, interface: index } = first.heard;
        const captured = readCaptured(found, index, reading);
        if (this.#isForUs(captured)) return captured;
        const earlier = this.#earlier.shift();
        if (earlier) return earlier;
      }
    } finally {
      wire.unref();
    }
  }

  /** A raw socket that is bound hears only what is sent to its address, and on a PvD what came by its link. */
  #isForUs({ wireDestination, interface: index }: ReceivedMobility): boolean {
    if (this.pvd !== null && this.pvd.interface.index !== index) return false;
    const bound = this.getsockname().address;
    return bound === "::" || bound === wireDestination;
  }
}

/** Whether no header of Mobile IPv6 came with it. */
function isPlain({ source, wireSource, destination, wireDestination }: ReceivedMobility): boolean {
  return source === wireSource && destination === wireDestination;
}

function closedWhileWaiting(): MifError {
  return new MifError("Cannot wait for the socket: it is closed", {
    code: "EBADF",
    errno: 9,
    syscall: "close",
  });
}

/** The sockets behind one: what it sends and hears by, and its like with IPV6_CHECKSUM off that only sends. */
class Sending implements SendingSocket {
  readonly kernelChecksum: boolean;
  readonly kernelHasMobileIpv6: boolean;
  readonly socket: Socket;
  readonly #byDefault = processPvd();
  readonly #options: Parameters<Socket["setsockopt"]>[] = [];
  #pvd: PvdInfo | null = null;
  #bound: SocketAddressInit | null = null;
  #unchecked: Socket | null = null;

  constructor(kernelChecksum: boolean) {
    this.kernelChecksum = kernelChecksum;
    this.kernelHasMobileIpv6 = kernelHasMobileIpv6();
    this.socket = this.#open(kernelChecksum ? CHECKSUM_OFFSET : CHECKSUM_OFF, [
      [IPPROTO_IPV6, IPV6_RECVPKTINFO, true],
      [IPPROTO_IPV6, IPV6_RECVRTHDR, true],
      [IPPROTO_IPV6, IPV6_RECVDSTOPTS, true],
    ]);
  }

  unchecked(): Socket {
    if (this.#unchecked) return this.#unchecked;
    const options: Parameters<Socket["setsockopt"]>[] = [
      [SOL_SOCKET, SO_ATTACH_FILTER, HEARS_NOTHING],
      ...this.#options,
    ];
    const socket = this.#open(CHECKSUM_OFF, options);
    try {
      if (this.#pvd) socket.selectPvd(this.#pvd);
      if (this.#bound) socket.bind(this.#bound);
    } catch (error) {
      socket.close();
      throw error;
    }
    return this.#unchecked = socket;
  }

  settle({ address }: SocketAddressInit): boolean {
    if (this.#pvd === null && this.#byDefault !== null) {
      const pvd = pvdTo(address, null, this.#byDefault);
      if (pvd) this.selectPvd(pvd);
    }
    return this.#pvd !== null;
  }

  selectPvd(pvd: PvdInfo | null): void {
    this.socket.selectPvd(pvd);
    if (pvd === null) return;
    this.#pvd = pvd;
    this.#forgetUnchecked();
  }

  bind(address: SocketAddressInit): void {
    this.socket.bind(address);
    this.#bound = address;
    this.#forgetUnchecked();
  }

  setsockopt(...option: Parameters<Socket["setsockopt"]>): void {
    this.socket.setsockopt(...option);
    this.#options.push(option);
    this.#unchecked?.setsockopt(...option);
  }

  close(): void {
    this.socket.close();
    this.#forgetUnchecked();
  }

  #forgetUnchecked(): void {
    this.#unchecked?.close();
    this.#unchecked = null;
  }

  #open(checksum: number, options: readonly Parameters<Socket["setsockopt"]>[]): Socket {
    const socket = Socket.open(AF_INET6, SOCK_RAW, IPPROTO_MH, this.#byDefault);
    try {
      socket.setsockopt(IPPROTO_IPV6, IPV6_CHECKSUM, checksum);
      for (const option of options) socket.setsockopt(...option);
    } catch (error) {
      socket.close();
      throw error;
    }
    return socket;
  }
}
