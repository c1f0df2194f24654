/**
 * A correspondent node: answers Home and Care-of Test Inits, checks Binding Updates, and keeps what they bind
 * (RFC 6275 9). It moves no packets by it.
 *
 * @module
 */

import { MifError } from "../error.ts";
import {
  isLinkLocal,
  isLoopback,
  isMapped,
  isMulticast,
  isUnspecified,
  parseAddress,
} from "../ip/address.ts";
import { buildMobility } from "./build_mobility.ts";
import type { BindingUpdate, MobilityMessageInit } from "./message.ts";
import type { MobilitySendOptions } from "./mobility_sender.ts";
import type { MobilitySocket } from "./mobility_socket.ts";
import { Nonces } from "./nonces.ts";
import type { ReceivedMobility } from "./received.ts";
import {
  AUTHENTICATOR_SIZE,
  authorizeBinding,
  bindingManagementKey,
  careOfKeygenToken,
  homeKeygenToken,
  MAX_NONCE_LIFETIME_SECONDS,
  MAX_RR_BINDING_LIFETIME_SECONDS,
  verifyBinding,
} from "./return_routability.ts";

/** Where a mobile node is. Addresses are RFC 5952 text. */
export interface Binding {
  /** By which it is always known. */
  homeAddress: string;
  /** Where it is now. */
  careOfAddress: string;
  /** The last one that was accepted. */
  sequence: number;
  /** For how long from now on. */
  lifetimeSeconds: number;
}

/** What {@linkcode Correspondent} takes. */
export interface CorrespondentOptions {
  /** Milliseconds from any beginning on, never less than before; performance.now() where left out. */
  clock?: () => number;
  /** The longest lifetime that is granted; 420, the most that RFC 6275 allows, where left out. */
  lifetimeMaxSeconds?: number;
  /** How many mobile nodes are kept at once; 1024 where left out. The next one is told that resources are insufficient. */
  bindingsMax?: number;
}

/** What is to be answered. */
export interface MobilityReply {
  /** The message, authorized where it is to be; its checksum is not made yet. */
  message: Uint8Array;
  /** How it is to be sent: for MobilitySocket.send(). */
  options: MobilitySendOptions;
}

/** What is kept of a mobile node. A deleted one stays as long as its nonces could be used again (RFC 6275 5.2.8). */
interface Entry {
  careOfAddress: string | null;
  sequence: number;
  expiresMs: number;
  forgottenMs: number;
}

const ACCEPTED = 0;
const INSUFFICIENT_RESOURCES = 130;
const HOME_REGISTRATION_NOT_SUPPORTED = 131;
const SEQUENCE_OUT_OF_WINDOW = 135;
const EXPIRED_HOME_NONCE_INDEX = 136;
const EXPIRED_CARE_OF_NONCE_INDEX = 137;
const EXPIRED_NONCES = 138;

/**
 * A correspondent node (RFC 6275 9).
 *
 * @throws {RangeError} By its constructor: an option is out of its range.
 *
 * @example
 * ```ts ignore
 * import { Correspondent, mobilitySocket } from "@mif/sockets/mobility";
 *
 * // Where the kernel has no Mobile IPv6, Binding Updates with a home address option are heard from the wire.
 * using s = mobilitySocket({ wire: true });
 * const correspondent = new Correspondent();
 * setInterval(() => console.log(correspondent.bindings), 1000);
 * await correspondent.serve(s);
 * ```
 */
export class Correspondent {
  readonly #clock: () => number;
  readonly #nonces: Nonces;
  readonly #lifetimeMaxSeconds: number;
  readonly #bindingsMax: number;
  /** By home address. */
  readonly #entries = new Map<string, Entry>();

  /** Makes one that knows nobody yet. */
  constructor(options: CorrespondentOptions = {}) {
    const { clock, lifetimeMaxSeconds = MAX_RR_BINDING_LIFETIME_SECONDS } = options;
    const { bindingsMax = 1024 } = options;
    if (!(lifetimeMaxSeconds >= 4 && lifetimeMaxSeconds <= MAX_RR_BINDING_LIFETIME_SECONDS)) {
      throw new RangeError(
        `lifetimeMaxSeconds must be 4 to ${MAX_RR_BINDING_LIFETIME_SECONDS}, not ${lifetimeMaxSeconds}`,
      );
    }
    if (!(bindingsMax >= 0)) throw new RangeError(`bindingsMax must be 0 or more`);
    this.#clock = clock ?? (() => performance.now());
    this.#nonces = new Nonces(this.#clock);
    this.#lifetimeMaxSeconds = lifetimeMaxSeconds;
    this.#bindingsMax = bindingsMax;
  }

  /** The bindings that hold now. */
  get bindings(): Binding[] {
    const nowMs = this.#clock();
    return [...this.#entries].flatMap(([homeAddress, entry]) =>
      entry.careOfAddress === null || entry.expiresMs <= nowMs ? [] : [{
        homeAddress,
        careOfAddress: entry.careOfAddress,
        sequence: entry.sequence,
        lifetimeSeconds: (entry.expiresMs - nowMs) / 1000,
      }]
    );
  }

  /**
   * What a message is to be answered with, after it did its work here; null where it is to be ignored. One whose verdict is
   * not ok is ignored. It never throws at what {@linkcode MobilitySocket.receive} gave, whatever that holds.
   */
  async answer(received: ReceivedMobility): Promise<MobilityReply | null> {
    const { message, verdict, source, destination } = received;
    if (!verdict.ok || message === null || !isRoutable(source)) return null;
    switch (message.type) {
      case "HoTI": {
        const { index, bytes } = this.#nonces.current();
        const keygenToken = await homeKeygenToken(this.#nonces.nodeKey, source, bytes);
        return reply({ type: "HoT", nonceIndex: index, cookie: message.cookie, keygenToken }, {
          to: source,
          from: destination,
        });
      }
      case "CoTI": {
        const { index, bytes } = this.#nonces.current();
        const keygenToken = await careOfKeygenToken(this.#nonces.nodeKey, source, bytes);
        return reply({ type: "CoT", nonceIndex: index, cookie: message.cookie, keygenToken }, {
          to: source,
          from: destination,
        });
      }
      case "BU":
        return await this.#bind(received, message);
      default:
        return null;
    }
  }

  /**
   * Answers what comes by a socket until that is closed or the signal ends it, with Binding Errors where those are due.
   * What cannot be sent to one mobile node is no concern of the others.
   *
   * @throws {MifError} The socket hears nothing any more: the errno of recvmsg(2), ENETUNREACH when its PvD is lost.
   */
  async serve(socket: MobilitySocket, options: { signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = options;
    while (!socket.closed && !signal?.aborted) {
      try {
        const received = await socket.receive({ signal });
        if (await socket.sendBindingError(received)) continue;
        const answer = await this.answer(received);
        if (answer) await socket.send(answer.message, answer.options);
      } catch (error) {
        if (socket.closed || signal?.aborted) return;
        const isOfOne = error instanceof MifError && error.syscall !== "recvmsg";
        if (!isOfOne) throw error;
      }
    }
  }

  /** RFC 6275 9.5.1. */
  async #bind(received: ReceivedMobility, update: BindingUpdate): Promise<MobilityReply | null> {
    const { source: homeAddress, destination, wireSource, bytes } = received;
    const alternate = update.options.find(({ name }) => name === "alternate-care-of-address");
    const tested = alternate?.name === "alternate-care-of-address"
      ? alternate.careOfAddress
      : wireSource;
    const deletes = update.lifetimeSeconds === 0 || tested === homeAddress;
    const careOfAddress = deletes ? homeAddress : tested;
    if (!isRoutable(careOfAddress)) return null;
    // The acknowledgement goes the way back: RFC 6275 9.5.4.
    const way: MobilitySendOptions = received.homeAddress === null
      ? { to: homeAddress, from: destination }
      : { to: homeAddress, careOfAddress: wireSource, from: destination };
    const refuse = (status: number) => reply(acknowledgement(update, status), way);
    if (update.flags.homeRegistration) return refuse(HOME_REGISTRATION_NOT_SUPPORTED);

    const nonces = update.options.find(({ name }) => name === "nonce-indices");
    if (nonces?.name !== "nonce-indices") return null;
    const homeNonce = this.#nonces.find(nonces.homeNonceIndex);
    const careOfNonce = deletes ? null : this.#nonces.find(nonces.careOfNonceIndex);
    const lacksCareOf = !deletes && careOfNonce === null;
    if (homeNonce === null) return refuse(lacksCareOf ? EXPIRED_NONCES : EXPIRED_HOME_NONCE_INDEX);
    if (lacksCareOf) return refuse(EXPIRED_CARE_OF_NONCE_INDEX);

    const { nodeKey } = this.#nonces;
    const kbm = await bindingManagementKey(
      await homeKeygenToken(nodeKey, homeAddress, homeNonce),
      careOfNonce && await careOfKeygenToken(nodeKey, careOfAddress, careOfNonce),
    );
    if (!await verifyBinding(kbm, careOfAddress, destination, bytes)) return null;

    const { status, sequence, lifetimeSeconds } = this.#decide(
      homeAddress,
      deletes ? null : careOfAddress,
      update,
    );
    if (status < 128 && !update.flags.acknowledge) return null;
    const message = buildMobility(
      acknowledgement({ sequence }, status, lifetimeSeconds, [{
        name: "binding-authorization-data",
        authenticator: new Uint8Array(AUTHENTICATOR_SIZE),
      }]),
    );
    await authorizeBinding(kbm, careOfAddress, destination, message);
    return { message, options: way };
  }

  /** What becomes of an update that is the mobile node's; null deletes its binding. */
  #decide(
    homeAddress: string,
    careOfAddress: string | null,
    { sequence, lifetimeSeconds: asked }: BindingUpdate,
  ): { status: number; sequence: number; lifetimeSeconds: number } {
    const nowMs = this.#clock();
    this.#forget(nowMs);
    const known = this.#entries.get(homeAddress);
    if (known && !isLater(sequence, known.sequence)) {
      return { status: SEQUENCE_OUT_OF_WINDOW, sequence: known.sequence, lifetimeSeconds: 0 };
    }
    if (!known && this.#entries.size >= this.#bindingsMax) {
      return { status: INSUFFICIENT_RESOURCES, sequence, lifetimeSeconds: 0 };
    }
    const lifetimeSeconds = careOfAddress === null
      ? 0
      : Math.min(asked, Math.floor(this.#lifetimeMaxSeconds / 4) * 4);
    const expiresMs = nowMs + lifetimeSeconds * 1000;
    const forgottenMs = Math.max(expiresMs, nowMs + MAX_NONCE_LIFETIME_SECONDS * 1000);
    this.#entries.set(homeAddress, { careOfAddress, sequence, expiresMs, forgottenMs });
    return { status: ACCEPTED, sequence, lifetimeSeconds };
  }

  #forget(nowMs: number): void {
    for (const [homeAddress, { forgottenMs }] of this.#entries) {
      if (forgottenMs <= nowMs) this.#entries.delete(homeAddress);
    }
  }
}

function reply(message: MobilityMessageInit, options: MobilitySendOptions): MobilityReply {
  return { message: buildMobility(message), options };
}

function acknowledgement(
  { sequence }: { sequence: number },
  status: number,
  lifetimeSeconds = 0,
  options: (MobilityMessageInit & { type: "BA" })["options"] = [],
): MobilityMessageInit {
  return { type: "BA", status, sequence, lifetimeSeconds, options };
}

/** Whether a number comes after another, modulo 65536 (RFC 6275 9.5.1). */
function isLater(sequence: number, last: number): boolean {
  const distance = (sequence - last) & 0xffff;
  return distance >= 1 && distance < 0x8000;
}

/** A unicast address that is one beyond its link (RFC 6275 9.5.1). */
function isRoutable(address: string): boolean {
  const bytes = parseAddress(address)!.bytes;
  return !isUnspecified(bytes) && !isMulticast(bytes) && !isLinkLocal(bytes) &&
    !isLoopback(bytes) && !isMapped(bytes);
}
