/**
 * Neighbor Discovery: from anybody on the link, and from the kernel.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isIPv6 } from "node:net";
import {
  type NdOption,
  parseOption,
  splitOptions,
  type UnknownOption,
} from "../../../lib/ndp/options.ts";
import type { PvdOption } from "../../../lib/ndp/pvd_option.ts";
import { parseRouterAdvertisement } from "../../../lib/ndp/router_advertisement.ts";
import { routerAdvertisement, routerAdvertisementOptions } from "../../lab/mod.ts";
import { recorded } from "../../ndp/recorded.ts";
import { type FuzzTarget, hex } from "../target.ts";

const arrival = { hopLimit: 255, source: hex("fe80000000000000000000fffe000101") };

/** What the lab's router says, with every option it can. */
const everything = {
  sourceMac: "02:00:00:00:01:01",
  mtu: 1400,
  prefixes: [{ prefix: "2001:db8:5::/64" }],
  routes: [{ prefix: "2001:db8:6::/48" }, { prefix: "::/0" }],
  rdnss: [{ servers: ["2001:db8::1", "fe80::2"] }],
  dnssl: [{ domains: ["five.example", "six.example"] }],
  captivePortal: "https://p.example/",
  pref64: { prefix: "64:ff9b::/96" },
};

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
];
