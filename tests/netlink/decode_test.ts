import fc from "fast-check";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { SnapshotHeader, UserOptionRecord } from "../../ffi/layout.gen.ts";
import { native } from "../../ffi/library.ts";
import { readRecords, type Records } from "../../lib/netlink/records.ts";
import { fuzzed } from "../fuzz.ts";

const EBADF = -9;
const EFAULT = -14;
const EINVAL = -22;
const EBADMSG = -74;
const none = new Uint8Array(0);

/** Recorded datagrams (zig/tests/captures). */
function recorded(name: string): Uint8Array[] {
  const path = fileURLToPath(new URL(`../../zig/tests/captures/${name}.hex`, import.meta.url).href);
  return readFileSync(path, "utf8").trim().split("\n").map((line) =>
    new Uint8Array(Buffer.from(line, "hex"))
  );
}

const names = ["links", "addresses", "rules", "nexthops", "routes4", "routes6", "user_options"];
const datagrams = names.flatMap(recorded);

function decode(datagram: Uint8Array, out: Uint8Array, size = out.length): number {
  return native().mif_netlink_decode(datagram, datagram.length, out, size);
}

/** Everything the library says of a datagram: first how much, then into room for just that. */
function decodeWhole(datagram: Uint8Array): Uint8Array {
  const size = decode(datagram, none);
  assert.ok(size >= 0, `${size}`);
  const out = new Uint8Array(size);
  assert.equal(decode(datagram, out), size);
  return out;
}

/** Reads every field of every record. */
function readFields(records: Records): number {
  let count = 0;
  const views = [
    ...records.links,
    ...records.addresses,
    ...records.routes,
    ...records.rules,
    ...records.nexthops,
    ...records.nexthopMembers,
    ...records.userOptions.map(({ record }) => record),
  ];
  for (const view of views) {
    for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(view))) {
      if (name === "constructor") continue;
      const value = (view as unknown as Record<string, unknown>)[name];
      assert.ok(typeof value === "number" || value instanceof Uint8Array, name);
      count++;
    }
  }
  return count;
}

test("recorded datagrams come through the library as records", () => {
  const all = (name: string) =>
    recorded(name).map((datagram) => readRecords(decodeWhole(datagram)));
  const links = all("links").flatMap(({ links }) => links);
  assert.deepEqual(links.map((link) => link.index), [1, 2, 3, 4, 5, 6, 7]);
  const routes = all("routes4").flatMap(({ routes }) => routes);
  assert.ok(routes.some((route) => route.table === 100_000 && route.destinationLength === 0));
  assert.ok(routes.some((route) => route.family === 4 && route.gatewayFamily === 6));
  const options = all("user_options").map(({ userOptions }) => {
    assert.equal(userOptions.length, 1);
    assert.equal(userOptions[0]!.option.length, userOptions[0]!.record.optionLength);
    return userOptions[0]!.option[0];
  });
  assert.deepEqual(options, [3, 3, 25, 31, 37, 38]);
});

const mutated = fc.record({
  datagram: fc.constantFrom(...datagrams),
  end: fc.nat(),
  changes: fc.array(fc.record({ at: fc.nat(), value: fc.nat({ max: 255 }) }), { maxLength: 12 }),
}).map(({ datagram, end, changes }) => {
  // Mostly whole; else cut somewhere.
  const bytes = end % 4 > 0 ? datagram.slice() : datagram.slice(0, end % (datagram.length + 1));
  if (bytes.length === 0) return bytes;
  for (const { at, value } of changes) bytes[at % bytes.length] = value;
  return bytes;
});
const hostile = fc.oneof(mutated, fc.uint8Array({ maxLength: 400 }));

test("whatever the bytes, the library gives records or EBADMSG, and stays inside the buffer", () => {
  fc.assert(
    fc.property(hostile, fc.nat({ max: 4096 }), (datagram, room) => {
      const out = new Uint8Array(8192).fill(0xa5);
      const size = decode(datagram, out, room);
      if (size < 0) {
        assert.equal(size, EBADMSG);
      } else if (size <= room) {
        readFields(readRecords(out.subarray(0, size)));
      } else {
        readFields(readRecords(decodeWhole(datagram)));
      }
      assert.ok(out.subarray(room).every((byte) => byte === 0xa5));
    }),
    fuzzed,
  );
});

test("whatever the bytes, reading records ends and no field reaches past them", () => {
  const records = fc.array(
    fc.record({
      kind: fc.nat({ max: 9 }),
      size: fc.oneof(fc.nat({ max: 140 }), fc.nat({ max: 65535 })),
      body: fc.uint8Array({ maxLength: 140 }),
    }).map(({ kind, size, body }) => [kind, 0, size & 0xff, size >> 8, ...body]),
    { maxLength: 8 },
  ).map((parts) => new Uint8Array(parts.flat()));
  fc.assert(
    fc.property(fc.oneof(records, fc.uint8Array({ maxLength: 600 })), (bytes) => {
      readFields(readRecords(bytes));
    }),
    fuzzed,
  );
});

test("a record shorter than its kind ends the reading", () => {
  const bytes = new Uint8Array(UserOptionRecord.SIZE - 4);
  bytes[0] = 7;
  bytes[2] = bytes.length;
  assert.equal(readFields(readRecords(bytes)), 0);
});

test("buffers of no size, and descriptors that are none, are errors and nothing else", () => {
  const { mif_snapshot, mif_stream_read, mif_netlink_receive, mif_netlink_join, mif_close } =
    native();
  const scratch = new Uint8Array(32 * 1024);
  const header = new Uint8Array(SnapshotHeader.SIZE);
  assert.equal(decode(none, none), 0);
  assert.equal(mif_snapshot(none, 0, scratch, scratch.length), EINVAL);
  assert.equal(mif_snapshot(header, header.length - 1, scratch, scratch.length), EINVAL);
  assert.equal(mif_snapshot(header, header.length, scratch, scratch.length - 1), EINVAL);
  assert.equal(mif_snapshot(header, header.length, none, 0), EINVAL);
  // Room for the header alone: the whole is counted.
  const size = mif_snapshot(header, header.length, scratch, scratch.length);
  assert.ok(size > header.length);
  assert.equal(new SnapshotHeader(new DataView(header.buffer), 0).size, size);
  assert.equal(mif_stream_read(-1, none, 0, 0), EINVAL);
  assert.equal(mif_stream_read(-1, header, header.length, 0), EBADF);
  assert.equal(mif_netlink_receive(-1, header, header.length), EBADF);
  assert.equal(mif_close(-1), EBADF);
  for (const group of [0, 10_000, 0xffff_ffff]) assert.equal(mif_netlink_join(group), EINVAL);
});

test("a detached buffer with a length is EFAULT or a refusal of the runtime, not a crash", () => {
  const detached = new Uint8Array(64);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  let result: number;
  try {
    result = native().mif_netlink_decode(detached, 64, none, 0);
  } catch {
    return;
  }
  assert.equal(result, EFAULT);
});
