/**
 * HTTP/1.1 responses: from the server, or whoever is in its place.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { MifError } from "../../../lib/error.ts";
import { bodyDecoder } from "../../../lib/http/body_decoder.ts";
import {
  framingOf,
  HeadReader,
  isPersistent,
  parseResponseHead,
} from "../../../lib/http/response_head.ts";
import { bytesOf, type FuzzTarget, inPieces } from "../target.ts";

const refuses = (error: unknown) => error instanceof MifError && error.code === "EPROTO";

/** Heads one behind the other, as a connection gives them in pieces of so many bytes. */
function readHeads(bytes: Uint8Array, size: number): unknown[] {
  const reader = new HeadReader();
  const heads: unknown[] = [];
  inPieces(bytes, size, (piece) => {
    for (let rest = piece; rest.length > 0;) {
      const found = reader.take(rest);
      if (found === null) return;
      assert.ok(found.rest.length < rest.length);
      const { head } = found;
      heads.push([head, framingOf(head, "GET"), framingOf(head, "HEAD"), isPersistent(head)]);
      rest = found.rest;
    }
  });
  return heads;
}

function readChunks(bytes: Uint8Array, size: number): unknown {
  const decoder = bodyDecoder({ kind: "chunked" });
  const body: Uint8Array[] = [];
  let behind = 0;
  inPieces(bytes, size, (piece) => {
    if (decoder.done) return void (behind += piece.length);
    const part = decoder.decode(piece);
    assert.ok(part.length + decoder.rest <= piece.length);
    body.push(part);
    behind += decoder.rest;
  });
  return { body: new Uint8Array(Buffer.concat(body)), done: decoder.done, behind };
}

/** What comes of bytes, or the error. */
function outcome(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (!refuses(error)) throw error;
    return "refused";
  }
}

/** The first byte says how large the pieces are: however they are cut, they mean the same. */
function sameInPieces(
  bytes: Uint8Array,
  read: (bytes: Uint8Array, size: number) => unknown,
): unknown {
  const rest = bytes.subarray(1);
  const whole = outcome(() => read(rest, rest.length || 1));
  // A few, for the time that one byte at a time takes says nothing.
  const size = Math.max(1, bytes[0] ?? 1, Math.ceil(rest.length / 2000));
  assert.deepEqual(outcome(() => read(rest, size)), whole);
  return whole;
}

/** Those of this room. */
export const targets: FuzzTarget[] = [
  {
    name: "http-head",
    seeds: () =>
      bytesOf(
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.0 304 \r\nConnection: keep-alive, x\r\nA: b\r\n c\r\n\r\n",
        "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a=b\r\n\r\n",
      ),
    read: parseResponseHead,
    refuses,
    words: ["\r\n", "\n", "\r", ": ", ",", " ", "\t", "HTTP/1.1 ", "\0"],
  },
  {
    name: "http-heads-in-pieces",
    seeds: () =>
      bytesOf(
        "\x01HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n",
        "\x07HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        "\x08HTTP/1.0 204 x\r\nTransfer-Encoding: gzip\r\nContent-Length: 7\r\n\r\n",
      ),
    read: (bytes) => sameInPieces(bytes, readHeads),
    words: [
      ...["\r\n", "\r\n\r\n", "\n", ": ", ",", "HTTP/1.1 200 OK\r\n", "HTTP/1.0 "],
      ...["Content-Length: ", "Transfer-Encoding: chunked", "Connection: close", "keep-alive"],
    ],
  },
  {
    name: "http-chunked-body",
    seeds: () =>
      bytesOf(
        "\x035\r\nhello\r\n0\r\n\r\nbehind",
        "\x01a;x=y\r\n0123456789\r\n00\r\nTrailer: x\r\n\r\n",
      ),
    read: (bytes) => sameInPieces(bytes, readChunks),
    words: ["\r\n", "0\r\n\r\n", ";", "ffffffffffff\r\n", "1\r\n"],
  },
];
