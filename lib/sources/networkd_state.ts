/**
 * The state files of systemd-networkd under /run/systemd/netif. Their first line says that they are
 * private to systemd, so nothing here relies on more than the keys it reads.
 *
 * @module
 */

import { parseEnvFile } from "./env_file.ts";
import type { JsonObject } from "../json/i_json.ts";
import { addressText, array, object, parseJson, stringOf } from "./json_value.ts";
import {
  captivePortalOf,
  ResolverValues,
  saysSomething,
  serverKey,
  words,
} from "./resolver_values.ts";
import type { ResolverStatement, ServerStatement } from "./statement.ts";

/** The source as a user knows it. */
export const NETWORKD = "systemd-networkd";

/** What a file of /run/systemd/netif/links or leases says of name service. */
export interface NetworkdFile {
  dnsServers: ServerStatement[];
  searchDomains: string[];
  /** URI of the captive portal API, RFC 8910. */
  captivePortal?: string;
  /** What was left out, and why. */
  warnings: string[];
}

/** Reads /run/systemd/netif/links/<ifindex>. Route-only domains are no search domains. Never throws. */
export function parseLinkState(text: string): NetworkdFile {
  const warnings: string[] = [];
  const values = new ResolverValues(warnings);
  const state = parseEnvFile(text, ["DNS", "DOMAINS", "CAPTIVE_PORTAL"]);
  for (const server of words(state.DNS ?? "")) values.addServer(server);
  for (const domain of words(state.DOMAINS ?? "")) values.addDomain(domain);
  return {
    dnsServers: values.dnsServers,
    searchDomains: values.searchDomains,
    ...captivePortalOf(state.CAPTIVE_PORTAL, warnings),
    warnings,
  };
}

/**
 * Reads /run/systemd/netif/leases/<ifindex>, the DHCPv4 lease: KEY=value lines, or the JSON that
 * newer releases write. Never throws.
 */
export function parseLease(text: string): NetworkdFile {
  const warnings: string[] = [];
  const values = new ResolverValues(warnings);
  if (text.trimStart().startsWith("{")) readJsonLease(parseJson(text, warnings), values);
  else readEnvLease(text, values);
  return { dnsServers: values.dnsServers, searchDomains: values.searchDomains, warnings };
}

/**
 * The statements of one link from its two files. The link's list is what networkd uses (a lease may
 * be told to be ignored: UseDNS=no); the lease only tells which of it came by DHCPv4. A lease
 * without link file stands for itself.
 */
export function linkStatements(
  index: number,
  state: NetworkdFile | null,
  lease: NetworkdFile | null,
): ResolverStatement[] {
  const leased = new Set(lease?.dnsServers.map(serverKey));
  const leasedDomains = new Set(lease?.searchDomains);
  const { dnsServers, searchDomains, captivePortal } = state ?? lease ?? NOTHING;
  const statement = (family: 4 | null, byLease: boolean): ResolverStatement => ({
    source: NETWORKD,
    interface: index,
    router: null,
    family,
    dnsServers: dnsServers.filter((server) => leased.has(serverKey(server)) === byLease),
    searchDomains: searchDomains.filter((domain) => leasedDomains.has(domain) === byLease),
  });
  const others = statement(null, false);
  if (captivePortal !== undefined) others.captivePortal = captivePortal;
  return [statement(4, true), others].filter(saysSomething);
}

const NOTHING: NetworkdFile = { dnsServers: [], searchDomains: [], warnings: [] };

function readEnvLease(text: string, values: ResolverValues): void {
  const lease = parseEnvFile(text, ["DNS", "DOMAINNAME", "DOMAIN_SEARCH_LIST"]);
  for (const server of words(lease.DNS ?? "")) values.addServer(server);
  for (const domain of words(`${lease.DOMAINNAME ?? ""} ${lease.DOMAIN_SEARCH_LIST ?? ""}`)) {
    values.addDomain(domain);
  }
}

/** { "Servers": { "DNS": [[192,0,2,53]] }, "Domain_Name": "…", "Domain_Search_List": ["…"] } */
function readJsonLease(lease: JsonObject | null, values: ResolverValues): void {
  for (const server of array(object(lease?.["Servers"])?.["DNS"])) {
    values.addServer(addressText(server));
  }
  if (lease?.["Domain_Name"] !== undefined) values.addDomain(stringOf(lease["Domain_Name"]));
  for (const domain of array(lease?.["Domain_Search_List"])) values.addDomain(stringOf(domain));
}
