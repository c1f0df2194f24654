/**
 * `setsockopt()` of draft-liu-mif-socket-api-00 3.2, and of POSIX.
 *
 * @module
 */

import type { PvdInfo } from "../pvd/pvd.ts";
import type { Socket } from "./socket.ts";

/**
 * Keeps a socket on a PvD (the seed's call): from then on it sends from the PvD's source, out of its interface, through
 * its gateway, or not at all. See {@linkcode Socket.selectPvd} for its errors.
 */
export function setsockopt(s: Pick<Socket, "selectPvd">, pvd: PvdInfo | null): void;
/** Sets an option by level and name (setsockopt(2)): a number or boolean as an int, bytes as they are. */
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

/** Reads an option that is an int (getsockopt(2)). */
export function getsockopt(s: Pick<Socket, "getsockopt">, level: number, name: number): number {
  return s.getsockopt(level, name);
}
