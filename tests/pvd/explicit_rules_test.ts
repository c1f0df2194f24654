// The host rules of RFC 8801, each by its name: what a host makes of PvD options, seen without a network.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { option, pvdOption, type PvdOptionInit, type RouterAdvertisementInit } from "../lab/mod.ts";
import { addressesOf, HostModel, routesOf, serversOf } from "./host_model.ts";

const [R1, R2] = ["fe80::1", "fe80::2"] as const;
const [CAFE, F00D] = ["2001:db8:cafe::/64", "2001:db8:f00d::/64"] as const;
const IFAPROT_KERNEL_RA = 2;

/** An option that holds what an advertisement would. */
function pvd(
  id: string,
  init: Omit<PvdOptionInit, "id"> = {},
  nested: RouterAdvertisementInit = {},
): Uint8Array {
  return pvdOption({ id, ...init, nested });
}

const prefix = (text: string, validSeconds = 1800) => ({
  prefix: text,
  validSeconds,
  preferredSeconds: Math.min(900, validSeconds),
});

/** A host with the addresses that a stock kernel makes of these prefixes, and a default route through a router. */
function hostWith(prefixes: readonly string[], router: string = R1): HostModel {
  const host = new HostModel();
  for (const text of prefixes) {
    host.address("h0", text.replace("/64", "a/64"), {
      validSeconds: 1800,
      protocol: IFAPROT_KERNEL_RA,
    });
    host.route("h0", text);
  }
  host.route("h0", "::/0", { via: router });
  return host;
}

describe("RFC 8801 3.4: to which PvD an advertisement belongs", () => {
  test("to the explicit PvD of its PvD option, with all that it says", () => {
    const host = hostWith([CAFE]);
    host.hear("h0", R1, {
      mtu: 1400,
      prefixes: [prefix(CAFE)],
      rdnss: [{ servers: ["2001:db8:cafe::53"] }],
      dnssl: [{ domains: ["cafe.example"] }],
      captivePortal: "https://portal.example/",
      pref64: { prefix: "64:ff9b::/96" },
      options: [pvd("foo.example", { http: true, legacy: true, delay: 3, sequence: 7 })],
    });
    assert.deepEqual(host.ids(), ["foo.example"]);
    const foo = host.pvd("foo.example");
    const { kind, router, attribution, mtu, captivePortal, pref64, searchDomains } = foo;
    assert.deepEqual(
      { kind, router, attribution, mtu, captivePortal, pref64, searchDomains },
      {
        kind: "explicit",
        router: R1,
        attribution: "router-advertisement",
        mtu: 1400,
        captivePortal: "https://portal.example/",
        pref64: "64:ff9b::/96",
        searchDomains: ["cafe.example"],
      },
    );
    const { httpInfo, legacy, delay, sequence } = foo;
    assert.deepEqual([httpInfo, legacy, delay, sequence], [true, true, 3, 7]);
    assert.deepEqual(addressesOf(foo), ["2001:db8:cafe::a"]);
    assert.deepEqual(serversOf(foo), ["2001:db8:cafe::53"]);
    assert.deepEqual(foo.gateways, [{ address: R1, family: 6 }]);
    assert.equal(foo.ai_addr?.address, "2001:db8:cafe::a");
    assert.equal(foo.unconfigured, undefined);
  });

  test("without one to the implicit PvD of the interface and the router", () => {
    const host = hostWith([CAFE]);
    host.hear("h0", R1, { prefixes: [prefix(CAFE)] });
    const implicit = host.pvd(`${R1}%h0`);
    assert.equal(implicit.kind, "implicit");
    assert.deepEqual(addressesOf(implicit), ["2001:db8:cafe::a"]);
    for (const name of ["sequence", "legacy", "httpInfo", "delay"]) assert.ok(!(name in implicit));
  });

  test("of several PvD options the first counts, the others with all they hold do not", () => {
    const host = hostWith([]);
    const second = pvd("second.example", { legacy: true }, { prefixes: [prefix(F00D)] });
    host.hear("h0", R1, {
      options: [pvd("first.example", {}, { prefixes: [prefix(CAFE)] }), second],
    });
    assert.deepEqual(host.ids(), ["first.example"]);
    const first = host.pvd("first.example");
    assert.equal(first.legacy, false);
    assert.deepEqual(first.unconfigured?.prefixes, [CAFE]);
  });

  test("a malformed PvD option names nothing", () => {
    const host = hostWith([CAFE]);
    host.hear("h0", R1, {
      prefixes: [prefix(CAFE)],
      options: [option(21, Uint8Array.of(0, 0, 0, 0, 63))],
    });
    assert.deepEqual(host.ids(), [`${R1}%h0`]);
  });

  test("a PvD option inside another is passed over, the rest is kept", () => {
    const host = hostWith([]);
    const inner = pvd("inner.example", {}, { prefixes: [prefix(F00D)] });
    host.hear("h0", R1, {
      options: [pvd("outer.example", {}, { options: [inner], prefixes: [prefix(CAFE)] })],
    });
    assert.deepEqual(host.ids(), ["outer.example"]);
    assert.deepEqual(host.pvd("outer.example").unconfigured?.prefixes, [CAFE]);
  });

  test("a header inside the PvD option counts before the message's", () => {
    const host = hostWith([CAFE]);
    const header = { lifetimeSeconds: 0, managed: true, hopLimit: 33 };
    host.hear("h0", R1, {
      lifetimeSeconds: 6000,
      prefixes: [prefix(CAFE)],
      options: [pvd("foo.example", { routerAdvertisement: header })],
    });
    const { advertisement, gateways } = host.pvd("foo.example");
    assert.deepEqual(
      [advertisement?.routerLifetimeSeconds, advertisement?.managed, advertisement?.hopLimit],
      [0, true, 33],
    );
    assert.deepEqual(gateways, [], "the kernel's default route is not the PvD's");
  });

  test("and a default router that only it names is not configured by the kernel", () => {
    const host = new HostModel();
    host.hear("h0", R1, {
      lifetimeSeconds: 0,
      options: [
        pvd("foo.example", { routerAdvertisement: { lifetimeSeconds: 1600 } }, {
          prefixes: [prefix(CAFE)],
        }),
      ],
    });
    const { gateways, unconfigured } = host.pvd("foo.example");
    assert.deepEqual(gateways, []);
    assert.deepEqual(unconfigured!.prefixes, [CAFE]);
    assert.deepEqual(routesOf(unconfigured!), [`::/0 via ${R1}`, CAFE]);
  });

  test("flags that nobody knows are ignored", () => {
    const host = hostWith([]);
    const bytes = pvd("foo.example", { sequence: 1 }, { prefixes: [prefix(CAFE)] });
    bytes[2]! |= 0x1f;
    bytes[3]! |= 0xf0;
    host.hear("h0", R1, { options: [bytes] });
    const { legacy, httpInfo, delay, unconfigured } = host.pvd("foo.example");
    assert.deepEqual([legacy, httpInfo, delay, unconfigured?.prefixes], [false, false, 0, [CAFE]]);
  });

  test("IDs are compared without regard to case, and kept without a dot at the end", () => {
    const host = hostWith([]);
    host.hear("h0", R1, { options: [pvd("PvD.Example.COM", {}, { prefixes: [prefix(CAFE)] })] });
    host.hear("h0", R1, { options: [pvd("pvd.example.com", {}, { prefixes: [prefix(F00D)] })] });
    assert.deepEqual(host.ids(), ["pvd.example.com"]);
    assert.deepEqual(host.pvd("pvd.example.com").unconfigured?.prefixes, [CAFE, F00D]);
  });
});

describe("RFC 8801 3.4: objects belong to the PvD whose advertisement gave them last", () => {
  const give = (host: HostModel, router: string, id: string | null) => {
    host.nowMs += 1000;
    const options = id === null ? [] : [pvd(id)];
    host.hear("h0", router, { prefixes: [prefix(CAFE)], options });
  };
  const holders = (host: HostModel) =>
    host.pvds().filter((pvd) => addressesOf(pvd).length > 0)
      .map(({ id, router }) => id.startsWith("fe80") ? id : `${id} ${router}`).sort();

  test("an address moves from one PvD of a router to another, and back to the implicit one", () => {
    const host = hostWith([CAFE]);
    give(host, R1, "foo.example");
    assert.deepEqual(holders(host), [`foo.example ${R1}`]);
    give(host, R1, "bar.example");
    assert.deepEqual(holders(host), [`bar.example ${R1}`]);
    give(host, R1, null);
    assert.deepEqual(holders(host), [`${R1}%h0`]);
  });

  test("an address moves to another router's PvD", () => {
    const host = hostWith([CAFE]);
    host.route("h0", "::/0", { via: R2 });
    give(host, R1, "foo.example");
    give(host, R2, "bar.example");
    assert.deepEqual(holders(host), [`bar.example ${R2}`]);
    give(host, R1, "foo.example");
    assert.deepEqual(holders(host), [`foo.example ${R1}`]);
  });

  test("two routers that give it for one ID both have it: the PvD is the same", () => {
    const host = hostWith([CAFE]);
    host.route("h0", "::/0", { via: R2 });
    give(host, R1, "foo.example");
    give(host, R2, "foo.example");
    assert.deepEqual(holders(host), [`foo.example ${R1}`, `foo.example ${R2}`]);
  });

  test("a DNS server that two PvDs name is both's", () => {
    const host = hostWith([CAFE]);
    const rdnss = [{ servers: ["2001:db8::53"] }];
    host.hear("h0", R1, { prefixes: [prefix(CAFE)], rdnss, options: [pvd("foo.example")] });
    host.hear("h0", R1, { options: [pvd("bar.example", {}, { rdnss })] });
    assert.deepEqual(serversOf(host.pvd("foo.example")), ["2001:db8::53"]);
    assert.deepEqual(serversOf(host.pvd("bar.example")), ["2001:db8::53"]);
  });

  test("what the kernel passes on is of the PvD that a whole advertisement gave it to", () => {
    const host = hostWith([CAFE]);
    const init = { prefixes: [prefix(CAFE)], rdnss: [{ servers: ["2001:db8::53"] }] };
    // It comes first, when nobody knows of a PvD yet.
    host.hearKernel("h0", R1, init);
    assert.deepEqual(host.ids(), [`${R1}%h0`]);
    host.hear("h0", R1, { ...init, options: [pvd("foo.example")] });
    host.nowMs = 1_700_000;
    host.hearKernel("h0", R1, init);
    host.nowMs = 1_900_000;
    assert.deepEqual(host.ids(), ["foo.example"]);
    const foo = host.pvd("foo.example");
    assert.deepEqual(serversOf(foo), ["2001:db8::53"], "renewed");
    host.hearKernel("h0", R1, { rdnss: [{ servers: ["2001:db8::53"], lifetimeSeconds: 0 }] });
    assert.deepEqual(serversOf(host.pvd("foo.example")), [], "taken back");
  });
});

describe("RFC 8801 3.2, 3.4: several PvDs", () => {
  test("explicit and implicit ones of one router stand side by side, and differ by their sources", () => {
    const host = hostWith([CAFE, F00D, "2001:db8:1::/64"]);
    host.hear("h0", R1, { prefixes: [prefix(CAFE)], options: [pvd("foo.example")] });
    host.hear("h0", R1, { prefixes: [prefix(F00D)], options: [pvd("bar.example")] });
    host.hear("h0", R1, { prefixes: [prefix("2001:db8:1::/64")] });
    assert.deepEqual(host.ids(), ["bar.example", `${R1}%h0`, "foo.example"]);
    const expected = { "foo.example": "cafe", "bar.example": "f00d", [`${R1}%h0`]: "1" };
    for (const [id, part] of Object.entries(expected)) {
      const pvd = host.pvd(id);
      assert.deepEqual(addressesOf(pvd), [`2001:db8:${part}::a`], id);
      assert.deepEqual(pvd.gateways, [{ address: R1, family: 6 }], id);
      assert.deepEqual(routesOf(pvd), [`2001:db8:${part}::/64`, `::/0 via ${R1}`], id);
    }
    assert.equal(new Set(host.pvds().map(({ handle }) => handle)).size, 3);
  });

  test("an ID of two routers, or on two links, is as many PvDs, each with its handle", () => {
    const host = new HostModel("h0", "h1");
    for (const [link, router] of [["h0", R1], ["h0", R2], ["h1", R1]] as const) {
      host.hear(link, router, { options: [pvd("foo.example")] });
    }
    const instances = host.pvds();
    assert.deepEqual(instances.map(({ id }) => id), Array(3).fill("foo.example"));
    const handles = instances.map(({ handle }) => handle);
    assert.equal(new Set(handles).size, 3);
    assert.deepEqual(handles.map((handle) => Math.floor(handle / 2 ** 24)), [2, 2, 3]);
    assert.deepEqual(host.pvds().map(({ handle }) => handle), handles, "the same next time");
  });

  test("a handle does not depend on what else is there", () => {
    const host = new HostModel();
    host.hear("h0", R1, { options: [pvd("foo.example")] });
    const { handle } = host.pvd("foo.example");
    host.hear("h0", R1, { options: [pvd("bar.example")] });
    host.hear("h0", R2, { options: [pvd("foo.example")] });
    host.hear("h0", R1, { prefixes: [prefix(CAFE)] });
    const same = host.pvds().filter(({ id, router }) => id === "foo.example" && router === R1);
    assert.deepEqual(same.map((pvd) => pvd.handle), [handle]);
  });

  test("a link-local address that changes is another PvD; the explicit one too", () => {
    const host = hostWith([CAFE]);
    host.hear("h0", R1, { prefixes: [prefix(CAFE)], options: [pvd("foo.example")] });
    const [before] = host.pvds();
    host.hear("h0", R1, { lifetimeSeconds: 0, options: [pvd("foo.example")] });
    host.nowMs = 1000;
    host.hear("h0", R2, { prefixes: [prefix(CAFE)], options: [pvd("foo.example")] });
    const now = host.pvds().filter((pvd) => addressesOf(pvd).length > 0);
    assert.deepEqual(now.map(({ id, router }) => [id, router]).sort(), [["foo.example", R1], [
      "foo.example",
      R2,
    ]]);
    assert.notEqual(now.find(({ router }) => router === R2)!.handle, before!.handle);
  });

  test("when split over advertisements the PvD option repeats its header, the rest comes once", () => {
    const host = hostWith([]);
    const init = { http: true, sequence: 4 };
    host.hear("h0", R1, { options: [pvd("foo.example", init, { prefixes: [prefix(CAFE)] })] });
    host.hear("h0", R1, { options: [pvd("foo.example", init, { prefixes: [prefix(F00D)] })] });
    const foo = host.pvd("foo.example");
    assert.deepEqual(foo.unconfigured?.prefixes, [CAFE, F00D]);
    assert.deepEqual(foo.advertisement?.prefixes.map((one) => one.prefix), [CAFE, F00D]);
  });

  test("the sequence number, the delay and the flags are those of the last advertisement", () => {
    const host = hostWith([CAFE]);
    const init = { prefixes: [prefix(CAFE)] };
    host.hear("h0", R1, { ...init, options: [pvd("foo.example", { http: true, sequence: 1 })] });
    host.hear("h0", R1, {
      ...init,
      options: [pvd("foo.example", { http: true, sequence: 2, delay: 15 })],
    });
    const { sequence, delay } = host.pvd("foo.example");
    assert.deepEqual([sequence, delay], [2, 15]);
  });
});

describe("RFC 8801 3.3, 3.4: what stands inside a PvD option", () => {
  const nested: RouterAdvertisementInit = {
    mtu: 1300,
    prefixes: [prefix(F00D)],
    routes: [{ prefix: "2001:db8:70::/48" }],
    rdnss: [{ servers: ["2001:db8:f00d::53"] }],
    dnssl: [{ domains: ["food.example"] }],
    captivePortal: "https://inner.example/",
    pref64: { prefix: "64:ff9b:1::/96" },
  };

  test("is applied by a host that knows PvDs, or shown as not configured", () => {
    const host = hostWith([CAFE]);
    host.hear("h0", R1, {
      prefixes: [prefix(CAFE)],
      captivePortal: "https://outer.example/",
      options: [pvd("foo.example", {}, nested)],
    });
    const foo = host.pvd("foo.example");
    assert.deepEqual(serversOf(foo), ["2001:db8:f00d::53"]);
    assert.deepEqual(foo.searchDomains, ["food.example"]);
    assert.deepEqual([foo.mtu, foo.captivePortal, foo.pref64], [
      1300,
      "https://inner.example/",
      "64:ff9b:1::/96",
    ]);
    assert.deepEqual(addressesOf(foo), ["2001:db8:cafe::a"]);
    assert.deepEqual(foo.unconfigured!.prefixes, [F00D]);
    assert.deepEqual(routesOf(foo.unconfigured!), [F00D, `2001:db8:70::/48 via ${R1}`]);
  });

  test("is nothing to a host that does not", () => {
    const host = hostWith([CAFE]);
    host.hearKernel("h0", R1, {
      prefixes: [prefix(CAFE)],
      options: [pvd("foo.example", {}, nested)],
    });
    assert.deepEqual(host.ids(), [`${R1}%h0`]);
    assert.deepEqual(serversOf(host.pvd(`${R1}%h0`)), []);
  });

  test("what the host has is not missing any more", () => {
    const host = hostWith([CAFE, F00D]);
    host.route("h0", "2001:db8:70::/48", { via: R1, protocol: 88 });
    host.hear("h0", R1, { prefixes: [prefix(CAFE)], options: [pvd("foo.example", {}, nested)] });
    const foo = host.pvd("foo.example");
    assert.equal(foo.unconfigured, undefined);
    assert.deepEqual(addressesOf(foo), ["2001:db8:cafe::a", "2001:db8:f00d::a"]);
    assert.ok(routesOf(foo).includes(`2001:db8:70::/48 via ${R1}`));
  });

  test("a route through the router is of the PvDs that announce it", () => {
    const host = hostWith([CAFE, F00D]);
    host.route("h0", "2001:db8:70::/48", { via: R1 });
    host.route("h0", "2001:db8:71::/48", { via: R1 });
    host.hear("h0", R1, { prefixes: [prefix(CAFE)], options: [pvd("bar.example")] });
    host.hear("h0", R1, { options: [pvd("foo.example", {}, nested)] });
    const routes = (id: string) => routesOf(host.pvd(id)).filter((text) => text.includes("/48"));
    assert.deepEqual(routes("foo.example"), [
      `2001:db8:70::/48 via ${R1}`,
      `2001:db8:71::/48 via ${R1}`,
    ]);
    assert.deepEqual(routes("bar.example"), [`2001:db8:71::/48 via ${R1}`], "somebody made it");
  });

  test("prefixes that make no address are none to configure (RFC 4862 5.5.3)", () => {
    const host = hostWith([]);
    host.hear("h0", R1, {
      options: [pvd("foo.example", {}, {
        prefixes: [
          { prefix: "2001:db8:1::/64", autonomous: false },
          { prefix: "2001:db8:2::/56" },
          { prefix: "fe80:0:0:1::/64" },
          { prefix: "ff05::/64" },
          { prefix: "2001:db8:3::/64", validSeconds: 100, preferredSeconds: 101 },
          { prefix: "2001:db8:4::/64", validSeconds: 0, preferredSeconds: 0 },
          { prefix: "2001:db8:5::/64", onLink: false },
        ],
      })],
    });
    assert.deepEqual(host.pvd("foo.example").unconfigured?.prefixes, ["2001:db8:5::/64"]);
  });
});

describe("lifetimes", () => {
  test("run, and end", () => {
    const host = new HostModel();
    host.hear("h0", R1, {
      lifetimeSeconds: 100,
      options: [pvd("foo.example", {}, {
        prefixes: [prefix(CAFE, 50)],
        rdnss: [{ servers: ["2001:db8::53"], lifetimeSeconds: 60 }],
      })],
    });
    assert.deepEqual(host.pvd("foo.example").unconfigured?.prefixes, [CAFE]);
    host.nowMs = 50_000;
    assert.equal(host.pvd("foo.example").unconfigured, undefined, "the prefix");
    host.nowMs = 60_000;
    assert.deepEqual(serversOf(host.pvd("foo.example")), [], "the server");
    host.nowMs = 100_000;
    assert.deepEqual(host.ids(), [], "all of it");
  });

  test("of zero withdraw", () => {
    const host = new HostModel();
    const say = (seconds: number) =>
      host.hear("h0", R1, {
        lifetimeSeconds: seconds,
        options: [pvd("foo.example", {}, {
          prefixes: [prefix(CAFE, seconds)],
          rdnss: [{ servers: ["2001:db8::53"], lifetimeSeconds: seconds }],
        })],
      });
    say(1800);
    assert.deepEqual(host.ids(), ["foo.example"]);
    say(0);
    assert.deepEqual(host.ids(), []);
  });
});

describe("RFC 8801 3.4.2: DHCPv4", () => {
  const leased = (): HostModel => {
    const host = hostWith([CAFE]);
    host.address("h0", "198.51.100.10/24", { validSeconds: 3600 });
    host.route("h0", "198.51.100.0/24");
    host.route("h0", "0.0.0.0/0", { via: "198.51.100.1", protocol: 16 });
    host.servers("h0", ["198.51.100.53"], 4);
    host.hear("h0", R1, { prefixes: [prefix(CAFE)] });
    return host;
  };
  const ofIpv4 = (host: HostModel) =>
    host.pvds().filter(({ addresses }) => addresses.some(({ family }) => family === 4))
      .map((pvd) => ({
        id: pvd.id,
        gateways: pvd.gateways.map(({ address }) => address).filter((one) => one.includes(".")),
        servers: serversOf(pvd),
        routes: routesOf(pvd).filter((text) => text.includes(".")),
      }));
  const all = {
    gateways: ["198.51.100.1"],
    servers: ["198.51.100.53"],
    routes: ["198.51.100.0/24", "0.0.0.0/0 via 198.51.100.1"],
  };

  test("goes to the one explicit PvD with the L flag", () => {
    const host = leased();
    host.hear("h0", R1, { options: [pvd("foo.example", { legacy: true })] });
    host.hear("h0", R1, { options: [pvd("bar.example")] });
    assert.deepEqual(ofIpv4(host), [{ id: "foo.example", ...all }]);
    assert.ok(!host.ids().includes("h0"), "nothing is left for the interface");
  });

  test("is the interface's own where several have it", () => {
    const host = leased();
    host.hear("h0", R1, { options: [pvd("foo.example", { legacy: true })] });
    host.hear("h0", R1, { options: [pvd("bar.example", { legacy: true })] });
    assert.deepEqual(ofIpv4(host), [{ id: "h0", ...all }]);
  });

  test("is the interface's own where none has it", () => {
    const host = leased();
    host.hear("h0", R1, { options: [pvd("foo.example")] });
    assert.deepEqual(ofIpv4(host), [{ id: "h0", ...all }]);
  });

  test("of another link it is not", () => {
    const host = new HostModel("h0", "h1");
    host.address("h1", "198.51.100.10/24", { validSeconds: 3600 });
    host.hear("h0", R1, { options: [pvd("foo.example", { legacy: true })] });
    assert.deepEqual(ofIpv4(host).map(({ id }) => id), ["h1"]);
  });

  test("an ID with the L flag by two routers is one PvD: both have it", () => {
    const host = leased();
    for (const router of [R1, R2]) {
      host.hear("h0", router, { options: [pvd("foo.example", { legacy: true })] });
    }
    assert.deepEqual(ofIpv4(host).map(({ id }) => id), ["foo.example", "foo.example"]);
  });

  test("what is static is no DHCPv4's", () => {
    const host = hostWith([CAFE]);
    host.address("h0", "198.51.100.10/24");
    host.route("h0", "0.0.0.0/0", { via: "198.51.100.1", protocol: 16 });
    host.servers("h0", ["198.51.100.53"], 4);
    host.hear("h0", R1, { options: [pvd("foo.example", { legacy: true })] });
    assert.deepEqual(ofIpv4(host).map(({ id, servers }) => [id, servers]), [[
      "h0",
      ["198.51.100.53"],
    ]]);
  });
});

describe("RFC 8801 3.4.1: DHCPv6", () => {
  const server = "2001:db8:9::53";

  test("stateless: to every PvD of the interface whose advertisement has the O flag", () => {
    const host = hostWith([CAFE]);
    host.servers("h0", [server], 6);
    const header = { lifetimeSeconds: 1800, other: true };
    host.hear("h0", R1, { prefixes: [prefix(CAFE)], other: true });
    host.hear("h0", R1, { options: [pvd("foo.example", { routerAdvertisement: header })] });
    host.hear("h0", R1, { options: [pvd("bar.example")] });
    const having = host.pvds().filter((pvd) => serversOf(pvd).includes(server));
    assert.deepEqual(having.map(({ id }) => id).sort(), [`${R1}%h0`, "foo.example"]);
  });

  test("a server that an advertisement gave is that PvD's, whatever the flags", () => {
    const host = hostWith([CAFE]);
    host.servers("h0", [server], 6);
    host.hear("h0", R1, { prefixes: [prefix(CAFE)], other: true });
    host.hear("h0", R1, { options: [pvd("foo.example", {}, { rdnss: [{ servers: [server] }] })] });
    const having = host.pvds().filter((pvd) => serversOf(pvd).includes(server));
    assert.deepEqual(having.map(({ id }) => id), ["foo.example"]);
  });

  test("stateful: to the PvD with the M flag and a prefix that covers the address", () => {
    const host = hostWith([]);
    host.address("h0", "2001:db8:cafe::1234:4567/128", { validSeconds: 600 });
    const managed = { lifetimeSeconds: 1800, managed: true };
    // Its prefix is the shorter one, but it alone has addresses to give.
    host.hear("h0", R1, {
      options: [pvd("foo.example", { routerAdvertisement: managed }, {
        prefixes: [{ prefix: "2001:db8:cafe::/48", autonomous: false }],
      })],
    });
    host.hear("h0", R1, {
      options: [pvd("bar.example", {}, { prefixes: [{ ...prefix(CAFE), autonomous: false }] })],
    });
    const having = host.pvds().filter((pvd) => addressesOf(pvd).length > 0);
    assert.deepEqual(having.map(({ id }) => id), ["foo.example"]);
  });

  test("stateful without a match: to an implicit PvD of the interface", () => {
    const host = hostWith([]);
    host.address("h0", "2001:db8:cafe::1234:4567/128", { validSeconds: 600 });
    host.hear("h0", R1, { options: [pvd("bar.example", {}, { prefixes: [prefix(CAFE)] })] });
    const having = host.pvds().filter((pvd) => addressesOf(pvd).length > 0);
    assert.deepEqual(having.map(({ id, gateways }) => [id, gateways.length]), [[`${R1}%h0`, 1]]);
  });
});
