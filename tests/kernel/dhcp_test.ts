// What real DHCPv4 clients configure is of the one explicit PvD with the L flag (RFC 8801 3.4.2): each leaves other traces.

import assert from "node:assert/strict";
import { accessSync, constants } from "node:fs";
import { test } from "node:test";
import { SOCK_DGRAM, SOCK_STREAM } from "../../lib/socket/options.ts";
import type { PvdInfo } from "../../mod.ts";
import {
  advertisementOf,
  type Host,
  labSkip,
  NETWORK_1,
  oneLink,
  pvdOption,
  SERVICE_IPV4,
  waitFor,
  World,
} from "../lab/mod.ts";
import { commandPath } from "../lab/command.ts";
import { networkd, networkdSkip, systemBus } from "../lab/networkd.ts";
import { mif, ROOT } from "./mif.ts";
import { service4 } from "./site.ts";
import { echoServer, SocketProbe } from "./socket_probe.ts";
import { together } from "./together.ts";

const SERVERS = [NETWORK_1.routerIpv4, "198.51.100.53"];
const DOMAIN = "v4.example";

/** Whether a program is there; where not, it is said. */
function skip(program: string): string | false {
  const noLab = labSkip();
  if (noLab !== false) return noLab;
  for (const directory of [...commandPath().split(":"), "/usr/sbin", "/sbin"]) {
    try {
      accessSync(`${directory}/${program}`, constants.X_OK);
      return false;
    } catch {
      // The next one.
    }
  }
  console.log(`Skipped, ${program} is not installed`);
  return `${program} is not installed`;
}

/** A client, and where the library finds the name servers that it was given. */
interface Client {
  program: string;
  skip: string | false;
  source: string;
  /** In a user namespace there are no other users to change to. */
  start(host: Host): Promise<unknown> | unknown;
}

const shell = (text: string) => (host: Host) => {
  host.writeFile("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
  host.spawn(["sh", "-c", text]);
};

const CLIENTS: Client[] = [
  {
    program: "dhcpcd",
    skip: skip("dhcpcd"),
    source: "dhcpcd",
    start: shell(
      "mount -t tmpfs none /var/lib/dhcpcd && exec dhcpcd -4 -B --noarp --nohook hostname h0",
    ),
  },
  {
    program: "dhclient",
    skip: skip("dhclient"),
    source: "/etc/resolv.conf",
    start: shell("exec dhclient -4 -d -lf /run/dhclient.leases -pf /run/dhclient.pid h0"),
  },
  {
    program: "systemd-networkd",
    skip: networkdSkip(),
    source: "systemd-networkd",
    start: async (host) => {
      await systemBus(host);
      networkd(host, {
        "10-h0.network": "[Match]\nName=h0\n[Network]\nDHCP=ipv4\nIPv6AcceptRA=yes\n" +
          "[DHCPv4]\nUseDomains=yes\nUseHostname=no\n",
      });
    },
  },
];

const named = (id: string, legacy = true) => ({ options: [pvdOption({ id, legacy })] });

async function solicited(host: Host): Promise<PvdInfo[]> {
  const { status, stdout, stderr } = await mif(host, ROOT, "list", "--solicit", "--json");
  assert.deepEqual([status, stderr], [0, ""]);
  return JSON.parse(stdout);
}

/** One link whose router announces an explicit PvD and leases one address; returns when it is leased. */
async function leased(world: World, start: Client["start"]) {
  const { host, r1 } = await oneLink(world, { ipv4: false, advertise1: named("foo.example") });
  await r1.host.dnsmasq({
    port: 0,
    interfaces: ["lan0"],
    dhcp: { range: [NETWORK_1.hostIpv4, NETWORK_1.hostIpv4], dnsServers: SERVERS, domain: DOMAIN },
  });
  await start(host);
  await waitFor(
    "a lease, and its route",
    () =>
      host.addresses("h0").some(({ local }) => local === NETWORK_1.hostIpv4) &&
      host.routes(4, "default").length === 1,
    30_000,
  );
  return { host, r1 };
}

const holdersOf = (pvds: PvdInfo[]) =>
  pvds.filter(({ addresses }) => addresses.some(({ address }) => address === NETWORK_1.hostIpv4))
    .map(({ id }) => id);

/** Which PvD has what a client was leased, as its router announces one PvD with the L flag, two, and none. */
async function assertPlaced({ source, start }: Client): Promise<void> {
  await using world = new World();
  const { host, r1 } = await leased(world, start);
  await echoServer(r1.host, [SERVICE_IPV4]);
  // It may still be telling of the name servers.
  const foo = await waitFor("all of the lease", async () => {
    const pvds = await solicited(host);
    assert.deepEqual(holdersOf(pvds), ["foo.example"]);
    const foo = pvds.find(({ id }) => id === "foo.example")!;
    return foo.searchDomains.includes(DOMAIN) && foo;
  }, 30_000);
  assert.equal(foo.legacy, true);
  assert.ok(foo.gateways.some(({ address }) => address === NETWORK_1.routerIpv4));
  assert.deepEqual(
    foo.dnsServers.filter(({ address }) => SERVERS.includes(address)),
    SERVERS.map((address) => ({ address, port: 53, source })),
  );
  const probe = new SocketProbe(host);
  await probe.ask({ call: "remember", solicit: true });
  for (const type of [SOCK_DGRAM, SOCK_STREAM]) {
    const opened = await probe.openOn(NETWORK_1.hostIpv4, type);
    await opened.do({ call: "connect", to: service4 });
    assert.equal(await opened.echo(), NETWORK_1.hostIpv4);
  }
  // Two that claim it, or none: then it is the interface's.
  const open = advertisementOf(NETWORK_1);
  for (
    const says of [
      [{ ...open, ...named("foo.example") }, named("bar.example")],
      [{ ...open, ...named("foo.example", false) }, named("bar.example", false)],
    ]
  ) {
    await r1.advertiser!.update(says);
    const pvds = await solicited(host);
    assert.deepEqual(holdersOf(pvds), ["h0"]);
    const [own] = pvds.filter(({ id }) => id === "h0");
    assert.deepEqual(own!.gateways.map(({ address }) => address), [NETWORK_1.routerIpv4]);
    assert.deepEqual(own!.dnsServers.map(({ address }) => address), SERVERS);
  }
}

test("what dhcpcd, dhclient and networkd were leased is the PvD's with the L flag", {
  skip: labSkip(),
  timeout: 120_000,
}, async () => {
  const there = CLIENTS.filter(({ skip }) => skip === false);
  await together(
    Object.fromEntries(there.map((client) => [client.program, () => assertPlaced(client)])),
  );
});

test("an address without a lifetime, as udhcpc sets it, cannot be told from a static one", {
  skip: skip("udhcpc"),
  timeout: 60_000,
}, async () => {
  await using world = new World();
  const { host } = await leased(world, shell("exec udhcpc -f -i h0"));
  assert.deepEqual(holdersOf(await solicited(host)), ["h0"]);
});
