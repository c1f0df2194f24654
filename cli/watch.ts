/**
 * `mif watch`: the provisioning domains of this machine, and how they change.
 *
 * @module
 */

import { styleText } from "node:util";
import { type PvdEvent, type PvdInfo, watchPvds } from "../mod.ts";
import { additionalInfoOption } from "./authority.ts";
import { describeRoute, describeServer } from "./list.ts";
import { printable } from "./printable.ts";
import { untilSignalled } from "./signals.ts";
import { readOptions } from "./usage.ts";

/** One line for each event, with `--json` a PvdEvent; until SIGINT or SIGTERM. */
export async function* watch(words: string[]): AsyncGenerator<string> {
  const { json, solicit, ca, "additional-info": additional = false } = readOptions(words, {
    json: { type: "boolean" },
    solicit: { type: "boolean" },
    "additional-info": { type: "boolean" },
    ca: { type: "string" },
  });
  const additionalInfo = additionalInfoOption(additional, ca);
  const signal = untilSignalled();
  const describe = describer();
  for await (const event of watchPvds({ solicit, additionalInfo, signal })) {
    yield json ? JSON.stringify(event) + "\n" : describe(event);
  }
}

/** Remembers what each PvD was, for what is otherwise. */
function describer(): (event: PvdEvent) => string {
  const known = new Map<number, Facts>();
  const line = (type: string, id: string, rest = "") =>
    `${type.padEnd(8)} ${styleText("bold", printable(id))}${
      rest === "" ? "" : `  ${printable(rest)}`
    }\n`;
  return ({ type, pvd }) => {
    if (pvd === null) return line(type, "none");
    if (type === "default") return line(type, pvd.id);
    if (type === "removed") {
      known.delete(pvd.handle);
      return line(type, pvd.id);
    }
    const facts = factsOf(pvd);
    const before = type === "changed" ? known.get(pvd.handle) : undefined;
    known.set(pvd.handle, facts);
    return line(type, pvd.id, before ? differenceOf(before, facts) : summaryOf(facts));
  };
}

/** What a line may name, as text. */
type Facts = Record<string, readonly string[]>;

function factsOf(pvd: PvdInfo): Facts {
  const { advertisement } = pvd;
  return {
    "addresses": pvd.addresses.map(({ address, prefixLength, deprecated }) =>
      `${address}/${prefixLength}${deprecated ? " (deprecated)" : ""}`
    ),
    "gateways": pvd.gateways.map(({ address }) => address),
    "DNS": pvd.dnsServers.map(describeServer),
    "search": pvd.searchDomains,
    "routes": pvd.routes.map(describeRoute),
    "MTU": [String(pvd.mtu)],
    "NAT64": [pvd.pref64 ?? []].flat(),
    "portal": [pvd.captivePortal ?? []].flat(),
    "sequence": [pvd.sequence ?? []].flat().map(String),
    "announced": advertisement === undefined ? [] : [
      advertisement.routerLifetimeSeconds === 0 ? "no default router" : "default router",
      ...advertisement.prefixes.filter(({ validSeconds }) => validSeconds !== 0)
        .map(({ prefix }) => prefix),
    ],
    "owner": ownerFacts(pvd),
    "attribution": [pvd.attribution],
  };
}

function ownerFacts({ additionalInfo: info }: PvdInfo): string[] {
  if (info === undefined) return [];
  return [`until ${info.expires}`, ...info.prefixes, ...info.dnsZones ?? []];
}

/** Of something new the routes and the like say little that the addresses do not. */
const SUMMARY = ["addresses", "gateways", "DNS", "search"];

function summaryOf(facts: Facts): string {
  return SUMMARY.flatMap((name) => {
    const values = facts[name]!;
    return values.length === 0 ? [] : [`${name} ${values.join(" ")}`];
  }).join(", ");
}

function differenceOf(before: Facts, after: Facts): string {
  const parts = Object.entries(after).flatMap(([name, values]) => {
    const old = before[name]!;
    const changes = [
      ...values.filter((value) => !old.includes(value)).map((value) => `+${value}`),
      ...old.filter((value) => !values.includes(value)).map((value) => `-${value}`),
    ];
    if (changes.length === 0 && values.join() !== old.join()) changes.push("in another order");
    return changes.length === 0 ? [] : [`${name} ${changes.join(" ")}`];
  });
  return parts.length === 0 ? "in its details" : parts.join(", ");
}
