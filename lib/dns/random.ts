/**
 * Numbers that nobody can guess (RFC 5452 9.2), many from one call.
 *
 * @module
 */

const pool = new Uint16Array(2048);
let used = pool.length;

/** From 0 to 65535, each as likely as any other. */
export function randomUint16(): number {
  if (used === pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  return pool[used++]!;
}
