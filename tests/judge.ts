/**
 * Programs of others that judge what we make.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { commandOutput, commandPath, runCommand } from "./lab/command.ts";

/** Runs a program with this standard input and returns what it writes. Throws where it fails. */
export async function judge(argv: readonly string[], input: string): Promise<string> {
  const { status, stdout, stderr } = await runCommand(argv, { input, timeoutMs: 120_000 });
  if (status === 0) return stdout;
  throw new Error(`Cannot run ${argv.join(" ")}: ${stderr}`);
}

/** Why a program cannot be asked, printed; false where it is there. It is not run, for many take long to start. */
export function judgeSkip(program: string): string | false {
  const isThere = commandPath().split(":").some((directory) =>
    existsSync(join(directory, program))
  );
  return isThere ? false : skipped(program);
}

/** Why a library of Python cannot be asked, printed; false where it is there. */
export function pythonSkip(library: string): string | false {
  const look = `import importlib.util, sys; sys.exit(not importlib.util.find_spec("${library}"))`;
  try {
    commandOutput(["python3", "-c", look]);
    return false;
  } catch {
    return skipped(`python3-${library}`);
  }
}

function skipped(what: string): string {
  const reason = `${what} is not here to judge`;
  console.log(`Skipped: ${reason}`);
  return reason;
}
