/**
 * The route oracle: which route would the kernel take? No packet is sent, no privilege is needed.
 *
 * @module
 */

import { native } from "../../ffi/library.ts";
import { RouteRecord } from "../../ffi/layout.gen.ts";
import { checked } from "../errno.ts";
import { recordAddress } from "./records.ts";

/** What the packet would be. */
export interface RouteQuestion {
  /** 4 or 16 bytes. */
  destination: Uint8Array;
  /** The source it would carry. */
  source?: Uint8Array;
  /** Index of the interface it would be bound to. */
  interface?: number;
  /** SO_MARK of its socket. */
  mark?: number;
}

/** The kernel's answer. */
export interface RouteAnswer {
  /** Index of the interface the packet would leave by. */
  interface: number;
  /** The router, or null where the destination is on the link. */
  gateway: Uint8Array | null;
  /** The source the kernel would choose, null where it does not say. */
  source: Uint8Array | null;
  /** rtm_type: 1 unicast, 2 local. */
  type: number;
}

const none = new Uint8Array(0);

/**
 * Asks RTM_GETROUTE (rtnetlink(7)).
 *
 * @throws {MifError} ENETUNREACH, EHOSTUNREACH, EACCES as the kernel refuses; EINVAL for addresses of unequal family.
 */
export function lookupRoute(question: RouteQuestion): RouteAnswer {
  const { destination, source = none } = question;
  const answer = new Uint8Array(RouteRecord.SIZE);
  const result = native().mif_route_lookup(
    destination,
    destination.length,
    source,
    source.length,
    question.interface ?? 0,
    question.mark ?? 0,
    answer,
    answer.length,
  );
  checked(result, "RTM_GETROUTE", "No route to the destination");
  const record = new RouteRecord(new DataView(answer.buffer), 0);
  return {
    interface: record.interface,
    gateway: record.gatewayFamily === 0
      ? null
      : recordAddress(record.gateway, record.gatewayFamily),
    source: record.preferredSource.some((byte) => byte !== 0)
      ? recordAddress(record.preferredSource, record.family)
      : null,
    type: record.type,
  };
}
