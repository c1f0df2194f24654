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

type Options = NonNullable<ParseArgsConfig["options"]>;
type Values<O extends Options> = ReturnType<typeof parseArgs<{ options: O; strict: true }>>[
  "values"
];

/** The options among `words`; throws {@linkcode UsageError} for one that is unknown, and for any other word. */
export function readOptions<const O extends Options>(words: string[], options: O): Values<O> {
  return readWords(words, options, []).values;
}

/** Our own words, and behind "--" those of a command; `usage` says how it is to be, for one that is not there. */
export function splitCommand(
  words: string[],
  usage: string,
): { own: string[]; command: string[] } {
  const end = words.indexOf("--");
  const command = end < 0 ? [] : words.slice(end + 1);
  if (command.length === 0) throw new UsageError(`there is no command: ${usage}`);
  return { own: words.slice(0, end), command };
}

/**
 * The options among `words` and the other words; throws {@linkcode UsageError} for an option that is unknown, and for too
 * few or too many words.
 *
 * @param names What the words are, in order: `"NAME"`, or `"[SERVICE]"` where it may be left out.
 */
export function readWords<const O extends Options>(
  words: string[],
  options: O,
  names: readonly string[],
): { values: Values<O>; positionals: string[] } {
  let result: { values: Values<O>; positionals: string[] };
  try {
    const allowPositionals = names.length > 0;
    result = parseArgs({ args: words, options, strict: true, allowPositionals });
  } catch (error) {
    throw new UsageError((error as Error).message.split(". To specify")[0]!);
  }
  const given = result.positionals;
  const missing = names.slice(given.length).find((name) => !name.startsWith("["));
  if (missing !== undefined) throw new UsageError(`${missing} is missing`);
  if (given.length > names.length) {
    throw new UsageError(`there is no use for ${JSON.stringify(given[names.length])}`);
  }
  return result;
}
