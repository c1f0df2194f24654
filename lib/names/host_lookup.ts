/**
 * The addresses of a name: who is asked, in which order.
 *
 * 1. localhost and what is below it: this host's loopback (RFC 6761 6.3).
 * 2. /etc/hosts, the word of this host's administrator: it holds in every PvD, as in every other program.
 * 3. This host's own name: its own addresses in the PvD. No network is asked for it.
 * 4. Names that nobody has (RFC 6761 6.4, RFC 7686, RFC 9476): nobody is asked. Names below "local" are multicast DNS'
 *    (RFC 6762), which is not spoken; servers are asked for them only where the PvD has a search domain there.
 * 5. The servers of the PvD, for the name as the search list completes it.
 *
 * @module
 */

import { MifError } from "../error.ts";
import { shown } from "../shown.ts";
import { type HostName, nameKind, parseHostName } from "./host_name.ts";
import type { HostsFile } from "./hosts_file.ts";
import { resolutionError } from "./resolution_error.ts";
import { searchNames, type SearchRules } from "./search_list.ts";

/** What servers say of a name's addresses of one family. */
export interface AddressAnswer {
  /** "nodata": there is the name, but no such address; "nxdomain": there is no such name. */
  status: "found" | "nodata" | "nxdomain";
  /** The name that the aliases lead to, without trailing dot. */
  canonicalName: string;
  /** 4 or 16 bytes each. */
  addresses: Uint8Array[];
}

/** Where names mean something: a PvD, or the system. */
export interface NameScope {
  /** For messages: "on PvD x". */
  where: string;
  hosts: HostsFile;
  /** This host's own name, lower case; null where it may not be known. */
  ownName: string | null;
  /** What the own name stands for. 4 or 16 bytes each. */
  ownAddresses(): Uint8Array[];
  search(): SearchRules;
  /** Asks the servers for the addresses of a name, without trailing dot, of one family. */
  query(name: string, family: 4 | 6): Promise<AddressAnswer>;
}

/** The addresses of a name. */
export interface HostAddresses {
  canonicalName: string;
  /** 4 or 16 bytes each; at least one. */
  addresses: Uint8Array[];
}

const LOOPBACK = [
  Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
  Uint8Array.of(127, 0, 0, 1),
];

/**
 * Finds the addresses of a name.
 *
 * @param families Of which addresses are wanted.
 * @throws {MifError} EAI_NONAME: there is no such name. EAI_NODATA: it has no address of these families. EAI_AGAIN,
 *   EAI_FAIL and the PvD's own errors: the servers could not say.
 */
export async function lookupHost(
  hostname: string,
  families: readonly (4 | 6)[],
  scope: NameScope,
): Promise<HostAddresses> {
  const wanted = (addresses: Uint8Array[]) =>
    addresses.filter(({ length }) => families.includes(length === 4 ? 4 : 6));
  const name = parseHostName(hostname);
  if (name && nameKind(name.text) === "loopback") {
    return { canonicalName: name.text, addresses: wanted(LOOPBACK) };
  }
  const entry = scope.hosts.byName(hostname.replace(/\.$/, "")) ??
    (name && scope.hosts.byName(name.text));
  const listed = wanted(entry?.addresses ?? []);
  if (entry && listed.length > 0) {
    return { canonicalName: entry.canonicalName, addresses: listed };
  }
  if (!name) {
    throw resolutionError("EAI_NONAME", `Cannot resolve ${shown(hostname)}: that is no host name`);
  }
  if (name.text.toLowerCase() === scope.ownName) {
    const own = wanted(scope.ownAddresses());
    if (own.length > 0) return { canonicalName: scope.ownName, addresses: own };
    throw noData(hostname, scope);
  }
  return await searchServers(hostname, name, families, scope);
}

/** Asks for one completed name after another until one has an address. */
async function searchServers(
  hostname: string,
  name: HostName,
  families: readonly (4 | 6)[],
  scope: NameScope,
): Promise<HostAddresses> {
  const search = scope.search();
  // Completed, such a name would tell the network what it is not to know (RFC 7686 2).
  const refusal = unasked(name.text, search.domains);
  const names = refusal === null ? searchNames(name, search) : [];
  const asked = names.filter((name) => unasked(name, search.domains) === null);
  let exists = false;
  let missing = false;
  for (const candidate of asked) {
    const answer = await askFamilies(candidate, families, scope);
    if (answer.addresses.length > 0) return answer;
    exists ||= answer.exists;
    // Of the name as it was given, asked for first, the answer is the answer.
    missing ||= candidate === name.text && candidate === asked[0] && !answer.exists;
  }
  if (exists && !missing) throw noData(hostname, scope);
  const why = refusal ??
    (names.includes(name.text) ? "there is no such name" : bareLabel(name, search));
  throw resolutionError("EAI_NONAME", `Cannot resolve ${shown(hostname)} ${scope.where}: ${why}`);
}

/** Why no server is asked for a name, or null. */
function unasked(name: string, searchDomains: readonly string[]): string | null {
  const kind = nameKind(name);
  if (kind === "dns") return null;
  if (kind !== "multicast-dns") return "such names are in no DNS (RFC 6761)";
  const ofNetwork = searchDomains.some((domain) =>
    nameKind(domain) === kind && `.${name.toLowerCase()}`.endsWith(`.${domain}`)
  );
  return ofNetwork ? null : "names below local are multicast DNS', which is not spoken here";
}

function bareLabel({ text }: HostName, { domains }: SearchRules): string {
  const found = domains.length === 0 ? "there is no search domain" : "no search domain has it";
  return `a name of one label is asked for below a search domain only, and ${found}; ` +
    `write ${shown(`${text}.`)} to ask for it as it is`;
}

/** Asks for all families at once; that one fails takes nothing from the others. */
async function askFamilies(
  name: string,
  families: readonly (4 | 6)[],
  scope: NameScope,
): Promise<HostAddresses & { exists: boolean }> {
  const results = await Promise.allSettled(families.map((family) => scope.query(name, family)));
  const answers = results.flatMap((result) => result.status === "fulfilled" ? result.value : []);
  const addresses = answers.flatMap((answer) => answer.addresses);
  if (addresses.length === 0) {
    const failures = results.flatMap((result) => result.status === "rejected" ? [result] : []);
    // What the PvD itself could not do says more than that a server did not answer.
    const failure = failures.find(({ reason }) => !isServerFailure(reason)) ?? failures[0];
    if (failure) throw failure.reason;
  }
  const canonical = answers.find((answer) => answer.status === "found") ?? answers[0];
  return {
    canonicalName: canonical?.canonicalName ?? name,
    addresses,
    exists: answers.some(({ status }) => status !== "nxdomain"),
  };
}

function isServerFailure(error: unknown): boolean {
  return error instanceof MifError && error.code.startsWith("EAI_");
}

function noData(hostname: string, { where }: NameScope): MifError {
  return resolutionError(
    "EAI_NODATA",
    `Cannot resolve ${shown(hostname)} ${where}: the name has no such address`,
  );
}
