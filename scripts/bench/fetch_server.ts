/**
 * The web server that fetches are measured against: Deno's own, the faster of the two. Argument: address, certificate and key
 * as JSON.
 *
 * @module
 */

import process from "node:process";

const { hostname, cert, key, ports } = JSON.parse(process.argv[2]!);

/** What Deno has, without its types. */
const { Deno } = globalThis as unknown as {
  Deno: { serve(options: object, handler: (request: Request) => Response): unknown };
};

const large = new Uint8Array(64 << 20);
const handler = (request: Request) =>
  request.url.endsWith("/large") ? new Response(large) : new Response("a small body");

const onListen = () => {};
Deno.serve({ hostname, port: ports.http, onListen }, handler);
Deno.serve({ hostname, port: ports.https, cert, key, onListen }, handler);
console.log("serving");
