/**
 * Choosing a provisioning domain by what a program needs: the intermediate level of RFC 7556 6.2.
 *
 * @module
 */

import { connectUnix } from "../dbus/unix_channel.ts";
import { MifError } from "../error.ts";
import { isLinkLocal, parseAddress, type ParsedAddress } from "../ip/address.ts";
import { hostFiles } from "../sources/host_files.ts";
import { isInZone } from "./dns_zones.ts";
import { type InterfaceTraits, interfaceTraits, type InterfaceType } from "./interface_traits.ts";
import { listPvds } from "./list.ts";
import { type PvdInfo, UNRESTRICTED } from "./pvd.ts";
import { longestRoute } from "./reach.ts";

/** What a PvD may be asked to be. All that is given must hold; what is left out does not matter. */
export interface PvdCriteria {
  /** It has an address of this family that is neither link-local nor deprecated. */
  family?: 4 | 6;
  /** A numeric address: it has a route there, and an address of that family as for `family`. */
  reach?: string;
  /**
   * A domain name: its DNS serves the zone, that is, one of its search domains, or of the zones that its additional
   * information names (RFC 8801 4.3), is the name or a parent of it.
   */
  dnsZone?: string;
  /** Its network announces a captive portal (RFC 8910), or none. Whether it holds anybody captive, `validate()` says. */
  captive?: boolean;
  /** It leads to the Internet, or not, as far as is known: its additional information says `noInternet`, or does not. */
  internet?: boolean;
  /** Its interface is of this type, or of one of these. */
  interfaceType?: InterfaceType | readonly InterfaceType[];
  /**
   * Its traffic costs money or is short, or not, as NetworkManager says; else a cellular modem is taken to be metered.
   * Where nobody says, neither true nor false holds.
   */
  metered?: boolean;
}

const KEYS: readonly (keyof PvdCriteria)[] = [
  "family",
  "reach",
  "dnsZone",
  "captive",
  "internet",
  "interfaceType",
  "metered",
];

/** Reads the traits of a PvD's interface. */
export type ReadTraits = (pvd: PvdInfo) => InterfaceTraits;

/**
 * The best PvD for a program that says what it needs: RFC 7556 6.2.
 *
 * Those that do not meet `requirements` are left out. Of the rest, one that meets the first of `preferences` comes
 * before one that does not; among equals the second decides, and so on; at last the order of {@linkcode listPvds}.
 * The same host gives the same choice. No traffic is sent.
 *
 * @param requirements What it must be.
 * @param preferences What it should be, the most important first.
 * @param pvds Among which to choose; {@linkcode listPvds} unless given.
 * @throws {TypeError} A criterion is unknown, or its value of the wrong type.
 * @throws {MifError} ENONET: none meets the requirements; the message says of each which it fails. It is an error
 *   and not null, for null would let a socket take any way.
 *
 * @example
 * ```ts
 * import { choosePvd, MifError } from "@mif/sockets";
 *
 * try {
 *   const pvd = choosePvd({ family: 6, captive: false }, [{ metered: false }, { interfaceType: "ethernet" }]);
 *   console.log(pvd.id);
 * } catch (error) {
 *   if (!(error instanceof MifError)) throw error;
 *   console.log(error.message); // Cannot choose a PvD: …
 * }
 * ```
 */
export function choosePvd(
  requirements: PvdCriteria,
  preferences: readonly PvdCriteria[] = [],
  pvds: readonly PvdInfo[] = listPvds(),
): PvdInfo {
  const traits = traitsReader();
  const [best] = rankBy(requirements, preferences, pvds, traits);
  if (best) return best;
  const reasons = pvds.map((pvd) => `${pvd.id}: ${failures(pvd, requirements, traits).join(", ")}`);
  throw new MifError(
    `Cannot choose a PvD: ${reasons.length === 0 ? "this host has none" : reasons.join("; ")}`,
    { code: "ENONET", errno: 64, syscall: "choosePvd" },
  );
}

/**
 * All PvDs that meet the requirements, in the order in which {@linkcode choosePvd} would take them; empty where none
 * does. Give them to `connect()` as the PvDs to try.
 *
 * @throws {TypeError} A criterion is unknown, or its value of the wrong type.
 *
 * @example
 * ```ts
 * import { rankPvds } from "@mif/sockets";
 *
 * for (const pvd of rankPvds({ family: 4 }, [{ metered: false }])) console.log(pvd.id);
 * ```
 */
export function rankPvds(
  requirements: PvdCriteria,
  preferences: readonly PvdCriteria[] = [],
  pvds: readonly PvdInfo[] = listPvds(),
): PvdInfo[] {
  return rankBy(requirements, preferences, pvds, traitsReader());
}

/** {@linkcode rankPvds} with its reader of interfaces. */
export function rankBy(
  requirements: PvdCriteria,
  preferences: readonly PvdCriteria[],
  pvds: readonly PvdInfo[],
  traits: ReadTraits,
): PvdInfo[] {
  for (const criteria of [requirements, ...preferences]) checkCriteria(criteria);
  return pvds
    .filter((pvd) => failures(pvd, requirements, traits).length === 0)
    .map((pvd) => ({
      pvd,
      misses: preferences.map((criteria) => failures(pvd, criteria, traits).length > 0),
    }))
    .sort((a, b) => compareMisses(a.misses, b.misses))
    .map(({ pvd }) => pvd);
}

function compareMisses(a: boolean[], b: boolean[]): number {
  const decisive = a.findIndex((missed, i) => missed !== b[i]);
  return decisive < 0 ? 0 : Number(a[decisive]) - Number(b[decisive]);
}

/** Reads each interface once, and none that no criterion asks for. */
function traitsReader(): ReadTraits {
  const host = { files: hostFiles(), connectUnix, links: [] };
  const known = new Map<number, InterfaceTraits>();
  return ({ interface: link }) => {
    const traits = known.get(link.index) ?? interfaceTraits(host, link);
    known.set(link.index, traits);
    return traits;
  };
}

/** The criteria a PvD does not meet, each as a few words. */
function failures(pvd: PvdInfo, criteria: PvdCriteria, traits: ReadTraits): string[] {
  const { family, reach, dnsZone, captive, internet, interfaceType, metered } = criteria;
  const failed: string[] = [];
  const demand = (holds: boolean, otherwise: string) => {
    if (!holds) failed.push(otherwise);
  };
  if (family !== undefined) demand(speaks(pvd, family), `no IPv${family} address`);
  if (reach !== undefined) demand(reaches(pvd, parseAddress(reach)!), `no way to ${reach}`);
  if (dnsZone !== undefined) demand(serves(pvd, dnsZone), `does not serve ${dnsZone}`);
  if (captive !== undefined) {
    const announces = pvd.captivePortal !== undefined && pvd.captivePortal !== UNRESTRICTED;
    demand(announces === captive, `announces ${announces ? "a" : "no"} captive portal`);
  }
  if (internet !== undefined) {
    const leads = pvd.additionalInfo?.noInternet !== true;
    demand(
      leads === internet,
      leads ? "may lead to the Internet" : "does not lead to the Internet",
    );
  }
  if (interfaceType !== undefined) {
    const { type } = traits(pvd);
    demand([interfaceType].flat().includes(type), `interface type ${type}`);
  }
  if (metered !== undefined) {
    const said = traits(pvd).metered;
    const words = said === null ? "not known whether metered" : said ? "metered" : "not metered";
    demand(said === metered, words);
  }
  return failed;
}

function speaks({ addresses }: PvdInfo, family: 4 | 6): boolean {
  return addresses.some((it) =>
    it.family === family && !it.deprecated && !isLinkLocal(parseAddress(it.address)!.bytes)
  );
}

function reaches(pvd: PvdInfo, { family, bytes }: ParsedAddress): boolean {
  return speaks(pvd, family) && longestRoute(pvd, family, bytes) >= 0;
}

function serves({ searchDomains, additionalInfo }: PvdInfo, zone: string): boolean {
  const name = zone.toLowerCase().replace(/\.$/, "");
  return [...searchDomains, ...additionalInfo?.dnsZones ?? []]
    .some((domain) => isInZone(name, domain));
}

const TYPES: readonly InterfaceType[] = ["ethernet", "wifi", "cellular", "tunnel", "other"];

/** A misspelt requirement that were passed over would choose the wrong network. */
function checkCriteria(criteria: PvdCriteria): void {
  if (typeof criteria !== "object" || criteria === null) {
    throw new TypeError("Cannot choose a PvD: criteria must be objects");
  }
  for (const key of Object.keys(criteria)) {
    if (!(KEYS as readonly string[]).includes(key)) {
      throw new TypeError(
        `Cannot choose a PvD: there is no criterion "${key}"; there are ${KEYS.join(", ")}`,
      );
    }
  }
  const { family, reach, dnsZone, captive, internet, interfaceType, metered } = criteria;
  const demand = (name: string, holds: boolean, what: string) => {
    if (!holds) throw new TypeError(`Cannot choose a PvD: ${name} must be ${what}`);
  };
  demand("family", family === undefined || family === 4 || family === 6, "4 or 6");
  demand(
    "reach",
    reach === undefined || (typeof reach === "string" && parseAddress(reach) !== null),
    "a numeric address",
  );
  demand(
    "dnsZone",
    dnsZone === undefined || (typeof dnsZone === "string" && dnsZone !== ""),
    "a domain name",
  );
  demand("captive", captive === undefined || typeof captive === "boolean", "true or false");
  demand("internet", internet === undefined || typeof internet === "boolean", "true or false");
  demand(
    "interfaceType",
    interfaceType === undefined || [interfaceType].flat().every((it) => TYPES.includes(it)),
    `one or more of ${TYPES.join(", ")}`,
  );
  demand("metered", metered === undefined || typeof metered === "boolean", "true or false");
}
