/**
 * Sorts what the kernel, the routers and the host's files say into provisioning domains. Pure.
 *
 * One PvD for each (interface, router) of IPv6 configuration that routers gave, and one for each interface with
 * what is IPv4 or static. What cannot be told to be one router's is no router's: it stands in the interface's
 * own PvD, marked `attribution: "unknown"`.
 *
 * @module
 */

import { linux, NEVER } from "../../ffi/layout.gen.ts";
import type { AddressRecord } from "../../ffi/layout.gen.ts";
import { formatAddress, isLinkLocal } from "../ip/address.ts";
import type { RouteAnswer } from "../netlink/route_lookup.ts";
import { recordAddress, type Records } from "../netlink/records.ts";
import type { SourceReport } from "../sources/statement.ts";
import type { PvdAdditionalInfo } from "./additional_info.ts";
import type { Announcements } from "./advertised.ts";
import { assemble, type AssembledPvd } from "./assemble.ts";
import { isDynamic, type Link, type PvdDraft, type RouteLeg } from "./draft.ts";
import { collectEvidence, type Evidence, evidenceFor } from "./evidence.ts";
import { buildLinks } from "./links.ts";
import { placeNameService } from "./name_service.ts";
import type { PvdInfo } from "./pvd.ts";

/** All that a host says of itself at one time. */
export interface HostFacts {
  kernel: Records;
  advertised: Announcements;
  sources: SourceReport[];
  /** The system's own way to an address, or null where there is none. */
  route(destination: Uint8Array): RouteAnswer | null;
  /** What was fetched of a PvD and still holds. */
  additionalInfo(pvd: PvdInfo): PvdAdditionalInfo | undefined;
}

/** The PvDs, best first: those the system would take by default, then by interface. */
export function groupPvds(facts: HostFacts): AssembledPvd[] {
  const links = buildLinks(facts.kernel);
  const evidence = collectEvidence(links, facts.kernel, facts.advertised.options, facts.sources);
  for (const link of links.values()) {
    const statements = evidence.get(link);
    for (const address of link.addresses) placeAddress(link, address, statements);
    for (const leg of link.legs) placeRoute(link, leg, statements);
  }
  placeNameService(links, evidence, facts);
  for (const { interface: index, router, advertisement } of facts.advertised.routers) {
    const draft = links.get(index)?.routerDraft(router);
    if (!draft) continue;
    draft.advertisement = advertisement;
    // All it said was heard: what is not its, it did not give.
    if (draft.attribution === "unknown") draft.attribution = "router-advertisement";
  }
  const drafts = [...links.values()].flatMap((link) => link.drafts().filter(isPvd));
  const assembled = assemble(drafts);
  for (const { pvd } of assembled) {
    const info = facts.additionalInfo(pvd);
    if (info) pvd.additionalInfo = info;
  }
  return assembled;
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
  const dynamic = isDynamic(address);
  const bytes = recordAddress(address.address, address.family);
  for (const draft of owners(link, bytes, dynamic, evidence)) draft.addresses.push(address);
}

/**
 * The PvDs that an address or prefix on a link belongs to; marks each with how that is known.
 *
 * @param dynamic It has a lifetime, so a router or server gave it.
 */
function owners(
  link: Link,
  bytes: Uint8Array,
  dynamic: boolean,
  evidence: Evidence[] | undefined,
): PvdDraft[] {
  if (bytes.length === 4) return [link.own];
  const told = evidenceFor(evidence, bytes);
  if (told.length > 0) {
    for (const { draft, attribution } of told) draft.attribution = attribution;
    return [...new Set(told.map(({ draft }) => draft))];
  }
  const sole = link.soleRouter() ??
    (dynamic && link.routers.size === 1 ? link.routers.values().next().value! : null);
  if (sole) {
    sole.attribution = "sole-router";
    return [sole];
  }
  if (dynamic && link.routers.size > 1) link.own.attribution = "unknown";
  return [link.own];
}

function placeRoute(link: Link, { record, gateway }: RouteLeg, evidence?: Evidence[]): void {
  const destination = recordAddress(record.destination, record.family);
  const isDefault = record.destinationLength === 0;
  if (record.family === 6 && !isDefault && isLinkLocal(destination)) return;
  const via = gateway && formatAddress(gateway);
  // IPv4 may go by way of an IPv6 router, but no router's advertisement configured it.
  const ofRouter = via === null || record.family === 4 ? undefined : link.routers.get(via);
  const drafts = ofRouter
    ? [ofRouter]
    : record.family === 6 && via !== null
    ? [link.soleRouter() ?? link.own]
    : record.family === 6 && !isDefault
    ? owners(link, destination, record.expiresSeconds !== NEVER, evidence)
    : [link.own];
  const text = `${formatAddress(destination)}/${record.destinationLength}`;
  for (const draft of drafts) {
    draft.routes.set(`${text} ${via}`, { destination: text, gateway: via });
    if (ofRouter && record.mtu !== 0) {
      draft.advertisedMtu = Math.min(record.mtu, draft.advertisedMtu || record.mtu);
    }
    if (isDefault && gateway) {
      const known = draft.gateways.get(via!);
      // The main table's word counts before that of a table only some packets look into.
      if (known && record.table !== linux.RT_TABLE_MAIN) continue;
      draft.gateways.set(via!, {
        address: via!,
        family: gateway.length === 4 ? 4 : 6,
        metric: record.priority,
        preference: record.preference === 1 ? 1 : record.preference === 3 ? -1 : 0,
      });
    }
  }
  if (ofRouter && ofRouter.attribution === "unknown" && link.soleRouter() === ofRouter) {
    ofRouter.attribution = "sole-router";
  }
}
