/**
 * `getpvdinfo()` of draft-liu-mif-socket-api-00 3.1.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import { hostname } from "node:os";
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
import { readSnapshot } from "../netlink/snapshot.ts";
import { portOf } from "../service.ts";
import { hostFiles } from "../sources/host_files.ts";
import { hearAdvertisement } from "./advertised.ts";
import type { AssembledPvd } from "./assemble.ts";
import { groupPvds } from "./group.ts";
import { readHost } from "./host.ts";
import { buildLinks } from "./links.ts";
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
}

const files = hostFiles();

/**
 * The PvDs that matter for a node and a service, best first.
 *
 * - `nodename` null, "localhost", a loopback or unspecified address, or this host's name: every PvD.
 * - One of this host's addresses: the PvDs that hold it.
 * - Another numeric address, with or without zone: the PvDs that have a route to it, the most specific first.
 * - Another name: the PvDs that have a route to one of its addresses, as the system's resolver gives them.
 *
 * `servname`, a service name or decimal port, becomes the port of each `ai_addr`. One of both must be given.
 *
 * @returns The PvDs; empty where none reaches the node.
 * @throws {TypeError} An argument is neither string nor null.
 * @throws {MifError} EAI_NONAME: both are null, or the name or numeric address is malformed or does not exist.
 *   EAI_SERVICE: the service is unknown. EAI_AGAIN, EAI_FAIL: the resolver could not say. EPERM: `solicit` without
 *   CAP_NET_RAW. And those of `listPvds()`.
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
  const { signal, solicit: soliciting = false } = options;
  signal?.throwIfAborted();
  if (nodename === null && servname === null) {
    throw noName("nodename and servname are both null; give one");
  }
  const port = servname === null ? 0 : portOf(servname, files);
  const node = nodename === null || isThisHost(nodename) ? null : parseNode(nodename);
  const addresses = typeof node === "string" ? await resolve(node, signal) : node && [node];
  if (soliciting) {
    const links = linksToSolicit(buildLinks(readSnapshot()));
    await solicit(links, { signal, hear: hearAdvertisement });
  }
  const all = groupPvds(readHost());
  return withPort(addresses ? select(all, addresses) : all.map(({ pvd }) => pvd), port);
}

/**
 * Frees what getpvdinfo() returned, in the C API's sense: here nothing is to be freed.
 *
 * It exists so that code written after the draft reads the same. The result is plain objects that the garbage
 * collector owns; no native memory and no descriptor stands behind them.
 */
export function freepvdinfo(_pvds: PvdInfo[] | null): void {}

function checkType(name: string, value: unknown): void {
  if (value !== null && typeof value !== "string") {
    throw new TypeError(`Cannot list PvDs: ${name} must be a string or null, not ${typeof value}`);
  }
}

function isThisHost(nodename: string): boolean {
  const name = nodename.toLowerCase().replace(/\.$/, "");
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  try {
    return name !== "" && name === hostname().toLowerCase();
  } catch {
    // Deno asks for --allow-sys=hostname; without it the name is a name like any other.
    return false;
  }
}

/** A numeric address, or the name as it stands; throws for what can be neither. */
function parseNode(nodename: string): ParsedAddress | string {
  const address = parseAddress(nodename);
  if (address) return address;
  const shown = JSON.stringify(nodename.slice(0, 80));
  if (nodename.includes(":") || /(^|\.)(\d+|0x[\da-f]*)\.?$/i.test(nodename)) {
    throw noName(`${shown} is no numeric address`);
  }
  if (nodename === "" || nodename.length > 253 || /[\0-\x20\x7f%/]/.test(nodename)) {
    throw noName(`${shown} is no host name`);
  }
  return nodename;
}

async function resolve(name: string, signal: AbortSignal | undefined): Promise<ParsedAddress[]> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal!.reason);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    const answers = await Promise.race([lookup(name, { all: true }), aborted.promise]);
    return answers.flatMap(({ address }) => parseAddress(address) ?? []);
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    throw lookupFailed(name, cause);
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

/** The runtimes name the failures of getaddrinfo(3) each in their own way. */
function lookupFailed(name: string, cause: unknown): MifError {
  const { code, message, name: kind } = cause as { code?: string; message: string; name: string };
  if (kind === "NotCapable") {
    return new MifError(
      `Not permitted to resolve ${name}: run with --allow-net, or give a numeric address`,
      { code: "EACCES", errno: 13, syscall: "getpvdinfo", cause },
    );
  }
  const known: Record<string, string> = {
    EAI_AGAIN: "EAI_AGAIN",
    ETIMEOUT: "EAI_AGAIN",
    ENOTFOUND: "EAI_NONAME",
    ENODATA: "EAI_NONAME",
    EAI_NONAME: "EAI_NONAME",
  };
  return new MifError(`Cannot resolve ${JSON.stringify(name)}: ${message}`, {
    code: known[code ?? ""] ?? "EAI_FAIL",
    syscall: "getpvdinfo",
    cause,
  });
}

/** The PvDs for any of some addresses, each once, in the order of the addresses. */
function select(all: AssembledPvd[], addresses: ParsedAddress[]): PvdInfo[] {
  const pvds = all.map(({ pvd }) => pvd);
  const pairs = new Map(all.map((assembled) => [assembled.pvd, assembled.pairs]));
  const selected = new Map<PvdInfo, PvdInfo>();
  for (const address of addresses) {
    // These are no peers, so they say nothing of the family that is wanted.
    const anyone = isLoopback(address.bytes) || isUnspecified(address.bytes);
    for (const pvd of anyone ? pvds : selectOne(pvds, address)) {
      if (selected.has(pvd)) continue;
      selected.set(pvd, anyone ? pvd : { ...pvd, ...pairs.get(pvd)![address.family] });
    }
  }
  return [...selected.values()];
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
