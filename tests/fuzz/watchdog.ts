/**
 * A parser that does not come back cannot be told by its own thread: another one sees that the same input has been read
 * for too long, keeps it as a crasher and ends the process.
 *
 * @module
 */

import { writeSync } from "node:fs";
import process from "node:process";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { keepCrasher } from "./kept_inputs.ts";
import { INPUT_SIZE_MAX } from "./target.ts";

/** An input that is read for so long is a hang. */
const HANG_MS = 20_000;
const HEAD_SIZE = 256;

/** Memory of both threads: how many inputs so far, the length of this one, the target's name, the input. */
class Watched {
  readonly memory: SharedArrayBuffer;
  readonly #numbers: Int32Array;
  readonly #name: Uint8Array;
  readonly #input: Uint8Array;

  constructor(memory = new SharedArrayBuffer(HEAD_SIZE + INPUT_SIZE_MAX)) {
    this.memory = memory;
    this.#numbers = new Int32Array(memory, 0, 3);
    this.#name = new Uint8Array(memory, 12, HEAD_SIZE - 12);
    this.#input = new Uint8Array(memory, HEAD_SIZE);
  }

  get count(): number {
    return Atomics.load(this.#numbers, 0);
  }

  get name(): string {
    return new TextDecoder().decode(this.#name.slice(0, this.#numbers[2]));
  }

  get input(): Uint8Array {
    return this.#input.slice(0, this.#numbers[1]);
  }

  setName(name: string): void {
    const bytes = new TextEncoder().encode(name);
    this.#name.set(bytes);
    this.#numbers[2] = bytes.length;
  }

  setInput(input: Uint8Array): void {
    this.#input.set(input);
    this.#numbers[1] = input.length;
    Atomics.add(this.#numbers, 0, 1);
  }
}

/** Watches this thread from another one. */
export class Watchdog {
  readonly #watched = new Watched();
  readonly #worker: Worker;

  /** Begins to watch. */
  constructor(hangMs: number = HANG_MS, directory?: string) {
    const { memory } = this.#watched;
    this.#worker = new Worker(new URL(import.meta.url), {
      workerData: { memory, hangMs, directory },
    });
    this.#worker.unref();
  }

  /** Says which target's inputs come now. */
  begin(name: string): void {
    this.#watched.setName(name);
  }

  /** Says which input is read now. */
  trying(input: Uint8Array): void {
    this.#watched.setInput(input);
  }

  /** Ends the watch. */
  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

if (!isMainThread) {
  const { memory, hangMs, directory } = workerData;
  const watched = new Watched(memory);
  let last = -1;
  setInterval(() => {
    const { count } = watched;
    if (count === last && count > 0) {
      const path = keepCrasher(watched.name, watched.input, directory);
      // Not process.stderr: a worker's goes by the thread that hangs.
      writeSync(2, `${watched.name} does not come back from what is kept in ${path}\n`);
      process.kill(process.pid, "SIGKILL");
    }
    last = count;
  }, hangMs);
}
