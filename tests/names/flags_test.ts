import assert from "node:assert/strict";
import { test } from "node:test";
import * as flags from "../../lib/names/flags.ts";
import { gccSkip, runC } from "../socket/c_program.ts";

test("the numbers are those of <netdb.h>", { skip: gccSkip() }, () => {
  const names = Object.keys(flags);
  const prints = names.map((name) => `printf("%d\\n", ${name});`).join("\n");
  const source = `#define _GNU_SOURCE
#include <netdb.h>
#include <stdio.h>
int main(void) {\n${prints}\n}`;
  assert.deepEqual(runC(source).trim().split("\n").map(Number), Object.values(flags));
});
