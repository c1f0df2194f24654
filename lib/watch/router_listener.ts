/**
 * Hears whole Router Advertisements on all links for as long as it is open, and has the routers asked where that is wanted.
 *
 * @module
 */

import { MifError } from "../error.ts";
import { formatAddress, isLinkLocal } from "../ip/address.ts";
import { parseRouterAdvertisement, type RouterAdvertisement } from "../ndp/router_advertisement.ts";
import { type RouterMessage, RouterSocket } from "../ndp/router_socket.ts";
import { currentSnapshot } from "../netlink/current.ts";
import type { Records } from "../netlink/records.ts";
import { readSnapshot } from "../netlink/snapshot.ts";
import { buildLinks } from "../pvd/links.ts";
import { linksToSolicit, openOrExplain, sendSolicitation, solicit } from "../pvd/solicit.ts";
import { TIMEOUT_MAX_MS } from "../socket/socket.ts";
import { Solicitor } from "./solicitor.ts";

/** How old the knowledge of this host's own addresses may be. */
const OWN_AGE_MAX_MS = 100;
/** When receiving failed. */
const RETRY_MS = 100;

/** What is called for each valid advertisement, with the router's link-local address. */
export type HearAdvertisement = (
  interfaceIndex: number,
  router: string,
  advertisement: RouterAdvertisement,
) => void;

/** An open one; close it. It does not keep the process alive. */
export class RouterListener {
  readonly #socket: RouterSocket;
  readonly #hear: HearAdvertisement;
  readonly #closing = new AbortController();
  #solicitor: Solicitor | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** "interface address" of this host's own link-local addresses. */
  #own = new Set<string>();
  #ownReadMs = -Infinity;

  private constructor(socket: RouterSocket, hear: HearAdvertisement) {
    this.#socket = socket;
    this.#hear = hear;
    this.#receive();
  }

  /**
   * Opens one; null where the kernel has no IPv6, and so no routers.
   *
   * @throws {MifError} EPERM without CAP_NET_RAW.
   */
  static open(hear: HearAdvertisement): RouterListener | null {
    const socket = openOrExplain(() => new RouterSocket());
    return socket && new RouterListener(socket, hear);
  }

  /** Opens one where that is possible; else null. */
  static openIfPermitted(hear: HearAdvertisement): RouterListener | null {
    try {
      return RouterListener.open(hear);
    } catch (error) {
      if (error instanceof MifError) return null;
      throw error;
    }
  }

  /** Closes it; who waits for answers of routers is told that it is over. */
  close(): void {
    this.#closing.abort();
    clearTimeout(this.#timer);
    this.#socket[Symbol.dispose]();
  }

  /** Asks the routers of all links, and waits for their answers as `solicit()` does; then links that come up are asked too. */
  async solicit(): Promise<void> {
    const links = linksToSolicit(buildLinks(readSnapshot()));
    this.#solicitor ??= this.#newSolicitor();
    this.#solicitor.follow(links, true);
    await solicit(links, { signal: this.#closing.signal, hear: this.#hear });
    this.#arrange();
  }

  /** Begins to ask routers without waiting for any; each link after a random time of up to `delayMs`. */
  startSoliciting(delayMs: number): void {
    this.#solicitor ??= this.#newSolicitor(delayMs);
    this.follow(readSnapshot());
  }

  /** The kernel's links are, or may be, others than before. */
  follow(kernel: Records): void {
    if (this.#solicitor === null) return;
    this.#solicitor.follow(linksToSolicit(buildLinks(kernel)));
    this.#arrange();
  }

  /** A link was down; {@linkcode RouterListener.follow} says when it is back, however soon. */
  lose(index: number): void {
    this.#solicitor?.lose(index);
  }

  #newSolicitor(delayMs = 0): Solicitor {
    return new Solicitor({
      send: async (link) => {
        const { signal } = this.#closing;
        return await sendSolicitation(this.#socket, link, { signal }) !== "refused";
      },
      nowMs: () => performance.now(),
      random: Math.random,
      delayMs,
    });
  }

  #arrange(): void {
    clearTimeout(this.#timer);
    const { dueMs } = this.#solicitor!;
    if (dueMs === Infinity || this.#closing.signal.aborted) return;
    const leftMs = Math.max(0, Math.ceil(dueMs - performance.now()));
    this.#timer = setTimeout(() => {
      this.#solicitor!.run().then(() => this.#arrange(), () => {});
    }, Math.min(leftMs, TIMEOUT_MAX_MS));
    this.#timer.unref();
  }

  async #receive(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      try {
        for await (const message of this.#socket) this.#take(message);
      } catch (error) {
        // The kernel was short of memory, or told of an error once.
        if (!(error instanceof MifError)) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      }
    }
  }

  #take({ data, interface: index, source, hopLimit }: RouterMessage): void {
    const advertisement = parseRouterAdvertisement(data, { hopLimit, source });
    if (!advertisement) return;
    const router = formatAddress(source);
    // A host that is a router itself hears its own word; it is not configured by it.
    if (this.#isOwn(index, router)) return;
    this.#hear(index, router, advertisement);
    this.#solicitor?.heard(index);
  }

  #isOwn(index: number, address: string): boolean {
    const nowMs = performance.now();
    if (nowMs - this.#ownReadMs >= OWN_AGE_MAX_MS) {
      this.#ownReadMs = nowMs;
      this.#readOwn();
    }
    return this.#own.has(`${index} ${address}`);
  }

  #readOwn(): void {
    let snapshot: Records;
    try {
      snapshot = currentSnapshot();
    } catch (error) {
      // For want of memory or descriptors, just now: what was known is as good.
      if (error instanceof MifError) return;
      throw error;
    }
    this.#own = new Set(
      snapshot.addresses.filter(({ family, address }) => family === 6 && isLinkLocal(address))
        .map((record) => `${record.interface} ${formatAddress(record.address)}`),
    );
  }
}
