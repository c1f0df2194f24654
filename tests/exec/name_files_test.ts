// The files by which a program finds the DNS servers of its PvD.

import assert from "node:assert/strict";
import { test } from "node:test";
import { nsswitchConf, resolvConf } from "../../lib/exec/name_files.ts";
import type { PvdInfo } from "../../mod.ts";

/** A PvD on eth0 with these servers ("address" or "address port") and domains. */
function pvd(servers: string[], searchDomains: string[] = []): PvdInfo {
  const dnsServers = servers.map((text) => {
    const [address, port = "53"] = text.split(" ");
    return { address: address!, port: Number(port), source: "" };
  });
  return { dnsServers, searchDomains, interface: { name: "eth0", index: 2 } } as unknown as PvdInfo;
}

const rows: [what: string, pvd: PvdInfo, text: string][] = [
  ["no server", pvd([]), ""],
  ["a server", pvd(["2001:db8::53"]), "nameserver 2001:db8::53\n"],
  ["a link-local server", pvd(["fe80::53"]), "nameserver fe80::53%eth0\n"],
  [
    "more servers than are read",
    pvd(["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"]),
    "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n",
  ],
  ["a server at another port", pvd(["192.0.2.1 5353", "192.0.2.2"]), "nameserver 192.0.2.2\n"],
  [
    "search domains",
    pvd(["192.0.2.1"], ["a.example", "b.example"]),
    "nameserver 192.0.2.1\nsearch a.example b.example\n",
  ],
];
for (const [what, given, text] of rows) {
  test(`resolv.conf with ${what}`, () => assert.equal(resolvConf(given), text));
}

test("nsswitch.conf keeps all but the services for host names", () => {
  const text =
    "passwd: files systemd\n hosts : mymachines resolve [!UNAVAIL=return] dns\n# hosts:\nservices: db";
  assert.equal(
    nsswitchConf(text),
    "passwd: files systemd\n# hosts:\nservices: db\nhosts: files dns\n",
  );
  assert.equal(nsswitchConf(""), "\nhosts: files dns\n");
});
