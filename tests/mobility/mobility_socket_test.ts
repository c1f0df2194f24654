import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { after, before, describe, test } from "node:test";
import { commandOutput } from "../lab/command.ts";
import {
  IPPROTO_IPV6,
  IPPROTO_MH,
  IPPROTO_RAW,
  IPV6_CHECKSUM,
  IPV6_DSTOPTS,
  IPV6_RTHDR,
  IPV6_UNICAST_HOPS,
  listPvds,
  setsockopt,
} from "../../mod.ts";
import {
  type Ipv6Packet,
  kernelHasMobileIpv6,
  type MobilitySendOptions,
  mobilitySocket,
  parseIpv6Packet,
  parseMobility,
  verifyMobility,
} from "../../lib/mobility/mod.ts";
import { labSkip, Tun } from "../lab/mod.ts";
import { hex, toHex } from "./vectors.ts";
import { homeAddressHeader, type2Header, type WirePacket, wirePacket } from "./wire.ts";

const HERE = "2001:db8:8888::1";
const HERE_TOO = "2001:db8:8888::2";
const THERE = "2001:db8:7777::1";
const HOME = "2001:db8:9999::1";
const skip = labSkip();
const mip6 = skip === false && kernelHasMobileIpv6();
const patience = { timeoutMs: 20_000 };

const HOTI = { type: "HoTI", cookie: hex("0102030405060708") } as const;
const UPDATE = {
  type: "BU",
  sequence: 1,
  flags: { acknowledge: true },
  lifetimeSeconds: 420,
} as const;

let tun: Tun;
before(async () => {
  if (skip !== false) return;
  tun = await Tun.open(HERE);
  // Deprecated, so that the kernel chooses the other one.
  const lifetimes = ["nodad", "preferred_lft", "0"];
  commandOutput(["ip", "addr", "add", `${HERE_TOO}/64`, "dev", tun.name, ...lifetimes]);
});
after(async () => {
  await tun?.[Symbol.asyncDispose]();
});

/** Has the kernel receive a message, from there to here unless told otherwise. */
function arrive(message: Uint8Array, packet: Partial<WirePacket> = {}): void {
  tun.receive(wirePacket(message, { source: THERE, destination: HERE, ...packet }));
}

/** The mobility message of a type that the kernel has sent. */
async function taken(mhType: number): Promise<Ipv6Packet> {
  return parseIpv6Packet(
    await tun.take(`a message of type ${mhType}`, (packet) => {
      if (packet[6] === 58) return false;
      const { protocol, payload } = parseIpv6Packet(packet);
      return protocol === IPPROTO_MH && payload[2] === mhType;
    }),
  );
}

const checksumIsRight = ({ checksumSource, checksumDestination, payload }: Ipv6Packet) =>
  verifyMobility(checksumSource, checksumDestination, payload);

describe("send()", { skip }, () => {
  for (const checksum of ["kernel", "library"] as const) {
    test(`by the ${checksum}'s checksum, with and without headers of Mobile IPv6`, async () => {
      using s = mobilitySocket({ checksum });
      const ways: [MobilitySendOptions, Partial<Ipv6Packet>][] = [
        [{ to: THERE }, {}],
        [{ to: THERE, from: HERE_TOO }, { source: HERE_TOO }],
        [{ to: { address: THERE, port: 0 }, homeAddress: HOME }, { homeAddress: HOME }],
        [{ to: HOME, careOfAddress: THERE }, { checksumDestination: HOME }],
        [
          { to: HOME, careOfAddress: THERE, from: HERE_TOO, homeAddress: "2001:db8::5" },
          { source: HERE_TOO, homeAddress: "2001:db8::5", checksumDestination: HOME },
        ],
        // Without anything again: nothing of the ways before is left.
        [{ to: THERE }, {}],
      ];
      for (const [how, wanted] of ways) {
        assert.equal(await s.send(UPDATE, how), 16);
        const packet = await taken(5);
        assert.ok(checksumIsRight(packet));
        assert.deepEqual(
          {
            source: packet.source,
            destination: packet.destination,
            homeAddress: packet.homeAddress,
            checksumDestination: packet.checksumDestination,
          },
          {
            source: HERE,
            destination: THERE,
            homeAddress: null,
            checksumDestination: THERE,
            ...wanted,
          },
        );
        // RFC 6275 6.3: routing header, then home address option.
        const names = packet.headers.map(({ name }) => name);
        const routing = how.careOfAddress ? ["routing"] : [];
        assert.deepEqual(names, [...routing, ...(how.homeAddress ? ["destination-options"] : [])]);
      }
      assert.equal(s.getsockopt(IPPROTO_IPV6, IPV6_CHECKSUM) | 0, checksum === "kernel" ? 4 : -1);
    });
  }

  test("bytes as they are, and a checksum that is not right", async () => {
    using s = mobilitySocket();
    const odd = Buffer.from(hex("1101c80000000000 1112131415161718"));
    await s.send(odd, { to: THERE, checksum: 0xabcd });
    const { payload } = await taken(0xc8);
    assert.equal(toHex(payload), "1101c800abcd0000 1112131415161718".replace(" ", ""));
    assert.equal(toHex(odd.subarray(4, 6)), "0000");
  });

  test("options of the socket hold for every way", async () => {
    using s = mobilitySocket();
    await s.send(UPDATE, { to: THERE, homeAddress: HOME });
    assert.equal((await taken(5)).hopLimit, 64);
    s.setsockopt(IPPROTO_IPV6, IPV6_UNICAST_HOPS, 7);
    for (const how of [{}, { homeAddress: HOME }, { careOfAddress: THERE }]) {
      await s.send(UPDATE, { to: how.careOfAddress ? HOME : THERE, ...how });
      assert.equal((await taken(5)).hopLimit, 7);
    }
  });

  test("from an address that is not this host's", async () => {
    using s = mobilitySocket();
    for (const how of [{}, { homeAddress: HOME }]) {
      await assert.rejects(s.send(HOTI, { to: THERE, from: "2001:db8::77", ...how }), {
        name: "MifError",
        syscall: "sendmsg",
      });
    }
  });

  test("what is no message, address or option", async () => {
    using s = mobilitySocket();
    await assert.rejects(
      s.send({ type: "HoTI", cookie: new Uint8Array(7) }, { to: THERE }),
      RangeError,
    );
    await assert.rejects(s.send(HOTI, { to: "nowhere" }), TypeError);
    await assert.rejects(s.send(HOTI, { to: "nowhere", homeAddress: HOME }), TypeError);
    await assert.rejects(s.send(HOTI, { to: THERE, homeAddress: "192.0.2.1" }), TypeError);
    await assert.rejects(s.send(HOTI, { to: THERE, careOfAddress: "x" }), TypeError);
    await assert.rejects(s.send(HOTI, { to: THERE, checksum: 0x10000 }), RangeError);
    assert.throws(() => mobilitySocket({ checksum: "none" as "kernel" }), TypeError);
  });
});

test("on a PvD a type 2 routing header is the kernel's or nobody's", { skip }, async () => {
  const pvd = listPvds().find((each) => each.interface.name === tun.name);
  using s = mobilitySocket({ pvd });
  const sending = s.send(UPDATE, { to: HOME, careOfAddress: THERE });
  // Nothing proves the way of a packet whose header is ours.
  if (!mip6) return await assert.rejects(sending, { code: "EOPNOTSUPP" });
  assert.equal(await sending, 16);
  const packet = await taken(5);
  assert.deepEqual([packet.destination, packet.checksumDestination], [THERE, HOME]);
  assert.equal(packet.source, s.getsockname().address);
  assert.ok(checksumIsRight(packet));
});

describe("headers of Mobile IPv6 go only where they are asked for by name", { skip }, () => {
  test("no option of the socket sends them", () => {
    using s = mobilitySocket();
    const header = homeAddressHeader(HOME)[1];
    const refused: [level: number, name: number, value: number | Uint8Array, instead: RegExp][] = [
      [IPPROTO_IPV6, IPV6_DSTOPTS, header, /homeAddress/],
      [IPPROTO_IPV6, IPV6_RTHDR, type2Header(THERE)[1], /careOfAddress/],
      [IPPROTO_IPV6, IPV6_CHECKSUM, -1, /checksum/],
      [IPPROTO_RAW, IPV6_CHECKSUM, -1, /checksum/],
    ];
    for (const [level, name, value, instead] of refused) {
      const error = { code: "EPERM", message: instead };
      assert.throws(() => s.setsockopt(level, name, value), error);
      assert.throws(() => setsockopt(s, level, name, value), error);
    }
  });
});

describe("receive()", { skip }, () => {
  test("tells message, addresses, interface and verdict", async () => {
    using s = mobilitySocket();
    arrive(hex("3b01010000000000 0102030405060708"));
    const received = await s.receive(patience);
    assert.ok(received.message?.type === "HoTI");
    assert.equal(toHex(received.message.cookie), toHex(HOTI.cookie));
    assert.equal(received.bytes.length, 16);
    assert.deepEqual(
      [received.source, received.destination, received.wireSource, received.wireDestination],
      [THERE, HERE, THERE, HERE],
    );
    assert.equal(received.homeAddress, null);
    const [link] = JSON.parse(commandOutput(["ip", "-j", "link", "show", "dev", tun.name]));
    assert.equal(received.interface, link.ifindex);
    assert.deepEqual(received.verdict, { ok: true });
  });

  test("what the kernel lets through and RFC 6275 does not", async () => {
    using s = mobilitySocket({ knownTypes: [13] });
    const rows: [message: string, verdict: string, unread?: boolean][] = [
      ["3b01c80000000000 0102030405060708", "binding-error unknown-type"],
      ["3b010d0000000000 0102030405060708", "ok"],
      ["3b01050000000001 8000006902080102", "drop option-truncated"],
    ];
    if (!mip6) {
      rows.push(["1101010000000000 0102030405060708", "parameter-problem payload-proto"]);
      rows.push(["3b00030000000000", "parameter-problem header-length", true]);
      rows.push(["3b0000000000", "drop too-short", true]);
    }
    for (const [message, wanted, unread = false] of rows) {
      arrive(hex(message));
      const { verdict, message: read } = await s.receive(patience);
      assert.equal(verdict.ok ? "ok" : `${verdict.action} ${verdict.fault}`, wanted);
      assert.equal(read === null, unread);
    }
  });

  test("a wrong checksum is heard where the library verifies it", async () => {
    using s = mobilitySocket({ checksum: "library" });
    arrive(hex("3b01010000000000 0102030405060708"), { checksum: 1 });
    arrive(hex("3b01010000000000 0102030405060708"));
    const { verdict } = await s.receive(patience);
    assert.ok(!verdict.ok && verdict.action === "drop" && verdict.fault === "checksum");
    assert.ok((await s.receive(patience)).verdict.ok);
  });

  test("ends by time, signal and close()", async () => {
    for (const wire of [false, true]) {
      const s = mobilitySocket({ wire });
      await assert.rejects(s.receive({ timeoutMs: 10 }), { code: "ETIMEDOUT" });
      const signal = AbortSignal.abort(new Error("enough"));
      await assert.rejects(s.receive({ signal }), /enough/);
      const waiting = s.receive();
      const iterating = s[Symbol.asyncIterator]().next();
      s.close();
      await assert.rejects(waiting, { code: "EBADF" });
      assert.equal((await iterating).done, true);
      assert.ok(s.closed);
      s.close();
    }
  });

  test("one after the other by iteration", async () => {
    using s = mobilitySocket();
    for (let i = 0; i < 3; i++) arrive(hex(`3b01010000000000 010203040506070${i}`));
    const cookies: number[] = [];
    for await (const { message } of s) {
      if (message?.type === "HoTI") cookies.push(message.cookie[7]!);
      if (cookies.length === 3) break;
    }
    assert.deepEqual(cookies, [0, 1, 2]);
    // Who stops finds the rest.
    arrive(hex("3b01010000000000 0102030405060709"));
    assert.ok((await s.receive(patience)).verdict.ok);
  });

  test("bound, only what is for its address", async () => {
    using s = mobilitySocket({ wire: true });
    s.bind({ address: HERE_TOO });
    assert.equal(s.getsockname().address, HERE_TOO);
    const message = hex("3b01050000000001 8000006901020000");
    const headers = [homeAddressHeader(HOME)];
    for (const destination of [HERE, HERE_TOO]) {
      arrive(message, { destination });
      arrive(message, { destination, headers, checksumSource: HOME });
    }
    const [one, other] = [await s.receive(patience), await s.receive(patience)];
    assert.deepEqual([one.wireDestination, other.wireDestination], [HERE_TOO, HERE_TOO]);
    assert.deepEqual([one.homeAddress, other.homeAddress].sort(), [HOME, null].sort());
    await s.send(UPDATE, { to: THERE, homeAddress: HOME });
    assert.equal((await taken(5)).source, HERE_TOO);
  });
});

describe("from the wire", { skip }, () => {
  const update = hex("3b01050000000001 8000006901020000");
  const fromHome = { headers: [homeAddressHeader(HOME)], checksumSource: HOME };

  test("a home address option, with both addresses told apart", async () => {
    using s = mobilitySocket({ wire: true });
    arrive(update, fromHome);
    const received = await s.receive(patience);
    assert.deepEqual(
      [received.source, received.homeAddress, received.wireSource],
      [HOME, HOME, THERE],
    );
    assert.deepEqual([received.destination, received.wireDestination], [HERE, HERE]);
    assert.deepEqual(received.verdict, { ok: true });
    assert.equal(received.message?.type, "BU");
  });

  test("a type 2 routing header, with both addresses told apart", async () => {
    using s = mobilitySocket({ wire: true });
    arrive(hex("3b01060000000000 0001000001020000"), {
      headers: [type2Header(HOME)],
      checksumDestination: HOME,
    });
    const received = await s.receive(patience);
    assert.deepEqual([received.source, received.wireSource], [THERE, THERE]);
    assert.deepEqual([received.destination, received.wireDestination], [HOME, HERE]);
    assert.equal(received.message?.type, "BA");
    assert.deepEqual(received.verdict, { ok: true });
  });

  test("once each, in turns with plain ones, and nothing of others", async () => {
    using s = mobilitySocket({ wire: true });
    const elsewhere = { ...fromHome, destination: "2001:db8:6666::1" };
    for (let i = 0; i < 4; i++) {
      arrive(hex(`3b010500000000${i}1 8000006901020000`), fromHome);
      arrive(update, elsewhere);
      arrive(hex(`3b010500000000${i}2 8000006901020000`));
    }
    const sequences: number[] = [];
    while (sequences.length < 8) {
      const { message, homeAddress } = await s.receive(patience);
      assert.ok(message?.type === "BU");
      assert.equal(homeAddress !== null, message.sequence % 16 === 1);
      sequences.push(message.sequence);
    }
    const wanted = [0, 1, 2, 3].flatMap((i) => [i * 16 + 1, i * 16 + 2]);
    assert.deepEqual(sequences.toSorted((a, b) => a - b), wanted);
    await assert.rejects(s.receive({ timeoutMs: 50 }), { code: "ETIMEDOUT" });
  });

  test("on a PvD nothing that is for its address and came by another link", async () => {
    const pvd = listPvds().find((each) => each.interface.name === tun.name);
    using s = mobilitySocket({ pvd, wire: true });
    using other = mobilitySocket({ wire: true });
    const { address } = s.getsockname();
    assert.ok(s.pvd !== null && address !== "::");
    // To an address of this host: by the loopback device.
    await other.send(UPDATE, { to: address, from: address, homeAddress: HOME });
    assert.equal((await other.receive(patience)).interface, 1);
    arrive(hex("3b01050000000009 8000006901020000"), { ...fromHome, destination: address });
    const { message } = await s.receive(patience);
    assert.ok(message?.type === "BU" && message.sequence === 9);
  });

  test("a wrong checksum, as the library verifies it", async () => {
    using s = mobilitySocket({ wire: true });
    arrive(update, { ...fromHome, checksumSource: THERE });
    const { verdict } = await s.receive(patience);
    assert.ok(!verdict.ok && verdict.fault === "checksum");
  });

  test("does not keep the process alive, nor lose what came before somebody waited", async () => {
    using s = mobilitySocket({ wire: true });
    await assert.rejects(s.receive({ timeoutMs: 1 }), { code: "ETIMEDOUT" });
    arrive(update, fromHome);
    arrive(update);
    const both = [await s.receive(patience), await s.receive(patience)];
    assert.deepEqual(both.map(({ homeAddress }) => homeAddress).sort(), [HOME, null].sort());
  });
});

describe("sendBindingError()", { skip }, () => {
  const unknown = hex("3b01c80000000000 0102030405060708");

  test("answers an unknown type, to where it came from", async () => {
    using s = mobilitySocket();
    arrive(unknown, { destination: HERE_TOO });
    assert.equal(await s.sendBindingError(await s.receive(patience)), true);
    const packet = await taken(7);
    assert.deepEqual([packet.source, packet.destination], [HERE_TOO, THERE]);
    assert.ok(checksumIsRight(packet));
    const message = parseMobility(packet.payload);
    assert.ok(message.type === "BE");
    assert.deepEqual([message.status, message.homeAddress], [2, "::"]);
  });

  test("names the home address that the packet had", async () => {
    using s = mobilitySocket({ wire: true });
    arrive(unknown, { headers: [homeAddressHeader(HOME)], checksumSource: HOME });
    assert.equal(await s.sendBindingError(await s.receive(patience)), true);
    const packet = await taken(7);
    const message = parseMobility(packet.payload);
    assert.ok(message.type === "BE" && message.homeAddress === HOME);
    assert.equal(packet.destination, THERE);
  });

  test("answers nothing else", async () => {
    using s = mobilitySocket();
    arrive(hex("3b01010000000000 0102030405060708"));
    const received = await s.receive(patience);
    assert.equal(await s.sendBindingError(received), false);
    arrive(unknown);
    const wrong = await s.receive(patience);
    for (const wireSource of ["::", "ff02::1"]) {
      assert.equal(await s.sendBindingError({ ...wrong, wireSource }), false);
    }
  });

  test("ten times a second", async () => {
    let nowMs = 0;
    using s = mobilitySocket({ clock: () => nowMs });
    arrive(unknown);
    const wrong = await s.receive(patience);
    const answers = async () => {
      const sent: boolean[] = [];
      for (let i = 0; i < 12; i++) sent.push(await s.sendBindingError(wrong));
      return sent.filter((each) => each).length;
    };
    assert.equal(await answers(), 10);
    nowMs += 300;
    assert.equal(await answers(), 3);
    nowMs += 60_000;
    assert.equal(await answers(), 10);
  });
});
