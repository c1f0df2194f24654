/**
 * A mobile node away from home, its home agent and a correspondent: the network of Mobile IPv6.
 *
 * The home agent's tunnel is a route here: what is for the home address goes to the care-of address, and what comes from
 * it is let through.
 *
 * @module
 */

import type { Host } from "./host.ts";
import type { World } from "./world.ts";

/** Where the mobile node is: a care-of address (RFC 6275 3.2), of the prefix for documentation (RFC 3849). */
export const CARE_OF_ADDRESS = "2001:db8:7777::1";
/** Where it is at home: a home address (RFC 6275 3.2), of the prefix for documentation (RFC 3849). */
export const HOME_ADDRESS = "2001:db8:9999::1";
/** The correspondent node's (RFC 6275 3.2), of the prefix for documentation (RFC 3849). */
export const CORRESPONDENT_ADDRESS = "2001:db8:8888::1";

/**
 * mobile m0 ── f0 agent c0 ── c0 correspondent.
 *
 * @throws {Error} ip(8) refuses: the message has what it said.
 *
 * @example
 * ```ts ignore
 * import { CORRESPONDENT_ADDRESS, HOME_ADDRESS, mobileNode, World } from "@mif/sockets/lab";
 *
 * await using world = new World();
 * const { mobile } = mobileNode(world);
 * console.log(mobile.ip("route", "get", CORRESPONDENT_ADDRESS, "from", HOME_ADDRESS));
 * ```
 */
export function mobileNode(world: World): { mobile: Host; agent: Host; correspondent: Host } {
  const [mobile, correspondent] = world.hosts("mobile", "correspondent");
  const [agent] = world.routers("agent");
  world.links([
    [{ host: mobile, interface: "m0" }, { host: agent, interface: "f0" }],
    [{ host: correspondent, interface: "c0" }, { host: agent, interface: "c0" }],
  ]);
  mobile.batch([
    `addr add ${CARE_OF_ADDRESS}/64 dev m0`,
    `addr add ${HOME_ADDRESS}/128 dev lo`,
    "route add default via 2001:db8:7777::ff dev m0",
  ]);
  correspondent.batch([
    `addr add ${CORRESPONDENT_ADDRESS}/64 dev c0`,
    "route add default via 2001:db8:8888::ff dev c0",
  ]);
  agent.batch([
    "addr add 2001:db8:7777::ff/64 dev f0",
    "addr add 2001:db8:8888::ff/64 dev c0",
    `route add ${HOME_ADDRESS}/128 via ${CARE_OF_ADDRESS} dev f0`,
  ]);
  return { mobile, agent, correspondent };
}
