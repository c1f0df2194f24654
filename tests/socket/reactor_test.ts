import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { AF_INET, SOCK_STREAM } from "../../lib/socket/options.ts";
import { socket } from "../../lib/socket/socket.ts";
import { seccompLauncher } from "../container/seccomp_launcher.ts";
import { scriptArgv } from "../lab/enter.ts";
import { gccSkip } from "./c_program.ts";

const script = fileURLToPath(new URL("./child_script.ts", import.meta.url));
const timeout = 150_000;

/** Runs a program of child_script.ts to its end, behind other words where they are given. */
function run(words: string[], before: string[] = []): { status: number | null; stdout: string } {
  const [command, ...args] = [...before, ...scriptArgv(script), ...words];
  const { status, stdout, stderr } = spawnSync(command!, args, {
    encoding: "utf8",
    timeout: 140_000,
  });
  assert.equal(stderr, "");
  return { status, stdout };
}

test("a process with nothing pending ends", { timeout }, () => {
  for (const what of ["nothing", "unref"]) assert.equal(run([what]).status, 0, what);
});

test("a process with a pending receive stays", { timeout }, async () => {
  for (const what of ["pending", "ref"]) {
    const [command, ...args] = [...scriptArgv(script), what];
    const child = spawn(command!, args, { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    await sleep(300);
    assert.equal(child.exitCode, null, what);
    child.kill("SIGKILL");
    await once(child, "exit");
  }
});

test("what waits is not collected as garbage", { timeout }, () => {
  const [runtime, ...words] = scriptArgv(script);
  // Deno, unlike Bun, lets programs collect by this flag only.
  const flags = "deno" in process.versions ? [words.shift()!, "--v8-flags=--expose-gc"] : [];
  const { stdout, stderr } = spawnSync(runtime!, [...flags, ...words, "collect"], {
    encoding: "utf8",
    timeout: 140_000,
  });
  assert.deepEqual([stdout, stderr], ["collected, 200 and 7\n", ""]);
});

describe("each way of waiting", { timeout }, () => {
  for (const strategy of ["io_uring", "thread"]) {
    test(`${strategy} wakes, and costs nothing while nothing comes`, { timeout }, () => {
      assert.equal(run(["forced", strategy]).stdout, `strategy ${strategy}\n`);
      const [, milliseconds] = run(["idle", strategy]).stdout.match(/^cpu (\S+) ms/)!;
      // A busy loop takes 2000; the runtimes' own timers and collectors take a few.
      assert.ok(Number(milliseconds) < 200, `${milliseconds} ms of 2000`);
    });
  }
});

test("where io_uring is refused the thread takes over", { skip: gccSkip(), timeout }, () => {
  for (const errno of ["EPERM", "ENOSYS"]) {
    using launcher = seccompLauncher([{ call: "io_uring_setup", errno }]);
    assert.equal(run(["strategy"], [launcher.path]).stdout, "strategy thread\n", errno);
    assert.equal(run(["forced", "io_uring"], [launcher.path]).stdout, `error ${errno}\n`);
  }
  assert.equal(run(["strategy"]).stdout, "strategy io_uring\n");
});

describe(
  "workers ended while they wait leave no descriptor, and room for others",
  { timeout },
  () => {
    for (const strategy of ["io_uring", "thread"]) {
      test(strategy, { timeout }, () => {
        const { status, stdout } = run(["workers", strategy]);
        assert.deepEqual([status, stdout], [0, "left 0, worker 19900\n"]);
      });
    }
  },
);

/** Receives a datagram, listens on a port, tells what is open, and waits. `number` is another one each time. */
const startedAgain = (number: number, port: number) => {
  const url = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  return `import { readdirSync, readlinkSync } from "node:fs";
import { socket } from ${url("../../lib/socket/socket.ts")};
import { serve } from ${url("../../lib/connection/serve.ts")};
import { openDescriptors } from ${url("./descriptors.ts")};
const s = socket(2, 2);
s.bind({ address: "127.0.0.1" });
const received = s.recv();
await s.sendmsg({ data: new Uint8Array([${number}]), to: s.getsockname() });
const got = (await received)[0];
const listening = socket(2, 1);
let outcome = "listening";
try {
  listening.bind({ address: "127.0.0.1", port: ${port} });
  listening.listen();
} catch ({ code }) {
  outcome = code;
}
await serve(() => new Response(), { hostname: "127.0.0.1", port: 0 });
const rings = readdirSync("/proc/self/fd").filter((fd) => {
  try {
    return readlinkSync("/proc/self/fd/" + fd).includes("io_uring");
  } catch {
    return false;
  }
});
console.log("got", got, outcome, "rings", rings.length, "open", openDescriptors());
s.recv();
`;
};

test("a program that is started again while it waits", { timeout }, async () => {
  const isDeno = "deno" in process.versions;
  const again = isDeno ? ["run", "-A", "--watch"] : ["--hot"];
  const directory = mkdtempSync(join(tmpdir(), "mif-watch-"));
  const entry = join(directory, "entry.ts");
  using free = socket(AF_INET, SOCK_STREAM);
  free.bind({ address: "127.0.0.1" });
  const { port } = free.getsockname();
  free.close();
  writeFileSync(entry, startedAgain(1, port));
  const child = spawn(process.execPath, [...again, "--no-clear-screen", entry], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  let output = "";
  child.stdout.on("data", (chunk) => output += chunk);
  child.stderr.on("data", (chunk) => output += chunk);
  const told: RegExpMatchArray[] = [];
  try {
    for (let number = 1; number <= 6; number++) {
      const pattern = new RegExp(`got ${number} (\\w+) rings (\\d+) open (\\d+)\n`);
      const endMs = performance.now() + 10_000;
      while (!pattern.test(output)) {
        assert.ok(performance.now() < endMs && child.exitCode === null, output);
        await sleep(20);
      }
      told.push(output.match(pattern)!);
      await sleep(100);
      if (number < 6) writeFileSync(entry, startedAgain(number + 1, port));
    }
  } finally {
    child.kill("SIGKILL");
    await exited;
    rmSync(directory, { recursive: true });
  }
  assert.deepEqual(told.map(([, , rings]) => rings), told.map(() => "1"), output);
  // Bun goes on with all that the program before had open, the runtime's own sockets included.
  if (!isDeno) return;
  assert.deepEqual(told.map(([, outcome]) => outcome), told.map(() => "listening"), output);
  // The first start is before Deno has opened what it needs to start again, and now and then it has one more open. But
  // not one more at each start.
  const open = told.map((each) => Number(each[3]));
  assert.ok(Math.min(...open.slice(4)) <= Math.min(...open.slice(1, 3)), output);
});
