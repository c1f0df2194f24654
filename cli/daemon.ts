/**
 * `mif daemon`: hears Router Advertisements for all programs of this machine.
 *
 * @module
 */

import process from "node:process";
import { runDaemon } from "../lib/daemon/daemon.ts";
import { additionalInfoOption } from "./authority.ts";
import { readOptions } from "./usage.ts";

/** Runs until SIGINT or SIGTERM; says on standard error what happens to it. */
export async function daemon(words: string[]): Promise<string> {
  const { routes, ca, "additional-info": additional = false } = readOptions(words, {
    routes: { type: "boolean" },
    "additional-info": { type: "boolean" },
    ca: { type: "string" },
  });
  const additionalInfo = additionalInfoOption(additional, ca) || null;
  const controller = new AbortController();
  const end = () => controller.abort();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, end);
  const log = (message: string) => void process.stderr.write(`mif daemon: ${message}\n`);
  await runDaemon({ routes, additionalInfo, signal: controller.signal, log });
  return "";
}
