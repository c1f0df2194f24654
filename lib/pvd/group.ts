/**
 * Sorts what the kernel, the routers and the host's files say into provisioning domains. Pure.
 *
 * One PvD for each (interface, router) of IPv6 configuration that routers gave, and for each ID that a router's
 * advertisements name (RFC 8801); and one for each interface with what is IPv4 or static. What cannot be told to be one
 * router's is no router's: it stands in the interface's own PvD, marked `attribution: "unknown"`.
 *
 * @module
 */

import { type AddressRecord, linux, NEVER, type RouteRecord } from "../../ffi/layout.gen.ts";
import { formatAddress, isLinkLocal } from "../ip/address.ts";
import type { RouteAnswer } from "../netlink/route_lookup.ts";
import { recordAddress, type Records } from "../netlink/records.ts";
import type { SourceReport } from "../sources/statement.ts";
import type { PvdAdditionalInfo } from "./additional_info.ts";
import type { Announcements } from "./advertised.ts";
import type { AdvertisedPvd } from "./advertisement_memory.ts";
import { assemble, type AssembledPvd } from "./assemble.ts";
import { dhcp4Owners, isLease4, isLease6, isOfLease4, managedEvidence } from "./dhcp.ts";
import { isDynamic, type Link, type LinkRouter, type PvdDraft, type RouteLeg } from "./draft.ts";
import { collectEvidence, type Evidence, evidenceFor } from "./evidence.ts";
import { buildLinks } from "./links.ts";
import { placeNameService } from "./name_service.ts";
import type { PvdAdvertisement, PvdInfo } from "./pvd.ts";
import { findUnconfigured } from "./unconfigured.ts";

/** All that a host says of itself at one time. */
export interface HostFacts {
  kernel: Records;
  advertised: Announcements;
  sources: SourceReport[];
  /** The system's own way to an address, or null where there is none. */
  route(destination: Uint8Array): RouteAnswer | null;
  /** What was fetched of a PvD and still holds; nothing was, where left out. */
  additionalInfo?: (pvd: PvdInfo) => PvdAdditionalInfo | null | undefined;
}

/** The PvDs, best first: those the system would take by default, then by interface. */
export function groupPvds(facts: HostFacts): AssembledPvd[] {
  const links = buildLinks(facts.kernel);
  const { options, pvds } = facts.advertised;
  // All explicit ones first: beside one, not everything through its router is the implicit one's.
  for (const { interface: index, router, pvd } of pvds) {
    if (pvd) links.get(index)?.routerDraft(router, pvd.id);
  }
  const evidence = collectEvidence(links, facts.kernel, options, facts.sources);
  for (const one of pvds) {
    const router = links.get(one.interface)?.routers.get(one.router);
    if (router) describeDraft(one.pvd ? router.explicit.get(one.pvd.id)! : router.implicit, one);
  }
  for (const link of links.values()) {
    const statements = evidence.get(link);
    for (const address of link.addresses) placeAddress(link, address, statements);
    for (const leg of link.legs) placeRoute(link, leg, statements);
  }
  placeNameService(links, evidence, facts);
  for (const one of pvds) {
    const draft = links.get(one.interface)?.routerDraft(one.router, one.pvd?.id);
    if (!draft) continue;
    describeDraft(draft, one);
    // All it said was heard: what is not its, it did not give.
    if (draft.attribution === "unknown") draft.attribution = one.by;
  }
  for (const link of links.values()) placeRouterRoutes(link);
  for (const one of pvds) {
    const draft = links.get(one.interface)?.routerDraft(one.router, one.pvd?.id);
    if (draft) draft.unconfigured = findUnconfigured(draft, one, options);
  }
  const drafts = [...links.values()].flatMap((link) => link.drafts().filter(isPvd));
  const assembled = assemble(drafts);
  for (const { pvd } of assembled) {
    const info = facts.additionalInfo?.(pvd);
    if (info) pvd.additionalInfo = info;
  }
  return assembled;
}

function describeDraft(draft: PvdDraft, { pvd, advertisement }: AdvertisedPvd): void {
  draft.name = pvd ?? undefined;
  draft.advertisement = advertisement;
}

/**
 * An interface with nothing but its link-local address provides nothing, nor does a router without anything.
 * A router that offers itself or a prefix is shown, also where this host takes nothing of it.
 */
function isPvd(draft: PvdDraft): boolean {
  return draft.gateways.size > 0 || draft.dnsServers.size > 0 || isOffering(draft) ||
    (draft.router !== null && draft.routes.size > 0) ||
    draft.addresses.some((address) => !isLinkLocalRecord(address)) ||
    [...draft.routes.values()].some(({ destination }) => /^(::|0\.0\.0\.0)\/0$/.test(destination));
}

function isOffering({ advertisement }: PvdDraft): boolean {
  return advertisement !== undefined && (advertisement.routerLifetimeSeconds > 0 ||
    advertisement.prefixes.some(({ validSeconds }) => validSeconds !== 0));
}

function isLinkLocalRecord(address: AddressRecord): boolean {
  return address.family === 6 && isLinkLocal(address.address);
}

function placeAddress(link: Link, address: AddressRecord, evidence?: Evidence[]): void {
  if (isLinkLocalRecord(address)) {
    // It belongs to the link, and every PvD there may speak from it.
    for (const draft of link.drafts()) draft.addresses.push(address);
    return;
  }
  for (const draft of addressOwners(link, address, evidence)) draft.addresses.push(address);
}

function addressOwners(link: Link, address: AddressRecord, evidence?: Evidence[]): PvdDraft[] {
  if (isLease4(address)) return dhcp4Owners(link);
  const bytes = recordAddress(address.address, address.family);
  const select = isLease6(address) ? managedEvidence : undefined;
  return owners(link, bytes, isDynamic(address), evidence, select);
}

/**
 * The PvDs that an address or prefix on a link belongs to; marks each with how that is known.
 *
 * @param dynamic It has a lifetime, so a router or server gave it.
 * @param select Leaves the statements that count.
 */
function owners(
  link: Link,
  bytes: Uint8Array,
  dynamic: boolean,
  evidence: Evidence[] | undefined,
  select?: (covering: Evidence[]) => Evidence[],
): PvdDraft[] {
  if (bytes.length === 4) return [link.own];
  const told = evidenceFor(evidence, bytes, select);
  if (told.length > 0) {
    for (const { draft, attribution } of told) draft.attribution = attribution;
    return [...new Set(told.map(({ draft }) => draft))];
  }
  const router = link.soleRouter() ??
    (dynamic && link.routers.size === 1 ? link.routers.values().next().value! : null);
  if (router) {
    // What none of its explicit PvDs announces is none's.
    router.implicit.attribution = "sole-router";
    return [router.implicit];
  }
  if (dynamic && link.routers.size > 1) link.own.attribution = "unknown";
  return [link.own];
}

function placeRoute(link: Link, leg: RouteLeg, evidence?: Evidence[]): void {
  const { record, gateway } = leg;
  const destination = recordAddress(record.destination, record.family);
  const isDefault = record.destinationLength === 0;
  if (record.family === 6 && !isDefault && isLinkLocal(destination)) return;
  const router = routerOf(link, leg);
  // Who uses it is known when all else is placed.
  if (router && router.explicit.size > 0) return;
  const drafts = router
    ? [router.implicit]
    : record.family === 6 && gateway !== null
    ? [link.soleRouter()?.main ?? link.own]
    : record.family === 6 && !isDefault
    ? owners(link, destination, record.expiresSeconds !== NEVER, evidence)
    : isOfLease4(link, leg)
    ? dhcp4Owners(link)
    : [link.own];
  for (const draft of drafts) addRoute(draft, leg, router !== undefined);
  if (router?.implicit.attribution === "unknown" && link.soleRouter() === router) {
    router.implicit.attribution = "sole-router";
  }
}

/** The routes through routers that announce explicit PvDs: a route is of those PvDs that it was announced for. */
function placeRouterRoutes(link: Link): void {
  for (const leg of link.legs) {
    const router = routerOf(link, leg);
    if (!router || router.explicit.size === 0) continue;
    for (const draft of usersOf(router, leg.record)) addRoute(draft, leg, true);
  }
}

/** IPv4 may go by way of an IPv6 router, but no router's advertisement configured it. */
function routerOf(link: Link, { record, gateway }: RouteLeg): LinkRouter | undefined {
  return gateway === null || record.family === 4
    ? undefined
    : link.routers.get(formatAddress(gateway));
}

/** The PvDs of a router that may send by a route through it. */
function usersOf(router: LinkRouter, record: RouteRecord): PvdDraft[] {
  // Of the implicit one nothing may have been heard; then the kernel's word counts, as for a host that knows no PvDs.
  const drafts = router.drafts().filter((draft) => draft.advertisement || isPvd(draft));
  if (record.destinationLength === 0) {
    return drafts.filter(({ advertisement }) => !advertisement || isDefaultRouter(advertisement));
  }
  const text = destinationOf(record);
  const told = drafts.filter(({ advertisement }) =>
    advertisement?.routes.some(({ destination }) => destination === text)
  );
  // What nobody announced somebody made, for all that the router has.
  return told.length > 0 ? told : drafts;
}

/** Also by a route to everything (RFC 4191 4). */
function isDefaultRouter({ routerLifetimeSeconds, routes }: PvdAdvertisement): boolean {
  return routerLifetimeSeconds > 0 || routes.some(({ destination }) => destination === "::/0");
}

function destinationOf({ destination, destinationLength, family }: RouteRecord): string {
  return `${formatAddress(recordAddress(destination, family))}/${destinationLength}`;
}

function addRoute(draft: PvdDraft, { record, gateway }: RouteLeg, isOfRouter: boolean): void {
  const destination = destinationOf(record);
  const via = gateway && formatAddress(gateway);
  draft.routes.set(`${destination} ${via}`, { destination, gateway: via });
  if (isOfRouter && record.mtu !== 0) {
    draft.advertisedMtu = Math.min(record.mtu, draft.advertisedMtu || record.mtu);
  }
  if (record.destinationLength > 0 || gateway === null) return;
  const known = draft.gateways.get(via!);
  // The main table's word counts before that of a table only some packets look into.
  if (known && record.table !== linux.RT_TABLE_MAIN) return;
  draft.gateways.set(via!, {
    address: via!,
    family: gateway.length === 4 ? 4 : 6,
    metric: record.priority,
    preference: record.preference === 1 ? 1 : record.preference === 3 ? -1 : 0,
  });
}
