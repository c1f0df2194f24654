/**
 * What a PvD has: its addresses, and whom it asks for names. Runs in the browser.
 *
 * @module
 */

import type { PvdInfo } from "../../../mod.ts";
import { foreign, keyed, make, sayQuietly } from "./elements.ts";
import { drawFold, drawItems, makeFold } from "./fold.ts";
import type { PageFunctions } from "./script.ts";
import { duration } from "./words.ts";

/** Brings the boxes behind a PvD up to date. */
export function drawLeaves(column: HTMLElement, pvd: PvdInfo): void {
  const boxes = ["Addresses", "Name servers"].filter((box) =>
    box === "Addresses" || pvd.dnsServers.length + pvd.searchDomains.length > 0
  );
  keyed(column, boxes, (box) => box, makeLeaf, (leaf, box) => {
    const [, list, rest] = Array.from(leaf.children) as HTMLElement[];
    if (box === "Addresses") {
      drawAddresses(list!, pvd);
      rest!.hidden = pvd.addresses.length > 0;
    } else {
      drawServers(list!, pvd);
      drawFold(rest!, [...new Set(pvd.searchDomains)], "");
    }
  });
}

function makeLeaf(box: string): HTMLElement {
  const leaf = make("section", "card leaf");
  leaf.append(make("h4", "kicker", box), makeFold());
  if (box === "Addresses") leaf.append(make("p", "quiet", "none that is surely its own"));
  else {
    const domains = makeFold("chips");
    domains.children[0]!.setAttribute("aria-label", "Search domains");
    leaf.append(domains);
  }
  return leaf;
}

function drawAddresses(fold: HTMLElement, { addresses }: PvdInfo): void {
  drawItems(
    fold,
    addresses,
    ({ address, prefixLength, deprecated }) => `${address}/${prefixLength} ${deprecated}`,
    ({ address, prefixLength }) => {
      const item = make("li");
      const text = foreign(address, "mono");
      text.append(make("span", "quiet", `/${prefixLength}`));
      item.append(text, make("span", "quiet"));
      return item;
    },
    (item, { address, deprecated, temporary, validSeconds }) => {
      const isLinkLocal = /^fe[89ab]/.test(address);
      const remarks = [
        isLinkLocal ? "link-local" : "",
        deprecated ? "deprecated" : "",
        temporary ? "temporary" : "",
        validSeconds === null ? "" : `for ${duration(validSeconds)}`,
      ];
      item.classList.toggle("faded", deprecated || isLinkLocal);
      sayQuietly(item.children[1]!, remarks.filter((remark) => remark !== "").join(", "));
    },
  );
}

function drawServers(fold: HTMLElement, { dnsServers }: PvdInfo): void {
  drawItems(
    fold,
    dnsServers,
    ({ address, port, source }) => `${address} ${port} ${source}`,
    ({ address, port, source }) => {
      const item = make("li");
      const text = port === 53 ? address : `${address} port ${port}`;
      item.append(foreign(text, "mono"), make("span", "quiet", source));
      return item;
    },
  );
}

/** For the page's script. */
export const inPage: PageFunctions = [
  drawLeaves,
  makeLeaf,
  drawAddresses,
  drawServers,
];
