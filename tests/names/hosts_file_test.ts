import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatAddress } from "../../lib/ip/address.ts";
import { HostsFile, hostsFile } from "../../lib/names/hosts_file.ts";
import { type HostFiles, UnreadableError } from "../../lib/sources/host_files.ts";
import { fuzzed } from "../fuzz.ts";

const file = new HostsFile(
  [
    "127.0.0.1\tlocalhost",
    "192.0.2.1 www.example  www WWW # the server",
    "  2001:db8::1 www.example",
    "192.0.2.2 www.example other",
    "#192.0.2.3 www.example",
    "192.0.2.4",
    "192.0.2.256 broken.example",
    "fe80::1%eth0 zoned.example",
    "192.0.2.5\tcarriage.example\r",
    "192.0.2.6 last.example",
  ].join("\n"),
);
const named = (name: string) => {
  const entry = file.byName(name);
  return entry && [entry.canonicalName, ...entry.addresses.map(formatAddress)];
};

test("all lines that have a name, in whatever case", () => {
  assert.deepEqual(named("WWW.example"), ["www.example", "192.0.2.1", "2001:db8::1", "192.0.2.2"]);
  assert.deepEqual(named("www"), ["www.example", "192.0.2.1"]);
  assert.deepEqual(named("other"), ["www.example", "192.0.2.2"]);
  assert.deepEqual(named("carriage.example"), ["carriage.example", "192.0.2.5"]);
  assert.deepEqual(named("last.example"), ["last.example", "192.0.2.6"]);
  for (const name of ["none", "broken.example", "zoned.example", "#", "", "the", "192.0.2.1"]) {
    assert.equal(named(name), null, name);
  }
});

test("the first name of an address", () => {
  assert.equal(file.byAddress(Uint8Array.of(192, 0, 2, 1)), "www.example");
  assert.equal(file.byAddress(Uint8Array.of(192, 0, 2, 9)), null);
});

test("any text is read", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      new HostsFile(text).byName("a");
      assert.notEqual(new HostsFile(`${text}\n192.0.2.1 \u{1f600}x`).byName("\u{1f600}x"), null);
    }),
    fuzzed,
  );
});

/** A host whose /etc/hosts holds this, or cannot be read. */
const filesWith = (text: string | null | Error): HostFiles => ({
  read: () => {
    if (text instanceof Error) throw text;
    return text;
  },
  list: () => null,
});

test("a file that cannot be read has no names", () => {
  assert.notEqual(hostsFile(filesWith("192.0.2.1 a")).byName("a"), null);
  assert.equal(hostsFile(filesWith(new UnreadableError("not read"))).byName("a"), null);
  assert.equal(hostsFile(filesWith(null)).byName("a"), null);
});
