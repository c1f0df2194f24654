/**
 * `mif doctor`: what this machine offers the library, and what could not be read.
 *
 * @module
 */

import process from "node:process";
import { release } from "node:os";
import { load } from "../mod.ts";
import { listening } from "../lib/pvd/advertised.ts";
import { readHost } from "../lib/pvd/host.ts";
import { type Level, readLevel } from "./capabilities.ts";
import { readOptions } from "./usage.ts";

/** What `mif doctor --json` prints. */
interface Diagnosis {
  library: string;
  runtime: string;
  kernel: string;
  /** The most the library may do here. */
  level: Level;
  links: number;
  /** Routing rules beside the kernel's own three. */
  rules: number;
  /** Whether options of Router Advertisements are heard. */
  advertisements: boolean;
  /** The `mif` daemon, and what is known by it; `used` false where it is not there, or a warning says why it is not used. */
  daemon: { used: boolean; pid: number | null; pvds: number };
  /** Kinds of kernel tables that did not hold still while they were read. */
  unsettled: string[];
  sources: { source: string; found: boolean; statements: number }[];
  warnings: { source: string; path: string; message: string }[];
}

/** The text of `mif doctor`, or with `--json` one object. */
export function doctor(words: string[]): string {
  const { json } = readOptions(words, { json: { type: "boolean" } });
  const diagnosis = diagnose();
  return json ? JSON.stringify(diagnosis, null, 2) + "\n" : describe(diagnosis);
}

const KERNEL_RULE_PRIORITIES = [0, 32766, 32767];

function diagnose(): Diagnosis {
  const library = load();
  const { kernel, sources, daemon } = readHost();
  const { versions } = process;
  return {
    library,
    runtime: versions.bun ? `Bun ${versions.bun}` : `Deno ${versions.deno}`,
    kernel: release(),
    level: readLevel(),
    links: kernel.links.length,
    rules: kernel.rules.filter(({ priority }) => !KERNEL_RULE_PRIORITIES.includes(priority)).length,
    advertisements: listening() === true,
    daemon: {
      used: daemon.state !== null,
      pid: daemon.state?.pid ?? null,
      pvds: daemon.state?.words.headers.length ?? 0,
    },
    unsettled: kernel.unsettled,
    sources: sources.map(({ source, found, resolvers, prefixes }) => ({
      source,
      found,
      statements: resolvers.length + prefixes.length,
    })),
    warnings: [daemon.report, ...sources].flatMap(({ warnings }) => warnings),
  };
}

function describe(diagnosis: Diagnosis): string {
  const found = diagnosis.sources.filter((source) => source.found);
  const rows = [
    ["library", diagnosis.library],
    ["runtime", `${diagnosis.runtime}, Linux ${diagnosis.kernel}`],
    ["privilege", LEVELS[diagnosis.level]],
    [
      "network",
      `${diagnosis.links} links, ${diagnosis.rules} routing rules beside the kernel's own`,
    ],
    [
      "routers",
      diagnosis.advertisements
        ? "options of Router Advertisements are heard while a program runs"
        : "Router Advertisements are not heard: the kernel refused the socket",
    ],
    [
      "daemon",
      diagnosis.daemon.used
        ? `process ${diagnosis.daemon.pid} hears routers for us; ${diagnosis.daemon.pvds} PvDs heard`
        : "no mif daemon that could be used",
    ],
    [
      "DNS",
      found.length === 0
        ? "no source found"
        : found.map(({ source, statements }) => `${source} (${statements})`).join(", "),
    ],
    ...diagnosis.unsettled.map((
      kind,
    ) => ["warning", `the kernel's ${kind} did not hold still while they were read`]),
    ...diagnosis.warnings.map((
      { source, path, message },
    ) => ["warning", `${source}: ${path}: ${message}`]),
  ];
  return rows.map(([name, value]) => `${name!.padEnd(10)} ${value}\n`).join("");
}

const LEVELS: Record<Level, string> = {
  unprivileged: "unprivileged: implicit PvDs",
  CAP_NET_RAW: "CAP_NET_RAW: may also hear whole Router Advertisements, and explicit PvDs",
  CAP_NET_ADMIN: "CAP_NET_ADMIN: may also install routes",
};
