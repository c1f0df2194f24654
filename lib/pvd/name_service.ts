/**
 * Gives each DNS server and search domain to the PvD it belongs to.
 *
 * The sources come in the order of their knowledge, what this process heard from routers first; a server that a
 * better source has placed is not placed again. A server that none of the rules can tell to be a router's
 * goes to the interface's own PvD.
 *
 * @module
 */

import { formatAddress, isLoopback, parseAddress } from "../ip/address.ts";
import type { ResolverStatement } from "../sources/statement.ts";
import { dhcp4Owners, dhcp6Users, isLease4 } from "./dhcp.ts";
import type { Link, PvdDraft } from "./draft.ts";
import { type Evidence, evidenceFor, findLink } from "./evidence.ts";
import type { HostFacts } from "./group.ts";

const DNS_PORT = 53;

const IPV6_MTU_MIN = 1280;

/** Places the servers, search domains, captive portals and NAT64 prefixes of all sources, and routers' MTUs. */
export function placeNameService(
  links: Map<number, Link>,
  evidence: Map<Link, Evidence[]>,
  facts: HostFacts,
): void {
  for (const { interface: index, router, pvd, by, option } of facts.advertised.options) {
    const draft = links.get(index)?.routerDraft(router, pvd);
    if (!draft) continue;
    switch (option.name) {
      case "rdnss":
        for (const { address } of ofNetworks(option.addresses.map((address) => ({ address })))) {
          addServer(draft, address, DNS_PORT, by);
        }
        break;
      case "dnssl":
        for (const domain of option.domains) draft.searchDomains.add(domain);
        break;
      case "captive-portal":
        draft.captivePortal = option.uri;
        break;
      case "mtu":
        if (option.mtu >= IPV6_MTU_MIN) draft.advertisedMtu = option.mtu;
        break;
      case "pref64":
        draft.pref64 = `${option.prefix}/${option.prefixLength}`;
        break;
    }
  }
  for (const { resolvers } of facts.sources) {
    for (const statement of resolvers) {
      if (statement.interface === null) placeHostStatement(links, evidence, statement, facts);
      else {
        const link = findLink(links, statement.interface);
        if (link) placeLinkStatement(link, evidence.get(link), statement);
      }
    }
  }
}

/** A statement on one link, or on one router of it. */
function placeLinkStatement(
  link: Link,
  evidence: Evidence[] | undefined,
  statement: ResolverStatement,
): void {
  const router = statement.router === null ? undefined : link.routers.get(statement.router);
  const ofRouter = router?.main;
  const served = new Set<PvdDraft>();
  for (const { address, port } of ofNetworks(statement.dnsServers)) {
    const bytes = parseAddress(address)!.bytes;
    const drafts = router
      ? holdersIn(router.drafts(), address, port) ?? [router.main]
      : holdersIn(link.drafts(), address, port) ??
        serverDrafts(link, bytes, statement.family, evidence);
    for (const draft of drafts) {
      addServer(draft, address, port, statement.source);
      served.add(draft);
    }
  }
  if (served.size === 0) {
    const own = statement.family === 4 ? dhcp4Owners(link) : [link.soleRouter()?.main ?? link.own];
    for (const draft of ofRouter ? [ofRouter] : own) served.add(draft);
  }
  // Of a list that several routers' servers stand in, nothing says whose the rest is.
  const isMerged = served.size > 1 && link.routers.size > 1;
  for (const draft of isMerged ? [link.own] : served) addRest(draft, statement);
}

/** The PvDs that have the server already, from a better source; null where none has. */
function holdersIn(drafts: PvdDraft[], address: string, port: number): PvdDraft[] | null {
  const holders = drafts.filter(({ dnsServers }) => dnsServers.has(`${address} ${port}`));
  return holders.length > 0 ? holders : null;
}

/** A statement on the whole host: a server belongs to the PvD through which the system reaches it. */
function placeHostStatement(
  links: Map<number, Link>,
  evidence: Map<Link, Evidence[]>,
  statement: ResolverStatement,
  facts: HostFacts,
): void {
  const served = new Set<PvdDraft>();
  for (const { address, port, zone } of ofNetworks(statement.dnsServers)) {
    const bytes = parseAddress(address)!.bytes;
    const drafts = holdersIn(allDrafts(links), address, port) ??
      reaching(links, evidence, bytes, zone, facts);
    for (const draft of drafts) {
      addServer(draft, address, port, statement.source);
      served.add(draft);
    }
  }
  for (const draft of served) addRest(draft, statement);
}

/** Without the resolvers on this host: they are no network's, and what they ask is named by other sources. */
function ofNetworks<S extends { address: string }>(servers: S[]): S[] {
  return servers.filter(({ address }) =>
    !isLoopback(parseAddress(address)!.bytes) && !address.startsWith("::ffff:127.")
  );
}

function reaching(
  links: Map<number, Link>,
  evidence: Map<Link, Evidence[]>,
  bytes: Uint8Array,
  zone: string | null,
  facts: HostFacts,
): PvdDraft[] {
  if (zone !== null) {
    const link = findLink(links, /^\d+$/.test(zone) ? Number(zone) : zone);
    return link ? serverDrafts(link, bytes, null, evidence.get(link)) : [];
  }
  const route = facts.route(bytes);
  const link = route && links.get(route.interface);
  if (!link) return [];
  const router = route.gateway && link.routers.get(formatAddress(route.gateway));
  return router && router.explicit.size === 0
    ? [router.main]
    : serverDrafts(link, bytes, null, evidence.get(link));
}

/** The PvDs of one link that a server belongs to when nobody names the router. */
function serverDrafts(
  link: Link,
  bytes: Uint8Array,
  family: 4 | 6 | null,
  evidence: Evidence[] | undefined,
): PvdDraft[] {
  const hasIpv4 = link.addresses.some((address) => address.family === 4);
  if (family === 4 || (bytes.length === 4 && hasIpv4)) {
    return link.addresses.some(isLease4) ? dhcp4Owners(link) : [link.own];
  }
  const users = dhcp6Users(link);
  if (users.length > 0) return users;
  const told = evidenceFor(evidence, bytes);
  if (told.length > 0) return [...new Set(told.map(({ draft }) => draft))];
  const router = link.routers.get(formatAddress(bytes)) ?? link.soleRouter();
  if (router) return [router.main];
  if (link.routers.size > 1) link.own.attribution = "unknown";
  return [link.own];
}

function addServer(draft: PvdDraft, address: string, port: number, source: string): void {
  const key = `${address} ${port}`;
  if (!draft.dnsServers.has(key)) draft.dnsServers.set(key, { address, port, source });
}

function addRest(draft: PvdDraft, statement: ResolverStatement): void {
  for (const domain of statement.searchDomains) draft.searchDomains.add(domain);
  draft.captivePortal ??= statement.captivePortal;
  draft.pref64 ??= statement.pref64;
}

function allDrafts(links: Map<number, Link>): PvdDraft[] {
  return [...links.values()].flatMap((link) => link.drafts());
}
