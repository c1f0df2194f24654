// `mif daemon` and those who use what it heard: without privileges, whatever happens to it.

import assert from "node:assert/strict";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { bootMs } from "../../lib/boot_clock.ts";
import type { PvdInfo } from "../../mod.ts";
import { icmpv6Frame } from "../lab/frame.ts";
import {
  advertisementOf,
  type Host,
  type LabProcess,
  type LabRouter,
  labSkip,
  manyLinks,
  manyLinksNetwork,
  NETWORK_1,
  NETWORK_2,
  oneLink,
  PacketSocket,
  pvdOption,
  routerAdvertisement,
  routerAdvertisementOptions,
  twoRouters,
  waitFor,
  World,
} from "../lab/mod.ts";
import { ALL_CALLERS, type Caller, CALLERS, mif, mifArgv, ROOT } from "./mif.ts";
import { pvdOf } from "./outline.ts";
import { ROUTER_1 } from "./routers.ts";
import { Watching } from "./watching.ts";

/** Bun ends a test after five seconds where nothing else is said. */
const lab = { skip: labSkip(), timeout: 180_000 };

const UNPRIVILEGED = CALLERS.filter(({ unprivileged }) => unprivileged);
/** Of both runtimes: it is one format. */
const READERS = ALL_CALLERS.filter(({ unprivileged }) => unprivileged);
const STATE = "/run/mif/state.json";
const readers = fileURLToPath(new URL("./daemon_readers.py", import.meta.url));

/** Starts it in the runtime that runs this, and waits until it tells of itself. */
async function daemon(host: Host, ...words: string[]): Promise<LabProcess> {
  const started = host.spawn(mifArgv(ROOT, "daemon", ...words));
  await started.waitForOutput(/mif daemon: hears routers/, 60_000);
  return started;
}

async function end(one: LabProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  process.kill(-one.pid, signal);
  await one.exited;
}

/** Starts readers of a kind. */
async function read(host: Host, kind: string, count = 1): Promise<LabProcess> {
  const started = host.spawn(["python3", "-IS", readers, kind, String(count)], {
    unprivileged: kind !== "killer",
  });
  if (kind !== "good") await started.waitForOutput(/begun/, 30_000);
  return started;
}

async function list(host: Host, caller: Caller): Promise<PvdInfo[]> {
  const { status, stdout, stderr } = await mif(host, caller, "list", "--json");
  assert.deepEqual([status, stderr], [0, ""]);
  return JSON.parse(stdout);
}

/** Waits until all callers list PvDs of which something holds. */
async function listed(
  host: Host,
  what: string,
  holds: (pvds: PvdInfo[]) => unknown,
  callers = UNPRIVILEGED,
): Promise<void> {
  for (const caller of callers) {
    await waitFor(what, async () => Boolean(holds(await list(host, caller))), 30_000);
  }
}

/**
 * Whether who has no privileges here can tell users apart: inside a user namespace that maps no other all are shown as
 * one, and the files of who was root outside are its own.
 */
async function tellsUsersApart(host: Host): Promise<boolean> {
  const { stdout } = await host.run(["cat", "/proc/self/uid_map"], { unprivileged: true });
  const tells = /\b4294967295\b/.test(stdout);
  if (!tells) {
    console.log("Left out: files and sockets of other users, who cannot be told apart here");
  }
  return tells;
}

interface Diagnosis {
  daemon: { used: boolean; pid: number | null; pvds: number };
  warnings: { source: string; path: string; message: string }[];
}

/** What `mif doctor` says of the daemon: "used", or why not. */
async function doctor(host: Host, caller: Caller = UNPRIVILEGED[0]!): Promise<string> {
  const { status, stdout, stderr } = await mif(host, caller, "doctor", "--json");
  assert.deepEqual([status, stderr], [0, ""]);
  const { daemon, warnings }: Diagnosis = JSON.parse(stdout);
  const own = warnings.filter(({ source }) => source === "mif-daemon");
  assert.ok(own.every(({ path }) => path === STATE));
  assert.ok(own.length <= 1 && (own.length === 0 || !daemon.used));
  return daemon.used ? "used" : own[0]?.message ?? "none";
}

/** Makes a router speak of an explicit PvD from now on. */
function explicit(
  { advertiser, network }: LabRouter,
  id: string,
  sequence = 1,
  portal = "",
): Promise<void> {
  return advertiser!.update({
    ...advertisementOf(network),
    options: [pvdOption({
      id,
      sequence,
      options: routerAdvertisementOptions({
        rdnss: [{ servers: [`${network.prefix.replace("::/64", "::5353")}`] }],
        ...(portal === "" ? {} : { captivePortal: portal }),
      }),
    })],
  });
}

const hasServer = (pvd: PvdInfo | undefined, source: string) =>
  pvd?.dnsServers.some((server) => server.source === source);

test(
  "who has no privilege lists what the daemon heard, with its lifetimes, and says so",
  lab,
  async () => {
    await using world = new World();
    const { host, r1, r2 } = await twoRouters(world, { ipv4: false });
    await explicit(r2, "two.example");
    for (const caller of READERS) {
      const pvds = await list(host, caller);
      assert.deepEqual(pvds.filter(({ kind }) => kind === "explicit"), []);
      assert.equal(await doctor(host, caller), "none");
    }
    const running = await daemon(host);
    await listed(
      host,
      "the routers' answers",
      (pvds) =>
        pvds.some(({ id }) => id === "two.example") &&
        pvds.some((pvd) => pvd.id === ROUTER_1 && pvd.attribution === "mif-daemon"),
    );
    for (const caller of READERS) {
      const pvds = await list(host, caller);
      const two = pvdOf(pvds, "two.example");
      assert.equal(two.kind, "explicit");
      assert.equal(two.attribution, "mif-daemon");
      assert.ok(two.addresses.some(({ address }) => address === NETWORK_2.hostAddress));
      assert.deepEqual(two.dnsServers, [
        { address: NETWORK_2.routerAddress, port: 53, source: "mif-daemon" },
        { address: "2001:db8:2::5353", port: 53, source: "mif-daemon" },
      ]);
      const one = pvdOf(pvds, ROUTER_1);
      assert.deepEqual(one.addresses.map(({ address }) => address)[0], NETWORK_1.hostAddress);
      const { routerLifetimeSeconds } = one.advertisement!;
      assert.ok(routerLifetimeSeconds <= 1800 && routerLifetimeSeconds > 1700);
      assert.equal(await doctor(host, caller), "used");
      const { stdout } = await mif(host, caller, "doctor");
      assert.match(stdout, /daemon +process \d+ hears routers for us; \d PvDs heard/);
      // They are PvDs as all others: getpvdinfo() knows them, and so do sockets.
      const resolved = await mif(host, caller, "resolve", "localhost", "--pvd", "two.example");
      assert.equal(resolved.status, 0, resolved.stderr);
    }
    // Withdrawn: the router says so once.
    await r1.advertiser!.update({
      ...advertisementOf(NETWORK_1),
      rdnss: [{ servers: [NETWORK_1.routerAddress], lifetimeSeconds: 0 }],
    });
    await listed(
      host,
      "the server's end",
      (pvds) =>
        pvds.every(({ dnsServers }) =>
          dnsServers.every(({ address }) => address !== NETWORK_1.routerAddress)
        ),
    );
    await end(running);
    assert.equal((await host.run(["ls", "-A", "/run/mif"])).stdout, "");
    for (const caller of READERS) {
      assert.equal(await doctor(host, caller), "none");
      assert.ok((await list(host, caller)).every(({ kind }) => kind === "implicit"));
    }
  },
);

test(
  "who watches is told at once what the daemon hears: new PvDs, renumbering, withdrawal",
  lab,
  async () => {
    await using world = new World();
    const { host, r2 } = await twoRouters(world, { ipv4: false });
    // A network manager's host: without the daemon nobody would hear anything.
    host.sysctl({ "ipv6/conf/h0/accept_ra": 0 });
    const running = await daemon(host);
    await listed(host, "the answers", (pvds) => pvds.some(({ advertisement }) => advertisement));
    const watchings = await Promise.all(READERS.map((caller) => Watching.start(host, caller)));
    const every = async (what: string, holds: (watching: Watching) => unknown) => {
      for (const watching of watchings) await watching.until(what, () => holds(watching));
    };
    await explicit(r2, "two.example", 1);
    await every("an explicit PvD", (w) => hasServer(w.pvd("two.example"), "mif-daemon"));
    await explicit(r2, "two.example", 2);
    await every("its sequence", (w) => w.pvd("two.example")!.sequence === 2);
    await r2.advertiser!.update({
      prefixes: [{ prefix: NETWORK_2.prefix, preferredSeconds: 0 }, { prefix: "2001:db8:22::/64" }],
      options: [pvdOption({ id: "two.example", sequence: 2 })],
    });
    await every(
      "another prefix",
      (w) =>
        w.pvd("two.example")!.advertisement!.prefixes.some(({ prefix }) =>
          prefix === "2001:db8:22::/64"
        ),
    );
    // The same again is nothing new.
    const counts = watchings.map(({ events }) => events.length);
    for (let i = 0; i < 10; i++) await r2.advertiser!.send();
    await explicit(r2, "other.example", 1);
    await every("another explicit PvD", (w) => w.pvd("other.example"));
    for (const [i, watching] of watchings.entries()) {
      assert.match(watching.told(counts[i]), /^(changed \S+, )?added other\.example/);
    }
    await end(running);
    // It said that it ends; what it said last holds for a while, for it may only be restarting.
    await every("the daemon's end", (w) => !w.pvd("other.example"));
    // And whoever comes next is heard.
    const next = await daemon(host);
    await every("the next one", (w) => w.pvd("other.example"));
    await end(next);
  },
);

test(
  "one that is killed and started again knows what the first one heard, and nobody sees a gap",
  lab,
  async () => {
    await using world = new World();
    const { host, r1 } = await oneLink(world, { ipv4: false });
    await explicit(r1, "one.example");
    const first = await daemon(host);
    await listed(host, "the explicit PvD", (pvds) => pvds.some(({ id }) => id === "one.example"));
    const watchings = await Promise.all(UNPRIVILEGED.map((caller) => Watching.start(host, caller)));
    // The router says nothing any more.
    await r1.advertiser!.stop();
    await end(first, "SIGKILL");
    const second = await daemon(host);
    await listed(
      host,
      "it still",
      (pvds) =>
        pvds.some(({ id, attribution }) => id === "one.example" && attribution === "mif-daemon"),
    );
    await end(second, "SIGKILL");
    for (const watching of watchings) assert.doesNotMatch(watching.told(), /removed/);
    for (const watching of watchings) {
      await watching.until("the end", () => !watching.pvd("one.example"), 40_000);
      await watching.process.stop();
    }
    assert.match(await doctor(host), /no sign of life for \d+ s/);
    // The next one would know it still, but the link may be in another network now.
    host.shell("ip link set h0 down; ip link set h0 up");
    const third = await daemon(host);
    for (const caller of UNPRIVILEGED) {
      assert.equal(await doctor(host, caller), "used");
      assert.ok((await list(host, caller)).every(({ kind }) => kind === "implicit"));
    }
    await end(third);
  },
);

test(
  "killed in the middle of writing, again and again: whoever reads the file reads a whole one",
  lab,
  async () => {
    await using world = new World();
    const { host, r1 } = await oneLink(world, { ipv4: false });
    // A state that takes its time: two hundred PvDs with long values.
    const messages = Array.from({ length: 200 }, (_, i) => ({
      options: [pvdOption({
        id: `pvd${i}.example`,
        options: routerAdvertisementOptions({
          captivePortal: `https://p.example/${"x".repeat(1300)}`,
        }),
      })],
    }));
    const file = await read(host, "file");
    let hits = 0;
    for (let round = 0; round < 40 && hits < 8; round++) {
      const running = await daemon(host);
      // It kills as soon as it sees the file that is being written.
      const killer = await read(host, "killer", running.pid);
      for (const message of messages) await r1.advertiser!.send(message);
      // Each change is written.
      for (let i = 0; running.running; i++) await r1.advertiser!.send({ mtu: 1300 + i % 100 });
      await killer.exited;
      hits += Number((await host.run(["test", "-e", `${STATE}.new`])).status === 0);
      assert.doesNotMatch(file.stdout, /torn/);
      assert.equal(file.running, true, file.stderr);
      assert.equal(await doctor(host), "used");
    }
    assert.equal(hits, 8, "killed in the middle");
    await file.waitForOutput(/\d000 read/, 30_000);
    const last = await daemon(host);
    assert.equal(
      (await host.run(["test", "-e", `${STATE}.new`])).status,
      1,
      "what was left is gone",
    );
    await end(last);
  },
);

test("a thousand readers have each state, and the daemon goes on", lab, async () => {
  await using world = new World();
  const { host, r1 } = await oneLink(world, { ipv4: false });
  const running = await daemon(host);
  await listed(host, "the answer", (pvds) => pvds[0]?.advertisement);
  const many = await read(host, "good", 1000);
  await many.waitForOutput(/^1 states/m, 60_000);
  for (let i = 2; i <= 4; i++) {
    await explicit(r1, "one.example", i);
    await many.waitForOutput(new RegExp(`^${i} states`, "m"), 60_000);
  }
  await listed(host, "the last one", (pvds) => pvds.some(({ sequence }) => sequence === 4));
  await many.stop();
  assert.equal(running.stderr.trim().split("\n").length, 1, running.stderr);
  await end(running);
});

test("readers that say something, never read, or come and go hold nobody up", lab, async () => {
  await using world = new World();
  const { host, r1 } = await oneLink(world, { ipv4: false });
  const running = await daemon(host);
  await listed(host, "the answer", (pvds) => pvds[0]?.advertisement);
  await read(host, "silent", 500);
  await read(host, "garbage", 20);
  await read(host, "restless", 50);
  const watchings = await Promise.all(UNPRIVILEGED.map((caller) => Watching.start(host, caller)));
  const good = await read(host, "good", 20);
  await good.waitForOutput(/^1 states/m, 60_000);
  // Large ones: what does not fit the silent ones' buffers is dropped, and so are they.
  for (let i = 1; i <= 20; i++) {
    await explicit(r1, `pvd${i}.example`, i, `https://portal.example/${"x".repeat(1200)}`);
    for (const watching of watchings) {
      await watching.until(`number ${i}`, () => watching.pvd(`pvd${i}.example`), 60_000);
    }
  }
  await good.waitForOutput(/^1\d states/m, 60_000);
  await waitFor("the silent ones' end", async () => {
    const { stdout } = await host.run(["ls", `/proc/${running.pid}/fd`]);
    return stdout.split("\n").length < 400;
  }, 60_000);
  const { stdout } = await host.run(["grep", "VmRSS", `/proc/${running.pid}/status`]);
  assert.ok(Number(/\d+/.exec(stdout)![0]) < 400 * 1024, stdout);
  assert.equal(running.stderr.trim().split("\n").length, 1, running.stderr);
  await end(running);
});

test("a daemon without descriptors to spare turns readers away and still writes", lab, async () => {
  await using world = new World();
  const { host, r1 } = await oneLink(world, { ipv4: false });
  const limited = ["prlimit", "--nofile=128:128", "--", ...mifArgv(ROOT, "daemon")];
  const running = host.spawn(limited);
  await running.waitForOutput(/hears routers/, 60_000);
  await read(host, "silent", 300);
  await running.waitForOutput(/cannot take more than \d+ readers \(EMFILE\)/, 30_000);
  await explicit(r1, "one.example");
  await listed(host, "the new PvD", (pvds) => pvds.some(({ id }) => id === "one.example"));
  assert.ok(running.running);
  await end(running);
});

test("a full /run is told; readers by the socket go on, and the file comes back", lab, async () => {
  await using world = new World();
  const { host, r1 } = await oneLink(world, { ipv4: false });
  host.shell("true");
  const small = "mkdir -p /run/mif && mount -t tmpfs -o size=256k,mode=755 none /run/mif";
  const running = host.spawn([
    "sh",
    "-c",
    `${small} && exec "$@"`,
    "sh",
    ...mifArgv(ROOT, "daemon"),
  ]);
  await running.waitForOutput(/hears routers/, 60_000);
  const inside = (...argv: string[]) => ["nsenter", "-t", String(running.pid), "-m", "--", ...argv];
  const lists = async () => {
    const { status, stdout, stderr } = await host.run(inside(...mifArgv(ROOT, "list", "--json")));
    assert.deepEqual([status, stderr], [0, ""]);
    return JSON.parse(stdout) as PvdInfo[];
  };
  await waitFor("the answer", async () => (await lists())[0]?.advertisement, 30_000);
  const watcher = host.spawn(inside(...mifArgv(ROOT, "watch", "--json")));
  await watcher.waitForOutput(/"default"/, 30_000);
  await host.run(inside("sh", "-c", "cat /dev/zero > /run/mif/fill"));
  await explicit(r1, "one.example");
  await running.waitForOutput(/the state is not written: .*ENOSPC/, 30_000);
  await watcher.waitForOutput(/"id":"one\.example"/, 30_000);
  assert.ok((await lists()).every(({ id }) => id !== "one.example"), "the file is the old one");
  await host.run(inside("rm", "/run/mif/fill"));
  await running.waitForOutput(/the state is written again/, 30_000);
  await waitFor("the file", async () => (await lists()).some(({ id }) => id === "one.example"));
  assert.equal(running.stderr.trim().split("\n").length, 3, running.stderr);
  await end(running);
});

test("nothing but the daemon's own file is believed, and doctor says why", lab, async () => {
  await using world = new World();
  const { host, r1 } = await oneLink(world, { ipv4: false });
  await explicit(r1, "one.example");
  const running = await daemon(host);
  await listed(host, "the explicit PvD", (pvds) => pvds.some(({ id }) => id === "one.example"));
  const { stdout } = await host.run(["cat", STATE]);
  await end(running, "SIGKILL");
  const state = (changes: Record<string, unknown> = {}) => () =>
    JSON.stringify({ ...JSON.parse(stdout), writtenMs: Math.floor(bootMs()), ...changes }) + "\n";
  const nothing = () => "";
  const mode = "others than its owner may write to";
  /** What stands in /run/mif, what is done to it, and what doctor says then. */
  const cases: [string, () => string, string, RegExp | "used"][] = [
    ["as it should be", state(), "true", "used"],
    ["the daemon's user's", state(), "chown -R 1000 /run/mif", "used"],
    ["root's in another's directory", state(), "chown 1000 /run/mif", "used"],
    ["another's in root's", state(), "chown 1000 $0", OTHERS],
    ["a third one's", state(), "chown 1000 /run/mif; chown 1001 $0", OTHERS],
    ["one that all may write", state(), "chmod 666 $0", new RegExp(`${mode} it`)],
    ["one that the group may write", state(), "chmod 664 $0", new RegExp(`${mode} it`)],
    ["a directory for all", state(), "chmod 1777 /run/mif", new RegExp(`${mode} /run/mif`)],
    ["a link to it", state(), "mv $0 /run/true; ln -s /run/true $0", /symbolic link/],
    [
      "a link to the directory",
      state(),
      "mv /run/mif /run/o; ln -s /run/o /run/mif",
      /no directory/,
    ],
    ["a FIFO", nothing, "rm $0; mkfifo $0", /not a regular file/],
    ["a directory", nothing, "rm $0; mkdir $0", /not a regular file/],
    ["a huge one", nothing, "truncate -s 5M $0", /too large/],
    ["an endless one", nothing, "rm $0; ln -s /dev/zero $0", /symbolic link/],
    [UNREADABLE, state(), "chmod 600 $0", /not read: EACCES/],
    ["nothing", nothing, "true", /not valid JSON/],
    ["half of one", () => state()().slice(0, 300), "true", /not valid JSON/],
    ["bytes", () => "\u0000\u0001", "true", /not valid JSON/],
    ["another version", state({ version: 2 }), "true", /of version "2"/],
    ["another network", state({ network: "1" }), "true", /in another network namespace/],
    [
      "of long ago",
      () => state({ writtenMs: ago(60), pvds: [] })(),
      "true",
      /no sign of life for 6\d s/,
    ],
    ["of the future", () => state({ writtenMs: ago(-600) })(), "true", /another time/],
    ["with a PvD that is none", state({ pvds: [{}] }), "true", /pvds\[0\]\.interface/],
  ];
  let answer = (_: string) => {};
  const reader = host.spawnScript(new URL("./daemon_reader_script.ts", import.meta.url), [], {
    unprivileged: true,
    onLine: (line) => answer(line),
  });
  const tellsUsers = await tellsUsersApart(host);
  for (const [what, text, command, expected] of cases) {
    if ((expected === OTHERS || what === UNREADABLE) && !tellsUsers) continue;
    await host.run(["sh", "-c", "rm -rf /run/mif /run/o /run/true"]);
    host.writeFile(STATE, text());
    const changed = await host.run(["sh", "-ec", command, STATE]);
    assert.equal(changed.status, 0, changed.stderr);
    const line = new Promise<string>((resolve) => answer = resolve);
    reader.write("look\n");
    const [said, ids]: [string, string[]] = JSON.parse(await line);
    if (expected === "used") assert.equal(said, "", what);
    else assert.match(said, expected, what);
    assert.equal(ids.includes("one.example"), expected === "used", what);
  }
  for (const caller of UNPRIVILEGED) assert.match(await doctor(host, caller), /pvds\[0\]/);
});

test("an old state holds while the daemon's socket is open, unless it hangs", lab, async () => {
  await using world = new World();
  const { host, r1 } = await oneLink(world, { ipv4: false });
  await explicit(r1, "one.example");
  const running = await daemon(host);
  await listed(host, "the explicit PvD", (pvds) => pvds.some(({ id }) => id === "one.example"));
  const said = JSON.parse((await host.run(["cat", STATE])).stdout);
  await end(running, "SIGKILL");
  const write = (seconds: number) =>
    host.writeFile(STATE, JSON.stringify({ ...said, pvds: [], writtenMs: ago(seconds) }) + "\n");
  const doctors = () => Promise.all(UNPRIVILEGED.map((caller) => doctor(host, caller)));
  write(100);
  for (const answer of await doctors()) assert.match(answer, /no sign of life for 10\d s/);
  const listening = host.spawn(["python3", "-IS", "-c", LISTENER]);
  await listening.waitForOutput(/listening/);
  for (const answer of await doctors()) assert.equal(answer, "used");
  write(200);
  for (const answer of await doctors()) assert.match(answer, /no sign of life for 20\d s/);
  write(100);
  await end(listening, "SIGKILL");
  for (const answer of await doctors()) assert.match(answer, /no sign of life for 1\d\d s/);
});

/** Nobody ever takes a connection here: who wants to know whether it is there makes none. */
const LISTENER = [
  "import os, signal, socket",
  "os.remove('/run/mif/socket')",
  "listener = socket.socket(socket.AF_UNIX)",
  "listener.bind('/run/mif/socket')",
  "os.chmod('/run/mif/socket', 0o666)",
  "listener.listen(0)",
  "print('listening', flush=True)",
  "signal.pause()",
].join("\n");

const UNREADABLE = "one that may not be read";
/** A user that is not mapped in the reader's user namespace is shown as nobody. */
const OTHERS = /is user \d+'s and not the daemon's/;

/** CLOCK_BOOTTIME so many seconds ago. */
function ago(seconds: number): number {
  return Math.floor(bootMs()) - seconds * 1000;
}

test("a socket of somebody else is not listened to", lab, async () => {
  await using world = new World();
  const { host, r1 } = await oneLink(world, { ipv4: false });
  await explicit(r1, "one.example");
  const running = await daemon(host);
  await listed(host, "the explicit PvD", (pvds) => pvds.some(({ id }) => id === "one.example"));
  const { stdout } = await host.run(["cat", STATE]);
  await end(running, "SIGKILL");
  await host.run(["sh", "-c", "rm -rf /run/mif && mkdir -m 755 /run/mif"]);
  // It says what the daemon would, as user 1000, in a directory that is root's.
  const forger = [
    "import os, socket, sys",
    "listener = socket.socket(socket.AF_UNIX)",
    "listener.bind('/run/mif/socket')",
    "os.chmod('/run/mif/socket', 0o666)",
    "os.setuid(int(sys.argv[1]))",
    "listener.listen()",
    "print('listening', flush=True)",
    "while True:",
    "    client = listener.accept()[0]",
    "    print('accepted', flush=True)",
    "    try:",
    "        client.sendall(sys.argv[2].encode())",
    "    except OSError:",
    "        pass",
  ].join("\n");
  const tellsUsers = await tellsUsersApart(host);
  for (const [uid, isBelieved] of [[1000, false], [0, true]] as const) {
    if (uid !== 0 && !tellsUsers) continue;
    await host.run(["rm", "-f", "/run/mif/socket"]);
    const state = JSON.stringify({ ...JSON.parse(stdout), writtenMs: Math.floor(bootMs()) }) + "\n";
    const forging = host.spawn(["python3", "-IS", "-c", forger, String(uid), state]);
    await forging.waitForOutput(/listening/);
    for (const caller of UNPRIVILEGED) {
      const watching = await Watching.start(host, caller);
      await forging.waitForOutput(/accepted/, 30_000);
      if (isBelieved) await watching.until("the state", () => watching.pvd("one.example"));
      else {
        await new Promise((resolve) => setTimeout(resolve, 1000));
        assert.equal(watching.pvd("one.example"), undefined);
      }
      await watching.process.stop();
    }
    await forging.stop();
  }
});

test("a user of its own with CAP_NET_RAW and nothing else is enough", lab, async (t) => {
  await using world = new World();
  const { host, r1 } = await oneLink(world, { ipv4: false });
  await explicit(r1, "one.example");
  // As its systemd unit has it.
  const user = [
    ...["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", "--no-new-privs"],
    ...["--inh-caps=-all,+net_raw", "--ambient-caps=-all,+net_raw", "--bounding-set=-all,+net_raw"],
    ...["env", "HOME=/run/mif-home", "DENO_DIR=/run/mif-home/deno"],
  ];
  await host.run(["install", "-d", "-o", "12345", "/run/mif-home", "/run/mif"]);
  const [program = ""] = mifArgv(ROOT);
  const { status, stderr } = await host.run([...user, "test", "-x", program]);
  if (status !== 0) return t.skip(`another user cannot run ${program} here: ${stderr}`);
  const running = host.spawn([...user, ...mifArgv(ROOT, "daemon")]);
  await running.waitForOutput(/mif daemon: hears routers/, 60_000);
  await listed(host, "the explicit PvD", (pvds) => pvds.some(({ id }) => id === "one.example"));
  for (const caller of UNPRIVILEGED) {
    const watching = await Watching.start(host, caller);
    await explicit(r1, "two.example");
    await watching.until("another", () => watching.pvd("two.example"));
    await explicit(r1, "one.example");
    await watching.process.stop();
  }
  await end(running);
});

test("there is one daemon; without privileges there is none", lab, async () => {
  await using world = new World();
  const { host, r1 } = await oneLink(world, { ipv4: false });
  const refusal = await tellsUsersApart(host)
    ? /^mif daemon: Cannot keep the daemon's state in \/run\/mif: .*as root/
    : /^mif daemon: Cannot solicit Router Advertisements: .*CAP_NET_RAW/;
  for (const caller of UNPRIVILEGED) {
    const { status, stdout, stderr } = await mif(host, caller, "daemon");
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(stderr, refusal);
  }
  const running = await daemon(host);
  const second = await mif(host, ROOT, "daemon");
  assert.equal(second.status, 1);
  assert.match(second.stderr, /another daemon does; end that one first/);
  assert.ok(running.running);
  // Who takes its socket away ends it, and it leaves what is not its own.
  await host.run(["sh", "-c", "rm /run/mif/socket; echo own > /run/mif/socket"]);
  await explicit(r1, "one.example");
  await running.waitForOutput(/its socket is another's now/, 20_000);
  assert.deepEqual(await running.exited, { status: 0, signal: null });
  assert.equal((await host.run(["cat", "/run/mif/socket"])).stdout, "own\n");
});

test(
  "a router that comes up later is asked for, a link that was away says nothing of before",
  lab,
  async () => {
    await using world = new World();
    const { host, r1 } = await oneLink(world, { ipv4: false });
    await explicit(r1, "one.example");
    host.sysctl({ "ipv6/conf/h0/router_solicitations": 0 });
    const running = await daemon(host);
    await listed(host, "the explicit PvD", (pvds) => pvds.some(({ id }) => id === "one.example"));
    await r1.advertiser!.stop();
    host.shell("ip link set h0 down; ip link set h0 up");
    await listed(host, "its end", (pvds) => pvds.every(({ id }) => id !== "one.example"));
    const another = await r1.host.advertise("lan0", {
      ...advertisementOf(NETWORK_1),
      options: [pvdOption({ id: "later.example" })],
    }, { answer: "unicast" });
    host.shell("ip link set h0 down; ip link set h0 up");
    await listed(host, "the other", (pvds) => pvds.some(({ id }) => id === "later.example"));
    assert.ok(another.solicitations > 0);
    await end(running);
  },
);

test("with --routes it keeps each PvD's sources on its router", lab, async () => {
  await using world = new World();
  const { host, r2 } = await twoRouters(world, { ipv4: false });
  const running = await daemon(host, "--routes");
  const sources = () =>
    host.ipJson<{ src?: string; srclen?: number }>("-6", "rule", "show")
      .flatMap(({ src, srclen }) => src === undefined || src === "all" ? [] : [`${src}/${srclen}`]);
  await waitFor("both prefixes' rules", () => {
    const held = sources();
    return [NETWORK_1, NETWORK_2].every(({ prefix }) => held.includes(prefix));
  }, 60_000);
  await r2.advertiser!.update({
    ...advertisementOf(NETWORK_2),
    prefixes: [{ prefix: "2001:db8:22::/64" }],
  });
  await waitFor("the new prefix' rule", () => sources().includes("2001:db8:22::/64"), 60_000);
  assert.match(running.stderr, /mif daemon: ip -6 rule add/);
  await end(running);
});

test("two hundred links: all is heard, told and watched", lab, async () => {
  await using world = new World();
  const { host, router } = await manyLinks(world, 200, { advertise: true });
  const running = await daemon(host);
  const socket = await PacketSocket.open(router, { icmpv6Type: 133, onFrame: () => {} });
  const speak = (sequence: number) =>
    Promise.all(Array.from({ length: 200 }, (_, i) => {
      const { prefix, routerLinkLocal } = manyLinksNetwork(i);
      const srcMac = router.mac(`r${i}`);
      const message = routerAdvertisement({
        prefixes: [{ prefix }],
        options: [pvdOption({ id: `pvd${i}.example`, sequence })],
      });
      return socket.send(
        `r${i}`,
        icmpv6Frame(message, {
          srcMac,
          dstMac: "33:33:00:00:00:01",
          src: routerLinkLocal,
          dst: "ff02::1",
        }),
      );
    }));
  await speak(1);
  await listed(
    host,
    "all explicit PvDs",
    (pvds) => pvds.filter(({ kind }) => kind === "explicit").length === 200,
  );
  const watchings = await Promise.all(UNPRIVILEGED.map((caller) => Watching.start(host, caller)));
  await speak(2);
  for (const watching of watchings) {
    await watching.until(
      "all sequences",
      () => watching.pvds.filter(({ sequence }) => sequence === 2).length === 200,
      60_000,
    );
  }
  await end(running);
});
