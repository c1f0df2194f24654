import assert from "node:assert/strict";
import { test } from "node:test";
import { UnreadableError } from "../../lib/sources/host_files.ts";
import { ParsedFile } from "../../lib/sources/parsed_file.ts";

test("a file is parsed again when its text changed, and read again after a second", async () => {
  let text = "one";
  let reads = 0;
  let parses = 0;
  const files = { read: () => (reads++, text), list: () => null };
  const file = new ParsedFile("/etc/file", (text) => (parses++, { text }));
  const first = file.read(files);
  for (let i = 0; i < 10; i++) assert.equal(file.read(files), first);
  assert.deepEqual([reads, parses], [1, 1]);
  await new Promise((resolve) => setTimeout(resolve, 1050));
  assert.equal(file.read(files), first);
  assert.deepEqual([reads, parses], [2, 1]);
  text = "two";
  await new Promise((resolve) => setTimeout(resolve, 1050));
  assert.equal(file.read(files).text, "two");
  assert.deepEqual([reads, parses], [3, 2]);
});

test("one that is not there or cannot be read is empty, and another error is not hidden", () => {
  const file = new ParsedFile("/etc/file", (text) => text);
  const failing = (error: Error) => ({
    read: () => {
      throw error;
    },
    list: () => null,
  });
  assert.equal(file.read({ read: () => null, list: () => null }), "");
  assert.equal(file.read(failing(new UnreadableError("no"))), "");
  assert.throws(() => file.read(failing(new Error("a bug"))), /a bug/);
});
