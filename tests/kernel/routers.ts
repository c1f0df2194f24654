/**
 * The routers of the lab's two networks, as a host knows them whose link to them is h0.
 *
 * @module
 */

import { type Network, NETWORK_1, NETWORK_2 } from "../lab/mod.ts";
import type { Outline } from "./outline.ts";

/** The `id` of the PvD of the first network's router. */
export const ROUTER_1: string = `${NETWORK_1.routerLinkLocal}%h0`;
/** And of the second network's. */
export const ROUTER_2: string = `${NETWORK_2.routerLinkLocal}%h0`;

/** The PvD of a router that is known to have given its network's prefix. */
export function knownRouter(network: Network, attribution: string): Outline {
  return {
    attribution,
    addresses: [network.hostAddress],
    gateways: [network.routerLinkLocal],
    routes: [network.prefix, `::/0 via ${network.routerLinkLocal}`].sort(),
    best: network.hostAddress,
  };
}
