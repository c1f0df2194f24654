/**
 * A mobile node towards one correspondent: return routability, then a Binding Update (RFC 6275 5.2, 11.6, 11.7.2).
 *
 * @module
 */

import { MifError } from "../error.ts";
import { canonicalAddress } from "../ip/address.ts";
import { checkedNumber } from "../checked_number.ts";
import { TIMEOUT_MAX_MS, type WaitOptions } from "../socket/socket.ts";
import { buildMobility } from "./build_mobility.ts";
import { ipv6Bytes } from "./field.ts";
import { type Accept, Inbox } from "./inbox.ts";
import type { BindingAcknowledgement } from "./message.ts";
import type { MobilitySendOptions } from "./mobility_sender.ts";
import type { MobilitySocket } from "./mobility_socket.ts";
import type { MobilityOptionInit } from "./mobility_option.ts";
import {
  AUTHENTICATOR_SIZE,
  authorizeBinding,
  bindingManagementKey,
  MAX_RR_BINDING_LIFETIME_SECONDS,
  MAX_TOKEN_LIFETIME_SECONDS,
  verifyBinding,
} from "./return_routability.ts";

/** What {@linkcode MobileNode} takes. */
export interface MobileNodeOptions {
  /**
   * What the care-of address is spoken by. Where the kernel has no Mobile IPv6 it must hear the wire
   * (`mobilitySocket({ wire: true })`), for acknowledgements come with a type 2 routing header.
   */
  socket: MobilitySocket;
  /** What the home address is spoken by, where that is another, on another PvD for example. */
  homeSocket?: MobilitySocket;
  /** The home address: this host's, packets from it leave by the home agent. */
  homeAddress: string;
  /** Where the mobile node is now. */
  careOfAddress: string;
  /** Whom it registers with. */
  correspondent: string;
  /** The last sequence number that was used, kept from an earlier run; a random one where left out. */
  sequence?: number;
  /** Milliseconds from any beginning on, never less than before; performance.now() where left out. */
  clock?: () => number;
}

/** What the correspondent said to a Binding Update. */
export interface Registration {
  /** Whether the binding is accepted: the status is below 128. */
  accepted: boolean;
  /** The acknowledgement's status. */
  status: number;
  /** As IANA names it, null where it is not registered. */
  statusName: string | null;
  /** What was granted; 0 where there is no binding any more. */
  lifetimeSeconds: number;
  /** The sequence number that was acknowledged. */
  sequence: number;
}

interface Token {
  bytes: Uint8Array;
  nonceIndex: number;
  receivedMs: number;
}

const COOKIE_SIZE = 8;
/** RFC 6275 11.8 and 12: the first wait for an answer, and the longest. */
const INITIAL_WAIT_MS = 1000;
const WAIT_MAX_MS = 32_000;
const SEQUENCE_OUT_OF_WINDOW = 135;
const EXPIRED_STATUSES: readonly number[] = [136, 137, 138];

/**
 * A mobile node, for one correspondent (RFC 6275 11).
 *
 * @example
 * ```ts ignore
 * import { MobileNode, mobilitySocket } from "@mif/sockets/mobility";
 *
 * using socket = mobilitySocket({ wire: true });
 * const node = new MobileNode({
 *   socket,
 *   homeAddress: "2001:db8:9999::1",
 *   careOfAddress: "2001:db8:7777::1",
 *   correspondent: "2001:db8:8888::1",
 * });
 * const { accepted, lifetimeSeconds } = await node.register({ timeoutMs: 30_000 });
 * ```
 */
export class MobileNode {
  readonly #socket: MobilitySocket;
  readonly #homeSocket: MobilitySocket;
  readonly #inbox: Inbox;
  readonly #homeInbox: Inbox;
  readonly #homeAddress: string;
  readonly #correspondent: string;
  readonly #clock: () => number;
  #careOfAddress: string;
  #homeToken: Token | null = null;
  #careOfToken: Token | null = null;
  #sequence: number;

  /** Makes one that has said nothing yet. @throws {TypeError} An address is no IPv6 address. */
  constructor(options: MobileNodeOptions) {
    this.#socket = options.socket;
    this.#homeSocket = options.homeSocket ?? options.socket;
    this.#inbox = new Inbox(this.#socket);
    this.#homeInbox = this.#homeSocket === this.#socket ? this.#inbox : new Inbox(this.#homeSocket);
    this.#homeAddress = canonical("homeAddress", options.homeAddress);
    this.#careOfAddress = canonical("careOfAddress", options.careOfAddress);
    this.#correspondent = canonical("correspondent", options.correspondent);
    this.#clock = options.clock ?? (() => performance.now());
    const sequence = options.sequence ?? crypto.getRandomValues(new Uint16Array(1))[0]!;
    this.#sequence = checkedNumber("sequence", sequence, 0xffff);
  }

  /** Where the mobile node is; the next registration tells the correspondent. */
  get careOfAddress(): string {
    return this.#careOfAddress;
  }

  /** The mobile node has moved: its home address, when it has come home. */
  set careOfAddress(address: string) {
    this.#careOfAddress = canonical("careOfAddress", address);
    this.#careOfToken = null;
  }

  /**
   * Has the correspondent bind the home address to the care-of address: tests both where their tokens are too old, sends
   * a Binding Update, and again as long as nothing comes (after 1 s, then twice as long each time). At home, and with
   * lifetime 0, it deletes the binding.
   *
   * @param options Lifetime: a multiple of 4, 420 s (the most there is) where left out.
   * @throws {MifError} ETIMEDOUT; what {@linkcode MobilitySocket.send} throws. Rejects with the signal's reason.
   */
  async register(options: WaitOptions & { lifetimeSeconds?: number } = {}): Promise<Registration> {
    const { lifetimeSeconds = MAX_RR_BINDING_LIFETIME_SECONDS, signal, timeoutMs } = options;
    const endMs = performance.now() + (timeoutMs ?? Infinity);
    const isAtHome = this.#careOfAddress === this.#homeAddress;
    const deletes = lifetimeSeconds === 0 || isAtHome;
    for (let isSecondTry = false;; isSecondTry = true) {
      await Promise.all([
        this.#testHome(endMs, signal),
        deletes ? null : this.#testCareOf(endMs, signal),
      ]);
      const lifetime = deletes ? 0 : lifetimeSeconds;
      const acknowledged = await this.#update(lifetime, deletes, endMs, signal);
      const { status, statusName, sequence } = acknowledged;
      const hasExpired = EXPIRED_STATUSES.includes(status);
      if (hasExpired) this.#homeToken = this.#careOfToken = null;
      if (status === SEQUENCE_OUT_OF_WINDOW) this.#sequence = sequence;
      if (!isSecondTry && (hasExpired || status === SEQUENCE_OUT_OF_WINDOW)) continue;
      return {
        accepted: status < 128,
        status,
        statusName,
        lifetimeSeconds: acknowledged.lifetimeSeconds,
        sequence,
      };
    }
  }

  /**
   * Has the correspondent delete the binding.
   *
   * @throws {MifError} What {@linkcode MobileNode.register} throws.
   */
  async deregister(options: WaitOptions = {}): Promise<Registration> {
    return await this.register({ ...options, lifetimeSeconds: 0 });
  }

  async #testHome(endMs: number, signal?: AbortSignal): Promise<void> {
    if (this.#isFresh(this.#homeToken)) return;
    const token = await this.#test("HoTI", "HoT", this.#homeAddress, endMs, signal);
    this.#homeToken = token;
  }

  async #testCareOf(endMs: number, signal?: AbortSignal): Promise<void> {
    if (this.#isFresh(this.#careOfToken)) return;
    const token = await this.#test("CoTI", "CoT", this.#careOfAddress, endMs, signal);
    this.#careOfToken = token;
  }

  #isFresh(token: Token | null): boolean {
    return token !== null &&
      this.#clock() - token.receivedMs < MAX_TOKEN_LIFETIME_SECONDS * 1000;
  }

  /** RFC 6275 11.6.1, 11.6.2. */
  async #test(
    type: "HoTI" | "CoTI",
    answer: "HoT" | "CoT",
    from: string,
    endMs: number,
    signal?: AbortSignal,
  ): Promise<Token> {
    const isHome = type === "HoTI";
    const socket = isHome ? this.#homeSocket : this.#socket;
    const inbox = isHome ? this.#homeInbox : this.#inbox;
    const cookie = crypto.getRandomValues(new Uint8Array(COOKIE_SIZE));
    return await this.#untilAnswered(inbox, endMs, signal, {
      what: type,
      send: () => socket.send({ type, cookie }, { to: this.#correspondent, from, signal }),
      accept: ({ message, verdict, source, destination }) => {
        const isIt = verdict.ok && message?.type === answer && source === this.#correspondent &&
          destination === from && message.cookie.every((byte, i) => byte === cookie[i]);
        if (!isIt) return Promise.resolve(null);
        const { keygenToken: bytes, nonceIndex } = message;
        return Promise.resolve({ bytes, nonceIndex, receivedMs: this.#clock() });
      },
    });
  }

  /** RFC 6275 11.7.2, 11.7.3. */
  async #update(
    lifetimeSeconds: number,
    deletes: boolean,
    endMs: number,
    signal?: AbortSignal,
  ): Promise<BindingAcknowledgement> {
    const home = this.#homeToken!;
    const careOf = deletes ? null : this.#careOfToken!;
    const kbm = await bindingManagementKey(home.bytes, careOf && careOf.bytes);
    const isAtHome = this.#careOfAddress === this.#homeAddress;
    const careOfAddress = deletes ? this.#homeAddress : this.#careOfAddress;
    const way: MobilitySendOptions = isAtHome
      ? { to: this.#correspondent, from: this.#homeAddress, signal }
      : {
        to: this.#correspondent,
        from: this.#careOfAddress,
        homeAddress: this.#homeAddress,
        signal,
      };
    const socket = isAtHome ? this.#homeSocket : this.#socket;
    const inbox = isAtHome ? this.#homeInbox : this.#inbox;
    const options: MobilityOptionInit[] = [
      {
        name: "nonce-indices",
        homeNonceIndex: home.nonceIndex,
        careOfNonceIndex: careOf?.nonceIndex ?? 0,
      },
      { name: "binding-authorization-data", authenticator: new Uint8Array(AUTHENTICATOR_SIZE) },
    ];
    const sequences = new Set<number>();
    return await this.#untilAnswered(inbox, endMs, signal, {
      what: "Binding Update",
      send: async () => {
        // Each is another one, also where it only says it again (RFC 6275 11.8).
        const sequence = this.#sequence = (this.#sequence + 1) & 0xffff;
        sequences.add(sequence);
        const flags = { acknowledge: true };
        const message = buildMobility({ type: "BU", sequence, flags, lifetimeSeconds, options });
        await authorizeBinding(kbm, careOfAddress, this.#correspondent, message);
        await socket.send(message, way);
      },
      accept: async ({ message, verdict, source, destination, bytes }) => {
        if (!verdict.ok || message?.type !== "BA" || source !== this.#correspondent) return null;
        if (destination !== this.#homeAddress && destination !== this.#careOfAddress) return null;
        const { status, sequence } = message;
        if (status !== SEQUENCE_OUT_OF_WINDOW && !sequences.has(sequence)) return null;
        // Who has no nonce any more has no key (RFC 6275 9.5.4).
        if (EXPIRED_STATUSES.includes(status)) return message;
        return await verifyBinding(kbm, careOfAddress, this.#correspondent, bytes) ? message : null;
      },
    });
  }

  /** Sends, and again after ever longer waits, until an answer is accepted. */
  async #untilAnswered<T>(
    inbox: Inbox,
    endMs: number,
    signal: AbortSignal | undefined,
    exchange: { what: string; send(): Promise<unknown>; accept: Accept<T> },
  ): Promise<T> {
    for (let waitMs = INITIAL_WAIT_MS;; waitMs = Math.min(waitMs * 2, WAIT_MAX_MS)) {
      const leftMs = Math.min(endMs - performance.now(), TIMEOUT_MAX_MS);
      if (leftMs <= 0) throw timedOut(exchange.what, this.#correspondent);
      const unsent = new AbortController();
      const ends = signal ? AbortSignal.any([signal, unsent.signal]) : unsent.signal;
      const answer = inbox.wait(exchange.accept, Math.min(waitMs, leftMs), ends);
      try {
        await exchange.send();
      } catch (error) {
        unsent.abort(error);
        await answer.catch(() => {});
        throw error;
      }
      const taken = await answer;
      if (taken !== null) return taken;
    }
  }
}

function canonical(name: string, address: string): string {
  ipv6Bytes(name, address);
  return canonicalAddress(address)!;
}

function timedOut(what: string, correspondent: string): MifError {
  return new MifError(`${correspondent} did not answer the ${what} in time`, {
    code: "ETIMEDOUT",
    errno: 110,
    syscall: "recvmsg",
  });
}
