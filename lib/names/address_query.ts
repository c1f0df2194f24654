/**
 * Asks the DNS for the addresses of a name.
 *
 * @module
 */

import { type DnsName, nameFromText, nameToText } from "../dns/name.ts";
import { RecordType } from "../dns/record_type.ts";
import { type NameAnswer, resolveName } from "../dns/resolver.ts";
import { MifError } from "../error.ts";
import { parseAddress } from "../ip/address.ts";
import type { PvdInfo } from "../pvd/pvd.ts";
import type { AddressAnswer, NameScope } from "./host_lookup.ts";

/** The question to the servers of a PvD; null is the system's. */
export function addressQuery(
  pvd: PvdInfo | null,
  signal: AbortSignal | undefined,
): NameScope["query"] {
  return async (name, family): Promise<AddressAnswer> => {
    const type = family === 4 ? RecordType.A : RecordType.AAAA;
    const { status, canonicalName, records } = await ask(nameFromText(name), type, pvd, signal);
    return {
      status,
      canonicalName: nameToText(canonicalName),
      addresses: records.flatMap(({ data }) =>
        "address" in data ? parseAddress(data.address)!.bytes : []
      ),
    };
  };
}

/** As the servers of a PvD are asked. Those of the system are "not reached just now" where no way leads to them, as in glibc. */
async function ask(
  name: DnsName,
  type: number,
  pvd: PvdInfo | null,
  signal: AbortSignal | undefined,
): Promise<NameAnswer> {
  try {
    return await resolveName(name, type, pvd, { signal });
  } catch (cause) {
    if (pvd || !(cause instanceof MifError) || cause.code.startsWith("EAI_")) throw cause;
    throw new MifError(cause.message, { code: "EAI_AGAIN", syscall: "getaddrinfo", cause });
  }
}
