/**
 * From a host and a port to the runtime's connected socket: names, the race between addresses, one PvD after the
 * other, TLS.
 *
 * @module
 */

import type { Socket as RuntimeSocket } from "node:net";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import { adopt, pauseTogether } from "../../ffi/backend.ts";
import { checkedNumber } from "../checked_number.ts";
import { MifError } from "../error.ts";
import { formatAddress, parseAddress } from "../ip/address.ts";
import { byZone } from "../pvd/dns_zones.ts";
import { listPvds } from "../pvd/list.ts";
import { isLoopbackHost, pvdTo } from "../pvd/process_pvd.ts";
import { checkPvd, type PvdInfo } from "../pvd/pvd.ts";
import { addressesOf } from "./destination.ts";
import {
  AF_INET,
  AF_INET6,
  IPPROTO_IPV6,
  IPV6_ADDR_PREFERENCES,
  SOCK_STREAM,
} from "../socket/options.ts";
import { type Failure, interleaveFamilies, race } from "./race.ts";
import type { SocketAddressInit } from "../socket/sockaddr.ts";
import {
  lend,
  type LostHandler,
  type Socket,
  systemSocket,
  type WaitOptions,
} from "../socket/socket.ts";
import { TimeLimit } from "../socket/time_limit.ts";

/** What {@linkcode connect} takes. */
export interface ConnectOptions extends WaitOptions {
  /**
   * A name or a numeric address; behind "%" may stand an interface's name or index. A link-local address without it
   * is meant on the PvD's interface.
   */
  hostname: string;
  /** 1 to 65535. */
  port: number;
  /**
   * The PvD; or several, tried in this order; or "any": those of this host, in the order of `policy`, else first those
   * whose additional information names a zone of the host (`dnsZones`, split DNS), then in the order of listPvds(), and
   * those that say to have no Internet last. A name is asked of each PvD's own servers and its addresses are used in that
   * PvD only. Left out or null, it is the process' default (setprocpvd()), else the way is the system's.
   */
  pvd?: PvdInfo | readonly PvdInfo[] | "any" | null;
  /** With "any": which of the PvDs to try, in which order. */
  policy?: (pvds: PvdInfo[]) => readonly PvdInfo[] | Promise<readonly PvdInfo[]>;
  /** Milliseconds that each of several PvDs has, but for the last; 10,000 where left out. */
  pvdTimeoutMs?: number;
  /**
   * Milliseconds after which the next address of the host is tried too ("Connection Attempt Delay", RFC 8305 5); at
   * least 10, and 250 where left out.
   */
  attemptDelayMs?: number;
  /**
   * Which of the PvD's IPv6 addresses to take as source: IPV6_PREFER_SRC_* of RFC 5014. With `IPV6_PREFER_SRC_TMP` it is a
   * temporary one (RFC 8981) where there is any.
   */
  addressPreferences?: number;
  /**
   * TLS over the connection: true, or what tls.connect() of node:tls takes. The certificate must be for `servername`,
   * which is also sent as SNI, else for `hostname`.
   */
  tls?: boolean | ConnectionOptions;
}

/** A connected socket of the runtime's, the caller's to close, and the PvD it was opened on. */
export interface OpenedStream {
  socket: RuntimeSocket;
  pvd: PvdInfo | null;
}

const ATTEMPT_DELAY_MS = 250;
const ATTEMPT_DELAY_MIN_MS = 10;
const PVD_TIMEOUT_MS = 10_000;

/**
 * What connect() does, up to the runtime's socket; with `allowHalfOpen` as in node:net. `byDefault` is the process'
 * default that the caller has kept, instead of that of now.
 */
export async function openStream(
  options: ConnectOptions,
  allowHalfOpen: boolean,
  byDefault?: PvdInfo | "none" | null,
): Promise<OpenedStream> {
  const { hostname, port, pvdTimeoutMs = PVD_TIMEOUT_MS } = options;
  if (typeof hostname !== "string") throw new TypeError("hostname must be a string");
  checkedNumber("port", port, 0xffff);
  checkedDelay(options.attemptDelayMs ?? ATTEMPT_DELAY_MS);
  checkedNumber("addressPreferences", options.addressPreferences ?? 0, 0xffff);
  using limit = new TimeLimit(options.signal, options.timeoutMs, tookTooLong);
  const pvds = await pvdsToTry(options, byDefault);
  for (const pvd of pvds) if (pvd !== null) checkPvd(pvd);
  const failures: Failure<PvdInfo | null>[] = [];
  for (const [i, pvd] of pvds.entries()) {
    using turn = i + 1 < pvds.length
      ? new TimeLimit(limit.signal, pvdTimeoutMs, tookTooLong)
      : null;
    const signal = turn?.signal ?? limit.signal;
    try {
      return { socket: await openOn(options, pvd, allowHalfOpen, signal), pvd };
    } catch (error) {
      limit.signal.throwIfAborted();
      if (isMisuse(error)) throw error;
      failures.push({ candidate: pvd, error });
    }
  }
  throw allFailed(
    `Cannot connect to ${hostname} port ${port} on any of ${pvds.length} PvDs`,
    failures.map(({ candidate, error }) => ({ candidate: `PvD ${candidate?.id}`, error })),
  );
}

/**
 * Gives a connected socket to the runtime; it is closed where the runtime refuses it. When its PvD is lost it is
 * destroyed with an ENETUNREACH that says so, after `lost` was told.
 */
export function adoptConnected(
  connected: Socket,
  allowHalfOpen: boolean,
  lost: LostHandler = () => {},
): RuntimeSocket {
  using owned = connected;
  const { taken, end } = lend(owned, (fd) => adopt(fd, { allowHalfOpen }), (error) => {
    lost(error);
    taken.destroy(error);
  });
  return taken.once("close", end);
}

async function pvdsToTry(
  { hostname, pvd = null, policy }: ConnectOptions,
  byDefault: PvdInfo | "none" | null | undefined,
): Promise<readonly (PvdInfo | null)[]> {
  if (pvd !== "any") {
    if (policy) throw new TypeError('A policy chooses among all PvDs: give it with pvd: "any"');
    if (!Array.isArray(pvd)) return [pvdTo(hostname, pvd as PvdInfo | null, byDefault)];
    if (pvd.length === 0) throw new TypeError("pvd is an empty list");
    return pvd;
  }
  const all = listPvds();
  const chosen = policy ? await policy(all) : byZone(all, hostname);
  if (chosen.length > 0) return chosen;
  throw new MifError(
    all.length === 0
      ? "Cannot connect on any PvD: this host has none"
      : `Cannot connect on any PvD: the policy chose none of ${all.length}`,
    { code: "ENONET", errno: 64, syscall: "connect" },
  );
}

/** Within one PvD, or by the system's way. */
async function openOn(
  { hostname, port, tls, attemptDelayMs = ATTEMPT_DELAY_MS, addressPreferences }: ConnectOptions,
  pvd: PvdInfo | null,
  allowHalfOpen: boolean,
  signal: AbortSignal,
): Promise<RuntimeSocket> {
  const addresses = interleaveFamilies(await addressesOf(hostname, pvd, signal));
  const outcome = await race(addresses, {
    attemptDelayMs,
    signal,
    attempt: (address, signal) => connectTo({ ...address, port }, pvd, addressPreferences, signal),
    discard: (late) => late.close(),
  });
  if (Array.isArray(outcome)) {
    const on = pvd ? ` on PvD ${pvd.id}` : "";
    throw allFailed(
      `Cannot connect to ${hostname} port ${port}${on} at any of ${outcome.length} addresses`,
      outcome.map(({ candidate, error }) => ({ candidate: candidate.address, error })),
    );
  }
  let secured: TLSSocket | undefined;
  const plain = adoptConnected(outcome, allowHalfOpen, (error) => void secured?.destroy(error));
  if (tls === undefined || tls === false) return plain;
  const address = parseAddress(hostname);
  return secured = await secure(plain, {
    host: address ? formatAddress(address.bytes) : hostname,
    // SNI holds names only (RFC 6066 3).
    ...(address ? {} : { servername: hostname }),
    ...(tls === true ? {} : tls),
  }, signal);
}

/** A connected socket, the caller's to close. */
async function connectTo(
  address: SocketAddressInit,
  pvd: PvdInfo | null,
  addressPreferences: number | undefined,
  signal: AbortSignal,
): Promise<Socket> {
  if (pvd && isLoopbackHost(address.address)) throw isThisHost(pvd, address.address);
  const family = address.address.includes(":") ? AF_INET6 : AF_INET;
  const attempt = systemSocket(family, SOCK_STREAM);
  try {
    if (addressPreferences !== undefined && family === AF_INET6) {
      attempt.setsockopt(IPPROTO_IPV6, IPV6_ADDR_PREFERENCES, addressPreferences);
    }
    if (pvd) attempt.selectPvd(pvd);
    await attempt.connect(address, { signal });
    return attempt;
  } catch (error) {
    attempt.close();
    throw error;
  }
}

/** A socket on a PvD's interface would wait for an answer from this host for ever. */
function isThisHost(pvd: PvdInfo, address: string): MifError {
  return new MifError(
    `Cannot connect to ${address} on PvD ${pvd.id}: that is this host itself; name no PvD`,
    { code: "ENETUNREACH", errno: 101, syscall: "connect" },
  );
}

/** The one failure itself; of several one error that names each and has the code of the one that came farthest. */
function allFailed(what: string, failures: Failure<string>[]): unknown {
  const misuse = failures.find(({ error }) => isMisuse(error));
  if (misuse) return misuse.error;
  if (failures.length === 1) return failures[0]!.error;
  const errors = failures.map(({ error }) => error as Partial<MifError> & Error);
  const { code = "ECONNREFUSED", errno } = errors.find(({ syscall }) => syscall === "connect") ??
    errors[0]!;
  const each = failures.map(({ candidate }, i) => `${candidate}: ${errors[i]!.message}`);
  return new MifError(`${what}: ${each.join("; ")}`, {
    code,
    errno,
    syscall: "connect",
    cause: new AggregateError(errors, what),
  });
}

/** Not the network's doing: no other way helps. */
function isMisuse(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError;
}

function checkedDelay(attemptDelayMs: number): void {
  if (attemptDelayMs >= ATTEMPT_DELAY_MIN_MS) return;
  throw new RangeError(
    `attemptDelayMs must be ${ATTEMPT_DELAY_MIN_MS} or more, not ${attemptDelayMs}`,
  );
}

function tookTooLong(timeoutMs: number): MifError {
  return new MifError(`Cannot connect within ${timeoutMs} ms`, {
    code: "ETIMEDOUT",
    errno: 110,
    syscall: "connect",
  });
}

/** TLS over a connection; the connection ends with its failure. */
function secure(
  plain: RuntimeSocket,
  options: ConnectionOptions,
  signal: AbortSignal,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const fail = (reason: unknown) => {
      forget();
      plain.destroy();
      secured?.destroy();
      reject(reason);
    };
    const abort = () => fail(signal.reason);
    const closed = () =>
      fail(
        new MifError("The peer closed the connection before TLS was established", {
          code: "ECONNRESET",
          errno: 104,
          syscall: "connect",
        }),
      );
    const forget = () => {
      signal.removeEventListener("abort", abort);
      secured?.off("close", closed);
      secured?.off("secureConnect", done);
    };
    const done = () => {
      forget();
      secured!.off("error", fail);
      plain.off("error", fail);
      // The TLS socket tells it.
      plain.on("error", () => {});
      pauseTogether(secured!, plain);
      resolve(secured!);
    };
    let secured: TLSSocket | undefined;
    plain.on("error", fail);
    try {
      signal.throwIfAborted();
      secured = connectTls({ ...options, socket: plain });
    } catch (error) {
      return fail(error);
    }
    // Kept after a failure: what fails later has nobody left to tell.
    secured.on("error", fail);
    secured.on("close", closed);
    secured.on("secureConnect", done);
    signal.addEventListener("abort", abort);
  });
}
