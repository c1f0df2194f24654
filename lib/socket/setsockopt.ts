/**
 * `setsockopt()` of draft-liu-mif-socket-api-00 3.2, and of POSIX.
 *
 * @module
 */

import type { PvdInfo } from "../pvd/pvd.ts";
import type { Socket } from "./socket.ts";

/**
 * Keeps a socket on a PvD (the seed's call): from then on it sends from the PvD's source, out of its interface, through
 * its gateway, or not at all.
 *
 * @throws {MifError} What {@linkcode Socket.selectPvd} throws.
 *
 * @example
 * ```ts
 * import { AF_INET6, listPvds, setsockopt, SOCK_DGRAM, socket } from "@mif/sockets";
 *
 * using s = socket(AF_INET6, SOCK_DGRAM);
 * const pvd = listPvds().find(({ addresses }) => addresses.some(({ family }) => family === 6));
 * setsockopt(s, pvd ?? null);
 * ```
 */
export function setsockopt(s: Pick<Socket, "selectPvd">, pvd: PvdInfo | null): void;
/**
 * Sets an option by level and name (setsockopt(2)): a number or boolean as an int, bytes as they are.
 *
 * @throws {MifError} What {@linkcode Socket.setsockopt} throws.
 */
export function setsockopt(
  s: Pick<Socket, "setsockopt">,
  level: number,
  name: number,
  value: number | boolean | Uint8Array,
): void;
export function setsockopt(
  s: Partial<Pick<Socket, "selectPvd" | "setsockopt">>,
  pvdOrLevel: PvdInfo | null | number,
  name?: number,
  value?: number | boolean | Uint8Array,
): void {
  if (typeof pvdOrLevel !== "number") return s.selectPvd!(pvdOrLevel);
  if (value === undefined) throw new TypeError("setsockopt() by level and name needs a value");
  s.setsockopt!(pvdOrLevel, name!, value);
}

/**
 * Reads an option that is an int (getsockopt(2)).
 *
 * @throws {MifError} ENOPROTOOPT: there is no such option for this socket. EBADF after close().
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { AF_INET, getsockopt, SO_TYPE, SOCK_DGRAM, socket, SOL_SOCKET } from "@mif/sockets";
 *
 * using s = socket(AF_INET, SOCK_DGRAM);
 * assert.equal(getsockopt(s, SOL_SOCKET, SO_TYPE), SOCK_DGRAM);
 * ```
 */
export function getsockopt(s: Pick<Socket, "getsockopt">, level: number, name: number): number {
  return s.getsockopt(level, name);
}
