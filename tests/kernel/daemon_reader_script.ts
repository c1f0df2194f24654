/**
 * A program that stays and looks at what the daemon says, once for each line it gets: writes what is wrong with it (""
 * where it is used), and the IDs of its PvDs.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { readDaemon } from "../../lib/pvd/daemon_file.ts";
import { listPvds } from "../../mod.ts";

createInterface({ input: process.stdin }).on("line", () => {
  const { state, report } = readDaemon();
  const problem = report.warnings.map(({ message }) => message).join("; ");
  const said = state === null && problem === "" ? "none" : problem;
  process.stdout.write(JSON.stringify([said, listPvds().map(({ id }) => id)]) + "\n");
});
