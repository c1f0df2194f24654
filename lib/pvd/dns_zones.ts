/**
 * Which provisioning domains serve a name: split DNS by what the owners of explicit PvDs say (RFC 8801 4.3).
 *
 * Only additional information counts: it is authenticated by the certificate for the PvD ID, while anybody on a link can
 * announce a search domain (RFC 7556 7.1). It is a claim all the same: who owns a name may claim any zone for it. So a
 * claim puts its PvD first and takes no other PvD away, and each answer is used in its own PvD only.
 *
 * @module
 */

import type { PvdInfo } from "./pvd.ts";

/** Whether a name is a zone's own or below it; both lower case, without trailing dot. */
export function isInZone(name: string, zone: string): boolean {
  return zone === "." || name === zone || name.endsWith(`.${zone}`);
}

/** Labels of the most specific zone of the PvD that has the name; -1 where none has. */
function zoneLength({ additionalInfo }: PvdInfo, name: string): number {
  const lengths = (additionalInfo?.dnsZones ?? []).filter((zone) => isInZone(name, zone))
    .map((zone) => zone === "." ? 0 : zone.split(".").length);
  return Math.max(-1, ...lengths);
}

/**
 * In the order in which they are to be tried for a name: those that say to serve a zone of it first, the most specific
 * zone before others, and those that say to be restricted last; among equals as they were.
 */
export function byZone(pvds: readonly PvdInfo[], hostname: string): PvdInfo[] {
  const name = hostname.toLowerCase().replace(/\.$/, "");
  const rank = (pvd: PvdInfo) => {
    const length = zoneLength(pvd, name);
    return length < 0 && pvd.additionalInfo?.noInternet === true ? -2 : length;
  };
  return [...pvds].sort((a, b) => rank(b) - rank(a));
}
