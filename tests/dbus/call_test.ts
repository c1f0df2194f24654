import fc from "fast-check";
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { BusError, callMethod, type Channel, type MethodCall } from "../../lib/dbus/call.ts";
import {
  decodeMessage,
  encodeMessage,
  MalformedMessageError,
  type Message,
  messageLength,
} from "../../lib/dbus/message.ts";
import { MifError } from "../../lib/error.ts";
import { fuzzed } from "../fuzz.ts";
import { busBytes, conversation, playback } from "../sources/host_sample.ts";
import { connectByChild } from "./child_channel.ts";

const CALL: MethodCall = {
  destination: "org.freedesktop.DBus",
  path: "/org/freedesktop/DBus",
  interface: "org.freedesktop.DBus",
  member: "ListNames",
};

function play(bytes: Uint8Array, atOnce?: number): Message {
  return callMethod(playback(bytes, atOnce).connectUnix, "", 0, CALL);
}

function joined(...parts: (string | Uint8Array)[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((
      part,
    ) => [...(typeof part === "string" ? new TextEncoder().encode(part) : part)]),
  );
}

const SASL = "DATA\r\nOK 0123456789abcdef\r\n";
const message = (changes: Partial<Message>): Uint8Array =>
  encodeMessage({ type: 2, flags: 1, serial: 5, signature: "", body: [], ...changes });
const HELLO = message({ replySerial: 1, signature: "s", body: [":1.5"] });
const SIGNAL = message({ type: 4, path: "/a", interface: "a.b", member: "C" });
const REPLY = message({ replySerial: 2, signature: "s", body: ["answer"] });

test("callMethod() finds its reply among other messages, however the bytes come", () => {
  const bytes = joined(SASL, HELLO, SIGNAL, message({ type: 77 }), REPLY, SIGNAL);
  for (const atOnce of [Infinity, 7, 1]) assert.deepEqual(play(bytes, atOnce).body, ["answer"]);
});

test("callMethod() writes everything at once and closes once", () => {
  const bus = playback(joined(SASL, HELLO, REPLY));
  callMethod(bus.connectUnix, "", 0, CALL);
  assert.equal(bus.closed(), 1);
  assert.equal(bus.written.length, 1);
  const sasl = new TextEncoder().encode("\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n");
  const written = bus.written[0]!;
  assert.deepEqual(written.subarray(0, sasl.length), sasl);
  const hello = written.subarray(
    sasl.length,
    sasl.length + messageLength(written.subarray(sasl.length)),
  );
  const call = decodeMessage(written.subarray(sasl.length + hello.length));
  assert.equal(decodeMessage(hello).member, "Hello");
  // NO_AUTO_START: asking must not start a daemon.
  assert.equal(call.flags & 2, 2);
  assert.equal(call.member, "ListNames");
});

const failures: [name: string, bytes: Uint8Array, message: RegExp][] = [
  ["nothing", new Uint8Array(0), /closed the connection/],
  [
    "a refusal",
    joined("REJECTED EXTERNAL DBUS_COOKIE_SHA1\r\n"),
    /refused to authenticate.*REJECTED/,
  ],
  ["an authentication that does not end", joined("x".repeat(10_000)), /no authentication line/],
  ["an end behind the authentication", joined(SASL), /closed the connection/],
  ["an end inside a message", joined(SASL, HELLO.subarray(0, 30)), /closed the connection/],
  [
    "a refused Hello",
    joined(SASL, message({ type: 3, replySerial: 1, errorName: "a.Limit" })),
    /^a\.Limit$/,
  ],
  [
    "an error",
    joined(
      SASL,
      message({ type: 3, replySerial: 2, errorName: "a.No", signature: "s", body: ["why"] }),
    ),
    /^a\.No: why$/,
  ],
  ["an error without name", joined(SASL, message({ type: 3, replySerial: 2 })), /without name/],
  [
    "signals without end",
    joined(SASL, ...new Array<Uint8Array>(100).fill(SIGNAL)),
    /no reply among 64/,
  ],
];
for (const [name, bytes, expected] of failures) {
  test(`callMethod() of ${name} is a BusError, and closes`, () => {
    const bus = playback(bytes, 100);
    assert.throws(() => callMethod(bus.connectUnix, "", 0, CALL), (error) => {
      assert.ok(error instanceof BusError, String(error));
      assert.match(error.message, expected);
      return true;
    });
    assert.equal(bus.closed(), 1);
  });
}

test("callMethod() stops at a message of more than a megabyte", () => {
  const header = Uint8Array.from(REPLY.subarray(0, 16));
  new DataView(header.buffer).setUint32(4, 2 ** 31, true);
  assert.throws(() => play(joined(SASL, header)), MalformedMessageError);
});

test("callMethod() takes a message of nearly a megabyte", () => {
  const text = "x".repeat(2 ** 20 - 200);
  const long = message({ replySerial: 2, signature: "s", body: [text] });
  assert.deepEqual(play(joined(SASL, HELLO, long)).body, [text]);
});

test("callMethod() closes when the channel throws", () => {
  let closed = 0;
  const timeout = new MifError("No answer in 5 ms", {
    code: "ETIMEDOUT",
    errno: 110,
    syscall: "read",
  });
  const channel: Channel = {
    write: () => {},
    read: () => {
      throw timeout;
    },
    close: () => closed++,
  };
  assert.throws(() => callMethod(() => channel, "", 5, CALL), timeout);
  assert.equal(closed, 1);
});

const recorded = [
  "systemd_networkd_252/describe_conversation.json",
  "network_manager_1.42/configuration_conversation.json",
  "dbus_daemon_1.14/service_unknown_conversation.json",
].map((path) => busBytes(conversation(path)));

test("whatever is done to a recorded conversation, it is answered or refused", () => {
  const change = fc.tuple(fc.nat(), fc.nat(255));
  fc.assert(
    fc.property(
      fc.constantFrom(...recorded),
      fc.array(change, { maxLength: 5 }),
      fc.nat(),
      (bytes, changes, length) => {
        const changed = bytes.slice(0, changes.length % 2 ? bytes.length : length % bytes.length);
        for (const [at, byte] of changes) {
          // Most of the structure is at the beginning.
          if (changed.length > 0) changed[at % Math.min(changed.length, 800)] = byte;
        }
        try {
          play(changed);
        } catch (error) {
          if (!(error instanceof BusError || error instanceof MalformedMessageError)) throw error;
        }
      },
    ),
    fuzzed,
  );
});

const daemonThere = spawnSync("dbus-daemon", ["--version"]).status === 0;

describe(
  "a real dbus-daemon",
  { skip: daemonThere ? false : "dbus-daemon is not installed" },
  () => {
    const directory = mkdtempSync(join(tmpdir(), "mif-dbus-"));
    const socket = join(directory, "bus");
    let daemon: ReturnType<typeof spawn> | undefined;

    before(async () => {
      writeFileSync(
        join(directory, "bus.conf"),
        `<busconfig>
        <listen>unix:path=${socket}</listen>
        <auth>EXTERNAL</auth>
        <policy context="default">
          <allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/>
        </policy>
        <servicedir>${directory}</servicedir>
      </busconfig>`,
      );
      // A service that would leave a trace if it were started.
      writeFileSync(
        join(directory, "trap.service"),
        `[D-BUS Service]\nName=example.Trap\nExec=/bin/touch ${join(directory, "started")}\n`,
      );
      daemon = spawn("dbus-daemon", [
        "--nofork",
        "--print-address",
        `--config-file=${join(directory, "bus.conf")}`,
      ], { stdio: ["ignore", "pipe", "inherit"] });
      await new Promise((resolve) => daemon!.stdout!.once("data", resolve));
    });
    after(async () => {
      // It removes its socket at its end, and what goes meanwhile makes the removal fail.
      if (daemon?.kill()) await once(daemon, "exit");
      rmSync(directory, { recursive: true });
    });

    const ask = (call: MethodCall) => callMethod(connectByChild, socket, 10_000, call);

    test("lists its names", () => {
      const reply = ask(CALL);
      assert.equal(reply.signature, "as");
      assert.equal(reply.sender, "org.freedesktop.DBus");
      const names = reply.body[0] as string[];
      assert.ok(names.includes("org.freedesktop.DBus"));
      assert.ok(names.some((name) => /^:1\.\d+$/.test(name)), "our own name");
    });

    test("takes arguments and gives dictionaries: the credentials it has of itself", () => {
      const reply = ask({
        ...CALL,
        member: "GetConnectionCredentials",
        signature: "s",
        body: ["org.freedesktop.DBus"],
      });
      assert.equal(reply.signature, "a{sv}");
      const credentials = reply.body[0] as Map<string, { signature: string; value: number }>;
      assert.deepEqual(credentials.get("ProcessID"), { signature: "u", value: daemon!.pid! });
    });

    test("answers with errors", () => {
      const call = { ...CALL, member: "GetNameOwner", signature: "s", body: ["example.Nobody"] };
      assert.throws(() => ask(call), (error) => {
        assert.ok(error instanceof BusError);
        assert.equal(error.errorName, "org.freedesktop.DBus.Error.NameHasNoOwner");
        return true;
      });
    });

    test("starts no service for a call", () => {
      assert.throws(
        () => ask({ ...CALL, destination: "example.Trap" }),
        /NameHasNoOwner|ServiceUnknown/,
      );
      const names = ask({ ...CALL, member: "ListActivatableNames" }).body[0] as string[];
      assert.ok(names.includes("example.Trap"), "the service could have been started");
      assert.notEqual(spawnSync("test", ["-e", join(directory, "started")]).status, 0);
    });
  },
);
