/**
 * A socket that is not this process' own to change: a program's, or one that only stands for it.
 *
 * Unlike Socket it leaves the descriptor's flags as they are, which it shares with the program, knows no default PvD,
 * and never waits.
 *
 * @module
 */

import { native } from "../../ffi/library.ts";
import { checked } from "../errno.ts";
import type { SocketAddress } from "../pvd/pvd.ts";
import { SO_DOMAIN, SO_PROTOCOL, SO_TYPE, SOL_SOCKET } from "../socket/options.ts";
import { readOptions } from "../socket/read_options.ts";
import type { SelectableSocket } from "../socket/selection.ts";
import {
  decodeSockaddr,
  encodeSockaddr,
  SOCKADDR_SIZE,
  type SocketAddressInit,
} from "../socket/sockaddr.ts";

/** A sockaddr of AF_UNSPEC: connect(2) to it ends an association. */
const NOWHERE = new Uint8Array(16);

/** Of any family: what is no socket has the family -1. */
export class ProgramSocket implements SelectableSocket, Disposable {
  readonly untouched = false;
  readonly family: number;
  readonly type: number;
  readonly protocol: number;

  /** Takes over a descriptor of this library's. */
  constructor(readonly fd: number) {
    [this.family, this.type, this.protocol] = [SO_DOMAIN, SO_TYPE, SO_PROTOCOL].map((name) => {
      const bytes = new Uint8Array(4);
      const result = native().mif_getsockopt(fd, SOL_SOCKET, name, bytes, bytes.length);
      return result < 0 ? -1 : new DataView(bytes.buffer).getInt32(0, true);
    }) as [number, number, number];
  }

  get connected(): boolean {
    const name = new Uint8Array(SOCKADDR_SIZE);
    return native().mif_getsockname(this.fd, 1, name, name.length) >= 0;
  }

  bind(address: SocketAddressInit): void {
    const name = encodeSockaddr(address, this.family);
    const what = `Cannot bind to ${address.address} port ${address.port ?? 0}`;
    checked(native().mif_bind(this.fd, name, name.length), "bind", what);
  }

  /** Ends a connection at once. */
  disconnect(): void {
    native().mif_connect(this.fd, NOWHERE, NOWHERE.length);
  }

  getsockname(): SocketAddress {
    return this.#name(0, "getsockname");
  }

  getpeername(): SocketAddress {
    return this.#name(1, "getpeername");
  }

  setsockopt(level: number, name: number, value: number | boolean | Uint8Array): void {
    const bytes = value instanceof Uint8Array
      ? value
      : new Uint8Array(new Int32Array([Number(value)]).buffer);
    const result = native().mif_setsockopt(this.fd, level, name, bytes, bytes.length);
    checked(result, "setsockopt", `Cannot set option ${name} of level ${level}`);
  }

  getsockopt(level: number, name: number): number {
    return this.getsockopts([[level, name]])[0] ?? 0;
  }

  getsockopts(names: readonly (readonly [level: number, name: number])[]): (number | null)[] {
    return readOptions(this.fd, names);
  }

  [Symbol.dispose](): void {
    native().mif_close(this.fd);
  }

  #name(peer: 0 | 1, syscall: string): SocketAddress {
    const bytes = new Uint8Array(SOCKADDR_SIZE);
    const result = native().mif_getsockname(this.fd, peer, bytes, bytes.length);
    const length = checked(result, syscall, "Cannot read the socket's address");
    return decodeSockaddr(bytes.subarray(0, length))!;
  }
}
