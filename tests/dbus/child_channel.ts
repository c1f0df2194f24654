/**
 * A {@linkcode Channel} to a real unix socket out of nothing but node:child_process and FIFOs: the
 * runtimes have no synchronous sockets, and these tests must not need the native library.
 *
 * @module
 */

import { spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Channel } from "../../lib/dbus/call.ts";
import { MifError } from "../../lib/error.ts";

/** Opens a socket through a child process. The child ends with the channel or after `timeoutMs`. */
export function connectByChild(path: string, timeoutMs: number): Channel {
  if (!existsSync(path)) {
    throw new MifError(`Cannot connect to ${path}: no such socket`, {
      code: "ENOENT",
      errno: 2,
      syscall: "connect",
    });
  }
  const directory = mkdtempSync(join(tmpdir(), "mif-bus-"));
  const toChild = join(directory, "to_child");
  const fromChild = join(directory, "from_child");
  spawnSync("mkfifo", [toChild, fromChild]);
  const bridge = fileURLToPath(new URL("./unix_bridge.ts", import.meta.url));
  const child = spawn(process.execPath, [bridge, path, toChild, fromChild, `${timeoutMs}`], {
    stdio: "ignore",
  });
  child.unref();
  const output = openSync(toChild, "w");
  const input = openSync(fromChild, "r");
  return {
    write: (bytes) => void writeSync(output, bytes),
    read: (into) => readSync(input, into, 0, into.length, null),
    close: () => {
      closeSync(output);
      closeSync(input);
      child.kill();
      rmSync(directory, { recursive: true });
    },
  };
}
