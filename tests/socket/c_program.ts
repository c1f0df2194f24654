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
  using compiled = new CompiledProgram(source);
  // From a file: Deno's spawnSync() hangs where both pipes fill.
  const inputPath = `${compiled.path}.input`;
  writeFileSync(inputPath, input);
  return commandOutput(["sh", "-c", 'exec "$0" < "$1"', compiled.path, inputPath]);
}

/** A program in C, compiled, to be run more than once or elsewhere; it is deleted at the end. */
export class CompiledProgram implements Disposable {
  /** The executable file. */
  readonly path: string;
  readonly #directory: string;

  /** Compiles it. Throws where that fails. */
  constructor(source: string) {
    this.#directory = mkdtempSync(join(tmpdir(), "mif-c-"));
    this.path = join(this.#directory, "program");
    try {
      const words = ["-std=gnu11", "-Wall", "-Werror", "-x", "c", "-", "-o", this.path];
      commandOutput(["gcc", ...words], source);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Deletes it. */
  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true });
  }
}
