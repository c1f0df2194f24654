import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  extensionOptions,
  inet6_opt_append,
  inet6_opt_find,
  inet6_opt_finish,
  inet6_opt_get_val,
  inet6_opt_get_value,
  inet6_opt_init,
  inet6_opt_next,
  inet6_opt_set_val,
  inet6_rth_add,
  inet6_rth_getaddr,
  inet6_rth_init,
  inet6_rth_reverse,
  inet6_rth_segments,
  inet6_rth_space,
  nextExtensionOption,
  type Out,
  parseDestinationOptions,
  parseRoutingHeader,
} from "../../lib/mobility/mod.ts";
import { formatAddress } from "../../lib/ip/address.ts";
import { fuzzed } from "../fuzz.ts";
import { hex, toHex, vectors } from "./vectors.ts";

const addressAt = (bytes: Uint8Array, index: number) => {
  const address = inet6_rth_getaddr(bytes, index);
  return address && formatAddress(address);
};

describe("inet6_rth_*()", () => {
  for (const { name, bytes, expected } of vectors("inet6_rth")) {
    test(name, () => {
      if (expected.malformed) {
        assert.equal(inet6_rth_segments(bytes), -1);
        assert.equal(inet6_rth_getaddr(bytes, 0), null);
        assert.equal(inet6_rth_add(bytes, "2001:db8::1"), -1);
        assert.equal(inet6_rth_reverse(bytes, new Uint8Array(2048)), -1);
        return;
      }
      assert.equal(inet6_rth_segments(bytes), expected.segments);
      assert.equal(addressAt(bytes, 0), expected.getaddr0);
      assert.equal(addressAt(bytes, 1), null);
      assert.equal(addressAt(bytes, -1), null);
      if (expected.space === undefined) {
        assert.equal(bytes[3], expected.segleft);
        return;
      }
      const out = new Uint8Array(32).fill(0xee);
      assert.equal(inet6_rth_space(2, 1), expected.space);
      assert.equal(inet6_rth_init(out, out.length, 2, 1), out);
      assert.equal(out[3], expected.init_segleft);
      assert.equal(inet6_rth_add(out, expected.getaddr0 as string), 0);
      assert.equal(out[3], expected.after_add_segleft);
      assert.equal(toHex(out), toHex(bytes) + "ee".repeat(8));
      assert.equal(inet6_rth_add(out, "2001:db8::2"), expected.second_add);
      const back = new Uint8Array(24).fill(0xdd);
      assert.equal(inet6_rth_reverse(out, back), expected.reverse);
      assert.equal(toHex(back), "dd".repeat(24));
    });
  }

  test("RFC 3542 21.1: from S by I1, I2 and I3 to D, and back", () => {
    const [s, i1, i2, i3, d] = ["a", "1", "2", "3", "d"].map((end) => `2001:db8::${end}`);
    const header = new Uint8Array(inet6_rth_space(0, 3));
    assert.equal(header.length, 56);
    assert.equal(inet6_rth_init(header, header.length, 0, 3), header);
    for (const address of [i1!, i2!, i3!]) assert.equal(inet6_rth_add(header, address), 0);
    assert.equal(inet6_rth_add(header, d!), -1);
    assert.equal(toHex(header.subarray(0, 8)), "0006000300000000");
    assert.deepEqual([0, 1, 2].map((index) => addressAt(header, index)), [i1, i2, i3]);

    // As D receives it: all segments visited, and each place has the address that the packet had on the way.
    header[3] = 0;
    for (const [index, address] of [s!, i1!, i2!].entries()) {
      header.set(ofText(address), 8 + 16 * index);
    }
    assert.equal(inet6_rth_segments(header), 3);
    assert.equal(inet6_rth_reverse(header, header), 0);
    assert.equal(header[3], 3);
    assert.deepEqual([0, 1, 2].map((index) => addressAt(header, index)), [i2, i1, s]);
  });

  test("space, init and add at their limits", () => {
    assert.deepEqual([0, 1, 127].map((n) => inet6_rth_space(0, n)), [8, 24, 2040]);
    for (
      const [type, n] of [[0, 128], [0, -1], [0, 1.5], [0, NaN], [2, 0], [2, 2], [1, 1], [3, 1]]
    ) {
      assert.equal(inet6_rth_space(type!, n!), 0);
    }
    const bytes = new Uint8Array(24).fill(0xee);
    assert.equal(inet6_rth_init(bytes, 23, 2, 1), null);
    assert.equal(inet6_rth_init(bytes, 1000, 0, 2), null);
    assert.equal(inet6_rth_init(bytes, NaN, 2, 1), null);
    assert.equal(inet6_rth_init(bytes, 24, 4, 1), null);
    assert.equal(toHex(bytes), "ee".repeat(24));
    assert.equal(inet6_rth_init(bytes, 24, 0, 0), bytes);
    assert.equal(inet6_rth_add(bytes, "::1"), -1);
    assert.throws(() => inet6_rth_add(bytes, "192.0.2.1"), TypeError);
  });

  test("headers that say more than there is", () => {
    const bytes = hex("00040002" + "00000000" + "20010db8".repeat(4));
    assert.equal(inet6_rth_segments(bytes), -1);
    assert.equal(inet6_rth_add(bytes, "::1"), -1);
    assert.equal(inet6_rth_getaddr(bytes, 0), null);
    assert.equal(inet6_rth_reverse(bytes, new Uint8Array(99)), -1);
    for (const short of [[], [0], [0, 0, 0, 0, 0, 0, 0]]) {
      assert.equal(inet6_rth_segments(Uint8Array.from(short)), -1);
    }
    const small = new Uint8Array(23).fill(0xdd);
    assert.equal(inet6_rth_reverse(hex("00020001" + "00000000" + "20010db8".repeat(4)), small), -1);
    assert.equal(toHex(small), "dd".repeat(23));
  });

  test("reverse into overlapping bytes", () => {
    const bytes = new Uint8Array(64);
    const header = bytes.subarray(0, 40);
    inet6_rth_init(header, 40, 0, 2);
    inet6_rth_add(header, "2001:db8::1");
    inet6_rth_add(header, "2001:db8::2");
    const shifted = bytes.subarray(8, 48);
    assert.equal(inet6_rth_reverse(header, shifted), 0);
    assert.deepEqual([0, 1].map((i) => addressAt(shifted, i)), ["2001:db8::2", "2001:db8::1"]);
  });

  test("any bytes: what segments counts, getaddr gives, as parseRoutingHeader() does", () => {
    const length = fc.constantFrom(0, 2, 4, 6, 1, 255);
    const bytes = fc.tuple(
      length,
      fc.constantFrom(0, 2, 4),
      fc.nat(4),
      fc.uint8Array({ maxLength: 70 }),
    )
      .map(([len, type, left, rest]) => Uint8Array.from([59, len, type, left, ...rest]));
    fc.assert(
      fc.property(bytes, (bytes) => {
        const before = toHex(bytes);
        const segments = inet6_rth_segments(bytes);
        for (const index of [-1, 0, segments - 1, segments, 127, 0.5, NaN]) {
          const there = Number.isInteger(index) && index >= 0 && index < segments;
          assert.equal(inet6_rth_getaddr(bytes, index)?.length, there ? 16 : undefined);
        }
        assert.equal(toHex(bytes), before);
        if (segments < 0) return;
        const header = parseRoutingHeader(bytes);
        assert.ok(header.name !== "unknown" && header.name !== "malformed");
        const addresses = header.name === "type-2" ? [header.homeAddress] : header.addresses;
        assert.deepEqual(
          addresses,
          Array.from({ length: segments }, (_, i) => addressAt(bytes, i)),
        );
        inet6_rth_add(bytes, "::1");
        inet6_rth_reverse(bytes, bytes);
      }),
      fuzzed,
    );
  });
});

/** Option X of RFC 3542 22: 12 bytes, the data at 8n+4; and Y: 7 bytes, the data at 4n+1. */
const OPTIONS = { X: { type: 0x2a, length: 12, align: 8 }, Y: { type: 0x2b, length: 7, align: 4 } };

/** What a call in the vectors names. */
function called(name: string): { type: number; length: number; align: number } {
  const own = /^(\w+)(?:=\w+)?,(\d+),(\d+)$/.exec(name)!;
  const type = own[1] === "X" || own[1] === "Y" ? OPTIONS[own[1]].type : Number(own[1]);
  return { type, length: Number(own[2]), align: Number(own[3]) };
}

/** The values of RFC 3542 22's example, in its steps. */
function setValues(type: number, data: Uint8Array): void {
  if (type === 0xc9) {
    assert.equal(inet6_opt_set_val(data, 0, ofText("2001:db8::1"), 16), 16);
    return;
  }
  const values = type === OPTIONS.X.type
    ? ["11223344", "0102030405060708"]
    : ["01", "1331", "01020304"];
  let offset = 0;
  for (const value of values) {
    offset = inet6_opt_set_val(data, offset, hex(value), value.length / 2);
  }
  assert.equal(offset, data.length);
}

describe("inet6_opt_*()", () => {
  for (const { name, bytes, expected } of vectors("inet6_opt")) {
    test(name, () => {
      const steps = (expected.calls as string).split(";");
      const extlen = Number(/\d+/.exec(steps[0]!));
      const header = new Uint8Array(extlen);
      const data: Out<Uint8Array> = { value: header };
      let at = inet6_opt_init(header, extlen);
      let counted = inet6_opt_init(null, 0);
      const returns = [at];
      for (const step of steps.slice(1, -1)) {
        const { type, length, align } = called(/\((.*)\)/.exec(step)![1]!);
        at = inet6_opt_append(header, extlen, at, type, length, align, data);
        counted = inet6_opt_append(null, 0, counted, type, length, align, null);
        assert.equal(counted, at);
        setValues(type, data.value);
        returns.push(at);
      }
      returns.push(inet6_opt_finish(header, extlen, at));
      assert.equal(inet6_opt_finish(null, 0, counted), returns.at(-1));
      assert.deepEqual(returns, expected.returns);
      assert.equal(toHex(header), toHex(bytes));
    });
  }

  test("RFC 3542 22: what is built is found and read", () => {
    const { bytes } = vectors("inet6_opt").find(({ name }) =>
      name.startsWith("inet6_opt:X then Y")
    )!;
    const type: Out<number> = { value: 0 };
    const length: Out<number> = { value: 0 };
    const data: Out<Uint8Array> = { value: bytes };
    const seen: unknown[] = [];
    for (let at = 0;;) {
      at = inet6_opt_next(bytes, bytes.length, at, type, length, data);
      if (at < 0) break;
      seen.push([type.value, length.value, at]);
    }
    assert.deepEqual(seen, [[0x2a, 12, 16], [0x2b, 7, 28]]);
    let at = inet6_opt_find(bytes, bytes.length, 0, 0x2b, length, data);
    assert.deepEqual([at, length.value], [28, 7]);
    const [one, two, four] = [1, 2, 4].map((size) => new Uint8Array(size));
    let offset = inet6_opt_get_val(data.value, 0, one!, 1);
    offset = inet6_opt_get_val(data.value, offset, two!, 2);
    offset = inet6_opt_get_value(data.value, offset, four!, 4);
    assert.equal(offset, 7);
    assert.deepEqual([one, two, four].map((each) => toHex(each!)), ["01", "1331", "01020304"]);
    assert.equal(inet6_opt_get_val(data.value, offset, one!, 1), -1);
    at = inet6_opt_find(bytes, bytes.length, at, 0x2b);
    assert.equal(at, -1);
    assert.deepEqual([...extensionOptions(bytes)].map(({ type, offset }) => [type, offset]), [
      [0x2a, 2],
      [0x2b, 19],
    ]);
  });

  test("init takes a multiple of 8 that is there", () => {
    const bytes = new Uint8Array(4096).fill(0xee);
    for (const extlen of [0, -8, 1, 7, 12, 2056, 4096, NaN, Infinity, 8.5]) {
      assert.equal(inet6_opt_init(bytes, extlen), -1);
      assert.equal(inet6_opt_init(null, extlen), 2);
    }
    assert.equal(inet6_opt_init(bytes.subarray(0, 8), 16), -1);
    assert.equal(bytes[1], 0xee);
    assert.equal(inet6_opt_init(bytes, 2048), 2);
    assert.equal(bytes[1], 255);
  });

  test("append refuses what RFC 3542 10.2 does, and what does not fit", () => {
    const bytes = new Uint8Array(24);
    const wrong: [number, number, number, number][] = [
      [2, 0, 4, 1],
      [2, 1, 4, 1],
      [2, 256, 4, 1],
      [2, 1.5, 4, 1],
      [2, 5, -1, 1],
      [2, 5, 256, 1],
      [2, 5, 4, 3],
      [2, 5, 4, 0],
      [2, 5, 4, 16],
      [2, 5, 4, 257],
      [2, 5, 4, 8],
      // No alignment is as short as nothing.
      [2, 5, 0, 1],
      [1, 5, 4, 1],
      [-1, 5, 4, 1],
      [NaN, 5, 4, 1],
    ];
    for (const [offset, type, length, align] of wrong) {
      assert.equal(inet6_opt_append(bytes, 24, offset, type, length, align), -1);
      assert.equal(inet6_opt_append(null, 0, offset, type, length, align), -1);
    }
    assert.equal(inet6_opt_append(bytes, 24, 2, 5, 21, 1), -1);
    assert.equal(inet6_opt_append(bytes, 23, 2, 5, 20, 1), -1);
    assert.equal(inet6_opt_append(bytes.subarray(0, 23), 24, 2, 5, 20, 1), -1);
    assert.equal(inet6_opt_finish(bytes, 16, 17), -1);
    assert.equal(inet6_opt_finish(bytes, 24, 1), -1);
    assert.equal(inet6_opt_finish(bytes.subarray(0, 20), 24, 17), -1);
    assert.equal(toHex(bytes), "00".repeat(24));
    assert.equal(inet6_opt_append(bytes, 24, 2, 5, 20, 1), 24);
  });

  test("set_val and get_val stay in the option", () => {
    const header = new Uint8Array(16);
    const data: Out<Uint8Array> = { value: header };
    inet6_opt_init(header, 16);
    inet6_opt_append(header, 16, 2, 5, 4, 4, data);
    const before = toHex(header);
    for (const [offset, length] of [[1, 4], [-1, 1], [4, 1], [0, 5], [0, -1], [0.5, 1], [NaN, 1]]) {
      assert.equal(inet6_opt_set_val(data.value, offset!, new Uint8Array(8), length!), -1);
      assert.equal(inet6_opt_get_val(data.value, offset!, new Uint8Array(8), length!), -1);
    }
    assert.equal(inet6_opt_set_val(data.value, 0, new Uint8Array(3), 4), -1);
    assert.equal(inet6_opt_get_val(data.value, 0, new Uint8Array(3), 4), -1);
    assert.equal(toHex(header), before);
  });

  test("nothing behind the shorter of both lengths is looked at", () => {
    // The header says 8 bytes, the buffer has 16; and the other way round.
    const header = hex("3b00" + "0501aa" + "010100" + "0602bbbb01020000");
    assert.deepEqual(walk(header, 16), [[5, 5]]);
    header[1] = 1;
    assert.deepEqual(walk(header, 16), [[5, 5], [6, 12]]);
    header[1] = 255;
    assert.deepEqual(walk(header, 16), [[5, 5], [6, 12]]);
    assert.deepEqual(walk(header, 1000), [[5, 5], [6, 12]]);
    assert.deepEqual(walk(header, 11), [[5, 5]]);
    assert.deepEqual(walk(header, 1), []);
    assert.deepEqual(walk(header, NaN), []);
    assert.equal(inet6_opt_next(header, 16, 1), -1);
    assert.equal(inet6_opt_next(header, 16, -3), -1);
    assert.equal(inet6_opt_next(header, 16, 2.5), -1);
    // glibc's finds padding.
    assert.equal(inet6_opt_find(header, 16, 0, 1), -1);
    assert.equal(inet6_opt_find(header, 16, 0, 0), -1);
  });

  test("a step says whether it is the end or a fault", () => {
    const header = hex("3b00" + "050100" + "0602ff");
    const first = nextExtensionOption(header);
    assert.deepEqual(first, {
      state: "option",
      type: 5,
      data: hex("00"),
      offset: 2,
      next: 5,
    });
    assert.deepEqual(nextExtensionOption(header, 5), { state: "malformed", offset: 5 });
    header[6] = 1;
    assert.deepEqual(nextExtensionOption(header, 8), { state: "end" });
    assert.equal([...extensionOptions(header)].length, 2);
    header[6] = 2;
    const seen: number[] = [];
    assert.throws(() => {
      for (const { type } of extensionOptions(header)) seen.push(type);
    }, { name: "MifError", code: "EBADMSG" });
    assert.deepEqual(seen, [5]);
  });

  test("any bytes: options lie within them, as parseDestinationOptions() has them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(3), (bytes, units) => {
        if (bytes.length > 1) bytes[1] = units;
        const seen: { type: number; data: Uint8Array }[] = [];
        let state = "option";
        for (let offset = 0; state === "option";) {
          const step = nextExtensionOption(bytes, offset);
          state = step.state;
          if (step.state !== "option") continue;
          assert.ok(step.next > offset && step.next <= bytes.length);
          seen.push({ type: step.type, data: step.data });
          offset = step.next;
        }
        if (bytes.length < 2 || bytes.length < units * 8 + 8) return;
        const { options } = parseDestinationOptions(bytes);
        const last = options.at(-1);
        assert.equal(state, last?.name === "truncated" ? "malformed" : "end");
        assert.deepEqual(
          seen.map(({ type }) => type),
          options.filter(({ type, name }) => type > 1 && name !== "truncated").map(({ type }) =>
            type
          ),
        );
      }),
      fuzzed,
    );
  });
});

/** Type and offset of each option that inet6_opt_next() finds. */
function walk(header: Uint8Array, extlen: number): number[][] {
  const type: Out<number> = { value: 0 };
  const found: number[][] = [];
  for (let at = 0;;) {
    at = inet6_opt_next(header, extlen, at, type);
    if (at < 0) return found;
    found.push([type.value, at]);
  }
}

/** The bytes of "2001:db8::" and a digit. */
function ofText(address: string): Uint8Array {
  return hex(`20010db8${"0".repeat(23)}${address.at(-1)}`);
}
