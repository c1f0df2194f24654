// What `mif list` says of hosts of every kind, held against ip(8): in both runtimes, as root and without privileges.

import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import {
  labSkip,
  NETWORK_1,
  NETWORK_2,
  noIpv6,
  oneLink,
  temporaryAndDeprecated,
  twoLinks,
  waitFor,
  World,
} from "../lab/mod.ts";
import { ALL_CALLERS, CALLERS, mif, mifArgv, stated } from "./mif.ts";
import { outline, pvdOf } from "./outline.ts";
import { plainLinks } from "./plain_links.ts";
import { ROUTER_1 } from "./routers.ts";

/** Bun ends a test after five seconds where nothing else is said. */
const lab = { skip: labSkip(), timeout: 60_000 };

/** IPv4 of the first network, as it stands on its interface. */
const IPV4_1 = {
  attribution: "interface",
  addresses: [NETWORK_1.hostIpv4],
  gateways: [NETWORK_1.routerIpv4],
  routes: [`0.0.0.0/0 via ${NETWORK_1.routerIpv4}`, NETWORK_1.ipv4Prefix],
  best: NETWORK_1.hostIpv4,
};

/** IPv6 of the first network, where its router is the only one. */
const IPV6_1 = {
  attribution: "sole-router",
  addresses: [NETWORK_1.hostAddress],
  gateways: [NETWORK_1.routerLinkLocal],
  routes: [NETWORK_1.prefix, `::/0 via ${NETWORK_1.routerLinkLocal}`],
  best: NETWORK_1.hostAddress,
};

for (const by of ["advertiser", "radvd"] as const) {
  test(`one link: the router's PvD has its prefix, by ${by}`, lab, async () => {
    await using world = new World();
    const { host } = await oneLink(world, { by });
    assert.deepEqual(outline(await stated(host)), { h0: IPV4_1, [ROUTER_1]: IPV6_1 });
  });
}

test(
  "two links: each router's PvD has its own prefix, and each link its IPv4",
  lab,
  async () => {
    await using world = new World();
    const { host } = await twoLinks(world);
    assert.deepEqual(outline(await stated(host, ALL_CALLERS)), {
      h0: IPV4_1,
      [ROUTER_1]: IPV6_1,
      h1: {
        attribution: "interface",
        addresses: [NETWORK_2.hostIpv4],
        gateways: [NETWORK_2.routerIpv4],
        routes: [`0.0.0.0/0 via ${NETWORK_2.routerIpv4}`, NETWORK_2.ipv4Prefix],
        best: NETWORK_2.hostIpv4,
      },
      [`${NETWORK_2.routerLinkLocal}%h1`]: {
        attribution: "sole-router",
        addresses: [NETWORK_2.hostAddress],
        gateways: [NETWORK_2.routerLinkLocal],
        routes: [NETWORK_2.prefix, `::/0 via ${NETWORK_2.routerLinkLocal}`],
        best: NETWORK_2.hostAddress,
      },
    });
  },
);

test("a PvD has the same handle in every process", lab, async () => {
  await using world = new World();
  const { host } = await twoLinks(world);
  const handles = async () =>
    (await stated(host, ALL_CALLERS)).map(({ handle, id }) => `${handle} ${id}`).sort();
  const before = await handles();
  host.batch(["addr add 192.0.2.77/24 dev h0", "route add 2001:db8:70::/48 dev h1"]);
  assert.deepEqual(await handles(), before);
});

test("no IPv6 in the kernel: IPv4 stands alone", lab, async () => {
  await using world = new World();
  const { host } = await noIpv6(world);
  assert.deepEqual(outline(await stated(host)), { h0: IPV4_1 });
});

test("IPv4 only, on a link with link-local IPv6", lab, async () => {
  await using world = new World();
  const { host } = plainLinks(world, 1);
  host.batch(["addr add 192.0.2.2/24 dev h0", "route add default via 192.0.2.1"]);
  await host.waitForLinkLocal("h0");
  assert.deepEqual(outline(await stated(host)), {
    h0: {
      attribution: "interface",
      addresses: ["192.0.2.2"],
      gateways: ["192.0.2.1"],
      routes: ["0.0.0.0/0 via 192.0.2.1", "192.0.2.0/24"],
      best: "192.0.2.2",
    },
  });
});

test("IPv6 only, static", lab, async () => {
  await using world = new World();
  const { host } = plainLinks(world, 1);
  host.batch(["addr add 2001:db8:5::2/64 dev h0", "route add default via 2001:db8:5::1"]);
  assert.deepEqual(outline(await stated(host)), {
    h0: {
      attribution: "interface",
      addresses: ["2001:db8:5::2"],
      gateways: ["2001:db8:5::1"],
      routes: ["2001:db8:5::/64", "::/0 via 2001:db8:5::1"],
      best: "2001:db8:5::2",
    },
  });
});

test("only loopback: a sentence, or an empty array, and no failure", lab, async () => {
  await using world = new World();
  const [host] = world.hosts("host");
  host.batch(["addr add 2001:db8:7::7/128 dev lo", "addr add 192.0.2.7/32 dev lo"]);
  assert.deepEqual(await stated(host), []);
  for (const caller of CALLERS) {
    const { status, stdout, stderr } = await mif(host, caller, "list");
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, /^No provisioning domain: .*\.\n$/);
    assert.equal((await mif(host, caller, "list", "--json")).stdout, "[]\n");
  }
});

test("links without addresses, or with link-local ones only, are no PvDs", lab, async () => {
  await using world = new World();
  const { host } = plainLinks(world, 2);
  host.sysctl({ "ipv6/conf/h1/disable_ipv6": 1 });
  await host.waitForLinkLocal("h0");
  assert.deepEqual(await stated(host), []);
});

test("`mif list` names addresses, gateways, DNS servers and routes", lab, async () => {
  await using world = new World();
  const { host } = await oneLink(world);
  host.writeFile("/etc/resolv.conf", `nameserver ${NETWORK_1.routerAddress}\nsearch one.example\n`);
  for (const caller of CALLERS) {
    const { status, stdout, stderr } = await mif(host, caller, "list");
    assert.deepEqual([status, stderr], [0, ""]);
    const paragraph = stdout.split("\n\n").find((text) => text.startsWith(ROUTER_1))!;
    for (
      const pattern of [
        new RegExp(`^  addresses +${NETWORK_1.hostAddress}/64 \\(valid 1[78]\\d\\d s\\)$`, "m"),
        new RegExp(`^  gateways +${NETWORK_1.routerLinkLocal}$`, "m"),
        new RegExp(`^  DNS +${NETWORK_1.routerAddress} \\(/etc/resolv\\.conf\\)$`, "m"),
        /^ {2}search +one\.example$/m,
        new RegExp(`^ +::/0 via ${NETWORK_1.routerLinkLocal}$`, "m"),
      ]
    ) {
      assert.match(paragraph, pattern);
    }
  }
});

test(
  "in a terminal it is a tree in colour, and without colour where NO_COLOR says so",
  lab,
  async () => {
    await using world = new World();
    const { host } = await twoLinks(world);
    for (const caller of CALLERS.filter(({ unprivileged }) => !unprivileged)) {
      const command = mifArgv(caller, "list").map((word) => `'${word}'`).join(" ");
      const [coloured, bare] = await Promise.all(
        ["", "1"].map((NO_COLOR) =>
          host.run(["script", "-qec", command, "/dev/null"], {
            env: {
              TERM: "xterm-256color",
              // Both say what is no terminal's business.
              CI: undefined,
              FORCE_COLOR: undefined,
              NO_COLOR: NO_COLOR || undefined,
            },
          })
        ),
      );
      for (const { status, stderr } of [coloured!, bare!]) {
        assert.deepEqual([status, stderr], [0, ""]);
      }
      const text = stripVTControlCharacters(coloured!.stdout).replaceAll("\r", "");
      assert.notEqual(text, coloured!.stdout.replaceAll("\r", ""));
      for (const output of [text, bare!.stdout.replaceAll("\r", "")]) {
        assert.match(output, /^h0\n[├└]─ /m);
        assert.match(
          output,
          new RegExp(
            `^[├└]─ ${ROUTER_1}  implicit, from router ${NETWORK_1.routerLinkLocal}, `,
            "m",
          ),
        );
        assert.match(
          output,
          new RegExp(`^[│ ]  ├─ addresses  ${NETWORK_1.hostAddress}/64  valid 1[78]\\d\\d s$`, "m"),
        );
        assert.match(
          output,
          new RegExp(`^[│ ]  └─ routes     ${NETWORK_1.prefix}$`, "m"),
        );
      }
    }
  },
);

test(
  "temporary and deprecated addresses are marked, and come behind the others",
  lab,
  async () => {
    await using world = new World();
    const { host } = await temporaryAndDeprecated(world);
    const { addresses, ai_addr } = pvdOf(await stated(host), ROUTER_1);
    const kinds = addresses.map(({ address, deprecated, temporary }) => ({
      prefix: address.split("::")[0]!.split(":").slice(0, 3).join(":"),
      deprecated,
      temporary,
    }));
    assert.deepEqual(kinds, [
      { prefix: "2001:db8:1", deprecated: false, temporary: false },
      { prefix: "2001:db8:1", deprecated: false, temporary: true },
      { prefix: "2001:db8:2", deprecated: true, temporary: false },
      { prefix: "fe80", deprecated: false, temporary: false },
    ]);
    assert.equal(ai_addr?.address, NETWORK_1.hostAddress);
  },
);

test("a PvD whose addresses are all deprecated still has a best one", lab, async () => {
  await using world = new World();
  const advertise1 = { prefixes: [{ prefix: NETWORK_1.prefix, preferredSeconds: 0 }] };
  const { host } = await oneLink(world, { advertise1 });
  const { addresses, ai_addr } = pvdOf(await stated(host), ROUTER_1);
  assert.equal(addresses[0]?.deprecated, true);
  assert.equal(ai_addr?.address, NETWORK_1.hostAddress);
});

test("an address with a peer is the host's own end, the peer is a route", lab, async () => {
  await using world = new World();
  const { host } = plainLinks(world, 2);
  host.batch([
    "addr add 192.0.2.2 peer 192.0.2.1/32 dev h0",
    "addr add 2001:db8:5::2 peer 2001:db8:5::1/128 dev h0",
    "route add default dev h0",
    "addr add 2001:db8:6::6/128 dev h1",
    "addr add 203.0.113.6/32 dev h1",
    "route add 2001:db8:6::1 dev h1",
    "route add default via 2001:db8:6::1 dev h1",
  ]);
  assert.deepEqual(outline(await stated(host)), {
    h0: {
      attribution: "interface",
      addresses: ["192.0.2.2", "2001:db8:5::2"],
      gateways: [],
      routes: ["0.0.0.0/0", "192.0.2.1/32", "2001:db8:5::1/128", "2001:db8:5::2/128"],
      best: "2001:db8:5::2",
    },
    h1: {
      attribution: "interface",
      addresses: ["2001:db8:6::6", "203.0.113.6"],
      gateways: ["2001:db8:6::1"],
      routes: ["2001:db8:6::1/128", "2001:db8:6::6/128", "::/0 via 2001:db8:6::1"],
      best: "2001:db8:6::6",
    },
  });
});

test("a second address of one IPv4 network is no temporary one", lab, async () => {
  await using world = new World();
  const { host } = plainLinks(world, 1);
  host.batch(["addr add 192.0.2.2/24 dev h0", "addr add 192.0.2.3/24 dev h0"]);
  const [pvd] = await stated(host);
  assert.deepEqual(
    pvd?.addresses.filter(({ family }) => family === 4).map(({ temporary }) => temporary),
    [false, false],
  );
});

test(
  "an address is listed when it is no longer tentative, and never when it is a duplicate",
  lab,
  async () => {
    await using world = new World();
    const { host, router } = plainLinks(world, 1);
    router.batch(["addr add 2001:db8:5::d/64 dev r0"]);
    // Some fifteen seconds of trying: long enough for a busy machine to see it.
    host.sysctl({ "ipv6/conf/h0/accept_dad": 1, "ipv6/conf/h0/dad_transmits": 15 });
    host.batch([
      "addr add 2001:db8:5::2/64 dev h0",
      "addr add 2001:db8:5::d/64 dev h0",
      "addr add 2001:db8:5::1/64 dev h0 nodad",
    ]);
    const addressOf = (name: string) =>
      host.ipJson<{ addr_info: { local: string; tentative?: true; dadfailed?: true }[] }>(
        "addr",
        "show",
        "dev",
        "h0",
      )[0]!.addr_info.find(({ local }) => local === name)!;
    await waitFor("the duplicate to be found", () => addressOf("2001:db8:5::d").dadfailed);
    const during = outline(await stated(host));
    assert.equal(addressOf("2001:db8:5::2").tentative, true, "the test was too slow to see it");
    assert.deepEqual(during.h0?.addresses, ["2001:db8:5::1"]);
    await host.waitForAddresses(["2001:db8:5::2"], 45_000);
    const after = outline(await stated(host));
    assert.deepEqual(after.h0?.addresses, ["2001:db8:5::1", "2001:db8:5::2"]);
  },
);

test("an interface that is down has no PvD, though its IPv4 addresses stay", lab, async () => {
  await using world = new World();
  const { host } = await twoLinks(world);
  host.batch(["link set h1 down"]);
  assert.ok(host.addresses("h1").some(({ local }) => local === NETWORK_2.hostIpv4));
  assert.deepEqual(outline(await stated(host)), { h0: IPV4_1, [ROUTER_1]: IPV6_1 });
});

test(
  "a link without carrier keeps its PvDs and addresses, and has no gateway",
  lab,
  async () => {
    await using world = new World();
    const { host, r2 } = await twoLinks(world);
    const before = await stated(host);
    r2.host.batch(["link set lan0 down"]);
    await waitFor("the loss of carrier", () =>
      host.routes(6, "default", "dev", "h1").some(
        ({ flags }) => flags.includes("linkdown"),
      ));
    const after = await stated(host);
    const described = outline(after);
    assert.deepEqual(described.h0, IPV4_1);
    for (const id of ["h1", `${NETWORK_2.routerLinkLocal}%h1`]) {
      assert.equal(pvdOf(after, id).handle, pvdOf(before, id).handle);
      assert.deepEqual(described[id]?.gateways, []);
      assert.deepEqual(described[id]?.addresses, outline(before)[id]?.addresses);
    }
    r2.host.batch(["link set lan0 up"]);
    await waitFor(
      "the carrier",
      () => !host.ip("route", "show", "table", "all").includes("linkdown"),
    );
  },
);

test("interfaces are told by index and by any name the kernel allows", lab, async () => {
  await using world = new World();
  const { host } = plainLinks(world, 2);
  const name = "é.@*-[$x]";
  host.batch(["link set h0 down"]);
  host.ip("link", "set", "h0", "name", name);
  host.batch([
    `link set ${name} up`,
    `addr add 192.0.2.2/24 dev ${name}`,
    "link property add dev h1 altname other-name",
    "addr add 203.0.113.2/24 dev h1",
  ]);
  const pvds = await stated(host);
  assert.deepEqual(pvds.map(({ interface: { name } }) => name).sort(), [name, "h1"].sort());
});
