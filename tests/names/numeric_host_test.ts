import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatAddress } from "../../lib/ip/address.ts";
import { parseNumericHost } from "../../lib/names/numeric_host.ts";
import { fuzzed } from "../fuzz.ts";
import { gccSkip, runC } from "../socket/c_program.ts";

const read = (text: string) => {
  const host = parseNumericHost(text, (name) => name === "lo" ? 1 : name === "7" ? 3 : null);
  return host && { address: formatAddress(host.bytes), scopeId: host.scopeId };
};

test("IPv6 with and without zone", () => {
  assert.deepEqual(read("2001:DB8::1"), { address: "2001:db8::1", scopeId: 0 });
  assert.deepEqual(read("fe80::1%lo"), { address: "fe80::1", scopeId: 1 });
  assert.deepEqual(read("fe80::1%7"), { address: "fe80::1", scopeId: 3 });
  assert.deepEqual(read("fe80::1%8"), { address: "fe80::1", scopeId: 8 });
  assert.deepEqual(read("ff02::1%lo"), { address: "ff02::1", scopeId: 1 });
  assert.deepEqual(read("fe80::1%4294967295"), { address: "fe80::1", scopeId: 0xffffffff });
  for (const zone of ["", "nosuch", "-1", "+1", "4294967296", "1 ", "0x1", "\0", "1%1"]) {
    assert.deepEqual(read(`fe80::1%${zone}`), { address: "fe80::1", scopeId: null }, zone);
  }
  // An interface's name says nothing about an address beyond the link.
  assert.deepEqual(read("2001:db8::1%lo"), { address: "2001:db8::1", scopeId: null });
  assert.deepEqual(read("ff05::1%lo"), { address: "ff05::1", scopeId: null });
  assert.deepEqual(read("2001:db8::1%5"), { address: "2001:db8::1", scopeId: 5 });
  for (const text of ["[::1]", ":::", "1.2.3.4%1", "%lo", "fe80::1 %lo", "::1\0"]) {
    assert.equal(read(text), null, text);
  }
});

test("IPv4 is what inet_aton(3) takes", { skip: gccSkip() }, () => {
  const number = fc.oneof(
    fc.nat(300).map(String),
    fc.bigInt({ min: 0n, max: 1n << 33n }).map(String),
    fc.nat(0x1ff).map((value) => `0x${value.toString(16)}`),
    fc.bigInt({ min: 0n, max: 1n << 33n }).map((value) => `0X${value.toString(16)}`),
    fc.nat(0o777).map((value) => `0${value.toString(8)}`),
    fc.constantFrom(
      "08",
      "0x",
      "00",
      "",
      " 1",
      "1 ",
      "+1",
      "-1",
      "1e1",
      "0b1",
      "000000000001",
      "a",
    ),
  );
  const samples = fc.sample(
    fc.array(number, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(".")),
    { numRuns: 2000, seed: 1 },
  ).concat("127.1", "0x7f.1", "017700000001", "4294967295", "4294967296", "1.2.3.4 ", "1.2.3.4.");
  const source = `
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
int main(void) {
  char line[512], text[64];
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\\n")] = 0;
    struct in_addr address;
    /* inet_aton() ends at a blank, getaddrinfo() does not take what follows. */
    int blank = 0;
    for (char *at = line; *at; at++) blank |= isspace((unsigned char)*at);
    puts(!blank && inet_aton(line, &address) ? inet_ntop(AF_INET, &address, text, 64) : "-");
  }
}`;
  const judged = runC(source, samples.join("\n") + "\n").trimEnd().split("\n");
  assert.equal(judged.length, samples.length);
  for (const [i, sample] of samples.entries()) {
    assert.equal(read(sample)?.address ?? "-", judged[i], JSON.stringify(sample));
  }
  assert.ok(judged.filter((text) => text !== "-").length > 300);
});

test("any text is read or refused", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.ipV4Extended(), fc.ipV6()), (text) => {
      const host = parseNumericHost(text, () => null);
      if (host) assert.equal(host.bytes.length, host.family === 4 ? 4 : 16);
    }),
    fuzzed,
  );
});
