// The README's table of permissions: each row holds with its flags, and without any one of them the error names it.

import assert from "node:assert/strict";
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { load } from "../../ffi/library.ts";
import { type Host, labSkip, NETWORK_1, oneLink, World } from "../lab/mod.ts";

const script = fileURLToPath(new URL("./feature_script.ts", import.meta.url));
const cli = fileURLToPath(new URL("../../cli.ts", import.meta.url));
const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");

/** What a row is tried with. */
interface Trial {
  /** Of the script, each with what is wanted of it. */
  features: string[];
  /** What comes of each without a flag, where that is no error that names the flag. */
  without?: RegExp;
  /** Whether load() is given the file. */
  cached?: boolean;
}

/** By the beginning of the row's first cell. */
const TRIALS: Record<string, Trial> = {
  "PvDs, sockets": {
    features: ["library", "list", "sockets", "connections", "solicit", "routes"],
  },
  "without `load()`": { features: ["library", "list"], cached: true },
  "DNS servers": { features: ["dns"], without: /^done \[\]$/ },
  "names of hosts": { features: ["names=www.example"] },
  "names of services": { features: ["services=domain-s"] },
  "`exec()`": { features: ["exec"] },
};

const rows = readme.split("## Permissions in Deno")[1]!.split("\n## ")[0]!
  .split("\n").filter((line) => /^\| .*--allow/.test(line))
  .map((line) => line.split(" | ").map((cell) => cell.replace(/^\| | *\|?$/g, "")))
  .map(([name, flags]) => ({ name: name!, flags: /`(--[^`]*)`/.exec(flags!)![1]!.split(" ") }));

test("each row of the table is tried, and nothing else", () => {
  const missing = rows.filter(({ name }) =>
    !Object.keys(TRIALS).some((key) => name.startsWith(key))
  );
  assert.deepEqual(missing, []);
  assert.equal(rows.length, Object.keys(TRIALS).length);
});

// Bun has no permissions.
const describeInDeno = "deno" in process.versions ? describe : () => {};

describeInDeno("permissions in Deno", () => {
  const skip = labSkip();
  const directory = mkdtempSync(join(tmpdir(), "mif-permissions-"));
  const library = join(directory, "library.so");
  let world: World;
  let host: Host;

  before(async () => {
    if (skip) return;
    world = new World();
    const link = await oneLink(world);
    host = link.host;
    await link.r1.host.dnsmasq({
      domains: ["example"],
      records: { "www.example": ["192.0.2.80", "2001:db8:80::1"] },
    });
    host.writeFile("/etc/resolv.conf", `nameserver ${NETWORK_1.routerAddress}\n`);
    copyFileSync(load(), library);
    chmodSync(library, 0o500);
    const routes = await host.run([process.execPath, "run", "-A", cli, "route", "install"]);
    assert.equal(routes.status, 0, routes.stderr);
  });
  after(async () => {
    await world?.dispose();
    rmSync(directory, { recursive: true });
  });

  let caches = 0;

  /** Runs a script with flags of the table, `<file>` and `<cache>` filled in, and a cache that is empty. */
  const deno = (flags: readonly string[], ...words: string[]) => {
    const home = join(directory, `cache-${caches++}`);
    const filled = flags.map((flag) =>
      flag.replaceAll("<file>", library).replaceAll("<cache>", join(home, "mif-sockets"))
    );
    // Deno's own cache would be below XDG_CACHE_HOME too, empty each time.
    const env = { XDG_CACHE_HOME: home, DENO_DIR: join(directory, "deno"), NO_COLOR: "1" };
    return host.run([
      ...[process.execPath, "run", "--no-prompt", "--no-config", "--deny-net", "--deny-run"],
      ...filled,
      ...words,
    ], { env });
  };

  /** What the script says of each feature. */
  const tried = async (flags: readonly string[], { features, cached }: Trial) => {
    const { stdout, stderr } = await deno(flags, script, cached ? "" : library, ...features);
    assert.equal(stderr, "");
    const lines = stdout.trim().split("\n");
    assert.equal(lines.length, features.length);
    return lines;
  };

  for (const { name, flags } of rows) {
    const trial = TRIALS[Object.keys(TRIALS).find((key) => name.startsWith(key))!]!;
    const { features, without } = trial;
    const ffi = flags.some((flag) => flag.startsWith("--allow-ffi")) ? [] : ["--allow-ffi=<file>"];
    test(`${features.join(", ")}: ${flags.join(" ")}`, { skip, timeout: 120_000 }, async () => {
      const lacking = flags.map(async (refused) => {
        const left = flags.filter((flag) => flag !== refused);
        const option = refused.split("=")[0]!;
        const expected = without ?? new RegExp(`^MifError EACCES .*${option}\\b`);
        for (const line of await tried([...ffi, ...left], trial)) assert.match(line, expected);
      });
      const [all] = await Promise.all([tried([...ffi, ...flags], trial), ...lacking]);
      for (const line of all) assert.match(line, /^done (?!\[\])/);
    });
  }

  test("mif doctor names what DNS sources lack", { skip, timeout: 60_000 }, async () => {
    const flags = ["ffi", "read", "write"].map((kind) => `--allow-${kind}=<cache>`);
    const { status, stdout, stderr } = await deno([...flags, "--allow-env"], cli, "doctor");
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, /\/etc\/resolv\.conf: .*run with --allow-read=\/etc\/resolv\.conf/);
  });

  test(
    "localhost, numeric hosts and well-known services need nothing",
    { skip, timeout: 60_000 },
    async () => {
      const flags = ["--allow-ffi=<file>"];
      const features = ["names=localhost", "names=::1", "services=https"];
      for (const line of await tried(flags, { features })) assert.match(line, /^done [1-9]/);
    },
  );
});
