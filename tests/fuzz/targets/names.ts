/**
 * Names and what this host's files say of them: hosts(5), gai.conf(5), services(5), and names that users write.
 *
 * @module
 */

import assert from "node:assert/strict";
import { parseAddress } from "../../../lib/ip/address.ts";
import { mapped, parsePolicy } from "../../../lib/names/address_policy.ts";
import { parseHostName } from "../../../lib/names/host_name.ts";
import { HostsFile } from "../../../lib/names/hosts_file.ts";
import { parseNumericHost } from "../../../lib/names/numeric_host.ts";
import { serviceName, servicePort } from "../../../lib/service.ts";
import { textHost } from "../../sources/host_sample.ts";
import { bytesOf, type FuzzTarget, hex, textOf } from "../target.ts";

const LOOPBACK = parseAddress("127.0.0.1")!.bytes;

/** Those of this room. */
export const targets: FuzzTarget[] = [
  {
    name: "hosts-file",
    seeds: () =>
      bytesOf(
        "127.0.0.1\tlocalhost\n::1 localhost ip6-localhost # loopback\n",
        "192.0.2.1 a.example A.example b\r\n192.0.2.2 a.example\nfe80::1%eth0 x\n",
      ),
    read: (bytes) => {
      const file = new HostsFile(textOf(bytes));
      const entry = file.byName("localhost");
      for (const address of entry?.addresses ?? []) assert.ok([4, 16].includes(address.length));
      return [
        entry,
        file.byName("constructor"),
        file.byName("a.example"),
        file.byAddress(LOOPBACK),
      ];
    },
    words: ["127.0.0.1", "::1", " ", "\t", "\n", "#", "localhost", "a.example", "__proto__"],
  },
  {
    name: "address-policy-file",
    seeds: () =>
      bytesOf(
        "precedence ::ffff:0:0/96 100\nlabel 2002::/16 2\nscopev4 ::ffff:169.254.0.0/112 2\n",
        "precedence ::/0 40 # x\nlabel ::/0 1\n",
      ),
    read: (bytes) => {
      const policy = parsePolicy(textOf(bytes));
      const address = hex("20010db8000000000000000000000001");
      const scope = policy.ipv4Scope(mapped(LOOPBACK));
      const values = [policy.precedence(address), policy.label(address), scope];
      for (const value of values) assert.ok(Number.isInteger(value) && value >= 0);
      return values;
    },
    words: ["precedence ", "label ", "scopev4 ", "::/0", "::ffff:0:0/96", " 4294967295", "\n"],
  },
  {
    name: "services-file",
    seeds: () => bytesOf("ssh 22/tcp\ndomain 53/udp dns # x\n", "http\t80/tcp www\nx 70000/tcp\n"),
    read: (bytes) => {
      // The file is kept by its host: another one each time.
      const files = textHost({ "/etc/services": textOf(bytes) });
      const ports = ["ssh", "dns", "__proto__"].map((name) => servicePort(name, null, files));
      for (const port of ports) assert.ok(port === null || (port >= 0 && port <= 65535));
      return [ports, serviceName(22, "tcp", files)];
    },
    words: ["22/tcp", "53/udp", "\n", "#", " ", "99999/tcp", "dns"],
  },
  {
    name: "host-name",
    seeds: () => bytesOf("www.example.com", "printer.", "bücher.example", "a..b", "1.2.3.999", "."),
    read: (bytes) => {
      const name = parseHostName(textOf(bytes));
      if (name === null) return null;
      assert.match(name.text, /^[!-~]{1,253}$/);
      const again = parseHostName(`${name.text}${name.absolute ? "." : ""}`);
      assert.deepEqual(again, name);
      return name;
    },
    words: [".", "xn--", "\\", "。", "localhost", "0x"],
  },
  {
    name: "numeric-host",
    seeds: () =>
      bytesOf(
        ...["127.1", "0x7f.1", "017700000001", "4294967295", "fe80::1%eth0", "::1%4294967296"],
      ),
    read: (bytes) => {
      const host = parseNumericHost(textOf(bytes), (name) => name === "eth0" ? 2 : null);
      if (host === null) return null;
      assert.equal(host.bytes.length, host.family === 4 ? 4 : 16);
      assert.ok(host.scopeId === null || (host.scopeId >= 0 && host.scopeId <= 0xffffffff));
      return host;
    },
    words: ["0x", ".", "0", "%", "eth0", "::", "fe80::", "4294967296"],
  },
];
