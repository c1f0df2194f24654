/**
 * Files and answers of network managers: written by root as a rule, and by whoever got in its place.
 *
 * @module
 */

import assert from "node:assert/strict";
import { parseAddress } from "../../../lib/ip/address.ts";
import { parseEnvFile, parseKeyFileGroup } from "../../../lib/sources/env_file.ts";
import { parseJson } from "../../../lib/sources/json_value.ts";
import { readInterfaceKey } from "../../../lib/sources/keyed_resolv_conf.ts";
import { readSources } from "../../../lib/sources/mod.ts";
import { parseDeviceFile } from "../../../lib/sources/network_manager.ts";
import { parseDescription } from "../../../lib/sources/networkd_description.ts";
import { linkStatements, parseLease, parseLinkState } from "../../../lib/sources/networkd_state.ts";
import { parseResolvConf } from "../../../lib/sources/resolv_conf.ts";
import { parseDomain, parseServer } from "../../../lib/sources/resolver_values.ts";
import type { ServerStatement } from "../../../lib/sources/statement.ts";
import { fixture, textHost } from "../../sources/host_sample.ts";
import { bytesOf, type FuzzTarget, textOf } from "../target.ts";

interface Said {
  dnsServers: ServerStatement[];
  searchDomains: string[];
}

/** What every statement must be, whatever it was read from. */
function checked<T extends Said>(said: T): T {
  assert.ok(said.dnsServers.length <= 64 && said.searchDomains.length <= 256);
  for (const { address, port, zone } of said.dnsServers) {
    assert.ok(parseAddress(address) && Number.isInteger(port) && port > 0 && port < 65536);
    assert.ok(zone === null || /^[!-~]{1,31}$/.test(zone), `${zone}`);
  }
  for (const domain of said.searchDomains) assert.match(domain, /^[a-z0-9_.-]{1,253}$/);
  return said;
}

/** Warnings are printed: short, and nothing in them that a terminal acts on. */
function checkWarnings(warnings: readonly (string | { message: string })[]): void {
  assert.ok(warnings.length <= 33 * 8);
  for (const warning of warnings) {
    assert.match(typeof warning === "string" ? warning : warning.message, /^[ -~…]{1,400}$/);
  }
}

const seeds = (...paths: string[]) => () => bytesOf(...paths.map(fixture));
const addresses = ["127.0.0.53", "fe80::1%eth0", "[2001:db8::1]:53%h0#x", "::", "1.2.3.4:0"];
const lines = ["\n", " ", "=", "#", ";", "\0", "\r", "\t"];
/** Between the files of a host in one input: no text has it. */
const FILE_END = "\x1e";

const FILES = [
  "/run/systemd/netif/links/2",
  "/run/systemd/netif/leases/2",
  "/run/NetworkManager/devices/2",
  "/run/dhcpcd/hook-state/resolv.conf/eth0.dhcp",
  "/run/resolvconf/keys/eth0.ra",
  "/run/resolvconf/metrics/0000001 eth0.ra",
  "/etc/resolv.conf",
];

/** Those of this room. */
export const targets: FuzzTarget[] = [
  {
    name: "resolv-conf",
    seeds: seeds("openresolv_3.12/interfaces/h0.ra", "dhcpcd_9.4.1/resolv.conf/h2.dhcp6"),
    read: (bytes) => {
      const said = checked(parseResolvConf(textOf(bytes)));
      checkWarnings(said.warnings);
      const { ndots, timeoutSeconds, attempts } = said.options;
      assert.ok(ndots >= 0 && ndots <= 15 && timeoutSeconds >= 1 && timeoutSeconds <= 30);
      assert.ok(attempts >= 1 && attempts <= 5);
      return said;
    },
    words: [
      ...["nameserver ", "search ", "domain ", "options ", "ndots:", "timeout:", "rotate"],
      ...[...addresses, ...lines],
    ],
    growth: 64,
  },
  {
    name: "networkd-state",
    seeds: seeds("systemd_networkd_252/links/2", "systemd_networkd_252/links/3"),
    read: (bytes) => {
      const state = checked(parseLinkState(textOf(bytes)));
      checkWarnings(state.warnings);
      return [state, linkStatements(1, state, parseLease(""))];
    },
    words: ["DNS=", "DOMAINS=", "DNS_DEFAULT_ROUTE=yes", "CAPTIVE_PORTAL=", ...addresses, ...lines],
    growth: 64,
  },
  {
    name: "networkd-lease",
    seeds: seeds("systemd_networkd_252/leases/2", "systemd_networkd_json_lease/lease.json"),
    read: (bytes) => {
      const lease = checked(parseLease(textOf(bytes)));
      checkWarnings(lease.warnings);
      return [lease, linkStatements(1, parseLinkState(""), lease)];
    },
    words: [
      "DNS=",
      "DOMAINNAME=",
      "DOMAIN_SEARCH_LIST=",
      "{",
      "}",
      "[",
      '"',
      ...addresses,
      ...lines,
    ],
    growth: 64,
  },
  {
    name: "networkd-description",
    seeds: seeds("systemd_networkd_252/describe.json"),
    read: (bytes) => {
      const said = parseDescription(textOf(bytes));
      said.resolvers.forEach(checked);
      checkWarnings(said.warnings);
      for (const { prefix, prefixLength, router } of said.prefixes) {
        assert.ok(parseAddress(prefix) && parseAddress(router));
        assert.ok(prefixLength > 0 && prefixLength <= 128);
      }
      return said;
    },
    words: [
      ...[
        "{",
        "}",
        "[",
        "]",
        ",",
        "null",
        "-1",
        "1e99",
        '"',
        "[254,128,0,0,0,0,0,0,0,0,0,0,0,0,0,1]",
      ],
      ...['"Interfaces":', '"DNS":', '"Address":', '"NDisc"', '"PREF64":', '"__proto__":'],
    ],
    growth: 64,
  },
  {
    name: "network-manager-device",
    seeds: seeds("network_manager_1.42/devices/1", "network_manager_1.42/devices/2"),
    read: (bytes) => {
      const said = parseDeviceFile(1, textOf(bytes));
      said.resolvers.forEach(checked);
      checkWarnings(said.warnings);
      return said;
    },
    words: [
      ...["[dhcp4]", "[dhcp6]", "dhcp4.domain_name_servers=", "dhcp6.dhcp6_name_servers="],
      ...["dhcp4.domain_search=", ...addresses, ...lines],
    ],
    growth: 64,
  },
  {
    name: "key-value-files",
    seeds: () => bytesOf('A=1\nB="2"\n', "[main]\na=b\n# c\n[other]\na=c\n"),
    read: (bytes) => {
      const text = textOf(bytes);
      return [parseEnvFile(text, ["A", "B"]), parseKeyFileGroup(text, "main")];
    },
    words: ["[main]", "A=", "B=", '"', "'", "\n", "=", "#"],
  },
  {
    name: "json-text",
    seeds: () => bytesOf('{"a":[1,2,{"b":null}]}', "[]", '{"__proto__":1}'),
    read: (bytes) => {
      const warnings: string[] = [];
      const json = parseJson(textOf(bytes), warnings);
      checkWarnings(warnings);
      assert.equal(json === null, warnings.length > 0);
      return json;
    },
    words: ["{", "}", "[", "]", '"', ":", ",", "1e999", "\\u0000"],
  },
  {
    name: "dns-server-text",
    seeds: () => bytesOf(...addresses, "example.com", "a_b.example."),
    read: (bytes) => {
      const text = textOf(bytes);
      const domain = parseDomain(text);
      if (domain !== null) assert.equal(parseDomain(domain), domain);
      const server = parseServer(text);
      if (server !== null) {
        checked({ dnsServers: [server], searchDomains: [] });
        const zone = server.zone === null ? "" : `%${server.zone}`;
        assert.deepEqual(parseServer(`[${server.address}]:${server.port}${zone}`), server);
      }
      return { domain, server };
    },
    words: ["[", "]", ":", "%", "#", ".", "::", "65536", "0"],
  },
  {
    name: "interface-key",
    seeds: () => bytesOf("eth0.dhcp", "eth0.100.ra", "tun.eth0", "tun.tun.tun", "eth0:x"),
    read: (bytes) => readInterfaceKey(textOf(bytes), ["eth0", "eth0.100", "tun"]),
    words: ["eth0", ".", ":", "tun.", "dhcp", "ra", "constructor"],
  },
  {
    name: "host-files",
    seeds: () => [
      ...bytesOf(
        [
          "systemd_networkd_252/links/2",
          "systemd_networkd_252/leases/2",
          "network_manager_1.42/devices/2",
          "dhcpcd_9.4.1/resolv.conf/h2.dhcp",
          "openresolv_3.12/interfaces/h0.ra",
          "openresolv_3.12/interfaces/h0.dhcp",
          "resolvconf_1.91/interface/eth0.dhclient",
        ].map(fixture).join(FILE_END),
      ),
    ],
    read: (bytes) => {
      const texts = textOf(bytes).split(FILE_END);
      const files = textHost(Object.fromEntries(FILES.map((path, i) => [path, texts[i] ?? ""])));
      const links = [{ index: 2, name: "eth0" }];
      const reports = readSources({ files, connectUnix: null, links });
      for (const { resolvers, warnings } of reports) {
        resolvers.forEach(checked);
        checkWarnings(warnings);
      }
      return reports;
    },
    words: ["nameserver ", "DNS=", FILE_END, ...addresses, ...lines],
    growth: 128,
  },
];
