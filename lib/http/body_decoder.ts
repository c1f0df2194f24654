/**
 * Takes the framing off a response's body: a length, chunks (RFC 9112 7.1), or the connection's end.
 *
 * @module
 */

import { badResponse, type Framing } from "./response_head.ts";

/** A chunk's line with its extensions, and each line of the trailer. */
const LINE_MAX = 4096;
/** All lines of the trailer. */
const TRAILER_MAX = 64 * 1024;
const CR = 0x0d;
const LF = 0x0a;

/** Reads one body, bit by bit. */
export interface BodyDecoder {
  /** The body is whole. */
  readonly done: boolean;
  /**
   * Takes what came. Returns the part of the body in it, which is a view of the same memory, written over; sets `rest`
   * to how many bytes behind the body's end came with it.
   *
   * @throws {MifError} EPROTO.
   */
  decode(bytes: Uint8Array): Uint8Array;
  /** Bytes of the last call that are not the body's. */
  readonly rest: number;
}

/** The decoder for a framing. */
export function bodyDecoder(framing: Framing): BodyDecoder {
  switch (framing.kind) {
    case "chunked":
      return new ChunkedDecoder();
    case "close":
      return new LengthDecoder(Infinity);
    default:
      return new LengthDecoder(framing.kind === "length" ? framing.length : 0);
  }
}

class LengthDecoder implements BodyDecoder {
  rest = 0;
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  get done(): boolean {
    return this.#left === 0;
  }

  decode(bytes: Uint8Array): Uint8Array {
    const taken = Math.min(bytes.length, this.#left);
    this.#left -= taken;
    this.rest = bytes.length - taken;
    return this.rest === 0 ? bytes : bytes.subarray(0, taken);
  }
}

class ChunkedDecoder implements BodyDecoder {
  done = false;
  rest = 0;
  #state: "size" | "data" | "end of data" | "trailer" = "size";
  /** Bytes of the chunk that are still to come. */
  #left = 0;
  /** A line of which only a part has come. */
  #line = "";
  #trailer = 0;

  decode(bytes: Uint8Array): Uint8Array {
    let at = 0;
    // The parts are moved together at the front: one piece comes out for each that went in.
    let filled = 0;
    let start = 0;
    while (at < bytes.length && !this.done) {
      if (this.#state === "data") {
        const taken = Math.min(this.#left, bytes.length - at);
        if (filled === 0) start = at;
        else bytes.copyWithin(start + filled, at, at + taken);
        filled += taken;
        at += taken;
        this.#left -= taken;
        if (this.#left === 0) this.#state = "end of data";
      } else {
        at = this.#takeLine(bytes, at);
      }
    }
    this.rest = bytes.length - at;
    return bytes.subarray(start, start + filled);
  }

  /** Takes a line, or as much of it as there is; returns where it ends. */
  #takeLine(bytes: Uint8Array, at: number): number {
    const end = bytes.indexOf(LF, at);
    const part = bytes.subarray(at, end < 0 ? bytes.length : end + 1);
    if (this.#line.length + part.length > LINE_MAX) throw badResponse("a chunk's line is too long");
    for (const byte of part) this.#line += String.fromCharCode(byte);
    if (end < 0) return bytes.length;
    if (this.#line.length < 2 || this.#line.charCodeAt(this.#line.length - 2) !== CR) {
      throw badResponse("a line of its chunks ends without CR LF");
    }
    const line = this.#line.slice(0, -2);
    this.#line = "";
    this.#onLine(line);
    return end + 1;
  }

  #onLine(line: string): void {
    switch (this.#state) {
      case "size": {
        // Extensions mean nothing to us (RFC 9112 7.1.1), but a stray CR in them does to others.
        const size = /^([0-9A-Fa-f]{1,12})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/.exec(line)?.[1];
        if (size === undefined) throw badResponse("the size of a chunk is no number");
        this.#left = parseInt(size, 16);
        this.#state = this.#left === 0 ? "trailer" : "data";
        break;
      }
      case "end of data":
        if (line !== "") throw badResponse("a chunk is longer than its size");
        this.#state = "size";
        break;
      case "trailer":
        // Fetch has no trailers: they are passed over.
        this.#trailer += line.length;
        if (this.#trailer > TRAILER_MAX) throw badResponse("its trailer is too long");
        if (line === "") this.done = true;
    }
  }
}
