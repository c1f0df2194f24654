/**
 * Scripts that need the networks of the lab.
 *
 * @module
 */

import process from "node:process";
import { fileURLToPath } from "node:url";
import { isInside, labAccess, runInside } from "../tests/lab/mod.ts";

/**
 * Runs `main` in the lab, where it ends with the exit status that it returns: this process is inside, or starts its script
 * once more there.
 *
 * @param script The script's own `import.meta.url`.
 */
export async function inLab(script: string, main: () => Promise<number | void>): Promise<void> {
  const access = labAccess();
  if (!access.ok) {
    console.error(`The lab cannot be built here: ${access.reason}.`);
    process.exitCode = 1;
  } else if (isInside()) {
    process.exitCode = await main() ?? 0;
  } else {
    process.exitCode = runInside(fileURLToPath(script), access);
  }
}
