/**
 * Random mobility messages, as buildMobility() takes them: what judges read, and what properties hold for.
 *
 * @module
 */

import type { MobilityMessageInit, MobilityOptionInit } from "../../lib/mobility/mod.ts";
import { formatAddress } from "../../lib/ip/address.ts";
import type { Random } from "../random.ts";

/** What a kind of message may hold. */
export interface RandomMessageOptions {
  /** Also options that nobody knows, messages that RFC 6275 does not define, and all bits of flags. */
  unknown?: boolean;
}

const TYPES = ["BRR", "HoTI", "CoTI", "HoT", "CoT", "BU", "BA", "BE"] as const;

/** A message that RFC 6275 allows, but for options of no use. */
export function randomMessage(
  random: Random,
  { unknown = false }: RandomMessageOptions = {},
): MobilityMessageInit {
  if (unknown && random.oneIn(10)) {
    const data = random.bytes(2 + 8 * random.below(6));
    return { type: "unknown", mhType: 8 + random.below(248), data };
  }
  const type = random.of(TYPES);
  const options = randomOptions(random, type, unknown);
  switch (type) {
    case "BRR":
      return { type, options };
    case "HoTI":
    case "CoTI":
      return { type, cookie: random.bytes(8), options };
    case "HoT":
    case "CoT":
      return {
        type,
        nonceIndex: random.below(0x10000),
        cookie: random.bytes(8),
        keygenToken: random.bytes(8),
        options,
      };
    case "BU":
      return {
        type,
        sequence: random.below(0x10000),
        rawFlags: unknown ? random.below(0x10000) : random.below(16) << 12,
        lifetimeSeconds: random.below(0x10000) * 4,
        options,
      };
    case "BA":
      return {
        type,
        status: random.below(256),
        rawFlags: unknown ? random.below(256) : random.below(2) << 7,
        sequence: random.below(0x10000),
        lifetimeSeconds: random.below(0x10000) * 4,
        options,
      };
    case "BE":
      return { type, status: random.below(256), homeAddress: randomAddress(random), options };
  }
}

/** Any global IPv6 address, many of them with runs of zeros: inet_ntop(3) writes those of ::/96 in another way. */
export function randomAddress(random: Random): string {
  const bytes = random.bytes(16);
  if (random.oneIn(2)) bytes.fill(0, random.below(16), random.below(17));
  bytes[0] = 0x20 + random.below(0x20);
  return formatAddress(bytes);
}

function randomOptions(
  random: Random,
  type: typeof TYPES[number],
  unknown: boolean,
): MobilityOptionInit[] {
  const options: MobilityOptionInit[] = [];
  if (unknown) {
    for (let count = random.below(3); count > 0; count--) {
      const length = random.below(random.oneIn(10) ? 256 : 24);
      options.push({ type: 71 + random.below(185), name: "unknown", data: random.bytes(length) });
    }
  }
  if (type === "BA" && random.oneIn(2)) {
    options.push({
      name: "binding-refresh-advice",
      refreshIntervalSeconds: random.below(0x10000) * 4,
    });
  }
  if (type === "BU") {
    if (random.oneIn(2)) {
      options.push({ name: "alternate-care-of-address", careOfAddress: randomAddress(random) });
    }
    if (random.oneIn(2)) {
      options.push({
        name: "nonce-indices",
        homeNonceIndex: random.below(0x10000),
        careOfNonceIndex: random.below(0x10000),
      });
    }
  }
  if ((type === "BU" || type === "BA") && random.oneIn(2)) {
    options.push({ name: "binding-authorization-data", authenticator: random.bytes(12) });
  }
  return options;
}
