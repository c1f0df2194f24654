import assert from "node:assert/strict";
import { test } from "node:test";
import { linkStatements, parseLease, parseLinkState } from "../../lib/sources/networkd_state.ts";
import { parseDescription } from "../../lib/sources/networkd_description.ts";
import type { ResolverStatement, ServerStatement } from "../../lib/sources/statement.ts";
import { fixture } from "./host_sample.ts";

const RECORDED = "systemd_networkd_252";
/** The two routers of the recorded network. */
const ROUTER_A = "fe80::8c21:3fff:fe31:b29e";
const ROUTER_B = "fe80::acb3:e3ff:fe6e:b26b";

test("parseDescription() gives what each router said its own statement", () => {
  const { resolvers, prefixes, warnings } = parseDescription(fixture(`${RECORDED}/describe.json`));
  assert.deepEqual(warnings, []);
  assert.deepEqual(resolvers.map(brief), [
    "2 null null: 198.51.100.53 |",
    "2 4 null: 192.0.2.53 192.0.2.54 | v4.example search.example second.example",
    // The DHCPv6 server is router A.
    `2 6 ${ROUTER_A}: 2001:db8:a::547 2001:db8:a::53 | v6.example a.example`,
    `2 6 ${ROUTER_B}: 2001:db8:b::53 fe80::53 | b.example`,
    "3 null null: 203.0.113.53 203.0.113.54:5353 2001:db8:c::53%3 fe80::53 | static.example",
  ]);
  assert.ok(resolvers.every(({ source }) => source === "systemd-networkd"));
  assert.deepEqual(
    prefixes.map((it) => `${it.interface} ${it.prefix}/${it.prefixLength} ${it.router}`).sort(),
    [
      `2 2001:db8:a::/64 ${ROUTER_A}`,
      `2 2001:db8:a::1a5/128 ${ROUTER_A}`,
      `2 2001:db8:b::/64 ${ROUTER_B}`,
    ],
  );
});

const LINK_LOCAL = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const GLOBAL = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53];

/** The description of one link with these members. */
function describeLink(members: Record<string, unknown>): ReturnType<typeof parseDescription> {
  return parseDescription(JSON.stringify({ Interfaces: [{ Index: 7, ...members }] }));
}

test("parseDescription() reads PREF64 and the captive portal", () => {
  const { resolvers, warnings } = describeLink({
    CaptivePortal: "https://portal.example/api",
    NDisc: {
      PREF64: [{
        Prefix: [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        PrefixLength: 96,
        ConfigProvider: LINK_LOCAL,
      }],
    },
  });
  assert.deepEqual(warnings, []);
  assert.deepEqual(
    resolvers.map(({ router, family, pref64, captivePortal }) => [
      router,
      family,
      pref64,
      captivePortal,
    ]),
    [["fe80::1", 6, "64:ff9b::/96", undefined], [
      null,
      null,
      undefined,
      "https://portal.example/api",
    ]],
  );
});

test("parseDescription() leaves a DHCPv6 server that is no router without router", () => {
  const dns = { Address: GLOBAL, ConfigSource: "DHCPv6", ConfigProvider: LINK_LOCAL };
  assert.deepEqual(describeLink({ DNS: [dns] }).resolvers.map(brief), [
    "7 6 null: 2001:db8::53 |",
  ]);
});

test("parseDescription() takes no router that is not link-local", () => {
  const dns = { Address: GLOBAL, ConfigSource: "NDisc", ConfigProvider: GLOBAL };
  const address = { ...dns, PrefixLength: 64 };
  const { resolvers, prefixes } = describeLink({ DNS: [dns], Addresses: [address] });
  assert.deepEqual(resolvers.map(brief), ["7 6 null: 2001:db8::53 |"]);
  assert.deepEqual(prefixes, []);
});

const hostileDescriptions: [name: string, text: string, warnings: number][] = [
  ["nothing", "", 1],
  ["half a document", fixture(`${RECORDED}/describe.json`).slice(0, 5000), 1],
  ["no object", "[1, 2]", 1],
  ["null", "null", 1],
  ["an object without interfaces", "{}", 0],
  ["interfaces that are no array", '{"Interfaces":{"Index":1}}', 0],
  ["interfaces that are no objects", '{"Interfaces":[1,"x",null,[]]}', 0],
  ["half a million brackets", "[".repeat(500_000), 1],
  ["deep nesting", `{"Interfaces":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, 0],
  ["no index", '{"Interfaces":[{"DNS":[]}]}', 1],
  ["a negative index", '{"Interfaces":[{"Index":-1,"DNS":[]}]}', 1],
  ["index 0", '{"Interfaces":[{"Index":0}]}', 1],
  ["an address of 5 bytes", '{"Interfaces":[{"Index":1,"DNS":[{"Address":[1,2,3,4,5]}]}]}', 1],
  ["a byte of 256", '{"Interfaces":[{"Index":1,"DNS":[{"Address":[1,2,3,256]}]}]}', 1],
  ["a nested address", '{"Interfaces":[{"Index":1,"DNS":[{"Address":[[1],2,3,4]}]}]}', 1],
  ["no address", '{"Interfaces":[{"Index":1,"DNS":[{}]}]}', 1],
  ["no domain", '{"Interfaces":[{"Index":1,"SearchDomains":[{}]}]}', 1],
  ["a domain that is a number", '{"Interfaces":[{"Index":1,"SearchDomains":[{"Domain":1}]}]}', 1],
  ["a domain that is null", '{"Interfaces":[{"Index":1,"SearchDomains":[{"Domain":null}]}]}', 1],
  ["a domain with NUL", '{"Interfaces":[{"Index":1,"SearchDomains":[{"Domain":"a\\u0000b"}]}]}', 1],
  ["a prototype", '{"Interfaces":[{"Index":1,"DNS":[{"__proto__":{"Address":[1,2,3,4]}}]}]}', 1],
  ["a portal that is no URI", '{"Interfaces":[{"Index":1,"CaptivePortal":"\\u0007"}]}', 1],
  ["PREF64 of length 1", '{"Interfaces":[{"Index":1,"NDisc":{"PREF64":[{"PrefixLength":1}]}}]}', 1],
];
for (const [name, text, warnings] of hostileDescriptions) {
  test(`parseDescription() of ${name}`, () => {
    const said = parseDescription(text);
    assert.deepEqual(said.resolvers, []);
    assert.deepEqual(said.prefixes, []);
    assert.equal(said.warnings.length, warnings, said.warnings.join("\n"));
  });
}

test("parseDescription() takes an unknown ConfigSource for no family", () => {
  const dns = { Address: [192, 0, 2, 1], ConfigSource: "constructor" };
  assert.deepEqual(describeLink({ DNS: [dns] }).resolvers.map(brief), ["7 null null: 192.0.2.1 |"]);
});

test("the two files of a link name each server once", () => {
  const state = parseLinkState(fixture(`${RECORDED}/links/2`));
  const lease = parseLease(fixture(`${RECORDED}/leases/2`));
  assert.deepEqual([...state.warnings, ...lease.warnings], []);
  assert.deepEqual(linkStatements(2, state, lease).map(brief), [
    "2 4 null: 192.0.2.53 192.0.2.54 | v4.example search.example second.example",
    "2 null null: 198.51.100.53 2001:db8:a::547 2001:db8:b::53 2001:db8:a::53 fe80::53 | " +
    "v6.example b.example a.example",
  ]);
});

test("parseLinkState() reads ports, and no route-only domains", () => {
  const state = parseLinkState(fixture(`${RECORDED}/links/3`));
  assert.deepEqual(linkStatements(3, state, null).map(brief), [
    "3 null null: 203.0.113.53 203.0.113.54:5353 2001:db8:c::53 fe80::53 | static.example",
  ]);
});

test("parseLinkState() of an unmanaged link says nothing", () => {
  const state = parseLinkState(fixture(`${RECORDED}/links/1`));
  assert.deepEqual(linkStatements(1, state, null), []);
});

test("a lease whose servers networkd was told to ignore (UseDNS=no) gives none", () => {
  const state = parseLinkState("DNS=198.51.100.53\nDOMAINS=\n");
  const lease = parseLease(fixture(`${RECORDED}/leases/2`));
  assert.deepEqual(linkStatements(2, state, lease).map(brief), ["2 null null: 198.51.100.53 |"]);
});

test("a lease without link file stands for itself", () => {
  const lease = parseLease("DNS=192.0.2.53\nDOMAINNAME=v4.example\n");
  assert.deepEqual(linkStatements(2, null, lease).map(brief), [
    "2 4 null: 192.0.2.53 | v4.example",
  ]);
});

test("parseLease() reads the JSON of newer releases as it reads the older form", () => {
  const json = parseLease(fixture("systemd_networkd_json_lease/lease.json"));
  assert.deepEqual(json, parseLease(fixture(`${RECORDED}/leases/2`)));
});

const hostileFiles: [name: string, text: string, warnings: number][] = [
  ["nothing", "", 0],
  ["text that is no KEY=value", "\0\0\0\u0007 hello\n====\n=\nDNS", 0],
  ["empty values", "DNS=\nDOMAINS=\nDOMAINNAME=\nCAPTIVE_PORTAL=\n", 0],
  ["a key in the middle of a line", "X DNS=192.0.2.1\n", 0],
  ["servers that are none", "DNS=x 192.0.2.256 [::1]:99999 \0\n", 4],
  ["half-written JSON", '{"Servers":{"DNS":[[192,0,', 1],
  ["JSON of another shape", '{"Servers":[],"Domain_Search_List":{"a":1}}', 0],
  ["JSON with values of another shape", '{"Servers":{"DNS":[{},"",7]},"Domain_Name":7.5}', 4],
];
for (const [name, text, leaseWarnings] of hostileFiles) {
  test(`parseLease() and parseLinkState() of ${name}`, () => {
    const lease = parseLease(text);
    const state = parseLinkState(text);
    assert.deepEqual([lease.dnsServers, lease.searchDomains].flat(), []);
    assert.deepEqual([state.dnsServers, state.searchDomains].flat(), []);
    assert.equal(lease.warnings.length, leaseWarnings, lease.warnings.join("\n"));
  });
}

test("parseLinkState() takes the last of a key, and quotes off", () => {
  const state = parseLinkState(
    'DNS=192.0.2.1\nDNS="192.0.2.2"\nCAPTIVE_PORTAL=https://portal.example/api\n',
  );
  assert.deepEqual(state.dnsServers.map(server), ["192.0.2.2"]);
  assert.equal(state.captivePortal, "https://portal.example/api");
});

function server({ address, port, zone }: ServerStatement): string {
  return `${address}${port === 53 ? "" : `:${port}`}${zone === null ? "" : `%${zone}`}`;
}

function brief(statement: ResolverStatement): string {
  const { interface: link, family, router, dnsServers, searchDomains } = statement;
  const servers = dnsServers.map(server).join(" ");
  return `${link} ${family} ${router}: ${servers} | ${searchDomains.join(" ")}`.trimEnd();
}
