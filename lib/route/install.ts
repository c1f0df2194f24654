/**
 * Policy routing for each PvD: what `mif route install`, `remove` and `show` do.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { EPERM, errnoName } from "../errno.ts";
import { MifError } from "../error.ts";
import { parseAddress, parsePrefix, prefixContains } from "../ip/address.ts";
import { changeKernel } from "../netlink/change.ts";
import { getpvdinfo } from "../pvd/getpvdinfo.ts";
import type { PvdInfo } from "../pvd/pvd.ts";
import { asInstalled, unexplained } from "./autoconfigure.ts";
import { settleAddresses } from "./duplicates.ts";
import { planRemoval, planRoutes, type RoutePlan } from "./plan.ts";
import {
  closes,
  DEFAULTS,
  describeChange,
  type PolicyAddress,
  type PolicyChange,
  tableOfSource,
  writePolicy,
} from "./policy.ts";
import { readHostRoutes } from "./state.ts";

/** How {@linkcode installRoutes} goes about it. */
export interface InstallRoutesOptions {
  /** These instead of the PvDs that this host has now. */
  pvds?: PvdInfo[];
  /** Says what would change and changes nothing. */
  dryRun?: boolean;
  /**
   * Whether to ask the routers what they announce (CAP_NET_RAW, four seconds at the most), without which no explicit PvD
   * is known. Where left out they are asked when nothing else says which of several routers on a link gave an address, or
   * of which PvD an address is that was made here before.
   */
  solicit?: boolean;
  /** Ends the asking with the signal's reason. */
  signal?: AbortSignal;
}

/** What was changed, or would be. */
export interface RouteReport {
  /** In order, each as the command of ip(8) that does the same. */
  changes: { operation: "add" | "replace" | "remove"; command: string }[];
  /** Sentences for people: addresses that have no table or a closed one, and why. */
  notices: string[];
}

/** One table of ours in one family. */
export interface RouteTable {
  /** Its number, 1000000000 to 1999999999. */
  table: number;
  /** 4 or 6. */
  family: 4 | 6;
  /** Where its routes to beyond the link leave; null where the table is closed. */
  interface: string | null;
  /** The router; null where the table is closed, or where the link needs none. */
  gateway: string | null;
  /** Whether anything leaves by it. A closed one only has what is on its link: its router is gone. */
  open: boolean;
  /** Whether that is what specific routes lead to only: its router is no default router. */
  specific: boolean;
  /** Source prefixes, "address/length", whose packets look into it; empty after a crash half-way. */
  sources: string[];
  /** Addresses of this host in those, which {@linkcode installRoutes} has made. */
  addresses: string[];
}

/**
 * Gives each router of a PvD a routing table with all that the PvD's sources may reach, and holds the packets that this
 * host sends from them to it.
 *
 * What a router announces inside a PvD option (RFC 8801), where the kernel does not look, is configured too: routes in
 * its table, and in each prefix for that an address (RFC 4862, RFC 7217), which is kept for as long as the router says.
 * It is waited for until the kernel has found that no other host has it, a second or two; of one that another host has,
 * another takes the place. Programs that know no PvDs do not come to use it: to them it is deprecated. Linux 5.18 or
 * later.
 *
 * Changes just what differs from what is there, so doing it again changes nothing. All that it makes carries protocol
 * 88 and stands in tables 1000000000 to 1999999999, of which it takes only what nobody else uses.
 *
 * @throws {MifError} EPERM without CAP_NET_ADMIN; the errno of a change that the kernel refused; with `solicit`, EPERM
 *   without CAP_NET_RAW; and those of {@linkcode listPvds}.
 *
 * @example
 * ```ts
 * import { installRoutes } from "@mif/sockets";
 *
 * const { changes } = await installRoutes({ dryRun: true, solicit: false });
 * for (const { command } of changes) console.log(command);
 * ```
 */
export async function installRoutes(options: InstallRoutesOptions = {}): Promise<RouteReport> {
  const { changes, notices } = await install(options);
  return { changes, notices };
}

/** A report, and the prefixes and addresses of which still nothing says which router gave them. */
export interface Installation extends RouteReport {
  unattributed: string[];
}

/** What {@linkcode installRoutes} does. `asked`: the routers were asked just now. */
export async function install(
  options: InstallRoutesOptions & { asked?: boolean },
): Promise<Installation> {
  const { pvds, dryRun = false, signal, asked = false } = options;
  /** Whether the routers were not asked; then what is installed is taken for what they said. */
  let isDeaf = options.solicit === false;
  const plan = () => {
    const host = readHostRoutes();
    const unknown = pvds ? [] : unexplained(host.pvds, host.state);
    const known = pvds ?? (isDeaf ? asInstalled(host.pvds, unknown, host.state) : host.pvds);
    const { unattributed, ...steps } = planRoutes(known, host.state);
    return { ...steps, unattributed: [...unattributed, ...unknown.map(({ address }) => address)] };
  };
  if (!pvds && !asked && (options.solicit ?? plan().unattributed.length > 0)) {
    isDeaf = !(await askRouters(options.solicit === true, signal));
  }
  signal?.throwIfAborted();
  let unattributed: string[] = [];
  const noting = () => {
    const steps = plan();
    ({ unattributed } = steps);
    return steps;
  };
  if (dryRun) return { ...report(noting()), unattributed };
  const changes: RouteReport["changes"] = [];
  for (;;) {
    const { added, ...done } = carryOut(noting);
    changes.push(...done.changes);
    const { isDone, notices } = await settleAddresses(added, signal);
    if (isDone) return { changes, notices: [...done.notices, ...notices], unattributed };
  }
}

/** So long sources stay closed before they go the system's way. */
const CLOSED_MS = 200;

/**
 * Takes away all that {@linkcode installRoutes} made, and nothing else.
 *
 * First no source reaches anything any more, for a fifth of a second: sockets that stay on a PvD hear of that and end,
 * before their source may be led elsewhere. After that it goes the system's way, also what the kernel itself answers to
 * peers of connections that are no more.
 *
 * @throws {MifError} As {@linkcode installRoutes} does.
 *
 * @example
 * ```ts
 * import { removeRoutes } from "@mif/sockets";
 *
 * const { changes } = await removeRoutes({ dryRun: true });
 * for (const { command } of changes) console.log(command);
 * ```
 */
export async function removeRoutes(options: { dryRun?: boolean } = {}): Promise<RouteReport> {
  const plan = () => ({ changes: planRemoval(readHostRoutes().state), notices: [] });
  if (options.dryRun) return report(plan());
  const closing = carryOut(() => {
    const { changes, notices } = plan();
    return { changes: changes.filter(closes), notices };
  });
  if (closing.changes.length > 0) await sleep(CLOSED_MS);
  const rest = carryOut(plan);
  return { changes: [...closing.changes, ...rest.changes], notices: [] };
}

/**
 * Our tables as they are, by number and family. Needs no privilege.
 *
 * @throws {MifError} Those of {@linkcode listPvds}.
 *
 * @example
 * ```ts
 * import { showRoutes } from "@mif/sockets";
 *
 * for (const { table, sources, gateway } of showRoutes()) console.log(table, sources, gateway);
 * ```
 */
export function showRoutes(): RouteTable[] {
  const { routes, rules, ownAddresses } = readHostRoutes().state;
  const tables = new Map<string, RouteTable>();
  const of = (table: number, family: 4 | 6): RouteTable => {
    const key = `${table} ${family}`;
    let known = tables.get(key);
    if (!known) {
      const nothing = { interface: null, gateway: null, open: false, specific: false };
      known = { table, family, ...nothing, sources: [], addresses: [] };
      tables.set(key, known);
    }
    return known;
  };
  for (const { table, family, destination, nexthop } of routes) {
    const known = of(table, family);
    const isDefault = destination === DEFAULTS[family];
    if (!nexthop || (!isDefault && (known.open || nexthop.gateway === null))) continue;
    known.interface = nexthop.interface.name;
    known.gateway = nexthop.gateway;
    known.open = true;
    known.specific = !isDefault;
  }
  for (const rule of rules) {
    const table = tableOfSource(rule);
    if (table === null) continue;
    const { sources, addresses } = of(table, rule.family);
    if (sources.includes(rule.from)) continue;
    sources.push(rule.from);
    const { bytes, prefixLength } = parsePrefix(rule.from)!;
    for (const { target: { address } } of ownAddresses) {
      if (prefixContains(bytes, prefixLength, parseAddress(address)!.bytes)) {
        addresses.push(address);
      }
    }
  }
  return [...tables.values()].sort((a, b) => a.table - b.table || a.family - b.family);
}

/** Fills this process' memory of advertisements; false where that is not allowed, which is no failure where nobody insists. */
async function askRouters(insists: boolean, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await getpvdinfo("localhost", null, { solicit: true, signal });
    return true;
  } catch (error) {
    if (insists || !(error instanceof MifError)) throw error;
    return false;
  }
}

type Steps = Pick<RoutePlan, "changes" | "notices">;

/** The network may move between reading and changing. */
const TRIES_MAX = 4;
/** ENOENT, ESRCH, ENODEV: somebody, or the end of a link, was faster. */
const GONE = new Set([2, 3, 19]);

/** Carries out a plan; where the kernel refuses a step, a new plan of how things are then. */
function carryOut(plan: () => Steps): RouteReport & { added: PolicyAddress[] } {
  const done: PolicyChange[] = [];
  for (let tries = 1;; tries++) {
    const { changes, notices } = plan();
    const refusals: string[] = [];
    const refused = apply(changes, done, refusals);
    if (!refused) {
      const all = { changes: done, notices: [...notices, ...refusals] };
      return { ...report(all), added: addedBy(done) };
    }
    if (refused.errno === EPERM || tries === TRIES_MAX) throw refusal(refused);
  }
}

function addedBy(changes: PolicyChange[]): PolicyAddress[] {
  return changes.flatMap(({ operation, target }) =>
    operation === "add" && target.kind === "address" ? [target] : []
  );
}

interface Refused {
  change: PolicyChange;
  errno: number;
}

/** Stops at what is refused. Without one address (IPv6 may be disabled on its link) the rest is as good. */
function apply(
  changes: PolicyChange[],
  done: PolicyChange[],
  refusals: string[],
): Refused | null {
  for (const change of changes) {
    const errno = changeKernel(change.operation, writePolicy(change.target));
    if (errno === 0) done.push(change);
    else if (change.operation === "remove" && GONE.has(errno)) continue;
    else if (errno === EPERM || change.target.kind !== "address") return { change, errno };
    else refusals.push(`${describeChange(change)}: refused (${errnoName(errno)})`);
  }
  return null;
}

const SYSCALLS = { rule: "RTM_NEWRULE", route: "RTM_NEWROUTE", address: "RTM_NEWADDR" } as const;

function refusal({ change, errno }: Refused): MifError {
  const code = errnoName(errno);
  const hint = errno === EPERM
    ? "changing routes needs the capability CAP_NET_ADMIN; run as root, or give it to the runtime's executable: " +
      "setcap cap_net_admin+ep FILE"
    : code === "EEXIST"
    ? "somebody else has the same; take that away first"
    : code === "EOPNOTSUPP" || code === "EAFNOSUPPORT"
    ? "this kernel has no policy routing for the family"
    : "mif route remove takes away what was done before it";
  return new MifError(`Cannot do as "${describeChange(change)}" does: ${hint} (${code})`, {
    code,
    errno,
    syscall: SYSCALLS[change.target.kind],
  });
}

function report({ changes, notices }: Steps): RouteReport {
  return {
    changes: changes.map((change) => ({
      operation: change.operation,
      command: describeChange(change),
    })),
    notices,
  };
}
