/**
 * Links on which nobody advertises anything: what a test puts there is all there is.
 *
 * @module
 */

import { type Host, HOST_MAC, type World } from "../lab/mod.ts";

/** A host with `count` links (h0, h1, …) to one router (r0, r1, …). */
export function plainLinks(world: World, count: number): { host: Host; router: Host } {
  const [host] = world.hosts("host");
  const [router] = world.routers("router");
  world.links(Array.from({ length: count }, (_, index) => [
    { host, interface: `h${index}`, mac: HOST_MAC },
    { host: router, interface: `r${index}` },
  ]));
  return { host, router };
}
