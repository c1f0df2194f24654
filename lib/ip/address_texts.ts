/**
 * Texts of IPv6 addresses of which many are equal, as in a capture.
 *
 * @module
 */

import { formatIpv6 } from "./address.ts";

/** A power of two. */
const PLACES = 1024;

/** Remembers the text of the last address in each of its places: as many as it has, whatever comes. */
export class AddressTexts {
  readonly #addresses = new Uint8Array(PLACES * 16);
  readonly #texts: string[] = new Array(PLACES).fill("");

  /** The text of the 16 bytes at `at`, as formatIpv6() gives it. */
  text(bytes: Uint8Array, at: number): string {
    let sum = 0;
    for (let i = at; i < at + 16; i++) sum = (sum * 31 + bytes[i]!) | 0;
    const place = (sum ^ sum >>> 10) & (PLACES - 1);
    const kept = place * 16;
    const addresses = this.#addresses;
    let i = 0;
    while (i < 16 && addresses[kept + i] === bytes[at + i]) i++;
    if (i === 16 && this.#texts[place] !== "") return this.#texts[place]!;
    for (i = 0; i < 16; i++) addresses[kept + i] = bytes[at + i]!;
    return this.#texts[place] = formatIpv6(bytes, at);
  }
}
