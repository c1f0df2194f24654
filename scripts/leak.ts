/**
 * `deno task leak`: sends from a host with two routers by plain sockets and by this library, captures at both routers, and
 * draws docs/leak.svg of what came. tests/kernel/leak_test.ts holds the picture against a capture of its own.
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { isInside, labAccess, runInside } from "../tests/lab/mod.ts";
import { drawLeak } from "./leak/draw.ts";
import { measureLeak } from "./leak/measure.ts";

const picture = new URL("../docs/leak.svg", import.meta.url);

const access = labAccess();
if (!access.ok) {
  console.error(`The lab cannot be built here: ${access.reason}.`);
  process.exitCode = 1;
} else if (isInside()) {
  writeFileSync(picture, drawLeak(await measureLeak()));
} else {
  process.exitCode = runInside(fileURLToPath(import.meta.url), access);
}
