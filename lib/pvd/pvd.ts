/**
 * What a provisioning domain (PvD, RFC 7556) is to a caller.
 *
 * @module
 */

import { parseAddress, parsePrefix } from "../ip/address.ts";
import type { PvdAdditionalInfo } from "./additional_info.ts";

/** An address and port of the seed's struct; what `sockaddr_in` and `sockaddr_in6` hold. */
export interface SocketAddress {
  /** 4 or 6. */
  family: 4 | 6;
  /** RFC 5952 text without zone. */
  address: string;
  /** 0 to 65535. */
  port: number;
  /** Index of the interface, for link-local addresses; 0 for all others (sin6_scope_id). */
  scopeId: number;
}

/** One of the host's addresses in a PvD. */
export interface PvdAddress {
  /** RFC 5952 text without zone. */
  address: string;
  /** 0 to 32 or 128. */
  prefixLength: number;
  /** 4 or 6. */
  family: 4 | 6;
  /** Not to be used for new connections (RFC 4862 5.5.4). */
  deprecated: boolean;
  /** A privacy address (RFC 8981). */
  temporary: boolean;
  /** Seconds until the address goes, or null when it stays. */
  validSeconds: number | null;
}

/** A DNS server of a PvD. */
export interface PvdDnsServer {
  /** RFC 5952 text; a link-local address is meant on the PvD's interface. */
  address: string;
  /** UDP and TCP port, mostly 53. */
  port: number;
  /** Who said so: "router-advertisement", "mif-daemon", "systemd-networkd", "NetworkManager", "/etc/resolv.conf" and so on. */
  source: string;
}

/**
 * What a router announces for a PvD, as the whole Router Advertisements say that this process heard (`solicit`), with what is
 * left of each lifetime. Some of it this host may not have taken: it forwards, its kernel is told not to, or a network
 * manager decides.
 */
export interface PvdAdvertisement {
  /** Seconds for which it is a default router; 0 where it is none. */
  routerLifetimeSeconds: number;
  /** Among default routers (RFC 4191 2.2). */
  preference: "low" | "medium" | "high";
  /** For outgoing packets; 0 says nothing. */
  hopLimit: number;
  /** Addresses are to be had by DHCPv6. */
  managed: boolean;
  /** Other configuration is to be had by DHCPv6. */
  other: boolean;
  /** It is a Mobile IPv6 home agent (RFC 6275 7.1). */
  homeAgent: boolean;
  /** As a home agent (RFC 6275 7.4), where it says so; more is preferred. */
  homeAgentInformation?: { preference: number; lifetimeSeconds: number };
  /** The most that passes between two advertisements (RFC 6275 7.3), where it says so. */
  advertisementIntervalMs?: number;
  /**
   * "address/length"; seconds are null without end. A prefix just taken back has 0. `routerAddress` is the router's own
   * in it, where it says so (RFC 6275 7.2).
   */
  prefixes: {
    prefix: string;
    routerAddress?: string;
    onLink: boolean;
    autonomous: boolean;
    validSeconds: number | null;
    preferredSeconds: number | null;
  }[];
  /** More specific routes (RFC 4191 2.3); "address/length", seconds null without end. */
  routes: {
    destination: string;
    preference: "low" | "medium" | "high";
    lifetimeSeconds: number | null;
  }[];
  /** RFC 8106 5.1; seconds null without end. */
  dnsServers: { address: string; lifetimeSeconds: number | null }[];
  /** RFC 8106 5.2; seconds null without end. */
  searchDomains: { domain: string; lifetimeSeconds: number | null }[];
}

/**
 * What a router announces inside a PvD option (RFC 8801 3.1), where the kernel does not look, and this host has not taken.
 * `mif route install` configures it.
 */
export interface PvdUnconfigured {
  /** Prefixes to make an address in ("address/length", RFC 4862 5.5.3), of which the host has none. */
  prefixes: string[];
  /** As in {@linkcode PvdInfo}: the default route, more specific ones, and prefixes on the link. */
  routes: { destination: string; gateway: string | null }[];
}

/**
 * How it is known that the addresses of a PvD belong to its router.
 *
 * - `"interface"`: no router is involved; all of this was configured on the interface (IPv4, static).
 * - `"sole-router"`: the link has this one router, so its IPv6 configuration is taken to be its.
 * - `"router-advertisement"`: this process heard the router announce the prefix.
 * - `"mif-daemon"`: the `mif` daemon heard it.
 * - `"systemd-networkd"`: networkd names the router (ConfigProvider).
 * - `"rule"`: a routing rule or a source-specific default route sends the prefix' packets to the router.
 * - `"unknown"`: the link has several routers and nothing says which of them gave what. Prefixes that cannot be
 *   told stand in the interface's own PvD and in no router's.
 */
export type Attribution =
  | "interface"
  | "sole-router"
  | "router-advertisement"
  | "mif-daemon"
  | "systemd-networkd"
  | "rule"
  | "unknown";

/** One provisioning domain as this host holds it now: a snapshot, which does not change by itself. */
export interface PvdInfo {
  /**
   * Names this instance (interface, router, ID) while it stays attached; the same in every process of the host. One ID
   * announced by two routers, or on two interfaces, is two PvDs (RFC 7556 7.1).
   */
  handle: number;
  /**
   * The PvD ID of an explicit PvD (an FQDN, lower case, no trailing dot); else "<router>%<interface>", or the
   * interface's name for what is configured on the interface itself.
   */
  id: string;
  /** "explicit": named by a Router Advertisement's PvD option (RFC 8801). "implicit": everything else. */
  kind: "explicit" | "implicit";
  /** The link it is on. */
  interface: { name: string; index: number };
  /** Link-local address of the router whose advertisements configured it, or null. */
  router: string | null;
  /** How the router is known. */
  attribution: Attribution;
  /** Best first: global, not deprecated, not temporary. */
  addresses: PvdAddress[];
  /** Next hops of default routes, the preferred first. */
  gateways: { address: string; family: 4 | 6 }[];
  /** In the order they are to be asked. */
  dnsServers: PvdDnsServer[];
  /** Lower case, no trailing dot. */
  searchDomains: string[];
  /** Destinations as "address/length"; gateway null where the destination is on the link. */
  routes: { destination: string; gateway: string | null }[];
  /** Bytes; the smaller of the link's and what the router announced. */
  mtu: number;
  /** RFC 8801 3.1, of an explicit PvD: another number when the additional information has changed, 0 to 65535. */
  sequence?: number;
  /** RFC 8801 3.1, of an explicit PvD: the L flag, what DHCPv4 gives on this link is this PvD's. */
  legacy?: boolean;
  /** RFC 8801 3.1, of an explicit PvD: the H flag, there is additional information by HTTPS. */
  httpInfo?: boolean;
  /**
   * RFC 8801 3.1, of an explicit PvD: Delay, 0 to 15. Changed additional information is asked for after a random time of
   * up to 2^(10 + delay) ms.
   */
  delay?: number;
  /** RFC 8801 4: what its owner says of it, where this process has fetched that and it still holds. */
  additionalInfo?: PvdAdditionalInfo;
  /** NAT64 prefix (RFC 8781), such as "64:ff9b::/96". */
  pref64?: string;
  /** URI of the captive portal API (RFC 8910). */
  captivePortal?: string;
  /** What the router announces, where this process heard a whole advertisement of it. */
  advertisement?: PvdAdvertisement;
  /** What it announces inside the PvD option and this host has not; left out where there is nothing. */
  unconfigured?: PvdUnconfigured;
  /** The seed's struct: the best address, with the port that servname names (else 0). Null where none is sure. */
  ai_addr: SocketAddress | null;
  /** The seed's struct: the best gateway, port 0. */
  gateway_addr: SocketAddress | null;
  /** The seed's struct: the first DNS server. */
  dns_addr: SocketAddress | null;
}

/** In place of a captive portal's URI: the network says that it has none (RFC 8910 2). */
export const UNRESTRICTED = "urn:ietf:params:capport:unrestricted";

/** PvDs that were found to be some. */
const sound = new WeakSet<PvdInfo>();

/** What is given for a PvD may come from anywhere: a file, another process, a caller without types. */
export function checkPvd(pvd: PvdInfo): void {
  if (sound.has(pvd)) return;
  if (!isPvd(pvd)) {
    throw new TypeError("Not a PvD: give one that getpvdinfo() or listPvds() returned");
  }
  sound.add(pvd);
}

/** Whether it has what sockets need of a PvD. */
function isPvd(pvd: PvdInfo): boolean {
  const { id, interface: link, addresses, gateways, routes, unconfigured } = pvd ?? {};
  const missing = unconfigured?.routes ?? [];
  return typeof id === "string" && typeof link?.name === "string" &&
    Number.isInteger(link.index) && link.index > 0 &&
    [addresses, gateways, routes, missing].every(Array.isArray) &&
    addresses.every((own) =>
      own && familyOf(own.address) === own.family &&
      parsePrefix(`${own.address}/${own.prefixLength}`)
    ) &&
    gateways.every((gateway) => familyOf(gateway?.address) !== undefined) &&
    [...routes, ...missing].every((route) =>
      typeof route?.destination === "string" && parsePrefix(route.destination) &&
      (route.gateway === null || familyOf(route.gateway) !== undefined)
    );
}

function familyOf(address: unknown): 4 | 6 | undefined {
  return typeof address === "string" ? parseAddress(address)?.family : undefined;
}
