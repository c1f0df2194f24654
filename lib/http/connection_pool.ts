/**
 * Connections that wait for another request.
 *
 * @module
 */

import type { HttpConnection } from "./http_connection.ts";

/** As many wait at the most, to all servers together. */
const IDLE_MAX = 256;

/** Connections by what they lead to. */
export class ConnectionPool {
  readonly #idleTimeoutMs: number;
  /** The next to take last: the one used last has the best prospects. */
  readonly #idle = new Map<string, HttpConnection[]>();
  /** All, also those in use. */
  readonly #open = new Set<HttpConnection>();
  #idleCount = 0;

  /** @param idleTimeoutMs How long a connection waits for another request. */
  constructor(idleTimeoutMs: number) {
    this.#idleTimeoutMs = idleTimeoutMs;
  }

  /** A connection that is free, or null. */
  take(key: string): HttpConnection | null {
    const idle = this.#idle.get(key);
    while (idle?.length) {
      const connection = idle.pop()!;
      this.#idleCount--;
      if (idle.length === 0) this.#idle.delete(key);
      if (connection.isFree) return connection;
    }
    return null;
  }

  /** Knows of a connection from now on. */
  add(connection: HttpConnection): void {
    this.#open.add(connection);
  }

  /** Keeps a connection that has become free. */
  put(key: string, connection: HttpConnection): void {
    if (this.#idleTimeoutMs <= 0 || this.#idleCount >= IDLE_MAX) return connection.destroy();
    let idle = this.#idle.get(key);
    if (!idle) this.#idle.set(key, idle = []);
    idle.push(connection);
    this.#idleCount++;
    connection.closeAfter(this.#idleTimeoutMs);
  }

  /** Forgets a connection that is closed. */
  delete(key: string, connection: HttpConnection): void {
    this.#open.delete(connection);
    const idle = this.#idle.get(key);
    const at = idle?.indexOf(connection) ?? -1;
    if (at < 0) return;
    idle!.splice(at, 1);
    this.#idleCount--;
    if (idle!.length === 0) this.#idle.delete(key);
  }

  /** Closes those that wait. */
  closeIdle(): void {
    for (const idle of [...this.#idle.values()]) {
      for (const connection of [...idle]) connection.destroy();
    }
  }

  /** Closes all, and with them what is under way. */
  destroy(error: unknown): void {
    for (const connection of [...this.#open]) connection.destroy(error);
  }
}
