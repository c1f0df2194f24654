/**
 * Interface identifiers for addresses that this host makes itself, and those that were found to be another's.
 *
 * @module
 */

import type { LinkRecord } from "../../ffi/layout.gen.ts";
import { formatAddress } from "../ip/address.ts";
import { interfaceName } from "../netlink/records.ts";
import type { PvdInfo } from "../pvd/pvd.ts";
import { hostFiles, UnreadableError } from "../sources/host_files.ts";
import { modifiedEui64, stableIdentifier } from "./interface_identifier.ts";

/** RFC 7217 6: IDGEN_RETRIES. */
const RETRIES_MAX = 3;
/** What machine-id(5) says is enough of a secret where nothing better is kept: it is not shown to networks. */
const MACHINE_ID = "/etc/machine-id";

const files = hostFiles();
/** Addresses that another host was found to have, since this process started. */
const duplicates = new Set<string>();

/** Remembers that another host has an address: the next one made in its prefix is another. */
export function noteDuplicate(address: string): void {
  duplicates.add(address);
}

/**
 * Makes identifiers for the links: by RFC 7217 where the host has a machine-id(5), else of the hardware address. Null
 * where neither is there, or where three of the first kind, or the one of the second, were another host's.
 */
export function identifierMaker(
  links: readonly LinkRecord[],
  secret: Uint8Array | null = machineId(),
): (prefix: Uint8Array, pvd: PvdInfo) => Uint8Array | null {
  return (prefix, pvd) => {
    const link = links.find(({ index }) => index === pvd.interface.index);
    if (!link) return null;
    const hardwareAddress = link.hardwareAddress.slice(0, link.hardwareAddressLength);
    const name = new TextEncoder().encode(interfaceName(link.name));
    const identity = hardwareAddress.length > 0 ? hardwareAddress : name;
    for (let dadCounter = 0; dadCounter <= RETRIES_MAX; dadCounter++) {
      const identifier = secret
        ? stableIdentifier({ prefix, interface: identity, network: pvd.id, dadCounter, secret })
        : modifiedEui64(hardwareAddress);
      if (!identifier) return null;
      if (!duplicates.has(formatAddress(Uint8Array.of(...prefix, ...identifier)))) {
        return identifier;
      }
    }
    return null;
  };
}

function machineId(): Uint8Array | null {
  try {
    const text = files.read(MACHINE_ID)?.trim() ?? "";
    return /^[0-9a-f]{32}$/.test(text) ? new TextEncoder().encode(text) : null;
  } catch (error) {
    if (error instanceof UnreadableError) return null;
    throw error;
  }
}
