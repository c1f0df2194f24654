/**
 * International names, between what people write and what the DNS holds.
 *
 * They become ASCII by the rules of URL hosts (UTS 46, as the URL standard applies it), so that a name means the same here as
 * in fetch(). What a URL's host may not hold no such name holds: control characters, blanks and "#%/:<>?@[\\]^|".
 *
 * @module
 */

import { domainToUnicode } from "node:url";

const FORBIDDEN = /[\0-\x20\x7f#%/:<>?@[\\\]^|]/;

/** The name in ASCII, as it was written where it was ASCII; null where it can be none. */
export function toAscii(text: string): string | null {
  if (FORBIDDEN.test(text)) return null;
  if (/^[!-~]*$/.test(text)) return text;
  try {
    // Not url.domainToASCII(): the runtimes differ in what they do with what no host may hold.
    return new URL(`http://${text}/`).hostname;
  } catch {
    return null;
  }
}

/** The name in Unicode, for people to read; one that is no international name comes back as it is. */
export function toUnicode(name: string): string {
  // A name from the network may hold anything.
  if (!/^[!-~]*xn--[!-~]*$/i.test(name) || FORBIDDEN.test(name)) return name;
  const unicode = domainToUnicode(name);
  return toAscii(unicode) === name.toLowerCase() ? unicode : name;
}
