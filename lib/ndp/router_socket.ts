/**
 * The raw ICMPv6 socket by which routers are asked and heard (RFC 3542 3), on all links at once.
 *
 * Needs CAP_NET_RAW. Hears Router Advertisements whatever the kernel itself makes of them (accept_ra=0, forwarding),
 * and whatever is wrong with them: the caller checks.
 *
 * @module
 */

import { MifError } from "../error.ts";
import { parseAddress } from "../ip/address.ts";
import {
  AF_INET6,
  ICMP6_FILTER,
  icmp6Filter,
  IPPROTO_ICMPV6,
  IPPROTO_IPV6,
  IPV6_MULTICAST_HOPS,
  IPV6_RECVHOPLIMIT,
  IPV6_RECVPKTINFO,
  SO_RCVBUF,
  SOCK_RAW,
  SOL_SOCKET,
} from "../socket/options.ts";
import {
  type ReceivedMessage,
  type Socket,
  systemSocket,
  type WaitOptions,
} from "../socket/socket.ts";
import { ROUTER_ADVERTISEMENT } from "./advertisement_header.ts";
import { routerSolicitation } from "./router_solicitation.ts";

/** A message of ICMPv6 type 134 as it came. */
export interface RouterMessage {
  data: Uint8Array;
  /** Index of the interface it came by. */
  interface: number;
  /** The source, 16 bytes. */
  source: Uint8Array;
  /** IPV6_HOPLIMIT, null where it is not told. */
  hopLimit: number | null;
}

/** Where a solicitation leaves. */
export interface SolicitationSource {
  /** Index of the interface. */
  interface: number;
  /** Its link-local address, RFC 5952 text. */
  address: string;
  /** Empty where it has none. */
  hardwareAddress: Uint8Array;
}

const ALL_ROUTERS = "ff02::2";
/** The kernel grants what net.core.rmem_max allows of it. */
const RECEIVE_BUFFER_SIZE = 4 * 1024 * 1024;

/** An open one; close it, or let `using` do it. */
export class RouterSocket implements Disposable {
  readonly #socket: Socket;

  /** Opens it. @throws {MifError} EPERM without CAP_NET_RAW, EAFNOSUPPORT without IPv6. */
  constructor() {
    this.#socket = systemSocket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
    try {
      const filter = icmp6Filter({ pass: [ROUTER_ADVERTISEMENT] });
      this.#socket.setsockopt(IPPROTO_ICMPV6, ICMP6_FILTER, filter);
      this.#socket.setsockopt(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, true);
      this.#socket.setsockopt(IPPROTO_IPV6, IPV6_RECVPKTINFO, true);
      // Neighbor Discovery accepts no other: less has been forwarded.
      this.#socket.setsockopt(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 255);
      this.#socket.setsockopt(SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER_SIZE);
    } catch (error) {
      this.#socket.close();
      throw error;
    }
  }

  /** Sends one Router Solicitation to all routers of a link. */
  async solicit(from: SolicitationSource, options: WaitOptions = {}): Promise<void> {
    await this.#socket.sendmsg({
      data: routerSolicitation(from.hardwareAddress),
      to: { address: ALL_ROUTERS, scopeId: from.interface },
      control: [{ name: "IPV6_PKTINFO", address: from.address, interface: from.interface }],
    }, options);
  }

  /** The next message; null when the time is over. Rejects with the signal's reason. */
  async receive(options: WaitOptions): Promise<RouterMessage | null> {
    try {
      return routerMessage(await this.#socket.recvmsg(options));
    } catch (error) {
      if (error instanceof MifError && error.code === "ETIMEDOUT") return null;
      throw error;
    }
  }

  /** What comes until it is closed. That does not keep the process alive. */
  async *[Symbol.asyncIterator](): AsyncGenerator<RouterMessage, void, void> {
    this.#socket.unref();
    for await (const received of this.#socket) yield routerMessage(received);
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

function routerMessage({ data, from, control }: ReceivedMessage): RouterMessage {
  const message: RouterMessage = {
    data,
    interface: 0,
    source: parseAddress(from!.address)!.bytes,
    hopLimit: null,
  };
  for (const one of control) {
    if (one.name === "IPV6_PKTINFO") message.interface = one.interface;
    else if (one.name === "IPV6_HOPLIMIT") message.hopLimit = one.value;
  }
  return message;
}
