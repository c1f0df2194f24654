/**
 * The body of a request, from any of the forms that fetch() takes (Fetch 5.2).
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { setImmediate } from "node:timers";
import type { OutgoingBody } from "../http/request.ts";

/** Where a body comes from. */
export interface BodySource {
  /** The Content-Type that the form itself has. */
  type: string | null;
  /** Whether it can be sent a second time. */
  replayable: boolean;
  /** The body, to be sent once. */
  open(): OutgoingBody;
}

/** The body that a caller gives. */
export async function bodySource(body: unknown): Promise<BodySource> {
  if (typeof body === "string") {
    return fromBytes(new TextEncoder().encode(body), "text/plain;charset=UTF-8");
  }
  if (body instanceof URLSearchParams) {
    const type = "application/x-www-form-urlencoded;charset=UTF-8";
    return fromBytes(new TextEncoder().encode(String(body)), type);
  }
  // Sent later, when the caller may have written over it.
  if (body instanceof ArrayBuffer) return fromBytes(new Uint8Array(body.slice(0)));
  if (ArrayBuffer.isView(body)) {
    return fromBytes(new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice());
  }
  if (body instanceof Blob) {
    const { size, type } = body;
    return {
      type: type === "" ? null : type,
      replayable: true,
      open: () => ({ stream: body.stream(), length: size }),
    };
  }
  if (body instanceof FormData) {
    // The runtime writes it, and says by which boundary.
    const written = new Response(body);
    // Bun forgets it when the body has been read.
    const type = written.headers.get("content-type");
    return fromBytes(new Uint8Array(await written.arrayBuffer()), type);
  }
  if (body instanceof ReadableStream) return fromStream(body);
  if (typeof body === "object" && body !== null && Symbol.asyncIterator in body) {
    return fromStream(ReadableStream.from(body as AsyncIterable<Uint8Array>));
  }
  return await bodySource(String(body));
}

/**
 * The body of a Request, which does not say what it was made from. What is there at once goes as bytes, with a length,
 * as it would have gone from the runtime; the rest as a stream.
 */
export async function sourceOfRequest(request: Request): Promise<BodySource | null> {
  if (request.bodyUsed) throw new TypeError("The Request's body was read already");
  if (request.body === null) return null;
  const reader = request.body.getReader();
  const chunks: Uint8Array[] = [];
  while (true) {
    const next = reader.read();
    const result = await Promise.race([next, nextTurn()]);
    if (result === undefined) return fromStream(resumed(chunks, next, reader));
    if (result.done) return fromBytes(Buffer.concat(chunks));
    chunks.push(result.value);
    if (chunks.length >= CHUNKS_MAX) return fromStream(resumed(chunks, reader.read(), reader));
  }
}

/** A stream that always has more would never come to its end. */
const CHUNKS_MAX = 16;

type Read = ReturnType<ReadableStreamDefaultReader<Uint8Array>["read"]>;

function resumed(
  chunks: Uint8Array[],
  next: Read,
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  let pending: Read | null = next;
  return new ReadableStream({
    start: (controller) => chunks.forEach((chunk) => controller.enqueue(chunk)),
    async pull(controller) {
      const { done, value } = await (pending ?? reader.read());
      pending = null;
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

function fromBytes(bytes: Uint8Array, type: string | null = null): BodySource {
  return { type, replayable: true, open: () => ({ bytes }) };
}

function fromStream(stream: ReadableStream<Uint8Array>): BodySource {
  if (stream.locked) throw new TypeError("The body's stream is locked");
  return { type: null, replayable: false, open: () => ({ stream, length: null }) };
}

/** When all that was ready has been delivered. */
function nextTurn(): Promise<undefined> {
  return new Promise((resolve) => setImmediate(() => resolve(undefined)));
}
