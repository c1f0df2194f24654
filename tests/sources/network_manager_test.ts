import assert from "node:assert/strict";
import { test } from "node:test";
import { callMethod } from "../../lib/dbus/call.ts";
import type { DBusValue, Variant } from "../../lib/dbus/message.ts";
import {
  type NetworkManagerStatements,
  parseConfiguration,
  parseDeviceFile,
} from "../../lib/sources/network_manager.ts";
import { busBytes, conversation, fixture, playback } from "./host_sample.ts";

function brief({ resolvers }: NetworkManagerStatements): string[] {
  return resolvers.map((it) => {
    const servers = it.dnsServers.map(({ address, port }) =>
      port === 53 ? address : `${address}:${port}`
    );
    return `${it.interface} ${it.family}: ${servers.join(" ")} | ${it.searchDomains.join(" ")}`
      .trimEnd();
  });
}

test("parseConfiguration() reads what NetworkManager 1.42 answered", () => {
  const { connectUnix } = playback(
    busBytes(conversation("network_manager_1.42/configuration_conversation.json")),
  );
  const reply = callMethod(connectUnix, "", 0, {
    destination: "a.b",
    path: "/",
    interface: "a.b",
    member: "Get",
  });
  const said = parseConfiguration(reply.body);
  assert.deepEqual(said.warnings, []);
  assert.deepEqual(brief(said), [
    "h2 4: 198.51.100.53 192.0.2.53 192.0.2.54 | search.example second.example",
    "h2 6: 2001:db8:a::547 2001:db8:b::53 fe80::53 2001:db8:a::53 | " +
    "static.example v6.example b.example a.example",
  ]);
});

test("parseDeviceFile() reads what NetworkManager 1.42 wrote", () => {
  const said = parseDeviceFile(2, fixture("network_manager_1.42/devices/2"));
  assert.deepEqual(said.warnings, []);
  assert.deepEqual(brief(said), [
    "2 4: 192.0.2.53 192.0.2.54 | v4.example search.example second.example",
    "2 6: 2001:db8:a::547 | v6.example",
  ]);
  assert.deepEqual(brief(parseDeviceFile(1, fixture("network_manager_1.42/devices/1"))), []);
});

/** The reply to Get() with these dictionaries. */
function configuration(...entries: Record<string, Variant>[]): DBusValue[] {
  const value = entries.map((entry) => new Map<DBusValue, DBusValue>(Object.entries(entry)));
  return [{ signature: "aa{sv}", value }];
}

const texts = (...value: string[]): Variant => ({ signature: "as", value });
const text = (value: string): Variant => ({ signature: "s", value });

const replies: [name: string, reply: DBusValue[], expected: string[], warnings: number][] = [
  ["nothing", [], [], 1],
  ["no variant", ["text"], [], 1],
  ["a variant of another type", [text("x")], [], 1],
  ["an empty array", configuration(), [], 0],
  ["an array of strings", [texts("a")], [], 0],
  ["an entry without servers", configuration({ interface: text("h0") }), [], 0],
  ["servers of another type", configuration({ nameservers: text("192.0.2.1") }), [], 0],
  [
    "route-only domains",
    configuration({
      interface: text("h0"),
      nameservers: texts("192.0.2.1"),
      domains: texts("~corp.example", "a.example", "~."),
    }),
    ["h0 4: 192.0.2.1 | a.example"],
    0,
  ],
  [
    "servers of both families, which a global configuration may have",
    configuration({ nameservers: texts("192.0.2.1", "2001:db8::1") }),
    ["null null: 192.0.2.1 2001:db8::1 |"],
    0,
  ],
  [
    "servers as URIs",
    configuration({
      nameservers: texts(
        "dns+udp://192.0.2.1:5353",
        "dns+tls://192.0.2.2#a.example",
        "192.0.2.3#x",
      ),
    }),
    ["null 4: 192.0.2.1:5353 192.0.2.3 |"],
    1,
  ],
  [
    "hostile texts",
    configuration({ nameservers: texts("", "\0", "x".repeat(1 << 19)), domains: texts("\u0007") }),
    [],
    4,
  ],
];
for (const [name, reply, expected, warnings] of replies) {
  test(`parseConfiguration() of ${name}`, () => {
    const said = parseConfiguration(reply);
    assert.deepEqual(brief(said), expected);
    assert.equal(said.warnings.length, warnings, said.warnings.join("\n"));
  });
}

const deviceFiles: [name: string, text: string, expected: string[], warnings: number][] = [
  ["nothing", "", [], 0],
  ["half a line", "[dhcp4]\ndhcp4.domain_name_serv", [], 0],
  ["options outside their group", "dhcp4.domain_name_servers=192.0.2.1\n[device]\n", [], 0],
  [
    "a comment, blanks and a second group of the name",
    "[dhcp4]\n#dhcp4.domain_name_servers=192.0.2.9\n dhcp4.domain_name_servers = 192.0.2.1 \n" +
    "[dhcp4]\ndhcp4.domain_name=a.example\n",
    ["2 4: 192.0.2.1 | a.example"],
    0,
  ],
  ["values that are none", "[dhcp6]\ndhcp6.dhcp6_name_servers=x \0 192.0.2.1.1\n", [], 3],
  ["a prototype", "[dhcp4]\n__proto__=192.0.2.1\n", [], 0],
];
for (const [name, content, expected, warnings] of deviceFiles) {
  test(`parseDeviceFile() of ${name}`, () => {
    const said = parseDeviceFile(2, content);
    assert.deepEqual(brief(said), expected);
    assert.equal(said.warnings.length, warnings, said.warnings.join("\n"));
  });
}
