/**
 * The kernel's form of a path as an address: sockaddr_un (unix(7)).
 *
 * @module
 */

/** Family of unix(7). */
export const AF_UNIX = 1;

/** What crosses the boundary to the native library. */
const SIZE_MAX = 28;

/** Without the rest of its 108 bytes: there is room for a path of 25. */
export function encodeUnixAddress(path: string): Uint8Array {
  const name = new TextEncoder().encode(`${String.fromCharCode(AF_UNIX, 0)}${path}\0`);
  if (name.length > SIZE_MAX) throw new RangeError(`Too long a path for a socket: ${path}`);
  return name;
}
