/**
 * Bytes that come piece by piece and are wanted in one.
 *
 * @module
 */

/** Memory that doubles as it fills: no more than twice what has come, however much was announced. */
export class GrowingBytes {
  #bytes = NOTHING;
  #length = 0;

  /** How many there are. */
  get length(): number {
    return this.#length;
  }

  /** Adds a piece; returns all there is, a view that the next piece may make stale. */
  append(piece: Uint8Array): Uint8Array<ArrayBuffer> {
    const length = this.#length + piece.length;
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(piece, this.#length);
    this.#length = length;
    return this.#bytes.subarray(0, length);
  }

  /** Gives away what there is, and begins again. */
  take(): Uint8Array<ArrayBuffer> {
    const all = this.#bytes.subarray(0, this.#length);
    this.clear();
    return all;
  }

  /** Begins again. */
  clear(): void {
    this.#bytes = NOTHING;
    this.#length = 0;
  }
}

const NOTHING = new Uint8Array(0);
