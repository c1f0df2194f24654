/**
 * What `deno doc --json` says of a module's public symbols, and what a document must say of each.
 *
 * @module
 */

import { deno, ROOT } from "../../scripts/toolchain.ts";
import { commandOutput } from "../lab/command.ts";

interface Documented {
  name: string;
  jsDoc?: { doc?: string; tags?: { kind: string; doc?: string }[] };
}

interface Member extends Documented {
  kind?: string;
  tsType?: { repr: string };
}

interface Declaration extends Documented {
  kind: "function" | "class" | "interface" | "variable" | "typeAlias" | "enum";
  def?: { properties?: Member[]; methods?: Member[] };
}

/** A public symbol: all the declarations of its overloads. */
export interface PublicSymbol {
  name: string;
  declarations: Declaration[];
}

/** The public symbols of a module of ours, by its path from the project's root. */
export function publicSymbols(module: string): PublicSymbol[] {
  const { nodes } = JSON.parse(
    commandOutput(["sh", "-c", 'cd "$0" && exec "$@"', ROOT, deno(), "doc", "--json", module]),
  ) as { nodes: Record<string, { symbols: PublicSymbol[] }> };
  return Object.values(nodes).flatMap(({ symbols }) => symbols);
}

const EXAMPLE = /```ts/;
/** Where a constant comes from: a specification, a manual page, a registry, a header of the kernel. */
const SOURCE = /RFC \d|\b[\w.]+\(\d\w*\)|POSIX|IANA|draft-|<[\w/-]+\.h>/;
/** Quantities that mean nothing without a unit. */
const QUANTITY = /(timeout|delay|interval|duration|lifetime|period|age|expiry)$/i;

/** RFC 8801 3.1: Delay is the exponent of a time. */
const EXPONENTS = ["PvdInfo.delay", "PvdOptionInit.delay"];

/** What the documentation of a symbol lacks, as sentences; none where it is complete. */
export function lacks({ name, declarations }: PublicSymbol): string[] {
  const [first] = declarations;
  const found: string[] = [];
  switch (first!.kind) {
    case "function":
      if (!declarations.some(hasExample)) found.push(`${name}() has no example`);
      if (!declarations.some(tellsErrors)) found.push(`${name}() does not say what it throws`);
      break;
    case "class":
      if (!hasExample(first!)) found.push(`class ${name} has no example`);
      if (!tellsErrors(first!)) found.push(...silentMethods(name, first!));
      break;
    case "variable":
      if (/^[A-Z][A-Z0-9_]+$/.test(name) && !SOURCE.test(textOf(first!))) {
        found.push(`${name} does not say where it comes from`);
      }
  }
  for (const { name: member, tsType } of first!.def?.properties ?? []) {
    if (
      tsType?.repr === "number" && QUANTITY.test(member) &&
      !EXPONENTS.includes(`${name}.${member}`)
    ) {
      found.push(`${name}.${member} has no unit in its name`);
    }
  }
  return found;
}

/** An accessor, and what the language calls, is told by the class. */
function silentMethods(name: string, { def }: Declaration): string[] {
  return (def?.methods ?? [])
    .filter((method) => method.kind === "method" && !method.name.startsWith("["))
    .filter((method) => !tellsErrors(method))
    .map((method) => `${name}.${method.name}() does not say what it throws, nor does its class`);
}

function hasExample(documented: Documented): boolean {
  return EXAMPLE.test(textOf(documented));
}

/** By `@throws`, or by saying that nothing is thrown. */
function tellsErrors(documented: Documented): boolean {
  const tagged = documented.jsDoc?.tags?.some(({ kind }) => kind === "throws") ?? false;
  return tagged || /@throws|\bnever throws?\b|\bthrows? nothing\b/i.test(textOf(documented));
}

function textOf({ jsDoc }: Documented): string {
  return [jsDoc?.doc, ...jsDoc?.tags?.map(({ doc }) => doc) ?? []].join("\n");
}
