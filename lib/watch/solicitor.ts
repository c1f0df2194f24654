/**
 * When which link's routers are asked, by who stays: RFC 4861 6.3.7, as RFC 7559 has it.
 *
 * A link is asked when it comes up, and again after four seconds, eight, and so on up to an hour, until a router has
 * spoken there. One that goes down and comes back is a new one, but is not asked again within the first four seconds.
 *
 * @module
 */

import type { SolicitedLink } from "../pvd/solicit.ts";

/** RFC 7559 2: IRT, MRT, and RAND of RFC 3315 14. */
const FIRST_MS = 4000;
const LAST_MS = 3_600_000;
const SPREAD = 0.1;
/** When the kernel could not send just now. */
const RETRY_MS = 250;

/** What {@linkcode Solicitor} needs of its surroundings; tests give their own. */
export interface SolicitorHost {
  /** Sends one solicitation; false where that is to be tried again soon. */
  send(link: SolicitedLink): Promise<boolean>;
  nowMs(): number;
  /** From 0 up to 1. */
  random(): number;
  /** Milliseconds that a link which has just come up is let wait: MAX_RTR_SOLICITATION_DELAY where hosts may start together. */
  delayMs: number;
}

interface Asked {
  link: SolicitedLink;
  /** Infinity once a router has spoken. */
  dueMs: number;
  waitMs: number;
  lastMs: number;
}

/** Keeps the links and who of them is to be asked next. */
export class Solicitor {
  readonly #host: SolicitorHost;
  readonly #links = new Map<number, Asked>();
  /** When links were asked last that are down now. */
  readonly #gone = new Map<number, number>();

  /** Asks nobody yet. */
  constructor(host: SolicitorHost) {
    this.#host = host;
  }

  /** The links there are now. `alreadyAsked`: somebody does it in our place, and waits for their answers. */
  follow(links: readonly SolicitedLink[], alreadyAsked = false): void {
    const { random, delayMs } = this.#host;
    const nowMs = this.#host.nowMs();
    const present = new Set(links.map((link) => link.interface));
    for (const index of this.#links.keys()) if (!present.has(index)) this.lose(index);
    for (const [index, lastMs] of this.#gone) {
      if (nowMs - lastMs >= FIRST_MS) this.#gone.delete(index);
    }
    for (const link of links) {
      const known = this.#links.get(link.interface);
      if (known) {
        known.link = link;
        continue;
      }
      const lastMs = this.#gone.get(link.interface) ?? -Infinity;
      const dueMs = alreadyAsked
        ? nowMs + FIRST_MS
        : Math.max(nowMs + random() * delayMs, lastMs + FIRST_MS);
      const waitMs = alreadyAsked ? FIRST_MS : FIRST_MS / 2;
      this.#links.set(link.interface, { link, dueMs, waitMs, lastMs });
    }
  }

  /** A link was down, though it may be back by now. */
  lose(index: number): void {
    const asked = this.#links.get(index);
    if (!asked) return;
    this.#links.delete(index);
    this.#gone.set(index, asked.lastMs);
  }

  /** A router has spoken on a link. */
  heard(index: number): void {
    const asked = this.#links.get(index);
    if (asked) asked.dueMs = Infinity;
  }

  /** When there is something to do; Infinity where all have answered. */
  get dueMs(): number {
    return Math.min(Infinity, ...[...this.#links.values()].map(({ dueMs }) => dueMs));
  }

  /** Asks those whose time has come. */
  async run(): Promise<void> {
    const { send, random } = this.#host;
    const nowMs = this.#host.nowMs();
    for (const asked of [...this.#links.values()].filter(({ dueMs }) => dueMs <= nowMs)) {
      asked.waitMs = Math.min(asked.waitMs * 2, LAST_MS);
      asked.lastMs = nowMs;
      // Before it is sent: an answer may come before send() has returned.
      asked.dueMs = nowMs + asked.waitMs * (1 + SPREAD * (2 * random() - 1));
      if (await send(asked.link)) continue;
      asked.waitMs /= 2;
      asked.dueMs = nowMs + RETRY_MS;
    }
  }
}
