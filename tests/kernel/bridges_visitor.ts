/**
 * Runs on a router: asks the host's servers. Arguments: the authority's certificate, then URLs; "tcp:" ones are read to
 * their end. Writes an array of texts, or codes of errors.
 *
 * @module
 */

import * as http from "node:http";
import * as https from "node:https";
import process from "node:process";
import { connect } from "../../mod.ts";
import { answerTo } from "../connection/http_requests.ts";
import { SERVER_NAME } from "./bridges.ts";

const [ca, ...urls] = process.argv.slice(2);

async function visit(text: string): Promise<string> {
  const url = new URL(text);
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port);
  if (url.protocol === "tcp:") {
    await using connection = await connect({ hostname, port });
    return await new Response(connection.readable).text();
  }
  const options = { host: hostname, port, path: url.pathname };
  const request = url.protocol === "https:"
    ? https.request({ ...options, ca, servername: SERVER_NAME })
    : http.request(options);
  return String((await answerTo(request)).body);
}

const texts = urls.map((url) => visit(url).catch((error: { code: string }) => error.code));
console.log(JSON.stringify(await Promise.all(texts)));
process.exit();
