/**
 * Addresses in the prefixes that stand in PvD options, where the kernel does not look (RFC 8801 3.4). Pure.
 *
 * They are made as RFC 4862 5.5.3 says, and stand in no PvD but their own: their rules are there before they are, their
 * prefix is on the link in their router's table only (IFA_F_NOPREFIXROUTE), and to the system's own choice of a source
 * they are deprecated, so that programs that know no PvDs do not come to use them.
 *
 * @module
 */

import { formatAddress, parseAddress, parsePrefix, prefixContains } from "../ip/address.ts";
import type { PvdAddress, PvdInfo } from "../pvd/pvd.ts";
import { DEFAULTS, type PolicyAddress, tableOfSource } from "./policy.ts";
import type { RouteState } from "./plan.ts";

/** How an address of ours is. */
export interface OwnAddress {
  target: PolicyAddress;
  /** Duplicate Address Detection has found another host that has it. */
  isDuplicate: boolean;
}

/** What is to be configured, and the PvDs as they are then. */
export interface Autoconfiguration {
  pvds: PvdInfo[];
  /** Ours that are to be there. */
  addresses: PolicyAddress[];
  notices: string[];
}

/** RFC 4862 5.5.3 e: what is left of a lifetime is not cut below this by an advertisement that anybody could send. */
const TWO_HOURS_SECONDS = 7200;
/** A lifetime that differs by less than a tenth is left as it is. */
const TOLERANCE = 0.1;

/** Of each PvD what its router announces inside the PvD option, as if the host had it. */
export function autoconfigure(pvds: PvdInfo[], state: RouteState): Autoconfiguration {
  const addresses = new Map<string, PolicyAddress>();
  const notices: string[] = [];
  /** "interface ID prefix": several routers may announce one PvD, and one address in it is enough. */
  const done = new Set<string>();
  const configured = pvds.map((pvd) => {
    if (pvd.kind !== "explicit" || state.vrfInterfaces.has(pvd.interface.index)) return pvd;
    const made: PolicyAddress[] = [];
    for (const prefix of pvd.unconfigured?.prefixes ?? []) {
      const key = `${pvd.interface.index} ${pvd.id} ${prefix}`;
      if (done.has(key)) continue;
      const why = obstacle(pvd, state);
      const address = why === null ? chooseAddress(pvd, prefix, state) : null;
      const missing = why ?? "all that were tried are taken";
      if (address) made.push(address);
      else notices.push(`No address in ${prefix} of ${pvd.id}: ${missing}`);
    }
    for (const address of made) addresses.set(address.address, address);
    return withConfigured(pvd, made);
  });
  for (const { target, isDuplicate } of state.ownAddresses) {
    if (isDuplicate || addresses.has(target.address)) continue;
    // What nobody announces any more ends by its lifetime.
    addresses.set(target.address, renewed(target, pvds));
  }
  return { pvds: configured, addresses: [...addresses.values()], notices };
}

/** Why no address is made for a PvD, null where there is no reason. */
function obstacle(
  { routes, unconfigured, router }: PvdInfo,
  { marksAddresses }: RouteState,
): string | null {
  if (!marksAddresses) return "this kernel does not keep whose an address is; Linux 5.18 does";
  const all = [...routes, ...unconfigured?.routes ?? []];
  // It would have no table, and so no way but the system's.
  return all.some(({ destination, gateway }) =>
      destination === DEFAULTS[6] || (gateway !== null && gateway === router)
    )
    ? null
    : `its router ${router} is no default router and gives no routes`;
}

/** The one that is there, be it still tentative, else a new one. */
function chooseAddress(pvd: PvdInfo, prefix: string, state: RouteState): PolicyAddress | null {
  const known = state.ownAddresses.find(({ target, isDuplicate }) =>
    !isDuplicate && target.interface.index === pvd.interface.index &&
    holds(prefix, parseAddress(target.address)!.bytes)
  );
  if (known) return renewed(known.target, [pvd]);
  const { bytes, prefixLength } = parsePrefix(prefix)!;
  const identifier = state.interfaceIdentifier(bytes.slice(0, 8), pvd);
  if (!identifier) return null;
  const whole = bytes.slice();
  whole.set(identifier, 8);
  return {
    kind: "address",
    family: 6,
    interface: pvd.interface,
    address: formatAddress(whole),
    prefixLength,
    validSeconds: announced(pvd, whole)!.validSeconds,
  };
}

/** The prefix that the router of a PvD gives for addresses like this one. */
function announced(
  { advertisement }: PvdInfo,
  address: Uint8Array,
): { validSeconds: number | null } | undefined {
  return advertisement?.prefixes.find(({ prefix, autonomous }) =>
    autonomous && prefix.endsWith("/64") && holds(prefix, address)
  );
}

/** An address of ours with the lifetime that its router gives it now (RFC 4862 5.5.3 e). */
function renewed(target: PolicyAddress, pvds: PvdInfo[]): PolicyAddress {
  const bytes = parseAddress(target.address)!.bytes;
  const prefix = pvds.filter(({ kind, interface: { index } }) =>
    kind === "explicit" && index === target.interface.index
  ).map((pvd) => announced(pvd, bytes)).find((one) => one !== undefined);
  if (!prefix) return target;
  const [given, left] = [prefix.validSeconds ?? Infinity, target.validSeconds ?? Infinity];
  const next = given > TWO_HOURS_SECONDS || given > left
    ? given
    : Math.min(left, TWO_HOURS_SECONDS);
  const isSame = next === left || (next < Infinity && Math.abs(next - left) <= next * TOLERANCE);
  return isSame ? target : { ...target, validSeconds: next === Infinity ? null : next };
}

function withConfigured(pvd: PvdInfo, made: PolicyAddress[]): PvdInfo {
  const { addresses, routes, gateways, unconfigured } = pvd;
  if (!unconfigured) return pvd;
  const isRouter = pvd.router !== null && gateways.every(({ address }) => address !== pvd.router) &&
    unconfigured.routes.some(({ destination, gateway }) =>
      destination === DEFAULTS[6] && gateway === pvd.router
    );
  return {
    ...pvd,
    addresses: [...addresses, ...made.map(describe)],
    routes: [...routes, ...unconfigured.routes],
    gateways: isRouter ? [{ address: pvd.router!, family: 6 }, ...gateways] : gateways,
  };
}

function describe({ address, prefixLength, validSeconds }: PolicyAddress): PvdAddress {
  return {
    address,
    prefixLength,
    family: 6,
    deprecated: false,
    temporary: false,
    validSeconds,
  };
}

/** Addresses of ours of which no PvD here says anything: whoever made them had heard more of the routers. */
export function unexplained(pvds: PvdInfo[], { ownAddresses }: RouteState): PolicyAddress[] {
  return ownAddresses.filter(({ isDuplicate }) => !isDuplicate).map(({ target }) => target)
    .filter(({ address, interface: { index } }) =>
      !pvds.some((pvd) =>
        pvd.kind === "explicit" && pvd.interface.index === index &&
        (pvd.addresses.some((own) => own.address === address) ||
          announced(pvd, parseAddress(address)!.bytes) !== undefined)
      )
    );
}

/**
 * The PvDs, with those addresses in PvDs that are as they were installed: for one who may not ask the routers, and so
 * does not know better.
 */
export function asInstalled(
  pvds: PvdInfo[],
  kept: PolicyAddress[],
  { rules, routes }: RouteState,
): PvdInfo[] {
  const texts = new Set(kept.map(({ address }) => address));
  const others = pvds.map((pvd) => ({
    ...pvd,
    addresses: pvd.addresses.filter(({ address }) => !texts.has(address)),
  }));
  const installed = kept.flatMap((target): PvdInfo[] => {
    const bytes = parseAddress(target.address)!.bytes;
    const rule = rules.find((one) =>
      one.family === 6 && tableOfSource(one) !== null && holds(one.from, bytes)
    );
    const own = routes.filter(({ family, table, nexthop }) =>
      family === 6 && table === rule?.table && nexthop !== null
    );
    const open = own.find(({ destination }) => destination === DEFAULTS[6]);
    const gateway = (open ?? own.find(({ nexthop }) => nexthop?.gateway))?.nexthop?.gateway;
    if (!gateway) return [];
    return [{
      handle: 0,
      id: `${gateway}%${target.interface.name}`,
      kind: "implicit",
      interface: target.interface,
      router: gateway,
      attribution: "rule",
      addresses: [describe(target)],
      gateways: open ? [{ address: gateway, family: 6 }] : [],
      dnsServers: [],
      searchDomains: [],
      routes: own.map(({ destination, nexthop }) => ({ destination, gateway: nexthop!.gateway })),
      mtu: 0,
      ai_addr: null,
      gateway_addr: null,
      dns_addr: null,
    }];
  });
  return [...others, ...installed];
}

function holds(prefix: string, address: Uint8Array): boolean {
  const { bytes, prefixLength } = parsePrefix(prefix)!;
  return prefixContains(bytes, prefixLength, address);
}
