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
import { scriptArgv } from "../lab/enter.ts";
import { gccSkip } from "./c_program.ts";

const script = fileURLToPath(new URL("./child_script.ts", import.meta.url));
const timeout = 60_000;

/** Runs a program of child_script.ts to its end, behind other words where they are given. */
function run(words: string[], before: string[] = []): { status: number | null; stdout: string } {
  const [command, ...args] = [...before, ...scriptArgv(script), ...words];
  const { status, stdout, stderr } = spawnSync(command!, args, {
    encoding: "utf8",
    timeout: 50_000,
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

/** Refuses io_uring_setup(2) with an errno as a container's filter does, then runs a command. */
const refusing = String.raw`
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int argc, char **argv) {
  (void)argc;
  struct sock_filter filter[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)atoi(argv[1])),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 125;
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) return 126;
  execvp(argv[2], argv + 2);
  return 127;
}
`;

test("where io_uring is refused the thread takes over", { skip: gccSkip(), timeout }, () => {
  const directory = mkdtempSync(join(tmpdir(), "mif-seccomp-"));
  try {
    const launcher = join(directory, "refusing");
    const gcc = spawnSync("gcc", ["-Wall", "-Werror", "-x", "c", "-", "-o", launcher], {
      input: refusing,
      encoding: "utf8",
    });
    assert.equal(gcc.stderr, "");
    for (const [errno, name] of [["1", "EPERM"], ["38", "ENOSYS"]] as const) {
      assert.equal(run(["strategy"], [launcher, errno]).stdout, "strategy thread\n", name);
      assert.equal(run(["forced", "io_uring"], [launcher, errno]).stdout, `error ${name}\n`);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
  assert.equal(run(["strategy"]).stdout, "strategy io_uring\n");
});

test("300 workers ended while they wait leave room for others", { timeout: 120_000 }, () => {
  const { status, stdout } = run(["workers", "300"]);
  assert.deepEqual([status, stdout], [0, "worker 19900\n"]);
});

test("a program that is started again while it waits", { timeout }, async () => {
  const again = "deno" in process.versions
    ? ["run", "-A", "--watch", "--no-clear-screen"]
    : ["--hot", "--no-clear-screen"];
  const directory = mkdtempSync(join(tmpdir(), "mif-watch-"));
  const entry = join(directory, "entry.ts");
  const program = (number: number) =>
    `import { socket } from ${
      JSON.stringify(new URL("../../lib/socket/socket.ts", import.meta.url).href)
    };
const s = socket(2, 2);
s.bind({ address: "127.0.0.1" });
const received = s.recv();
await s.sendmsg({ data: new Uint8Array([${number}]), to: s.getsockname() });
console.log("got", (await received)[0]);
s.recv();
`;
  writeFileSync(entry, program(1));
  const child = spawn(process.execPath, [...again, entry], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (chunk) => output += chunk);
  child.stderr.on("data", (chunk) => output += chunk);
  try {
    for (let number = 1; number <= 4; number++) {
      const endMs = performance.now() + 10_000;
      while (!output.includes(`got ${number}`)) {
        assert.ok(performance.now() < endMs && child.exitCode === null, output);
        await sleep(20);
      }
      await sleep(100);
      if (number < 4) writeFileSync(entry, program(number + 1));
    }
  } finally {
    child.kill("SIGKILL");
    await once(child, "exit");
    rmSync(directory, { recursive: true });
  }
});
