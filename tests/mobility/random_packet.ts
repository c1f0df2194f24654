/**
 * Random packets around random mobility messages, as our functions build them.
 *
 * @module
 */

import { parseAddress } from "../../lib/ip/address.ts";
import {
  buildDestinationOptions,
  buildMobility,
  buildRoutingHeader,
  sealMobility,
} from "../../lib/mobility/mod.ts";
import type { Random } from "../random.ts";
import { randomAddress, randomMessage } from "./random_message.ts";

/** A packet: IPv6, perhaps a type 2 routing header, perhaps a home address option, and a message with its checksum. */
export function randomPacket(random: Random, options: { unknown?: boolean } = {}): Uint8Array {
  const source = randomAddress(random);
  const destination = randomAddress(random);
  const home = random.oneIn(3) ? randomAddress(random) : null;
  const routed = random.oneIn(3) ? randomAddress(random) : null;
  const init = randomMessage(random, options);
  const message = buildMobility({ ...init, reserved: random.below(256) });
  sealMobility(home ?? source, routed ?? destination, message);
  const headers: Uint8Array[] = [];
  if (routed) {
    const nextHeader = home ? 60 : 135;
    headers.push(buildRoutingHeader({ name: "type-2", nextHeader, homeAddress: routed }));
  }
  if (home) {
    const homeAddress = { name: "home-address", homeAddress: home } as const;
    headers.push(buildDestinationOptions({ nextHeader: 135, options: [homeAddress] }));
  }
  const length = headers.reduce((sum, header) => sum + header.length, message.length);
  const first = routed ? 43 : home ? 60 : 135;
  return Uint8Array.from([
    ...[0x60, 0, 0, 0, length >> 8, length & 0xff, first, 64],
    ...parseAddress(source)!.bytes,
    ...parseAddress(destination)!.bytes,
    ...headers.flatMap((header) => [...header]),
    ...message,
  ]);
}
