/**
 * Answers kept so that the next socket need not work them out again: they are pure, of a text or of one reading of the
 * kernel's tables.
 *
 * @module
 */

import { parseAddress, type ParsedAddress, parsePrefix } from "../ip/address.ts";
import type { KernelSnapshot } from "../netlink/snapshot.ts";

/** So many are kept; then all are forgotten, for whoever asks that much does not ask twice. */
const KEPT_MAX = 1024;

/** A function of a text that remembers its last answers, which nobody may change. */
function remembering<T>(answer: (text: string) => T): (text: string) => T {
  const kept = new Map<string, T>();
  return (text) => {
    let known = kept.get(text);
    if (known === undefined) {
      known = answer(text);
      if (kept.size >= KEPT_MAX) kept.clear();
      kept.set(text, known);
    }
    return known;
  };
}

/** parseAddress(), whose answer is everybody's: not to be changed. */
export const knownAddress: (text: string) => Readonly<ParsedAddress> | null = remembering(
  parseAddress,
);

/** parsePrefix(), whose answer is everybody's: not to be changed. */
export const knownPrefix: (text: string) => Readonly<ReturnType<typeof parsePrefix>> = remembering(
  parsePrefix,
);

/** An answer, with when it was given. */
interface Kept {
  answer: unknown;
  atMs: number;
}

const bySnapshot = new WeakMap<KernelSnapshot, Map<string, Kept>>();

/**
 * What `answer` gives, worked out once for each reading of the kernel's tables and each `question`.
 *
 * @param believedMs An older answer is worked out again; without it none is too old.
 */
export function oncePerSnapshot<T>(
  kernel: KernelSnapshot,
  question: string,
  answer: () => T,
  believedMs = Infinity,
): T {
  let answers = bySnapshot.get(kernel);
  if (answers === undefined) bySnapshot.set(kernel, answers = new Map());
  const known = answers.get(question);
  if (
    known !== undefined && (believedMs === Infinity || performance.now() - known.atMs < believedMs)
  ) {
    return known.answer as T;
  }
  const given = { answer: answer(), atMs: performance.now() };
  if (answers.size >= KEPT_MAX) answers.clear();
  answers.set(question, given);
  return given.answer;
}
