import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import {
  inet6_opt_append,
  inet6_opt_find,
  inet6_opt_finish,
  inet6_opt_init,
  inet6_opt_next,
  inet6_opt_set_val,
  inet6_rth_add,
  inet6_rth_getaddr,
  inet6_rth_init,
  inet6_rth_reverse,
  inet6_rth_segments,
  inet6_rth_space,
  type Out,
} from "../../lib/mobility/mod.ts";
import { Random } from "../random.ts";
import { gccSkip, runC } from "../socket/c_program.ts";
import { toHex } from "./vectors.ts";

const oracle = readFileSync(new URL("inet6_oracle.c", import.meta.url), "utf8");
const random = new Random();
const COUNT = 2000;

interface OptionCall {
  type: number;
  length: number;
  align: number;
}

const skip = gccSkip();

describe("glibc's inet6_*() and ours", { skip }, () => {
  const optionCalls = Array.from({ length: COUNT }, randomOptions);
  const headers = Array.from({ length: COUNT }, randomHeader);
  const routes = Array.from({ length: 300 }, randomRoute);
  const received = Array.from({ length: COUNT }, randomRoutingHeader);
  let answers: string[] = [];
  let seed = "";

  before(() => {
    seed = `seed ${random.seed}`;
    console.log(`glibc's inet6 functions: ${seed}, ${COUNT} of each kind`);
    const input = [
      ...optionCalls.map(({ extlen, options }) =>
        `opt ${extlen} ` +
        options.map(({ type, length, align }) => `${type},${length},${align}`).join(" ")
      ),
      ...headers.map(({ bytes }) => `walk ${toHex(bytes)}`),
      ...headers.map(({ bytes, wanted }) => `find ${wanted} ${toHex(bytes)}`),
      ...routes.map(({ segments, addresses }) =>
        `rth ${segments} ${addresses.map(toHex).join(" ")}`
      ),
      ...received.map((bytes) => `header ${toHex(bytes)}`),
    ];
    answers = runC(oracle, input.join("\n") + "\n").split("\n").map((line) => line.trim());
  });
  after(() => {
    answers = [];
  });

  const take = (count: number) => answers.splice(0, count);

  test("build the same where an option's length is a multiple of its alignment", () => {
    let same = 0;
    for (const [i, answer] of take(COUNT).entries()) {
      const call = optionCalls[i]!;
      const label = `${seed}: ${JSON.stringify(call)}`;
      if (call.options.every(({ length, align }) => length % align === 0)) {
        assert.equal(build(call), answer, label);
        same++;
      } else {
        assertDifferentAlignment(call, answer, label);
      }
    }
    assert.ok(same > COUNT / 10, `${same}`);
  });

  test("walk through the same options", () => {
    for (const [i, answer] of take(COUNT).entries()) {
      const { bytes } = headers[i]!;
      const type: Out<number> = { value: 0 };
      const length: Out<number> = { value: 0 };
      const data: Out<Uint8Array> = { value: bytes };
      const steps: string[] = [];
      for (let at = 0;;) {
        at = inet6_opt_next(bytes, bytes.length, at, type, length, data);
        if (at < 0) break;
        steps.push(`${at}:${type.value}:${length.value} ${toHex(data.value)}`.trim());
      }
      assert.equal(steps.join(" "), oneBlank(answer), `${seed}: ${toHex(bytes)}`);
    }
  });

  test("find the same options", () => {
    for (const [i, answer] of take(COUNT).entries()) {
      const { bytes, wanted } = headers[i]!;
      const length: Out<number> = { value: 0 };
      const data: Out<Uint8Array> = { value: bytes };
      const steps: string[] = [];
      for (let at = 0;;) {
        at = inet6_opt_find(bytes, bytes.length, at, wanted, length, data);
        if (at < 0) break;
        steps.push(`${at}:${length.value} ${toHex(data.value)}`.trim());
      }
      assert.equal(steps.join(" "), oneBlank(answer), `${seed}: ${wanted} in ${toHex(bytes)}`);
    }
  });

  test("build and reverse the same routing headers", () => {
    for (const [i, answer] of take(routes.length).entries()) {
      const { segments, addresses } = routes[i]!;
      const bytes = new Uint8Array(4096).fill(0xee);
      const back = new Uint8Array(4096);
      const space = inet6_rth_space(0, segments);
      const begun = inet6_rth_init(bytes, bytes.length, 0, segments) === bytes;
      const words = [space, Number(begun)];
      for (const address of addresses) words.push(inet6_rth_add(bytes, address));
      words.push(inet6_rth_segments(bytes));
      const built = toHex(bytes.subarray(0, space));
      const reversed = inet6_rth_reverse(bytes, back);
      assert.equal(
        `${words.join(" ")} ${built} ${reversed} ${toHex(back.subarray(0, space))}`,
        answer,
        `${seed}: ${segments} segments, ${addresses.length} addresses`,
      );
    }
  });

  test("read the same routing headers", () => {
    for (const [i, answer] of take(COUNT).entries()) {
      const bytes = received[i]!;
      const segments = inet6_rth_segments(bytes);
      const addresses = Array.from({ length: segments + 2 }, (_, k) => {
        const address = inet6_rth_getaddr(bytes, k - 1);
        return address ? toHex(address) : "null";
      });
      assert.equal([segments, ...addresses].join(" "), answer, `${seed}: ${toHex(bytes)}`);
    }
  });
});

/** What the oracle prints for "opt". */
function build({ extlen, options }: { extlen: number; options: OptionCall[] }): string {
  const bytes = new Uint8Array(extlen);
  const data: Out<Uint8Array> = { value: bytes };
  let at = inet6_opt_init(bytes, extlen);
  let counted = inet6_opt_init(null, 0);
  const words: (number | string)[] = [at];
  for (const [i, { type, length, align }] of options.entries()) {
    if (at < 0) break;
    at = inet6_opt_append(bytes, extlen, at, type, length, align, data);
    counted = inet6_opt_append(null, 0, counted, type, length, align);
    if (at >= 0) inet6_opt_set_val(data.value, 0, new Uint8Array(length).fill(i + 1), length);
    words.push(at);
  }
  if (at >= 0) {
    at = inet6_opt_finish(bytes, extlen, at);
    counted = inet6_opt_finish(null, 0, counted);
    words.push(at);
  }
  if (at >= 0) words.push(toHex(bytes.subarray(0, at)), counted);
  return words.join(" ");
}

/** RFC 3542 22 aligns the end of an option's data; glibc aligns its beginning. */
function assertDifferentAlignment(
  call: { extlen: number; options: OptionCall[] },
  answer: string,
  label: string,
): void {
  // Without a buffer that may be too short, and with the offsets of both.
  let ours = inet6_opt_init(null, 0);
  const theirs = answer.split(" ").map(Number);
  for (const [i, { type, length, align }] of call.options.entries()) {
    const before = ours;
    ours = inet6_opt_append(null, 0, ours, type, length, align);
    if (align > length) {
      assert.equal(ours, -1, label);
      assert.equal(theirs[i + 1], -1, label);
      return;
    }
    assert.equal(ours % align, 0, label);
    assert.ok(ours - before - 2 - length < align, label);
    const end = theirs[i + 1]!;
    if (end < 0) return;
    assert.equal((end - length) % align, 0, label);
  }
}

function randomOptions(): { extlen: number; options: OptionCall[] } {
  const options = Array.from({ length: random.below(6) }, () => {
    const align = random.of([1, 2, 4, 8]);
    const length = random.oneIn(2)
      ? align * (1 + random.below(4))
      : random.below(random.oneIn(20) ? 256 : 20);
    return { type: 2 + random.below(254), length, align };
  });
  return { extlen: 8 * (1 + random.below(random.oneIn(10) ? 256 : 16)), options };
}

/** An options header, most of them well formed, and a type that it may hold. */
function randomHeader(): { bytes: Uint8Array; wanted: number } {
  const bytes = new Uint8Array(8 * (1 + random.below(8)));
  bytes[1] = bytes.length / 8 - 1;
  const wanted = 2 + random.below(5);
  for (let at = 2; at < bytes.length;) {
    const left = bytes.length - at;
    const type = random.oneIn(3) ? random.below(2) : 2 + random.below(5);
    if (type === 0 || left === 1) {
      // Now and then an option begins in the last byte.
      bytes[at++] = left === 1 && random.oneIn(4) ? type : 0;
      continue;
    }
    const length = random.oneIn(20) ? random.below(256) : random.below(Math.min(left - 1, 20));
    bytes.set([type, length, ...random.bytes(Math.min(length, left - 2))], at);
    at += 2 + length;
  }
  return { bytes, wanted };
}

function randomRoute(): { segments: number; addresses: Uint8Array[] } {
  const segments = random.below(random.oneIn(10) ? 128 : 6);
  const count = random.oneIn(3) ? segments + 1 : random.below(segments + 1);
  return { segments, addresses: Array.from({ length: count }, () => random.bytes(16)) };
}

/** What a socket may give. Of odd lengths and too many segments left glibc makes addresses, and we do not. */
function randomRoutingHeader(): Uint8Array {
  const segments = random.below(6);
  const type = random.oneIn(5) ? random.of([1, 3, 4, 255]) : 0;
  const head = [random.below(256), segments * 2, type, random.below(segments + 1), 0, 0, 0, 0];
  return Uint8Array.from([...head, ...random.bytes(16 * segments)]);
}

function oneBlank(text: string): string {
  return text.replace(/ +/g, " ");
}
