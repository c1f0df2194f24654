/**
 * What somebody gave, for a message.
 *
 * @module
 */

const LENGTH_MAX = 80;

/** The text in quotes: escaped, and cut where it is long. */
export function shown(text: string): string {
  return JSON.stringify(text.length > LENGTH_MAX ? `${text.slice(0, LENGTH_MAX)}…` : text);
}
