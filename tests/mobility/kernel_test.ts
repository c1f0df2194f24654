/** What the kernel does with mobility messages: the facts on which mobilitySocket() stands, with and without MIP6. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  AF_INET6,
  type ControlMessage,
  type ControlMessageInit,
  IPPROTO_ICMPV6,
  IPPROTO_IPV6,
  IPPROTO_MH,
  IPPROTO_RAW,
  IPV6_CHECKSUM,
  IPV6_DSTOPTS,
  IPV6_RECVDSTOPTS,
  IPV6_RECVHOPLIMIT,
  IPV6_RECVPKTINFO,
  IPV6_RECVRTHDR,
  IPV6_RTHDR,
  IPV6_RTHDRDSTOPTS,
  type ReceivedMessage,
  SOCK_DGRAM,
  SOCK_RAW,
  type Socket,
  socket,
} from "../../mod.ts";
import { kernelHasMobileIpv6, parseIpv6Packet, verifyMobility } from "../../lib/mobility/mod.ts";
import { labSkip, Tun, World } from "../lab/mod.ts";
import { diagnose } from "../../cli/diagnosis.ts";
import { doctor } from "../../cli/doctor.ts";
import { written } from "../written.ts";
import { hex, toHex } from "./vectors.ts";
import { homeAddressHeader, type2Header, type WireHeader, wirePacket } from "./wire.ts";

const HERE = "2001:db8:8888::1";
const THERE = "2001:db8:7777::1";
const HOME = "2001:db8:9999::1";
const skip = labSkip();
const mip6 = skip === false && kernelHasMobileIpv6();
/** Whose rows these are. */
const kind = mip6 ? "with Mobile IPv6" : "without Mobile IPv6";

const BRR = hex("3b00000000000000");
const HOTI = hex("3b01010000000000 0102030405060708");
const BU = hex("3b01050000000001 8000000301020000");

let tun: Tun;
before(async () => {
  if (skip === false) tun = await Tun.open(HERE);
});
after(async () => {
  await tun?.[Symbol.asyncDispose]();
});

/** A raw socket with control messages on. */
function open(checksum?: number): Socket {
  const s = socket(AF_INET6, SOCK_RAW, IPPROTO_MH);
  for (const name of [IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVDSTOPTS, IPV6_RECVRTHDR]) {
    s.setsockopt(IPPROTO_IPV6, name, true);
  }
  if (checksum !== undefined) s.setsockopt(IPPROTO_IPV6, IPV6_CHECKSUM, checksum);
  return s;
}

/** From there to here. */
function arriving(message: Uint8Array, ...headers: WireHeader[]): Uint8Array {
  return wirePacket(message, { source: THERE, destination: HERE, headers });
}

let marker = 0;

/** Has the kernel receive packets, and says what comes of them: a last one that is always delivered ends the wait. */
async function delivered(s: Socket, ...packets: Uint8Array[]): Promise<ReceivedMessage[]> {
  const last = HOTI.slice();
  new DataView(last.buffer).setUint32(8, ++marker);
  for (const packet of [...packets, arriving(last)]) tun.receive(packet);
  const messages: ReceivedMessage[] = [];
  while (true) {
    const message = await s.recvmsg({ timeoutMs: 20_000 });
    if (toHex(message.data.subarray(8)) === toHex(last.subarray(8))) return messages;
    messages.push(message);
  }
}

/** The ICMPv6 error that the kernel sends about a packet: type, code and pointer. */
async function icmpError(
  about: Uint8Array,
): Promise<[type: number, code: number, pointer: number]> {
  const quoted = toHex(about).slice(0, 160);
  const error = await tun.take(
    "an ICMPv6 error",
    (packet) => packet[6] === 58 && packet[40]! < 128 && toHex(packet).includes(quoted),
  );
  return [error[40]!, error[41]!, Buffer.from(error).readUInt32BE(44)];
}

/** Whether the kernel has said nothing about a packet, asked when a later one has been answered. */
function isSilent(about: Uint8Array): boolean {
  const quoted = toHex(about).slice(0, 160);
  return !tun.sent.some((packet) => packet[6] === 58 && toHex(packet).includes(quoted));
}

/** What a message looks like when the kernel has sent it. */
async function sent(s: Socket, data: Uint8Array, control: ControlMessageInit[] = []) {
  await s.sendmsg({ data, to: { address: THERE }, control });
  return parseIpv6Packet(
    await tun.take("the message", (packet) => {
      if (packet[6] === 58) return false;
      const parsed = parseIpv6Packet(packet);
      return parsed.protocol === IPPROTO_MH &&
        toHex(parsed.payload.subarray(6)) === toHex(data.subarray(6));
    }),
  );
}

const named = (control: readonly ControlMessage[]) => control.map(({ name }) => name);

describe(`a kernel ${kind}`, { skip }, () => {
  describe("IPV6_CHECKSUM", () => {
    test("is on at offset 4 for IPPROTO_MH, off for the draft's 62", () => {
      using mh = socket(AF_INET6, SOCK_RAW, IPPROTO_MH);
      using draft = socket(AF_INET6, SOCK_RAW, 62);
      assert.equal(mh.getsockopt(IPPROTO_IPV6, IPV6_CHECKSUM), 4);
      assert.equal(draft.getsockopt(IPPROTO_IPV6, IPV6_CHECKSUM) | 0, -1);
    });

    test("takes every even offset, refuses odd ones, and is off for every negative one", () => {
      using s = open();
      for (const level of [IPPROTO_IPV6, IPPROTO_RAW]) {
        for (const offset of [0, 2, 4096, 4]) {
          s.setsockopt(level, IPV6_CHECKSUM, offset);
          assert.equal(s.getsockopt(IPPROTO_IPV6, IPV6_CHECKSUM), offset);
        }
        assert.throws(() => s.setsockopt(level, IPV6_CHECKSUM, 5), { code: "EINVAL" });
        for (const offset of [-7, -1]) {
          s.setsockopt(level, IPV6_CHECKSUM, offset);
          assert.equal(s.getsockopt(IPPROTO_IPV6, IPV6_CHECKSUM) | 0, -1);
        }
        const short = Uint8Array.of(4, 0, 0);
        assert.throws(() => s.setsockopt(level, IPV6_CHECKSUM, short), { code: "EINVAL" });
      }
    });

    test("beyond the message fails when it is sent", async () => {
      using s = open(4096);
      await assert.rejects(s.sendmsg({ data: BRR, to: { address: THERE } }), { code: "EINVAL" });
    });

    test("of ICMPv6 is 2 and fixed, and UDP has none", () => {
      using icmp = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
      assert.equal(icmp.getsockopt(IPPROTO_IPV6, IPV6_CHECKSUM), 2);
      assert.throws(() => icmp.setsockopt(IPPROTO_IPV6, IPV6_CHECKSUM, 2), { code: "EINVAL" });
      icmp.setsockopt(IPPROTO_RAW, IPV6_CHECKSUM, 2);
      using udp = socket(AF_INET6, SOCK_DGRAM);
      assert.throws(() => udp.setsockopt(IPPROTO_IPV6, IPV6_CHECKSUM, 4), { code: "ENOPROTOOPT" });
      assert.throws(() => udp.getsockopt(IPPROTO_IPV6, IPV6_CHECKSUM), { code: "ENOPROTOOPT" });
    });

    test("has a wrong checksum dropped in silence; off, it is delivered", async () => {
      const wrong = wirePacket(HOTI, { source: THERE, destination: HERE, checksum: 1 });
      using verifying = open();
      assert.equal((await delivered(verifying, wrong)).length, 0);
      assert.ok(isSilent(wrong));
      using off = open(-1);
      assert.equal((await delivered(off, wrong))[0]!.data[5], 1);
    });

    test("has the kernel make the checksum that RFC 6275 wants; off, it sends what it is given", async () => {
      using on = open();
      const { payload, source, destination } = await sent(on, HOTI);
      assert.ok(verifyMobility(source, destination, payload));
      using off = open(-1);
      const given = hex("3b010100abcd0000 1112131415161718");
      assert.equal(toHex((await sent(off, given)).payload), toHex(given));
    });
  });

  describe("what a socket hears", () => {
    const odd: Record<string, [message: Uint8Array, pointer: number | null]> = {
      "a header that is too short for its type": [hex("3b00030000000000"), 1],
      "another Payload Proto": [hex("1101010000000000 0102030405060708"), 0],
      "an unknown type": [hex("3b01c80000000000 0102030405060708"), null],
      "bytes behind the header": [hex("3b00000000000000 0102030405060708"), null],
    };
    for (const [what, [message, pointer]] of Object.entries(odd)) {
      test(`${what}: ${mip6 && pointer !== null ? "dropped, with a Parameter Problem" : "delivered"}`, async () => {
        using s = open();
        const packet = arriving(message);
        const messages = await delivered(s, packet);
        if (mip6 && pointer !== null) {
          assert.equal(messages.length, 0);
          assert.deepEqual(await icmpError(packet), [4, 0, 40 + pointer]);
        } else {
          assert.equal(toHex(messages[0]!.data.subarray(6)), toHex(message.subarray(6)));
          assert.ok(isSilent(packet));
        }
      });
    }

    test(`six bytes: ${mip6 ? "dropped" : "delivered"}`, async () => {
      using s = open();
      const messages = await delivered(s, arriving(hex("3b0000000000")));
      assert.equal(messages.length, mip6 ? 0 : 1);
    });

    test("nobody: a Parameter Problem, code 1, that points to the IPv6 header's Next Header", async () => {
      const packet = arriving(HOTI);
      tun.receive(packet);
      assert.deepEqual(await icmpError(packet), [4, 1, 6]);
    });
  });

  describe("what a socket sends", () => {
    test("less than the checksum's place", async () => {
      using s = open();
      const to = { address: THERE };
      await assert.rejects(s.sendmsg({ data: hex("3b00"), to }), { code: "EFAULT" });
      await assert.rejects(s.sendmsg({ data: hex("3b000000"), to }), { code: "EINVAL" });
      await assert.rejects(s.sendmsg({ data: hex("3b00000000"), to }), { code: "EINVAL" });
    });

    test("to port 0 or 135, and to no other", async () => {
      using s = open();
      for (const port of [0, 135]) {
        assert.equal(await s.sendmsg({ data: BRR, to: { address: THERE, port } }), 8);
      }
      const other = { data: BRR, to: { address: THERE, port: 62 } };
      await assert.rejects(s.sendmsg(other), { code: "EINVAL" });
    });
  });

  describe("a home address option", () => {
    const [, header] = homeAddressHeader(HOME);

    test("is sent as given, by control message and by option, with a checksum that is wrong", async () => {
      using s = open();
      const control = [{ name: "IPV6_DSTOPTS", bytes: header } as const];
      const once = await sent(s, BU, control);
      s.setsockopt(IPPROTO_IPV6, IPV6_DSTOPTS, header);
      const sticky = await sent(s, BU);
      for (const packet of [once, sticky]) {
        assert.equal(packet.homeAddress, HOME);
        // Over the header's source: RFC 6275 6.1.1 wants the home address.
        assert.ok(verifyMobility(packet.source, packet.destination, packet.payload));
        assert.ok(!verifyMobility(HOME, packet.destination, packet.payload));
      }
    });

    test("as an option of the socket: its sizes, reading it back, taking it off", () => {
      using s = open();
      s.setsockopt(IPPROTO_IPV6, IPV6_DSTOPTS, header);
      const back = s.getsockoptBytes(IPPROTO_IPV6, IPV6_DSTOPTS, 64);
      assert.equal(toHex(back.subarray(1)), toHex(header.subarray(1)));
      const longer = header.slice();
      longer[1] = 3;
      const wrong = [header.subarray(0, 12), longer, new Uint8Array(2048)];
      for (const bytes of wrong) {
        assert.throws(() => s.setsockopt(IPPROTO_IPV6, IPV6_DSTOPTS, bytes), { code: "EINVAL" });
      }
      s.setsockopt(IPPROTO_IPV6, IPV6_DSTOPTS, new Uint8Array(0));
      assert.equal(s.getsockoptBytes(IPPROTO_IPV6, IPV6_DSTOPTS, 64).length, 0);
      const longest = new Uint8Array(2040);
      longest[1] = 254;
      s.setsockopt(IPPROTO_IPV6, IPV6_DSTOPTS, longest);
    });

    test(`received: ${mip6 ? "dropped in silence" : "dropped, with a Parameter Problem"}`, async () => {
      using s = open();
      const packet = wirePacket(BU, {
        source: THERE,
        destination: HERE,
        headers: [homeAddressHeader(HOME)],
        checksumSource: HOME,
      });
      assert.equal((await delivered(s, packet)).length, 0);
      if (mip6) assert.ok(isSilent(packet));
      // Code 2: the option is not recognized. Behind the IPv6 header, Next Header, length and PadN.
      else assert.deepEqual(await icmpError(packet), [4, 2, 46]);
    });
  });

  describe("a type 2 routing header", () => {
    const [, header] = type2Header(THERE);

    test(mip6 ? "is sent, with the addresses exchanged" : "is not sent", async () => {
      using s = open();
      const message = {
        data: HOTI,
        to: { address: HOME },
        control: [{ name: "IPV6_RTHDR", bytes: header } as const],
      };
      if (!mip6) {
        await assert.rejects(s.sendmsg(message), { code: "EINVAL" });
        assert.throws(() => s.setsockopt(IPPROTO_IPV6, IPV6_RTHDR, header), { code: "EINVAL" });
        return;
      }
      const packet = await sent(s, HOTI, message.control).catch(() => null);
      assert.ok(packet);
      await s.sendmsg(message);
      const exchanged = parseIpv6Packet(
        await tun.take("the routed message", (each) => each[6] === 43),
      );
      assert.equal(exchanged.destination, THERE);
      assert.equal(exchanged.checksumDestination, HOME);
      assert.ok(verifyMobility(exchanged.source, HOME, exchanged.payload));
    });

    test("is taken only as RFC 6275 has it", () => {
      using s = open();
      const [, arrived] = type2Header(THERE, 0);
      const empty = hex("0000020000000000");
      for (const bytes of [arrived, empty]) {
        assert.throws(() => s.setsockopt(IPPROTO_IPV6, IPV6_RTHDR, bytes), { code: "EINVAL" });
      }
    });

    test("is what IPV6_RTHDRDSTOPTS waits for: alone it does nothing", async () => {
      using s = open();
      s.setsockopt(IPPROTO_IPV6, IPV6_RTHDRDSTOPTS, hex("0000010400000000"));
      assert.deepEqual((await sent(s, HOTI)).headers, []);
    });

    test(`received: ${mip6 ? "dropped in silence" : "dropped, with a Parameter Problem"}`, async () => {
      using s = open();
      const packet = wirePacket(BRR, {
        source: THERE,
        destination: HERE,
        headers: [type2Header(HOME)],
        checksumDestination: HOME,
      });
      assert.equal((await delivered(s, packet)).length, 0);
      if (mip6) assert.ok(isSilent(packet));
      // Code 0: Routing Type.
      else assert.deepEqual(await icmpError(packet), [4, 0, 42]);
    });

    test(`received with no segments left: ${mip6 ? "dropped" : "delivered"}`, async () => {
      using s = open();
      const [message] = await delivered(s, arriving(HOTI, type2Header(HOME, 0)));
      if (mip6) return assert.equal(message, undefined);
      const routing = message!.control.find(({ name }) => name === "IPV6_RTHDR");
      assert.ok(routing?.name === "IPV6_RTHDR");
      assert.equal(toHex(routing.bytes.subarray(1)), toHex(type2Header(HOME, 0)[1].subarray(1)));
    });
  });

  describe("other headers", () => {
    const other: WireHeader = [60, hex("0000 1e04 01020304")];

    test("come as control messages, in the packet's order, behind the others", async () => {
      using s = open();
      const [message] = await delivered(s, arriving(HOTI, other, other));
      assert.deepEqual(named(message!.control), [
        "IPV6_PKTINFO",
        "IPV6_HOPLIMIT",
        "IPV6_DSTOPTS",
        "IPV6_DSTOPTS",
      ]);
      const [first, second] = message!.control.filter(({ name }) => name === "IPV6_DSTOPTS");
      assert.ok(first?.name === "IPV6_DSTOPTS" && second?.name === "IPV6_DSTOPTS");
      assert.equal(toHex(first.bytes), "3c001e0401020304");
      assert.equal(toHex(second.bytes), "87001e0401020304");
    });

    test("come in the old form where IPV6_2292DSTOPTS asks for it", async () => {
      const IPV6_2292DSTOPTS = 4;
      using s = socket(AF_INET6, SOCK_RAW, IPPROTO_MH);
      s.setsockopt(IPPROTO_IPV6, IPV6_2292DSTOPTS, true);
      const [message] = await delivered(s, arriving(HOTI, other));
      const [control] = message!.control;
      assert.ok(control?.name === "unknown");
      assert.deepEqual([control.level, control.type], [IPPROTO_IPV6, IPV6_2292DSTOPTS]);
      assert.equal(toHex(control.data), "87001e0401020304");
    });

    const options = (count: number) => `0000 01020000 ${"1e00".repeat(count)}`;
    const padding: Record<string, [digits: string, isDropped: boolean]> = {
      "seven bytes of padding": ["0000 0105 0000000000 1e05 0102030405", false],
      "eight bytes of padding": ["0000 0106 000000000000 1e04 01020304", true],
      "padding that is not zero": ["0000 0104 00000001", true],
      "eight options": [options(8), false],
      "nine options": [options(9), true],
    };
    for (const [what, [digits, isDropped]] of Object.entries(padding)) {
      test(`${what}: ${isDropped ? "dropped" : "delivered"}`, async () => {
        const bytes = hex(digits);
        // What is left is padding too.
        const padded = new Uint8Array(Math.ceil(bytes.length / 8) * 8);
        padded.set(bytes);
        padded[1] = padded.length / 8 - 1;
        using s = open();
        const messages = await delivered(s, arriving(HOTI, [60, padded]));
        assert.equal(messages.length, isDropped ? 0 : 1);
      });
    }
  });

  test("mif doctor says what it has, and what that means; ip xfrm knows it too", async () => {
    await using world = new World();
    const [host] = world.hosts("host");
    const state = "src :: dst :: proto hao mode ro coa ::".split(" ");
    const { status } = await host.run(["ip", "xfrm", "state", "add", ...state]);
    const judged = status === 0;
    assert.equal(judged, mip6);
    assert.equal(diagnose().mobileIpv6, judged);
    const rows = (await written("stdout", () => doctor([]))).split("\n");
    const row = rows.find((each) => each.startsWith("mobility "));
    assert.match(row!, judged ? /has Mobile IPv6: .* XFRM/ : /has no Mobile IPv6: .*`mif mh dump`/);
    assert.doesNotMatch(row!, /CAP_NET_RAW/);
  });

  test("without privilege there is no socket, no home address option, but receiving headers", async () => {
    await using world = new World();
    const [host] = world.hosts("host");
    const script = new URL("unprivileged_script.ts", import.meta.url);
    // Where the kernel is a program of this machine to start another takes long.
    const how = { unprivileged: true, timeoutMs: 120_000 };
    const { status, stdout, stderr } = await host.runScript(script, [], how);
    assert.equal(status, 0, stderr);
    const told = JSON.parse(stdout);
    assert.match(told.open, /^EPERM .*CAP_NET_RAW/);
    assert.match(told.sticky, /^EPERM /);
    assert.match(told.control, /^EPERM /);
    assert.equal(told.receiving, "none");
    assert.equal(told.mobileIpv6, mip6);
    assert.match(told.doctor, /^mobility .*has .*; messages .* CAP_NET_RAW$/m);
  });
});
