/**
 * A kernel that has Mobile IPv6 and XFRM states for it: it exchanges addresses. `deno task mip6` runs this on such a one.
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  AF_INET6,
  IPPROTO_IPV6,
  IPPROTO_MH,
  IPV6_RECVDSTOPTS,
  IPV6_RECVPKTINFO,
  IPV6_RECVRTHDR,
  SOCK_RAW,
  socket,
} from "../../mod.ts";
import {
  homeAddressOf,
  kernelHasMobileIpv6,
  mobilitySocket,
  parseDestinationOptions,
  parseIpv6Packet,
  parseRoutingHeader,
  verifyMobility,
} from "../../lib/mobility/mod.ts";
import { labSkip, Tun } from "../lab/mod.ts";
import { commandOutput } from "../lab/command.ts";
import { hex } from "./vectors.ts";
import { homeAddressHeader, type2Header, wirePacket } from "./wire.ts";

const HERE = "2001:db8:8888::1";
/** A home address of this host's own, away from which it is. */
const OWN_HOME = "2001:db8:9999::8";
const THERE = "2001:db8:7777::1";
const HOME = "2001:db8:9999::1";
const patience = { timeoutMs: 20_000 };
const update = hex("3b01050000000001 8000006901020000");
const acknowledgement = hex("3b01060000000000 0001006901020000");

function exchangeSkip(): string | false {
  const reason = labSkip();
  if (reason !== false) return reason;
  if (kernelHasMobileIpv6()) return false;
  const without = "this kernel has no Mobile IPv6: deno task mip6 boots one that has";
  console.log(`Skipped: ${without}`);
  return without;
}

const skip = exchangeSkip();
let tun: Tun;

before(async () => {
  if (skip !== false) return;
  tun = await Tun.open(HERE);
  const ip = (words: string) => commandOutput(["ip", ...words.split(" ")]);
  ip(`addr add ${OWN_HOME}/128 dev ${tun.name} nodad home`);
  // Home address options of anyone, and type 2 routing headers from anyone.
  ip("xfrm state add src :: dst :: proto hao mode ro coa :: flag wildrecv");
  ip("xfrm state add src :: dst :: proto route2 mode ro coa :: flag wildrecv");
  // What came by a state is heard only where a policy says so.
  const template = (protocol: string) => `tmpl src :: dst :: proto ${protocol} mode ro level use`;
  const either = `${template("hao")} ${template("route2")}`;
  ip(`xfrm policy add src ::/0 dst ::/0 proto 135 dir in ${either}`);
});
after(async () => {
  if (tun === undefined) return;
  commandOutput(["ip", "xfrm", "state", "flush"]);
  commandOutput(["ip", "xfrm", "policy", "flush"]);
  await tun[Symbol.asyncDispose]();
});

const fromHome = (message: Uint8Array, source = THERE) =>
  wirePacket(message, {
    source,
    destination: HERE,
    headers: [homeAddressHeader(HOME)],
    checksumSource: HOME,
  });
const toHome = (message: Uint8Array) =>
  wirePacket(message, {
    source: THERE,
    destination: HERE,
    headers: [type2Header(OWN_HOME)],
    checksumDestination: OWN_HOME,
  });

describe("a kernel that exchanges addresses", { skip }, () => {
  test("what recvmsg() gives: the home address as source, the care-of address in the option", async () => {
    using s = socket(AF_INET6, SOCK_RAW, IPPROTO_MH);
    for (const name of [IPV6_RECVPKTINFO, IPV6_RECVDSTOPTS, IPV6_RECVRTHDR]) {
      s.setsockopt(IPPROTO_IPV6, name, true);
    }
    tun.receive(fromHome(update));
    const { from, control } = await s.recvmsg(patience);
    assert.equal(from!.address, HOME);
    const options = control.find(({ name }) => name === "IPV6_DSTOPTS");
    assert.ok(options?.name === "IPV6_DSTOPTS");
    assert.equal(homeAddressOf(parseDestinationOptions(options.bytes)), THERE);

    tun.receive(toHome(acknowledgement));
    const routed = await s.recvmsg(patience);
    const info = routed.control.find(({ name }) => name === "IPV6_PKTINFO");
    assert.ok(info?.name === "IPV6_PKTINFO" && info.address === OWN_HOME);
    const header = routed.control.find(({ name }) => name === "IPV6_RTHDR");
    assert.ok(header?.name === "IPV6_RTHDR");
    const routing = parseRoutingHeader(header.bytes);
    assert.ok(routing.name === "type-2");
    assert.deepEqual([routing.segmentsLeft, routing.homeAddress], [0, HERE]);
  });

  for (const wire of [false, true]) {
    for (const checksum of ["kernel", "library"] as const) {
      const by = `${wire ? "with" : "without"} the wire, checksum by the ${checksum}`;
      test(`mobilitySocket() tells the addresses apart, ${by}`, async () => {
        using s = mobilitySocket({ wire, checksum });
        tun.receive(fromHome(update));
        const bound = await s.receive(patience);
        assert.deepEqual(
          [bound.source, bound.homeAddress, bound.wireSource, bound.destination],
          [HOME, HOME, THERE, HERE],
        );
        assert.equal(bound.wireDestination, HERE);
        assert.deepEqual(bound.verdict, { ok: true });
        tun.receive(toHome(acknowledgement));
        const routed = await s.receive(patience);
        assert.deepEqual(
          [routed.source, routed.wireSource, routed.destination, routed.wireDestination],
          [THERE, THERE, OWN_HOME, HERE],
        );
        assert.equal(routed.homeAddress, null);
        assert.deepEqual(routed.verdict, { ok: true });
        // Once each.
        await assert.rejects(s.receive({ timeoutMs: 300 }), { code: "ETIMEDOUT" });
      });
    }
  }

  test("a home address that is none, or stands there twice, is dropped", async () => {
    using s = mobilitySocket();
    const [protocol, header] = homeAddressHeader(HOME);
    const twice = new Uint8Array([...header, ...header.subarray(2), 1, 0]);
    twice[1] = twice.length / 8 - 1;
    const group = homeAddressHeader("ff02::1")[1];
    const short = hex("0001 c908 2001db8000000001 0102 0000".replace(/ /g, ""));
    for (const bytes of [twice, group, short]) {
      tun.receive(wirePacket(update, {
        source: THERE,
        destination: HERE,
        headers: [[protocol, bytes]],
        checksumSource: bytes === group ? "ff02::1" : HOME,
      }));
    }
    tun.receive(fromHome(hex("3b0105000000002a 8000006901020000")));
    const { message } = await s.receive(patience);
    assert.ok(message?.type === "BU" && message.sequence === 42);
  });

  test("a home address that is not this host's is not routed to", async () => {
    using s = mobilitySocket();
    tun.receive(wirePacket(acknowledgement, {
      source: THERE,
      destination: HERE,
      headers: [type2Header(HOME)],
      checksumDestination: HOME,
    }));
    tun.receive(toHome(hex("3b01060000000000 002a006901020000")));
    const { message } = await s.receive(patience);
    assert.ok(message?.type === "BA" && message.sequence === 42);
  });

  test("what is sent from the home address gets its option from the kernel, behind a right checksum", async () => {
    const ip = (words: string) => commandOutput(["ip", ...words.split(" ")]);
    const way = `src ${OWN_HOME} dst ${THERE}`;
    ip(`xfrm state add ${way} proto hao mode ro coa ${HERE}`);
    ip(`xfrm policy add ${way} proto 135 dir out tmpl ${way} proto hao mode ro`);
    using s = mobilitySocket();
    await s.send({ type: "BU", sequence: 7, lifetimeSeconds: 420 }, { to: THERE, from: OWN_HOME });
    const packet = parseIpv6Packet(
      await tun.take("a Binding Update", (bytes) => bytes[6] === 60),
    );
    assert.deepEqual([packet.source, packet.homeAddress], [HERE, OWN_HOME]);
    assert.ok(verifyMobility(OWN_HOME, THERE, packet.payload));
  });
});
