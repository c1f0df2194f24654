/**
 * Keeps one socket on one provisioning domain, and proves it before a packet leaves.
 *
 * The socket is bound to the PvD's interface and source address (notes: only selection by source is right for every packet a
 * socket causes). Whether the kernel then takes the PvD's router is asked of the kernel itself (RTM_GETROUTE), when the
 * PvD is set and for each new destination. On a link with several routers the answer of now is not enough, for the
 * kernel moves on when a router goes away: there a routing rule with a backstop must hold the source to its router.
 * What cannot be proved is refused.
 *
 * @module
 */

import { linux, type RouteRecord } from "../../ffi/layout.gen.ts";
import { MifError } from "../error.ts";
import {
  formatAddress,
  isLinkLocal,
  isMulticast,
  networkOf,
  parseAddress,
  prefixContains,
} from "../ip/address.ts";
import { currentSnapshot } from "../netlink/current.ts";
import { interfaceName, recordAddress } from "../netlink/records.ts";
import { lookupRoute, type RouteAnswer } from "../netlink/route_lookup.ts";
import type { KernelSnapshot } from "../netlink/snapshot.ts";
import type { PvdAddress, PvdInfo, SocketAddress } from "../pvd/pvd.ts";
import type { ControlMessage } from "./control.ts";
import {
  AF_INET,
  IP_BIND_ADDRESS_NO_PORT,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_ADDR_PREFERENCES,
  IPV6_PREFER_SRC_TMP,
  SO_BINDTOIFINDEX,
  SO_MARK,
  SOCK_RAW,
  SOL_SOCKET,
} from "./options.ts";
import type { SocketAddressInit } from "./sockaddr.ts";

/** What selection needs of a socket. */
export interface SelectableSocket {
  readonly family: number;
  readonly type: number;
  bind(address: SocketAddressInit): void;
  getsockname(): SocketAddress;
  getpeername(): SocketAddress;
  setsockopt(level: number, name: number, value: number | boolean | Uint8Array): void;
  getsockopt(level: number, name: number): number;
}

/** How long the answer for one destination is believed without asking again. */
const CHECKED_MS = 1000;
const CHECKED_MAX = 4096;

/** A socket's bond to a PvD. */
export class Selection {
  readonly pvd: PvdInfo;
  /** 4 or 16 bytes, what every packet carries. */
  readonly #source: Uint8Array;
  readonly #gateways: string[];
  readonly #socket: SelectableSocket;
  /** Destinations proved, with the time of it. */
  readonly #checked = new Map<string, number>();

  /**
   * Binds a socket to a PvD.
   *
   * @throws {MifError} EISCONN, EINVAL (bound to a foreign address), ENONET (the PvD is gone), EADDRNOTAVAIL
   *   (it has no sure address of the family), EPVDROUTE (the kernel would send elsewhere), EPERM (bound to another device).
   */
  constructor(socket: SelectableSocket, pvd: PvdInfo) {
    const family = socket.family === AF_INET ? 4 : 6;
    const bound = refuseUnfit(socket, pvd);
    const kernel = currentSnapshot();
    const source = chooseSource(socket, pvd, family, kernel, bound);
    this.pvd = pvd;
    this.#socket = socket;
    this.#source = parseAddress(source.address)!.bytes;
    this.#gateways = gatewaysOf(pvd, this.#source);
    if (this.#gateways.length > 0) {
      proveHeld(pvd, this.#source, this.#gateways, kernel);
      this.check(remoteProbe(pvd, family));
    }
    // The device first: without CAP_NET_RAW it can be set on an unbound socket only.
    if (socket.getsockopt(SOL_SOCKET, SO_BINDTOIFINDEX) !== pvd.interface.index) {
      socket.setsockopt(SOL_SOCKET, SO_BINDTOIFINDEX, pvd.interface.index);
    }
    if (bound) return;
    // The port stays open, so that bind() or connect() can still choose it.
    if (socket.type !== SOCK_RAW) socket.setsockopt(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    socket.bind({ address: source.address, port: 0 });
  }

  /** The source address every packet carries. */
  get source(): string {
    return formatAddress(this.#source);
  }

  /**
   * Proves that a packet to this address leaves by the PvD.
   *
   * @throws {MifError} EPVDROUTE where it would not; ENETUNREACH and others as the kernel has no route.
   */
  check({ address, scopeId }: SocketAddressInit): void {
    const key = `${address} ${scopeId ?? 0}`;
    const nowMs = performance.now();
    const checkedAt = this.#checked.get(key);
    if (checkedAt !== undefined && nowMs - checkedAt < CHECKED_MS) return;
    this.#prove(address, scopeId);
    if (this.#checked.size >= CHECKED_MAX) this.#checked.clear();
    this.#checked.set(key, nowMs);
  }

  /**
   * Refuses control messages that would send a packet from elsewhere.
   *
   * @throws {MifError} EPVDROUTE for a source or an interface that is not the PvD's.
   */
  checkControl(control: ControlMessage[]): void {
    for (const message of control) {
      const told = packetInformation(message);
      if (!told) continue;
      const { index, name } = this.pvd.interface;
      const foreign = told.address !== null && told.address !== this.source &&
        !this.pvd.addresses.some(({ address }) => address === told.address);
      if (!foreign && (told.interface === 0 || told.interface === index)) continue;
      throw routeError(
        this.pvd,
        `${message.name} asks for ${
          told.address ?? "any address"
        } on interface ${told.interface}, and the PvD is on ${name}`,
        [],
      );
    }
  }

  /** Where bind() is to bind: the source where nothing or one of the PvD's addresses is named. */
  bindAddress({ address, port, scopeId }: SocketAddressInit): SocketAddressInit {
    if (address === "::" || address === "0.0.0.0") return { address: this.source, port };
    if (this.pvd.addresses.some((own) => own.address === address)) {
      return { address, port, scopeId };
    }
    throw new MifError(
      `Cannot bind to ${address}: the socket is on PvD ${this.pvd.id}, which does not have it`,
      { code: "EADDRNOTAVAIL", errno: 99, syscall: "bind" },
    );
  }

  #prove(address: string, scopeId: number | undefined): void {
    const destination = parseAddress(address)!.bytes;
    const { interface: { index, name } } = this.pvd;
    if (isLinkLocal(destination) || isMulticast(destination)) {
      if (scopeId !== undefined && scopeId !== 0 && scopeId !== index) {
        throw routeError(
          this.pvd,
          `${address} is asked for on interface ${scopeId}, and the PvD is on ${name}`,
          [],
        );
      }
      return;
    }
    const answer = lookupRoute({
      destination,
      source: this.#source,
      interface: index,
      mark: this.#socket.getsockopt(SOL_SOCKET, SO_MARK),
    });
    if (answer.type !== linux.RTN_UNICAST) return;
    const gateway = answer.gateway && formatAddress(answer.gateway);
    const elsewhere = answer.interface !== index;
    if (!elsewhere && (gateway === null ? this.#isOnLink(destination) : this.#routesVia(gateway))) {
      return;
    }
    throw routeError(
      this.pvd,
      `to ${address} the kernel would take ${describeAnswer(answer, gateway)}`,
      this.#gateways,
    );
  }

  /** IPv4 with a bound device and no route assumes that the whole world is on the link. */
  #isOnLink(destination: Uint8Array): boolean {
    return onLinkPrefixes(this.pvd).some(({ bytes, prefixLength }) =>
      prefixContains(bytes, prefixLength, destination)
    );
  }

  #routesVia(gateway: string): boolean {
    return this.#gateways.includes(gateway) ||
      this.pvd.routes.some((route) => route.gateway === gateway && !isDefault(route.destination));
  }
}

/** The source and interface that a control message asks for. */
function packetInformation(
  message: ControlMessage,
): { address: string | null; interface: number } | null {
  if (message.name === "IPV6_PKTINFO") {
    return {
      address: message.address === "::" ? null : message.address,
      interface: message.interface,
    };
  }
  if (message.name !== "IP_PKTINFO") return null;
  const source = message.source;
  return { address: source === "0.0.0.0" ? null : source, interface: message.interface };
}

/**
 * The PvD a descriptor is bound to, read from the kernel: its device and source address name it. Null where it is
 * bound to none.
 */
export function boundPvd(socket: SelectableSocket, pvds: PvdInfo[]): PvdInfo | null {
  const index = socket.getsockopt(SOL_SOCKET, SO_BINDTOIFINDEX);
  if (index === 0) return null;
  const { address } = socket.getsockname();
  return pvds.find((pvd) =>
    pvd.interface.index === index && pvd.addresses.some((own) => own.address === address) &&
    !isLinkLocal(parseAddress(address)!.bytes)
  ) ?? null;
}

/** Whether the socket is bound to one of the PvD's addresses already; throws where it is beyond selecting. */
function refuseUnfit(socket: SelectableSocket, pvd: PvdInfo): string | null {
  if (isConnected(socket)) {
    throw new MifError(
      `Cannot select PvD ${pvd.id}: the socket is connected; select before connect()`,
      { code: "EISCONN", errno: 106, syscall: "setsockopt" },
    );
  }
  const { address, port } = socket.getsockname();
  const unspecified = address === "::" || address === "0.0.0.0";
  if (unspecified && port === 0) return null;
  if (pvd.addresses.some((own) => own.address === address)) return address;
  throw new MifError(
    `Cannot select PvD ${pvd.id}: the socket is bound to ${address} port ${port}, which is not the PvD's; ` +
      "select before bind()",
    { code: "EINVAL", errno: 22, syscall: "setsockopt" },
  );
}

function isConnected(socket: SelectableSocket): boolean {
  try {
    socket.getpeername();
    return true;
  } catch {
    return false;
  }
}

/** The best address that the PvD is sure of and the kernel still has. */
function chooseSource(
  socket: SelectableSocket,
  pvd: PvdInfo,
  family: 4 | 6,
  kernel: KernelSnapshot,
  bound: string | null,
): PvdAddress {
  const { index, name } = pvd.interface;
  const link = kernel.links.find((record) => record.index === index);
  if (!link || interfaceName(link.name) !== name || (link.flags & linux.IFF_UP) === 0) {
    throw gone(pvd, `its interface ${name} is not there or not up`);
  }
  const ofFamily = pvd.addresses.filter((address) => address.family === family);
  const present = ofFamily.filter(({ address }) =>
    kernel.addresses.some((record) =>
      record.interface === index && record.family === family &&
      formatAddress(recordAddress(record.address, family)) === address
    )
  );
  if (ofFamily.length > 0 && present.length === 0) {
    throw gone(pvd, "the host has lost its addresses");
  }
  if (bound !== null) {
    const own = present.find(({ address }) => address === bound);
    if (own) return own;
  }
  const usable = present.filter((address) => isSure(pvd, address));
  const temporary = family === 6 && socket.type !== SOCK_RAW &&
    (socket.getsockopt(IPPROTO_IPV6, IPV6_ADDR_PREFERENCES) & IPV6_PREFER_SRC_TMP) !== 0;
  const current = usable.filter(({ deprecated }) => !deprecated);
  const source = (temporary ? current.find((address) => address.temporary) : undefined) ??
    current[0] ?? usable[0];
  if (source) return source;
  const why = pvd.attribution === "unknown"
    ? "nothing says which of the link's addresses are its; mif list --solicit asks the routers"
    : `it has no IPv${family} address beyond the link`;
  throw new MifError(`Cannot select PvD ${pvd.id}: ${why}`, {
    code: "EADDRNOTAVAIL",
    errno: 99,
    syscall: "setsockopt",
  });
}

function isSure(pvd: PvdInfo, { address, family, validSeconds }: PvdAddress): boolean {
  if (family === 4) return true;
  if (isLinkLocal(parseAddress(address)!.bytes)) return false;
  return pvd.attribution !== "unknown" || validSeconds === null;
}

/** The routers that packets of this source belong to: the one whose network it is in, where that tells. */
function gatewaysOf(pvd: PvdInfo, source: Uint8Array): string[] {
  const family = source.length === 4 ? 4 : 6;
  const gateways = pvd.gateways.filter((gateway) => gateway.family === family);
  const own = pvd.addresses.find(({ address }) => address === formatAddress(source))!;
  const near = gateways.filter(({ address }) =>
    prefixContains(
      networkOf(source, own.prefixLength),
      own.prefixLength,
      parseAddress(address)!.bytes,
    )
  );
  return (near.length > 0 ? near : gateways).map(({ address }) => address);
}

/**
 * On a link with several default routers of the family, a rule must send the source to a table with the PvD's router and a
 * backstop: without it the kernel takes another router as soon as this one goes.
 */
function proveHeld(
  pvd: PvdInfo,
  source: Uint8Array,
  gateways: string[],
  kernel: KernelSnapshot,
): void {
  const family = source.length === 4 ? 4 : 6;
  const defaults = kernel.routes.filter((route) =>
    route.family === family && route.destinationLength === 0 && route.sourceLength === 0
  );
  const others = defaults.filter((route) =>
    route.interface === pvd.interface.index && route.gatewayFamily !== 0 &&
    !gateways.includes(gatewayText(route))
  );
  if (others.length === 0) return;
  const held = kernel.rules.some((rule) =>
    rule.family === family && rule.sourceLength > 0 && rule.action === linux.FR_ACT_TO_TBL &&
    rule.suppressPrefixLength < 0 && rule.mark === 0 && rule.mask === 0 &&
    prefixContains(recordAddress(rule.source, family), rule.sourceLength, source) &&
    isHeldBy(defaults.filter((route) => route.table === rule.table), gateways)
  );
  if (held) return;
  throw routeError(
    pvd,
    `its link has other routers too (${gatewayText(others[0]!)}), and no routing rule holds ${
      formatAddress(source)
    } to its own`,
    gateways,
  );
}

function isHeldBy(defaults: RouteRecord[], gateways: string[]): boolean {
  const unicast = defaults.filter((route) => route.type === linux.RTN_UNICAST);
  return unicast.length > 0 && unicast.every((route) => gateways.includes(gatewayText(route))) &&
    defaults.some((route) =>
      [linux.RTN_UNREACHABLE, linux.RTN_BLACKHOLE, linux.RTN_PROHIBIT].some((type) =>
        type === route.type
      )
    );
}

function gatewayText(route: RouteRecord): string {
  return formatAddress(recordAddress(route.gateway, route.gatewayFamily));
}

/** Far addresses, one of which no specific route of a PvD covers: their way is the default's. */
const PROBES = {
  4: ["192.0.0.9", "203.0.113.254", "198.18.0.1"],
  6: ["2001:1::1", "2001:db8:ffff:ffff:ffff:ffff:ffff:fffe", "2620:4f:8000::1"],
};

function remoteProbe(pvd: PvdInfo, family: 4 | 6): SocketAddressInit {
  const specific = pvd.routes.filter(({ destination }) => !isDefault(destination)).map(readPrefix);
  const address = PROBES[family].find((candidate) => {
    const { bytes } = parseAddress(candidate)!;
    return !specific.some((prefix) => prefixContains(prefix.bytes, prefix.prefixLength, bytes));
  });
  return { address: address ?? PROBES[family][0]! };
}

function onLinkPrefixes(pvd: PvdInfo): { bytes: Uint8Array; prefixLength: number }[] {
  const routes = pvd.routes.filter(({ gateway }) => gateway === null).map(readPrefix);
  const addresses = pvd.addresses.map(({ address, prefixLength }) => ({
    bytes: networkOf(parseAddress(address)!.bytes, prefixLength),
    prefixLength,
  }));
  return [...routes, ...addresses];
}

function readPrefix(
  { destination }: { destination: string },
): { bytes: Uint8Array; prefixLength: number } {
  const [address, length] = destination.split("/");
  return { bytes: parseAddress(address!)!.bytes, prefixLength: Number(length) };
}

function isDefault(destination: string): boolean {
  return destination === "::/0" || destination === "0.0.0.0/0";
}

function describeAnswer({ interface: index }: RouteAnswer, gateway: string | null): string {
  return gateway === null
    ? `interface ${index} without a router`
    : `router ${gateway} on interface ${index}`;
}

function routeError(pvd: PvdInfo, what: string, gateways: string[]): MifError {
  const wanted = gateways.length === 0 ? "" : ` instead of ${gateways.join(" or ")}`;
  return new MifError(
    `Cannot stay on PvD ${pvd.id}: ${what}${wanted}; ` +
      "mif route install (once, with CAP_NET_ADMIN) gives each PvD its own routing table",
    { code: "EPVDROUTE", syscall: "setsockopt" },
  );
}

function gone(pvd: PvdInfo, why: string): MifError {
  return new MifError(`Cannot select PvD ${pvd.id}: ${why}; list the PvDs again`, {
    code: "ENONET",
    errno: 64,
    syscall: "setsockopt",
  });
}
