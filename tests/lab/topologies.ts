/**
 * The networks that tests are made in.
 *
 * Two networks appear in all of them, {@linkcode NETWORK_1} and {@linkcode NETWORK_2}. Each has a router,
 * an IPv6 prefix that the router advertises, an IPv4 network with static addresses (their routes are
 * marked "proto dhcp", as a client would mark them), a DNS server at the router and a search domain.
 * Both routers own the service addresses {@linkcode SERVICE_IPV6} and {@linkcode SERVICE_IPV4}: the one that
 * answers there is the one that got the packet.
 *
 * @module
 */

import type { Advertiser } from "./advertiser.ts";
import { type LabProcess, waitFor } from "./command.ts";
import { eui64Address, icmpv6Frame, linkLocalOf } from "./frame.ts";
import type { Host } from "./host.ts";
import { PacketSocket } from "./packet_socket.ts";
import { routerAdvertisement, type RouterAdvertisementInit } from "./router_advertisement.ts";
import type { LinkEnd, World } from "./world.ts";

/** The addresses of one network. */
export interface Network {
  /** Advertised by the router. */
  prefix: string;
  /** The router's MAC address on the link. */
  routerMac: string;
  /** The router's link-local address: the IPv6 gateway. */
  routerLinkLocal: string;
  /** The router's own address in the prefix: the DNS server. */
  routerAddress: string;
  /** What the host makes of the prefix. */
  hostAddress: string;
  /** The router's IPv4 address: the IPv4 gateway. */
  routerIpv4: string;
  /** The host's IPv4 address. */
  hostIpv4: string;
  /** Both are in it: "198.51.100.0/24". */
  ipv4Prefix: string;
  /** The search domain that the router advertises. */
  domain: string;
}

/** The MAC address of the host, on each of its links: one that is locally administered (RFC 9542 2.1). */
export const HOST_MAC = "02:00:00:00:0a:0a";

/** The first network, of addresses for documentation (RFC 3849, RFC 5737). */
export const NETWORK_1: Network = {
  prefix: "2001:db8:1::/64",
  routerMac: "02:00:00:00:01:01",
  routerLinkLocal: "fe80::ff:fe00:101",
  routerAddress: "2001:db8:1::1",
  hostAddress: "2001:db8:1::ff:fe00:a0a",
  routerIpv4: "198.51.100.1",
  hostIpv4: "198.51.100.10",
  ipv4Prefix: "198.51.100.0/24",
  domain: "one.example",
};

/** The second network, of addresses for documentation (RFC 3849, RFC 5737). */
export const NETWORK_2: Network = {
  prefix: "2001:db8:2::/64",
  routerMac: "02:00:00:00:02:02",
  routerLinkLocal: "fe80::ff:fe00:202",
  routerAddress: "2001:db8:2::1",
  hostAddress: "2001:db8:2::ff:fe00:a0a",
  routerIpv4: "203.0.113.1",
  hostIpv4: "203.0.113.10",
  ipv4Prefix: "203.0.113.0/24",
  domain: "two.example",
};

/** Owned by every router: who answers there got the packet. For documentation (RFC 3849). */
export const SERVICE_IPV6 = "2001:db8:ffff::1";
/** Owned by every router: who answers there got the packet. For documentation (RFC 5737). */
export const SERVICE_IPV4 = "192.0.2.1";

/** How a network is set up. */
export interface TopologyOptions {
  /** Who advertises: our own sender, which can be told more later, or radvd(8). */
  by?: "advertiser" | "radvd";
  /** Whether there is IPv4 as well; true where left out. */
  ipv4?: boolean;
  /** Added to what the first router says. */
  advertise1?: RouterAdvertisementInit;
  /** Added to what the second router says. */
  advertise2?: RouterAdvertisementInit;
}

/** A router and what speaks for it. */
export interface LabRouter {
  /** The router itself. */
  host: Host;
  /** Its interface towards the host. */
  interface: "lan0";
  /** What it routes. */
  network: Network;
  /** Where `by` is "advertiser". */
  advertiser?: Advertiser;
  /** Where `by` is "radvd". */
  radvd?: LabProcess;
}

/**
 * What a router of this network advertises where nothing else is said: its prefix, its DNS server, its search domain. It
 * never throws.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { advertisementOf, NETWORK_1 } from "@mif/sockets/lab";
 *
 * assert.deepEqual(advertisementOf(NETWORK_1).dnssl, [{ domains: ["one.example"] }]);
 * ```
 */
export function advertisementOf(network: Network): RouterAdvertisementInit {
  return {
    prefixes: [{ prefix: network.prefix }],
    rdnss: [{ servers: [network.routerAddress] }],
    dnssl: [{ domains: [network.domain] }],
  };
}

/**
 * host h0 ── lan0 r1: one network. Settles when the host has its addresses and routes.
 *
 * @throws {Error} ip(8) or a daemon refuses, or the addresses do not come within 10 s.
 *
 * @example
 * ```ts ignore
 * import assert from "node:assert/strict";
 * import { oneLink, World } from "@mif/sockets/lab";
 *
 * await using world = new World();
 * const { host, r1 } = await oneLink(world, { by: "radvd" });
 * assert.equal(host.routes(6, "default")[0]!.gateway, r1.network.routerLinkLocal);
 * ```
 */
export async function oneLink(
  world: World,
  options: TopologyOptions = {},
): Promise<{ host: Host; r1: LabRouter }> {
  const [host] = world.hosts("host");
  const [router] = world.routers("r1");
  const end = routerEnd(router, NETWORK_1);
  world.links([[hostEnd(host, "h0"), end]]);
  const r1 = await startRouter(router, NETWORK_1, options, options.advertise1);
  if (options.ipv4 ?? true) addIpv4(host, "h0", NETWORK_1, 100);
  await waitForNetworks(host, options, [NETWORK_1]);
  return { host, r1 };
}

/**
 * host h0 ── lan0 r1, host h1 ── lan0 r2: two networks, each on its own link. Settles when the host has the addresses and
 * routes of both.
 *
 * @throws {Error} ip(8) or a daemon refuses, or the addresses do not come within 10 s.
 *
 * @example
 * ```ts ignore
 * import { twoLinks, World } from "@mif/sockets/lab";
 *
 * await using world = new World();
 * const { host, r2 } = await twoLinks(world, { ipv4: false });
 * host.ip("link", "set", "h0", "down");
 * await host.waitForGateways([r2.network.routerLinkLocal]);
 * ```
 */
export async function twoLinks(
  world: World,
  options: TopologyOptions = {},
): Promise<{ host: Host; r1: LabRouter; r2: LabRouter }> {
  const [host] = world.hosts("host");
  const [first, second] = world.routers("r1", "r2");
  world.links([
    [hostEnd(host, "h0"), routerEnd(first, NETWORK_1)],
    [hostEnd(host, "h1"), routerEnd(second, NETWORK_2)],
  ]);
  return await startTwoRouters(host, [first, second], ["h0", "h1"], options);
}

/**
 * host h0 ── switch ── lan0 r1 and lan0 r2: two networks on one link. Settles when the host has the addresses and routes of
 * both.
 *
 * @throws {Error} ip(8) or a daemon refuses, or the addresses do not come within 10 s.
 *
 * @example
 * ```ts ignore
 * import assert from "node:assert/strict";
 * import { pvdOption, twoRouters, World } from "@mif/sockets/lab";
 *
 * await using world = new World();
 * const { host } = await twoRouters(world, {
 *   advertise1: { options: [pvdOption({ id: "one.example", sequence: 1 })] },
 *   advertise2: { preference: "high" },
 * });
 * assert.equal(host.routes(6, "default").length, 2);
 * ```
 */
export async function twoRouters(
  world: World,
  options: TopologyOptions = {},
): Promise<{ host: Host; r1: LabRouter; r2: LabRouter }> {
  const [host] = world.hosts("host");
  const [first, second] = world.routers("r1", "r2");
  const ends = [routerEnd(first, NETWORK_1), routerEnd(second, NETWORK_2), hostEnd(host, "h0")];
  world.bridge("switch", ends);
  return await startTwoRouters(host, [first, second], ["h0", "h0"], options);
}

/**
 * Two routers on one link that advertise the same prefix: one address, two gateways. IPv6 only.
 *
 * @throws {Error} ip(8) or a daemon refuses, or the addresses do not come within 10 s.
 *
 * @example
 * ```ts ignore
 * import assert from "node:assert/strict";
 * import { samePrefixTwoRouters, World } from "@mif/sockets/lab";
 *
 * await using world = new World();
 * const { r1, r2 } = await samePrefixTwoRouters(world);
 * assert.equal(r1.network.hostAddress, r2.network.hostAddress);
 * ```
 */
export async function samePrefixTwoRouters(
  world: World,
  options: TopologyOptions = {},
): Promise<{ host: Host; r1: LabRouter; r2: LabRouter }> {
  const [host] = world.hosts("host");
  const [first, second] = world.routers("r1", "r2");
  const alike: Network = {
    ...NETWORK_2,
    prefix: NETWORK_1.prefix,
    routerAddress: "2001:db8:1::2",
    hostAddress: NETWORK_1.hostAddress,
  };
  const ends = [routerEnd(first, NETWORK_1), routerEnd(second, alike), hostEnd(host, "h0")];
  world.bridge("switch", ends);
  return await startTwoRouters(host, [first, second], ["h0", "h0"], { ...options, ipv4: false }, [
    NETWORK_1,
    alike,
  ]);
}

/**
 * One link whose first prefix also has a temporary address (RFC 8981), and whose second is deprecated.
 *
 * @throws {Error} ip(8) or a daemon refuses, or the addresses do not come within 10 s.
 *
 * @example
 * ```ts ignore
 * import assert from "node:assert/strict";
 * import { temporaryAndDeprecated, World } from "@mif/sockets/lab";
 *
 * await using world = new World();
 * const { host } = await temporaryAndDeprecated(world);
 * assert.ok(host.addresses("h0").some(({ temporary }) => temporary));
 * ```
 */
export async function temporaryAndDeprecated(
  world: World,
  options: TopologyOptions = {},
): Promise<{ host: Host; r1: LabRouter }> {
  const [host] = world.hosts("host");
  host.sysctl({ "ipv6/conf/default/use_tempaddr": 2 });
  const [router] = world.routers("r1");
  world.links([[hostEnd(host, "h0"), routerEnd(router, NETWORK_1)]]);
  const r1 = await startRouter(router, NETWORK_1, options, {
    prefixes: [
      { prefix: NETWORK_1.prefix },
      { prefix: NETWORK_2.prefix, preferredSeconds: 0 },
    ],
    ...options.advertise1,
  });
  if (options.ipv4 ?? true) addIpv4(host, "h0", NETWORK_1, 100);
  await waitForNetworks(host, options, [NETWORK_1]);
  await waitFor("a temporary and a deprecated address", () => {
    const addresses = host.addresses("h0");
    return addresses.some((a) => a.temporary) && addresses.some((a) => a.deprecated);
  });
  return { host, r1 };
}

/**
 * One link, IPv4 only: IPv6 is disabled in the host's kernel.
 *
 * @throws {Error} ip(8) refuses, or the route does not come within 10 s.
 *
 * @example
 * ```ts ignore
 * import assert from "node:assert/strict";
 * import { noIpv6, World } from "@mif/sockets/lab";
 *
 * await using world = new World();
 * const { host } = await noIpv6(world);
 * assert.ok(host.addresses().every(({ family }) => family === "inet"));
 * ```
 */
export async function noIpv6(world: World): Promise<{ host: Host; router: Host }> {
  const [host] = world.hosts("host");
  host.sysctl({ "ipv6/conf/all/disable_ipv6": 1, "ipv6/conf/default/disable_ipv6": 1 });
  const [router] = world.routers("r1");
  world.links([[hostEnd(host, "h0"), routerEnd(router, NETWORK_1)]]);
  addRouterAddresses(router, NETWORK_1);
  addIpv4(host, "h0", NETWORK_1, 100);
  await host.waitForGateways([NETWORK_1.routerIpv4]);
  return { host, router };
}

/**
 * What {@linkcode manyLinks} has on link number `index`, from 0. Never throws for an index up to 65535.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { manyLinksNetwork } from "@mif/sockets/lab";
 *
 * const { interface: name, prefix, routerLinkLocal } = manyLinksNetwork(10);
 * assert.deepEqual([name, prefix, routerLinkLocal], [
 *   "h10",
 *   "2001:db8:1000:a::/64",
 *   "fe80::ff:fe01:a",
 * ]);
 * ```
 */
export function manyLinksNetwork(index: number): {
  /** The host's interface. */
  interface: string;
  prefix: string;
  hostAddress: string;
  routerLinkLocal: string;
} {
  const network = `2001:db8:1000:${index.toString(16)}::`;
  return {
    interface: `h${index}`,
    prefix: `${network}/64`,
    hostAddress: eui64Address(network, manyLinksMac(0x0a, index)),
    routerLinkLocal: linkLocalOf(manyLinksMac(0x01, index)),
  };
}

/**
 * `count` links (h0, h1, …) between a host and a router (r0, r1, …), at most 65536. With `advertise` the
 * router advertises once on each what {@linkcode manyLinksNetwork} says, and this waits for the addresses:
 * seconds for 1000, because the kernel's neighbour table is shared by all namespaces and holds 1024.
 *
 * @throws {Error} ip(8) refuses, or the links or their addresses do not come within a minute.
 *
 * @example
 * ```ts ignore
 * import { manyLinks, World } from "@mif/sockets/lab";
 *
 * await using world = new World();
 * const { host } = await manyLinks(world, 20, { advertise: true });
 * console.log(host.addresses("h19"));
 * ```
 */
export async function manyLinks(
  world: World,
  count: number,
  options: { advertise?: boolean } = {},
): Promise<{ host: Host; router: Host }> {
  const [host] = world.hosts("host");
  const [router] = world.routers("router");
  world.links(Array.from({ length: count }, (_, index) => [
    { host, interface: `h${index}`, mac: manyLinksMac(0x0a, index) },
    { host: router, interface: `r${index}`, mac: manyLinksMac(0x01, index) },
  ]));
  await waitFor(
    `${count} links up`,
    () => host.addresses().filter(({ scope }) => scope === "link").length >= count,
    60_000,
  );
  if (options.advertise) await advertiseOnManyLinks(host, router, count);
  return { host, router };
}

/**
 * Adds `count` routes by one interface, /64 (at most 2^31) or /32 (at most 2^24), in one ip(8) process.
 *
 * @throws {Error} ip(8) refuses, or takes longer than a minute.
 *
 * @example
 * ```ts ignore
 * import { manyRoutes, oneLink, World } from "@mif/sockets/lab";
 *
 * await using world = new World();
 * const { host } = await oneLink(world);
 * manyRoutes(host, 10_000, { interface: "h0", table: 7, protocol: "bird" });
 * ```
 */
export function manyRoutes(
  host: Host,
  count: number,
  options: { interface: string; family?: 4 | 6; table?: number; protocol?: string | number },
): void {
  const { family = 6, table = 254, protocol = "static" } = options;
  const rest = `dev ${options.interface} table ${table} proto ${protocol}`;
  host.batch(Array.from({ length: count }, (_, index) => {
    const destination = family === 6
      ? `2001:db8:${(0x8000 + (index >> 16)).toString(16)}:${(index & 0xffff).toString(16)}::/64`
      : `10.${index >> 16}.${index >> 8 & 255}.${index & 255}/32`;
    return `route add ${destination} ${rest}`;
  }));
}

/** What {@linkcode churn} adds and deletes. */
export type ChurnKind = "routes" | "addresses" | "links";

/**
 * Adds and deletes routes, addresses and links of its own as fast as ip(8) can, one process per kind, until
 * it is stopped. Routes are 2001:db8:c000::/48 and addresses 2001:db8:c001::/48 on `interfaceName`;
 * links are called churn0 and churn1.
 *
 * @returns What does it: `stop()` ends it, and what it had added last may stay.
 * @throws {Error} The host's world is gone.
 *
 * @example
 * ```ts ignore
 * import { churn, oneLink, World } from "@mif/sockets/lab";
 *
 * await using world = new World();
 * const { host } = await oneLink(world);
 * const changes = churn(host, "h0", ["routes"]);
 * console.log((await host.run(["ip", "-6", "route"])).stdout);
 * await changes.stop();
 * ```
 */
export function churn(
  host: Host,
  interfaceName: string,
  kinds: readonly ChurnKind[] = ["routes", "addresses", "links"],
): LabProcess {
  const numbers = Array.from({ length: 50 }, (_, index) => index.toString(16));
  const targets: Record<ChurnKind, string[]> = {
    routes: numbers.map((n) => `route %s 2001:db8:c000:${n}::/64 dev ${interfaceName}`),
    addresses: numbers.map((n) => `addr %s 2001:db8:c001:${n}::1/64 dev ${interfaceName}`),
    links: ["link %s name churn0 type veth peer churn1"],
  };
  const loops = kinds.map((kind) => {
    const adding = targets[kind].map((command) => command.replace("%s", "add"));
    const deleting = kind === "links"
      ? ["link del churn0"]
      : targets[kind].map((command) => command.replace("%s", "del"));
    const cycle = [...adding, ...deleting, ""].join("\n").repeat(20);
    host.writeFile(`/run/churn-${kind}`, cycle);
    return `while cat /run/churn-${kind}; do :; done | ip -force -batch - 2>/dev/null &`;
  });
  return host.spawn(["sh", "-c", [...loops, "wait"].join("\n")]);
}

function hostEnd(host: Host, interfaceName: string): LinkEnd {
  return { host, interface: interfaceName, mac: HOST_MAC };
}

function routerEnd(host: Host, network: Network): LinkEnd {
  return { host, interface: "lan0", mac: network.routerMac };
}

async function startRouter(
  host: Host,
  network: Network,
  options: TopologyOptions,
  extra: RouterAdvertisementInit = {},
): Promise<LabRouter> {
  addRouterAddresses(host, network);
  const init = { ...advertisementOf(network), ...extra };
  const router: LabRouter = { host, interface: "lan0", network };
  if (options.by === "radvd") router.radvd = await host.radvd("lan0", init);
  else router.advertiser = await host.advertise("lan0", init);
  return router;
}

async function startTwoRouters(
  host: Host,
  routers: readonly [Host, Host],
  interfaceNames: readonly [string, string],
  options: TopologyOptions,
  networks: readonly [Network, Network] = [NETWORK_1, NETWORK_2],
): Promise<{ host: Host; r1: LabRouter; r2: LabRouter }> {
  // One after the other: of two equal default routers the kernel takes the one it heard first.
  const r1 = await startRouter(routers[0], networks[0], options, options.advertise1);
  await waitForNetworks(host, { ipv4: false }, [networks[0]]);
  const r2 = await startRouter(routers[1], networks[1], options, options.advertise2);
  if (options.ipv4 ?? true) {
    addIpv4(host, interfaceNames[0], networks[0], 100);
    addIpv4(host, interfaceNames[1], networks[1], 101);
  }
  await waitForNetworks(host, options, networks);
  return { host, r1, r2 };
}

function addRouterAddresses(host: Host, network: Network): void {
  host.batch([
    `addr add ${network.routerAddress}/64 dev lan0`,
    `addr add ${network.routerIpv4}/24 dev lan0`,
    `addr add ${SERVICE_IPV6}/128 dev lo`,
    `addr add ${SERVICE_IPV4}/32 dev lo`,
  ]);
}

/** As a DHCPv4 client would leave it. */
function addIpv4(host: Host, interfaceName: string, network: Network, metric: number): void {
  const device = `dev ${interfaceName}`;
  host.batch([
    `addr add ${network.hostIpv4}/24 ${device} noprefixroute valid_lft 3600 preferred_lft 3600`,
    `route add ${network.ipv4Prefix} ${device} proto dhcp scope link src ${network.hostIpv4} metric ${metric}`,
    `route add default via ${network.routerIpv4} ${device} proto dhcp src ${network.hostIpv4} metric ${metric}`,
  ]);
}

async function waitForNetworks(
  host: Host,
  options: TopologyOptions,
  networks: readonly Network[],
): Promise<void> {
  const ipv4 = options.ipv4 ?? true;
  await host.waitForAddresses(networks.map(({ hostAddress }) => hostAddress));
  await host.waitForGateways(
    networks.flatMap((n) => ipv4 ? [n.routerLinkLocal, n.routerIpv4] : [n.routerLinkLocal]),
  );
}

function manyLinksMac(kind: number, index: number): string {
  const bytes = [2, 0, 0, kind, index >> 8, index & 0xff];
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/**
 * By one packet socket, because a raw ICMPv6 socket needs a neighbour entry for each link. The host needs one too,
 * and ignores an advertisement when the table is full: what did not arrive is sent again.
 */
async function advertiseOnManyLinks(host: Host, router: Host, count: number): Promise<void> {
  const socket = await PacketSocket.open(router, { icmpv6Type: 133, onFrame: () => {} });
  let sentAt = -Infinity;
  await waitFor(`${count} advertised addresses`, async () => {
    const present = new Set(host.addresses().map(({ local }) => local));
    const missing = Array.from({ length: count }, (_, index) => index)
      .filter((index) => !present.has(manyLinksNetwork(index).hostAddress));
    if (missing.length === 0) return true;
    if (performance.now() - sentAt < 500) return false;
    await Promise.all(missing.map((index) => socket.send(`r${index}`, manyLinksFrame(index))));
    sentAt = performance.now();
    return false;
  }, 60_000);
  await socket.close();
}

function manyLinksFrame(index: number): Uint8Array {
  const { prefix, routerLinkLocal } = manyLinksNetwork(index);
  const srcMac = manyLinksMac(0x01, index);
  const message = routerAdvertisement({ sourceMac: srcMac, prefixes: [{ prefix }] });
  return icmpv6Frame(message, {
    srcMac,
    dstMac: "33:33:00:00:00:01",
    src: routerLinkLocal,
    dst: "ff02::1",
  });
}
