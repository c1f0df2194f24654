/**
 * Who is at the other end of a socket of this machine: unix(7), SO_PEERCRED.
 *
 * @module
 */

import { native } from "../ffi/library.ts";
import { SOL_SOCKET } from "./socket/options.ts";

const SO_PEERCRED = 17;
/** struct ucred: process, user, group, four bytes each. */
const UCRED_SIZE = 12;

/** The user that connected, or listens; -1 where the kernel does not tell. */
export function peerUser(fd: number): number {
  const bytes = new Uint8Array(UCRED_SIZE);
  const size = native().mif_getsockopt(fd, SOL_SOCKET, SO_PEERCRED, bytes, UCRED_SIZE);
  return size === UCRED_SIZE ? new DataView(bytes.buffer).getUint32(4, true) : -1;
}
