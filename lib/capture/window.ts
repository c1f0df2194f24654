/**
 * The part of a stream that has come and is not read yet.
 *
 * @module
 */

/** Bytes between `at` and `end`, which move when more are pushed. */
export class Window {
  /** The memory. */
  bytes: Uint8Array = new Uint8Array(64 * 1024);
  /** A view of all of it. */
  view: DataView = new DataView(this.bytes.buffer);
  /** The first byte that is not read. */
  at = 0;
  /** Behind the last byte that came. */
  end = 0;
  /** Bytes to come that nobody wants. */
  #unwanted = 0;

  /** How much is there to be read. */
  get length(): number {
    return this.end - this.at;
  }

  /** Takes more of the stream: a copy. */
  push(chunk: Uint8Array): void {
    const skipped = Math.min(this.#unwanted, chunk.length);
    this.#unwanted -= skipped;
    const fresh = chunk.subarray(skipped);
    const size = this.length + fresh.length;
    if (size > this.bytes.length) {
      const larger = new Uint8Array(size * 2);
      larger.set(this.bytes.subarray(this.at, this.end));
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    } else {
      this.bytes.copyWithin(0, this.at, this.end);
    }
    this.bytes.set(fresh, this.length);
    this.at = 0;
    this.end = size;
  }

  /** Passes over bytes, also over some that have not come yet. */
  skip(count: number): void {
    const here = Math.min(count, this.length);
    this.at += here;
    this.#unwanted += count - here;
  }

  /** Whether bytes that were passed over have not come yet. */
  get lacks(): boolean {
    return this.#unwanted > 0;
  }
}
