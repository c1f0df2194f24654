/**
 * Pieces of resolv.conf(5) kept one file per key, as dhcpcd and the programs named resolvconf(8) do.
 * A key is an interface name, mostly with a protocol behind it: "eth0.dhcp", "eth0.100.ra", "tun0".
 *
 * @module
 */

import { parseResolvConf } from "./resolv_conf.ts";
import { quote, saysSomething } from "./resolver_values.ts";
import type { SourceReading } from "./source_reading.ts";
import type { ResolverStatement } from "./statement.ts";

const KEYS_MAX = 256;
const SIZE_MAX = 1 << 16;

/**
 * Adds a statement for each of the keys in a directory, in the order given. A key that names none of the
 * interfaces is left out with a warning: it may be of one that is gone, whose servers no other network may see.
 */
export function readKeyed(
  reading: SourceReading,
  directory: string,
  keys: string[],
  interfaceNames: string[],
): void {
  if (keys.length > KEYS_MAX) {
    reading.warn(directory, `more than ${KEYS_MAX} files; the rest left out`);
  }
  for (const key of keys.slice(0, KEYS_MAX)) {
    const path = `${directory}/${key}`;
    const owner = readInterfaceKey(key, interfaceNames);
    if (owner === null) {
      reading.warn(path, "names no interface that is here; left out");
      continue;
    }
    const text = reading.read(path, SIZE_MAX);
    if (text === null) continue;
    const { dnsServers, searchDomains, warnings } = parseResolvConf(text);
    reading.warn(path, ...warnings);
    const statement: ResolverStatement = {
      source: reading.report.source,
      ...owner,
      router: null,
      dnsServers,
      searchDomains,
    };
    if (saysSomething(statement)) reading.report.resolvers.push(statement);
  }
}

/** The names that can be keys; the others are warned of. */
export function usableKeys(reading: SourceReading, directory: string, names: string[]): string[] {
  return names.filter((name) => {
    const usable = /^[!-.0-~]{1,255}$/.test(name);
    if (!usable) reading.warn(directory, `file name ${quote(name)} is no interface; left out`);
    return usable;
  });
}

/** The protocols that dhcpcd(8), dhclient(8) and ifupdown put behind the interface name. */
const FAMILIES: Record<string, 4 | 6> = {
  "dhcp": 4,
  "dhclient": 4,
  "udhcpc": 4,
  "ipv4ll": 4,
  "inet": 4,
  "dhcp6": 6,
  "ip6.dhclient": 6,
  "inet6": 6,
  "static6": 6,
  "ra": 6,
};

/**
 * Splits a key at the longest interface name it begins with: "eth0.100" may be a VLAN of "eth0". wg-quick(8) puts
 * "tun." before the name, so that resolvconf ranks it. Null where no interface is named.
 */
export function readInterfaceKey(
  key: string,
  interfaceNames: string[],
): { interface: string; family: 4 | 6 | null } | null {
  let name = "";
  for (const candidate of interfaceNames) {
    if (candidate.length <= name.length || !key.startsWith(candidate)) continue;
    if (key.length === candidate.length || /[.:]/.test(key[candidate.length]!)) name = candidate;
  }
  if (name === "") {
    return key.startsWith("tun.") ? readInterfaceKey(key.slice(4), interfaceNames) : null;
  }
  const protocol = key.slice(name.length + 1);
  return {
    interface: name,
    family: Object.hasOwn(FAMILIES, protocol) ? FAMILIES[protocol]! : null,
  };
}
