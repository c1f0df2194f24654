/**
 * A mobility message as an object of JSON: the fields of the message under their own names, bytes as hexadecimal digits.
 *
 * @module
 */

import { hex } from "./hex.ts";
import type { Seen } from "./mh_seen.ts";

/** One line, without its end. */
export function describeJson(it: Seen): string {
  const { message } = it;
  // Last the message's own: a Binding Error has a home address itself.
  return JSON.stringify({
    ...(it.time === null ? {} : { time: it.time }),
    ...(it.interfaceName === null ? {} : { interface: it.interfaceName }),
    ...(it.src === "" ? {} : { src: it.src, dst: it.dst }),
    homeAddress: it.homeAddress ?? it.routingHeader?.finalDestination ?? null,
    ...(it.homeAddress === null ? {} : { homeAddressOption: it.homeAddress }),
    ...(it.routingHeader === null ? {} : { routingHeader: it.routingHeader }),
    ...(it.tunnel === null ? {} : { tunnel: it.tunnel }),
    protocol: it.protocol,
    ...(message === null
      ? { type: null, bytes: hex(it.bytes) }
      : Object.fromEntries(Object.entries(message).map(([name, value]) => [name, plain(value)]))),
    length: it.bytes.length,
    checksumOk: it.checksumOk,
    verdict: it.verdict,
  });
}

/** A value with bytes as digits, however deep they are. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return hex(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
}
