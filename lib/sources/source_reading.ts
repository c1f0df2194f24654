/**
 * What every source's reader works with: the host it looks at, and a report that grows while it
 * reads and never fails.
 *
 * @module
 */

import {
  BusError,
  callMethod,
  type ConnectUnix,
  type MethodCall,
  SYSTEM_BUS_PATH,
} from "../dbus/call.ts";
import { type DBusValue, MalformedMessageError } from "../dbus/message.ts";
import { MifError } from "../error.ts";
import { type HostFiles, UnreadableError } from "./host_files.ts";
import type { SourceReport } from "./statement.ts";

/** Where the sources are looked for. */
export interface SourceHost {
  /** The files of the host. */
  files: HostFiles;
  /** Opens a unix socket for the system bus; null where none can be opened. */
  connectUnix: ConnectUnix | null;
  /** The links there are. */
  links: { index: number; name: string }[];
}

const WARNINGS_MAX = 256;

/** The answers come from memory in about a millisecond; a snapshot must not hang on a stuck service. */
const BUS_TIMEOUT_MS = 500;

/** One source being read. Whatever cannot be read becomes a warning of the report. */
export class SourceReading {
  /** What was read so far. */
  readonly report: SourceReport;
  readonly #files: HostFiles;
  readonly #connectUnix: ConnectUnix | null;

  /** Begins with an empty report: the source is not there until `found` is set. */
  constructor(source: string, { files, connectUnix }: SourceHost) {
    this.report = { source, found: false, resolvers: [], prefixes: [], warnings: [] };
    this.#files = files;
    this.#connectUnix = connectUnix;
  }

  /** The text of a file; null where it does not exist or cannot be used. */
  read(path: string, maxBytes?: number): string | null {
    return this.#attempt(path, () => this.#files.read(path, maxBytes));
  }

  /** The names in a directory; null where it does not exist or cannot be read. */
  list(path: string): string[] | null {
    return this.#attempt(path, () => this.#files.list(path));
  }

  /** The arguments of a method's reply; null where the bus is not there or the call fails. */
  call(method: MethodCall): DBusValue[] | null {
    if (!this.#connectUnix) return null;
    try {
      return callMethod(this.#connectUnix, SYSTEM_BUS_PATH, BUS_TIMEOUT_MS, method).body;
    } catch (error) {
      const expected = error instanceof BusError || error instanceof MalformedMessageError ||
        error instanceof MifError;
      if (!expected) throw error;
      // A host without a bus is in order; one where the bus does not answer is not.
      if (!(error instanceof MifError && error.code === "ENOENT")) {
        this.warn(method.path, `${method.member} on the system bus failed: ${error.message}`);
      }
      return null;
    }
  }

  /** Adds warnings about a file or bus object. */
  warn(path: string, ...messages: string[]): void {
    const { source, warnings } = this.report;
    for (const message of messages) {
      if (warnings.length < WARNINGS_MAX) warnings.push({ source, path, message });
    }
  }

  #attempt<T>(path: string, read: () => T | null): T | null {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      // Something stands where the source keeps its files: the user must hear of it.
      this.report.found = true;
      this.warn(path, error.message);
      return null;
    }
  }
}
