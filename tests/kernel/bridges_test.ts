import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Host,
  labSkip,
  NETWORK_1,
  NETWORK_2,
  SERVICE_IPV4,
  SERVICE_IPV6,
  twoLinks,
  twoRouters,
  World,
} from "../lab/mod.ts";
import { makeCertificates } from "../connection/certificates.ts";
import { type BridgesReport, type BridgesRequest, SERVE_PORTS, SERVER_NAME } from "./bridges.ts";
import { plainLinks } from "./plain_links.ts";
import { arrange, LINKS } from "./site.ts";

const lab = { skip: labSkip(), timeout: 120_000 };
const script = (name: string) => new URL(name, import.meta.url);

/** Where the second network is: on a link of its own, and on the first one's after `mif route install`. */
const grounds = [
  ["twoLinks", "none", "IPv6"],
  ["twoLinks", "none", "IPv4"],
  ["twoRouters", "installed", "IPv6"],
] as const;

/** The second network, in each family: what the first router is never to see. */
const families = {
  IPv6: {
    local: NETWORK_2.hostAddress,
    service: SERVICE_IPV6,
    unreachable: "2001:db8:dead::1",
    unreachableCode: "ENETUNREACH",
    blackhole: "2001:db8:b1ac::1",
  },
  IPv4: {
    local: NETWORK_2.hostIpv4,
    service: SERVICE_IPV4,
    unreachable: "198.18.0.1",
    unreachableCode: "EHOSTUNREACH",
    blackhole: "198.19.0.1",
  },
};

async function succeeded(host: Host, name: string, args: string[], unprivileged = false) {
  const options = { unprivileged, timeoutMs: 60_000 };
  const { status, stdout, stderr } = await host.runScript(script(name), args, options);
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

for (const [topology, routing, family] of grounds) {
  const { local, service, unreachable, unreachableCode, blackhole } = families[family];
  test(`${topology}, ${family}: every bridge leaves by its PvD`, lab, async () => {
    const { ca, cert, key } = makeCertificates([`DNS:${SERVER_NAME}`]);
    await using world = new World();
    const { host, r1, r2 } = await { twoLinks, twoRouters }[topology](world);
    await arrange(host, topology, routing);
    r2.host.batch([`route add unreachable ${unreachable}`, `route add blackhole ${blackhole}`]);
    const server = r2.host.spawnScript(script("bridges_server.ts"), [
      JSON.stringify({ cert, key }),
    ]);
    await server.waitForOutput(/serving/);
    const capture = await r1.host.capture("lan0");
    const request: BridgesRequest = {
      interface: LINKS[topology][1],
      address: local,
      hostname: service,
      unreachable,
      blackhole,
      ca,
    };
    const report: BridgesReport = await succeeded(
      host,
      "bridges_client.ts",
      [JSON.stringify(request)],
      true,
    );
    const [before, after] = report.descriptors;
    assert.ok(before > 0 && after <= before, `${before} descriptors, then ${after}`);
    const source = family === "IPv4" ? `::ffff:${local}` : local;
    assert.deepEqual({ ...report, descriptors: [] }, {
      sources: { connect: source, http: source, https: source, http2: source },
      keptAlive: { http: 1, https: 1 },
      whole: { http: true, https: true },
      errors: {
        refused: "ECONNREFUSED",
        unreachable: unreachableCode,
        timeout: "ETIMEDOUT",
        aborted: "TimeoutError",
        untrusted: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
        misnamed: "ERR_TLS_CERT_ALTNAME_INVALID",
        trusted: "connected",
        loopback: "ENETUNREACH",
      },
      descriptors: [],
    });
    const strays = (await capture.stop()).filter(({ protocol, dstMac }) =>
      protocol === 6 && dstMac === NETWORK_1.routerMac
    );
    assert.deepEqual(strays, []);
  });
}

/** Every listening TCP socket of a host, as ss(8) writes it. */
async function listeningOn(host: Host): Promise<string[]> {
  const { stdout } = await host.run(["ss", "-Hltn"]);
  return stdout.trim().split("\n").filter((line) => line !== "")
    .map((line) => line.split(/\s+/)[3]!).sort();
}

function ssNames(address: string, interfaceName: string): string[] {
  const shown = address.includes(":") ? `[${address}]` : address;
  return Object.values(SERVE_PORTS).map((port) => `${shown}%${interfaceName}:${port}`);
}

function urlsOf(address: string): string[] {
  const host = address.includes(":") ? `[${address}]` : address;
  return [
    `tcp://${host}:${SERVE_PORTS.listen}`,
    `http://${host}:${SERVE_PORTS.http}/a`,
    `https://${host}:${SERVE_PORTS.https}/b`,
  ];
}

test(
  "what listens on a PvD answers there, and nothing answers or listens elsewhere",
  lab,
  async () => {
    const { ca, cert, key } = makeCertificates([`DNS:${SERVER_NAME}`]);
    await using world = new World();
    const { host, r1, r2 } = await twoLinks(world);
    // The first router knows a way to the second network's address of the host.
    const linkLocal = host.addresses("h0").find(({ scope, family }) =>
      scope === "link" && family === "inet6"
    )!;
    r1.host.batch([
      `route add ${NETWORK_2.hostAddress} via ${linkLocal.local} dev lan0`,
      `route add ${NETWORK_2.hostIpv4} via ${NETWORK_1.hostIpv4}`,
    ]);
    assert.deepEqual(await listeningOn(host), []);
    const routers = { IPv6: NETWORK_2.routerAddress, IPv4: NETWORK_2.routerIpv4 };
    for (const [family, { local }] of Object.entries(families)) {
      const server = host.spawnScript(
        script("bridges_serve.ts"),
        ["h1", local, JSON.stringify({ cert, key })],
        { unprivileged: true },
      );
      const addresses = JSON.parse((await server.waitForOutput(/\[.*\]\n/))[0]);
      const { http, https, listen } = SERVE_PORTS;
      assert.deepEqual(addresses, [http, https, listen].map((port) => `${local} ${port}`));
      assert.deepEqual(await listeningOn(host), ssNames(local, "h1").sort());
      const [id, ...answers] = await succeeded(r2.host, "bridges_visitor.ts", [
        ca,
        ...urlsOf(local),
      ]);
      assert.equal(id, family === "IPv6" ? `${NETWORK_2.routerLinkLocal}%h1` : "h1");
      const remoteAddress = routers[family as "IPv4" | "IPv6"];
      assert.deepEqual(
        answers.map((answer: string) => JSON.parse(answer)),
        urlsOf(local).slice(1).map((url) => ({ url, remoteAddress, localAddress: local })),
      );
      assert.deepEqual(
        await succeeded(r1.host, "bridges_visitor.ts", [ca, ...urlsOf(local)]),
        ["ECONNREFUSED", "ECONNREFUSED", "ECONNREFUSED"],
      );
      await server.stop();
    }
  },
);

test(
  "a PvD of both families is listened on in both, or on the address that is named",
  lab,
  async () => {
    const { cert, key } = makeCertificates([`DNS:${SERVER_NAME}`]);
    await using world = new World();
    const { host } = plainLinks(world, 1);
    const [ipv6, ipv4, second] = ["2001:db8:9::2", "192.0.2.2", "192.0.2.3"];
    host.batch([
      `addr add ${ipv6}/64 dev h0 nodad`,
      `addr add ${ipv4}/24 dev h0`,
      `addr add ${second}/24 dev h0`,
    ]);
    const listening = async (...hostname: string[]) => {
      const server = host.spawnScript(
        script("bridges_serve.ts"),
        ["h0", ipv4, JSON.stringify({ cert, key }), ...hostname],
      );
      await server.waitForOutput(/\[.*\]\n/);
      const names = await listeningOn(host);
      await server.stop();
      return names;
    };
    assert.deepEqual(await listening(), [...ssNames(ipv4, "h0"), ...ssNames(ipv6, "h0")].sort());
    assert.deepEqual(await listening(ipv6), ssNames(ipv6, "h0").sort());
    assert.deepEqual(await listening(second), ssNames(second, "h0").sort());
    await assert.rejects(listening("127.0.0.1"), /PvD h0 does not have 127.0.0.1/);
  },
);
