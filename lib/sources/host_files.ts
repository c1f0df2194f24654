/**
 * Small files of this host, read so that nothing in their place can hang, crash or fill memory.
 *
 * A FIFO, a device, a socket, a directory or a file of ten gigabytes is an
 * {@linkcode UnreadableError} with one sentence for the user. What does not exist is null, at the
 * price of one access(2).
 *
 * @module
 */

import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  type Stats,
} from "node:fs";
import { isRefusal } from "../permission.ts";

/** Reads of this host's files. Paths are absolute. */
export interface HostFiles {
  /**
   * The text of a regular file, or null where it does not exist.
   *
   * @param damaged Whether bytes that are no UTF-8 become U+FFFD each.
   * @throws {UnreadableError} It is no regular file, longer than `maxBytes` (1 MiB unless told), not
   * UTF-8 (unless `damaged`), or may not be read.
   */
  read(path: string, maxBytes?: number, damaged?: boolean): string | null;
  /**
   * The names in a directory in code unit order, or null where it does not exist.
   *
   * @throws {UnreadableError} It holds more than 4096 names or may not be read.
   */
  list(path: string): string[] | null;
}

/** A file or directory that is there but cannot be used; the message is one sentence for the user. */
export class UnreadableError extends Error {
  /** The name of the class, for those who print it. */
  override readonly name = "UnreadableError";
  /** The flag of `deno run` that permits it, where only that is lacking. */
  readonly flag: string | null;

  /** With the flag that is lacking, if any. */
  constructor(message: string, options: { cause?: unknown; flag?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.flag = options.flag ?? null;
  }
}

const SIZE_MAX = 1 << 20;
const NAMES_MAX = 4096;

/** O_CLOEXEC of open(2) on every Linux we run on; node:fs does not name it. */
const O_CLOEXEC = 0o2000000;

/**
 * The files under `root`. An absolute symbolic link leads out of it: this is for looking at a copy
 * of /run and /etc, it is no sandbox.
 */
export function hostFiles(root = "/"): HostFiles {
  const base = root.replace(/\/+$/, "");
  return {
    read: (path, maxBytes = SIZE_MAX, damaged = false) =>
      attempt(base + path, (file) => readText(file, maxBytes, { damaged })),
    list: (path) => attempt(base + path, readNames),
  };
}

/**
 * The text of a regular file, which must be the path's own and no symbolic link, or null where it does not exist.
 *
 * @param wants Looks at the open file first, and may refuse it with an {@linkcode UnreadableError}; false leaves it unread,
 *   and the answer is null.
 * @throws {UnreadableError} As {@linkcode HostFiles.read} does.
 */
export function readExactly(
  path: string,
  maxBytes: number,
  wants: (status: Stats) => boolean,
): string | null {
  return attempt(path, (file) => readText(file, maxBytes, { follow: false, wants }));
}

/** What stands at a path itself, be it a symbolic link; null where there is nothing. */
export function statusOf(path: string): Stats | null {
  return attempt(path, (file) => lstatSync(file));
}

/** Runs one read; absence becomes null, every other failure an {@linkcode UnreadableError}. */
function attempt<T>(path: string, read: (path: string) => T): T | null {
  try {
    // Ten times cheaper than an exception from open(2), and most of these files do not exist.
    return existsSync(path) ? read(path) : null;
  } catch (error) {
    if (error instanceof UnreadableError) throw error;
    const { code, message } = error as { code?: string; message: string };
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    if (isRefusal(error)) {
      const flag = `--allow-read=${path}`;
      throw new UnreadableError(`not read: the runtime refuses, run with ${flag}`, { flag });
    }
    if (code === "ELOOP") {
      throw new UnreadableError("not read: a symbolic link that is not followed");
    }
    throw new UnreadableError(`not read: ${code ?? message}`, { cause: error });
  }
}

interface ReadTextOptions {
  damaged?: boolean;
  follow?: boolean;
  wants?: (status: Stats) => boolean;
}

function readText(
  path: string,
  maxBytes: number,
  options: ReadTextOptions & { wants?: undefined },
): string;
function readText(path: string, maxBytes: number, options: ReadTextOptions): string | null;
function readText(
  path: string,
  maxBytes: number,
  { damaged = false, follow = true, wants = () => true }: ReadTextOptions,
): string | null {
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
  // O_NONBLOCK: open(2) of a FIFO without a writer would wait for ever.
  const flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW);
  const descriptor = openSync(path, flags);
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw new UnreadableError("not read: not a regular file");
    if (status.size > maxBytes) throw tooLarge(maxBytes);
    if (!wants(status)) return null;
    return decode(readBytes(descriptor, status.size, maxBytes), damaged);
  } finally {
    closeSync(descriptor);
  }
}

/** Reads to the end. The size is a hint only: files of /proc say 0, and a file may grow meanwhile. */
function readBytes(descriptor: number, sizeHint: number, maxBytes: number): Uint8Array {
  let bytes = new Uint8Array(sizeHint + 1);
  let length = 0;
  while (true) {
    const count = readSync(descriptor, bytes, length, bytes.length - length, null);
    if (count === 0) return bytes.subarray(0, length);
    length += count;
    if (length > maxBytes) throw tooLarge(maxBytes);
    if (length === bytes.length) {
      const larger = new Uint8Array(Math.min(bytes.length * 2, maxBytes) + 1);
      larger.set(bytes);
      bytes = larger;
    }
  }
}

function tooLarge(maxBytes: number): UnreadableError {
  return new UnreadableError(`not read: too large, more than ${maxBytes} bytes`);
}

function decode(bytes: Uint8Array, damaged: boolean): string {
  try {
    return new TextDecoder("utf-8", { fatal: !damaged }).decode(bytes);
  } catch {
    throw new UnreadableError("not used: not UTF-8 text");
  }
}

function readNames(path: string): string[] {
  const names = readdirSync(path);
  if (names.length > NAMES_MAX) {
    throw new UnreadableError(`not read: more than ${NAMES_MAX} names in it`);
  }
  return names.sort();
}
