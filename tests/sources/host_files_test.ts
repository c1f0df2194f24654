import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { hostFiles, UnreadableError } from "../../lib/sources/host_files.ts";

const directory = mkdtempSync(join(tmpdir(), "mif-files-"));
after(() => rmSync(directory, { recursive: true }));
const files = hostFiles(directory);

function unreadable(path: string, message: RegExp): void {
  assert.throws(() => files.read(path), (error) => {
    assert.ok(error instanceof UnreadableError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

test("read() gives the text of a file", () => {
  writeFileSync(join(directory, "text"), "nameserver ::1 # é\0\n");
  assert.equal(files.read("/text"), "nameserver ::1 # é\0\n");
  writeFileSync(join(directory, "empty"), "");
  assert.equal(files.read("/empty"), "");
});

test("read() of what does not exist is null", () => {
  assert.equal(files.read("/nothing"), null);
  assert.equal(files.read("/no/directory/at/all"), null);
  writeFileSync(join(directory, "plain"), "");
  assert.equal(files.read("/plain/below"), null);
});

test("read() takes a file of /proc, which says that it has no bytes", () => {
  assert.match(hostFiles().read("/proc/self/status") ?? "", /^Name:/);
});

test("read() of a FIFO does not wait for a writer", () => {
  execFileSync("mkfifo", [join(directory, "fifo")]);
  unreadable("/fifo", /not a regular file/);
});

test("read() of a FIFO with a writer reads nothing", () => {
  execFileSync("mkfifo", [join(directory, "written")]);
  const writer = spawn("sh", ["-c", `exec yes > ${join(directory, "written")}`], {
    stdio: "ignore",
  });
  try {
    unreadable("/written", /not a regular file/);
  } finally {
    writer.kill("SIGKILL");
  }
});

test("read() of a directory, a device and a socket", async () => {
  mkdirSync(join(directory, "directory"));
  unreadable("/directory", /not a regular file/);
  assert.throws(() => hostFiles().read("/dev/zero"), /not a regular file/);
  const server = createServer().listen(join(directory, "socket"));
  await new Promise((resolve) => server.once("listening", resolve));
  try {
    unreadable("/socket", /ENXIO|not a regular file/);
  } finally {
    server.close();
  }
});

test("read() of ten gigabytes stops before the first byte", () => {
  writeFileSync(join(directory, "huge"), "");
  truncateSync(join(directory, "huge"), 10 * 2 ** 30);
  unreadable("/huge", /too large, more than 1048576 bytes/);
});

test("read() takes exactly as many bytes as allowed", () => {
  writeFileSync(join(directory, "ten"), "0123456789");
  assert.equal(files.read("/ten", 10), "0123456789");
  assert.throws(() => files.read("/ten", 9), /too large, more than 9 bytes/);
  // A file that does not tell its size is stopped while reading.
  assert.throws(() => hostFiles().read("/proc/self/status", 100), /too large, more than 100 bytes/);
});

test("read() of text that is not UTF-8", () => {
  writeFileSync(join(directory, "latin1"), Uint8Array.from([0x73, 0xe9, 0x0a]));
  unreadable("/latin1", /not UTF-8/);
});

test("read() of a loop of symbolic links", () => {
  execFileSync("ln", ["-s", "loop", join(directory, "loop")]);
  assert.equal(files.read("/loop"), null);
});

test("list() gives sorted names, null for what is no directory", () => {
  mkdirSync(join(directory, "links"));
  for (const name of ["3", "10", "2"]) writeFileSync(join(directory, "links", name), "");
  assert.deepEqual(files.list("/links"), ["10", "2", "3"]);
  assert.equal(files.list("/nothing"), null);
  assert.equal(files.list("/links/3"), null);
});

test("list() of more than 4096 names is refused", () => {
  mkdirSync(join(directory, "many"));
  for (let i = 0; i <= 4096; i++) writeFileSync(join(directory, "many", `${i}`), "");
  assert.throws(() => files.list("/many"), /more than 4096 names/);
});

// Bun has no permissions to refuse.
if ("deno" in process.versions) {
  test("Deno's refusal names the flag", () => {
    const module = fileURLToPath(new URL("../../lib/sources/host_files.ts", import.meta.url));
    const program = `
      import { hostFiles } from ${JSON.stringify(module)};
      for (const act of ["read", "list"]) {
        try { hostFiles()[act]("/nothing/here"); } catch (error) { console.log(error.message); }
      }`;
    writeFileSync(join(directory, "program.js"), program);
    // Deno gives a child that is Deno the parent's permissions, hence the denial.
    const run = (flag: string) =>
      execFileSync(
        process.execPath,
        ["run", "--no-prompt", flag, join(directory, "program.js")],
        { encoding: "utf8" },
      );
    assert.equal(run("--allow-read"), "");
    const sentence = "not read: the runtime refuses, run with --allow-read=/nothing/here\n";
    assert.equal(run("--deny-read=/nothing"), sentence + sentence);
  });
}
