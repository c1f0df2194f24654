/**
 * Asks the routers of this host's links what they announce, and waits for their answers (RFC 4861 6.3.7).
 *
 * A host that starts sends its first solicitation after a random delay, and up to three of them four seconds apart.
 * Here a caller waits: the first goes at once, a second after half of the time where a link has not answered, and
 * that is all. How long it takes is bounded, and less where all routers that the kernel knows have answered.
 *
 * @module
 */

import { setImmediate as nextTurn } from "node:timers/promises";
import { linux } from "../../ffi/layout.gen.ts";
import { MifError } from "../error.ts";
import { formatAddress, isLinkLocal } from "../ip/address.ts";
import { parseRouterAdvertisement, type RouterAdvertisement } from "../ndp/router_advertisement.ts";
import { type RouterMessage, RouterSocket, type SolicitationSource } from "../ndp/router_socket.ts";
import { associate } from "./associate.ts";
import type { WaitOptions } from "../socket/socket.ts";
import type { Link } from "./draft.ts";

/** A link whose routers are asked. */
export interface SolicitedLink extends SolicitationSource {
  /** All its own link-local addresses. */
  addresses: string[];
  /** Link-local addresses of the routers the kernel knows there: who is waited for. */
  routers: string[];
}

/** What {@linkcode solicit} needs of its socket. */
export type SolicitingSocket = Pick<RouterSocket, "solicit" | "receive" | typeof Symbol.dispose>;

/** What {@linkcode solicit} takes beside the links. */
export interface SolicitOptions {
  /** Ends the call with the signal's reason. */
  signal?: AbortSignal;
  /** The most the call may take; RTR_SOLICITATION_INTERVAL, 4000, where left out. */
  timeoutMs?: number;
  /** Opens what takes the place of a {@linkcode RouterSocket}. */
  open?: () => SolicitingSocket;
  /** Called for each valid advertisement, with the router's link-local address. */
  hear(interfaceIndex: number, router: string, advertisement: RouterAdvertisement): void;
}

/** RFC 4861 10: RTR_SOLICITATION_INTERVAL. radvd(8) may hold an answer back for MIN_DELAY_BETWEEN_RAS, 3 s. */
const TIMEOUT_MS = 4000;
/** A router answers after up to MAX_RA_DELAY_TIME, 500 ms (RFC 4861 6.2.6): so long others may still come. */
const QUIET_MS = 600;
/** When the kernel could not send just now: its neighbour table is full (EINVAL), its memory is (ENOBUFS). */
const RETRY_MS = 250;
/** A hostile link may answer with any number of sources and PvDs; more are heard, but not waited for. */
const HEARD_MAX = 64;
/** After so many messages without a pause the event loop gets its turn. */
const MESSAGES_PER_TURN = 64;
/** So many links are asked before their answers are taken in. */
const LINKS_PER_TURN = 16;

/**
 * The links that a router may be heard on: up, with carrier, capable of multicast, and with a link-local address
 * that may be used. The ports of bridges and bonds are left out: what comes there belongs to the bridge.
 */
export function linksToSolicit(links: Map<number, Link>): SolicitedLink[] {
  return [...links.values()].flatMap((link) => {
    const { flags, master, hardwareAddress, hardwareAddressLength } = link.record;
    if ((flags & linux.IFF_MULTICAST) === 0 || (flags & linux.IFF_LOWER_UP) === 0) return [];
    // A VRF is a master whose members are links of their own.
    if (master !== 0 && (links.get(master)?.record.vrfTable ?? 0) === 0) return [];
    const addresses = link.addresses
      .filter(({ family, address }) => family === 6 && isLinkLocal(address))
      .map(({ address }) => formatAddress(address));
    return addresses.length === 0 ? [] : [{
      interface: link.index,
      address: addresses[0]!,
      addresses,
      hardwareAddress: hardwareAddress.slice(0, hardwareAddressLength),
      routers: [...link.routers.keys()],
    }];
  });
}

/**
 * Solicits on all links at once. Ends when every link's known routers have answered (where none is known: one
 * has) and no other has answered for 600 ms; at the latest after `timeoutMs`. A link that is gone is not waited for.
 *
 * @throws {MifError} EPERM without CAP_NET_RAW.
 */
export async function solicit(
  links: readonly SolicitedLink[],
  { signal, timeoutMs = TIMEOUT_MS, hear, open = () => new RouterSocket() }: SolicitOptions,
): Promise<void> {
  signal?.throwIfAborted();
  using socket = openOrExplain(open);
  if (!socket) return;
  const startMs = performance.now();
  const endMs = startMs + timeoutMs;
  const waits = new Map(links.map((link) => [link.interface, new Wait(link)]));
  let unsent = [...waits.values()];
  let resendMs = startMs + timeoutMs / 2;
  const failed: Wait[] = [];
  let retryMs = Infinity;
  let message: RouterMessage | null = null;
  for (let count = 1;; count++) {
    const nowMs = performance.now();
    if (nowMs >= resendMs) {
      unsent = [...waits.values()].filter(({ answered }) => !answered);
      resendMs = retryMs = Infinity;
      failed.length = 0;
    } else if (nowMs >= retryMs) {
      unsent.push(...failed.splice(0));
      retryMs = Infinity;
    }
    // Between the others, or the answers of a thousand links would overflow the socket.
    if (!message || count % MESSAGES_PER_TURN === 0) {
      for (const wait of unsent.splice(0, LINKS_PER_TURN)) {
        if (await wait.solicit(socket, { signal, timeoutMs: remaining(endMs) })) continue;
        failed.push(wait);
        retryMs = nowMs + RETRY_MS;
      }
    }
    const doneMs = Math.min(endMs, Math.max(0, ...[...waits.values()].map((wait) => wait.doneMs)));
    if (nowMs >= doneMs) return;
    const untilMs = unsent.length > 0 ? 0 : Math.min(doneMs, resendMs, retryMs);
    message = await socket.receive({ signal, timeoutMs: remaining(untilMs) });
    if (message) take(message, waits, hear);
    if (count % MESSAGES_PER_TURN === 0) await nextTurn(undefined, { signal });
  }
}

function remaining(untilMs: number): number {
  // Timers count whole milliseconds, and one that ends early would only come again.
  return Math.max(0, Math.ceil(untilMs - performance.now()));
}

function take(
  { data, interface: index, source, hopLimit }: RouterMessage,
  waits: Map<number, Wait>,
  hear: SolicitOptions["hear"],
): void {
  const wait = waits.get(index);
  const advertisement = parseRouterAdvertisement(data, { hopLimit, source });
  const router = formatAddress(source);
  // A host that is a router itself hears its own word; it is not configured by it.
  if (!wait || !advertisement || wait.link.addresses.includes(router)) return;
  hear(index, router, advertisement);
  wait.heard(router, associate(advertisement).pvd?.id ?? "", performance.now());
}

/** How far one link has answered. */
class Wait {
  readonly link: SolicitedLink;
  readonly #heard = new Set<string>();
  #missing: Set<string>;
  #lastNewMs = 0;
  #gone = false;

  constructor(link: SolicitedLink) {
    this.link = link;
    this.#missing = new Set(link.routers);
  }

  /** Whether nobody is missing. */
  get answered(): boolean {
    return this.#gone || (this.#missing.size === 0 && this.#heard.size > 0);
  }

  /** When this link need not be waited for any more; Infinity as long as somebody is missing. */
  get doneMs(): number {
    if (this.#gone) return 0;
    return this.answered ? this.#lastNewMs + QUIET_MS : Infinity;
  }

  /** A router with several PvDs sends an advertisement for each (RFC 8801 3.2). */
  heard(router: string, pvd: string, nowMs: number): void {
    this.#missing.delete(router);
    const key = `${router} ${pvd}`;
    if (this.#heard.has(key) || this.#heard.size >= HEARD_MAX) return;
    this.#heard.add(key);
    this.#lastNewMs = nowMs;
  }

  /** Asks; false where that is to be tried again. */
  async solicit(
    socket: SolicitingSocket,
    options: { signal?: AbortSignal; timeoutMs: number },
  ): Promise<boolean> {
    const outcome = await sendSolicitation(socket, this.link, options);
    this.#gone = outcome === "gone";
    return outcome !== "refused";
  }
}

/** Why sending fails on a link that went, or went down, since it was looked at. */
const LINK_GONE = new Set(["ENODEV", "ENXIO", "ENETDOWN", "ENETUNREACH", "EADDRNOTAVAIL"]);

/** Sends one solicitation. "gone": the link is; "refused": the kernel could not send just now. */
export async function sendSolicitation(
  socket: Pick<RouterSocket, "solicit">,
  link: SolicitedLink,
  options: WaitOptions,
): Promise<"sent" | "gone" | "refused"> {
  try {
    await socket.solicit(link, options);
    return "sent";
  } catch (error) {
    if (!(error instanceof MifError)) throw error;
    return LINK_GONE.has(error.code) ? "gone" : "refused";
  }
}

/**
 * Null where the kernel has no IPv6, and so no routers.
 *
 * @throws {MifError} EPERM without CAP_NET_RAW; it says what to do.
 */
export function openOrExplain<S>(open: () => S): S | null {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof MifError)) throw error;
    if (error.code === "EAFNOSUPPORT") return null;
    if (error.code !== "EPERM") throw error;
    throw new MifError(
      "Cannot solicit Router Advertisements: a raw ICMPv6 socket needs the capability CAP_NET_RAW. Run as root, or " +
        "give it to the runtime's executable (setcap cap_net_raw+ep FILE), or ask without soliciting",
      { code: "EPERM", errno: error.errno, syscall: error.syscall, cause: error },
    );
  }
}
