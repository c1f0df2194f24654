/**
 * One reading of the kernel's links, addresses, rules, routes and next hops.
 *
 * Unprivileged, of the network namespace this thread is in. What belongs to no host configuration (the local
 * table, the routes of routing daemons other than their defaults) is left out in the library already.
 *
 * @module
 */

import { native } from "../../ffi/library.ts";
import { type RouteRecord, SnapshotHeader, STAGES, Unsettled } from "../../ffi/layout.gen.ts";
import { checked } from "../errno.ts";
import { MifError } from "../error.ts";
import { readRecords, type Records } from "./records.ts";

/** What the kernel said, and how steadily. */
export interface KernelSnapshot extends Records {
  /** Kinds that the kernel kept changing until the library stopped asking again: what stands here may lack some. */
  unsettled: string[];
  /** Dumps that were repeated because the kernel flagged or showed a change in the middle. */
  repeats: number;
}

// One datagram of the kernel is at most 32 KiB; the answer grows to what a host needs and stays.
const scratch = new Uint8Array(32 * 1024);
let answer = new Uint8Array(64 * 1024);
const ANSWER_SIZE_MAX = 1 << 30;

/**
 * Reads the kernel once.
 *
 * @throws {MifError} With the errno of the request that failed: EPERM where the sandbox refuses netlink sockets.
 */
export function readSnapshot(): KernelSnapshot {
  return reading((out, room) => native().mif_snapshot(out, out.length, room, room.length));
}

/**
 * All routes of one table, of one protocol (rtm_protocol), or of both, 0 for any; also in tables that no rule names.
 *
 * @throws {MifError} As {@linkcode readSnapshot} does.
 */
export function readRoutes(filter: { table?: number; protocol?: number }): RouteRecord[] {
  const { table = 0, protocol = 0 } = filter;
  return reading((out, room) =>
    native().mif_routes(table, protocol, out, out.length, room, room.length)
  ).routes;
}

/** Lets the library write into a buffer that holds its answer, and reads that. */
function reading(call: (out: Uint8Array, room: Uint8Array) => number): KernelSnapshot {
  for (let tries = 0; tries < 8; tries++) {
    const result = call(answer, scratch);
    const header = new SnapshotHeader(new DataView(answer.buffer), 0);
    const stage = STAGES[header.stage]!;
    const what = stage === "socket"
      ? "Cannot ask the kernel"
      : `Cannot read the ${stage} from the kernel`;
    checked(result, "netlink", `${what}: netlink route sockets must be allowed here`);
    if (result <= answer.length) return read(answer.slice(0, result), header);
    if (result > ANSWER_SIZE_MAX) break;
    // The next reading may be larger; a quarter of slack spares another round.
    answer = new Uint8Array(Math.ceil(result * 1.25));
  }
  throw new MifError("Cannot read the kernel's tables: they grow faster than they can be read", {
    code: "EFBIG",
    errno: 27,
    syscall: "netlink",
  });
}

function read(bytes: Uint8Array, header: SnapshotHeader): KernelSnapshot {
  const unsettled = Object.entries(Unsettled)
    .filter(([, bit]) => (header.unsettled & bit) !== 0).map(([kind]) => kind);
  const records = readRecords(bytes.subarray(SnapshotHeader.SIZE));
  if (header.united !== 0) records.routes = distinctRoutes(records.routes);
  return {
    ...records,
    unsettled,
    repeats: header.repeats,
  };
}

/** Each route once; its lifetime is no part of what it is. */
function distinctRoutes(routes: RouteRecord[]): RouteRecord[] {
  const distinct = new Map<string, RouteRecord>();
  for (const route of routes) {
    const { table, priority, interface: index, nexthopId, family, protocol, type } = route;
    const numbers = [table, priority, index, nexthopId, family, protocol, type];
    const lengths = [route.destinationLength, route.sourceLength, route.gatewayFamily];
    const addresses = [...route.destination, ...route.source, ...route.gateway];
    distinct.set([...numbers, ...lengths, ...addresses].join(" "), route);
  }
  return [...distinct.values()];
}
