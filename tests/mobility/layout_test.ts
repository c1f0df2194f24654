import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import * as layout from "../../lib/mobility/layout.gen.ts";
import * as mobility from "../../lib/mobility/mod.ts";
import { type CommandResult, runCommand } from "../lab/command.ts";
import { hex, toHex } from "./vectors.ts";

/** Typed from the documents: what the C compiler and TypeScript are both held against. */
const C_TEST = fileURLToPath(new URL("ip6mh_test.c", import.meta.url));
const HEADERS = fileURLToPath(new URL("../../zig/include", import.meta.url));
const lines = readFileSync(C_TEST, "utf8");

/** The arguments of every call of a macro in the C test's functions. */
function calls(macro: string): string[][] {
  return [...lines.matchAll(new RegExp(`^    ${macro}\\((.*)\\);$`, "gm"))]
    .map(([, words]) => words!.split(", "));
}

describe("zig/include/ip6mh.h, whose every offset a C program asserts", () => {
  const languages = {
    "C99": ["gcc", "-std=c99", "-pedantic"],
    "C17": ["gcc", "-std=c17"],
    "C++11": ["g++", "-x", "c++", "-std=c++11"],
    "C++20": ["g++", "-x", "c++", "-std=c++20"],
  };
  let directory: string;
  /** All at once. */
  const compiled = new Map<string, Promise<CommandResult>>();
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "mif-ip6mh-"));
    for (const [name, compiler] of Object.entries(languages)) {
      const strict = ["-Wall", "-Wextra", "-Werror", `-I${HEADERS}`, "-o", join(directory, name)];
      compiled.set(name, runCommand([...compiler, ...strict, C_TEST], { timeoutMs: 60_000 }));
    }
  });
  after(async () => {
    await Promise.allSettled(compiled.values());
    rmSync(directory, { recursive: true });
  });
  for (const name of Object.keys(languages)) {
    test(name, async () => {
      const { status, stderr } = await compiled.get(name)!;
      assert.deepEqual([status, stderr], [0, ""]);
      const ran = await runCommand([join(directory, name)]);
      assert.deepEqual([ran.status, ran.stdout], [0, ""]);
    });
  }
});

describe("lib/mobility/layout.gen.ts says what the C test says", () => {
  const structs: Record<string, mobility.StructLayout> = mobility.structs;

  test("every struct of both documents, and no other", () => {
    const sizes = Object.fromEntries(calls("STRUCT").map(([tag, size]) => [tag, Number(size)]));
    assert.deepEqual(
      Object.fromEntries(Object.entries(structs).map(([tag, { size }]) => [tag, size])),
      sizes,
    );
    // 23 of 2003, of which five have the same tag in RFC 4584.
    assert.equal(Object.keys(sizes).length, 23 + 18);
    for (const tag of Object.keys(sizes)) {
      assert.equal((mobility as Record<string, unknown>)[tag], structs[tag]);
    }
  });

  test("every field, and no other", () => {
    const fields = calls("FIELD").map(([tag, field, offset, size]) => {
      const found = structs[tag!]!.fields[field!];
      assert.deepEqual([found?.offset, found?.size], [Number(offset), Number(size)], field!);
      return `${tag}.${field}`;
    });
    const found = Object.entries(structs)
      .flatMap(([tag, layout]) => Object.keys(layout.fields).map((field) => `${tag}.${field}`));
    assert.deepEqual(found.sort(), fields.sort());
  });

  test("every number, and no other", () => {
    const numbers = [...calls("NUMBER"), ...calls("FLAGS")];
    const current: Record<string, unknown> = { ...layout };
    const names: string[] = [];
    for (const [name, value] of numbers) {
      const draft = /^DRAFT2003_(.*)/.exec(name!)?.[1];
      const table: Record<string, unknown> = draft ? mobility.draft2003 : current;
      assert.equal(table[draft ?? name!], Number(value), name!);
      if (!draft) assert.equal((mobility as Record<string, unknown>)[name!], Number(value), name!);
      if (!draft) names.push(name!);
    }
    assert.equal(numbers.length - names.length, Object.keys(mobility.draft2003).length);
    const exported = Object.keys(current).filter((name) => typeof current[name] === "number");
    assert.deepEqual(exported.sort(), names.sort());
    const of2003 = lines.slice(lines.indexOf("numbers_of_2003(void)"));
    const count = of2003.slice(0, of2003.indexOf("}")).match(/(NUMBER|FLAGS)\(/g)?.length;
    assert.equal(count, 47);
  });

  test("what is misspelt is deprecated", () => {
    const generated = readFileSync(
      new URL("../../lib/mobility/layout.gen.ts", import.meta.url),
      "utf8",
    );
    for (const name of ["IP6MHOPT_PDAN", "IP6MH_BAS_ACCPETED"]) {
      assert.match(generated, new RegExp(`@deprecated Use \\w+\\.\n \\*/\nexport const ${name} =`));
    }
  });
});

describe("readField() and writeField()", () => {
  test("agree with parseMobility() and buildMobility()", () => {
    const { fields } = mobility.ip6mh_binding_update;
    const bytes = mobility.buildMobility({
      type: "BU",
      sequence: 0x1234,
      rawFlags: 0xb0f0,
      lifetimeSeconds: 420,
    });
    assert.equal(mobility.readField(bytes, fields.ip6mhbu_seqno), 0x1234);
    assert.equal(mobility.readField(bytes, fields.ip6mhbu_flags), 0xb0f0);
    assert.equal(mobility.readField(bytes, fields.ip6mhbu_lifetime), 105);
    assert.deepEqual(mobility.readField(bytes, fields.ip6mhbu_hdr), hex("3b0105000000"));
    mobility.writeField(bytes, fields.ip6mhbu_seqno, 0xfffe);
    mobility.writeField(bytes, fields.ip6mhbu_hdr, hex("3b0105001234"));
    const message = mobility.parseMobility(bytes);
    assert.ok(message.type === "BU");
    assert.deepEqual([message.sequence, message.checksum], [0xfffe, 0x1234]);
  });

  test("four bytes, and a struct further on", () => {
    const bytes = new Uint8Array(16);
    const { nd_opt_adv_type: type, nd_opt_adv_interval: interval } =
      mobility.nd_opt_advinterval.fields;
    mobility.writeField(bytes, type, mobility.ND_OPT_ADV_INTERVAL, 8);
    mobility.writeField(bytes, interval, 0xfedcba98, 8);
    assert.equal(toHex(bytes), "0000000000000000" + "07000000fedcba98");
    assert.equal(mobility.readField(bytes, interval, 8), 0xfedcba98);
  });

  test("stay within the bytes, and take only what fits", () => {
    const bytes = new Uint8Array(12);
    const { ip6mhbu_lifetime: lifetime, ip6mhbu_hdr: header } =
      mobility.ip6mh_binding_update.fields;
    assert.throws(() => mobility.readField(bytes, lifetime, 1), RangeError);
    assert.throws(() => mobility.writeField(bytes, lifetime, 1, 1), RangeError);
    assert.throws(() => mobility.readField(bytes, lifetime, -1), RangeError);
    assert.throws(() => mobility.writeField(bytes, lifetime, 0x10000), RangeError);
    assert.throws(() => mobility.writeField(bytes, lifetime, new Uint8Array(2)), TypeError);
    assert.throws(() => mobility.writeField(bytes, header, 1), TypeError);
    assert.throws(() => mobility.writeField(bytes, header, new Uint8Array(5)), RangeError);
    assert.deepEqual(bytes, new Uint8Array(12));
  });
});
