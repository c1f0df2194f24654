import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import { MifError } from "../../lib/error.ts";
import { formatAddress } from "../../lib/ip/address.ts";
import {
  type ControlMessage,
  type ControlMessageInit,
  decodeControl,
  encodeControl,
} from "../../lib/socket/control.ts";
import {
  AF_INET,
  AF_INET6,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_HOPLIMIT,
  IPV6_TCLASS,
  MSG_CTRUNC,
  SO_TIMESTAMPNS,
  SO_TIMESTAMPNS_NEW,
  SOL_SOCKET,
} from "../../lib/socket/options.ts";
import { fuzzed } from "../fuzz.ts";
import { gccSkip, runC } from "./c_program.ts";

const skip = gccSkip();
const oracle = readFileSync(new URL("./control_oracle.c", import.meta.url), "utf8");

/** The oracle's answers to requests, one each. */
function ask(requests: string[]): string[] {
  return runC(oracle, requests.map((request) => `${request}\n`).join(""))
    .split("\n").slice(0, -1).map((line) => line.trim());
}

const toHex = (bytes: Uint8Array) =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const fromHex = (text: string) =>
  Uint8Array.from(text.match(/../g) ?? [], (byte) => parseInt(byte, 16));

const extensionHeader = (fill: number, units = 1) => {
  const bytes = new Uint8Array(units * 8).fill(fill);
  bytes[1] = units - 1;
  return bytes;
};

/** A Hop-by-Hop or Destination Options header that holds one PadN (RFC 8200 4.2). */
const padding = fromHex("0000010400000000");

/** What the oracle's layouts() builds, in its order. */
const built: ControlMessage[] = [
  { name: "IPV6_PKTINFO", address: "2001:db8::1:2", interface: 0x01020304 },
  { name: "IPV6_HOPLIMIT", value: 255 },
  { name: "IPV6_TCLASS", value: 0x2e },
  { name: "IPV6_RTHDR", bytes: fromHex("3b020201" + "00".repeat(20)) },
  { name: "IPV6_HOPOPTS", bytes: fromHex("3b00010400000000") },
  { name: "IPV6_DSTOPTS", bytes: fromHex("3b00010400000000") },
  { name: "IPV6_RTHDRDSTOPTS", bytes: fromHex("3b00010400000000") },
  { name: "IP_PKTINFO", interface: 7, source: "192.0.2.1", destination: "198.51.100.255" },
  { name: "IP_TTL", value: 64 },
  { name: "IP_TOS", value: 0xb8 },
  { name: "unknown", level: SOL_SOCKET, type: 1, data: fromHex("616263") },
];

describe("the layouts are those of the CMSG_* macros", { skip }, () => {
  const layouts = skip ? new Map<string, string>() : new Map(
    ask(["layouts"])[0]!.split(" ").map((entry) => entry.split("=") as [string, string]),
  );

  test("sent, each alone and all together", () => {
    for (const message of built) {
      assert.equal(toHex(encodeControl([message])), layouts.get(message.name), message.name);
    }
    assert.equal(toHex(encodeControl(built)), layouts.get("all"));
  });

  test("received, each alone and all together", () => {
    for (const message of built) {
      assert.deepEqual(decodeControl(fromHex(layouts.get(message.name)!)), [message]);
    }
    assert.deepEqual(decodeControl(fromHex(layouts.get("all")!)), built);
  });

  test("received only: IP_TOS of one byte, both numbers of SO_TIMESTAMPNS, IPV6_PATHMTU", () => {
    const received = (name: string) => decodeControl(fromHex(layouts.get(name)!));
    assert.deepEqual(received("received_IP_TOS"), [{ name: "IP_TOS", value: 0xb8 }]);
    assert.deepEqual(received("received_SO_TIMESTAMPNS_OLD"), [
      { name: "SO_TIMESTAMPNS", seconds: 1700000000, nanoseconds: 999999999 },
    ]);
    assert.deepEqual(received("received_SO_TIMESTAMPNS_NEW"), [
      { name: "SO_TIMESTAMPNS", seconds: 0x123456789, nanoseconds: 5 },
    ]);
    assert.deepEqual(received("received_IPV6_PATHMTU"), [
      { name: "IPV6_PATHMTU", destination: "fe80::2", scopeId: 7, mtu: 1400 },
    ]);
  });
});

const byte = fc.integer({ min: 0, max: 255 });
const index = fc.integer({ min: 0, max: 0x7fffffff });
const address = (size: number) =>
  fc.uint8Array({ minLength: size, maxLength: size }).map(formatAddress);
/** A record like one an object literal makes. */
const record = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(fields, { noNullPrototype: true });

const sendable: fc.Arbitrary<ControlMessage> = fc.oneof(
  record({ name: fc.constant("IPV6_PKTINFO"), address: address(16), interface: index }),
  record({
    name: fc.constant("IP_PKTINFO"),
    interface: index,
    source: address(4),
    destination: address(4),
  }),
  record({
    name: fc.constantFrom("IPV6_HOPLIMIT", "IPV6_TCLASS"),
    value: byte,
  }),
  record({ name: fc.constant("IP_TTL"), value: fc.integer({ min: 1, max: 255 }) }),
  record({ name: fc.constant("IP_TOS"), value: byte }),
  record({
    name: fc.constantFrom("IPV6_RTHDR", "IPV6_HOPOPTS", "IPV6_DSTOPTS", "IPV6_RTHDRDSTOPTS"),
    bytes: fc.tuple(byte, fc.integer({ min: 1, max: 256 })).map(([fill, units]) =>
      extensionHeader(fill, units)
    ),
  }),
  record({
    name: fc.constant("unknown"),
    // Levels where no name of ours lives.
    level: fc.integer({ min: 256, max: 0x7fffffff }),
    type: index,
    data: fc.uint8Array({ maxLength: 100 }),
  }),
) as fc.Arbitrary<ControlMessage>;

describe("round trips", () => {
  test("what is encoded decodes to the same, wherever it lies in its buffer", () => {
    fc.assert(
      fc.property(fc.array(sendable, { maxLength: 12 }), fc.nat(9), (messages, offset) => {
        const bytes = encodeControl(messages);
        assert.equal(bytes.length % 8, 0);
        const buffer = new Uint8Array(offset + bytes.length + 3).fill(0xff);
        buffer.set(bytes, offset);
        assert.deepEqual(
          decodeControl(buffer.subarray(offset, offset + bytes.length)),
          messages,
        );
      }),
      fuzzed,
    );
  });

  test("the CMSG_* macros walk the same messages", { skip }, () => {
    const samples = fc.sample(fc.array(sendable, { maxLength: 12 }), {
      ...fuzzed,
      // All of them go to one program at once.
      numRuns: Math.min(fuzzed.numRuns, 1000),
    }).map(encodeControl);
    const walked = ask(samples.map((bytes) => `walk ${toHex(bytes)}`));
    samples.forEach((bytes, i) => {
      // Every message as an unknown one: its numbers and data, as they stand in the bytes.
      const raw = decodeControl(bytes).map((message) => {
        const one = encodeControl([message]);
        const view = new DataView(one.buffer);
        const data = one.subarray(16, view.getUint32(0, true));
        return `${view.getInt32(8, true)}:${view.getInt32(12, true)}:${toHex(data)}`;
      });
      assert.equal(raw.join(" "), walked[i]);
    });
  });

  test("nothing decoded shares memory with the buffer", () => {
    // Also where the buffer is a Buffer, whose slice() does not copy.
    for (const bytes of [encodeControl(built), Buffer.from(encodeControl(built))]) {
      const messages = decodeControl(bytes);
      bytes.fill(0xee);
      assert.deepEqual(messages, built);
    }
  });

  test("no messages are no bytes, nor is the socket's default", () => {
    assert.equal(encodeControl([]).length, 0);
    assert.deepEqual(
      encodeControl([
        { name: "IPV6_TCLASS", value: -1 },
        { name: "IP_TTL", value: 3 },
        { name: "IPV6_HOPLIMIT", value: -1 },
      ]),
      encodeControl([{ name: "IP_TTL", value: 3 }]),
    );
    assert.deepEqual(decodeControl(new Uint8Array(0)), []);
  });
});

describe("what cannot be sent is refused before the kernel sees it", () => {
  const refused = (message: unknown, error: new (...args: never[]) => Error, text: RegExp) =>
    assert.throws(
      () => encodeControl([message as ControlMessageInit]),
      (thrown) => thrown instanceof error && text.test(thrown.message),
      JSON.stringify(message),
    );

  test("addresses", () => {
    for (const bad of ["192.0.2.1", "fe80::1%2", "x", "", 1, null, {}]) {
      const text = /address of IPV6_PKTINFO must be an IPv6 address without zone/;
      refused({ name: "IPV6_PKTINFO", address: bad ?? NaN }, TypeError, text);
    }
    for (const field of ["source", "destination"]) {
      for (const bad of ["::1", "1.2.3", "1.2.3.4%1", 16909060]) {
        const text = new RegExp(`${field} of IP_PKTINFO must be an IPv4 address`);
        refused({ name: "IP_PKTINFO", [field]: bad }, TypeError, text);
      }
    }
  });

  test("numbers", () => {
    for (const name of ["IPV6_HOPLIMIT", "IPV6_TCLASS", "IP_TTL", "IP_TOS"]) {
      for (const value of [-2, 256, 1.5, NaN, Infinity]) {
        refused({ name, value }, RangeError, new RegExp(name));
      }
      for (const value of ["1", undefined, true, 1n]) {
        assert.throws(() => encodeControl([{ name, value } as never]), TypeError, name);
      }
    }
    refused({ name: "IP_TTL", value: -1 }, RangeError, /IP_TTL/);
    refused({ name: "IP_TOS", value: -1 }, RangeError, /IP_TOS/);
    refused({ name: "IP_TTL", value: 0 }, RangeError, /IP_TTL must be 1 or more/);
    for (const name of ["IPV6_PKTINFO", "IP_PKTINFO"]) {
      for (const bad of [-1, 2 ** 31, 0.5]) {
        refused({ name, interface: bad }, RangeError, new RegExp(`interface of ${name}`));
      }
      refused({ name, interface: "eth0" }, TypeError, new RegExp(`interface of ${name}`));
    }
    for (const bad of [-1, 2 ** 31]) {
      refused({ name: "unknown", level: bad, type: 1, data: padding }, RangeError, /level/);
      refused({ name: "unknown", level: 1, type: bad, data: padding }, RangeError, /type/);
    }
  });

  test("extension headers that are not whole", () => {
    for (const name of ["IPV6_RTHDR", "IPV6_HOPOPTS", "IPV6_DSTOPTS", "IPV6_RTHDRDSTOPTS"]) {
      for (const size of [0, 1, 7, 12, 2056]) {
        refused({ name, bytes: new Uint8Array(size) }, RangeError, new RegExp(`not ${size}$`));
      }
      const text = /has 16 bytes, but its length field says 24/;
      refused({ name, bytes: fromHex("0002" + "00".repeat(14)) }, RangeError, text);
      refused({ name, bytes: [0, 0, 1, 4, 0, 0, 0, 0] }, TypeError, /must be a Uint8Array/);
      assert.equal(encodeControl([{ name, bytes: extensionHeader(0, 256) } as never]).length, 2064);
    }
    refused({ name: "unknown", level: 1, type: 1, data: "abc" }, TypeError, /must be a Uint8Array/);
    refused({ name: "unknown", level: 1, type: 1, data: null }, TypeError, /not null/);
  });

  test("what is no control message", () => {
    for (const bad of [null, undefined, 5, {}, { name: "IPV6_NEXTHOP" }, "IP_TTL"]) {
      refused(bad, TypeError, /^Not a control message: /);
    }
  });

  test("SO_TIMESTAMPNS and IPV6_PATHMTU, which are only received", () => {
    const received: ControlMessage[] = [
      { name: "SO_TIMESTAMPNS", seconds: 1, nanoseconds: 2 },
      { name: "IPV6_PATHMTU", destination: "2001:db8::1", scopeId: 0, mtu: 1280 },
    ];
    for (const message of received) {
      refused(message, MifError, new RegExp(`Cannot send ${message.name}`));
      try {
        encodeControl([message]);
      } catch (error) {
        const { code, errno, syscall } = error as MifError;
        assert.deepEqual([code, errno, syscall], ["EINVAL", 22, "sendmsg"]);
      }
    }
  });
});

describe("bytes of any kind", () => {
  test("never throw, and give no more than they hold", () => {
    const level = fc.constantFrom(SOL_SOCKET, IPPROTO_IP, IPPROTO_IPV6, 58, -1);
    const length = fc.oneof(
      fc.nat(60),
      fc.constantFrom(15, 16, 0x7fffffff, 0x80000000, 0xfffffff9, 0xffffffff),
    );
    const header = fc.tuple(
      length,
      fc.constantFrom(0, 0, 0, 0, 1, 0xffffffff),
      level,
      fc.integer({ min: -1, max: 70 }),
      fc.uint8Array({ maxLength: 48 }),
    ).map(([low, high, level, type, data]) => {
      const bytes = new Uint8Array(16 + data.length);
      const view = new DataView(bytes.buffer);
      view.setUint32(0, low, true);
      view.setUint32(4, high, true);
      view.setInt32(8, level, true);
      view.setInt32(12, type, true);
      bytes.set(data, 16);
      return [...bytes];
    });
    const hostile = fc.array(header, { maxLength: 20 }).map((parts) =>
      Uint8Array.from(parts.flat())
    );
    const bitFlips = fc.tuple(
      fc.array(sendable, { maxLength: 8 }),
      fc.array(fc.tuple(fc.nat(), byte)),
    )
      .map(([messages, flips]) => {
        const bytes = encodeControl(messages);
        for (const [at, bits] of flips) if (bytes.length > 0) bytes[at % bytes.length]! ^= bits;
        return bytes;
      });
    fc.assert(
      fc.property(
        fc.oneof(hostile, bitFlips, fc.uint8Array({ maxLength: 512 })),
        fc.boolean(),
        (bytes, truncated) => {
          const messages = decodeControl(bytes, truncated);
          assert.ok(messages.length <= bytes.length / 16);
          const held = messages.reduce(
            (sum, message) =>
              sum + ("bytes" in message ? message.bytes.length : 0) +
              ("data" in message ? message.data.length : 0),
            0,
          );
          assert.ok(held <= bytes.length);
        },
      ),
      fuzzed,
    );
  });

  test("a length that lies ends the list", () => {
    const first = encodeControl([{ name: "IPV6_HOPLIMIT", value: 1 }]);
    const decodedWithLength = (low: number, high: number) => {
      const bytes = new Uint8Array([...first, ...first]);
      new DataView(bytes.buffer).setUint32(first.length, low, true);
      new DataView(bytes.buffer).setUint32(first.length + 4, high, true);
      return decodeControl(bytes).length;
    };
    assert.equal(decodedWithLength(20, 0), 2);
    for (const low of [0, 1, 15, 25, 0x7fffffff, 0x80000000, 0xffffffff]) {
      assert.equal(decodedWithLength(low, 0), 1, `cmsg_len ${low}`);
    }
    assert.equal(decodedWithLength(20, 1), 1, "cmsg_len 2^32 + 20");
    assert.equal(decodedWithLength(0xffffffff, 0xffffffff), 1, "cmsg_len 2^64 - 1");
  });

  test("a megabyte of them is read in one pass", () => {
    const one = encodeControl([{ name: "unknown", level: 999, type: 1, data: new Uint8Array(0) }]);
    const bytes = new Uint8Array(1 << 20);
    for (let at = 0; at < bytes.length; at += one.length) bytes.set(one, at);
    assert.equal(decodeControl(bytes).length, bytes.length / 16);
  });

  test("a message that is cut is left out, whatever its name", () => {
    const time = encodeControl([
      { name: "unknown", level: SOL_SOCKET, type: SO_TIMESTAMPNS, data: new Uint8Array(16) },
    ]);
    const whole = [...built.map((message) => encodeControl([message])), time];
    for (const bytes of whole) {
      const length = new DataView(bytes.buffer).getUint32(0, true);
      const received = decodeControl(bytes, true);
      const isTos = received[0]?.name === "IP_TOS";
      assert.equal(received.length, 1, "a whole one stays, padded as it is");
      for (let end = 0; end < length; end++) {
        const cut = bytes.slice(0, end);
        // The kernel shortens cmsg_len to what it wrote.
        if (end >= 16) new DataView(cut.buffer).setUint32(0, end, true);
        const left = decodeControl(cut, true);
        // The one byte of a received IP_TOS is whole.
        assert.equal(
          left.length,
          isTos && end > 16 ? 1 : 0,
          `${received[0]!.name} of ${end} bytes`,
        );
      }
    }
  });
});

interface Received {
  from: string;
  flags: number;
  bytes: Uint8Array;
}

/** Sends control messages on loopback and tells how they arrived, or the errno of a refusal. */
function throughKernel(
  family: number,
  requests: { control: Uint8Array; room?: number; timestamp?: number }[],
): (Received | number)[] {
  const answers = ask(
    requests.map(({ control, room = 4096, timestamp = 0 }) =>
      `send ${family} ${room} ${timestamp} ${toHex(control)}`
    ),
  );
  return answers.map((answer) => {
    const refusal = /^errno (\d+)$/.exec(answer);
    if (refusal) return Number(refusal[1]);
    const [from, flags, hex = ""] = answer.split(" ");
    return { from: from!, flags: Number(flags), bytes: fromHex(hex) };
  });
}

function received(outcome: Received | number | undefined): Received {
  assert.ok(typeof outcome === "object", `refused with errno ${outcome}`);
  return outcome;
}

/** Why nothing can be sent on this family's loopback, printed; false where it can. */
function loopbackSkip(family: number, control: Uint8Array = new Uint8Array(0)): string | false {
  if (skip) return skip;
  const [outcome] = throughKernel(family, [{ control }]);
  if (typeof outcome === "object") return false;
  const reason = `loopback of address family ${family} refuses with errno ${outcome}`;
  console.log(`Skipped: ${reason}`);
  return reason;
}

const LOOPBACK_INDEX = 1;
const EINVAL = 22;
const EPERM = 1;
const unknown = (level: number, type: number, data: string): ControlMessage => ({
  name: "unknown",
  level,
  type,
  data: fromHex(data),
});

describe("IPv6 through the kernel", { skip: loopbackSkip(AF_INET6) }, () => {
  test("interface, address, hop limit and traffic class arrive as sent", () => {
    const control = encodeControl([
      { name: "IPV6_PKTINFO", address: "::1", interface: LOOPBACK_INDEX },
      { name: "IPV6_HOPLIMIT", value: 42 },
      { name: "IPV6_TCLASS", value: 0x2e },
    ]);
    const { bytes, flags } = received(throughKernel(AF_INET6, [{ control }])[0]);
    assert.equal(flags, 0);
    assert.deepEqual(decodeControl(bytes), [
      { name: "IPV6_PKTINFO", address: "::1", interface: LOOPBACK_INDEX },
      { name: "IPV6_HOPLIMIT", value: 42 },
      { name: "IPV6_TCLASS", value: 0x2e },
      unknown(IPPROTO_IPV6, 8, "2a000000"),
    ]);
  });

  test("-1 is the socket's default, and what is left out the kernel's choice", () => {
    const [plain, chosen] = throughKernel(AF_INET6, [
      { control: new Uint8Array(0) },
      {
        control: encodeControl([
          { name: "IPV6_PKTINFO" },
          { name: "IPV6_HOPLIMIT", value: -1 },
          { name: "IPV6_TCLASS", value: -1 },
        ]),
      },
    ]);
    assert.deepEqual(decodeControl(received(chosen).bytes), decodeControl(received(plain).bytes));
  });

  test("our bounds are the kernel's", () => {
    const int = (level: number, type: number, value: number) => {
      const data = new Uint8Array(4);
      new DataView(data.buffer).setInt32(0, value, true);
      return encodeControl([{ name: "unknown", level, type, data }]);
    };
    const numbers = [IPV6_HOPLIMIT, IPV6_TCLASS];
    const outcomes = (values: number[]) =>
      throughKernel(
        AF_INET6,
        numbers.flatMap((type) =>
          values.map((value) => ({ control: int(IPPROTO_IPV6, type, value) }))
        ),
      ).map((outcome) => typeof outcome === "number" ? outcome : "sent");
    assert.deepEqual(outcomes([-2, 256]), [EINVAL, EINVAL, EINVAL, EINVAL]);
    assert.deepEqual(outcomes([0, 255]), new Array(4).fill("sent"));
  });

  test("SO_TIMESTAMPNS comes in by either number, and the kernel takes none", () => {
    const types = [SO_TIMESTAMPNS, SO_TIMESTAMPNS_NEW];
    for (
      const outcome of throughKernel(
        AF_INET6,
        types.map((timestamp) => ({ control: new Uint8Array(0), timestamp })),
      )
    ) {
      const [time] = decodeControl(received(outcome).bytes);
      assert.ok(time?.name === "SO_TIMESTAMPNS");
      const ageSeconds = Date.now() / 1000 - (time.seconds + time.nanoseconds / 1e9);
      assert.ok(Math.abs(ageSeconds) < 60, `arrived ${ageSeconds} s ago`);
      assert.ok(time.nanoseconds >= 0 && time.nanoseconds < 1e9);
    }
    const sent = types.map((type) => ({
      control: encodeControl([unknown(SOL_SOCKET, type, "00".repeat(16))]),
    }));
    assert.deepEqual(throughKernel(AF_INET6, sent), [EINVAL, EINVAL]);
  });

  test("whatever room there is, what decodes is the head of the whole", () => {
    const control = encodeControl([{ name: "IPV6_HOPLIMIT", value: 9 }]);
    const whole = received(throughKernel(AF_INET6, [{ control }])[0]).bytes;
    const expected = decodeControl(whole);
    assert.equal(expected.length, 4);
    const rooms = Array.from({ length: whole.length + 1 }, (_, room) => room);
    throughKernel(AF_INET6, rooms.map((room) => ({ control, room }))).forEach((outcome, room) => {
      const { bytes, flags } = received(outcome);
      const truncated = (flags & MSG_CTRUNC) !== 0;
      const messages = decodeControl(bytes, truncated);
      assert.deepEqual(messages, expected.slice(0, messages.length), `${room} bytes of room`);
      // Where nothing was left out nothing is missing, and the other way round.
      assert.equal(messages.length < expected.length, truncated, `${room} bytes of room`);
    });
  });

  // Sending these headers needs CAP_NET_RAW.
  const headerSkip = loopbackSkip(
    AF_INET6,
    encodeControl([{ name: "IPV6_DSTOPTS", bytes: padding }]),
  );

  test("option headers arrive whole, one message each, with Next Header filled in", {
    skip: headerSkip,
  }, () => {
    const control = encodeControl([
      { name: "IPV6_HOPOPTS", bytes: padding },
      { name: "IPV6_DSTOPTS", bytes: padding },
    ]);
    const { bytes } = received(throughKernel(AF_INET6, [{ control }])[0]);
    const headers = decodeControl(bytes).filter((message) => "bytes" in message);
    assert.deepEqual(headers, [
      // 60: destination options, 17: UDP.
      { name: "IPV6_HOPOPTS", bytes: fromHex("3c00010400000000") },
      { name: "IPV6_DSTOPTS", bytes: fromHex("1100010400000000") },
    ]);
  });

  test("IPV6_RTHDRDSTOPTS does not leave without IPV6_RTHDR", { skip: headerSkip }, () => {
    const control = encodeControl([{ name: "IPV6_RTHDRDSTOPTS", bytes: padding }]);
    const { bytes } = received(throughKernel(AF_INET6, [{ control }])[0]);
    assert.deepEqual(decodeControl(bytes).filter((message) => "bytes" in message), []);
  });

  test("without CAP_NET_RAW the kernel refuses option headers, and nothing else", () => {
    const answers = ask([
      "unprivileged",
      ...built.slice(0, 7).filter(({ name }) => name !== "IPV6_RTHDR" && name !== "IPV6_PKTINFO")
        .map((message) => `send ${AF_INET6} 0 0 ${toHex(encodeControl([message]))}`),
    ]);
    const refusals = answers.slice(1).map((answer) => answer === `errno ${EPERM}`);
    assert.deepEqual(refusals, [false, false, true, true, true], answers.join("\n"));
  });
});

describe("IPv4 through the kernel", { skip: loopbackSkip(AF_INET) }, () => {
  test("IP_TOS is sent as an int and received as one byte; ipi_addr is ignored when sent", () => {
    const control = encodeControl([
      { name: "IP_TTL", value: 7 },
      { name: "IP_TOS", value: 0x10 },
      {
        name: "IP_PKTINFO",
        interface: LOOPBACK_INDEX,
        source: "127.0.0.5",
        destination: "192.0.2.99",
      },
    ]);
    const { bytes, from } = received(throughKernel(AF_INET, [{ control }])[0]);
    assert.equal(from, "127.0.0.5");
    assert.deepEqual(decodeControl(bytes), [
      {
        name: "IP_PKTINFO",
        interface: LOOPBACK_INDEX,
        source: "127.0.0.1",
        destination: "127.0.0.1",
      },
      { name: "IP_TTL", value: 7 },
      { name: "IP_TOS", value: 0x10 },
    ]);
    const lengths: number[] = [];
    const view = new DataView(bytes.buffer);
    for (let at = 0; at < bytes.length; at += Math.ceil(lengths.at(-1)! / 8) * 8) {
      lengths.push(view.getUint32(at, true));
    }
    assert.deepEqual(lengths, [16 + 12, 16 + 4, 16 + 1], "cmsg_len of each");
  });

  test("an IP_PKTINFO that was received sends the answer from where the datagram went", () => {
    const [first] = throughKernel(AF_INET, [{ control: new Uint8Array(0) }]);
    const info = decodeControl(received(first).bytes)
      .filter((message) => message.name === "IP_PKTINFO");
    const [answer] = throughKernel(AF_INET, [{ control: encodeControl(info) }]);
    assert.equal(received(answer).from, "127.0.0.1");
  });

  test("the kernel refuses an IP_TTL of 0", () => {
    const control = encodeControl([unknown(IPPROTO_IP, IP_TTL, "00000000")]);
    assert.deepEqual(throughKernel(AF_INET, [{ control }]), [EINVAL]);
  });
});
