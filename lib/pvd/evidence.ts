/**
 * Which router a prefix came from, where something says so.
 *
 * On a link with one router the link says it. With several, no dump of the kernel does; what does is an
 * advertisement this process heard, a network manager that remembers, or a routing rule somebody made.
 *
 * @module
 */

import { linux, type RuleRecord } from "../../ffi/layout.gen.ts";
import { formatAddress, networkOf, parseAddress, prefixContains } from "../ip/address.ts";
import { interfaceName, recordAddress, type Records } from "../netlink/records.ts";
import type { SourceReport } from "../sources/statement.ts";
import type { Advertised } from "./advertisement_memory.ts";
import type { Link, PvdDraft } from "./draft.ts";
import type { Attribution } from "./pvd.ts";

/** One statement: this prefix on this link is this router's. */
export interface Evidence {
  prefix: Uint8Array;
  prefixLength: number;
  draft: PvdDraft;
  attribution: Attribution;
}

type Claim = Omit<Evidence, "draft"> & { router: string; id: string | null };

/** All statements by link. A router that only a statement names gets its PvD here. */
export function collectEvidence(
  links: Map<number, Link>,
  records: Records,
  advertised: Advertised[],
  sources: SourceReport[],
): Map<Link, Evidence[]> {
  const evidence = new Map<Link, Evidence[]>();
  const add = (link: Link, { router, id, ...claim }: Claim) => {
    const prefix = networkOf(claim.prefix, claim.prefixLength);
    const statements = evidence.get(link) ?? [];
    evidence.set(link, statements);
    // Who knows no PvDs names the router; its advertisement has said which PvD of it.
    const isTold = !isHeard(claim.attribution) &&
      statements.some(({ draft, ...told }) =>
        draft.router === router && draft.id !== null && told.prefixLength <= claim.prefixLength &&
        prefixContains(told.prefix, told.prefixLength, prefix)
      );
    if (!isTold) statements.push({ ...claim, prefix, draft: link.routerDraft(router, id) });
  };
  for (const { interface: index, router, pvd: id, by, option } of advertised) {
    const link = links.get(index);
    if (!link || option.name !== "prefix-information") continue;
    const { prefix, prefixLength } = option;
    add(link, { router, id, prefix, prefixLength, attribution: by });
  }
  for (const { prefixes } of sources) {
    for (const statement of prefixes) {
      const link = findLink(links, statement.interface);
      const prefix = parseAddress(statement.prefix);
      if (!link || prefix?.family !== 6) continue;
      const { router, prefixLength } = statement;
      const attribution = "systemd-networkd";
      add(link, { router, id: null, prefix: prefix.bytes, prefixLength, attribution });
    }
  }
  for (const link of links.values()) {
    for (const { record, gateway } of link.legs) {
      if (record.family !== 6 || record.destinationLength !== 0 || record.sourceLength === 0) {
        continue;
      }
      const router = gateway && formatAddress(gateway);
      if (router === null || !link.routers.has(router)) continue;
      const prefix = recordAddress(record.source, 6);
      const { sourceLength: prefixLength } = record;
      add(link, { router, id: null, prefix, prefixLength, attribution: "rule" });
    }
  }
  for (const rule of records.rules) {
    if (rule.family !== 6 || rule.sourceLength === 0 || !holdsAllPackets(rule)) continue;
    for (const { link, router } of defaultRouters(links, rule.table)) {
      // A rule is somebody's configuration: it tells of routers, it makes none.
      if (!link.routers.has(router)) continue;
      const prefix = recordAddress(rule.source, 6);
      const { sourceLength: prefixLength } = rule;
      add(link, { router, id: null, prefix, prefixLength, attribution: "rule" });
    }
  }
  return evidence;
}

/** Whether somebody heard a router say so. */
function isHeard(attribution: Attribution): boolean {
  return attribution === "router-advertisement" || attribution === "mif-daemon";
}

/** Whether a rule looks a table up for every packet that this host sends from its source, of any user, mark or port. */
function holdsAllPackets(rule: RuleRecord): boolean {
  return rule.action === linux.FR_ACT_TO_TBL && rule.narrowed === 0 && rule.tos === 0 &&
    rule.mark === 0 && rule.mask === 0 && rule.destinationLength === 0 &&
    (rule.flags & linux.FIB_RULE_INVERT) === 0 && rule.suppressPrefixLength < 0 &&
    ["", "lo"].includes(interfaceName(rule.inputInterface)) && rule.outputInterface[0] === 0;
}

/** The statements that cover an address, the longest prefixes only; first those that `select` leaves. */
export function evidenceFor(
  statements: Evidence[] | undefined,
  address: Uint8Array,
  select: (covering: Evidence[]) => Evidence[] = (covering) => covering,
): Evidence[] {
  const covering = select(
    (statements ?? []).filter(({ prefix, prefixLength }) =>
      prefixContains(prefix, prefixLength, address)
    ),
  );
  const longest = Math.max(...covering.map(({ prefixLength }) => prefixLength));
  return covering.filter(({ prefixLength }) => prefixLength === longest);
}

/** The link a source means by a name or an index. */
export function findLink(links: Map<number, Link>, of: string | number): Link | undefined {
  if (typeof of === "number") return links.get(of);
  for (const link of links.values()) if (link.name === of) return link;
  return undefined;
}

/** Where the IPv6 default routes of one table go; the main table says nothing of a rule's prefix. */
function defaultRouters(
  links: Map<number, Link>,
  table: number,
): { link: Link; router: string }[] {
  if (table === linux.RT_TABLE_MAIN || table === linux.RT_TABLE_DEFAULT) return [];
  return [...links.values()].flatMap((link) =>
    link.legs
      .filter(({ record, gateway }) =>
        record.table === table && record.family === 6 && record.destinationLength === 0 && gateway
      )
      .map(({ gateway }) => ({ link, router: formatAddress(gateway!) }))
  );
}
