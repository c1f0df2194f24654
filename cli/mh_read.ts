/**
 * Where `mif mh dump` reads a capture from.
 *
 * @module
 */

import { closeSync, openSync, readSync } from "node:fs";
import process from "node:process";
import { MifError } from "../mod.ts";

const CHUNK_SIZE = 1024 * 1024;

/** A file bit by bit, in memory that is used again; "-" is standard input. @throws {MifError} ENOENT, EACCES and so on. */
export function chunksOf(path: string): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  return path === "-" ? process.stdin : chunksOfFile(path);
}

function* chunksOfFile(path: string): Generator<Uint8Array> {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    throw fileError("read", path, error);
  }
  try {
    const chunk = new Uint8Array(CHUNK_SIZE);
    while (true) {
      const size = readSync(fd, chunk);
      if (size === 0) return;
      yield chunk.subarray(0, size);
    }
  } catch (error) {
    throw fileError("read", path, error);
  } finally {
    closeSync(fd);
  }
}

/** What the runtime said of a file, as ours. */
export function fileError(what: "read" | "write", path: string, error: unknown): unknown {
  const { code, errno = 0 } = error as NodeJS.ErrnoException;
  if (error instanceof MifError || code === undefined) return error;
  return new MifError(`Cannot ${what} ${path} (${code})`, {
    code,
    errno: Math.abs(errno),
    syscall: what,
    cause: error,
  });
}
