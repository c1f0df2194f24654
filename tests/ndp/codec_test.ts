// The codec as a whole: what is built is read back the same, and what others make of it: tshark, scapy, radvd.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { formatAddress, networkOf, parseAddress } from "../../lib/ip/address.ts";
import { buildOption } from "../../lib/ndp/build_option.ts";
import { icmpv6Checksum, setChecksum } from "../../lib/ndp/icmpv6.ts";
import { type NdOption, parseAnyOption, type UnknownOption } from "../../lib/ndp/options.ts";
import { buildPvdOption, parsePvdOption, type PvdOption } from "../../lib/ndp/pvd_option.ts";
import {
  type Arrival,
  buildRouterAdvertisement,
  parseRouterAdvertisement,
  type RouterAdvertisement,
} from "../../lib/ndp/router_advertisement.ts";
import {
  buildRouterSolicitation,
  parseRouterSolicitation,
  type RouterSolicitation,
} from "../../lib/ndp/router_solicitation.ts";
import { fuzzed } from "../fuzz.ts";
import { LinkType, tsharkRows, tsharkSkip } from "../tshark.ts";
import { recorded } from "./recorded.ts";

const bytesOf = (address: string) => parseAddress(address)!.bytes;
const [SOURCE, GROUP] = [bytesOf("fe80::1"), bytesOf("ff02::1")];
const arrival = { hopLimit: 255, source: SOURCE };

// ── Whatever there may be ──

/** Plain objects, as the parsers make them. */
function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

const uint16 = fc.nat({ max: 0xffff });
const uint32 = fc.nat({ max: 0xffffffff });
const preference = fc.constantFrom("low" as const, "medium" as const, "high" as const);
const address = fc.uint8Array({ minLength: 16, maxLength: 16 });
const unicast = address.filter((bytes) => bytes[0] !== 0xff && bytes.some((byte) => byte !== 0))
  .map(formatAddress);
const label = fc.stringMatching(/^[a-z0-9_-]{1,20}$/);
const domain = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join("."));

const option: fc.Arbitrary<NdOption> = fc.oneof(
  record({
    name: fc.constant("source-link-layer-address" as const),
    address: fc.constantFrom(6, 14, 22).chain((size) =>
      fc.uint8Array({ minLength: size, maxLength: size })
    ),
  }),
  record({
    name: fc.constant("prefix-information" as const),
    prefixLength: fc.nat({ max: 128 }),
    onLink: fc.boolean(),
    autonomous: fc.boolean(),
    routerAddress: fc.boolean(),
    validLifetimeSeconds: uint32,
    preferredLifetimeSeconds: uint32,
    prefix: address,
  }),
  record({ name: fc.constant("mtu" as const), mtu: uint32 }),
  record({ name: fc.constant("advertisement-interval" as const), intervalMs: uint32 }),
  record({
    name: fc.constant("home-agent-information" as const),
    preference: uint16,
    lifetimeSeconds: fc.integer({ min: 1, max: 0xffff }),
  }),
  record({
    name: fc.constant("route-information" as const),
    prefixLength: fc.nat({ max: 128 }),
    preference,
    lifetimeSeconds: uint32,
    prefix: address,
  }),
  record({
    name: fc.constant("rdnss" as const),
    lifetimeSeconds: uint32,
    addresses: fc.array(unicast, { minLength: 1, maxLength: 4 }),
  }),
  record({
    name: fc.constant("dnssl" as const),
    lifetimeSeconds: uint32,
    domains: fc.array(domain, { minLength: 1, maxLength: 4 }),
  }),
  record({
    name: fc.constant("captive-portal" as const),
    uri: fc.webUrl().filter((uri) => /^[!-~]+$/.test(uri)),
  }),
  fc.tuple(fc.constantFrom(96, 64, 56, 48, 40, 32), address, fc.nat({ max: 0x1fff })).map(
    ([prefixLength, bytes, units]) => ({
      name: "pref64" as const,
      lifetimeSeconds: units * 8,
      prefixLength,
      prefix: formatAddress(networkOf(bytes, prefixLength)),
    }),
  ),
);

const unknown: fc.Arbitrary<UnknownOption> = fc.tuple(
  fc.constantFrom(2, 4, 14, 26, 103, 144, 255),
  fc.integer({ min: 1, max: 4 }),
  fc.uint8Array({ minLength: 32, maxLength: 32 }),
).map(([type, units, body]) => {
  const bytes = body.slice(0, units * 8);
  bytes.set([type, units]);
  return { name: "unknown", type, bytes };
});

const header = record({
  hopLimit: fc.nat({ max: 255 }),
  managed: fc.boolean(),
  other: fc.boolean(),
  homeAgent: fc.boolean(),
  preference,
  routerLifetimeSeconds: uint16,
  reachableMs: uint32,
  retransMs: uint32,
}).map((one) => one.routerLifetimeSeconds === 0 ? { ...one, preference: "medium" as const } : one);

const anyOption = fc.oneof({ weight: 4, arbitrary: option }, { weight: 1, arbitrary: unknown });

const pvd: fc.Arbitrary<PvdOption> = record({
  name: fc.constant("pvd" as const),
  id: domain,
  httpInfo: fc.boolean(),
  legacy: fc.boolean(),
  delay: fc.nat({ max: 15 }),
  sequence: uint16,
  header: fc.option(header),
  options: fc.array(anyOption, { maxLength: 5 }),
});

const advertisement: fc.Arbitrary<RouterAdvertisement> = fc.tuple(
  header,
  fc.array(fc.oneof({ weight: 3, arbitrary: anyOption }, { weight: 1, arbitrary: pvd }), {
    maxLength: 8,
  }),
).map(([one, options]) => ({ ...one, options }));

describe("what is built is read back the same", () => {
  test("each option", () => {
    fc.assert(
      fc.property(anyOption, (one) => {
        const bytes = buildOption(one);
        assert.equal(bytes.length % 8, 0);
        assert.deepEqual(parseAnyOption(bytes), one);
      }),
      fuzzed,
    );
  });

  test("PvD options", () => {
    fc.assert(
      fc.property(pvd, (one) => assert.deepEqual(parsePvdOption(buildPvdOption(one)), one)),
      fuzzed,
    );
  });

  test("Router Advertisements, with their checksum", () => {
    fc.assert(
      fc.property(advertisement, fc.nat(), (one, at) => {
        const message = buildRouterAdvertisement(one);
        assert.deepEqual(parseRouterAdvertisement(message, arrival), one);
        setChecksum(message, SOURCE, GROUP);
        const verified = { ...arrival, destination: GROUP };
        assert.deepEqual(parseRouterAdvertisement(message, verified), one);
        // One's complement does not see a word of zeros become one of ones.
        message[at % message.length]! ^= 0x10;
        assert.equal(parseRouterAdvertisement(message, verified), null);
      }),
      fuzzed,
    );
  });

  test("Router Solicitations", () => {
    const solicitation: fc.Arbitrary<RouterSolicitation> = record({
      options: fc.array(anyOption, { maxLength: 4 }),
    });
    fc.assert(
      fc.property(solicitation, (one) => {
        const message = buildRouterSolicitation(one);
        assert.deepEqual(parseRouterSolicitation(message, arrival), one);
      }),
      fuzzed,
    );
  });
});

test("no bytes make the parsers throw, or give what cannot be built again", () => {
  const built = advertisement.map(buildRouterAdvertisement);
  const damaged = fc.tuple(built, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 }))))
    .map(([message, changes]) => {
      for (const [at, value] of changes) message[at % message.length] = value;
      message.set([134, 0]);
      return message;
    });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 4096 })), (message) => {
      const one = parseRouterAdvertisement(message, arrival);
      if (one === null) return;
      assert.deepEqual(
        parseRouterAdvertisement(buildRouterAdvertisement(one), arrival),
        one,
      );
    }),
    fuzzed,
  );
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 8, maxLength: 2040 }), (bytes) => {
      bytes.set([21, bytes.length / 8], 0);
      const one = parsePvdOption(bytes.subarray(0, bytes.length & ~7));
      if (one) assert.deepEqual(parsePvdOption(buildPvdOption(one)), one);
    }),
    fuzzed,
  );
});

describe("RFC 4861 6.1.1: a solicitation is discarded", () => {
  const message = buildRouterSolicitation({
    options: [{ name: "source-link-layer-address", address: Uint8Array.of(2, 0, 0, 0, 1, 1) }],
  });
  const changed = (at: number, value: number) => message.with(at, value);
  const cases: Record<string, [Uint8Array, Partial<Arrival>?]> = {
    "that a router has forwarded": [message, { hopLimit: 254 }],
    "of another type": [changed(0, 134)],
    "of another code": [changed(1, 1)],
    "of 7 bytes": [message.subarray(0, 7)],
    "with an option of zero length": [changed(9, 0)],
    "with an option past its end": [changed(9, 2)],
    "with a byte behind the options": [Uint8Array.of(...message, 0)],
    "with a wrong checksum": [message, { destination: bytesOf("ff02::2") }],
    "that names a link-layer address and comes from nowhere": [message, { source: bytesOf("::") }],
  };
  for (const [what, [bytes, change]] of Object.entries(cases)) {
    test(what, () => assert.equal(parseRouterSolicitation(bytes, { ...arrival, ...change }), null));
  }
  test("and not where all is well, from a host without an address too", () => {
    assert.equal(parseRouterSolicitation(message, arrival)!.options.length, 1);
    const bare = buildRouterSolicitation({ options: [] });
    assert.deepEqual(parseRouterSolicitation(bare, { ...arrival, source: bytesOf("::") }), {
      options: [],
    });
  });
});

test("what scapy sent of a Router Solicitation is read", () => {
  assert.deepEqual(parseRouterSolicitation(recorded("scapy_2.5.0_rs"), arrival), {
    options: [{
      name: "source-link-layer-address",
      address: Uint8Array.of(2, 0, 0, 0, 0x0a, 0x0a),
    }],
  });
});

/** The message of an IPv6 packet, and how it came. */
function opened(packet: Uint8Array) {
  const message = packet.subarray(40);
  const [source, destination] = [packet.slice(8, 24), packet.slice(24, 40)];
  return { message, arrival: { hopLimit: packet[7]!, source, destination } };
}

test("the checksums of radvd and scapy are right, and no other", () => {
  for (const name of ["radvd_2.19", "radvd_2.19_home_agent", "scapy_2.5.0_pvd"]) {
    const { message, arrival } = opened(recorded(name));
    const { source, destination } = arrival;
    const checksum = message[2]! << 8 | message[3]!;
    assert.equal(icmpv6Checksum(message, source, destination), checksum, name);
    assert.ok(parseRouterAdvertisement(message, arrival), name);
    const wrong = message.with(3, message[3]! ^ 1);
    assert.equal(parseRouterAdvertisement(wrong, arrival), null, name);
    assert.equal(parseRouterAdvertisement(message, { ...arrival, destination: source }), null);
  }
});

test("a home agent of radvd: H and R flags, interval and information (RFC 6275 7)", () => {
  const { message, arrival } = opened(recorded("radvd_2.19_home_agent"));
  const { options, homeAgent } = parseRouterAdvertisement(message, arrival)!;
  assert.equal(homeAgent, true);
  assert.deepEqual(options, [
    {
      name: "prefix-information",
      prefixLength: 64,
      onLink: true,
      autonomous: true,
      routerAddress: true,
      validLifetimeSeconds: 7200,
      preferredLifetimeSeconds: 3600,
      prefix: bytesOf("2001:db8:1::1"),
    },
    { name: "source-link-layer-address", address: Uint8Array.of(2, 0, 0, 0, 1, 1) },
    { name: "advertisement-interval", intervalMs: 1500 },
    { name: "home-agent-information", preference: 10, lifetimeSeconds: 1800 },
  ]);
});

test("a PvD option drawn with scapy is read, and built the same but for the case of its ID", () => {
  const { message, arrival } = opened(recorded("scapy_2.5.0_pvd"));
  const { options } = parseRouterAdvertisement(message, arrival)!;
  const [, one] = options as [NdOption, PvdOption];
  assert.deepEqual(one, {
    name: "pvd",
    id: "bar.example.org",
    httpInfo: true,
    legacy: false,
    delay: 5,
    sequence: 258,
    header: {
      hopLimit: 63,
      managed: true,
      other: false,
      homeAgent: false,
      preference: "high",
      routerLifetimeSeconds: 1600,
      reachableMs: 0,
      retransMs: 0,
    },
    options: [
      {
        name: "prefix-information",
        prefixLength: 64,
        onLink: true,
        autonomous: true,
        routerAddress: false,
        validLifetimeSeconds: 1800,
        preferredLifetimeSeconds: 900,
        prefix: bytesOf("2001:db8:f00d::"),
      },
      { name: "rdnss", lifetimeSeconds: 1200, addresses: ["2001:db8:f00d::53"] },
      { name: "dnssl", lifetimeSeconds: 900, domains: ["food.example"] },
    ],
  });
  const bytes = message.slice(24);
  const lowered = bytes.map((byte, at) =>
    at >= 6 && at < 23 ? byte | (byte >= 65 && byte <= 90 ? 32 : 0) : byte
  );
  assert.deepEqual(buildPvdOption(one), lowered);
});

test("tshark reads what is built", { skip: tsharkSkip(), timeout: 60_000 }, () => {
  const built: RouterAdvertisement = {
    hopLimit: 63,
    managed: true,
    other: false,
    homeAgent: true,
    preference: "low",
    routerLifetimeSeconds: 1234,
    reachableMs: 30000,
    retransMs: 1000,
    options: [
      { name: "source-link-layer-address", address: Uint8Array.of(2, 0, 0, 0, 1, 1) },
      { name: "mtu", mtu: 1400 },
      {
        name: "prefix-information",
        prefixLength: 64,
        onLink: true,
        autonomous: false,
        routerAddress: true,
        validLifetimeSeconds: 7200,
        preferredLifetimeSeconds: 3600,
        prefix: bytesOf("2001:db8:1::1"),
      },
      {
        name: "route-information",
        prefixLength: 48,
        preference: "high",
        lifetimeSeconds: 600,
        prefix: bytesOf("2001:db8:70::"),
      },
      { name: "rdnss", lifetimeSeconds: 1200, addresses: ["2001:db8::53", "fe80::53"] },
      { name: "dnssl", lifetimeSeconds: 900, domains: ["one.example", "two.example"] },
      { name: "captive-portal", uri: "https://portal.example/api" },
      { name: "pref64", lifetimeSeconds: 1800, prefixLength: 96, prefix: "64:ff9b::" },
      { name: "advertisement-interval", intervalMs: 1500 },
      { name: "home-agent-information", preference: 10, lifetimeSeconds: 1800 },
      {
        name: "pvd",
        id: "pvd.example.org",
        httpInfo: true,
        legacy: false,
        delay: 1,
        sequence: 2,
        header: null,
        options: [{ name: "mtu", mtu: 1300 }],
      },
    ],
  };
  const message = buildRouterAdvertisement(built);
  setChecksum(message, SOURCE, GROUP);
  const packet = new Uint8Array(40 + message.length);
  packet.set([0x60, 0, 0, 0, message.length >> 8, message.length & 0xff, 58, 255]);
  packet.set(SOURCE, 8);
  packet.set(GROUP, 24);
  packet.set(message, 40);
  const expected: Record<string, string> = {
    "icmpv6.checksum.status": "1",
    "icmpv6.nd.ra.cur_hop_limit": "63",
    "icmpv6.nd.ra.flag": "0xb8",
    "icmpv6.nd.ra.router_lifetime": "1234",
    "icmpv6.nd.ra.reachable_time": "30000",
    "icmpv6.nd.ra.retrans_timer": "1000",
    "icmpv6.opt.type": "1,5,3,24,25,31,37,38,7,8,21",
    "icmpv6.opt.length": "1,1,4,2,5,5,4,2,1,1,4",
    "icmpv6.opt.src_linkaddr": "02:00:00:00:01:01",
    "icmpv6.opt.mtu": "1400",
    "icmpv6.opt.prefix.flag.l": "1",
    "icmpv6.opt.prefix.flag.a": "0",
    "icmpv6.opt.prefix.flag.r": "1",
    "icmpv6.opt.prefix.valid_lifetime": "7200",
    "icmpv6.opt.prefix.preferred_lifetime": "3600",
    "icmpv6.opt.prefix.length": "64,48",
    "icmpv6.opt.prefix": "2001:db8:1::1,2001:db8:70::",
    "icmpv6.opt.route_info.flag.route_preference": "1",
    "icmpv6.opt.route_lifetime": "600",
    "icmpv6.opt.rdnss.lifetime": "1200",
    "icmpv6.opt.rdnss": "2001:db8::53,fe80::53",
    "icmpv6.opt.dnssl.lifetime": "900",
    "icmpv6.opt.dnssl": "one.example,two.example",
    "icmpv6.opt.captive_portal": "https://portal.example/api",
    "icmpv6.opt.pref64.scaled_lifetime": "225",
    "icmpv6.opt.pref64.plc": "0x0000",
    "icmpv6.opt.pref64.prefix": "64:ff9b::",
    "icmpv6.opt.advertisement_interval": "1500",
    "icmpv6.opt.home_agent_preference": "10",
    "icmpv6.opt.home_agent_lifetime": "1800",
    "_ws.malformed": "",
  };
  const [row] = tsharkRows(LinkType.ipv6, [packet], Object.keys(expected));
  assert.deepEqual(
    Object.fromEntries(Object.keys(expected).map((key, i) => [key, row![i]])),
    expected,
  );
});
