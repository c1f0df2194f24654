// What `mif route install` does to packets, on the wire: captures at every router while programs send without end and the
// routes are put there, changed and taken away.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { RouteTable } from "../../mod.ts";
import { AF_INET, AF_INET6, SOCK_DGRAM, SOCK_STREAM } from "../../lib/socket/options.ts";
import {
  advertisementOf,
  type Capture,
  churn,
  type Frame,
  type Host,
  HOST_MAC,
  type LabProcess,
  type LabRouter,
  labSkip,
  type Network,
  NETWORK_1,
  NETWORK_2,
  SERVICE_IPV4,
  SERVICE_IPV6,
  twoLinks,
  twoRouters,
  waitFor,
  World,
} from "../lab/mod.ts";
import { flood, type Stream } from "./flood.ts";
import { ROOT } from "./mif.ts";
import { isNeighbourhood, route, watch } from "./mif_route.ts";
import { families, service6, type Site, site } from "./site.ts";
import { ECHO_PORT, echoServer, type ProbeSocket, refuses, SocketProbe } from "./socket_probe.ts";

const lab = { skip: labSkip(), timeout: 120_000 };
const NETWORKS = [NETWORK_1, NETWORK_2];
/** What the second router announces later. */
const RENUMBERED = "2001:db8:9::/64";
const NEW_ADDRESS = "2001:db8:9::ff:fe00:a0a";

function isOf({ hostIpv4, prefix }: Network, source: string): boolean {
  const prefixes = prefix === NETWORK_2.prefix ? [prefix, RENUMBERED] : [prefix];
  return source === hostIpv4 ||
    prefixes.some((each) => source.startsWith(each.split("::")[0]! + ":"));
}

/** What a router was sent by the host: frames with its own network's sources, and with the other's. */
function received({ frames }: Capture, { network }: LabRouter): { own: Frame[]; foreign: Frame[] } {
  const toIt = frames.filter((frame) =>
    frame.direction === "in" && frame.srcMac === HOST_MAC &&
    frame.dstMac === network.routerMac && frame.src !== null && !isNeighbourhood(frame)
  );
  const other = NETWORKS.find((each) => each.routerMac !== network.routerMac)!;
  return {
    own: toIt.filter(({ src }) => isOf(network, src!)),
    foreign: toIt.filter(({ src }) => isOf(other, src!)),
  };
}

/** The assertion of all: no router got a frame with a source of the other's network. Some of its own did come. */
async function assertNoLeak({ captures, r1, r2 }: Site): Promise<void> {
  for (const [at, router] of [r1, r2].entries()) {
    await captures[at]!.stop();
    const { own, foreign } = received(captures[at]!, router);
    assert.deepEqual(foreign.slice(0, 5), [], `${foreign.length} of ${router.network.domain}`);
    assert.ok(own.length > 0);
  }
}

/** From each source to what is far, to its own router and to the other's; connected or not, by device or not. */
function streams(devices: readonly [string, string], options: { near: boolean }): Stream[] {
  return NETWORKS.flatMap((network, at) => {
    const other = NETWORKS[1 - at]!;
    const device = devices[at];
    const near = options.near
      ? [network.routerAddress, network.routerIpv4, other.routerAddress, other.routerIpv4]
      : [];
    const far = [SERVICE_IPV6, SERVICE_IPV4];
    return [...far, ...near].flatMap((to): Stream[] => {
      const source = to.includes(":") ? network.hostAddress : network.hostIpv4;
      const plain = [{ source, to, connected: true }, { source, to }];
      return to === SERVICE_IPV6 ? [...plain, { source, to, device }] : plain;
    });
  });
}

const TOPOLOGIES = [
  { topology: twoRouters, devices: ["h0", "h0"] },
  { topology: twoLinks, devices: ["h0", "h1"] },
] as const;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

for (const { topology, devices } of TOPOLOGIES) {
  test(
    `${topology.name}: once a source leaves by its router it never leaves by another`,
    lab,
    async () => {
      await using world = new World();
      const it = await site(world, topology);
      await flood(it.host, streams(devices, { near: false }));
      await pause(300);
      await route(it.host, ROOT, "install");
      await pause(300);
      await route(it.host, ROOT, "install");
      await pause(300);
      /** Of each socket that counts, the last port of a wrong frame and the first of a right one. */
      const turns = new Map<string, { wrong: number; right: number }>();
      for (const [at, router] of [it.r1, it.r2].entries()) {
        await it.captures[at]!.stop();
        const { own, foreign } = received(it.captures[at]!, router);
        const turnOf = ({ src, sport }: Frame) => {
          const turn = turns.get(`${src} ${sport}`) ?? { wrong: 0, right: Infinity };
          turns.set(`${src} ${sport}`, turn);
          return turn;
        };
        for (const frame of own.filter(({ dport }) => dport! >= 1024)) {
          turnOf(frame).right = Math.min(turnOf(frame).right, frame.dport!);
        }
        for (const frame of foreign.filter(({ dport }) => dport! >= 1024)) {
          turnOf(frame).wrong = Math.max(turnOf(frame).wrong, frame.dport!);
        }
      }
      // Two sockets for each source of IPv6, one of IPv4.
      assert.equal(turns.size, 6);
      for (const [who, { wrong, right }] of turns) {
        assert.ok(wrong <= right && right < Infinity, who);
      }
      // There was something to mend.
      assert.ok([...turns.values()].some(({ wrong }) => wrong > 0));
    },
  );
}

/** The commands by which the version before this one held a source to a router. */
function olderLayout(host: Host, devices: readonly [string, string]): void {
  for (const [at, network] of NETWORKS.entries()) {
    for (const family of [4, 6]) {
      const table = 1_000_000_000 + 10 * family + at;
      const prefix = family === 6 ? network.prefix : network.ipv4Prefix;
      const gateway = family === 6 ? network.routerLinkLocal : network.routerIpv4;
      const commands = [
        `route add unreachable default table ${table} metric 4278198272 protocol 88`,
        `route add default via ${gateway} dev ${
          devices[at]
        } onlink table ${table} metric 1024 protocol 88`,
        `rule add from ${prefix} lookup ${table} priority 28803 protocol 88`,
        `rule add from ${prefix} lookup main suppress_prefixlength 0 priority 28802 protocol 88`,
      ];
      host.shell(`ip -${family} -batch - <<'.'\n${commands.join("\n")}\n.`);
    }
  }
}

for (const { topology, devices } of TOPOLOGIES) {
  test(
    `${topology.name}: what an older version installed is replaced while packets flow`,
    lab,
    async () => {
      await using world = new World();
      const it = await site(world, topology);
      olderLayout(it.host, devices);
      await flood(it.host, streams(devices, { near: false }).filter(({ device }) => !device));
      await pause(300);
      const { changes } = await route(it.host, ROOT, "install");
      assert.ok(changes.some(({ command }) => /rule del .* priority 28803/.test(command)));
      assert.ok(changes.some(({ command }) => /route del unreachable default/.test(command)));
      await pause(300);
      assert.deepEqual((await route(it.host, ROOT, "install")).changes, []);
      assert.ok(!it.host.ip("-6", "rule").includes("suppress_prefixlength"));
      await assertNoLeak(it);
    },
  );

  test(
    `${topology.name}: routers that come, go and renumber move no packet of another source`,
    lab,
    async () => {
      await using world = new World();
      const it = await site(world, topology);
      const { host, r2, captures } = it;
      const { watcher, reports } = watch(host);
      await waitFor("the first report", () => reports.length > 0);
      await flood(host, streams(devices, { near: true }));
      await pause(200);
      await r2.advertiser!.update({
        prefixes: [{ prefix: NETWORK_2.prefix, preferredSeconds: 0 }, { prefix: RENUMBERED }],
      });
      await host.waitForAddresses([NEW_ADDRESS]);
      await waitFor("its rule", () => host.ip("-6", "rule").includes("2001:db8:9::/64"));
      await flood(host, [{ source: NEW_ADDRESS, to: SERVICE_IPV6, connected: true }, {
        source: NEW_ADDRESS,
        to: NETWORK_1.routerAddress,
      }]);
      // The router goes, and its IPv4 one too; comes back; the old prefix ends.
      const gone = { prefixes: [{ prefix: RENUMBERED }], lifetimeSeconds: 0 };
      await r2.advertiser!.update(gone);
      host.ip("route", "del", "default", "via", NETWORK_2.routerIpv4);
      await waitFor(
        "the closing",
        () => reports.some(({ notices }) => /is closed/.test(`${notices}`)),
      );
      await pause(200);
      await r2.advertiser!.update({ ...gone, lifetimeSeconds: 1800 });
      const again = `default via ${NETWORK_2.routerIpv4} dev ${devices[1]} metric 101`;
      host.ip("route", "add", ...again.split(" "));
      await waitFor("the opening", () => reports.at(-1)!.notices.length === 0);
      host.ip("addr", "del", `${NETWORK_2.hostAddress}/64`, "dev", devices[1]);
      await waitFor(
        "the end of the old rule",
        () => !host.ip("-6", "rule").includes(`from ${NETWORK_2.prefix} iif lo lookup`),
      );
      await pause(200);
      await captures[1]!.waitFor("the new address", ({ src }) => src === NEW_ADDRESS);
      // Its device-bound socket passes over nothing: it has no address any more, or its rule stops it.
      await assertNoLeak(it);
      watcher.kill();
    },
  );
}

/**
 * Takes connections and never says a word: one that was answered would have its peer's kernel ask again after the end, and
 * be told by this host's kernel, which goes the system's way by then.
 */
const sink = String.raw`
import socket, sys, threading
def read(s):
    while s.recv(65536):
        pass
def serve(address):
    s = socket.create_server((address, 7007), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
    while True:
        threading.Thread(target=read, args=s.accept()[:1], daemon=True).start()
for address in sys.argv[1:]:
    threading.Thread(target=serve, args=(address,)).start()
print("ready", flush=True)
`;

test("sockets on a PvD send until their routes are removed, and nothing after", lab, async () => {
  await using world = new World();
  const it = await site(world, twoRouters);
  for (const { host } of [it.r1, it.r2]) {
    const server = host.spawn(["python3", "-IS", "-c", sink, SERVICE_IPV6, SERVICE_IPV4]);
    await server.waitForOutput(/ready/);
  }
  await route(it.host, ROOT, "install");
  const probe = new SocketProbe(it.host, { unprivileged: true });
  const sockets: ProbeSocket[] = [];
  for (const { source, to: { address } } of NETWORKS.flatMap(families)) {
    for (const type of [SOCK_STREAM, SOCK_DGRAM]) {
      const opened = await probe.open(source.includes(":") ? AF_INET6 : AF_INET, type);
      // Of an interface's IPv4 addresses, which are one PvD, the first would be taken.
      await opened.do({ call: "bind", to: { address: source } });
      await opened.do({ call: "select", address: source });
      await opened.do({ call: "connect", to: { address, port: 7007 } });
      sockets.push(opened);
    }
  }
  const sending = sockets.map(async (each) => {
    for (let count = 0;; count++) {
      try {
        await each.do({ call: "send", text: "more" });
      } catch (error) {
        const { code } = error as { code: string };
        // Nobody listens for datagrams at that port.
        if (code !== "ECONNREFUSED") return { count, code };
      }
    }
  });
  await pause(300);
  await route(it.host, ROOT, "remove");
  for (const { count, code } of await Promise.all(sending)) {
    assert.ok(count > 10, `${count}`);
    assert.equal(code, "ENETUNREACH");
  }
  await Promise.all(sockets.map((each) => each.close()));
  await pause(500);
  await assertNoLeak(it);
});

/** Has the far end of a network send to an address of the host by its own link, whatever the host thinks of it. */
async function provoke({ host: router, network }: LabRouter, hostAddress: string): Promise<void> {
  const isIpv6 = hostAddress.includes(":");
  const via = NETWORKS.some((own) => own === network && isOf(own, hostAddress))
    ? []
    : [hostAddress];
  const through = isIpv6 ? network.hostAddress : network.hostIpv4;
  for (const address of via) {
    router.ip(isIpv6 ? "-6" : "-4", "route", "replace", address, "via", through, "dev", "lan0");
  }
  const from = isIpv6 ? SERVICE_IPV6 : SERVICE_IPV4;
  // To closed ports, by UDP, by TCP; and an echo request of several fragments.
  await router.run(["python3", "-IS", "-c", stranger, from, hostAddress]);
}

const stranger = String.raw`
import os, socket, struct, sys
source, to = sys.argv[1:]
family = socket.AF_INET6 if ":" in to else socket.AF_INET
for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
    s = socket.socket(family, kind)
    s.settimeout(0.3)
    s.bind((source, 0))
    try:
        s.connect((to, 9))
        s.send(b"x")
    except OSError:
        pass
if family == socket.AF_INET6:
    s = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    echo = struct.pack("!BBHHH", 128, 0, 0, 1, 1) + bytes(3000)
else:
    s = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    data = struct.pack("!BBHHH", 8, 0, 0, 1, 1)
    echo = struct.pack("!BBHHH", 8, 0, 0xffff - 0x0802, 1, 1) + bytes(3000)
s.bind((source, 0))
s.sendto(echo, (to, 0))
`;

for (const { topology } of TOPOLOGIES) {
  test(
    `${topology.name}: what the kernel says by itself goes by the source's router too`,
    lab,
    async () => {
      await using world = new World();
      const it = await site(world, topology);
      await route(it.host, ROOT, "install");
      for (const router of [it.r1, it.r2]) {
        for (const { hostAddress, hostIpv4 } of NETWORKS) {
          await provoke(router, hostAddress);
          await provoke(router, hostIpv4);
        }
      }
      for (const [at, { hostAddress, hostIpv4 }] of NETWORKS.entries()) {
        for (const source of [hostAddress, hostIpv4]) {
          const isIpv6 = source.includes(":");
          const kinds: [string, (frame: Frame) => boolean][] = [
            ["reset", ({ protocol }) => protocol === 6],
            ["unreachable port", ({ icmpType }) => icmpType === (isIpv6 ? 1 : 3)],
            ["echo reply", ({ icmpType }) => icmpType === (isIpv6 ? 129 : 0)],
          ];
          for (const [what, is] of kinds) {
            await it.captures[at]!.waitFor(
              `the ${what} of ${source}`,
              (frame) => frame.direction === "in" && frame.src === source && is(frame),
            );
          }
        }
      }
      await assertNoLeak(it);
    },
  );
}

test("neighbours, groups and the host itself are reached as before", lab, async () => {
  await using world = new World();
  const it = await site(world, twoRouters);
  const { host, captures } = it;
  await route(host, ROOT, "install");
  const index = host.ipJson<{ ifindex: number }>("link", "show", "dev", "h0")[0]!.ifindex;
  const probe = new SocketProbe(host);
  for (const [at, network] of NETWORKS.entries()) {
    const udp = await probe.open(AF_INET6, SOCK_DGRAM);
    await udp.do({ call: "bind", to: { address: network.hostAddress } });
    const near = [network.routerAddress, network.routerLinkLocal];
    for (const address of [...near, "ff02::1", "ff05::2"]) {
      await udp.do({ call: "send", text: "x", to: { address, port: 9, scopeId: index } });
      await captures[at]!.waitFor(
        `${address} from ${network.hostAddress}`,
        ({ src, dst }) => src === network.hostAddress && dst === address,
      );
    }
    const other = NETWORKS[1 - at]!;
    await udp.do({ call: "send", text: "x", to: { address: other.hostAddress, port: 9 } });
    const udp4 = await probe.open(AF_INET, SOCK_DGRAM);
    await udp4.do({ call: "bind", to: { address: network.hostIpv4 } });
    await udp4.do({ call: "setsockopt", level: 1, name: 6, value: 1 });
    const broadcast = network.ipv4Prefix.replace(/0\/24$/, "255");
    for (const address of [network.routerIpv4, "224.0.0.1", "239.1.1.1", broadcast]) {
      await udp4.do({ call: "send", text: "x", to: { address, port: 9 } });
      await captures[at]!.waitFor(
        `${address} from ${network.hostIpv4}`,
        ({ src, dst }) => src === network.hostIpv4 && dst === address,
      );
    }
    // What is this host's own does not leave.
    const ways = [[network.hostAddress, other.hostAddress], [network.hostIpv4, other.hostIpv4]];
    for (const [from, to] of ways) {
      const [answer] = host.ipJson<{ dev: string }>("route", "get", to!, "from", from!);
      assert.equal(answer!.dev, "lo");
    }
    // A socket that is bound to nothing goes the system's way.
    const free = await probe.open(AF_INET6, SOCK_DGRAM);
    await free.do({ call: "connect", to: service6 });
  }
  await assertNoLeak(it);
});

test("what the host forwards goes as it did, whatever its source", lab, async () => {
  await using world = new World();
  const it = await site(world, twoLinks);
  const { host, r1 } = it;
  host.sysctl({ "ipv4/ip_forward": 1, "ipv4/conf/all/rp_filter": 0 });
  const before = host.ip("route", "get", "203.0.113.1", "from", "198.51.100.77", "iif", "h0");
  const far = host.ip("route", "get", SERVICE_IPV4, "from", "198.51.100.77", "iif", "h0");
  await route(host, ROOT, "install");
  for (const [to, way] of [["203.0.113.1", before], [SERVICE_IPV4, far]] as const) {
    assert.equal(host.ip("route", "get", to, "from", "198.51.100.77", "iif", "h0"), way);
  }
  assert.match(before, /dev h1/);
  r1.host.ip("route", "add", "203.0.113.0/24", "via", NETWORK_1.hostIpv4);
  await r1.host.run(["python3", "-IS", "-c", stranger, r1.network.routerIpv4, "203.0.113.1"]);
  await it.captures[1]!.waitFor("what was forwarded", ({ src }) => src === r1.network.routerIpv4);
});

test("a closed source stays closed for a socket that is bound to the device", lab, async () => {
  await using world = new World();
  const it = await site(world, twoRouters);
  const { host, r2 } = it;
  await route(host, ROOT, "install");
  await r2.advertiser!.update({ ...advertisementOf(NETWORK_2), lifetimeSeconds: 0 });
  await waitFor("the withdrawal", () => host.routes(6, "default").length === 1);
  await route(host, ROOT, "install");
  const tables = await route<RouteTable[]>(host, ROOT, "show");
  assert.deepEqual(tables.filter(({ open }) => !open).map(({ sources }) => sources), [
    [NETWORK_2.prefix],
  ]);
  const source = NETWORK_2.hostAddress;
  await flood(host, [
    { source, to: SERVICE_IPV6, device: "h0" },
    { source, to: SERVICE_IPV6 },
    { source, to: NETWORK_1.routerAddress, device: "h0" },
    { source, to: NETWORK_2.routerAddress, device: "h0" },
    { source: NETWORK_1.hostAddress, to: SERVICE_IPV6 },
  ]);
  await pause(300);
  await assertNoLeak(it);
  const { own } = received(it.captures[1]!, r2);
  assert.ok(own.every(({ dst }) => dst === NETWORK_2.routerAddress));
});

test(
  "--watch sleeps while nothing changes, and is there at once when something does",
  lab,
  async () => {
    await using world = new World();
    const { host } = await twoRouters(world);
    const { watcher, reports } = watch(host);
    await waitFor("the first report", () => reports.length > 0);
    await pause(1000);
    const before = cpuMs(host, watcher);
    await pause(3000);
    const usedMs = cpuMs(host, watcher) - before;
    assert.ok(usedMs < 10, `${usedMs} ms of 3 s`);
    const rules = () => host.ip("-6", "rule").split("\n").length;
    const all = rules();
    const delaysMs: number[] = [];
    for (let i = 0; i < 5; i++) {
      host.ip("-6", "rule", "del", "priority", "28400");
      const startMs = performance.now();
      await waitFor("the rule", () => rules() === all);
      delaysMs.push(performance.now() - startMs);
      await pause(300);
    }
    assert.ok(delaysMs.sort((a, b) => a - b)[2]! < 150, `${delaysMs}`);
  },
);

/** Time that a process' first thread has run: the first field of /proc/PID/schedstat, in nanoseconds. */
function cpuMs(host: Host, { pid }: LabProcess): number {
  return Number(host.shell(`cat /proc/${pid}/schedstat`).split(" ")[0]) / 1e6;
}

test("--watch bears a storm of changes, links that flap, and its own end", lab, async () => {
  await using world = new World();
  const { host } = await twoRouters(world);
  const { watcher, reports } = watch(host, "--remove-at-end");
  await waitFor("the first report", () => reports.length > 0);
  const installed = ours(host);
  assert.equal(installed.split("\n").length, 18);
  // The news of this overrun the listener's buffer (ENOBUFS).
  const storm = churn(host, "h0", ["routes", "addresses"]);
  await pause(500);
  for (const family of ["-4", "-6"]) {
    for (const priority of ["28400", "28401"]) host.ip(family, "rule", "del", "priority", priority);
  }
  await pause(1000);
  await storm.kill();
  await waitFor("the rules", () => ours(host) === installed);
  for (let i = 0; i < 10; i++) host.shell("ip link set h0 down; ip link set h0 up");
  // IPv4 loses its routes with the link, and no client is here to put them back.
  for (const { routerIpv4, ipv4Prefix } of NETWORKS) {
    host.ip("route", "add", ipv4Prefix, "dev", "h0");
    host.ip("route", "append", "default", "via", routerIpv4, "dev", "h0");
  }
  await host.waitForAddresses(NETWORKS.map(({ hostAddress }) => hostAddress));
  await waitFor("the rules and routes", () => ours(host) === installed);
  host.shell(`kill -TERM ${watcher.pid}`);
  assert.deepEqual(await watcher.exited, { status: 0, signal: null });
  assert.equal(watcher.stderr, "");
  assert.equal(ours(host), "");
  assert.ok(reports.at(-1)!.changes.every(({ operation }) => operation === "remove"));
});

/** All rules and routes with our protocol number, sorted. */
function ours(host: Host): string {
  const lines = ["-4", "-6"].flatMap((family) => [
    ...host.ip("-N", family, "rule").split("\n").filter((line) => / proto 88$/.test(line.trim())),
    ...host.ip("-N", family, "route", "show", "table", "all", "proto", "88").split("\n"),
  ]);
  return lines.filter((line) => line !== "").sort().join("\n");
}

/** Behind the second router; the first one knows that, and that the host could go there directly. */
const BEHIND = { 4: "192.0.2.77", 6: "2001:db8:77::1" } as const;

/** What a router would say that leaves out what it is about (RFC 4861 4.5), which Linux believes for every socket. */
const redirect = String.raw`
import socket, struct, sys
host, destination, router = sys.argv[1:]
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 255)
s.bind(("fe80::ff:fe00:101", 0, 0, socket.if_nametoindex("lan0")))
packed = [socket.inet_pton(socket.AF_INET6, each) for each in (router, destination)]
s.sendto(struct.pack("!BBHI", 137, 0, 0, 0) + b"".join(packed) + bytes([2, 1, 2, 0, 0, 0, 2, 2]), (host, 0))
`;

/** Two routed networks on one link, where the first router redirects to the second what is for {@linkcode BEHIND}. */
async function redirectingSite(world: World): Promise<Site> {
  const it = await site(world, twoRouters);
  const { r1, r2, host } = it;
  r2.host.batch([`addr add ${BEHIND[4]}/32 dev lo`, `addr add ${BEHIND[6]}/128 dev lo`]);
  r2.host.batch([
    `route add ${NETWORK_1.ipv4Prefix} dev lan0`,
    `route add ${NETWORK_1.prefix} dev lan0`,
  ]);
  r1.host.batch([
    `route add ${BEHIND[4]} via ${NETWORK_2.routerIpv4} dev lan0 onlink`,
    `route add ${BEHIND[6]} via ${NETWORK_2.routerLinkLocal} dev lan0`,
  ]);
  r1.host.sysctl({ "ipv4/ip_forward": 1, "ipv4/conf/lan0/send_redirects": 1 });
  await echoServer(r2.host, [BEHIND[4]]);
  await route(host, ROOT, "install");
  // The host takes a redirect only to a neighbour that it knows already.
  const { hostIpv4, hostAddress } = NETWORK_2;
  await flood(host, [{ source: hostIpv4, to: SERVICE_IPV4 }, {
    source: hostAddress,
    to: SERVICE_IPV6,
  }]);
  await pause(200);
  return it;
}

/** Whether the host would send to a place behind the second router directly, by a redirect. */
function isRedirected(host: Host, family: 4 | 6): boolean {
  const source = family === 4 ? NETWORK_1.hostIpv4 : NETWORK_1.hostAddress;
  const router = family === 4 ? NETWORK_2.routerIpv4 : NETWORK_2.routerLinkLocal;
  return host.ip(`-${family}`, "route", "get", BEHIND[family], "from", source).includes(router);
}

test(
  "a datagram is refused where a redirect would lead it to another PvD's router",
  lab,
  async () => {
    await using world = new World();
    const it = await redirectingSite(world);
    const { host, r1 } = it;
    const probe = new SocketProbe(host, { unprivileged: true });
    for (const family of [4, 6] as const) {
      const source = family === 4 ? NETWORK_1.hostIpv4 : NETWORK_1.hostAddress;
      const udp = await probe.openOn(source, SOCK_DGRAM);
      const send = () =>
        udp.do({ call: "send", text: "x", to: { address: BEHIND[family], port: 9 } });
      await send();
      if (family === 6) {
        const words = [source, BEHIND[6], NETWORK_2.routerLinkLocal];
        const { stderr } = await r1.host.run(["python3", "-IS", "-c", redirect, ...words]);
        assert.equal(stderr, "");
      }
      await waitFor("the redirect", () => isRedirected(host, family));
      await refuses("EPVDROUTE", send());
    }
    await flood(host, [{ source: NETWORK_2.hostAddress, to: SERVICE_IPV6 }]);
    await pause(100);
    await assertNoLeak(it);
  },
);

test("a connection that a redirect leads to another PvD's router is cut off", lab, async () => {
  await using world = new World();
  const it = await redirectingSite(world);
  const { host, captures } = it;
  const probe = new SocketProbe(host, { unprivileged: true });
  const tcp = await probe.openOn(NETWORK_1.hostIpv4, SOCK_STREAM);
  await tcp.do({ call: "connect", to: { address: BEHIND[4], port: ECHO_PORT } });
  assert.equal(await tcp.echo(), NETWORK_1.hostIpv4);
  // The kernel remembers a redirect for all that goes to a destination, whoever caused it.
  const other = await flood(host, [{ source: NETWORK_1.hostIpv4, to: BEHIND[4] }]);
  await waitFor("the redirect", () => isRedirected(host, 4));
  await other.kill();
  await refuses("ENETUNREACH", tcp.do({ call: "recv", timeoutMs: 5000 }));
  const before = captures[1]!.frames.length;
  await refuses("ENETUNREACH", tcp.do({ call: "send", text: "x" }));
  await tcp.close();
  await pause(500);
  const after = captures[1]!.frames.slice(before);
  assert.deepEqual(
    after.filter(({ srcMac, protocol }) => srcMac === HOST_MAC && protocol === 6),
    [],
  );
});

test("a host that takes no redirects goes on by the own router", lab, async () => {
  await using world = new World();
  const it = await redirectingSite(world);
  const { host, r1 } = it;
  const off = ["ipv4/conf/all", "ipv4/conf/h0", "ipv6/conf/h0"];
  host.sysctl(Object.fromEntries(off.map((path) => [`${path}/accept_redirects`, 0])));
  const probe = new SocketProbe(host, { unprivileged: true });
  const tcp = await probe.openOn(NETWORK_1.hostIpv4, SOCK_STREAM);
  await tcp.do({ call: "connect", to: { address: BEHIND[4], port: ECHO_PORT } });
  const udp = await probe.openOn(NETWORK_1.hostAddress, SOCK_DGRAM);
  const words = [NETWORK_1.hostAddress, BEHIND[6], NETWORK_2.routerLinkLocal];
  await r1.host.run(["python3", "-IS", "-c", redirect, ...words]);
  for (let i = 0; i < 10; i++) {
    await tcp.do({ call: "send", text: "x" });
    await udp.do({ call: "send", text: "x", to: { address: BEHIND[6], port: 9 } });
    await pause(100);
  }
  await assertNoLeak(it);
});
