/**
 * The routing tables of `mif route install`, one row each. Runs in the browser.
 *
 * @module
 */

import type { Picture } from "../picture.ts";
import { foreign, keyed, make, say } from "./elements.ts";
import type { PageFunctions } from "./script.ts";

/** Brings the list of tables up to date. */
export function drawTables({ tables }: Picture): void {
  document.getElementById("no-tables")!.hidden = tables.length > 0;
  document.getElementById("tables")!.hidden = tables.length === 0;
  keyed(
    document.getElementById("table-rows")!,
    tables,
    ({ table, family }) => `${table} ${family}`,
    ({ table, family }) => {
      const row = make("tr");
      const head = make("th", "mono", String(table));
      head.scope = "row";
      row.append(
        head,
        make("td", "quiet", `IPv${family}`),
        make("td", "sources"),
        make("td", "mono"),
      );
      return row;
    },
    (row, { open, gateway, interface: link, sources }) => {
      const [, , from, way] = Array.from(row.children);
      keyed(from!, sources, (source) => source, (source) => foreign(source, "mono"));
      say(way!, !open ? "closed" : gateway === null ? `on ${link}` : `${gateway} on ${link}`);
      row.classList.toggle("closed", !open);
    },
  );
}

/** For the page's script. */
export const inPage: PageFunctions = [
  drawTables,
];
