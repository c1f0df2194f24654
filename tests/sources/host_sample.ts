/**
 * Hosts for the tests of the sources: directories of fixtures put where a host has them, single files
 * written in the test, and a system bus that plays back a recorded conversation.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Channel, ConnectUnix } from "../../lib/dbus/call.ts";
import { MifError } from "../../lib/error.ts";
import { type HostFiles, hostFiles } from "../../lib/sources/host_files.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures/", import.meta.url));

/** The text of a fixture. */
export function fixture(path: string): string {
  return readFileSync(FIXTURES + path, "utf8");
}

/** A host whose directories (keys) are fixtures (values). */
export function fixtureHost(places: Record<string, string>): HostFiles {
  const real = hostFiles();
  const at = <T>(path: string, read: (place: string) => T): T | null => {
    const found = Object.keys(places).find((key) => path === key || path.startsWith(`${key}/`));
    return found === undefined ? null : read(FIXTURES + places[found] + path.slice(found.length));
  };
  return {
    read: (path, maxBytes) => at(path, (place) => real.read(place, maxBytes)),
    list: (path) => at(path, (place) => real.list(place)),
  };
}

/** A host with these files; an Error as content is thrown. */
export function textHost(texts: Record<string, string | Error>): HostFiles {
  return {
    read(path) {
      const text = texts[path];
      if (text instanceof Error) throw text;
      return text ?? null;
    },
    list(path) {
      const inside = Object.keys(texts).filter((file) => file.startsWith(`${path}/`));
      if (inside.length === 0) return null;
      return [...new Set(inside.map((file) => file.slice(path.length + 1).split("/")[0]!))].sort();
    },
  };
}

/** A conversation as it was recorded: ">" what the client wrote, "<" what one read gave. */
export type Conversation = { d: ">" | "<"; b: string }[];

/** Reads a recorded conversation. */
export function conversation(path: string): Conversation {
  return JSON.parse(fixture(path));
}

/** What the bus said, all of it. */
export function busBytes(recorded: Conversation): Uint8Array {
  return new Uint8Array(
    Buffer.concat(recorded.filter(({ d }) => d === "<").map(({ b }) => Buffer.from(b, "base64"))),
  );
}

/** A socket on which `bytes` come in, at most `atOnce` for each read, then the end. */
export function playback(
  bytes: Uint8Array,
  atOnce = Infinity,
): { connectUnix: ConnectUnix; written: Uint8Array[]; closed: () => number } {
  const written: Uint8Array[] = [];
  let closed = 0;
  let offset = 0;
  const channel: Channel = {
    write: (sent) => void written.push(sent.slice()),
    read(into) {
      const count = Math.min(into.length, atOnce, bytes.length - offset);
      into.set(bytes.subarray(offset, offset + count));
      offset += count;
      return count;
    },
    close: () => void closed++,
  };
  return { connectUnix: () => channel, written, closed: () => closed };
}

/** A host without a bus. */
export const noBus: ConnectUnix = (path) => {
  throw new MifError(`Cannot connect to ${path}: no such file`, {
    code: "ENOENT",
    errno: 2,
    syscall: "connect",
  });
};
