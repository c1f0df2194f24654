/**
 * A mobility message as an object of JSON: the fields of the message under their own names, bytes as hexadecimal digits.
 *
 * @module
 */

import { hex } from "./hex.ts";
import type { Seen } from "./mh_seen.ts";

/** One line, without its end. */
export function describeJson(it: Seen): string {
  const { time, interfaceName, src, dst, homeAddress, routingHeader, tunnel, message } = it;
  const told: Record<string, unknown> = {};
  if (time !== null) told.time = time;
  if (interfaceName !== null) told.interface = interfaceName;
  if (src !== "") {
    told.src = src;
    told.dst = dst;
  }
  // The mobile node's, wherever the packet says it; a Binding Error says it in the message.
  told.homeAddress = homeAddress ?? routingHeader?.finalDestination ?? null;
  if (homeAddress !== null) told.homeAddressOption = homeAddress;
  if (routingHeader !== null) told.routingHeader = routingHeader;
  if (tunnel !== null) told.tunnel = tunnel;
  told.protocol = it.protocol;
  if (message === null) {
    told.type = null;
    told.bytes = hex(it.bytes);
  } else {
    addPlain(told, message);
  }
  told.length = it.bytes.length;
  told.checksumOk = it.checksumOk;
  told.verdict = it.verdict;
  return JSON.stringify(told);
}

/** Adds the fields of an object, with bytes as digits however deep they are. */
function addPlain(to: Record<string, unknown>, from: object): Record<string, unknown> {
  for (const name in from) to[name] = plain(from[name as keyof typeof from]);
  return to;
}

function plain(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return hex(value);
  return Array.isArray(value) ? value.map(plain) : addPlain({}, value);
}
