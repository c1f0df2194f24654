// Whole Router Advertisements: held against radvd, scapy and the lab's own builder, and against hostile bytes.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { networkOf, parseAddress } from "../../lib/ip/address.ts";
import type { NdOption, UnknownOption } from "../../lib/ndp/options.ts";
import {
  type Arrival,
  parseRouterAdvertisement,
  type RouterAdvertisement,
} from "../../lib/ndp/router_advertisement.ts";
import { fuzzed } from "../fuzz.ts";
import { option, routerAdvertisement, type RouterAdvertisementInit } from "../lab/mod.ts";
import { recorded } from "./recorded.ts";

const bytesOf = (address: string) => parseAddress(address)!.bytes;
const arrival: Arrival = { hopLimit: 255, source: bytesOf("fe80::1") };

/** Reads a message that must be valid. */
function parse(message: Uint8Array): RouterAdvertisement {
  const advertisement = parseRouterAdvertisement(message, arrival);
  assert.ok(advertisement);
  return advertisement;
}

const names = ({ options }: RouterAdvertisement) => options.map(({ name }) => name);

test("reads what radvd 2.19 sent", () => {
  const packet = recorded("radvd_2.19");
  const advertisement = parseRouterAdvertisement(packet.subarray(40), {
    hopLimit: packet[7]!,
    source: packet.subarray(8, 24),
  });
  assert.deepEqual(advertisement, {
    hopLimit: 65,
    managed: true,
    other: true,
    homeAgent: true,
    preference: "high",
    routerLifetimeSeconds: 1234,
    reachableMs: 30000,
    retransMs: 1000,
    options: [
      {
        name: "prefix-information",
        prefixLength: 64,
        onLink: true,
        autonomous: false,
        routerAddress: false,
        validLifetimeSeconds: 7200,
        preferredLifetimeSeconds: 3600,
        prefix: bytesOf("2001:db8:1::"),
      },
      {
        name: "prefix-information",
        prefixLength: 56,
        onLink: false,
        autonomous: true,
        routerAddress: false,
        validLifetimeSeconds: 0xffffffff,
        preferredLifetimeSeconds: 0xffffffff,
        prefix: bytesOf("2001:db8:2::"),
      },
      {
        name: "route-information",
        prefixLength: 48,
        preference: "low",
        lifetimeSeconds: 600,
        prefix: bytesOf("2001:db8:70::"),
      },
      {
        name: "route-information",
        prefixLength: 128,
        preference: "high",
        lifetimeSeconds: 0xffffffff,
        prefix: bytesOf("2001:db8:71::1"),
      },
      { name: "rdnss", lifetimeSeconds: 1200, addresses: ["2001:db8:1::53", "fe80::53"] },
      { name: "dnssl", lifetimeSeconds: 900, domains: ["one.example", "two.example"] },
      { name: "mtu", mtu: 1400 },
      { name: "source-link-layer-address", address: Uint8Array.of(2, 0, 0, 0, 1, 1) },
      // 6LoWPAN's Authoritative Border Router (RFC 6775 4.3).
      { name: "unknown", type: 35, bytes: packet.subarray(-24) },
    ],
  });
});

test("reads what scapy 2.5.0 makes", () => {
  const message = recorded("scapy_2.5.0_ra");
  assert.deepEqual(parse(message), {
    hopLimit: 0,
    managed: false,
    other: true,
    homeAgent: false,
    preference: "low",
    routerLifetimeSeconds: 9000,
    reachableMs: 0,
    retransMs: 5000,
    options: [
      { name: "source-link-layer-address", address: Uint8Array.of(2, 0, 0, 0, 2, 2) },
      { name: "mtu", mtu: 1280 },
      {
        name: "prefix-information",
        prefixLength: 64,
        onLink: true,
        autonomous: true,
        routerAddress: false,
        validLifetimeSeconds: 0,
        preferredLifetimeSeconds: 0,
        prefix: bytesOf("2001:db8:2::"),
      },
      {
        name: "route-information",
        prefixLength: 0,
        preference: "high",
        lifetimeSeconds: 300,
        prefix: bytesOf("::"),
      },
      { name: "rdnss", lifetimeSeconds: 0, addresses: ["2001:db8:2::53"] },
      { name: "dnssl", lifetimeSeconds: 0xffffffff, domains: ["two.example"] },
      // RFC 5175's flags.
      { name: "unknown", type: 26, bytes: message.subarray(-8) },
    ],
  });
});

test("reads what the lab's builder writes", () => {
  const lifetimes = fc.oneof(fc.nat({ max: 0xfffffffe }), fc.constant(Infinity));
  const prefixes = fc.record({
    prefix: fc.tuple(fc.ipV6(), fc.nat({ max: 128 })).map(([address, n]) => `${address}/${n}`),
    onLink: fc.boolean(),
    autonomous: fc.boolean(),
    validSeconds: lifetimes,
    preferredSeconds: lifetimes,
  });
  const preference = fc.constantFrom("low" as const, "medium" as const, "high" as const);
  const inits = fc.record({
    hopLimit: fc.nat({ max: 255 }),
    managed: fc.boolean(),
    other: fc.boolean(),
    preference,
    lifetimeSeconds: fc.integer({ min: 1, max: 0xffff }),
    reachableMs: fc.nat({ max: 0xffffffff }),
    retransMs: fc.nat({ max: 0xffffffff }),
    mtu: fc.nat({ max: 0xffffffff }),
    prefixes: fc.array(prefixes, { maxLength: 4 }),
    routes: fc.array(
      fc.record({
        prefix: prefixes.map(({ prefix }) => prefix),
        preference,
        lifetimeSeconds: lifetimes,
      }),
      { maxLength: 4 },
    ),
  });
  const number = (seconds: number) => seconds === Infinity ? 0xffffffff : seconds;
  const network = (prefix: string) => {
    const [address, length] = prefix.split("/") as [string, string];
    return {
      prefixLength: Number(length),
      prefix: networkOf(bytesOf(address), Number(length)),
    };
  };
  fc.assert(
    fc.property(inits, (init: typeof inits extends fc.Arbitrary<infer T> ? T : never) => {
      const { options, ...header } = parse(routerAdvertisement(init));
      assert.deepEqual(header, {
        hopLimit: init.hopLimit,
        managed: init.managed,
        other: init.other,
        homeAgent: false,
        preference: init.preference,
        routerLifetimeSeconds: init.lifetimeSeconds,
        reachableMs: init.reachableMs,
        retransMs: init.retransMs,
      });
      const expected: (NdOption | UnknownOption)[] = [
        { name: "mtu", mtu: init.mtu },
        ...init.prefixes.map((prefix) => ({
          name: "prefix-information" as const,
          ...network(prefix.prefix),
          onLink: prefix.onLink,
          autonomous: prefix.autonomous,
          routerAddress: false,
          validLifetimeSeconds: number(prefix.validSeconds),
          preferredLifetimeSeconds: number(prefix.preferredSeconds),
        })),
        ...init.routes.map((route) => ({
          name: "route-information" as const,
          ...network(route.prefix),
          preference: route.preference,
          lifetimeSeconds: number(route.lifetimeSeconds),
        })),
      ];
      assert.deepEqual(options, expected);
    }),
    fuzzed,
  );
});

describe("RFC 4861 6.1.2: a message is discarded", () => {
  const message = routerAdvertisement({ prefixes: [{ prefix: "2001:db8:1::/64" }] });
  const changed = (at: number, value: number) => {
    const copy = message.slice();
    copy[at] = value;
    return copy;
  };
  const discarded: Record<string, [Uint8Array, Partial<Arrival>?]> = {
    "from a global source": [message, { source: bytesOf("2001:db8:1::1") }],
    "from the unspecified address": [message, { source: bytesOf("::") }],
    "from an IPv4 source": [message, { source: bytesOf("169.254.0.1") }],
    "that a router has forwarded": [message, { hopLimit: 254 }],
    "of hop limit 64": [message, { hopLimit: 64 }],
    "of unknown hop limit": [message, { hopLimit: null }],
    "of another type": [changed(0, 133)],
    "of another code": [changed(1, 1)],
    "of no bytes": [new Uint8Array(0)],
    "of 15 bytes": [message.subarray(0, 15)],
    "with an option of zero length": [changed(17, 0)],
    "with an option longer than the message": [changed(17, 5)],
    "cut in an option": [message.subarray(0, 40)],
    "with a byte behind the options": [Uint8Array.of(...message, 0)],
    "with a zero length behind good options": [
      routerAdvertisement({ mtu: 1400, options: [new Uint8Array(8)] }),
    ],
  };
  for (const [what, [bytes, change]] of Object.entries(discarded)) {
    test(what, () => {
      assert.equal(parseRouterAdvertisement(bytes, { ...arrival, ...change }), null);
    });
  }
  test("and not where all is well, with options or without", () => {
    assert.deepEqual(names(parse(message)), ["prefix-information"]);
    assert.deepEqual(names(parse(message.subarray(0, 16))), []);
    assert.ok(parseRouterAdvertisement(message, {
      hopLimit: 255,
      source: bytesOf("febf::1"),
    }));
  });
});

test("an option that is malformed in itself voids only itself", () => {
  const init: RouterAdvertisementInit = {
    mtu: 1400,
    options: [
      // A prefix of three units, a server list without server, an MTU of two units, a reserved preference.
      option(3, new Uint8Array(20)),
      option(25, new Uint8Array(6)),
      option(5, new Uint8Array(14)),
      option(24, Uint8Array.of(64, 0x10), new Uint8Array(12)),
      option(37, new TextEncoder().encode("https://portal.example/")),
    ],
  };
  assert.deepEqual(names(parse(routerAdvertisement(init))), ["mtu", "captive-portal"]);
});

test("the reserved preference is medium, and so is that of no default router (RFC 4191 2.2)", () => {
  const message = routerAdvertisement({ preference: "high" });
  message[5] = 0x10;
  assert.equal(parse(message).preference, "medium");
  const none = routerAdvertisement({ preference: "high", lifetimeSeconds: 0 });
  assert.deepEqual([parse(none).preference, parse(none).routerLifetimeSeconds], ["medium", 0]);
});

test("an option of another type is kept as it came", () => {
  const message = routerAdvertisement({ options: [option(254, Uint8Array.of(1, 2, 3))] });
  const { options } = parse(message);
  const bytes = Uint8Array.of(254, 1, 1, 2, 3, 0, 0, 0);
  assert.deepEqual(options, [{ name: "unknown", type: 254, bytes }]);
  message.fill(0);
  assert.deepEqual((options[0] as UnknownOption).bytes, bytes, "a copy");
});

test("no bytes make it throw, hang or give more than they hold", () => {
  const types = fc.constantFrom(1, 3, 5, 21, 24, 25, 31, 37, 38, 254);
  const options = fc.array(fc.tuple(types, fc.uint8Array({ maxLength: 64 })), { maxLength: 30 })
    .map((list) => list.map(([type, body]) => option(type, body)));
  const messages = options.map((list) => routerAdvertisement({ options: list }));
  // Valid messages with some bytes changed and the end cut off reach further than random ones.
  const damaged = fc.tuple(messages, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 }))), fc.nat())
    .map(([message, changes, end]) => {
      for (const [at, value] of changes) message[at % message.length] = value;
      return message.subarray(0, end % 4 === 0 ? end % message.length : message.length);
    });
  fc.assert(
    fc.property(fc.oneof(messages, damaged, fc.uint8Array({ maxLength: 4096 })), (message) => {
      const advertisement = parseRouterAdvertisement(message, arrival);
      if (advertisement === null) return;
      assert.ok(advertisement.options.length <= message.length / 8);
      const kept = JSON.stringify(advertisement).length;
      assert.ok(kept < 1000 + message.length * 40, `${kept} of ${message.length}`);
    }),
    fuzzed,
  );
  fc.assert(
    fc.property(messages, (message) => assert.ok(parseRouterAdvertisement(message, arrival))),
    fuzzed,
  );
});

test("65536 bytes of the smallest options are read in no time", () => {
  const message = new Uint8Array(65528);
  message[0] = 134;
  for (let at = 16; at < message.length; at += 8) message.set([1, 1], at);
  const startMs = performance.now();
  assert.equal(parse(message).options.length, (65528 - 16) / 8);
  assert.ok(performance.now() - startMs < 1000);
});
