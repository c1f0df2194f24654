/**
 * The source address of a socket on a provisioning domain: which of the PvD's a socket takes, and what is known to be of
 * its network.
 *
 * @module
 */

import { type AddressRecord, linux } from "../../ffi/layout.gen.ts";
import { MifError } from "../error.ts";
import { formatAddress, isLinkLocal, networkOf, prefixContains } from "../ip/address.ts";
import { interfaceName, recordAddress } from "../netlink/records.ts";
import type { KernelSnapshot } from "../netlink/snapshot.ts";
import type { PvdAddress, PvdInfo } from "../pvd/pvd.ts";
import { knownAddress, knownPrefix, oncePerSnapshot } from "./memory.ts";
import * as options from "./options.ts";
import type { SelectableSocket } from "./selection.ts";
import { gone } from "./selection_error.ts";
import type { SocketAddressInit } from "./sockaddr.ts";

/** A source address and what is known to be of its network. */
export interface Source {
  bytes: Uint8Array;
  text: string;
  /** Next hops of the default routes; null is a default route without one. None where it is unknown which are its. */
  gateways: (string | null)[];
  /** The PvD's other routes through routers, also those that stand in its own table only (`mif route install`). */
  specific: (Prefix & { gateway: string })[];
  onLink: Prefix[];
}

interface Prefix {
  bytes: Uint8Array;
  prefixLength: number;
}

/**
 * What belongs to one of a PvD's addresses. An interface's own PvD may hold several networks, each with its router:
 * then only what lies in the address' network is known to be its.
 */
export function sourceOf(pvd: PvdInfo, own: PvdAddress): Source {
  const { bytes } = knownAddress(own.address)!;
  const network = prefixOf(own);
  const isNear = (address: string) =>
    prefixContains(network.bytes, network.prefixLength, knownAddress(address)!.bytes);
  const otherNetworks = pvd.addresses.filter(({ address, family }) =>
    family === own.family && !isNear(address) && !isLinkLocal(knownAddress(address)!.bytes)
  );
  // Of IPv4 no router told what is its.
  const mixed = otherNetworks.length > 0 && (pvd.router === null || own.family === 4);
  const isMine = (gateway: string) => !mixed || isNear(gateway);
  const parse = ({ destination, gateway }: PvdInfo["routes"][number]) => {
    const prefix = knownPrefix(destination);
    return prefix?.family === own.family ? [{ ...prefix, gateway }] : [];
  };
  const routes = pvd.routes.flatMap(parse);
  const all = [...routes, ...(pvd.unconfigured?.routes ?? []).flatMap(parse)];
  const defaults = routes.filter(({ prefixLength }) => prefixLength === 0)
    .map(({ gateway }) => gateway);
  const near = defaults.filter((gateway) => gateway !== null && isNear(gateway));
  const gateways = near.length > 0 ? near : mixed && defaults.length > 1 ? [] : defaults;
  const onLinkRoutes = mixed || pvd.attribution === "unknown"
    ? []
    : routes.filter(({ gateway }) => gateway === null);
  return {
    bytes,
    text: own.address,
    gateways,
    specific: all.flatMap(({ gateway, bytes, prefixLength }) =>
      gateway !== null && prefixLength > 0 && isMine(gateway)
        ? [{ gateway, bytes, prefixLength }]
        : []
    ),
    onLink: [network, ...onLinkRoutes],
  };
}

function prefixOf({ address, prefixLength }: PvdAddress): Prefix {
  return { bytes: networkOf(knownAddress(address)!.bytes, prefixLength), prefixLength };
}

/** The best address that the PvD is sure of and the kernel still has; the one the socket is bound to where it is. */
export function chooseAddress(
  socket: SelectableSocket,
  pvd: PvdInfo,
  kernel: KernelSnapshot,
  bound: string | null,
): PvdAddress {
  const { IPPROTO_IPV6, IPV6_ADDR_PREFERENCES, IPV6_PREFER_SRC_TMP } = options;
  const usable = usableAddresses(socket, pvd, kernel);
  const own = usable.find(({ address }) => address === bound);
  if (own) return own;
  const isIpv6 = socket.family !== options.AF_INET;
  const temporary = isIpv6 &&
    (socket.getsockopt(IPPROTO_IPV6, IPV6_ADDR_PREFERENCES) & IPV6_PREFER_SRC_TMP) !== 0;
  const current = usable.filter(({ deprecated }) => !deprecated);
  const chosen = (temporary ? current.find((address) => address.temporary) : undefined) ??
    current[0] ?? usable[0];
  if (chosen && bound === null) return chosen;
  const why = pvd.attribution === "unknown"
    ? "nothing says which of the link's addresses are its; mif list --solicit asks the routers"
    : bound === null && isIpv6 && pvd.unconfigured?.prefixes[0] !== undefined
    ? `this host has no address in ${
      pvd.unconfigured.prefixes[0]
    }, which the kernel does not see; ` +
      "mif route install --solicit (once, with CAP_NET_ADMIN) makes one"
    : bound !== null
    ? `the socket is bound to ${bound}, of which it is not sure`
    : `it has no IPv${isIpv6 ? 6 : 4} address beyond the link`;
  throw new MifError(`Cannot select PvD ${pvd.id}: ${why}`, {
    code: "EADDRNOTAVAIL",
    errno: 99,
    syscall: "setsockopt",
  });
}

/** The PvD's addresses of the socket's family that the kernel still has, as far as it is sure that they are its. */
export function usableAddresses(
  socket: SelectableSocket,
  pvd: PvdInfo,
  kernel: KernelSnapshot,
): PvdAddress[] {
  const { index, name } = pvd.interface;
  const family = socket.family === options.AF_INET ? 4 : 6;
  const link = kernel.links.find((record) => record.index === index);
  if (!link || interfaceName(link.name) !== name || (link.flags & linux.IFF_UP) === 0) {
    throw gone(pvd, `its interface ${name} is not there or not up`);
  }
  const records = addressRecords(kernel, index, family);
  const ofFamily = pvd.addresses.filter((address) => address.family === family);
  const present = ofFamily.filter(({ address }) => records.has(address));
  if (ofFamily.length > 0 && present.length === 0) {
    throw gone(pvd, "the host has lost its addresses");
  }
  return present.filter(({ address }) => {
    if (family === 4) return true;
    if (isLinkLocal(knownAddress(address)!.bytes)) return false;
    const isStatic = (records.get(address)!.flags & linux.IFA_F_PERMANENT) !== 0;
    return pvd.attribution !== "unknown" || isStatic;
  });
}

/** An interface's addresses of one family, by their text. */
function addressRecords(
  kernel: KernelSnapshot,
  index: number,
  family: 4 | 6,
): ReadonlyMap<string, AddressRecord> {
  return oncePerSnapshot(kernel, `addresses ${index} ${family}`, () =>
    new Map(
      kernel.addresses.filter((record) => record.interface === index && record.family === family)
        .map((record) => [formatAddress(recordAddress(record.address, family)), record]),
    ));
}

/** Next hops of an interface's default routes of these families. */
export function defaultRouters(
  kernel: KernelSnapshot,
  index: number,
  families: readonly number[],
): ReadonlySet<string> {
  return oncePerSnapshot(kernel, `routers ${index} ${families.join(" ")}`, () =>
    new Set(
      kernel.routes.filter((route) =>
        route.interface === index && route.gatewayFamily !== 0 && route.destinationLength === 0 &&
        families.includes(route.family)
      ).map((route) => formatAddress(recordAddress(route.gateway, route.gatewayFamily))),
    ));
}

/** Far addresses, one of which no specific route of a PvD covers: their way is the default's. */
const PROBES = {
  4: ["192.0.0.9", "203.0.113.254", "198.18.0.1"],
  6: ["2001:1::1", "2001:db8:ffff:ffff:ffff:ffff:ffff:fffe", "2620:4f:8000::1"],
};

export function remoteProbe({ routes }: PvdInfo, { bytes }: Source): SocketAddressInit {
  const specific = routes.map(({ destination }) => knownPrefix(destination))
    .filter((prefix) => prefix !== null && prefix.prefixLength > 0) as Prefix[];
  const candidates = PROBES[bytes.length === 4 ? 4 : 6];
  const address = candidates.find((candidate) =>
    !specific.some((prefix) =>
      prefixContains(prefix.bytes, prefix.prefixLength, knownAddress(candidate)!.bytes)
    )
  );
  return { address: address ?? candidates[0]! };
}
