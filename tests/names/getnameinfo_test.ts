import assert from "node:assert/strict";
import { test } from "node:test";
import {
  getnameinfo,
  type NameInfo,
  NI_DGRAM,
  NI_IDN,
  NI_NAMEREQD,
  NI_NOFQDN,
  NI_NUMERICHOST,
  NI_NUMERICSERV,
} from "../../mod.ts";
import { parseAddress } from "../../lib/ip/address.ts";
import { reverseName } from "../../lib/names/getnameinfo.ts";
import { labSkip, World } from "../lab/mod.ts";
import { gccSkip } from "../socket/c_program.ts";
import { askBoth, askOurs, GETNAMEINFO, type NameQuestion } from "./glibc.ts";
import { singleNetwork } from "./single_network.ts";

const lab = { skip: labSkip() || gccSkip(), timeout: 60_000 };

test("arguments", async () => {
  for (const address of ["www.example", "", "127.1"]) {
    await assert.rejects(getnameinfo({ address }), TypeError, address);
  }
  await assert.rejects(getnameinfo({ address: "::1", port: 65536 }), RangeError);
  for (const flags of [0x100, -1, 1.5, 2 ** 33, NaN]) {
    await assert.rejects(getnameinfo({ address: "::1" }, null, flags), { code: "EAI_BADFLAGS" });
  }
  const signal = AbortSignal.abort(new Error("enough"));
  await assert.rejects(getnameinfo({ address: "::1" }, null, 0, { signal }), /enough/);
});

test("the name that names an address", () => {
  const name = (address: string) => reverseName(parseAddress(address)!.bytes);
  assert.equal(name("192.0.2.1"), "1.2.0.192.in-addr.arpa");
  assert.equal(
    name("2001:db8::567:89ab"),
    "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
  );
});

const HOSTS = "127.0.0.1 localhost\n::1 localhost ip6-localhost\n" +
  "192.0.2.10 file.example file\n192.0.2.10 second.example\n2001:db8:2::10 file6.example\n";

const ZONE = {
  records: { "v4.example": ["192.0.2.80"], "v6.example": ["2001:db8:80::80"] },
  config: [
    "local=/#/",
    "ptr-record=81.2.0.192.in-addr.arpa,far.other.test",
    'ptr-record=82.2.0.192.in-addr.arpa,"bad name.example"',
    "ptr-record=83.2.0.192.in-addr.arpa,_under.example",
    "ptr-record=84.2.0.192.in-addr.arpa,xn--bcher-kva.example",
    "ptr-record=85.2.0.192.in-addr.arpa,bare",
    "txt-record=86.2.0.192.in-addr.arpa,words",
    "server=/89.2.0.192.in-addr.arpa/#",
  ],
};

test("names and services as glibc has them", lab, async () => {
  await using world = new World();
  const host = await singleNetwork(world, HOSTS, ZONE);
  const index = host.ipJson<{ ifindex: number }>("link", "show", "dev", "h0")[0]!.ifindex;
  const flags = [
    ...[0, NI_NUMERICHOST, NI_NUMERICSERV, NI_NAMEREQD, NI_DGRAM, NI_NAMEREQD | NI_NUMERICHOST],
    ...[NI_IDN, 0x40, 0x80, 0x100, 0x1000],
  ];
  const addresses: [string, number][] = [
    ...[
      "192.0.2.80",
      "192.0.2.81",
      "192.0.2.82",
      "192.0.2.83",
      "192.0.2.84",
      "192.0.2.85",
      "192.0.2.86",
      "192.0.2.10",
    ],
    ...["192.0.2.99", "2001:db8:80::80", "2001:db8:80::81", "2001:db8:2::10", "127.0.0.1", "::1"],
    ...["::ffff:192.0.2.80", "::ffff:192.0.2.99", "::", "0.0.0.0", "fe80::9"],
  ].map((address): [string, number] => [address, 0]);
  addresses.push(["fe80::9", index], ["fe80::9", 999], ["ff02::9", index], ["ff05::9", index]);
  addresses.push(["2001:db8:80::80", index], ["2001:db8:80::81", index], ["2001:db8::9", 999]);
  const questions = [
    ...addresses.flatMap(([address, scope]) =>
      flags.map((flags): NameQuestion => [address, 80, scope, flags])
    ),
    ...[0, 1, 22, 53, 123, 443, 9999, 65535].flatMap((port) =>
      flags.map((flags): NameQuestion => ["192.0.2.80", port, 0, flags])
    ),
  ];
  for (const pvd of ["h0", null]) {
    for (const unprivileged of [false, true]) {
      const { ours, glibc } = await askBoth(GETNAMEINFO, host, questions, pvd, { unprivileged });
      const differing = questions
        .map((question, i) => [question, ours[i], glibc[i]])
        .filter(([, ours, glibc]) => JSON.stringify(ours) !== JSON.stringify(glibc));
      assert.deepEqual(differing, []);
    }
  }
});

test("where we differ from glibc, and why", lab, async () => {
  await using world = new World();
  const host = await singleNetwork(world, HOSTS, ZONE);
  const rows: [NameQuestion, string, string, string][] = [
    [
      ["::ffff:192.0.2.10", 1, 0, 0],
      "file.example",
      "::ffff:192.0.2.10",
      "one host, two spellings",
    ],
    [["192.0.2.80", 1, 0, NI_NOFQDN], "v4", "v4.example", "local is what the PvD's domain is"],
    [["192.0.2.89", 1, 0, 0], "EAI_FAIL", "EAI_AGAIN", "asked again, a server refuses again"],
  ];
  const { ours, glibc } = await askBoth(
    GETNAMEINFO,
    host,
    rows.map(([question]) => question),
    "h0",
  );
  const short = (answer: NameInfo | string) =>
    typeof answer === "string" ? answer : answer.hostname;
  assert.deepEqual(
    rows.map(([question, , , why], i) => [question, short(ours[i]!), short(glibc[i]!), why]),
    rows,
  );
});

test("nobody is asked for loopback", lab, async () => {
  await using world = new World();
  const host = await singleNetwork(world, HOSTS, ZONE);
  host.writeFile("/etc/hosts", "");
  const capture = await host.capture();
  const questions: NameQuestion[] = [["127.0.0.9", 1, 0, 0], ["::1", 1, 0, 0], [
    "192.0.2.80",
    1,
    0,
    0,
  ]];
  const answers = await askOurs(GETNAMEINFO, host, questions, "h0");
  const names = answers.map((answer) => (answer as NameInfo).hostname);
  assert.deepEqual(names, ["localhost", "localhost", "v4.example"]);
  await capture.waitFor("the question", ({ dport }) => dport === 53);
  assert.equal(capture.frames.filter(({ dport }) => dport === 53).length, 1);
});
