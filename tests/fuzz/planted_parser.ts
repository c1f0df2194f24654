/**
 * A parser with a fault that no blind guess finds: three bytes, one behind the other.
 *
 * @module
 */

/** Fails for what begins with "mif". */
export function plantedParser(bytes: Uint8Array): string {
  if (bytes[0] !== 0x6d) return "no m";
  if (bytes[1] !== 0x69) return "no i";
  if (bytes[2] !== 0x66) return "no f";
  throw new Error("the planted fault");
}
