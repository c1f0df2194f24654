/**
 * Who sent a datagram that the runtime has read, which tells it in text.
 *
 * @module
 */

import { formatAddress } from "../ip/address.ts";
import { interfaceIndex } from "../netlink/current.ts";
import type { SocketAddress } from "../pvd/pvd.ts";
import { knownAddress } from "./memory.ts";

/** The sender's address; a link-local one has an interface's name as zone. Never throws. */
export function senderOf(text: string, port: number): SocketAddress {
  const { family, bytes, zone } = knownAddress(text)!;
  let scopeId = 0;
  try {
    if (zone !== null) scopeId = interfaceIndex(zone) ?? 0;
  } catch {
    // The kernel's tables may not be read here.
  }
  return { family, address: formatAddress(bytes), port, scopeId };
}
