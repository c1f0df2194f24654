/**
 * Text for a terminal: what comes from a network or names an interface may hold anything.
 *
 * @module
 */

/** Control characters, and those that change the direction of what follows or begin a line (Unicode Bidi_Control, Zl, Zp). */
// deno-lint-ignore no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** The text with what could command a terminal written as `\u{1b}`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u{${character.charCodeAt(0).toString(16)}}`);
}
