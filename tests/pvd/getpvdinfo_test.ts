// getpvdinfo(): what it refuses, before and without any network.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { freepvdinfo, getpvdinfo, MifError } from "../../mod.ts";

/** Rejects with this code, and with a sentence that says what was wrong. */
async function refuses(
  code: string,
  nodename: string | null,
  servname: string | null,
): Promise<void> {
  await assert.rejects(getpvdinfo(nodename, servname), (error: unknown) => {
    assert.ok(error instanceof MifError, String(error));
    assert.equal(error.code, code, `${nodename} ${servname}: ${error.message}`);
    assert.equal(error.syscall, "getpvdinfo");
    assert.equal(error.errno, 0);
    assert.match(error.message, /^Cannot /);
    return true;
  });
}

test("neither node nor service is EAI_NONAME", async () => {
  await refuses("EAI_NONAME", null, null);
});

test("an unknown service is EAI_SERVICE, whatever the node", async () => {
  for (
    const servname of ["no-such-service", "", " 80", "80 ", "0x50", "-1", "1e2", "65536", "\0"]
  ) {
    await refuses("EAI_SERVICE", null, servname);
    await refuses("EAI_SERVICE", "localhost", servname);
  }
  await refuses("EAI_SERVICE", null, "9".repeat(10_000));
});

test("what looks like an address and is none is EAI_NONAME, and is never asked of a resolver", async () => {
  const nodenames = [
    "256.0.0.1",
    "1.2.3",
    "127.1",
    "010.0.0.1",
    "1.2.3.4.5",
    "0x7f000001",
    "2130706433",
    "1.2.3.4/24",
    "2001:db8::g",
    "2001:db8:::1",
    "2001:db8::1::2",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "::ffff:1.2.3",
    "::1%",
    ":",
    "[::1]",
  ];
  for (const nodename of nodenames) await refuses("EAI_NONAME", nodename, "80");
});

test("what can be no host name is EAI_NONAME", async () => {
  const nodenames = ["", "a b", "a\0b", "a\nb", "a/b", "h%eth0", "a".repeat(254)];
  for (const nodename of nodenames) await refuses("EAI_NONAME", nodename, null);
});

test("a wrong type is a TypeError that names the argument", async () => {
  for (const wrong of [undefined, 80, {}, [], true, 1n, Symbol("x"), () => {}]) {
    const value = wrong as unknown as string;
    await assert.rejects(getpvdinfo(value, null), { name: "TypeError", message: /nodename/ });
    await assert.rejects(getpvdinfo(null, value), { name: "TypeError", message: /servname/ });
  }
});

test("an aborted signal ends the call with its reason", async () => {
  const reason = new Error("enough");
  await assert.rejects(
    getpvdinfo("localhost", "80", { signal: AbortSignal.abort(reason) }),
    (error) => error === reason,
  );
});

test("freepvdinfo() takes what getpvdinfo() gives, and nothing", () => {
  freepvdinfo([]);
  freepvdinfo(null);
});

test("an import, a refusal and freepvdinfo() do not open the native library", () => {
  const module = new URL("../../mod.ts", import.meta.url);
  const script = `
    import { readFileSync } from "node:fs";
    const { freepvdinfo, getpvdinfo, listPvds } = await import("${module}");
    freepvdinfo(null);
    await getpvdinfo(null, null).catch(() => {});
    await getpvdinfo(80, null).catch(() => {});
    await getpvdinfo("1.2.3", "80").catch(() => {});
    await getpvdinfo(null, "no-such-service").catch(() => {});
    const maps = () => readFileSync("/proc/self/maps", "utf8").includes("libmif");
    const before = maps();
    listPvds();
    console.log(before, maps());
  `;
  const argv = "deno" in process.versions ? ["eval", script] : ["-e", script];
  const { stdout, stderr } = spawnSync(process.execPath, argv, {
    encoding: "utf8",
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    env: { ...process.env, NO_COLOR: "1" },
  });
  assert.equal(stdout, "false true\n", stderr);
});
