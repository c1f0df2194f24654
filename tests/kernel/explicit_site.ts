/**
 * Two routers on one link that announce explicit PvDs: two each, the first an implicit one beside them.
 *
 * @module
 */

import {
  advertisementOf,
  type Host,
  HOST_MAC,
  type LabRouter,
  NETWORK_1,
  NETWORK_2,
  pvdOption,
  type PvdOptionInit,
  type RouterAdvertisementInit,
  SERVICE_IPV6,
  twoRouters,
  waitFor,
  type World,
} from "../lab/mod.ts";
import { echoServer } from "./socket_probe.ts";

/** What a PvD of these routers has. */
export interface ExplicitNetwork {
  id: string;
  router: string;
  routerMac: string;
  prefix: string;
  /** The router's in the prefix, also its name server. */
  routerAddress: string;
  domain: string;
}

function network(id: string, { routerLinkLocal, routerMac }: typeof NETWORK_1, number: number) {
  return {
    id,
    router: routerLinkLocal,
    routerMac,
    prefix: `2001:db8:${number}::/64`,
    routerAddress: `2001:db8:${number}::1`,
    domain: `domain${number}.example`,
  };
}

/** Its prefix stands outside the PvD option, where the kernel sees it. */
export const FOO: ExplicitNetwork = network("foo.example", NETWORK_1, 11);
/** All of it stands inside the PvD option. */
export const BAR: ExplicitNetwork = network("bar.example", NETWORK_1, 12);
/** All of {@linkcode NETWORK_2}, by its name. */
export const CORP: ExplicitNetwork = {
  ...network("corp.example", NETWORK_2, 2),
  domain: NETWORK_2.domain,
};
/** All of it stands inside the PvD option. */
export const IOT: ExplicitNetwork = network("iot.example", NETWORK_2, 22);

/** What the kernel makes of a prefix it sees. */
export const hostAddressIn = ({ prefix }: { prefix: string }): string =>
  prefix.replace("::/64", "::ff:fe00:a0a");

/** The options that give a network. */
function content({ prefix, routerAddress, domain }: ExplicitNetwork): RouterAdvertisementInit {
  return {
    prefixes: [{ prefix }],
    rdnss: [{ servers: [routerAddress] }],
    dnssl: [{ domains: [domain] }],
  };
}

/** A network in the open, named by a PvD option. */
export function openly(of: ExplicitNetwork, init: Partial<PvdOptionInit> = {}) {
  return { ...content(of), options: [pvdOption({ id: of.id, ...init })] };
}

/** A network inside its PvD option. */
export function nested(
  of: ExplicitNetwork,
  init: Partial<PvdOptionInit> = {},
): RouterAdvertisementInit {
  return { options: [pvdOption({ id: of.id, nested: content(of), ...init })] };
}

/** The link, with servers at both routers. */
export interface ExplicitSite {
  host: Host;
  r1: LabRouter;
  r2: LabRouter;
}

/** Builds it. */
export async function explicitSite(
  world: World,
  options: { ipv4?: boolean } = {},
): Promise<ExplicitSite> {
  const { host, r1, r2 } = await twoRouters(world, {
    ipv4: options.ipv4 ?? false,
    advertise2: { options: [pvdOption({ id: CORP.id })] },
  });
  for (const [router, networks] of [[r1, [FOO, BAR]], [r2, [IOT]]] as const) {
    router.host.batch(
      networks.flatMap(({ routerAddress }) => `addr add ${routerAddress}/64 dev lan0`),
    );
    await echoServer(router.host, [SERVICE_IPV6, ...networks.map((one) => one.routerAddress)]);
  }
  await r1.advertiser!.update(says1());
  await r2.advertiser!.update(says2());
  await host.waitForAddresses([hostAddressIn(FOO)]);
  return { host, r1, r2 };
}

/** A host and two routers on one link that say nothing yet. Each router owns the far service, and answers there. */
export async function silentSite(
  world: World,
): Promise<{ host: Host; routers: readonly [Host, Host] }> {
  const [host] = world.hosts("host");
  const [first, second] = world.routers("r1", "r2");
  const routers = [first, second] as const;
  const macs = [NETWORK_1.routerMac, NETWORK_2.routerMac];
  world.bridge("switch", [
    { host, interface: "h0", mac: HOST_MAC },
    ...routers.map((router, at) => ({ host: router, interface: "lan0", mac: macs[at]! })),
  ]);
  for (const router of routers) {
    router.batch([`addr add ${SERVICE_IPV6}/128 dev lo`]);
    await echoServer(router, [SERVICE_IPV6]);
  }
  await host.waitForLinkLocal("h0");
  return { host, routers };
}

/** The first router's messages. */
export function says1(): RouterAdvertisementInit[] {
  return [
    advertisementOf(NETWORK_1),
    openly(FOO, { http: true, sequence: 7, delay: 2 }),
    nested(BAR),
  ];
}

/** The second router's messages. */
export function says2(): RouterAdvertisementInit[] {
  return [{ ...advertisementOf(NETWORK_2), options: [pvdOption({ id: CORP.id })] }, nested(IOT)];
}

/** The host's address in a prefix, once it is usable. */
export function addressIn(host: Host, prefix: string): Promise<string> {
  const start = prefix.split("::/")[0]!;
  return waitFor(
    `an address in ${prefix}`,
    () =>
      host.addresses("h0").find(({ local, tentative }) =>
        local.startsWith(`${start}:`) && !tentative
      )?.local,
  );
}
