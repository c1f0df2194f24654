/**
 * I-JSON (RFC 7493): the JSON of which two readers cannot think differently. Pure.
 *
 * JSON.parse() takes the last of two members of one name, and half of a surrogate pair; what is to be checked before it
 * is believed must not depend on that.
 *
 * @module
 */

/** Any JSON value. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;
/** A JSON object. */
export type JsonObject = { [key: string]: JsonValue };

/** Arrays and objects within each other, beyond which a text is refused: nothing that a network says of itself is deeper. */
export const DEPTH_MAX = 64;

/**
 * Reads an I-JSON message: UTF-8 without a mark in front, each name once in its object, no code points that are no
 * characters, no number beyond what a double holds. How long it may be is the caller's to say.
 *
 * @throws {SyntaxError} It is none; the message says where.
 */
export function parseIJson(bytes: Uint8Array): JsonValue {
  return new Reader(utf8(bytes)).read();
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new SyntaxError("Not UTF-8");
  }
}

const SPACE = /[\t\n\r ]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const LITERAL = /true|false|null/y;
const LITERALS: Record<string, JsonValue> = { true: true, false: false, null: null };
/** Half a surrogate pair, and what Unicode says is never a character (RFC 7493 2.1). */
const NO_CHARACTER = /[\p{Surrogate}\p{Noncharacter_Code_Point}]/u;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): JsonValue {
    const value = this.#value();
    if (this.#at < this.#text.length) throw this.#unexpected();
    return value;
  }

  /** One value with the space around it. */
  #value(): JsonValue {
    this.#take(SPACE);
    const value = this.#bareValue();
    this.#take(SPACE);
    return value;
  }

  #bareValue(): JsonValue {
    switch (this.#text[this.#at]) {
      case "{":
        return this.#within(() => this.#object());
      case "[":
        return this.#within(() => this.#array());
      case '"':
        return this.#string();
    }
    const literal = this.#take(LITERAL);
    if (literal !== null) return LITERALS[literal]!;
    const digits = this.#take(NUMBER);
    if (digits === null) throw this.#unexpected();
    const number = Number(digits);
    if (!Number.isFinite(number)) throw this.#wrong("a number that no double holds");
    return number;
  }

  #within<T>(read: () => T): T {
    if (this.#depth === DEPTH_MAX) throw this.#wrong(`deeper than ${DEPTH_MAX}`);
    this.#depth++;
    const value = read();
    this.#depth--;
    return value;
  }

  #object(): JsonObject {
    const object: JsonObject = {};
    this.#list("}", () => {
      this.#take(SPACE);
      const name = this.#string();
      if (Object.hasOwn(object, name)) throw this.#wrong(`${quote(name)} a second time`);
      this.#take(SPACE);
      this.#expect(":");
      const value = this.#value();
      // An assignment would set the object's prototype.
      if (name !== "__proto__") object[name] = value;
      else define(object, name, value);
    });
    return object;
  }

  #array(): JsonValue[] {
    const array: JsonValue[] = [];
    this.#list("]", () => array.push(this.#value()));
    return array;
  }

  /** What stands between a bracket, commas, and the bracket's end. */
  #list(end: string, readElement: () => void): void {
    this.#at++;
    this.#take(SPACE);
    if (this.#text[this.#at] === end) {
      this.#at++;
      return;
    }
    while (true) {
      readElement();
      if (this.#text[this.#at] === end) break;
      this.#expect(",");
    }
    this.#at++;
  }

  #string(): string {
    const text = this.#text;
    const start = this.#at;
    if (text.charCodeAt(start) !== QUOTE) throw this.#unexpected();
    let end = start + 1;
    while (end < text.length && text.charCodeAt(end) !== QUOTE) {
      end += text.charCodeAt(end) === BACKSLASH ? 2 : 1;
    }
    let string: string;
    try {
      // Of escapes and control characters it knows all there is to know.
      string = JSON.parse(text.slice(start, end + 1));
    } catch {
      throw this.#wrong("no string");
    }
    if (NO_CHARACTER.test(string)) throw this.#wrong("a code point that is no character");
    this.#at = end + 1;
    return string;
  }

  /** Takes what is to be next. */
  #expect(character: string): void {
    if (this.#text[this.#at] !== character) throw this.#unexpected();
    this.#at++;
  }

  /** Takes what the pattern matches here, or nothing: null. */
  #take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return null;
    this.#at += match[0].length;
    return match[0];
  }

  #unexpected(): SyntaxError {
    const { [this.#at]: character } = this.#text;
    return this.#wrong(character === undefined ? "the end" : `unexpected ${quote(character)}`);
  }

  #wrong(what: string): SyntaxError {
    return new SyntaxError(`Not I-JSON: ${what} at character ${this.#at}`);
  }
}

function define(object: JsonObject, name: string, value: JsonValue): void {
  const property = { value, writable: true, enumerable: true, configurable: true };
  Object.defineProperty(object, name, property);
}

/** What came from outside, safe to print. */
function quote(text: string): string {
  return JSON.stringify(text.slice(0, 40)).replace(/[^ -~]/g, "�");
}
