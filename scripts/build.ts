/**
 * `deno task build`: the native libraries and what is generated from them.
 *
 * Builds both CPUs with the pinned Zig, checks them with readelf, and writes `ffi/layout.gen.ts`,
 * `ffi/binaries.gen.ts`, `lib/mobility/layout.gen.ts` and `zig/include/ip6mh.h`, which are committed: a clone works
 * without Zig. `--check` writes nothing and fails where the committed files differ from what this build gives, byte for
 * byte.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { constants, deflateRawSync } from "node:zlib";
import { binaries, SOURCE_HASH } from "../ffi/binaries.gen.ts";
import { SYMBOLS } from "../ffi/symbols.ts";
import { ROOT, zig } from "./toolchain.ts";

const CPUS = ["x86_64", "aarch64"] as const;
const SIZE_MAX = 64 * 1024;
const OUT = join(ROOT, "zig", "zig-out");

/** SHA-256 over everything the native build reads, names and contents, in name order. */
export function sourceHash(): string {
  const hash = createHash("sha256");
  const names = readdirSync(join(ROOT, "zig")).filter((name) => /\.(zig|zon)$/.test(name)).sort();
  for (const name of [...names.map((name) => join("zig", name)), join("scripts", "build.ts")]) {
    hash.update(name).update("\0").update(readFileSync(join(ROOT, name))).update("\0");
  }
  return hash.digest("hex");
}

/** The committed files that zig/generate.zig writes, and by which word. */
const REFLECTED = {
  "ffi/layout.gen.ts": "typescript",
  "lib/mobility/layout.gen.ts": "mobility-typescript",
  "zig/include/ip6mh.h": "mobility-header",
};

/** What zig/generate.zig writes: one of REFLECTED's words, or "c". The build must have run. */
export function generated(language: string): string {
  return run(join(OUT, "bin", "generate"), [language]);
}

function run(program: string, words: string[], env: NodeJS.ProcessEnv = process.env): string {
  const result = spawnSync(program, words, { cwd: join(ROOT, "zig"), env, encoding: "utf8" });
  if (result.error) throw new Error(`Cannot run ${program}: ${result.error.message}`);
  if (result.status !== 0) {
    throw new Error(
      `${program} ${words.join(" ")} ended with ${result.status}\n${result.stderr}${result.stdout}`,
    );
  }
  return result.stdout;
}

/** Builds into zig-out/ and returns the libraries by CPU. */
function buildLibraries(): Record<string, Uint8Array> {
  const tool = zig();
  run(tool.path, ["build"], { ...process.env, ...tool.env });
  const libraries: Record<string, Uint8Array> = {};
  for (const cpu of CPUS) {
    const path = join(OUT, "lib", `libmif-${cpu}.so`);
    const bytes = new Uint8Array(readFileSync(path));
    setNoDelete(bytes);
    writeFileSync(path, bytes);
    check(cpu, path, bytes);
    libraries[cpu] = bytes;
  }
  return libraries;
}

/**
 * Sets DF_1_NODELETE in DT_FLAGS_1: a runtime that ends an isolate closes the library, and the next call of
 * another would meet unmapped code. The linker has the switch (-z nodelete), zig build has not.
 */
function setNoDelete(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headers = Number(view.getBigUint64(32, true));
  const count = view.getUint16(56, true);
  for (let i = 0; i < count; i++) {
    const header = headers + i * view.getUint16(54, true);
    if (view.getUint32(header, true) !== 2) continue; // PT_DYNAMIC
    const start = Number(view.getBigUint64(header + 8, true));
    const end = start + Number(view.getBigUint64(header + 32, true));
    for (let at = start; at < end; at += 16) {
      if (view.getBigUint64(at, true) !== 0x6ffffffbn) continue; // DT_FLAGS_1
      view.setBigUint64(at + 8, view.getBigUint64(at + 8, true) | 8n, true);
      return;
    }
  }
  throw new Error("Cannot mark the library: it has no DT_FLAGS_1");
}

/** What every library must be: small, stripped, without libc, exporting the symbol table and no more. */
function check(cpu: string, path: string, bytes: Uint8Array): void {
  const problems: string[] = [];
  if (bytes.length > SIZE_MAX) problems.push(`${bytes.length} bytes are more than ${SIZE_MAX}`);
  const dynamic = run("readelf", ["--dynamic", "--wide", path]);
  if (dynamic.includes("(NEEDED)")) problems.push("it needs another library");
  if (!/FLAGS_1.*NODELETE/.test(dynamic)) problems.push("it is not marked NODELETE");
  const headers = run("readelf", ["--program-headers", "--sections", "--wide", path]);
  if (/^ *TLS /m.test(headers)) problems.push("it has thread-local storage");
  if (/\.symtab|\.debug/.test(headers)) problems.push("it is not stripped");
  const rows = run("readelf", ["--dyn-syms", "--wide", path]).split("\n")
    .map((line) => line.trim().split(/\s+/)).filter((row) => /^\d+:$/.test(row[0]!) && row[7]);
  // Weak, and the host's own (zig/pthread.zig).
  const weak = ["pthread_create", "pthread_detach", "pthread_key_create", "pthread_setspecific"];
  const undefinedNames = rows.filter((row) => row[6] === "UND")
    .filter((row) => row[4] !== "WEAK" || !weak.includes(row[7]!)).map((row) => row[7]);
  if (undefinedNames.length > 0) problems.push(`undefined symbols: ${undefinedNames.join(" ")}`);
  const exported = rows.filter((row) => row[6] !== "UND").map((row) => row[7]!).sort().join(" ");
  const wanted = Object.keys(SYMBOLS).sort().join(" ");
  if (exported !== wanted) {
    problems.push(`exports and ffi/symbols.ts differ:\n  ${exported}\n  ${wanted}`);
  }
  if (problems.length > 0) throw new Error(`libmif-${cpu}.so: ${problems.join("; ")}`);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function binariesModule(libraries: Record<string, Uint8Array>): string {
  const entries = CPUS.map((cpu) => {
    const bytes = libraries[cpu]!;
    const packed = deflateRawSync(bytes, { level: constants.Z_BEST_COMPRESSION });
    return `  ${cpu}: {\n    sha256: "${sha256(bytes)}",\n    size: ${bytes.length},\n` +
      `    deflated:\n      "${packed.toString("base64")}",\n  },\n`;
  });
  return `// @generated by scripts/build.ts; do not edit, run \`deno task build\`
// deno-lint-ignore-file
// deno-fmt-ignore-file
/**
 * The native libraries: raw deflate in base64, with the SHA-256 and size of what comes out.
 *
 * @module
 */

/** One library. */
export interface Binary {
  sha256: string;
  size: number;
  deflated: string;
}

/** SHA-256 of the sources they were built from. */
export const SOURCE_HASH: string = "${sourceHash()}";

/** By CPU, as \`uname -m\` names it. */
export const binaries: Readonly<Record<string, Binary>> = {
${entries.join("")}};
`;
}

function main(options: readonly string[]): void {
  const libraries = buildLibraries();
  const reflected = Object.entries(REFLECTED).map(([path, word]) =>
    [path, generated(word)] as const
  );
  if (!options.includes("--check")) {
    for (const [path, text] of reflected) {
      mkdirSync(dirname(join(ROOT, path)), { recursive: true });
      writeFileSync(join(ROOT, path), text);
    }
    writeFileSync(join(ROOT, "ffi", "binaries.gen.ts"), binariesModule(libraries));
    console.log(
      CPUS.map((cpu) => `libmif-${cpu}.so ${libraries[cpu]!.length} bytes`).join(", "),
    );
    return;
  }
  const stale = reflected.filter(([path, text]) => readFileSync(join(ROOT, path), "utf8") !== text)
    .map(([path]): string => path);
  if (SOURCE_HASH !== sourceHash()) stale.push("ffi/binaries.gen.ts (source hash)");
  for (const cpu of CPUS) {
    if (binaries[cpu]?.sha256 !== sha256(libraries[cpu]!)) {
      stale.push(`ffi/binaries.gen.ts (${cpu})`);
    }
  }
  if (stale.length > 0) {
    console.error(`Not what this source gives: ${stale.join(", ")}; run \`deno task build\``);
    process.exit(1);
  }
  console.log("The committed libraries and layouts are what this source gives");
}

if (import.meta.main) main(process.argv.slice(2));
