/**
 * A packet socket (packet(7)): what the links of this host carry, in and out, as it is on the wire. It sends nothing.
 *
 * @module
 */

import { native } from "../../ffi/library.ts";
import { checked } from "../errno.ts";
import { interfaceNameOf } from "../netlink/current.ts";
import {
  SO_ATTACH_FILTER,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_TIMESTAMPNS,
  SOCK_DGRAM,
  SOL_SOCKET,
} from "../socket/options.ts";
import { type ReceivedMessage, type Socket, systemSocket } from "../socket/socket.ts";
import type { Frame } from "./frame.ts";
import { LINKTYPE_LINUX_SLL2 } from "./link_layer.ts";

/** What {@linkcode PacketSocket} takes. */
export interface PacketSocketOptions {
  /** Index of the interface; of all where left out. */
  interface?: number;
  /** A program of classic BPF, which sees a packet from its network header on. */
  filter: Uint8Array;
}

/** Where a packet was going (sll_pkttype). */
export const PACKET_HOST = 0;

/** A frame of a packet socket, as a "cooked" one of Linux (LINKTYPE_LINUX_SLL2). */
export interface LiveFrame extends Frame {
  /** PACKET_HOST, or another of packet(7): to all, to others, or sent by this host. */
  packetType: number;
  /** Index of the interface. */
  interface: number;
}

const AF_PACKET = 17;
const ETH_P_ALL = 3;
const SOL_PACKET = 263;
const PACKET_STATISTICS = 6;
const SOCKADDR_LL_SIZE = 20;
const HEADER_SIZE = 20;
const RECEIVE_BUFFER_SIZE = 16 * 1024 * 1024;

/** An open one; close it, or let `using` do it. */
export class PacketSocket implements Disposable {
  readonly #socket: Socket;
  readonly #interface: number;
  #dropped = 0;

  /** Opens it: every frame from then on is heard. @throws {MifError} EPERM without CAP_NET_RAW, ENODEV. */
  constructor({ interface: index = 0, filter }: PacketSocketOptions) {
    // One that is to be filtered hears nothing before it is.
    const socket = systemSocket(AF_PACKET, SOCK_DGRAM, 0);
    try {
      socket.setsockopt(SOL_SOCKET, SO_ATTACH_FILTER, filter);
      socket.setsockopt(SOL_SOCKET, SO_TIMESTAMPNS, true);
      enlarge(socket);
      const name = new Uint8Array(SOCKADDR_LL_SIZE);
      const view = new DataView(name.buffer);
      view.setUint16(0, AF_PACKET, true);
      view.setUint16(2, ETH_P_ALL);
      view.setInt32(4, index, true);
      const what = "Cannot hear the link's packets";
      checked(native().mif_bind(socket.fd, name, name.length), "bind", what);
    } catch (error) {
      socket.close();
      throw error;
    }
    this.#socket = socket;
    this.#interface = index;
  }

  /**
   * The frames as they come, each with memory of its own, until the socket is closed.
   *
   * @throws {MifError} ENETDOWN: the interface that was given is down, or gone.
   */
  async *frames(): AsyncGenerator<LiveFrame, void, undefined> {
    while (!this.#socket.closed) {
      try {
        for await (const message of this.#socket) yield frameOf(message);
      } catch (error) {
        // Told once when an interface goes down; the others go on.
        const isOther = this.#interface === 0 && (error as { code?: string }).code === "ENETDOWN";
        if (!isOther) throw error;
      }
    }
  }

  /** How many packets the kernel had to leave out for want of room, since the socket was opened. */
  dropped(): number {
    // Reading sets it to zero.
    const bytes = this.#socket.getsockoptBytes(SOL_PACKET, PACKET_STATISTICS, 8);
    this.#dropped += new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
    return this.#dropped;
  }

  /** Waiting for frames keeps the process alive: so it is unless unref() was called. */
  ref(): void {
    this.#socket.ref();
  }

  /** Waiting for frames does not keep the process alive. */
  unref(): void {
    this.#socket.unref();
  }

  /** Closes it. */
  close(): void {
    this.#socket.close();
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.close();
  }
}

function enlarge(socket: Socket): void {
  try {
    socket.setsockopt(SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_SIZE);
  } catch {
    // Without CAP_NET_ADMIN as far as net.core.rmem_max allows.
    socket.setsockopt(SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER_SIZE);
  }
}

/** sockaddr_ll and packet as one: what LINKTYPE_LINUX_SLL2 wants is the former in another order. */
function frameOf({ data, length, name, control }: ReceivedMessage): LiveFrame {
  const bytes = new Uint8Array(HEADER_SIZE + data.length);
  const frame: LiveFrame = {
    seconds: 0,
    nanoseconds: 0,
    linkType: LINKTYPE_LINUX_SLL2,
    bytes,
    start: 0,
    end: bytes.length,
    length: HEADER_SIZE + length,
    interfaceName: null,
    packetType: 0,
    interface: 0,
  };
  bytes.set(data, HEADER_SIZE);
  if (name !== undefined && name.length >= 12) {
    const from = new DataView(name.buffer, name.byteOffset, name.length);
    const to = new DataView(bytes.buffer);
    frame.interface = from.getInt32(4, true);
    frame.packetType = from.getUint8(10);
    frame.interfaceName = interfaceNameOf(frame.interface);
    to.setUint16(0, from.getUint16(2));
    to.setInt32(4, frame.interface);
    to.setUint16(8, from.getUint16(8, true));
    to.setUint8(10, frame.packetType);
    const addressLength = Math.min(from.getUint8(11), 8, name.length - 12);
    to.setUint8(11, addressLength);
    bytes.set(name.subarray(12, 12 + addressLength), 12);
  }
  for (const message of control) {
    if (message.name !== "SO_TIMESTAMPNS") continue;
    frame.seconds = message.seconds;
    frame.nanoseconds = message.nanoseconds;
  }
  return frame;
}
