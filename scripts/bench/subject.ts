/**
 * A process that measures: our script in one runtime, or the C program.
 *
 * It stays, so that what it measures is warm, and does one operation at a time when it is told to: between
 * two of its turns all others have theirs, and the noise of the machine falls on all alike.
 *
 * @module
 */

import type { Host, LabProcess } from "../../tests/lab/mod.ts";

/** What has not answered by then never will: a million questions take a minute or two, all else much less. */
const ANSWER_MS = 600_000;

/** One measuring process in one world. */
export class Subject {
  readonly #process: LabProcess;
  readonly #ended: Promise<never>;
  #onLine: (line: string) => void = () => {};

  /** Starts `argv` in the namespace of `host`; it ends with the world. */
  constructor(host: Host, argv: readonly string[]) {
    this.#process = host.spawn(argv, { onLine: (line) => this.#onLine(line) });
    this.#ended = this.#process.exited.then(() => {
      throw new Error(`${argv.join(" ")} ended: ${this.#process.stderr}`);
    });
    // Whoever asks nothing any more does not mind.
    this.#ended.catch(() => {});
  }

  /** Nanoseconds of each of `count` operations. */
  async measure(operation: string, count: number): Promise<number[]> {
    return (await this.ask(`${operation} ${count}`)).split(" ").map(Number);
  }

  /** The next line it writes by itself. */
  line(): Promise<string> {
    const line = new Promise<string>((resolve) => this.#onLine = resolve);
    const what = `${this.#process.argv.join(" ")} does not answer`;
    return within(ANSWER_MS, Promise.race([line, this.#ended]), () => what);
  }

  /** How many records of each kind its snapshot has. */
  counts(): Promise<string> {
    return this.ask("counts 1");
  }

  /** Writes one line and waits for the line that answers it. */
  async ask(question: string): Promise<string> {
    const answer = this.line();
    this.#process.write(question + "\n");
    return await answer;
  }
}

/** What is waited for, if it comes in time; else rejects and says what went wrong. */
export async function within<T>(
  timeMs: number,
  wanted: Promise<T>,
  wrong: () => string,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(wrong())), timeMs);
  });
  try {
    return await Promise.race([wanted, late]);
  } finally {
    clearTimeout(timer);
  }
}
