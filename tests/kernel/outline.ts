/**
 * PvDs in few words, so that a test can say all it expects of a host at once.
 *
 * @module
 */

import { isLinkLocal, parseAddress } from "../../lib/ip/address.ts";
import type { PvdInfo } from "../../mod.ts";

/** What tells PvDs apart. The lists are sorted. */
export interface Outline {
  attribution: string;
  /** Link-local ones left out. */
  addresses: string[];
  gateways: string[];
  /** "2001:db8::/32 via fe80::1", or without "via" where the destination is on the link. */
  routes: string[];
  /** `ai_addr`, without port. */
  best: string | null;
}

/** The outline of each PvD, by its `id`. */
export function outline(pvds: PvdInfo[]): Record<string, Outline> {
  return Object.fromEntries(pvds.map((pvd) => [pvd.id, {
    attribution: pvd.attribution,
    addresses: pvd.addresses.map(({ address }) => address).filter(isGlobal).sort(),
    gateways: pvd.gateways.map(({ address }) => address).sort(),
    routes: pvd.routes.map(({ destination, gateway }) =>
      gateway === null ? destination : `${destination} via ${gateway}`
    ).sort(),
    best: pvd.ai_addr?.address ?? null,
  }]));
}

/** The PvD of an `id`. */
export function pvdOf(pvds: PvdInfo[], id: string): PvdInfo {
  const pvd = pvds.find((candidate) => candidate.id === id);
  if (!pvd) throw new Error(`No PvD ${id} in ${pvds.map((p) => p.id).join(", ") || "nothing"}`);
  return pvd;
}

function isGlobal(address: string): boolean {
  const { family, bytes } = parseAddress(address)!;
  return family === 4 || !isLinkLocal(bytes);
}
