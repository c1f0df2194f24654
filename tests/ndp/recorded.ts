/**
 * Messages that other programs made: see tests/fixtures/router_advertisements/README.md.
 *
 * @module
 */

import { readFileSync } from "node:fs";

/** The bytes of one recorded file. */
export function recorded(name: string): Uint8Array {
  const url = new URL(`../fixtures/router_advertisements/${name}.hex`, import.meta.url);
  const digits = readFileSync(url, "utf8").replace(/\s/g, "");
  return Uint8Array.from(digits.match(/../g)!, (byte) => parseInt(byte, 16));
}
