/**
 * Asks for the PvD Additional Information of an explicit PvD (RFC 8801 4.1), by way of that PvD.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { checkServerIdentity, type ConnectionOptions, type PeerCertificate } from "node:tls";
import { MifError } from "../error.ts";
import { fetchHttpsJson } from "../fetch/https_json.ts";
import { nameKind, parseHostName } from "../names/host_name.ts";
import {
  type PvdAdditionalInfo,
  readAdditionalInfo,
  uncoveredPrefix,
} from "../pvd/additional_info.ts";
import {
  additionalInfos,
  hasAdditionalInfo,
  instanceKey,
  knownAdditionalInfo,
} from "../pvd/additional_info_memory.ts";
import { attachmentOf } from "../pvd/attachment.ts";
import { listPvds } from "../pvd/list.ts";
import { isSamePvd } from "../pvd/process_pvd.ts";
import { checkPvd, type PvdInfo } from "../pvd/pvd.ts";
import { IPV6_PREFER_SRC_TMP } from "../socket/options.ts";
import { checkedWait } from "../socket/socket.ts";
import { TimeLimit } from "../socket/time_limit.ts";
import { isFinal } from "./final_failure.ts";
import { RequestLimits } from "./request_limits.ts";
import { isSettling, SETTLING_MS } from "./source_address.ts";

/** How {@linkcode fetchAdditionalInfo} and `validate()` ask a network's server; each may be left out. */
export interface NetworkInformationOptions {
  /** Ends the call with the signal's reason. */
  signal?: AbortSignal;
  /** Milliseconds for a request, from the first question for its name on; 10,000 where left out. */
  timeoutMs?: number;
  /** Authorities that are trusted instead of the runtime's: PEM, as tls.connect() of node:tls takes them. */
  ca?: ConnectionOptions["ca"];
}

export const REQUEST_TIMEOUT_MS = 10_000;
const MEDIA_TYPE = "application/pvd+json";
const SETTLING_LOOK_MS = 100;

/** Those of this thread. */
export const requestLimits: RequestLimits = new RequestLimits(attachmentOf);
const underWay = new Map<string, Promise<unknown>>();

/**
 * The additional information of an explicit PvD: what this thread or the `mif` daemon has of it and still holds, else what its server says
 * (`https://<id>/.well-known/pvd`). From then on listings of this thread show it (`PvdInfo.additionalInfo`), until it
 * expires or the router changes the sequence number.
 *
 * All of it goes by way of the PvD: the question for the name, the connection, redirects. The source is a temporary
 * address where there is one; no header says who asks. The certificate must name the ID, letter for letter.
 *
 * How often is asked is limited as RFC 8801 4.1 says, by this thread: ten seconds between two requests for an ID on one
 * link, five for all IDs of a link within ten seconds: the call waits for its turn. Threads and processes do not know of
 * each other's requests; where many ask, `mif daemon --additional-info` asks once for all of them. A server that failed by TLS, HTTP or
 * its document is not asked again while the link keeps its carrier, and where ten have failed none is: then the call
 * fails at once. To ask for some IDs and not for others tells the network which ones the host knows;
 * `getpvdinfo(…, { additionalInfo: true })` asks for all.
 *
 * @throws {TypeError} or {RangeError} It is no PvD, or `timeoutMs` no time.
 * @throws {MifError} ENODATA: the PvD is not explicit, its router does not offer any, or the server says that there is
 *   none (a status of 400 or more). EBADMSG: it is not to be used; the message says why. What `createFetch()` fails with:
 *   EAI_NONAME, ECONNREFUSED, ETIMEDOUT, EPVDROUTE, CERT_HAS_EXPIRED, ERR_TLS_CERT_ALTNAME_INVALID … ELOOP: more than ten
 *   redirects. EMSGSIZE: more than 64 KiB.
 * @throws The signal's reason.
 *
 * @example
 * ```ts ignore
 * import { fetchAdditionalInfo, getpvdinfo } from "@mif/sockets";
 *
 * for (const pvd of await getpvdinfo("localhost", null, { solicit: true })) {
 *   if (!pvd.httpInfo) continue;
 *   const { expires, prefixes, dnsZones = [], noInternet = false } = await fetchAdditionalInfo(pvd);
 *   console.log(pvd.id, expires, prefixes, dnsZones, noInternet);
 * }
 * ```
 */
export async function fetchAdditionalInfo(
  pvd: PvdInfo,
  options: NetworkInformationOptions = {},
): Promise<PvdAdditionalInfo> {
  checkPvd(pvd);
  checkedWait(options);
  const { signal } = options;
  signal?.throwIfAborted();
  if (!hasAdditionalInfo(pvd)) {
    const why = pvd.kind === "explicit" ? "its router offers none" : "it is not explicit";
    throw new MifError(`There is no additional information of PvD ${pvd.id}: ${why} (RFC 8801)`, {
      code: "ENODATA",
      errno: 61,
      syscall: "fetchAdditionalInfo",
    });
  }
  const key = instanceKey(pvd);
  const now = await settled(pvd, signal);
  while (true) {
    // The daemon has asked for all programs.
    const known = knownAdditionalInfo(now) ?? (now === pvd ? undefined : now.additionalInfo);
    if (known) return known;
    const refusal = requestLimits.refusal(now, performance.now());
    if (refusal) throw refusal;
    const waitMs = requestLimits.waitMs(now, performance.now());
    if (waitMs === 0) break;
    await turn(waitMs, underWay.get(key), signal);
  }
  requestLimits.asked(now, performance.now());
  const request = askedFor(now, options);
  const settling = request.catch(() => {}).then(() => underWay.delete(key));
  underWay.set(key, settling);
  return await request;
}

/** How the additional information of all PvDs is asked for; each may be left out. */
export interface EachAdditionalInfoOptions extends Omit<NetworkInformationOptions, "signal"> {
  /** Told why a PvD that is said to have additional information has none. */
  onFailure?: (pvd: PvdInfo, error: MifError) => void;
}

/** Asks for that of all PvDs that have any. */
export async function fetchEachAdditionalInfo(
  pvds: readonly PvdInfo[],
  { onFailure, ...options }: NetworkInformationOptions & EachAdditionalInfoOptions,
): Promise<void> {
  await Promise.all(
    pvds.filter(hasAdditionalInfo).map(async (pvd) => {
      try {
        await fetchAdditionalInfo(pvd, options);
      } catch (error) {
        options.signal?.throwIfAborted();
        if (!(error instanceof MifError)) throw error;
        onFailure?.(pvd, error);
      }
    }),
  );
}

/** Asks the PvD's server, whatever the limits are; what it says holds for the ID, if not for what the router announces. */
export async function requestAdditionalInfo(
  pvd: PvdInfo,
  { signal, timeoutMs = REQUEST_TIMEOUT_MS, ca }: NetworkInformationOptions,
): Promise<PvdAdditionalInfo> {
  const { id } = pvd;
  using limit = new TimeLimit(signal, timeoutMs, tookTooLong(id));
  const json = await fetchHttpsJson(pvd, wellKnown(id), {
    mediaType: MEDIA_TYPE,
    signal: limit.signal,
    ca,
    addressPreferences: IPV6_PREFER_SRC_TMP,
    checkServerIdentity: (hostname, certificate) => checkDnsId(id, hostname, certificate),
  });
  return readAdditionalInfo(json, id, Date.now());
}

async function askedFor(
  pvd: PvdInfo,
  options: NetworkInformationOptions,
): Promise<PvdAdditionalInfo> {
  const attachment = attachmentOf(pvd.interface);
  let info: PvdAdditionalInfo;
  try {
    info = await requestAdditionalInfo(pvd, options);
  } catch (error) {
    if (isFinal(error)) requestLimits.failed(pvd, error, performance.now());
    throw error;
  }
  const uncovered = uncoveredPrefix(info, pvd);
  if (uncovered !== null) throw mismatch(pvd, uncovered);
  additionalInfos.remember(pvd, info, attachment);
  return structuredClone(info);
}

/** The PvD as it is when its addresses may be used, if it still is. */
async function settled(pvd: PvdInfo, signal: AbortSignal | undefined): Promise<PvdInfo> {
  for (let waitedMs = 0; waitedMs < SETTLING_MS && isSettling(pvd); waitedMs += SETTLING_LOOK_MS) {
    await turn(SETTLING_LOOK_MS, undefined, signal);
  }
  return listPvds().find((now) => isSamePvd(now, pvd)) ?? pvd;
}

/** Waits, unless what is under way ends before: it may have brought what is wanted. */
async function turn(
  waitMs: number,
  earlier: Promise<unknown> | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const over = new AbortController();
  const either = AbortSignal.any([over.signal, ...signal ? [signal] : []]);
  try {
    await Promise.race([sleep(waitMs, undefined, { signal: either }), ...earlier ? [earlier] : []]);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    over.abort();
  }
}

/** An ID is whatever a router says, and not always what can be the name of a server. */
function wellKnown(id: string): URL {
  const name = parseHostName(id);
  if (/^[a-z0-9_.-]+$/.test(id) && name?.text === id && nameKind(id) === "dns") {
    return new URL(`https://${id}/.well-known/pvd`);
  }
  throw new MifError(
    `Cannot ask for the additional information of PvD ${id}: that names no server`,
    {
      code: "EBADMSG",
      errno: 74,
      syscall: "fetchAdditionalInfo",
    },
  );
}

/** RFC 8801 4.1: a DNS-ID equals the PvD ID. A wildcard does not, nor does what stands as the common name. */
function checkDnsId(
  id: string,
  hostname: string,
  certificate: PeerCertificate,
): Error | undefined {
  const failure = checkServerIdentity(hostname, certificate);
  if (failure) return failure;
  const names = (certificate.subjectaltname ?? "").split(", ");
  // A name that is written in quotes may hold a comma: it is none of a host.
  const isThere = names.some((name) => name.toLowerCase().replace(/\.$/, "") === `dns:${id}`);
  if (isThere && !names.some((name) => name.includes('"'))) return undefined;
  return Object.assign(
    new Error(`The certificate is not for ${id} itself but for ${names.join(", ").slice(0, 200)}`),
    { code: "ERR_TLS_CERT_ALTNAME_INVALID" },
  );
}

/** Object and network do not belong together (RFC 8801 4.4). */
export function mismatch({ id }: PvdInfo, prefix: string): MifError {
  return new MifError(
    `The additional information of PvD ${id} is not to be used: its router announces ${prefix}, ` +
      "which none of its prefixes covers",
    { code: "EBADMSG", errno: 74, syscall: "fetchAdditionalInfo" },
  );
}

function tookTooLong(id: string): (timeoutMs: number) => MifError {
  return (timeoutMs) =>
    new MifError(`The server of PvD ${id} has not answered within ${timeoutMs} ms`, {
      code: "ETIMEDOUT",
      errno: 110,
      syscall: "fetchAdditionalInfo",
    });
}
