/**
 * Commands and daemons of the lab: started in a process group of their own, and ended as a whole.
 *
 * @module
 */

import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import process from "node:process";

/**
 * Where commands are looked for: first where the system keeps its own (daemons are not in a user's PATH, and a
 * user's python3 may be a slow shim in a private directory), then PATH.
 */
export function commandPath(): string {
  return `/usr/sbin:/usr/bin:/sbin:/bin:${process.env.PATH ?? ""}`;
}

/** How a command ended and what it wrote. */
export interface CommandResult {
  /** Exit status, or null when a signal ended it. */
  status: number | null;
  /** The signal that ended it, or null. */
  signal: string | null;
  /** What it wrote to standard output. */
  stdout: string;
  /** What it wrote to standard error. */
  stderr: string;
  /** Whether it was killed because its time was over. */
  timedOut: boolean;
}

/** What a command may be given. */
export interface CommandOptions {
  /** Added to this process' environment; undefined takes a variable away. */
  env?: Record<string, string | undefined>;
  /** Text for its standard input, which is closed behind it. */
  input?: string;
  /** After this time the command and all its children are killed. 30 s where left out. */
  timeoutMs?: number;
}

/** What a long-lived command may be given. */
export interface LabProcessOptions {
  /** Added to this process' environment; undefined takes a variable away. */
  env?: Record<string, string | undefined>;
  /** Takes each line of standard output, which is then not kept in `stdout`. */
  onLine?: (line: string) => void;
  /** What ends a line; "\n" where left out. */
  lineEnd?: string;
}

/**
 * Runs a command to its end and reads what it wrote. One that fails is a result, not an exception. Commands are looked for in
 * /usr/sbin, /usr/bin, /sbin and /bin first, then in PATH.
 *
 * @throws {Error} The command cannot be started: the message has its words and why.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { runCommand } from "@mif/sockets/lab";
 *
 * const { status, stdout } = await runCommand(["sh", "-c", "cat; exit 3"], { input: "text" });
 * assert.deepEqual([status, stdout], [3, "text"]);
 * ```
 */
export async function runCommand(
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = new LabProcess(argv, { env: options.env });
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill();
  }, options.timeoutMs ?? 30_000);
  child.write(options.input ?? "");
  child.closeInput();
  try {
    const { status, signal } = await child.exited;
    return { status, signal, stdout: child.stdout, stderr: child.stderr, timedOut };
  } finally {
    clearTimeout(timer);
  }
}

/** Runs a short command at once and returns its standard output. Throws where it fails. */
export function commandOutput(argv: readonly string[], input = ""): string {
  const result = spawnSync(argv[0]!, argv.slice(1), {
    input,
    env: { ...process.env, PATH: commandPath() },
    encoding: "utf8",
    maxBuffer: 1 << 30,
    timeout: 60_000,
    killSignal: "SIGKILL",
  });
  if (result.status === 0) return result.stdout;
  const cause = result.error?.message ?? (result.stderr.trim() || `status ${result.status}`);
  throw new Error(`Cannot run ${argv.join(" ")}: ${cause}`);
}

/**
 * A running command: a daemon, a sniffer, a source of churn. One that `Host.spawn()` started ends with its world; another by
 * {@linkcode LabProcess.stop}, or by itself.
 *
 * @throws {Error} By waitForOutput(), and by `exited` where the command could not be started. The others throw nothing.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { LabProcess } from "@mif/sockets/lab";
 *
 * const server = new LabProcess(["sh", "-c", "echo started; exec sleep 60"]);
 * await server.waitForOutput(/started/);
 * await server.stop();
 * assert.equal((await server.exited).signal, "SIGKILL");
 * ```
 */
export class LabProcess {
  /** Its command line. */
  readonly argv: readonly string[];
  /** All it wrote to standard output so far; empty where `onLine` takes it. */
  stdout = "";
  /** All it wrote to standard error so far. */
  stderr = "";
  /** Settles when it has ended and its output is read. Rejects where it could not be started. */
  readonly exited: Promise<{ status: number | null; signal: string | null }>;
  #child: ChildProcessWithoutNullStreams;
  #ended = false;
  #listeners = new Set<() => void>();

  /** Starts the command. */
  constructor(argv: readonly string[], options: LabProcessOptions = {}) {
    this.argv = argv;
    // detached = a session and process group of its own, so that kill() reaches its children too.
    this.#child = spawn(argv[0]!, argv.slice(1), {
      detached: true,
      env: { ...process.env, PATH: commandPath(), ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.exited = new Promise((resolve, reject) => {
      this.#child.once("error", (cause) => {
        this.#ended = true;
        this.#changed();
        reject(new Error(`Cannot start ${argv.join(" ")}: ${cause.message}`));
      });
      this.#child.once("close", (status, signal) => {
        this.#ended = true;
        this.#changed();
        resolve({ status, signal });
      });
    });
    // Whoever does not await `exited` learns of a failed start from what the command did not do.
    this.exited.catch(() => {});
    // A command that has ended breaks the pipe; how it ended says more than EPIPE does.
    this.#child.stdin.on("error", () => {});
    this.#read(options.onLine, options.lineEnd ?? "\n");
  }

  /** Its process id, 0 where it could not be started. It leads a process group of the same number. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Whether it is still running, as far as this process knows. */
  get running(): boolean {
    return !this.#ended;
  }

  /** Writes to its standard input. */
  write(text: string): void {
    if (text !== "") this.#child.stdin.write(text);
  }

  /** Closes its standard input. */
  closeInput(): void {
    this.#child.stdin.end();
  }

  /** Kills it and every process of its group. */
  kill(): void {
    if (this.pid === 0 || this.#ended) return;
    try {
      process.kill(-this.pid, "SIGKILL");
    } catch {
      // ESRCH: it has just ended by itself.
    }
  }

  /** Kills it and waits until it has ended. */
  async stop(): Promise<void> {
    this.kill();
    await this.exited.catch(() => {});
  }

  /**
   * Waits until its output, standard error included, matches.
   *
   * @throws {Error} It ended before, or the time is over; the message has what it wrote.
   */
  async waitForOutput(pattern: RegExp, timeoutMs = 10_000): Promise<RegExpMatchArray> {
    const deadline = performance.now() + timeoutMs;
    while (true) {
      const match = `${this.stdout}\n${this.stderr}`.match(pattern);
      if (match !== null) return match;
      const left = deadline - performance.now();
      if (this.#ended || left <= 0) {
        const why = this.#ended ? "it ended" : `${timeoutMs} ms passed`;
        throw new Error(
          `No ${pattern} from ${this.argv.join(" ")}: ${why}: ${this.stdout}${this.stderr}`,
        );
      }
      await this.#change(left);
    }
  }

  #read(onLine: ((line: string) => void) | undefined, lineEnd: string): void {
    let rest = "";
    this.#child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      if (onLine === undefined) {
        this.stdout += chunk;
      } else {
        const lines = (rest + chunk).split(lineEnd);
        rest = lines.pop()!;
        lines.forEach(onLine);
      }
      this.#changed();
    });
    this.#child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      this.stderr += chunk;
      this.#changed();
    });
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  #change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#listeners.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#listeners.add(done);
    });
  }
}

/**
 * Asks again and again, every 5 ms, until the answer is something (not false, null or undefined), and returns it.
 *
 * @param what For the error's message.
 * @param probe Asks. What it throws counts as no answer.
 * @throws {Error} The time is over: its message has `what`, its cause is the last error that `probe` threw.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { waitFor } from "@mif/sockets/lab";
 *
 * const beginMs = performance.now();
 * const passedMs = await waitFor("20 ms to pass", () => {
 *   const ms = performance.now() - beginMs;
 *   return ms >= 20 && ms;
 * });
 * assert.ok(passedMs >= 20);
 * ```
 */
export async function waitFor<T>(
  what: string,
  probe: () => T | Promise<T>,
  timeoutMs = 10_000,
): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = performance.now() + timeoutMs;
  let lastError: unknown;
  while (true) {
    try {
      const answer = await probe();
      if (answer !== false && answer !== null && answer !== undefined) {
        return answer as NonNullable<Exclude<T, false>>;
      }
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() >= deadline) {
      throw new Error(`Waited ${timeoutMs} ms in vain for ${what}`, { cause: lastError });
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
