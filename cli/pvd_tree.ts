/**
 * PvDs as a tree for a terminal: interfaces, on them PvDs, and what each has.
 *
 * Colours are node:util's, which leaves them out where NO_COLOR says so or nobody sees them.
 *
 * @module
 */

import { styleText } from "node:util";
import type { PvdInfo } from "../mod.ts";
import { printable } from "./printable.ts";

/** A PvD in words. */
export interface DescribedPvd {
  pvd: PvdInfo;
  /** Kind and origin. */
  origin: string;
  /** What it has, each under its name: a value, and a remark about it. */
  rows: [name: string, values: Value[]][];
}

/** What stands in a row. */
export interface Value {
  text: string;
  /** Empty where there is none. */
  remark: string;
  /** Whether it is of little use. */
  faded?: boolean;
}

type Style = Parameters<typeof styleText>[0];

/** The tree, the interface of the best PvD first. */
export function pvdTree(pvds: DescribedPvd[]): string {
  const interfaces = Map.groupBy(pvds, ({ pvd }) => pvd.interface.index);
  return [...interfaces.values()].map(interfaceTree).join("\n");
}

function interfaceTree(pvds: DescribedPvd[]): string {
  const { name } = pvds[0]!.pvd.interface;
  return `${styled(["bold", "underline"], name)}\n` + pvds.map((described, i) => {
    const isLast = i === pvds.length - 1;
    return pvdBranch(described, isLast ? "└─ " : "├─ ", isLast ? "   " : "│  ");
  }).join("");
}

/** `first` leads to the PvD, `rest` stands before what is below it. */
function pvdBranch({ pvd, origin, rows }: DescribedPvd, first: string, rest: string): string {
  const about = `${origin}, MTU ${pvd.mtu}, handle ${pvd.handle}`;
  const title = `${styled("dim", first)}${styled(["bold", "cyan"], pvd.id)}  ${
    styled("dim", about)
  }\n`;
  return title + rows.map(([name, values], i) => {
    const isLast = i === rows.length - 1;
    return values.map((value, j) => {
      const stem = j === 0 ? (isLast ? "└─ " : "├─ ") : isLast ? "   " : "│  ";
      const label = j === 0 ? styled(LABELS[name] ?? "green", name.padEnd(9)) : " ".repeat(9);
      return `${styled("dim", rest + stem)}${label}  ${leaf(value)}\n`;
    }).join("");
  }).join("");
}

/** What asks for attention. */
const LABELS: Record<string, Style> = { note: "yellow", portal: "yellow" };

function leaf({ text, remark, faded = false }: Value): string {
  const shown = faded ? styled("dim", text) : printable(text);
  return remark === "" ? shown : `${shown}  ${styled("dim", remark)}`;
}

function styled(style: Style, text: string): string {
  return styleText(style, printable(text));
}
