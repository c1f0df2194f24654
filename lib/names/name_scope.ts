/**
 * What names mean in a PvD, or to the system: hosts file, own name, search list, servers.
 *
 * @module
 */

import { hostname } from "node:os";
import { systemResolvConf } from "../dns/system.ts";
import type { PvdInfo } from "../pvd/pvd.ts";
import { hostFiles, UnreadableError } from "../sources/host_files.ts";
import type { NameScope } from "./host_lookup.ts";
import { hostsFile } from "./hosts_file.ts";
import { ownAddresses } from "./pvd_sources.ts";
import type { SearchRules } from "./search_list.ts";

const files = hostFiles();

/** The scope of a PvD; null is the system. */
export function nameScope(pvd: PvdInfo | null, query: NameScope["query"]): NameScope {
  const ownName = systemName();
  return {
    where: pvd ? `on PvD ${pvd.id}` : "by the system's servers",
    hosts: hostsFile(files),
    ownName,
    ownAddresses: () => ownAddresses(pvd).map(({ bytes }) => bytes),
    search: () => pvd ? pvdSearch(pvd) : systemSearch(ownName),
    query,
  };
}

/** This host's own name in lower case (gethostname(2), else hostname(5)), null where nothing tells. */
export function systemName(): string | null {
  let name: string;
  try {
    name = hostname();
  } catch {
    // Deno wants --allow-sys=hostname for that.
    name = hostnameFile();
  }
  return name.toLowerCase() || null;
}

function hostnameFile(): string {
  try {
    return files.read("/etc/hostname")?.trim() ?? "";
  } catch (error) {
    if (error instanceof UnreadableError) return "";
    throw error;
  }
}

/** The options of resolv.conf(5) hold where its servers do. */
function pvdSearch({ searchDomains, dnsServers }: PvdInfo): SearchRules {
  const bySystem = dnsServers.some(({ source }) => source === "/etc/resolv.conf");
  const ndots = bySystem ? systemResolvConf().options.ndots : 1;
  return { domains: searchDomains, ndots, singleLabel: false };
}

/** As the C library does it: without a search list there is the domain of the own name. */
function systemSearch(ownName: string | null): SearchRules {
  const { searchDomains, options } = systemResolvConf();
  const ownDomain = ownName?.split(".").slice(1).join(".");
  const domains = searchDomains.length > 0 ? searchDomains : ownDomain ? [ownDomain] : [];
  return { domains, ndots: options.ndots, singleLabel: true };
}
