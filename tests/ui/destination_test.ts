// Where destinations go, on a host with two routers on one link; ip(8) says what the kernel does with plain sockets.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { DestinationAnswer, Way } from "../../cli/ui/destination.ts";
import type { Refusal } from "../../cli/ui/picture.ts";
import {
  type Host,
  labSkip,
  NETWORK_1,
  NETWORK_2,
  SERVICE_IPV4,
  SERVICE_IPV6,
  twoRouters,
  World,
} from "../lab/mod.ts";

const lab = { skip: labSkip(), timeout: 120_000 };
const cli = fileURLToPath(new URL("../../cli.ts", import.meta.url));
const script = fileURLToPath(new URL("destination_script.ts", import.meta.url));

const PVD_1 = `${NETWORK_1.routerLinkLocal}%h0`;
const PVD_2 = `${NETWORK_2.routerLinkLocal}%h0`;
const NETWORKS = [NETWORK_1, NETWORK_2];

interface Question {
  to: string;
  pvd?: string | number;
}

async function ask(host: Host, ...questions: Question[]): Promise<(DestinationAnswer | Refusal)[]> {
  const given = questions.map(({ to, pvd = null }) => ({ to, pvd }));
  const { status, stdout, stderr } = await host.runScript(script, [JSON.stringify(given)], {
    timeoutMs: 60_000,
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

function sound(answer: DestinationAnswer | Refusal | undefined): DestinationAnswer {
  assert.ok(answer && "pvds" in answer, JSON.stringify(answer));
  return answer;
}

/** The IDs stand where the handles were. */
const waysOf = ({ pvds }: DestinationAnswer, id: string) =>
  pvds.find(({ handle }) => String(handle) === id) ?? assert.fail(`no ${id}`);

/** What ip(8) says of a packet with this source, or with the kernel's own. */
function routeGet(host: Host, to: string, source?: string): Partial<Way> {
  const [family, words] = [to.includes(":") ? "-6" : "-4", source ? ["from", source] : []];
  const [answer] = host.ipJson<{ gateway?: string; dev: string; prefsrc?: string }>(
    ...[family, "route", "get", to, ...words],
  );
  const way = { interface: answer!.dev, gateway: answer!.gateway ?? null };
  return source ? { ...way, source } : { ...way, source: answer!.prefsrc! };
}

function assertWay(host: Host, way: unknown, to: string, source?: string): asserts way is Way {
  const { interface: link, gateway, source: from } = way as Way;
  assert.deepEqual({ interface: link, gateway, source: from }, routeGet(host, to, source));
}

test("without routing rules: what plain sockets do is shown, and ours refuse", lab, async () => {
  await using world = new World();
  const { host } = await twoRouters(world);
  const questions: Question[] = [
    { to: SERVICE_IPV6 },
    { to: SERVICE_IPV4 },
    { to: NETWORK_2.routerAddress },
    { to: `${NETWORK_1.routerLinkLocal}%h0` },
    { to: "::1" },
    { to: "www.example", pvd: PVD_2 },
    { to: "fe80::1%nowhere" },
    { to: "www.example", pvd: 1 },
    { to: "ff02::1" },
    { to: "not a name" },
  ];
  const [far6, far4, near, neighbour, loopback, named, zone, gone, group, none] = await ask(
    host,
    ...questions,
  );

  const six = sound(far6);
  assert.deepEqual([six.address, six.addresses], [SERVICE_IPV6, [SERVICE_IPV6]]);
  assertWay(host, six.system, SERVICE_IPV6);
  const owner = NETWORKS.find(({ hostAddress }) => hostAddress === (six.system as Way).source)!;
  assert.equal(six.system.pvd, `${owner.routerLinkLocal}%h0`);
  assert.equal(six.system.own, six.system.gateway === owner.routerLinkLocal);
  for (const [id, network] of [[PVD_1, NETWORK_1], [PVD_2, NETWORK_2]] as const) {
    const { plain, held } = waysOf(six, id);
    assertWay(host, plain, SERVICE_IPV6, network.hostAddress);
    assert.deepEqual([plain.pvd, plain.own], [id, plain.gateway === network.routerLinkLocal]);
    assert.equal((held as Refusal).code, "EPVDROUTE");
  }
  const leaks = [PVD_1, PVD_2].filter((id) => !(waysOf(six, id).plain as Way).own);
  assert.equal(leaks.length, 1, "the kernel has one router for both");
  assert.equal(waysOf(six, "h0").plain, null);
  assert.equal((waysOf(six, "h0").held as Refusal).code, "EADDRNOTAVAIL");

  const four = sound(far4);
  assertWay(host, four.system, SERVICE_IPV4);
  assert.deepEqual([four.system.pvd, four.system.own], ["h0", true]);
  assert.equal(waysOf(four, PVD_1).plain, null);

  // On the second network's link: the first one's source goes there directly, though it is not its own.
  const on = sound(near);
  assert.equal((waysOf(on, PVD_2).plain as Way).own, true);
  assert.equal((waysOf(on, PVD_2).plain as Way).gateway, null);
  assert.equal((waysOf(on, PVD_1).plain as Way).own, false);

  const local = sound(neighbour).system as Way;
  assert.deepEqual([local.interface, local.gateway, local.own], ["h0", null, true]);
  const own = sound(loopback).system as Way;
  assert.deepEqual([own.source, own.interface, own.gateway, own.own], ["::1", "lo", null, true]);

  // Its servers are asked by a socket that is held on it.
  const codes = [named, gone, none].map((answer) => (answer as Refusal).code);
  assert.deepEqual(codes, ["EPVDROUTE", "ENONET", "EAI_NONAME"]);
  for (const way of [sound(zone).system, ...sound(zone).pvds.map(({ held }) => held)]) {
    assert.ok(["ENODEV", "EADDRNOTAVAIL", "EPVDROUTE"].includes((way as Refusal).code));
  }
  // A group is asked for on no interface: the kernel's answer is taken as it is.
  sound(group);
});

test("with routing rules every PvD goes its own way, plain sockets too", lab, async () => {
  await using world = new World();
  const { host, r2 } = await twoRouters(world);
  await r2.host.dnsmasq({
    domains: ["example"],
    records: { "www.example": [SERVICE_IPV6, SERVICE_IPV4] },
  });
  const { status, stderr } = await host.runScript(cli, ["route", "install", "--solicit"]);
  assert.equal(status, 0, stderr);
  const [far, named, unnamed] = await ask(
    host,
    { to: SERVICE_IPV6 },
    { to: "www.example", pvd: PVD_2 },
    { to: "none.example", pvd: PVD_2 },
  );
  for (const [id, network] of [[PVD_1, NETWORK_1], [PVD_2, NETWORK_2]] as const) {
    const { plain, held } = waysOf(sound(far), id);
    assertWay(host, plain, SERVICE_IPV6, network.hostAddress);
    assert.deepEqual([plain.gateway, plain.own], [network.routerLinkLocal, true]);
    assert.deepEqual(held, { source: network.hostAddress });
  }
  const { to, address, addresses } = sound(named);
  assert.deepEqual([to, address, addresses], ["www.example", SERVICE_IPV6, [
    SERVICE_IPV6,
    SERVICE_IPV4,
  ]]);
  assert.equal((unnamed as Refusal).code, "EAI_NONAME");
});
