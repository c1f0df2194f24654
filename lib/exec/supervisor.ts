/**
 * Answers the system calls by which a confined program's sockets get an address or a destination, so that each
 * socket that leaves this host does so by one provisioning domain.
 *
 * What is proved of a guard, a socket of ours on the same source address, holds for every socket of the program on
 * it: {@linkcode Selection}.
 *
 * @module
 */

import { readdirSync, readlinkSync } from "node:fs";
import { native } from "../../ffi/library.ts";
import { checked, EAFNOSUPPORT, EBADF, ECONNREFUSED, EINVAL, ENETUNREACH } from "../errno.ts";
import { MifError } from "../error.ts";
import { isLoopback, isMapped, isUnspecified } from "../ip/address.ts";
import type { PvdInfo, SocketAddress } from "../pvd/pvd.ts";
import { decodeControl } from "../socket/control.ts";
import { knownAddress } from "../socket/memory.ts";
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  SO_BINDTOIFINDEX,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../socket/options.ts";
import { cutOff, LOOPBACK_INDEX, Selection } from "../socket/selection.ts";
import { ROUTING_REPAIR } from "../socket/selection_error.ts";
import { decodeSockaddr } from "../socket/sockaddr.ts";
import { type ConfinedProgram, memoryOf, type SocketCall } from "./confined_program.ts";
import { ProgramSocket } from "./program_socket.ts";

/** Our own socket on one source address of the PvD, and what is proved of it. */
interface Guard {
  socket: ProgramSocket;
  selection: Selection;
}

/** A message about to be sent: where to, null for where the socket is connected, and its control messages. */
interface Message {
  to: Uint8Array | null;
  control: Uint8Array;
}

/** struct msghdr and mmsghdr of 64-bit Linux. */
const MSGHDR_SIZE = 56;
const MMSGHDR_SIZE = 64;
/** UIO_MAXIOV: the kernel takes no more messages at once. */
const MESSAGES_MAX = 1024;
const SOCKADDR_MAX = 128;
const CONTROL_MAX = 64 * 1024;
const DNS_PORT = 53;
/** Sockets remembered before those that are gone are forgotten. */
const HELD_MAX = 4096;

/** Holds one program's sockets to one PvD. */
export class Supervisor {
  readonly #pvd: PvdInfo;
  readonly #program: () => ConfinedProgram;
  readonly #refused: (error: Error) => void;
  readonly #guards = new Map<string, Guard>();
  /** "socket:[inode]" of each socket that was put on the PvD. */
  #held = new Set<string>();
  #heldMax = HELD_MAX;

  /**
   * Proves that sockets can be held to the PvD at all.
   *
   * @param program The program, once it runs.
   * @param refused Told of each call that was refused.
   * @throws {MifError} What Socket.selectPvd() throws; EPVDROUTE where no rules hold them.
   */
  constructor(
    pvd: PvdInfo,
    program: () => ConfinedProgram,
    refused: (error: Error) => void,
  ) {
    this.#pvd = pvd;
    this.#program = program;
    this.#refused = refused;
    const failures: unknown[] = [];
    for (const family of [AF_INET6, AF_INET]) {
      try {
        this.#guard(family, null);
      } catch (error) {
        failures.push(error);
      }
    }
    if (this.#guards.size > 0) return;
    throw failures.find((error) => (error as MifError).code !== "EADDRNOTAVAIL") ?? failures[0];
  }

  /** Answers one call. */
  answer(call: SocketCall): void {
    const program = this.#program();
    try {
      const errno = this.#decide(call);
      if (errno === null) program.proceed(call);
      else program.finish(call, errno);
    } catch (error) {
      this.#refused(error as Error);
      program.finish(call, errnoOf(error));
    }
  }

  /** Closes the guards. */
  close(): void {
    for (const { selection, socket } of this.#guards.values()) {
      selection.release();
      socket[Symbol.dispose]();
    }
    this.#guards.clear();
  }

  /** null: the kernel is to make the call. A number: it is done, or failed with that errno. */
  #decide(call: SocketCall): number | null {
    const fd = native().mif_pidfd_getfd(call.thread, int32(call.arguments[0]!));
    // Not a descriptor: the kernel says so itself.
    if (fd === -EBADF) return null;
    checked(fd, "pidfd_getfd", "Cannot look at the program's socket");
    using own = new ProgramSocket(fd);
    // Not the caller's any more: its number may name another process by now.
    if (!this.#program().waits(call)) return EINVAL;
    if (own.family !== AF_INET && own.family !== AF_INET6) return null;
    switch (call.name) {
      case "bind":
        return this.#bind(own, addressAt(call, 1, 2));
      case "listen":
        return this.#listen(own);
      case "connect":
        return this.#connect(own, addressAt(call, 1, 2));
      case "sendto":
        return this.#send(own, [{ to: addressAt(call, 4, 5), control: new Uint8Array(0) }]);
      case "sendmsg":
        return this.#send(own, [messageAt(call, memoryOf(call, call.arguments[1]!, MSGHDR_SIZE))]);
      case "sendmmsg":
        return this.#send(own, messagesAt(call));
    }
  }

  #bind(own: ProgramSocket, name: Uint8Array): number | null {
    const address = decodeSockaddr(name);
    // The kernel refuses it, or takes it for something else than we do.
    if (!address || address.family !== familyNumber(own)) return EINVAL;
    if (isLoopback(knownAddress(address.address)!.bytes)) return null;
    const selection = new Selection(own, this.#pvd, () => {});
    try {
      own.bind(selection.bindAddress(address));
    } finally {
      selection.release();
    }
    this.#remember(own);
    return 0;
  }

  #listen(own: ProgramSocket): number | null {
    const { address } = own.getsockname();
    if (own.type !== SOCK_STREAM || !isUnspecified(knownAddress(address)!.bytes)) return null;
    const selection = new Selection(own, this.#pvd, () => {});
    try {
      selection.listening();
    } finally {
      selection.release();
    }
    this.#remember(own);
    return null;
  }

  #connect(own: ProgramSocket, name: Uint8Array): number | null {
    // It dissolves an association: the source stays.
    if (name.length >= 2 && (name[0]! | name[1]! << 8) === AF_UNSPEC) return null;
    return this.#go(own, name, new Uint8Array(0));
  }

  #send(own: ProgramSocket, messages: Message[]): number | null {
    for (const { to, control } of messages) {
      const errno = to === null ? this.#stay(own, control) : this.#go(own, to, control);
      if (errno !== null) return errno;
    }
    return null;
  }

  /** A destination is named. */
  #go(own: ProgramSocket, name: Uint8Array, control: Uint8Array): number | null {
    const to = decodeSockaddr(name);
    if (!to) return EAFNOSUPPORT;
    if (to.family !== familyNumber(own)) return EAFNOSUPPORT;
    const local = isHere(to);
    // A resolver on this host would ask by the system's way.
    if (local && to.port === DNS_PORT) return ECONNREFUSED;
    if (local && control.length === 0) return null;
    const { selection } = this.#hold(own);
    if (!local) selection.check(selection.destination(to));
    if (control.length > 0) selection.checkControl(decodeControl(control));
    return null;
  }

  /** It goes where connect() said, which was checked; a control message may still lead it astray. */
  #stay(own: ProgramSocket, control: Uint8Array): number | null {
    if (control.length > 0) this.#hold(own).selection.checkControl(decodeControl(control));
    return null;
  }

  /** Puts a socket on the PvD that is not there yet, and gives its guard. */
  #hold(own: ProgramSocket): Guard {
    let source = own.getsockname().address;
    if (isUnspecified(knownAddress(source)!.bytes)) {
      const selection = new Selection(own, this.#pvd, () => {});
      source = selection.source;
      selection.release();
      this.#remember(own);
    }
    return this.#guard(own.family, source);
  }

  #guard(family: number, source: string | null): Guard {
    const known = source === null ? undefined : this.#guards.get(source);
    if (known) return known;
    const own = new ProgramSocket(
      checked(native().mif_socket(family, SOCK_DGRAM, 0), "socket", "Cannot open a socket"),
    );
    let selection: Selection | null = null;
    try {
      selection = new Selection(own, this.#pvd, () => this.#cutAll());
      if (source !== null && source !== selection.source) {
        own.bind(selection.bindAddress({ address: source }));
      }
      if (own.getsockopt(SOL_SOCKET, SO_BINDTOIFINDEX) !== 0) throw notByRules(this.#pvd);
      const guard = { socket: own, selection };
      this.#guards.set(selection.source, guard);
      return guard;
    } catch (error) {
      // Before its descriptor: it would look at whoever has that number next.
      selection?.release();
      own[Symbol.dispose]();
      throw error;
    }
  }

  #remember(own: ProgramSocket): void {
    this.#held.add(readlinkSync(`/proc/self/fd/${own.fd}`));
    if (this.#held.size <= this.#heldMax) return;
    this.#held = new Set(
      [...openSockets()].map(({ link }) => link).filter((link) => this.#held.has(link)),
    );
    this.#heldMax = Math.max(HELD_MAX, 2 * this.#held.size);
  }

  /** The PvD is lost: nothing more leaves by any of the program's sockets. */
  #cutAll(): void {
    const left = new Set(this.#held);
    for (const { process, fd, link } of openSockets()) {
      if (!left.delete(link)) continue;
      const duplicate = native().mif_pidfd_getfd(process, fd);
      if (duplicate < 0) continue;
      using own = new ProgramSocket(duplicate);
      cutOff(own);
      // Where it could be cut off its end cannot leave either, and the program is to hear of it now.
      if (own.getsockopt(SOL_SOCKET, SO_BINDTOIFINDEX) === LOOPBACK_INDEX) own.disconnect();
    }
  }
}

/**
 * Without rules the kernel follows the default route of the moment, and it would do so before we could hear of it: what
 * the program writes is not ours to stop.
 */
function notByRules({ id }: PvdInfo): MifError {
  return new MifError(
    `Cannot hold a program to PvD ${id}: no routing rule holds its addresses to its router; ${ROUTING_REPAIR}`,
    { code: "EPVDROUTE", syscall: "setsockopt" },
  );
}

/** Every socket of every process that this one may look at. */
function* openSockets(): Generator<{ process: number; fd: number; link: string }> {
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const directory = `/proc/${name}/fd`;
    for (const fd of listed(directory)) {
      const link = linkOf(`${directory}/${fd}`);
      if (link?.startsWith("socket:")) yield { process: Number(name), fd: Number(fd), link };
    }
  }
}

/** Processes end and descriptors close while they are looked at; others' may not be. */
function listed(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

/** Loopback, and the unspecified address, which a destination takes for it. */
function isHere({ address }: SocketAddress): boolean {
  const { bytes } = knownAddress(address)!;
  const unmapped = isMapped(bytes) ? bytes.subarray(12) : bytes;
  return isLoopback(unmapped) || isUnspecified(unmapped);
}

function familyNumber({ family }: ProgramSocket): 4 | 6 {
  return family === AF_INET ? 4 : 6;
}

/** The errno that says it to a program best. */
function errnoOf(error: unknown): number {
  const { code, errno = 0 } = error as { code?: string; errno?: number };
  return code === "EPVDROUTE" || code === "ENONET" || errno === 0 ? ENETUNREACH : errno;
}

function int32(value: bigint): number {
  return Number(BigInt.asIntN(32, value));
}

function addressAt(call: SocketCall, address: number, length: number): Uint8Array {
  const size = int32(call.arguments[length]!);
  return memoryOf(call, call.arguments[address]!, Math.min(Math.max(size, 0), SOCKADDR_MAX));
}

/** struct msghdr: name, namelen, iov, iovlen, control, controllen, flags. */
function messageAt(call: SocketCall, header: Uint8Array): Message {
  if (header.length < MSGHDR_SIZE) return { to: null, control: new Uint8Array(0) };
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const name = view.getBigUint64(0, true);
  const nameLength = Math.min(view.getUint32(8, true), SOCKADDR_MAX);
  const control = view.getBigUint64(32, true);
  const controlLength = Number(view.getBigUint64(40, true));
  if (controlLength > CONTROL_MAX) {
    throw new MifError("More control messages than are looked at", {
      code: "ENOBUFS",
      errno: 105,
      syscall: "sendmsg",
    });
  }
  return {
    to: name === 0n || nameLength === 0 ? null : memoryOf(call, name, nameLength),
    control: control === 0n ? new Uint8Array(0) : memoryOf(call, control, controlLength),
  };
}

function messagesAt(call: SocketCall): Message[] {
  const count = Math.min(Number(BigInt.asUintN(32, call.arguments[2]!)), MESSAGES_MAX);
  const headers = memoryOf(call, call.arguments[1]!, count * MMSGHDR_SIZE);
  return Array.from(
    { length: Math.floor(headers.length / MMSGHDR_SIZE) },
    (_, i) => messageAt(call, headers.subarray(i * MMSGHDR_SIZE, i * MMSGHDR_SIZE + MSGHDR_SIZE)),
  );
}
