/**
 * Messages of the kernel, which the native library reads, and the records it makes of them. The loop of its own is in
 * zig/tests/fuzz.zig.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { native } from "../../../ffi/library.ts";
import { interfaceName, readRecords, type Records } from "../../../lib/netlink/records.ts";
import { readPolicyAddress, readPolicyRoute, readPolicyRule } from "../../../lib/route/policy.ts";
import type { FuzzTarget } from "../target.ts";

const EBADMSG = -74;

/** Recorded datagrams. */
function datagrams(): Uint8Array[] {
  const names = ["links", "addresses", "rules", "nexthops", "routes4", "routes6", "user_options"];
  return names.flatMap((name) =>
    readFileSync(new URL(`../../../zig/tests/captures/${name}.hex`, import.meta.url), "utf8").trim()
      .split("\n").map((line) => new Uint8Array(Buffer.from(line, "hex")))
  );
}

/** What the library says of a datagram, or null where it refuses it. */
function decode(datagram: Uint8Array): Uint8Array | null {
  const size = native().mif_netlink_decode(datagram, datagram.length, new Uint8Array(0), 0);
  if (size === EBADMSG) return null;
  assert.ok(size >= 0, `${size}`);
  const out = new Uint8Array(size + 64).fill(0xa5);
  assert.equal(native().mif_netlink_decode(datagram, datagram.length, out, size), size);
  assert.ok(out.subarray(size).every((byte) => byte === 0xa5), "it wrote behind its buffer");
  return out.subarray(0, size);
}

/** Every field of every record, and what the rooms above make of them. */
function fieldsOf(records: Records): unknown[] {
  const views = [
    ...[...records.links, ...records.addresses, ...records.routes, ...records.rules],
    ...[...records.nexthops, ...records.nexthopMembers],
    ...records.userOptions.map(({ record }) => record),
  ];
  const fields = views.map((view) =>
    Object.getOwnPropertyNames(Object.getPrototypeOf(view))
      .filter((name) => name !== "constructor")
      .map((name) => (view as unknown as Record<string, unknown>)[name])
  );
  return [
    fields,
    records.userOptions.map(({ option }) => option),
    records.links.map(({ name }) => interfaceName(name)),
    records.rules.map(readPolicyRule),
    records.routes.map((route) => readPolicyRoute(route, String)),
    records.addresses.map((address) => readPolicyAddress(address, String)),
  ];
}

/** Those of this room. */
export const targets: FuzzTarget[] = [
  {
    name: "netlink-datagram",
    seeds: datagrams,
    read: (bytes) => {
      const decoded = decode(bytes);
      return decoded && fieldsOf(readRecords(decoded));
    },
    // A hop of a multipath route is eight bytes, and a record of 96 in three forms.
    growth: 100,
  },
  {
    name: "netlink-records",
    seeds: () => datagrams().map((datagram) => decode(datagram)!),
    read: (bytes) => fieldsOf(readRecords(bytes)),
  },
];
