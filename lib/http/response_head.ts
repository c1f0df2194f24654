/**
 * The head of an HTTP/1.1 response: status line and fields (RFC 9112 4 and 5), and how its body is framed (RFC 9112 6).
 *
 * Strict where two readers could take a message for two different ones: bare CR or LF, space before a colon, a length
 * beside a transfer coding. Whoever disagrees about where a message ends can be fed the next one.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { MifError } from "../error.ts";
import { shown } from "../shown.ts";
import { GrowingBytes } from "./growing_bytes.ts";
import { isToken } from "./token.ts";

/** A status line and the fields below it. */
export interface ResponseHead {
  /** 100 to 999. */
  status: number;
  /** The reason phrase, often empty. */
  statusText: string;
  /** HTTP/1.0: the connection ends with the response unless it says otherwise. */
  isHttp10: boolean;
  /** In the order they came, one byte a character (isomorphic decoding). */
  fields: [name: string, value: string][];
}

/** Where a body ends. */
export type Framing =
  | { kind: "none" }
  | { kind: "length"; length: number }
  | { kind: "chunked" }
  | { kind: "close" };

/** A head that is longer than this is refused. */
export const HEAD_SIZE_MAX = 256 * 1024;

const CR = 0x0d;
const LF = 0x0a;
const STATUS_LINE = /^HTTP\/1\.([0-9]) ([1-9][0-9]{2})(?: (.*))?$/;
/** What no head has: control characters, and line ends of one character. */
const BROKEN = /[^\t\r\n\x20-\x7e\x80-\xff]|\r(?!\n)|(?<!\r)\n/;

/** Reads heads out of what a connection gives, whose pieces end where they like. */
export class HeadReader {
  /** What there is of a head that is not whole. */
  readonly #part = new GrowingBytes();

  /**
   * Takes what came: a whole head and the bytes behind it, or null while it is not whole.
   *
   * @throws {MifError} EPROTO.
   */
  take(
    bytes: Uint8Array<ArrayBuffer>,
  ): { head: ResponseHead; rest: Uint8Array<ArrayBuffer> } | null {
    const before = this.#part.length;
    const all = before === 0 ? bytes : this.#part.append(bytes);
    const end = headEnd(all, before);
    if (end > HEAD_SIZE_MAX || (end < 0 && all.length > HEAD_SIZE_MAX)) {
      throw badResponse(`its head is larger than ${HEAD_SIZE_MAX} bytes`);
    }
    if (end < 0) {
      if (before === 0) this.#part.append(bytes);
      return null;
    }
    this.#part.clear();
    return { head: parseResponseHead(all.subarray(0, end)), rest: bytes.subarray(end - before) };
  }
}

/** The index behind the empty line that ends a head, or -1; nothing before `from` is the end of one. */
function headEnd(bytes: Uint8Array, from: number): number {
  // Of the empty line's CR LF CR LF, three may lie before what is new.
  for (let at = Math.max(0, from - 3);; at++) {
    at = bytes.indexOf(CR, at);
    if (at < 0 || at + 3 >= bytes.length) return -1;
    if (bytes[at + 1] === LF && bytes[at + 2] === CR && bytes[at + 3] === LF) return at + 4;
  }
}

/**
 * Reads a head, the empty line included.
 *
 * @throws {MifError} EPROTO.
 */
export function parseResponseHead(bytes: Uint8Array): ResponseHead {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const broken = BROKEN.exec(text);
  if (broken) throw badResponse(`its head has a stray ${shown(broken[0])}`);
  let end = text.indexOf("\r\n");
  const statusLine = STATUS_LINE.exec(text.slice(0, end));
  if (!statusLine) throw badResponse(`its status line is ${shown(text.slice(0, end))}`);
  const fields: [string, string][] = [];
  while (end + 4 < text.length) {
    const start = end + 2;
    end = text.indexOf("\r\n", start);
    if (isSpace(text.charCodeAt(start))) {
      // A user agent takes a folded line for one with a space (RFC 9112 5.2).
      const last = fields.at(-1);
      if (!last) throw badResponse("its first field begins with a space");
      last[1] = `${last[1]} ${withoutSpace(text, start, end)}`;
      continue;
    }
    const colon = text.indexOf(":", start);
    const name = text.slice(start, Math.max(start, Math.min(colon, end)));
    if (!isToken(name)) {
      throw badResponse(`it has the line ${shown(text.slice(start, end))}`);
    }
    fields.push([name.toLowerCase(), withoutSpace(text, colon + 1, end)]);
  }
  const [, minor, status, statusText = ""] = statusLine;
  return { status: Number(status), statusText, isHttp10: minor === "0", fields };
}

/**
 * Where the body of a response ends (RFC 9112 6.3).
 *
 * @param method The request's.
 * @throws {MifError} EPROTO where that is not beyond doubt.
 */
export function framingOf({ status, isHttp10, fields }: ResponseHead, method: string): Framing {
  const lengths = valuesOf(fields, "content-length");
  const codings = valuesOf(fields, "transfer-encoding");
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) {
    return { kind: "none" };
  }
  if (codings.length > 0) {
    if (lengths.length > 0) throw badResponse("it has a length beside a transfer coding");
    if (isHttp10) throw badResponse("HTTP/1.0 has no transfer codings");
    if (codings.join().toLowerCase() === "chunked") return { kind: "chunked" };
    throw badResponse(`its transfer coding is ${shown(codings.join())}, not chunked`);
  }
  if (lengths.length === 0) return { kind: "close" };
  const [length] = lengths;
  const isSound = /^[0-9]{1,15}$/.test(length!) && lengths.every((other) => other === length);
  if (!isSound) throw badResponse(`its Content-Length is ${shown(lengths.join())}`);
  return { kind: "length", length: Number(length) };
}

/** Whether the server lets the connection stand after the response (RFC 9112 9.3). */
export function isPersistent({ isHttp10, fields }: ResponseHead): boolean {
  const options = valuesOf(fields, "connection").map((option) => option.toLowerCase());
  return !options.includes("close") && (!isHttp10 || options.includes("keep-alive"));
}

/** The elements of a field that is a list, from all of its lines. */
export function valuesOf(fields: ResponseHead["fields"], wanted: string): string[] {
  const values: string[] = [];
  for (const [name, value] of fields) {
    if (name !== wanted) continue;
    if (value.includes(",")) values.push(...value.split(",").map((part) => withoutSpace(part)));
    else values.push(value);
  }
  return values;
}

/** The server has sent what is no HTTP/1.1 response. */
export function badResponse(why: string): MifError {
  return new MifError(`The server's response cannot be read: ${why}`, {
    code: "EPROTO",
    errno: 71,
    syscall: "http",
  });
}

/** OWS is spaces and tabs, and nothing else that String.trim() takes. */
function withoutSpace(text: string, start = 0, end: number = text.length): string {
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
