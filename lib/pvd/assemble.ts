/**
 * Finished drafts to what the caller gets: ranked, with handles, identifiers and the seed's struct.
 *
 * @module
 */

import { type AddressRecord, linux, NEVER } from "../../ffi/layout.gen.ts";
import {
  formatAddress,
  isLinkLocal,
  parseAddress,
  parsePrefix,
  prefixContains,
} from "../ip/address.ts";
import { OWN_PROTOCOL } from "../netlink/change.ts";
import { recordAddress } from "../netlink/records.ts";
import { type DraftGateway, isDynamic, type PvdDraft } from "./draft.ts";
import type { PvdAddress, PvdInfo, SocketAddress } from "./pvd.ts";

/** fe80::/10 in RFC 5952 text. */
const LINK_LOCAL = /^fe[89ab].:/;
const DEFAULT_ROUTE = { 4: "0.0.0.0/0", 6: "::/0" } as const;

/** What of the seed's struct depends on the peer: an address and a gateway to be used together. */
export type Pair = Pick<PvdInfo, "ai_addr" | "gateway_addr">;

/** A PvD, and its pair for peers of either family. */
export interface AssembledPvd {
  pvd: PvdInfo;
  pairs: Record<4 | 6, Pair>;
}

/** The PvDs of finished drafts, best first. */
export function assemble(drafts: PvdDraft[]): AssembledPvd[] {
  const handles = new Set<number>();
  return [...drafts].sort(byRank).map((draft) => {
    const assembled = describe(draft);
    const { pvd } = assembled;
    // Two routers of one link may fall on one number; the next free one is as good.
    while (handles.has(pvd.handle)) pvd.handle++;
    handles.add(pvd.handle);
    return assembled;
  });
}

function describe(draft: PvdDraft): AssembledPvd {
  const { link } = draft;
  const gateways = [...draft.gateways.values()].sort(byMetric);
  const addresses = draft.addresses.map((record) => describeAddress(record, draft)).sort((a, b) =>
    useRank(a) - useRank(b) || Number(reaches(b, gateways)) - Number(reaches(a, gateways))
  );
  const unsure = new Set(draft.attribution === "unknown" ? dynamicAddresses(draft) : []);
  const dnsServers = [...draft.dnsServers.values()];
  // Names the instance, as the ID alone does not.
  const instance = draft.router === null ? link.name : `${draft.router}%${link.name}`;
  const id = draft.id ?? instance;
  const sure = addresses.filter(({ address }) => !LINK_LOCAL.test(address) && !unsure.has(address));
  const pairOf = (family: 4 | 6): Pair => {
    const address = sure.find((candidate) => candidate.family === family);
    // IPv4 may go by way of an IPv6 router, so the gateway's own family does not tell.
    const gateway = gateways.find((candidate) =>
      draft.routes.has(`${DEFAULT_ROUTE[family]} ${candidate.address}`)
    );
    return {
      ai_addr: address ? socketAddress(address.address, link.index) : null,
      gateway_addr: gateway ? socketAddress(gateway.address, link.index) : null,
    };
  };
  const pairs = { 4: pairOf(4), 6: pairOf(6) };
  const { ai_addr, gateway_addr } = pairs[sure[0]?.family ?? 6];
  const mtu = draft.advertisedMtu || link.record.mtu;
  const pvd: PvdInfo = {
    handle: handleOf(
      link.index,
      draft.id !== null ? `${draft.id} ${instance}` : draft.router !== null ? instance : "",
    ),
    id,
    kind: draft.id === null ? "implicit" : "explicit",
    interface: { name: link.name, index: link.index },
    router: draft.router,
    attribution: draft.attribution,
    addresses,
    gateways: gateways.map(({ address, family }) => ({ address, family })),
    dnsServers,
    searchDomains: [...draft.searchDomains],
    routes: [...draft.routes.values()],
    mtu: Math.min(mtu, link.record.mtu),
    ai_addr,
    gateway_addr: gateway_addr ?? pairs[4].gateway_addr ?? pairs[6].gateway_addr,
    dns_addr: dnsServers[0]
      ? socketAddress(dnsServers[0].address, link.index, dnsServers[0].port)
      : null,
  };
  if (draft.name) {
    const { sequence, legacy, httpInfo, delay } = draft.name;
    Object.assign(pvd, { sequence, legacy, httpInfo, delay });
  }
  if (draft.pref64 !== undefined) pvd.pref64 = draft.pref64;
  if (draft.captivePortal !== undefined) pvd.captivePortal = draft.captivePortal;
  if (draft.advertisement !== undefined) pvd.advertisement = draft.advertisement;
  if (draft.unconfigured !== undefined) pvd.unconfigured = draft.unconfigured;
  return { pvd, pairs };
}

/** Those that some router gave, be it for ever. */
function dynamicAddresses({ addresses }: PvdDraft): string[] {
  return addresses
    .filter((record) => record.family === 6 && isDynamic(record))
    .map((record) => formatAddress(recordAddress(record.address, 6)));
}

function describeAddress(record: AddressRecord, draft: PvdDraft): PvdAddress {
  const family = record.family === 4 ? 4 : 6;
  return {
    address: formatAddress(recordAddress(record.address, family)),
    prefixLength: record.prefixLength,
    family,
    deprecated: isDeprecated(record, draft),
    // For IPv4 the same bit says "secondary".
    temporary: family === 6 && (record.flags & linux.IFA_F_TEMPORARY) !== 0,
    validSeconds: record.validSeconds === NEVER ? null : record.validSeconds,
  };
}

/** One that `mif route install` made is deprecated to the system, whatever it is to its PvD. */
function isDeprecated(record: AddressRecord, { advertisement }: PvdDraft): boolean {
  if (record.protocol !== OWN_PROTOCOL) return (record.flags & linux.IFA_F_DEPRECATED) !== 0;
  return advertisement?.prefixes.some(({ prefix, preferredSeconds }) => {
    const { bytes, prefixLength } = parsePrefix(prefix)!;
    return preferredSeconds === 0 && prefixContains(bytes, prefixLength, record.address);
  }) ?? false;
}

/** Global before link-local, current before deprecated, stable before temporary, IPv6 before IPv4 (RFC 6724). */
function useRank({ address, family, deprecated, temporary }: PvdAddress): number {
  const linkLocal = family === 6 && LINK_LOCAL.test(address);
  return (linkLocal ? 8 : 0) + (deprecated ? 4 : 0) + (family === 4 ? 2 : 0) + (temporary ? 1 : 0);
}

/** Whether the best gateway of the family is on the address' network: the kernel would take that address for it. */
function reaches({ address, family, prefixLength }: PvdAddress, gateways: DraftGateway[]): boolean {
  const gateway = gateways.find((candidate) => candidate.family === family);
  return gateway !== undefined && prefixContains(
    parseAddress(address)!.bytes,
    prefixLength,
    parseAddress(gateway.address)!.bytes,
  );
}

function byMetric(a: DraftGateway, b: DraftGateway): number {
  return a.metric - b.metric || b.preference - a.preference;
}

/** Those with a default route by its metric and preference, then the others by interface. */
function byRank(a: PvdDraft, b: PvdDraft): number {
  const best = (draft: PvdDraft) => [...draft.gateways.values()].sort(byMetric)[0];
  const [left, right] = [best(a), best(b)];
  if (left && right) return byMetric(left, right) || a.link.index - b.link.index;
  return Number(!left) - Number(!right) || a.link.index - b.link.index;
}

/** The interface's index and 24 bits of the identifier: the same in every process, without state. */
function handleOf(index: number, id: string): number {
  return index * 0x100_0000 + (id === "" ? 0 : (fnv1a(id) & 0xff_fffe) + 1);
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return hash >>> 0;
}

function socketAddress(address: string, interfaceIndex: number, port = 0): SocketAddress {
  const { family, bytes } = parseAddress(address)!;
  const scopeId = family === 6 && isLinkLocal(bytes) ? interfaceIndex : 0;
  return { family, address, port, scopeId };
}
