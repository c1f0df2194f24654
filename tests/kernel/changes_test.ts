// What becomes of sockets while their network changes: each goes on by its router or fails with its PvD's name, as root and
// without privileges, and no frame with one network's source comes to the other's router.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SOCK_DGRAM, SOCK_STREAM } from "../../lib/socket/options.ts";
import {
  advertisementOf,
  labSkip,
  NETWORK_2,
  twoLinks,
  twoRouters,
  waitFor,
  World,
} from "../lab/mod.ts";
import {
  arrange,
  assertNoLeak,
  families,
  LINKS,
  openFrom,
  openRaw,
  ping,
  renumber,
  RENUMBERED,
  type Routing,
  service6,
  type Site,
  site,
} from "./site.ts";
import { ECHO_PORT, type ProbeSocket, refuses, SocketProbe } from "./socket_probe.ts";

const lab = { skip: labSkip(), timeout: 60_000 };
const TOPOLOGIES = { twoLinks, twoRouters };

/** The second network's side of a site. */
interface Ground extends Site {
  /** The host's interface there. */
  link: string;
  /** Two programs with sockets on it. */
  root: SocketProbe;
  unprivileged: SocketProbe;
}

/** What happens to the second network while sockets on it are in use. */
interface Event {
  name: string;
  happen(on: Ground): Promise<unknown> | void;
  /** What the next operation says; null where the sockets go on. */
  outcome: "ENETUNREACH" | "ETIMEDOUT" | null;
  /** What a new sendto() says, where that is something else. */
  sendto?: "ENONET" | "EPVDROUTE";
  /** What is seen later, before the sockets are closed. */
  later?(on: Ground): Promise<void>;
}

/** A socket, and how it sends. */
interface Use {
  socket: ProbeSocket;
  source: string;
  send(): Promise<unknown>;
  /** It hears nothing of what happens on the way to one peer, and waits on. */
  unconnected: boolean;
}

/** Sockets of the second network: TCP, UDP connected and not, of both families, and raw ICMPv6 where that is allowed. */
async function usesOf(probe: SocketProbe, raw: boolean): Promise<Use[]> {
  const uses: Use[] = [];
  for (const { source, to } of families(NETWORK_2)) {
    for (const type of [SOCK_STREAM, SOCK_DGRAM]) {
      const socket = await openFrom(probe, source, type);
      await socket.do({ call: "connect", to });
      assert.equal(await socket.echo(), source);
      const send = () => socket.do({ call: "send", text: "more" });
      uses.push({ socket, source, send, unconnected: false });
    }
    const socket = await openFrom(probe, source, SOCK_DGRAM);
    assert.equal(await socket.echo(to), source);
    const send = () => socket.do({ call: "send", text: "more", to });
    uses.push({ socket, source, send, unconnected: true });
  }
  if (raw) {
    const socket = await openRaw(probe, NETWORK_2.hostAddress);
    uses.push({
      socket,
      source: NETWORK_2.hostAddress,
      send: () => ping(socket),
      unconnected: true,
    });
  }
  return uses;
}

/** "done", or the code of the error, which names the PvD where the PvD is what fails. */
async function outcomeOf(operation: Promise<unknown>): Promise<string> {
  try {
    await operation;
    return "done";
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    if (code !== "ETIMEDOUT") assert.match(message, /PvD (fe80::ff:fe00:202%)?h[01]\b/);
    return code;
  }
}

async function inUse(on: Ground, { happen, outcome, sendto, later }: Event): Promise<void> {
  const uses = [...await usesOf(on.root, true), ...await usesOf(on.unprivileged, false)];
  const pending = uses.map(({ socket }) =>
    outcomeOf(socket.do({ call: "recv", timeoutMs: outcome === null ? 5000 : 1000 }))
  );
  await happen(on);
  if (outcome === null) {
    assert.deepEqual(await all(uses.map(({ send }) => send())), uses.map(() => "done"));
    assert.deepEqual(await Promise.all(pending), uses.map(() => "done"));
  } else {
    const ends = await Promise.all(pending);
    ends.forEach((end, at) => {
      const { unconnected } = uses[at]!;
      if (unconnected && end !== outcome) assert.match(end, /^(ETIMEDOUT|done)$/);
      else assert.equal(end, outcome, `socket ${at}, from ${uses[at]!.source}`);
    });
    // Twice, and closed afterwards: the kernel is to have something to send by itself.
    const sending: string = outcome === "ETIMEDOUT" ? "done" : outcome;
    const expected = uses.map(({ unconnected }) => unconnected ? sendto ?? sending : sending);
    for (let turn = 0; turn < 2; turn++) {
      assert.deepEqual(await all(uses.map(({ send }) => send())), expected);
    }
  }
  await later?.(on);
  await Promise.all(uses.map(({ socket }) => socket.close()));
  await new Promise((resolve) => setTimeout(resolve, 300));
  await assertNoLeak(on);
}

function all(operations: Promise<unknown>[]): Promise<string[]> {
  return Promise.all(operations.map(outcomeOf));
}

const withdrawn: Event = {
  name: "router withdrawn",
  happen: async ({ host, r2, link }) => {
    await r2.advertiser!.update({ ...advertisementOf(r2.network), lifetimeSeconds: 0 });
    host.ip("route", "del", "default", "via", r2.network.routerIpv4, "dev", link);
    await waitFor(
      "the route to go",
      () =>
        host.routes(6, "default").every(({ gateway }) => gateway !== r2.network.routerLinkLocal),
    );
  },
  outcome: "ENETUNREACH",
};

/** It does not answer any more; the kernel finds out, and would take another router for what is not held to this one. */
const dead: Event = {
  name: "router silently dead",
  happen: ({ host, r2, link }) => {
    for (const family of ["ipv4", "ipv6"]) {
      const of = `${family}/neigh/${link}`;
      host.sysctl({
        [`${of}/base_reachable_time_ms`]: 100,
        [`${of}/delay_first_probe_time`]: 0,
        [`${of}/retrans_time_ms`]: 50,
      });
    }
    // The host's link keeps its carrier.
    r2.host.shell("ip link set lan0 address 02:00:00:00:02:99; ip addr flush dev lan0");
  },
  outcome: "ETIMEDOUT",
  later: async ({ host, r2, root, unprivileged }) => {
    const { routerLinkLocal } = r2.network;
    await waitFor("the router to be found dead", () => {
      const [neighbour] = host.ipJson<{ state?: string[] }>("neigh", "show", routerLinkLocal);
      return !neighbour || neighbour.state!.includes("FAILED");
    });
    for (const probe of [root, unprivileged]) {
      // A new socket is as good as the old ones, or refused.
      const late = await outcomeOf(
        probe.openOn(NETWORK_2.hostAddress, SOCK_DGRAM)
          .then((opened) => opened.do({ call: "send", text: "more", to: service6 })),
      );
      assert.match(late, /^(done|ENETUNREACH|EPVDROUTE)$/);
    }
  },
};

const removed: Event = {
  name: "address removed",
  happen: ({ host, link }) => {
    host.batch(
      [NETWORK_2.hostAddress + "/64", NETWORK_2.hostIpv4 + "/24"].map((address) =>
        `addr del ${address} dev ${link}`
      ),
    );
  },
  outcome: "ENETUNREACH",
  sendto: "ENONET",
};

const linkDown: Event = {
  name: "link down",
  happen: ({ host, link }) => void host.ip("link", "set", link, "down"),
  outcome: "ENETUNREACH",
  sendto: "ENONET",
};

const linkGone: Event = {
  name: "link taken away",
  happen: ({ host, link }) => void host.ip("link", "del", link),
  outcome: "ENETUNREACH",
  sendto: "ENONET",
};

const anotherRouter: Event = {
  name: "another router on the link",
  happen: ({ host, link }) =>
    host.batch([
      `route add default via fe80::bad dev ${link} metric 2000`,
      `route add default via 203.0.113.66 dev ${link} metric 2000`,
    ]),
  outcome: "ENETUNREACH",
};

/** The old address is deprecated and goes on; the new one is taken for what is opened. */
const renumbered: Event = {
  name: "renumbering, the old address deprecated",
  happen: ({ host, r2 }) => renumber(host, r2),
  outcome: null,
  later: async ({ root, unprivileged }) => {
    for (const probe of [root, unprivileged]) {
      await probe.ask({ call: "remember", solicit: probe === root });
      const { hostAddress } = RENUMBERED;
      const next = await probe.open(10, SOCK_STREAM);
      assert.equal(await next.do({ call: "select", address: hostAddress }), hostAddress);
      await next.do({ call: "connect", to: service6 });
      assert.equal(await next.echo(), hostAddress);
      await next.close();
    }
  },
};

/** What is installed follows the network, as `mif route install --watch` does it. */
function followed(event: Event): Event {
  const happen = async (on: Ground) => {
    await event.happen(on);
    await on.root.ask({ call: "install routes" });
  };
  return { ...event, happen };
}

const rulesGone = (command: string): Event => ({
  name: "rules removed by somebody",
  happen: ({ host }) => void host.shell(`for f in 4 6; do ${command}; done`),
  outcome: "ENETUNREACH",
});

const backstopGone: Event = {
  name: "backstop removed by somebody",
  happen: ({ host }) =>
    void host.shell("for f in 4 6; do ip -$f route del unreachable default table 102; done"),
  outcome: "ENETUNREACH",
};

/** Where a table has all that the source may reach, what is in main does not matter. */
const specificRoute = (outcome: Event["outcome"]): Event => ({
  name: "a specific route by the other router",
  happen: ({ host, r1, link }) =>
    host.batch([
      `route add 2001:db8:ffff::/48 via ${r1.network.routerLinkLocal} dev ${link}`,
      `route add 192.0.2.0/24 via ${r1.network.routerIpv4} dev ${link}`,
    ]),
  outcome,
  sendto: "EPVDROUTE",
});

const portRule: Event = {
  name: "a rule for the port",
  happen: ({ host }) =>
    void host.shell(
      "for f in 4 6; do for d in dport sport; do " +
        `ip -$f rule add pref 10 ipproto tcp $d ${ECHO_PORT} lookup main; done; done`,
    ),
  outcome: "ENETUNREACH",
};

/** As a daemon that follows the routers would. */
const emptyTable: Event = {
  ...withdrawn,
  happen: async (on) => {
    await withdrawn.happen(on);
    const { routerLinkLocal, routerIpv4 } = on.r2.network;
    on.host.batch([
      `route del default via ${routerLinkLocal} table 102`,
      `route del default via ${routerIpv4} table 102`,
    ]);
  },
};

/** All that `mif route install` made carries this number. */
const FLUSH = "ip -$f rule flush protocol 88";

const grounds: [keyof typeof TOPOLOGIES, Routing, Event[]][] = [
  ["twoLinks", "none", [
    { ...withdrawn, sendto: "EPVDROUTE" },
    dead,
    removed,
    linkGone,
    anotherRouter,
    renumbered,
  ]],
  ["twoLinks", "installed", [
    followed(withdrawn),
    removed,
    linkDown,
    rulesGone(FLUSH),
    followed(renumbered),
  ]],
  ["twoRouters", "installed", [
    followed(withdrawn),
    dead,
    removed,
    linkDown,
    rulesGone(FLUSH),
    specificRoute(null),
    portRule,
    followed(renumbered),
  ]],
  ["twoRouters", "by table", [
    rulesGone("for p in 1001 1011; do ip -$f rule del pref $p; done"),
    backstopGone,
    specificRoute("ENETUNREACH"),
  ]],
  ["twoRouters", "by rule", [
    emptyTable,
    rulesGone("ip -$f rule del pref 1011; ip -$f rule del pref 1020; ip -$f rule del pref 1020"),
    specificRoute(null),
  ]],
];

for (const [topology, routing, events] of grounds) {
  describe(`${topology}, routed by source ${routing}`, () => {
    for (const event of events) {
      test(event.name, lab, async () => {
        await using world = new World();
        const it = await site(world, TOPOLOGIES[topology]);
        await arrange(it.host, topology, routing);
        const on = {
          ...it,
          link: LINKS[topology][1],
          root: new SocketProbe(it.host),
          unprivileged: new SocketProbe(it.host, { unprivileged: true }),
        };
        await inUse(on, event);
      });
    }
  });
}

test("what the kernel still has to send goes nowhere when the rules are removed", lab, async () => {
  await using world = new World();
  const it = await site(world, twoRouters);
  await arrange(it.host, "twoRouters", "installed");
  const uses = await usesOf(new SocketProbe(it.host, { unprivileged: true }), false);
  // Nobody acknowledges this, so the kernel sends it again and again.
  it.r2.host.ip("link", "set", "lan0", "down");
  for (const { send } of uses) await send();
  it.host.shell(`for f in 4 6; do ${FLUSH}; done`);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  for (const { socket } of uses) await refuses("ENETUNREACH", socket.do({ call: "recv" }));
  await Promise.all(uses.map(({ socket }) => socket.close()));
  await new Promise((resolve) => setTimeout(resolve, 500));
  await assertNoLeak(it);
});
