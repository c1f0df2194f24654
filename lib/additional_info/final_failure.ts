/**
 * Which failures are a server's word, after which it may not be asked again (RFC 8801 4.1), and which are the network's,
 * that may pass.
 *
 * @module
 */

import { MifError } from "../error.ts";

/** Of names, of connecting, of the way there: no server has said anything. */
const PASSING = [
  "EAI_AGAIN",
  "EAI_FAIL",
  "EAI_NODATA",
  "EAI_NONAME",
  "EACCES",
  "EADDRNOTAVAIL",
  "EAGAIN",
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "EMFILE",
  "ENETDOWN",
  "ENETUNREACH",
  "ENFILE",
  "ENOBUFS",
  "ENODEV",
  "ENOMEM",
  "ENONET",
  "EPERM",
  "EPIPE",
  "EPVDROUTE",
  "ETIMEDOUT",
];

/** Whether it is a TLS error, an HTTP error, or that the document is none. */
export function isFinal(error: unknown): error is MifError {
  return error instanceof MifError && !PASSING.includes(error.code);
}
