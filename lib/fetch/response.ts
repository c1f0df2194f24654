/**
 * From what came over the wire to the runtime's own Response.
 *
 * @module
 */

import type { HttpResponse } from "../http/exchange.ts";
import { decoded, knownCodings } from "./content_decoding.ts";
import { networkError, refused } from "./error.ts";
import { matchesIntegrity } from "./integrity.ts";
import type { FetchRequest } from "./request.ts";

/** Statuses whose responses have no body, whatever was sent (Fetch 2.2.3). */
const NULL_BODY_STATUSES = [204, 205, 304];
/** A Response may be constructed with these only; a server may send others. */
const STATUS_MAX = 599;

/** What a Response says of itself and its constructor does not take. */
export interface Description {
  url: URL;
  redirected: boolean;
  /** Where it is beyond what the constructor takes. */
  status?: number;
}

/** The fetched Response, decoded, and checked where the request says how. */
export async function toResponse(
  { head, body }: HttpResponse,
  request: FetchRequest,
  wasRedirected: boolean,
): Promise<Response> {
  const { status, statusText, fields } = head;
  const { url, integrity } = request;
  const content = NULL_BODY_STATUSES.includes(status)
    ? await dropped(body)
    : decodedBody(body, fields);
  const isPlain = status <= STATUS_MAX;
  const response = new Response(
    integrity === "" ? content : await checkedBody(content, integrity, url),
    { status: isPlain ? status : 200, statusText, headers: fields },
  );
  return describedResponse(response, {
    url,
    redirected: wasRedirected,
    ...(isPlain ? {} : { status }),
  });
}

/** Gives a Response the properties that only fetch() can give, its clones included. */
export function describedResponse(response: Response, description: Description): Response {
  const { redirected, status } = description;
  const url = new URL(description.url);
  url.hash = "";
  const clone = response.clone;
  Object.defineProperties(response, {
    url: { value: url.href },
    redirected: { value: redirected },
    type: { value: "basic" },
    clone: { value: () => describedResponse(clone.call(response), description) },
    ...(status === undefined ? {} : { status: { value: status }, ok: { value: false } }),
  });
  return response;
}

type Body = HttpResponse["body"];

function decodedBody(body: Body, fields: [string, string][]): Body {
  if (body === null) return null;
  const encoding = fields.filter(([name]) => name === "content-encoding");
  if (encoding.length === 0) return body;
  const codings = knownCodings(encoding.map(([, value]) => value).join());
  return codings.reduce(decoded, streamOf(body)) as ReadableStream<Uint8Array<ArrayBuffer>>;
}

function streamOf(
  body: Uint8Array | ReadableStream<Uint8Array>,
): ReadableStream<Uint8Array> {
  if (!(body instanceof Uint8Array)) return body;
  return new ReadableStream({
    start(controller) {
      if (body.length > 0) controller.enqueue(body);
      controller.close();
    },
  });
}

/** Nobody is given it: the connection need not wait for a reader. */
export async function dropped(body: Body): Promise<null> {
  if (body instanceof ReadableStream) await body.cancel().catch(() => {});
  return null;
}

async function checkedBody(
  body: Body,
  integrity: string,
  url: URL,
): Promise<Uint8Array<ArrayBuffer> | null> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(await new Response(body).arrayBuffer());
  } catch (error) {
    throw error instanceof TypeError ? error : networkError(error);
  }
  if (!matchesIntegrity(bytes, integrity)) {
    throw refused(`what ${url} gives does not match integrity`);
  }
  return body === null ? null : bytes;
}
