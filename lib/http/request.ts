/**
 * What is asked of a server by HTTP/1.1, as it goes over the wire (RFC 9112 3).
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { isToken } from "./token.ts";

/** A request, complete but for the framing of its body. */
export interface HttpRequest {
  method: string;
  /** Path and query, percent-encoded. */
  target: string;
  /** Host among them; Content-Length and Transfer-Encoding are added by the body. */
  fields: readonly (readonly [name: string, value: string])[];
  body: OutgoingBody | null;
  /** The response is to be 101 and the connection the caller's (RFC 9110 7.8). */
  upgrade?: boolean;
}

/** A body to send: at hand, or as a stream, of a length that is known or not. */
export type OutgoingBody =
  | { bytes: Uint8Array }
  | { stream: ReadableStream<Uint8Array>; length: number | null };

const TARGET = /^[\x21-\x7e]+$/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Methods whose requests without a body say so by a length of 0 (Fetch 4.6). */
const WITH_BODY = ["POST", "PUT"];

/**
 * The head of a request.
 *
 * @throws {TypeError} A part would break out of its place.
 */
function requestHead({ method, target, fields, body }: HttpRequest): string {
  if (!isToken(method)) throw new TypeError(`Not a method: ${JSON.stringify(method)}`);
  if (!TARGET.test(target)) throw new TypeError(`Not a path: ${JSON.stringify(target)}`);
  let head = `${method} ${target} HTTP/1.1\r\n`;
  for (const [name, value] of fields) {
    if (!isToken(name) || !FIELD_VALUE.test(value)) {
      throw new TypeError(`Not a header: ${JSON.stringify(name)}`);
    }
    head += `${name}: ${value}\r\n`;
  }
  const length = lengthOf(body);
  if (length === null) head += "transfer-encoding: chunked\r\n";
  else if (body || WITH_BODY.includes(method)) head += `content-length: ${length}\r\n`;
  return head + "\r\n";
}

/** The body's length in bytes, null where it goes in chunks. */
export function lengthOf(body: OutgoingBody | null): number | null {
  if (body === null) return 0;
  return "bytes" in body ? body.bytes.length : body.length;
}

/** A small body goes with the head in one piece: copying is cheaper than a second packet. */
const TOGETHER_MAX = 16 * 1024;

/** What goes first: the head, with the body where that is small and at hand. */
export function firstPiece(request: HttpRequest): { piece: Uint8Array; isAll: boolean } {
  const head = Buffer.from(requestHead(request), "latin1");
  const { body } = request;
  if (body === null) return { piece: head, isAll: true };
  if (!("bytes" in body) || body.bytes.length > TOGETHER_MAX) return { piece: head, isAll: false };
  return { piece: Buffer.concat([head, body.bytes]), isAll: true };
}
