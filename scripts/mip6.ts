/**
 * `deno task mip6 [tests]`: the tests of Mobile IPv6 on a kernel that has it, in both runtimes.
 *
 * Boots Debian's kernel for user mode (package user-mode-linux, with modules by kmod) on this machine's files, which
 * needs no privilege and no virtual machine, and runs the tests in there as its root. The gate does it too. Ends with
 * 0, with 1 where a test failed, and with 77 where no such kernel can be booted here.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { bun, developmentPackages, ROOT } from "./toolchain.ts";

const TESTS = [
  "tests/mobility/kernel_test.ts",
  "tests/mobility/exchanged_test.ts",
  "tests/mobility/mobility_socket_test.ts",
];
/** What automake takes for "skipped". */
const SKIPPED = 77;
const KERNEL = "linux.uml";
const MODULES = ["ipv6", "mip6", "tun", "veth", "xfrm_user", "af_packet", "ip6_tunnel"];
const TIMEOUT_MS = 900_000;

/** The first process: mounts what programs need, runs the tests, says how they ended, and turns the machine off. */
function initScript(tests: readonly string[]): string {
  const paths = tests.map((path) => `'${path}'`).join(" ");
  // What stands below /tmp is mounted once more, over the empty one.
  const hidden = [ROOT, dirname(process.execPath)].filter((path) => path.startsWith("/tmp/"))
    .map((path) => `mkdir -p '${path}' && mount -r -t hostfs -o '${path}' none '${path}'\n`);
  return `#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp NO_COLOR=1 DENO_NO_UPDATE_CHECK=1
mount -t proc proc /proc && mount -t sysfs sys /sys && mount -t tmpfs tmp /tmp && mount -t tmpfs run /run
${
    hidden.join("")
  }mkdir -p /tmp/lib/modules && ln -s /usr/lib/uml/modules/$(uname -r) /tmp/lib/modules/
modprobe -d /tmp -a ${MODULES.join(" ")} && echo "mip6: begun"
ip link set lo up
cd '${ROOT}'
status=0
export DENO='${process.execPath}' BUN='${bun()}' DENO_DIR=/tmp/deno
"$DENO" test -A --no-check --no-prompt ${paths} || status=1
"$BUN" test --timeout=120000 ${paths} || status=1
echo "mip6: ended with $status"
echo o > /proc/sysrq-trigger
sleep 60
`;
}

/** Boots, and returns the exit status of the tests, or a text that says why no kernel runs here. */
async function boot(init: string): Promise<number | string> {
  const child = spawn(KERNEL, [
    "mem=1024M",
    "rootfstype=hostfs",
    "rootflags=/",
    "ro",
    `init=${init}`,
    "con0=fd:0,fd:1",
    "con=null",
    "quiet",
  ], { stdio: ["ignore", "pipe", "inherit"], detached: true });
  let output = "";
  child.stdout.on("data", (chunk: Uint8Array) => {
    const text = new TextDecoder().decode(chunk);
    output += text;
    process.stdout.write(text);
  });
  const timer = setTimeout(() => process.kill(-child.pid!, "SIGKILL"), TIMEOUT_MS);
  const failure = await new Promise<string | null>((resolve) => {
    child.on("error", ({ message }) => resolve(message));
    child.on("close", () => resolve(null));
  });
  clearTimeout(timer);
  if (failure !== null) return `${failure}; Debian has it in user-mode-linux`;
  if (!output.includes("mip6: begun")) return "it does not boot";
  const status = /mip6: ended with (\d+)/.exec(output)?.[1];
  if (status === undefined) console.error("The kernel stopped before the tests ended");
  return Number(status ?? 1);
}

async function main(): Promise<void> {
  developmentPackages();
  const tests = process.argv.slice(2);
  const directory = mkdtempSync(join(tmpdir(), "mif-mip6-"));
  try {
    const init = join(directory, "init");
    writeFileSync(init, initScript(tests.length > 0 ? tests : TESTS));
    chmodSync(init, 0o755);
    const ended = await boot(init);
    if (typeof ended === "string") console.error(`Skipped: no kernel with Mobile IPv6: ${ended}`);
    process.exitCode = typeof ended === "string" ? SKIPPED : ended;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

await main();
