/**
 * The part that differs between runtimes: opening a library, taking over a descriptor, being woken. Picked by what the
 * process runs in, on first use.
 *
 * @module
 */

import { connect, Socket } from "node:net";
import { MifError } from "../lib/error.ts";
import { openInBun, readDatagramsInBun, watchWakesInBun } from "./bun.ts";
import { openInDeno, watchWakesInDeno } from "./deno.ts";
import type { Native } from "./symbols.ts";

/** How a runtime opens a shared library. */
export interface Backend {
  /** "Deno" or "Bun". */
  readonly runtime: string;
  /** Opens the library at an absolute path; throws what the runtime throws. */
  open(path: string): Native;
}

/**
 * Gives a connected stream descriptor to the runtime, which owns it from then on: close it by the socket only.
 * No "connect" event comes.
 */
export function adopt(fd: number, options: { allowHalfOpen?: boolean } = {}): Socket {
  // Each runtime takes a descriptor in the one of Node's two ways that the other does not.
  return "Bun" in globalThis
    ? connect({ fd, ...options } as unknown as Parameters<typeof connect>[0])
    : new Socket({ fd, readable: true, writable: true, ...options });
}

/** A stream that can be told to read no further: in no type, but in Node and in Deno. */
interface ReadingHandle {
  readStart(): unknown;
  readStop(): unknown;
}

/**
 * Has a TLS socket hold its peer back while it is paused. Deno's reads on then, into memory without end, unless the
 * connection under it is stopped. Bun's needs nothing, and has no such handle.
 */
export function pauseTogether(secured: Socket, plain: Socket): void {
  const { _handle } = plain as { _handle?: Partial<ReadingHandle> };
  if (typeof _handle?.readStop !== "function" || typeof _handle.readStart !== "function") return;
  const handle = _handle as ReadingHandle;
  secured.on("pause", () => {
    if (!secured.destroyed) handle.readStop();
  });
  // It is told a turn later, when it may be paused again.
  secured.on("resume", () => {
    if (!secured.destroyed && !secured.isPaused()) handle.readStart();
  });
}

/** A descriptor the runtime watches for us. It keeps the process alive while it is ref'd. */
export interface WakeWatch {
  ref(): unknown;
  unref(): unknown;
}

/**
 * Gives a connected stream descriptor to the runtime, for good, and calls `wake` whenever bytes come, which are thrown
 * away. The other end is ours: it closes only when the process does.
 */
export function watchWakes(fd: number, wake: () => void): WakeWatch {
  return "Bun" in globalThis ? watchWakesInBun(fd, wake) : watchWakesInDeno(fd, wake);
}

/** Who hears of the datagrams that a runtime reads. */
export interface DatagramListener {
  /** Bytes of the listener's own, and the sender's port and address; a link-local one has a zone, by name. */
  received(data: Uint8Array, port: number, address: string): void;
  failed(errno: number): void;
}

/** Whether {@linkcode readDatagrams} can: no other runtime takes over such a descriptor. */
export function readsDatagrams(): boolean {
  return "Bun" in globalThis;
}

/**
 * Gives a datagram descriptor to the runtime, which reads all that comes, without control messages. It does not keep the
 * process alive.
 *
 * @returns What ends the reading and closes the descriptor. What was read already and not told yet is lost.
 */
export function readDatagrams(fd: number, listener: DatagramListener): () => void {
  return readDatagramsInBun(fd, listener);
}

/** The backend of the runtime we are in; an error that names the runtimes where there is none. */
export function pickBackend(scope: object = globalThis): Backend {
  if ("Deno" in scope) return { runtime: "Deno", open: openInDeno };
  if ("Bun" in scope) return { runtime: "Bun", open: openInBun };
  throw new MifError(
    "Cannot open the native library: this runtime has no foreign functions we know; run under Deno or Bun",
    { code: "ENOSYS", errno: 38, syscall: "dlopen" },
  );
}
