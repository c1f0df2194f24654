/**
 * Runs any program with one provisioning domain as its way out.
 *
 * @module
 */

import { accessSync, constants, statSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { MifError } from "../error.ts";
import { isRefusal, notPermitted } from "../permission.ts";
import type { PvdInfo } from "../pvd/pvd.ts";
import { EPOLLIN, reactor } from "../socket/reactor.ts";
import { ConfinedProgram, type ExitStatus } from "./confined_program.ts";
import { nameFiles } from "./name_files.ts";
import { Supervisor } from "./supervisor.ts";

/** What {@linkcode exec} takes beside the words of the command. */
export interface ExecOptions {
  /** Its environment; this process' own where left out. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Sends it SIGTERM. */
  signal?: AbortSignal;
  /** Told of each call of a socket that was refused, and why. */
  onRefused?: (error: Error) => void;
}

/** So many calls are answered before the event loop has its turn. */
const CALLS_MAX = 64;

/**
 * Runs a program, with this process' standard input and output, so that its sockets leave by the PvD: from its
 * source, through its router, or not at all (ENETUNREACH). Names are asked of the PvD's DNS servers.
 *
 * It covers every program, statically linked ones too, and what it starts: the kernel asks this process before a
 * socket gets an address or a destination (seccomp_unotify(2)), and the program sees a resolv.conf(5) of its own.
 * Loopback stays reachable, but for DNS. It does not cover: what other processes do for it (a browser that runs
 * already, a service on the bus), and sockets that others hand it. Refused are: packet sockets, MPTCP, io_uring,
 * and the options that Socket refuses. Without privileges it needs user namespaces, in which set-user-ID programs
 * stay what they are. It keeps no one from getting out who wants to: it is no sandbox.
 *
 * @param pvd From listPvds().
 * @param argv The command and its arguments; a command without "/" is looked for in PATH.
 * @returns How it ended. What it leaves running has no new way out after that.
 * @throws {TypeError} There is no command, or a word has a NUL character.
 * @throws {MifError} ENOENT, EACCES: there is no such program. EPVDROUTE: no routing rules hold packets to the PvD;
 *   `mif route install` makes them, once. What Socket.selectPvd() throws. EPERM: user namespaces are not allowed here.
 *
 * @example
 * ```ts ignore
 * import { exec, listPvds } from "@mif/sockets";
 *
 * const pvd = listPvds().find((pvd) => pvd.interface.name === "wlan0")!;
 * const { code } = await exec(pvd, ["curl", "https://www.example.com/"]);
 * ```
 */
export async function exec(
  pvd: PvdInfo,
  argv: readonly string[],
  options: ExecOptions = {},
): Promise<ExitStatus> {
  const { signal } = options;
  if (argv.length === 0) throw new TypeError("There is no command to run");
  signal?.throwIfAborted();
  const { program, supervisor } = start(pvd, argv, options);
  const end = () => process.kill(program.pid, "SIGTERM");
  signal?.addEventListener("abort", end, { once: true });
  try {
    return await supervise(program, supervisor);
  } finally {
    signal?.removeEventListener("abort", end);
    program.close();
    supervisor.close();
  }
}

/** Starts the program, and who answers for it. */
function start(
  pvd: PvdInfo,
  argv: readonly string[],
  { env = process.env, onRefused = () => {} }: ExecOptions,
): { program: ConfinedProgram; supervisor: Supervisor } {
  let supervisor: Supervisor | null = null;
  try {
    const path = find(argv[0]!, env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin");
    const environment = Object.entries(env)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}=${value}`);
    const answering = supervisor = new Supervisor(pvd, () => program, onRefused);
    using names = nameFiles(pvd);
    const program = new ConfinedProgram({ path, argv, environment, files: names.files });
    return { program, supervisor: answering };
  } catch (error) {
    supervisor?.close();
    if (isRefusal(error)) {
      throw notPermitted("run a program on a PvD", FLAGS, { syscall: "execve", cause: error });
    }
    throw error;
  }
}

/** For its environment, for the program and /proc, for the files it is to see, and to know what may be executed. */
const FLAGS = "--allow-env --allow-read --allow-write=/tmp --allow-sys=uid,gid";

/** Answers its calls until it has ended. */
function supervise(program: ConfinedProgram, supervisor: Supervisor): Promise<ExitStatus> {
  const { promise, resolve, reject } = Promise.withResolvers<ExitStatus>();
  const waiting = reactor();
  let over = false;
  const settle = (ended: () => void) => {
    if (over) return;
    over = true;
    waiting.remove(program.listener);
    waiting.remove(program.pidfd);
    waiting.release();
    ended();
  };
  const hear = () => {
    try {
      for (let count = 0; !over && count < CALLS_MAX; count++) {
        const call = program.receive();
        if (call === null) return;
        supervisor.answer(call);
      }
      if (!over) setImmediate(hear);
    } catch (error) {
      // The last of its processes has ended: the pidfd tells how.
      if ((error as MifError).code !== "EPIPE") settle(() => reject(error));
    }
  };
  const look = () => {
    try {
      const status = program.status();
      if (status) settle(() => resolve(status));
    } catch (error) {
      settle(() => reject(error));
    }
  };
  waiting.hold();
  waiting.add(program.pidfd, EPOLLIN, look);
  waiting.add(program.listener, EPOLLIN, hear);
  return promise;
}

/** As execvp(3) finds it. */
function find(command: string, searchPath: string): string {
  const candidates = command.includes("/")
    ? [resolve(command)]
    : searchPath.split(":").map((directory) => join(directory || ".", command));
  let found: string | null = null;
  for (const candidate of candidates) {
    if (!isFile(candidate)) continue;
    found ??= candidate;
    try {
      accessSync(candidate, constants.X_OK);
      return resolve(candidate);
    } catch (error) {
      if (isRefusal(error)) throw error;
      // Perhaps another one further on.
    }
  }
  const [code, errno, why] = found === null
    ? ["ENOENT", 2, "there is no such program"] as const
    : ["EACCES", 13, `${found} is not executable`] as const;
  throw new MifError(`Cannot run ${command}: ${why}`, { code, errno, syscall: "execve" });
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch (error) {
    if (isRefusal(error)) throw error;
    return false;
  }
}
