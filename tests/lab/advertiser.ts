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

/** How an {@linkcode Advertiser} sends. */
export interface AdvertiserOptions {
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

/** Sends for one interface of a router. */
export class Advertiser {
  /** How many solicitations it has heard. */
  solicitations = 0;
  /** The link-local address it sends from. */
  readonly address: string;
  #socket!: PacketSocket;
  #message: Uint8Array;

  private constructor(
    readonly interfaceName: string,
    readonly mac: string,
    init: RouterAdvertisementInit,
  ) {
    this.address = linkLocalOf(mac);
    this.#message = this.#encode(init);
  }

  /** Sends `init` by the interface now, and again for each solicitation. */
  static async start(
    host: Host,
    interfaceName: string,
    init: RouterAdvertisementInit,
    options: AdvertiserOptions = {},
  ): Promise<Advertiser> {
    const advertiser = new Advertiser(interfaceName, host.mac(interfaceName), init);
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
        advertiser.#transmit(advertiser.#message, to).catch(() => {});
      },
    });
    await advertiser.#transmit(advertiser.#message, {});
    return advertiser;
  }

  /** Says something else from now on, and says it at once. */
  async update(init: RouterAdvertisementInit): Promise<void> {
    this.#message = this.#encode(init);
    await this.send();
  }

  /** Sends once: what it says now, or another message, or raw ICMPv6 bytes. */
  async send(
    message?: RouterAdvertisementInit | Uint8Array,
    options: SendOptions = {},
  ): Promise<void> {
    const bytes = message === undefined
      ? this.#message
      : message instanceof Uint8Array
      ? message
      : this.#encode(message);
    await this.#transmit(bytes, options);
  }

  /** Stops answering. Says nothing: hosts keep what they learnt. */
  async stop(): Promise<void> {
    await this.#socket.close();
  }

  #encode(init: RouterAdvertisementInit): Uint8Array {
    return routerAdvertisement({ sourceMac: this.mac, ...init });
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
