/**
 * `mif list`: the provisioning domains of this machine.
 *
 * @module
 */

import process from "node:process";
import { styleText } from "node:util";
import {
  getpvdinfo,
  listPvds,
  type PvdAdditionalInfo,
  type PvdAdvertisement,
  type PvdDnsServer,
  type PvdInfo,
  type PvdUnconfigured,
} from "../mod.ts";
import { additionalInfoOption } from "./authority.ts";
import { printable } from "./printable.ts";
import { type DescribedPvd, pvdTree, type Value } from "./pvd_tree.ts";
import { readOptions } from "./usage.ts";

/**
 * The text of `mif list`: a tree in a terminal, else a paragraph for each PvD, or with `--json` an array of PvdInfo; with
 * `--solicit` after asking the routers, with `--additional-info` after asking the servers of explicit PvDs. Those that
 * fail are named on standard error.
 */
export async function list(words: string[]): Promise<string> {
  const values = readOptions(words, {
    json: { type: "boolean" },
    solicit: { type: "boolean" },
    "additional-info": { type: "boolean" },
    ca: { type: "string" },
  });
  const { json, solicit, "additional-info": additional = false } = values;
  const asking = additionalInfoOption(additional, values.ca);
  const onFailure = (_: PvdInfo, { message }: Error) =>
    void process.stderr.write(`mif list: ${message}\n`);
  const additionalInfo = asking && { ...asking, onFailure };
  const pvds = solicit || additional
    ? await getpvdinfo("localhost", null, { solicit, additionalInfo })
    : listPvds();
  if (json) return JSON.stringify(pvds, null, 2) + "\n";
  if (pvds.length === 0) {
    return "No provisioning domain: nothing but loopback is up with an address on this machine.\n";
  }
  // Where colours are forced on a pipe, somebody is meant to look.
  const isForEyes = process.stdout.isTTY || styleText("bold", "x") !== "x";
  return isForEyes ? pvdTree(pvds.map(describe)) : pvds.map(describe).map(paragraph).join("\n");
}

/** More values than this are counted, not shown: `--json` has them all. */
const SHOWN_MAX = 8;

function describe(pvd: PvdInfo): DescribedPvd {
  const origin = pvd.router === null ? "configured on the interface" : `from router ${pvd.router}`;
  const { advertisement, additionalInfo } = pvd;
  const rows: [string, (string | Value)[]][] = [
    ["addresses", pvd.addresses.map(describeAddress)],
    ["gateways", pvd.gateways.map(({ address }) => address)],
    ["DNS", pvd.dnsServers.map(serverValue)],
    ["search", pvd.searchDomains],
    ["routes", pvd.routes.map(describeRoute)],
    ["NAT64", pvd.pref64 === undefined ? [] : [pvd.pref64]],
    ["portal", pvd.captivePortal === undefined ? [] : [pvd.captivePortal]],
    ["PvD", pvd.kind === "explicit" ? [describeName(pvd)] : []],
    ["owner", additionalInfo === undefined ? [] : describeAdditionalInfo(additionalInfo)],
    ["announced", advertisement === undefined ? [] : describeAdvertisement(advertisement)],
    ["missing", pvd.unconfigured === undefined ? [] : describeMissing(pvd.unconfigured)],
    ["note", pvd.attribution === "unknown" ? [unattributed(pvd)] : []],
  ];
  return {
    pvd,
    origin: `${pvd.kind}, ${origin}`,
    rows: rows.filter(([, values]) => values.length > 0).map(([name, values]) => {
      const shown = values.slice(0, SHOWN_MAX);
      if (values.length > SHOWN_MAX) shown.push(`and ${values.length - SHOWN_MAX} more`);
      return [name, shown.map((it) => typeof it === "string" ? { text: it, remark: "" } : it)];
    }),
  };
}

/** A server with its port, where that is not 53, and its source. */
export function describeServer(server: PvdDnsServer): string {
  return inWords(serverValue(server));
}

function inWords({ text, remark }: Value): string {
  return remark === "" ? text : `${text} (${remark})`;
}

function paragraph({ pvd, origin, rows }: DescribedPvd): string {
  const title = `${pvd.id}  ${origin}, interface ${pvd.interface.name}, MTU ${pvd.mtu}, ` +
    `handle ${pvd.handle}`;
  const lines = rows.flatMap(([name, values]) =>
    values.map((value, i) => `  ${(i === 0 ? name : "").padEnd(10)} ${inWords(value)}`)
  );
  return [title, ...lines].map((line) => `${printable(line)}\n`).join("");
}

/** What the owner of the PvD's name says of it. */
function describeAdditionalInfo(info: PvdAdditionalInfo): string[] {
  const { expires, prefixes, dnsZones = [], noInternet = false } = info;
  return [
    `until ${expires}${noInternet ? ", no Internet" : ""}`,
    ...prefixes.map((prefix) => `prefix ${prefix}`),
    ...dnsZones.map((zone) => `zone ${zone}`),
  ];
}

/** What its option says of an explicit PvD (RFC 8801 3.1). */
function describeName({ httpInfo, sequence, delay, legacy }: PvdInfo): string {
  const info = httpInfo
    ? `additional information by HTTPS, sequence ${sequence}, delay ${delay}`
    : "no additional information";
  return legacy ? `${info}; with DHCPv4` : info;
}

/** What `mif route install --solicit` configures. */
function describeMissing({ prefixes, routes }: PvdUnconfigured): string[] {
  return [
    ...prefixes.map((prefix) => `address in ${prefix}`),
    ...routes.map((route) => `route ${describeRoute(route)}`),
  ];
}

export function describeRoute({ destination, gateway }: PvdInfo["routes"][number]): string {
  return gateway === null ? destination : `${destination} via ${gateway}`;
}

/** One line for the router, and one for each thing it gives. */
function describeAdvertisement(advertisement: PvdAdvertisement): string[] {
  const { routerLifetimeSeconds, preference, managed, other, homeAgent } = advertisement;
  const router = routerLifetimeSeconds === 0
    ? "no default router"
    : `default router, ${preference} preference, for ${routerLifetimeSeconds} s`;
  const flags = [
    managed ? "addresses by DHCPv6" : "",
    other ? "configuration by DHCPv6" : "",
    homeAgent ? "home agent" : "",
  ];
  return [
    [router, ...flags].filter((part) => part !== "").join(", "),
    ...advertisement.prefixes.map(({ prefix, validSeconds, preferredSeconds }) =>
      `${prefix} valid ${lifetime(validSeconds)}, preferred ${lifetime(preferredSeconds)}`
    ),
    ...advertisement.routes.map(({ destination, preference, lifetimeSeconds }) =>
      `route ${destination} ${preference} preference, for ${lifetime(lifetimeSeconds)}`
    ),
    ...advertisement.dnsServers.map(({ address, lifetimeSeconds }) =>
      `DNS ${address} for ${lifetime(lifetimeSeconds)}`
    ),
    ...advertisement.searchDomains.map(({ domain, lifetimeSeconds }) =>
      `search ${domain} for ${lifetime(lifetimeSeconds)}`
    ),
  ];
}

function lifetime(seconds: number | null): string {
  return seconds === null ? "ever" : `${seconds} s`;
}

function unattributed(pvd: PvdInfo): string {
  return pvd.router === null
    ? "the link has several routers, and nothing says which of them gave these addresses"
    : "nothing says which of the link's addresses this router gave; they stand under " +
      pvd.interface.name;
}

function describeAddress(address: PvdInfo["addresses"][number]): Value {
  const remarks = [
    address.deprecated ? "deprecated" : "",
    address.temporary ? "temporary" : "",
    address.validSeconds === null ? "" : `valid ${address.validSeconds} s`,
  ];
  return {
    text: `${address.address}/${address.prefixLength}`,
    remark: remarks.filter((remark) => remark !== "").join(", "),
    faded: address.deprecated,
  };
}

function serverValue({ address, port, source }: PvdDnsServer): Value {
  const text = port === 53
    ? address
    : address.includes(":")
    ? `[${address}]:${port}`
    : `${address}:${port}`;
  return { text, remark: source };
}
