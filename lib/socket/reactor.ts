/**
 * Waits for native sockets without a thread of the runtime's and without spinning: one reactor (zig/reactor.zig) for each
 * JavaScript thread, made at the first wait.
 *
 * The native side wakes us by a byte on a socket the runtime has adopted. That socket is unref'd, so waiting
 * sockets keep a process alive only while {@linkcode Reactor.hold} says so.
 *
 * @module
 */

import { readsDatagrams, type WakeWatch, watchWakes } from "../../ffi/backend.ts";
import { ReadyRecord } from "../../ffi/layout.gen.ts";
import { native } from "../../ffi/library.ts";
import { oncePerThread } from "../../ffi/once.ts";
import { checked } from "../errno.ts";

/** epoll_ctl(2). */
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;

export const EPOLLIN = 0x001;
export const EPOLLOUT = 0x004;
export const EPOLLERR = 0x008;
export const EPOLLHUP = 0x010;
export const EPOLLRDHUP = 0x2000;

/** How a reactor waits. */
export type WaitStrategy = "io_uring" | "thread";

/** What is called when a socket has become ready, with epoll(7)'s events. */
export type ReadyHandler = (events: number) => void;

const TAKE_MAX = 64;
/** After so many rounds of ready sockets the event loop gets its turn. */
const ROUNDS_MAX = 4;

const STRATEGIES: readonly WaitStrategy[] = ["io_uring", "thread"];
let wanted: WaitStrategy | null = null;
let current: Reactor | null = null;

/** The reactor of this JavaScript thread, opened now where there is none. */
export function reactor(): Reactor {
  return (current ??= oncePerThread("reactor", () => new Reactor(wanted)));
}

/**
 * Makes this thread's reactor wait in one way instead of the best that works; before the first socket waits.
 * For tests, and for machines where one of them is in doubt.
 *
 * @throws {Error} This thread waits in the other way already.
 *
 * @example
 * ```ts ignore
 * import { useWaitStrategy } from "@mif/sockets";
 *
 * useWaitStrategy("thread");
 * ```
 */
export function useWaitStrategy(strategy: WaitStrategy): void {
  if (current && current.strategy !== strategy) {
    throw new Error(`Cannot wait by ${strategy}: this thread waits by ${current.strategy} already`);
  }
  wanted = strategy;
}

/** Whether the runtime may read datagrams instead, which spares a wake: where it can, unless one way of waiting is forced. */
export function runtimeMayRead(): boolean {
  return wanted === null && readsDatagrams();
}

/** One epoll set and what wakes us for it. */
export class Reactor {
  readonly #id: number;
  readonly #wake: WakeWatch;
  readonly #handlers = new Map<number, ReadyHandler>();
  readonly #ready = new Uint8Array(TAKE_MAX * ReadyRecord.SIZE);
  readonly #view = new DataView(this.#ready.buffer);
  #held = 0;

  /** Opens a reactor; throws what the kernel refuses (ENOSYS, EPERM for io_uring in a container). */
  constructor(strategy: WaitStrategy | null) {
    const adopted = new Uint8Array(4);
    const number = strategy === null ? 0 : STRATEGIES.indexOf(strategy) + 1;
    this.#id = checked(
      native().mif_reactor_open(number, adopted, adopted.length),
      "io_uring_setup",
      "Cannot wait for sockets",
    );
    const fd = new DataView(adopted.buffer).getInt32(0, true);
    this.#wake = watchWakes(fd, () => this.#dispatch());
    this.#wake.unref();
  }

  /** How this reactor waits. */
  get strategy(): WaitStrategy {
    return STRATEGIES[native().mif_reactor_strategy(this.#id) - 1]!;
  }

  /** Watches a socket, edge-triggered: what is ready now is told too. */
  add(fd: number, events: number, handler: ReadyHandler): void {
    checked(
      native().mif_reactor_watch(this.#id, EPOLL_CTL_ADD, fd, events),
      "epoll_ctl",
      "Cannot wait for the socket",
    );
    this.#handlers.set(fd, handler);
  }

  /** Changes the events of a watched socket; what is ready now is told again. */
  change(fd: number, events: number): void {
    native().mif_reactor_watch(this.#id, EPOLL_CTL_MOD, fd, events);
  }

  /** Forgets a socket; before it is closed. */
  remove(fd: number): void {
    if (this.#handlers.delete(fd)) native().mif_reactor_watch(this.#id, EPOLL_CTL_DEL, fd, 0);
  }

  /** One more operation is pending that keeps the process alive. */
  hold(): void {
    if (this.#held++ === 0) this.#wake.ref();
  }

  /** One fewer. */
  release(): void {
    if (--this.#held === 0) this.#wake.unref();
  }

  #dispatch(): void {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const count = native().mif_reactor_take(this.#id, this.#ready, this.#ready.length);
      for (let i = 0; i < count; i++) {
        const record = new ReadyRecord(this.#view, i * ReadyRecord.SIZE);
        this.#handlers.get(record.fd)?.(record.events);
      }
      if (count < TAKE_MAX) return;
    }
    // More is ready and the waker is not armed: timers and the runtime's own sockets first.
    setImmediate(() => this.#dispatch());
  }
}
