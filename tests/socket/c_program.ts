/**
 * Programs in C that judge our layouts and numbers: compiled by gcc from the system's own headers.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandOutput } from "../lab/command.ts";

/** Why C programs cannot be used here, printed; false where they can. */
export function gccSkip(): string | false {
  if (spawnSync("gcc", ["--version"]).status === 0) return false;
  const reason = "gcc is not here to judge by the system's headers";
  console.log(`Skipped: ${reason}`);
  return reason;
}

/** Compiles a program, runs it once with this standard input, and returns what it wrote. Throws where either fails. */
export function runC(source: string, input = ""): string {
  const directory = mkdtempSync(join(tmpdir(), "mif-c-"));
  try {
    const program = join(directory, "program");
    commandOutput(
      ["gcc", "-std=gnu11", "-Wall", "-Werror", "-x", "c", "-", "-o", program],
      source,
    );
    // From a file: Deno's spawnSync() hangs where both pipes fill.
    writeFileSync(join(directory, "input"), input);
    return commandOutput(["sh", "-c", 'exec "$0/program" < "$0/input"', directory]);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
