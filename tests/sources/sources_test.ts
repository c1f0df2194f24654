import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import type { ConnectUnix } from "../../lib/dbus/call.ts";
import { encodeMessage, MessageType } from "../../lib/dbus/message.ts";
import { MifError } from "../../lib/error.ts";
import { type HostFiles, UnreadableError } from "../../lib/sources/host_files.ts";
import { readSources } from "../../lib/sources/mod.ts";
import type { SourceReport } from "../../lib/sources/statement.ts";
import { busBytes, conversation, fixtureHost, noBus, playback, textHost } from "./host_sample.ts";

const ORDER = ["systemd-networkd", "NetworkManager", "dhcpcd", "openresolv", "/etc/resolv.conf"];
const LINKS = [
  { index: 1, name: "lo" },
  { index: 2, name: "h0" },
  { index: 3, name: "h1" },
];

function read(
  files: HostFiles,
  connectUnix: ConnectUnix | null = noBus,
): Record<string, SourceReport> {
  const reports = readSources({ files, connectUnix, links: LINKS });
  return Object.fromEntries(reports.map((report) => [report.source, report]));
}

function addresses(report: SourceReport): string[] {
  return report.resolvers.flatMap(({ dnsServers }) => dnsServers.map(({ address }) => address));
}

/** A connection that must not be opened. */
const untouched: ConnectUnix = () => {
  throw new Error("the bus was asked without reason");
};

test("readSources() of a host with nothing asks nobody and finds nothing, in order", () => {
  const asked: string[] = [];
  const note = (path: string) => {
    asked.push(path);
    return null;
  };
  const files: HostFiles = { read: note, list: note };
  const reports = readSources({ files, connectUnix: untouched, links: LINKS });
  assert.deepEqual(reports.map(({ source }) => source), ORDER);
  for (const { found, resolvers, prefixes, warnings } of reports) {
    assert.deepEqual({ found, resolvers, prefixes, warnings }, {
      found: false,
      resolvers: [],
      prefixes: [],
      warnings: [],
    });
  }
  assert.deepEqual(asked, [
    "/run/systemd/netif/links",
    "/run/NetworkManager/devices",
    "/run/dhcpcd/hook-state/resolv.conf",
    "/run/resolvconf",
    "/etc/resolv.conf",
  ]);
});

test("the empty directory that Debian's systemd makes is no networkd", () => {
  const files: HostFiles = {
    read: () => null,
    list: (path) => path === "/run/systemd/netif/links" ? [] : null,
  };
  assert.equal(read(files, untouched)["systemd-networkd"]!.found, false);
});

const NETWORKD = fixtureHost({ "/run/systemd/netif": "systemd_networkd_252" });

test("networkd is asked over the bus, and its files are left alone", () => {
  const recorded = conversation("systemd_networkd_252/describe_conversation.json");
  for (const atOnce of [Infinity, 1000, 1]) {
    const bus = playback(busBytes(recorded), atOnce);
    const files: HostFiles = { list: NETWORKD.list, read: () => null };
    const report = read(files, bus.connectUnix)["systemd-networkd"]!;
    assert.deepEqual(report.warnings, []);
    assert.equal(report.resolvers.length, 5);
    assert.equal(report.prefixes.length, 3);
    assert.ok(report.resolvers.some(({ router }) => router !== null));
    assert.equal(bus.closed(), 1);
    // Byte for byte what a real daemon answered to.
    assert.deepEqual(bus.written, [
      new Uint8Array(Buffer.from(recorded[0]!.b, "base64")),
    ]);
  }
});

test("networkd without a bus is read from its files, without a warning", () => {
  for (const connectUnix of [null, noBus]) {
    const report = read(NETWORKD, connectUnix)["systemd-networkd"]!;
    assert.deepEqual(report.warnings, []);
    assert.deepEqual(addresses(report), [
      "192.0.2.53",
      "192.0.2.54",
      "198.51.100.53",
      "2001:db8:a::547",
      "2001:db8:b::53",
      "2001:db8:a::53",
      "fe80::53",
      "203.0.113.53",
      "203.0.113.54",
      "2001:db8:c::53",
      "fe80::53",
    ]);
  }
});

const refused: ConnectUnix = () => {
  throw new MifError("Cannot connect: refused", {
    code: "ECONNREFUSED",
    errno: 111,
    syscall: "connect",
  });
};
const reply = (type: number, signature: string, body: string[]) =>
  Uint8Array.from([
    ...new TextEncoder().encode("DATA\r\nOK 1234\r\n"),
    ...encodeMessage({ type, flags: 1, serial: 9, replySerial: 2, signature, body }),
  ]);
const failingBuses: [name: string, connectUnix: ConnectUnix, message: RegExp][] = [
  ["that refuses the connection", refused, /refused/],
  ["that ends at once", playback(new Uint8Array(0)).connectUnix, /closed the connection/],
  [
    "that speaks another language",
    playback(new TextEncoder().encode("HTTP/1.1 400\r\n")).connectUnix,
    /authenticate/,
  ],
  [
    "where networkd does not run",
    playback(busBytes(conversation("dbus_daemon_1.14/service_unknown_conversation.json")))
      .connectUnix,
    /NameHasNoOwner/,
  ],
  [
    "that has zeros behind the authentication",
    playback(
      Uint8Array.from([...new TextEncoder().encode("DATA\r\nOK 1\r\n"), ...new Uint8Array(64)]),
    ).connectUnix,
    /byte order/,
  ],
];
for (const [name, connectUnix, message] of failingBuses) {
  test(`a bus ${name} is one warning, and the files are read`, () => {
    const report = read(NETWORKD, connectUnix)["systemd-networkd"]!;
    assert.equal(report.warnings.length, 1);
    assert.match(report.warnings[0]!.message, /^Describe on the system bus failed: /);
    assert.match(report.warnings[0]!.message, message);
    assert.equal(addresses(report).length, 11);
  });
}

test("an answer that is no JSON is a warning", () => {
  for (const [signature, body] of [["s", ["no JSON"]], ["", []]] as [string, string[]][]) {
    const bus = playback(reply(MessageType.METHOD_RETURN, signature, body));
    const report = read(NETWORKD, bus.connectUnix)["systemd-networkd"]!;
    assert.deepEqual(report.warnings.map((warning) => warning.message), [
      "not valid JSON; nothing used",
    ]);
  }
});

test("an error of the program is not swallowed as a warning", () => {
  assert.throws(() => read(NETWORKD, untouched), /without reason/);
});

test("NetworkManager is asked over the bus, else its device files are read", () => {
  const files = fixtureHost({ "/run/NetworkManager": "network_manager_1.42" });
  const bus = playback(
    busBytes(conversation("network_manager_1.42/configuration_conversation.json")),
  );
  const asked = read(files, bus.connectUnix)["NetworkManager"]!;
  assert.deepEqual(asked.warnings, []);
  assert.deepEqual(asked.resolvers.map((it) => it.interface), ["h2", "h2"]);
  assert.equal(addresses(asked).length, 7);
  const unasked = read(files, noBus)["NetworkManager"]!;
  assert.deepEqual(unasked.warnings, []);
  assert.deepEqual(addresses(unasked), ["192.0.2.53", "192.0.2.54", "2001:db8:a::547"]);
});

test("the stub of systemd-resolved in /etc/resolv.conf is kept as it is", () => {
  const { "/etc/resolv.conf": report } = read(
    textHost({ "/etc/resolv.conf": "nameserver 127.0.0.53\noptions edns0 ndots:2\nsearch .\n" }),
  );
  assert.deepEqual(report!.resolvers, [{
    source: "/etc/resolv.conf",
    interface: null,
    router: null,
    family: null,
    dnsServers: [{ address: "127.0.0.53", port: 53, zone: null }],
    searchDomains: [],
    options: { ndots: 2, timeoutSeconds: 5, attempts: 2, rotate: false },
  }]);
  assert.deepEqual(report!.warnings, []);
});

test("a host where nothing can be read gives one warning for each source", () => {
  const refuse = () => {
    throw new UnreadableError("not read: EACCES");
  };
  const reports = read({ read: refuse, list: refuse }, untouched);
  for (const source of ORDER) {
    assert.equal(reports[source]!.found, true, source);
    assert.deepEqual(reports[source]!.warnings.map(({ message }) => message), ["not read: EACCES"]);
  }
});

test("thousands of bad files give at most 256 warnings", () => {
  const texts: Record<string, string> = {};
  const links = [];
  for (let index = 1; index <= 4000; index++) {
    links.push({ index, name: `h${index}` });
    texts[`/run/systemd/netif/links/${index}`] = "DNS=a b c d\n";
  }
  const [report] = readSources({ files: textHost(texts), connectUnix: null, links });
  assert.equal(report!.warnings.length, 256);
});
