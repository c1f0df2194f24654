/**
 * What a command of ours prints, without a process of its own: to start one takes longer than most of what they do.
 *
 * @module
 */

import process from "node:process";

/** What is written to a stream of this process while something runs: it does not go there. */
export async function written(
  stream: "stdout" | "stderr",
  run: () => unknown,
): Promise<string> {
  let text = "";
  const { write } = process[stream];
  process[stream].write = (part: string | Uint8Array) => {
    text += part;
    return true;
  };
  try {
    await run();
  } finally {
    process[stream].write = write;
  }
  return text;
}
