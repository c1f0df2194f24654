// A host that systemd-networkd configures: it takes the Router Advertisements, not the kernel, and says on the
// bus which router gave what. networkctl(1) and ip(8) judge.

import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAddress } from "../../lib/ip/address.ts";
import type { PvdInfo } from "../../mod.ts";
import {
  advertisementOf,
  type Advertiser,
  type Host,
  HOST_MAC,
  type Network,
  NETWORK_1,
  NETWORK_2,
  type RouterAdvertisementInit,
  waitFor,
  World,
} from "../lab/mod.ts";
import { networkd, networkdSkip, systemBus } from "../lab/networkd.ts";
import { CALLERS, mif, stated } from "./mif.ts";
import { ROUTER_1, ROUTER_2 } from "./routers.ts";
import { exercise } from "./site.ts";
import { ECHO_PORT, echoServer, SocketProbe } from "./socket_probe.ts";

/** On the second link, where NETWORK_1 and NETWORK_2 share the first. */
const NETWORK_3: Network = {
  prefix: "2001:db8:3::/64",
  routerMac: "02:00:00:00:03:03",
  routerLinkLocal: "fe80::ff:fe00:303",
  routerAddress: "2001:db8:3::1",
  hostAddress: "2001:db8:3::ff:fe00:a0a",
  routerIpv4: "192.0.2.1",
  hostIpv4: "192.0.2.10",
  ipv4Prefix: "192.0.2.0/24",
  domain: "three.example",
};
const ROUTER_3 = `${NETWORK_3.routerLinkLocal}%h1`;

/** Leased by DHCPv6. */
const LEASED = "2001:db8:1::100";
/** In one prefix, but of no router. */
const STATIC_SERVER = "2001:db8:2::54";

const NETWORKS = {
  "10-h0.network": `[Match]
Name=h0
[Network]
DHCP=yes
IPv6AcceptRA=yes
DNS=[${STATIC_SERVER}]:5353
Domains=static.example ~corp.example
[DHCPv4]
UseDomains=yes
UseHostname=no
[DHCPv6]
UseDomains=yes
UseHostname=no
DUIDType=link-layer
[IPv6AcceptRA]
UseDomains=yes
`,
  "10-h1.network": `[Match]
Name=h1
[Network]
DHCP=ipv4
IPv6AcceptRA=yes
[DHCPv4]
UseDomains=yes
UseHostname=no
[IPv6AcceptRA]
UseDomains=yes
`,
};

/** What a test looks at in a PvD: all lists sorted. */
interface Told {
  attribution: string;
  /** Link-local ones left out. */
  addresses: string[];
  gateways: string[];
  /** "address port" where the port is not 53. */
  servers: string[];
  domains: string[];
}

function told(pvds: PvdInfo[]): Record<string, Told> {
  return Object.fromEntries(pvds.map((pvd) => [pvd.id, {
    attribution: pvd.attribution,
    addresses: pvd.addresses.map(({ address }) => address).filter(isGlobal).sort(),
    gateways: pvd.gateways.map(({ address }) => address).sort(),
    servers: pvd.dnsServers.map(({ address, port }) => port === 53 ? address : `${address} ${port}`)
      .sort(),
    domains: [...pvd.searchDomains].sort(),
  }]));
}

/** What comes by IPv4, on the bus and in the files alike. */
const IPV4 = {
  h0: {
    attribution: "interface",
    addresses: [NETWORK_1.hostIpv4],
    gateways: [NETWORK_1.routerIpv4],
    servers: [NETWORK_1.routerIpv4, "198.51.100.53"],
    domains: ["v4.example"],
  },
  h1: {
    attribution: "interface",
    addresses: [NETWORK_3.hostIpv4],
    gateways: [NETWORK_3.routerIpv4],
    servers: [NETWORK_3.routerIpv4],
    domains: ["v4.three.example"],
  },
};

const ON_THE_BUS: Record<string, Told> = {
  ...IPV4,
  [ROUTER_1]: {
    attribution: "systemd-networkd",
    addresses: [LEASED, NETWORK_1.hostAddress],
    gateways: [NETWORK_1.routerLinkLocal],
    servers: [NETWORK_1.routerAddress, "2001:db8:1::547"],
    domains: ["one.example", "v6.example"],
  },
  [ROUTER_2]: {
    attribution: "systemd-networkd",
    addresses: [NETWORK_2.hostAddress],
    gateways: [NETWORK_2.routerLinkLocal],
    servers: [NETWORK_2.routerAddress, `${STATIC_SERVER} 5353`, NETWORK_2.routerLinkLocal].sort(),
    domains: ["static.example", "two.example"],
  },
  [ROUTER_3]: {
    attribution: "systemd-networkd",
    addresses: [NETWORK_3.hostAddress],
    gateways: [NETWORK_3.routerLinkLocal],
    servers: [NETWORK_3.routerAddress],
    domains: [NETWORK_3.domain],
  },
};

/** A router of which the files do not say what it gave. */
function bareRouter({ routerLinkLocal }: Network, servers: string[]): Told {
  return {
    attribution: "unknown",
    addresses: [],
    gateways: [routerLinkLocal],
    servers,
    domains: [],
  };
}

/** A link's file holds one list, and says of no router. */
const IN_THE_FILES: Record<string, Told> = {
  h0: {
    attribution: "unknown",
    addresses: [LEASED, NETWORK_1.hostAddress, NETWORK_2.hostAddress, NETWORK_1.hostIpv4].sort(),
    gateways: [NETWORK_1.routerIpv4],
    servers: [ROUTER_1, ROUTER_2, "h0"].flatMap((id) => ON_THE_BUS[id]!.servers)
      .filter((server) => server !== NETWORK_2.routerLinkLocal).sort(),
    domains: [ROUTER_1, ROUTER_2, "h0"].flatMap((id) => ON_THE_BUS[id]!.domains).sort(),
  },
  // Apart from the rest of its link by the lease's own file.
  h1: IPV4.h1,
  [ROUTER_1]: bareRouter(NETWORK_1, []),
  // A server's address that is a router's own says whose it is.
  [ROUTER_2]: bareRouter(NETWORK_2, [NETWORK_2.routerLinkLocal]),
  [ROUTER_3]: { ...ON_THE_BUS[ROUTER_3]!, attribution: "sole-router" },
};

/**
 * h0 ── switch ── r1 with DHCPv4 and DHCPv6, and r2; h1 ── r3 with radvd and DHCPv4. The host's kernel
 * takes no advertisement by itself.
 */
async function network(
  world: World,
): Promise<{ host: Host; r1: Host; r3: Host; advertiser2: Advertiser }> {
  const [host] = world.hosts("host");
  host.sysctl({ "ipv6/conf/default/accept_ra": 0 });
  const [r1, r2, r3] = world.routers("r1", "r2", "r3");
  const [end1, end2, end3] = ([[r1, NETWORK_1], [r2, NETWORK_2], [r3, NETWORK_3]] as const)
    .map(([host, { routerMac }]) => ({ host, interface: "lan0", mac: routerMac }));
  world.bridge("switch", [end1!, end2!, { host, interface: "h0", mac: HOST_MAC }]);
  world.links([[{ host, interface: "h1", mac: HOST_MAC }, end3!]]);
  for (const [router, network] of [[r1, NETWORK_1], [r2, NETWORK_2], [r3, NETWORK_3]] as const) {
    router.batch([
      `addr add ${network.routerAddress}/64 dev lan0`,
      `addr add ${network.routerIpv4}/24 dev lan0`,
    ]);
  }
  await Promise.all([
    r1.dnsmasq({
      port: 0,
      interfaces: ["lan0"],
      dhcp: {
        range: [NETWORK_1.hostIpv4, NETWORK_1.hostIpv4],
        dnsServers: [NETWORK_1.routerIpv4, "198.51.100.53"],
        domain: "v4.example",
      },
      config: [
        `dhcp-range=${LEASED},${LEASED},64,1h`,
        "dhcp-option=option6:dns-server,[2001:db8:1::547]",
        "dhcp-option=option6:domain-search,v6.example",
      ],
    }),
    r3.dnsmasq({
      port: 0,
      interfaces: ["lan0"],
      dhcp: {
        range: [NETWORK_3.hostIpv4, NETWORK_3.hostIpv4],
        dnsServers: [NETWORK_3.routerIpv4],
        domain: "v4.three.example",
      },
    }),
    r3.radvd("lan0", advertisementOf(NETWORK_3)),
    r1.advertise("lan0", { ...advertisementOf(NETWORK_1), managed: true }),
  ]);
  const advertiser2 = await r2.advertise("lan0", advertisement2(1800));
  return { host, r1: r1!, r3: r3!, advertiser2 };
}

/** An address behind both DHCP servers' routers. */
const BEHIND = "198.18.0.1";

/** Sockets on what DHCPv4 gave go by the router that the lease names, and by no other. */
async function assertHeldToLeases(host: Host, r1: Host, r3: Host): Promise<void> {
  const sides = [[r1, NETWORK_1], [r3, NETWORK_3]] as const;
  for (const [router] of sides) {
    router.ip("addr", "add", `${BEHIND}/32`, "dev", "lo");
    await echoServer(router, [BEHIND]);
  }
  const captures = await Promise.all(sides.map(([router]) => router.capture("lan0")));
  for (const unprivileged of [false, true]) {
    const probe = new SocketProbe(host, { unprivileged });
    for (const [, { hostIpv4 }] of sides) {
      await exercise(probe, { source: hostIpv4, to: { address: BEHIND, port: ECHO_PORT } });
    }
  }
  for (const [at, capture] of captures.entries()) {
    const own = sides[at]![1].hostIpv4;
    const sources = (await capture.stop())
      .filter(({ direction, dst }) => direction === "in" && dst === BEHIND)
      .map(({ src }) => src);
    assert.deepEqual([...new Set(sources)], [own]);
  }
}

/** What the second router says; it always stands by its prefix. */
function advertisement2(lifetimeSeconds: number): RouterAdvertisementInit {
  const servers = [NETWORK_2.routerAddress, NETWORK_2.routerLinkLocal];
  return {
    lifetimeSeconds,
    prefixes: [{ prefix: NETWORK_2.prefix }],
    rdnss: [{ servers, lifetimeSeconds }],
    dnssl: [{ domains: [NETWORK_2.domain], lifetimeSeconds }],
  };
}

/** An entry of `networkctl --json=short status`, as far as this judge looks. */
interface Entry {
  Address?: number[];
  Domain?: string;
  ConfigSource: string;
  ConfigProvider?: number[];
  ConfigState?: string;
}

interface LinkStatus {
  Name: string;
  AdministrativeState: string;
  Addresses?: Entry[];
  DNS?: Entry[];
  SearchDomains?: Entry[];
}

async function linkStatus(host: Host, name: string): Promise<LinkStatus> {
  const { status, stdout, stderr } = await host.run([
    "networkctl",
    "--json=short",
    "status",
    name,
  ]);
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

const textOf = (bytes: number[] = []) => formatAddress(Uint8Array.from(bytes));

/** Waits until networkd itself says that it has all, and has configured the kernel with it. */
async function configured(
  host: Host,
  expected: Record<string, Told>,
): Promise<LinkStatus[]> {
  return await waitFor("networkd to configure the host", async () => {
    const links = await Promise.all(["h0", "h1"].map((name) => linkStatus(host, name)));
    for (
      const { Name, AdministrativeState, Addresses = [], DNS = [], SearchDomains = [] } of links
    ) {
      const pvds = Object.entries(expected).filter(([id]) => id.split("%").at(-1) === Name);
      const all = (key: "addresses" | "servers" | "domains") =>
        pvds.flatMap(([, pvd]) => pvd[key].map((text) => text.split(" ")[0])).sort();
      assert.equal(AdministrativeState, "configured");
      const addresses = Addresses.map(({ Address }) => textOf(Address)).filter(isGlobal).sort();
      assert.deepEqual(addresses, all("addresses"));
      assert.ok(Addresses.every(({ ConfigState }) => ConfigState === "configured"));
      assert.deepEqual(DNS.map(({ Address }) => textOf(Address)).sort(), all("servers"));
      assert.deepEqual(SearchDomains.map(({ Domain }) => Domain).sort(), all("domains"));
    }
    // The kernel makes one route with several next hops of equal default routes.
    const routes = JSON.stringify([host.routes(4, "default"), host.routes(6, "default")]);
    for (const gateway of Object.values(expected).flatMap(({ gateways }) => gateways)) {
      assert.ok(routes.includes(`"gateway":"${gateway}"`), `no default route by ${gateway}`);
    }
    return links;
  }, 20_000);
}

/** Whatever networkd says came from somebody stands in that one's PvD and in no other. */
function assertJudged(pvds: PvdInfo[], links: LinkStatus[]): void {
  let judged = 0;
  for (const { Name, Addresses = [], DNS = [], SearchDomains = [] } of links) {
    const check = (entry: Entry, has: (pvd: PvdInfo) => boolean) => {
      if (entry.ConfigProvider === undefined) return;
      const provider = textOf(entry.ConfigProvider);
      const id = entry.ConfigSource === "DHCPv4" ? Name : `${provider}%${Name}`;
      const holders = pvds.filter((pvd) => pvd.interface.name === Name && has(pvd));
      assert.deepEqual(holders.map((pvd) => pvd.id), [id], JSON.stringify(entry));
      judged++;
    };
    for (const entry of Addresses) {
      const address = textOf(entry.Address);
      check(entry, ({ addresses }) => addresses.some((it) => it.address === address));
    }
    for (const entry of DNS) {
      const address = textOf(entry.Address);
      check(entry, ({ dnsServers }) => dnsServers.some((it) => it.address === address));
    }
    for (const entry of SearchDomains) {
      check(entry, ({ searchDomains }) => searchDomains.includes(entry.Domain!));
    }
  }
  assert.ok(judged > 0, "networkctl names no provider");
}

/** What `mif doctor --json` says of networkd: whether it found it, and what it could not read. */
async function diagnosed(host: Host): Promise<{ found: boolean; warnings: string[] }> {
  const all = await Promise.all(CALLERS.map(async (caller) => {
    const { status, stdout, stderr } = await mif(host, caller, "doctor", "--json");
    assert.deepEqual([status, stderr], [0, ""]);
    const { sources, warnings } = JSON.parse(stdout) as {
      sources: { source: string; found: boolean; statements: number }[];
      warnings: { source: string; path: string; message: string }[];
    };
    const { found, statements } = sources.find(({ source }) => source === "systemd-networkd")!;
    return {
      found: found && statements > 0,
      warnings: warnings.map(({ source, path, message }) => `${source}: ${path}: ${message}`),
    };
  }));
  for (const one of all) assert.deepEqual(one, all[0]);
  return all[0]!;
}

function assertAllByNetworkd(pvds: PvdInfo[]): void {
  const sources = new Set(pvds.flatMap(({ dnsServers }) => dnsServers.map((it) => it.source)));
  assert.deepEqual([...sources], ["systemd-networkd"]);
}

function isGlobal(address: string): boolean {
  return !address.startsWith("fe80:");
}

test(
  "systemd-networkd: on the bus each router has its own, in the files what they can say",
  { skip: networkdSkip(), timeout: 60_000 },
  async () => {
    await using world = new World();
    const { host, r1, r3, advertiser2 } = await network(world);
    const bus = await systemBus(host);
    const daemon = networkd(host, NETWORKS);
    const expectBus = async (expected: Record<string, Told>) => {
      const links = await configured(host, expected);
      const pvds = await stated(host);
      assert.deepEqual(told(pvds), expected);
      assertJudged(pvds, links);
      assertAllByNetworkd(pvds);
    };
    await expectBus(ON_THE_BUS);
    assert.deepEqual(await diagnosed(host), { found: true, warnings: [] });

    // Router 2 is no router any more, and takes back what it said of DNS.
    await advertiser2.update(advertisement2(0));
    await expectBus({
      ...ON_THE_BUS,
      [ROUTER_2]: {
        ...ON_THE_BUS[ROUTER_2]!,
        gateways: [],
        servers: [`${STATIC_SERVER} 5353`],
        domains: ["static.example"],
      },
    });
    await advertiser2.update(advertisement2(1800));
    await configured(host, ON_THE_BUS);

    await bus.stop();
    const expectFiles = async (warning: RegExp | null) => {
      const pvds = await stated(host);
      assert.deepEqual(told(pvds), IN_THE_FILES);
      assertAllByNetworkd(pvds);
      const { found, warnings } = await diagnosed(host);
      assert.deepEqual([found, warnings.length], [true, warning === null ? 0 : 1]);
      if (warning !== null) assert.match(warnings[0]!, warning);
    };
    const where = "systemd-networkd: /org/freedesktop/network1: Describe on the system bus failed";
    await expectFiles(new RegExp(`^${where}: .*ECONNREFUSED`));
    assert.ok(daemon.running, daemon.stderr);

    const removal = await host.run(["rm", "/run/dbus/system_bus_socket"]);
    assert.equal(removal.status, 0, removal.stderr);
    await expectFiles(null);

    // The bus is there again, and networkd is not.
    await daemon.stop();
    await systemBus(host);
    await expectFiles(new RegExp(`^${where}: .*NameHasNoOwner`));

    await assertHeldToLeases(host, r1, r3);
  },
);
