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

/** The runtime's own class, with the properties that only fetch() can give. */
export class FetchedResponse extends Response {
  readonly #description: Description;

  constructor(body: BodyInit | null, init: ResponseInit, description: Description) {
    super(body, init);
    this.#description = description;
  }

  /** Where it came from, after redirects, without a fragment. */
  override get url(): string {
    const { href, hash } = this.#description.url;
    return hash === "" ? href : href.slice(0, -hash.length);
  }

  override get redirected(): boolean {
    return this.#description.redirected;
  }

  override get type(): ResponseType {
    return "basic";
  }

  override get status(): number {
    return this.#description.status ?? super.status;
  }

  override get ok(): boolean {
    return this.#description.status === undefined && super.ok;
  }

  override clone(): FetchedResponse {
    const { body, headers, statusText } = super.clone();
    return new FetchedResponse(
      body,
      { status: super.status, statusText, headers },
      this.#description,
    );
  }
}

/** The fetched Response, decoded, and checked where the request says how. */
export async function toResponse(
  { head, body }: HttpResponse,
  request: FetchRequest,
  redirected: boolean,
): Promise<Response> {
  const { status, statusText, fields } = head;
  const { url, integrity } = request;
  let content = body;
  if (NULL_BODY_STATUSES.includes(status)) content = await dropped(body);
  else if (body !== null) content = decodedBody(body, fields);
  if (integrity !== "") content = await checkedBody(content, integrity, url);
  const isPlain = status <= STATUS_MAX;
  return new FetchedResponse(
    content,
    { status: isPlain ? status : 200, statusText, headers: fields },
    { url, redirected, status: isPlain ? undefined : status },
  );
}

type Body = HttpResponse["body"];

function decodedBody(body: NonNullable<Body>, fields: [string, string][]): Body {
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
