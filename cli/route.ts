/**
 * `mif route`: a routing table for each PvD's router, so that every source address leaves by its own.
 *
 * @module
 */

import {
  followRoutes,
  type FollowRoutesOptions,
  installRoutes,
  removeRoutes,
  type RouteReport,
  type RouteTable,
  showRoutes,
} from "../mod.ts";
import { untilSignalled } from "./signals.ts";
import { readOptions, UsageError } from "./usage.ts";

/** The text of `mif route install`, `remove` and `show`; with `--watch` it comes bit by bit. */
export function route(words: string[]): string | Promise<string> | AsyncIterable<string> {
  const [action = "", ...rest] = words;
  switch (action) {
    case "install":
      return install(rest);
    case "remove":
      return remove(rest);
    case "show":
      return show(rest);
    default:
      throw new UsageError("mif route takes install, remove or show");
  }
}

function install(words: string[]): Promise<string> | AsyncIterable<string> {
  const { watch = false, json = false, ...options } = readOptions(words, {
    watch: { type: "boolean" },
    "remove-at-end": { type: "boolean" },
    "dry-run": { type: "boolean" },
    solicit: { type: "boolean" },
    json: { type: "boolean" },
  });
  const dryRun = options["dry-run"] ?? false;
  const removeAtEnd = options["remove-at-end"] ?? false;
  if (removeAtEnd && !watch) throw new UsageError("--remove-at-end goes with --watch");
  if (!watch) return once(dryRun, options.solicit, json);
  if (dryRun) throw new UsageError("--watch and --dry-run exclude each other");
  return follow({ removeAtEnd, solicit: options.solicit }, json);
}

async function once(dryRun: boolean, solicit: boolean | undefined, json: boolean): Promise<string> {
  return describe(await installRoutes({ dryRun, solicit }), json);
}

async function* follow(options: FollowRoutesOptions, json: boolean): AsyncGenerator<string> {
  for await (const report of followRoutes({ signal: untilSignalled(), ...options })) {
    // One line each, for those who read line by line.
    yield json ? JSON.stringify(report) + "\n" : describe(report, false);
  }
}

async function remove(words: string[]): Promise<string> {
  const options = readOptions(words, {
    "dry-run": { type: "boolean" },
    json: { type: "boolean" },
  });
  return describe(await removeRoutes({ dryRun: options["dry-run"] }), options.json ?? false);
}

function show(words: string[]): string {
  const { json } = readOptions(words, { json: { type: "boolean" } });
  const tables = showRoutes();
  if (json) return JSON.stringify(tables, null, 2) + "\n";
  return tables.length === 0 ? "Nothing is installed.\n" : tables.map(describeTable).join("");
}

/** The commands of ip(8) that do the same: they can be run instead. */
function describe({ changes, notices }: RouteReport, json: boolean): string {
  if (json) return JSON.stringify({ changes, notices }, null, 2) + "\n";
  const lines = changes.map(({ command }) => command);
  if (lines.length === 0) lines.push("# nothing to change");
  return [...lines, ...notices.map((notice) => `# ${notice}`)].join("\n") + "\n";
}

function describeTable(
  { table, family, interface: link, gateway, open, specific, sources, addresses }: RouteTable,
): string {
  const way = !open
    ? "closed: nothing leaves"
    : gateway === null
    ? `on ${link}`
    : `via ${gateway} on ${link}${specific ? ", to specific routes only" : ""}`;
  const from = sources.length === 0 ? "no rule leads here" : `from ${sources.join(", ")}`;
  const made = addresses.length === 0 ? "" : `  with ${addresses.join(", ")}`;
  return `table ${table}  IPv${family}  ${way}  ${from}${made}\n`;
}
