// mif resolve in a real network: in both runtimes, with and without privileges.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { AddrInfo } from "../../mod.ts";
import {
  type Host,
  type LabRouter,
  labSkip,
  NETWORK_1,
  NETWORK_2,
  twoLinks,
  twoRouters,
  World,
} from "../lab/mod.ts";
import { CALLERS, mif, ROOT } from "./mif.ts";

const lab = { skip: labSkip(), timeout: 60_000 };
const ROUTER_1 = `${NETWORK_1.routerLinkLocal}%h0`;
const ROUTER_2 = `${NETWORK_2.routerLinkLocal}%h1`;

/** Routers mean different hosts by the same name. */
async function serveViews(routers: LabRouter[]): Promise<void> {
  for (const [i, { host }] of routers.entries()) {
    await host.dnsmasq({
      domains: ["example"],
      records: {
        "www.example": [`2001:db8:${i + 1}::80`, `192.0.2.${i + 1}`],
        "four.example": ["192.0.2.4"],
      },
      config: [
        `mx-host=example,mail${i + 1}.example,10`,
        'txt-record=text.example,two words,"quo\\"te"',
        "cname=alias.example,www.example",
        "caa-record=example,0,issue,ca.example",
      ],
    });
  }
}

/** Two links, each with its view of the names and a server for IPv4 and IPv6. */
async function twoViews(world: World): Promise<Host> {
  const { host, r1, r2 } = await twoLinks(world);
  await serveViews([r1, r2]);
  const servers = [NETWORK_1, NETWORK_2].flatMap((network) => [
    network.routerAddress,
    network.routerIpv4,
  ]);
  host.writeFile("/etc/resolv.conf", servers.map((server) => `nameserver ${server}\n`).join(""));
  return host;
}

async function printed(host: Host, ...words: string[]): Promise<string> {
  const outputs = await Promise.all(CALLERS.map(async (caller) => {
    const { status, stdout, stderr } = await mif(host, caller, "resolve", ...words);
    assert.deepEqual([status, stderr], [0, ""]);
    return stdout;
  }));
  for (const output of outputs) assert.equal(output, outputs[0]);
  return outputs[0]!;
}

async function refused(host: Host, ...words: string[]): Promise<[number | null, string]> {
  const { status, stdout, stderr } = await mif(host, ROOT, "resolve", ...words);
  assert.equal(stdout, "");
  assert.match(stderr, /^mif[^\n]*\n$/);
  return [status, stderr];
}

test("each PvD has its own addresses for a name", lab, async () => {
  await using world = new World();
  const host = await twoViews(world);
  assert.equal(
    await printed(host, "www.example", "--pvd", ROUTER_1),
    "2001:db8:1::80\n192.0.2.1\n",
  );
  assert.equal(
    await printed(host, "www.example", "--pvd", ROUTER_2),
    "2001:db8:2::80\n192.0.2.2\n",
  );
  // IPv4 first where there is nothing else.
  assert.equal(
    await printed(host, "alias.example", "http", "--pvd", "h1"),
    "192.0.2.2 port 80 tcp\n2001:db8:2::80 port 80 tcp\n",
  );
  assert.equal(
    await printed(host, "www.example", "domain", "--pvd", ROUTER_1),
    "2001:db8:1::80 port 53 tcp\n2001:db8:1::80 port 53 udp\n" +
      "192.0.2.1 port 53 tcp\n192.0.2.1 port 53 udp\n",
  );
  const infos: AddrInfo[] = JSON.parse(
    await printed(host, "alias.example", "443", "--pvd", "h1", "--json"),
  );
  assert.equal(infos[0]?.ai_canonname, "www.example");
  assert.deepEqual(infos[0]?.ai_addr, { family: 4, address: "192.0.2.2", port: 443, scopeId: 0 });
});

test(
  "two routers on one link: each is asked what only it announced, and no other",
  lab,
  async () => {
    await using world = new World();
    const { host, r1, r2 } = await twoRouters(world);
    await serveViews([r1, r2]);
    const installed = await mif(host, ROOT, "route", "install", "--solicit");
    assert.equal(installed.status, 0, installed.stderr);
    const capture = await host.capture("h0");
    for (const [i, network] of [NETWORK_1, NETWORK_2].entries()) {
      const words = ["www.example", "--pvd", `${network.routerLinkLocal}%h0`, "--solicit"];
      const { stdout, stderr } = await mif(host, ROOT, "resolve", ...words);
      assert.deepEqual([stdout, stderr], [`2001:db8:${i + 1}::80\n192.0.2.${i + 1}\n`, ""]);
    }
    const queries = (await capture.stop()).filter(({ dport }) => dport === 53);
    // Two families, two routers.
    assert.equal(queries.length, 4);
    for (const { src, dst, dstMac } of queries) {
      const network = [NETWORK_1, NETWORK_2].find(({ hostAddress }) => hostAddress === src);
      assert.deepEqual([dst, dstMac], [network?.routerAddress, network?.routerMac]);
    }
  },
);

test("records of any type", lab, async () => {
  await using world = new World();
  const host = await twoViews(world);
  const of = (...words: string[]) => printed(host, ...words, "--pvd", "h1");
  assert.equal(await of("example", "--type", "MX"), "example 0 MX 10 mail2.example\n");
  assert.equal(
    await of("text.example", "--type", "txt"),
    'text.example 0 TXT "two words" "quo\\"te"\n',
  );
  assert.equal(await of("alias.example", "--type", "A"), "www.example 0 A 192.0.2.2\n");
  const { records, pvd, canonicalName } = JSON.parse(
    await of("text.example", "--type", "TXT", "--json"),
  );
  assert.deepEqual([pvd, canonicalName], ["h1", "text.example"]);
  assert.deepEqual(records, [{
    name: "text.example",
    ttlSeconds: 0,
    type: "TXT",
    strings: ["two words", 'quo"te'],
    data: ["74776f20776f726473", "71756f227465"],
  }]);
  assert.equal(
    JSON.parse(await of("example", "--type", "CAA", "--json")).records[0].value,
    "ca.example",
  );
});

test("the PvD by its ID, its handle, or an interface that has one", lab, async () => {
  await using world = new World();
  const host = await twoViews(world);
  const { stdout } = await mif(host, ROOT, "list", "--json");
  const pvds: { id: string; handle: number }[] = JSON.parse(stdout);
  assert.equal(pvds.length, 4);
  for (const { id, handle } of pvds) {
    const byId = await mif(host, ROOT, "resolve", "four.example", "--pvd", id);
    const byHandle = await mif(host, ROOT, "resolve", "four.example", "--pvd", String(handle));
    assert.deepEqual([byId.stdout, byHandle.stdout], ["192.0.2.4\n", "192.0.2.4\n"]);
  }
  const [status, message] = await refused(host, "www.example", "--pvd", "h7");
  assert.equal(status, 1);
  for (const { id } of pvds) assert.ok(message.includes(id), message);
});

test("what cannot be, and what is used wrongly", lab, async () => {
  await using world = new World();
  const host = await twoViews(world);
  const status = async (...words: string[]) => (await refused(host, ...words, "--pvd", "h0"))[0];
  assert.equal(await status("none.example"), 1);
  assert.equal(await status("none.example", "--type", "A"), 1);
  assert.equal(await status("www.example", "--type", "MX"), 1);
  assert.equal(await status("www.example", "nosuch"), 1);
  assert.equal(await status("a..b"), 1);
  assert.equal(await status("www.example", "http", "more"), 2);
  assert.equal(await status("www.example", "http", "--type", "A"), 2);
  assert.equal(await status("www.example", "--type", "NOSUCH"), 2);
  assert.equal(await status("www.example", "--unknown"), 2);
  assert.equal(await status(), 2);
  assert.equal((await refused(host, "www.example", "--solicit"))[0], 2);
});
