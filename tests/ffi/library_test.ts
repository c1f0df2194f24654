import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, describe, test } from "node:test";
import { type Backend, pickBackend } from "../../ffi/backend.ts";
import { binaries } from "../../ffi/binaries.gen.ts";
import { ABI_VERSION } from "../../ffi/layout.gen.ts";
import { load, type LoaderHost, native, openFirst } from "../../ffi/library.ts";
import { type Native, SYMBOLS } from "../../ffi/symbols.ts";
import { MifError } from "../../lib/error.ts";

const directory = fs.mkdtempSync(join(tmpdir(), "mif-library-"));
after(() => fs.rmSync(directory, { recursive: true }));

let number = 0;
const fresh = () => join(directory, `cache-${number++}`);

/** A backend that opens anything and says which version it found. */
function fakeBackend(version: number = ABI_VERSION): Backend {
  return { runtime: "Fake", open: () => ({ mif_abi_version: () => version }) as unknown as Native };
}

function fakeHost(changes: Partial<LoaderHost> = {}): LoaderHost {
  return {
    platform: "linux",
    arch: "x64",
    backend: () => fakeBackend(),
    moduleUrl: "https://jsr.example/@mif/sockets/ffi/library.ts",
    env: (name) => name === "XDG_CACHE_HOME" ? directory : undefined,
    uid: process.getuid!(),
    binaries,
    ...changes,
  };
}

/** What a failing load says; fails where it is no MifError. */
function refusal(host: LoaderHost, path?: string): MifError {
  try {
    openFirst(path, host);
  } catch (error) {
    assert.ok(error instanceof MifError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: "the library was opened" });
}

describe("the copy inside the package", () => {
  test("is written once, private, under its hash, and works", () => {
    const cache = fresh();
    const host = fakeHost({ env: () => cache, backend: pickBackend });
    const first = openFirst(undefined, host);
    assert.equal(first.native.mif_abi_version(), ABI_VERSION);
    const status = fs.statSync(first.path);
    assert.equal(status.mode & 0o777, 0o500);
    assert.equal(fs.statSync(join(cache, "mif-sockets")).mode & 0o777, 0o700);
    assert.deepEqual(fs.readdirSync(join(cache, "mif-sockets")).length, 1);
    openFirst(undefined, host);
    assert.equal(fs.statSync(first.path).ino, status.ino, "it was written again");
  });

  test("replaces a file that is damaged, too short, or open to others", () => {
    const cache = fresh();
    const host = fakeHost({ env: () => cache });
    const { path } = openFirst(undefined, host);
    const whole = fs.readFileSync(path);
    const damages: (() => void)[] = [
      () => fs.writeFileSync(path, whole.map((byte, i) => i === 1000 ? byte ^ 1 : byte)),
      () => fs.writeFileSync(path, whole.subarray(0, 1000)),
      () => fs.chmodSync(path, 0o777),
      () => (fs.rmSync(path), fs.symlinkSync("/etc/passwd", path)),
    ];
    for (const damage of damages) {
      if (fs.existsSync(path)) fs.chmodSync(path, 0o700);
      damage();
      openFirst(undefined, host);
      assert.deepEqual(fs.readFileSync(path), whole);
      assert.equal(fs.lstatSync(path).mode & 0o777, 0o500);
    }
  });

  test("is refused where others may write", () => {
    const cache = fresh();
    fs.mkdirSync(join(cache, "mif-sockets"), { recursive: true });
    fs.chmodSync(join(cache, "mif-sockets"), 0o777);
    const error = refusal(fakeHost({ env: () => cache }));
    assert.equal(error.code, "EPERM");
    assert.match(error.message, /others may write there.*load\(\{ path \}\)/);
  });

  test("is refused where its directory is another user's", () => {
    const cache = fresh();
    fs.mkdirSync(join(cache, "mif-sockets"), { recursive: true, mode: 0o700 });
    const error = refusal(fakeHost({ env: () => cache, uid: process.getuid!() + 1 }));
    assert.equal(error.code, "EPERM");
  });

  test("goes below $HOME/.cache, and $XDG_RUNTIME_DIR where there is no home", () => {
    const home = fresh();
    const env = (values: Record<string, string>) => (name: string) => values[name];
    assert.equal(
      openFirst(undefined, fakeHost({ env: env({ HOME: home }) })).path.startsWith(
        join(home, ".cache", "mif-sockets"),
      ),
      true,
    );
    const runtime = fresh();
    const { path } = openFirst(
      undefined,
      fakeHost({ env: env({ HOME: "/", XDG_RUNTIME_DIR: runtime }) }),
    );
    assert.ok(path.startsWith(runtime), path);
    const error = refusal(fakeHost({ env: () => undefined }));
    assert.equal(error.code, "ENOENT");
    assert.match(error.message, /XDG_CACHE_HOME, HOME, XDG_RUNTIME_DIR/);
  });

  test("says so when the directory cannot be made", () => {
    const file = fresh();
    fs.writeFileSync(file, "");
    const error = refusal(fakeHost({ env: () => file }));
    assert.match(error.code, /^(ENOTDIR|EEXIST)$/);
    assert.match(error.message, /set XDG_CACHE_HOME/);
  });

  test("is refused when its bytes are damaged", () => {
    const damaged = { ...binaries.x86_64!, sha256: "0".repeat(64) };
    const error = refusal(fakeHost({ env: fresh, binaries: { x86_64: damaged } }));
    assert.equal(error.code, "EBADMSG");
  });
});

describe("a library that does not fit", () => {
  test("another system", () => {
    const error = refusal(fakeHost({ platform: "darwin" }));
    assert.equal(error.code, "ENOSYS");
    assert.match(error.message, /it is for Linux, and this is darwin/);
  });

  test("another CPU", () => {
    const error = refusal(fakeHost({ arch: "riscv64" }));
    assert.equal(error.code, "ENOEXEC");
    assert.match(error.message, /riscv64, only for x86_64 and aarch64/);
  });

  test("another version", () => {
    const error = refusal(
      fakeHost({ backend: () => fakeBackend(ABI_VERSION + 1) }),
      "/some/lib.so",
    );
    assert.equal(error.code, "ELIBBAD");
    assert.match(error.message, /\/some\/lib\.so: its version is \d+ and this package needs \d+/);
  });

  test("no library at all, in this runtime", () => {
    const path = join(directory, "garbage.so");
    fs.writeFileSync(path, "no library");
    for (const wrong of [path, join(directory, "missing.so")]) {
      const error = refusal(fakeHost({ backend: pickBackend }), wrong);
      assert.equal(error.code, "ELIBACC");
      assert.ok(error.message.includes(wrong));
      assert.ok(error.cause instanceof Error);
    }
  });

  test("a runtime without foreign functions", () => {
    assert.throws(() => pickBackend({}), { name: "MifError", code: "ENOSYS" });
  });
});

describe("in a checkout", () => {
  test("a build of this very version is used, a stale one passed over", () => {
    const root = fresh();
    const local = join(root, "zig", "zig-out", "lib", "libmif-x86_64.so");
    const host = fakeHost({
      moduleUrl: `file://${root}/ffi/library.ts`,
      env: () => join(root, "cache"),
    });
    fs.mkdirSync(join(root, "zig", "zig-out", "lib"), { recursive: true });
    const { path } = openFirst(undefined, host);
    fs.copyFileSync(path, local);
    assert.equal(openFirst(undefined, host).path, local);
    fs.chmodSync(local, 0o700);
    fs.appendFileSync(local, "x");
    assert.equal(openFirst(undefined, host).path, path);
  });
});

describe("load()", () => {
  test("wants an absolute path, and cannot change what is open", () => {
    assert.throws(() => load({ path: "relative.so" }), TypeError);
    assert.throws(() => load({ path: 1 as unknown as string }), TypeError);
    const path = load();
    assert.equal(load({ path }), path);
    assert.throws(() => load({ path: "/other.so" }), { code: "EALREADY" });
  });

  test("every symbol of the table is there and answers bad input with an errno", () => {
    for (const name of Object.keys(SYMBOLS)) {
      assert.equal(typeof native()[name as keyof Native], "function", name);
    }
    const empty = new Uint8Array(0);
    assert.equal(native().mif_snapshot(empty, 0, empty, 0), -22);
    assert.equal(native().mif_close(-1), -9);
    assert.equal(native().mif_route_lookup(empty, 0, empty, 0, 0, 0, empty, 0), -22);
    assert.equal(native().mif_unix_connect(empty, 0, 0), -22);
  });

  test("a buffer that was detached is EFAULT, not a crash", () => {
    const bytes = new Uint8Array(64);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    assert.equal(native().mif_netlink_decode(bytes, 64, new Uint8Array(64), 64), -14);
  });
});

// Bun has none to refuse.
const describeInDeno = "deno" in process.versions ? describe : () => {};

describeInDeno("permissions in Deno", () => {
  const program = join(directory, "program.ts");
  fs.writeFileSync(
    program,
    `import { load } from ${JSON.stringify(new URL("../../mod.ts", import.meta.url).href)};
try { load(JSON.parse(Deno.args[0])); console.log("open"); } catch (e) { console.log(e.code, e.message); }`,
  );
  const run = (flags: string[], options: object, env: Record<string, string> = {}) => {
    // The harmless flag keeps Deno's node:child_process from adding -A to a deno without any.
    const result = spawnSync(
      process.execPath,
      [
        "run",
        "--allow-sys=hostname",
        "--no-prompt",
        "--no-config",
        ...flags,
        program,
        JSON.stringify(options),
      ],
      { encoding: "utf8", env: { ...process.env, ...env } },
    );
    assert.equal(result.status, 0, result.stderr);
    return result.stdout.trim();
  };

  test("with an explicit path, --allow-ffi for that file is all", () => {
    const { path } = openFirst(undefined, fakeHost());
    assert.equal(run([`--allow-ffi=${path}`], { path }), "open");
    assert.match(run([], { path }), /^EACCES .*--allow-ffi=/);
  });

  test("without one, each missing permission is named", () => {
    const cache = fresh();
    // A published module is no checkout: the copy of the checkout would be found first.
    const flags = ["--allow-env", `--allow-write=${cache}`, `--allow-ffi=${cache}`];
    const local = new URL("../../zig/zig-out", import.meta.url).pathname;
    flags.push(`--deny-read=${local}`, `--allow-read=${cache}`);
    const env = { XDG_CACHE_HOME: cache };
    assert.equal(run(flags, {}, env), "open");
    const without = (name: string) => flags.filter((flag) => !flag.startsWith(`--allow-${name}`));
    assert.match(run(without("env"), {}, env), /^EACCES .*--allow-env=XDG_CACHE_HOME,HOME/);
    assert.match(run(without("read"), {}, env), /^EACCES .*--allow-read=/);
    assert.match(run(without("ffi"), {}, env), /^EACCES .*--allow-ffi=/);
    fs.rmSync(cache, { recursive: true });
    assert.match(run(without("write"), {}, env), /^EACCES .*--allow-write=/);
  });
});
