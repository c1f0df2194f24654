// Explicit PvDs (RFC 8801) on real links: what a host sees of them, what it configures, and by whom its packets go.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SOCK_DGRAM } from "../../lib/socket/options.ts";
import type { PvdInfo } from "../../mod.ts";
import {
  advertisementOf,
  type Host,
  labSkip,
  NETWORK_1,
  NETWORK_2,
  oneLink,
  pvdOption,
  type RouterAdvertisementInit,
  SERVICE_IPV4,
  SERVICE_IPV6,
  waitFor,
  World,
} from "../lab/mod.ts";
import {
  addressIn,
  BAR,
  CORP,
  type ExplicitNetwork,
  explicitSite,
  FOO,
  hostAddressIn,
  IOT,
  openly,
  says1,
  silentSite,
} from "./explicit_site.ts";
import { type Caller, mif, ROOT } from "./mif.ts";
import { ROOTS } from "./mif_route.ts";
import { outline } from "./outline.ts";
import { Probe } from "./probe.ts";
import { ROUTER_1, ROUTER_2 } from "./routers.ts";
import { exercise, service4, service6 } from "./site.ts";
import { echoServer, refuses, SocketProbe } from "./socket_probe.ts";

const lab = { skip: labSkip(), timeout: 120_000 };

/** `mif list --solicit --json`. */
async function solicited({ host }: { host: Host }, caller: Caller = ROOT): Promise<PvdInfo[]> {
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

test(
  "who has no privilege sees what a host sees that knows no PvDs (RFC 8801 3.3)",
  lab,
  async () => {
    await using world = new World();
    const it = await explicitSite(world);
    const probe = new Probe(it.host, { unprivileged: true });
    await probe.listPvds();
    // It hears what comes from now on.
    for (const { advertiser } of [it.r1, it.r2]) await advertiser!.send();
    const seen = await waitFor("both routers' prefixes", async () => {
      const pvds = await probe.listPvds();
      return pvds.filter(({ attribution }) => attribution === "router-advertisement").length ===
          2 &&
        pvds;
    });
    assert.deepEqual(seen.map(({ kind }) => kind), ["implicit", "implicit"]);
    assert.deepEqual(outline(seen), {
      [ROUTER_1]: {
        attribution: "router-advertisement",
        addresses: [hostAddressIn(FOO), NETWORK_1.hostAddress].sort(),
        gateways: [NETWORK_1.routerLinkLocal],
        routes: [FOO.prefix, NETWORK_1.prefix, `::/0 via ${NETWORK_1.routerLinkLocal}`].sort(),
        best: seen.find(({ id }) => id === ROUTER_1)!.ai_addr!.address,
      },
      [ROUTER_2]: configured({ ...CORP }, NETWORK_2.hostAddress),
    });
    const servers = seen.flatMap((pvd) => pvd.dnsServers.map(({ address }) => address)).sort();
    assert.deepEqual(
      servers,
      [NETWORK_1.routerAddress, FOO.routerAddress, NETWORK_2.routerAddress].sort(),
      "nothing from inside a PvD option",
    );
  },
);

test("an ID of two routers is two PvDs, and a command line is asked which", lab, async () => {
  await using world = new World();
  const it = await explicitSite(world);
  const shared = { ...FOO, id: "shared.example" };
  await it.r1.advertiser!.update([says1()[0]!, openly(shared)]);
  await it.r2.advertiser!.update(openly({ ...CORP, id: "shared.example" }));
  const pvds = (await solicited(it)).filter(({ id }) => id === "shared.example");
  assert.deepEqual(pvds.map(({ router }) => router).sort(), [FOO.router, CORP.router].sort());
  assert.notEqual(pvds[0]!.handle, pvds[1]!.handle);
  const resolve = (pvd: string) => mif(it.host, ROOT, "resolve", "::1", "--solicit", "--pvd", pvd);
  const { status, stderr } = await resolve("Shared.Example.");
  assert.equal(status, 1);
  const names = pvds.map(({ handle, router }) => `shared.example (${handle}, ${router}%h0)`);
  const text = `"Shared.Example." is more than one PvD; give the handle of one of ${
    names.join(", ")
  }`;
  assert.ok(stderr.includes(text), stderr);
  for (const { handle } of pvds) {
    assert.deepEqual((await resolve(String(handle))).stdout, "::1\n");
  }
});

test("names are asked for in an explicit PvD by its ID", lab, async () => {
  await using world = new World();
  const it = await explicitSite(world);
  for (const [router, networks] of [[it.r1, [FOO, BAR]], [it.r2, [IOT]]] as const) {
    const records = networks.map(({ domain, routerAddress }) =>
      [`www.${domain}`, [routerAddress]] as const
    );
    await router.host.dnsmasq({
      records: Object.fromEntries(records.map(([name, all]) => [name, [...all]])),
    });
  }
  const probe = new SocketProbe(it.host);
  await probe.ask({ call: "install routes" });
  for (const { id, routerAddress } of [FOO, BAR, IOT]) {
    // By the search list of the PvD.
    const words = ["resolve", "www", "--solicit", "--pvd", `${id.toUpperCase()}.`];
    const { status, stdout, stderr } = await mif(it.host, ROOT, ...words);
    assert.deepEqual([status, stderr, stdout], [0, "", `${routerAddress}\n`], id);
  }
  const other = await mif(
    it.host,
    ROOT,
    "resolve",
    `www.${IOT.domain}`,
    "--solicit",
    "--pvd",
    FOO.id,
  );
  assert.notEqual(other.status, 0, "another router's name servers are not asked");
});

test(
  "what DHCPv4 gave is in the one PvD with the L flag, and sockets on it use it",
  lab,
  async () => {
    await using world = new World();
    const named = (id: string) => pvdOption({ id, legacy: true });
    const { host, r1 } = await oneLink(world, { advertise1: { options: [named("foo.example")] } });
    await echoServer(r1.host, [SERVICE_IPV4, SERVICE_IPV6]);
    const [foo, ...others] = await solicited({ host });
    assert.deepEqual(others, []);
    assert.deepEqual([foo!.id, foo!.legacy], ["foo.example", true]);
    assert.ok(foo!.addresses.some(({ address }) => address === NETWORK_1.hostIpv4));
    assert.deepEqual(
      foo!.gateways.map(({ address }) => address).sort(),
      [NETWORK_1.routerIpv4, NETWORK_1.routerLinkLocal],
    );
    const probe = new SocketProbe(host);
    await probe.ask({ call: "remember", solicit: true });
    await exercise(probe, { source: NETWORK_1.hostIpv4, to: service4 });
    await exercise(probe, { source: NETWORK_1.hostAddress, to: service6 });
    // A second one that claims it: then it is nobody's but the interface's.
    await r1.advertiser!.update([
      { ...advertisementOf(NETWORK_1), options: [named("foo.example")] },
      { options: [named("bar.example")] },
    ]);
    const holders = (await solicited({ host })).filter(({ addresses }) =>
      addresses.some(({ family }) => family === 4)
    );
    assert.deepEqual(holders.map(({ id }) => id), ["h0"]);
  },
);

test("any program goes by an explicit PvD", lab, async () => {
  await using world = new World();
  const it = await explicitSite(world);
  await new SocketProbe(it.host).ask({ call: "install routes" });
  const asks = [
    "import socket",
    "s = socket.create_connection(('" + service6.address + "', 7), 5)",
    "s.send(b'who'); print(s.recv(99).decode())",
  ].join("; ");
  for (const pvd of [FOO, BAR, IOT]) {
    const words = ["exec", "--pvd", pvd.id, "--solicit", "--", "python3", "-c", asks];
    const { status, stdout, stderr } = await mif(it.host, ROOT, ...words);
    assert.deepEqual([status, stdout.trim()], [0, await addressIn(it.host, pvd.prefix)], stderr);
  }
});

// The examples of RFC 8801 5. What it calls a non-PvD-aware host is a process without privilege.

const CAFE = { prefix: "2001:db8:cafe::/64", routerAddress: "2001:db8:cafe::53" };
const F00D = { prefix: "2001:db8:f00d::/64", routerAddress: "2001:db8:f00d::53" };
const [R1, R2] = [NETWORK_1.routerLinkLocal, NETWORK_2.routerLinkLocal];
const cafe = (): RouterAdvertisementInit => ({
  lifetimeSeconds: 6000,
  prefixes: [{ prefix: CAFE.prefix }],
});
const second: RouterAdvertisementInit = {
  lifetimeSeconds: 0,
  options: [pvdOption({
    id: "bar.example.org",
    routerAdvertisement: { lifetimeSeconds: 1600 },
    nested: { prefixes: [{ prefix: F00D.prefix }], rdnss: [{ servers: [F00D.routerAddress] }] },
  })],
};

interface Example {
  host: Host;
  /** Of a process without privilege, which has heard all of it. */
  unaware(): Promise<PvdInfo[]>;
  aware(): Promise<PvdInfo[]>;
  probe: SocketProbe;
}

/** Has the routers say it, and waits until the host has what its kernel takes of it. */
async function example(
  world: World,
  first: RouterAdvertisementInit,
  other?: RouterAdvertisementInit,
): Promise<Example> {
  const { host, routers: [r1, r2] } = await silentSite(world);
  const unprivileged = new Probe(host, { unprivileged: true });
  await unprivileged.listPvds();
  for (const [router, { prefix, routerAddress }] of [[r1, CAFE], [r1, F00D], [r2, F00D]] as const) {
    if (prefix === F00D.prefix && (router === r2) !== (other !== undefined)) continue;
    router.batch([`addr add ${routerAddress}/64 dev lan0`]);
  }
  await r1.advertise("lan0", first);
  if (other) await r2.advertise("lan0", other);
  await host.waitForAddresses([hostAddressIn(CAFE)]);
  await host.waitForGateways([R1]);
  const probe = new SocketProbe(host);
  return {
    host,
    probe,
    unaware: () => unprivileged.listPvds(),
    aware: () => solicited({ host }),
  };
}

/** What counts in the examples. */
function view(pvds: PvdInfo[]): Record<string, unknown> {
  return Object.fromEntries(
    pvds.map(({ id, addresses, gateways, dnsServers, unconfigured }) => [id, {
      addresses: addresses.map(({ address }) => address).filter((own) => !own.startsWith("fe80"))
        .sort(),
      gateways: gateways.map(({ address }) => address),
      servers: dnsServers.map(({ address }) => address),
      missing: unconfigured?.prefixes ?? [],
    }]),
  );
}

const cafeAddress = hostAddressIn(CAFE);

test("RFC 8801 5.1: extra options for hosts that know PvDs", lab, async () => {
  await using world = new World();
  const servers = [CAFE.routerAddress, F00D.routerAddress];
  const option = pvdOption({
    id: "example.org",
    nested: { rdnss: [{ servers }], prefixes: [{ prefix: F00D.prefix }] },
  });
  assert.deepEqual([option[1], 3 + 5 + 4], [12, 12], "as long as the RFC says");
  const it = await example(world, { ...cafe(), options: [option] });
  const router = `${R1}%h0`;
  assert.deepEqual(view(await it.unaware()), {
    [router]: { addresses: [cafeAddress], gateways: [R1], servers: [], missing: [] },
  });
  const before = { addresses: [cafeAddress], gateways: [R1], servers, missing: [F00D.prefix] };
  assert.deepEqual(view(await it.aware()), { "example.org": before });
  await it.probe.ask({ call: "install routes" });
  const food = await addressIn(it.host, F00D.prefix);
  assert.deepEqual(view(await it.aware()), {
    "example.org": { ...before, addresses: [cafeAddress, food].sort(), missing: [] },
  });
  await it.probe.ask({ call: "remember", solicit: true });
  for (const source of [cafeAddress, food]) {
    const socket = await it.probe.open(10, SOCK_DGRAM);
    await socket.do({ call: "bind", to: { address: source } });
    await socket.do({ call: "select", address: source });
    assert.equal(await socket.echo(service6), source);
  }
});

test("RFC 8801 5.2: other advertisements for hosts that know PvDs", lab, async () => {
  await using world = new World();
  const it = await example(world, {
    ...cafe(),
    rdnss: [{ servers: [CAFE.routerAddress] }],
    options: [pvdOption({ id: "foo.example.org", routerAdvertisement: { lifetimeSeconds: 0 } })],
  }, second);
  assert.deepEqual(view(await it.unaware()), {
    [`${R1}%h0`]: {
      addresses: [cafeAddress],
      gateways: [R1],
      servers: [CAFE.routerAddress],
      missing: [],
    },
  });
  const foo = {
    addresses: [cafeAddress],
    gateways: [],
    servers: [CAFE.routerAddress],
    missing: [],
  };
  const bar = {
    addresses: [],
    gateways: [],
    servers: [F00D.routerAddress],
    missing: [F00D.prefix],
  };
  assert.deepEqual(view(await it.aware()), { "foo.example.org": foo, "bar.example.org": bar });
  await it.probe.ask({ call: "install routes" });
  const food = await addressIn(it.host, F00D.prefix);
  assert.deepEqual(view(await it.aware()), {
    "foo.example.org": foo,
    "bar.example.org": { ...bar, addresses: [food], gateways: [R2], missing: [] },
  });
  await exercise(it.probe, { source: food, to: service6 });
  // Its router is none beyond the link for those who know.
  const socket = await it.probe.openOn(cafeAddress, SOCK_DGRAM);
  await refuses("EPVDROUTE", socket.do({ call: "send", text: "who", to: service6 }));
  assert.equal(
    await socket.do({ call: "send", text: "?", to: { address: CAFE.routerAddress, port: 7 } }),
    1,
  );
});

test("RFC 8801 5.3: more networks for hosts that know PvDs", lab, async () => {
  await using world = new World();
  const it = await example(world, {
    ...cafe(),
    rdnss: [{ servers: [CAFE.routerAddress] }],
    options: [pvdOption({ id: "foo.example.org" })],
  }, second);
  const foo = {
    addresses: [cafeAddress],
    gateways: [R1],
    servers: [CAFE.routerAddress],
    missing: [],
  };
  await it.probe.ask({ call: "install routes" });
  const food = await addressIn(it.host, F00D.prefix);
  assert.deepEqual(view(await it.aware()), {
    "foo.example.org": foo,
    "bar.example.org": {
      addresses: [food],
      gateways: [R2],
      servers: [F00D.routerAddress],
      missing: [],
    },
  });
  for (const source of [cafeAddress, food]) await exercise(it.probe, { source, to: service6 });
});

test("RFC 8801 5.4: additional information for hosts that know PvDs", lab, async () => {
  await using world = new World();
  const it = await example(world, {
    ...cafe(),
    rdnss: [{ servers: [CAFE.routerAddress] }],
    options: [pvdOption({ id: "smart.mall.example.com", http: true, sequence: 1 })],
  });
  const [pvd, ...rest] = await it.aware();
  assert.deepEqual(rest, []);
  const { id, kind, httpInfo, sequence, delay } = pvd!;
  assert.deepEqual({ id, kind, httpInfo, sequence, delay }, {
    id: "smart.mall.example.com",
    kind: "explicit",
    httpInfo: true,
    sequence: 1,
    delay: 0,
  });
  assert.deepEqual(view([pvd!])[id], {
    addresses: [cafeAddress],
    gateways: [R1],
    servers: [CAFE.routerAddress],
    missing: [],
  });
  // The only router of the link: it needs no routing rules.
  await it.probe.ask({ call: "remember", solicit: true });
  await exercise(it.probe, { source: cafeAddress, to: service6 });
});
