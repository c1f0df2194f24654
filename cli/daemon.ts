/**
 * `mif daemon`: hears Router Advertisements for all programs of this machine.
 *
 * @module
 */

import process from "node:process";
import { runDaemon } from "../lib/daemon/daemon.ts";
import { additionalInfoOption } from "./authority.ts";
import { untilSignalled } from "./signals.ts";
import { readOptions } from "./usage.ts";

/** Runs until SIGINT or SIGTERM; says on standard error what happens to it. */
export async function daemon(words: string[]): Promise<string> {
  const { routes, ca, "additional-info": additional = false } = readOptions(words, {
    routes: { type: "boolean" },
    "additional-info": { type: "boolean" },
    ca: { type: "string" },
  });
  const additionalInfo = additionalInfoOption(additional, ca) || null;
  const log = (message: string) => void process.stderr.write(`mif daemon: ${message}\n`);
  await runDaemon({ routes, additionalInfo, signal: untilSignalled(), log });
  return "";
}
