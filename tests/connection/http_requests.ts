/**
 * Requests by node:http and node:https, as a promise of the whole answer.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from "node:http";

/** A whole answer. */
export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** Ends the request with this body and reads the answer; rejects where it is cut short. */
export function answerTo(request: ClientRequest, body?: Uint8Array | string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request.on("error", reject);
    request.on("response", (response: IncomingMessage) => {
      const chunks: Uint8Array[] = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const { statusCode, headers, complete } = response;
        if (!complete) return reject(new Error("The answer was cut short"));
        resolve({ status: statusCode!, headers, body: Buffer.concat(chunks) });
      });
    });
    request.end(body);
  });
}
