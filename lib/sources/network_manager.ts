/**
 * NetworkManager. The configuration property of its DNS manager on the bus holds every interface;
 * where it cannot be asked, the device files under /run hold what DHCP gave, and nothing of Router
 * Advertisements or of static settings.
 *
 * @module
 */

import type { DBusValue, Variant } from "../dbus/message.ts";
import { isIPv4 } from "node:net";
import { parseKeyFileGroup } from "./env_file.ts";
import { ResolverValues, saysSomething, warn, words } from "./resolver_values.ts";
import { type SourceHost, SourceReading } from "./source_reading.ts";
import type { ResolverStatement, SourceReport } from "./statement.ts";

/** The source as a user knows it. */
export const NETWORK_MANAGER = "NetworkManager";

const DEVICES = "/run/NetworkManager/devices";
const BUS_OBJECT = "/org/freedesktop/NetworkManager/DnsManager";

/** What one source of NetworkManager says. */
export interface NetworkManagerStatements {
  resolvers: ResolverStatement[];
  /** What was left out, and why. */
  warnings: string[];
}

/** Reads what NetworkManager says of every interface. */
export function readNetworkManager(host: SourceHost): SourceReport {
  const reading = new SourceReading(NETWORK_MANAGER, host);
  const names = reading.list(DEVICES);
  if (names === null) return reading.report;
  reading.report.found = true;
  const reply = reading.call({
    destination: "org.freedesktop.NetworkManager",
    path: BUS_OBJECT,
    interface: "org.freedesktop.DBus.Properties",
    member: "Get",
    signature: "ss",
    body: ["org.freedesktop.NetworkManager.DnsManager", "Configuration"],
  });
  if (reply) {
    add(reading, BUS_OBJECT, parseConfiguration(reply));
    return reading.report;
  }
  for (const { index } of host.links) {
    const path = `${DEVICES}/${index}`;
    const text = names.includes(`${index}`) ? reading.read(path, 1 << 16) : null;
    if (text !== null) add(reading, path, parseDeviceFile(index, text));
  }
  return reading.report;
}

function add(reading: SourceReading, path: string, said: NetworkManagerStatements): void {
  reading.report.resolvers.push(...said.resolvers);
  reading.warn(path, ...said.warnings);
}

/**
 * Reads the reply to Get("…DnsManager", "Configuration"), type aa{sv}: one dictionary for each
 * interface and address family, the most important first. Never throws.
 */
export function parseConfiguration(reply: DBusValue[]): NetworkManagerStatements {
  const warnings: string[] = [];
  const resolvers: ResolverStatement[] = [];
  const configuration = variantValue(reply[0]);
  if (!Array.isArray(configuration)) warn(warnings, "the configuration is no array; nothing used");
  for (const entry of Array.isArray(configuration) ? configuration : []) {
    if (!(entry instanceof Map)) continue;
    const values = new ResolverValues(warnings);
    for (const server of strings(entry.get("nameservers"))) addServer(server, values, warnings);
    // "~corp.example" routes queries only (systemd-resolved's notation).
    for (const domain of strings(entry.get("domains"))) {
      if (!domain.startsWith("~")) values.addDomain(domain);
    }
    const name = variantValue(entry.get("interface"));
    const statement: ResolverStatement = {
      source: NETWORK_MANAGER,
      interface: typeof name === "string" && name !== "" ? name : null,
      router: null,
      family: familyOf(values),
      dnsServers: values.dnsServers,
      searchDomains: values.searchDomains,
    };
    if (saysSomething(statement)) resolvers.push(statement);
  }
  return { resolvers, warnings };
}

/** Reads /run/NetworkManager/devices/<ifindex>: the options of the DHCP leases. Never throws. */
export function parseDeviceFile(index: number, text: string): NetworkManagerStatements {
  const warnings: string[] = [];
  const resolvers: ResolverStatement[] = [];
  const lease = (family: 4 | 6, group: string, servers: string, domains: string[]) => {
    const options = parseKeyFileGroup(text, group);
    const values = new ResolverValues(warnings);
    for (const server of words(options.get(servers) ?? "")) values.addServer(server);
    for (const key of domains) {
      for (const domain of words(options.get(key) ?? "")) values.addDomain(domain);
    }
    const { dnsServers, searchDomains } = values;
    const source = NETWORK_MANAGER;
    const statement = { source, interface: index, router: null, family, dnsServers, searchDomains };
    if (saysSomething(statement)) resolvers.push(statement);
  };
  lease(4, "dhcp4", "dhcp4.domain_name_servers", ["dhcp4.domain_name", "dhcp4.domain_search"]);
  lease(6, "dhcp6", "dhcp6.dhcp6_name_servers", ["dhcp6.dhcp6_domain_search"]);
  return { resolvers, warnings };
}

/** Newer releases may write a server as a URI; one for plain DNS is a server like any other. */
function addServer(text: string, values: ResolverValues, warnings: string[]): void {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//.exec(text)?.[1];
  if (scheme === undefined || scheme === "dns+udp" || scheme === "dns") {
    values.addServer(text.slice(scheme === undefined ? 0 : scheme.length + 3));
  } else {
    warn(warnings, `a server for ${scheme} only; left out`);
  }
}

/** NetworkManager keeps the settings of the two families apart, so the servers tell by which they came. */
function familyOf({ dnsServers }: ResolverValues): 4 | 6 | null {
  const [first] = dnsServers;
  if (!first) return null;
  const isVersion4 = isIPv4(first.address);
  if (dnsServers.some(({ address }) => isIPv4(address) !== isVersion4)) return null;
  return isVersion4 ? 4 : 6;
}

function variantValue(value: DBusValue | undefined): DBusValue | undefined {
  return typeof value === "object" && "signature" in value ? (value as Variant).value : undefined;
}

/** The strings of a variant of type "as". */
function strings(value: DBusValue | undefined): string[] {
  const array = variantValue(value);
  return Array.isArray(array) ? array.filter((element) => typeof element === "string") : [];
}
