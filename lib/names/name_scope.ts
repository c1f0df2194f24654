/**
 * What names mean in a PvD, or to the system: hosts file, own name, search list, servers.
 *
 * @module
 */

import { hostname } from "node:os";
import { systemResolvConf } from "../dns/system.ts";
import type { PvdInfo } from "../pvd/pvd.ts";
import { notPermitted } from "../permission.ts";
import { hostFiles, UnreadableError } from "../sources/host_files.ts";
import type { NameScope } from "./host_lookup.ts";
import { hostsFile } from "./hosts_file.ts";
import { ownAddresses } from "./pvd_sources.ts";
import type { SearchRules } from "./search_list.ts";

const files = hostFiles();

/** The scope of a PvD; null is the system. */
export function nameScope(pvd: PvdInfo | null, query: NameScope["query"]): NameScope {
  return {
    where: pvd ? `on PvD ${pvd.id}` : "by the system's servers",
    // Each when it is needed: a name that is answered before needs no permission.
    get hosts() {
      return hostsFile(files);
    },
    get ownName() {
      return systemName();
    },
    ownAddresses: () => ownAddresses(pvd).map(({ bytes }) => bytes),
    search: () => pvd ? pvdSearch(pvd) : systemSearch(),
    query,
  };
}

/**
 * This host's own name in lower case (gethostname(2), else hostname(5)), null where nothing tells.
 *
 * @throws {MifError} EACCES: the runtime permits neither.
 */
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
    if (!(error instanceof UnreadableError)) throw error;
    if (error.flag === null) return "";
    const flags = `--allow-sys=hostname or ${error.flag}`;
    throw notPermitted("know this host's name", flags, { syscall: "gethostname", cause: error });
  }
}

/** The options of resolv.conf(5) hold where its servers do. */
function pvdSearch({ searchDomains, dnsServers }: PvdInfo): SearchRules {
  const bySystem = dnsServers.some(({ source }) => source === "/etc/resolv.conf");
  const ndots = bySystem ? systemResolvConf().options.ndots : 1;
  return { domains: searchDomains, ndots, singleLabel: false };
}

/** As the C library does it: without a search list there is the domain of the own name. */
function systemSearch(): SearchRules {
  const { searchDomains, options } = systemResolvConf();
  const domains = searchDomains.length > 0 ? searchDomains : ownDomain();
  return { domains, ndots: options.ndots, singleLabel: true };
}

/** The domain of this host's own name, if it has one. */
export function ownDomain(): string[] {
  const domain = systemName()?.split(".").slice(1).join(".");
  return domain ? [domain] : [];
}
