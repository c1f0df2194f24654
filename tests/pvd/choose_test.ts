// choosePvd(): requirements, preferences and their order, on PvDs made up here.

import assert from "node:assert/strict";
import { test } from "node:test";
import { rankBy } from "../../lib/pvd/choose.ts";
import type { InterfaceTraits } from "../../lib/pvd/interface_traits.ts";
import {
  choosePvd,
  MifError,
  type PvdAdditionalInfo,
  type PvdCriteria,
  type PvdInfo,
  rankPvds,
} from "../../mod.ts";

interface Sample {
  addresses?: string[];
  deprecated?: boolean;
  routes?: string[];
  searchDomains?: string[];
  captivePortal?: string;
  additionalInfo?: PvdInfo["additionalInfo"];
  traits?: InterfaceTraits;
}

const traitsOf = new Map<string, InterfaceTraits>();

function pvd(id: string, sample: Sample): PvdInfo {
  const { addresses = [], deprecated = false, routes = [], searchDomains = [] } = sample;
  traitsOf.set(id, sample.traits ?? { type: "ethernet", metered: null });
  return {
    handle: 1,
    id,
    kind: "implicit",
    interface: { name: id, index: 1 },
    router: null,
    attribution: "interface",
    addresses: addresses.map((address) => ({
      address,
      prefixLength: 64,
      family: address.includes(":") ? 6 : 4,
      deprecated,
      temporary: false,
      validSeconds: null,
    })),
    gateways: [],
    dnsServers: [],
    searchDomains,
    routes: routes.map((destination) => ({ destination, gateway: null })),
    mtu: 1500,
    ...(sample.captivePortal === undefined ? {} : { captivePortal: sample.captivePortal }),
    ...(sample.additionalInfo === undefined ? {} : { additionalInfo: sample.additionalInfo }),
    ai_addr: null,
    gateway_addr: null,
    dns_addr: null,
  };
}

const HOME = pvd("home", {
  addresses: ["2001:db8:1::9", "fe80::9"],
  routes: ["::/0", "2001:db8:1::/64"],
  searchDomains: ["home.example"],
  traits: { type: "wifi", metered: false },
});
const PHONE = pvd("phone", {
  addresses: ["192.0.2.9", "2001:db8:2::9"],
  routes: ["::/0", "0.0.0.0/0"],
  traits: { type: "cellular", metered: true },
});
const OFFICE = pvd("office", {
  addresses: ["198.51.100.9"],
  routes: ["198.51.100.0/24", "203.0.113.0/24"],
  searchDomains: ["corp.example", "example.net"],
});
const CAFE = pvd("cafe", {
  addresses: ["192.0.2.77"],
  routes: ["0.0.0.0/0"],
  captivePortal: "https://portal.example/api",
  traits: { type: "wifi", metered: null },
});
const OLD = pvd("old", { addresses: ["2001:db8:3::9"], deprecated: true, routes: ["::/0"] });
const LOCAL = pvd("local", { addresses: ["fe80::1"], routes: ["fe80::/64"] });
const ALL = [HOME, PHONE, OFFICE, CAFE, OLD, LOCAL];

const rank = (requirements: PvdCriteria, preferences: PvdCriteria[] = []) =>
  rankBy(requirements, preferences, ALL, ({ id }) => traitsOf.get(id)!).map(({ id }) => id);

const rows: [requirements: PvdCriteria, ids: string[]][] = [
  [{}, ["home", "phone", "office", "cafe", "old", "local"]],
  [{ family: 6 }, ["home", "phone"]],
  [{ family: 4 }, ["phone", "office", "cafe"]],
  [{ reach: "203.0.113.7" }, ["phone", "office", "cafe"]],
  [{ reach: "2001:db8:ffff::1" }, ["home", "phone"]],
  [{ reach: "::ffff:203.0.113.7" }, ["home", "phone"]],
  [{ dnsZone: "corp.example" }, ["office"]],
  [{ dnsZone: "Host.CORP.example." }, ["office"]],
  [{ dnsZone: "notcorp.example" }, []],
  [{ dnsZone: "example" }, []],
  [{ captive: true }, ["cafe"]],
  [{ captive: false, family: 4 }, ["phone", "office"]],
  [{ interfaceType: "wifi" }, ["home", "cafe"]],
  [{ interfaceType: ["wifi", "cellular"] }, ["home", "phone", "cafe"]],
  [{ interfaceType: [] }, []],
  [{ metered: true }, ["phone"]],
  [{ metered: false }, ["home"]],
  [{ family: 4, reach: "203.0.113.7", metered: true }, ["phone"]],
  [{ family: undefined as unknown as 4 }, ["home", "phone", "office", "cafe", "old", "local"]],
];
for (const [requirements, ids] of rows) {
  test(`what meets ${JSON.stringify(requirements)}`, () => {
    assert.deepEqual(rank(requirements), ids);
  });
}

test("what its owner says of a PvD counts: its zones, and that it has no Internet", () => {
  const owned = (members: Partial<PvdAdditionalInfo>) =>
    pvd("owned", {
      additionalInfo: {
        identifier: "owned",
        expires: "2030-01-01T00:00:00Z",
        prefixes: [],
        ...members,
      },
    });
  const walled = owned({ dnsZones: ["corp.example"], noInternet: true });
  const open = owned({ noInternet: false });
  const meets = (given: PvdInfo, requirements: PvdCriteria) =>
    rankPvds(requirements, [], [given]).length === 1;
  assert.ok(meets(walled, { dnsZone: "www.corp.example" }));
  assert.ok(!meets(walled, { dnsZone: "example" }));
  assert.ok(!meets(walled, { internet: true }) && meets(walled, { internet: false }));
  assert.ok(meets(open, { internet: true }) && meets(HOME, { internet: true }));
  assert.throws(() => choosePvd({ internet: true }, [], [walled]), {
    message: /owned: does not lead to the Internet/,
  });
});

test("a network that says to have no captive portal announces none (RFC 8910 2)", () => {
  const free = pvd("free", { captivePortal: "urn:ietf:params:capport:unrestricted" });
  assert.equal(rankPvds({ captive: false }, [], [free]).length, 1);
  assert.equal(rankPvds({ captive: true }, [], [free]).length, 0);
});

test("the first preference decides before the second, and none leaves anything out", () => {
  const wifi: PvdCriteria = { interfaceType: "wifi" };
  const unmetered: PvdCriteria = { metered: false };
  const zone: PvdCriteria = { dnsZone: "corp.example" };
  assert.deepEqual(rank({ family: 4 }, [wifi]), ["cafe", "phone", "office"]);
  assert.deepEqual(rank({ family: 4 }, [zone, wifi]), ["office", "cafe", "phone"]);
  assert.deepEqual(rank({ family: 4 }, [wifi, zone]), ["cafe", "office", "phone"]);
  assert.deepEqual(rank({ family: 4 }, [unmetered]), ["phone", "office", "cafe"]);
  assert.deepEqual(rank({}, [unmetered, { family: 4 }]), [
    "home",
    "phone",
    "office",
    "cafe",
    "old",
    "local",
  ]);
});

test("where none meets the requirements, choosePvd() is an error that says why of each", () => {
  assert.throws(() => choosePvd({ family: 4, captive: true }, [], [HOME, OFFICE]), (error) => {
    assert.ok(error instanceof MifError);
    assert.equal(error.code, "ENONET");
    assert.equal(error.errno, 64);
    assert.equal(
      error.message,
      "Cannot choose a PvD: home: no IPv4 address, announces no captive portal; " +
        "office: announces no captive portal",
    );
    return true;
  });
  assert.throws(() => choosePvd({}, [], []), { code: "ENONET", message: /this host has none/ });
  assert.deepEqual(rankPvds({ family: 4 }, [], [HOME]), []);
  assert.equal(choosePvd({ family: 6 }, [{ family: 4 }], [HOME, PHONE]), PHONE);
});

test("a criterion that is misspelt or of the wrong type is a TypeError, also as a preference", () => {
  const wrong: Record<string, unknown>[] = [
    { familly: 6 },
    { family: 5 },
    { family: "6" },
    { reach: "www.example" },
    { reach: 1 },
    { dnsZone: "" },
    { dnsZone: 1 },
    { captive: "no" },
    { internet: "no" },
    { interfaceType: "wlan" },
    { interfaceType: ["wifi", "wlan"] },
    { metered: null },
  ];
  for (const criteria of wrong) {
    const [key] = Object.keys(criteria);
    const expected = { name: "TypeError", message: new RegExp(key!) };
    assert.throws(() => rankPvds(criteria as PvdCriteria, [], ALL), expected);
    assert.throws(() => rankPvds({}, [criteria as PvdCriteria], []), expected);
  }
  for (const none of [null, undefined, 4]) {
    assert.throws(() => rankPvds(none as unknown as PvdCriteria, [], ALL), { name: "TypeError" });
  }
});
