/**
 * Keeps one socket on one provisioning domain, and proves it before a packet leaves.
 *
 * The socket is bound to the PvD's source address, and to its interface where that helps (only selection by source is right
 * for every packet a socket causes). Two things are then proved, each time the kernel's tables have changed:
 *
 * - that no rule and no default route leads packets of this source to another router, now or when the own one goes away
 *   ({@linkcode reachOf});
 * - for each destination, that the kernel takes the PvD's router or the link itself (RTM_GETROUTE).
 *
 * What cannot be proved is refused. A connection whose way is lost while it lives is cut off: it is bound to the
 * loopback device, so that also what the kernel sends by itself (retransmissions, the end of the connection)
 * reaches no other router. Without CAP_NET_RAW that is possible only where the socket is bound to no device yet.
 *
 * @module
 */

import { clearInterval, setInterval } from "node:timers";
import { linux } from "../../ffi/layout.gen.ts";
import { MifError } from "../error.ts";
import {
  formatAddress,
  isLinkLocal,
  isMapped,
  isMulticast,
  isUnspecified,
  prefixContains,
} from "../ip/address.ts";
import { currentSnapshot, readingNumber } from "../netlink/current.ts";
import { recordAddress } from "../netlink/records.ts";
import { lookupRoute, type RouteAnswer } from "../netlink/route_lookup.ts";
import type { KernelSnapshot } from "../netlink/snapshot.ts";
import { checkPvd, type PvdInfo, type SocketAddress } from "../pvd/pvd.ts";
import { type ControlMessageInit, encodeControl } from "./control.ts";
import { type Reach, reachOf } from "./foreign_router.ts";
import { knownAddress, oncePerSnapshot } from "./memory.ts";
import * as options from "./options.ts";
import { gone, lost, routeError, unreachable } from "./selection_error.ts";
import type { SocketAddressInit } from "./sockaddr.ts";
import {
  chooseAddress,
  defaultRouters,
  remoteProbe,
  type Source,
  sourceOf,
  usableAddresses,
} from "./source.ts";
import { controlSteering, steeringOption, unselectable } from "./steering.ts";
import { hearChanges } from "./table_news.ts";

/** What selection needs of a socket. */
export interface SelectableSocket {
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  /** Whether nothing has been done with it yet. */
  readonly untouched: boolean;
  /** Whether it has a peer. */
  readonly connected: boolean;
  bind(address: SocketAddressInit): void;
  getsockname(): SocketAddress;
  getpeername(): SocketAddress;
  setsockopt(level: number, name: number, value: number | boolean | Uint8Array): void;
  getsockopt(level: number, name: number): number;
  getsockopts(names: readonly (readonly [level: number, name: number])[]): (number | null)[];
}

/**
 * How long the kernel's answer for a destination is believed by all sockets while its tables do not change, and as long
 * again by the socket that was proved with it: a second at most.
 */
const BELIEVED_MS = 500;
const CHECKED_MAX = 4096;
/** LOOPBACK_IFINDEX of every network namespace. */
export const LOOPBACK_INDEX = 1;
/** What a packet to needs no router for. */
const WITHOUT_ROUTER: readonly number[] = [
  linux.RTN_BROADCAST,
  linux.RTN_ANYCAST,
  linux.RTN_MULTICAST,
];
/** errnos by which the kernel says that there is no way: nothing leaves. */
const NO_WAY: readonly string[] = ["ENETUNREACH", "EHOSTUNREACH", "EACCES", "EINVAL"];

/** A socket's bond to a PvD. */
export class Selection {
  readonly pvd: PvdInfo;
  readonly #socket: SelectableSocket;
  readonly #interrupt: (error: MifError) => void;
  #source: Source;
  #deviceBound = false;
  /** SO_MARK as it was last read. */
  #mark = 0;
  /** Destinations proved, with the time of it. */
  readonly #checked = new Map<string, number>();
  /** The kernel's tables that the rest was proved by. */
  #provedBy = -1;
  #peer: SocketAddressInit | null = null;
  #steering = false;
  #isGone: (() => boolean) | null = null;
  #lost: MifError | null = null;
  /** Whether its link has routers of others as well: a redirect may lead any destination to one of them, at any time. */
  #shared = false;

  /**
   * Binds a socket to a PvD.
   *
   * @param interrupt Called when the PvD is lost: it is to end what is pending.
   * @param listener The selection of the listening socket that a connection came from: it is bound already.
   * @throws {MifError} EISCONN, EINVAL (bound to a foreign address, or steered by another option), EOPNOTSUPP (a kind of
   *   socket that cannot be held), ENONET (the PvD is gone), EADDRNOTAVAIL (it has no sure address of the family),
   *   EPVDROUTE (the kernel would send elsewhere), ENETUNREACH (nowhere), EPERM (bound to another device).
   */
  constructor(
    socket: SelectableSocket,
    pvd: PvdInfo,
    interrupt: (error: MifError) => void,
    listener?: Selection,
  ) {
    if (listener === undefined) checkPvd(pvd);
    this.pvd = pvd;
    this.#socket = socket;
    this.#interrupt = interrupt;
    if (listener) {
      this.#source = listener.#source;
      this.#deviceBound = listener.#deviceBound;
      this.#peer = socket.getpeername();
      this.check(this.#peer);
    } else {
      const bound = refuseUnfit(socket, pvd);
      const kernel = currentSnapshot();
      const { device, mark } = bindingOf(socket);
      this.#mark = mark;
      this.#source = sourceOf(pvd, chooseAddress(socket, pvd, kernel, bound));
      this.#deviceBound = this.#chooseBinding(device, kernel);
      this.#shared = this.#hasOtherRouters(kernel);
      this.#provedBy = readingNumber();
      if (this.#source.gateways.length > 0) this.#prove(remoteProbe(pvd, this.#source), kernel, 0);
      this.#bind(device, bound !== null);
    }
    watch(this);
  }

  /** The source address every packet carries. */
  get source(): string {
    return this.#source.text;
  }

  /**
   * Proves that a packet to this address leaves by the PvD.
   *
   * @throws {MifError} EPVDROUTE where it would not; ENETUNREACH where the kernel has no way; ENONET where the PvD is gone.
   */
  check(to: SocketAddressInit): void {
    const kernel = this.#proveHeld();
    const key = `${to.address} ${to.scopeId ?? 0}`;
    const nowMs = performance.now();
    const checkedAt = this.#checked.get(key);
    const believedMs = this.#shared ? 0 : BELIEVED_MS;
    if (checkedAt !== undefined && nowMs - checkedAt < believedMs) return;
    this.#mark = markOf(this.#socket);
    this.#prove(to, kernel, believedMs);
    if (this.#checked.size >= CHECKED_MAX) this.#checked.clear();
    this.#checked.set(key, nowMs);
  }

  /**
   * Proves the way to the peer, as {@linkcode check} does; of a socket that is not connected, what can be.
   *
   * @throws {MifError} ENETUNREACH: the PvD is lost.
   */
  checkPeer(): void {
    try {
      this.#provePeer();
    } catch (error) {
      throw this.#lost ?? lost(this.pvd, error);
    }
  }

  /**
   * Whether there is something to wait for. Nothing is asked where all that was heard is proved: what is heard while the
   * socket waits ends the wait.
   *
   * @throws {MifError} ENETUNREACH: the PvD is lost.
   */
  checkWait(): void {
    if (!watching || this.#lost || this.#provedBy !== readingNumber()) this.checkPeer();
  }

  /** The socket is going to listen: where its link has no other router it is to hear only this link. */
  listening(): void {
    if (this.#deviceBound) return;
    const { foreign, stopped } = this.#reach(true, currentSnapshot());
    if (foreign !== null || stopped) return;
    this.#bindDevice();
    this.#unprove();
    this.#proveHeld();
  }

  /** The socket is being connected to this address; it was checked. */
  connected(peer: SocketAddressInit): void {
    this.#peer = peer;
    if (this.isExposed) lookForRedirects();
  }

  /** Whether the kernel may send something by itself, and be redirected. */
  get isExposed(): boolean {
    return this.#shared && this.#peer !== null && !this.#lost &&
      this.#socket.type === options.SOCK_STREAM;
  }

  /** A link-local destination with the PvD's interface where none is named: the socket may be bound to no device. */
  destination(to: SocketAddressInit): SocketAddressInit {
    const parsed = knownAddress(to.address);
    const needsScope = parsed?.family === 6 && parsed.zone === null && !to.scopeId &&
      (isLinkLocal(parsed.bytes) || isMulticast(parsed.bytes));
    return needsScope ? { ...to, scopeId: this.pvd.interface.index } : to;
  }

  /**
   * Refuses control messages that would send a packet from elsewhere or another way.
   *
   * @throws {MifError} EPVDROUTE.
   */
  checkControl(control: readonly ControlMessageInit[]): void {
    const { index, name } = this.pvd.interface;
    const steering = controlSteering(encodeControl(control));
    const source = steering.sources.find((address) => address !== this.source);
    const other = steering.interfaces.find((asked) => asked !== index);
    const what = source !== undefined
      ? `a control message asks for the source ${source}, and the socket's is ${this.source}`
      : other !== undefined
      ? `a control message asks for interface ${other}, and the PvD is on ${name}`
      : steering.unknown !== null
      ? `nothing tells which way ${steering.unknown} leads`
      : null;
    if (what !== null) throw routeError(this.pvd, what);
    for (const address of steering.firstHops) this.check({ address });
  }

  /** Refuses flags of send(2) that change the way. */
  checkFlags(flags: number): void {
    if ((flags & options.MSG_DONTROUTE) === 0) return;
    throw routeError(this.pvd, "MSG_DONTROUTE takes every destination to be on the link");
  }

  /** Refuses options that change the way, once the socket is on the PvD. */
  checkOption(level: number, number: number): void {
    const name = this.#steering ? null : steeringOption(level, number);
    if (name === null) return;
    throw new MifError(
      `Cannot set ${name}: the socket is on PvD ${this.pvd.id}, and that would lead it elsewhere; open a new socket`,
      { code: "EPERM", errno: 1, syscall: "setsockopt" },
    );
  }

  /** Where bind() is to bind: the source where nothing is named, or another sure address of the PvD, which is proved. */
  bindAddress({ address, port, scopeId }: SocketAddressInit): SocketAddressInit {
    const bytes = knownAddress(address)?.bytes;
    if (!bytes || isUnspecified(bytes)) return { address: this.source, port };
    const text = formatAddress(bytes);
    if (text === this.source) return { address: text, port, scopeId };
    const own = usableAddresses(this.#socket, this.pvd, currentSnapshot())
      .find((usable) => usable.address === text);
    if (!own) {
      throw new MifError(
        `Cannot bind to ${text}: the socket is on PvD ${this.pvd.id}, and that is no address it is sure of`,
        { code: "EADDRNOTAVAIL", errno: 99, syscall: "bind" },
      );
    }
    const before = this.#source;
    try {
      this.#unprove();
      this.#source = sourceOf(this.pvd, own);
      if (this.#source.gateways.length > 0) this.check(remoteProbe(this.pvd, this.#source));
    } catch (error) {
      this.#unprove();
      this.#source = before;
      throw error;
    }
    return { address: text, port, scopeId };
  }

  /** The socket is closing: what the kernel still has to send for it goes by the PvD or nowhere. */
  release(): void {
    live.delete(this);
    if (this.#lost || this.#peer === null || this.#socket.type !== options.SOCK_STREAM) return;
    try {
      this.#provePeer();
    } catch {
      // Also where there is no way now: the kernel would try on for minutes, and there may be another one by then.
      this.#cutOff();
    }
  }

  /**
   * The runtime has the descriptor: once the PvD is lost, even for a moment, the socket is over. `isGone` tells whether
   * the runtime has closed it.
   */
  lend(isGone: () => boolean): void {
    this.#isGone = isGone;
  }

  /** The runtime has closed the descriptor. */
  forget(): void {
    live.delete(this);
  }

  /** Proves all of it again after the kernel's tables changed; where it fails, ends what is pending. */
  prove(): void {
    if (this.#isGone?.()) return this.forget();
    if (this.#lost) return;
    try {
      this.#provePeer();
    } catch (error) {
      const reason = lost(this.pvd, error);
      // Where the kernel has no way at all nothing leaves, and the PvD may come back.
      if ((error as MifError).code === "EPVDROUTE" || this.#isGone || this.#isAbandoned()) {
        this.#lost = reason;
        this.#cutOff();
      }
      this.#interrupt(reason);
    }
  }

  /** Whether rules still stop the source and lead it nowhere any more: what held it is being taken away. */
  #isAbandoned(): boolean {
    const { stopped, led } = this.#reach(this.#deviceBound, currentSnapshot());
    return stopped && !led;
  }

  #provePeer(): void {
    if (this.#peer === null) return void this.#proveHeld();
    try {
      this.check(this.#peer);
    } catch (error) {
      // Also what begins to wait after this is to learn of it.
      this.#unprove();
      throw error;
    }
  }

  /** What can be said without a destination: the source is there, and no other router is within its reach. */
  #proveHeld(): KernelSnapshot {
    if (this.#lost) throw this.#lost;
    const kernel = currentSnapshot();
    const number = readingNumber();
    if (number === this.#provedBy) return kernel;
    this.#checked.clear();
    const present = usableAddresses(this.#socket, this.pvd, kernel);
    if (!present.some(({ address }) => address === this.source)) {
      throw gone(this.pvd, `the host has lost the address ${this.source}`);
    }
    this.#mark = markOf(this.#socket);
    const { foreign } = this.#reach(this.#deviceBound, kernel);
    if (foreign !== null) throw notHeld(this.pvd, this.#source, foreign);
    this.#shared = this.#hasOtherRouters(kernel);
    this.#provedBy = number;
    if (this.isExposed) lookForRedirects();
    return kernel;
  }

  #unprove(): void {
    this.#provedBy = -1;
    this.#checked.clear();
  }

  /**
   * Whether to bind the device too. Where rules stop what has lost its way the source is enough, and the device would
   * lead around that stop. Where there are none the device keeps the packets to its link, as long as that has no other
   * router.
   */
  #chooseBinding(device: number, kernel: KernelSnapshot): boolean {
    const bySource = device === 0 ? this.#reach(false, kernel) : null;
    if (bySource?.stopped) return false;
    const { foreign } = this.#reach(true, kernel);
    if (foreign === null) return true;
    throw notHeld(this.pvd, this.#source, bySource?.foreign ?? foreign);
  }

  #reach(deviceBound: boolean, kernel: KernelSnapshot): Reach {
    const { gateways } = this.#source;
    // A PvD without a router reaches its link only, and each destination is proved to be there.
    if (gateways.length === 0) {
      return { foreign: deviceBound ? null : "what is not on its link", stopped: false, led: true };
    }
    if (kernel.unsettled.includes("rules") || kernel.unsettled.includes("routes")) {
      const foreign = "any router: the routing tables do not hold still";
      return { foreign, stopped: false, led: true };
    }
    const { index } = this.pvd.interface;
    const question = ["reach", this.source, index, deviceBound, this.#mark, ...gateways].join(" ");
    return oncePerSnapshot(kernel, question, () =>
      reachOf(kernel, {
        source: this.#source.bytes,
        interface: index,
        deviceBound,
        mark: this.#mark,
        isOwn: (gateway) => gateways.includes(gateway),
      }));
  }

  /** The device first: without CAP_NET_RAW it can be set on an unbound socket only. */
  #bind(device: number, bound: boolean): void {
    const socket = this.#socket;
    const { index } = this.pvd.interface;
    const { IPPROTO_IP, IPPROTO_IPV6 } = options;
    const isIpv4 = this.#source.bytes.length === 4;
    // Its address and interface cannot be read, so they are taken away.
    if (!isIpv4) socket.setsockopt(IPPROTO_IPV6, options.IPV6_PKTINFO, packetInfo(device));
    if (!this.#deviceBound && socket.type !== options.SOCK_STREAM) {
      if (isIpv4) socket.setsockopt(IPPROTO_IP, options.IP_MULTICAST_IF, multicastInterface(index));
      else socket.setsockopt(IPPROTO_IPV6, options.IPV6_MULTICAST_IF, index);
    }
    if (this.#deviceBound && device !== index) this.#bindDevice();
    if (bound) return;
    // The port stays open, so that bind() or connect() can still choose it.
    if (socket.type !== options.SOCK_RAW) {
      socket.setsockopt(IPPROTO_IP, options.IP_BIND_ADDRESS_NO_PORT, 1);
    }
    socket.bind({ address: this.source, port: 0 });
  }

  #bindDevice(): void {
    const { SOL_SOCKET, SO_BINDTOIFINDEX } = options;
    this.#steer(() =>
      this.#socket.setsockopt(SOL_SOCKET, SO_BINDTOIFINDEX, this.pvd.interface.index)
    );
    this.#deviceBound = true;
  }

  #cutOff(): void {
    this.#steer(() => cutOff(this.#socket));
  }

  /** Our own hand may set what others may not. */
  #steer(set: () => void): void {
    this.#steering = true;
    try {
      set();
    } finally {
      this.#steering = false;
    }
  }

  /** An answer the kernel gave within `believedMs` will do. */
  #prove(
    { address, scopeId }: SocketAddressInit,
    kernel: KernelSnapshot,
    believedMs: number,
  ): void {
    const { bytes, zone } = knownAddress(address)!;
    const { interface: { index, name } } = this.pvd;
    const scope = scopeId || Number(zone ?? 0);
    if (scope !== 0 && scope !== index) {
      throw routeError(
        this.pvd,
        `${address} is asked for on interface ${scope}, and the PvD is on ${name}`,
      );
    }
    if (isMapped(bytes)) throw routeError(this.pvd, `${address} is an IPv4 address in IPv6`);
    const text = formatAddress(bytes);
    if (this.#isOtherRouter(text, kernel)) {
      throw routeError(this.pvd, `${text} is a router of another PvD on its link`);
    }
    if (isMulticast(bytes)) return this.#proveMulticast(bytes, text, kernel);
    const ask = () => this.#ask(bytes, text, scope);
    const question = ["route", text, scope, this.source, index, this.#deviceBound, this.#mark];
    const answer = oncePerSnapshot(kernel, question.join(" "), ask, believedMs);
    if (answer.type === linux.RTN_LOCAL) return;
    const gateway = answer.gateway && formatAddress(answer.gateway);
    const onPvd = answer.interface === index &&
      (gateway !== null
        ? this.#routesVia(gateway, bytes)
        : WITHOUT_ROUTER.includes(answer.type) || this.#isOnLink(bytes));
    if (onPvd) return;
    throw routeError(
      this.pvd,
      `to ${text} the kernel would take ${describeAnswer(answer, gateway)}`,
      this.#source.gateways,
    );
  }

  #ask(destination: Uint8Array, text: string, scope: number): RouteAnswer {
    const { index } = this.pvd.interface;
    let answer: RouteAnswer;
    try {
      answer = lookupRoute({
        destination,
        source: this.#source.bytes,
        interface: this.#deviceBound || scope !== 0 ? index : 0,
        mark: this.#mark,
      });
    } catch (error) {
      if (!NO_WAY.includes((error as MifError).code)) throw error;
      throw unreachable(this.pvd, text, error);
    }
    const { type } = answer;
    const leads = type === linux.RTN_UNICAST || type === linux.RTN_LOCAL ||
      WITHOUT_ROUTER.includes(type);
    if (!leads) throw unreachable(this.pvd, text);
    return answer;
  }

  /** Packets to a group beyond the link are any multicast router's: only a link without other routers can do. */
  #proveMulticast(group: Uint8Array, text: string, kernel: KernelSnapshot): void {
    const linkScope = group.length === 4
      ? group[0] === 224 && group[1] === 0 && group[2] === 0
      : (group[1]! & 0x0f) <= 2;
    const { index, name } = this.pvd.interface;
    const others = kernel.routes.some((route) =>
      route.interface === index && route.gatewayFamily !== 0 &&
      !this.#source.gateways.includes(
        formatAddress(recordAddress(route.gateway, route.gatewayFamily)),
      ) && route.family === (group.length === 4 ? 4 : 6)
    );
    if (linkScope || !others) return;
    throw routeError(this.pvd, `${text} is for every router on ${name}, and it has several`);
  }

  /** Whether a redirect of the source's family could name a router of others. */
  #hasOtherRouters(kernel: KernelSnapshot): boolean {
    const { bytes, gateways } = this.#source;
    return [...defaultRouters(kernel, this.pvd.interface.index, [bytes.length === 4 ? 4 : 6])]
      .some((router) => !gateways.includes(router));
  }

  /** A default router of the link that is not the source's own. */
  #isOtherRouter(address: string, kernel: KernelSnapshot): boolean {
    const { index } = this.pvd.interface;
    return !this.#source.gateways.includes(address) &&
      defaultRouters(kernel, index, [4, 6]).has(address);
  }

  /** IPv4 with a bound device and no route assumes that the whole world is on the link. */
  #isOnLink(destination: Uint8Array): boolean {
    return isLinkLocal(destination) ||
      this.#source.onLink.some(({ bytes, prefixLength }) =>
        prefixContains(bytes, prefixLength, destination)
      );
  }

  #routesVia(gateway: string, destination: Uint8Array): boolean {
    const { gateways, specific } = this.#source;
    return gateways.includes(gateway) ||
      specific.some((route) =>
        route.gateway === gateway && prefixContains(route.bytes, route.prefixLength, destination)
      );
  }
}

/** struct linger of socket(7): close() keeps nothing that is still to be sent. */
const AT_ONCE = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]);

/** Binds a socket to the loopback device, so that nothing of it leaves the host any more. */
export function cutOff(socket: SelectableSocket): void {
  try {
    socket.setsockopt(options.SOL_SOCKET, options.SO_BINDTOIFINDEX, LOOPBACK_INDEX);
  } catch (error) {
    // Bound to the PvD's device, which only CAP_NET_RAW may change. Our own sending ends all the same, and with the
    // descriptor the kernel's.
    const isTied = (error as MifError).code === "EPERM" && socket.type === options.SOCK_STREAM;
    if (isTied) socket.setsockopt(options.SOL_SOCKET, options.SO_LINGER, AT_ONCE);
  }
}

/** Selections of open sockets. */
const live = new Set<Selection>();
let watching = false;

/** Has a selection proved again whenever the kernel's tables change. */
function watch(selection: Selection): void {
  live.add(selection);
  watching ||= hearChanges(() => live.forEach((each) => each.prove())) !== null;
}

/** How long a connection can be led elsewhere by a redirect (RFC 4861 8, RFC 792) before that is found: nothing tells of it. */
const REDIRECT_MS = 500;
let looking = false;

/** Proves connections again and again as long as there are any that a redirect could lead elsewhere. */
function lookForRedirects(): void {
  if (looking) return;
  looking = true;
  const timer = setInterval(() => {
    const exposed = [...live].filter(({ isExposed }) => isExposed);
    exposed.forEach((each) => each.prove());
    if (exposed.length > 0) return;
    clearInterval(timer);
    looking = false;
  }, REDIRECT_MS);
  timer.unref();
}

/**
 * The PvD a descriptor is bound to, read from the kernel: its device and source address name it. Null where it is
 * bound to none.
 */
export function boundPvd(socket: SelectableSocket, pvds: PvdInfo[]): PvdInfo | null {
  const { device, mark } = bindingOf(socket);
  const { address } = socket.getsockname();
  if (isLinkLocal(knownAddress(address)!.bytes)) return null;
  const kernel = currentSnapshot();
  return pvds.find((pvd) => {
    if (device !== 0 && device !== pvd.interface.index) return false;
    const own = pvd.addresses.find((candidate) => candidate.address === address);
    if (!own) return false;
    const { bytes, gateways } = sourceOf(pvd, own);
    if (gateways.length === 0) return device !== 0;
    const { foreign } = reachOf(kernel, {
      source: bytes,
      interface: pvd.interface.index,
      deviceBound: device !== 0,
      mark,
      isOwn: (gateway) => gateways.includes(gateway),
    });
    return foreign === null;
  }) ?? null;
}

/** The device a socket is bound to (its index, or 0), and its mark. */
function bindingOf(socket: SelectableSocket): { device: number; mark: number } {
  const { SOL_SOCKET, SO_BINDTOIFINDEX, SO_MARK } = options;
  const [device, mark] = socket.getsockopts([[SOL_SOCKET, SO_BINDTOIFINDEX], [
    SOL_SOCKET,
    SO_MARK,
  ]]);
  return { device: device!, mark: mark! };
}

function markOf(socket: SelectableSocket): number {
  return socket.getsockopt(options.SOL_SOCKET, options.SO_MARK);
}

/** The PvD's address the socket is bound to already, or null; throws where it is beyond selecting. */
function refuseUnfit(socket: SelectableSocket, pvd: PvdInfo): string | null {
  const { untouched } = socket;
  if (!untouched && socket.connected) {
    throw new MifError(
      `Cannot select PvD ${pvd.id}: the socket is connected; select before connect()`,
      { code: "EISCONN", errno: 106, syscall: "setsockopt" },
    );
  }
  const why = unselectable(socket);
  if (why !== null) {
    throw new MifError(`Cannot select PvD ${pvd.id}: ${why}; select it on a new socket`, {
      code: "EOPNOTSUPP",
      errno: 95,
      syscall: "setsockopt",
    });
  }
  if (untouched) return null;
  const { address, port } = socket.getsockname();
  const unspecified = address === "::" || address === "0.0.0.0";
  // The "port" of a raw socket is its protocol.
  if (unspecified && (port === 0 || socket.type === options.SOCK_RAW)) return null;
  if (pvd.addresses.some((own) => own.address === address)) return address;
  throw new MifError(
    `Cannot select PvD ${pvd.id}: the socket is bound to ${address} port ${port}, which is not the PvD's; ` +
      "select before bind()",
    { code: "EINVAL", errno: 22, syscall: "setsockopt" },
  );
}

/** struct in6_pktinfo without an address. The kernel wants the device the socket is bound to, if any. */
function packetInfo(device: number): Uint8Array {
  const bytes = new Uint8Array(20);
  new DataView(bytes.buffer).setInt32(16, device, true);
  return bytes;
}

/** struct ip_mreqn of ip(7), of which only the interface's index counts. */
function multicastInterface(index: number): Uint8Array {
  const bytes = new Uint8Array(12);
  new DataView(bytes.buffer).setInt32(8, index, true);
  return bytes;
}

function notHeld(pvd: PvdInfo, { text, gateways }: Source, foreign: string): MifError {
  return routeError(pvd, `packets from ${text} could come to ${foreign}`, gateways);
}

function describeAnswer({ interface: index }: RouteAnswer, gateway: string | null): string {
  return gateway === null
    ? `interface ${index} without a router`
    : `router ${gateway} on interface ${index}`;
}
