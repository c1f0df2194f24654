// What is remembered of routers, for how long, and whose it is.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatAddress, parseAddress } from "../../lib/ip/address.ts";
import { type NdOption, parseOption, splitOptions } from "../../lib/ndp/options.ts";
import {
  parseRouterAdvertisement,
  type RouterAdvertisement,
} from "../../lib/ndp/router_advertisement.ts";
import { AdvertisementMemory } from "../../lib/pvd/advertisement_memory.ts";
import { fuzzed } from "../fuzz.ts";
import {
  pvdOption,
  routerAdvertisement,
  type RouterAdvertisementInit,
  routerAdvertisementOptions,
} from "../lab/mod.ts";

const [R1, R2] = ["fe80::1", "fe80::2"] as const;

function advertisement(init: RouterAdvertisementInit): RouterAdvertisement {
  return parseRouterAdvertisement(routerAdvertisement(init), {
    hopLimit: 255,
    source: parseAddress(R1)!.bytes,
  })!;
}

/** As the kernel passes them on, one by one. */
function options(init: RouterAdvertisementInit): NdOption[] {
  return routerAdvertisementOptions(init)
    .flatMap((bytes) => [...splitOptions(bytes)])
    .flatMap((bytes) => parseOption(bytes) ?? []);
}

/** "router prefix" of all that is current. */
function prefixes(memory: AdvertisementMemory, nowMs: number): string[] {
  return memory.current(nowMs).flatMap(({ router, option }) =>
    option.name === "prefix-information"
      ? [`${router} ${formatAddress(option.prefix)}/${option.prefixLength}`]
      : []
  );
}

const prefix = (text: string, validSeconds = 1800) => ({ prefix: text, validSeconds });
const P = "2001:db8:1::/64";

test("a whole advertisement is described with what is left of each lifetime", () => {
  const memory = new AdvertisementMemory();
  memory.hearAdvertisement(
    3,
    R1,
    advertisement({
      hopLimit: 65,
      managed: true,
      preference: "high",
      lifetimeSeconds: 100,
      sourceMac: "02:00:00:00:01:01",
      mtu: 1400,
      prefixes: [
        { prefix: P, validSeconds: 50, preferredSeconds: 20, autonomous: false },
        { prefix: "2001:db8:2::/64", validSeconds: Infinity, preferredSeconds: Infinity },
      ],
      routes: [{ prefix: "2001:db8:70::/48", preference: "low", lifetimeSeconds: 60 }],
      rdnss: [{ servers: ["2001:db8::53", "fe80::53"], lifetimeSeconds: 30 }],
      dnssl: [{ domains: ["one.example"], lifetimeSeconds: Infinity }],
    }),
    0,
  );
  assert.deepEqual(memory.pvds(25_500), [{
    interface: 3,
    router: R1,
    by: "router-advertisement",
    pvd: null,
    isHeaderNested: false,
    advertisement: {
      routerLifetimeSeconds: 75,
      preference: "high",
      hopLimit: 65,
      managed: true,
      other: false,
      homeAgent: false,
      prefixes: [
        { prefix: P, onLink: true, autonomous: false, validSeconds: 25, preferredSeconds: 0 },
        {
          prefix: "2001:db8:2::/64",
          onLink: true,
          autonomous: true,
          validSeconds: null,
          preferredSeconds: null,
        },
      ],
      routes: [{ destination: "2001:db8:70::/48", preference: "low", lifetimeSeconds: 35 }],
      dnsServers: [
        { address: "2001:db8::53", lifetimeSeconds: 5 },
        { address: "fe80::53", lifetimeSeconds: 5 },
      ],
      searchDomains: [{ domain: "one.example", lifetimeSeconds: null }],
    },
  }]);
  const later = memory.pvds(100_000)[0]!.advertisement;
  assert.deepEqual([later.routerLifetimeSeconds, later.routes, later.dnsServers], [0, [], []]);
  assert.equal(later.prefixes.length, 2, "the host may still have an address");
});

test("what an advertisement does not repeat holds on, what it repeats is renewed", () => {
  const memory = new AdvertisementMemory();
  memory.hearAdvertisement(
    3,
    R1,
    advertisement({
      lifetimeSeconds: 10,
      prefixes: [prefix(P)],
      rdnss: [{ servers: ["2001:db8::1", "2001:db8::2"], lifetimeSeconds: 20 }],
    }),
    0,
  );
  memory.hearAdvertisement(
    3,
    R1,
    advertisement({
      lifetimeSeconds: 0,
      other: true,
      rdnss: [{ servers: ["2001:db8::1"], lifetimeSeconds: 30 }, {
        servers: ["2001:db8::2"],
        lifetimeSeconds: 0,
      }],
    }),
    5000,
  );
  const { advertisement: now } = memory.pvds(6000)[0]!;
  assert.deepEqual([now.routerLifetimeSeconds, now.other, now.managed], [0, true, false]);
  assert.deepEqual(now.dnsServers, [{ address: "2001:db8::1", lifetimeSeconds: 29 }]);
  assert.deepEqual(now.prefixes.map(({ validSeconds }) => validSeconds), [1794]);
});

test("a router of which nothing holds any more is forgotten", () => {
  const memory = new AdvertisementMemory();
  memory.hearAdvertisement(3, R1, advertisement({ lifetimeSeconds: 10 }), 0);
  assert.equal(memory.pvds(9000).length, 1);
  assert.deepEqual(memory.pvds(10_000), []);
  memory.hearAdvertisement(3, R1, advertisement({ lifetimeSeconds: 10 }), 20_000);
  memory.hearAdvertisement(3, R1, advertisement({ lifetimeSeconds: 0 }), 21_000);
  assert.deepEqual(memory.pvds(21_000), []);
});

test("the kernel's options and whole advertisements are one memory", () => {
  const init: RouterAdvertisementInit = {
    prefixes: [prefix(P)],
    rdnss: [{ servers: ["2001:db8::53"] }],
    dnssl: [{ domains: ["one.example"] }],
    captivePortal: "https://portal.example/",
    pref64: { prefix: "64:ff9b::/96" },
    mtu: 1400,
  };
  const [whole, both] = [new AdvertisementMemory(), new AdvertisementMemory()];
  whole.hearAdvertisement(3, R1, advertisement(init), 1000);
  for (const option of options(init)) both.hear(3, R1, option, 0);
  assert.deepEqual(both.pvds(0), [], "the header is not known");
  both.hearAdvertisement(3, R1, advertisement(init), 1000);
  assert.deepEqual(both.current(1000), whole.current(1000));
  for (const option of options(init)) both.hear(3, R1, option, 1000);
  assert.deepEqual(both.current(1000), whole.current(1000));
  assert.deepEqual(both.pvds(1000), whole.pvds(1000));
  const withdrawn = { rdnss: [{ servers: ["2001:db8::53"], lifetimeSeconds: 0 }] };
  for (const option of options(withdrawn)) both.hear(3, R1, option, 2000);
  assert.deepEqual(both.pvds(2000)[0]!.advertisement.dnsServers, []);
});

test("a prefix that is taken back stays its router's while an address may live", () => {
  const memory = new AdvertisementMemory();
  memory.hearAdvertisement(3, R1, advertisement({ prefixes: [prefix(P)] }), 0);
  memory.hearAdvertisement(3, R1, advertisement({ prefixes: [prefix(P, 0)] }), 1000);
  assert.deepEqual(prefixes(memory, 1000), [`${R1} ${P}`]);
  assert.deepEqual(memory.pvds(1000)[0]!.advertisement.prefixes, [
    { prefix: P, onLink: true, autonomous: true, validSeconds: 0, preferredSeconds: 900 },
  ]);
  assert.deepEqual(prefixes(memory, 1000 + 7_199_000), [`${R1} ${P}`]);
  assert.deepEqual(prefixes(memory, 1000 + 7_200_000), []);
});

test("a prefix follows the router that gives it", () => {
  const memory = new AdvertisementMemory();
  const hear = (router: string, seconds: number, nowMs: number) =>
    memory.hearAdvertisement(3, router, advertisement({ prefixes: [prefix(P, seconds)] }), nowMs);
  hear(R1, 1800, 0);
  hear(R2, 1800, 1000);
  assert.deepEqual(prefixes(memory, 1000), [`${R1} ${P}`, `${R2} ${P}`], "both give it");
  hear(R1, 0, 2000);
  assert.deepEqual(prefixes(memory, 2000), [`${R2} ${P}`], "one took it back");
  hear(R2, 0, 3000);
  assert.deepEqual(prefixes(memory, 3000), [`${R1} ${P}`, `${R2} ${P}`], "nobody gives it");
  hear(R1, 10, 4000);
  assert.deepEqual(prefixes(memory, 4000), [`${R1} ${P}`], "the first gives it again");
  hear(R2, 1800, 5000);
  assert.deepEqual(prefixes(memory, 20_000), [`${R2} ${P}`], "the first's lifetime is over");
});

test("a prefix on another link, or of another length, is another prefix", () => {
  const memory = new AdvertisementMemory();
  memory.hearAdvertisement(3, R1, advertisement({ prefixes: [prefix(P, 0)] }), 0);
  memory.hearAdvertisement(4, R2, advertisement({ prefixes: [prefix(P)] }), 0);
  memory.hearAdvertisement(3, R2, advertisement({ prefixes: [prefix("2001:db8:1::/56")] }), 0);
  assert.equal(prefixes(memory, 0).length, 3);
});

test("what Mobile IPv6 adds is described (RFC 6275 7)", () => {
  const memory = new AdvertisementMemory();
  memory.hearAdvertisement(
    3,
    R1,
    advertisement({
      homeAgent: true,
      prefixes: [{ prefix: "2001:db8:1::1/64", routerAddress: true }],
      intervalMs: 1500,
      homeAgentInformation: { preference: 10, lifetimeSeconds: 60 },
    }),
    0,
  );
  const now = memory.pvds(20_000)[0]!.advertisement;
  assert.deepEqual(
    [now.homeAgent, now.advertisementIntervalMs, now.homeAgentInformation],
    [true, 1500, { preference: 10, lifetimeSeconds: 40 }],
  );
  assert.deepEqual(
    now.prefixes.map(({ prefix, routerAddress }) => [prefix, routerAddress]),
    [[P, "2001:db8:1::1"]],
  );
  assert.equal(memory.pvds(60_000)[0]!.advertisement.homeAgentInformation, undefined);
});

test("a link that loses its other end keeps the prefixes of implicit PvDs, and nothing else", () => {
  const memory = new AdvertisementMemory();
  const named = (id: string, text: string) =>
    advertisement({ prefixes: [prefix(text)], options: [pvdOption({ id })] });
  memory.hearAdvertisement(3, R1, advertisement({ prefixes: [prefix(P)] }), 0);
  memory.hearAdvertisement(3, R1, named("foo.example", "2001:db8:2::/64"), 0);
  memory.hearAdvertisement(4, R1, named("foo.example", "2001:db8:2::/64"), 0);
  memory.detach(3);
  assert.deepEqual(memory.pvds(0).map(({ interface: index }) => index), [4]);
  assert.deepEqual(
    memory.current(0).map((one) => [one.interface, one.pvd]),
    [[3, null], [4, "foo.example"]],
  );
});

test("a hostile link does not have the others forgotten", () => {
  const memory = new AdvertisementMemory();
  const quiet = { prefixes: [prefix(P)], rdnss: [{ servers: ["2001:db8::53"] }] };
  memory.hearAdvertisement(4, R1, advertisement(quiet), 0);
  for (let i = 0; i < 6000; i++) {
    const flood = { mtu: 1400, options: [pvdOption({ id: "flood.example" })] };
    memory.hearAdvertisement(3, `fe80::${i.toString(16)}`, advertisement(flood), i + 1);
  }
  const ofLink = (index: number) =>
    memory.current(6000).filter((one) => one.interface === index).length;
  assert.deepEqual([ofLink(3), ofLink(4)], [4094, 2]);
  assert.equal(memory.pvds(6000).filter((one) => one.interface === 4).length, 1);
  memory.detach(3);
  assert.deepEqual([ofLink(3), ofLink(4)], [0, 2]);
  assert.deepEqual([...memory.interfaces()], [4]);
  // The count is right after all that: there is room again.
  for (let i = 0; i < 4094; i++) {
    memory.hearAdvertisement(5, `fe80::${i.toString(16)}`, advertisement({ mtu: 1400 }), 7000);
  }
  assert.equal(memory.current(7000).length, 4096);
});

test("changes are counted, and lifetimes that begin anew are none until they are about to end", () => {
  const memory = new AdvertisementMemory();
  let before = memory.changes;
  const changed = (init: RouterAdvertisementInit, nowMs: number) => {
    memory.hearAdvertisement(3, R1, advertisement(init), nowMs);
    const hasChanged = memory.changes !== before;
    before = memory.changes;
    return hasChanged;
  };
  const init = { lifetimeSeconds: 30, prefixes: [prefix(P)], mtu: 1400 };
  assert.ok(changed(init, 0));
  assert.ok(!changed(init, 0));
  assert.ok(!changed(init, 1000));
  assert.ok(!changed({ ...init, prefixes: [prefix(P, 900)] }, 2000));
  // The router's lifetime of 30 s is over in a moment.
  assert.ok(changed(init, 31_800));
  assert.ok(changed({ ...init, mtu: 1300 }, 32_000));
  assert.ok(changed({ ...init, lifetimeSeconds: 0 }, 33_000));
  assert.ok(changed({ ...init, prefixes: [{ prefix: P, preferredSeconds: 0 }] }, 34_000));
  assert.ok(changed({ options: [pvdOption({ id: "pvd.example", sequence: 1 })] }, 35_000));
  assert.ok(changed({ options: [pvdOption({ id: "pvd.example", sequence: 2 })] }, 36_000));
  assert.ok(!changed({ options: [pvdOption({ id: "pvd.example", sequence: 2 })] }, 37_000));
  memory.detach(3);
  assert.notEqual(memory.changes, before);
});

test("of what two memories know the later word counts, whichever learns of it", () => {
  const [older, newer] = [new AdvertisementMemory(), new AdvertisementMemory()];
  const server = (address: string) => ({ rdnss: [{ servers: [address] }] });
  older.hearAdvertisement(3, R1, advertisement({ ...server("2001:db8::1"), mtu: 1300 }), 1000);
  older.hearAdvertisement(3, R2, advertisement({ prefixes: [prefix(P)] }), 1000);
  newer.hearAdvertisement(3, R1, advertisement({ ...server("2001:db8::2"), mtu: 1400 }), 2000);
  newer.hearAdvertisement(
    3,
    R2,
    advertisement({ prefixes: [prefix(P)], options: [pvdOption({ id: "pvd.example" })] }),
    2000,
  );
  const [one, other] = [new AdvertisementMemory(), new AdvertisementMemory()];
  for (const memory of [older, newer]) one.learn(memory.words(3000));
  for (const memory of [newer, older]) other.learn(memory.words(3000));
  const said = (memory: AdvertisementMemory) =>
    memory.current(3000).map(({ router, pvd, option }) =>
      `${router} ${pvd} ${JSON.stringify(option)}`
    )
      .sort();
  assert.deepEqual(said(one), said(other));
  assert.equal(said(one).length, 4);
  assert.deepEqual(prefixes(one, 3000), [`${R2} ${P}`]);
  assert.equal(
    one.current(3000).find(({ option }) => option.name === "prefix-information")!.pvd,
    "pvd.example",
  );
  assert.ok(said(one).some((text) => text.includes("1400")));
});

test("a hostile link does not fill the memory, by IDs either", () => {
  const memory = new AdvertisementMemory();
  for (let i = 0; i < 6000; i++) {
    memory.hearAdvertisement(3, `fe80::${i.toString(16)}`, advertisement({ mtu: 1400 }), i);
  }
  assert.equal(memory.current(6000).length, 4096);
  const routers = memory.pvds(6000);
  assert.equal(routers.length, 1024);
  assert.equal(routers.at(-1)!.router, `fe80::${(5999).toString(16)}`, "the latest are kept");
  const named = (i: number) => {
    const nested = { rdnss: [{ servers: ["2001:db8::53"] }], mtu: 1400 };
    return advertisement({ options: [pvdOption({ id: `pvd${i}.example`, nested })] });
  };
  for (let i = 0; i < 6000; i++) memory.hearAdvertisement(4, R1, named(i), i);
  assert.ok(memory.current(6000).length <= 4096);
  assert.deepEqual(memory.pvds(6000).at(-1)!.pvd?.id, "pvd5999.example");
  assert.equal(memory.pvds(6000).length, 1024);
});

test("no order of words makes a lifetime negative or a prefix nobody's while it is given", () => {
  const words = fc.array(
    fc.record({
      router: fc.constantFrom(R1, R2, "fe80::3"),
      seconds: fc.constantFrom(0, 1, 60, 8000, Infinity),
      pauseMs: fc.nat({ max: 10_000 }),
      whole: fc.boolean(),
    }),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(words, (list) => {
      const memory = new AdvertisementMemory();
      const endMs = new Map<string, number>();
      let nowMs = 0;
      for (const { router, seconds, pauseMs, whole } of list) {
        nowMs += pauseMs;
        const init = { prefixes: [prefix(P, seconds)], lifetimeSeconds: 60 };
        if (whole) memory.hearAdvertisement(3, router, advertisement(init), nowMs);
        else for (const option of options(init)) memory.hear(3, router, option, nowMs);
        endMs.set(router, nowMs + seconds * 1000);
        const given = [...endMs].filter(([, end]) => end > nowMs).map(([router]) =>
          `${router} ${P}`
        );
        const told = prefixes(memory, nowMs);
        if (given.length > 0) assert.deepEqual(told.sort(), given.sort());
        else assert.ok(told.length > 0);
        for (const { advertisement } of memory.pvds(nowMs)) {
          for (const { validSeconds } of advertisement.prefixes) {
            assert.ok(validSeconds === null || validSeconds >= 0);
          }
        }
      }
    }),
    fuzzed,
  );
});
