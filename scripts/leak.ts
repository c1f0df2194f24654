/**
 * `deno task leak`: sends from a host with two routers by plain sockets and by this library, captures at both routers, and
 * draws docs/leak.svg of what came. tests/kernel/leak_test.ts holds the picture against a capture of its own.
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import { inLab } from "./in_lab.ts";
import { drawLeak } from "./leak/draw.ts";
import { measureLeak } from "./leak/measure.ts";

const picture = new URL("../docs/leak.svg", import.meta.url);

await inLab(import.meta.url, async () => writeFileSync(picture, drawLeak(await measureLeak())));
