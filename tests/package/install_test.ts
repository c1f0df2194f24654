// What is published, installed into empty projects and used there: from JSR in Deno, from npm in Bun, Deno and Node.
// The registries are ours, on loopback; where the program runs nothing can be fetched.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { exportedModules, packForNpm, publishedFiles } from "../../scripts/pack.ts";
import { deno, ROOT } from "../../scripts/toolchain.ts";
import { commandOutput, runCommand } from "../lab/command.ts";
import { type Host, labSkip, NETWORK_1, oneLink, SERVICE_IPV6, World } from "../lab/mod.ts";
import { nativeCalls, outcome, pureCalls } from "./calls.ts";
import { importTouches } from "./import_touches.ts";
import { LoopbackRegistry } from "./loopback_registry.ts";

const skip = labSkip();
const options = { skip, timeout: 180_000 };
const readJson = (name: string) => JSON.parse(readFileSync(join(ROOT, name), "utf8"));
const { name, version } = readJson("deno.json") as { name: string; version: string };

/** One real call: a datagram by the router, from the PvD's source. */
const program = `import { AF_INET6, listPvds, load, setsockopt, SOCK_DGRAM, socket } from "${name}";
const pvd = listPvds().find(({ router }) => router !== null)!;
using s = socket(AF_INET6, SOCK_DGRAM);
setsockopt(s, pvd);
await s.sendmsg({ data: new Uint8Array(8), to: { address: "${SERVICE_IPV6}", port: 9 } });
// @ts-expect-error: it is a number
const handle: string = pvd.handle;
console.log(JSON.stringify({ handle, id: pvd.id, source: s.getsockname().address, library: load() }));
`;

const directory = mkdtempSync(join(tmpdir(), "mif-install-"));
let registry: LoopbackRegistry;
let world: World;
let host: Host;

before(async () => {
  if (skip) return;
  registry = await LoopbackRegistry.start();
  world = new World();
  ({ host } = await oneLink(world));
});
after(async () => {
  await world?.dispose();
  await registry?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

/** An empty project, with caches and a home of its own. */
class Project {
  readonly path: string;
  readonly env: Record<string, string | undefined>;

  constructor(projectName: string) {
    this.path = join(directory, projectName);
    mkdirSync(this.path);
    writeFileSync(join(this.path, "main.ts"), program);
    this.env = {
      ...registry.env,
      HOME: this.path,
      XDG_CACHE_HOME: undefined,
      DENO_DIR: join(this.path, "deno"),
      BUN_INSTALL_CACHE_DIR: join(this.path, "bun"),
      NO_COLOR: "1",
    };
  }

  /** Runs a command in the project, where the registry is; returns what it wrote. */
  async install(...argv: string[]): Promise<string> {
    const { status, stdout, stderr } = await runCommand(this.#inside(argv), {
      env: this.env,
      timeoutMs: 120_000,
    });
    assert.equal(status, 0, stdout + stderr);
    return stdout;
  }

  /** Runs a command in the project on the host, where no registry is; returns what it wrote. */
  async run(...argv: string[]): Promise<string> {
    const { status, stdout, stderr } = await host.run(this.#inside(argv), { env: this.env });
    assert.deepEqual([status, stderr], [0, ""], stdout);
    return stdout;
  }

  /** Runs the program there: the call is made, with the library out of the package. */
  async assertWorks(...argv: string[]): Promise<void> {
    const { id, source, library } = JSON.parse(await this.run(...argv, "main.ts"));
    assert.equal(id, `${NETWORK_1.routerLinkLocal}%h0`);
    assert.equal(source, NETWORK_1.hostAddress);
    assert.equal(dirname(library), join(this.path, ".cache", "mif-sockets"));
  }

  /** The command is there too. */
  async assertCommand(...argv: string[]): Promise<void> {
    const pvds = JSON.parse(await this.run(...argv, "list", "--json")) as { id: string }[];
    assert.equal(pvds.length, 2);
  }

  #inside(argv: string[]): string[] {
    return ["sh", "-c", 'cd "$0" && exec "$@"', this.path, ...argv];
  }
}

test("both manifests name one package", () => {
  const npm = readJson("package.json");
  assert.deepEqual([npm.name, npm.version, npm.license], [
    name,
    version,
    readJson("deno.json").license,
  ]);
  assert.deepEqual(npm.exports, exportedModules());
  assert.equal(npm.private, true, "the root is not what npm gets");
  assert.deepEqual(npm.dependencies ?? {}, {});
});

// Each runner tries what its users install; the npm package is then made once.
const describeIn = (runtime: "deno" | "bun", name: string, suite: () => void) => {
  if ("deno" in process.versions === (runtime === "deno")) describe(name, suite);
};

describeIn("deno", "from JSR in Deno", () => {
  let project: Project;
  before(async () => {
    if (skip) return;
    registry.publishToJsr({ name, version }, ROOT, publishedFiles(), exportedModules());
    project = new Project("jsr");
    await project.install(deno(), "add", `jsr:${name}`);
  });

  test("types are sound", options, async () => {
    await project.install(deno(), "check", "main.ts");
  });

  test("a program works, offline", options, async () => {
    await project.assertWorks(deno(), "run", "-A", "--no-prompt", "--cached-only");
  });

  test("the command works", options, async () => {
    await project.assertCommand(deno(), "run", "-A", "--cached-only", `${name}/cli`);
  });
});

describeIn("bun", "from npm", () => {
  const packed = join(directory, "npm");
  before(() => {
    if (skip) return;
    packForNpm(packed);
    registry.publishToNpm(packed, join(directory, "npm.tgz"));
  });

  test("in Bun", options, async () => {
    const project = new Project("npm-bun");
    await project.install(process.execPath, "add", name);
    await project.assertWorks(process.execPath);
    const command = join(project.path, "node_modules", ".bin", "mif");
    await project.assertCommand("env", `PATH=${dirname(process.execPath)}:/usr/bin:/bin`, command);
    await assertTypes(project);
  });

  test("in Deno", options, async () => {
    const project = new Project("npm-deno");
    await project.install(deno(), "add", `npm:${name}`);
    await project.assertWorks(deno(), "run", "-A", "--no-prompt", "--cached-only");
    await project.assertCommand(deno(), "run", "-A", "--cached-only", `npm:${name}/mif`);
  });

  test("in Node it can be imported, what needs no network works, and the rest says why not", {
    ...options,
    skip: skip || nodeSkip(),
  }, async () => {
    const project = new Project("npm-node");
    mkdirSync(join(project.path, "node_modules", "@mif"), { recursive: true });
    commandOutput(["cp", "-r", packed, join(project.path, "node_modules", name)]);
    const modules = Object.keys(exportedModules()).filter((entry) => entry !== "./cli");
    writeFileSync(
      join(project.path, "main.mjs"),
      inNode(modules.map((entry) => join(name, entry))),
    );
    const { touched, pure, said } = JSON.parse(await project.run("node", "main.mjs"));
    assert.deepEqual(touched, []);
    assert.ok(pure);
    assert.equal(said.length, 1, said);
    assert.match(said[0], /^MifError ENOSYS Cannot open .* run under Deno or Bun$/);
  });
});

test("nothing else was asked of the registries", options, () => {
  assert.deepEqual(registry.missed, []);
});

/** The declarations say what there is: a wrong use of it is seen. */
async function assertTypes(project: Project): Promise<void> {
  const compiler = join(ROOT, "node_modules", "typescript", "lib", "tsc.js");
  await project.install(process.execPath, compiler, "main.ts", ...[
    ...["--noEmit", "--strict", "--ignoreConfig", "--skipLibCheck"],
    ...["--target", "esnext", "--module", "preserve", "--types", "bun-types"],
    ...["--typeRoots", join(ROOT, "node_modules")],
  ]);
}

function nodeSkip(): string | false {
  try {
    const [, major] = /^v(\d+)/.exec(commandOutput(["node", "--version"]))!;
    if (Number(major) >= 20) return false;
  } catch {
    // There is none.
  }
  const reason = "no Node of 20 or more in PATH";
  console.log(`Skipped: ${reason}`);
  return reason;
}

/** A program for Node. */
function inNode(modules: readonly string[]): string {
  return `const touched = await (${importTouches})(${JSON.stringify(modules)});
const mif = await import("${name}");
const outcome = await (${outcome})((${pureCalls})(mif), (${nativeCalls})(mif));
console.log(JSON.stringify({ touched, ...outcome }));
`;
}
