/**
 * Watches over the connections that the runtime accepts on a listening socket it was lent.
 *
 * @module
 */

import type { Socket as RuntimeSocket } from "node:net";
import { native } from "../../ffi/library.ts";
import { checked } from "../errno.ts";
import { encodeSockaddr } from "../socket/sockaddr.ts";
import { lendAccepted, type Socket } from "../socket/socket.ts";

/** The connections of one listening socket. */
export class AcceptedConnections {
  readonly #listening: Socket;
  /** The next descriptor, as far as we know: the kernel gives the lowest that is free. */
  #expected = 0;

  constructor(listening: Socket) {
    this.#listening = listening;
  }

  /**
   * Destroys a connection when its PvD is lost, and at once where the way to its peer cannot be proved: with the error
   * that says so.
   */
  watch(accepted: RuntimeSocket): void {
    try {
      const fd = this.#descriptorOf(accepted);
      this.#expected = fd + 1;
      const end = lendAccepted(this.#listening, fd, (error) => accepted.destroy(error));
      accepted.once("close", () => {
        end();
        this.#expected = Math.min(this.#expected, fd);
      });
    } catch (error) {
      accepted.destroy(error as Error);
    }
  }

  /** The runtime does not tell it; the two ends do. */
  #descriptorOf({ localAddress, localPort, remoteAddress, remotePort }: RuntimeSocket): number {
    const end = (address = "", port = 0) =>
      encodeSockaddr({ address, port }, this.#listening.family);
    const local = end(localAddress, localPort);
    const peer = end(remoteAddress, remotePort);
    return checked(
      native().mif_find_connection(this.#expected, local, local.length, peer, peer.length),
      "getpeername",
      `Cannot find the connection from ${remoteAddress} port ${remotePort}`,
    );
  }
}
