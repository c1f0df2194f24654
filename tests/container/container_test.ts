// What containers take away, each imposed for real: the package works on or says what is missing, and mif doctor names it.

import assert from "node:assert/strict";
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { load } from "../../ffi/library.ts";
import { type CommandResult, type Host, labSkip, oneLink, World } from "../lab/mod.ts";
import { scriptArgv } from "../lab/enter.ts";
import { gccSkip } from "../socket/c_program.ts";
import { DOCKER_DEFAULT, NO_NETLINK, seccompLauncher } from "./seccomp_launcher.ts";

const use = fileURLToPath(new URL("./use_script.ts", import.meta.url));
const cli = fileURLToPath(new URL("../../cli.ts", import.meta.url));
const skip = labSkip() || gccSkip();
const options = { skip, timeout: 120_000 };
/** What each use gives where nothing is missing. */
const ALL = {
  library: /\.so$/,
  list: /^h0,fe80::ff:fe00:101%h0$/,
  datagram: /^7$/,
  onPvd: /^2001:db8:1::ff:fe00:a0a$/,
  waiting: /^io_uring$/,
  numeric: /^3$/,
  exec: /^0$/,
};

const directory = mkdtempSync(join(tmpdir(), "mif-container-"));
chmodSync(directory, 0o755);
let world: World;
let host: Host;

before(async () => {
  if (skip) return;
  world = new World();
  ({ host } = await oneLink(world));
  const { status, stderr } = await host.run([...scriptArgv(cli), "route", "install"]);
  assert.equal(status, 0, stderr);
});
after(async () => {
  await world?.dispose();
  rmSync(directory, { recursive: true });
});

interface Surroundings {
  /** Goes in front of the command. */
  argv?: string[];
  env?: Record<string, string | undefined>;
  unprivileged?: boolean;
}

/** Runs one of our scripts in such surroundings. */
function run(script: string, words: string[], around: Surroundings): Promise<CommandResult> {
  const { argv = [], env, unprivileged = false } = around;
  // Deno's own cache would be below XDG_CACHE_HOME too, empty each time. Without privileges it has another.
  const deno = unprivileged ? {} : { DENO_DIR: join(directory, "deno") };
  return host.run([...argv, ...scriptArgv(script), ...words], {
    env: { NO_COLOR: "1", ...deno, ...env },
    unprivileged,
  });
}

/** What each use gave; fails where one is not as it should be. */
async function assertUses(
  expected: Record<keyof typeof ALL, RegExp>,
  around: Surroundings,
  words: string[] = [],
): Promise<void> {
  const { stdout, stderr } = await run(use, words, around);
  assert.equal(stderr, "");
  const said = JSON.parse(stdout) as Record<string, unknown>;
  for (const [name, pattern] of Object.entries(expected)) {
    assert.match(String(said[name]), pattern, `${name} in ${stdout}`);
  }
}

/** What mif doctor says, as one text; its status is 1 where something is missing that nothing works without. */
async function assertDoctor(
  status: number,
  patterns: readonly RegExp[],
  around: Surroundings,
): Promise<void> {
  const [result, json] = await Promise.all(
    [["doctor"], ["doctor", "--json"]].map((words) => run(cli, words, around)),
  ) as [CommandResult, CommandResult];
  assert.deepEqual([result.status, result.stderr], [status, ""], result.stdout);
  for (const pattern of patterns) assert.match(result.stdout, pattern);
  assert.equal(json.status, status);
  const { problems } = JSON.parse(json.stdout) as { problems: string[] };
  assert.equal(problems.length > 0, status === 1, json.stdout);
}

/** What a checkout may have built, and an installed package has not. */
const build = fileURLToPath(new URL("../../zig/zig-out", import.meta.url));
const hidden = existsSync(build) ? `mount -t tmpfs none "${build}"` : ":";

/** A command in a mount namespace of its own, in which this was done before. */
const mounted = (script: string): string[] => [
  ...["unshare", "--mount", "--", "sh", "-ec", `${hidden}\n${script}\nexec "$@"`, "sh"],
];

/** The library where a program has put it. */
function libraryFile(): string {
  const file = join(directory, "libmif.so");
  copyFileSync(load(), file);
  return file;
}

test("nothing is taken away", options, async () => {
  await assertUses(ALL, {});
  const rows = [/^waiting +by io_uring$/m, /^routing +2 tables of ours$/m, /^library +\/.*\.so$/m];
  await assertDoctor(0, [...rows, /^DNS +\/etc\/resolv.conf/m], {});
});

describe("Docker's default seccomp profile", () => {
  for (const unprivileged of [false, true]) {
    test(unprivileged ? "without privileges" : "as root", options, async () => {
      using launcher = seccompLauncher(DOCKER_DEFAULT);
      chmodSync(dirname(launcher.path), 0o755);
      const around = { argv: [launcher.path], unprivileged };
      const refused = /^EPERM: .*takes CAP_SYS_ADMIN or user namespaces, and neither is allowed/;
      await assertUses({ ...ALL, waiting: /^thread$/, exec: refused }, around);
      await assertDoctor(0, [
        /^privilege .*system calls pass a seccomp filter$/m,
        /^waiting +by a thread: io_uring is refused \(EPERM\)/m,
        /^programs +no `mif exec`: pidfd_getfd\(2\) is refused \(EPERM\)$/m,
      ], around);
    });
  }
});

test(
  "no netlink route sockets: what names no PvD works, and the rest says why not",
  options,
  async () => {
    using launcher = seccompLauncher(NO_NETLINK);
    const around = { argv: [launcher.path] };
    const refused =
      /^EAFNOSUPPORT: Cannot ask the kernel: netlink route sockets must be allowed here/;
    const asking = { list: refused, onPvd: refused, numeric: refused, exec: refused };
    await assertUses({ ...ALL, ...asking }, around);
    await assertDoctor(1, [
      /^network +the kernel does not tell$/m,
      /^routers +Router Advertisements are not heard/m,
      /^problem +Cannot ask the kernel: netlink route sockets must be allowed here/m,
    ], around);
  },
);

const READ_ONLY = "mount -o remount,bind,ro /";
/** A program needs files of its own. */
const unwritable = {
  ...ALL,
  exec: /^EROFS: .*no file can be written in \S+ \(EROFS\); set TMPDIR/,
};

describe("a read-only file system", () => {
  test("the library was placed before", options, async () => {
    const cache = join(directory, "placed");
    mkdirSync(cache);
    const env = { XDG_CACHE_HOME: cache };
    assert.equal((await run(cli, ["doctor"], { argv: mounted(":"), env })).status, 0);
    await assertUses(unwritable, { argv: mounted(READ_ONLY), env });
    const temporary = { ...env, TMPDIR: "/dev/shm" };
    await assertUses(ALL, { argv: mounted(READ_ONLY), env: temporary });
  });

  test("the library is a file of the image", options, async () => {
    const env = { XDG_CACHE_HOME: join(directory, "not-there") };
    await assertUses(unwritable, { argv: mounted(READ_ONLY), env }, [libraryFile()]);
  });

  test("the library is nowhere", options, async () => {
    const around = {
      argv: mounted(READ_ONLY),
      env: { XDG_CACHE_HOME: join(directory, "not-there") },
    };
    const problem = "Cannot keep the native library in .*not-there.*EROFS.*" +
      "set XDG_CACHE_HOME .* or name a library with load";
    const refused = new RegExp(`^EROFS: ${problem}`);
    await assertUses({
      ...Object.fromEntries(Object.keys(ALL).map((name) => [name, refused])) as typeof ALL,
    }, around);
    await assertDoctor(1, [
      /^library +cannot be opened$/m,
      new RegExp(`^problem +${problem}`, "m"),
    ], around);
  });
});

describe("no home directory", () => {
  const nowhere = { HOME: undefined, XDG_CACHE_HOME: undefined, XDG_RUNTIME_DIR: undefined };
  test("no variable names one", options, async () => {
    const problem = /none of XDG_CACHE_HOME, HOME, XDG_RUNTIME_DIR names a directory; set one/;
    await assertDoctor(1, [problem], { argv: mounted(":"), env: nowhere });
  });

  test("another directory serves", options, async () => {
    const env = { ...nowhere, XDG_RUNTIME_DIR: directory };
    await assertUses(ALL, { argv: mounted(":"), env });
  });
});

test("a cache from which nothing may be executed", options, async () => {
  const around = {
    argv: mounted('mount -t tmpfs -o noexec none "$XDG_CACHE_HOME"'),
    env: { XDG_CACHE_HOME: join(directory, "noexec") },
  };
  mkdirSync(around.env.XDG_CACHE_HOME);
  await assertDoctor(1, [/^problem .*mounted noexec.*name another with load/m], around);
  await assertUses(ALL, around, [libraryFile()]);
});
