import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { linux } from "../../ffi/layout.gen.ts";
import { parsePrefix, prefixContains } from "../../lib/ip/address.ts";
import { OWN_PROTOCOL } from "../../lib/netlink/change.ts";
import { planRemoval, planRoutes, type RoutePlan, type RouteState } from "../../lib/route/plan.ts";
import {
  describeChange,
  isOurTable,
  type PolicyRoute,
  type PolicyRule,
} from "../../lib/route/policy.ts";
import type { PvdInfo } from "../../mod.ts";
import { ModelKernel, type PvdInit, pvdOf } from "./model.ts";

const R1 = "fe80::1";
const R2 = "fe80::2";
const S1 = "2001:db8:1::a";
const S2 = "2001:db8:2::a";
const FAR = "2001:db8:ffff::1";

const routers = (more: [Partial<PvdInit>?, Partial<PvdInit>?] = []): PvdInfo[] => [
  pvdOf({ link: "h0", router: R1, addresses: [`${S1}/64`], gateways: [R1], ...more[0] }),
  pvdOf({ link: "h0", router: R2, addresses: [`${S2}/64`], gateways: [R2], ...more[1] }),
];

/** Plans and does it. */
function install(kernel: ModelKernel, pvds: PvdInfo[]): RoutePlan {
  kernel.become(pvds);
  const plan = planRoutes(pvds, kernel.state);
  for (const change of plan.changes) kernel.change(change);
  const again = planRoutes(pvds, kernel.state);
  assert.deepEqual(again.changes, []);
  assert.deepEqual(again.notices, plan.notices);
  return plan;
}

function installed(pvds: PvdInfo[]): { kernel: ModelKernel; plan: RoutePlan } {
  const kernel = new ModelKernel(pvds);
  return { kernel, plan: install(kernel, pvds) };
}

const commands = ({ changes }: RoutePlan) => changes.map(describeChange);

describe("what is installed", () => {
  test("tables are filled before rules name them, and each command names all it is", () => {
    const { kernel, plan } = installed(routers().slice(0, 1));
    const { table } = kernel.state.routes[0]!;
    assert.ok(isOurTable(table));
    const tag = `protocol ${OWN_PROTOCOL}`;
    assert.deepEqual(commands(plan), [
      `ip -6 route add default via fe80::1 dev h0 onlink table ${table} metric 1024 ${tag}`,
      `ip -6 route add 2001:db8:1::/64 dev h0 table ${table} metric 1024 ${tag}`,
      `ip -6 rule add from 2001:db8:1::/64 iif lo lookup ${table} priority 28400 ${tag}`,
      `ip -6 rule add from 2001:db8:1::/64 iif lo unreachable priority 28401 ${tag}`,
    ]);
  });

  test("each source goes to its router, and directly to what is on its own link", () => {
    const { kernel, plan } = installed(routers());
    assert.deepEqual(plan.notices, []);
    assert.equal(kernel.way(S1, FAR), "fe80::1%h0");
    assert.equal(kernel.way(S2, FAR), "fe80::2%h0");
    assert.equal(kernel.way(S1, "2001:db8:1::b"), "on h0");
    assert.equal(kernel.way(S1, "2001:db8:2::b"), "fe80::1%h0");
    assert.equal(kernel.way(S1, "fe80::b"), "fe80::1%h0");
  });

  test("neighbours are reached by their link-local addresses where the host has one on the link", () => {
    const { kernel } = installed(routers([{ addresses: [`${S1}/64`, "fe80::a/64"] }]));
    assert.equal(kernel.way(S1, "fe80::b"), "on h0");
    assert.equal(kernel.way(S2, "fe80::b"), "fe80::2%h0");
  });

  test("a table's number is the same for the same router of the same link, whatever else is there", () => {
    const tables = (pvds: PvdInfo[]) =>
      new Map(
        installed(pvds).plan.changes.flatMap(({ target }) =>
          target.kind === "route" && target.nexthop ? [[target.nexthop.gateway, target.table]] : []
        ),
      );
    const [first, second] = routers() as [PvdInfo, PvdInfo];
    assert.equal(tables([first]).get(R1), tables([second, first]).get(R1));
    assert.notEqual(tables([first, second]).get(R1), tables([first, second]).get(R2));
  });

  test("a table that somebody else has is left alone, also when he takes it later", () => {
    const [pvd] = routers() as [PvdInfo];
    const { kernel } = installed([pvd]);
    const taken = kernel.state.routes[0]!.table;
    for (const known of [kernel, new ModelKernel([pvd])]) {
      known.foreign.add(taken);
      install(known, [pvd]);
      assert.equal(known.way(S1, FAR), "fe80::1%h0");
      assert.ok(known.state.routes.every(({ table }) => table === taken + 1));
      assert.equal(known.way(S1, "2001:db8:1::b"), "on h0");
    }
  });

  test("a prefix that is not on the link is selected too, for the addresses that are still to come", () => {
    const [a, b] = [{ onLink: false }, { addresses: [`${S2}/128`] }];
    const { kernel } = installed(routers([a, b]));
    const from = kernel.state.rules.map((rule) => rule.from).sort();
    assert.deepEqual([...new Set(from)], ["2001:db8:1::/64", `${S2}/128`]);
    assert.equal(kernel.way(S1, "2001:db8:1::b"), "fe80::1%h0");
  });

  test("link-local and loopback addresses get nothing", () => {
    const { plan } = installed([pvdOf({
      link: "h0",
      addresses: ["fe80::a/64", "169.254.1.1/16", "127.0.0.2/8", "::1/128"],
      gateways: [R1, "169.254.0.1"],
    })]);
    assert.deepEqual(plan, { changes: [], notices: [], unattributed: [] });
  });

  test("an interface in a VRF gets nothing, and loses what it had", () => {
    const [pvd] = routers() as [PvdInfo];
    const { kernel } = installed([pvd]);
    kernel.vrfInterfaces.add(pvd.interface.index);
    install(kernel, [pvd]);
    assert.equal(kernel.targets.size, 0);
  });

  test("a PvD without a gateway gets nothing", () => {
    const { plan } = installed([pvdOf({ link: "h0", addresses: ["192.0.2.2/24", `${S1}/64`] })]);
    assert.deepEqual([plan.changes, plan.notices], [[], []]);
    const withdrawn = installed(routers([{ gateways: [] }])).plan;
    assert.match(
      withdrawn.notices.join(),
      /^2001:db8:1::\/64 has no table: its router fe80::1 is no/,
    );
  });

  test("a link that needs no gateway, and IPv4 through an IPv6 router", () => {
    const { kernel, plan } = installed([
      pvdOf({ link: "h0", addresses: ["192.0.2.2/32"], gateways: [null] }),
      pvdOf({ link: "h1", addresses: ["198.51.100.2/24"], routes: ["0.0.0.0/0 via fe80::9"] }),
    ].map((pvd) =>
      pvd.interface.name === "h1" ? { ...pvd, gateways: [{ address: "fe80::9", family: 6 }] } : pvd
    ));
    assert.equal(kernel.way("192.0.2.2", "8.8.8.8"), "%h0");
    assert.equal(kernel.way("198.51.100.2", "8.8.8.8"), "fe80::9%h1");
    const text = commands(plan).join("\n");
    assert.match(text, /ip -4 route add default dev h0 table/);
    assert.match(text, /ip -4 route add default via inet6 fe80::9 dev h1 onlink/);
  });
});

describe("IPv4 gateways on one interface", () => {
  test("each address goes with the gateway of its subnet", () => {
    const { kernel } = installed([pvdOf({
      link: "h0",
      addresses: ["198.51.100.10/24", "203.0.113.10/24", "203.0.113.77/32"],
      gateways: ["198.51.100.1", "203.0.113.1"],
    })]);
    assert.equal(kernel.way("198.51.100.10", "8.8.8.8"), "198.51.100.1%h0");
    assert.equal(kernel.way("203.0.113.10", "8.8.8.8"), "203.0.113.1%h0");
    assert.equal(kernel.way("203.0.113.77", "8.8.8.8"), "203.0.113.1%h0");
  });

  test("one that is in the subnet of none of them is told, and left as it is", () => {
    const { kernel, plan } = installed([pvdOf({
      link: "h0",
      addresses: ["198.51.100.10/24", "10.0.0.5/24"],
      gateways: ["198.51.100.1", "192.0.2.1"],
    })]);
    assert.match(plan.notices.join(), /^10\.0\.0\.0\/24 has no table: h0 has several gateways/);
    assert.ok(kernel.state.rules.every(({ from }) => from === "198.51.100.0/24"));
  });

  test("the only gateway serves an address beyond its subnet, unless it is in another's", () => {
    const cloud = pvdOf({ link: "h0", addresses: ["10.0.0.5/32"], gateways: ["172.31.1.1"] });
    assert.equal(installed([cloud]).kernel.way("10.0.0.5", "8.8.8.8"), "172.31.1.1%h0");
    const second = pvdOf({
      link: "h0",
      addresses: ["198.51.100.10/24", "10.0.0.5/24"],
      gateways: ["198.51.100.1"],
    });
    const { kernel } = installed([second]);
    assert.ok(kernel.state.rules.every(({ from }) => from === "198.51.100.0/24"));
  });

  test("of two gateways in one subnet the preferred one counts", () => {
    const { kernel } = installed([pvdOf({
      link: "h0",
      addresses: ["198.51.100.10/24"],
      gateways: ["198.51.100.2", "198.51.100.1"],
    })]);
    assert.equal(kernel.way("198.51.100.10", "8.8.8.8"), "198.51.100.2%h0");
  });
});

describe("prefixes that meet", () => {
  test("one LAN by cable and by radio: each address has its own rule", () => {
    const { kernel } = installed([
      pvdOf({ link: "h0", addresses: ["192.0.2.10/24"], gateways: ["192.0.2.1"] }),
      pvdOf({ link: "h1", addresses: ["192.0.2.11/24"], gateways: ["192.0.2.1"] }),
    ]);
    assert.equal(kernel.way("192.0.2.10", "8.8.8.8"), "192.0.2.1%h0");
    assert.equal(kernel.way("192.0.2.11", "8.8.8.8"), "192.0.2.1%h1");
  });

  test("a prefix within another, and an address that nobody serves within a prefix", () => {
    const { kernel } = installed([
      pvdOf({ link: "h0", addresses: ["10.0.0.5/8"], gateways: ["10.0.0.1"] }),
      pvdOf({ link: "h1", addresses: ["10.1.0.5/16"], gateways: ["10.1.0.1"] }),
      pvdOf({ link: "h2", addresses: ["10.2.0.5/16"] }),
    ]);
    assert.equal(kernel.way("10.0.0.5", "8.8.8.8"), "10.0.0.1%h0");
    assert.equal(kernel.way("10.1.0.5", "8.8.8.8"), "10.1.0.1%h1");
    assert.deepEqual(kernel.state.rules.filter(({ from }) => from.startsWith("10.2")), []);
  });

  test("an address that two routers gave is told, and left as it is", () => {
    const { kernel, plan } = installed(routers([{}, { addresses: [`${S1}/64`] }]));
    assert.equal(kernel.state.rules.length, 0);
    assert.match(plan.notices.join(), /2001:db8:1::a\/128 has no table: several PvDs hold/);
  });
});

describe("routes that are not the default", () => {
  test("those through the own router are taken, those through another PvD's are not", () => {
    const { kernel } = installed([
      ...routers([{ routes: ["2001:db8:e000::/36 via fe80::1"] }, {
        routes: ["2001:db8:f000::/36 via fe80::2", "2001:db8:ff00::/40 via fe80::2"],
      }]),
      pvdOf({ link: "h1", addresses: ["2001:db8:ffff:1::1/64"] }),
    ]);
    assert.equal(kernel.way(S1, FAR), "fe80::1%h0");
    assert.equal(kernel.way(S1, "2001:db8:ffff:1::2"), "fe80::1%h0");
    assert.equal(kernel.way(S2, FAR), "fe80::2%h0");
    const lengths = (router: string) =>
      kernel.state.routes.filter(({ nexthop }) => nexthop?.gateway === router)
        .map(({ destination }) => destination).sort();
    assert.deepEqual(lengths(R1), ["2001:db8:e000::/36", "::/0"]);
    assert.deepEqual(lengths(R2), ["2001:db8:f000::/36", "2001:db8:ff00::/40", "::/0"]);
  });

  test("a router behind the link is the PvD's, one on another link is not", () => {
    const { kernel } = installed([
      pvdOf({
        link: "h0",
        addresses: ["192.0.2.10/24"],
        gateways: ["192.0.2.1", "192.0.2.2"],
        routes: ["10.0.0.0/8 via 192.0.2.2", "10.9.0.0/16 via 192.0.2.9"],
      }),
      pvdOf({ link: "h1", addresses: ["172.16.0.2/24"], routes: ["172.17.0.0/16 via 172.16.0.1"] }),
    ]);
    assert.equal(kernel.way("192.0.2.10", "10.1.1.1"), "192.0.2.1%h0");
    assert.equal(kernel.way("192.0.2.10", "10.9.1.1"), "192.0.2.9%h0");
    assert.equal(kernel.way("192.0.2.10", "172.17.1.1"), "192.0.2.1%h0");
    // It has no router, so nothing was made for it.
    assert.equal(kernel.way("172.16.0.2", "172.17.1.1"), "172.16.0.1%h1");
  });

  test("of several subnets on an interface each has what lies in it or goes through it", () => {
    const { kernel } = installed([pvdOf({
      link: "h0",
      addresses: ["198.51.100.10/24", "203.0.113.10/24", "10.0.0.5/24"],
      gateways: ["198.51.100.1", "203.0.113.1"],
      routes: [
        "172.16.0.0/16 via 198.51.100.9",
        "172.17.0.0/16 via 203.0.113.1",
        "172.18.0.0/16 via 192.168.0.9",
        "169.254.0.0/16",
      ],
    })]);
    const ways = (source: string) =>
      [
        "198.51.100.9",
        "203.0.113.9",
        "10.0.0.9",
        "172.16.0.1",
        "172.17.0.1",
        "172.18.0.1",
        "169.254.0.1",
      ].map((to) => kernel.way(source, to));
    const [own, other] = ["198.51.100.1%h0", "203.0.113.1%h0"];
    assert.deepEqual(ways("198.51.100.10"), [
      ...["on h0", own, own, "198.51.100.9%h0", own, own, "on h0"],
    ]);
    assert.deepEqual(ways("203.0.113.10"), [
      ...[other, "on h0", other, other, "203.0.113.1%h0", other, "on h0"],
    ]);
  });

  test("what main refuses is refused to every source", () => {
    const pvds = routers([{ routes: ["fd00:1::/32 via fe80::1"] }]);
    const kernel = new ModelKernel(pvds);
    kernel.refused.push("fd00::/8", "10.0.0.0/8");
    const { changes } = install(kernel, pvds);
    assert.equal(kernel.way(S1, "fd99::1"), "unreachable");
    assert.equal(kernel.way(S1, "fd00:1::1"), "fe80::1%h0");
    assert.equal(kernel.way(S2, "fd00:1::1"), "unreachable");
    assert.ok(changes.every(({ target }) => target.family === 6));
    assert.equal(kernel.way(S1, FAR), "fe80::1%h0");
  });
});

describe("what is not known", () => {
  const unknown = pvdOf({
    link: "h0",
    attribution: "unknown",
    addresses: [`${S1}/64`, `${S2}/64`],
  });
  const bare = (router: string) =>
    pvdOf({ link: "h0", router, attribution: "unknown", addresses: [], gateways: [router] });

  test("addresses of an unknown router are told and left as they are", () => {
    const { plan } = installed([unknown, bare(R1), bare(R2)]);
    assert.deepEqual(plan.changes, []);
    assert.deepEqual(plan.unattributed, ["2001:db8:1::/64", "2001:db8:2::/64"]);
    assert.match(plan.notices.join(), /nothing says which of them gave it; solicit/);
  });

  test("IPv4 beside them is not in doubt", () => {
    const addresses = [`${S1}/64`, "192.0.2.2/24"];
    const gateways = ["192.0.2.1"];
    const { kernel } = installed([
      pvdOf({ link: "h0", attribution: "unknown", addresses, gateways }),
      bare(R1),
    ]);
    assert.equal(kernel.way("192.0.2.2", "8.8.8.8"), "192.0.2.1%h0");
  });

  test("what was told before stays", () => {
    const { kernel } = installed(routers());
    const plan = install(kernel, [unknown, bare(R1), bare(R2)]);
    assert.deepEqual(plan, { changes: [], notices: [], unattributed: [] });
    assert.equal(kernel.way(S1, FAR), "fe80::1%h0");
  });
});

describe("change", () => {
  test("a router that is gone leaves its prefix closed, though another serves the link alone", () => {
    const { kernel } = installed(routers());
    const plan = install(kernel, [pvdOf({
      link: "h0",
      router: R2,
      attribution: "sole-router",
      addresses: [`${S1}/64`, `${S2}/64`],
      gateways: [R2],
    })]);
    assert.equal(plan.changes.length, 1);
    assert.match(commands(plan)[0]!, /^ip -6 route del default via fe80::1 /);
    assert.equal(kernel.way(S1, FAR), "unreachable");
    assert.equal(kernel.way(S1, "2001:db8:1::b"), "on h0");
    assert.equal(kernel.way(S2, "2001:db8:1::b"), "fe80::2%h0");
    assert.equal(kernel.way(S2, FAR), "fe80::2%h0");
    assert.match(plan.notices.join(), /2001:db8:1::\/64 is closed.*Another router serves the link/);
    // It comes back.
    install(kernel, routers());
    assert.equal(kernel.way(S1, FAR), "fe80::1%h0");
  });

  test("a prefix that another router now announces goes to that one", () => {
    const { kernel } = installed(routers());
    const plan = install(kernel, [
      pvdOf({ link: "h0", router: R2, addresses: [`${S1}/64`, `${S2}/64`], gateways: [R2] }),
    ]);
    assert.equal(kernel.way(S1, FAR), "fe80::2%h0");
    assert.deepEqual(plan.notices, []);
    assert.equal(new Set(kernel.state.routes.map(({ table }) => table)).size, 1);
  });

  test("an IPv4 gateway that is gone closes its subnet; another one of the subnet opens it", () => {
    const own = (gateways: string[]) => [pvdOf({
      link: "h0",
      addresses: ["198.51.100.10/24", "203.0.113.10/24"],
      gateways,
    })];
    const { kernel } = installed(own(["198.51.100.1", "203.0.113.1"]));
    install(kernel, own(["203.0.113.1"]));
    assert.equal(kernel.way("198.51.100.10", "8.8.8.8"), "unreachable");
    assert.equal(kernel.way("203.0.113.10", "8.8.8.8"), "203.0.113.1%h0");
    install(kernel, own(["198.51.100.254", "203.0.113.1"]));
    assert.equal(kernel.way("198.51.100.10", "8.8.8.8"), "198.51.100.254%h0");
  });

  test("renumbering changes the difference only", () => {
    const { kernel } = installed(routers());
    const plan = install(kernel, routers([{ addresses: ["2001:db8:9::a/64", `${S1}/64`] }]));
    assert.deepEqual(plan.changes.map(({ operation, target }) => [operation, target.kind]), [
      ["add", "route"],
      ["add", "rule"],
      ["add", "rule"],
    ]);
    const end = install(kernel, routers([{ addresses: ["2001:db8:9::a/64"] }]));
    assert.deepEqual(end.changes.map(({ operation, target }) => [operation, target.kind]), [
      ["remove", "rule"],
      ["remove", "route"],
    ]);
    // Sockets may still send from it.
    assert.equal(kernel.way(S1, FAR), "unreachable");
    install(kernel, [
      ...routers([{ addresses: ["2001:db8:9::a/64"] }]),
      pvdOf({ link: "h1", addresses: [`${S1}/64`] }),
    ]);
    assert.equal(kernel.state.rules.filter(({ from }) => from === "2001:db8:1::/64").length, 0);
  });

  test("of the prefixes that are gone the last 64 stay stopped", () => {
    const { kernel } = installed([]);
    for (let i = 1; i <= 70; i++) {
      install(kernel, routers([{ addresses: [`2001:db8:f:${i}::a/64`] }]).slice(0, 1));
    }
    install(kernel, []);
    const from = kernel.state.rules.map((rule) => rule.from);
    assert.equal(from.length, 64);
    assert.deepEqual([from[0], from.at(-1)], ["2001:db8:f:7::/64", "2001:db8:f:70::/64"]);
  });

  test("a link that came back under its name has another index: its routes are replaced", () => {
    const [pvd] = routers() as [PvdInfo];
    const { kernel } = installed([pvd]);
    const plan = install(kernel, [{ ...pvd, interface: { name: "h0", index: 99 } }]);
    assert.deepEqual(plan.changes.map(({ operation }) => operation), ["replace", "replace"]);
  });

  test("an address whose link is down stays held", () => {
    const pvds = routers();
    const { kernel } = installed(pvds);
    const plan = planRoutes([], kernel.state);
    assert.deepEqual(plan.changes.map(describeChange).map((text) => text.split(" table")[0]), [
      "ip -6 route del default via fe80::1 dev h0 onlink",
      "ip -6 route del default via fe80::2 dev h0 onlink",
      "ip -6 route del 2001:db8:1::/64 dev h0",
      "ip -6 route del 2001:db8:2::/64 dev h0",
    ]);
    for (const change of plan.changes) kernel.change(change);
    assert.equal(kernel.way(S1, FAR), "unreachable");
  });

  test("an address on another link that an old rule's prefix covers is not led to its table", () => {
    const [pvd] = routers() as [PvdInfo];
    const { kernel } = installed([pvd]);
    const stranger = pvdOf({ link: "h1", addresses: ["2001:db8:1::77/64"] });
    install(kernel, [pvd, stranger]);
    assert.equal(kernel.way(S1, FAR), "fe80::1%h0");
    assert.deepEqual(kernel.state.rules.map(({ from }) => from), [`${S1}/128`, `${S1}/128`]);
  });

  test("removal closes all sources before it lets any go the system's way, and empties tables last", () => {
    const { kernel } = installed(routers());
    const order = planRemoval(kernel.state).map(({ operation, target }) => {
      assert.equal(operation, "remove");
      if (target.kind !== "rule") return target.kind;
      return target.table === null ? "stop" : "lead";
    });
    assert.deepEqual([...new Set(order)], ["lead", "stop", "route"]);
    for (const change of planRemoval(kernel.state)) kernel.change(change);
    assert.equal(kernel.targets.size, 0);
  });
});

/** Hosts with up to four PvDs that overlap as they like. */
const hosts = fc.uniqueArray(
  fc.record({
    link: fc.constantFrom("h0", "h1"),
    router: fc.constantFrom(1, 2, 3),
    attribution: fc.constantFrom<PvdInfo["attribution"]>(
      "router-advertisement",
      "sole-router",
      "unknown",
      "rule",
    ),
    addresses: fc.uniqueArray(fc.constantFrom(1, 2, 3, 4), { maxLength: 3 }),
    gateway: fc.boolean(),
    length: fc.constantFrom(48, 64, 128),
    specific: fc.boolean(),
  }),
  { maxLength: 4, selector: ({ link, router }) => `${link} ${router}` },
).map((all) =>
  all.map(({ link, router, attribution, addresses, gateway, length, specific }) => {
    const address = `fe80::${link === "h0" ? "a" : "b"}${router}`;
    return pvdOf({
      link,
      router: address,
      attribution,
      // Also one address on several links, and prefixes within each other.
      addresses: addresses.map((n) => `2001:db8:1:${n}::${router}/${length}`),
      gateways: gateway ? [address] : [],
      routes: specific ? [`2001:db8:ffff::/48 via ${address}`] : [],
    });
  })
);

/** Those of whose router there is no doubt, with the way their packets are to take. */
function certain(pvds: PvdInfo[], attributions: PvdInfo["attribution"][]): [string, string][] {
  const all = pvds.flatMap(({ addresses }) => addresses.map(({ address }) => address));
  return pvds.filter((pvd) => pvd.gateways.length > 0 && attributions.includes(pvd.attribution))
    .flatMap(({ addresses, router, interface: { name } }) =>
      addresses.map(({ address }): [string, string] => [address, `${router}%${name}`])
    ).filter(([address]) => all.indexOf(address) === all.lastIndexOf(address));
}

const DESTINATIONS = [FAR, "2001:db8:eeee::1"];

/** The same in the layout before this one: main for what is specific, and a backstop in the table. */
function older({ routes, rules }: RouteState): (PolicyRoute | PolicyRule)[] {
  const defaults = routes.filter(({ destination }) => destination === "::/0");
  return [
    ...defaults,
    ...defaults.map((route) => ({ ...route, nexthop: null })),
    ...rules.filter(({ table }) => table !== null).flatMap((rule) => [
      { ...rule, priority: 28803, local: false },
      { ...rule, priority: 28802, local: false, table: linux.RT_TABLE_MAIN, suppress: 0 },
    ]),
  ];
}

test("at no step of an installation does a packet go where it did not go and does not belong", () => {
  fc.assert(
    fc.property(hosts, fc.boolean(), (pvds, converts) => {
      const { kernel: done } = installed(pvds);
      const kernel = new ModelKernel(pvds);
      if (converts) {
        for (const target of older(done.state)) kernel.change({ operation: "add", target });
      }
      const sources = certain(pvds, ["router-advertisement", "rule", "sole-router"]);
      const ways = () =>
        sources.flatMap(([source]) => DESTINATIONS.map((to) => kernel.way(source, to)));
      const own = sources.flatMap(([, way]) => DESTINATIONS.map(() => way));
      const before = ways();
      for (const change of planRoutes(pvds, kernel.state).changes) {
        kernel.change(change);
        for (const [i, way] of ways().entries()) assert.ok(way === own[i] || way === before[i]);
      }
      assert.deepEqual(ways(), own);
      assert.deepEqual([...kernel.targets.keys()].sort(), [...done.targets.keys()].sort());
    }),
    { numRuns: 1000 },
  );
});

test("whatever was there, of ours or half of it, the next installation makes it right", () => {
  fc.assert(
    fc.property(hosts, hosts, fc.nat({ max: 60 }), (first, second, crash) => {
      const kernel = new ModelKernel(first);
      const { changes } = planRoutes(first, kernel.state);
      for (const change of changes.slice(0, crash)) kernel.change(change);
      kernel.become(second);
      for (const change of planRoutes(second, kernel.state).changes) kernel.change(change);
      assert.deepEqual(planRoutes(second, kernel.state).changes, []);
      // Who is led to a table is stopped behind it; who has gone is stopped.
      const { rules, addresses } = kernel.state;
      for (const { from } of rules) {
        const tables = rules.filter((rule) => rule.from === from).map(({ table }) => table);
        const { bytes, prefixLength } = parsePrefix(from)!;
        const isThere = addresses.some((each) => prefixContains(bytes, prefixLength, each.bytes));
        assert.deepEqual([tables.length, tables.includes(null)], [isThere ? 2 : 1, true]);
      }
      for (const [source, way] of certain(second, ["router-advertisement", "rule"])) {
        for (const to of DESTINATIONS) assert.equal(kernel.way(source, to), way);
        for (const [other] of certain(second, ["router-advertisement", "rule"])) {
          const near = kernel.way(source, other.replace(/[0-9a-f]+$/, "77"));
          assert.ok([way, `on ${way.split("%")[1]}`].includes(near), near);
        }
      }
      for (const change of planRemoval(kernel.state)) kernel.change(change);
      assert.equal(kernel.targets.size, 0);
    }),
    { numRuns: 1000 },
  );
});

test("a source that has a table never goes by another while the network changes", () => {
  fc.assert(
    fc.property(hosts, hosts, (first, second) => {
      const { kernel } = installed(first);
      const sources = certain(first, ["router-advertisement", "rule", "sole-router"]);
      const next = new Map(certain(second, ["router-advertisement", "rule", "sole-router"]));
      kernel.become(second);
      for (const change of planRoutes(second, kernel.state).changes) {
        kernel.change(change);
        for (const [source, way] of sources) {
          if (!next.has(source)) continue;
          for (const to of DESTINATIONS) {
            const taken = kernel.way(source, to);
            assert.ok([way, next.get(source), "unreachable"].includes(taken), taken);
          }
        }
      }
    }),
    { numRuns: 1000 },
  );
});
