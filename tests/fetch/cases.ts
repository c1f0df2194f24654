/**
 * Calls of fetch() that are given to the runtime's own and to ours.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { CODED_TEXT, type Seen } from "./echo_server.ts";

/** What came of a call. */
export interface Outcome {
  status?: number;
  ok?: boolean;
  statusText?: string;
  url?: string;
  redirected?: boolean;
  headers?: [string, string][];
  hasBody?: boolean;
  body?: string;
  /** An error's name: the messages are each runtime's own. */
  error?: string;
  /** The name of an error while the body was read. */
  bodyError?: string;
  seen: Seen[];
}

/** One call. */
export interface Case {
  name: string;
  /** A path on the server, or whatever else is given as first argument. */
  input: string | ((origin: string) => RequestInfo | URL);
  /** Made anew for each call. */
  init?: () => RequestInit | undefined;
  /** What the standard says of the outcome, where a runtime does otherwise: ours is held against it in both. */
  standard?: Partial<Outcome>;
  /** Likewise, fields of the last request; null: not sent. */
  sent?: Record<string, string | null>;
  /** What of a runtime's outcome is its own way, and not compared. */
  differs?: Partial<Record<"Deno" | "Bun", { why: string; in: (keyof Outcome)[] }>>;
}

const encoder = new TextEncoder();
const duplex = { duplex: "half" } as RequestInit;

function post(body: BodyInit | null, more: RequestInit = {}): () => RequestInit {
  return () => ({ method: "POST", body, ...more });
}

function path(kind: string, argument: string | number): string {
  return `/${kind}/${encodeURIComponent(argument)}`;
}

/** A stream of these pieces, each in a turn of its own. */
export function streamOf(...pieces: string[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      const piece = pieces.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(encoder.encode(piece));
    },
  });
}

function form(): FormData {
  const data = new FormData();
  data.append("field", 'värde "quoted"');
  data.append("file", new Blob(["file's text"], { type: "text/x" }), "näme.txt");
  return data;
}

/** Text has a type (Fetch 5.2). */
const text: Pick<Case, "sent" | "differs"> = {
  sent: { "content-type": "text/plain;charset=UTF-8" },
  differs: { Bun: { why: "Bun sends text without a type", in: ["seen"] } },
};
/** Only POST and PUT without a body say that there is none (Fetch 4.6). */
const lengthless: Pick<Case, "sent" | "differs"> = {
  sent: { "content-length": null },
  differs: { Bun: { why: "Bun sends a length of 0 with most methods", in: ["seen"] } },
};
const reason: Case["differs"] = {
  Deno: { why: "Deno has its own reasons", in: ["statusText"] },
};
const EVERYTHING: (keyof Outcome)[] = [
  "status",
  "ok",
  "statusText",
  "url",
  "redirected",
  "headers",
  "hasBody",
  "body",
  "error",
  "bodyError",
  "seen",
];

const plain: Case[] = [
  { name: "GET", input: "/plain" },
  {
    name: "a query and a fragment",
    input: "/plain?a=b&c=%20#part",
    standard: { url: "/plain?a=b&c=%20" },
    differs: { Bun: { why: "Bun leaves the fragment in url", in: ["url"] } },
  },
  { name: "a URL object", input: (origin) => new URL("/plain", origin) },
  { name: "a path that needs escapes", input: '/sp ace/ü?q=ü "<>' },
  { name: "dots in a path", input: "/a/../b/./c" },
  { name: "init undefined", input: "/plain", init: () => undefined },
  { name: "HEAD", input: "/echo", init: () => ({ method: "HEAD" }) },
  { name: "POST without a body", input: "/echo", init: () => ({ method: "POST" }) },
  { name: "PUT without a body", input: "/echo", init: () => ({ method: "PUT" }) },
  ...["DELETE", "OPTIONS", "PATCH", "QUERY"].map((method) => (
    { name: method, input: "/echo", init: () => ({ method }), ...lengthless }
  )),
  { name: 'method "get"', input: "/echo", init: () => ({ method: "get" }) },
  { name: 'method "post"', input: "/echo", init: () => ({ method: "post" }) },
  {
    name: 'method "Head"',
    input: "/echo",
    init: () => ({ method: "Head" }),
    standard: { hasBody: false },
    differs: { Bun: { why: "Bun asks GET", in: EVERYTHING } },
  },
];

const responses: Case[] = [
  ...[200, 201, 202, 204, 205, 206, 300, 304, 400, 401, 404, 500, 503].map((status) => (
    { name: `status ${status}`, input: path("status", status) }
  )),
  { name: "status 418", input: path("status", 418), differs: reason },
  {
    name: "a reason of the server's own",
    input: path("status", "200 Fine"),
    standard: { statusText: "Fine" },
    differs: reason,
  },
  { name: "fields of the response", input: "/headers" },
  { name: "90 fields", input: path("many", 90) },
  {
    name: "1,000 fields",
    input: path("many", 1000),
    standard: { status: 200, body: "many" },
    differs: {
      Deno: { why: "Deno takes no more than 100", in: EVERYTHING },
      Bun: { why: "Bun takes no more than 256", in: EVERYTHING },
    },
  },
  { name: "a body in pieces", input: "/pieces" },
  { name: "an empty body", input: path("large", 0) },
  { name: "5 MB", input: path("large", 5_000_000) },
  { name: "coded by gzip", input: path("coded", "gzip") },
  { name: "coded by x-gzip", input: path("coded", "x-gzip"), ...decodedBy("Deno", "Bun") },
  { name: "coded by deflate", input: path("coded", "deflate"), ...decodedBy("Deno") },
  { name: "coded by bare deflate", input: path("coded", "raw"), ...decodedBy("Deno") },
  { name: "coded by br", input: path("coded", "br") },
  { name: "coded by zstd", input: path("coded", "zstd"), ...decodedBy("Deno") },
  { name: "coded by gzip, then br", input: path("coded", "gzip br"), ...decodedBy("Deno", "Bun") },
];

/** Decoded by us, and not by these. */
function decodedBy(...not: ("Deno" | "Bun")[]): Pick<Case, "standard" | "differs"> {
  return {
    standard: { body: CODED_TEXT },
    differs: Object.fromEntries(
      not.map((
        runtime,
      ) => [runtime, { why: `${runtime} does not decode it`, in: ["body", "bodyError", "error"] }]),
    ),
  };
}

const fields: Case[] = [
  {
    name: "fields of the request",
    input: "/plain",
    init: () => ({
      headers: {
        "X-A": "b",
        "x-b": "",
        accept: "text/x",
        "user-agent": "me",
        cookie: "a=b",
        origin: "http://o.example",
        authorization: "Basic x",
        "x-latin": "caf\xe9",
      },
    }),
  },
  {
    name: "a field twice",
    input: "/plain",
    init: () => ({ headers: [["x-a", "1"], ["X-A", "2"]] }),
    sent: { "x-a": "1, 2" },
    differs: { Deno: { why: "Deno sends two lines, which say the same", in: ["seen"] } },
  },
  {
    name: "fields that frame the body",
    input: "/echo",
    init: post("x", { headers: { "content-length": "77", "transfer-encoding": "chunked" } }),
    sent: { "content-length": "1", "transfer-encoding": null },
    standard: { body: "x" },
    differs: {
      Deno: { why: "Deno sends in chunks", in: ["seen"] },
      Bun: { why: "Bun sends text without a type", in: ["seen"] },
    },
  },
  {
    name: "fields that are the connection's",
    input: "/echo",
    init: () => ({
      headers: { connection: "x-a", "keep-alive": "1", te: "x", upgrade: "h2c", host: "h.example" },
    }),
    sent: { connection: null, "keep-alive": null, te: null, upgrade: null },
    differs: {
      Deno: { why: "Deno sends them", in: ["seen"] },
      Bun: { why: "Bun sends them", in: ["seen"] },
    },
  },
];

const bodies: Case[] = [
  { name: "text", input: "/echo", init: post("text with ü"), ...text },
  { name: "empty text", input: "/echo", init: post(""), ...text },
  { name: "a number", input: "/echo", init: post(5 as unknown as string), ...text },
  {
    name: "text with a type",
    input: "/echo",
    init: post("{}", { headers: { "content-type": "application/json" } }),
  },
  { name: "bytes", input: "/echo", init: post(encoder.encode("bytes")) },
  {
    name: "a part of memory",
    input: "/echo",
    init: post(encoder.encode("xbytesx").subarray(1, 6)),
  },
  { name: "an ArrayBuffer", input: "/echo", init: post(encoder.encode("buffer").buffer) },
  { name: "a DataView", input: "/echo", init: post(new DataView(encoder.encode("view").buffer)) },
  { name: "a Blob", input: "/echo", init: post(new Blob(["blob"], { type: "text/x" })) },
  { name: "a Blob without a type", input: "/echo", init: post(new Blob(["blob"])) },
  {
    name: "URLSearchParams",
    input: "/echo",
    init: post(new URLSearchParams({ a: "b c", ü: "&" })),
  },
  { name: "FormData", input: "/plain", init: () => ({ method: "POST", body: form() }) },
  {
    name: "a stream",
    input: "/echo",
    init: () => ({ method: "POST", body: streamOf("one ", "two"), ...duplex }),
  },
  {
    name: "an empty stream",
    input: "/echo",
    init: () => ({ method: "POST", body: streamOf(), ...duplex }),
  },
  {
    name: "20 MB",
    input: "/echo",
    init: () => ({ method: "PUT", body: Buffer.alloc(20_000_000, "abcdefghijklm") }),
  },
  {
    name: "a Request",
    input: (origin) =>
      new Request(`${origin}/echo`, {
        method: "POST",
        headers: { "x-a": "b", "content-type": "x/y" },
        body: "from a Request",
      }),
  },
  {
    name: "a Request and init",
    input: (origin) =>
      new Request(`${origin}/echo`, { method: "POST", headers: { "x-a": "b" }, body: "not this" }),
    init: post(encoder.encode("but this"), { method: "PUT", headers: { "x-c": "d" } }),
  },
  {
    name: "a Request whose body is a stream",
    input: (origin) =>
      new Request(`${origin}/echo`, {
        method: "POST",
        body: streamOf("piece ", "by piece"),
        ...duplex,
      }),
  },
  {
    name: "a Request that was read",
    input: (origin) => {
      const request = new Request(origin, { method: "POST", body: "x" });
      request.text();
      return request;
    },
  },
];

const redirects: Case[] = [
  ...[301, 302, 303, 307, 308].flatMap((status): Case[] => [
    { name: `${status} after GET`, input: path("redirect", `${status} /plain/there`) },
    {
      name: `${status} after HEAD`,
      input: path("redirect", `${status} /plain/there`),
      init: () => ({ method: "HEAD" }),
    },
    {
      name: `${status} after POST`,
      input: path("redirect", `${status} /echo`),
      init: post("x", {
        headers: { "content-type": "x/y", "content-language": "sv", "x-a": "b" },
      }),
    },
    {
      name: `${status} after PUT`,
      input: path("redirect", `${status} /echo`),
      init: () => ({ method: "PUT", body: encoder.encode("x") }),
    },
    {
      name: `${status}, manual`,
      input: path("redirect", `${status} /plain`),
      init: () => ({ redirect: "manual" }),
    },
    {
      name: `${status}, error`,
      input: path("redirect", `${status} /plain`),
      init: () => ({ redirect: "error" }),
    },
    {
      name: `${status} without Location`,
      input: path("redirect", status),
      standard: { body: "moved" },
      differs: { Deno: { why: "Deno drops the body", in: ["body", "hasBody"] } },
    },
  ]),
  {
    name: "a redirect with a fragment",
    input: path("redirect", "302 /plain#there"),
    standard: { url: "/plain" },
    differs: { Bun: { why: "Bun leaves the fragment in url", in: ["url"] } },
  },
  { name: "a redirect to a whole URL", input: path("redirect", "302 ORIGIN/plain") },
  { name: "a redirect without a scheme", input: path("redirect", "302 //127.0.0.1:4/") },
  { name: "a relative redirect", input: path("redirect", "302 ../plain?x") },
  { name: "20 redirects", input: path("down", 20) },
  {
    name: "21 redirects",
    input: path("down", 21),
    standard: { error: "TypeError" },
    differs: { Bun: { why: "Bun follows 127", in: EVERYTHING } },
  },
  {
    name: "redirects without end",
    input: path("loop", 0),
    standard: { error: "TypeError" },
    differs: { Bun: { why: "Bun follows 127", in: ["seen"] } },
  },
  { name: "a redirect to another scheme", input: path("redirect", "302 ftp://127.0.0.1/") },
  { name: "a redirect to data:", input: path("redirect", "302 data:,x") },
  { name: "a redirect to what is no URL", input: path("redirect", "302 http://[/") },
  {
    name: "a redirect of a stream that becomes GET",
    input: path("redirect", "303 /echo"),
    init: () => ({ method: "POST", body: streamOf("x"), ...duplex }),
  },
];

const errors: Case[] = [
  { name: "GET with a body", input: "/", init: () => ({ body: "x" }) },
  { name: "no whole URL", input: () => "/relative" },
  { name: "a port beyond ports", input: () => "http://127.0.0.1:65536/" },
  { name: "an unknown scheme", input: () => "foo://bar/" },
  { name: "about:", input: () => "about:blank" },
  {
    name: "a method that is none",
    input: "/",
    init: () => ({ method: "a b" }),
    standard: { error: "TypeError" },
    differs: { Bun: { why: "Bun asks GET", in: EVERYTHING } },
  },
  {
    name: "CONNECT",
    input: "/",
    init: () => ({ method: "CONNECT" }),
    standard: { error: "TypeError" },
    differs: { Bun: { why: "Bun asks it", in: EVERYTHING } },
  },
  {
    name: "credentials in the URL",
    input: (origin) => origin.replace("//", "//user:secret@"),
    standard: { error: "TypeError" },
    differs: {
      Deno: { why: "Deno makes a field of them", in: EVERYTHING },
      Bun: { why: "Bun makes a field of them", in: EVERYTHING },
    },
  },
  { name: "a field that is none", input: "/", init: () => ({ headers: { "a b": "c" } }) },
  { name: "a value that is none", input: "/", init: () => ({ headers: { a: "b\nc" } }) },
  { name: "an abort before", input: "/", init: () => ({ signal: AbortSignal.abort() }) },
  { name: "a timeout", input: "/silence", init: () => ({ signal: AbortSignal.timeout(300) }) },
  {
    name: "a reason of one's own",
    input: "/",
    init: () => ({ signal: AbortSignal.abort(new RangeError("enough")) }),
  },
  {
    name: "a stream that fails",
    input: "/echo",
    init: () => ({
      method: "POST",
      body: new ReadableStream({ pull: (controller) => controller.error(new Error("broken")) }),
      ...duplex,
    }),
    standard: { error: "TypeError" },
    differs: { Bun: { why: "Bun gives the stream's own error", in: ["error"] } },
  },
  { name: "nobody listens", input: () => "http://127.0.0.1:4/" },
];

const local: Case[] = [
  { name: "data:", input: () => "data:text/plain;charset=utf-8,a%20b%C3%BC" },
  {
    name: "data: with base64",
    input: () => "data:image/png;base64,aGVs%20bG8=",
    standard: { status: 200, body: "hello" },
    differs: { Bun: { why: "Bun takes no space in base64", in: EVERYTHING } },
  },
  {
    name: "data: without a comma",
    input: () => "data:x",
    standard: { error: "TypeError" },
    differs: { Bun: { why: "Bun gives an Error", in: ["error"] } },
  },
];

/** All of them. */
export const cases: readonly Case[] = [
  ...plain,
  ...responses,
  ...fields,
  ...bodies,
  ...redirects,
  ...errors,
  ...local,
];
