// Names asked of real servers through real networks: every question has its PvD's source, router and server.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  type Capture,
  type Frame,
  type Host,
  type LabProcess,
  type LabRouter,
  labSkip,
  type Network,
  NETWORK_1,
  NETWORK_2,
  PacketSocket,
  twoLinks,
  twoRouters,
  waitFor,
  World,
} from "../lab/mod.ts";
import { macBytes } from "../lab/frame.ts";
import { parseAddress } from "../../lib/ip/address.ts";
import { Probe, type ProbedAnswer } from "./probe.ts";
import { LINKS, routeBySource } from "./site.ts";

const lab = { skip: labSkip(), timeout: 120_000 };
const PRIVILEGES = [{ unprivileged: true }, { unprivileged: false }];

/** What a network's servers know: the same names in each, with other addresses. */
function zone(number: number): string {
  const many = Array.from({ length: 500 }, (_, i) => `many A 10.${number}.${i >> 8}.${i & 255}`);
  return `$ORIGIN example.
$TTL 300
@ SOA ns root ${number} 3600 600 86400 60
@ NS ns
ns A 192.0.2.53
www A 192.0.2.${number}
www AAAA 2001:db8:ffff::${number}
alias 30 CNAME www
far CNAME alias
gone CNAME missing
ring CNAME pool
pool CNAME ring
only${number} A 192.0.2.${number}
moved DNAME sub
host.sub A 192.0.2.10${number}
dotted\\.name A 192.0.2.20${number}
mail MX 10 mx${number}
_sip._tcp SRV 1 2 5060 www
text TXT "of network ${number}" "\\001\\255"
svc HTTPS 1 . alpn="h2,h3" ipv4hint=192.0.2.${number}
caa CAA 128 issue "ca.example"
raw TYPE65280 \\# 3 0102${String(number).padStart(2, "0")}
*.wild A 192.0.2.9${number}
${many.join("\n")}
`;
}

const SERVER = fileURLToPath(new URL("./dns_server.py", import.meta.url));

/** A server that behaves as dns_server.py is told. */
async function played(host: Host, address: string, ...words: string[]): Promise<LabProcess> {
  const server = host.spawn(["python3", SERVER, address, ...words]);
  await server.waitForOutput(/ready/);
  return server;
}

/** nsd at one router; unbound at the other, which asks an nsd behind it. */
async function serve([r1, r2]: readonly [LabRouter, LabRouter]): Promise<void> {
  const listen = ({ network }: LabRouter) => [network.routerAddress, network.routerIpv4];
  await r1.host.nsd({ listen: listen(r1), zones: { example: zone(1) } });
  await r2.host.nsd({ listen: ["127.0.0.1"], port: 5300, zones: { example: zone(2) } });
  await r2.host.unbound({ listen: listen(r2), stubs: { example: "127.0.0.1@5300" } });
}

/** The servers of both networks, as a host knows them that hears of all by one file. */
const RESOLV_CONF = [NETWORK_1, NETWORK_2]
  .flatMap(({ routerAddress, routerIpv4 }) => [routerAddress, routerIpv4])
  .map((address) => `nameserver ${address}\n`).join("");

interface Site {
  host: Host;
  routers: readonly [LabRouter, LabRouter];
  captures: Capture[];
}

async function site(world: World, topology: typeof twoLinks): Promise<Site> {
  const { host, r1, r2 } = await topology(world);
  const captures = await Promise.all([r1, r2].map((router) => router.host.capture("lan0")));
  host.writeFile("/etc/resolv.conf", RESOLV_CONF);
  return { host, routers: [r1, r2], captures };
}

/** Frames that came to a network's router for port 53, whoever sent them. */
function questions(frames: readonly Frame[], { routerMac }: Network): Frame[] {
  return frames.filter(({ direction, dport, dstMac }) =>
    direction === "in" && dport === 53 && dstMac === routerMac
  );
}

/** Every question at a router came from its own network's host, for its own server. */
async function assertOwnWays({ captures, routers }: Site): Promise<void> {
  for (const [at, { network }] of routers.entries()) {
    const asked = questions(await captures[at]!.stop(), network);
    assert.ok(asked.length > 0);
    const ways = new Set(asked.map(({ src, dst }) => `${src} ${dst}`));
    const own = [
      `${network.hostAddress} ${network.routerAddress}`,
      `${network.hostIpv4} ${network.routerIpv4}`,
    ];
    for (const way of ways) {
      assert.ok(own.includes(way), `${way} at the router of ${network.prefix}`);
    }
  }
}

function addresses({ records, message }: ProbedAnswer): unknown[] {
  assert.equal(message, undefined);
  return records.map(({ address }) => address);
}

for (const privileges of PRIVILEGES) {
  const who = privileges.unprivileged ? "without privileges" : "as root";
  for (const [name, topology] of [["twoLinks", twoLinks], ["twoRouters", twoRouters]] as const) {
    test(`${name}, ${who}: each PvD's servers tell what its network knows`, lab, async () => {
      await using world = new World();
      const it = await site(world, topology);
      await serve(it.routers);
      if (name === "twoRouters") routeBySource(it.host, LINKS.twoRouters, "by rule");
      const probe = new Probe(it.host, privileges);
      for (const [at, { network }] of it.routers.entries()) {
        const number = at + 1;
        // On one link there is one IPv4 PvD, which has the first network's address.
        const sources = name === "twoRouters" && at === 1
          ? [network.hostAddress]
          : [network.hostAddress, network.hostIpv4];
        for (const source of sources) {
          const [www, aaaa, only, other] = await probe.query(source, [
            "www.example A",
            "www.example AAAA",
            `only${number}.example A`,
            `only${3 - number}.example A`,
          ]);
          assert.deepEqual(addresses(www!), [`192.0.2.${number}`], source);
          assert.deepEqual(addresses(aaaa!), [`2001:db8:ffff::${number}`]);
          assert.equal(only!.status, "found");
          assert.equal(other!.status, "nxdomain");
          const server = source.includes(":") ? network.routerAddress : network.routerIpv4;
          assert.deepEqual(www!.server, { address: server, port: 53 });
        }
      }
      await assertOwnWays(it);
    });
  }
}

/** One row for both kinds of server: the question, and what comes of it in network 1. */
const ANSWERS: [question: string, check: (answer: ProbedAnswer, number: number) => void][] = [
  [
    "missing.example A",
    ({ status, records }) => assert.deepEqual([status, records], ["nxdomain", []]),
  ],
  ["www.example MX", ({ status, records }) => assert.deepEqual([status, records], ["nodata", []])],
  ["WWW.Example A", (answer) => assert.equal(answer.status, "found")],
  ["www.example. A", (answer) => assert.equal(answer.status, "found")],
  ["far.example A", (answer, number) => {
    assert.equal(answer.canonicalName, "www.example");
    assert.deepEqual(addresses(answer), [`192.0.2.${number}`]);
    assert.ok(answer.records[0]!.ttlSeconds <= 30, "no longer than the alias");
  }],
  ["far.example CNAME", ({ records }) => assert.equal(records[0]!.target, "alias.example")],
  ["gone.example A", ({ status, canonicalName }) => {
    assert.deepEqual([status, canonicalName], ["nxdomain", "missing.example"]);
  }],
  ["ring.example A", ({ code }) => assert.match(code!, /^EAI_(FAIL|AGAIN)$/)],
  ["host.moved.example A", (answer, number) => {
    assert.equal(answer.canonicalName, "host.sub.example");
    assert.deepEqual(addresses(answer), [`192.0.2.10${number}`]);
  }],
  ["dotted\\.name.example A", (answer, number) => {
    assert.deepEqual(addresses(answer), [`192.0.2.20${number}`]);
    assert.equal(answer.records[0]!.name, "dotted\\.name.example");
  }],
  ["dotted.name.example A", ({ status }) => assert.equal(status, "nxdomain")],
  ["many.example A", (answer) => assert.equal(new Set(addresses(answer)).size, 500)],
  ["mail.example MX", ({ records: [record] }, number) => {
    const { type, preference, exchange } = record!;
    assert.deepEqual([type, preference, exchange], ["MX", 10, `mx${number}.example`]);
  }],
  ["_sip._tcp.example SRV", ({ records: [record] }) => {
    const { priority, weight, port, target } = record!;
    assert.deepEqual([priority, weight, port, target], [1, 2, 5060, "www.example"]);
  }],
  ["text.example TXT", ({ records: [record] }, number) => {
    assert.deepEqual(record!.strings, [`of network ${number}`, "\u0001\ufffd"]);
    assert.deepEqual((record!.data as number[][])[1], [1, 255]);
  }],
  ["svc.example HTTPS", ({ records: [record] }, number) => {
    assert.deepEqual(record!.parameters, { alpn: ["h2", "h3"], ipv4hint: [`192.0.2.${number}`] });
  }],
  ["caa.example CAA", ({ records: [record] }) => {
    const { critical, tag, value } = record!;
    assert.deepEqual([critical, tag, value], [true, "issue", "ca.example"]);
  }],
  ["raw.example TYPE65280", ({ records: [record] }, number) => {
    assert.deepEqual([record!.type, record!.rdata], ["TYPE65280", [1, 2, number]]);
  }],
  ["example SOA", ({ records: [record] }, number) => {
    assert.deepEqual([record!.serial, record!.minimumSeconds], [number, 60]);
  }],
];

test("what real servers answer: nsd, and unbound in front of one", lab, async () => {
  await using world = new World();
  const it = await site(world, twoLinks);
  await serve(it.routers);
  const probe = new Probe(it.host, { unprivileged: true });
  for (const randomCase of [false, true]) {
    for (const [at, { network }] of it.routers.entries()) {
      const answers = await probe.query(
        network.hostAddress,
        ANSWERS.map(([question]) => question),
        {
          randomCase,
        },
      );
      answers.forEach((answer, i) => {
        const [question, check] = ANSWERS[i]!;
        try {
          check(answer, at + 1);
        } catch (error) {
          throw new Error(`${question} of network ${at + 1}: ${JSON.stringify(answer)}`, {
            cause: error,
          });
        }
      });
    }
  }
  await assertOwnWays(it);
});

test("a thousand questions at once through each PvD", lab, async () => {
  await using world = new World();
  const it = await site(world, twoLinks);
  await serve(it.routers);
  const probe = new Probe(it.host, { unprivileged: true });
  for (const [at, { network }] of it.routers.entries()) {
    const asked = Array.from({ length: 1000 }, (_, i) => `n${i}.wild.example A`);
    const answers = await probe.query(network.hostAddress, asked);
    for (const answer of answers) assert.deepEqual(addresses(answer), [`192.0.2.9${at + 1}`]);
  }
  await assertOwnWays(it);
});

test("two routers on one link without rules: refused, and no question leaves", lab, async () => {
  await using world = new World();
  const it = await site(world, twoRouters);
  const probe = new Probe(it.host, { unprivileged: true });
  const refused = await probe.query(NETWORK_1.hostIpv4, ["www.example A"]);
  assert.equal(refused[0]!.code, "EPVDROUTE", JSON.stringify(refused));
  assert.match(refused[0]!.message!, /mif route install/);
  for (const [at, { network }] of it.routers.entries()) {
    assert.deepEqual(questions(await it.captures[at]!.stop(), network), []);
  }
});

test(
  "link-local servers are asked on the PvD's interface, and on the one that resolv.conf names",
  lab,
  async () => {
    await using world = new World();
    const { host, r1, r2 } = await twoLinks(world);
    for (const [at, router] of [r1, r2].entries()) {
      await router.host.waitForLinkLocal("lan0");
      await router.host.nsd({
        listen: [`${router.network.routerLinkLocal}%lan0`],
        zones: { example: zone(at + 1) },
      });
    }
    const captures = await Promise.all([r1, r2].map((router) => router.host.capture("lan0")));
    const servers = [[NETWORK_1, "h0"], [NETWORK_2, "h1"]] as const;
    host.writeFile(
      "/etc/resolv.conf",
      servers.map(([{ routerLinkLocal }, name]) => `nameserver ${routerLinkLocal}%${name}\n`).join(
        "",
      ),
    );
    const probe = new Probe(host, { unprivileged: true });
    for (const [at, [network]] of servers.entries()) {
      const [answer] = await probe.query(network.hostAddress, ["www.example A"]);
      assert.deepEqual(addresses(answer!), [`192.0.2.${at + 1}`]);
      assert.equal(answer!.server.address, network.routerLinkLocal);
    }
    const [bySystem] = await probe.query(null, ["www.example A"]);
    assert.deepEqual(addresses(bySystem!), ["192.0.2.1"]);
    for (const [at, [network]] of servers.entries()) {
      const asked = questions(await captures[at]!.stop(), network);
      assert.ok(asked.length > 0);
      assert.ok(asked.every(({ dst }) => dst === network.routerLinkLocal));
    }
  },
);

test("a dead server first costs one wait, and then none", lab, async () => {
  await using world = new World();
  const { host, r1 } = await twoLinks(world);
  const { hostAddress, routerAddress } = NETWORK_1;
  r1.host.ip("addr", "add", "2001:db8:1::dead/64", "dev", "lan0");
  const silent = await played(r1.host, "2001:db8:1::dead", "silent");
  await played(r1.host, routerAddress);
  host.writeFile("/etc/resolv.conf", `nameserver 2001:db8:1::dead\nnameserver ${routerAddress}\n`);
  const probe = new Probe(host, { unprivileged: true });
  const timed = async (name: string) => {
    const startMs = performance.now();
    const [answer] = await probe.query(hostAddress, [`${name}.example A`]);
    assert.equal(answer!.server.address, routerAddress, JSON.stringify(answer));
    return performance.now() - startMs;
  };
  await probe.listPvds();
  const firstMs = await timed("first");
  assert.ok(firstMs > 900 && firstMs < 4000, `${firstMs} ms`);
  for (const name of ["second", "third"]) assert.ok(await timed(name) < 800, name);
  await wasAsked(silent, 1);
});

const TROUBLES: [words: string[], outcome: string, asked: RegExp][] = [
  [["truncate"], "found", /asked udp [^]*asked tcp/],
  [["slow=0.4"], "found", /^ready\nasked udp \S+ \S+ edns\n$/],
  [["formerr"], "found", /edns\nasked udp \S+ \S+ plain\n$/],
  [["badvers"], "found", /edns\nasked udp \S+ \S+ plain\n$/],
  [["servfail"], "EAI_AGAIN", /^ready\nasked udp \S+ \S+ edns\n$/],
  [["refused"], "EAI_FAIL", /^ready\nasked udp \S+ \S+ edns\n$/],
  [["truncate", "halfopen"], "EAI_AGAIN", /(asked udp .*\n){3}$/],
  [["silent"], "EAI_AGAIN", /(asked udp \S+\n){3}$/],
];
test("servers that cut, wait, know no EDNS, fail or keep silent", lab, async () => {
  await using world = new World();
  const { host, r1 } = await twoLinks(world);
  const { hostAddress } = NETWORK_1;
  for (const [i, [words, outcome, asked]] of TROUBLES.entries()) {
    const address = `2001:db8:1::5${i}`;
    r1.host.ip("addr", "add", `${address}/64`, "dev", "lan0");
    const server = await played(r1.host, address, ...words);
    host.writeFile("/etc/resolv.conf", `nameserver ${address}\n`);
    const [answer] = await new Probe(host, { unprivileged: true }).query(hostAddress, [
      "www.example A",
    ]);
    assert.equal(answer!.status ?? answer!.code, outcome, `${words}: ${JSON.stringify(answer)}`);
    await waitFor(`${words}: ${asked}`, () => asked.test(server.stdout), 3000);
  }
});

/** A UDP datagram over IPv4, without a checksum of its own. */
function udpFrame(
  payload: Uint8Array,
  macs: string[],
  from: [string, number],
  to: [string, number],
): Uint8Array {
  const frame = new Uint8Array(42 + payload.length);
  const view = new DataView(frame.buffer);
  frame.set([...macBytes(macs[1]!), ...macBytes(macs[0]!), 8, 0, 0x45]);
  view.setUint16(16, 28 + payload.length);
  frame.set([64, 17], 22);
  frame.set(parseAddress(from[0])!.bytes, 26);
  frame.set(parseAddress(to[0])!.bytes, 30);
  let sum = 0;
  for (let at = 14; at < 34; at += 2) sum += view.getUint16(at);
  view.setUint16(24, ~((sum & 0xffff) + (sum >> 16)) & 0xffff);
  [from[1], to[1], 8 + payload.length].forEach((value, i) => view.setUint16(34 + 2 * i, value));
  frame.set(payload, 42);
  return frame;
}

/** Another's answer to a query, with 192.0.2.66. */
function forgedAnswer(query: Uint8Array): Uint8Array {
  let end = 12;
  while (query[end] !== 0) end += 1 + query[end]!;
  const head = query.slice(0, end + 5);
  head.set([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0], 2);
  return Uint8Array.from([...head, 0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, 66]);
}

/** What a forger does who sees the question: the answer, its sender, and how far off its port is. */
interface Forgery {
  name: string;
  payloads(query: Uint8Array): Uint8Array[];
  sender?: string;
  portOffset?: number;
  /** By what the true answer came; null where the forged one is taken for true. */
  by: "udp" | "tcp" | null;
}

const withId = (bytes: Uint8Array, offset: number) => {
  const id = (bytes[0]! << 8 | bytes[1]!) + offset;
  return bytes.with(0, id >> 8 & 0xff).with(1, id & 0xff);
};

const FORGERIES: Forgery[] = [
  {
    name: "that knows port and ID (this is how the others show that they would be believed)",
    payloads: (query) => [forgedAnswer(query)],
    by: null,
  },
  {
    name: "that guesses the ID, many times",
    payloads: (query) => Array.from({ length: 40 }, (_, i) => withId(forgedAnswer(query), i + 1)),
    by: "tcp",
  },
  {
    name: "that guesses the ID, a few times",
    payloads: (query) => Array.from({ length: 10 }, (_, i) => withId(forgedAnswer(query), i + 1)),
    by: "udp",
  },
  {
    name: "to the port beside",
    payloads: (query) => new Array(40).fill(forgedAnswer(query)),
    portOffset: 1,
    by: "udp",
  },
  {
    name: "from another address",
    payloads: (query) => new Array(40).fill(forgedAnswer(query)),
    sender: "198.51.100.77",
    by: "udp",
  },
  {
    name: "to another question",
    payloads: (query) => [forgedAnswer(query).with(13, 0x78)],
    by: "udp",
  },
];

for (const { name, payloads, sender, portOffset = 0, by } of FORGERIES) {
  test(`a forged answer ${name} is ${by ? "not " : ""}believed`, lab, async () => {
    await using world = new World();
    const { host, r1 } = await twoLinks(world);
    const { routerIpv4, hostIpv4, routerMac } = NETWORK_1;
    const server = await played(r1.host, routerIpv4, "slow=0.5");
    const hostMac = host.mac("h0");
    let forged = 0;
    const forger = await PacketSocket.open(r1.host, {
      interface: "lan0",
      onFrame: (bytes, _, direction) => {
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        const isQuestion = direction === "in" && bytes[12] === 8 && bytes[23] === 17 &&
          view.getUint16(36) === 53;
        if (!isQuestion) return;
        for (const payload of payloads(bytes.slice(42))) {
          const port = view.getUint16(34) + portOffset;
          const from: [string, number] = [sender ?? routerIpv4, 53];
          forger.send("lan0", udpFrame(payload, [routerMac, hostMac], from, [hostIpv4, port]));
          forged++;
        }
      },
    });
    host.writeFile("/etc/resolv.conf", `nameserver ${routerIpv4}\n`);
    const probe = new Probe(host, { unprivileged: true });
    const [answer] = await probe.query(hostIpv4, ["www.example A"]);
    await forger.close();
    assert.ok(forged > 0);
    assert.deepEqual(addresses(answer!), [by ? "192.0.2.80" : "192.0.2.66"]);
    const how = by === "tcp" ? /asked udp[^]*asked tcp/ : /^ready\nasked udp [^\n]*\n$/;
    await waitFor(`${how}`, () => how.test(server.stdout), 3000);
  });
}

/** Waits until a server has printed just so many questions. */
function wasAsked(server: LabProcess, count: number): Promise<true> {
  const what = `${count} questions, not ${server.stdout}`;
  return waitFor(what, () => (server.stdout.match(/asked/g)?.length ?? 0) === count, 3000);
}

test(
  "what a PvD's servers said is kept until the PvD changes, and by nobody else",
  lab,
  async () => {
    await using world = new World();
    const { host, r1, r2 } = await twoLinks(world);
    const { hostAddress, routerAddress } = NETWORK_1;
    const first = await played(r1.host, routerAddress);
    const second = await played(r2.host, NETWORK_2.routerAddress);
    r1.host.ip("addr", "add", "2001:db8:1::53/64", "dev", "lan0");
    const other = await played(r1.host, "2001:db8:1::53");
    host.writeFile(
      "/etc/resolv.conf",
      `nameserver ${routerAddress}\nnameserver ${NETWORK_2.routerAddress}\n`,
    );
    const probe = new Probe(host, { unprivileged: true });
    const ask = async (address: string | null, again = false) => {
      const [answer] = await probe.query(address, ["www.example A"], { again });
      return answer!.status ?? answer!.code;
    };
    for (let i = 0; i < 3; i++) assert.equal(await ask(hostAddress), "found");
    await wasAsked(first, 1);
    // Another PvD, and the system, know nothing of it.
    assert.equal(await ask(NETWORK_2.hostAddress), "found");
    await wasAsked(second, 1);
    assert.equal(await ask(null), "found");
    await wasAsked(first, 2);
    // Lifetimes that are renewed change nothing.
    await r1.advertiser!.send();
    assert.equal(await ask(hostAddress), "found");
    await wasAsked(first, 2);
    // The address goes: so does the PvD, and what it knew.
    host.ip("addr", "del", `${hostAddress}/64`, "dev", "h0");
    assert.equal(await ask(hostAddress), "EADDRNOTAVAIL");
    host.ip("addr", "add", `${hostAddress}/64`, "dev", "h0");
    await host.waitForAddresses([hostAddress]);
    assert.equal(await ask(hostAddress, true), "found");
    await wasAsked(first, 3);
    // Another server: it is asked itself.
    host.writeFile("/etc/resolv.conf", "nameserver 2001:db8:1::53\n");
    const fresh = new Probe(host, { unprivileged: true });
    await fresh.query(hostAddress, ["www.example A"]);
    await wasAsked(other, 1);
  },
);

test(
  "what names no PvD asks the process' default PvD, else the system's servers by its options",
  lab,
  async () => {
    await using world = new World();
    const { host, r1, r2 } = await twoLinks(world);
    const first = await played(r1.host, NETWORK_1.routerAddress, "silent");
    const second = await played(r2.host, NETWORK_2.routerAddress);
    const servers =
      `nameserver ${NETWORK_1.routerAddress}\nnameserver ${NETWORK_2.routerAddress}\n`;
    host.writeFile("/etc/resolv.conf", `${servers}options timeout:1 attempts:1\n`);
    const probe = new Probe(host, { unprivileged: true });
    const startMs = performance.now();
    const [bySystem] = await probe.query(null, ["www.example A"]);
    const tookMs = performance.now() - startMs;
    assert.equal(bySystem!.server.address, NETWORK_2.routerAddress);
    assert.equal(bySystem!.pvd, null);
    assert.ok(tookMs >= 1000 && tookMs < 4000, `${tookMs} ms`);
    await probe.setprocpvd(NETWORK_2.hostAddress);
    const [byDefault] = await probe.query(null, ["other.example A"]);
    assert.equal(byDefault!.server.address, NETWORK_2.routerAddress);
    assert.equal(byDefault!.pvd, `${NETWORK_2.routerLinkLocal}%h1`);
    await wasAsked(first, 1);
    await wasAsked(second, 2);
    await probe.setprocpvd(null);
    host.writeFile("/etc/resolv.conf", "options attempts:1 timeout:1\n");
    const alone = new Probe(host, { unprivileged: true });
    const [nobody] = await alone.query(null, ["www.example A"]);
    assert.equal(nobody!.code, "EAI_AGAIN");
    assert.match(nobody!.message!, /127\.0\.0\.1/);
  },
);
