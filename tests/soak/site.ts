/**
 * The world of the soak: two routers on one link and a third on another, each with name servers, echo servers and web
 * servers; and what may happen to it.
 *
 * @module
 */

import { makeCertificates } from "../connection/certificates.ts";
import { decodeFrame } from "../lab/frame.ts";
import {
  advertisementOf,
  type Advertiser,
  type Host,
  HOST_MAC,
  type LabProcess,
  type Network,
  NETWORK_1,
  NETWORK_2,
  PacketSocket,
  SERVICE_IPV4,
  SERVICE_IPV6,
  twoRouters,
  type World,
} from "../lab/mod.ts";
import { isNeighbourhood } from "../kernel/mif_route.ts";
import { echoServer } from "../kernel/socket_probe.ts";
import { ALIAS, WWW } from "./names.ts";

const NETWORK_3: Network = {
  prefix: "2001:db8:3::/64",
  routerMac: "02:00:00:00:03:03",
  routerLinkLocal: "fe80::ff:fe00:303",
  routerAddress: "2001:db8:3::1",
  hostAddress: "2001:db8:3::ff:fe00:a0a",
  routerIpv4: "198.18.3.1",
  hostIpv4: "198.18.3.10",
  ipv4Prefix: "198.18.3.0/24",
  domain: "three.example",
};
/** What the third router announces at times in place of its prefix. */
const RENUMBERED = "2001:db8:9::/64";

/** A router and what came to it. */
interface SoakRouter {
  host: Host;
  network: Network;
  /** The host's interface towards it, and the metric of its IPv4 route. */
  link: "h0" | "h1";
  metric: number;
  advertiser: Advertiser;
  capture: PacketSocket;
  /** Frames the host sent it with a source of its own network. */
  own: number;
  /** The first frames with a source of another one. */
  foreign: string[];
}

/** The world and its routers. */
export class SoakSite {
  /** What the program trusts. */
  readonly ca: string;

  private constructor(
    readonly host: Host,
    readonly routers: SoakRouter[],
    ca: string,
  ) {
    this.ca = ca;
  }

  /** Builds it; everything runs when this settles. */
  static async build(world: World): Promise<SoakSite> {
    const { host, r1, r2 } = await twoRouters(world);
    const [third] = world.routers("r3");
    world.links([[
      { host, interface: "h1", mac: HOST_MAC },
      { host: third, interface: "lan0", mac: NETWORK_3.routerMac },
    ]]);
    third.batch([
      ...addressCommands(NETWORK_3),
      `addr add ${SERVICE_IPV6}/128 dev lo`,
      `addr add ${SERVICE_IPV4}/32 dev lo`,
    ]);
    const advertiser = await third.advertise("lan0", advertisementOf(NETWORK_3));
    const { ca, cert, key } = makeCertificates([`DNS:${WWW}`]);
    const routers = await Promise.all([
      SoakSite.#serve(r1.host, NETWORK_1, "h0", 100, r1.advertiser!, { cert, key }),
      SoakSite.#serve(r2.host, NETWORK_2, "h0", 101, r2.advertiser!, { cert, key }),
      SoakSite.#serve(third, NETWORK_3, "h1", 102, advertiser, { cert, key }),
    ]);
    const site = new SoakSite(host, routers, ca);
    const servers = routers.flatMap(({ network: n }) => [n.routerAddress, n.routerIpv4]);
    host.writeFile("/etc/resolv.conf", servers.map((each) => `nameserver ${each}\n`).join(""));
    await site.restore();
    return site;
  }

  static async #serve(
    host: Host,
    network: Network,
    link: "h0" | "h1",
    metric: number,
    advertiser: Advertiser,
    certificate: { cert: string; key: string },
  ): Promise<SoakRouter> {
    const { routerAddress, routerIpv4 } = network;
    await echoServer(host, [SERVICE_IPV6, SERVICE_IPV4, routerAddress, routerIpv4]);
    await host.dnsmasq({
      domains: ["example"],
      records: { [WWW]: [SERVICE_IPV6, SERVICE_IPV4] },
      // Any name below "fresh" has an address: no cache has it yet.
      config: [`cname=${ALIAS},${WWW}`, `address=/fresh.example/${SERVICE_IPV6}`],
    });
    const script = new URL("server.ts", import.meta.url);
    const web: LabProcess = host.spawnScript(script, [network.domain, JSON.stringify(certificate)]);
    await web.waitForOutput(/serving/, 60_000);
    const router: Omit<SoakRouter, "capture"> = {
      ...{ host, network, link, metric, advertiser },
      own: 0,
      foreign: [],
    };
    const capture = await PacketSocket.open(host, {
      interface: "lan0",
      onFrame: (bytes, name, direction) => {
        const frame = decodeFrame(bytes, name, direction);
        if (frame === null || direction === "out" || frame.src === null) return;
        if (frame.srcMac !== HOST_MAC || frame.dstMac !== network.routerMac) return;
        if (isNeighbourhood(frame)) return;
        const owner = ALL.find((each) => isOf(each, frame.src!));
        if (owner === network) router.own++;
        else if (owner !== undefined && router.foreign.length < 10) {
          router.foreign.push(JSON.stringify(frame));
        }
      },
    });
    // The handler keeps this very object.
    return Object.assign(router, { capture });
  }

  /** Makes all as it was in the beginning, and waits until the host has every network. */
  async restore(): Promise<void> {
    for (const { host, network } of this.routers) {
      host.ip("link", "set", "lan0", "up");
      host.batch(addressCommands(network));
    }
    this.host.batch(["link set h0 up", "link set h1 up"]);
    this.#lease();
    for (const { advertiser, network } of this.routers) {
      await advertiser.update(advertisementOf(network));
    }
    const networks = this.routers.map(({ network }) => network);
    await this.host.waitForAddresses(networks.map(({ hostAddress }) => hostAddress), 60_000);
    await this.host.waitForGateways(
      networks.flatMap((n) => [n.routerLinkLocal, n.routerIpv4]),
      60_000,
    );
  }

  /** One thing that happens; takes up to some seconds, after which the world may be less than it was. */
  async disturb(kind: Disturbance): Promise<void> {
    await DISTURBANCES[kind](this);
  }

  /** As a DHCPv4 client would: addresses, and routes that the kernel dropped with their link. */
  #lease(): void {
    this.host.batch(this.routers.flatMap(({ network: n, link, metric }) => [
      `addr replace ${n.hostIpv4}/24 dev ${link} noprefixroute valid_lft 3600 preferred_lft 3600`,
      `route replace ${n.ipv4Prefix} dev ${link} proto dhcp scope link src ${n.hostIpv4} metric ${metric}`,
      `route replace default via ${n.routerIpv4} dev ${link} proto dhcp src ${n.hostIpv4} metric ${metric}`,
    ]));
  }

  /** A link of the host goes down and comes back. */
  async flap(link: "h0" | "h1"): Promise<void> {
    this.host.ip("link", "set", link, "down");
    await pause(300);
    this.host.ip("link", "set", link, "up");
    await pause(200);
    this.#lease();
    await pause(500);
  }

  /** A router is off for a while: the others on its link notice nothing. */
  async reboot({ host, network, advertiser }: SoakRouter): Promise<void> {
    host.ip("link", "set", "lan0", "down");
    await pause(1500);
    host.ip("link", "set", "lan0", "up");
    await pause(100);
    host.batch(addressCommands(network));
    await advertiser.send();
    await pause(100);
    this.#lease();
    await pause(500);
  }

  /** A router says that it is none any more, and comes back. */
  async withdraw({ advertiser, network }: SoakRouter): Promise<void> {
    await advertiser.update({ ...advertisementOf(network), lifetimeSeconds: 0 });
    await pause(800);
    await advertiser.update(advertisementOf(network));
    await pause(300);
  }

  /** A router announces another prefix in place of its own, and its own again. */
  async renumber({ host, advertiser, network }: SoakRouter): Promise<void> {
    host.ip("-6", "route", "replace", RENUMBERED, "dev", "lan0");
    await advertiser.update({
      ...advertisementOf(network),
      prefixes: [{ prefix: network.prefix, preferredSeconds: 0 }, { prefix: RENUMBERED }],
    });
    await pause(1500);
    await advertiser.update({
      ...advertisementOf(network),
      prefixes: [{ prefix: network.prefix }, {
        prefix: RENUMBERED,
        preferredSeconds: 0,
        validSeconds: 0,
      }],
    });
    // RFC 4862 5.5.3: nobody ends an address in less than two hours by an advertisement.
    for (const { local, interface: name } of this.host.addresses("h1")) {
      if (local.startsWith("2001:db8:9:")) this.host.ip("addr", "del", `${local}/64`, "dev", name);
    }
    await pause(300);
  }

  /** Addresses and routes of others come and go. */
  async churn(): Promise<void> {
    const several = Array.from({ length: 20 }, (_, i) => i.toString(16));
    for (const word of ["add", "del"]) {
      this.host.batch(several.flatMap((n) => [
        `route ${word} 2001:db8:c000:${n}::/64 dev h1`,
        `addr ${word} 2001:db8:c001:${n}::1/64 dev lo`,
      ]));
      await pause(100);
    }
  }

  /** Ends the captures, and throws where a frame came to a router that it should not have come to. */
  async judge(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { capture, network, own, foreign } of this.routers) {
      const dropped = await capture.close();
      if (dropped > 0) throw new Error(`The capture at ${network.domain} lost ${dropped} frames`);
      if (foreign.length > 0) throw new Error(`At ${network.domain}: ${foreign.join("\n")}`);
      if (own === 0) throw new Error(`Nothing came to ${network.domain}`);
      counts[network.domain] = own;
    }
    return counts;
  }
}

const ALL = [NETWORK_1, NETWORK_2, NETWORK_3];

function isOf(network: Network, source: string): boolean {
  const prefixes = network === NETWORK_3 ? [network.prefix, RENUMBERED] : [network.prefix];
  return source === network.hostIpv4 ||
    prefixes.some((prefix) => source.startsWith(`${prefix.split("::")[0]}:`));
}

function addressCommands({ routerAddress, routerIpv4 }: Network): string[] {
  return [`addr replace ${routerAddress}/64 dev lan0`, `addr replace ${routerIpv4}/24 dev lan0`];
}

/** What may happen, and how often beside the others. */
const DISTURBANCES = {
  "the first link flaps": (site: SoakSite) => site.flap("h0"),
  "the second link flaps": (site: SoakSite) => site.flap("h1"),
  "the first router reboots": (site: SoakSite) => site.reboot(site.routers[0]!),
  "the second router reboots": (site: SoakSite) => site.reboot(site.routers[1]!),
  "the third router reboots": (site: SoakSite) => site.reboot(site.routers[2]!),
  "the second router withdraws": (site: SoakSite) => site.withdraw(site.routers[1]!),
  "the third router renumbers": (site: SoakSite) => site.renumber(site.routers[2]!),
  "routes of others come and go": (site: SoakSite) => site.churn(),
};

/** One of them. */
export type Disturbance = keyof typeof DISTURBANCES;
/** All of them. */
export const disturbances = Object.keys(DISTURBANCES) as Disturbance[];

/** Waits. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
