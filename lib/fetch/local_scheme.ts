/**
 * URLs that need no network: data: (Fetch 6) and blob:.
 *
 * @module
 */

import { Buffer, resolveObjectURL } from "node:buffer";
import { refused } from "./error.ts";
import type { FetchRequest } from "./request.ts";
import { FetchedResponse } from "./response.ts";

/**
 * The response to a URL of these schemes, null for one that is http: or https:.
 *
 * @throws {TypeError} A network error: any other scheme, and what is behind these cannot be read.
 */
export function localResponse({ url, method }: FetchRequest): Response | null {
  switch (url.protocol) {
    case "http:":
    case "https:":
      return null;
    case "data:": {
      const { bytes, type } = parseDataUrl(url);
      return respond(url, bytes, { "content-type": type });
    }
    case "blob:": {
      const blob = method === "GET" ? resolveObjectURL(url.href) : undefined;
      if (!blob) throw refused(`nothing is at ${url}, or not for ${method}`);
      return respond(url, blob as unknown as Blob, {
        "content-length": String(blob.size),
        "content-type": blob.type,
      });
    }
    default:
      throw refused(`URLs of the scheme ${url.protocol} are not for fetch`);
  }
}

function respond(url: URL, body: BodyInit, headers: Record<string, string>): Response {
  return new FetchedResponse(body, { headers, statusText: "OK" }, { url, redirected: false });
}

function parseDataUrl(url: URL): { bytes: Uint8Array<ArrayBuffer>; type: string } {
  const text = `${url.pathname}${url.search}`;
  const comma = text.indexOf(",");
  if (comma < 0) throw refused("the data: URL has no comma");
  const body = percentDecoded(text.slice(comma + 1));
  let type = text.slice(0, comma).trim();
  const base64 = /; *base64$/i;
  const bytes = base64.test(type) ? decodeBase64(body.toString("latin1")) : body;
  type = type.replace(base64, "");
  if (type.startsWith(";")) type = `text/plain${type}`;
  const isMediaType = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+ *(;|$)/;
  return {
    bytes: new Uint8Array(bytes),
    type: isMediaType.test(type) ? type : "text/plain;charset=US-ASCII",
  };
}

function percentDecoded(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8");
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    const hex = bytes[i] === 0x25 ? bytes.toString("latin1", i + 1, i + 3) : "";
    if (/^[0-9A-Fa-f]{2}$/.test(hex)) {
      bytes[length++] = parseInt(hex, 16);
      i += 2;
    } else bytes[length++] = bytes[i]!;
  }
  return bytes.subarray(0, length);
}

/** Forgiving base64 (Infra 7). */
function decodeBase64(text: string): Buffer {
  let base64 = text.replace(/[\t\n\f\r ]/g, "");
  if (base64.length % 4 === 0) base64 = base64.replace(/={1,2}$/, "");
  if (base64.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(base64)) {
    throw refused("the data: URL's base64 is broken");
  }
  return Buffer.from(base64, "base64");
}
