import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import fc from "fast-check";
import { formatAddress } from "../../lib/ip/address.ts";
import { AF_INET, AF_INET6 } from "../../lib/socket/options.ts";
import { senderOf } from "../../lib/socket/sender.ts";
import { decodeSockaddr, encodeSockaddr, SockaddrDecoder } from "../../lib/socket/sockaddr.ts";
import { fuzzed } from "../fuzz.ts";
import { gccSkip, runC } from "./c_program.ts";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const port = fc.nat(0xffff);

test("an address reads back as it was written", () => {
  fc.assert(
    fc.property(bytes(4), port, (address, port) => {
      const text = formatAddress(address);
      assert.deepEqual(decodeSockaddr(encodeSockaddr({ address: text, port }, AF_INET)), {
        family: 4,
        address: text,
        port,
        scopeId: 0,
      });
    }),
    fuzzed,
  );
  fc.assert(
    fc.property(bytes(16), port, fc.nat(0xffffffff), (address, port, scopeId) => {
      const text = formatAddress(address);
      const init = { address: text, port, scopeId };
      assert.deepEqual(decodeSockaddr(encodeSockaddr(init, AF_INET6)), { family: 6, ...init });
    }),
    fuzzed,
  );
});

test("the bytes are those of <netinet/in.h>", { skip: gccSkip() }, () => {
  const source = `#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
static void show(const void *p, size_t n) {
  for (size_t i = 0; i < n; i++) printf("%02x", ((const unsigned char *)p)[i]);
  puts("");
}
int main(void) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(8080)};
  inet_pton(AF_INET, "192.0.2.1", &a.sin_addr);
  show(&a, sizeof a);
  struct sockaddr_in6 b = {.sin6_family = AF_INET6, .sin6_port = htons(65535), .sin6_scope_id = 0x01020304};
  inet_pton(AF_INET6, "fe80::1:2", &b.sin6_addr);
  show(&b, sizeof b);
}
`;
  const ours = [
    encodeSockaddr({ address: "192.0.2.1", port: 8080 }, AF_INET),
    encodeSockaddr({ address: "fe80::1:2%16909060", port: 65535 }, AF_INET6),
  ];
  assert.deepEqual(
    ours.map((name) => Buffer.from(name).toString("hex")),
    runC(source).trim().split("\n"),
  );
});

test("what is no address is refused by name", () => {
  const types = [
    undefined,
    null,
    "::1",
    1,
    {},
    { address: 1 },
    { address: "localhost" },
    {
      address: "127.1",
    },
    { address: "::1", port: "80" },
    { address: "::1", scopeId: "eth0" },
    { address: "" },
  ];
  for (const bad of types) {
    assert.throws(
      () => encodeSockaddr(bad as never, AF_INET6),
      TypeError,
      JSON.stringify(bad),
    );
  }
  for (const port of [-1, 65536, 1.5, NaN, Infinity]) {
    assert.throws(() => encodeSockaddr({ address: "::1", port }, AF_INET6), RangeError, `${port}`);
  }
  for (const scopeId of [-1, 2 ** 32, 0.5]) {
    assert.throws(() => encodeSockaddr({ address: "::1", scopeId }, AF_INET6), RangeError);
  }
  const other = { code: "EAFNOSUPPORT" };
  assert.throws(() => encodeSockaddr({ address: "::1" }, AF_INET), other);
  assert.throws(() => encodeSockaddr({ address: "192.0.2.1" }, AF_INET6), other);
  assert.throws(() => encodeSockaddr({ address: "fe80::1%eth0" }, AF_INET6), { code: "EINVAL" });
});

test("bytes of any kind are an address or null", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(2, 10, 0, 1), (name, family) => {
      if (name.length > 1) name.set([family, 0]);
      const decoded = decodeSockaddr(name);
      const whole = family === AF_INET ? 16 : family === AF_INET6 ? 28 : Infinity;
      assert.equal(decoded === null, name.length < whole);
    }),
    fuzzed,
  );
});

test("a decoder that remembers says what one without memory says", () => {
  // One byte apart, and of every length: what is like the last must still be told from it.
  const names = fc.tuple(fc.constantFrom(2, 10, 0), fc.nat(40), fc.nat(39), fc.nat(2)).map(
    ([family, length, at, value]) => {
      const name = new Uint8Array(length);
      if (at < length) name[at] = value;
      if (length > 1) name.set([family, 0]);
      return name;
    },
  );
  fc.assert(
    fc.property(fc.array(names, { maxLength: 30 }), fc.nat(8), (some, start) => {
      const decoder = new SockaddrDecoder();
      for (const name of some) {
        const memory = new Uint8Array(start + 64);
        memory.set(name, start);
        // The kernel's length may be more than there is room for.
        const whole = memory.slice(start, start + Math.min(name.length, 28));
        assert.deepEqual(decoder.decode(memory, start, name.length), decodeSockaddr(whole));
      }
    }),
    fuzzed,
  );
  const decoder = new SockaddrDecoder();
  const name = encodeSockaddr({ address: "192.0.2.1", port: 7 }, AF_INET);
  const given = decoder.decode(name, 0, name.length)!;
  given.address = "changed";
  assert.equal(decoder.decode(name, 0, name.length)!.address, "192.0.2.1");
});

test("a sender in text is the one in bytes", () => {
  fc.assert(
    fc.property(fc.oneof(bytes(4), bytes(16)), port, (address, port) => {
      const text = formatAddress(address);
      const family = address.length === 4 ? AF_INET : AF_INET6;
      const expected = decodeSockaddr(encodeSockaddr({ address: text, port }, family));
      assert.deepEqual(senderOf(text, port), expected);
    }),
    fuzzed,
  );
  const loopback = { family: 6, address: "fe80::1", port: 7, scopeId: 1 };
  assert.deepEqual(senderOf("fe80::1%lo", 7), loopback);
  assert.deepEqual(senderOf("fe80::1%nosuch0", 7), { ...loopback, scopeId: 0 });
});
