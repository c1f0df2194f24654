/**
 * Where a response sends a request next (Fetch 4.4, "HTTP-redirect fetch").
 *
 * @module
 */

import { refused } from "./error.ts";
import type { FetchRequest } from "./request.ts";

const REDIRECT_STATUSES = [301, 302, 303, 307, 308];
/** What describes a body that is not sent any more. */
const BODY_FIELDS = ["content-encoding", "content-language", "content-location", "content-type"];
/** What is meant for one server only. */
const SECRET_FIELDS = ["authorization", "cookie", "proxy-authorization"];

/** Whether a response is a redirect. */
export function isRedirect(status: number, location: string | null): boolean {
  return location !== null && REDIRECT_STATUSES.includes(status);
}

/**
 * The request that follows a redirect.
 *
 * @throws {TypeError} A network error: a redirect that cannot be followed.
 */
export function redirected(request: FetchRequest, status: number, location: string): FetchRequest {
  const { url: from, method, body } = request;
  const text = utf8(location);
  if (!URL.canParse(text, from)) {
    throw refused(`${from} redirects to ${JSON.stringify(text)}, which is no URL`);
  }
  const url = new URL(text, from);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw refused(`${from} redirects to a ${url.protocol} URL`);
  }
  if (url.username !== "" || url.password !== "") {
    throw refused(`${from} redirects to a URL that includes credentials`);
  }
  if (status !== 303 && body && !body.replayable) {
    throw refused(`${from} wants the body sent elsewhere, and a stream cannot be sent twice`);
  }
  const headers = new Headers(request.headers ?? undefined);
  if (url.origin !== from.origin) { for (const name of SECRET_FIELDS) headers.delete(name); }
  const becomesGet = status === 303
    ? method !== "GET" && method !== "HEAD"
    : status <= 302 && method === "POST";
  if (!becomesGet) return { ...request, url, headers };
  for (const name of BODY_FIELDS) headers.delete(name);
  return { ...request, url, headers, method: "GET", body: null };
}

/** Field values are bytes, and what is beyond ASCII in a Location is UTF-8. */
function utf8(value: string): string {
  return new TextDecoder().decode(Uint8Array.from(value, (char) => char.charCodeAt(0)));
}
