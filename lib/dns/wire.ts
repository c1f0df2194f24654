/**
 * Bytes of a DNS message, read within their bounds (RFC 1035 4.1).
 *
 * @module
 */

/** Bytes that are no DNS message. The message says what is wrong. */
export class MalformedDnsError extends Error {
  /** The name of the class, for those who print it. */
  override readonly name = "MalformedDnsError";
}

/** A place in a message, which moves as values are read; what would lie behind `end` is malformed. */
export class WireReader {
  /** The whole message, for compressed names point back into it. */
  readonly bytes: Uint8Array;
  /** The next byte to read. */
  at: number;
  /** Behind the last byte that may be read. */
  end: number;

  /** Reads from `at` up to `end`. */
  constructor(bytes: Uint8Array, at = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** How many bytes are left. */
  get left(): number {
    return this.end - this.at;
  }

  /** One byte. */
  uint8(): number {
    return this.bytes[this.advance(1)]!;
  }

  /** Two bytes, the high one first. */
  uint16(): number {
    const at = this.advance(2);
    return this.bytes[at]! << 8 | this.bytes[at + 1]!;
  }

  /** Four bytes, the high one first. */
  uint32(): number {
    const high = this.uint16();
    return high * 0x10000 + this.uint16();
  }

  /** A copy of so many bytes. */
  take(length: number): Uint8Array {
    const at = this.advance(length);
    return this.bytes.slice(at, at + length);
  }

  /** A copy of all that is left. */
  rest(): Uint8Array {
    return this.take(this.left);
  }

  /** A copy of the bytes of a `<character-string>` (RFC 1035 3.3): a length and so many bytes. */
  characterString(): Uint8Array {
    return this.take(this.uint8());
  }

  /** Passes over so many bytes; returns where they begin. */
  advance(length: number): number {
    const at = this.at;
    if (at + length > this.end) throw new MalformedDnsError("it ends too early");
    this.at = at + length;
    return at;
  }
}
