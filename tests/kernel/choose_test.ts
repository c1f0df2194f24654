// choosePvd() on a host with two networks and a tunnel: what the kernel says an interface is.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { PvdCriteria } from "../../mod.ts";
import { labSkip, NETWORK_2, SERVICE_IPV4, SERVICE_IPV6, twoLinks, World } from "../lab/mod.ts";
import { Probe } from "./probe.ts";

for (const unprivileged of [false, true]) {
  const who = unprivileged ? "without privileges" : "as root";
  test(`a tunnel is told from Ethernet, and a way from none, ${who}`, {
    skip: labSkip(),
    timeout: 60_000,
  }, async () => {
    await using world = new World();
    const { host } = await twoLinks(world);
    host.batch([
      "tuntap add dev t0 mode tun",
      "addr add 10.9.0.2/24 dev t0",
      "link set t0 up",
      // A network of which the host knows no way out.
      `route del default via ${NETWORK_2.routerIpv4} dev h1`,
    ]);
    const probe = new Probe(host, { unprivileged });
    const rank = async (requirements: PvdCriteria, preferences: PvdCriteria[] = []) => {
      const pvds = await probe.rankPvds(requirements, preferences);
      return [...new Set(pvds.map(({ interface: { name } }) => name))];
    };
    assert.deepEqual(await rank({ interfaceType: "tunnel" }), ["t0"]);
    assert.deepEqual(await rank({ interfaceType: "ethernet" }), ["h0", "h1"]);
    assert.deepEqual((await rank({}, [{ interfaceType: "tunnel" }]))[0], "t0");
    assert.deepEqual(await rank({ reach: SERVICE_IPV4 }), ["h0"]);
    assert.deepEqual(await rank({ reach: SERVICE_IPV6 }), ["h0", "h1"]);
    assert.deepEqual(await rank({ reach: NETWORK_2.routerIpv4 }), ["h0", "h1"]);
  });
}
