/**
 * dnsmasq(8) as name server and DHCPv4 server of the lab.
 *
 * @module
 */

/** What a dnsmasq of the lab serves. */
export interface DnsmasqOptions {
  /** The interfaces it listens on; all where left out. */
  interfaces?: string[];
  /** Addresses it listens on, in place of those of the interfaces. */
  listen?: string[];
  /** DNS port; 53 where left out, 0 is no DNS. */
  port?: number;
  /** Names and their addresses, IPv4 or IPv6: A, AAAA and PTR records. Others of the domain do not exist. */
  records?: Record<string, string[]>;
  /** Domains it answers for with authority over what does not exist (RCODE 3). */
  domains?: string[];
  /** Lines of dnsmasq.conf(5) beside these, such as "cname=alias.example,target.example". */
  config?: string[];
  /** Leases addresses of one IPv4 network. */
  dhcp?: {
    /** First and last address to lease. */
    range: [string, string];
    /** 3600 where left out. */
    leaseSeconds?: number;
    /** Default router; the interface's own address where left out. */
    router?: string;
    dnsServers?: string[];
    domain?: string;
  };
}

/** dnsmasq.conf(5) that serves `options` and nothing of the machine's own files. */
export function dnsmasqConfig(options: DnsmasqOptions, directory: string): string {
  const { dhcp } = options;
  return [
    "no-resolv",
    "no-hosts",
    "no-poll",
    "bind-interfaces",
    "log-queries=extra",
    `pid-file=${directory}/dnsmasq.pid`,
    `port=${options.port ?? 53}`,
    ...(options.interfaces ?? []).map((name) => `interface=${name}`),
    ...(options.listen ?? []).map((address) => `listen-address=${address}`),
    ...(options.domains ?? []).map((domain) => `local=/${domain}/`),
    ...Object.entries(options.records ?? {}).map(([name, addresses]) =>
      `host-record=${name},${addresses.join(",")}`
    ),
    ...(dhcp === undefined ? [] : [
      `dhcp-range=${dhcp.range.join(",")},${dhcp.leaseSeconds ?? 3600}`,
      `dhcp-leasefile=${directory}/dnsmasq.leases`,
      "dhcp-authoritative",
      "no-ping",
      ...(dhcp.router === undefined ? [] : [`dhcp-option=3,${dhcp.router}`]),
      ...(dhcp.dnsServers === undefined ? [] : [`dhcp-option=6,${dhcp.dnsServers.join(",")}`]),
      ...(dhcp.domain === undefined ? [] : [`domain=${dhcp.domain}`]),
    ]),
    ...(options.config ?? []),
    "",
  ].join("\n");
}

/**
 * The command line. "-d" keeps it in the foreground and, unlike "-k", also the user it was started by:
 * a user namespace has no other.
 */
export function dnsmasqArgv(configPath: string): string[] {
  return ["dnsmasq", "-d", "-C", configPath];
}
