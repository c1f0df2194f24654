/**
 * `mif get`: what is at a URL, through a provisioning domain.
 *
 * @module
 */

import process from "node:process";
import { createFetch, MifError } from "../mod.ts";
import { authority } from "./authority.ts";
import { namedPvd } from "./pvd_argument.ts";
import { writeOut } from "./standard_output.ts";
import { readWords, UsageError } from "./usage.ts";

/** Writes the body to standard output, with `-i` the head before it. The status is 1 where the server's is 400 or more. */
export async function get(words: string[]): Promise<number> {
  const { values, positionals } = readWords(words, {
    pvd: { type: "string" },
    solicit: { type: "boolean" },
    include: { type: "boolean", short: "i" },
    ca: { type: "string" },
  }, ["URL"]);
  const url = httpUrl(positionals[0]!);
  const pvd = await namedPvd(values.pvd, values.solicit ?? false);
  const ca = authority(values.ca);
  using fetch = createFetch(pvd, { tls: ca === undefined ? {} : { ca } });
  try {
    const response = await fetch(url);
    if (values.include) await writeOut(headOf(response));
    for await (const chunk of response.body ?? []) await writeOut(chunk);
    if (response.ok) return 0;
    const { status, statusText } = response;
    process.stderr.write(`mif get: ${response.url} answered ${`${status} ${statusText}`.trim()}\n`);
    return 1;
  } catch (error) {
    // What fetch() failed with stands behind its TypeError.
    throw error instanceof TypeError && error.cause instanceof MifError ? error.cause : error;
  }
}

function httpUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`${JSON.stringify(text)} is no http: or https: URL`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new UsageError("a URL with credentials is not sent: others can read a command line");
  }
  return url;
}

/** The version is the only one there is; the names are as they came, but in lower case. */
function headOf({ status, statusText, headers }: Response): string {
  const lines = [...headers].map(([name, value]) => `${name}: ${value}\n`);
  return `${`HTTP/1.1 ${status} ${statusText}`.trim()}\n${lines.join("")}\n`;
}
