/**
 * The lab: networks made of Linux network namespaces, for tests that need a real one. `@mif/sockets/lab` for users' own
 * tests; those of this package use it too.
 *
 * Routers send real Router Advertisements (our own sender, or radvd), name servers answer, captures prove which way a
 * packet took. Nothing touches the machine's own network. It runs as root, and unprivileged where the kernel allows user
 * namespaces; the test runner is started inside:
 *
 *     mif lab -- deno test -A
 *     mif lab -- bun test
 *
 * Inside there is no way out, so nothing can be downloaded. Needed on the machine: ip(8), unshare(1), mount(8),
 * setpriv(1), python3; radvd, dnsmasq, nsd and unbound where a test uses them.
 *
 * A test takes a {@linkcode World}, builds something in it, or takes one of the topologies ({@linkcode oneLink},
 * {@linkcode twoLinks}, {@linkcode twoRouters}, …), and asks the kernel what came of it. What it wants to see running in
 * there it runs as a process ({@linkcode Host.run}): the process of the test stays where it is. A test that takes longer
 * than 5 s says so by `{ timeout }`: `bun test` ends it otherwise.
 *
 * @example Two routers on one link, and which of them the kernel gives a datagram to
 * ```ts ignore
 * import assert from "node:assert/strict";
 * import { test } from "node:test";
 * import { labSkip, NETWORK_2, SERVICE_IPV6, twoRouters, waitFor, World } from "@mif/sockets/lab";
 *
 * test("a plain socket leaks into the other network", { skip: labSkip(), timeout: 60_000 }, async () => {
 *   await using world = new World();
 *   const { host, r1, r2 } = await twoRouters(world);
 *   const capture = await host.capture("h0");
 *   const send = (port: number) =>
 *     host.runScript("send_datagram.ts", [NETWORK_2.hostAddress, SERVICE_IPV6, `${port}`], {
 *       unprivileged: true,
 *     });
 *   await send(1001);
 *   const leaked = await capture.waitFor("a datagram", ({ dport }) => dport === 1001);
 *   assert.equal(leaked.dstMac, r1.network.routerMac);
 *
 *   await r1.advertiser!.update({ lifetimeSeconds: 0 });
 *   await waitFor("one router to be left", () => host.routes(6, "default").length === 1);
 *   await send(1002);
 *   const frame = await capture.waitFor("another", ({ dport }) => dport === 1002);
 *   assert.equal(frame.dstMac, r2.network.routerMac);
 * });
 * ```
 *
 * @example A link of one's own
 * ```ts ignore
 * import { pvdOption, World } from "@mif/sockets/lab";
 *
 * await using world = new World();
 * const [host] = world.hosts("host");
 * const [router] = world.routers("router");
 * world.links([[{ host, interface: "h0" }, { host: router, interface: "lan0" }]]);
 * router.ip("addr", "add", "192.0.2.1/24", "dev", "lan0");
 * host.batch(["addr add 192.0.2.2/24 dev h0", "route add default via 192.0.2.1"]);
 * await router.advertise("lan0", {
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
  runCommand,
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
export { CARE_OF_ADDRESS, CORRESPONDENT_ADDRESS, HOME_ADDRESS, mobileNode } from "./mobile_node.ts";
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
export { Tun } from "./tun.ts";
export type { UnboundOptions } from "./unbound.ts";
export { type Hosts, type LinkEnd, World } from "./world.ts";
