/**
 * What the sources of DNS configuration say: the shape every reader in this folder returns.
 *
 * A source never fails as a whole. What it could not read or believe is a {@linkcode SourceWarning};
 * what it did read stands beside it.
 *
 * @module
 */

/** A DNS server as a source wrote it. */
export interface ServerStatement {
  /** IPv4 or IPv6 address in RFC 5952 form, without zone. */
  address: string;
  /** UDP and TCP port, 53 where the source names none. */
  port: number;
  /** Interface name or index, as text, that the source ties the server to ("fe80::1%eth0"), or null. */
  zone: string | null;
}

/** How a resolver asks: the options of resolv.conf(5) that change what a query looks like in time. */
export interface ResolverOptions {
  /** Names with at least this many dots are asked as they are first. 0 to 15. */
  ndots: number;
  /** Seconds to wait for an answer before the next server. 1 to 30. */
  timeoutSeconds: number;
  /** Rounds over all servers before giving up. 1 to 5. */
  attempts: number;
  /** Whether each question begins with the next server. */
  rotate: boolean;
}

/** What one source says of the name service of one link, one router on it, or the whole host. */
export interface ResolverStatement {
  /**
   * The source as a user knows it: "systemd-networkd", "NetworkManager", "dhcpcd", "openresolv",
   * "resolvconf" or "/etc/resolv.conf".
   */
  source: string;
  /** Interface name, interface index, or null when the statement is the host's. */
  interface: string | number | null;
  /** The router that gave the values (link-local address) where the source says so, else null. */
  router: string | null;
  /** The address families the values came by, where the source says so: DHCPv4 is 4, RA and DHCPv6 are 6. */
  family: 4 | 6 | null;
  /** Servers in the source's order. */
  dnsServers: ServerStatement[];
  /** Search domains in the source's order, lower case, no trailing dot. */
  searchDomains: string[];
  /** URI of the captive portal API (RFC 8910) where the source has one. */
  captivePortal?: string;
  /** PREF64 prefix (RFC 8781), such as "64:ff9b::/96", where the source has one. */
  pref64?: string;
  /** The options of resolv.conf(5); only /etc/resolv.conf states them. */
  options?: ResolverOptions;
}

/** A source's word on which router a prefix came from. */
export interface PrefixStatement {
  /** The source as a user knows it. */
  source: string;
  /** Interface name or index. */
  interface: string | number;
  /** The prefix' network address in RFC 5952 form. */
  prefix: string;
  /** 0 to 128. */
  prefixLength: number;
  /** The router's link-local address. */
  router: string;
}

/** Something a source holds that could not be read or believed. */
export interface SourceWarning {
  /** The source as a user knows it. */
  source: string;
  /** The file or bus object concerned. */
  path: string;
  /** What is wrong and what was done about it. */
  message: string;
}

/** All that one source had to say. */
export interface SourceReport {
  /** The source as a user knows it. */
  source: string;
  /** Whether this host has the source at all. */
  found: boolean;
  resolvers: ResolverStatement[];
  prefixes: PrefixStatement[];
  warnings: SourceWarning[];
}
