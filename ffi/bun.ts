/**
 * Opens the library under Bun, and watches descriptors. The only file that says `bun:ffi` and `Bun.`
 *
 * @module
 */

import { createRequire } from "node:module";
import type { DatagramListener, WakeWatch } from "./backend.ts";
import { type Native, SYMBOLS } from "./symbols.ts";

/** Opens the library at `path`. */
export function openInBun(path: string): Native {
  // Not a static import: other runtimes load this module too and do not know the name.
  const { dlopen } = createRequire(import.meta.url)("bun:ffi") as typeof import("bun:ffi");
  const symbols = Object.fromEntries(
    Object.entries(SYMBOLS).map((
      [name, parameters],
    ) => [name, { args: [...parameters], returns: "i32" as const }]),
  );
  return dlopen(path, symbols).symbols as unknown as Native;
}

/** What is used of Bun, whose types are not there for programs that run in Deno too. */
interface BunRuntime {
  connect(options: { fd: number; socket: Record<string, unknown> }): Promise<WakeWatch>;
  udpSocket(options: Record<string, unknown>): Promise<BunDatagramSocket>;
}

interface BunDatagramSocket {
  unref(): void;
  close(): void;
}

/** Calls `wake` whenever bytes come on a stream descriptor. */
export function watchWakesInBun(fd: number, wake: () => void): WakeWatch {
  const { Bun } = globalThis as unknown as { Bun: BunRuntime };
  let socket: WakeWatch;
  // Not node:net, which takes half as long again for each wake. It opens before connect() returns.
  const opened = Bun.connect({
    fd,
    socket: { open: (own: WakeWatch) => socket = own, data: wake, close() {}, error() {} },
  });
  opened.catch(() => {});
  return socket!;
}

/** Has Bun read a datagram descriptor until the function it returns is called. */
export function readDatagramsInBun(fd: number, listener: DatagramListener): () => void {
  const { Bun } = globalThis as unknown as { Bun: BunRuntime };
  let socket: BunDatagramSocket | null = null;
  let stopped = false;
  const handlers = {
    data: (_: unknown, data: Uint8Array, port: number, address: string) =>
      listener.received(data, port, address),
    error: ({ errno }: { errno: number }) => listener.failed(Math.abs(errno)),
  };
  // It takes `fd` though its types do not say so.
  const opening = Bun.udpSocket({ fd, binaryType: "uint8array", socket: handlers });
  opening.then((opened) => {
    opened.unref();
    if (stopped) opened.close();
    else socket = opened;
  }, handlers.error);
  return () => {
    stopped = true;
    socket?.close();
  };
}
