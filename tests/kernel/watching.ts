/**
 * `mif watch --json` in a host of the lab, and what somebody knows who applies its events.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { PvdEvent, PvdInfo } from "../../mod.ts";
import { type Host, type LabProcess, waitFor } from "../lab/mod.ts";
import { type Caller, mifArgv } from "./mif.ts";

/** One that runs until it is stopped, or the world ends. */
export class Watching {
  readonly process: LabProcess;
  /** All events so far, each with the time it came, performance.now(). */
  readonly events: (PvdEvent & { atMs: number })[] = [];
  /** What there is, by handle. */
  readonly #set = new Map<number, PvdInfo>();
  #default: PvdInfo | null | undefined;
  #fault: unknown = null;

  /** Starts it; its first set may still be to come. */
  constructor(host: Host, caller: Caller, ...words: string[]) {
    this.process = host.spawn(mifArgv(caller, "watch", "--json", ...words), {
      unprivileged: caller.unprivileged,
      onLine: (line) => {
        try {
          this.#take(JSON.parse(line));
        } catch (error) {
          this.#fault ??= error;
        }
      },
    });
  }

  /** Starts it, and waits for its first set. */
  static async start(host: Host, caller: Caller, ...words: string[]): Promise<Watching> {
    const watching = new Watching(host, caller, ...words);
    await waitFor("the first set", () => watching.isComplete || watching.#ended(), 30_000);
    assert.ok(watching.isComplete, watching.process.stderr);
    return watching;
  }

  /** Whether the first set has been told. */
  get isComplete(): boolean {
    return this.#default !== undefined;
  }

  /** What there is, as the events say. */
  get pvds(): PvdInfo[] {
    return [...this.#set.values()];
  }

  /** The PvD of an ID. */
  pvd(id: string): PvdInfo | undefined {
    return this.pvds.find((pvd) => pvd.id === id);
  }

  /** The ID of the default; null where there is none. */
  get default(): string | null {
    return this.#default?.id ?? null;
  }

  /** "added h0, changed h0" of the events from a number on. */
  told(from = 0): string {
    return this.events.slice(from).map(({ type, pvd }) => `${type} ${pvd?.id ?? "none"}`)
      .join(", ");
  }

  /** Waits until it knows something. Returns how many events there were before. */
  async until(what: string, holds: () => unknown, timeoutMs = 20_000): Promise<void> {
    try {
      await waitFor(what, () => this.#ended() || Boolean(holds()), timeoutMs);
    } catch (error) {
      throw new Error(`${(error as Error).message}; told: ${this.told()}`);
    }
    if (!holds()) throw new Error(`It ended before ${what}: ${this.process.stderr}`);
  }

  #ended(): boolean {
    if (this.#fault !== null) throw this.#fault;
    return !this.process.running;
  }

  #take(event: PvdEvent): void {
    this.events.push({ ...event, atMs: performance.now() });
    if (event.type === "default") {
      this.#default = event.pvd;
      return;
    }
    const { handle, id } = event.pvd;
    // The first set is told as such, and no event is about what is not there.
    if (!this.isComplete) assert.equal(event.type, "added", `${id} before the first set was told`);
    assert.equal(this.#set.has(handle), event.type !== "added", `${event.type} ${id}`);
    if (event.type === "removed") this.#set.delete(handle);
    else this.#set.set(handle, event.pvd);
  }
}
