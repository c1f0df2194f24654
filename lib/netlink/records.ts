/**
 * The library's stream of tagged records, sorted by kind.
 *
 * @module
 */

import {
  AddressRecord,
  Kind,
  LinkRecord,
  linux,
  NexthopMemberRecord,
  NexthopRecord,
  RouteRecord,
  RuleRecord,
  UserOptionRecord,
} from "../../ffi/layout.gen.ts";

/** Views by kind, each in the order the kernel gave. They share the bytes they were read from. */
export interface Records {
  links: LinkRecord[];
  addresses: AddressRecord[];
  routes: RouteRecord[];
  rules: RuleRecord[];
  nexthops: NexthopRecord[];
  nexthopMembers: NexthopMemberRecord[];
  userOptions: { record: UserOptionRecord; option: Uint8Array }[];
}

/** Bytes of each kind's fixed part: with fewer of them its view would reach past the record. */
const SIZES: Readonly<Record<number, number>> = {
  [Kind.link]: LinkRecord.SIZE,
  [Kind.address]: AddressRecord.SIZE,
  [Kind.route]: RouteRecord.SIZE,
  [Kind.rule]: RuleRecord.SIZE,
  [Kind.nexthop]: NexthopRecord.SIZE,
  [Kind.nexthop_member]: NexthopMemberRecord.SIZE,
  [Kind.user_option]: UserOptionRecord.SIZE,
};

/** Sorts the records in `bytes` by kind; records of unknown kind are passed over. */
export function readRecords(bytes: Uint8Array): Records {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: Records = {
    links: [],
    addresses: [],
    routes: [],
    rules: [],
    nexthops: [],
    nexthopMembers: [],
    userOptions: [],
  };
  for (let at = 0; at + 4 <= bytes.length;) {
    const kind = bytes[at]!;
    const size = view.getUint16(at + 2, true);
    if (size < (SIZES[kind] ?? 4) || at + size > bytes.length) break;
    switch (kind) {
      case Kind.link:
        records.links.push(new LinkRecord(view, at));
        break;
      case Kind.address:
        records.addresses.push(new AddressRecord(view, at));
        break;
      case Kind.route:
        records.routes.push(new RouteRecord(view, at));
        break;
      case Kind.rule:
        records.rules.push(new RuleRecord(view, at));
        break;
      case Kind.nexthop:
        records.nexthops.push(new NexthopRecord(view, at));
        break;
      case Kind.nexthop_member:
        records.nexthopMembers.push(new NexthopMemberRecord(view, at));
        break;
      case Kind.user_option: {
        const record = new UserOptionRecord(view, at);
        const start = at + UserOptionRecord.SIZE;
        records.userOptions.push({
          record,
          option: bytes.subarray(start, Math.min(start + record.optionLength, at + size)),
        });
        break;
      }
    }
    at += size;
  }
  return records;
}

const REFUSING: readonly number[] = [
  linux.RTN_UNREACHABLE,
  linux.RTN_BLACKHOLE,
  linux.RTN_PROHIBIT,
];

/** Whether packets that take a route go nowhere. */
export function refuses({ type }: RouteRecord): boolean {
  return REFUSING.includes(type);
}

const names = new TextDecoder();

/** An interface name out of a record's 16 bytes. */
export function interfaceName(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return names.decode(bytes.subarray(0, end < 0 ? bytes.length : end));
}

/** The address in a record's 16 bytes: the first four for IPv4. A copy. */
export function recordAddress(bytes: Uint8Array, family: number): Uint8Array {
  return bytes.slice(0, family === 4 ? 4 : 16);
}
