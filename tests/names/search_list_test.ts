import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHostName } from "../../lib/names/host_name.ts";
import { searchNames } from "../../lib/names/search_list.ts";

const domains = ["one.example", "example"];
const names = (name: string, ndots = 1, singleLabel = false) =>
  searchNames(parseHostName(name)!, { domains, ndots, singleLabel });

test("a name with enough dots is asked as it is first", () => {
  assert.deepEqual(names("a.b"), ["a.b", "a.b.one.example", "a.b.example"]);
  assert.deepEqual(names("a.b.c", 2), ["a.b.c", "a.b.c.one.example", "a.b.c.example"]);
});

test("a name with fewer dots is asked as it is last", () => {
  assert.deepEqual(names("a.b", 2), ["a.b.one.example", "a.b.example", "a.b"]);
  assert.deepEqual(names("a", 1, true), ["a.one.example", "a.example", "a"]);
  assert.deepEqual(names("a", 0, true), ["a", "a.one.example", "a.example"]);
});

test("a single label is not asked as it is, but where that is wanted", () => {
  assert.deepEqual(names("a"), ["a.one.example", "a.example"]);
  assert.deepEqual(names("a", 0), ["a.one.example", "a.example"]);
  assert.deepEqual(names("a."), ["a"]);
});

test("a name with a dot at its end is not completed", () => {
  assert.deepEqual(names("a.b."), ["a.b"]);
  assert.deepEqual(names("a.b.", 5), ["a.b"]);
});

test("a completed name that is too long is left out", () => {
  const long = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(50)}`;
  assert.equal(long.length, 242);
  assert.deepEqual(names(long), [long, `${long}.example`]);
});
