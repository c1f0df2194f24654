/**
 * By which provisioning domain incoming traffic came.
 *
 * @module
 */

import {
  formatAddress,
  isLinkLocal,
  isLoopback,
  isMapped,
  isMulticast,
  parseAddress,
} from "../ip/address.ts";
import { recentPvds } from "../pvd/list.ts";
import type { PvdInfo, SocketAddress } from "../pvd/pvd.ts";
import type { ReceivedMessage } from "./socket.ts";

/**
 * The PvD by which a datagram or a connection came, whether or not the socket is on a PvD: the address of this host that
 * it was sent to decides (RFC 7556 5.2.3), on the interface it came by.
 *
 * Null where that is no PvD's or several PvDs': loopback and what this host sends to itself, an address that the packet
 * reached by another link, an address that two routers gave. To a group or a link-local address it came by the PvD of
 * the router that sent it, or the only one of the interface that has addresses of its family.
 *
 * @param arrived A datagram that tells its destination: received with IPV6_RECVPKTINFO, or IP_PKTINFO for IPv4. Or the local
 *   address of an accepted connection: getsockname() of a socket, `localAddress` of a request.
 * @throws {TypeError} The message does not tell its destination, or the address is none.
 *
 * @example
 * ```ts ignore
 * import { AF_INET6, arrivalPvd, IPPROTO_IPV6, IPV6_RECVPKTINFO, SOCK_DGRAM, socket } from "@mif/sockets";
 *
 * using s = socket(AF_INET6, SOCK_DGRAM);
 * s.setsockopt(IPPROTO_IPV6, IPV6_RECVPKTINFO, true);
 * s.bind({ address: "::", port: 4242 });
 * for await (const message of s) console.log(message.from?.address, arrivalPvd(message)?.id);
 * ```
 */
export function arrivalPvd(
  arrived: ReceivedMessage | Pick<SocketAddress, "address"> & Partial<SocketAddress>,
): PvdInfo | null {
  const { address, index, sender } = "control" in arrived
    ? destinationOf(arrived)
    : { address: arrived.address, index: arrived.scopeId ?? 0, sender: null };
  const pvd = pvdAt(address, index, sender);
  return pvd && structuredClone(pvd);
}

/** Where a packet was sent to. */
interface Destination {
  /** This host's address, or a group's. */
  address: string;
  /** The interface it came by, 0 where it is not known. */
  index: number;
  sender: string | null;
}

function destinationOf({ control, from }: ReceivedMessage): Destination {
  for (const message of control) {
    const sender = from?.address ?? null;
    if (message.name === "IPV6_PKTINFO") {
      return { address: message.address, index: message.interface, sender };
    }
    if (message.name === "IP_PKTINFO") {
      return { address: message.destination, index: message.interface, sender };
    }
  }
  throw new TypeError(
    "The message does not tell where it was sent to: set IPV6_RECVPKTINFO (IP_PKTINFO for IPv4) on its socket",
  );
}

function pvdAt(text: string, index: number, sender: string | null): PvdInfo | null {
  const bytes = parseAddress(text)?.bytes;
  if (!bytes) throw new TypeError(`Not a numeric address: ${text}`);
  const address = isMapped(bytes) ? bytes.subarray(12) : bytes;
  if (isLoopback(address)) return null;
  const pvds = recentPvds();
  const onLink = (pvd: PvdInfo) => index === 0 || pvd.interface.index === index;
  // To itself this host sends by loopback, of which the kernel says the address' interface.
  if (sender !== null && pvds.some((pvd) => onLink(pvd) && holds(pvd, sender))) return null;
  if (!isLinkLocal(address) && !isMulticast(address)) {
    const holders = pvds.filter((pvd) => holds(pvd, formatAddress(address)));
    if (holders.length > 0) return sole(holders.filter(onLink));
  }
  // A group, a link-local or a broadcast address.
  if (index === 0) return null;
  const there = pvds.filter(onLink);
  const fromRouter = there.find(({ router }) => router !== null && router === sender);
  const family = address.length === 4 ? 4 : 6;
  return fromRouter ?? sole(there.filter((pvd) => isReachableBy(pvd, family)));
}

/** Whether it has an address beyond the link. */
function isReachableBy({ addresses }: PvdInfo, family: 4 | 6): boolean {
  return addresses.some((own) =>
    own.family === family && !isLinkLocal(parseAddress(own.address)!.bytes)
  );
}

function holds({ addresses }: PvdInfo, address: string): boolean {
  return addresses.some((own) => own.address === address);
}

function sole(pvds: PvdInfo[]): PvdInfo | null {
  return pvds.length === 1 ? pvds[0]! : null;
}
