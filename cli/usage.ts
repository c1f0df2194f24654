/**
 * The words of a command line, read strictly.
 *
 * @module
 */

import { parseArgs, type ParseArgsConfig } from "node:util";

/** The command was used wrongly: exit status 2. */
export class UsageError extends Error {
  /** The name of the class. */
  override readonly name = "UsageError";
}

/** The options among `words`; throws {@linkcode UsageError} for one that is unknown, and for any other word. */
export function readOptions<const O extends NonNullable<ParseArgsConfig["options"]>>(
  words: string[],
  options: O,
): ReturnType<typeof parseArgs<{ options: O; strict: true }>>["values"] {
  try {
    return parseArgs({ args: words, options, strict: true }).values;
  } catch (error) {
    throw new UsageError((error as Error).message.split(". To specify")[0]!);
  }
}
