/**
 * Neighbor Discovery: from anybody on the link, and from the kernel.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isIPv6 } from "node:net";
import { buildHeader, parseHeader } from "../../../lib/ndp/advertisement_header.ts";
import { buildOption } from "../../../lib/ndp/build_option.ts";
import { buildDomain, readDomain } from "../../../lib/ndp/domain.ts";
import {
  type NdOption,
  parseAnyOption,
  parseOption,
  splitOptions,
  type UnknownOption,
} from "../../../lib/ndp/options.ts";
import {
  buildPvdOption,
  isPvdId,
  parsePvdOption,
  type PvdOption,
} from "../../../lib/ndp/pvd_option.ts";
import { parseRouterAdvertisement } from "../../../lib/ndp/router_advertisement.ts";
import {
  buildRouterSolicitation,
  parseRouterSolicitation,
} from "../../../lib/ndp/router_solicitation.ts";
import {
  pvdOption,
  routerAdvertisement,
  type RouterAdvertisementInit,
  routerAdvertisementOptions,
} from "../../lab/mod.ts";
import { recorded } from "../../ndp/recorded.ts";
import { type FuzzTarget, hex } from "../target.ts";

/** A message that its link's router may have sent. */
export const arrival = { hopLimit: 255, source: hex("fe80000000000000000000fffe000101") };

/** What the lab's router says, with every option it can. */
export const everything: RouterAdvertisementInit = {
  sourceMac: "02:00:00:00:01:01",
  mtu: 1400,
  prefixes: [{ prefix: "2001:db8:5::/64" }],
  routes: [{ prefix: "2001:db8:6::/48" }, { prefix: "::/0" }],
  rdnss: [{ servers: ["2001:db8::1", "fe80::2"] }],
  dnssl: [{ domains: ["five.example", "six.example"] }],
  captivePortal: "https://p.example/",
  pref64: { prefix: "64:ff9b::/96" },
};

/** PvD options: one without anything, and one with a header and options. */
const pvdOptions = () => [
  pvdOption({ id: "a" }),
  pvdOption({
    id: "pvd.example.org",
    http: true,
    legacy: true,
    delay: 15,
    sequence: 65535,
    routerAdvertisement: { lifetimeSeconds: 1200 },
    options: routerAdvertisementOptions(everything),
  }),
];

const words = [...["0301", "1903", "1f02", "2502", "2602", "1801", "1502"].map(hex), "example"];

/** What a host would configure itself with is sound. */
function checked<T extends NdOption | PvdOption | UnknownOption | null>(option: T): T {
  if (option?.name === "dnssl") {
    for (const domain of option.domains) assert.match(domain, /^[!-~]{1,253}$/);
    const labels = option.domains.flatMap((domain) => domain.split("."));
    for (const label of labels) assert.ok(label.length >= 1 && label.length <= 63, label);
  }
  if (option?.name === "rdnss") {
    for (const each of option.addresses) {
      assert.ok(isIPv6(each), each);
    }
  }
  if (option?.name === "captive-portal") assert.match(option.uri, /^[!-~]+$/);
  if (option && "prefixLength" in option) assert.ok(option.prefixLength <= 128);
  if (option && option.name !== "pvd") {
    assert.deepEqual(parseAnyOption(buildOption(option)), option);
  }
  return option;
}

/** Those of this room. */
export const targets: FuzzTarget[] = [
  {
    name: "router-advertisement",
    seeds: () => [
      ...["radvd_2.19", "scapy_2.5.0_ra"].map(recorded),
      routerAdvertisement(everything),
      routerAdvertisement({ lifetimeSeconds: 0 }),
    ],
    read: (bytes) => {
      const advertisement = parseRouterAdvertisement(bytes, arrival);
      assert.ok((advertisement?.options.length ?? 0) <= bytes.length / 8);
      advertisement?.options.forEach(checked);
      return advertisement;
    },
    words,
  },
  {
    name: "nd-options",
    seeds: () => routerAdvertisementOptions(everything),
    read: (bytes) =>
      [...splitOptions(bytes)].map((option) => {
        assert.ok(option.length >= 8 && option.length % 8 === 0);
        return checked(parseOption(option));
      }),
    words,
  },
  {
    name: "pvd-option",
    seeds: pvdOptions,
    read: (bytes) => {
      const option = parsePvdOption(bytes);
      if (option === null) return null;
      assert.ok(isPvdId(option.id), option.id);
      assert.deepEqual(parsePvdOption(buildPvdOption(option)), option);
      return option;
    },
    words: ["1502", "2000", "a000", "0361626300", "86", ...words].map((word) =>
      typeof word === "string" ? hex(/^[0-9a-f]+$/.test(word) ? word : "00") : word
    ),
  },
  {
    name: "router-solicitation",
    seeds: () => [
      recorded("scapy_2.5.0_rs"),
      hex("8500 0000 00000000"),
      hex("8500 0000 00000000 0101 020000000a0a"),
    ],
    read: (bytes) => {
      const solicitation = parseRouterSolicitation(bytes, arrival);
      if (solicitation === null) return null;
      const again = parseRouterSolicitation(buildRouterSolicitation(solicitation), arrival);
      assert.deepEqual(again, solicitation);
      return solicitation;
    },
    words,
  },
  {
    name: "nd-domain",
    seeds: () => [hex("03616263 0764656667686969 00"), hex("00"), hex("0161 40 00")],
    read: (bytes) => {
      const read = readDomain(bytes, 0);
      if (read === null) return null;
      assert.ok(read.end <= bytes.length && read.domain.length <= 253);
      if (read.domain !== "") {
        assert.equal(readDomain(buildDomain(read.domain), 0)?.domain, read.domain);
      }
      return read;
    },
    words: ["3f", "40", "00", "0161"].map(hex),
  },
  {
    name: "advertisement-header",
    seeds: () => [
      routerAdvertisement({ preference: "high" }),
      routerAdvertisement({ lifetimeSeconds: 0 }),
    ],
    read: (bytes) => {
      if (bytes.length < 16) return null;
      const header = parseHeader(bytes);
      assert.deepEqual(parseHeader(buildHeader(header)), header);
      return header;
    },
  },
];
