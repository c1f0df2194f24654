// The daemon's state: what comes out is what went in, and nothing else is taken for one.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseAddress } from "../../lib/ip/address.ts";
import { parseRouterAdvertisement } from "../../lib/ndp/router_advertisement.ts";
import { AdvertisementMemory, type HeardWords } from "../../lib/pvd/advertisement_memory.ts";
import {
  type DaemonState,
  decodeSign,
  decodeState,
  encodeSign,
  encodeState,
  STATE_SIZE_MAX,
  StateError,
} from "../../lib/pvd/daemon_state.ts";
import { fuzzed } from "../fuzz.ts";
import {
  pvdOption,
  routerAdvertisement,
  type RouterAdvertisementInit,
  routerAdvertisementOptions,
} from "../lab/mod.ts";

const NOW_MS = 100_000;

function stateOf(words: HeardWords, changes: Partial<DaemonState> = {}): DaemonState {
  const instance = "0123456789abcdef0123456789abcdef";
  return {
    instance,
    pid: 77,
    network: "4026531840",
    writtenMs: NOW_MS,
    words,
    attachments: new Map([[3, "3 1"]]),
    infos: [],
    ...changes,
  };
}

function hear(
  memory: AdvertisementMemory,
  init: RouterAdvertisementInit,
  { router = "fe80::1", index = 3, nowMs = 1000 } = {},
): void {
  const source = parseAddress(router)!.bytes;
  const parsed = parseRouterAdvertisement(routerAdvertisement(init), { hopLimit: 255, source })!;
  memory.hearAdvertisement(index, router, parsed, nowMs);
}

/** What a reader makes of a state. */
function learnt(text: string): AdvertisementMemory {
  const memory = new AdvertisementMemory();
  memory.learn(decodeState(text).words);
  return memory;
}

/** Without who heard it, which is the daemon now. */
function said(memory: AdvertisementMemory, nowMs: number): unknown {
  const plain = ({ by: _, ...rest }: { by: string }) => rest;
  const byText = (a: unknown, b: unknown) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
  return [
    memory.current(nowMs).map(plain).sort(byText),
    memory.pvds(nowMs).map(plain).sort(byText),
  ];
}

const RICH: RouterAdvertisementInit = {
  hopLimit: 63,
  managed: true,
  preference: "high",
  lifetimeSeconds: 600,
  mtu: 1400,
  prefixes: [{ prefix: "2001:db8:1::/64" }, { prefix: "2001:db8:9::/64", validSeconds: Infinity }],
  rdnss: [{ servers: ["2001:db8::53", "2001:db8::54"], lifetimeSeconds: 300 }],
  dnssl: [{ domains: ["one.example", "two.example"] }],
  routes: [{ prefix: "2001:db8:70::/48", preference: "low" }],
  captivePortal: "https://portal.example/api",
  pref64: { prefix: "64:ff9b::/96" },
};

const EXPLICIT: RouterAdvertisementInit = {
  lifetimeSeconds: 0,
  prefixes: [{ prefix: "2001:db8:2::/64" }],
  options: [pvdOption({
    id: "pvd.example",
    http: true,
    legacy: true,
    delay: 5,
    sequence: 65535,
    routerAdvertisement: { lifetimeSeconds: 1200 },
    options: routerAdvertisementOptions({
      prefixes: [{ prefix: "2001:db8:3::/64" }],
      rdnss: [{ servers: ["2001:db8:3::53"] }],
    }),
  })],
};

test("a reader knows of each PvD what the daemon heard, with its lifetimes running on", () => {
  const memory = new AdvertisementMemory();
  hear(memory, RICH);
  hear(memory, EXPLICIT, { nowMs: 2000 });
  hear(memory, EXPLICIT, { router: "fe80::2", index: 4, nowMs: 3000 });
  const text = encodeState(stateOf(memory.words(NOW_MS)));
  assert.ok(!text.includes("\n"));
  for (const nowMs of [NOW_MS, 250_000, 301_000, 700_000, 4_000_000]) {
    assert.deepEqual(said(learnt(text), nowMs), said(memory, nowMs));
  }
  assert.ok(learnt(text).current(NOW_MS).every(({ by }) => by === "mif-daemon"));
  const { words: _, ...rest } = decodeState(text);
  const { words: __, ...given } = stateOf({ headers: [], options: [] });
  assert.deepEqual(rest, given);
});

test("what only the kernel passed on is not the daemon's to tell", () => {
  const memory = new AdvertisementMemory();
  memory.hear(3, "fe80::1", { name: "mtu", mtu: 1400 }, 1000);
  hear(memory, {}, { router: "fe80::2" });
  const text = encodeState(stateOf(memory.words(NOW_MS, { whole: true })));
  assert.deepEqual(decodeState(text).words.headers.map(({ router }) => router), ["fe80::2"]);
  assert.deepEqual(decodeState(text).words.options, []);
});

test("a reader has the additional information that was fetched, of the sequence number of now", () => {
  const memory = new AdvertisementMemory();
  hear(memory, EXPLICIT);
  const of = { interface: 3, router: "fe80::1", id: "pvd.example", sequence: 65535 };
  const info = {
    identifier: "pvd.example",
    expires: "2099-01-01T00:00:00Z",
    prefixes: ["2001:db8::/32"],
    dnsZones: ["corp.example"],
    "vendor-x": { any: [1, null] },
  };
  const text = (fetched: typeof of) =>
    encodeState(stateOf(memory.words(NOW_MS), { infos: [{ ...fetched, info }] }));
  assert.deepEqual(decodeState(text(of)).infos, [{ ...of, info }]);
  for (
    const other of [{ sequence: 1 }, { id: "other.example" }, { router: "fe80::2" }, {
      interface: 4,
    }]
  ) {
    assert.deepEqual(decodeState(text({ ...of, ...other })).infos, []);
  }
  for (const wrong of [null, 1, {}, { ...info, identifier: "x" }, { ...info, prefixes: ["::1"] }]) {
    const json = JSON.parse(text(of));
    json.pvds[0].additionalInfo = wrong;
    assert.throws(() => decodeState(JSON.stringify(json)), /additionalInfo is not as it should be/);
  }
});

test("a sign of life is one, and no state", () => {
  const line = encodeSign(1234.9);
  assert.equal(decodeSign(line), 1234);
  assert.equal(decodeSign(encodeState(stateOf({ headers: [], options: [] }))), null);
  for (const other of ["", "{", "[]", "x".repeat(1000)]) assert.equal(decodeSign(other), null);
  assert.throws(() => decodeSign(line.replace('"version":1', '"version":2')), /version "2"/);
  assert.throws(() => decodeSign(line.replace("1234", "-1")), /writtenMs/);
  assert.throws(() => decodeState(line), StateError);
});

test("a state that would be too large lacks what was heard first", () => {
  const memory = new AdvertisementMemory();
  const captivePortal = `https://portal.example/${"x".repeat(1900)}`;
  for (let i = 0; i < 1024; i++) {
    hear(memory, { captivePortal, mtu: 1400, prefixes: [{ prefix: "2001:db8:1::/64" }] }, {
      router: `fe80::${(i + 1).toString(16)}`,
      nowMs: i,
    });
  }
  const text = encodeState(stateOf(memory.words(NOW_MS)));
  assert.ok(text.length <= STATE_SIZE_MAX && text.length > STATE_SIZE_MAX * 0.9, `${text.length}`);
  const { headers, options } = decodeState(text).words;
  assert.equal(headers.length, 1024);
  const portals = options.filter(({ option }) => option.name === "captive-portal");
  assert.ok(portals.length < 1024);
  assert.ok(portals.some(({ router }) => router === "fe80::400"), "the latest is there");
});

type Json = Record<string, unknown>;

/** A state with one thing otherwise. */
function spoilt(change: (state: Json & { pvds: (Json & { options: Json[] })[] }) => void): string {
  const memory = new AdvertisementMemory();
  hear(memory, EXPLICIT);
  const json = JSON.parse(encodeState(stateOf(memory.words(NOW_MS))));
  change(json);
  return JSON.stringify(json);
}

const name = (pvd: Json) => pvd["pvd"] as Json;

/** What must be refused, and a part of why. */
const REFUSED: [string, string, RegExp][] = [
  ["no JSON", "{", /JSON/],
  ["an array", "[]", /JSON/],
  ["nothing", "", /JSON/],
  ["another format", spoilt((s) => s["format"] = "x"), /no state of a mif daemon/],
  ["another version", spoilt((s) => s["version"] = 2), /version "2"/],
  ["a version that is text", spoilt((s) => s["version"] = "1"), /version/],
  ["no instance", spoilt((s) => delete s["instance"]), /instance/],
  ["a process that is none", spoilt((s) => s["pid"] = -1), /pid/],
  ["a network that is a number", spoilt((s) => s["network"] = 5), /network/],
  ["a time that is none", spoilt((s) => s["writtenMs"] = 1.5), /writtenMs/],
  ["attachments that are a list", spoilt((s) => s["attachments"] = []), /attachments/],
  ["an attachment of interface 0", spoilt((s) => s["attachments"] = { 0: "0 1" }), /attachments/],
  ["an attachment that is a number", spoilt((s) => s["attachments"] = { 3: 1 }), /attachments\.3/],
  ["a long one", spoilt((s) => s["attachments"] = { 3: "x".repeat(65) }), /attachments\.3/],
  ["no list", spoilt((s) => s["pvds"] = {} as never), /pvds/],
  ["too many PvDs", spoilt((s) => s.pvds = Array(1025).fill(s.pvds[0])), /pvds/],
  ["a PvD that is null", spoilt((s) => s.pvds[0] = null as never), /pvds\[0\]/],
  ["interface 0", spoilt((s) => s.pvds[0]!["interface"] = 0), /pvds\[0\]\.interface/],
  [
    "a router that is not link-local",
    spoilt((s) => s.pvds[0]!["router"] = "2001:db8::1"),
    /router/,
  ],
  ["a router written otherwise", spoilt((s) => s.pvds[0]!["router"] = "fe80:0::1"), /router/],
  ["a router with a zone", spoilt((s) => s.pvds[0]!["router"] = "fe80::1%3"), /router/],
  ["IPv4", spoilt((s) => s.pvds[0]!["router"] = "169.254.0.1"), /router/],
  ["heard after it was written", spoilt((s) => s.pvds[0]!["heardMs"] = NOW_MS + 1), /heardMs/],
  ["a short header", spoilt((s) => s.pvds[0]!["header"] = "86"), /header/],
  ["another message's header", spoilt((s) => s.pvds[0]!["header"] = "85".repeat(16)), /header/],
  ["capital digits", spoilt((s) => s.pvds[0]!["header"] = "86" + "AB".repeat(15)), /header/],
  ["no name", spoilt((s) => delete s.pvds[0]!["pvd"]), /pvds\[0\]\.pvd/],
  ["an ID in capitals", spoilt((s) => name(s.pvds[0]!)["id"] = "PVD.example"), /pvd\.id/],
  ["an ID like an implicit one", spoilt((s) => name(s.pvds[0]!)["id"] = "fe80::1%h0"), /pvd\.id/],
  ["a delay of 16", spoilt((s) => name(s.pvds[0]!)["delay"] = 16), /delay/],
  ["a sequence of 65536", spoilt((s) => name(s.pvds[0]!)["sequence"] = 65536), /sequence/],
  ["a flag that is a number", spoilt((s) => name(s.pvds[0]!)["legacy"] = 1), /legacy/],
  ["too many options", spoilt((s) => s.pvds[0]!.options = Array(4097).fill({})), /options/],
  ["half a byte", spoilt((s) => s.pvds[0]!.options[0]!["option"] = "030"), /option is not/],
  [
    "an option that is cut",
    spoilt((s) => s.pvds[0]!.options[0]!["option"] = "0304"),
    /option is not/,
  ],
  [
    "an unknown option",
    spoilt((s) => s.pvds[0]!.options[0]!["option"] = "fd01000000000000"),
    /opti/,
  ],
  ["an option with no place", spoilt((s) => delete s.pvds[0]!.options[0]!["nested"]), /nested/],
];

for (const [what, text, why] of REFUSED) {
  test(`no state: ${what}`, () => {
    assert.throws(() => decodeState(text), (error) => {
      assert.ok(error instanceof StateError);
      assert.match(error.message, why);
      return true;
    });
  });
}

test("members that are not known are passed over", () => {
  const text = spoilt((s) => s["more"] = s.pvds[0]!["more"] = s.pvds[0]!.options[0]!["more"] = 1);
  assert.equal(decodeState(text).words.headers.length, 1);
});

test("no text, and no state with anything put in anywhere, is more than a StateError", () => {
  const memory = new AdvertisementMemory();
  hear(memory, RICH);
  hear(memory, EXPLICIT, { nowMs: 2000 });
  const text = encodeState(stateOf(memory.words(NOW_MS)));
  const quietly = (wrong: string) => {
    try {
      const fresh = new AdvertisementMemory();
      fresh.learn(decodeState(wrong).words);
      fresh.pvds(NOW_MS);
      fresh.current(NOW_MS);
    } catch (error) {
      assert.ok(error instanceof StateError, String(error));
    }
  };
  fc.assert(
    fc.property(fc.nat(text.length), fc.nat(40), fc.string({ unit: "binary" }), (at, cut, put) => {
      quietly(text.slice(0, at) + put + text.slice(at + cut));
    }),
    fuzzed,
  );
  fc.assert(fc.property(fc.json(), quietly), fuzzed);
  fc.assert(
    fc.property(fc.nat(), fc.jsonValue(), (seed, value) => {
      const json = JSON.parse(text);
      const places: [Json, string][] = [];
      const visit = (node: unknown) => {
        if (typeof node !== "object" || node === null) return;
        for (const key of Object.keys(node)) {
          places.push([node as Json, key]);
          visit((node as Json)[key]);
        }
      };
      visit(json);
      const [node, key] = places[seed % places.length]!;
      node[key] = value;
      quietly(JSON.stringify(json));
    }),
    fuzzed,
  );
  quietly("[".repeat(100_000));
});
