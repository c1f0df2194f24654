// `mif route`: each source leaves by its own router, on the wire; ip(8) judges what is installed and what is left.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { RouteReport, RouteTable } from "../../mod.ts";
import { scriptArgv } from "../lab/enter.ts";
import {
  advertisementOf,
  type Capture,
  type CommandResult,
  type Host,
  type LabRouter,
  labSkip,
  type Network,
  NETWORK_1,
  NETWORK_2,
  oneLink,
  samePrefixTwoRouters,
  SERVICE_IPV4,
  SERVICE_IPV6,
  twoLinks,
  twoRouters,
  waitFor,
  World,
} from "../lab/mod.ts";
import { ALL_CALLERS, CALLERS, mif, ROOT } from "./mif.ts";
import { cli, isNeighbourhood, ROOTS, route, watch } from "./mif_route.ts";
import { plainLinks } from "./plain_links.ts";

/** Bun ends a test after five seconds where nothing else is said. */
const lab = { skip: labSkip(), timeout: 120_000 };
const PROTOCOL = 88;
const NETWORKS = [NETWORK_1, NETWORK_2];
/** Of each network two rules a family, and routes to its prefixes, its link-local neighbours and its routers. */
const CHANGES = 2 * (2 * 2 + 5);

/** All rules and routes as ip(8) tells them, lifetimes left out. */
function policy(host: Host): Record<string, unknown>[] {
  return ["-4", "-6"].flatMap((family) => [
    ...host.ipJson("-N", family, "rule"),
    ...host.ipJson("-N", family, "route", "show", "table", "all"),
  ]).map((entry) => ({ ...entry, expires: undefined }));
}

/** What ip(8) says of a packet: the gateway, null where the destination is on the link, or "unreachable". */
function wayOf(host: Host, source: string, destination: string): string | null {
  const family = source.includes(":") ? "-6" : "-4";
  try {
    const [answer] = host.ipJson<{ gateway?: string }>(
      ...[family, "route", "get", destination, "from", source],
    );
    return answer?.gateway ?? null;
  } catch (error) {
    assert.match(String(error), /unreachable|No route to host/i);
    return "unreachable";
  }
}

/** `ip -batch` takes rules for IPv4 ones. */
function ip6Rule(host: Host, words: string): void {
  host.ip("-6", "rule", "add", ...words.split(" "));
}

const far = (source: string) => source.includes(":") ? SERVICE_IPV6 : SERVICE_IPV4;

function assertOwnWays(host: Host, networks: readonly Network[] = NETWORKS): void {
  for (const network of networks) {
    const { hostAddress, hostIpv4, routerLinkLocal, routerIpv4 } = network;
    assert.equal(wayOf(host, hostAddress, SERVICE_IPV6), routerLinkLocal);
    assert.equal(wayOf(host, hostIpv4, SERVICE_IPV4), routerIpv4);
    // What is on the link needs no router.
    assert.equal(wayOf(host, hostAddress, network.routerAddress), null);
    assert.equal(wayOf(host, hostIpv4, routerIpv4), null);
  }
}

/** A datagram from each of the host's addresses to a place behind both routers. */
async function sendFromEverywhere(host: Host): Promise<CommandResult[]> {
  const senders: CommandResult[] = [];
  const sources = NETWORKS.flatMap(({ hostAddress, hostIpv4 }) => [hostAddress, hostIpv4]);
  for (const source of sources) {
    const sender = await host.runScript("tests/lab/send_datagram.ts", [source, far(source), "53"], {
      unprivileged: true,
    });
    senders.push(sender);
  }
  return senders;
}

function networkOf(address: string): Network | undefined {
  return NETWORKS.find(({ hostAddress, hostIpv4 }) =>
    address === hostAddress || address === hostIpv4
  );
}

/** Each router got datagrams from its own network's addresses, and no frame at all from another's. */
async function assertNoLeak(routers: readonly LabRouter[], captures: Capture[]): Promise<void> {
  for (const [i, { network }] of routers.entries()) {
    const capture = captures[i]!;
    for (const source of [network.hostAddress, network.hostIpv4]) {
      await capture.waitFor(
        `the datagram from ${source}`,
        (frame) => frame.src === source && frame.dport === 53 && frame.dstMac === network.routerMac,
      );
    }
    const foreign = (await capture.stop()).filter((frame) =>
      frame.direction === "in" && frame.dstMac === network.routerMac && frame.src !== null &&
      !isNeighbourhood(frame) && (networkOf(frame.src) ?? network) !== network
    );
    assert.deepEqual(foreign, []);
  }
}

for (const topology of [twoRouters, twoLinks]) {
  test(
    `${topology.name}: every source has its own router, and nothing is left behind`,
    lab,
    async () => {
      await using world = new World();
      const { host, r1, r2 } = await topology(world);
      const before = policy(host);
      // Without it the kernel sends both sources to one router.
      assert.notEqual(
        wayOf(host, NETWORK_1.hostAddress, SERVICE_IPV6) === NETWORK_1.routerLinkLocal,
        wayOf(host, NETWORK_2.hostAddress, SERVICE_IPV6) === NETWORK_2.routerLinkLocal,
      );
      for (const caller of ROOTS) {
        const { changes, notices } = await route(host, caller, "install");
        assert.deepEqual(notices, []);
        assert.equal(changes.length, CHANGES);
        assertOwnWays(host);
        const other = ALL_CALLERS.find(({ runtime, unprivileged }) =>
          runtime !== caller.runtime && !unprivileged
        )!;
        assert.deepEqual(await route(host, other, "install"), { changes: [], notices: [] });
        const captures = [await r1.host.capture("lan0"), await r2.host.capture("lan0")];
        await sendFromEverywhere(host);
        // Packets of the kernel's own: somebody asks a port that is closed.
        for (const { hostAddress } of NETWORKS) {
          for (const { host: router } of [r1, r2]) {
            router.ip("-6", "route", "replace", hostAddress, "dev", "lan0");
            await router.runScript("tests/lab/send_datagram.ts", [SERVICE_IPV6, hostAddress, "9"]);
          }
        }
        for (const [i, { hostAddress }] of NETWORKS.entries()) {
          await captures[i]!.waitFor(
            `an ICMP error from ${hostAddress}`,
            ({ src, icmpType }) => src === hostAddress && icmpType === 1,
          );
        }
        await assertNoLeak([r1, r2], captures);
        await route(host, caller, "remove");
        assert.deepEqual(policy(host), before);
        assert.deepEqual((await route(host, caller, "remove")).changes, []);
      }
    },
  );
}

test("mif route show names each table, its router and its sources", lab, async () => {
  await using world = new World();
  const { host } = await twoLinks(world);
  await route(host, ROOT, "install");
  for (const caller of CALLERS) {
    const tables = await route<RouteTable[]>(host, caller, "show");
    const shown = tables.map(({ family, interface: link, gateway, open, sources }) => [
      ...[family, link, gateway, open, sources],
    ]).sort();
    assert.deepEqual(shown, [
      [4, "h0", NETWORK_1.routerIpv4, true, [NETWORK_1.ipv4Prefix]],
      [4, "h1", NETWORK_2.routerIpv4, true, [NETWORK_2.ipv4Prefix]],
      [6, "h0", NETWORK_1.routerLinkLocal, true, [NETWORK_1.prefix]],
      [6, "h1", NETWORK_2.routerLinkLocal, true, [NETWORK_2.prefix]],
    ]);
    for (const { table, family, gateway } of tables) {
      const [first] = host.routes(family, "default", "table", String(table));
      assert.equal(first?.gateway, gateway);
    }
  }
  const { stdout } = await mif(host, ROOT, "route", "show");
  assert.match(stdout, /^table 1\d{9} +IPv6 +via fe80::ff:fe00:101 on h0 +from 2001:db8:1::\/64$/m);
});

test("the commands that a dry run shows do the same", lab, async () => {
  await using world = new World();
  const { host } = await twoRouters(world);
  const before = policy(host);
  const { changes } = await route(host, ROOT, "install", "--dry-run");
  assert.deepEqual(policy(host), before);
  const commands = changes.map(({ command }) => command);
  for (const command of commands) host.ip(...command.split(" ").slice(1));
  assert.deepEqual((await route(host, ROOT, "install")).changes, []);
  const byIp = policy(host);
  const removal = await route(host, ROOT, "remove", "--dry-run");
  assert.deepEqual(policy(host), byIp);
  for (const { command } of removal.changes) host.ip(...command.split(" ").slice(1));
  assert.deepEqual(policy(host), before);
  const text = (entries: unknown[]) => entries.map((entry) => JSON.stringify(entry)).sort();
  await route(host, ROOT, "install");
  assert.deepEqual(text(policy(host)), text(byIp));
});

test("after a crash half-way the next command finds all there is", lab, async () => {
  await using world = new World();
  const { host } = await twoRouters(world);
  const before = policy(host);
  const { changes } = await route(host, ROOT, "install", "--dry-run");
  // Some routes, tables without rules, sources that are led and not stopped, all but one.
  for (const done of [2, 10, 12, CHANGES - 1]) {
    const begin = () => {
      for (const { command } of changes.slice(0, done)) host.ip(...command.split(" ").slice(1));
    };
    begin();
    assert.equal((await route(host, ROOT, "install")).changes.length, CHANGES - done);
    assertOwnWays(host);
    await route(host, ROOT, "remove");
    assert.deepEqual(policy(host), before);
    begin();
    assert.equal((await route(host, ROOT, "remove")).changes.length, done);
    assert.deepEqual(policy(host), before);
  }
});

test(
  "what others have is theirs: tables, rules, and our number in tables of theirs",
  lab,
  async () => {
    await using world = new World();
    const { host } = await twoRouters(world);
    const planned = (await route(host, ROOT, "install", "--dry-run")).changes;
    const tables = [
      ...new Set(planned.flatMap(({ command }) => /table (\d+)/.exec(command)?.[1] ?? [])),
    ];
    const [one, two, three, four] = tables as [string, string, string, string];
    assert.equal(tables.length, 4);
    host.batch([
      // Someone uses the numbers that would be ours: a route of either family, a rule.
      `route add 10.0.0.0/8 dev h0 table ${one}`,
      `route add 2001:db8:77::/48 dev h0 table ${two} proto ${PROTOCOL} metric 5`,
      `rule add from 10.9.9.9 lookup ${three} priority 40`,
      `rule add iif h0 lookup ${four} priority 42`,
      // Our protocol, but not of our making.
      `route add 10.1.0.0/16 dev h0 proto ${PROTOCOL}`,
      `route add default via ${NETWORK_1.routerIpv4} table 100 proto ${PROTOCOL}`,
      `rule add from 10.9.9.9 lookup 100 priority 41 protocol ${PROTOCOL}`,
      `rule add from 198.51.100.0/24 lookup 100 priority 28400 protocol ${PROTOCOL}`,
      `rule add from 198.51.100.0/24 iif h0 unreachable priority 28401 protocol ${PROTOCOL}`,
      `rule add from 198.51.100.0/24 fwmark 7 unreachable priority 28401 protocol ${PROTOCOL}`,
    ]);
    const before = policy(host);
    const { changes } = await route(host, ROOT, "install");
    assert.equal(changes.length, CHANGES);
    for (const { command } of changes) {
      for (const table of tables) {
        assert.ok(!command.includes(table));
      }
    }
    const after = policy(host).map((entry) => JSON.stringify(entry));
    for (const entry of before) assert.ok(after.includes(JSON.stringify(entry)));
    assert.equal(wayOf(host, NETWORK_2.hostAddress, SERVICE_IPV6), NETWORK_2.routerLinkLocal);
    assert.deepEqual((await route(host, ROOT, "install")).changes, []);
    await route(host, ROOT, "remove");
    assert.deepEqual(policy(host), before);
  },
);

test("a rule of somebody else that is like ours in all but the protocol stays", lab, async () => {
  await using world = new World();
  const { host } = await oneLink(world);
  ip6Rule(host, `from ${NETWORK_1.prefix} iif lo unreachable priority 28401`);
  const before = policy(host);
  for (const caller of ROOTS) {
    assert.equal((await route(host, caller, "install")).changes.length, CHANGES / 2);
    assert.equal(host.ipJson("-6", "rule", "show", "priority", "28401").length, 2);
    assert.deepEqual((await route(host, caller, "install")).changes, []);
    await route(host, caller, "remove");
    assert.deepEqual(policy(host), before);
  }
});

test("without CAP_NET_ADMIN nothing is changed, and the error names it", lab, async () => {
  await using world = new World();
  const { host } = await twoLinks(world);
  const before = policy(host);
  for (const caller of CALLERS.filter(({ unprivileged }) => unprivileged)) {
    const { status, stdout, stderr } = await mif(host, caller, "route", "install");
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(stderr, /^mif route: Cannot do as "ip -. route add .*CAP_NET_ADMIN.*\(EPERM\)\n$/);
    assert.equal((await route(host, caller, "install", "--dry-run")).changes.length, CHANGES);
    assert.deepEqual(await route(host, caller, "show"), []);
    assert.deepEqual((await route(host, caller, "remove")).changes, []);
  }
  assert.deepEqual(policy(host), before);
  await route(host, ROOT, "install");
  const { status, stderr } = await mif(host, { ...ROOT, unprivileged: true }, "route", "remove");
  assert.equal(status, 1);
  assert.match(stderr, /CAP_NET_ADMIN/);
  assertOwnWays(host);
});

test("who may not solicit is told which addresses stay as they are, and why", lab, async () => {
  await using world = new World();
  const { host } = await twoRouters(world);
  const withoutRaw = ["setpriv", "--inh-caps=-net_raw", "--bounding-set=-net_raw"];
  const run = (...words: string[]) =>
    host.run([...withoutRaw, ...scriptArgv(cli), "route", "install", ...words]);
  const { status, stdout } = await run("--json");
  assert.equal(status, 0);
  const { changes, notices }: RouteReport = JSON.parse(stdout);
  // IPv4 is not in doubt.
  assert.ok(changes.every(({ command }) => command.startsWith("ip -4 ")));
  assert.equal(changes.length, 2 * (2 + 2));
  assert.equal(notices.length, 2);
  for (const { prefix } of NETWORKS) {
    assert.ok(
      notices.some((notice) => notice.startsWith(`${prefix} has no table: h0 has several`)),
    );
  }
  const insisting = await run("--solicit");
  assert.equal(insisting.status, 1);
  assert.match(insisting.stderr, /CAP_NET_RAW/);
  // Once somebody could ask, the answer stays.
  await route(host, ROOT, "install", "--solicit");
  assert.deepEqual(JSON.parse((await run("--json")).stdout), { changes: [], notices: [] });
  assertOwnWays(host);
});

test(
  "a router that withdraws leaves its sources unreachable, not to its neighbour",
  lab,
  async () => {
    await using world = new World();
    const { host, r1, r2 } = await twoRouters(world);
    await route(host, ROOT, "install");
    await r1.advertiser!.update({ ...advertisementOf(NETWORK_1), lifetimeSeconds: 0 });
    host.ip("route", "del", "default", "via", NETWORK_1.routerIpv4);
    await waitFor("the withdrawal", () => host.routes(6, "default").length === 1);
    const captures = [await r1.host.capture("lan0"), await r2.host.capture("lan0")];
    const { notices } = await route(host, ROOT, "install");
    assert.match(notices.join("\n"), /2001:db8:1::\/64 is closed/);
    assert.match(notices.join("\n"), /198\.51\.100\.0\/24 is closed/);
    for (const source of [NETWORK_1.hostAddress, NETWORK_1.hostIpv4]) {
      assert.equal(wayOf(host, source, far(source)), "unreachable");
    }
    // Deno's node:dgram swallows EHOSTUNREACH: what counts is the wire.
    await sendFromEverywhere(host);
    assertOwnWays(host, [NETWORK_2]);
    assert.equal(wayOf(host, NETWORK_1.hostAddress, NETWORK_1.routerAddress), null);
    const [shown] = (await route<RouteTable[]>(host, ROOT, "show")).filter(({ open }) => !open);
    assert.equal(shown?.gateway, null);
    for (const [i, { network }] of [r1, r2].entries()) {
      const wrong = (await captures[i]!.stop()).filter(({ src, dport }) =>
        dport === 53 && src !== null && networkOf(src) === NETWORK_1
      );
      assert.deepEqual(wrong, [], network.domain);
    }
    // It is back, and so is its default route.
    await r1.advertiser!.update(advertisementOf(NETWORK_1));
    host.ip("route", "add", "default", "via", NETWORK_1.routerIpv4, "dev", "h0", "metric", "100");
    await host.waitForGateways([NETWORK_1.routerLinkLocal]);
    assert.deepEqual((await route(host, ROOT, "install")).notices, []);
    assertOwnWays(host);
  },
);

test("a specific route through another router does not lead its sources astray", lab, async () => {
  await using world = new World();
  const { host, r1, r2 } = await twoRouters(world, { ipv4: false });
  host.sysctl({ "ipv6/conf/h0/accept_ra_rt_info_max_plen": 64 });
  await r2.advertiser!.update({
    ...advertisementOf(NETWORK_2),
    routes: [{ prefix: "2001:db8:ffff::/48" }, { prefix: "2001:db8:fff0::/44" }],
  });
  await waitFor("the route", () => host.routes(6).some(({ dst }) => dst === "2001:db8:ffff::/48"));
  await route(host, ROOT, "install");
  const captures = [await r1.host.capture("lan0"), await r2.host.capture("lan0")];
  for (const { hostAddress, routerLinkLocal, routerAddress } of NETWORKS) {
    assert.equal(wayOf(host, hostAddress, SERVICE_IPV6), routerLinkLocal);
    assert.equal(wayOf(host, hostAddress, "2001:db8:fff7::1"), routerLinkLocal);
    assert.equal(wayOf(host, hostAddress, routerAddress), null);
    await host.runScript("tests/lab/send_datagram.ts", [hostAddress, SERVICE_IPV6, "53"]);
  }
  for (const [i, { hostAddress, routerMac }] of NETWORKS.entries()) {
    const frame = await captures[i]!.waitFor(
      `the datagram from ${hostAddress}`,
      ({ src, dport }) => src === hostAddress && dport === 53,
    );
    assert.equal(frame.dstMac, routerMac);
  }
  await route(host, ROOT, "remove");
  assert.deepEqual(policy(host).filter(({ protocol }) => protocol === String(PROTOCOL)), []);
});

test("one prefix from two routers is told and left as it is", lab, async () => {
  await using world = new World();
  const { host } = await samePrefixTwoRouters(world);
  const before = policy(host);
  const { changes, notices } = await route(host, ROOT, "install");
  assert.deepEqual(changes, []);
  assert.match(notices.join(), /several PvDs hold the address/);
  assert.deepEqual(policy(host), before);
});

test("links that need no gateway, gateways beyond the subnet, IPv4 through IPv6", lab, async () => {
  await using world = new World();
  const { host } = plainLinks(world, 3);
  await Promise.all(["h0", "h1", "h2"].map((name) => host.waitForLinkLocal(name)));
  host.batch([
    "addr add 192.0.2.2/32 dev h0",
    "route add default dev h0 metric 10",
    "addr add 10.0.0.5/32 dev h1",
    "route add default via 172.31.1.1 dev h1 onlink metric 20",
    "addr add 198.51.100.2/24 dev h2",
    "addr add 2001:db8:5::5/64 dev h2",
    "route add default via 2001:db8:5::1 dev h2",
  ]);
  host.ip("-4", "route", "add", "default", "via", "inet6", "fe80::9", "dev", "h2", "metric", "30");
  const before = policy(host);
  assert.deepEqual((await route(host, ROOT, "install")).notices, []);
  assert.deepEqual((await route(host, ROOT, "install")).changes, []);
  const get = (source: string) =>
    host.ip("route", "get", far(source), "from", source).split("\n")[0]!;
  assert.match(get("192.0.2.2"), /dev h0/);
  assert.match(get("10.0.0.5"), /via 172\.31\.1\.1 dev h1/);
  assert.match(get("198.51.100.2"), /via inet6 fe80::9 dev h2/);
  assert.match(get("2001:db8:5::5"), /via 2001:db8:5::1 dev h2/);
  await route(host, ROOT, "remove");
  assert.deepEqual(policy(host), before);
});

for (const signal of ["INT", "TERM"]) {
  test(
    `--watch follows renumbering and routers until SIG${signal}, and leaves all there`,
    lab,
    async () => {
      await using world = new World();
      const { host, r1 } = await twoRouters(world);
      const { watcher, reports } = watch(host);
      await waitFor("the first report", () => reports.length > 0);
      assert.equal(reports[0]!.changes.length, CHANGES);
      assertOwnWays(host);
      // Another prefix comes, the old one goes.
      await r1.advertiser!.update({ prefixes: [{ prefix: "2001:db8:9::/64" }] });
      const renumbered = "2001:db8:9::ff:fe00:a0a";
      await host.waitForAddresses([renumbered]);
      await waitFor(
        "its router",
        () => wayOf(host, renumbered, SERVICE_IPV6) === NETWORK_1.routerLinkLocal,
      );
      assertOwnWays(host);
      host.ip("addr", "del", `${NETWORK_1.hostAddress}/64`, "dev", "h0");
      await waitFor(
        "the end of the old rules",
        () => !host.ip("-6", "rule").includes(`from ${NETWORK_1.prefix} iif lo lookup`),
      );
      for (const { changes } of reports.slice(1)) {
        for (const { command } of changes) assert.match(command, /^ip -6 (rule|route) (add|del) /);
      }
      // The router goes and comes.
      await r1.advertiser!.update({
        prefixes: [{ prefix: "2001:db8:9::/64" }],
        lifetimeSeconds: 0,
      });
      await waitFor("the closing", () => wayOf(host, renumbered, SERVICE_IPV6) === "unreachable");
      assertOwnWays(host, [NETWORK_2]);
      await r1.advertiser!.update({ prefixes: [{ prefix: "2001:db8:9::/64" }] });
      await waitFor(
        "the opening",
        () => wayOf(host, renumbered, SERVICE_IPV6) === NETWORK_1.routerLinkLocal,
      );
      const before = policy(host);
      host.shell(`kill -${signal} ${watcher.pid}`);
      assert.deepEqual(await watcher.exited, { status: 0, signal: null });
      assert.equal(watcher.stderr, "");
      assert.deepEqual(policy(host), before);
    },
  );
}

test("--watch puts back what somebody took away", lab, async () => {
  await using world = new World();
  const { host } = await oneLink(world);
  const { reports } = watch(host);
  await waitFor("the first report", () => reports.length > 0);
  const rules = () => host.ipJson<{ protocol?: string }>("-N", "-6", "rule").length;
  const before = rules();
  host.ip("-6", "rule", "del", "priority", "28400");
  await waitFor("the rule", () => rules() === before);
});

test("mif route used wrongly", lab, async () => {
  await using world = new World();
  const { host } = plainLinks(world, 1);
  const wrong = [[], ["shew"], ["install", "--watch", "--dry-run"], ["show", "all"], [
    "remove",
    "-x",
  ]];
  for (const words of wrong) {
    const { status, stdout, stderr } = await mif(host, ROOT, "route", ...words);
    assert.deepEqual([status, stdout], [2, ""]);
    assert.match(stderr, /^mif: .*; see mif --help\n$/);
  }
  const { stdout } = await mif(host, ROOT, "route", "show");
  assert.equal(stdout, "Nothing is installed.\n");
});
