// Additional information and captive portals in the lab: real https servers with an authority of our own, name servers that
// say something else in each network, and captures of which way every packet took.

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeCertificates } from "../connection/certificates.ts";
import {
  type Capture,
  type Frame,
  type Host,
  type LabRouter,
  labSkip,
  type Network,
  NETWORK_1,
  NETWORK_2,
  oneLink,
  pvdOption,
  type PvdOptionInit,
  type RouterAdvertisementInit,
  SERVICE_IPV6,
  twoLinks,
  twoRouters,
  waitFor,
  World,
} from "../lab/mod.ts";
import { CALLERS, mif } from "./mif.ts";
import {
  BADLY_CERTIFIED,
  CERTIFICATE_ADDRESSES,
  DEAD_ADDRESS,
  type ListReport,
  OTHER,
  type PvdClientRequest,
  type PvdServerRequest,
  type Seen,
  ZONE,
} from "./pvd_site.ts";
import { together } from "./together.ts";

const lab = { skip: labSkip(), timeout: 240_000 };
const script = (name: string) => new URL(name, import.meta.url);

/** What a router says whose DNS server is behind it, and whose PvD is explicit. */
function advertisement(
  { prefix, domain }: Network,
  option: PvdOptionInit | null,
  init: RouterAdvertisementInit = {},
): RouterAdvertisementInit {
  return {
    prefixes: [{ prefix }],
    rdnss: [{ servers: [SERVICE_IPV6] }],
    dnssl: [{ domains: [domain] }],
    options: option === null ? [] : [pvdOption({ http: true, ...option })],
    ...init,
  };
}

const idOf = (label: string) => `${label}.${ZONE}`;

/** The certificates of all servers, and who is trusted. */
function makeSite() {
  const labels = [
    ...["good", "one", "two", "zones", "late", "undated", "impostor", "foreign", "halved", "bare"],
    ...["twice", "comma", "array", "html", "json", "forbidden", "broken", "large", "slow", "moved"],
    ...["loop", "ping", "pong", "clear", "loopback", "portal", "elsewhere"],
    ...BADLY_CERTIFIED,
  ];
  const names = labels.map((label) => `DNS:${idOf(label)}`);
  const certificates = {
    good: makeCertificates(names),
    expired: makeCertificates(names, "expired"),
    misnamed: makeCertificates(["DNS:elsewhere.example"]),
    wildcard: makeCertificates([`DNS:*.${ZONE}`]),
    untrusted: makeCertificates(names),
    selfsigned: makeCertificates(names, "self-signed"),
  };
  const { untrusted: _, selfsigned: __, ...trusted } = certificates;
  return { certificates, ca: Object.values(trusted).map(({ ca }) => ca).join("") };
}

let made: ReturnType<typeof makeSite> | undefined;
const theSite = () => made ??= makeSite();

/** A name server and the web servers at a router. */
async function serve(
  { host: router, network }: LabRouter,
  { certificates }: ReturnType<typeof makeSite>,
): Promise<void> {
  router.batch(
    Object.values(CERTIFICATE_ADDRESSES).slice(1).map((address) =>
      `addr add ${address}/128 dev lo nodad`
    ),
  );
  await router.dnsmasq({
    domains: ["example"],
    listen: [SERVICE_IPV6],
    records: {
      [OTHER]: [SERVICE_IPV6],
      [idOf("dead")]: [DEAD_ADDRESS],
      "www.corp.example": [SERVICE_IPV6],
      ...Object.fromEntries(
        BADLY_CERTIFIED.map((flaw) => [idOf(flaw), [CERTIFICATE_ADDRESSES[flaw]]]),
      ),
    },
    config: [`address=/${ZONE}/${SERVICE_IPV6}`],
  });
  const request: PvdServerRequest = { name: router.name, prefix: network.prefix, certificates };
  const server = router.spawnScript(script("pvd_server.ts"), [
    JSON.stringify(request, (key, value) => key === "ca" ? undefined : value),
  ]);
  await server.waitForOutput(/serving/);
}

/** One network, one router, with its servers. */
async function oneSite(world: World, said: RouterAdvertisementInit) {
  const site = theSite();
  const { host, r1 } = await oneLink(world, { ipv4: false, advertise1: said });
  await serve(r1, site);
  return { host, r1, ca: site.ca };
}

/** Two networks with their servers, each with an explicit PvD where one is given. */
async function twoSites(
  world: World,
  options: readonly [PvdOptionInit | null, PvdOptionInit | null],
  topology: typeof twoLinks = twoLinks,
) {
  const site = theSite();
  const { host, r1, r2 } = await topology(world, {
    ipv4: false,
    advertise1: advertisement(NETWORK_1, options[0]),
    advertise2: advertisement(NETWORK_2, options[1]),
  });
  await Promise.all([serve(r1, site), serve(r2, site)]);
  return { host, r1, r2, ca: site.ca };
}

/** Asking routers takes seconds in which nothing happens: so many cases are tried one after the other in a world. */
const CASES_PER_WORLD = 3;

/** Tries cases in worlds of their own, side by side. */
async function inWorlds<T>(
  cases: readonly T[],
  attempt: (world: World, some: readonly T[]) => Promise<void>,
): Promise<void> {
  const starts = [...cases.keys()].filter((at) => at % CASES_PER_WORLD === 0);
  await Promise.all(starts.map(async (at) => {
    await using world = new World();
    await attempt(world, cases.slice(at, at + CASES_PER_WORLD));
  }));
}

async function asked<T>(host: Host, request: PvdClientRequest): Promise<T> {
  const { status, stdout, stderr } = await host.runScript(
    script("pvd_client.ts"),
    [JSON.stringify(request)],
    { timeoutMs: 120_000 },
  );
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

const isTraffic = ({ protocol }: Frame) => protocol === 6 || protocol === 17;

/** What came to a router from the host and is no neighbour discovery. */
async function arrived(capture: Capture, { network }: LabRouter): Promise<Frame[]> {
  const frames = await capture.stop();
  return frames.filter((frame) =>
    isTraffic(frame) && frame.direction === "in" && frame.dstMac === network.routerMac
  );
}

const seenBy = (report: ListReport, id: string) =>
  report.pvds.find((pvd) => pvd.id === id)?.additionalInfo?.["vendor-lab"] as unknown as
    | Seen
    | undefined;

test(
  "two PvDs on one link are each asked for by their own servers, source and router",
  lab,
  async () => {
    await using world = new World();
    const { host, r1, r2, ca } = await twoSites(world, [{ id: idOf("one"), sequence: 7 }, {
      id: idOf("two"),
      sequence: 8,
    }], twoRouters);
    await asked(host, { task: "install", ca });
    const routers = [r1, r2];
    const captures = await Promise.all(routers.map(({ host }) => host.capture("lan0")));
    const report = await asked<ListReport>(host, { task: "list", ca });
    assert.deepEqual(report.failures, {});
    for (const [at, { network, host: router }] of routers.entries()) {
      const id = idOf(["one", "two"][at]!);
      const pvd = report.pvds.find((pvd) => pvd.id === id)!;
      assert.deepEqual([pvd.router, pvd.sequence], [network.routerLinkLocal, 7 + at]);
      const { expires, "vendor-lab": _, ...info } = pvd.additionalInfo!;
      assert.deepEqual(info, { identifier: id, prefixes: [network.prefix] });
      assert.ok(Date.parse(expires) > Date.now());
      const seen = seenBy(report, id)!;
      assert.deepEqual([seen.server, seen.source], [router.name, network.hostAddress]);
      // Nothing says who asks.
      assert.deepEqual(seen.headers, [
        `host: ${id}`,
        "accept: application/pvd+json",
        "accept-encoding: identity",
        "connection: close",
      ]);
      const frames = await arrived(captures[at]!, routers[at]!);
      assert.ok(frames.some(({ dport }) => dport === 53), "asked for the name");
      assert.ok(frames.some(({ dport }) => dport === 443), "asked for the object");
      assert.deepEqual(frames.filter(({ src }) => src !== network.hostAddress), []);
    }
  },
);

test("a temporary address is the source where there is one (4.1, 7)", lab, async () => {
  await using world = new World();
  const site = theSite();
  const [host] = world.hosts("host");
  host.sysctl({ "ipv6/conf/default/use_tempaddr": 2 });
  const [router] = world.routers("r1");
  world.links([[
    { host, interface: "h0" },
    { host: router, interface: "lan0", mac: NETWORK_1.routerMac },
  ]]);
  router.batch([
    `addr add ${NETWORK_1.routerAddress}/64 dev lan0`,
    `addr add ${SERVICE_IPV6}/128 dev lo`,
  ]);
  await router.advertise("lan0", advertisement(NETWORK_1, { id: idOf("good") }));
  await serve({ host: router, interface: "lan0", network: NETWORK_1 }, site);
  await host.waitForGateways([NETWORK_1.routerLinkLocal]);
  const report = await asked<ListReport>(host, { task: "list", ca: site.ca });
  const seen = seenBy(report, idOf("good"));
  const source = host.addresses("h0").find(({ local }) => local === seen?.source);
  assert.equal(source?.temporary, true, JSON.stringify([report, host.addresses("h0")]));
});

test("no request before duplicate address detection has ended (4.1)", lab, async () => {
  await using world = new World();
  const { host, ca } = await oneSite(world, advertisement(NETWORK_1, { id: idOf("good") }));
  host.sysctl({ "ipv6/conf/h0/accept_dad": 1, "ipv6/conf/h0/dad_transmits": 1 });
  const said = await asked<{ before: boolean; after: boolean }>(host, {
    task: "settle",
    ca,
  });
  assert.deepEqual(said, { before: true, after: false });
});

/** By the first label of the ID: what keeps its object from being used, and whether its server was asked more than once. */
const FAILURES: [label: string, failure: RegExp][] = [
  ["expired", /^CERT_HAS_EXPIRED TLS with expired\.pvd\.example\.? failed/],
  ["misnamed", /^ERR_TLS_CERT_ALTNAME_INVALID /],
  [
    "wildcard",
    /^ERR_TLS_CERT_ALTNAME_INVALID .*not for wildcard\.pvd\.example itself but for DNS:\*\.pvd/,
  ],
  ["untrusted", /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY) /],
  ["selfsigned", /^DEPTH_ZERO_SELF_SIGNED_CERT /],
  ["forbidden", /^ENODATA .*the status is 403/],
  ["broken", /^ENODATA .*the status is 500/],
  ["html", /^EBADMSG .*it is text\/html, not application\/pvd\+json/],
  ["json", /^EBADMSG .*it is application\/json, not/],
  ["comma", /^EBADMSG .*Not I-JSON: unexpected "}"/],
  ["twice", /^EBADMSG .*Not I-JSON: "identifier" a second time/],
  ["array", /^EBADMSG .*it is no object/],
  ["bare", /^EBADMSG .*"prefixes" is not there/],
  ["impostor", /^EBADMSG .*"identifier" is "good\.pvd\.example"/],
  ["late", /^EBADMSG .*it expired at "2020-05-23T06:00:00Z"/],
  ["undated", /^EBADMSG .*"expires" is "soon"/],
  ["large", /^EMSGSIZE .*longer than 65536 bytes/],
  ["loop", /^ELOOP .*more than 10 redirects/],
  ["ping", /^ELOOP .*more than 10 redirects/],
  ["clear", /^EPROTO .*redirects to http:/],
];
/** Of which the server may be asked again: the network failed, or the network and its object do not fit. */
const PASSING: [label: string, failure: RegExp][] = [
  ["foreign", /^EBADMSG .*announces 2001:db8:1::\/64, which none of its prefixes covers/],
  ["halved", /^EBADMSG .*announces 2001:db8:1::\/64, which none of its prefixes covers/],
  ["slow", /^ETIMEDOUT .*has not answered within 1500 ms/],
  ["dead", /^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH) /],
  ["loopback", /^ENETUNREACH .*that is this host itself/],
];

/** The host's ports of the connections to web servers that frames belong to; a slow name server may be asked by TCP. */
const portsOf = (frames: Frame[]) =>
  new Set(
    frames.filter(({ protocol, dport }) => protocol === 6 && dport === 443).map(({ sport }) =>
      sport
    ),
  );
const connections = (frames: Frame[]) => portsOf(frames).size;

test(
  "what is not to be used is not shown, and what failed is not asked again (4.1)",
  lab,
  async () => {
    // One at each router.
    const pairs = FAILURES.flatMap((one, at) => at % 2 === 0 ? [[one, FAILURES[at + 1]!]] : []);
    await inWorlds(pairs, async (world, some) => {
      const { host, r1, r2, ca } = await twoSites(world, [null, null]);
      const routers = [r1, r2];
      // The end of a connection of the pair before may be heard again.
      const before = routers.map(() => new Set<number | null>());
      for (const pair of some) {
        await Promise.all(
          pair.map(([label], i) =>
            routers[i]!.advertiser!.update(advertisement(routers[i]!.network, { id: idOf(label) }))
          ),
        );
        const captures = await Promise.all(routers.map(({ host }) => host.capture("lan0")));
        const request: PvdClientRequest = { task: "again", ca };
        const [report, second] = await asked<[ListReport, Record<string, string>]>(host, request);
        for (const [i, [label, failure]] of pair.entries()) {
          const id = idOf(label);
          assert.ok(
            report.pvds.some((pvd) => pvd.id === id && pvd.additionalInfo === undefined),
            id,
          );
          assert.match(report.failures[id]!, failure);
          assert.match(
            second[id]!,
            /is not asked again while this host stays attached \(RFC 8801 4\.1\)/,
          );
          assert.equal(second[id]!.split(" ")[0], report.failures[id]!.split(" ")[0]);
          const frames = await arrived(captures[i]!, routers[i]!);
          const ports = [...portsOf(frames)].filter((port) => !before[i]!.has(port));
          const redirects = ["loop", "ping"].includes(label) ? 10 : 0;
          assert.equal(ports.length, 1 + redirects, label);
          for (const port of ports) before[i]!.add(port);
          assert.deepEqual(frames.filter(({ src }) => src !== routers[i]!.network.hostAddress), []);
        }
      }
    });
  },
);

test("a redirect is followed to another host, all of it within the PvD (4.1)", lab, async () => {
  await using world = new World();
  const { host, r1, r2, ca } = await twoSites(world, [null, { id: idOf("moved") }]);
  const [elsewhere, here] = await Promise.all([r1, r2].map(({ host }) => host.capture("lan0")));
  const report = await asked<ListReport>(host, { task: "list", ca });
  assert.deepEqual(report.failures, {});
  const seen = seenBy(report, idOf("moved"))!;
  assert.deepEqual([seen.server, seen.source], ["r2", NETWORK_2.hostAddress]);
  assert.equal(seen.headers[0], `host: ${OTHER}`);
  const frames = await arrived(here!, r2);
  assert.equal(connections(frames), 2);
  assert.deepEqual(frames.filter(({ src }) => src !== NETWORK_2.hostAddress), []);
  assert.deepEqual(await arrived(elsewhere!, r1), []);
});

test("nothing is asked of a PvD whose router has not set the H flag (4.1)", lab, async () => {
  await using world = new World();
  const { host, r1, ca } = await oneSite(
    world,
    advertisement(NETWORK_1, { id: idOf("good"), http: false }),
  );
  const capture = await r1.host.capture("lan0");
  const [report, second] = await asked<[ListReport, Record<string, string>]>(host, {
    task: "again",
    ca,
  });
  assert.deepEqual([report.pvds.length, report.failures], [1, {}]);
  assert.match(second[idOf("good")]!, /^ENODATA .*its router offers none/);
  assert.deepEqual(await arrived(capture, r1), []);
});

/** A line of the client's "keep". */
interface Shown {
  ms: number;
  asked: number;
  shown: string;
}

/** Rules that take ten seconds, in which little else happens. */
const SLOW: Record<string, () => Promise<void>> = {
  "what the network failed at, and what does not fit it, may be asked again": async () => {
    const good = advertisement(NETWORK_1, { id: idOf("good") });
    const failing = inWorlds(PASSING, async (world, some) => {
      const { host, r1, ca } = await oneSite(world, good);
      const timeoutMs = 1500;
      for (const [label, failure] of some) {
        const id = idOf(label);
        await r1.advertiser!.update(advertisement(NETWORK_1, { id }));
        const report = await asked<ListReport>(host, { task: "list", ca, timeoutMs });
        assert.deepEqual(report.pvds.map((pvd) => [pvd.id, pvd.additionalInfo]), [[id, undefined]]);
        assert.match(report.failures[id]!, failure);
        assert.ok(report.durationMs < 10_000, `${label}: ${report.durationMs} ms`);
      }
    });
    const again = inWorlds([idOf("foreign")], async (world, [id]) => {
      const { host, r1, ca } = await oneSite(world, advertisement(NETWORK_1, { id: id! }));
      const capture = await r1.host.capture("lan0");
      const startMs = performance.now();
      await asked(host, { task: "again", ca });
      assert.ok(performance.now() - startMs >= 10_000);
      assert.equal(connections(await arrived(capture, r1)), 2);
    });
    await Promise.all([failing, again]);
  },

  "a server that failed may be asked again after the carrier was gone": async () => {
    await using world = new World();
    const said = advertisement(NETWORK_1, { id: idOf("forbidden") });
    const { host, r1, ca } = await oneSite(world, said);
    const capture = await r1.host.capture("lan0");
    const failures = await asked<string[]>(host, { task: "reattach", ca });
    assert.match(failures[0]!, /^ENODATA .*the status is 403/);
    assert.match(failures[1]!, /^ENODATA .*is not asked again while this host stays attached/);
    assert.match(failures[2]!, /^ENODATA Cannot use .*the status is 403/);
    assert.equal(connections(await arrived(capture, r1)), 2);
  },

  "a keeper follows the sequence number": async () => {
    await using world = new World();
    const saying = (sequence: number) =>
      advertisement(NETWORK_1, { id: idOf("good"), sequence, delay: 0 });
    const { host, r1, ca } = await oneSite(world, saying(1));
    const request: PvdClientRequest = { task: "keep", ca };
    const lines: Shown[] = [];
    const keeping = host.spawnScript(script("pvd_client.ts"), [JSON.stringify(request)], {
      onLine: (line) => lines.push(JSON.parse(line)),
    });
    const until = async (what: string, pattern: RegExp) => {
      await waitFor(what, () => lines.some(({ shown }) => pattern.test(shown)), 60_000);
      return lines.find(({ shown }) => pattern.test(shown))!;
    };
    const first = await until("the first object", /good\.pvd\.example 1 .*"version":1/);
    assert.equal(first.asked, 1);
    await r1.advertiser!.update(saying(2));
    await until("the end of the first object", /good\.pvd\.example 2 none/);
    const second = await until("the second object", /good\.pvd\.example 2 .*"version":2/);
    assert.equal(second.asked, 2);
    assert.ok(second.ms - first.ms > 8000, JSON.stringify(lines));
    // The same number again says nothing new, and without the flag there is nothing.
    await r1.advertiser!.update(saying(2));
    await r1.advertiser!.update(
      advertisement(NETWORK_1, { id: idOf("good"), sequence: 2, http: false }),
    );
    const last = await until("the end of it all", /good\.pvd\.example 2 none$/);
    assert.ok(last);
    await waitFor("the last line", () => lines.at(-1)!.shown.endsWith(" 2 none"), 60_000);
    assert.equal(lines.at(-1)!.asked, 2);
    keeping.closeInput();
    assert.equal((await keeping.exited).status, 0, keeping.stderr);
  },
};

test(
  `${Object.keys(SLOW).join("; ")}: after ten seconds (4.1)`,
  lab,
  () => together(SLOW),
);

test(
  "a name is tried first in the PvD whose owner says to serve its zone, and used there alone",
  lab,
  async () => {
    await using world = new World();
    const { host, ca } = await twoSites(world, [{ id: idOf("one") }, {
      id: idOf("zones"),
    }]);
    const way = (id: string, { hostAddress }: Network) => `${idOf(id)} ${hostAddress} ${idOf(id)}`;
    assert.deepEqual(await asked(host, { task: "any", ca }), [
      way("one", NETWORK_1),
      way("zones", NETWORK_2),
    ]);
  },
);

test("validate() asks the captive portal API by way of the PvD", lab, async () => {
  const server = idOf("portal");
  const cases: [uri: string | undefined, validation: Record<string, unknown>][] = [
    [undefined, { state: "unknown" }],
    ["urn:ietf:params:capport:unrestricted", { state: "online" }],
    [`https://${server}/portal/captive`, {
      state: "captive",
      userPortalUrl: "https://portal.example/in",
      server,
    }],
    [`https://${server}/portal/online`, {
      state: "online",
      venueInfoUrl: "http://venue.example/",
      server,
    }],
    [`https://${server}/portal/session`, {
      state: "limited",
      userPortalUrl: "https://portal.example/more",
      canExtendSession: true,
      secondsRemaining: 326,
      bytesRemaining: 65536,
      server,
    }],
    [`https://${server}/portal/silly`, { state: "unknown", error: "EBADMSG" }],
    [`https://${server}/portal/missing`, { state: "unknown", error: "ENODATA" }],
    [`https://expired.${ZONE}/portal/online`, { state: "unknown", error: "CERT_HAS_EXPIRED" }],
    [`http://${server}/portal/online`, { state: "unknown", error: "EPROTO" }],
    [`https://nowhere.example/`, { state: "unknown", error: "EAI_NONAME" }],
  ];
  await inWorlds(cases, async (world, some) => {
    const ids = [{ id: idOf("one") }, { id: idOf("zones") }] as const;
    const { host, r1, r2, ca } = await twoSites(world, ids);
    for (const [captivePortal, validation] of some) {
      await r1.advertiser!.update(advertisement(NETWORK_1, { id: idOf("one") }, { captivePortal }));
      const capture = await r2.host.capture("lan0");
      const request: PvdClientRequest = { task: "validate", ca, timeoutMs: 5000 };
      const said = await asked<Record<string, unknown>>(host, request);
      // The other network has no portal, and says by its additional information that it has no Internet.
      assert.deepEqual([said[idOf("one")], said[idOf("zones")]], [validation, {
        state: "limited",
      }]);
      const foreign = (await arrived(capture, r2))
        .filter(({ src }) => src !== NETWORK_2.hostAddress);
      assert.deepEqual(foreign, []);
    }
  });
});

test("mif list --additional-info shows it, and mif validate the portal", lab, async () => {
  await using world = new World();
  const { host, r1, ca: pem } = await twoSites(world, [null, { id: idOf("forbidden") }]);
  await r1.advertiser!.update(advertisement(NETWORK_1, { id: idOf("zones") }, {
    captivePortal: `https://${idOf("portal")}/portal/session`,
  }));
  host.writeFile("/run/ca.pem", pem);
  const ca = ["--ca", "/run/ca.pem"];
  // Whole advertisements are for CAP_NET_RAW.
  for (const caller of CALLERS.filter(({ unprivileged }) => !unprivileged)) {
    const run = (...words: string[]) => mif(host, caller, ...words);
    const listed = await run("list", "--solicit", "--additional-info", ...ca);
    assert.match(
      listed.stdout,
      /owner {6}until 20\d\d-.*, no Internet\n +prefix 2001:db8:1::\/64\n +zone corp/,
    );
    assert.match(
      listed.stderr,
      /^mif list: Cannot use https:\/\/forbidden\..*: the status is 403\n$/,
    );
    assert.equal(listed.status, 0);
    const validate = (...words: string[]) => run("validate", "--solicit", ...ca, ...words);
    const [{ stdout }, shown, portal, unknown, untrusted] = await Promise.all([
      run("list", "--solicit", "--additional-info", "--json", ...ca),
      validate("--pvd", idOf("zones")),
      validate("--pvd", idOf("zones"), "--json"),
      validate("--pvd", idOf("forbidden")),
      run("validate", "--solicit", "--pvd", idOf("zones")),
    ]);
    const infos = JSON.parse(stdout).flatMap(({ additionalInfo }: { additionalInfo?: unknown }) =>
      additionalInfo ?? []
    );
    assert.deepEqual(infos.map(({ dnsZones }: { dnsZones: string[] }) => dnsZones), [[
      "corp.example",
    ]]);
    assert.deepEqual([shown.status, shown.stdout], [
      0,
      `limited    says ${idOf("portal")}\nportal     https://portal.example/more\n` +
      "remaining  326 s, 65536 bytes, can be extended\n",
    ]);
    const json = JSON.parse(portal.stdout);
    assert.deepEqual([json.pvd, json.state, json.bytesRemaining], [
      idOf("zones"),
      "limited",
      65536,
    ]);
    assert.deepEqual([unknown.status, unknown.stdout], [0, "unknown\n"]);
    assert.deepEqual([untrusted.status, untrusted.stdout], [1, ""]);
    assert.match(untrusted.stderr, /^mif validate: TLS with portal\.pvd\.example/);
    assert.equal((await run("validate")).status, 2);
    assert.equal((await run("list", ...ca)).status, 2);
  }
});
