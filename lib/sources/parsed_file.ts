/**
 * A file of this host that is asked for often and changes seldom.
 *
 * @module
 */

import type { MifError } from "../error.ts";
import { notPermitted } from "../permission.ts";
import { type HostFiles, UnreadableError } from "./host_files.ts";

/** How old a reading may be. */
const AGE_MAX_MS = 1000;

/** How a file is read: as {@linkcode HostFiles.read} does. */
export interface ParsedFileOptions {
  maxBytes?: number;
  damaged?: boolean;
}

/** One file and what its text means. One that is not there or cannot be read is an empty one, as to the C library. */
export class ParsedFile<T> {
  readonly #path: string;
  readonly #parse: (text: string) => T;
  readonly #options: ParsedFileOptions;
  #refusal: MifError | null = null;
  #last: { files: HostFiles; text: string; meaning: T; readMs: number } | null = null;

  /** Reads nothing yet. */
  constructor(path: string, parse: (text: string) => T, options: ParsedFileOptions = {}) {
    this.#path = path;
    this.#parse = parse;
    this.#options = options;
  }

  /** What the file says: as of now or of a second ago at most. The same object as before while the text is the same. */
  read(files: HostFiles): T {
    const nowMs = performance.now();
    const last = this.#last;
    if (last?.files === files && nowMs - last.readMs < AGE_MAX_MS) return last.meaning;
    const text = this.#text(files);
    const meaning = last?.text === text ? last.meaning : this.#parse(text);
    this.#last = { files, text, meaning, readMs: nowMs };
    return meaning;
  }

  /** What {@linkcode read} returns; throws EACCES with the flag where the runtime refused the file at the last reading. */
  readPermitted(files: HostFiles): T {
    const meaning = this.read(files);
    if (this.#refusal) throw this.#refusal;
    return meaning;
  }

  #text(files: HostFiles): string {
    const { maxBytes, damaged } = this.#options;
    this.#refusal = null;
    try {
      return files.read(this.#path, maxBytes, damaged) ?? "";
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      if (error.flag !== null) {
        const what = `read ${this.#path}`;
        this.#refusal = notPermitted(what, error.flag, { syscall: "open", cause: error });
      }
      return "";
    }
  }
}
