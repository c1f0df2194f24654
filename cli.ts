#!/usr/bin/env -S deno run -A
/**
 * The `mif` command: a user of the package like any other.
 *
 * Run as `deno run -A cli.ts list` or `bun cli.ts list` in a checkout. Exit status: 0 done, 1 failed, 2 used wrongly.
 *
 * @module
 */

import process from "node:process";
import { daemon } from "./cli/daemon.ts";
import { doctor } from "./cli/doctor.ts";
import { exec } from "./cli/exec.ts";
import { get } from "./cli/get.ts";
import { lab } from "./cli/lab.ts";
import { list } from "./cli/list.ts";
import { mh } from "./cli/mh.ts";
import { resolve } from "./cli/resolve.ts";
import { route } from "./cli/route.ts";
import { writeOut } from "./cli/standard_output.ts";
import { ui } from "./cli/ui.ts";
import { UsageError } from "./cli/usage.ts";
import { validate } from "./cli/validate.ts";
import { watch } from "./cli/watch.ts";
import { isRefusal } from "./lib/permission.ts";
import { MifError } from "./mod.ts";

/**
 * A subcommand: takes the words behind its name, returns what is to be printed, or gives it bit by bit; or prints by
 * itself and returns the exit status.
 */
type Command = (
  words: string[],
) => string | number | Promise<string> | AsyncIterable<string> | Promise<number>;

const COMMANDS: Record<string, { run: Command; summary: string }> = {
  list: {
    run: list,
    summary:
      "this machine's provisioning domains [--solicit] [--additional-info [--ca FILE]] [--json]",
  },
  watch: {
    run: watch,
    summary:
      "them, and how they change, a line each [--solicit] [--additional-info [--ca FILE]] [--json]",
  },
  resolve: {
    run: resolve,
    summary: "a name in a domain: NAME [SERVICE] [--pvd PVD] [--type TYPE] [--solicit] [--json]",
  },
  get: {
    run: get,
    summary: "what is at a URL, through a domain: URL [--pvd PVD] [-i] [--ca FILE] [--solicit]",
  },
  validate: {
    run: validate,
    summary: "whether a domain holds this host captive: --pvd PVD [--solicit] [--ca FILE] [--json]",
  },
  route: {
    run: route,
    summary:
      "a routing table for each: install [--watch [--remove-at-end]] [--dry-run] [--solicit], remove, show [--json]",
  },
  exec: {
    run: exec,
    summary: "a program with one PvD as its way out: --pvd PVD [--solicit] -- command …",
  },
  mh: {
    run: mh,
    summary:
      "messages of Mobile IPv6: dump [-i IF] [-r FILE] [-w FILE] [--json] [--count] [--draft], decode HEX, send TYPE --to ADDRESS",
  },
  ui: {
    run: ui,
    summary: "a live picture of all this, in a browser [--port PORT] [--solicit] [--json]",
  },
  daemon: {
    run: daemon,
    summary:
      "hears routers for all programs of this machine, in /run/mif [--routes] [--additional-info [--ca FILE]]",
  },
  lab: {
    run: lab,
    summary: "a command where the lab can build networks: -- deno test -A, -- bun test",
  },
  doctor: {
    run: doctor,
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
    const output = await command.run(rest);
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
