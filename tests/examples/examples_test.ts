// The programs of examples/ do in the lab what they say, and the guides show them as they are.

import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { makeCertificates } from "../connection/certificates.ts";
import { echoServer } from "../kernel/socket_probe.ts";
import { runCommand } from "../lab/command.ts";
import { scriptArgv } from "../lab/enter.ts";
import {
  advertisementOf,
  type Host,
  type LabRouter,
  labSkip,
  NETWORK_1,
  NETWORK_2,
  pvdOption,
  SERVICE_IPV4,
  SERVICE_IPV6,
  twoLinks,
  World,
} from "../lab/mod.ts";

const ROOT = new URL("../../", import.meta.url);
const NAME = "www.example.com";
const lab = { skip: labSkip(), timeout: 120_000 };
/** Two links with a router each: what every example is shown in. */
const PVDS = [`${NETWORK_1.routerLinkLocal}%h0`, `${NETWORK_2.routerLinkLocal}%h1`];

/** The output of an example, which must end well. */
async function run(
  host: Host,
  name: string,
  words: string[],
  { env = {}, unprivileged = true } = {},
): Promise<string> {
  const script = new URL(`examples/${name}.ts`, ROOT);
  const options = { unprivileged, env, timeoutMs: 60_000 };
  const { status, stdout, stderr } = await host.runScript(script, words, options);
  assert.deepEqual([status, stderr], [0, ""], stdout);
  return stdout;
}

/** Both routers know the name, and say of themselves that they are its server. */
async function serveNames(host: Host, routers: readonly LabRouter[]): Promise<void> {
  for (const { host: router, network } of routers) {
    await router.dnsmasq({
      domains: ["example.com"],
      records: { [NAME]: [network.routerAddress, network.routerIpv4] },
      config: [`mx-host=example.com,mail.${network.domain},10`],
    });
  }
  const servers = routers.flatMap(({ network: n }) => [n.routerAddress, n.routerIpv4]);
  host.writeFile("/etc/resolv.conf", servers.map((each) => `nameserver ${each}\n`).join(""));
}

/** A server's certificate in files, and what a program has in its environment that trusts it. */
function certificateFor(name: string, directory: string): {
  words: string[];
  trust: Record<string, string>;
} {
  for (const [what, text] of Object.entries(makeCertificates([`DNS:${name}`]))) {
    writeFileSync(join(directory, `${what}.pem`), text, { mode: 0o644 });
  }
  // Somebody else reads it.
  chmodSync(directory, 0o755);
  const ca = join(directory, "ca.pem");
  return {
    words: ["-cert", join(directory, "cert.pem"), "-key", join(directory, "key.pem")],
    trust: { DENO_CERT: ca, NODE_EXTRA_CA_CERTS: ca },
  };
}

describe("they run, without privileges where they need none", () => {
  test("bind_socket", lab, async () => {
    await using world = new World();
    const { host, r1, r2 } = await twoLinks(world);
    for (const router of [r1, r2]) await echoServer(router.host, [SERVICE_IPV6, SERVICE_IPV4]);
    // The echo server answers with the source that it saw.
    const words = (address: string, source: string) =>
      `sent from ${source} on `.concat(`(.*)\n${address} answered: ${source}\n`);
    const unnamed = await run(host, "bind_socket", [SERVICE_IPV4, "7"]);
    assert.match(unnamed, new RegExp(words(SERVICE_IPV4, NETWORK_1.hostIpv4)));
    const named = await run(host, "bind_socket", [SERVICE_IPV6, "7", PVDS[1]!]);
    const [, id] = named.match(words(SERVICE_IPV6, NETWORK_2.hostAddress))!;
    assert.equal(id, PVDS[1]);
  });

  test("resolve", lab, async () => {
    await using world = new World();
    const { host, r1, r2 } = await twoLinks(world);
    await serveNames(host, [r1, r2]);
    const addresses = await run(host, "resolve", [NAME]);
    for (const [i, { routerAddress }] of [NETWORK_1, NETWORK_2].entries()) {
      const line = addresses.split("\n").find((line) => line.startsWith(PVDS[i]!));
      assert.ok(line?.includes(routerAddress), addresses);
    }
    const records = await run(host, "resolve", ["example.com", "MX"]);
    for (const { domain } of [NETWORK_1, NETWORK_2]) assert.ok(records.includes(`mail.${domain}`));
    assert.match(await run(host, "resolve", ["missing.example.com"]), /EAI_NONAME/);
  });

  test("fetch", lab, async () => {
    await using world = new World();
    const { host, r1, r2 } = await twoLinks(world);
    await serveNames(host, [r1, r2]);
    const directory = mkdtempSync(join(tmpdir(), "mif-examples-"));
    try {
      const { words, trust } = certificateFor(NAME, directory);
      for (const { host: router } of [r1, r2]) {
        const argv = ["openssl", "s_server", "-accept", "443", "-www", ...words];
        await router.spawn(argv).waitForOutput(/ACCEPT/);
      }
      const all = await run(host, "fetch", [`https://${NAME}/`], { env: trust });
      for (const id of PVDS) assert.match(all, new RegExp(`^${id} 200 <HTML>`, "m"));
      const one = await run(host, "fetch", [`https://${NAME}/`, PVDS[1]!], { env: trust });
      assert.ok(one.startsWith(`${PVDS[1]} 200`) && !one.includes(PVDS[0]!), one);
    } finally {
      await world.dispose();
      rmSync(directory, { recursive: true });
    }
  });

  test("watch", lab, async () => {
    await using world = new World();
    const { host, r2 } = await twoLinks(world, { ipv4: false });
    const script = new URL("examples/watch.ts", ROOT);
    const watching = host.spawnScript(script, [], { unprivileged: true });
    const [, first] = await watching.waitForOutput(/^default (.*)$/m, 60_000);
    assert.equal(first, PVDS[0]);
    assert.match(watching.stdout, new RegExp(`^added ${PVDS[1]} .*${NETWORK_2.hostAddress}`, "m"));
    host.ip("link", "set", "h0", "down");
    await watching.waitForOutput(new RegExp(`^removed ${PVDS[0]}`, "m"), 30_000);
    await watching.waitForOutput(new RegExp(`^default ${PVDS[1]}`, "m"), 30_000);
    await r2.advertiser!.update({ ...advertisementOf(NETWORK_2), lifetimeSeconds: 0 });
    await watching.waitForOutput(/^default none/m, 30_000);
    process.kill(watching.pid, "SIGINT");
    assert.deepEqual(await watching.exited, { status: 0, signal: null });
    assert.equal(watching.stderr, "");
  });

  test("explicit_pvd", lab, async () => {
    await using world = new World();
    const id = "pvd.example";
    const options = [pvdOption({ id, http: true, sequence: 5 })];
    const { host, r2 } = await twoLinks(world, { ipv4: false, advertise2: { options } });
    const { routerAddress, prefix, hostAddress } = NETWORK_2;
    await r2.host.dnsmasq({ domains: ["example"], records: { [id]: [routerAddress] } });
    const directory = mkdtempSync(join(tmpdir(), "mif-examples-"));
    try {
      const { words, trust } = certificateFor(id, directory);
      const expires = "2100-01-01T00:00:00Z";
      const info = JSON.stringify({ identifier: id, expires, prefixes: [prefix] });
      const head = "HTTP/1.0 200 OK\r\nContent-Type: application/pvd+json\r\n\r\n";
      mkdirSync(join(directory, ".well-known"));
      writeFileSync(join(directory, ".well-known", "pvd"), head + info);
      const script = 'cd "$0" && exec openssl s_server -accept 443 -HTTP "$@"';
      await r2.host.spawn(["sh", "-c", script, directory, ...words]).waitForOutput(/ACCEPT/);
      const printed = await run(host, "explicit_pvd", [id], { env: trust, unprivileged: false });
      assert.match(
        printed,
        new RegExp(`^${id}, by ${NETWORK_2.routerLinkLocal} on h1, sequence 5`),
      );
      assert.ok(printed.includes(hostAddress) && printed.includes(routerAddress), printed);
      assert.ok(printed.includes(`its owner says, until ${expires}`), printed);
      const other = await run(host, "explicit_pvd", ["other.example"], { unprivileged: false });
      assert.equal(other, "");
    } finally {
      await world.dispose();
      rmSync(directory, { recursive: true });
    }
  });

  test("mobile_ipv6", lab, async () => {
    await using world = new World();
    const [far, mobile] = world.hosts("far", "mobile");
    world.links([[{ host: far, interface: "c0" }, { host: mobile, interface: "m0" }]]);
    const [correspondent, home, careOf] = ["2001:db8:88::1", "2001:db8:99::1", "2001:db8:77::1"];
    far.ip("addr", "add", `${correspondent}/128`, "dev", "c0");
    for (const address of [home!, careOf!]) {
      mobile.ip("addr", "add", `${address}/128`, "dev", "m0");
      far.ip("route", "add", `${address}/128`, "dev", "c0");
    }
    mobile.ip("route", "add", `${correspondent}/128`, "dev", "m0");
    const script = new URL("examples/mobile_ipv6.ts", ROOT);
    const answering = far.spawnScript(script, ["correspondent"]);
    await answering.waitForOutput(/waiting/, 60_000);
    const words = ["node", home!, careOf!, correspondent!];
    const printed = await run(mobile, "mobile_ipv6", words, { unprivileged: false });
    assert.equal(printed, "registered for 420 s\nderegistered\n");
    await answering.waitForOutput(new RegExp(`BU ${home} is at ${careOf}`));
  });

  test("server", lab, async () => {
    await using world = new World();
    const { host, r1, r2 } = await twoLinks(world);
    const script = new URL("examples/server.ts", ROOT);
    const server = host.spawnScript(script, ["8080", "h1"], { unprivileged: true });
    const [, address] = await server.waitForOutput(/listening on \[ "([^"]*)"/, 60_000);
    const url = `http://${address!.includes(":") ? `[${address}]` : address}:8080/`;
    const visit = ({ host }: LabRouter) =>
      host.run([
        "python3",
        "-c",
        `import urllib.request as u; print(u.urlopen("${url}", timeout=5).read().decode())`,
      ]);
    const { stdout, stderr } = await visit(r2);
    const answer = JSON.parse(stdout || "null") as { client: string; pvd: string } | null;
    assert.match(answer?.pvd ?? stderr, /h1$/);
    // The other router's link has no way to it.
    assert.notEqual((await visit(r1)).status, 0);
    process.kill(server.pid, "SIGINT");
    assert.deepEqual(await server.exited, { status: 0, signal: null });
    assert.match(server.stdout, /ended/);
  });

  test("lab_test", lab, async () => {
    const test = fileURLToPath(new URL("examples/lab_test.ts", ROOT));
    const [runtime] = scriptArgv("");
    const words = "deno" in process.versions ? ["test", "-A", "--no-check", test] : ["test", test];
    const { status, stdout, stderr } = await runCommand([runtime!, ...words], {
      timeoutMs: 100_000,
    });
    assert.equal(status, 0, stdout + stderr);
    assert.doesNotMatch(stdout + stderr, /Skipped/);
    assert.match(stdout + stderr, /it leaves by the router of its PvD/);
  });
});

const names = readdirSync(new URL("examples/", ROOT)).filter((name) => name.endsWith(".ts"));
const source = (name: string) => readFileSync(new URL(`examples/${name}`, ROOT), "utf8");

describe("the guides show them", () => {
  const pages = readdirSync(new URL("docs/", ROOT)).filter((name) => name.endsWith(".md"));
  const shown = pages.flatMap((page) =>
    [...readFileSync(new URL(`docs/${page}`, ROOT), "utf8").matchAll(/^```ts\n(.*?)^```$/gms)]
      .map(([, code]) => ({ page, code: code! }))
  );

  test("code in a guide is an example, as it is", () => {
    for (const { page, code } of shown) {
      assert.ok(names.some((name) => source(name) === code), `${page} shows what is no example`);
    }
  });

  test("each example is in a guide", () => {
    const unseen = names.filter((name) => !shown.some(({ code }) => code === source(name)));
    assert.deepEqual(unseen, []);
  });
});

describe("they are as they should be", () => {
  test("each is tried above", () => {
    const here = readFileSync(fileURLToPath(import.meta.url), "utf8");
    for (const name of names) assert.ok(here.includes(`test("${name.replace(".ts", "")}"`), name);
    assert.ok(names.length >= 5);
  });

  for (const name of names) {
    test(`${name} is short, says first what it shows and how to run it, and uses what users have`, () => {
      const text = source(name);
      assert.ok(text.split("\n").length <= 41, "at most 40 lines");
      assert.match(text, /^\/\/ [^]*?\n\/\/ {3}.*examples\/[^]*?\n\n/);
      const imported = [...text.matchAll(/from "([^"]+)"/g)].map(([, from]) => from!);
      assert.deepEqual(imported.filter((from) => !/^(node:|@mif\/sockets)/.test(from)), []);
    });
  }
});
