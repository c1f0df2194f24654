/**
 * A blocking unix(7) stream with one deadline for everything done on it, over the native library: no permission beside
 * `--allow-ffi`, and usable where a snapshot must be synchronous.
 *
 * @module
 */

import { native } from "../../ffi/library.ts";
import { checked } from "../errno.ts";
import type { Channel } from "./call.ts";

/**
 * Connects to the socket at `path`; all that follows on it may take `timeoutMs` together.
 *
 * @throws {MifError} ENOENT, ECONNREFUSED, EACCES as connect(2) fails; ETIMEDOUT when the time is over.
 */
export function connectUnix(path: string, timeoutMs: number): Channel {
  const deadlineMs = performance.now() + timeoutMs;
  const leftMs = () => Math.max(0, Math.ceil(deadlineMs - performance.now()));
  const name = new TextEncoder().encode(path);
  const fd = checked(
    native().mif_unix_connect(name, name.length, timeoutMs),
    "connect",
    `Cannot connect to ${path}`,
  );
  return {
    write(bytes) {
      const result = native().mif_stream_write(fd, bytes, bytes.length, leftMs());
      checked(result, "send", `Cannot write to ${path}`);
    },
    read(into) {
      const result = native().mif_stream_read(fd, into, into.length, leftMs());
      return checked(result, "recv", `Cannot read from ${path}`);
    },
    close() {
      native().mif_close(fd);
    },
  };
}
