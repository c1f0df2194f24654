/**
 * The JSON that systemd-networkd answers to Describe() on the bus. It alone says which router gave
 * which value (ConfigProvider).
 *
 * @module
 */

import { formatAddress, isLinkLocal, networkOf } from "../ip/address.ts";
import type { JsonObject } from "../json/i_json.ts";
import {
  addressBytes,
  addressText,
  isUnsigned,
  object,
  objects,
  parseJson,
  stringOf,
} from "./json_value.ts";
import { NETWORKD } from "./networkd_state.ts";
import { captivePortalOf, ResolverValues, saysSomething, warn } from "./resolver_values.ts";
import type { PrefixStatement, ResolverStatement } from "./statement.ts";

/** What the JSON of Manager.Describe() says. */
export interface NetworkdDescription {
  /** One statement for each link, family and router, in networkd's order. */
  resolvers: ResolverStatement[];
  /** On-link prefixes and addresses whose ConfigProvider is a router. */
  prefixes: PrefixStatement[];
  /** What was left out, and why. */
  warnings: string[];
}

/** Reads the JSON that org.freedesktop.network1.Manager.Describe() returns. Never throws. */
export function parseDescription(text: string): NetworkdDescription {
  const description: NetworkdDescription = { resolvers: [], prefixes: [], warnings: [] };
  const json = parseJson(text, description.warnings);
  for (const link of objects(json?.["Interfaces"])) readLink(link, description);
  return description;
}

/** One element of "Interfaces". */
function readLink(link: JsonObject, { resolvers, prefixes, warnings }: NetworkdDescription): void {
  const index = link["Index"];
  if (!isUnsigned(index, 0x7fffffff) || index === 0) {
    return warn(warnings, "an interface without index; left out");
  }
  const routers = routersOf(link);
  const statements = new StatementsOfLink(index, routers, warnings);
  for (const entry of objects(link["DNS"])) {
    statements.of(entry).values.addServer(serverText(entry));
  }
  for (const entry of objects(link["SearchDomains"])) {
    statements.of(entry).values.addDomain(stringOf(entry["Domain"]));
  }
  for (const entry of objects(object(link["NDisc"])?.["PREF64"])) {
    // These carry a provider but no ConfigSource.
    const { statement } = statements.of({ ...entry, ConfigSource: "NDisc" });
    statement.pref64 ??= pref64Text(entry, warnings);
  }
  const portal = captivePortalOf(link["CaptivePortal"], warnings);
  if (portal.captivePortal !== undefined) Object.assign(statements.of({}).statement, portal);
  resolvers.push(...statements.all());

  const known = new Set<string>();
  for (const entry of [...objects(link["Addresses"]), ...objects(link["Routes"])]) {
    const prefix = prefixOf(entry, index, routers);
    const key = prefix && `${prefix.prefix}/${prefix.prefixLength} ${prefix.router}`;
    if (key === null || known.size === known.add(key).size) continue;
    prefixes.push(prefix!);
  }
}

/** The routers of a link: the providers of what came by Router Advertisement. */
function routersOf(link: JsonObject): Set<string> {
  const routers = new Set<string>();
  for (const key of ["DNS", "SearchDomains", "Addresses", "Routes"]) {
    for (const entry of objects(link[key])) {
      const provider = entry["ConfigSource"] === "NDisc" ? providerOf(entry) : null;
      if (provider !== null) routers.add(provider);
    }
  }
  for (const entry of objects(object(link["NDisc"])?.["PREF64"])) {
    const provider = providerOf(entry);
    if (provider !== null) routers.add(provider);
  }
  return routers;
}

/** The link-local IPv6 address in ConfigProvider, or null. */
function providerOf(entry: JsonObject): string | null {
  const bytes = addressBytes(entry["ConfigProvider"]);
  return bytes?.length === 16 && isLinkLocal(bytes) ? formatAddress(bytes) : null;
}

/**
 * The router that gave an entry. A DHCPv6 server is taken for a router only where it is one of the
 * link's: then the same box sent both.
 */
function routerOf(entry: JsonObject, routers: Set<string>): string | null {
  const provider = providerOf(entry);
  return provider !== null && routers.has(provider) ? provider : null;
}

const FAMILIES: Record<string, 4 | 6> = {
  "DHCPv4": 4,
  "IPv4LL": 4,
  "NDisc": 6,
  "DHCPv6": 6,
  "DHCP-PD": 6,
};

/** The statements of one link, one for each pair of family and router. */
class StatementsOfLink {
  readonly #byKey = new Map<string, { statement: ResolverStatement; values: ResolverValues }>();
  readonly #index: number;
  readonly #routers: Set<string>;
  readonly #warnings: string[];

  constructor(index: number, routers: Set<string>, warnings: string[]) {
    this.#index = index;
    this.#routers = routers;
    this.#warnings = warnings;
  }

  /** The statement an entry of networkd's JSON belongs to. */
  of(entry: JsonObject): { statement: ResolverStatement; values: ResolverValues } {
    const router = routerOf(entry, this.#routers);
    const configSource = entry["ConfigSource"];
    const family = typeof configSource === "string" && Object.hasOwn(FAMILIES, configSource)
      ? FAMILIES[configSource]!
      : null;
    const key = `${family} ${router}`;
    let found = this.#byKey.get(key);
    if (!found) {
      const values = new ResolverValues(this.#warnings);
      const { dnsServers, searchDomains } = values;
      found = {
        values,
        statement: {
          source: NETWORKD,
          interface: this.#index,
          router,
          family,
          dnsServers,
          searchDomains,
        },
      };
      this.#byKey.set(key, found);
    }
    return found;
  }

  all(): ResolverStatement[] {
    return [...this.#byKey.values()].map(({ statement }) => statement).filter(saysSomething);
  }
}

/** An entry of "DNS" in the spelling that {@linkcode ResolverValues} reads. */
function serverText(entry: JsonObject): string {
  const port = isUnsigned(entry["Port"], 65535) ? `:${entry["Port"]}` : "";
  const zone = isUnsigned(entry["InterfaceIndex"], 0x7fffffff) ? `%${entry["InterfaceIndex"]}` : "";
  return `[${addressText(entry["Address"])}]${port}${zone}`;
}

/**
 * The prefix an address or an on-link route lies in, where a router gave it. A route with a gateway
 * leads elsewhere and says nothing about addresses of this link.
 */
function prefixOf(
  entry: JsonObject,
  index: number,
  routers: Set<string>,
): PrefixStatement | null {
  const router = routerOf(entry, routers);
  const bytes = addressBytes(entry["Address"] ?? entry["Destination"]);
  const prefixLength = entry["PrefixLength"] ?? entry["DestinationPrefixLength"];
  if (router === null || bytes?.length !== 16 || entry["Gateway"] !== undefined) return null;
  if (!isUnsigned(prefixLength, 128) || prefixLength === 0) return null;
  const prefix = formatAddress(networkOf(bytes, prefixLength));
  return { source: NETWORKD, interface: index, prefix, prefixLength, router };
}

function pref64Text(entry: JsonObject, warnings: string[]): string | undefined {
  const bytes = addressBytes(entry["Prefix"]);
  const length = entry["PrefixLength"];
  // RFC 8781 4: these lengths only.
  if (bytes?.length === 16 && [32, 40, 48, 56, 64, 96].includes(length as number)) {
    return `${formatAddress(networkOf(bytes, length as number))}/${length}`;
  }
  warn(warnings, `PREF64 of length ${stringOf(length)} is no NAT64 prefix; left out`);
}
