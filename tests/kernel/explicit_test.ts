// Explicit PvDs (RFC 8801) on real links: what a host sees of them, what it configures, and by whom its packets go.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { PvdInfo, RouteTable } from "../../mod.ts";
import {
  advertisementOf,
  labSkip,
  NETWORK_1,
  NETWORK_2,
  SERVICE_IPV6,
  waitFor,
  World,
} from "../lab/mod.ts";
import {
  addressIn,
  BAR,
  CORP,
  type ExplicitNetwork,
  type ExplicitSite,
  explicitSite,
  FOO,
  hostAddressIn,
  IOT,
  nested,
  openly,
  says1,
  says2,
} from "./explicit_site.ts";
import { type Caller, CALLERS, mif } from "./mif.ts";
import { ROOTS, route } from "./mif_route.ts";
import { outline } from "./outline.ts";
import { Probe } from "./probe.ts";
import { ROUTER_1, ROUTER_2 } from "./routers.ts";
import { exercise, service6 } from "./site.ts";
import { refuses, SocketProbe } from "./socket_probe.ts";

const lab = { skip: labSkip(), timeout: 120_000 };
const [ROOT] = ROOTS as [Caller];
const UNPRIVILEGED = CALLERS.find(({ unprivileged }) => unprivileged)!;

/** `mif list --solicit --json`. */
async function solicited({ host }: ExplicitSite, caller: Caller = ROOT): Promise<PvdInfo[]> {
  const { status, stdout, stderr } = await mif(host, caller, "list", "--solicit", "--json");
  assert.deepEqual([status, stderr], [0, ""]);
  return JSON.parse(stdout);
}

/** What there is to see of a PvD whose prefix the kernel saw, or that was installed. */
function configured(of: ExplicitNetwork, address: string) {
  return {
    attribution: "router-advertisement",
    addresses: [address],
    gateways: [of.router],
    routes: [of.prefix, `::/0 via ${of.router}`].sort(),
    best: address,
  };
}

/** What there is to see of a PvD that only aware hosts see, before it is installed. */
function unconfigured(of: ExplicitNetwork) {
  return {
    attribution: "router-advertisement",
    addresses: [],
    gateways: [of.router],
    routes: [`::/0 via ${of.router}`],
    best: null,
  };
}

const BEFORE = {
  [ROUTER_1]: configured(
    { ...FOO, prefix: NETWORK_1.prefix },
    NETWORK_1.hostAddress,
  ),
  [FOO.id]: configured(FOO, hostAddressIn(FOO)),
  [BAR.id]: unconfigured(BAR),
  [CORP.id]: configured(CORP, NETWORK_2.hostAddress),
  [IOT.id]: unconfigured(IOT),
};

test(
  "two routers with two explicit PvDs each, and an implicit one: each has what is its",
  lab,
  async () => {
    await using world = new World();
    const it = await explicitSite(world);
    for (const caller of ROOTS) {
      const pvds = await solicited(it, caller);
      assert.deepEqual(outline(pvds), BEFORE);
      assert.equal(new Set(pvds.map(({ handle }) => handle)).size, 5);
      for (const network of [FOO, BAR, CORP, IOT]) {
        const pvd = pvds.find(({ id }) => id === network.id)!;
        assert.deepEqual([pvd.kind, pvd.router], ["explicit", network.router]);
        assert.deepEqual(pvd.dnsServers.map(({ address }) => address), [network.routerAddress]);
        assert.deepEqual(pvd.searchDomains, [network.domain]);
        const missing = {
          prefixes: [network.prefix],
          routes: [{ destination: network.prefix, gateway: null }],
        };
        assert.deepEqual(pvd.unconfigured, [BAR, IOT].includes(network) ? missing : undefined);
      }
      const { httpInfo, sequence, delay, legacy } = pvds.find(({ id }) => id === FOO.id)!;
      assert.deepEqual({ httpInfo, sequence, delay, legacy }, {
        httpInfo: true,
        sequence: 7,
        delay: 2,
        legacy: false,
      });
    }
    const { stdout } = await mif(it.host, ROOT, "list", "--solicit");
    assert.match(stdout, /^foo\.example {2}explicit, from router fe80::ff:fe00:101, /m);
    assert.match(stdout, /^ {2}PvD +additional information by HTTPS, sequence 7, delay 2$/m);
    assert.match(stdout, /^ {2}missing +address in 2001:db8:12::\/64\n +route 2001:db8:12::\/64$/m);
  },
);
