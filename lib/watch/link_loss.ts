/**
 * Tells when a link goes down or away, however soon it comes back: then it may be in another network, and what its
 * routers announced counts no more.
 *
 * @module
 */

import { linux } from "../../ffi/layout.gen.ts";
import { native } from "../../ffi/library.ts";
import { readRecords } from "../netlink/records.ts";
import { forgetLink } from "../pvd/advertised.ts";
import { EPOLLIN, reactor } from "../socket/reactor.ts";

const EAGAIN = 11;
/** After so many messages the event loop has its turn. */
const DATAGRAMS_MAX = 4096;

const datagram = new Uint8Array(32 * 1024);
const records = new Uint8Array(64 * 1024);

/** Hears of losses for as long as it is open, and has them forgotten. */
export class LinkLoss {
  readonly #fd: number;
  readonly #lost: (interfaceIndex: number) => void;

  /** Begins to hear, and calls `lost` for each loss. Where a sandbox refuses that, nothing is heard. */
  constructor(lost: (interfaceIndex: number) => void) {
    this.#lost = lost;
    this.#fd = native().mif_netlink_join(linux.RTNLGRP_LINK);
    if (this.#fd >= 0) reactor().add(this.#fd, EPOLLIN, () => this.take());
  }

  /** Takes in what came: before what a router said after it. */
  take(): void {
    if (this.#fd < 0) return;
    for (let i = 0; i < DATAGRAMS_MAX; i++) {
      const size = native().mif_netlink_receive(this.#fd, datagram, datagram.length);
      // Of what was lost the next snapshot tells, unless the link is back by then.
      if (size === -EAGAIN) return;
      if (size > 0) this.#takeDatagram(size);
    }
    setImmediate(() => this.take());
  }

  /** Stops. */
  close(): void {
    if (this.#fd < 0) return;
    reactor().remove(this.#fd);
    native().mif_close(this.#fd);
  }

  #takeDatagram(size: number): void {
    const length = native().mif_netlink_decode(datagram, size, records, records.length);
    if (length < 0 || length > records.length) return;
    for (const { index, flags, removed } of readRecords(records.slice(0, length)).links) {
      if (removed === 0 && (flags & linux.IFF_UP) !== 0) continue;
      forgetLink(index);
      this.#lost(index);
    }
  }
}
