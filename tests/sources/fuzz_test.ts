import fc from "fast-check";
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DBusValue } from "../../lib/dbus/message.ts";
import { parseAddress } from "../../lib/ip/address.ts";
import { readSources } from "../../lib/sources/mod.ts";
import { parseConfiguration, parseDeviceFile } from "../../lib/sources/network_manager.ts";
import { parseDescription } from "../../lib/sources/networkd_description.ts";
import { linkStatements, parseLease, parseLinkState } from "../../lib/sources/networkd_state.ts";
import { parseResolvConf } from "../../lib/sources/resolv_conf.ts";
import { parseDomain, parseServer } from "../../lib/sources/resolver_values.ts";
import type {
  PrefixStatement,
  ResolverStatement,
  ServerStatement,
} from "../../lib/sources/statement.ts";
import { fuzzed } from "../fuzz.ts";
import { fixture, textHost } from "./host_sample.ts";

/** What every statement must be, whatever it was read from. */
function checkValues(said: { dnsServers: ServerStatement[]; searchDomains: string[] }): void {
  assert.ok(said.dnsServers.length <= 64);
  assert.ok(said.searchDomains.length <= 256);
  for (const { address, port, zone } of said.dnsServers) {
    assert.ok(parseAddress(address), address);
    assert.ok(Number.isInteger(port) && port > 0 && port < 65536, `${port}`);
    assert.ok(zone === null || /^[!-~]{1,31}$/.test(zone), `${zone}`);
  }
  for (const domain of said.searchDomains) assert.match(domain, /^[a-z0-9_.-]{1,253}$/);
}

function checkStatements(said: {
  resolvers: ResolverStatement[];
  prefixes?: PrefixStatement[];
  warnings: unknown[];
}): void {
  said.resolvers.forEach(checkValues);
  for (const { prefix, prefixLength, router } of said.prefixes ?? []) {
    assert.ok(parseAddress(prefix) && parseAddress(router));
    assert.ok(prefixLength > 0 && prefixLength <= 128);
  }
}

/** Warnings are printed: they must be short and hold nothing a terminal acts on. */
function checkWarnings(warnings: string[]): void {
  assert.ok(warnings.length <= 33);
  for (const warning of warnings) assert.match(warning, /^[ -~…]{1,400}$/);
}

/** Words that a parser must look at more closely than at noise. */
const word = fc.oneof(
  fc.constantFrom(
    ..."nameserver search domain options DNS= DOMAINS= [dhcp4] # ; = [ ] % : .".split(" "),
  ),
  fc.constantFrom("ndots:", "timeout:-1", "attempts:9", "CAPTIVE_PORTAL=", "DNS_DEFAULT_ROUTE=yes"),
  fc.constantFrom(
    "dhcp4.domain_name_servers=",
    "dhcp6.dhcp6_name_servers=",
    "dhcp4.domain_search=",
  ),
  fc.constantFrom(
    "[fe80::1]:53%eth0#x",
    "fe80::1%eth0",
    "127.0.0.53",
    "::",
    "1.2.3.4:0",
    "~.",
    "A.b.",
  ),
  fc.ipV4(),
  fc.ipV6(),
  fc.domain(),
  fc.string({ unit: "binary" }),
);
const text = fc.array(fc.tuple(word, fc.constantFrom(" ", "\n", "", "\t", "\r\n", "\0")))
  .map((parts) => parts.flat().join(""));

/** A recorded text with pieces of it replaced by noise or cut out. */
function damaged(path: string): fc.Arbitrary<string> {
  const whole = fixture(path);
  const cut = fc.tuple(fc.nat(whole.length), fc.nat(40), word);
  return fc.array(cut, { minLength: 1, maxLength: 6 }).map((cuts) =>
    cuts.reduce(
      (text, [at, length, put]) => text.slice(0, at) + put + text.slice(at + length),
      whole,
    )
  );
}

test("parseServer() and parseDomain() take back what they gave", () => {
  fc.assert(
    fc.property(word, (text) => {
      const domain = parseDomain(text);
      if (domain !== null) assert.equal(parseDomain(domain), domain);
      const server = parseServer(text);
      if (!server) return;
      checkValues({ dnsServers: [server], searchDomains: [] });
      const zone = server.zone === null ? "" : `%${server.zone}`;
      assert.deepEqual(parseServer(`[${server.address}]:${server.port}${zone}`), server);
    }),
    fuzzed,
  );
});

test("parseResolvConf() of anything", () => {
  fc.assert(
    fc.property(fc.oneof(text, damaged("openresolv_3.12/interfaces/h0.ra")), (text) => {
      const said = parseResolvConf(text);
      checkValues(said);
      checkWarnings(said.warnings);
      const { ndots, timeoutSeconds, attempts } = said.options;
      assert.ok(ndots >= 0 && ndots <= 15 && timeoutSeconds >= 1 && timeoutSeconds <= 30);
      assert.ok(attempts >= 1 && attempts <= 5);
    }),
    fuzzed,
  );
});

test("parseLinkState() and parseLease() of anything", () => {
  const state = fc.oneof(text, damaged("systemd_networkd_252/links/2"));
  const lease = fc.oneof(
    text,
    fc.json(),
    damaged("systemd_networkd_252/leases/2"),
    damaged("systemd_networkd_json_lease/lease.json"),
  );
  fc.assert(
    fc.property(state, lease, (stateText, leaseText) => {
      const state = parseLinkState(stateText);
      const lease = parseLease(leaseText);
      for (const file of [state, lease]) {
        checkValues(file);
        checkWarnings(file.warnings);
      }
      const resolvers = linkStatements(1, state, lease);
      checkStatements({ resolvers, warnings: [] });
      const servers = resolvers.flatMap(({ dnsServers }) =>
        dnsServers.map((it) => JSON.stringify(it))
      );
      assert.equal(new Set(servers).size, servers.length, "a server twice");
    }),
    fuzzed,
  );
});

/** JSON in the shape of networkd's, with any value in any place. */
const networkdJson = (() => {
  const any = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.array(fc.nat(256), { maxLength: 17 }));
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => [0xfe, 0x80, ...bytes.slice(2)]),
    fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => [...bytes]),
    any,
  );
  const entry = fc.record({
    Address: bytes,
    Destination: bytes,
    Prefix: bytes,
    ConfigProvider: bytes,
    ConfigSource: fc.oneof(
      fc.constantFrom("NDisc", "DHCPv6", "DHCPv4", "static", "__proto__"),
      any,
    ),
    Domain: fc.oneof(fc.domain(), any),
    Port: fc.oneof(fc.nat(70000), any),
    InterfaceIndex: any,
    PrefixLength: fc.oneof(fc.nat(130), any),
    DestinationPrefixLength: fc.oneof(fc.nat(130), any),
    Gateway: bytes,
  }, { requiredKeys: [] });
  const entries = fc.oneof({ weight: 9, arbitrary: fc.array(entry, { maxLength: 5 }) }, any);
  const link = fc.record({
    Index: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 9 }) }, any),
    DNS: entries,
    SearchDomains: entries,
    Addresses: entries,
    Routes: entries,
    NDisc: fc.oneof(fc.record({ PREF64: entries }), any),
    CaptivePortal: any,
  }, { requiredKeys: ["Index"] });
  return fc.record({ Interfaces: fc.array(link, { maxLength: 3 }) }).map((it) =>
    JSON.stringify(it)
  );
})();

test("parseDescription() of anything", () => {
  const json = fc.oneof(
    networkdJson,
    fc.json(),
    text,
    damaged("systemd_networkd_252/describe.json"),
  );
  fc.assert(
    fc.property(json, (text) => {
      const said = parseDescription(text);
      checkStatements(said);
      checkWarnings(said.warnings);
    }),
    fuzzed,
  );
});

test("parseDeviceFile() of anything", () => {
  fc.assert(
    fc.property(fc.oneof(text, damaged("network_manager_1.42/devices/2")), (text) => {
      const said = parseDeviceFile(1, text);
      checkStatements(said);
      checkWarnings(said.warnings);
    }),
    fuzzed,
  );
});

test("parseConfiguration() of anything", () => {
  const item: fc.Arbitrary<DBusValue> = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom<DBusValue[]>("h0", 1, 2n, true, Uint8Array.of(1)),
      word,
      fc.array(tie("value"), { maxLength: 4 }),
      fc.array(
        fc.tuple(fc.constantFrom("nameservers", "domains", "interface", "x"), tie("value")),
        { maxLength: 4 },
      ).map((entries) => new Map(entries as [DBusValue, DBusValue][])),
      tie("value").map((value) => ({ signature: "v", value: value as DBusValue })),
    ),
  })).value as fc.Arbitrary<DBusValue>;
  const entry = fc.record({
    nameservers: fc.array(word).map((value) => ({ signature: "as", value })),
    domains: item.map((value) => ({ signature: "as", value })),
    interface: item.map((value) => ({ signature: "s", value })),
  }).map((it) => new Map<DBusValue, DBusValue>(Object.entries(it)));
  const reply = fc.oneof(
    fc.array(item),
    fc.array(entry).map((value) => [{ signature: "aa{sv}", value }]),
  );
  fc.assert(
    fc.property(reply, (reply) => {
      const said = parseConfiguration(reply as DBusValue[]);
      checkStatements(said);
      checkWarnings(said.warnings);
    }),
    fuzzed,
  );
});

test("readSources() of a host with any text in every file", () => {
  const paths = [
    "/run/systemd/netif/links/2",
    "/run/systemd/netif/leases/2",
    "/run/NetworkManager/devices/2",
    "/run/dhcpcd/hook-state/resolv.conf/eth0.dhcp",
    "/run/resolvconf/keys/eth0.ra",
    "/run/resolvconf/metrics/0000001 eth0.ra",
    "/etc/resolv.conf",
  ];
  fc.assert(
    fc.property(fc.tuple(...paths.map(() => text)), (texts) => {
      const files = textHost(Object.fromEntries(paths.map((path, i) => [path, texts[i]!])));
      const links = [{ index: 2, name: "eth0" }];
      const reports = readSources({ files, connectUnix: null, links });
      assert.ok(reports.every(({ found }) => found));
      for (const report of reports) {
        checkStatements(report);
        for (const { message } of report.warnings) assert.match(message, /^[ -~…]{1,400}$/);
      }
    }),
    fuzzed,
  );
});
