/**
 * Mobility messages with a home address option or a type 2 routing header, heard on the links by a packet socket: what a
 * kernel without Mobile IPv6 drops before a raw socket sees it.
 *
 * @module
 */

import { ipv6Start } from "../capture/link_layer.ts";
import { type LiveFrame, PACKET_HOST, PacketSocket } from "../capture/packet_socket.ts";
import { currentSnapshot } from "../netlink/current.ts";
import { recordAddress } from "../netlink/records.ts";
import { IPPROTO_MH } from "../socket/options.ts";
import { mobilityFilter } from "./mobility_filter.ts";
import { findMobility, type MobilityPacket } from "./packet.ts";

/** A packet with such a message, to this host. */
export interface HeardPacket {
  /** Where the message is in it. */
  found: MobilityPacket;
  /** Index of the interface it came by. */
  interface: number;
}

const TYPE_2 = 2;

/** An open one; close it, or let `using` do it. */
export class WireListener implements Disposable {
  readonly #socket: PacketSocket;
  readonly #packets: AsyncGenerator<HeardPacket, void, undefined>;
  #next: Promise<HeardPacket | null> | null = null;

  /** Opens it. @throws {MifError} EPERM without CAP_NET_RAW. */
  constructor() {
    this.#socket = new PacketSocket({ filter: mobilityFilter() });
    this.#packets = heard(this.#socket.frames());
    this.unref();
  }

  /** The next packet, the same promise until it was taken; null when the listener is closed. */
  next(): Promise<HeardPacket | null> {
    return this.#next ??= this.#packets.next().then(({ value }) => value ?? null);
  }

  /** The packet that next() promised has been used. */
  take(): void {
    this.#next = null;
  }

  /** Waiting for a packet keeps the process alive. */
  ref(): void {
    this.#socket.ref();
  }

  /** Waiting for a packet does not keep the process alive: so it is at first. */
  unref(): void {
    this.#socket.unref();
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

async function* heard(frames: AsyncIterable<LiveFrame>): AsyncGenerator<HeardPacket, void> {
  for await (const frame of frames) {
    if (frame.packetType !== PACKET_HOST) continue;
    const start = ipv6Start(frame.linkType, frame.bytes, frame.start, frame.end);
    const found = start < 0 ? null : findMobility(frame.bytes, start, frame.end);
    if (found === null || !isDropped(found)) continue;
    yield { found, interface: frame.interface };
  }
}

/** Whether it is whole, for this host, and has what makes the kernel keep it to itself. */
function isDropped(found: MobilityPacket): boolean {
  const { bytes, header, outerHeader, complete, protocol, homeAddress, routing } = found;
  if (!complete || header !== outerHeader || protocol !== IPPROTO_MH) return false;
  const isRouted = routing >= 0 && bytes[routing + 2] === TYPE_2 && found.finalDestination >= 0;
  if (homeAddress < 0 && !isRouted) return false;
  return isOwn(bytes.subarray(header + 24, header + 40));
}

/** Whether an address is this host's. */
function isOwn(address: Uint8Array): boolean {
  return currentSnapshot().addresses.some((own) => {
    const bytes = recordAddress(own.address, own.family);
    return bytes.length === 16 && bytes.every((byte, i) => byte === address[i]);
  });
}
