/**
 * Between node:http's requests and responses and those of fetch.
 *
 * @module
 */

import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { SocketAddress } from "../pvd/pvd.ts";
import { drained } from "./drained.ts";

/** Who asks, and where. */
export interface RequestInfo {
  /** The peer. */
  remoteAddress: SocketAddress;
  /** The address and port that the peer connected to. */
  localAddress: SocketAddress;
}

/** Answers a request. */
export type FetchHandler = (request: Request, info: RequestInfo) => Response | Promise<Response>;

/** Answers when a {@linkcode FetchHandler} threw, or was told of what failed after its answer had begun. */
export type ErrorHandler = (error: unknown) => Response | Promise<Response>;

/** What node:http is to call for each request. */
export function requestListener(
  handler: FetchHandler,
  onError: ErrorHandler,
  scheme: "http" | "https",
): RequestListener {
  return async (incoming, outgoing) => {
    const gone = new AbortController();
    outgoing.on("close", () => {
      if (!outgoing.writableFinished) {
        gone.abort(new DOMException("The client has closed the connection", "AbortError"));
      }
      // A body that nobody read is in the way of the next request.
      incoming.resume();
    });
    // A client that goes is not a failure of ours; the request's signal tells it.
    incoming.on("error", () => {});
    outgoing.on("error", () => {});
    const request = toRequest(incoming, scheme, gone.signal);
    const response = typeof request === "number"
      ? new Response(null, { status: request })
      : await answer(request, requestInfo(incoming), handler, onError);
    try {
      await send(response, outgoing, incoming.method === "HEAD", gone.signal);
    } catch (error) {
      outgoing.destroy();
      if (!gone.signal.aborted) await report(error, onError);
    }
  };
}

/** The handler's answer, or the error handler's, or a bare 500. */
async function answer(
  request: Request,
  info: RequestInfo,
  handler: FetchHandler,
  onError: ErrorHandler,
): Promise<Response> {
  try {
    return usable(await handler(request, info));
  } catch (error) {
    return await report(error, onError);
  }
}

async function report(error: unknown, onError: ErrorHandler): Promise<Response> {
  try {
    return usable(await onError(error));
  } catch (failure) {
    console.error(failure);
    return internalServerError();
  }
}

/** What the client learns of an error: nothing. */
export function internalServerError(): Response {
  const headers = { "content-type": "text/plain" };
  return new Response("Internal Server Error", { status: 500, headers });
}

function usable(response: Response): Response {
  if (!(response instanceof Response)) throw new TypeError("The handler returned no Response");
  if (response.bodyUsed) throw new TypeError("The Response's body was read already");
  if (response.status === 0) throw new TypeError("The Response is an error");
  return response;
}

/** Methods that no Request may have (Fetch 2.2.1). */
const FORBIDDEN = new Set(["CONNECT", "TRACE", "TRACK"]);

/** What was asked, or the status to answer where no Request can hold it. */
function toRequest(
  incoming: IncomingMessage,
  scheme: "http" | "https",
  signal: AbortSignal,
): Request | number {
  const { method = "GET", url = "/", headers: { host }, rawHeaders } = incoming;
  if (FORBIDDEN.has(method)) return 501;
  // Without Host (HTTP/1.0) the address stands for it.
  const authority = host ?? authorityOf(incoming);
  try {
    const headers = new Headers();
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      headers.append(rawHeaders[i]!, rawHeaders[i + 1]!);
    }
    const origin = `${scheme}://${authority}`;
    // "*" of OPTIONS is no path, and a request to a proxy has a whole URL (RFC 9112 3.2).
    const target = url === "*" ? origin : url.startsWith("/") ? origin + url : url;
    const bodiless = method === "GET" || method === "HEAD";
    return new Request(new URL(target), {
      method,
      headers,
      signal,
      body: bodiless ? null : bodyOf(incoming),
      duplex: "half",
    } as RequestInit);
  } catch {
    return 400;
  }
}

/** Read from the connection only as far as the handler reads. */
function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array> | null {
  const { "content-length": length, "transfer-encoding": encoding } = incoming.headers;
  if (encoding === undefined && Number(length ?? 0) === 0) return null;
  const chunks = incoming.iterator({ destroyOnReturn: false });
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(new Uint8Array(value));
    },
    async cancel() {
      await chunks.return?.();
    },
  }, { highWaterMark: 0 });
}

async function send(
  response: Response,
  outgoing: ServerResponse,
  head: boolean,
  gone: AbortSignal,
): Promise<void> {
  const { status, statusText, headers, body } = response;
  if (gone.aborted) return await body?.cancel(gone.reason);
  if (statusText !== "") outgoing.statusMessage = statusText;
  outgoing.statusCode = status;
  for (const [name, value] of headers) {
    if (name !== "set-cookie") outgoing.setHeader(name, value);
  }
  const cookies = headers.getSetCookie();
  if (cookies.length > 0) outgoing.setHeader("set-cookie", cookies);
  if (body === null || head) {
    outgoing.end();
    return await body?.cancel();
  }
  const reader = body.getReader();
  const cancel = () => void reader.cancel(gone.reason).catch(() => {});
  gone.addEventListener("abort", cancel, { once: true });
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (gone.aborted || done) break;
      if (!outgoing.write(value)) await drained(outgoing);
    }
    outgoing.end();
  } finally {
    gone.removeEventListener("abort", cancel);
  }
}

function requestInfo({ socket }: IncomingMessage): RequestInfo {
  return {
    remoteAddress: socketAddress(socket.remoteAddress, socket.remotePort),
    localAddress: socketAddress(socket.localAddress, socket.localPort),
  };
}

function authorityOf({ socket: { localAddress = "", localPort } }: IncomingMessage): string {
  return `${localAddress.includes(":") ? `[${localAddress}]` : localAddress}:${localPort}`;
}

function socketAddress(address = "", port = 0): SocketAddress {
  return { family: address.includes(":") ? 6 : 4, address, port, scopeId: 0 };
}
