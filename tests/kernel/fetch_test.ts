// fetch() through a PvD between real name servers and real web servers: the same names in two networks, with other addresses
// and other contents.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Frame,
  type Host,
  type LabRouter,
  labSkip,
  type Network,
  NETWORK_1,
  NETWORK_2,
  twoLinks,
  World,
} from "../lab/mod.ts";
import { makeCertificates } from "../connection/certificates.ts";
import { pythonServerArgv, pythonSkip } from "../websocket/python_server.ts";
import {
  type FetchReport,
  type FetchRequest,
  HALF_DEAD,
  ONLY_2,
  OTHER,
  type ServerCertificates,
  WEB_SOCKET_PORT,
  WWW,
} from "./fetch_site.ts";
import { CALLERS, mif } from "./mif.ts";

const lab = { skip: labSkip(), timeout: 180_000 };
const script = (name: string) => new URL(name, import.meta.url);

/** The two families of a network are two PvDs. */
const sourcesOf = ({ hostAddress, hostIpv4 }: Network) => [hostAddress, hostIpv4];

interface Servers {
  host: Host;
  r1: LabRouter;
  r2: LabRouter;
  ca: string;
}

/** Two links; each router has a name server and the web servers, of which both hold the same certificates. */
async function serving(world: World): Promise<Servers> {
  const { host, r1, r2 } = await twoLinks(world);
  const names = [`DNS:${WWW}`, `DNS:${OTHER}`];
  const { ca, ...good } = makeCertificates(names);
  const expired = makeCertificates(names, "expired");
  const misnamed = makeCertificates(["DNS:elsewhere.example"]);
  const certificates: ServerCertificates = {
    https: good,
    expired,
    selfSigned: makeCertificates(names, "self-signed"),
    misnamed,
    untrusted: makeCertificates(names),
  };
  await Promise.all([r1, r2].map(async ({ host: router, network }, at) => {
    const { routerAddress, routerIpv4, prefix } = network;
    await router.dnsmasq({
      domains: ["example"],
      records: {
        [WWW]: [routerAddress, routerIpv4],
        [OTHER]: [routerAddress, routerIpv4],
        ...(at === 1 ? { [ONLY_2]: [routerAddress, routerIpv4] } : {}),
      },
      // Nobody is at the second and third; who is first changes from answer to answer.
      config: [routerAddress, prefix.replace("/64", "dead"), prefix.replace("/64", "beef")]
        .concat(routerIpv4, routerIpv4.replace(/1$/, "200"), routerIpv4.replace(/1$/, "201"))
        .map((address) => `address=/${HALF_DEAD}/${address}`),
    });
    const server = router.spawnScript(script("fetch_server.ts"), [
      `r${at + 1}`,
      // Without its authority, which a server would send too.
      JSON.stringify(certificates, (name, value) => name === "ca" ? undefined : value),
    ]);
    await server.waitForOutput(/serving/);
  }));
  const servers = [NETWORK_1, NETWORK_2].flatMap((n) => [n.routerAddress, n.routerIpv4]);
  host.writeFile("/etc/resolv.conf", servers.map((server) => `nameserver ${server}\n`).join(""));
  return { host, r1, r2, ca: ca + expired.ca + misnamed.ca };
}

async function fetched<T>(host: Host, request: FetchRequest, unprivileged = true): Promise<T> {
  const { status, stdout, stderr } = await host.runScript(script("fetch_client.ts"), [
    JSON.stringify(request),
  ], { unprivileged, timeoutMs: 120_000 });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

/** What is no neighbour discovery. */
const isTraffic = ({ protocol }: Frame) => protocol === 6 || protocol === 17;

for (const [at, family] of ["IPv6", "IPv4"].entries()) {
  test(`fetch() asks and connects through its PvD alone, over ${family}`, lab, async () => {
    await using world = new World();
    const { host, r1, r2, ca } = await serving(world);
    const [elsewhere, here] = await Promise.all([r1, r2].map(({ host }) => host.capture("lan0")));
    const source = sourcesOf(NETWORK_2)[at]!;
    const report = await fetched<FetchReport>(host, {
      pvds: [{ interface: "h1", address: source }],
      ca,
      task: "everything",
    });
    const answer = (url: string) => ({ server: "r2", source, url });
    const failed = (code: string) => `TypeError MifError ${code}`;
    assert.deepEqual(report, {
      answers: {
        http: answer(`http://${WWW}/`),
        https: answer(`https://${WWW}/`),
        redirected: answer(`https://${OTHER}/there`),
        halfDead: answer(`http://${HALF_DEAD}/`),
      },
      connections: { http: 1, https: 1 },
      errors: {
        expired: failed("CERT_HAS_EXPIRED"),
        selfSigned: failed("DEPTH_ZERO_SELF_SIGNED_CERT"),
        misnamed: failed("ERR_TLS_CERT_ALTNAME_INVALID"),
        untrusted: failed("UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
        noTls: failed("ERR_SSL_WRONG_VERSION_NUMBER"),
        noName: failed("EAI_NONAME"),
        refused: failed("ECONNREFUSED"),
      },
    });
    assert.deepEqual((await elsewhere!.stop()).filter(isTraffic), []);
    const sent = (await here!.stop()).filter(({ direction }) => direction === "in");
    assert.ok(sent.some(({ dport }) => dport === 53));
    assert.deepEqual(sent.filter((frame) => isTraffic(frame) && frame.src !== source), []);
  });
}

test("a WebSocket asks and connects through its PvD alone", {
  ...lab,
  skip: lab.skip || pythonSkip(),
}, async () => {
  await using world = new World();
  const { host, r1, r2 } = await serving(world);
  for (const { host: router } of [r1, r2]) {
    await router.spawn(pythonServerArgv("", WEB_SOCKET_PORT)).waitForOutput(/8080/);
  }
  const elsewhere = await r1.host.capture("lan0");
  for (const address of sourcesOf(NETWORK_2)) {
    const pvds = [{ interface: "h1", address }];
    const seen = await fetched<string[]>(host, { pvds, ca: "", task: "web socket" });
    assert.deepEqual(seen, [address, "MifError ECONNREFUSED"]);
  }
  assert.deepEqual((await elsewhere.stop()).filter(isTraffic), []);
});

test("four PvDs at once do not mix, as root and without privileges", lab, async () => {
  await using world = new World();
  const { host, r1, r2, ca } = await serving(world);
  for (const unprivileged of [true, false]) {
    const captures = await Promise.all([r1, r2].map(({ host }) => host.capture("lan0")));
    const networks = [NETWORK_1, NETWORK_2];
    const pvds = networks.flatMap((network, at) =>
      sourcesOf(network).map((address) => ({ interface: `h${at}`, address }))
    );
    const seen = await fetched<string[][]>(host, { pvds, ca, task: "at once" }, unprivileged);
    assert.deepEqual(
      seen,
      networks.flatMap((network, at) =>
        sourcesOf(network).map((source) => [`r${at + 1} ${source}`])
      ),
    );
    for (const [at, capture] of captures.entries()) {
      const frames = (await capture.stop()).filter((frame) =>
        isTraffic(frame) && frame.direction === "in"
      );
      assert.ok(frames.length > 0);
      const own = sourcesOf(networks[at]!);
      assert.deepEqual(frames.filter(({ src }) => !own.includes(src!)), []);
    }
  }
});

test(
  "connect() tries PvDs in the order it is given, each with its own names and addresses",
  lab,
  async () => {
    await using world = new World();
    const { host, r1, r2 } = await serving(world);
    const captures = await Promise.all([r1, r2].map(({ host }) => host.capture("lan0")));
    const networks = [NETWORK_1, NETWORK_2];
    const pvds = networks.flatMap((network, at) =>
      sourcesOf(network).map((address) => ({ interface: `h${at}`, address }))
    );
    const taken = await fetched<string[]>(host, { pvds, ca: "", task: "in order" });
    const { routerLinkLocal, hostAddress, routerAddress, hostIpv4, routerIpv4 } = NETWORK_2;
    assert.deepEqual(taken.slice(0, 3), [
      `${routerLinkLocal}%h1 ${hostAddress} ${routerAddress}`,
      `h1 ${hostIpv4} ${routerIpv4}`,
      `${NETWORK_1.routerLinkLocal}%h0 ${NETWORK_1.hostAddress} ${NETWORK_1.routerAddress}`,
    ]);
    assert.match(taken[3]!, /^EAI_NONAME .* on any of 2 PvDs: PvD fe80::.*%h0: .*; PvD h0: /);
    for (const [at, capture] of captures.entries()) {
      const own = sourcesOf(networks[at]!);
      const frames = (await capture.stop()).filter((f) => isTraffic(f) && f.direction === "in");
      assert.ok(frames.length > 0);
      assert.deepEqual(frames.filter(({ src }) => !own.includes(src!)), []);
    }
  },
);

test("100 MiB there and back, by http and https, in memory that does not grow", lab, async () => {
  await using world = new World();
  const { host, ca } = await serving(world);
  const size = 100 * (1 << 20);
  const [first, second] = await fetched<{ bytes: number[]; mostMiB: number }[]>(host, {
    pvds: [{ interface: "h1", address: NETWORK_2.hostAddress }],
    ca,
    task: "large",
  });
  assert.deepEqual(first!.bytes, [size, size, size, size]);
  assert.deepEqual(second!.bytes, first!.bytes);
  // Four bodies went by: whoever kept one would have grown by it.
  assert.ok(second!.mostMiB - first!.mostMiB < 90, `${first!.mostMiB}, ${second!.mostMiB} MiB`);
});

test("mif get writes what is there to each PvD, and says what failed", lab, async () => {
  await using world = new World();
  const { host, ca } = await serving(world);
  host.writeFile("/run/ca.pem", ca);
  for (const caller of CALLERS) {
    const get = (...words: string[]) => mif(host, caller, "get", ...words);
    for (const [at, network] of [NETWORK_1, NETWORK_2].entries()) {
      const pvd = `${network.routerLinkLocal}%h${at}`;
      const { status, stdout } = await get(`http://${WWW}/`, "--pvd", pvd);
      assert.equal(status, 0);
      assert.deepEqual(JSON.parse(stdout), { server: `r${at + 1}`, source: network.hostAddress });
    }
    const pvd = ["--pvd", `${NETWORK_2.routerLinkLocal}%h1`];
    const shown = await get("-i", `https://${WWW}/`, ...pvd, "--ca", "/run/ca.pem");
    assert.match(shown.stdout, /^HTTP\/1\.1 200 OK\n(.+: .+\n)+\n\{"server":"r2"/);
    const failures: [string[], number, RegExp][] = [
      [[`https://${WWW}/`, ...pvd], 1, /^mif get: TLS with www\.example failed: /],
      [[`http://${WWW}:4/`, ...pvd], 1, /^mif get: .*ECONNREFUSED/],
      [["http://nowhere.example/", ...pvd], 1, /^mif get: .*nowhere\.example/],
      [["http://nowhere.example/", "--pvd", "none0"], 1, /^mif get: .*there is no PvD "none0"/],
      [["ftp://www.example/"], 2, /^mif: "ftp:\/\/www\.example\/" is no http: or https: URL/],
      [["http://user:secret@www.example/"], 2, /^mif: a URL with credentials/],
      [[], 2, /^mif: URL is missing/],
      [[`http://${WWW}/`, "--ca", "/none"], 2, /^mif: --ca: /],
    ];
    for (const [words, expected, message] of failures) {
      const { status, stdout, stderr } = await get(...words);
      assert.deepEqual([status, stdout], [expected, ""]);
      assert.match(stderr, message);
    }
  }
});
