// Hosts with a thousand links or a hundred thousand routes, and hosts that change while they are read.

import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAddress, parsePrefix } from "../../lib/ip/address.ts";
import {
  churn,
  type ChurnKind,
  labSkip,
  manyLinks,
  manyLinksNetwork,
  manyRoutes,
  oneLink,
  World,
} from "../lab/mod.ts";
import { stated } from "./mif.ts";
import { outline, pvdOf } from "./outline.ts";
import { plainLinks } from "./plain_links.ts";
import { Probe } from "./probe.ts";
import { ROUTER_1 } from "./routers.ts";

/** Bun ends a test after five seconds where nothing else is said. */
const lab = { skip: labSkip(), timeout: 120_000 };

test("1000 links, each with addresses and gateways of both families", lab, async () => {
  await using world = new World();
  const { host } = await manyLinks(world, 1000);
  const numbers = Array.from({ length: 1000 }, (_, i) => i);
  const network = (i: number) => `10.${i >> 8}.${i & 255}`;
  host.batch(numbers.flatMap((i) => [
    `addr add ${network(i)}.2/24 dev h${i}`,
    `addr add 2001:db8:1000:${i.toString(16)}::2/64 dev h${i}`,
    `route add default via ${network(i)}.1 dev h${i} metric ${1000 + i}`,
    `route add default via 2001:db8:1000:${i.toString(16)}::1 dev h${i} metric ${2000 + i}`,
  ]));
  const pvds = await stated(host);
  assert.deepEqual(pvds.map(({ id }) => id), numbers.map((i) => `h${i}`));
  assert.deepEqual(outline(pvds.slice(-1)).h999?.gateways, [
    `${network(999)}.1`,
    "2001:db8:1000:3e7::1",
  ]);
});

test("400 links, each with its router", lab, async () => {
  await using world = new World();
  const { host } = await manyLinks(world, 400, { advertise: true });
  const described = outline(await stated(host));
  assert.equal(Object.keys(described).length, 400);
  for (let i = 0; i < 400; i++) {
    const link = manyLinksNetwork(i);
    assert.deepEqual(described[`${link.routerLinkLocal}%${link.interface}`], {
      attribution: "sole-router",
      addresses: [link.hostAddress],
      gateways: [link.routerLinkLocal],
      routes: [canonicalPrefix(link.prefix), `::/0 via ${link.routerLinkLocal}`].sort(),
      best: link.hostAddress,
    });
  }
});

test(
  "100000 routes of a routing daemon in main, and more in a table that a rule looks up",
  lab,
  async () => {
    await using world = new World();
    const { host } = await oneLink(world);
    const before = outline(await stated(host));
    manyRoutes(host, 100_000, { interface: "h0", protocol: "bird" });
    assert.deepEqual(outline(await stated(host)), before);
    manyRoutes(host, 20_000, { interface: "h0", protocol: "bird", table: 1000 });
    manyRoutes(host, 20_000, { interface: "h0", protocol: "bird", family: 4 });
    host.ip("-6", "rule", "add", "from", "2001:db8:99::/64", "lookup", "1000");
    assert.deepEqual(outline(await stated(host)), before);
  },
);

test("a default route of a routing daemon that has 100000 others", lab, async () => {
  await using world = new World();
  const { host } = plainLinks(world, 2);
  host.batch([
    "addr add 192.0.2.2/24 dev h0",
    "addr add 2001:db8:5::2/64 dev h0",
    "addr add 2001:db8:6::2/64 dev h1",
    "route add default via 192.0.2.1 dev h0 proto bird",
    "route add default via 2001:db8:5::1 dev h0 proto bird metric 300",
    "route add default via 2001:db8:6::1 dev h1 proto bird metric 400",
  ]);
  manyRoutes(host, 100_000, { interface: "h0", protocol: "bird" });
  manyRoutes(host, 20_000, { interface: "h0", protocol: "bird", family: 4 });
  const described = outline(await stated(host));
  assert.deepEqual(described.h0?.gateways, ["192.0.2.1", "2001:db8:5::1"]);
  assert.deepEqual(described.h1?.gateways, ["2001:db8:6::1"]);
});

test("100000 static routes are all listed", lab, async () => {
  await using world = new World();
  const { host } = await oneLink(world);
  manyRoutes(host, 100_000, { interface: "h0" });
  assert.equal(pvdOf(await stated(host), ROUTER_1).routes.length, 100_002);
});

function canonicalPrefix(text: string): string {
  const { bytes, prefixLength } = parsePrefix(text)!;
  return `${formatAddress(bytes)}/${prefixLength}`;
}

/** What changes, and how often the library looks. */
const CHURNS: readonly (readonly [string, ChurnKind[], number])[] = [
  ["routes", ["routes"], 300],
  ["links", ["links"], 150],
  // Each address takes a route with it.
  ["addresses", ["addresses"], 150],
  ["all of them", ["routes", "addresses", "links"], 150],
];

for (const [what, kinds, times] of CHURNS) {
  test(`what stays is neither lost nor doubled while others change ${what}`, lab, async () => {
    await using world = new World();
    const { host } = plainLinks(world, 8);
    // More of each kind than one datagram of the kernel holds, and behind what churns in the order of the
    // kernel's walk: it resumes by counting, so that every other `ip -6 route` loses or doubles some of these.
    host.batch(Array.from({ length: 800 }, (_, i) => {
      return `addr add 2001:db8:d00${i % 8}:${i.toString(16)}::2/128 dev h${i % 8}`;
    }));
    host.batch(Array.from({ length: 1000 }, (_, i) => {
      return `route add 2001:db8:e000:${i.toString(16)}::/64 dev h3 proto static`;
    }));
    await Promise.all(Array.from({ length: 8 }, (_, i) => host.waitForLinkLocal(`h${i}`)));
    const probe = new Probe(host, { unprivileged: true });
    const quiet = Object.keys((await probe.countStatements(1)).counts);
    assert.ok(quiet.length > 2600, `${quiet.length} statements`);
    const source = churn(host, "h0", kinds);
    const { settled, counts } = await probe.countStatements(times);
    assert.ok(source.running, source.stderr);
    // A reading that cannot prove that it has all routes says so; hardly any has to.
    assert.ok(settled >= times * 0.95, `${settled} of ${times} readings settled`);
    const unsteady = quiet.filter((statement) => {
      return counts[statement] !== (statement.includes(" via ") ? settled : times);
    });
    assert.deepEqual(unsteady.map((statement) => `${statement}: ${counts[statement]}`), []);
    assert.ok(Object.keys(counts).length >= quiet.length);
  });
}
