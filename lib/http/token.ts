/**
 * Tokens: names of methods, fields and protocols (RFC 9110 5.6.2).
 *
 * @module
 */

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Whether a text is a token. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}
