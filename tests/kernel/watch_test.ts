// watchPvds() and `mif watch` while a network changes: as root and without privileges.

import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import {
  advertisementOf,
  churn,
  type Host,
  labSkip,
  manyLinks,
  manyLinksNetwork,
  NETWORK_1,
  NETWORK_2,
  oneLink,
  pvdOption,
  twoLinks,
  twoRouters,
  waitFor,
  World,
} from "../lab/mod.ts";
import { type Caller, CALLERS, mif, mifArgv } from "./mif.ts";
import { plainLinks } from "./plain_links.ts";
import { ROUTER_1, ROUTER_2 } from "./routers.ts";
import { together } from "./together.ts";
import { Watching } from "./watching.ts";

/** Bun ends a test after five seconds where nothing else is said. */
const lab = { skip: labSkip(), timeout: 120_000 };

const script = new URL("./watch_script.ts", import.meta.url);
const title = ({ runtime, unprivileged }: Caller) =>
  `${runtime}, ${unprivileged ? "without privileges" : "as root"}`;
const UNPRIVILEGED = CALLERS.filter(({ unprivileged }) => unprivileged);
const ROOT = CALLERS.filter(({ unprivileged }) => !unprivileged);

/** What an experiment of watch_script.ts says. */
async function experiment<T>(host: Host, name: string, unprivileged = true): Promise<T> {
  const { status, stdout, stderr } = await host.runScript(script, [name], { unprivileged });
  assert.deepEqual([status, stderr], [0, ""]);
  return JSON.parse(stdout.trim().split("\n").at(-1)!);
}

/** What lists say now is what the events led to. */
async function assertUpToDate(host: Host, caller: Caller, watching: Watching): Promise<void> {
  let difference: unknown;
  await waitFor("events and list to agree", async () => {
    const { stdout } = await mif(host, caller, "list", "--json");
    try {
      assert.deepEqual(comparable(watching.pvds), comparable(JSON.parse(stdout)));
      return true;
    } catch (error) {
      difference = error;
      return false;
    }
  }, 20_000).catch(() => {
    throw difference;
  });
}

function comparable(pvds: readonly unknown[]): string[] {
  return pvds.map((pvd) =>
    JSON.stringify(pvd, (name, value) =>
      // What the watcher heard meanwhile a list does not know.
      ["dnsServers", "dns_addr", "searchDomains", "advertisement", "attribution"].includes(name) ||
        name.endsWith("Seconds")
        ? undefined
        : value)
  ).sort();
}

for (const caller of CALLERS) {
  test(`addresses, routes, links and the default: ${title(caller)}`, lab, async () => {
    await using world = new World();
    const { host } = plainLinks(world, 2);
    await Promise.all([host.waitForLinkLocal("h0"), host.waitForLinkLocal("h1")]);
    const watching = await Watching.start(host, caller);
    assert.equal(watching.told(), "default none");
    const step = async (command: string, what: string, holds: () => unknown) => {
      host.ip(...command.split(" "));
      await watching.until(what, holds);
    };
    await step("addr add 192.0.2.2/24 dev h0", "an address", () => watching.pvd("h0"));
    await step("route add default via 192.0.2.1", "a gateway", () => watching.default === "h0");
    await step(
      "addr add 2001:db8:5::2/64 dev h0 nodad",
      "a second address",
      () => watching.pvd("h0")!.addresses.some(({ address }) => address === "2001:db8:5::2"),
    );
    await step("addr add 198.51.100.2/24 dev h1", "another PvD", () => watching.pvd("h1"));
    await step(
      "route add default via 198.51.100.1 metric 50",
      "another gateway",
      () => watching.pvd("h1")!.gateways.length > 0,
    );
    await step("route del default metric 0", "another default", () => watching.default === "h1");
    await step("link set h0 mtu 1400", "the MTU", () => watching.pvd("h0")!.mtu === 1400);
    await step("link set h0 down", "its end", () => !watching.pvd("h0"));
    await step("link del h1", "the other's end", () => watching.pvds.length === 0);
    await watching.until("no default", () => watching.default === null);
    assert.match(watching.told(), /removed h1, default none$/);
    await watching.process.stop();
  });
}

for (const caller of UNPRIVILEGED) {
  test(`what routers announce, change and take back: ${title(caller)}`, lab, async () => {
    await using world = new World();
    const { host, r2 } = await twoRouters(world, { ipv4: false });
    const watching = await Watching.start(host, caller);
    const usual = advertisementOf(NETWORK_2);
    await r2.advertiser!.send();
    await watching.until(
      "the router's DNS",
      () =>
        watching.pvd(ROUTER_2)?.dnsServers.some(({ source }) => source === "router-advertisement"),
    );
    assert.deepEqual(watching.pvd(ROUTER_2)!.searchDomains, [NETWORK_2.domain]);
    // Then the address is known to be the router's.
    await watching.until(
      "the rest",
      () => watching.pvd("h0")!.addresses.every(({ address }) => address !== NETWORK_2.hostAddress),
    );
    const count = watching.events.length;
    // The same again is no change, and there is nothing to wait for but what comes after it.
    for (let i = 0; i < 20; i++) await r2.advertiser!.send();
    await r2.advertiser!.update({ ...usual, rdnss: [{ servers: ["2001:db8:2::54"] }] });
    await watching.until("another server", () => watching.pvd(ROUTER_2)!.dnsServers.length === 2);
    assert.equal(watching.told(count), `changed ${ROUTER_2}`);
    await r2.advertiser!.update({
      ...usual,
      rdnss: [{ servers: [NETWORK_2.routerAddress], lifetimeSeconds: 0 }],
    });
    await watching.until(
      "the first server's end",
      () =>
        watching.pvd(ROUTER_2)!.dnsServers.map(({ address }) => address).join() ===
          "2001:db8:2::54",
    );
    // Renumbering: the old prefix is deprecated, a new one comes.
    await r2.advertiser!.update({
      ...usual,
      prefixes: [
        { prefix: NETWORK_2.prefix, preferredSeconds: 0 },
        { prefix: "2001:db8:22::/64" },
      ],
    });
    await watching.until("the new address, and the old one deprecated", () => {
      const { addresses } = watching.pvd(ROUTER_2)!;
      return addresses.some(({ address }) => address.startsWith("2001:db8:22:")) &&
        addresses.some(({ address, deprecated }) =>
          address.startsWith("2001:db8:2:") && deprecated
        );
    });
    await r2.advertiser!.update({ ...usual, lifetimeSeconds: 0 });
    await watching.until("no gateway", () => watching.pvd(ROUTER_2)?.gateways.length === 0);
    await watching.process.stop();
  });

  test(`lifetimes that end without traffic: ${title(caller)}`, lab, async () => {
    await using world = new World();
    const { host, r1 } = await oneLink(world, { ipv4: false });
    const watching = await Watching.start(host, caller);
    host.ip(..."addr add 2001:db8:6::2/64 dev h0 nodad valid_lft 3 preferred_lft 2".split(" "));
    await r1.advertiser!.update({
      lifetimeSeconds: 4,
      prefixes: [{ prefix: NETWORK_1.prefix }],
      rdnss: [{ servers: [NETWORK_1.routerAddress], lifetimeSeconds: 3 }],
    });
    const startMs = performance.now();
    await watching.until("the server", () => watching.pvd(ROUTER_1)?.dnsServers.length === 1);
    await r1.advertiser!.stop();
    // The kernel would tidy up its route half a minute later.
    await watching.until("the server's end", () => watching.pvd(ROUTER_1)!.dnsServers.length === 0);
    const serverMs = performance.now() - startMs;
    assert.ok(serverMs > 2900 && serverMs < 10_000, `${serverMs} ms`);
    await watching.until("the route's end", () => watching.pvd(ROUTER_1)!.gateways.length === 0);
    const routeMs = performance.now() - startMs;
    assert.ok(routeMs > 2900 && routeMs < 15_000, `${routeMs} ms`);
    await watching.until(
      "the address' end",
      () =>
        watching.pvds.every(({ addresses }) =>
          addresses.every(({ address }) => address !== "2001:db8:6::2")
        ),
    );
    await watching.process.stop();
  });

  test(`the files of DNS sources: ${title(caller)}`, lab, async () => {
    await using world = new World();
    const { host } = await oneLink(world);
    const watching = await Watching.start(host, caller);
    host.writeFile("/etc/resolv.conf", `nameserver ${NETWORK_1.routerIpv4}\nsearch file.example\n`);
    await watching.until(
      "the file's server",
      () =>
        watching.pvds.some(({ dnsServers }) =>
          dnsServers.some(({ source }) => source === "/etc/resolv.conf")
        ),
    );
    assert.ok(watching.pvds.some(({ searchDomains }) => searchDomains.includes("file.example")));
    host.writeFile(
      "/run/NetworkManager/devices/1",
      "[device]\nmanaged=true\n",
    );
    const { ifindex } = host.ipJson<{ ifindex: number }>("link", "show", "dev", "h0")[0]!;
    host.writeFile(
      `/run/NetworkManager/devices/${ifindex}`,
      "[dhcp4]\ndhcp4.domain_name_servers=198.51.100.53\n",
    );
    await watching.until(
      "NetworkManager's server",
      () =>
        watching.pvds.some(({ dnsServers }) =>
          dnsServers.some(({ source }) => source === "NetworkManager")
        ),
    );
    await watching.process.stop();
  });
}

for (const caller of ROOT) {
  test(`explicit PvDs, heard whole: ${title(caller)}`, lab, async () => {
    await using world = new World();
    const { host, r1 } = await oneLink(world, { ipv4: false });
    const plain = await Watching.start(host, caller);
    // Only who asks knows what was said before.
    assert.equal(plain.pvd(ROUTER_1)!.advertisement, undefined);
    const soliciting = await Watching.start(host, caller, "--solicit");
    assert.ok(soliciting.pvd(ROUTER_1)!.advertisement);
    const explicit = (sequence: number, lifetimeSeconds = 1800) =>
      r1.advertiser!.update({
        lifetimeSeconds,
        prefixes: lifetimeSeconds === 0 ? [] : [{ prefix: NETWORK_1.prefix }],
        options: [pvdOption({ id: "Pvd.Example", http: true, sequence })],
      });
    await explicit(1);
    for (const watching of [plain, soliciting]) {
      await watching.until("the explicit PvD", () => watching.pvd("pvd.example"));
      assert.equal(watching.pvd("pvd.example")!.kind, "explicit");
    }
    await explicit(2);
    for (const watching of [plain, soliciting]) {
      await watching.until("the sequence", () => watching.pvd("pvd.example")!.sequence === 2);
    }
    await r1.advertiser!.update({
      lifetimeSeconds: 0,
      prefixes: [{ prefix: NETWORK_1.prefix, validSeconds: 0, preferredSeconds: 0 }],
      options: [pvdOption({ id: "pvd.example", sequence: 3 })],
    });
    for (const watching of [plain, soliciting]) {
      await watching.until("no gateway", () => !watching.pvd("pvd.example")?.gateways.length);
      await watching.process.stop();
    }
  });

  test(
    `a link that comes up is asked, one that was down says nothing of before: ${title(caller)}`,
    lab,
    async () => {
      await using world = new World();
      const { host, r2 } = await twoLinks(world, { ipv4: false });
      // The kernel asks by itself, but not where a network manager does.
      host.sysctl({ "ipv6/conf/h1/router_solicitations": 0 });
      const watching = await Watching.start(host, caller, "--solicit");
      const id = `${NETWORK_2.routerLinkLocal}%h1`;
      assert.ok(watching.pvd(id)!.advertisement);
      const asked = r2.advertiser!.solicitations;
      host.shell("ip link set h1 down; ip link set h1 up");
      await watching.until(
        "the link to be back",
        () => r2.advertiser!.solicitations > asked && watching.pvd(id)?.advertisement,
      );
      // An implicit PvD keeps what tells whose the addresses are that the host still has, and nothing else.
      assert.match(watching.told(), new RegExp(`(removed|changed) ${id}.*(added|changed) ${id}`));
      await watching.process.stop();
    },
  );
}

for (const caller of UNPRIVILEGED) {
  test(
    `a reader that was stopped while thousands of changes came knows what came of them: ${
      title(caller)
    }`,
    lab,
    async () => {
      await using world = new World();
      const { host } = plainLinks(world, 4);
      const watching = await Watching.start(host, caller);
      process.kill(-watching.process.pid, "SIGSTOP");
      const source = churn(host, "h0", ["routes", "addresses"]);
      // More than a socket holds: the kernel drops the rest and says ENOBUFS.
      await new Promise((resolve) => setTimeout(resolve, 1500));
      host.batch([
        "addr add 192.0.2.2/24 dev h1",
        "addr add 2001:db8:5::2/64 dev h2 nodad",
        "route add default via 192.0.2.1",
      ]);
      await source.stop();
      process.kill(-watching.process.pid, "SIGCONT");
      await watching.until(
        "the address among them",
        () => watching.pvd("h1") && watching.pvd("h2"),
      );
      await assertUpToDate(host, caller, watching);
      await watching.process.stop();
    },
  );

  test(
    `thousands of changes are no more than twenty sets a second: ${title(caller)}`,
    lab,
    async () => {
      await using world = new World();
      const { host } = plainLinks(world, 2);
      host.ip("addr", "add", "192.0.2.2/24", "dev", "h1");
      const watching = await Watching.start(host, caller);
      const count = watching.events.length;
      const startMs = performance.now();
      const source = churn(host, "h0", ["addresses", "routes"]);
      await new Promise((resolve) => setTimeout(resolve, 3000));
      assert.ok(source.running);
      await source.stop();
      await assertUpToDate(host, caller, watching);
      const seconds = (performance.now() - startMs) / 1000;
      const told = watching.events.length - count;
      // h0 changes, or comes or goes with the default, at each look.
      assert.ok(told > 5 && told <= 2 * 20 * seconds + 4, `${told} events in ${seconds} s`);
      await watching.process.stop();
    },
  );
}

test("a hundred links that flap, and at the end all is known", lab, async () => {
  await using world = new World();
  const { host } = await manyLinks(world, 100, { advertise: true });
  const watchings = await Promise.all(UNPRIVILEGED.map((caller) => Watching.start(host, caller)));
  for (const watching of watchings) assert.equal(watching.pvds.length, 100);
  const links = Array.from({ length: 50 }, (_, i) => `h${i}`);
  for (let round = 0; round < 3; round++) {
    host.batch(links.map((link) => `link set ${link} down`));
    host.batch(links.map((link) => `link set ${link} up`));
  }
  host.batch(links.map((link) => `link set ${link} down`));
  for (const [i, watching] of watchings.entries()) {
    await watching.until("fifty to be gone", () => watching.pvds.length === 50, 60_000);
    const { interface: name } = manyLinksNetwork(99);
    assert.ok(watching.pvds.some(({ interface: link }) => link.name === name));
    await assertUpToDate(host, UNPRIVILEGED[i]!, watching);
  }
});

test("the text is one line for each event, and says what is otherwise", lab, async () => {
  await using world = new World();
  const { host } = plainLinks(world, 1);
  await host.waitForLinkLocal("h0");
  for (const caller of UNPRIVILEGED) {
    const lines: string[] = [];
    const watcher = host.spawn(mifArgv(caller, "watch"), {
      unprivileged: true,
      env: { NO_COLOR: "1" },
      onLine: (line) => lines.push(line),
    });
    const line = (pattern: RegExp) =>
      waitFor(String(pattern), () => lines.some((l) => pattern.test(l)));
    await line(/^default {2}none$/);
    host.ip("addr", "add", "192.0.2.2/24", "dev", "h0");
    await line(/^added {4}h0 {2}addresses 192\.0\.2\.2\/24 fe80/);
    host.ip("route", "add", "default", "via", "192.0.2.1");
    await line(
      /^changed {2}h0 {2}gateways \+192\.0\.2\.1, routes \+0\.0\.0\.0\/0 via 192\.0\.2\.1$/,
    );
    await line(/^default {2}h0$/);
    host.ip("addr", "del", "192.0.2.2/24", "dev", "h0");
    await line(/^removed {2}h0$/);
    process.kill(-watcher.pid, "SIGTERM");
    assert.deepEqual(await watcher.exited, { status: 0, signal: null }, watcher.stderr);
    assert.equal(lines.at(-1), "default  none");
  }
});

test("what it holds", lab, async () => {
  await using world = new World();
  const { host } = await oneLink(world);
  const done = { done: true };
  await together({
    "leaving it in any way closes what it had, and several share one listener": async () => {
      for (const unprivileged of [true, false]) {
        const { before, after, during, end } = await experiment<
          { before: string[]; after: string[]; during: number[]; end: unknown }
        >(host, "leaving", unprivileged);
        assert.deepEqual(after, before);
        // What hears the kernel is there already; where that is permitted one hears the routers.
        assert.deepEqual(during, [unprivileged ? 0 : 1]);
        assert.deepEqual(end, done);
      }
    },
    "return() ends a pending next(), a signal of before gives nothing": async () => {
      assert.deepEqual(await experiment(host, "returning"), [done, done, done]);
      assert.deepEqual(await experiment(host, "aborted"), []);
    },
    "a process that does not wait for it ends": async () => {
      for (const unprivileged of [true, false]) {
        assert.equal(await experiment(host, "forgotten", unprivileged), "the end");
      }
    },
    "several calls of next() are answered in order": async () => {
      const told = await experiment<string[]>(host, "several");
      assert.deepEqual(told.map((text) => text.split(" ")[0]), ["added", "added", "default"]);
    },
    "asking the routers without CAP_NET_RAW is EPERM": async () => {
      assert.equal(await experiment(host, "unpermitted"), "EPERM");
      for (const caller of UNPRIVILEGED) {
        const { status, stdout, stderr } = await mif(host, caller, "watch", "--solicit");
        assert.deepEqual([status, stdout], [1, ""]);
        assert.match(stderr, /^mif watch: .*CAP_NET_RAW/);
      }
    },
    "while nothing happens it sleeps": async () => {
      const cpuMs = await experiment<number>(host, "idle");
      assert.ok(cpuMs < 200, `${cpuMs} ms of CPU in two seconds`);
    },
  });
});

test("a process that waits for it does not end", lab, async () => {
  await using world = new World();
  const { host } = await oneLink(world);
  const waiting = host.spawnScript(script, ["waiting"], { unprivileged: true });
  await waiting.waitForOutput(/"waiting"/, 30_000);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  assert.ok(waiting.running);
  host.ip("addr", "add", "192.0.2.9/32", "dev", "h0");
  assert.deepEqual(await waiting.exited, { status: 0, signal: null }, waiting.stderr);
  assert.match(waiting.stdout, /"changed"/);
});

test("who takes its time gets what came of all, once", lab, async () => {
  await using world = new World();
  const { host } = plainLinks(world, 2);
  host.ip("addr", "add", "192.0.2.2/24", "dev", "h1");
  await Promise.all([host.waitForLinkLocal("h0"), host.waitForLinkLocal("h1")]);
  const slow = host.spawnScript(script, ["slow"], { unprivileged: true });
  await slow.waitForOutput(/"begun"/, 30_000);
  host.batch([
    ...Array.from({ length: 50 }, (_, i) => `addr add 192.0.2.${10 + i}/24 dev h1`),
    "addr add 198.51.100.2/24 dev h0",
    "addr del 198.51.100.2/24 dev h0",
  ]);
  slow.write("go\n");
  await slow.exited;
  assert.deepEqual(JSON.parse(slow.stdout.trim().split("\n").at(-1)!), [["changed", "h1", 52]]);
});
