/**
 * Hears from the `mif` daemon by its socket what is new in its state, at once.
 *
 * It says only what the state file says too, and is believed by the same rule: the socket must stand in a directory that
 * is its owner's alone, and who listens there must be that owner or root (SO_PEERCRED).
 *
 * @module
 */

import { native } from "../../ffi/library.ts";
import { ETIMEDOUT } from "../errno.ts";
import { peerUser } from "../peer_user.ts";
import { daemonUsers, loseDaemon, setDaemonState, touchDaemonState } from "../pvd/daemon_file.ts";
import { decodeSign, STATE_SIZE_MAX, STATE_SOCKET, StateError } from "../pvd/daemon_state.ts";
import { EPOLLIN, EPOLLRDHUP, reactor } from "../socket/reactor.ts";
import { UnreadableError } from "../sources/host_files.ts";

const NEWLINE = 0x0a;
const READ_SIZE = 64 * 1024;
/** After so many reads the event loop has its turn. */
const READS_MAX = 16;

const path = new TextEncoder().encode(STATE_SOCKET);
const chunk = new Uint8Array(READ_SIZE);

/** A connection, where there is a daemon. It does not keep the process alive. */
export class DaemonClient {
  readonly #heard: () => void;
  #fd = -1;
  /** The beginning of a line. */
  #parts: Uint8Array[] = [];
  #size = 0;

  /** Calls `heard` when the daemon has said something new, or is gone. Not connected yet. */
  constructor(heard: () => void) {
    this.#heard = heard;
  }

  /** Connects where it is not and there is a daemon. @returns Whether it is connected. */
  connect(): boolean {
    if (this.#fd >= 0) return true;
    const users = usersOrNull();
    if (users === null) return false;
    const fd = native().mif_unix_connect(path, path.length, 0);
    if (fd < 0) return false;
    if (!users.includes(peerUser(fd))) {
      native().mif_close(fd);
      return false;
    }
    this.#fd = fd;
    reactor().add(fd, EPOLLIN | EPOLLRDHUP, () => this.#read());
    return true;
  }

  /** Closes it; what the daemon said last counts no more. */
  close(): void {
    this.#disconnect();
    setDaemonState(null);
  }

  #disconnect(): void {
    if (this.#fd < 0) return;
    reactor().remove(this.#fd);
    native().mif_close(this.#fd);
    this.#fd = -1;
    this.#parts = [];
    this.#size = 0;
  }

  #read(): void {
    for (let reads = 0; this.#fd >= 0; reads++) {
      if (reads === READS_MAX) {
        setImmediate(() => this.#read());
        return;
      }
      const length = native().mif_stream_read(this.#fd, chunk, chunk.length, 0);
      if (length > 0) this.#take(chunk.slice(0, length));
      else if (length === -ETIMEDOUT) return;
      else this.#lose();
    }
  }

  #lose(): void {
    this.#disconnect();
    loseDaemon();
    this.#heard();
  }

  #take(bytes: Uint8Array): void {
    let start = 0;
    for (let end; (end = bytes.indexOf(NEWLINE, start)) >= 0; start = end + 1) {
      const line = [...this.#parts, bytes.subarray(start, end)];
      this.#parts = [];
      this.#size = 0;
      if (!this.#takeLine(line)) return this.#lose();
    }
    const rest = bytes.subarray(start);
    this.#size += rest.length;
    if (rest.length > 0) this.#parts.push(rest);
    if (this.#size > STATE_SIZE_MAX) this.#lose();
  }

  /** False where it is nothing that a daemon of our version says. */
  #takeLine(parts: Uint8Array[]): boolean {
    const decoder = new TextDecoder();
    const text = parts.map((part) => decoder.decode(part, { stream: true })).join("");
    try {
      const writtenMs = decodeSign(text);
      if (writtenMs === null) setDaemonState(text);
      if (writtenMs === null || touchDaemonState(writtenMs)) this.#heard();
      return true;
    } catch (error) {
      if (error instanceof StateError) return false;
      throw error;
    }
  }
}

function usersOrNull(): readonly number[] | null {
  try {
    return daemonUsers();
  } catch (error) {
    // The file's reader says why.
    if (error instanceof UnreadableError) return null;
    throw error;
  }
}
