// Connections that the runtime owns, when their PvD goes away: each ends with an error that says so, and the kernel sends
// nothing more for them by another router, neither what was on its way nor the end of the connection.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type LabProcess, labSkip, NETWORK_2, twoLinks, twoRouters, World } from "../lab/mod.ts";
import { AF_INET, AF_INET6, SOCK_STREAM } from "../../lib/socket/options.ts";
import { type Certificates, makeCertificates } from "../connection/certificates.ts";
import { SERVE_PORTS, SERVER_NAME } from "./bridges.ts";
import type { LentReport, LentRequest } from "./lent_script.ts";
import {
  arrivals,
  assertNoLeak,
  families,
  LINKS,
  routeBySource,
  type Routing,
  type Site,
  site,
} from "./site.ts";
import { SocketProbe } from "./socket_probe.ts";

const lab = { skip: labSkip(), timeout: 90_000 };
const script = (name: string) => new URL(name, import.meta.url);

/** What goes beyond the link. */
const REMOTE: LentReport = {
  connection: "ENETUNREACH",
  secure: "ENETUNREACH",
  request: "ENETUNREACH",
};

/** And what is on it, but for those who only listen: the way may come back. */
const CONNECTIONS: LentReport = {
  ...REMOTE,
  accepted: "ENETUNREACH",
  served: "aborted",
  servedSecurely: "aborted",
};

const ALL: LentReport = {
  ...CONNECTIONS,
  listener: "ENETUNREACH",
  server: "ENETUNREACH",
  secureServer: "ENETUNREACH",
};

/** Starts the host's program for one family, and lets the second router connect to it. */
async function connected(
  { host, r2 }: Site,
  { source, to }: { source: string; to: { address: string } },
  { ca, cert, key }: Certificates,
  lost: LentReport,
): Promise<LabProcess> {
  const request: LentRequest = {
    address: source,
    hostname: to.address,
    ca,
    certificate: { cert, key },
    awaited: Object.keys(lost),
  };
  const program = host.spawnScript(script("lent_script.ts"), [JSON.stringify(request)], {
    unprivileged: true,
  });
  await program.waitForOutput(/listening\n/);
  const visitor = new SocketProbe(r2.host);
  const family = source.includes(":") ? AF_INET6 : AF_INET;
  const get = "GET / HTTP/1.1\r\nHost: service.example\r\n\r\n";
  for (const port of [SERVE_PORTS.http, SERVE_PORTS.listen]) {
    const opened = await visitor.open(family, SOCK_STREAM);
    await opened.do({ call: "connect", to: { address: source, port } });
    await opened.do({ call: "send", text: get });
  }
  const end = `${source.includes(":") ? `[${source}]` : source}:${SERVE_PORTS.https}`;
  r2.host.spawn(["openssl", "s_client", "-quiet", "-connect", end]).write(get);
  await program.waitForOutput(/talking\n/);
  return program;
}

/** What happens to the second network, and what it ends. */
interface Event {
  name: string;
  happen(it: Site): void;
  lost: LentReport;
  /**
   * Leaves the source without any hold at once: what the kernel and the runtime send until the program has heard of it goes
   * where it may. After that nothing does.
   */
  isAbrupt?: boolean;
}

/** Makes connections, lets it happen: nothing of the second network may come to the first router then, nor later. */
async function survives(
  topology: typeof twoLinks,
  routing: Routing,
  { happen, lost, isAbrupt = false }: Event,
): Promise<void> {
  await using world = new World();
  const it = await site(world, topology);
  routeBySource(it.host, topology === twoLinks ? LINKS.twoLinks : LINKS.twoRouters, routing);
  const certificates = makeCertificates([`DNS:${SERVER_NAME}`]);
  const { ca: _, ...certificate } = certificates;
  const servers = it.r2.host.spawnScript(script("bridges_server.ts"), [
    JSON.stringify(certificate),
  ]);
  await servers.waitForOutput(/serving/);
  const programs: LabProcess[] = [];
  // Two routers' IPv4 on one link is one PvD, whose address is the first's.
  const ways = families(NETWORK_2).slice(0, topology === twoLinks ? 2 : 1);
  for (const way of ways) programs.push(await connected(it, way, certificates, lost));
  // From now on nobody acknowledges anything: the kernel sends it again and again.
  it.r2.host.ip("link", "set", "lan0", "down");
  await sleep(200);
  happen(it);
  for (const program of programs) {
    const [told] = await program.waitForOutput(/\{.*\}\n/, 25_000);
    assert.deepEqual(JSON.parse(told), lost);
  }
  await sleep(300);
  const before = arrivals(it, 0, NETWORK_2.hostAddress);
  // Whatever the kernel has kept would find a way now.
  if (routing !== "none") removeRules(it);
  await sleep(1500);
  assert.ok(programs.every(({ running }) => running));
  assert.equal(arrivals(it, 0, NETWORK_2.hostAddress), before);
  if (!isAbrupt) await assertNoLeak(it);
}

const removeRules = ({ host }: Site) =>
  void host.shell(
    "for f in 4 6; do for p in 1000 1001 1010 1011 1020; do " +
      "while ip -$f rule del pref $p 2>/dev/null; do :; done; done; done",
  );

describe("two routers on one link, routed by source", () => {
  const events: Event[] = [
    { name: "rules removed at once", happen: removeRules, lost: ALL, isAbrupt: true },
    {
      name: "the source stopped by another rule",
      happen: ({ host }) =>
        void host.ip(..."-6 rule add unreachable pref 1000 from".split(" "), NETWORK_2.prefix),
      lost: CONNECTIONS,
    },
    {
      name: "router withdrawn",
      happen: ({ host, r2 }) =>
        void host.ip(
          ..."-6 route del default table 102 via".split(" "),
          r2.network.routerLinkLocal,
        ),
      lost: REMOTE,
    },
    {
      name: "address removed",
      happen: ({ host }) => void host.ip("addr", "del", `${NETWORK_2.hostAddress}/64`, "dev", "h0"),
      lost: ALL,
    },
    {
      name: "a specific route by the other router",
      happen: ({ host, r1 }) =>
        void host.ip(
          ..."-6 route add 2001:db8:ffff::/48 dev h0 via".split(" "),
          r1.network.routerLinkLocal,
        ),
      lost: REMOTE,
    },
  ];
  for (const event of events) {
    test(event.name, lab, () => survives(twoRouters, "by table", event));
  }
});

describe("two links, without rules", () => {
  const events: Event[] = [
    {
      name: "router withdrawn",
      happen: ({ host }) =>
        void host.shell("for f in 4 6; do ip -$f route del default dev h1; done"),
      lost: REMOTE,
    },
    {
      name: "address removed",
      happen: ({ host }) =>
        void host.shell(
          `ip addr del ${NETWORK_2.hostAddress}/64 dev h1; ip addr del ${NETWORK_2.hostIpv4}/24 dev h1`,
        ),
      lost: ALL,
    },
    {
      name: "link down",
      happen: ({ host }) => void host.ip("link", "set", "h1", "down"),
      lost: ALL,
    },
  ];
  for (const event of events) test(event.name, lab, () => survives(twoLinks, "none", event));
});
