/**
 * A kernel of two dozen lines: the rules, our tables, and main, and where they send a packet.
 *
 * @module
 */

import { formatAddress, parseAddress, parsePrefix, prefixContains } from "../../lib/ip/address.ts";
import type { RouteState } from "../../lib/route/plan.ts";
import {
  isOurTable,
  type Nexthop,
  type PolicyChange,
  type PolicyTarget,
} from "../../lib/route/policy.ts";
import type { PvdAddress, PvdInfo } from "../../mod.ts";

/** What a test says of a PvD. */
export interface PvdInit {
  link: string;
  router?: string;
  attribution?: PvdInfo["attribution"];
  /** "address/length"; the prefix is on the link. */
  addresses: string[];
  /** Default routes through these. */
  gateways?: (string | null)[];
  /** Further routes, "destination via gateway" or "destination". */
  routes?: string[];
  /** Whether prefixes are on the link; true where left out. */
  onLink?: boolean;
}

const LINKS = ["h0", "h1", "h2", "h3"];

/** A PvD of few words. */
export function pvdOf(init: PvdInit): PvdInfo {
  const { link, router = null, gateways = [], onLink = true } = init;
  const addresses = init.addresses.map((text): PvdAddress => {
    const [address, length] = text.split("/");
    return {
      address: address!,
      prefixLength: Number(length),
      family: familyOf(address!),
      deprecated: false,
      temporary: false,
      validSeconds: null,
    };
  });
  const prefixes = addresses.filter(() => onLink).map(({ address, prefixLength }) => {
    const { bytes } = parsePrefix(`${address}/${prefixLength}`)!;
    return { destination: `${formatAddress(bytes)}/${prefixLength}`, gateway: null };
  });
  const defaults = gateways.map((gateway) => {
    const family = gateway === null ? addresses[0]!.family : familyOf(gateway);
    return { destination: family === 4 ? "0.0.0.0/0" : "::/0", gateway };
  });
  const routes = (init.routes ?? []).map((text) => {
    const [destination, gateway = null] = text.split(" via ");
    return { destination: destination!, gateway };
  });
  return {
    handle: 1,
    id: router === null ? link : `${router}%${link}`,
    kind: "implicit",
    interface: { name: link, index: LINKS.indexOf(link) + 2 },
    router,
    attribution: init.attribution ?? (router === null ? "interface" : "router-advertisement"),
    addresses,
    gateways: gateways.filter((gateway) => gateway !== null)
      .map((address) => ({ address, family: familyOf(address) })),
    dnsServers: [],
    searchDomains: [],
    routes: [...prefixes, ...defaults, ...routes],
    mtu: 1500,
    ai_addr: null,
    gateway_addr: null,
    dns_addr: null,
  };
}

function familyOf(address: string): 4 | 6 {
  return address.includes(":") ? 6 : 4;
}

/** A route that fits a packet, and how long its prefix is. */
interface Match {
  way: string;
  length: number;
}

/** Ours as it changes, beside a main table that the PvDs say. */
export class ModelKernel {
  readonly targets = new Map<string, PolicyTarget>();
  /** Of addresses that it makes; null is none. */
  identifier: Uint8Array | null = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0xa);
  marksAddresses = true;
  /** Addresses that another host has. */
  readonly duplicates = new Set<string>();
  readonly foreign = new Set<number>();
  readonly vrfInterfaces = new Set<number>();
  /** What main refuses. */
  readonly refused: string[] = [];
  #pvds: PvdInfo[];

  constructor(pvds: PvdInfo[]) {
    this.#pvds = pvds;
  }

  /** The network has become another. */
  become(pvds: PvdInfo[]): void {
    this.#pvds = pvds;
  }

  /** As a planner sees it. */
  get state(): RouteState {
    const all = [...this.targets.values()];
    return {
      routes: all.filter((target) => target.kind === "route"),
      rules: all.filter((target) => target.kind === "rule"),
      addresses: this.#pvds.flatMap(({ addresses, interface: { index } }) =>
        addresses.map(({ address }) => ({ interface: index, bytes: parseAddress(address)!.bytes }))
      ),
      ownAddresses: all.filter((target) => target.kind === "address")
        .map((target) => ({ target, isDuplicate: this.duplicates.has(target.address) })),
      marksAddresses: this.marksAddresses,
      interfaceIdentifier: () => this.identifier,
      vrfInterfaces: this.vrfInterfaces,
      refused: this.refused,
      isForeign: (table) => this.foreign.has(table),
    };
  }

  /** Does one change; throws where Linux would refuse it. */
  change({ operation, target }: PolicyChange): void {
    const key = keyOf(target);
    const has = this.targets.has(key);
    if (operation === "add" && has) throw new Error(`EEXIST ${key}`);
    if (operation === "replace" && target.kind === "rule") throw new Error(`EINVAL ${key}`);
    if (operation === "remove" && !has) throw new Error(`ESRCH ${key}`);
    const table = target.kind === "address" ? null : target.table;
    if (operation !== "remove" && table !== null && this.foreign.has(table)) {
      throw new Error(`${table} is not ours`);
    }
    if (operation === "remove") this.targets.delete(key);
    else this.targets.set(key, target);
  }

  /** Where a packet of this host goes: "router%link", "on link", or "unreachable". */
  way(source: string, destination: string): string {
    const from = parseAddress(source)!.bytes;
    const to = parseAddress(destination)!.bytes;
    const rules = this.state.rules.filter((rule) =>
      covers(rule.from, from) && (rule.to === null || covers(rule.to, to))
    ).sort((a, b) => a.priority - b.priority);
    for (const { table, suppress } of rules) {
      if (table === null) return "unreachable";
      const found = isOurTable(table) ? this.#ours(to, table) : this.#main(to);
      if (found && found.length > suppress) return found.way;
    }
    return this.#main(to)?.way ?? "unreachable";
  }

  #ours(to: Uint8Array, table: number): Match | null {
    let best: Match | null = null;
    for (const { family, table: other, destination, nexthop } of this.state.routes) {
      if (other !== table || family !== (to.length === 4 ? 4 : 6)) continue;
      const { prefixLength: length } = parsePrefix(destination)!;
      if (!covers(destination, to)) continue;
      // A refusal is behind a way of the same length.
      if (best && (best.length > length || (best.length === length && !nexthop))) continue;
      best = { way: nexthop ? wayText(destination, nexthop) : "unreachable", length };
    }
    return best;
  }

  #main(to: Uint8Array): Match | null {
    let best: Match | null = null;
    for (const { routes, interface: link } of this.#pvds) {
      for (const { destination, gateway } of routes) {
        const { prefixLength: length } = parsePrefix(destination)!;
        if (!covers(destination, to) || (best && best.length >= length)) continue;
        best = { way: wayText(destination, { interface: link, gateway }), length };
      }
    }
    return best;
  }
}

function wayText(destination: string, { gateway, interface: { name } }: Nexthop): string {
  const isDefault = parsePrefix(destination)!.prefixLength === 0;
  return gateway === null && !isDefault ? `on ${name}` : `${gateway ?? ""}%${name}`;
}

function covers(prefix: string, address: Uint8Array): boolean {
  const { bytes, prefixLength } = parsePrefix(prefix)!;
  return prefixContains(bytes, prefixLength, address);
}

function keyOf(target: PolicyTarget): string {
  if (target.kind === "address") return `address ${target.interface.index} ${target.address}`;
  if (target.kind === "route") {
    const { family, table, destination, nexthop } = target;
    return `route ${family} ${table} ${destination} ${nexthop ? 1024 : "refusal"}`;
  }
  const { family, priority, from, to, local, table, suppress } = target;
  return `rule ${family} ${priority} ${from} ${to} ${local} ${table} ${suppress}`;
}
