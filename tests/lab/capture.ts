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

/**
 * A running capture in one host; `Host.capture()` starts one. It ends with its world.
 *
 * @throws {Error} The interface is not there; waitFor() when its time is over (10 s where not told); stop() where frames were
 *   lost, for nothing is proven then.
 *
 * @example
 * ```ts ignore
 * import assert from "node:assert/strict";
 * import { SERVICE_IPV4, twoLinks, World } from "@mif/sockets/lab";
 *
 * await using world = new World();
 * const { host, r1, r2 } = await twoLinks(world);
 * const captures = await Promise.all([r1, r2].map((router) => router.host.capture("lan0")));
 * await host.run(["bash", "-c", `echo hello > /dev/udp/${SERVICE_IPV4}/9`]);
 * await captures[0]!.waitFor("the datagram", ({ dport }) => dport === 9);
 * const frames = await captures[1]!.stop();
 * assert.ok(frames.every(({ dport }) => dport !== 9));
 * ```
 */
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

  /** Ends the capture with all that had arrived. @throws {Error} Frames were lost: nothing is proven then. */
  async stop(): Promise<Frame[]> {
    const dropped = await this.#socket.close();
    if (dropped > 0) throw new Error(`The capture lost ${dropped} frames`);
    return this.frames;
  }
}
