// The libraries as they are published, opened by processes that are no runtime of ours: of glibc, of musl, and of the other CPU
// under qemu-user. What they say is the same, except for what qemu does not pass on to the kernel.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { inflateRawSync } from "node:zlib";
import { binaries } from "../../ffi/binaries.gen.ts";
import { ABI_VERSION } from "../../ffi/layout.gen.ts";
import { ROOT } from "../../scripts/toolchain.ts";

const directory = mkdtempSync(join(tmpdir(), "mif-native-"));
after(() => rmSync(directory, { recursive: true }));

/** The library of a CPU, out of the package. */
function library(cpu: string): string {
  const path = join(directory, `libmif-${cpu}.so`);
  const bytes = inflateRawSync(Buffer.from(binaries[cpu]!.deflated, "base64"));
  writeFileSync(path, bytes, { mode: 0o700 });
  return path;
}

/** Each line of the captures is a datagram. */
function recordedDatagrams(): string {
  const captures = join(ROOT, "zig", "tests", "captures");
  const datagrams = readdirSync(captures).filter((name) => name.endsWith(".hex")).sort()
    .flatMap((name) => readFileSync(join(captures, name), "utf8").trim().split("\n"))
    .map((line) => Buffer.from(line, "hex"));
  const path = join(directory, "datagrams");
  const length = (datagram: Buffer) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(datagram.length);
    return bytes;
  };
  writeFileSync(path, Buffer.concat(datagrams.flatMap((each) => [length(each), each])));
  return path;
}

const datagrams = recordedDatagrams();
const source = fileURLToPath(new URL("./host_process.c", import.meta.url));

/** Compiles the program and runs it with a library; its lines. */
function said(compiler: string, cpu: string, emulator: string[] = []): string[] {
  const program = join(directory, compiler);
  const compiled = spawnSync(compiler, [
    ...["-std=gnu11", "-Wall", "-Werror", "-pthread", "-o", program, source, "-ldl"],
  ], { encoding: "utf8" });
  assert.equal(compiled.status, 0, compiled.stderr);
  const [command, ...words] = [...emulator, program, library(cpu), `${program}.socket`, datagrams];
  const { stdout, stderr, status } = spawnSync(command!, words, { encoding: "utf8" });
  assert.deepEqual([status, stderr], [0, ""], stdout);
  return stdout.trim().split("\n");
}

/** What they all say; of the recorded datagrams, what glibc's says. */
function assertLines(lines: readonly string[], exceptions: Record<string, string> = {}): void {
  const expected = [
    `version: ${ABI_VERSION}`,
    'datagrams: 9 bytes sent, 2 received, "one" and "second"',
    'streams: connect begun, "hello", option of 4 bytes is 1',
    "streams: end 0",
    "reactor: woken 100 times",
    "reactor by io_uring: woken 100 times",
    "reactor by a thread: woken 100 times",
    "threads: a socket whose thread ended is closed",
    "unix: written",
    "netlink: news -11",
    "netlink: lookup of 104 bytes",
    "netlink: routes read",
    "netlink: snapshot read",
    recordsSaid(),
    'state: "default", version 1',
    "refused: -14 -9 -9 -93",
    "closed: its thread ended",
  ].map((line) => exceptions[line] ?? line);
  assert.deepEqual([...lines].sort(), expected.sort());
}

let glibc: string[] | undefined;

/** What a process of this machine's own C library says. */
function glibcSaid(): string[] {
  return glibc ??= said("gcc", "x86_64");
}

/** What it makes of the recorded datagrams. */
function recordsSaid(): string {
  return glibcSaid().find((line) => line.startsWith("recorded: "))!;
}

/** Why a compiler and its companion are not to be used here, printed; false where they are. */
function missing(...commands: string[]): string | false {
  const absent = process.arch !== "x64"
    ? `this CPU is ${process.arch}`
    : commands.filter((command) => spawnSync(command, ["--version"]).error)
      .map((command) => `${command} is not here`).join(", ");
  if (absent === "") return false;
  console.log(`Skipped: ${absent}`);
  return absent;
}

const timeout = 60_000;

test("a process of glibc", { skip: missing("gcc"), timeout }, () => {
  assert.match(recordsSaid(), /^recorded: [1-9]\d{3,} bytes/);
  assertLines(glibcSaid());
});

test("a process of musl", { skip: missing("gcc", "musl-gcc"), timeout }, () => {
  assertLines(said("musl-gcc", "x86_64"));
});

const ARM_COMPILER = "aarch64-linux-gnu-gcc";

test("a process of the other CPU", {
  skip: missing("gcc", ARM_COMPILER, "qemu-aarch64"),
  timeout,
}, () => {
  assertLines(said(ARM_COMPILER, "aarch64", ["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"]), {
    "reactor by io_uring: woken 100 times": "reactor by io_uring: error 38",
    // qemu knows no SO_COOKIE, and without it nobody knows whose descriptor it is.
    "threads: a socket whose thread ended is closed":
      "threads: a socket whose thread ended is open",
    // qemu knows neither rules nor the attributes that ask for one table.
    "netlink: routes read": "netlink: routes error 95",
    "netlink: snapshot read": "netlink: snapshot error 95",
  });
});
