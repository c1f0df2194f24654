/**
 * The source addresses a PvD has, and which of them the system takes where no PvD is named.
 *
 * @module
 */

import { linux } from "../../ffi/layout.gen.ts";
import { native } from "../../ffi/library.ts";
import { MifError } from "../error.ts";
import {
  formatAddress,
  isLinkLocal,
  isLoopback,
  isUnspecified,
  prefixContains,
} from "../ip/address.ts";
import { currentSnapshot } from "../netlink/current.ts";
import { recordAddress } from "../netlink/records.ts";
import type { PvdInfo } from "../pvd/pvd.ts";
import { knownAddress, knownPrefix, oncePerSnapshot } from "../socket/memory.ts";
import { AF_INET, AF_INET6, SOCK_DGRAM } from "../socket/options.ts";
import { encodeSockaddr } from "../socket/sockaddr.ts";
import { systemSocket } from "../socket/socket.ts";
import { chooseSource, type SourceAddress, type SourceOf } from "./address_order.ts";
import type { AddressPolicy } from "./address_policy.ts";

/** The addresses that can be used beyond the link: of a PvD those that are surely its, else all of this host's. */
export function ownAddresses(pvd: PvdInfo | null): SourceAddress[] {
  const all = pvd ? pvdAddresses(pvd) : [...systemAddresses().values()];
  return all.filter(({ bytes }) =>
    !isLoopback(bytes) && !(bytes.length === 16 && isLinkLocal(bytes))
  );
}

/** The source of packets to a destination; loopback is this host's whatever the PvD. */
export function sourceOf(pvd: PvdInfo | null, policy: AddressPolicy): SourceOf {
  if (!pvd) return systemSource;
  const addresses = pvdAddresses(pvd);
  const beyondLink = ownAddresses(pvd);
  const routes = pvd.routes.flatMap(({ destination }) => knownPrefix(destination) ?? []);
  return (destination, scopeId) => {
    if (isLoopback(destination) || isUnspecified(destination)) {
      return systemSource(destination, scopeId);
    }
    const onLink = destination.length === 16 && isLinkLocal(destination);
    const reached = onLink ||
      [...routes, ...addresses].some(({ bytes, prefixLength }) =>
        prefixContains(bytes, prefixLength, destination)
      );
    return reached ? chooseSource(destination, onLink ? addresses : beyondLink, policy) : null;
  };
}

/** Where nothing says whose an IPv6 address is, only those that never expire are surely the interface's own. */
function pvdAddresses({ addresses, attribution }: PvdInfo): SourceAddress[] {
  return addresses.flatMap(({ address, family, validSeconds, ...rest }) => {
    const bytes = knownAddress(address)?.bytes;
    const unsure = family === 6 && attribution === "unknown" && validSeconds !== null;
    return bytes && !unsure ? [{ bytes, ...rest }] : [];
  });
}

/** This host's addresses, by their text. */
function systemAddresses(): ReadonlyMap<string, SourceAddress> {
  const kernel = currentSnapshot();
  return oncePerSnapshot(
    kernel,
    "source addresses",
    () =>
      new Map(kernel.addresses.map(({ address, family, prefixLength, flags }) => {
        const bytes = recordAddress(address, family);
        const deprecated = (flags & linux.IFA_F_DEPRECATED) !== 0;
        const temporary = family === 6 && (flags & linux.IFA_F_TEMPORARY) !== 0;
        return [formatAddress(bytes), { bytes, prefixLength, deprecated, temporary }];
      })),
  );
}

/** What the kernel takes: a datagram socket is connected, which sends nothing. */
function systemSource(destination: Uint8Array, scopeId: number): SourceAddress | null {
  const text = connectedSource(destination, scopeId);
  if (text === null) return null;
  const bytes = knownAddress(text)!.bytes;
  return systemAddresses().get(text) ??
    { bytes, prefixLength: bytes.length * 8, deprecated: false, temporary: false };
}

function connectedSource(destination: Uint8Array, scopeId: number): string | null {
  const family = destination.length === 4 ? AF_INET : AF_INET6;
  const to = encodeSockaddr({ address: formatAddress(destination), scopeId }, family);
  try {
    // Not the process' default PvD: this is how the system itself would choose.
    using probe = systemSocket(family, SOCK_DGRAM);
    if (native().mif_connect(probe.fd, to, to.length) < 0) return null;
    return probe.getsockname().address;
  } catch (error) {
    // A kernel without IPv6.
    if (error instanceof MifError && error.code === "EAFNOSUPPORT") return null;
    throw error;
  }
}
