/**
 * Captures: what went over the wire, and by which station.
 *
 * The destination MAC address is the next hop that the sender chose, whatever the addresses in the
 * packet say. A switch may also flood a frame to stations it is not for: compare `dstMac`.
 *
 * @module
 */

import { waitFor } from "./command.ts";
import { decodeFrame, type Frame } from "./frame.ts";
import { PacketSocket } from "./packet_socket.ts";
import type { Host } from "./host.ts";

/** A running capture in one host. */
export class Capture {
  /** The frames so far, in the order in which they came. */
  readonly frames: Frame[] = [];
  #socket!: PacketSocket;

  private constructor() {}

  /** Captures on one interface of the host, or on all of them, from now on. */
  static async start(host: Host, interfaceName?: string): Promise<Capture> {
    const capture = new Capture();
    capture.#socket = await PacketSocket.open(host, {
      interface: interfaceName,
      onFrame: (bytes, name, direction) => {
        const frame = decodeFrame(bytes, name, direction);
        if (frame !== null) capture.frames.push(frame);
      },
    });
    return capture;
  }

  /** Waits for a frame, one already captured included. */
  waitFor(what: string, is: (frame: Frame) => boolean, timeoutMs?: number): Promise<Frame> {
    return waitFor(what, () => this.frames.find(is), timeoutMs);
  }

  /** Ends the capture with all that had arrived. Throws where frames were lost: nothing is proven then. */
  async stop(): Promise<Frame[]> {
    const dropped = await this.#socket.close();
    if (dropped > 0) throw new Error(`The capture lost ${dropped} frames`);
    return this.frames;
  }
}
