/**
 * fetch() through a PvD.
 *
 * Not by a proxy, though both runtimes' fetch takes one: Deno asks the system's resolver for each name all the same,
 * and NO_PROXY in the environment leads around it in both.
 *
 * @module
 */

import { HttpClient, type HttpClientOptions, originOf } from "../http/http_client.ts";
import type { HttpResponse } from "../http/exchange.ts";
import type { PvdInfo } from "../pvd/pvd.ts";
import { ACCEPT_ENCODING } from "./content_decoding.ts";
import { networkError, refused } from "./error.ts";
import { localResponse } from "./local_scheme.ts";
import { isRedirect, redirected } from "./redirect.ts";
import { refererOf } from "./referrer.ts";
import { type FetchRequest, toFetchRequest } from "./request.ts";
import { dropped, toResponse } from "./response.ts";

/** How {@linkcode createFetch} connects and how long it waits; each may be left out. */
export type FetchOptions = HttpClientOptions;

/** fetch() as the runtime's, through one PvD. */
export interface PvdFetch extends Disposable {
  (input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /** The PvD that was given. */
  readonly pvd: PvdInfo | null;
  /** Closes the connections that wait for another request. What is under way goes on, and so may more requests. */
  close(): void;
}

/** As many redirects are followed (Fetch 4.4). */
const REDIRECTS_MAX = 20;

/**
 * A fetch() whose names are resolved by the PvD's servers and whose connections stay on the PvD, redirects included. It
 * keeps connections and uses them again; those that wait keep no process alive.
 *
 * It does what the Fetch standard says, where there is no page and no cache: bodies stream both ways, at the same time
 * too; gzip, deflate, br and zstd are decoded; Authorization and Cookie go to no other origin; cookies are not kept.
 * What the network or a server did is a TypeError whose `cause` is a MifError: EAI_NONAME, ECONNREFUSED, EPROTO,
 * ETIMEDOUT, and for TLS the names of Node and OpenSSL, such as CERT_HAS_EXPIRED, ERR_TLS_CERT_ALTNAME_INVALID and
 * DEPTH_ZERO_SELF_SIGNED_CERT. An abort rejects with the signal's reason.
 *
 * @param pvd Null: the process' default of now (setprocpvd()), for good; else the system's way.
 * @throws {TypeError} It is no PvD.
 * @throws {RangeError} A time is out of range.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createFetch, serve } from "@mif/sockets";
 *
 * await using server = serve(() => new Response("hello"), { hostname: "127.0.0.1", port: 0 });
 * // Loopback is no network: elsewhere it is createFetch(pvd).
 * using fetch = createFetch(null, { connectTimeoutMs: 5000 });
 * const response = await fetch(`http://127.0.0.1:${server.addresses[0]!.port}/`);
 * assert.equal(await response.text(), "hello");
 * ```
 */
export function createFetch(pvd: PvdInfo | null, options: FetchOptions = {}): PvdFetch {
  const client = new HttpClient(pvd, options);
  const fetch = (input: RequestInfo | URL, init?: RequestInit) => fetchBy(client, input, init);
  return Object.assign(fetch, {
    pvd,
    close: () => client.closeIdle(),
    [Symbol.dispose]: () => client.closeIdle(),
  });
}

async function fetchBy(
  client: HttpClient,
  input: RequestInfo | URL,
  init: RequestInit | undefined,
): Promise<Response> {
  let request = await toFetchRequest(input, init);
  const local = localResponse(request);
  if (local) return local;
  for (let count = 0;; count++) {
    const response = await send(client, request);
    const { status, fields } = response.head;
    const location = fields.find(([name]) => name === "location")?.[1] ?? null;
    if (request.redirect === "manual" || !isRedirect(status, location)) {
      return await toResponse(response, request, count > 0);
    }
    await dropped(response.body);
    if (request.redirect === "error") throw refused(`${request.url} redirects to ${location}`);
    if (count === REDIRECTS_MAX) throw refused(`more than ${REDIRECTS_MAX} redirects`);
    request = redirected(request, status, location!);
  }
}

async function send(client: HttpClient, request: FetchRequest): Promise<HttpResponse> {
  const { url, method, body, signal } = request;
  try {
    return await client.send(originOf(url), {
      method,
      target: `${url.pathname}${url.search}`,
      fields: fieldsOf(request, client.userAgent),
      body: body?.open() ?? null,
    }, { signal, bodyError: networkError });
  } catch (error) {
    signal?.throwIfAborted();
    throw networkError(error);
  }
}

/** The request's fields with those that are sent unless the caller says otherwise. */
function fieldsOf(
  { url, headers, referrer, referrerPolicy }: FetchRequest,
  userAgent: string,
): [string, string][] {
  const referer = referrer && refererOf(referrer, url, referrerPolicy);
  const fields: [string, string][] = [
    ["host", url.host],
    ["accept", "*/*"],
    // A part of a coded body cannot be decoded.
    ["accept-encoding", headers?.has("range") ? "identity" : ACCEPT_ENCODING],
    ["user-agent", userAgent],
  ];
  if (referer) fields.push(["referer", referer]);
  return headers ? [...fields.filter(([name]) => !headers.has(name)), ...headers] : fields;
}
