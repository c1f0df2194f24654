/**
 * `mif exec`: runs a program with one PvD as its way out.
 *
 * @module
 */

import process from "node:process";
import { exec as execute } from "../mod.ts";
import { requiredPvd } from "./pvd_argument.ts";
import { readOptions, splitCommand } from "./usage.ts";

/** Runs the command behind "--"; its exit status is ours, 128 and the signal's number where one ended it. */
export async function exec(words: string[]): Promise<number> {
  const { own, command } = splitCommand(words, "mif exec --pvd PVD -- command …");
  const { pvd, solicit = false } = readOptions(own, {
    pvd: { type: "string" },
    solicit: { type: "boolean" },
  });
  const way = await requiredPvd(pvd, solicit);
  const ended = new AbortController();
  // The terminal sends these to the program too.
  for (const name of ["SIGINT", "SIGQUIT"] as const) process.on(name, () => {});
  for (const name of ["SIGTERM", "SIGHUP"] as const) process.on(name, () => ended.abort());
  const said = new Set<string>();
  const { code, signal } = await execute(way, command, {
    signal: ended.signal,
    onRefused: ({ message }) => {
      if (said.size < 16 && !said.has(message)) process.stderr.write(`mif exec: ${message}\n`);
      said.add(message);
    },
  });
  return code ?? 128 + signal!;
}
