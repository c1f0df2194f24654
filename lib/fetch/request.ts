/**
 * What fetch() was asked for: `input` and `init` (Fetch 5.4, 5.6), read once and checked.
 *
 * @module
 */

import { isToken } from "../http/token.ts";
import { type BodySource, bodySource, sourceOfRequest } from "./request_body.ts";

/** A request as this package sends it. */
export interface FetchRequest {
  url: URL;
  method: string;
  /** Null where there are none: most requests. */
  headers: Headers | null;
  body: BodySource | null;
  redirect: "follow" | "error" | "manual";
  signal: AbortSignal | undefined;
  integrity: string;
  /** An absolute URL, or null. */
  referrer: URL | null;
  referrerPolicy: string;
}

/** Methods that may not be used (Fetch 2.2.1). */
const FORBIDDEN_METHODS = ["CONNECT", "TRACE", "TRACK"];
/** Methods that are written in capitals whatever the caller wrote. */
const NORMALIZED_METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"];
/**
 * Fields that belong to the connection or frame the message: they are ours. The others that browsers forbid have their
 * uses here (Cookie, Origin, Date …), and both runtimes allow them.
 */
const OUR_FIELDS = [
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];
const REDIRECT_MODES = ["follow", "error", "manual"] as const;

/**
 * Reads the two arguments of fetch().
 *
 * @throws {TypeError} As the runtime's own Request does.
 */
export async function toFetchRequest(
  input: RequestInfo | URL,
  init?: RequestInit,
): Promise<FetchRequest> {
  const base = input instanceof Request ? input : null;
  const url = parseUrl(base ? base.url : String(input));
  if (!base && !init) return { ...PLAIN, url };
  const given = init ?? {};
  const method = checkedMethod(given.method ?? base?.method ?? "GET");
  const headers = new Headers(given.headers ?? base?.headers);
  for (const name of OUR_FIELDS) headers.delete(name);
  const redirect = given.redirect ?? base?.redirect ?? "follow";
  if (!REDIRECT_MODES.includes(redirect)) throw new TypeError(`Not a redirect mode: ${redirect}`);
  const signal = given.signal === null ? undefined : given.signal ?? base?.signal;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError("signal is no AbortSignal");
  }
  const { duplex = "half" } = given as { duplex?: string };
  if (duplex !== "half") throw new TypeError(`Not a duplex mode: ${duplex}`);
  signal?.throwIfAborted();
  const hasBody = given.body !== undefined && given.body !== null;
  if ((method === "GET" || method === "HEAD") && (hasBody || base?.body)) {
    throw new TypeError(`A request with ${method} has no body`);
  }
  const body = hasBody ? await bodySource(given.body) : base ? await sourceOfRequest(base) : null;
  if (body?.type && !headers.has("content-type")) headers.set("content-type", body.type);
  const referrer = given.referrer ?? base?.referrer;
  return {
    url,
    method,
    headers,
    body,
    redirect,
    signal,
    integrity: String(given.integrity ?? base?.integrity ?? ""),
    referrer: typeof referrer === "string" && URL.canParse(referrer) ? new URL(referrer) : null,
    referrerPolicy: String(given.referrerPolicy ?? base?.referrerPolicy ?? ""),
  };
}

/** What is asked where only a URL is given. */
const PLAIN: Omit<FetchRequest, "url"> = {
  method: "GET",
  headers: null,
  body: null,
  redirect: "follow",
  signal: undefined,
  integrity: "",
  referrer: null,
  referrerPolicy: "",
};

function parseUrl(text: string): URL {
  if (!URL.canParse(text)) throw new TypeError(`Invalid URL: ${JSON.stringify(text)}`);
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") {
    url.username = url.password = "";
    throw new TypeError(`The URL includes credentials: ${url}; set the Authorization header`);
  }
  return url;
}

function checkedMethod(method: string): string {
  const upper = String(method).toUpperCase();
  if (!isToken(method)) throw new TypeError(`Not a method: ${JSON.stringify(method)}`);
  if (FORBIDDEN_METHODS.includes(upper)) throw new TypeError(`The method ${upper} is forbidden`);
  return NORMALIZED_METHODS.includes(upper) ? upper : method;
}
