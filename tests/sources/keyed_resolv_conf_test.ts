import assert from "node:assert/strict";
import { test } from "node:test";
import { readDhcpcd } from "../../lib/sources/dhcpcd.ts";
import { type HostFiles, UnreadableError } from "../../lib/sources/host_files.ts";
import { readInterfaceKey } from "../../lib/sources/keyed_resolv_conf.ts";
import { readOpenresolv } from "../../lib/sources/openresolv.ts";
import type { SourceHost } from "../../lib/sources/source_reading.ts";
import type { SourceReport } from "../../lib/sources/statement.ts";
import { fixtureHost, textHost } from "./host_sample.ts";

const keys: [key: string, names: string[], name: string | null, family: 4 | 6 | null][] = [
  ["eth0", ["eth0"], "eth0", null],
  ["eth0.dhcp", ["eth0"], "eth0", 4],
  ["eth0.dhcp6", ["eth0"], "eth0", 6],
  ["eth0.ra", ["eth0"], "eth0", 6],
  ["eth0:ra", ["eth0"], "eth0", 6],
  ["eth0.dhclient", ["eth0"], "eth0", 4],
  ["eth0.ip6.dhclient", ["eth0"], "eth0", 6],
  ["eth0.inet", ["eth0"], "eth0", 4],
  ["eth0.100", ["eth0", "eth0.100"], "eth0.100", null],
  ["eth0.100.ra", ["eth0.100", "eth0"], "eth0.100", 6],
  ["eth0.100.ra", ["eth0"], "eth0", null],
  ["eth01", ["eth0"], null, null],
  ["tun0.openvpn", ["eth0", "tun0"], "tun0", null],
  ["tun.wg0", ["eth0", "wg0"], "wg0", null],
  ["tun.wg1", ["eth0", "wg0"], null, null],
  ["NetworkManager", ["eth0"], null, null],
  ["gone0.dhcp", ["eth0"], null, null],
  ["eth0.constructor", ["eth0"], "eth0", null],
  ["", ["eth0"], null, null],
  ["eth0", [], null, null],
];
for (const [key, names, name, family] of keys) {
  test(`readInterfaceKey() of ${JSON.stringify(key)} where there is ${names}`, () => {
    assert.deepEqual(readInterfaceKey(key, names), name && { interface: name, family });
  });
}

function host(files: HostFiles, ...names: string[]): SourceHost {
  return { files, connectUnix: null, links: names.map((name, i) => ({ index: i + 1, name })) };
}

function brief({ resolvers }: SourceReport): string[] {
  return resolvers.map((it) => {
    const servers = it.dnsServers.map(({ address, zone }) =>
      zone === null ? address : `${address}%${zone}`
    );
    return `${it.source} ${it.interface} ${it.family}: ${servers.join(" ")} | ${
      it.searchDomains.join(" ")
    }`.trimEnd();
  });
}

test("readDhcpcd() reads what dhcpcd 9.4.1 keeps", () => {
  const files = fixtureHost({ "/run/dhcpcd/hook-state": "dhcpcd_9.4.1" });
  const report = readDhcpcd(host(files, "lo", "h2"));
  assert.deepEqual(report.warnings, []);
  assert.equal(report.found, true);
  assert.deepEqual(brief(report), [
    "dhcpcd h2 4: 192.0.2.53 192.0.2.54 | search.example second.example",
    "dhcpcd h2 6: 2001:db8:a::547 | v6.example",
    "dhcpcd h2 6: 2001:db8:b::53 fe80::53%h2 2001:db8:a::53 | b.example a.example",
  ]);
});

test("readOpenresolv() reads what openresolv 3.12 keeps, by metric", () => {
  const files = fixtureHost({ "/run/resolvconf": "openresolv_3.12" });
  const report = readOpenresolv(host(files, "h0", "tun0", "wg0"));
  assert.deepEqual(report.warnings, [{
    source: "openresolv",
    path: "/run/resolvconf/interfaces/NetworkManager",
    message: "names no interface that is here; left out",
  }]);
  assert.deepEqual(brief(report), [
    "openresolv tun0 null: 10.9.0.53 | corp.example",
    "openresolv h0 4: 192.0.2.53 192.0.2.54 | v4.example",
    "openresolv h0 6: 2001:db8:a::53 fe80::53%h0 | a.example b.example",
    "openresolv wg0 null: 10.8.0.53 | vpn.example",
  ]);
});

test("readOpenresolv() reads the directory of newer releases", () => {
  const report = readOpenresolv(host(
    textHost({
      "/run/resolvconf/keys/h0.dhcp": "nameserver 192.0.2.1\n",
      "/run/resolvconf/keys/tun0": "nameserver 192.0.2.2\n",
      "/run/resolvconf/metrics/0000010 tun0": " \n",
      "/run/resolvconf/metrics/0000020 gone": " \n",
    }),
    "h0",
    "tun0",
  ));
  assert.deepEqual(report.warnings, []);
  assert.deepEqual(brief(report), [
    "openresolv tun0 null: 192.0.2.2 |",
    "openresolv h0 4: 192.0.2.1 |",
  ]);
});

test("readOpenresolv() reads what Debian's resolvconf 1.91 keeps", () => {
  const files = fixtureHost({ "/run/resolvconf": "resolvconf_1.91" });
  const report = readOpenresolv(host(files, "eth0", "tun0"));
  assert.deepEqual(report.warnings, []);
  assert.equal(report.source, "resolvconf");
  assert.deepEqual(brief(report), [
    "resolvconf eth0 4: 192.0.2.53 | v4.example",
    "resolvconf eth0 6: fe80::53%eth0 | v6.example",
    "resolvconf tun0 null: 10.8.0.53 |",
  ]);
});

test("neither is found on a host without it", () => {
  const files = textHost({ "/etc/resolv.conf": "" });
  for (const read of [readDhcpcd, readOpenresolv]) {
    const { found, resolvers, warnings } = read(host(files, "eth0"));
    assert.deepEqual({ found, resolvers, warnings }, { found: false, resolvers: [], warnings: [] });
  }
});

test("an empty directory is a source that says nothing", () => {
  const { found, resolvers, warnings } = readOpenresolv(host(
    textHost({ "/run/resolvconf/enable-updates": "" }),
    "eth0",
  ));
  assert.deepEqual({ found, resolvers, warnings }, { found: false, resolvers: [], warnings: [] });
});

test("a file that cannot be read and a name that is no key are warnings, the rest is read", () => {
  const directory = "/run/dhcpcd/hook-state/resolv.conf";
  const report = readDhcpcd(host(
    textHost({
      [`${directory}/eth0.dhcp`]: new UnreadableError("not read: not a regular file"),
      [`${directory}/eth0.ra`]: "nameserver 2001:db8::53\nnameserver nonsense\n",
      [`${directory}/eth0\u001b[2J`]: "nameserver 192.0.2.1\n",
      [`${directory}/eth1.dhcp`]: "",
    }),
    "eth0",
    "eth1",
  ));
  assert.deepEqual(brief(report), ["dhcpcd eth0 6: 2001:db8::53 |"]);
  assert.deepEqual(report.warnings, [
    {
      source: "dhcpcd",
      path: directory,
      message: 'file name "eth0\\u001b[2J" is no interface; left out',
    },
    { source: "dhcpcd", path: `${directory}/eth0.dhcp`, message: "not read: not a regular file" },
    {
      source: "dhcpcd",
      path: `${directory}/eth0.ra`,
      message: '"nonsense" is no DNS server address; left out',
    },
  ]);
});

test("the servers of an interface that is gone are left out", () => {
  const files = textHost({ "/run/resolvconf/keys/vpn0.openvpn": "nameserver 10.9.0.53\n" });
  const report = readOpenresolv(host(files, "eth0"));
  assert.deepEqual(report.resolvers, []);
  assert.equal(report.warnings.length, 1);
});

test("a thousand keys are cut to 256", () => {
  const texts: Record<string, string> = {};
  for (let i = 0; i < 1000; i++) {
    texts[`/run/resolvconf/keys/eth${i}.dhcp`] = "nameserver 192.0.2.1\n";
  }
  const report = readOpenresolv(
    host(textHost(texts), ...Array.from({ length: 1000 }, (_, i) => `eth${i}`)),
  );
  assert.equal(report.resolvers.length, 256);
  assert.deepEqual(report.warnings.map(({ message }) => message), [
    "more than 256 files; the rest left out",
  ]);
});
