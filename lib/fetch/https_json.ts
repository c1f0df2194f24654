/**
 * What a network says of itself in JSON, over HTTPS and by way of that network: PvD Additional Information (RFC 8801), the
 * captive portal API (RFC 8908).
 *
 * Not fetch(), which says who asks (User-Agent) and follows a redirect to http:, where anybody on the way could answer.
 *
 * @module
 */

import type { ConnectionOptions, PeerCertificate } from "node:tls";
import { MifError } from "../error.ts";
import type { HttpResponse } from "../http/exchange.ts";
import { HttpClient, originOf } from "../http/http_client.ts";
import { parseAddress } from "../ip/address.ts";
import { type JsonValue, parseIJson } from "../json/i_json.ts";
import type { PvdInfo } from "../pvd/pvd.ts";
import { redirected } from "./redirect.ts";
import { type FetchRequest, toFetchRequest } from "./request.ts";
import { dropped } from "./response.ts";

/** How a document is asked for. */
export interface HttpsJsonRequest {
  /** The media type that is accepted, and that the response must have. */
  mediaType: string;
  /** Ends the request. */
  signal: AbortSignal;
  /** Authorities that are trusted instead of the runtime's. */
  ca?: ConnectionOptions["ca"];
  /** As in connect(). */
  addressPreferences?: number;
  /** What tls.checkServerIdentity() of node:tls is, for the first server; a redirect leads to another. */
  checkServerIdentity?: (hostname: string, certificate: PeerCertificate) => Error | undefined;
}

/** Longer ones are refused. */
export const DOCUMENT_SIZE_MAX = 64 * 1024;
const REDIRECTS_MAX = 10;

/**
 * Fetches a document through a PvD: its name servers, its source, its router, also for redirects.
 *
 * @throws {MifError} What connecting and TLS fail with; EPROTO: no HTTP, or a redirect away from https:. ELOOP: too many
 *   redirects. ENODATA: the status is 400 or more, or no redirect and no success. EBADMSG: another media type, or no
 *   I-JSON. EMSGSIZE: it is longer than {@linkcode DOCUMENT_SIZE_MAX}.
 * @throws The signal's reason.
 */
export async function fetchHttpsJson(
  pvd: PvdInfo | null,
  url: URL,
  options: HttpsJsonRequest,
): Promise<JsonValue> {
  let request = await toFetchRequest(url);
  for (let count = 0;; count++) {
    const { checkServerIdentity } = count === 0 ? options : {};
    const response = await ask(pvd, request.url, { ...options, checkServerIdentity });
    const { status, fields } = response.head;
    const location = fields.find(([name]) => name === "location")?.[1];
    if (status < 300 || status > 399 || location === undefined) {
      return await readDocument(request.url, response, options.mediaType);
    }
    await dropped(response.body);
    if (count === REDIRECTS_MAX) {
      throw refused("ELOOP", 40, request.url, `more than ${REDIRECTS_MAX} redirects`);
    }
    request = followed(request, status, location);
  }
}

async function ask(
  pvd: PvdInfo | null,
  url: URL,
  { mediaType, signal, ca, addressPreferences, checkServerIdentity }: HttpsJsonRequest,
): Promise<HttpResponse> {
  const origin = originOf(url);
  const host = origin.hostname.replace(/\.$/, "");
  const isName = parseAddress(host) === null;
  const tls: ConnectionOptions = {
    host,
    // SNI holds names only (RFC 6066 3).
    ...(isName ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...(checkServerIdentity === undefined ? {} : { checkServerIdentity }),
  };
  const client = new HttpClient(pvd, { tls, addressPreferences, idleTimeoutMs: 0 });
  // The name as it is, and not below a search domain.
  const hostname = isName ? `${host}.` : host;
  return await client.send({ ...origin, hostname, secure: true }, {
    method: "GET",
    target: `${url.pathname}${url.search}`,
    fields: [
      ["host", url.host],
      ["accept", mediaType],
      ["accept-encoding", "identity"],
      ["connection", "close"],
    ],
    body: null,
  }, { signal, bodyError: (error) => error });
}

/** The request that follows a redirect. */
function followed(request: FetchRequest, status: number, location: string): FetchRequest {
  let next: FetchRequest;
  try {
    next = redirected(request, status, location);
  } catch (error) {
    // fetch() hides what happened in a TypeError.
    throw (error as TypeError).cause ?? error;
  }
  if (next.url.protocol === "https:") return next;
  throw refused("EPROTO", 71, request.url, `it redirects to ${next.url}, where anybody may answer`);
}

async function readDocument(
  url: URL,
  { head: { status, fields }, body }: HttpResponse,
  mediaType: string,
): Promise<JsonValue> {
  if (status > 299) {
    await dropped(body);
    throw refused("ENODATA", 61, url, `the status is ${status}`);
  }
  const types = fields.filter(([name]) => name === "content-type")
    .map(([, value]) => value.split(";")[0]!.trim().toLowerCase());
  if (types.length !== 1 || types[0] !== mediaType) {
    await dropped(body);
    const said = types.length === 0 ? "no media type" : types.join(" and ").slice(0, 80);
    throw refused("EBADMSG", 74, url, `it is ${said}, not ${mediaType}`);
  }
  const bytes = await readBody(url, body);
  try {
    return parseIJson(bytes);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw refused("EBADMSG", 74, url, error.message);
  }
}

async function readBody(url: URL, body: HttpResponse["body"]): Promise<Uint8Array> {
  if (body === null) return new Uint8Array();
  const bytes = new Uint8Array(DOCUMENT_SIZE_MAX);
  let length = 0;
  for await (const chunk of body instanceof Uint8Array ? [body] : body) {
    if (length + chunk.length > DOCUMENT_SIZE_MAX) {
      // Leaving the loop cancels the rest.
      throw refused("EMSGSIZE", 90, url, `it is longer than ${DOCUMENT_SIZE_MAX} bytes`);
    }
    bytes.set(chunk, length);
    length += chunk.length;
  }
  return bytes.subarray(0, length);
}

function refused(code: string, errno: number, url: URL, why: string): MifError {
  return new MifError(`Cannot use ${url}: ${why}`, { code, errno, syscall: "http" });
}
