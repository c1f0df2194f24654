// The lab itself: every topology is what it promises, and nothing of it stays.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { commandOutput } from "../lab/command.ts";
import { scriptArgv } from "../lab/enter.ts";
import {
  churn,
  enterArgv,
  type Host,
  type IpLink,
  type IpRoute,
  labAccess,
  LabProcess,
  labSkip,
  manyLinks,
  manyLinksNetwork,
  manyRoutes,
  type Network,
  NETWORK_1,
  NETWORK_2,
  noIpv6,
  oneLink,
  PacketSocket,
  routerAdvertisement,
  type RouterAdvertisementInit,
  samePrefixTwoRouters,
  SERVICE_IPV4,
  SERVICE_IPV6,
  temporaryAndDeprecated,
  twoLinks,
  twoRouters,
  waitFor,
  World,
} from "../lab/mod.ts";

const skip = labSkip();
const sendDatagram = new URL("../lab/send_datagram.ts", import.meta.url);

for (const by of ["advertiser", "radvd"] as const) {
  test(
    `oneLink: the host has the network that its router advertises, by ${by}`,
    { skip },
    async () => {
      await using world = new World();
      const { host } = await oneLink(world, { by });
      assertNetwork(host, "h0", NETWORK_1);
      assert.equal(host.routes(6, "default").length, 1);
      assert.equal(host.mac("h0"), "02:00:00:00:0a:0a");
    },
  );

  test(`twoLinks: each link has a network of its own, by ${by}`, { skip }, async () => {
    await using world = new World();
    const { host } = await twoLinks(world, { by });
    assertNetwork(host, "h0", NETWORK_1);
    assertNetwork(host, "h1", NETWORK_2);
  });

  test(`twoRouters: one link has both networks, by ${by}`, { skip }, async () => {
    await using world = new World();
    const { host } = await twoRouters(world, { by });
    assertNetwork(host, "h0", NETWORK_1);
    assertNetwork(host, "h0", NETWORK_2);
    const [answer] = host.ipJson<IpRoute>("route", "get", SERVICE_IPV6);
    assert.equal(answer?.gateway, NETWORK_1.routerLinkLocal, "the kernel's default is the first");
  });
}

test("samePrefixTwoRouters: one address and two gateways", { skip }, async () => {
  await using world = new World();
  const { host } = await samePrefixTwoRouters(world);
  const global = host.addresses("h0").filter(({ scope }) => scope === "global");
  assert.deepEqual(global.map(({ local }) => local), [NETWORK_1.hostAddress]);
  assert.deepEqual(
    host.routes(6, "default").map(({ gateway }) => gateway).sort(),
    [NETWORK_1.routerLinkLocal, NETWORK_2.routerLinkLocal],
  );
});

test("temporaryAndDeprecated: three addresses, one of each kind", { skip }, async () => {
  await using world = new World();
  const { host } = await temporaryAndDeprecated(world);
  const addresses = host.addresses("h0").filter((a) =>
    a.family === "inet6" && a.scope === "global"
  );
  const kindOf = new Map(addresses.map((a) => [a.local, `${!!a.temporary} ${!!a.deprecated}`]));
  assert.equal(kindOf.get(NETWORK_1.hostAddress), "false false");
  assert.equal(kindOf.get(NETWORK_2.hostAddress), "false true");
  assert.deepEqual([...kindOf.values()].sort(), ["false false", "false true", "true false"]);
});

test("noIpv6: the host has IPv4 only", { skip }, async () => {
  await using world = new World();
  const { host } = await noIpv6(world);
  assert.deepEqual(host.addresses().filter(({ family }) => family === "inet6"), []);
  assert.deepEqual(host.routes(6, "table", "all"), []);
  assert.deepEqual(host.routes(4, "default").map(({ gateway }) => gateway), [NETWORK_1.routerIpv4]);
});

test("manyLinks: each of 200 links has its advertised network", { skip }, async () => {
  await using world = new World();
  const { host } = await manyLinks(world, 200, { advertise: true });
  const defaults = host.routes(6, "default").map(({ dev, gateway }) => `${dev} ${gateway}`);
  const expected = Array.from({ length: 200 }, (_, index) => manyLinksNetwork(index));
  assert.deepEqual(
    defaults.sort(),
    expected.map((link) => `${link.interface} ${link.routerLinkLocal}`).sort(),
  );
  const addresses = host.addresses().map((address) => `${address.interface} ${address.local}`);
  for (const link of expected) {
    assert.ok(addresses.includes(`${link.interface} ${link.hostAddress}`), link.interface);
  }
});

test(
  "manyRoutes: as many as asked, in the table and of the protocol that were asked",
  { skip },
  async () => {
    await using world = new World();
    const { host } = await oneLink(world);
    manyRoutes(host, 70_000, { interface: "h0", table: 1000, protocol: 77 });
    manyRoutes(host, 300, { interface: "h0", family: 4 });
    const routes = host.routes(6, "table", "1000");
    assert.equal(new Set(routes.map(({ dst }) => dst)).size, 70_000);
    assert.ok(routes.every(({ protocol }) => protocol === "77"));
    assert.equal(host.routes(4, "proto", "static").length, 300);
  },
);

test("churn: routes, addresses and links come and go until it is stopped", { skip }, async () => {
  await using world = new World();
  const { host } = await oneLink(world);
  const source = churn(host, "h0");
  const monitor = host.spawn(["ip", "monitor", "link", "address", "route"]);
  const seen = () => monitor.stdout;
  await waitFor(
    "every kind of change, in both directions",
    () =>
      /^2001:db8:c000:.* dev h0/m.test(seen()) && /^Deleted 2001:db8:c000:/m.test(seen()) &&
      /^\d+: h0 .*2001:db8:c001:/m.test(seen()) && /^Deleted .*2001:db8:c001:/m.test(seen()) &&
      /^\d+: churn0@/m.test(seen()) && /^Deleted .*churn0@/m.test(seen()),
  );
  await monitor.stop();
  await source.stop();
  const state = () => host.ip("addr") + host.ip("-6", "route");
  const before = state();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(withoutLifetimes(state()), withoutLifetimes(before));
});

test("our Router Advertisement has the very options of radvd's", { skip }, async () => {
  const init: RouterAdvertisementInit = {
    hopLimit: 61,
    other: true,
    preference: "high",
    lifetimeSeconds: 1234,
    reachableMs: 5000,
    retransMs: 700,
    mtu: 1400,
    prefixes: [
      { prefix: "2001:db8:7::/64", validSeconds: 4000, preferredSeconds: 3000 },
      { prefix: "2001:db8:8::/64", onLink: false, validSeconds: Infinity },
      { prefix: "2001:db8:9::/64", autonomous: false },
    ],
    // Longer than 64 bits: for a shorter one ours leaves out what need not be sent (RFC 4191 2.3).
    routes: [{ prefix: "2001:db8:70::/80", preference: "low", lifetimeSeconds: 600 }],
    rdnss: [{ servers: ["2001:db8:7::53", "2001:db8:7::54"], lifetimeSeconds: 77 }],
    dnssl: [{ domains: ["seven.example", "eight.example"], lifetimeSeconds: 78 }],
  };
  await using world = new World();
  const [host] = world.hosts("host");
  const [router] = world.routers("router");
  const mac = NETWORK_1.routerMac;
  world.links([[{ host, interface: "h0" }, { host: router, interface: "lan0", mac }]]);
  const messages: Uint8Array[] = [];
  const socket = await PacketSocket.open(host, {
    icmpv6Type: 134,
    onFrame: (frame) => messages.push(frame.subarray(54)),
  });
  const radvd = await router.radvd("lan0", init);
  const theirs = await waitFor("radvd's advertisement", () => messages[0], 20_000);
  await radvd.stop();
  await socket.close();
  const ours = routerAdvertisement({ ...init, sourceMac: mac });
  assert.equal(hexOf(ours.subarray(4, 16)), hexOf(theirs.subarray(4, 16)));
  assert.deepEqual(optionsOf(ours).sort(), optionsOf(theirs).sort());
});

test(
  "an advertiser answers solicitations, and says something else when told",
  { skip },
  async () => {
    await using world = new World();
    const { host, r1 } = await oneLink(world);
    const advertiser = r1.advertiser!;
    const before = advertiser.solicitations;
    host.batch(["link set h0 down", "link set h0 up"]);
    await host.waitForAddresses([NETWORK_1.hostAddress]);
    assert.ok(advertiser.solicitations > before);
    await advertiser.update({ lifetimeSeconds: 0 });
    await waitFor("the default route to go", () => host.routes(6, "default").length === 0);
    await advertiser.send({ preference: "high", mtu: 1300 }, { hopLimit: 64 });
    await advertiser.send({ preference: "low", mtu: 1300 });
    const route = await waitFor("the default route", () => host.routes(6, "default")[0]);
    assert.equal(route.pref, "low", "the kernel takes no advertisement of another hop limit");
    await assert.rejects(
      r1.host.advertise("lan1", {}),
      /lan1/,
      "an interface that is not there is an error",
    );
  },
);

test("a capture shows the next hop that the kernel says it takes", { skip }, async () => {
  await using world = new World();
  const { host, r1, r2 } = await twoRouters(world);
  for (const network of [NETWORK_1, NETWORK_2]) {
    const captures = await Promise.all([r1.host.capture("lan0"), r2.host.capture("lan0")]);
    const args = [network.hostAddress, SERVICE_IPV6, "53"];
    const sender = await host.runScript(sendDatagram, args, { unprivileged: true });
    assert.equal(sender.status, 0, sender.stderr);
    const [answer] = host.ipJson<IpRoute>(
      "route",
      "get",
      SERVICE_IPV6,
      "from",
      network.hostAddress,
    );
    const gateway = [NETWORK_1, NETWORK_2].find((n) => n.routerLinkLocal === answer?.gateway)!;
    const isDatagram = (frame: { dport: number | null }) => frame.dport === 53;
    const captured = captures[gateway === NETWORK_1 ? 0 : 1]!;
    const frame = await captured.waitFor("the datagram", isDatagram);
    assert.deepEqual(
      { ...frame, sport: null },
      {
        interface: "lan0",
        direction: "in",
        dstMac: gateway.routerMac,
        srcMac: "02:00:00:00:0a:0a",
        etherType: 0x86dd,
        src: network.hostAddress,
        dst: SERVICE_IPV6,
        protocol: 17,
        sport: null,
        dport: 53,
        icmpType: null,
      },
    );
    const all = (await Promise.all(captures.map((capture) => capture.stop()))).flat();
    const macs = new Set(all.filter(isDatagram).map(({ dstMac }) => dstMac));
    assert.deepEqual([...macs], [gateway.routerMac]);
  }
});

test("a capture reads IPv4 and ARP", { skip }, async () => {
  await using world = new World();
  const { host, r1 } = await oneLink(world);
  const capture = await r1.host.capture();
  const args = [NETWORK_1.hostIpv4, SERVICE_IPV4, "9"];
  assert.equal((await host.runScript(sendDatagram, args)).status, 0);
  const frame = await capture.waitFor("the datagram", ({ dport }) => dport === 9);
  assert.deepEqual(
    [frame.dstMac, frame.etherType, frame.src, frame.dst, frame.protocol],
    [NETWORK_1.routerMac, 0x0800, NETWORK_1.hostIpv4, SERVICE_IPV4, 17],
  );
  const unreachable = await capture.waitFor("the answer", ({ protocol }) => protocol === 1);
  assert.deepEqual([unreachable.direction, unreachable.icmpType], ["out", 3]);
  const request = (await capture.stop()).find(({ etherType }) => etherType === 0x0806);
  assert.deepEqual([request?.src, request?.dst], [NETWORK_1.hostIpv4, NETWORK_1.routerIpv4]);
});

test("dnsmasq answers a host that has a resolv.conf of its own", { skip }, async () => {
  await using world = new World();
  const { host, r1 } = await oneLink(world);
  await r1.host.dnsmasq({
    domains: ["example"],
    records: { "www.example": ["192.0.2.80", "2001:db8:80::1"] },
    dhcp: { range: ["198.51.100.100", "198.51.100.200"], domain: "one.example" },
  });
  host.writeFile("/etc/resolv.conf", `nameserver ${NETWORK_1.routerAddress}\n`);
  const found = await host.run(["getent", "ahosts", "www.example"]);
  assert.match(found.stdout, /^192\.0\.2\.80 /m);
  assert.match(found.stdout, /^2001:db8:80::1 /m);
  assert.equal((await host.run(["getent", "ahosts", "none.example"])).status, 2);
});

test(
  "run() gives status and output, and kills a command with its children in time",
  { skip },
  async () => {
    await using world = new World();
    const [host] = world.hosts("host");
    const result = await host.run(["sh", "-c", "cat; echo $WORD >&2; exit 3"], {
      input: "in",
      env: { WORD: "word" },
    });
    assert.deepEqual(result, {
      status: 3,
      signal: null,
      stdout: "in",
      stderr: "word\n",
      timedOut: false,
    });
    const killed = await host.run(["sh", "-c", "sleep 60 & echo started; wait"], {
      timeoutMs: 300,
    });
    assert.deepEqual([killed.timedOut, killed.status, killed.stdout], [true, null, "started\n"]);
    assert.deepEqual(inhabitantsOf(host), []);
    assert.equal((await host.run(["/no-such-command"])).status, 127);
  },
);

test("a script runs in the host's network and in this runtime", { skip }, async () => {
  await using world = new World();
  const { host } = await oneLink(world);
  const directory = mkdtempSync(join(tmpdir(), "mif-test-"));
  try {
    const script = join(directory, "interfaces.ts");
    const source = 'import { networkInterfaces } from "node:os";\n' +
      'import process from "node:process";\n' +
      "const names: string[] = Object.keys(networkInterfaces());\n" +
      "console.log(JSON.stringify({ names, exec: process.execPath, args: process.argv.slice(2) }));\n";
    writeFileSync(script, source);
    const { stdout, stderr } = await host.runScript(script, ["a", "b"]);
    assert.deepEqual(
      JSON.parse(stdout || stderr),
      { names: ["lo", "h0"], exec: process.execPath, args: ["a", "b"] },
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("an unprivileged command has no capability", { skip }, async () => {
  await using world = new World();
  const [host] = world.hosts("host");
  const status = ["grep", "-E", "^(CapEff|CapPrm|CapBnd|CapAmb)", "/proc/self/status"];
  const { stdout } = await host.run(status, { unprivileged: true });
  assert.deepEqual(stdout.match(/[0-9a-f]{16}/g), new Array(4).fill("0".repeat(16)));
  const refused = await host.run(["ip", "link", "set", "lo", "down"], { unprivileged: true });
  assert.match(refused.stderr, /not permitted/);
  assert.equal((await host.run(["ip", "link", "set", "lo", "down"])).status, 0);
});

test("a host has files of its own in /run, and nothing of the machine's", { skip }, async () => {
  await using world = new World();
  const [a, b] = world.hosts("a", "b");
  a.writeFile("/run/systemd/netif/links/2", "OPER_STATE=routable\n");
  a.writeFile("/etc/hosts", "192.0.2.7 seven\n");
  const list = ["sh", "-c", "cd /run && find . -type f && cat /etc/resolv.conf"];
  assert.equal((await a.run(list)).stdout, "./systemd/netif/links/2\n");
  assert.equal((await b.run(list)).stdout, "");
  assert.match((await a.run(["getent", "hosts", "seven"])).stdout, /^192\.0\.2\.7 /);
  assert.throws(() => a.writeFile("/usr/lib/x", ""), TypeError);
});

test("nothing is left after dispose(), nor after a failure in the middle", { skip }, async () => {
  const world = new World();
  const { host, r1 } = await twoRouters(world, { by: "radvd" });
  await r1.host.dnsmasq({});
  // A process that left its group and its parent is found by the namespace it is in.
  await host.run(["sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 </dev/null &"]);
  const stray = inhabitantsOf(host);
  assert.equal(stray.length, 1);
  const pids = [...stray, ...inhabitantsOf(r1.host)];
  assert.ok(pids.length >= 3, "radvd and dnsmasq run in the router");
  await world.dispose();
  await world.dispose();
  await assertNothingLeft(host, pids);

  let failed: Host | undefined;
  await assert.rejects(async () => {
    await using world = new World();
    [failed] = world.hosts("a");
    world.links([[{ host: failed, interface: "x" }, { host: failed, interface: "x" }]]);
  }, /ip -batch/);
  await assertNothingLeft(failed!, []);
});

for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"] as const) {
  test(`nothing is left of a program that ${signal} ends`, { skip }, async () => {
    const directory = mkdtempSync(join(tmpdir(), "mif-test-"));
    try {
      const program = startProgram(directory, "");
      const [, namespace, radvd] = await program.waitForOutput(/up (\S+) (\d+)\n/);
      process.kill(program.pid, signal);
      assert.equal((await program.exited).signal, signal);
      // Nobody can act on SIGKILL: what it leaves, the next world removes.
      if (signal === "SIGKILL") await new World().dispose();
      await assertNothingLeft({ namespace: namespace! }, [radvd!]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}

test("nothing is left of a program that exits without dispose()", { skip }, async () => {
  const directory = mkdtempSync(join(tmpdir(), "mif-test-"));
  try {
    const program = startProgram(directory, "process.exit(5);");
    const [, namespace, radvd] = await program.waitForOutput(/up (\S+) (\d+)\n/);
    assert.equal((await program.exited).status, 5);
    await assertNothingLeft({ namespace: namespace! }, [radvd!]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

const access = labAccess();
const skipSecond = skip ||
  (access.ok && access.how === "root" ? false : "this run is already in a user namespace");

test("all of this also holds in a user namespace", { skip: skipSecond, timeout: 180_000 }, () => {
  const file = fileURLToPath(import.meta.url);
  const runner = "deno" in process.versions
    ? ["test", "-A", "--no-check"]
    // Each test has five seconds else.
    : ["test", "--timeout=120000"];
  const argv = [...enterArgv("userns"), process.execPath, ...runner, file];
  const { status, stdout, stderr } = spawnSync(argv[0]!, argv.slice(1), { encoding: "utf8" });
  assert.equal(status, 0, stdout + stderr);
  assert.doesNotMatch(stdout + stderr, /needs the network lab/);
});

function assertNetwork(host: Host, interfaceName: string, network: Network): void {
  const [link] = host.ipJson<IpLink>("link", "show", "dev", interfaceName);
  assert.equal(link?.operstate, "UP");
  const addresses = host.addresses(interfaceName);
  const ipv6 = addresses.find(({ local }) => local === network.hostAddress);
  assert.deepEqual([ipv6?.prefixlen, ipv6?.dynamic, ipv6?.deprecated], [64, true, undefined]);
  assert.ok(ipv6!.preferred_life_time <= 900 && ipv6!.preferred_life_time > 800);
  assert.ok(ipv6!.valid_life_time <= 1800 && ipv6!.valid_life_time > 1700);
  const ipv4 = addresses.find(({ local }) => local === network.hostIpv4);
  assert.deepEqual([ipv4?.prefixlen, ipv4?.dynamic], [24, true]);
  const routes = [...host.routes(6, "dev", interfaceName), ...host.routes(4, "dev", interfaceName)];
  const described = routes.map((r) => `${r.dst} ${r.gateway ?? "on-link"} ${r.protocol}`);
  for (
    const expected of [
      `${network.prefix} on-link kernel`,
      `default ${network.routerLinkLocal} ra`,
      `${network.ipv4Prefix} on-link dhcp`,
      `default ${network.routerIpv4} dhcp`,
    ]
  ) {
    assert.ok(described.includes(expected), `${expected} in ${described.join(", ")}`);
  }
}

/** Runs a program that builds a world, says so, and does not take it down. */
function startProgram(directory: string, end: string): LabProcess {
  const script = join(directory, "world.ts");
  const lab = new URL("../lab/mod.ts", import.meta.url);
  const source = `import process from "node:process";\n` +
    `import { oneLink, World } from "${lab}";\n` +
    'const { host, r1 } = await oneLink(new World(), { by: "radvd" });\n' +
    'console.log("up", host.namespace, r1.radvd!.pid);\n' +
    end;
  writeFileSync(script, source);
  return new LabProcess(scriptArgv(script));
}

/** The ids of the processes in the host's namespace, as ip(8) sees them. */
function inhabitantsOf(host: Host): string[] {
  return commandOutput(["ip", "netns", "pids", host.namespace]).split("\n").filter(Boolean);
}

async function assertNothingLeft(
  host: { namespace: string },
  pids: readonly string[],
): Promise<void> {
  // "mif<pid namespace>-<pid>-<world>-<host>": all but the host's name is common to the world.
  const world = host.namespace.slice(0, host.namespace.lastIndexOf("-"));
  const namespaces = commandOutput(["ip", "netns", "list"]).split("\n");
  assert.deepEqual(namespaces.filter((line) => line.startsWith(world)), []);
  assert.deepEqual(readdirSync(tmpdir()).filter((name) => name.startsWith(world)), []);
  await waitFor("the processes to end", () => !pids.some((pid) => existsSync(`/proc/${pid}`)));
}

/** Type and bytes of each option of a Router Advertisement, in hexadecimal. */
function optionsOf(message: Uint8Array): string[] {
  const options: string[] = [];
  for (let offset = 16; offset < message.length; offset += message[offset + 1]! * 8) {
    options.push(hexOf(message.subarray(offset, offset + message[offset + 1]! * 8)));
  }
  return options;
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function withoutLifetimes(text: string): string {
  return text.replace(/(valid_lft|preferred_lft|expires) \d+sec/g, "$1");
}
