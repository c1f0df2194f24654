/**
 * Writes as JSON what the modules that are its arguments touch while they are imported.
 *
 * @module
 */

import process from "node:process";
import { importTouches } from "./import_touches.ts";

console.log(JSON.stringify(await importTouches(process.argv.slice(2))));
