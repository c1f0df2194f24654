/**
 * `mif lab`: runs a command where the lab can build networks, such as a test runner.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { constants } from "node:os";
import process from "node:process";
import { enterArgv, labAccess } from "../tests/lab/mod.ts";
import { readOptions, splitCommand } from "./usage.ts";

/** Runs the command behind "--"; its exit status is ours, 128 and the signal's number where one ended it. */
export async function lab(words: string[]): Promise<number> {
  const { own, command } = splitCommand(words, "mif lab -- command …");
  readOptions(own, {});
  const access = labAccess();
  if (!access.ok) {
    process.stderr.write(`mif lab: networks cannot be built here: ${access.reason}\n`);
    return 1;
  }
  const [program, ...args] = [...enterArgv(access.how), ...command];
  const child = spawn(program!, args, { stdio: "inherit" });
  // The terminal sends these to the command too.
  for (const name of ["SIGINT", "SIGQUIT"] as const) process.on(name, () => {});
  for (const name of ["SIGTERM", "SIGHUP"] as const) process.on(name, () => child.kill(name));
  return await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? 128 + constants.signals[signal!]));
  });
}
