/**
 * `getpvdinfo()` of draft-liu-mif-socket-api-00 3.1.
 *
 * @module
 */

import {
  type EachAdditionalInfoOptions,
  fetchEachAdditionalInfo,
} from "../additional_info/fetch_additional_info.ts";
import { MifError } from "../error.ts";
import {
  formatAddress,
  isLinkLocal,
  isLoopback,
  isMulticast,
  isUnspecified,
  parseAddress,
  type ParsedAddress,
} from "../ip/address.ts";
import { addressesInEach, type PvdAddresses } from "../names/each_pvd.ts";
import { nameKind, parseHostName } from "../names/host_name.ts";
import { systemName } from "../names/name_scope.ts";
import { readSnapshot } from "../netlink/snapshot.ts";
import { portOf } from "../service.ts";
import { shown } from "../shown.ts";
import { hostFiles } from "../sources/host_files.ts";
import { hearAdvertisement } from "./advertised.ts";
import type { AssembledPvd } from "./assemble.ts";
import { byZone } from "./dns_zones.ts";
import { groupPvds } from "./group.ts";
import { readHost } from "./host.ts";
import { buildLinks } from "./links.ts";
import { isSamePvd, pvdInForce } from "./process_pvd.ts";
import type { PvdInfo } from "./pvd.ts";
import { longestRoute } from "./reach.ts";
import { linksToSolicit, solicit } from "./solicit.ts";

/** What {@linkcode getpvdinfo} takes beside its names. */
export interface GetPvdInfoOptions {
  /** Ends the call with the signal's reason. */
  signal?: AbortSignal;
  /**
   * First asks the routers of all links what they announce, and waits for their answers: less than a second where
   * those of every link answer at once, four at the most (RFC 4861 6.3.7). Then prefixes, DNS servers and search
   * domains stand with the router that announced them, also where a link has several, and `advertisement` says what
   * each announces. Sends packets; needs CAP_NET_RAW.
   */
  solicit?: boolean;
  /**
   * Then asks for the additional information of all explicit PvDs that have any, with {@linkcode fetchAdditionalInfo}: each
   * listed PvD shows it as `additionalInfo`. One whose server fails has none, and `onFailure` is told why.
   */
  additionalInfo?: boolean | EachAdditionalInfoOptions;
}

const files = hostFiles();

/**
 * The PvDs that matter for a node and a service, best first.
 *
 * - `nodename` null, "localhost", a loopback or unspecified address, or this host's name: every PvD.
 * - One of this host's addresses: the PvDs that hold it.
 * - Another numeric address, with or without zone: the PvDs that have a route to it, the most specific first.
 * - Another name: the PvDs whose own DNS servers (or /etc/hosts) give it an address that they have a route to, the most
 *   specific first. All PvDs are asked at once, or the process' default alone where there is one (`setprocpvd()`). PvDs
 *   whose additional information names a zone of it (`dnsZones`) come before the others.
 *
 * `servname`, a service name or decimal port, becomes the port of each `ai_addr`. One of both must be given.
 *
 * @returns The PvDs; empty where none reaches the node.
 * @throws {TypeError} An argument is neither string nor null.
 * @throws {MifError} EAI_NONAME: both are null, or the name or numeric address is malformed or does not exist.
 *   EAI_NODATA: it has no address. EAI_SERVICE: the service is unknown. EAI_AGAIN, EAI_FAIL: no PvD's servers could
 *   say; ENONET, EPVDROUTE and others: none could be asked. ENETUNREACH: a name on the null PvD. EPERM: `solicit`
 *   without CAP_NET_RAW. EACCES: the runtime does not permit to read what names mean here. And those of `listPvds()`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { getpvdinfo } from "@mif/sockets";
 *
 * const pvds = await getpvdinfo("localhost", "https");
 * for (const pvd of pvds) assert.equal(pvd.ai_addr?.port ?? 443, 443);
 * ```
 */
export async function getpvdinfo(
  nodename: string | null,
  servname: string | null,
  options: GetPvdInfoOptions = {},
): Promise<PvdInfo[]> {
  checkType("nodename", nodename);
  checkType("servname", servname);
  const { signal, solicit: soliciting = false, additionalInfo = false } = options;
  signal?.throwIfAborted();
  if (nodename === null && servname === null) {
    throw noName("nodename and servname are both null; give one");
  }
  const port = servname === null ? 0 : portOf(servname, files);
  const node = nodename === null || isThisHost(nodename) ? null : parseNode(nodename);
  if (soliciting) {
    const links = linksToSolicit(buildLinks(readSnapshot()));
    await solicit(links, { signal, hear: hearAdvertisement });
  }
  let all = groupPvds(readHost());
  if (additionalInfo) {
    const given = additionalInfo === true ? {} : additionalInfo;
    await fetchEachAdditionalInfo(all.map(({ pvd }) => pvd), { ...given, signal });
    all = groupPvds(readHost());
  }
  if (node === null) return withPort(all.map(({ pvd }) => pvd), port);
  if (typeof node !== "string") return withPort(selectReaching(all, node), port);
  const resolved = await addressesInEach(node, askable(all), signal);
  return withPort(byZone(selectResolving(all, resolved), node), port);
}

/**
 * Frees what getpvdinfo() returned, in the C API's sense: here nothing is to be freed.
 *
 * It exists so that code written after the draft reads the same. The result is plain objects that the garbage
 * collector owns; no native memory and no descriptor stands behind them. It never throws.
 *
 * @example
 * ```ts
 * import { freepvdinfo, getpvdinfo } from "@mif/sockets";
 *
 * const pvds = await getpvdinfo("localhost", null);
 * freepvdinfo(pvds);
 * ```
 */
export function freepvdinfo(_pvds: PvdInfo[] | null): void {}

function checkType(name: string, value: unknown): void {
  if (value !== null && typeof value !== "string") {
    throw new TypeError(`Cannot list PvDs: ${name} must be a string or null, not ${typeof value}`);
  }
}

function isThisHost(nodename: string): boolean {
  const name = nodename.toLowerCase().replace(/\.$/, "");
  return nameKind(name) === "loopback" || (name !== "" && name === systemName());
}

/** A numeric address, or the name as it stands; throws for what can be neither. */
function parseNode(nodename: string): ParsedAddress | string {
  const address = parseAddress(nodename);
  if (address) return address;
  if (nodename.includes(":") || /(^|\.)(\d+|0x[\da-f]*)\.?$/i.test(nodename)) {
    throw noName(`${shown(nodename)} is no numeric address`);
  }
  if (!parseHostName(nodename)) throw noName(`${shown(nodename)} is no host name`);
  return nodename;
}

/** The PvDs whose servers a call that names none may ask. */
function askable(all: AssembledPvd[]): PvdInfo[] {
  const pvds = all.map(({ pvd }) => pvd);
  const only = pvdInForce(null);
  return only ? [pvds.find((pvd) => isSamePvd(pvd, only)) ?? only] : pvds;
}

/** The PvDs for a numeric address, each with its address and gateway of that family. */
function selectReaching(all: AssembledPvd[], address: ParsedAddress): PvdInfo[] {
  const pvds = all.map(({ pvd }) => pvd);
  // These are no peers, so they say nothing of the family that is wanted.
  if (isLoopback(address.bytes) || isUnspecified(address.bytes)) return pvds;
  return selectOne(pvds, address).map((pvd) => forFamily(all, pvd, address.family));
}

/** The PvDs that reach one of the addresses they have for a name, the most specific route first. */
function selectResolving(all: AssembledPvd[], resolved: PvdAddresses[]): PvdInfo[] {
  const pvds = all.map(({ pvd }) => pvd);
  const reaching = resolved.flatMap(({ pvd, addresses }) => {
    const peer = addresses.map(peerOf).find((peer) => selectOne(pvds, peer).includes(pvd));
    return peer ? [{ pvd, peer }] : [];
  });
  // Families differ in their lengths: what counts is how much of the address a route covers.
  const covered = ({ pvd, peer: { family, bytes } }: (typeof reaching)[number]) =>
    longestRoute(pvd, family, bytes) / bytes.length;
  return reaching.sort((a, b) => covered(b) - covered(a))
    .map(({ pvd, peer }) => forFamily(all, pvd, peer.family));
}

function peerOf(bytes: Uint8Array): ParsedAddress {
  return { family: bytes.length === 4 ? 4 : 6, bytes, zone: null };
}

/** The seed's struct is of the peer's family. */
function forFamily(all: AssembledPvd[], pvd: PvdInfo, family: 4 | 6): PvdInfo {
  return { ...pvd, ...all.find((assembled) => assembled.pvd === pvd)!.pairs[family] };
}

function selectOne(pvds: PvdInfo[], { family, bytes, zone }: ParsedAddress): PvdInfo[] {
  const onLink = zone === null
    ? pvds
    : pvds.filter(({ interface: { name, index } }) => zone === name || zone === String(index));
  const text = formatAddress(bytes);
  const holders = onLink.filter(({ addresses }) =>
    addresses.some(({ address }) => address === text)
  );
  if (holders.length > 0) return holders;
  if (isLinkLocal(bytes) || isMulticast(bytes)) {
    const speaking = onLink.filter(({ addresses }) =>
      addresses.some((address) => address.family === family)
    );
    // A router's own link-local address is its PvD's before the others'.
    return [
      ...speaking.filter(({ router }) => router === text),
      ...speaking.filter(({ router }) => router !== text),
    ];
  }
  return onLink
    .map((pvd) => ({ pvd, length: longestRoute(pvd, family, bytes) }))
    .filter(({ length }) => length >= 0)
    .sort((a, b) => b.length - a.length)
    .map(({ pvd }) => pvd);
}

function withPort(pvds: PvdInfo[], port: number): PvdInfo[] {
  for (const pvd of pvds) if (pvd.ai_addr) pvd.ai_addr.port = port;
  return pvds;
}

function noName(why: string): MifError {
  return new MifError(`Cannot list PvDs: ${why}`, { code: "EAI_NONAME", syscall: "getpvdinfo" });
}
