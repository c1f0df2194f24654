/**
 * A name asked in several provisioning domains at once. Each answer is for its own PvD (RFC 7556 5.2.1).
 *
 * @module
 */

import { MifError } from "../error.ts";
import type { PvdInfo } from "../pvd/pvd.ts";
import { hostFiles } from "../sources/host_files.ts";
import { orderDestinations } from "./address_order.ts";
import { addressPolicy } from "./address_policy.ts";
import { addressQuery } from "./address_query.ts";
import { lookupHost } from "./host_lookup.ts";
import { nameScope } from "./name_scope.ts";
import { sourceOf } from "./pvd_sources.ts";

/** What a name is in a PvD. */
export interface PvdAddresses {
  pvd: PvdInfo;
  /** 4 or 16 bytes each, in the order of RFC 6724. */
  addresses: Uint8Array[];
}

const files = hostFiles();

/** Which failure counts where no PvD has the name: what may be otherwise later comes first. */
const TELLING: readonly string[] = ["EAI_AGAIN", "EAI_NODATA", "EAI_NONAME"];

/**
 * Asks all PvDs for the addresses of a name, and gives those that have any, in the order given. A PvD without DNS servers
 * knows what this host itself says of the name.
 *
 * @throws {MifError} None has any: EAI_AGAIN where one could not say, else EAI_NODATA or EAI_NONAME as they say, else what
 *   kept the first of them from asking.
 * @throws The signal's reason.
 */
export async function addressesInEach(
  hostname: string,
  pvds: readonly PvdInfo[],
  signal: AbortSignal | undefined,
): Promise<PvdAddresses[]> {
  const results = await Promise.allSettled(pvds.map((pvd) => addressesIn(hostname, pvd, signal)));
  signal?.throwIfAborted();
  const found: PvdAddresses[] = [];
  const failures: MifError[] = [];
  for (const [i, result] of results.entries()) {
    if (result.status === "fulfilled") found.push(result.value);
    else if (!(result.reason instanceof MifError)) throw result.reason;
    else if (pvds[i]!.dnsServers.length > 0) failures.push(result.reason);
  }
  if (found.length > 0) return found;
  const rank = ({ code }: MifError) => TELLING.indexOf(code) >>> 0;
  throw failures.sort((a, b) => rank(a) - rank(b))[0] ?? withoutServers(hostname);
}

async function addressesIn(
  hostname: string,
  pvd: PvdInfo,
  signal: AbortSignal | undefined,
): Promise<PvdAddresses> {
  const scope = nameScope(pvd, addressQuery(pvd, signal));
  const { addresses } = await lookupHost(hostname, [6, 4], scope);
  const policy = addressPolicy(files);
  const destinations = addresses.map((bytes) => ({ bytes, scopeId: pvd.interface.index }));
  const ordered = orderDestinations(destinations, sourceOf(pvd, policy), policy);
  return { pvd, addresses: ordered.map(({ bytes }) => bytes) };
}

function withoutServers(hostname: string): MifError {
  return new MifError(`Cannot resolve ${JSON.stringify(hostname)}: no PvD has a DNS server`, {
    code: "EAI_AGAIN",
    syscall: "getaddrinfo",
  });
}
