import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { parseResolvConf } from "../../lib/sources/resolv_conf.ts";
import { quote } from "../../lib/sources/resolver_values.ts";

interface Row {
  name: string;
  text: string;
  servers: string[];
  domains?: string[];
  /** ndots, timeout, attempts, and 1 for rotate. */
  options?: [number, number, number, number];
  warnings?: number;
  /** Why the C library differs, where it does on purpose. */
  unlikeGlibc?: string;
}

const rows: Row[] = [
  { name: "an empty file", text: "", servers: [] },
  {
    name: "the usual",
    text: "# by hand\nsearch a.example b.example\nnameserver 192.0.2.1\nnameserver 2001:db8::1\n",
    servers: ["192.0.2.1", "2001:db8::1"],
    domains: ["a.example", "b.example"],
  },
  {
    name: "no newline at the end",
    text: "nameserver 192.0.2.1",
    servers: ["192.0.2.1"],
  },
  {
    name: "tabs and blanks",
    text: "nameserver\t 192.0.2.1  \nsearch\ta.example \t b.example\t\n",
    servers: ["192.0.2.1"],
    domains: ["a.example", "b.example"],
  },
  {
    name: "comments of both kinds",
    text: ";nameserver 192.0.2.1\n#nameserver 192.0.2.2\nnameserver 192.0.2.3 # the one\n",
    servers: ["192.0.2.3"],
  },
  {
    name: "a keyword that does not begin its line",
    text: " nameserver 192.0.2.1\nnameserver 192.0.2.2\n",
    servers: ["192.0.2.2"],
  },
  {
    name: "a keyword that only begins like one",
    text: "nameservers 192.0.2.1\nsearchlist a.example\nnameserver 192.0.2.2\n",
    servers: ["192.0.2.2"],
  },
  {
    name: "search after domain",
    text: "domain a.example\nsearch b.example c.example\nnameserver 192.0.2.1\n",
    servers: ["192.0.2.1"],
    domains: ["b.example", "c.example"],
  },
  {
    name: "domain after search",
    text: "search b.example c.example\ndomain a.example d.example\nnameserver 192.0.2.1\n",
    servers: ["192.0.2.1"],
    domains: ["a.example"],
  },
  {
    name: "a link-local server with zone",
    text: "nameserver fe80::1%lo\n",
    servers: ["fe80::1%lo"],
  },
  {
    name: "more than three servers",
    text: [1, 2, 3, 4, 5].map((i) => `nameserver 192.0.2.${i}\n`).join(""),
    servers: [1, 2, 3, 4, 5].map((i) => `192.0.2.${i}`),
  },
  {
    name: "options",
    text: "nameserver 192.0.2.1\noptions ndots:3 rotate timeout:2\noptions attempts:4 edns0\n",
    servers: ["192.0.2.1"],
    options: [3, 2, 4, 1],
  },
  {
    name: "options beyond their greatest value",
    text: "nameserver 192.0.2.1\noptions ndots:99 timeout:99 attempts:99\n",
    servers: ["192.0.2.1"],
    options: [15, 30, 5, 0],
  },
  {
    name: "options without number",
    text: "nameserver 192.0.2.1\noptions ndots: timeout:soon attempts\n",
    servers: ["192.0.2.1"],
    warnings: 2,
    unlikeGlibc: "it takes the missing number for 0",
  },
  {
    name: "carriage returns",
    text: "nameserver 192.0.2.1\r\nsearch a.example\r\n",
    servers: ["192.0.2.1"],
    domains: ["a.example"],
    unlikeGlibc: "it takes the carriage return into the value",
  },
  {
    name: "addresses that are none",
    text: "nameserver 192.0.2.256\nnameserver dns.example\nnameserver\nnameserver ::1\n",
    servers: ["::1"],
    warnings: 2,
  },
  {
    name: "a short IPv4 address",
    text: "nameserver 127.1\nnameserver 192.0.2.1\n",
    servers: ["192.0.2.1"],
    warnings: 1,
    unlikeGlibc: "it reads 127.1 as inet_aton(3) does",
  },
  {
    name: "the same server twice",
    text: "nameserver 192.0.2.1\nnameserver 192.0.2.1\n",
    servers: ["192.0.2.1"],
    unlikeGlibc: "it asks a server twice that is there twice",
  },
  {
    name: "a comment behind the search list",
    text: "nameserver 192.0.2.1\nsearch a.example # mine\n",
    servers: ["192.0.2.1"],
    domains: ["a.example", "mine"],
    warnings: 1,
    unlikeGlibc: "it takes # for a domain",
  },
  {
    name: "hostile domains",
    text: `nameserver 192.0.2.1\nsearch ${"x".repeat(300)} \u0001a a..b ok.example\n`,
    servers: ["192.0.2.1"],
    domains: ["ok.example"],
    warnings: 3,
    unlikeGlibc: "it takes any text",
  },
  {
    name: "NUL bytes",
    text: "nameserver 192.0.2.1\0\nnameserver 192.0.2.2\n\0\0\0",
    servers: ["192.0.2.2"],
    warnings: 1,
    unlikeGlibc: "it ends the line at the NUL",
  },
];

for (const { name, text, servers, domains = [], options = [1, 5, 2, 0], warnings = 0 } of rows) {
  test(`parseResolvConf() reads ${name}`, () => {
    const said = parseResolvConf(text);
    assert.deepEqual(said.dnsServers.map(written), servers);
    assert.deepEqual(said.searchDomains, domains);
    assert.deepEqual(
      [
        said.options.ndots,
        said.options.timeoutSeconds,
        said.options.attempts,
        Number(said.options.rotate),
      ],
      options,
    );
    assert.equal(said.warnings.length, warnings, said.warnings.join("\n"));
  });
}

test("parseResolvConf() of a million lines is bounded", () => {
  const said = parseResolvConf(
    "nameserver 192.0.2.1\nsearch x\nnameserver nonsense\n".repeat(333_333),
  );
  assert.equal(said.dnsServers.length, 1);
  assert.deepEqual(said.warnings, ['"nonsense" is no DNS server address; left out']);
});

function written({ address, zone }: { address: string; zone: string | null }): string {
  return zone === null ? address : `${address}%${zone}`;
}

/**
 * Prints, one JSON line for each file, what glibc's res_ninit(3) makes of it as /etc/resolv.conf.
 * The offsets are those of struct __res_state on 64-bit Linux (resolv.h, bits/types/res_state.h).
 */
const GLIBC_PROGRAM = `
import ctypes, json, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
resolv = ctypes.CDLL("libresolv.so.2")
init = getattr(resolv, "__res_ninit", None) or libc.__res_ninit
for path in sys.argv[1:]:
    if libc.mount(path.encode(), b"/etc/resolv.conf", None, 4096, None) != 0:
        sys.exit("mount: errno %d" % ctypes.get_errno())
    state = ctypes.create_string_buffer(568)
    if init(state) != 0:
        sys.exit("res_ninit failed")
    integer = lambda at: int.from_bytes(state.raw[at:at + 4], "little")
    pointer = lambda at: int.from_bytes(state.raw[at:at + 8], "little")
    servers = []
    for i in range(integer(16)):
        if state.raw[20 + 16 * i] == socket.AF_INET:
            servers.append(socket.inet_ntoa(state.raw[24 + 16 * i:28 + 16 * i]))
        else:
            address = ctypes.string_at(pointer(536 + 8 * i), 28)
            scope = int.from_bytes(address[24:28], "little")
            text = socket.inet_ntop(socket.AF_INET6, address[8:24])
            servers.append(text + ("%" + socket.if_indextoname(scope) if scope else ""))
    domains = []
    while len(domains) < 6 and pointer(72 + 8 * len(domains)):
        domains.append(ctypes.string_at(pointer(72 + 8 * len(domains))).decode("latin1"))
    libc.umount2(b"/etc/resolv.conf", 2)
    rotate = integer(8) >> 14 & 1  # RES_ROTATE
    print(json.dumps([servers, domains, state.raw[392] & 15, integer(0), integer(4), rotate]))
`;

const namespaces = process.getuid?.() === 0 ? ["-m"] : ["-rm"];
const judge = spawnSync("unshare", [...namespaces, "python3", "-c", "import ctypes"]);

test(
  "parseResolvConf() agrees with glibc",
  { skip: judge.status === 0 ? false : "needs unshare -m and python3" },
  () => {
    const directory = mkdtempSync(join(tmpdir(), "mif-resolv-"));
    try {
      const judged = rows.filter(({ unlikeGlibc, text }) =>
        unlikeGlibc === undefined && text !== ""
      );
      const paths = judged.map(({ text }, index) => {
        const path = join(directory, `${index}`);
        writeFileSync(path, text);
        return path;
      });
      const output = execFileSync(
        "unshare",
        [...namespaces, "python3", "-c", GLIBC_PROGRAM, ...paths],
        { encoding: "utf8", env: { PATH: process.env["PATH"] } },
      );
      const answers = output.trim().split("\n").map((line) => JSON.parse(line));
      assert.equal(answers.length, judged.length);
      judged.forEach(({ name, text }, index) => {
        const { dnsServers, searchDomains, options } = parseResolvConf(text);
        const [servers, domains, ...numbers] = answers[index];
        assert.deepEqual(dnsServers.slice(0, 3).map(written), servers, name);
        // Without a list glibc takes the domain of the host's own name.
        if (searchDomains.length > 0) assert.deepEqual(searchDomains, domains, name);
        assert.deepEqual(
          [options.ndots, options.timeoutSeconds, options.attempts, Number(options.rotate)],
          numbers,
          `${name}: ${quote(text)}`,
        );
      });
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
);
