/**
 * How a mobility message leaves: with the kernel's checksum or with ours, and with the headers of Mobile IPv6 where those
 * are asked for.
 *
 * The kernel makes the checksum over the packet's source. Behind a home address option it must be over the home address,
 * so such a message is sealed here and leaves by a socket on which IPV6_CHECKSUM is off, which hears nothing.
 *
 * @module
 */

import { MifError } from "../error.ts";
import { formatAddress, isUnspecified, parseAddress } from "../ip/address.ts";
import { lookupRoute } from "../netlink/route_lookup.ts";
import type { ControlMessageInit } from "../socket/control.ts";
import {
  AF_INET6,
  IPPROTO_IPV6,
  IPPROTO_RAW,
  IPV6_UNICAST_HOPS,
  SOCK_RAW,
} from "../socket/options.ts";
import { checkedNumber } from "../checked_number.ts";
import type { SocketAddressInit } from "../socket/sockaddr.ts";
import { type Socket, systemSocket, type WaitOptions } from "../socket/socket.ts";
import { buildDestinationOptions } from "./destination_options.ts";
import { ipv6Bytes, setUint16 } from "./field.ts";
import { sealMobility } from "./mobility_checksum.ts";
import { mobilityPacket } from "./outgoing_packet.ts";
import { buildRoutingHeader } from "./routing_header.ts";

/** How {@linkcode MobilitySocket.send} sends. */
export interface MobilitySendOptions extends WaitOptions {
  /** To whom: of a mobile node away from home its home address, where `careOfAddress` is given as well. */
  to: string | SocketAddressInit;
  /** The packet's source, an address of this host; the kernel's choice where left out. */
  from?: string;
  /** Has a home address option sent with this address (RFC 6275 6.3), over which the checksum is then. */
  homeAddress?: string;
  /** Has the packet sent to this address, with a type 2 routing header for `to` (RFC 6275 6.4). */
  careOfAddress?: string;
  /** Written into the message as it is, right or not, to test what a receiver makes of it. */
  checksum?: number;
}

/** What a sender needs of the socket it sends for. */
export interface SendingSocket {
  /** IPV6_CHECKSUM is on: what leaves by it gets the kernel's checksum. */
  readonly kernelChecksum: boolean;
  /** Whether the kernel has Mobile IPv6. */
  readonly kernelHasMobileIpv6: boolean;
  /** What it sends by. */
  readonly socket: Socket;
  /** Its like, with IPV6_CHECKSUM off. */
  unchecked(): Socket;
  /** Puts it on the process' default PvD where it would be put on it by sending; whether it is on one then. */
  settle(to: SocketAddressInit): boolean;
}

/** Sends one message; resolves with its length. */
export async function sendMobility(
  sending: SendingSocket,
  bytes: Uint8Array,
  options: MobilitySendOptions,
): Promise<number> {
  const to = typeof options.to === "string" ? { address: options.to } : options.to;
  const { from, homeAddress, careOfAddress, checksum, signal, timeoutMs } = options;
  const wait = { signal, timeoutMs };
  const isPlain = homeAddress === undefined && careOfAddress === undefined &&
    checksum === undefined;
  if (isPlain && sending.kernelChecksum) {
    const control = from === undefined ? [] : [sourceControl(from)];
    return await sending.socket.sendmsg({ data: bytes, to, control }, wait);
  }
  const isOnPvd = sending.settle(to);
  const destination = addressOf("to", to.address);
  const source = from ?? sourceFor(sending.socket, careOfAddress ?? to.address, to.scopeId ?? 0);
  const data = new Uint8Array(bytes);
  if (checksum === undefined) sealMobility(homeAddress ?? source, destination, data);
  else setUint16(data, 4, checkedNumber("checksum", checksum, 0xffff));
  if (careOfAddress !== undefined && !sending.kernelHasMobileIpv6) {
    if (isOnPvd) throw unprovable();
    const hopLimit = sending.socket.getsockopt(IPPROTO_IPV6, IPV6_UNICAST_HOPS);
    const packet = mobilityPacket(data, {
      source,
      destination,
      homeAddress,
      careOfAddress,
      hopLimit,
    });
    await sendWhole(packet, { address: careOfAddress, scopeId: to.scopeId }, wait);
    return data.length;
  }
  const control: ControlMessageInit[] = [sourceControl(source)];
  if (homeAddress !== undefined) {
    const header = buildDestinationOptions({ options: [{ name: "home-address", homeAddress }] });
    control.push({ name: "IPV6_DSTOPTS", bytes: header });
  }
  if (careOfAddress !== undefined) {
    // The kernel puts the two addresses in each other's place.
    const header = buildRoutingHeader({ name: "type-2", homeAddress: careOfAddress });
    control.push({ name: "IPV6_RTHDR", bytes: header });
  }
  const socket = sending.kernelChecksum ? sending.unchecked() : sending.socket;
  return await socket.sendmsg({ data, to, control }, wait);
}

function sourceControl(address: string): ControlMessageInit {
  return { name: "IPV6_PKTINFO", address };
}

/** The address a packet would have: what the socket is bound to, else the kernel's choice. */
function sourceFor(socket: Socket, destination: string, scopeId: number): string {
  const bound = socket.getsockname().address;
  if (!isUnspecified(parseAddress(bound)!.bytes)) return bound;
  const question = { destination: addressOf("to", destination), interface: scopeId };
  const { source } = lookupRoute(question);
  if (source !== null) return formatAddress(source);
  throw new MifError(
    `Cannot send to ${destination}: nothing tells the source the kernel would choose, and the checksum is over it; give from`,
    { code: "EADDRNOTAVAIL", errno: 99, syscall: "sendmsg" },
  );
}

function addressOf(name: string, address: string): Uint8Array {
  const text = typeof address === "string" ? address.split("%")[0]! : address;
  return ipv6Bytes(name, text);
}

/** Sends a packet whose header is ours: the kernel looks for the way and changes nothing. */
async function sendWhole(
  packet: Uint8Array,
  to: SocketAddressInit,
  wait: WaitOptions,
): Promise<void> {
  using socket = systemSocket(AF_INET6, SOCK_RAW, IPPROTO_RAW);
  await socket.sendmsg({ data: packet, to }, wait);
}

function unprovable(): MifError {
  return new MifError(
    "Cannot send a type 2 routing header on a PvD: this kernel has no Mobile IPv6, so the packet's header would be " +
      "ours, and nothing proves the way of such a one",
    { code: "EOPNOTSUPP", errno: 95, syscall: "sendmsg" },
  );
}
