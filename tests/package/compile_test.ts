// Programs made into one executable file: the library is inside, for it is a module's text.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const directory = mkdtempSync(join(tmpdir(), "mif-compile-"));
after(() => rmSync(directory, { recursive: true }));

const program = join(directory, "program.ts");
const module = fileURLToPath(new URL("../../mod.ts", import.meta.url));
writeFileSync(
  program,
  `import { AF_INET, listPvds, load, SOCK_DGRAM, socket } from ${JSON.stringify(module)};
listPvds();
using s = socket(AF_INET, SOCK_DGRAM);
s.bind({ address: "127.0.0.1" });
const received = s.recv({ timeoutMs: 20_000 });
await s.sendmsg({ data: new Uint8Array([7]), to: s.getsockname() });
console.log(JSON.stringify([(await received)[0], load()]));
`,
);

/** Compiles the program and runs what comes out, where nothing of ours is. */
function assertCompiles(...argv: string[]): void {
  const executable = join(directory, "program");
  const compiled = spawnSync(process.execPath, [...argv, executable, program], {
    encoding: "utf8",
  });
  assert.equal(compiled.status, 0, compiled.stderr);
  const home = join(directory, "home");
  mkdirSync(home);
  const { stdout, stderr } = spawnSync(executable, {
    cwd: home,
    env: { HOME: home },
    encoding: "utf8",
  });
  assert.equal(stderr, "");
  const [byte, library] = JSON.parse(stdout);
  assert.equal(byte, 7);
  assert.ok(library.startsWith(join(home, ".cache", "mif-sockets")), library);
}

const timeout = 120_000;

if ("deno" in process.versions) {
  test("deno compile", { skip: denortSkip(), timeout }, () => {
    assertCompiles("compile", "-A", "--no-check", "--no-config", "--output");
  });
} else {
  test("bun build --compile", { timeout }, () => {
    assertCompiles("build", "--compile", "--outfile");
  });
}

/** What deno compile puts the program into is a download of its own; a test fetches nothing. */
function denortSkip(): string | false {
  const cache = process.env.DENO_DIR ?? join(homedir(), ".cache", "deno");
  const name = `denort-${process.arch === "x64" ? "x86_64" : "aarch64"}-unknown-linux-gnu.zip`;
  const fetched = join(cache, "dl", "release", `v${process.versions.deno}`, name);
  if (process.env.DENORT_BIN || existsSync(fetched)) return false;
  const reason = `deno compile needs denort, which is neither in $DENORT_BIN nor at ${fetched}`;
  console.log(`Skipped: ${reason}`);
  return reason;
}
