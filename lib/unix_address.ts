/**
 * The kernel's form of a path as an address: sockaddr_un (unix(7)).
 *
 * @module
 */

import { SOCKADDR_SIZE } from "./socket/sockaddr.ts";

/** Family of unix(7). */
export const AF_UNIX = 1;

/** Without the rest of its 108 bytes: what crosses the boundary has room for 28, a path of 25 bytes. */
export function encodeUnixAddress(path: string): Uint8Array {
  const name = new TextEncoder().encode(`${String.fromCharCode(AF_UNIX, 0)}${path}\0`);
  if (name.length > SOCKADDR_SIZE) throw new RangeError(`Too long a path for a socket: ${path}`);
  return name;
}
