/**
 * A program whose way to the network this process decides: seccomp_unotify(2).
 *
 * @module
 */

import {
  CONFINEMENT_STAGES,
  ConfinementRecord,
  ConfinementRequest,
  NotificationRecord,
  SOCKET_CALLS,
} from "../../ffi/layout.gen.ts";
import { native } from "../../ffi/library.ts";
import { checked, EAGAIN, errnoName } from "../errno.ts";
import { MifError } from "../error.ts";
import { STEERING_OPTIONS } from "../socket/steering.ts";

/** A file that is to be seen in place of another. */
export interface FileInPlace {
  /** What is seen. */
  source: string;
  /** Where; it exists. */
  target: string;
}

/** What is to run. */
export interface ProgramInit {
  /** An absolute path. */
  path: string;
  /** What it finds in its argv, its own name first. */
  argv: readonly string[];
  /** "NAME=value" of each. */
  environment: readonly string[];
  /** Files that are others for it. */
  files: readonly FileInPlace[];
}

/** A system call of the program that waits for its answer. */
export interface SocketCall {
  /** Names it to the kernel. */
  id: Uint8Array;
  /** The thread that made it. */
  thread: number;
  /** Which it is. */
  name: (typeof SOCKET_CALLS)[number];
  /** Its arguments: numbers, and addresses in its memory. */
  arguments: bigint[];
}

/** How a program ended: one of both. */
export interface ExitStatus {
  /** What it returned, or null. */
  code: number | null;
  /** The number of the signal that ended it, or null. */
  signal: number | null;
}

/** What each stage of starting was about, for whom it fails. */
const FAILURES: Record<(typeof CONFINEMENT_STAGES)[number], string> = {
  fork: "no process can be made",
  namespace:
    "it needs a mount namespace, which takes CAP_SYS_ADMIN or user namespaces, and neither is allowed here",
  mount: "the files it is to see cannot be put in their places",
  filter: "the kernel takes no seccomp filter",
  listener: "its system calls cannot be heard",
  exec: "it cannot be executed",
};

/** The program, from its start to its end. */
export class ConfinedProgram {
  /** The process. */
  readonly pid: number;
  /** Readable when it has ended. */
  readonly pidfd: number;
  /** Readable when a call waits. */
  readonly listener: number;
  readonly #record = new Uint8Array(NotificationRecord.SIZE);

  /** Starts it. @throws {MifError} The errno of the step that failed. */
  constructor(program: ProgramInit) {
    const request = encode(program);
    const pointers = program.argv.length + program.environment.length + 4;
    const room = new Uint8Array(8 * pointers);
    const out = new Uint8Array(ConfinementRecord.SIZE);
    const result = native().mif_confine(
      request,
      request.length,
      room,
      room.length,
      out,
      out.length,
    );
    const record = new ConfinementRecord(new DataView(out.buffer), 0);
    if (result < 0) {
      const why = FAILURES[CONFINEMENT_STAGES[record.stage]!];
      throw new MifError(`Cannot run ${program.path}: ${why} (${errnoName(-result)})`, {
        code: errnoName(-result),
        errno: -result,
        syscall: CONFINEMENT_STAGES[record.stage] === "exec" ? "execve" : "seccomp",
      });
    }
    this.pid = record.pid;
    this.pidfd = record.pidfd;
    this.listener = record.listener;
  }

  /** The next call that waits, or null. @throws {MifError} EPIPE: nobody is left who could make one. */
  receive(): SocketCall | null {
    const bytes = this.#record;
    const count = checked(
      native().mif_seccomp_receive(this.listener, bytes, bytes.length),
      "SECCOMP_IOCTL_NOTIF_RECV",
      "Cannot hear the program's system calls",
    );
    if (count === 0) return null;
    const view = new DataView(bytes.buffer);
    const record = new NotificationRecord(view, 0);
    const numbers = record.arguments.slice();
    const words = new DataView(numbers.buffer);
    return {
      id: record.id.slice(),
      thread: record.thread,
      name: SOCKET_CALLS[record.call]!,
      arguments: Array.from({ length: 6 }, (_, i) => words.getBigUint64(8 * i, true)),
    };
  }

  /** Whether the caller still waits: what was read of it then was its own. */
  waits({ id }: SocketCall): boolean {
    return native().mif_seccomp_id_valid(this.listener, id, id.length) >= 0;
  }

  /** Lets the kernel make the call. */
  proceed({ id }: SocketCall): void {
    // It may have been killed meanwhile: nobody waits then.
    native().mif_seccomp_answer(this.listener, id, id.length, 1, 0);
  }

  /** Ends the call, with an errno where that is not 0. */
  finish({ id }: SocketCall, errno = 0): void {
    native().mif_seccomp_answer(this.listener, id, id.length, 0, errno);
  }

  /** How it ended, null while it runs. Once. */
  status(): ExitStatus | null {
    const result = native().mif_waitid(this.pidfd);
    if (result === -EAGAIN) return null;
    const status = checked(result, "waitid", "Cannot wait for the program");
    return status < 256 ? { code: status, signal: null } : { code: null, signal: status - 256 };
  }

  /** Forgets it: its calls to come fail with ENOSYS. */
  close(): void {
    native().mif_confine_end(this.pidfd, this.listener);
  }
}

/** Reads memory of the caller of a call; shorter where not all of it is there. */
export function memoryOf({ thread }: SocketCall, address: bigint, size: number): Uint8Array {
  const out = new Uint8Array(size);
  if (size === 0) return out;
  const at = new Uint8Array(8);
  new DataView(at.buffer).setBigUint64(0, address, true);
  const length = native().mif_process_vm_readv(thread, at, at.length, out, out.length);
  return out.subarray(0, Math.max(0, length));
}

function encode({ path, argv, environment, files }: ProgramInit): Uint8Array {
  const mounts = files.flatMap(({ source, target }) => [source, target]);
  const strings = [path, ...argv, ...environment, ...mounts];
  const odd = strings.find((text) => text.includes("\0"));
  if (odd !== undefined) throw new TypeError("A word with a NUL character cannot be passed on");
  const text = new TextEncoder().encode(strings.map((each) => `${each}\0`).join(""));
  const head = ConfinementRequest.SIZE;
  const bytes = new Uint8Array(head + 8 * STEERING_OPTIONS.length + text.length);
  const view = new DataView(bytes.buffer);
  const counts = [STEERING_OPTIONS.length, argv.length, environment.length];
  counts.forEach((count, i) => view.setUint32(4 * i, count, true));
  STEERING_OPTIONS.forEach(([level, number], i) => {
    view.setUint32(head + 8 * i, level, true);
    view.setUint32(head + 8 * i + 4, number, true);
  });
  bytes.set(text, head + 8 * STEERING_OPTIONS.length);
  return bytes;
}
