/**
 * A parser that does not come back, watched. Arguments: where its input is kept.
 *
 * @module
 */

import process from "node:process";
import { Watchdog } from "./watchdog.ts";

const watchdog = new Watchdog(200, process.argv[2]);
watchdog.begin("hanging");
watchdog.trying(Uint8Array.of(1));
watchdog.trying(Uint8Array.of(1, 2, 3));
while (true);
