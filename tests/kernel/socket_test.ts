// Sockets between hosts: what loopback cannot show. Interfaces, groups, link-local addresses, hop limits, raw sockets.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReceivedMessage } from "../../lib/socket/socket.ts";
import * as o from "../../lib/socket/options.ts";
import { type Host, labSkip, NETWORK_1, NETWORK_2, twoLinks, World } from "../lab/mod.ts";
import { ProbeSocket, refuses, SocketProbe } from "./socket_probe.ts";

const lab = { skip: labSkip(), timeout: 60_000 };
const ALL_NODES = "ff02::1";

/** What a probe tells of a message: its data as text, and the ID of the PvD by which it came. */
type Told = Omit<ReceivedMessage, "data"> & { data: string; arrival: string | null };

function indexOf(host: Host, name: string): number {
  return host.ipJson<{ ifindex: number }>("link", "show", "dev", name)[0]!.ifindex;
}

/** A UDP socket of the host on every address, which tells interface, hop limit and traffic class. */
async function receiver(probe: SocketProbe, family: number): Promise<[ProbeSocket, number]> {
  const opened = await probe.open(family, o.SOCK_DGRAM);
  const on = family === o.AF_INET
    ? [[o.IPPROTO_IP, o.IP_PKTINFO], [o.IPPROTO_IP, o.IP_RECVTTL], [o.IPPROTO_IP, o.IP_RECVTOS]]
    : [
      [o.IPPROTO_IPV6, o.IPV6_RECVPKTINFO],
      [o.IPPROTO_IPV6, o.IPV6_RECVHOPLIMIT],
      [o.IPPROTO_IPV6, o.IPV6_RECVTCLASS],
    ];
  for (const [level, name] of on) {
    await opened.do({ call: "setsockopt", level: level!, name: name!, value: 1 });
  }
  await opened.do({ call: "bind", to: { address: family === o.AF_INET ? "0.0.0.0" : "::" } });
  const [own] = await opened.do<{ port: number }[]>({ call: "names" });
  return [opened, own!.port];
}

const messageOf = (told: Told, name: string) => told.control.find((each) => each.name === name);

test(
  "a datagram tells the interface and the PvD it came by, its hop limit and class",
  lab,
  async () => {
    await using world = new World();
    const { host, r1, r2 } = await twoLinks(world);
    const probe = new SocketProbe(host, { unprivileged: true });
    const [ipv6, port6] = await receiver(probe, o.AF_INET6);
    const [ipv4, port4] = await receiver(probe, o.AF_INET);
    for (const [router, name] of [[r1, "h0"], [r2, "h1"]] as const) {
      const sender = new SocketProbe(router.host);
      const { hostAddress, hostIpv4, routerAddress, routerIpv4 } = router.network;
      const index = indexOf(host, name);
      const from6 = await sender.open(o.AF_INET6, o.SOCK_DGRAM);
      await from6.do({
        call: "send",
        text: name,
        to: { address: hostAddress, port: port6 },
        control: [{ name: "IPV6_HOPLIMIT", value: 33 }, { name: "IPV6_TCLASS", value: 8 }],
      });
      const told6 = await ipv6.do<Told>({ call: "recvmsg" });
      assert.deepEqual([told6.data, told6.from!.address], [name, routerAddress]);
      assert.equal(told6.arrival, `${router.network.routerLinkLocal}%${name}`);
      assert.deepEqual(messageOf(told6, "IPV6_PKTINFO"), {
        name: "IPV6_PKTINFO",
        address: hostAddress,
        interface: index,
      });
      assert.deepEqual(messageOf(told6, "IPV6_HOPLIMIT"), { name: "IPV6_HOPLIMIT", value: 33 });
      assert.deepEqual(messageOf(told6, "IPV6_TCLASS"), { name: "IPV6_TCLASS", value: 8 });
      const from4 = await sender.open(o.AF_INET, o.SOCK_DGRAM);
      await from4.do({
        call: "send",
        text: name,
        to: { address: hostIpv4, port: port4 },
        control: [{ name: "IP_TTL", value: 44 }],
      });
      const told4 = await ipv4.do<Told>({ call: "recvmsg" });
      assert.deepEqual([told4.data, told4.from!.address], [name, routerIpv4]);
      assert.equal(told4.arrival, name);
      assert.deepEqual(messageOf(told4, "IP_PKTINFO"), {
        name: "IP_PKTINFO",
        interface: index,
        source: hostIpv4,
        destination: hostIpv4,
      });
      assert.deepEqual(messageOf(told4, "IP_TTL"), { name: "IP_TTL", value: 44 });
    }
    // Only the router's own link-local address tells whose a message to a group is, where a link has several.
    const scopeId = indexOf(r1.host, "lan0");
    const router = await new SocketProbe(r1.host).open(o.AF_INET6, o.SOCK_DGRAM);
    await router.do({
      call: "send",
      text: "all",
      to: { address: ALL_NODES, port: port6, scopeId },
    });
    const group = await ipv6.do<Told>({ call: "recvmsg" });
    assert.equal(group.arrival, `${NETWORK_1.routerLinkLocal}%h0`);
    // What comes by another link is not the address' network's, nor is what this host sends itself.
    r1.host.ip("route", "add", NETWORK_2.hostIpv4, "via", NETWORK_1.hostIpv4);
    const stranger = await new SocketProbe(r1.host).open(o.AF_INET, o.SOCK_DGRAM);
    const own = await probe.open(o.AF_INET, o.SOCK_DGRAM);
    for (const each of [stranger, own]) {
      await each.do({ call: "send", text: "?", to: { address: NETWORK_2.hostIpv4, port: port4 } });
      assert.equal((await ipv4.do<Told>({ call: "recvmsg" })).arrival, null);
    }
  },
);

test("a connection that is accepted tells the PvD it came by", lab, async () => {
  await using world = new World();
  const { host, r1, r2 } = await twoLinks(world);
  const probe = new SocketProbe(host, { unprivileged: true });
  const listener = await probe.open(o.AF_INET6, o.SOCK_STREAM);
  await listener.do({ call: "bind", to: { address: "::" } });
  await listener.do({ call: "listen" });
  const [{ port }] = await listener.do<[{ port: number }]>({ call: "names" });
  for (const [{ host: from, network }, name] of [[r1, "h0"], [r2, "h1"]] as const) {
    const ids = [`${network.routerLinkLocal}%${name}`, name];
    for (const [at, address] of [network.hostAddress, network.hostIpv4].entries()) {
      const accepting = listener.do<number>({ call: "accept" });
      const family = at === 0 ? o.AF_INET6 : o.AF_INET;
      const client = await new SocketProbe(from).open(family, o.SOCK_STREAM);
      await client.do({ call: "connect", to: { address, port } });
      const accepted = new ProbeSocket(probe, await accepting);
      assert.equal(await accepted.do({ call: "arrival" }), ids[at]);
    }
  }
});

test("a datagram that is too long tells the path MTU", lab, async () => {
  await using world = new World();
  const { host, r1 } = await twoLinks(world, { advertise1: { mtu: 1400 } });
  const probe = new SocketProbe(host, { unprivileged: true });
  const sender = await probe.open(o.AF_INET6, o.SOCK_DGRAM);
  for (const name of [o.IPV6_RECVPATHMTU, o.IPV6_DONTFRAG]) {
    await sender.do({ call: "setsockopt", level: o.IPPROTO_IPV6, name, value: 1 });
  }
  const to = { address: r1.network.routerAddress, port: 9 };
  await refuses("EMSGSIZE", sender.do({ call: "send", text: "x".repeat(1500), to }));
  const told = await sender.do<Told>({ call: "recvmsg" });
  assert.equal(told.data, "");
  assert.deepEqual(messageOf(told, "IPV6_PATHMTU"), {
    name: "IPV6_PATHMTU",
    destination: to.address,
    scopeId: 0,
    mtu: 1400,
  });
});

test("link-local addresses and groups need their interface, and keep it", lab, async () => {
  await using world = new World();
  const { host, r1, r2 } = await twoLinks(world);
  const probe = new SocketProbe(host, { unprivileged: true });
  const listening = await Promise.all([r1, r2].map(async (router) => {
    return await receiver(new SocketProbe(router.host), o.AF_INET6);
  }));
  const sender = await probe.open(o.AF_INET6, o.SOCK_DGRAM);
  for (const [at, name] of ["h0", "h1"].entries()) {
    const scopeId = indexOf(host, name);
    const [socket, port] = listening[at]!;
    const router = [NETWORK_1, NETWORK_2][at]!.routerLinkLocal;
    for (const address of [router, ALL_NODES]) {
      await sender.do({ call: "send", text: name, to: { address, port, scopeId } });
      const told = await socket.do<Told>({ call: "recvmsg" });
      assert.deepEqual([told.data, told.from!.address], [name, "fe80::ff:fe00:a0a"]);
      assert.equal(told.from!.scopeId, indexOf([r1, r2][at]!.host, "lan0"));
    }
    await sender.do({ call: "send", text: name, to: { address: `${router}%${scopeId}`, port } });
    assert.equal((await socket.do<Told>({ call: "recvmsg" })).data, name);
  }
  const stream = await probe.open(o.AF_INET6, o.SOCK_STREAM);
  const nowhere = { address: NETWORK_1.routerLinkLocal, port: 9 };
  await refuses("EINVAL", stream.do({ call: "connect", to: nowhere }));
});

test("raw sockets need CAP_NET_RAW, and say so", lab, async () => {
  await using world = new World();
  const { host } = await twoLinks(world);
  const unprivileged = new SocketProbe(host, { unprivileged: true });
  for (const family of [o.AF_INET, o.AF_INET6]) {
    await refuses("EPERM", unprivileged.open(family, o.SOCK_RAW, o.IPPROTO_ICMPV6));
    await new SocketProbe(host).open(family, o.SOCK_RAW, o.IPPROTO_ICMPV6);
  }
  const udp = await unprivileged.open(o.AF_INET6, o.SOCK_DGRAM);
  await refuses("EPERM", udp.do({ call: "setsockopt", level: 1, name: o.SO_MARK, value: 1 }));
  await refuses(
    "EPERM",
    udp.do({
      call: "send",
      text: "x",
      to: { address: NETWORK_1.routerAddress, port: 9 },
      control: [{ name: "IPV6_HOPOPTS", bytes: [59, 0, 1, 4, 0, 0, 0, 0] as never }],
    }),
  );
  await refuses("EACCES", udp.do({ call: "bind", to: { address: "::", port: 53 } }));
});
