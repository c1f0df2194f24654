/**
 * A host in the making: what its kernel has, and what its routers say, for `groupPvds()` without a network.
 *
 * @module
 */

import {
  type AddressRecord,
  type LinkRecord,
  linux,
  NEVER,
  type RouteRecord,
} from "../../ffi/layout.gen.ts";
import { parseAddress, parsePrefix } from "../../lib/ip/address.ts";
import { parseOption, splitOptions } from "../../lib/ndp/options.ts";
import { parseRouterAdvertisement } from "../../lib/ndp/router_advertisement.ts";
import { AdvertisementMemory } from "../../lib/pvd/advertisement_memory.ts";
import { groupPvds } from "../../lib/pvd/group.ts";
import type { PvdInfo } from "../../lib/pvd/pvd.ts";
import type { ResolverStatement } from "../../lib/sources/statement.ts";
import {
  routerAdvertisement,
  type RouterAdvertisementInit,
  routerAdvertisementOptions,
} from "../lab/mod.ts";

/** How an address came. */
export interface AddressInit {
  /** Seconds; left out, it is static. */
  validSeconds?: number;
  /** IFA_PROTO. */
  protocol?: number;
}

/** How a route came. */
export interface RouteInit {
  via?: string;
  /** RTPROT_RA (9) for IPv6 through a router, else RTPROT_KERNEL (2), where left out. */
  protocol?: number;
  metric?: number;
}

/** Its link h0 has the index 2, h1 3, and so on. */
export class HostModel {
  nowMs = 0;
  readonly #memory = new AdvertisementMemory();
  readonly #links: LinkRecord[] = [];
  readonly #addresses: AddressRecord[] = [];
  readonly #routes: RouteRecord[] = [];
  readonly #resolvers: ResolverStatement[] = [];

  constructor(...links: string[]) {
    for (const name of links.length === 0 ? ["h0"] : links) {
      const bytes = new Uint8Array(16);
      bytes.set(new TextEncoder().encode(name));
      const index = indexOf(name);
      this.#links.push({ index, name: bytes, flags: 0x11043, mtu: 1500 } as LinkRecord);
      this.address(name, "fe80::a/64");
    }
  }

  /** What a router sends, as a raw socket hears it; `from` is its link-local address. */
  hear(link: string, from: string, init: RouterAdvertisementInit): void {
    const arrival = { hopLimit: 255, source: parseAddress(from)!.bytes };
    const message = parseRouterAdvertisement(routerAdvertisement(init), arrival)!;
    this.#memory.hearAdvertisement(indexOf(link), from, message, this.nowMs);
  }

  /** What the kernel passes on of it: prefixes and name service, none of it from inside a PvD option. */
  hearKernel(link: string, from: string, init: RouterAdvertisementInit): void {
    for (const bytes of routerAdvertisementOptions(init).flatMap((all) => [...splitOptions(all)])) {
      const option = [3, 25, 31, 37, 38].includes(bytes[0]!) ? parseOption(bytes) : null;
      if (option) this.#memory.hear(indexOf(link), from, option, this.nowMs);
    }
  }

  /** Gives it an address, "address/length". */
  address(link: string, text: string, init: AddressInit = {}): void {
    const [address, length] = text.split("/") as [string, string];
    const { family, bytes } = parseAddress(address)!;
    const { validSeconds, protocol = 0 } = init;
    this.#addresses.push({
      interface: indexOf(link),
      family: family as number,
      address: padded(bytes),
      prefixLength: Number(length),
      flags: validSeconds === undefined ? linux.IFA_F_PERMANENT : 0,
      validSeconds: validSeconds ?? NEVER,
      preferredSeconds: validSeconds ?? NEVER,
      protocol,
    } as AddressRecord);
  }

  /** Gives it a route to "address/length". */
  route(link: string, destination: string, init: RouteInit = {}): void {
    const to = parsePrefix(destination)!;
    const via = init.via === undefined ? null : parseAddress(init.via)!;
    const isOfRouter = via !== null && to.family === 6;
    this.#routes.push({
      interface: indexOf(link),
      family: to.family as number,
      destination: padded(to.bytes),
      destinationLength: to.prefixLength,
      gateway: padded(via?.bytes ?? new Uint8Array(0)),
      gatewayFamily: via?.family ?? 0,
      protocol: init.protocol ?? (isOfRouter ? linux.RTPROT_RA : 2),
      table: linux.RT_TABLE_MAIN,
      type: linux.RTN_UNICAST,
      priority: init.metric ?? 1024,
      expiresSeconds: isOfRouter ? 1800 : NEVER,
      flags: 0,
      mtu: 0,
      preference: 0,
      nexthopId: 0,
      sourceLength: 0,
    } as RouteRecord);
  }

  /** What a network manager says of a link's name servers; of no family where it does not tell. */
  servers(link: string, addresses: string[], family: 4 | 6 | null = null): void {
    this.#resolvers.push({
      source: "systemd-networkd",
      interface: link,
      router: null,
      family,
      dnsServers: addresses.map((address) => ({ address, port: 53, zone: null })),
      searchDomains: [],
    });
  }

  /** The PvDs of now. */
  pvds(): PvdInfo[] {
    const none = { nexthops: [], nexthopMembers: [], userOptions: [], rules: [] };
    const report = { source: "systemd-networkd", found: true, prefixes: [], warnings: [] };
    return groupPvds({
      kernel: { ...none, links: this.#links, addresses: this.#addresses, routes: this.#routes },
      advertised: {
        options: this.#memory.current(this.nowMs),
        pvds: this.#memory.pvds(this.nowMs),
      },
      sources: [{ ...report, resolvers: this.#resolvers }],
      route: () => null,
    }).map(({ pvd }) => pvd);
  }

  /** The only PvD of an ID. */
  pvd(id: string): PvdInfo {
    const [only, second] = this.pvds().filter((pvd) => pvd.id === id);
    if (!only || second) throw new Error(`Not one PvD ${id} but ${this.ids().join(", ")}`);
    return only;
  }

  /** The IDs of now, sorted. */
  ids(): string[] {
    return this.pvds().map(({ id }) => id).sort();
  }
}

function indexOf(link: string): number {
  return Number(link.slice(1)) + 2;
}

function padded(bytes: Uint8Array): Uint8Array {
  const all = new Uint8Array(16);
  all.set(bytes);
  return all;
}

/** The addresses of a PvD that lead beyond the link. */
export function addressesOf({ addresses }: PvdInfo): string[] {
  return addresses.map(({ address }) => address).filter((address) => !address.startsWith("fe80"));
}

/** The addresses of its DNS servers. */
export function serversOf({ dnsServers }: PvdInfo): string[] {
  return dnsServers.map(({ address }) => address);
}

/** Its routes as text. */
export function routesOf({ routes }: Pick<PvdInfo, "routes">): string[] {
  return routes.map(({ destination, gateway }) =>
    gateway === null ? destination : `${destination} via ${gateway}`
  );
}
