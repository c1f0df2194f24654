/**
 * What stands in PvD options, where the kernel does not look, and the host has not. Pure.
 *
 * What stands outside of them is the kernel's or a network manager's to take or to leave.
 *
 * @module
 */

import { formatPrefix, isLinkLocal, isMulticast, prefixContains } from "../ip/address.ts";
import type { PrefixInformation } from "../ndp/options.ts";
import { recordAddress } from "../netlink/records.ts";
import type { Advertised, AdvertisedPvd } from "./advertisement_memory.ts";
import type { PvdDraft } from "./draft.ts";
import type { PvdUnconfigured } from "./pvd.ts";

/** RFC 4862 5.5.3 d: with an interface identifier of 64 bits (RFC 4291 2.5.1) no other length makes an address. */
const PREFIX_LENGTH = 64;

/**
 * What is left to configure of a PvD whose addresses and routes are placed; undefined where it is nothing.
 *
 * @param options What is current of all PvDs.
 */
export function findUnconfigured(
  draft: PvdDraft,
  { interface: index, router, pvd, isHeaderNested, advertisement }: AdvertisedPvd,
  options: Advertised[],
): PvdUnconfigured | undefined {
  const found: PvdUnconfigured = { prefixes: [], routes: [] };
  const missRoute = (destination: string, gateway: string | null) => {
    if (!draft.routes.has(`${destination} ${gateway}`)) found.routes.push({ destination, gateway });
  };
  if (isHeaderNested && advertisement.routerLifetimeSeconds > 0) missRoute("::/0", router);
  // What is left of lifetimes, and whether that is anything, is said in the advertisement.
  const prefixes = new Map(advertisement.prefixes.map((prefix) => [prefix.prefix, prefix]));
  for (const { option, ...from } of options) {
    if (!from.isNested || from.interface !== index || from.router !== router) continue;
    if (pvd === null || from.pvd !== pvd.id) continue;
    if (option.name === "route-information") {
      missRoute(formatPrefix(option.prefix, option.prefixLength), router);
    }
    if (option.name !== "prefix-information") continue;
    const text = formatPrefix(option.prefix, option.prefixLength);
    if (prefixes.get(text)?.validSeconds === 0) continue;
    if (option.onLink) missRoute(text, null);
    if (isAutonomous(option) && !hasAddress(draft, option)) found.prefixes.push(text);
  }
  return found.prefixes.length + found.routes.length > 0 ? found : undefined;
}

/** RFC 4862 5.5.3 a to d: whether a host makes an address in the prefix. */
function isAutonomous(option: PrefixInformation): boolean {
  const { autonomous, prefix, prefixLength } = option;
  return autonomous && prefixLength === PREFIX_LENGTH && !isLinkLocal(prefix) &&
    !isMulticast(prefix) && option.preferredLifetimeSeconds <= option.validLifetimeSeconds;
}

function hasAddress({ addresses }: PvdDraft, { prefix, prefixLength }: PrefixInformation): boolean {
  return addresses.some(({ family, address }) =>
    family === 6 && prefixContains(prefix, prefixLength, recordAddress(address, 6))
  );
}
