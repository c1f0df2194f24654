/**
 * The lab: networks made of Linux network namespaces, for tests that need a real one.
 *
 * Routers send real Router Advertisements (our own sender, or radvd), dnsmasq answers names, captures prove
 * which way a packet took. Nothing touches the machine's own network. It runs as root, and unprivileged where
 * the kernel allows user namespaces; the program is started inside by {@linkcode enterArgv}:
 *
 *     unshare -Urnm -- sh -c '…' sh deno test -A tests/kernel/
 *
 * Needed on the machine: ip(8), unshare(1), setpriv(1), python3; radvd, dnsmasq, nsd and unbound where a test uses them.
 *
 * A test takes a `World`, builds something in it, or takes one of the topologies, and asks the kernel what came
 * of it. What it wants to see running in there it runs as a process: this process stays where it is. A test that
 * takes longer than 5 s says so by `{ timeout }`: `bun test` ends it otherwise.
 *
 * @example
 * ```ts ignore
 * import assert from "node:assert/strict";
 * import { test } from "node:test";
 * import { labSkip, NETWORK_2, SERVICE_IPV6, twoRouters, World } from "../lab/mod.ts";
 *
 * test("a datagram leaves by the router of its source", { skip: labSkip() }, async () => {
 *   await using world = new World();
 *   const { host, r1, r2 } = await twoRouters(world);
 *   const capture = await r2.host.capture("lan0");
 *   const sender = await host.runScript("tests/lab/send_datagram.ts", [
 *     NETWORK_2.hostAddress,
 *     SERVICE_IPV6,
 *     "53",
 *   ], { unprivileged: true });
 *   assert.equal(sender.status, 0, sender.stderr);
 *   const frame = await capture.waitFor("the datagram", ({ dport }) => dport === 53);
 *   assert.equal(frame.dstMac, r2.network.routerMac);
 *   assert.equal(host.routes(6, "default").length, 2);
 *   await r1.advertiser?.update({ lifetimeSeconds: 0 });
 * });
 * ```
 *
 * A link of one's own:
 *
 * ```ts ignore
 * const [host] = world.hosts("host");
 * const [router] = world.routers("router");
 * world.links([[{ host, interface: "h0" }, { host: router, interface: "lan0" }]]);
 * host.batch(["addr add 192.0.2.2/24 dev h0", "route add default via 192.0.2.1"]);
 * const voice = await router.advertise("lan0", {
 *   prefixes: [{ prefix: "2001:db8:5::/64" }],
 *   options: [pvdOption({ id: "five.example", sequence: 1 })],
 * });
 * await router.dnsmasq({ records: { "www.example": ["192.0.2.80"] } });
 * ```
 *
 * @module
 */

export { type LabAccess, labAccess, labSkip } from "./access.ts";
export {
  type Advertised,
  Advertiser,
  type AdvertiserOptions,
  type SendOptions,
} from "./advertiser.ts";
export { Capture } from "./capture.ts";
export {
  type CommandOptions,
  type CommandResult,
  LabProcess,
  type LabProcessOptions,
  waitFor,
} from "./command.ts";
export type { DnsmasqOptions } from "./dnsmasq.ts";
export { enterArgv, isInside, runInside } from "./enter.ts";
export type { Frame } from "./frame.ts";
export {
  Host,
  type HostWorld,
  type IpAddress,
  type IpAddresses,
  type IpLink,
  type IpRoute,
  type PrivilegeOptions,
} from "./host.ts";
export type { NsdOptions } from "./nsd.ts";
export { PacketSocket, type PacketSocketOptions } from "./packet_socket.ts";
export {
  option,
  type Preference,
  type PrefixInformation,
  pvdOption,
  type PvdOptionInit,
  routerAdvertisement,
  type RouterAdvertisementInit,
  routerAdvertisementOptions,
} from "./router_advertisement.ts";
export {
  advertisementOf,
  churn,
  type ChurnKind,
  HOST_MAC,
  type LabRouter,
  manyLinks,
  manyLinksNetwork,
  manyRoutes,
  type Network,
  NETWORK_1,
  NETWORK_2,
  noIpv6,
  oneLink,
  samePrefixTwoRouters,
  SERVICE_IPV4,
  SERVICE_IPV6,
  temporaryAndDeprecated,
  type TopologyOptions,
  twoLinks,
  twoRouters,
} from "./topologies.ts";
export type { UnboundOptions } from "./unbound.ts";
export { type Hosts, type LinkEnd, World } from "./world.ts";
