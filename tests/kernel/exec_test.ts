// `mif exec`: programs that know nothing of PvDs, held to one; captures at both routers judge.

import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import {
  labSkip,
  NETWORK_1,
  NETWORK_2,
  SERVICE_IPV4,
  SERVICE_IPV6,
  twoLinks,
  twoRouters,
  waitFor,
  World,
} from "../lab/mod.ts";
import { gccSkip } from "../socket/c_program.ts";
import { ANSWERS, ASKING, EVADING, python, staticProgram, WRITING } from "./exec_programs.ts";
import { CALLERS, mif, mifArgv, ROOT } from "./mif.ts";
import { assertNoLeak, type Site, site } from "./site.ts";

const lab = { skip: labSkip(), timeout: 120_000 };

/** The second network's PvDs. */
const ID_4 = "h1";
const ID_6 = `${NETWORK_2.routerLinkLocal}%h1`;

/** {@linkcode site} with each PvD held by the rules of `mif route install`. */
async function heldSite(world: World, topology = twoLinks): Promise<Site> {
  const here = await site(world, topology);
  const install = await mif(here.host, ROOT, "route", "install", "--solicit");
  assert.deepEqual([install.status, install.stderr], [0, ""]);
  return here;
}

test("every socket of a program leaves by the PvD, in threads and children too", lab, async () => {
  await using world = new World();
  const here = await heldSite(world);
  const rows = [
    [ID_6, SERVICE_IPV6, NETWORK_2.hostAddress],
    [ID_4, SERVICE_IPV4, NETWORK_2.hostIpv4],
  ] as const;
  for (const caller of CALLERS) {
    for (const [id, service, source] of rows) {
      const asking = python(ASKING, service);
      const ran = await mif(here.host, caller, "exec", "--pvd", id, "--", ...asking);
      assert.deepEqual([ran.status, ran.stderr], [0, ""], JSON.stringify(caller));
      const sources = ran.stdout.trim().split("\n").map((line) => line.split(" ")[1]);
      assert.deepEqual(sources, Array(ANSWERS).fill(source), ran.stdout);
    }
  }
  await assertNoLeak(here);
});

test("a statically linked program too", {
  ...lab,
  skip: labSkip() || gccSkip(),
}, async () => {
  await using world = new World();
  using program = staticProgram();
  const here = await heldSite(world, twoRouters);
  for (const caller of CALLERS) {
    const id = `${NETWORK_2.routerLinkLocal}%h0`;
    const words = ["exec", "--pvd", id, "--", program.path, SERVICE_IPV6];
    const ran = await mif(here.host, caller, ...words);
    assert.deepEqual([ran.status, ran.stdout], [0, NETWORK_2.hostAddress], ran.stderr);
  }
  await assertNoLeak(here);
});

test(
  "what would lead around the supervisor fails, and what stays on the host works",
  lab,
  async () => {
    await using world = new World();
    const here = await site(world, twoLinks);
    assert.equal((await mif(here.host, ROOT, "route", "install", "--solicit")).status, 0);
    for (const caller of CALLERS) {
      const evading = python(
        EVADING,
        NETWORK_2.hostAddress,
        NETWORK_1.hostAddress,
        SERVICE_IPV6,
        "h0",
      );
      const ran = await mif(here.host, caller, "exec", "--pvd", ID_6, "--", ...evading);
      assert.equal(ran.status, 0, ran.stderr);
      assert.deepEqual(ran.stdout.trim().split("\n"), [
        "SO_BINDTODEVICE EPERM",
        "SO_MARK EPERM",
        "IPV6_PKTINFO EPERM",
        "bind to a foreign address EADDRNOTAVAIL",
        "bind to our own done",
        "packet socket EAFNOSUPPORT",
        "MPTCP EPROTONOSUPPORT",
        "io_uring_setup ENOSYS",
        "a foreign source in sendmsg() ENETUNREACH",
        "our own source in sendmsg() done",
        "loopback DNS ECONNREFUSED",
        "loopback done",
        "the network from a socket of loopback EADDRNOTAVAIL",
        "no descriptor EBADF",
        "no socket ENOTSOCK",
        "no address EAFNOSUPPORT",
        "memory that is not there EAFNOSUPPORT",
        "an odd family EAFNOSUPPORT",
        "unix sockets done",
      ], JSON.stringify(caller));
      // Each refusal that has a reason of ours is told once.
      assert.match(ran.stderr, /mif exec: Cannot bind to 2001:db8:1::/);
    }
    await assertNoLeak(here);
  },
);

test("names are asked of the PvD's servers, by its way", lab, async () => {
  await using world = new World();
  const here = await heldSite(world);
  for (const [at, router] of [here.r1, here.r2].entries()) {
    await router.host.dnsmasq({
      listen: [router.network.routerAddress],
      records: { "www.example": [`2001:db8:ffff::${at + 1}`] },
      domains: ["example"],
    });
  }
  // What networkd would say of each link.
  for (const [name, { routerAddress }] of [["h0", NETWORK_1], ["h1", NETWORK_2]] as const) {
    const { ifindex } = here.host.ipJson<{ ifindex: number }>("link", "show", "dev", name)[0]!;
    here.host.writeFile(
      `/run/systemd/netif/links/${ifindex}`,
      `# This is private data. Do not parse.\nADMIN_STATE=configured\nDNS=${routerAddress}\n` +
        "DOMAINS=example\n",
    );
  }
  for (const caller of CALLERS) {
    const words = ["getent", "ahostsv6", "www"];
    const ran = await mif(here.host, caller, "exec", "--pvd", ID_6, "--", ...words);
    assert.deepEqual([ran.status, ran.stderr], [0, ""]);
    assert.match(ran.stdout, /^2001:db8:ffff::2 /, JSON.stringify(caller));
  }
  const queries = here.captures.map(({ frames }) =>
    frames.filter(({ dport, direction }) => dport === 53 && direction === "in").length
  );
  assert.equal(queries[0], 0);
  assert.ok(queries[1]! >= CALLERS.length);
  await assertNoLeak(here);
});

const losses: [what: string, lose: (here: Site) => unknown][] = [
  [
    "its address goes",
    ({ host }) => host.ip("addr", "del", `${NETWORK_2.hostAddress}/64`, "dev", "h1"),
  ],
  ["its link goes down", ({ host }) => host.ip("link", "set", "h1", "down")],
  ["its interface is taken away", ({ host }) => host.ip("link", "del", "h1")],
];
for (const [what, lose] of losses) {
  test(
    `where ${what} a connection ends, and nothing of it reaches another router`,
    lab,
    async () => {
      await using world = new World();
      const here = await heldSite(world);
      await assertEnds(here, lose);
      await assertNoLeak(here);
    },
  );
}

test("where the rules are taken away a connection ends", lab, async () => {
  await using world = new World();
  await assertEnds(await heldSite(world), async ({ host }) => {
    assert.equal((await mif(host, ROOT, "route", "remove")).status, 0);
  });
});

/** A program writes over a connection until that fails, which it does once the way is lost. */
async function assertEnds(here: Site, lose: (here: Site) => unknown): Promise<void> {
  const words = ["exec", "--pvd", ID_6, "--", ...python(WRITING, SERVICE_IPV6)];
  const running = here.host.spawn(mifArgv(ROOT, ...words));
  await running.waitForOutput(/connected/);
  await lose(here);
  const error = () => /^E[A-Z]+$/m.exec(running.stdout)?.[0];
  assert.equal(await waitFor("the program's end", error, 10_000), "ECONNRESET", running.stderr);
}

test("where no rules hold packets to the PvD nothing is run", lab, async () => {
  await using world = new World();
  const { host } = await site(world, twoLinks);
  for (const caller of CALLERS) {
    const refused = await mif(host, caller, "exec", "--pvd", ID_6, "--", "touch", "/run/ran");
    assert.equal(refused.status, 1, refused.stdout);
    assert.match(refused.stderr, /mif route install/);
  }
  assert.equal(host.shell("test -e /run/ran || echo no").trim(), "no");
});

test("status, signal, environment and words are the program's own", lab, async () => {
  await using world = new World();
  const here = await heldSite(world);
  here.host.writeFile("/run/plain", "no program");
  for (const caller of CALLERS) {
    const run = (...words: string[]) =>
      mif(here.host, caller, "exec", "--pvd", ID_6, "--", ...words);
    assert.equal((await run("sh", "-c", "exit 7")).status, 7);
    assert.equal((await run("sh", "-c", "kill -9 $$")).status, 128 + 9);
    assert.equal((await run("printf", "%s|", "a b", "", "--pvd")).stdout, "a b||--pvd|");
    assert.equal((await run("sh", "-c", 'printf %s "$NO_COLOR"')).stdout, "1");
    const [missing, plain] = [await run("no-such-program"), await run("/run/plain")];
    assert.deepEqual([missing.status, plain.status], [1, 1]);
    assert.match(missing.stderr, /there is no such program/);
    assert.match(plain.stderr, /not executable/);
    assert.equal((await mif(here.host, caller, "exec", "--pvd", ID_6)).status, 2);
    assert.equal((await mif(here.host, caller, "exec", "--", "true")).status, 2);
    const nobody = await mif(here.host, caller, "exec", "--pvd", "nobody", "--", "true");
    assert.deepEqual([nobody.status, nobody.stdout], [1, ""]);
    assert.ok(nobody.stderr.includes(ID_6), nobody.stderr);
  }
  const asleep = here.host.spawn(mifArgv(ROOT, "exec", "--pvd", ID_6, "--", "sleep", "99"));
  const looking = `pgrep -g ${asleep.pid} -x sleep || true`;
  await waitFor("the program", () => here.host.shell(looking).trim() || undefined);
  process.kill(asleep.pid, "SIGTERM");
  assert.equal((await asleep.exited).status, 128 + 15);
});
