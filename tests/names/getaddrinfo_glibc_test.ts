import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type AddrInfo,
  AF_INET,
  AF_INET6,
  AI_ADDRCONFIG,
  AI_ALL,
  AI_CANONIDN,
  AI_CANONNAME,
  AI_IDN,
  AI_NUMERICHOST,
  AI_NUMERICSERV,
  AI_PASSIVE,
  AI_V4MAPPED,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
} from "../../mod.ts";
import { canonicalAddress } from "../../lib/ip/address.ts";
import { plainLinks } from "../kernel/plain_links.ts";
import { type DnsmasqOptions, type Host, labSkip, World } from "../lab/mod.ts";
import { gccSkip } from "../socket/c_program.ts";
import { SERVER, singleNetwork } from "./single_network.ts";
import { type AddressQuestion as Question, askBoth, askOurs, GETADDRINFO } from "./glibc.ts";

const lab = { skip: labSkip() || gccSkip(), timeout: 60_000 };

type Answer = AddrInfo[] | string;

const LABEL_63 = "a".repeat(63);
const NAME_253 = `${LABEL_63}.${LABEL_63}.${LABEL_63}.${"b".repeat(53)}.example`;
const STREAM = { ai_socktype: SOCK_STREAM };
const CANON = { ...STREAM, ai_flags: AI_CANONNAME };

const HOSTS = `127.0.0.1 localhost
::1 localhost loopback6
192.0.2.10 file.example file filealias
2001:db8:2::10 file.example
192.0.2.11 file4
2001:db8:2::12 file6.example file6
192.0.2.13 multi multi.example
192.0.2.14 multi
2001:db8:2::13 other multi
192.0.2.15 twice
192.0.2.15 twice
`;

const ZONE: DnsmasqOptions = {
  records: {
    "v4.example": ["192.0.2.80"],
    "v6.example": ["2001:db8:80::80"],
    "both.example": ["192.0.2.81", "2001:db8:80::81"],
    "_srv.example": ["192.0.2.83"],
    "xn--bcher-kva.example": ["192.0.2.84"],
    [`${LABEL_63}.example`]: ["192.0.2.85"],
    [NAME_253]: ["192.0.2.86"],
    "file4.example": ["2001:db8:80::4"],
    "deep.sub.example": ["192.0.2.88"],
    "name.test": ["192.0.2.89"],
    "bare": ["192.0.2.90"],
    "half.refused": ["192.0.2.92"],
    "printer.local": ["192.0.2.91"],
  },
  // It knows all names there are, and refuses to say anything of those below "refused".
  config: [
    "local=/#/",
    "server=/refused/#",
    "txt-record=text.example,words",
    "cname=alias.example,both.example",
    "cname=middle.example,both.example",
    "cname=chain.example,middle.example",
    "no-round-robin",
  ],
};

/** A question and its answer in a few words: addresses with port, type and protocol. */
function brief(answer: Answer): string {
  if (typeof answer === "string") return answer;
  return answer.map(({ ai_addr, ai_socktype, ai_protocol, ai_flags, ai_canonname }) => {
    const { address, port, scopeId } = ai_addr;
    const rest = [port, ai_socktype, ai_protocol, ai_flags].join("/");
    // inet_ntop(3) writes ::/96 with a dotted quad.
    return `${canonicalAddress(address)}%${scopeId} ${rest}${
      ai_canonname === null ? "" : ` =${ai_canonname}`
    }`;
  }).join("\n");
}

/** Asserts that we answer as glibc does, as root and without privileges. */
async function assertSame(host: Host, questions: Question[], pvd: string | null): Promise<void> {
  for (const unprivileged of [false, true]) {
    const { ours, glibc } = await askBoth(GETADDRINFO, host, questions, pvd, { unprivileged });
    const differing = questions
      .map((question, i) => [JSON.stringify(question), brief(ours[i]!), brief(glibc[i]!)])
      .filter(([, ours, glibc]) => ours !== glibc);
    assert.deepEqual(differing, []);
  }
}

const NUMERIC_HOSTS = [
  ...["127.0.0.1", "127.1", "0x7f.1", "017700000001", "4294967295", "0", "1.2.3", "00.00.00.00"],
  ...["::", "::1", "2001:db8::1", "::ffff:1.2.3.4", "fe80::1%h0", "fe80::1%99"],
  ...[
    "fe80::1%nosuch",
    "fe80::1%",
    "fe80::1%-1",
    "fe80::1%+1",
    "fe80::1%4294967297",
    "fe80::1%h0 ",
  ],
  ...["2001:db8::1%h0", "2001:db8::1%1", "2001:db8::1%", "ff02::1%h0", "ff05::1%h0", "ff05::1%3"],
  ...["::1%0", "1.2.3.4%1", "[::1]", "[1.2.3.4]", "1:2:3:4:5:6:7:8:9", "1::2::3", ":::", "::1 "],
  ...["1.2.3.4 ", " 1.2.3.4", "1.2.3.4\t", "::ffff:1.2.3.4%1", "2001:db8::1.2.3.4", "fe80::1%lo"],
];

const SERVICES = [
  ...[null, "", "0", "1", "80", "080", "65535", "http", "https", "domain", "www", "ntp", "ssh"],
  ...[
    "HTTP",
    "nosuch",
    "-1",
    "80 ",
    "0x50",
    "80.5",
    "8 0",
    "99999999999999999999",
    "http/tcp",
    "*",
  ],
  ...["x".repeat(300), "\u00e9", "\u0001", "#", "tcp"],
];

const KINDS: [number, number][] = [
  ...[0, 1, 6, 17, 33, 58, 99, 132, 136].map((protocol): [number, number] => [0, protocol]),
  ...[0, 6, 17, 132].map((protocol): [number, number] => [SOCK_STREAM, protocol]),
  ...[0, 6, 17, 136].map((protocol): [number, number] => [SOCK_DGRAM, protocol]),
  ...[0, 6, 58, 255].map((protocol): [number, number] => [SOCK_RAW, protocol]),
  ...[[4, 0], [5, 0], [5, 132], [5, 6], [6, 0], [6, 33], [10, 0], [99, 0], [-1, 0]] as const,
].map(([type, protocol]) => [type, protocol]);

test("numeric hosts, services and hints as glibc has them", lab, async () => {
  await using world = new World();
  const host = await singleNetwork(world, HOSTS, ZONE);
  const questions: Question[] = [
    ...NUMERIC_HOSTS.flatMap((name): Question[] => [
      [name, "80", CANON],
      ...[AF_INET, AF_INET6].map((ai_family): Question => [name, "80", { ...STREAM, ai_family }]),
      [name, "80", { ...STREAM, ai_family: AF_INET6, ai_flags: AI_V4MAPPED }],
      [name, "80", { ...STREAM, ai_flags: AI_NUMERICHOST }],
      [name, "80", { ...STREAM, ai_flags: AI_ADDRCONFIG }],
    ]),
    ...SERVICES.flatMap((service): Question[] => [
      ["192.0.2.1", service, null],
      ["192.0.2.1", service, {}],
      ["192.0.2.1", service, { ai_flags: AI_NUMERICSERV }],
      [null, service, STREAM],
      ...KINDS.map(([ai_socktype, ai_protocol]): Question => [
        "192.0.2.1",
        service,
        { ai_socktype, ai_protocol },
      ]),
    ]),
    ...[1, 3, 5, 16, 17, 99, -1].map((ai_family): Question => [null, "80", { ai_family }]),
    ...[0x800, 0x1000, 0x8000, -1, 0x40000000].map((
      ai_flags,
    ): Question => [null, "1", { ai_flags }]),
    ...[AI_IDN, AI_IDN | AI_CANONIDN | AI_CANONNAME, 0x300, AI_ALL, AI_NUMERICSERV | AI_PASSIVE]
      .map((ai_flags): Question => ["::1", "80", { ...STREAM, ai_flags }]),
    ...[0, AF_INET, AF_INET6].flatMap((ai_family) =>
      [0, AI_PASSIVE, AI_CANONNAME, AI_ADDRCONFIG, AI_V4MAPPED, AI_NUMERICHOST, AI_PASSIVE | AI_ALL]
        .flatMap((ai_flags): Question[] => [
          [null, "80", { ai_family, ai_flags }],
          [null, null, { ai_family, ai_flags }],
          ["*", "80", { ai_family, ai_flags, ...STREAM }],
        ])
    ),
    // Which complaint comes first.
    ["1.2.3.4", "nosuch", { ai_family: 99, ai_socktype: 99, ai_flags: 0x800 }],
    ["1.2.3.4", "nosuch", { ai_family: 99, ai_socktype: 99, ai_flags: AI_NUMERICSERV }],
    ["1.2.3.4", "nosuch", { ai_socktype: 99, ai_flags: AI_NUMERICSERV }],
    ["1.2.3.4", "nosuch", { ai_family: 99, ai_socktype: 99 }],
    ["1.2.3.4", "nosuch", { ai_family: AF_INET6, ai_socktype: 99 }],
    ["1.2.3.4", "nosuch", { ai_family: AF_INET6 }],
    ["nosuch", "nosuch", { ai_flags: AI_NUMERICHOST }],
    [null, null, { ai_flags: 0x800 }],
    ["", null, null],
    [null, "", null],
    ["*", "*", null],
  ];
  await assertSame(host, questions, "h0");
  await assertSame(host, questions, null);
});

const NAMES = [
  ...["v4.example", "v6.example", "both.example", "both", "v4", "v6", "alias.example", "alias"],
  ...[
    "chain.example",
    "none.example",
    "none",
    "text.example",
    "text",
    "BOTH.Example",
    "both.example.",
  ],
  ...[
    "file.example",
    "FILE.example",
    "file",
    "FileAlias",
    "file4",
    "file6.example",
    "multi",
    "twice",
  ],
  ...[
    "_srv.example",
    "xn--bcher-kva.example",
    `${LABEL_63}.example`,
    `${LABEL_63}a.example`,
    NAME_253,
  ],
  ...[
    `a${NAME_253}`,
    "x".repeat(254),
    "x".repeat(300),
    "y".repeat(1100),
    "",
    ".example",
    "a..example",
  ],
  ...[
    "..",
    "example.",
    "a b.example",
    "a\tb.example",
    "\u0001.example",
    "\x7f.example",
    "a\\.b.example",
  ],
  ...["-x.example", "x-.example", "a!b.example", "%", "a%b", "a/b", "host:80", "user@host", '"a"'],
  ...["star*", "#", "deep.sub.example", "deep.sub", "name.test", "x.invalid", "x.onion", "x.alt"],
  ...[
    "x.local",
    "1.2.3.256",
    "1.2.3.08",
    "127.0.0.1.",
    "localhost",
    "ip6-localhost",
    "nosuch.test",
  ],
];

test("names as glibc has them", lab, async () => {
  await using world = new World();
  const host = await singleNetwork(world, HOSTS, ZONE);
  const questions = NAMES.flatMap((name): Question[] => [
    [name, "80", CANON],
    [name, "domain", null],
    [name, null, { ...STREAM, ai_flags: AI_ADDRCONFIG }],
    [name, null, { ...STREAM, ai_flags: AI_NUMERICHOST }],
    [name, null, { ...STREAM, ai_flags: AI_CANONNAME | AI_CANONIDN }],
    ...(name === "localhost" ? [] : [
      [name, null, { ...STREAM, ai_family: AF_INET }],
      [name, null, { ...STREAM, ai_family: AF_INET6, ai_flags: AI_V4MAPPED | AI_ALL }],
    ] as Question[]),
    [name, null, { ...STREAM, ai_family: AF_INET6 }],
    [name, null, { ...STREAM, ai_family: AF_INET6, ai_flags: AI_V4MAPPED }],
  ]);
  // Of this one the server refuses to say whether it has an IPv6 address.
  for (const hints of [STREAM, { ...STREAM, ai_family: AF_INET }]) {
    questions.push(["half.refused", "1", hints]);
  }
  await assertSame(host, questions, "h0");
  await assertSame(host, [...questions, ["bare", null, CANON], ["bare.", null, CANON]], null);
});

test("ndots and the search list of resolv.conf as glibc has them", lab, async () => {
  await using world = new World();
  const host = await singleNetwork(world, HOSTS, ZONE);
  const names = [
    "deep.sub",
    "sub",
    "deep",
    "v4",
    "v4.example",
    "text",
    "none",
    "none.sub",
    "x.y.z",
  ];
  const questions = names.flatMap((name): Question[] => [
    [name, "1", CANON],
    [name, "1", { ...STREAM, ai_family: AF_INET6 }],
    [`${name}.`, "1", STREAM],
  ]);
  const write = (lines: string) => {
    const options = "options timeout:1 attempts:1";
    host.writeFile("/etc/resolv.conf", `nameserver ${SERVER}\n${options}\n${lines}`);
  };
  for (
    const lines of [
      "search sub.example example\noptions ndots:2\n",
      "search other.test sub.example example\noptions ndots:3\n",
      "domain example\n",
    ]
  ) {
    write(lines);
    await assertSame(host, questions, "h0");
    await assertSame(host, questions, null);
  }
  // This asks for a single label as it is first, which a PvD does not.
  write("search first.test\nsearch example sub.example\noptions ndots:0\n");
  await assertSame(host, questions, null);
});

test("without a search list the system's is the domain of the host's own name", lab, async () => {
  await using world = new World();
  const host = await singleNetwork(world, HOSTS, ZONE);
  host.writeFile("/etc/resolv.conf", `nameserver ${SERVER}\noptions timeout:1 attempts:1\n`);
  const questions = ["deep.sub", "v4", "none", "text"].map((name): Question => [name, "1", CANON]);
  for (const hostname of ["box.example", "box.sub.example", "box"]) {
    const { ours, glibc } = await askBoth(GETADDRINFO, host, questions, null, { hostname });
    assert.deepEqual(ours.map(brief), glibc.map(brief), hostname);
  }
});

/** Where we differ on purpose: the question, what we say, what glibc says, and why. */
type Difference = [Question, string, string, string];

const DIFFERENCES: Difference[] = [
  [["192.0.2.1", "65536", STREAM], "EAI_SERVICE", "192.0.2.1:0", "glibc drops the high bits"],
  [["192.0.2.1", "4294967376", STREAM], "EAI_SERVICE", "192.0.2.1:80", "glibc drops the high bits"],
  [["192.0.2.1", "+80", STREAM], "EAI_SERVICE", "192.0.2.1:80", "RFC 3493: a decimal string"],
  [["192.0.2.1", " 80", STREAM], "EAI_SERVICE", "192.0.2.1:80", "RFC 3493: a decimal string"],
  [["bücher.example", "1", STREAM], "192.0.2.84:1", "EAI_NONAME", "names are international always"],
  [["b\u00fccher", "1", STREAM], "192.0.2.84:1", "EAI_NONAME", "names are international always"],
  [["bare", "1", STREAM], "EAI_NONAME", "192.0.2.90:1", "one label is asked below a domain only"],
  [["example", "1", STREAM], "EAI_NONAME", "EAI_NODATA", "one label is asked below a domain only"],
  [["x.localhost", "1", STREAM], "::1:1 127.0.0.1:1", "EAI_NONAME", "RFC 6761 6.3"],
  [["localhost.", "1", STREAM], "::1:1 127.0.0.1:1", "EAI_NONAME", "RFC 6761 6.3"],
  [["file4.", "1", STREAM], "192.0.2.11:1", "EAI_NONAME", "a final dot does not hide the file"],
  [
    ["loopback6", "1", { ...STREAM, ai_family: AF_INET }],
    "EAI_NONAME",
    "127.0.0.1:1",
    "glibc takes ::1 of the file for 127.0.0.1 as well",
  ],
  [["printer.local", "1", STREAM], "EAI_NONAME", "192.0.2.91:1", "RFC 6762 22.1: multicast DNS'"],
  [["name.refused", "1", STREAM], "EAI_FAIL", "EAI_AGAIN", "asked again, a server refuses again"],
  [["fe80::1", "1", STREAM], "fe80::1%h0:1", "fe80::1:1", "the PvD names the link"],
];

test("where we differ from glibc, and why", lab, async () => {
  await using world = new World();
  await assertDiffer(await singleNetwork(world, HOSTS, ZONE), DIFFERENCES);
});

/** Asserts what both say; the last of each row is for those who read it. */
async function assertDiffer(host: Host, rows: Difference[]): Promise<void> {
  const index = host.ipJson<{ ifindex: number }>("link", "show", "dev", "h0")[0]!.ifindex;
  const { ours, glibc } = await askBoth(
    GETADDRINFO,
    host,
    rows.map(([question]) => question),
    "h0",
  );
  const short = (answer: Answer) => {
    if (typeof answer === "string") return answer;
    const places = answer.map(({ ai_addr: { address, port, scopeId } }) =>
      `${address}${scopeId === 0 ? "" : scopeId === index ? "%h0" : "%?"}:${port}`
    );
    return [...new Set(places)].join(" ");
  };
  const said = rows.map(([question, , , why], i): Difference => [
    question,
    short(ours[i]!),
    short(glibc[i]!),
    why,
  ]);
  assert.deepEqual(said, rows);
}

/** What is asked for where a family is missing. */
const FAMILY_NAMES = [
  "file4",
  "file6",
  "file.example",
  "192.0.2.1",
  "2001:db8::1",
  "::ffff:1.2.3.4",
  null,
];
const MAPPED_FILE4 = "::ffff:192.0.2.11:1";
const CONFIGURED = { ...STREAM, ai_flags: AI_ADDRCONFIG };
const CONFIGURED_IPV6 = { ...CONFIGURED, ai_family: AF_INET6 };

/** A host with one family beyond the link. */
function oneFamily(world: World, family: 4 | 6): Host {
  const { host } = plainLinks(world, 1);
  host.batch(
    family === 4
      ? ["addr add 198.51.100.10/24 dev h0", "route add default via 198.51.100.1"]
      : ["addr add 2001:db8:1::10/64 dev h0", "route add default via 2001:db8:1::1"],
  );
  host.writeFile("/etc/hosts", HOSTS);
  host.writeFile("/etc/nsswitch.conf", "hosts: files\nservices: files\n");
  host.writeFile("/etc/gai.conf", "");
  return host;
}

test("AI_ADDRCONFIG as glibc has it where a family is missing", lab, async () => {
  const questions = FAMILY_NAMES.flatMap((name): Question[] => [
    [name, "1", CONFIGURED],
    [name, "1", CONFIGURED_IPV6],
    [name, "1", { ...CONFIGURED, ai_family: AF_INET }],
    [name, "1", { ...CONFIGURED_IPV6, ai_flags: AI_ADDRCONFIG | AI_V4MAPPED }],
  ]);
  await using ipv4 = new World();
  const host = oneFamily(ipv4, 4);
  host.sysctl({ "ipv6/conf/all/disable_ipv6": 1 });
  const withoutHints = FAMILY_NAMES.map((name): Question => [name, "1", null]);
  await assertSame(host, [...questions, ...withoutHints], "h0");
  await using ipv6 = new World();
  await assertSame(oneFamily(ipv6, 6), questions, "h0");
});

test(
  "AI_ADDRCONFIG counts no link-local address, and maps none that was not asked for",
  lab,
  async () => {
    await using ipv4 = new World();
    // Every interface has a link-local IPv6 address: with glibc such a host has IPv6.
    await assertDiffer(oneFamily(ipv4, 4), [
      [["file6", "1", CONFIGURED], "EAI_NONAME", "2001:db8:2::12:1", "not reached"],
      [["2001:db8::1", "1", CONFIGURED], "EAI_ADDRFAMILY", "2001:db8::1:1", "not reached"],
      [["file4", "1", CONFIGURED_IPV6], "EAI_NONAME", "EAI_NONAME", "not reached"],
    ]);
    await using ipv6 = new World();
    // Where the hints leave the family open glibc looks for IPv6 alone, and with AI_V4MAPPED finds IPv4 again.
    await assertDiffer(oneFamily(ipv6, 6), [
      [["file4", "1", null], "EAI_NONAME", MAPPED_FILE4, "a PvD without IPv4 reaches no IPv4"],
      [
        ["192.0.2.11", "1", null],
        "EAI_ADDRFAMILY",
        MAPPED_FILE4,
        "a PvD without IPv4 reaches no IPv4",
      ],
    ]);
  },
);

test("AI_ADDRCONFIG looks at the PvD alone, whatever else the host has", lab, async () => {
  await using world = new World();
  const { host } = plainLinks(world, 2);
  host.batch([
    "addr add 198.51.100.10/24 dev h0",
    "route add default via 198.51.100.1",
    "addr add 2001:db8:1::10/64 dev h1",
    "route add default via 2001:db8:1::1",
  ]);
  host.writeFile("/etc/hosts", HOSTS);
  const questions = ["file4", "file6", "192.0.2.1", "2001:db8::1"].map((name): Question => [
    name,
    "1",
    CONFIGURED,
  ]);
  const found = async (pvd: string) =>
    (await askOurs(GETADDRINFO, host, questions, pvd)).map((answer) => typeof answer !== "string");
  assert.deepEqual(await found("h0"), [true, false, true, false]);
  assert.deepEqual(await found("h1"), [false, true, false, true]);
});

test("this host's own name is its addresses in the PvD, and nobody is asked", lab, async () => {
  await using world = new World();
  const host = await singleNetwork(world, HOSTS, ZONE);
  const capture = await host.capture("h0");
  const names = ["box.example", "BOX.example.", "deep.sub.example"];
  const questions = names.map((name): Question => [name, "1", STREAM]);
  const ours = await askOurs(GETADDRINFO, host, questions, "h0", { hostname: "box.example" });
  const own = "2001:db8:1::10%0 1/1/6/0\n198.51.100.10%0 1/1/6/0";
  assert.deepEqual(ours.map(brief), [own, own, "192.0.2.88%0 1/1/6/0"]);
  await capture.waitFor("the other question", ({ dport }) => dport === 53);
  assert.equal(capture.frames.filter(({ dport }) => dport === 53).length, 2);
});

test("a server that cannot be reached is EAI_AGAIN to the system", lab, async () => {
  await using world = new World();
  const [host] = world.hosts("host");
  host.writeFile("/etc/resolv.conf", `nameserver ${SERVER}\n`);
  host.writeFile("/etc/hosts", "");
  await assertSame(host, [["www.example", "1", STREAM], ["127.0.0.1", "1", null]], null);
});

/** RFC 6724's own table, so that both go by one. */
const GAI_CONF = `precedence ::1/128 50
precedence ::/0 40
precedence ::ffff:0:0/96 35
precedence 2002::/16 30
precedence 2001::/32 5
precedence fc00::/7 3
precedence ::/96 1
precedence fec0::/10 1
precedence 3ffe::/16 1
label ::1/128 0
label ::/0 1
label ::ffff:0:0/96 4
label 2002::/16 2
label 2001::/32 5
label fc00::/7 13
label ::/96 3
label fec0::/10 11
label 3ffe::/16 12
`;

/** What names are made of; of one network there is one, for glibc compares the rest of the address too. */
const POOL = [
  ...["198.51.100.77", "192.0.2.1", "203.0.113.5", "10.0.0.1", "169.254.7.7", "127.0.0.9"],
  ...[
    "2001:db8:1::77",
    "2001:db8:1:1::1",
    "2001:db8:8000::1",
    "2a00::1",
    "fd00:1::77",
    "fd00:2::1",
  ],
  ...["2002:c633:6401::1", "2001:0:1::1", "3ffe::1", "fec0::1", "::192.0.2.9"],
];

/** Three to six of the pool, the same ones in each run. */
function someOf(seed: number): string[] {
  let state = seed * 2654435761 >>> 0;
  const next = () => (state = Math.imul(state ^ state >>> 15, 0x2c1b3c6d) + 12345 >>> 0);
  const shuffled = POOL.map((address) => ({ address, at: next() })).sort((a, b) => a.at - b.at);
  return shuffled.slice(0, 3 + seed % 4).map(({ address }) => address);
}

const HOSTS_CONFIGURED: Record<string, string[]> = {
  "both families": [
    ...["addr add 198.51.100.10/24 dev h0", "addr add 2001:db8:1::10/64 dev h0"],
    ...["route add default via 198.51.100.1", "route add default via 2001:db8:1::1"],
  ],
  "IPv4 only": ["addr add 198.51.100.10/24 dev h0", "route add default via 198.51.100.1"],
  "IPv6 without a default route": [
    ...["addr add 198.51.100.10/24 dev h0", "addr add 2001:db8:1::10/64 dev h0"],
    "route add default via 198.51.100.1",
  ],
  "unique local beside global": [
    ...["addr add 198.51.100.10/24 dev h0", "addr add fd00:1::10/64 dev h0"],
    ...["addr add 2001:db8:1::10/64 dev h0", "route add default via 198.51.100.1"],
    "route add default via 2001:db8:1::1",
  ],
  "unique local only, and a deprecated global": [
    ...["addr add 198.51.100.10/24 dev h0", "addr add fd00:1::10/64 dev h0"],
    "addr add 2001:db8:1::10/64 dev h0 preferred_lft 0",
    ...["route add default via 198.51.100.1", "route add default via 2001:db8:1::1"],
  ],
};

test("the order of addresses as glibc has it", lab, async () => {
  const count = 60;
  for (const [what, commands] of Object.entries(HOSTS_CONFIGURED)) {
    await using world = new World();
    const { host, router } = plainLinks(world, 1);
    router.batch(["addr add 198.51.100.1/24 dev r0", "addr add 2001:db8:1::1/64 dev r0"]);
    host.batch(commands);
    host.writeFile("/etc/nsswitch.conf", "hosts: files dns\n");
    host.writeFile("/etc/gai.conf", GAI_CONF);
    const names = Array.from({ length: count }, (_, i) => `name${i}.example`);
    host.writeFile(
      "/etc/hosts",
      names.flatMap((name, i) => someOf(i).map((address) => `${address} ${name}\n`)).join(""),
    );
    const questions = names.map((name): Question => [name, "1", STREAM]);
    for (const pvd of ["h0", null]) {
      const { ours, glibc } = await askBoth(GETADDRINFO, host, questions, pvd);
      const text = (answers: Answer[]) =>
        answers.map((answer, i) => `${names[i]} ${brief(answer).replaceAll("\n", " ")}`);
      assert.deepEqual(text(ours), text(glibc), `${what}, ${pvd}`);
    }
  }
});
