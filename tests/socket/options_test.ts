import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import * as options from "../../lib/socket/options.ts";
import { icmp6Filter, readIcmp6Filter } from "../../lib/socket/options.ts";
import { socket } from "../../lib/socket/socket.ts";
import { fuzzed } from "../fuzz.ts";
import { gccSkip, runC } from "./c_program.ts";

const skip = gccSkip();
const constants = Object.entries(options as Record<string, unknown>)
  .filter((entry): entry is [string, number] => typeof entry[1] === "number");

/** The headers of the C library, and the kernel's own, which cannot be read in one program. */
const headers = {
  libc: [
    "sys/socket.h",
    "netinet/in.h",
    "netinet/tcp.h",
    "netinet/icmp6.h",
    "linux/in6.h",
    "linux/ipv6.h",
  ],
  // <asm-generic/socket.h> is aarch64's as well.
  kernel: [
    "asm-generic/socket.h",
    "linux/in.h",
    "linux/in6.h",
    "linux/ipv6.h",
    "linux/icmpv6.h",
    "linux/tcp.h",
  ],
};

/** What a set of headers says of these names; those it does not know are left out. */
function numbersOf(names: string[], files: string[]): Map<string, number> {
  const source = [
    "#define _GNU_SOURCE",
    "#include <stdio.h>",
    ...files.map((file) => `#include <${file}>`),
    "int main(void) {",
    ...names.map((name) =>
      `#ifdef ${name}\nprintf("${name} %lld\\n", (long long)(${name}));\n#endif`
    ),
    "return 0; }",
    "",
  ].join("\n");
  const lines = runC(source).trim().split("\n").map((line) => line.split(" "));
  return new Map(lines.map(([name, number]) => [name!, Number(number)]));
}

test("every number is what the system's headers say", { skip }, () => {
  const known = new Set<string>();
  for (const [which, files] of Object.entries(headers)) {
    const numbers = numbersOf(constants.map(([name]) => name), files);
    assert.ok(numbers.size > 50, `${numbers.size} names in the headers of the ${which}`);
    for (const [name, value] of constants) {
      if (!numbers.has(name)) continue;
      assert.equal(value, numbers.get(name), `${name}, headers of the ${which}`);
      known.add(name);
    }
  }
  const unjudged = constants.map(([name]) => name).filter((name) => !known.has(name));
  assert.deepEqual(unjudged, ["IPV6_USE_MIN_MTU"], "names that no header has");
  // Linux names it where the compiler does not look.
  const text = readFileSync("/usr/include/linux/in6.h", "utf8");
  assert.equal(Number(/IPV6_USE_MIN_MTU\s+(\d+)/.exec(text)?.[1]), options.IPV6_USE_MIN_MTU);
});

/** Each option and value of an option that the document names. */
const documents: Record<string, string> = {
  "RFC 3493": `IPV6_JOIN_GROUP IPV6_LEAVE_GROUP IPV6_MULTICAST_HOPS IPV6_MULTICAST_IF
    IPV6_MULTICAST_LOOP IPV6_UNICAST_HOPS IPV6_V6ONLY`,
  "RFC 3542": `ICMP6_FILTER IPV6_CHECKSUM IPV6_DONTFRAG IPV6_DSTOPTS IPV6_HOPLIMIT IPV6_HOPOPTS
    IPV6_NEXTHOP IPV6_PATHMTU IPV6_PKTINFO IPV6_RECVDSTOPTS IPV6_RECVHOPLIMIT IPV6_RECVHOPOPTS
    IPV6_RECVPATHMTU IPV6_RECVPKTINFO IPV6_RECVRTHDR IPV6_RECVTCLASS IPV6_RTHDR IPV6_RTHDRDSTOPTS
    IPV6_RTHDR_TYPE_0 IPV6_TCLASS IPV6_USE_MIN_MTU`,
  "RFC 5014": `IPV6_ADDR_PREFERENCES IPV6_PREFER_SRC_CGA IPV6_PREFER_SRC_COA IPV6_PREFER_SRC_HOME
    IPV6_PREFER_SRC_NONCGA IPV6_PREFER_SRC_PUBLIC IPV6_PREFER_SRC_TMP`,
  "the socket API of Mobile IPv6": `IPPROTO_IPV6 IPPROTO_MH IPV6_CHECKSUM IPV6_DSTOPTS
    IPV6_RECVDSTOPTS IPV6_RECVRTHDR IPV6_RTHDR`,
};

test("every option that the documents name has its name here", () => {
  const here = new Set(constants.map(([name]) => name));
  for (const [document, names] of Object.entries(documents)) {
    const missing = names.split(/\s+/).filter((name) => !here.has(name));
    assert.deepEqual(missing, [], document);
  }
});

test("what Linux only names it refuses", () => {
  using s = socket(options.AF_INET6, options.SOCK_DGRAM);
  for (const name of [options.IPV6_NEXTHOP, options.IPV6_USE_MIN_MTU]) {
    assert.throws(() => s.setsockopt(options.IPPROTO_IPV6, name, 1), { code: "ENOPROTOOPT" });
  }
});

test("IPV6_ADDR_PREFERENCES reads back as it was set", () => {
  const { IPPROTO_IPV6, IPV6_ADDR_PREFERENCES, IPV6_PREFER_SRC_PUBLIC, IPV6_PREFER_SRC_TMP } =
    options;
  using s = socket(options.AF_INET6, options.SOCK_DGRAM);
  for (const flag of [IPV6_PREFER_SRC_TMP, IPV6_PREFER_SRC_PUBLIC]) {
    s.setsockopt(IPPROTO_IPV6, IPV6_ADDR_PREFERENCES, flag);
    const read = s.getsockopt(IPPROTO_IPV6, IPV6_ADDR_PREFERENCES);
    assert.equal(read & (IPV6_PREFER_SRC_TMP | IPV6_PREFER_SRC_PUBLIC), flag);
  }
  const both = IPV6_PREFER_SRC_TMP | IPV6_PREFER_SRC_PUBLIC;
  assert.throws(() => s.setsockopt(IPPROTO_IPV6, IPV6_ADDR_PREFERENCES, both), { code: "EINVAL" });
});

test("IPV6_TCLASS of the socket is that of its datagrams, and one of them may have its own", async () => {
  const { AF_INET6, IPPROTO_IPV6, IPV6_RECVTCLASS, IPV6_TCLASS, SOCK_DGRAM } = options;
  using receiver = socket(AF_INET6, SOCK_DGRAM);
  receiver.setsockopt(IPPROTO_IPV6, IPV6_RECVTCLASS, true);
  receiver.bind({ address: "::1" });
  using sender = socket(AF_INET6, SOCK_DGRAM);
  sender.setsockopt(IPPROTO_IPV6, IPV6_TCLASS, 0x28);
  assert.equal(sender.getsockopt(IPPROTO_IPV6, IPV6_TCLASS), 0x28);
  const data = new Uint8Array(1);
  for (const own of [undefined, 0x10, undefined]) {
    await sender.sendmsg({
      data,
      to: receiver.getsockname(),
      control: own === undefined ? [] : [{ name: "IPV6_TCLASS", value: own }],
    });
    const { control } = await receiver.recvmsg({ timeoutMs: 10_000 });
    assert.deepEqual(control, [{ name: "IPV6_TCLASS", value: own ?? 0x28 }]);
  }
});

test("IPV6_PATHMTU of a connected socket is its path's", async () => {
  const { AF_INET6, IPPROTO_IPV6, IPV6_PATHMTU, SOCK_DGRAM } = options;
  using s = socket(AF_INET6, SOCK_DGRAM);
  // struct ip6_mtuinfo: a struct sockaddr_in6 of 28 bytes, and the MTU.
  const read = () => s.getsockoptBytes(IPPROTO_IPV6, IPV6_PATHMTU, 32);
  assert.throws(read, { code: "ENOTCONN" });
  await s.connect({ address: "::1", port: 9 });
  const bytes = read();
  assert.equal(bytes.length, 32);
  const mtu = new DataView(bytes.buffer, bytes.byteOffset).getUint32(28, true);
  assert.equal(mtu, Number(readFileSync("/sys/class/net/lo/mtu", "utf8")));
});

describe("ICMP6_FILTER", () => {
  const lists = [[], [134], [0, 255], [31, 32, 63, 64], [133, 134, 135, 136, 137, 134]];

  test("has the bits that <netinet/icmp6.h>'s macros set", { skip }, () => {
    const build = (start: string, set: string, types: number[]) =>
      `ICMP6_FILTER_${start}(&f); ${
        types.map((type) => `ICMP6_FILTER_${set}(${type}, &f);`).join(" ")
      } show(&f);`;
    const source = `#include <stdio.h>
#include <netinet/icmp6.h>
static void show(const struct icmp6_filter *f) {
  for (unsigned i = 0; i < sizeof *f; i++) printf("%02x", ((const unsigned char *)f)[i]);
  puts("");
}
int main(void) {
  struct icmp6_filter f;
  ${lists.map((types) => build("SETBLOCKALL", "SETPASS", types)).join("\n  ")}
  ${lists.map((types) => build("SETPASSALL", "SETBLOCK", types)).join("\n  ")}
  return 0;
}
`;
    const ours = [
      ...lists.map((pass) => icmp6Filter({ pass })),
      ...lists.map((block) => icmp6Filter({ block })),
    ];
    assert.deepEqual(
      ours.map((filter) => [...filter].map((byte) => byte.toString(16).padStart(2, "0")).join("")),
      runC(source).trim().split("\n"),
    );
  });

  test("reads back as it was made, for every type", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(255)), fc.boolean(), (types, pass) => {
        const filter = readIcmp6Filter(icmp6Filter(pass ? { pass: types } : { block: types }));
        for (let type = 0; type < 256; type++) {
          assert.equal(filter.passes(type), types.includes(type) === pass, `type ${type}`);
        }
      }),
      fuzzed,
    );
  });

  test("is refused where it says nothing clear", () => {
    for (const bad of [undefined, null, {}, { pass: 134 }, { pass: [1], block: [2] }]) {
      assert.throws(() => icmp6Filter(bad as never), TypeError, JSON.stringify(bad));
    }
    assert.throws(() => icmp6Filter({ pass: ["134"] as never }), TypeError);
    for (const type of [-1, 256, 1.5, NaN, 2 ** 32]) {
      assert.throws(() => icmp6Filter({ pass: [type] }), RangeError, `${type}`);
      assert.throws(() => icmp6Filter({ block: [type] }), RangeError, `${type}`);
      assert.throws(() => readIcmp6Filter(new Uint8Array(32)).passes(type), RangeError, `${type}`);
    }
    for (const size of [0, 31, 33]) {
      assert.throws(() => readIcmp6Filter(new Uint8Array(size)), RangeError, `${size} bytes`);
    }
  });

  test("is read from a copy", () => {
    const bytes = icmp6Filter({ block: [] });
    const filter = readIcmp6Filter(bytes);
    bytes.fill(0xff);
    assert.equal(filter.passes(134), true);
  });
});
