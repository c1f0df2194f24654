/**
 * The addresses behind what a caller names as host.
 *
 * @module
 */

import { MifError } from "../error.ts";
import { formatAddress, isLinkLocal } from "../ip/address.ts";
import { interfaceIndex } from "../netlink/current.ts";
import { addressesToTry } from "../names/getaddrinfo.ts";
import type { PvdInfo } from "../pvd/pvd.ts";
import { knownAddress } from "../socket/memory.ts";
import type { SocketAddressInit } from "../socket/sockaddr.ts";

/**
 * The addresses to try, best first: of a numeric host itself, of a name what the PvD's servers say.
 *
 * @param pvd Null is the system, whatever the process' default is.
 * @throws {MifError} EAI_NONAME and others of getaddrinfo(); ENODEV: a zone that names no interface.
 * @throws The signal's reason.
 */
export async function addressesOf(
  hostname: string,
  pvd: PvdInfo | null,
  signal: AbortSignal,
): Promise<SocketAddressInit[]> {
  if (knownAddress(hostname)) return [numericAddress(hostname, pvd)];
  return await addressesToTry(hostname, pvd, signal);
}

/**
 * A numeric address as a socket takes it; a link-local one without zone is meant on the PvD's interface.
 *
 * @throws {TypeError} The text is no numeric address.
 * @throws {MifError} ENODEV: its zone names no interface.
 */
export function numericAddress(text: string, pvd: PvdInfo | null): SocketAddressInit {
  const parsed = knownAddress(text);
  if (!parsed) throw new TypeError(`Not a numeric address: ${text}`);
  const address = formatAddress(parsed.bytes);
  if (parsed.zone !== null) return { address, scopeId: zoneIndex(parsed.zone) };
  const linkLocal = parsed.family === 6 && isLinkLocal(parsed.bytes);
  return { address, scopeId: linkLocal ? pvd?.interface.index : undefined };
}

function zoneIndex(zone: string): number {
  if (/^\d{1,9}$/.test(zone)) return Number(zone);
  const index = interfaceIndex(zone);
  if (index !== null) return index;
  throw new MifError(`There is no interface ${zone}`, {
    code: "ENODEV",
    errno: 19,
    syscall: "if_nametoindex",
  });
}
