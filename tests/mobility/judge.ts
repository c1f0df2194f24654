/**
 * Programs that judge thousands of messages at once.
 *
 * @module
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandOutput } from "../lab/command.ts";

/** Runs a program with this standard input and returns what it writes. Throws where it fails. */
export function judge(argv: readonly string[], input: string | Uint8Array): string {
  const directory = mkdtempSync(join(tmpdir(), "mif-judge-"));
  try {
    // From a file: Deno's spawnSync() hangs where both pipes fill.
    const path = join(directory, "input");
    writeFileSync(path, input);
    return commandOutput([
      "sh",
      "-c",
      'input="$1"; shift; exec "$@" < "$input"',
      "sh",
      path,
      ...argv,
    ]);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Why a judge cannot be asked, printed; false where this command of it runs. */
export function judgeSkip(name: string, argv: readonly string[]): string | false {
  try {
    commandOutput(argv);
    return false;
  } catch {
    const reason = `${name} is not here to judge mobility messages`;
    console.log(`Skipped: ${reason}`);
    return reason;
  }
}
