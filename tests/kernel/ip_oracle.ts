/**
 * Judges what the library says of a host by what ip(8) says of it.
 *
 * It holds for every network, whatever the routers on it: each usable address, each route and each default
 * gateway stands in a PvD of its interface, as the kernel has it, and nothing else does. Which of several PvDs of
 * one interface something belongs to is for the tests to say.
 *
 * @module
 */

import assert from "node:assert/strict";
import { formatAddress, isLinkLocal, parseAddress, parsePrefix } from "../../lib/ip/address.ts";
import type { PvdInfo } from "../../mod.ts";
import type { Host, IpAddress, IpAddresses } from "../lab/mod.ts";

interface Hop {
  gateway?: string;
  /** IPv4 by way of an IPv6 router. */
  via?: { host: string };
  dev?: string;
  flags?: string[];
}

interface Route extends Hop {
  /** Absent for unicast. */
  type?: string;
  dst: string;
  table?: string;
  /** Absent for boot, which is what ip(8) itself gives a route. */
  protocol?: string;
  nexthops?: Hop[];
  nhid?: number;
  /** Seconds; negative where the route has ended and is still listed. */
  expires?: number;
  metrics?: { mtu?: number }[];
}

interface Rule {
  table?: string;
  l3mdev?: unknown;
}

interface Nexthop extends Hop {
  id: number;
  group?: { id: number }[];
  blackhole?: null;
}

/** What ip(8) says of one host. */
export interface IpFacts {
  links: (IpAddresses & { addr_info: (IpAddress & { dadfailed?: boolean })[] })[];
  /** Of all tables, by family. */
  routes: Record<4 | 6, Route[]>;
  /** Tables that some rule looks up, by family. */
  tables: Record<4 | 6, Set<string>>;
  nexthops: Map<number, Nexthop>;
}

const LOCAL_TABLE = "255";
const MAIN_TABLE = "254";
/** kernel, boot, static, ra, dhcp: what configures a host. Of the others only default routes matter. */
const HOST_PROTOCOLS = new Set(["2", "3", "4", "9", "16"]);
const FOREVER = 0xffffffff;
/** ip(8) and the library look one after the other. */
const LIFETIME_TOLERANCE_SECONDS = 2;

/** Asks ip(8) for everything the library reads. */
export function readIp(host: Host): IpFacts {
  const routes = (family: 4 | 6) =>
    host.ipJson<Route>("-N", `-${family}`, "route", "show", "table", "all");
  const tables = (family: 4 | 6) => {
    const rules = host.ipJson<Rule>("-N", `-${family}`, "rule");
    const looked = rules.flatMap(({ table }) => table ?? []);
    return new Set([MAIN_TABLE, ...looked].filter((table) => table !== LOCAL_TABLE));
  };
  const nexthops = host.ipJson<Nexthop>("-N", "nexthop");
  return {
    links: host.ipJson("addr"),
    routes: { 4: routes(4), 6: routes(6) },
    tables: { 4: tables(4), 6: tables(6) },
    nexthops: new Map(nexthops.map((nexthop) => [nexthop.id, nexthop])),
  };
}

/**
 * Fails with all that is wrong, missing or too much in `pvds`.
 *
 * @param facts As of before the library looked.
 * @param secondsSince How long ip(8) looked before that, at the most; lifetimes ran down meanwhile.
 */
export function assertStates(pvds: PvdInfo[], facts: IpFacts, secondsSince = 0): void {
  const problems: string[] = [];
  const links = new Map(
    facts.links
      .filter(({ flags }) => flags.includes("UP") && !flags.includes("LOOPBACK"))
      .map((link) => [link.ifname, link]),
  );
  const legs = legsOf(facts, links);
  for (const pvd of pvds) {
    const link = links.get(pvd.interface.name);
    if (link?.ifindex !== pvd.interface.index) {
      problems.push(`${pvd.id}: no such interface ${JSON.stringify(pvd.interface)}`);
      continue;
    }
    const mtu = mtuOf(pvd, link.mtu, legs);
    if (pvd.mtu !== mtu) problems.push(`${pvd.id}: MTU ${pvd.mtu}, not ${mtu}`);
    problems.push(...addressProblems(pvd, link, secondsSince), ...structProblems(pvd));
  }
  for (const key of ["handle", "id"] as const) {
    problems.push(...repeated(pvds.map((pvd) => `${key} ${pvd[key]}`)));
  }
  problems.push(
    ...difference(
      "address",
      [...links.values()].flatMap(({ ifname, addr_info }) =>
        addr_info.filter(isUsable).filter(isGlobal).map(({ local }) => `${ifname} ${local}`)
      ),
      pvds.flatMap(({ interface: { name }, addresses }) =>
        addresses.filter(isGlobal).map(({ address }) => `${name} ${address}`)
      ),
    ),
    ...difference(
      "route",
      legs.map(({ dev, destination, gateway }) => `${dev} ${destination} via ${gateway}`),
      pvds.flatMap(({ interface: { name }, routes }) =>
        routes.map(({ destination, gateway }) => `${name} ${destination} via ${gateway}`)
      ),
    ),
    ...difference(
      "gateway",
      legs.filter(({ destination, gateway }) => destination.endsWith("/0") && gateway !== null)
        .map(({ dev, gateway }) => `${dev} ${gateway}`),
      pvds.flatMap(({ interface: { name }, gateways }) =>
        gateways.map(({ address }) => `${name} ${address}`)
      ),
    ),
  );
  assert.deepEqual(problems, []);
}

interface Leg {
  dev: string;
  destination: string;
  gateway: string | null;
  mtu: number | undefined;
}

/** The next hops of the routes that the kernel may take, each for itself. */
function legsOf(facts: IpFacts, links: Map<string, IpAddresses>): Leg[] {
  return ([4, 6] as const).flatMap((family) =>
    facts.routes[family].filter((route) => configures(route, family, facts)).flatMap((route) =>
      hopsOf(route, facts.nexthops)
        .filter(({ dev, flags = [] }) =>
          links.has(dev!) && !flags.includes("dead") && !flags.includes("linkdown")
        )
        .map((hop) => ({
          dev: hop.dev!,
          destination: destinationOf(route.dst, family),
          gateway: hop.via?.host ?? hop.gateway ?? null,
          mtu: route.metrics?.find(({ mtu }) => mtu !== undefined)?.mtu,
        }))
    )
  );
}

function configures(route: Route, family: 4 | 6, facts: IpFacts): boolean {
  if (route.type !== undefined || !facts.tables[family].has(route.table ?? MAIN_TABLE)) {
    return false;
  }
  if (route.expires !== undefined && route.expires <= 0) return false;
  if (route.dst === "default") return true;
  if (!HOST_PROTOCOLS.has(route.protocol ?? "3")) return false;
  // Every link has these, and no PvD of its own accord.
  return family === 4 || !(isLinkLocalText(route.dst.split("/")[0]!) || /^ff/.test(route.dst));
}

function hopsOf(route: Route, nexthops: Map<number, Nexthop>): Hop[] {
  if (route.nexthops) return route.nexthops;
  if (route.dev !== undefined || route.nhid === undefined) return [route];
  const nexthop = nexthops.get(route.nhid)!;
  return (nexthop.group ?? [nexthop]).map(({ id }) => nexthops.get(id)!)
    .filter(({ blackhole }) => blackhole === undefined);
}

/** ip(8) leaves out the length of a host route, and calls the longest route by name. */
function destinationOf(dst: string, family: 4 | 6): string {
  if (dst === "default") return family === 4 ? "0.0.0.0/0" : "::/0";
  const prefix = parsePrefix(dst.includes("/") ? dst : `${dst}/${family === 4 ? 32 : 128}`)!;
  return `${formatAddress(prefix.bytes)}/${prefix.prefixLength}`;
}

/** The link's, or what the router said where that is less: the kernel notes it on the router's routes. */
function mtuOf({ interface: { name }, router }: PvdInfo, linkMtu: number, legs: Leg[]): number {
  const announced = legs
    .filter(({ dev, gateway }) => dev === name && router !== null && gateway === router)
    .map(({ mtu }) => mtu ?? linkMtu);
  return Math.min(linkMtu, ...announced);
}

function addressProblems(
  pvd: PvdInfo,
  link: IpFacts["links"][number],
  secondsSince: number,
): string[] {
  const problems = repeated(pvd.addresses.map(({ address }) => `${pvd.id}: address ${address}`));
  const known = new Map(link.addr_info.filter(isUsable).map((entry) => [entry.local, entry]));
  for (const entry of known.values()) {
    const stands = pvd.addresses.some(({ address }) => address === entry.local);
    if (!isGlobal(entry) && !stands) problems.push(`${pvd.id}: no ${entry.local}`);
  }
  for (const address of pvd.addresses) {
    const entry = known.get(address.address);
    // That there is no such address at all is found for the whole interface.
    if (!entry) continue;
    const stated = `${address.prefixLength} ${address.family} ${address.deprecated} ` +
      `${address.temporary}`;
    const truth = `${entry.prefixlen} ${entry.family === "inet" ? 4 : 6} ${!!entry.deprecated} ` +
      `${!!entry.temporary}`;
    if (stated !== truth) problems.push(`${pvd.id}: ${address.address}: ${stated}, not ${truth}`);
    const valid = entry.valid_life_time;
    const right = address.validSeconds === null
      ? valid === FOREVER
      : address.validSeconds <= valid + LIFETIME_TOLERANCE_SECONDS &&
        address.validSeconds >= valid - secondsSince - LIFETIME_TOLERANCE_SECONDS;
    if (!right) {
      problems.push(`${pvd.id}: ${address.address}: valid ${address.validSeconds}, not ${valid}`);
    }
  }
  return problems;
}

/** The seed's struct says nothing that the lists do not say. */
function structProblems(pvd: PvdInfo): string[] {
  const scope = (address: string) => isLinkLocalText(address) ? pvd.interface.index : 0;
  const holds = (list: { address: string }[], value: PvdInfo["ai_addr"], port: number) =>
    value === null ||
    (list.some(({ address }) => address === value.address) && value.port === port &&
      value.scopeId === scope(value.address) &&
      value.family === parseAddress(value.address)!.family);
  return [
    holds(pvd.addresses.filter(isGlobal), pvd.ai_addr, 0) ? [] : `${pvd.id}: ai_addr`,
    holds(pvd.gateways, pvd.gateway_addr, 0) ? [] : `${pvd.id}: gateway_addr`,
    (pvd.gateway_addr === null) === (pvd.gateways.length === 0) ? [] : `${pvd.id}: no gateway_addr`,
    holds(pvd.dnsServers.slice(0, 1), pvd.dns_addr, pvd.dnsServers[0]?.port ?? 0)
      ? []
      : `${pvd.id}: dns_addr`,
  ].flat();
}

function isUsable(entry: IpFacts["links"][number]["addr_info"][number]): boolean {
  return !entry.tentative && !entry.dadfailed;
}

function isGlobal(entry: { local?: string; address?: string }): boolean {
  return !isLinkLocalText(entry.local ?? entry.address!);
}

/** IPv6 only: an IPv4 link-local address is one like any other. */
function isLinkLocalText(text: string): boolean {
  const parsed = parseAddress(text);
  return parsed?.family === 6 && isLinkLocal(parsed.bytes);
}

function difference(what: string, truth: string[], stated: string[]): string[] {
  const [wanted, found] = [new Set(truth), new Set(stated)];
  return [
    ...[...wanted].filter((item) => !found.has(item)).map((item) => `${what} missing: ${item}`),
    ...[...found].filter((item) => !wanted.has(item)).map((item) => `${what} not there: ${item}`),
  ];
}

function repeated(items: string[]): string[] {
  return items.filter((item, i) => items.indexOf(item) < i).map((item) => `twice: ${item}`);
}
