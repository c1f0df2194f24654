#!/usr/bin/env -S deno run -A
/**
 * The `mif` command: a user of the package like any other.
 *
 * Run as `deno run -A cli.ts list` or `bun cli.ts list` in a checkout. Exit status: 0 done, 1 failed, 2 used wrongly.
 *
 * @module
 */

import process from "node:process";
import { writeOut } from "./cli/standard_output.ts";
import { UsageError } from "./cli/usage.ts";
import { isRefusal } from "./lib/permission.ts";
import { MifError } from "./mod.ts";

/**
 * A subcommand: takes the words behind its name, returns what is to be printed, or gives it bit by bit; or prints by
 * itself and returns the exit status.
 */
type Command = (
  words: string[],
) => string | number | Promise<string> | AsyncIterable<string> | Promise<number>;

/** Each is loaded when it is run: the others would take most of the time that it does. */
const COMMANDS: Record<string, { load: () => Promise<Command>; summary: string }> = {
  list: {
    load: async () => (await import("./cli/list.ts")).list,
    summary:
      "this machine's provisioning domains [--solicit] [--additional-info [--ca FILE]] [--json]",
  },
  watch: {
    load: async () => (await import("./cli/watch.ts")).watch,
    summary:
      "them, and how they change, a line each [--solicit] [--additional-info [--ca FILE]] [--json]",
  },
  resolve: {
    load: async () => (await import("./cli/resolve.ts")).resolve,
    summary: "a name in a domain: NAME [SERVICE] [--pvd PVD] [--type TYPE] [--solicit] [--json]",
  },
  get: {
    load: async () => (await import("./cli/get.ts")).get,
    summary: "what is at a URL, through a domain: URL [--pvd PVD] [-i] [--ca FILE] [--solicit]",
  },
  validate: {
    load: async () => (await import("./cli/validate.ts")).validate,
    summary: "whether a domain holds this host captive: --pvd PVD [--solicit] [--ca FILE] [--json]",
  },
  route: {
    load: async () => (await import("./cli/route.ts")).route,
    summary:
      "a routing table for each: install [--watch [--remove-at-end]] [--dry-run] [--solicit], remove, show [--json]",
  },
  exec: {
    load: async () => (await import("./cli/exec.ts")).exec,
    summary: "a program with one PvD as its way out: --pvd PVD [--solicit] -- command …",
  },
  mh: {
    load: async () => (await import("./cli/mh.ts")).mh,
    summary:
      "messages of Mobile IPv6: dump [-i IF] [-r FILE] [-w FILE] [--json] [--count] [--draft], decode HEX, send TYPE --to ADDRESS",
  },
  ui: {
    load: async () => (await import("./cli/ui.ts")).ui,
    summary: "a live picture of all this, in a browser [--port PORT] [--solicit] [--json]",
  },
  daemon: {
    load: async () => (await import("./cli/daemon.ts")).daemon,
    summary:
      "hears routers for all programs of this machine, in /run/mif [--routes] [--additional-info [--ca FILE]]",
  },
  lab: {
    load: async () => (await import("./cli/lab.ts")).lab,
    summary: "a command where the lab can build networks: -- deno test -A, -- bun test",
  },
  doctor: {
    load: async () => (await import("./cli/doctor.ts")).doctor,
    summary: "what is there, what is missing, what could not be read [--json]",
  },
};

function help(): string {
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) =>
    `  ${name.padEnd(8)} ${summary}`
  );
  return `mif: sockets that know which network they are on\n\n${rows.join("\n")}\n`;
}

/** Runs one command line and returns its exit status. */
async function main(words: string[]): Promise<number> {
  const [name = "--help", ...rest] = words;
  if (name === "--help" || name === "-h" || name === "help") return print(help());
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name]! : undefined;
  try {
    if (!command) throw new UsageError(`there is no command ${JSON.stringify(name)}`);
    const run = await command.load();
    const output = await run(rest);
    if (typeof output === "number") return output;
    if (typeof output === "string") return print(output);
    for await (const text of output) await writeOut(text);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`mif: ${error.message}; see mif --help\n`);
      return 2;
    }
    // What Deno refuses names the flag.
    if (error instanceof MifError || (error instanceof Error && isRefusal(error))) {
      process.stderr.write(`mif ${name}: ${error.message}\n`);
      return 1;
    }
    throw error;
  }
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

// A reader that has seen enough (`mif list | head -1`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});
process.exitCode = await main(process.argv.slice(2));
