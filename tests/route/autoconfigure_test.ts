// What is planned for prefixes that stand in PvD options: addresses, their lifetimes, and in which order.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { asInstalled, unexplained } from "../../lib/route/autoconfigure.ts";
import { planRemoval, planRoutes } from "../../lib/route/plan.ts";
import { describeChange } from "../../lib/route/policy.ts";
import type { PvdInfo } from "../../mod.ts";
import { ModelKernel, pvdOf } from "./model.ts";

const [R1, R2] = ["fe80::1", "fe80::2"] as const;
const FAR = "2001:db8:ffff::1";
const PREFIX = "2001:db8:1::/64";
const ADDRESS = "2001:db8:1::a";

/** An explicit PvD that announces a prefix inside its option. */
function explicit(
  change: { router?: string; validSeconds?: number | null; default?: boolean; id?: string } = {},
): PvdInfo {
  const { router = R1, validSeconds = 1800, id = "foo.example" } = change;
  const implicit = pvdOf({
    link: "h0",
    router,
    addresses: ["fe80::a/64"],
    gateways: change.default === false ? [] : [router],
    onLink: false,
  });
  return {
    ...implicit,
    id,
    kind: "explicit",
    unconfigured: { prefixes: [PREFIX], routes: [{ destination: PREFIX, gateway: null }] },
    advertisement: advertised(validSeconds),
  };
}

function advertised(validSeconds: number | null): PvdInfo["advertisement"] {
  const prefix = { prefix: PREFIX, onLink: true, autonomous: true, preferredSeconds: 900 };
  return { prefixes: [{ ...prefix, validSeconds }] } as PvdInfo["advertisement"];
}

function plan(kernel: ModelKernel, pvds: PvdInfo[]) {
  const steps = planRoutes(pvds, kernel.state);
  for (const change of steps.changes) kernel.change(change);
  return { ...steps, commands: steps.changes.map(describeChange) };
}

/** Ours as it is in the kernel. */
function own(kernel: ModelKernel, validSeconds?: number | null) {
  const [key, target] = [...kernel.targets].find(([, { kind }]) => kind === "address")!;
  if (validSeconds !== undefined && target.kind === "address") {
    kernel.targets.set(key, { ...target, validSeconds });
  }
  return kernel.state.ownAddresses[0]!.target;
}

const INSIDE = "2001:db8:70::/48";

/** The PvD with a specific route inside its option. */
function withRoute(pvd: PvdInfo): PvdInfo {
  const { prefixes, routes } = pvd.unconfigured!;
  const route = { destination: INSIDE, gateway: pvd.router };
  return { ...pvd, unconfigured: { prefixes, routes: [...routes, route] } };
}

/** The PvD once it has its address. */
function withAddress(pvd: PvdInfo): PvdInfo {
  const { unconfigured, ...rest } = pvd;
  return {
    ...rest,
    addresses: [
      ...pvd.addresses,
      {
        address: ADDRESS,
        prefixLength: 64,
        family: 6,
        deprecated: false,
        temporary: false,
        validSeconds: 1800,
      },
    ],
    routes: [...pvd.routes, ...unconfigured!.routes],
  };
}

describe("a prefix inside a PvD option", () => {
  test("gets its table, its rules, and then its address", () => {
    const kernel = new ModelKernel([explicit()]);
    const { commands, notices } = plan(kernel, [explicit()]);
    assert.deepEqual(notices, []);
    const { table } = kernel.state.routes[0]!;
    const tag = "protocol 88";
    assert.deepEqual(commands, [
      `ip -6 route add default via fe80::1 dev h0 onlink table ${table} metric 1024 ${tag}`,
      `ip -6 route add fe80::/64 dev h0 table ${table} metric 1024 ${tag}`,
      `ip -6 route add ${PREFIX} dev h0 table ${table} metric 1024 ${tag}`,
      `ip -6 rule add from ${PREFIX} iif lo lookup ${table} priority 28400 ${tag}`,
      `ip -6 rule add from ${PREFIX} iif lo unreachable priority 28401 ${tag}`,
      `ip -6 address add ${ADDRESS}/64 dev h0 valid_lft 1800 preferred_lft 0 noprefixroute proto 88`,
    ]);
    assert.equal(kernel.way(ADDRESS, FAR), "fe80::1%h0");
    assert.equal(kernel.way(ADDRESS, "2001:db8:1::b"), "on h0");
    assert.deepEqual(plan(kernel, [withAddress(explicit())]).commands, [], "nor anything later");
    assert.deepEqual(plan(kernel, [explicit()]).commands, [], "while it is tentative");
  });

  test("whose router only the option names gets a way through that one", () => {
    const pvd = explicit({ default: false });
    pvd.unconfigured!.routes.push({ destination: "::/0", gateway: R1 });
    const kernel = new ModelKernel([pvd]);
    plan(kernel, [pvd]);
    assert.equal(kernel.way(ADDRESS, FAR), "fe80::1%h0");
  });

  test("with neither a default router nor routes is told, and left", () => {
    const pvd = explicit({ default: false });
    const { commands, notices } = plan(new ModelKernel([pvd]), [pvd]);
    assert.deepEqual(commands, []);
    assert.match(
      notices.join(),
      /No address in .* of foo\.example: its router fe80::1 is no default router and gives no routes/,
    );
  });

  test("without a default router has a table of its specific routes, and nothing else is reached", () => {
    const pvd = withRoute(explicit({ default: false }));
    const kernel = new ModelKernel([pvd]);
    const { commands, notices } = plan(kernel, [pvd]);
    assert.deepEqual(notices, []);
    const { table } = kernel.state.routes[0]!;
    const tag = "protocol 88";
    assert.deepEqual(commands, [
      `ip -6 route add fe80::/64 dev h0 table ${table} metric 1024 ${tag}`,
      `ip -6 route add ${PREFIX} dev h0 table ${table} metric 1024 ${tag}`,
      `ip -6 route add ${INSIDE} via fe80::1 dev h0 onlink table ${table} metric 1024 ${tag}`,
      `ip -6 rule add from ${PREFIX} iif lo lookup ${table} priority 28400 ${tag}`,
      `ip -6 rule add from ${PREFIX} iif lo unreachable priority 28401 ${tag}`,
      `ip -6 address add ${ADDRESS}/64 dev h0 valid_lft 1800 preferred_lft 0 noprefixroute proto 88`,
    ]);
    assert.equal(kernel.way(ADDRESS, "2001:db8:70::1"), "fe80::1%h0");
    assert.equal(kernel.way(ADDRESS, "2001:db8:1::b"), "on h0");
    assert.equal(kernel.way(ADDRESS, FAR), "unreachable");
    assert.deepEqual(plan(kernel, [withAddress(pvd)]).commands, [], "nor anything later");
  });

  test("shares no table of specific routes with another PvD of its router", () => {
    const all = [
      withRoute(explicit({ default: false })),
      { ...pvdOf({ link: "h0", router: R1, addresses: ["2001:db8:2::a/64"], gateways: [R1] }) },
    ];
    const kernel = new ModelKernel(all);
    plan(kernel, all);
    assert.equal(kernel.way(ADDRESS, FAR), "unreachable");
    assert.equal(kernel.way("2001:db8:2::a", FAR), "fe80::1%h0");
  });

  test("whose router begins or ends to be a default router goes over to another table", () => {
    const specific = withRoute(explicit({ default: false }));
    const open = withRoute(explicit());
    const kernel = new ModelKernel([specific]);
    for (
      const [pvd, way] of [[specific, "unreachable"], [open, "fe80::1%h0"], [
        specific,
        "unreachable",
      ]] as const
    ) {
      const now = kernel.state.ownAddresses.length > 0 ? withAddress(pvd) : pvd;
      kernel.become([now]);
      plan(kernel, [now]);
      assert.equal(kernel.way(ADDRESS, FAR), way);
      assert.equal(kernel.way(ADDRESS, "2001:db8:70::1"), "fe80::1%h0");
      assert.equal(new Set(kernel.state.routes.map(({ table }) => table)).size, 1);
    }
  });

  test("and specific routes only is left as it is by one who does not know better", () => {
    const pvd = withRoute(explicit({ default: false }));
    const kernel = new ModelKernel([pvd]);
    plan(kernel, [pvd]);
    const deaf = pvdOf({
      ...{ link: "h0", router: R2, addresses: [`${ADDRESS}/64`, "2001:db8:9::a/64"] },
      ...{ gateways: [R2], attribution: "sole-router" as const },
    });
    const kept = kernel.state.ownAddresses.map(({ target }) => target);
    const installed = asInstalled([deaf], kept, kernel.state);
    plan(kernel, installed);
    assert.equal(kernel.way(ADDRESS, FAR), "unreachable");
    assert.equal(kernel.way(ADDRESS, "2001:db8:70::1"), "fe80::1%h0");
  });

  test("is told where no address can be made, or none could be taken away again", () => {
    const kernel = new ModelKernel([explicit()]);
    kernel.identifier = null;
    assert.match(plan(kernel, [explicit()]).notices.join(), /all that were tried are taken/);
    kernel.marksAddresses = false;
    assert.match(plan(kernel, [explicit()]).notices.join(), /Linux 5\.18/);
    assert.equal(kernel.targets.size, 0);
  });

  test("and specific routes inside it stand in its router's table", () => {
    const pvd = explicit();
    pvd.unconfigured!.routes.push({ destination: "2001:db8:70::/48", gateway: R1 });
    const kernel = new ModelKernel([pvd]);
    plan(kernel, [pvd]);
    assert.equal(kernel.way(ADDRESS, "2001:db8:70::1"), "fe80::1%h0");
    assert.ok(kernel.state.routes.some(({ destination }) => destination === "2001:db8:70::/48"));
  });

  test("that two routers announce for one PvD gets one address, by one of them, and stays with that", () => {
    const both = [explicit(), explicit({ router: R2 })];
    const kernel = new ModelKernel(both);
    plan(kernel, both);
    assert.equal(kernel.state.ownAddresses.length, 1);
    assert.equal(kernel.way(ADDRESS, FAR), "fe80::1%h0");
    const now = both.map(withAddress);
    for (const pvds of [now, now.toReversed()]) {
      const { commands, notices } = plan(kernel, pvds);
      assert.deepEqual([commands, notices], [[], []]);
    }
    // When that one goes, the other one takes over.
    plan(kernel, [now[1]!]);
    assert.equal(kernel.way(ADDRESS, FAR), "fe80::2%h0");
  });

  test("that two PvDs have is nobody's", () => {
    const both = [explicit(), explicit({ router: R2, id: "bar.example" })].map(withAddress);
    const { notices } = plan(new ModelKernel(both), both);
    assert.match(notices.join(), /several PvDs hold the address/);
  });

  test("on an interface in a VRF is nobody's here", () => {
    const kernel = new ModelKernel([explicit()]);
    kernel.vrfInterfaces.add(explicit().interface.index);
    assert.deepEqual(plan(kernel, [explicit()]).commands, []);
  });

  test("of an address that is a duplicate gets another, and that one goes", () => {
    const kernel = new ModelKernel([explicit()]);
    plan(kernel, [explicit()]);
    kernel.duplicates.add(ADDRESS);
    kernel.identifier = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0xb);
    const { commands } = plan(kernel, [explicit()]);
    assert.deepEqual(commands.map((command) => command.split(" dev")[0]), [
      "ip -6 address add 2001:db8:1::b/64",
      `ip -6 address del ${ADDRESS}/64`,
    ]);
  });
});

describe("lifetimes (RFC 4862 5.5.3 e)", () => {
  const rows: [what: string, left: number | null, given: number | null, then: string | null][] = [
    ["a longer one is taken", 600, 1800, "1800"],
    ["one without end is taken", 600, null, "forever"],
    ["one that ends again too", null, 9000, "9000"],
    ["a much shorter one is taken as long as it is of two hours", 90_000, 9000, "9000"],
    ["else two hours are left", 90_000, 60, "7200"],
    ["and also of a prefix that is taken back", 90_000, 0, "7200"],
    ["what is less already runs on", 7000, 60, null],
    ["a little is no change", 1700, 1800, null],
    ["nor is none", null, null, null],
  ];
  for (const [what, left, given, then] of rows) {
    test(what, () => {
      const kernel = new ModelKernel([explicit()]);
      plan(kernel, [explicit()]);
      own(kernel, left);
      const pvd = { ...withAddress(explicit()), advertisement: advertised(given) };
      const { commands } = plan(kernel, [pvd]);
      const start = `ip -6 address replace ${ADDRESS}/64 dev h0 valid_lft ${then} `;
      if (then === null) assert.deepEqual(commands, []);
      else assert.ok(commands.length === 1 && commands[0]!.startsWith(start), commands.join());
    });
  }

  test("of an address that nobody announces any more run on", () => {
    const kernel = new ModelKernel([explicit()]);
    plan(kernel, [explicit()]);
    const silent = { ...withAddress(explicit()), advertisement: { prefixes: [] } as never };
    assert.deepEqual(plan(kernel, [silent]).commands, []);
  });
});

test("an address goes while its source is stopped, and all that is ours goes", () => {
  const kernel = new ModelKernel([explicit()]);
  plan(kernel, [explicit()]);
  const kinds = planRemoval(kernel.state).map(({ target, operation }) => {
    assert.equal(operation, "remove");
    return target.kind === "rule" ? (target.table === null ? "stop" : "lead") : target.kind;
  });
  assert.deepEqual(kinds, ["lead", "address", "stop", "route", "route", "route"]);
});

describe("who has not heard the routers", () => {
  const implicit = () =>
    pvdOf({ link: "h0", router: R2, addresses: [`${ADDRESS}/64`], gateways: [R2] });

  test("finds addresses of ours that no PvD explains", () => {
    const kernel = new ModelKernel([explicit()]);
    plan(kernel, [explicit()]);
    assert.deepEqual(unexplained([explicit()], kernel.state), []);
    assert.deepEqual(unexplained([withAddress(explicit())], kernel.state), []);
    assert.deepEqual(unexplained([implicit()], kernel.state).map(({ address }) => address), [
      ADDRESS,
    ]);
  });

  test("and may leave them as they are, whatever else is thought of them", () => {
    const kernel = new ModelKernel([explicit()]);
    plan(kernel, [explicit()]);
    const unknown = unexplained([implicit()], kernel.state);
    const kept = asInstalled([implicit()], unknown, kernel.state);
    assert.deepEqual(plan(kernel, kept).commands, []);
    assert.equal(kernel.way(ADDRESS, FAR), "fe80::1%h0");
  });
});
