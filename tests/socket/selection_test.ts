// The walk over rules and routes, and what steers: pure. What the kernel makes of it is in tests/kernel/selection_test.ts.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  LinkRecord,
  linux,
  type NexthopRecord,
  RouteRecord,
  RuleRecord,
} from "../../ffi/layout.gen.ts";
import { parseAddress, parsePrefix } from "../../lib/ip/address.ts";
import type { Records } from "../../lib/netlink/records.ts";
import { encodeControl } from "../../lib/socket/control.ts";
import { reachOf } from "../../lib/socket/foreign_router.ts";
import { controlSteering, steeringOption } from "../../lib/socket/steering.ts";
import { fuzzed } from "../fuzz.ts";

const OWN = { 4: "198.51.100.1", 6: "fe80::1" };
const OTHER = { 4: "203.0.113.1", 6: "fe80::2" };
const SOURCE = { 4: "198.51.100.10", 6: "2001:db8:1::10" };
const PREFIX = { 4: "198.51.100.0/24", 6: "2001:db8:1::/64" };
const LINK = 7;
const ELSEWHERE = 8;
const OWN_TABLE = 101;
const OTHER_TABLE = 102;

function view(size: number): DataView {
  return new DataView(new ArrayBuffer(size));
}

/** A route, by default the other router's default one in main. */
function route(
  family: 4 | 6,
  init: Partial<Record<"table" | "interface" | "type" | "nexthopId", number>> & {
    to?: string;
    from?: string;
    gateway?: string | null;
  } = {},
): RouteRecord {
  const record = new RouteRecord(view(RouteRecord.SIZE), 0);
  record.family = family;
  record.table = init.table ?? linux.RT_TABLE_MAIN;
  record.type = init.type ?? linux.RTN_UNICAST;
  record.interface = init.interface ?? LINK;
  record.nexthopId = init.nexthopId ?? 0;
  const gateway = init.gateway === undefined ? OTHER[family] : init.gateway;
  if (gateway !== null && record.type === linux.RTN_UNICAST && record.nexthopId === 0) {
    record.gatewayFamily = family;
    record.gateway.set(parseAddress(gateway)!.bytes);
  }
  const to = init.to ? parsePrefix(init.to)! : null;
  record.destinationLength = to?.prefixLength ?? 0;
  if (to) record.destination.set(to.bytes);
  const from = init.from ? parsePrefix(init.from)! : null;
  record.sourceLength = from?.prefixLength ?? 0;
  if (from) record.source.set(from.bytes);
  return record;
}

/** A rule, by default one for every packet that looks into main. */
function rule(
  family: 4 | 6,
  init:
    & Partial<
      Record<"table" | "action" | "flags" | "mark" | "mask" | "tos" | "narrowed" | "l3mdev", number>
    >
    & { suppress?: number; from?: string; to?: string; input?: string; output?: string } = {},
): RuleRecord {
  const record = new RuleRecord(view(RuleRecord.SIZE), 0);
  record.family = family;
  record.table = init.table ?? linux.RT_TABLE_MAIN;
  record.action = init.action ?? linux.FR_ACT_TO_TBL;
  record.suppressPrefixLength = init.suppress ?? -1;
  for (const key of ["flags", "mark", "mask", "tos", "narrowed", "l3mdev"] as const) {
    record[key] = init[key] ?? 0;
  }
  const from = init.from ? parsePrefix(init.from)! : null;
  record.sourceLength = from?.prefixLength ?? 0;
  if (from) record.source.set(from.bytes);
  record.destinationLength = init.to ? parsePrefix(init.to)!.prefixLength : 0;
  record.inputInterface.set(new TextEncoder().encode(init.input ?? ""));
  record.outputInterface.set(new TextEncoder().encode(init.output ?? ""));
  return record;
}

function link(index: number, name: string): LinkRecord {
  const bytes = view(LinkRecord.SIZE);
  bytes.setUint32(4, index, true);
  const record = new LinkRecord(bytes, 0);
  assert.equal(record.index, index);
  record.name.set(new TextEncoder().encode(name));
  return record;
}

function ask(
  family: 4 | 6,
  rules: RuleRecord[],
  routes: RouteRecord[],
  options: { deviceBound?: boolean; mark?: number; nexthops?: NexthopRecord[] } = {},
): string {
  const records: Records = {
    links: [link(LINK, "h0"), link(ELSEWHERE, "h1")],
    addresses: [],
    routes,
    rules,
    nexthops: options.nexthops ?? [],
    nexthopMembers: [],
    userOptions: [],
  };
  const { foreign, stopped, led } = reachOf(records, {
    source: parseAddress(SOURCE[family])!.bytes,
    interface: LINK,
    deviceBound: options.deviceBound ?? false,
    mark: options.mark ?? 0,
    isOwn: (gateway) => gateway === OWN[family],
  });
  return foreign !== null ? "foreign" : !stopped ? "open" : led ? "stopped" : "abandoned";
}

for (const family of [4, 6] as const) {
  const other = route(family);
  const own = route(family, { gateway: OWN[family] });
  const ownTable = [
    route(family, { gateway: OWN[family], table: OWN_TABLE }),
    route(family, { type: linux.RTN_UNREACHABLE, table: OWN_TABLE, interface: 1 }),
  ];
  const main = rule(family);
  const toOwn = rule(family, { from: PREFIX[family], table: OWN_TABLE });
  const all = [...ownTable, own, other, route(family, { table: OTHER_TABLE })];

  describe(`which routers an IPv${family} source can come to`, () => {
    test("without rules", () => {
      assert.equal(ask(family, [main], [own]), "open");
      assert.equal(ask(family, [main], []), "open");
      assert.equal(ask(family, [main], [own, other]), "foreign");
      assert.equal(ask(family, [main], [other]), "foreign");
      const elsewhere = route(family, { interface: ELSEWHERE });
      assert.equal(ask(family, [main], [own, elsewhere]), "foreign");
      assert.equal(ask(family, [main], [own, elsewhere], { deviceBound: true }), "open");
      assert.equal(ask(family, [main], [own, other], { deviceBound: true }), "foreign");
      assert.equal(ask(family, [main], [own, route(family, { gateway: null })]), "foreign");
    });

    test("with a table and a backstop: only where no device leads around it", () => {
      assert.equal(ask(family, [toOwn, main], all), "stopped");
      assert.equal(ask(family, [toOwn, main], all, { deviceBound: true }), "foreign");
      assert.equal(ask(family, [main, toOwn], all), "foreign");
      assert.equal(ask(family, [toOwn, main], [ownTable[0]!, other]), "foreign");
      assert.equal(
        ask(family, [toOwn, main], [...all, route(family, { table: OWN_TABLE })]),
        "foreign",
      );
    });

    test("with a rule as backstop", () => {
      const stop = rule(family, {
        from: PREFIX[family],
        action: linux.FR_ACT_UNREACHABLE,
        table: 0,
      });
      assert.equal(ask(family, [toOwn, stop, main], [ownTable[0]!, other]), "stopped");
      const bound = ask(family, [toOwn, stop, main], [ownTable[0]!, other], { deviceBound: true });
      // IPv4 takes all to be on the link where the rule stops it.
      assert.equal(bound, family === 4 ? "foreign" : "stopped");
      const local = rule(family, { table: linux.RT_TABLE_LOCAL });
      assert.equal(ask(family, [local, stop, main], [ownTable[0]!, other]), "abandoned");
      const narrow = rule(family, { action: linux.FR_ACT_UNREACHABLE, narrowed: 1 });
      assert.equal(ask(family, [toOwn, narrow, main], [ownTable[0]!, other]), "foreign");
    });

    test("rules before it count where they may match", () => {
      const table = OTHER_TABLE;
      const before: [string, RuleRecord][] = [
        ["foreign", rule(family, { table })],
        ["foreign", rule(family, { table, narrowed: 1 })],
        ["foreign", rule(family, { table, tos: 16 })],
        ["foreign", rule(family, { table, to: PREFIX[family] })],
        ["foreign", rule(family, { table, input: "lo" })],
        ["foreign", rule(family, { action: 2, table: 0 })],
        ["foreign", rule(family, { table, flags: linux.FIB_RULE_INVERT, input: "h9" })],
        ["stopped", rule(family, { table, input: "h0" })],
        ["stopped", rule(family, { table, output: "h0" })],
        ["stopped", rule(family, { table, mark: 5, mask: 0xff })],
        ["stopped", rule(family, { table, from: family === 4 ? "10.0.0.0/8" : "2001:db8:2::/64" })],
        ["stopped", rule(family, { table, flags: linux.FIB_RULE_INVERT })],
        ["stopped", rule(family, { table, l3mdev: 1 })],
        ["stopped", rule(family, { table, suppress: 0 })],
        ["stopped", rule(family, { action: linux.FR_ACT_NOP, table: 0 })],
        ["stopped", rule(family === 4 ? 6 : 4, { table })],
        ["stopped", rule(family, { table: 77 })],
      ];
      for (const [expected, earlier] of before) {
        assert.equal(ask(family, [earlier, toOwn, main], all), expected, JSON.stringify(earlier));
      }
      const marked = rule(family, { table, mark: 5, mask: 0xff });
      assert.equal(ask(family, [marked, toOwn, main], all, { mark: 5 }), "foreign");
    });

    test("specific routes count where the route oracle cannot see the rule", () => {
      const to = family === 4 ? "192.0.2.0/24" : "2001:db8:ffff::/48";
      const specific = route(family, { table: 77, to });
      const rules = (selects: number) => [
        rule(family, { table: 77, narrowed: selects }),
        toOwn,
        main,
      ];
      assert.equal(ask(family, rules(1), [...all, specific]), "foreign");
      assert.equal(ask(family, rules(0), [...all, specific]), "stopped");
      const onLink = route(family, { table: 77, to, gateway: null });
      assert.equal(ask(family, rules(1), [...all, onLink]), "stopped");
    });

    test("a route whose next hop object nobody knows is foreign", () => {
      assert.equal(
        ask(family, [main], [own, route(family, { nexthopId: 9, interface: 0 })]),
        "foreign",
      );
    });

    test("a route for another source does not count", () => {
      const from = family === 4 ? "10.0.0.0/8" : "2001:db8:2::/64";
      assert.equal(ask(family, [main], [own, route(family, { from })]), "open");
      assert.equal(ask(family, [main], [own, route(family, { from: PREFIX[family] })]), "foreign");
    });
  });
}

test("nothing that is not foreign reaches another router, whatever the order of the rules", () => {
  const kinds = [
    rule(6),
    rule(6, { from: PREFIX[6], table: OWN_TABLE }),
    rule(6, { table: OTHER_TABLE }),
    rule(6, { action: linux.FR_ACT_UNREACHABLE, table: 0, from: PREFIX[6] }),
    rule(6, { suppress: 0 }),
    rule(6, { from: "2001:db8:2::/64", table: OTHER_TABLE }),
  ];
  const routes = [
    route(6),
    route(6, { gateway: OWN[6], table: OWN_TABLE }),
    route(6, { table: OTHER_TABLE }),
    route(6, { type: linux.RTN_UNREACHABLE, table: OWN_TABLE, interface: 1 }),
  ];
  fc.assert(
    fc.property(
      fc.shuffledSubarray(kinds),
      fc.subarray(routes),
      (rules, present) => {
        if (ask(6, rules, present) === "foreign") return;
        // The kernel's walk, with the own router there and gone.
        for (const own of [true, false]) {
          const taken = walk(
            rules,
            present.filter((r) => own || r.table !== OWN_TABLE || r.type !== 1),
          );
          assert.ok(taken === null || taken === OWN[6], `${taken}`);
        }
      },
    ),
    fuzzed,
  );
});

/** What the kernel does with a far packet: the first rule that matches and whose table has an answer. */
function walk(rules: RuleRecord[], routes: RouteRecord[]): string | null {
  const source = parseAddress(SOURCE[6])!.bytes;
  for (const { sourceLength, source: from, action, table, suppressPrefixLength } of rules) {
    if (sourceLength === 64 && !source.subarray(0, 8).every((byte, i) => byte === from[i])) {
      continue;
    }
    if (action !== linux.FR_ACT_TO_TBL) return null;
    if (suppressPrefixLength >= 0) continue;
    const found = routes.filter((r) => r.table === table);
    const unicast = found.find((r) => r.type === linux.RTN_UNICAST);
    if (unicast) return unicast.gateway[15] === 1 ? OWN[6] : OTHER[6];
    if (found.length > 0) return null;
  }
  return null;
}

test("control messages tell what they steer, in any spelling", () => {
  const address = "2001:db8::1";
  const raw = encodeControl([{ name: "IPV6_PKTINFO", address, interface: 3 }]).subarray(16, 36);
  for (
    const message of [
      { name: "IPV6_PKTINFO" as const, address: "2001:DB8:0::0:1", interface: 3 },
      { name: "unknown" as const, level: 41, type: 50, data: raw },
    ]
  ) {
    const { sources, interfaces, unknown } = controlSteering(encodeControl([message]));
    assert.deepEqual([sources, interfaces, unknown], [[address], [3], null]);
  }
  const none = controlSteering(encodeControl([{ name: "IPV6_PKTINFO" }, { name: "IP_PKTINFO" }]));
  assert.deepEqual(none, { sources: [], interfaces: [], firstHops: [], unknown: null });
  const header = (type: number, left = 1) =>
    Uint8Array.from([0, 2, type, left, 0, 0, 0, 0, ...parseAddress(address)!.bytes]);
  const hops = (bytes: Uint8Array) =>
    controlSteering(encodeControl([{ name: "IPV6_RTHDR", bytes }]));
  assert.deepEqual(hops(header(2)).firstHops, [address]);
  for (const bytes of [header(3), header(4), header(2, 0)]) assert.ok(hops(bytes).unknown);
  const odd = { name: "unknown" as const, level: 1, type: 36, data: new Uint8Array(4) };
  assert.match(controlSteering(encodeControl([odd])).unknown!, /level 1 and type 36/);
  // UDP_SEGMENT of udp(7) and SCM_TXTIME: what QUIC programs send.
  for (const [level, type] of [[17, 103], [1, 61]] as const) {
    const harmless = { name: "unknown" as const, level, type, data: new Uint8Array(8) };
    assert.equal(controlSteering(encodeControl([harmless])).unknown, null);
  }
});

test("options that steer are known by name", () => {
  assert.equal(steeringOption(1, 36), "SO_MARK");
  assert.equal(steeringOption(41, 57), "IPV6_RTHDR");
  assert.equal(steeringOption(41, 16), null);
  assert.equal(steeringOption(6, 1), null);
});
