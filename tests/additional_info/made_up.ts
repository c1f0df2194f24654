/**
 * Explicit PvDs and additional information made up for tests without a network.
 *
 * @module
 */

import type { PvdAdditionalInfo, PvdInfo } from "../../mod.ts";

/** 2030-01-01T00:00:00Z */
export const DATE_MS = 1_893_456_000_000;

/** What a test says of a PvD. */
export interface Sample extends Partial<PvdInfo> {
  /** What its router announces. */
  prefixes?: { prefix: string; validSeconds?: number | null }[];
}

/** An explicit PvD of a router on interface 7, with additional information, an address and a prefix. */
export function explicitPvd(id: string, { prefixes, ...sample }: Sample = {}): PvdInfo {
  return {
    handle: 1,
    id,
    kind: "explicit",
    interface: { name: "h0", index: 7 },
    router: "fe80::1",
    attribution: "router-advertisement",
    addresses: [{
      address: "2001:db8:1::9",
      prefixLength: 64,
      family: 6,
      deprecated: false,
      temporary: false,
      validSeconds: null,
    }],
    gateways: [{ address: "fe80::1", family: 6 }],
    dnsServers: [],
    searchDomains: [],
    routes: [],
    mtu: 1500,
    sequence: 0,
    httpInfo: true,
    delay: 0,
    advertisement: {
      routerLifetimeSeconds: 1800,
      preference: "medium",
      hopLimit: 64,
      managed: false,
      other: false,
      homeAgent: false,
      prefixes: (prefixes ?? [{ prefix: "2001:db8:1::/64" }]).map((prefix) => ({
        onLink: true,
        autonomous: true,
        validSeconds: 1800,
        preferredSeconds: 900,
        ...prefix,
      })),
      routes: [],
      dnsServers: [],
      searchDomains: [],
    },
    ai_addr: null,
    gateway_addr: null,
    dns_addr: null,
    ...sample,
  };
}

/** Information of a PvD that covers its prefix and holds for an hour. */
export function infoOf(
  id: string,
  { endMs = DATE_MS + 3_600_000, ...members }: Partial<PvdAdditionalInfo> & { endMs?: number } = {},
): PvdAdditionalInfo {
  return {
    identifier: id,
    expires: new Date(endMs).toISOString(),
    prefixes: ["2001:db8::/32"],
    ...members,
  };
}
