/**
 * A router's voice: sends the Router Advertisements it is told to, when it is told to, and answers
 * Router Solicitations. What radvd would not send (unknown options, malformed ones, a wrong hop
 * limit) it sends as well.
 *
 * @module
 */

import { decodeFrame, icmpv6Frame, linkLocalOf } from "./frame.ts";
import { PacketSocket } from "./packet_socket.ts";
import { routerAdvertisement, type RouterAdvertisementInit } from "./router_advertisement.ts";
import type { Host } from "./host.ts";

/** What a router says: one message, or one for each of its PvDs (RFC 8801 3.2). */
export type Advertised = RouterAdvertisementInit | readonly RouterAdvertisementInit[];

/** How an {@linkcode Advertiser} sends. */
export interface AdvertiserOptions {
  /** The link-local address it sends from; the interface's own where left out. It is to be configured beforehand. */
  from?: string;
  /** Where an answer to a solicitation goes; "multicast" where left out, "none" is no answer. */
  answer?: "multicast" | "unicast" | "none";
}

/** How one message differs from what a router would send. */
export interface SendOptions {
  /** IPv6 destination; ff02::1 where left out. */
  to?: string;
  /** The destination's MAC address; needed with `to`. */
  toMac?: string;
  /** IPv6 source; the link-local address of the interface where left out. */
  from?: string;
  /** 255 where left out. */
  hopLimit?: number;
}

/**
 * Sends Router Advertisements by one interface of a router, and answers solicitations; `Host.advertise()` starts one. It
 * ends with its world.
 *
 * @throws {Error} The interface is not there, or the kernel refuses a message: it is down. stop() throws nothing.
 * @throws {TypeError} or {RangeError} What is to be said is none, see {@linkcode routerAdvertisement}.
 *
 * @example
 * ```ts ignore
 * import { NETWORK_1, oneLink, World } from "@mif/sockets/lab";
 *
 * await using world = new World();
 * const { host, r1 } = await oneLink(world);
 * // Renumbers: the old prefix is deprecated, and there is a new one.
 * await r1.advertiser!.update({
 *   prefixes: [{ prefix: NETWORK_1.prefix, preferredSeconds: 0 }, { prefix: "2001:db8:5::/64" }],
 * });
 * await host.waitForAddresses(["2001:db8:5::ff:fe00:a0a"]);
 * // What no host may believe: it came through a router (RFC 4861 6.1.2).
 * await r1.advertiser!.send({ lifetimeSeconds: 0 }, { hopLimit: 254 });
 * ```
 */
export class Advertiser {
  /** How many solicitations it has heard. */
  solicitations = 0;
  /** The link-local address it sends from. */
  readonly address: string;
  #socket!: PacketSocket;
  #messages: Uint8Array[];

  private constructor(
    readonly interfaceName: string,
    readonly mac: string,
    init: Advertised,
    from: string | undefined,
  ) {
    this.address = from ?? linkLocalOf(mac);
    this.#messages = this.#encode(init);
  }

  /** Sends `init` by the interface now, and again for each solicitation. */
  static async start(
    host: Host,
    interfaceName: string,
    init: Advertised,
    options: AdvertiserOptions = {},
  ): Promise<Advertiser> {
    const mac = host.mac(interfaceName);
    const advertiser = new Advertiser(interfaceName, mac, init, options.from);
    const answer = options.answer ?? "multicast";
    advertiser.#socket = await PacketSocket.open(host, {
      interface: interfaceName,
      icmpv6Type: 133,
      onFrame: (bytes, name, direction) => {
        const frame = decodeFrame(bytes, name, direction);
        if (frame === null || direction === "out") return;
        advertiser.solicitations++;
        if (answer === "none") return;
        // RFC 4861 6.2.6: a solicitation from :: has no address to answer to.
        const unicast = answer === "unicast" && frame.src !== "::";
        const to = unicast ? { to: frame.src!, toMac: frame.srcMac } : {};
        advertiser.send(undefined, to).catch(() => {});
      },
    });
    await advertiser.send();
    return advertiser;
  }

  /** Says something else from now on, and says it at once. */
  async update(init: Advertised): Promise<void> {
    this.#messages = this.#encode(init);
    await this.send();
  }

  /** Sends once: what it says now, or another message, or raw ICMPv6 bytes. */
  async send(
    message?: Advertised | Uint8Array,
    options: SendOptions = {},
  ): Promise<void> {
    const messages = message === undefined
      ? this.#messages
      : message instanceof Uint8Array
      ? [message]
      : this.#encode(message);
    for (const bytes of messages) await this.#transmit(bytes, options);
  }

  /** Stops answering. Says nothing: hosts keep what they learnt. */
  async stop(): Promise<void> {
    await this.#socket.close();
  }

  #encode(init: Advertised): Uint8Array[] {
    return [init].flat().map((one) => routerAdvertisement({ sourceMac: this.mac, ...one }));
  }

  #transmit(message: Uint8Array, options: SendOptions): Promise<void> {
    const frame = icmpv6Frame(message, {
      srcMac: this.mac,
      dstMac: options.toMac ?? "33:33:00:00:00:01",
      src: options.from ?? this.address,
      dst: options.to ?? "ff02::1",
      hopLimit: options.hopLimit,
    });
    return this.#socket.send(this.interfaceName, frame);
  }
}
