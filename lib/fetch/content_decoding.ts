/**
 * Takes the content codings off a body (RFC 9110 8.4): gzip, deflate, br and zstd.
 *
 * @module
 */

import type { Transform } from "node:stream";
// As a whole: Node before 22.15 has no zstd, and is to be able to import this.
import * as zlib from "node:zlib";
import { drained } from "../connection/drained.ts";
import { MifError } from "../error.ts";
import { networkError } from "./error.ts";

/** What a server is told that it may use. */
export const ACCEPT_ENCODING = "gzip, deflate, br, zstd";

const CHUNK_SIZE = 64 * 1024;

/** A decoder for a coding; it is shown the first bytes, which tell zlib's two forms of "deflate" apart. */
const DECODERS: Record<string, (first: Uint8Array) => Transform> = {
  gzip: () => zlib.createGunzip({ chunkSize: CHUNK_SIZE }),
  deflate: (first) =>
    isZlib(first)
      ? zlib.createInflate({ chunkSize: CHUNK_SIZE })
      : zlib.createInflateRaw({ chunkSize: CHUNK_SIZE }),
  br: () => zlib.createBrotliDecompress({ chunkSize: CHUNK_SIZE }),
  zstd: () => zlib.createZstdDecompress({ chunkSize: CHUNK_SIZE }),
};
const ALIASES: Record<string, string> = { "x-gzip": "gzip" };

/** The codings to take off, the last one first; none where one of them is unknown: then the body stays as it is. */
export function knownCodings(contentEncoding: string | null): string[] {
  const codings = (contentEncoding ?? "").split(",").map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== "" && coding !== "identity")
    .map((coding) => ALIASES[coding] ?? coding);
  return codings.every((coding) => Object.hasOwn(DECODERS, coding)) ? codings.reverse() : [];
}

/** The body without a coding. What is no such coding is a network error of the stream. */
export function decoded(
  body: ReadableStream<Uint8Array>,
  coding: string,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  let decoder: Transform | null = null;
  let output: AsyncIterator<Uint8Array> | null = null;

  const begin = async () => {
    const { done, value } = await reader.read();
    // No body at all is no coding of anything, and servers do send that.
    if (done) return null;
    decoder = DECODERS[coding]!(value);
    // Told by the iterator.
    decoder.on("error", () => {});
    feed(decoder, value);
    return decoder[Symbol.asyncIterator]();
  };
  const feed = async (into: Transform, first: Uint8Array) => {
    try {
      for (let value: Uint8Array | undefined = first; value; value = (await reader.read()).value) {
        if (!into.write(value)) await drained(into);
        if (into.destroyed) return;
      }
      into.end();
    } catch (error) {
      into.destroy(new SourceError(error));
    }
  };

  return new ReadableStream({
    type: "bytes",
    async pull(controller) {
      try {
        output ??= await begin();
        const { done, value } = output ? await output.next() : { done: true, value: undefined };
        if (value) controller.enqueue(new Uint8Array(value));
        if (!done) return;
        controller.close();
        controller.byobRequest?.respond(0);
      } catch (error) {
        // A body that was cut short is no fault of the coding.
        if (decoder === null) throw error;
        if (error instanceof SourceError) throw error.cause;
        reader.cancel(error).catch(() => {});
        throw networkError(badCoding(coding, error));
      }
    },
    async cancel(reason) {
      decoder?.destroy();
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}

/** What the coded body itself failed with, on its way through the decoder. */
class SourceError extends Error {
  constructor(cause: unknown) {
    super("The coded body has failed", { cause });
  }
}

/** "deflate" is the zlib format, but some send the bare one. */
function isZlib(first: Uint8Array): boolean {
  return (first[0]! & 0x0f) === 8;
}

function badCoding(coding: string, cause: unknown): MifError {
  return new MifError(`The body is no ${coding}: ${(cause as Error).message}`, {
    code: "EPROTO",
    errno: 71,
    syscall: "fetch",
    cause,
  });
}
