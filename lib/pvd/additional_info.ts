/**
 * PvD Additional Information (RFC 8801 4.3): what the owner of an explicit PvD's name says of it. Pure.
 *
 * The check is written by hand: for five members it is as long as a schema of any library would be, says what is wrong
 * in our own words, and this package has no dependencies at run time.
 *
 * @module
 */

import { parseDateTime } from "../json/date_time.ts";
import { MifError } from "../error.ts";
import {
  formatAddress,
  isLinkLocal,
  parseAddress,
  parsePrefix,
  prefixContains,
} from "../ip/address.ts";
import type { JsonValue } from "../json/i_json.ts";
import { shown } from "../shown.ts";
import { parseDomain } from "../sources/resolver_values.ts";
import type { PvdInfo } from "./pvd.ts";

/**
 * The JSON object at `https://<ID>/.well-known/pvd`: the owner of the PvD ID says so, as its certificate proves. What
 * is below other names is kept as it came: "splitDnsClaims" (RFC 9704), "proxies", "vendor-…".
 */
export interface PvdAdditionalInfo {
  /** The PvD ID, as `PvdInfo.id`: lower case, no trailing dot. */
  identifier: string;
  /** When it ends, as it came: RFC 3339, such as "2030-05-23T06:00:00Z". Nothing of security may depend on it. */
  expires: string;
  /** IPv6 prefixes valid for this PvD, as "address/length"; each one that its router announces is within one of them. */
  prefixes: string[];
  /** DNS zones that can be searched and reached by it; lower case, no trailing dot, "." for all. */
  dnsZones?: string[];
  /** The PvD is restricted: it does not lead to the Internet. */
  noInternet?: boolean;
  /** Whatever else it says. */
  [key: string]: JsonValue | undefined;
}

/** More than anybody needs, and few enough to be looked through at every listing. */
const PREFIXES_MAX = 256;
const ZONES_MAX = 1024;

/**
 * Reads the object of a PvD.
 *
 * @param id The PvD ID that it must be for.
 * @param dateMs The time of day, which must be before its end.
 * @throws {MifError} EBADMSG: it is not to be used; the message says why.
 */
export function readAdditionalInfo(json: JsonValue, id: string, dateMs: number): PvdAdditionalInfo {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw unusable(id, "it is no object");
  }
  const { identifier, expires, prefixes, dnsZones, noInternet, ...others } = json;
  if (typeof identifier !== "string" || parseDomain(identifier) !== id) {
    throw unusable(id, `"identifier" is ${describeValue(identifier)}`);
  }
  const endMs = typeof expires === "string" ? parseDateTime(expires) : null;
  if (endMs === null) {
    throw unusable(id, `"expires" is ${describeValue(expires)}, no RFC 3339 date`);
  }
  if (endMs <= dateMs) throw unusable(id, `it expired at ${describeValue(expires)}`);
  const info: PvdAdditionalInfo = {
    identifier: id,
    expires: expires as string,
    prefixes: readList(id, "prefixes", prefixes, PREFIXES_MAX, readPrefix),
  };
  if (dnsZones !== undefined) {
    info.dnsZones = readList(id, "dnsZones", dnsZones, ZONES_MAX, readZone);
  }
  if (noInternet !== undefined) {
    if (typeof noInternet !== "boolean") {
      throw unusable(id, `"noInternet" is ${describeValue(noInternet)}, no Boolean`);
    }
    info.noInternet = noInternet;
  }
  // Not Object.assign(), to which a member "__proto__" would be the prototype.
  return { ...info, ...others };
}

/** When it ends, on the clock of Date. */
export function expiryMs({ expires }: PvdAdditionalInfo): number {
  return parseDateTime(expires)!;
}

/**
 * A prefix that the PvD's router announces and that none of the object's covers, or null: then object and network belong
 * together, which is what the check can tell (RFC 8801 4.4). A prefix that the router has taken back is none of its any
 * more.
 */
export function uncoveredPrefix({ prefixes }: PvdAdditionalInfo, pvd: PvdInfo): string | null {
  const covering = prefixes.map((prefix) => parsePrefix(prefix)!);
  return announcedPrefixes(pvd).find((text) => {
    const { bytes, prefixLength } = parsePrefix(text)!;
    return !covering.some((cover) =>
      cover.prefixLength <= prefixLength && prefixContains(cover.bytes, cover.prefixLength, bytes)
    );
  }) ?? null;
}

/** Where its router was not heard, those of its addresses stand for them. */
function announcedPrefixes({ advertisement, addresses }: PvdInfo): string[] {
  if (advertisement) {
    return advertisement.prefixes.filter(({ validSeconds }) => validSeconds !== 0)
      .map(({ prefix }) => prefix);
  }
  return addresses
    .filter(({ family, address }) => family === 6 && !isLinkLocal(parseAddress(address)!.bytes))
    .map(({ address, prefixLength }) => `${address}/${prefixLength}`);
}

function readList(
  id: string,
  name: string,
  value: JsonValue | undefined,
  max: number,
  read: (text: string) => string | null,
): string[] {
  if (!Array.isArray(value)) throw unusable(id, `"${name}" is ${describeValue(value)}, no array`);
  if (value.length > max) throw unusable(id, `"${name}" has more than ${max} elements`);
  return value.map((element) => {
    const text = typeof element === "string" ? read(element) : null;
    if (text === null) throw unusable(id, `"${name}" has ${describeValue(element)}`);
    return text;
  });
}

function readPrefix(text: string): string | null {
  const prefix = parsePrefix(text);
  if (prefix?.family !== 6) return null;
  return `${formatAddress(prefix.bytes)}/${prefix.prefixLength}`;
}

function readZone(text: string): string | null {
  return text === "." ? text : parseDomain(text);
}

/** What came from outside, short and safe to print. */
function describeValue(value: JsonValue | undefined): string {
  if (value === undefined) return "not there";
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "[…]" : "{…}";
  return (typeof value === "string" ? shown(value) : String(value)).replace(/[^ -~…]/g, "\ufffd");
}

function unusable(id: string, why: string): MifError {
  return new MifError(`The additional information of PvD ${id} is not to be used: ${why}`, {
    code: "EBADMSG",
    errno: 74,
    syscall: "fetchAdditionalInfo",
  });
}
