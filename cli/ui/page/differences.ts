/**
 * What is different between two pictures, in sentences. Pure.
 *
 * @module
 */

import type { Picture, PicturePvd } from "../picture.ts";
import type { PageFunctions } from "./script.ts";

/** What happened, in words; lifetimes that count down are nothing. */
export interface Difference {
  kind: "added" | "removed" | "changed";
  /** What it is about: an interface's name, a PvD's ID, a table. */
  subject: string;
  text: string;
}

/** The differences that lead from one picture to the next. */
export function differences(before: Picture, after: Picture): Difference[] {
  const found: Difference[] = [];
  const tell = (kind: Difference["kind"], subject: string, text: string) =>
    found.push({ kind, subject, text });
  const compare = (subject: string, what: string, old: string[], now: string[]) => {
    for (const each of now) if (!old.includes(each)) tell("added", subject, `${what} ${each}`);
    for (const each of old) if (!now.includes(each)) tell("removed", subject, `${what} ${each}`);
  };
  const state = ({ up, carrier }: { up: boolean; carrier: boolean }) =>
    !up ? "is down" : carrier ? "is up" : "has no carrier";
  for (const link of after.interfaces) {
    const old = before.interfaces.find(({ index }) => index === link.index);
    if (!old) tell("added", link.name, "the interface is there");
    else if (state(old) !== state(link)) tell("changed", link.name, state(link));
  }
  for (const { index, name } of before.interfaces) {
    if (!after.interfaces.some((link) => link.index === index)) {
      tell("removed", name, "the interface is gone");
    }
  }
  const samePvd = (a: PicturePvd, b: PicturePvd) => a.pvd.handle === b.pvd.handle;
  for (const each of after.pvds) {
    const old = before.pvds.find((other) => samePvd(other, each));
    if (!old) {
      tell("added", each.pvd.id, "the PvD is there");
      continue;
    }
    const { id } = each.pvd;
    const addresses = ({ pvd }: PicturePvd) =>
      pvd.addresses.map(({ address, prefixLength, deprecated }) =>
        `${address}/${prefixLength}${deprecated ? " (deprecated)" : ""}`
      );
    compare(id, "address", addresses(old), addresses(each));
    const gateways = ({ pvd }: PicturePvd) => pvd.gateways.map(({ address }) => address);
    compare(id, "gateway", gateways(old), gateways(each));
    const servers = ({ pvd }: PicturePvd) =>
      pvd.dnsServers.map(({ address, port }) => port === 53 ? address : `${address} port ${port}`);
    compare(id, "name server", servers(old), servers(each));
    compare(id, "search domain", old.pvd.searchDomains, each.pvd.searchDomains);
    const routes = ({ pvd }: PicturePvd) =>
      pvd.routes.map(({ destination, gateway }) =>
        gateway === null ? destination : `${destination} via ${gateway}`
      );
    compare(id, "route", routes(old), routes(each));
    for (const { family, refusal } of each.verdicts) {
      const earlier = old.verdicts.find((verdict) => verdict.family === family);
      if (!earlier || (earlier.refusal === null) === (refusal === null)) continue;
      tell(
        "changed",
        id,
        refusal === null
          ? `IPv${family} sockets can be held on it`
          : `IPv${family} sockets are refused: ${refusal.code}`,
      );
    }
  }
  for (const each of before.pvds) {
    if (!after.pvds.some((other) => samePvd(other, each))) {
      tell("removed", each.pvd.id, "the PvD is gone");
    }
  }
  const tables = ({ tables }: Picture) =>
    tables.map(({ table, family, open, gateway, interface: link, sources }) =>
      `${table} (IPv${family}): ${
        open ? (gateway === null ? `on ${link}` : `via ${gateway} on ${link}`) : "closed"
      }${sources.length === 0 ? "" : `, from ${sources.join(", ")}`}`
    );
  compare("policy routes", "table", tables(before), tables(after));
  return found;
}

/** For the page's script. */
export const inPage: PageFunctions = [
  differences,
];
